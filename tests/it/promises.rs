//! docs/promises.md names the tests that keep a promise: they are there.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_test_that_a_promise_rests_on_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let promises = fs::read_to_string(root.join("docs/promises.md")).unwrap();
    let mut files = Vec::new();
    for folder in ["src", "tests/it"] {
        sources(&root.join(folder), &mut files);
    }
    let code: Vec<(String, String)> = files
        .iter()
        .map(|file| (file.display().to_string(), fs::read_to_string(file).unwrap()))
        .collect();
    let named: Vec<&str> =
        promises.split('`').skip(1).step_by(2).filter(|it| it.contains("::")).collect();
    assert!(named.len() > 40, "{}", named.len());
    for name in named {
        let (module, test) = name.rsplit_once("::").unwrap();
        let is_there = code.iter().any(|(file, text)| {
            let is_file = file.contains(&format!("/{}", module.replace("::", "/")));
            is_file && text.contains(&format!("fn {test}("))
        });
        assert!(is_there, "docs/promises.md names {name}, which is not there");
    }
}
