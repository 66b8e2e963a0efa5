//! Shows what the classifier reads in the mails of a part of the corpus that it gets wrong.
//!
//! `cargo run --example why -- train [PART OF A PATH]`. Never for the part that is kept aside.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::path::Path;

use anyhow::{Context, Result, ensure};
use goen::classify::score::Label;
use goen::classify::{Rules, classify, learn};
use goen::mail::Mail;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().context("which part of the corpus?")?;
    ensure!(part != "kept", "the part kept aside is only scored, never read");
    let wanted = arguments.next();
    let rules = Rules::built_in()?;
    let folder = Path::new("tests/corpus").join(&part);
    for line in std::fs::read_to_string(folder.join("labels.jsonl"))?.lines() {
        let label: Label = serde_json::from_str(line)?;
        let mail = Mail::read(&std::fs::read(folder.join(&label.path))?)?;
        let verdict = classify(&mail, &[], &rules);
        let asked = wanted.as_ref().is_some_and(|wanted| label.path.contains(wanted.as_str()));
        if asked || (wanted.is_none() && verdict.outcome != label.outcome) {
            println!(
                "{}: is {}, was read as {} ({:.2})",
                label.path,
                label.outcome.name(),
                verdict.outcome.name(),
                verdict.confidence
            );
            for line in learn::reading(&mail, &rules) {
                println!("    {line}");
            }
        }
    }
    Ok(())
}
