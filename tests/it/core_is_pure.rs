//! The core decides and does nothing else (ARCHITECTURE.md, "Invariants").

use std::path::{Path, PathBuf};

/// The pure modules: a file, and everything in the folder of its name.
const CORE: &[&str] = &[
    "mail",
    "classify",
    "application",
    "deadline",
    "silence",
    "reminder",
    "memo",
    "ics",
    "guide",
    "reply",
    "outbox/state",
    "outbox/when",
    "imap/cursor",
    "tell/when",
    "tell/pace",
    "plain",
    "hours",
];

/// What a pure module has no use for.
const FOREIGN: &[&str] = &[
    "async ",
    ".await",
    "tokio",
    "rusqlite",
    "zbus",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Clock",
    "tracing",
    "println!",
    "crate::store",
    "crate::config",
];

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The source without comments and without its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn core_is_pure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for module in CORE {
        files.push(root.join(format!("{module}.rs")));
        sources(&root.join(module), &mut files);
    }
    files.retain(|file| file.file_name().is_none_or(|name| name != "tests.rs"));
    assert!(files.len() >= CORE.len(), "{files:?}");
    let mut found = Vec::new();
    for file in &files {
        let code = code(file);
        for word in FOREIGN.iter().filter(|word| code.contains(**word)) {
            found.push(format!("{} uses {word}", file.display()));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn all_sql_is_in_the_store() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let outside: Vec<_> = files
        .iter()
        .filter(|file| !file.starts_with(root.join("store")) && !file.ends_with("store.rs"))
        .filter(|file| ["rusqlite", "INSERT INTO"].iter().any(|word| code(file).contains(word)))
        .collect();
    assert_eq!(outside, Vec::<&PathBuf>::new());
}
