//! What packages install beside the program is made from the program, and up to date.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[path = "../../examples/pages.rs"]
mod made;

fn page(name: &str) -> String {
    let pages = made::pages().unwrap();
    pages.into_iter().find(|(path, _)| path == Path::new(name)).unwrap().1
}

#[test]
fn manual_pages_and_completions_are_up_to_date() {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    for (name, text) in made::pages().unwrap() {
        let kept = std::fs::read_to_string(packaging.join(&name)).unwrap_or_default();
        assert!(kept == text, "packaging/{} is old: cargo run --example pages", name.display());
    }
}

/// Every command, and every option, of the command line as it is.
fn words(command: &clap::Command, above: &str, into: &mut BTreeSet<String>) {
    let path = format!("{above}{}", command.get_name());
    if command.has_subcommands() {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            words(inner, &format!("{path} "), into);
        }
    } else {
        into.insert(path);
    }
    let options = command.get_arguments().filter_map(clap::Arg::get_long);
    into.extend(options.map(|option| format!("--{option}")));
}

#[test]
fn goen_1_names_every_command_and_option_in_both_languages() {
    let mut wanted = BTreeSet::new();
    words(&goen::cli::command(goen::lang::Lang::En), "", &mut wanted);
    assert!(wanted.contains("goen service install") && wanted.contains("--session"), "{wanted:?}");
    for name in ["man/goen.1", "man/ja/goen.1"] {
        let page = page(name).replace("\\-", "-");
        for word in &wanted {
            assert!(page.contains(word.as_str()), "{name} does not name {word}");
        }
    }
    let japanese = page("man/ja/goen.1");
    for english in ["Possible values", "[default", "Print "] {
        assert!(!japanese.contains(english), "the Japanese page says {english:?}");
    }
}

#[test]
fn goen_toml_5_names_every_key_in_both_languages() {
    fn keys(table: &toml::Table, into: &mut BTreeSet<String>) {
        for (key, value) in table {
            match value {
                toml::Value::Table(inner) => keys(inner, into),
                toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                    items.iter().filter_map(toml::Value::as_table).for_each(|t| keys(t, into));
                }
                _ => {
                    into.insert(key.clone());
                }
            }
        }
    }
    let mut wanted = BTreeSet::new();
    keys(&toml::from_str(include_str!("../../config/default.toml")).unwrap(), &mut wanted);
    keys(&toml::from_str(include_str!("../../config/goen.example.toml")).unwrap(), &mut wanted);
    for name in ["man/goen.toml.5", "man/ja/goen.toml.5"] {
        let page = page(name);
        for key in &wanted {
            assert!(page.contains(&format!("\\fB{key}\\fR = ")), "{name} does not name {key}");
        }
    }
}

#[test]
fn the_pages_can_be_shown() {
    for (name, _) in made::pages().unwrap().iter().filter(|(name, _)| name.starts_with("man")) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
        let output = Command::new("mandoc")
            .args(["-T", "lint", "-W", "error"])
            .arg(&path)
            .output()
            .expect("mandoc is there (apt install mandoc)");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{}: {said}", name.display());
    }
}
