//! Re-fits the weights of the classifier on `tests/corpus/train` and writes `config/rules/weights.toml`.
//!
//! `cargo run --release --example fit`, then `cargo test --test it corpus` shows the new scores.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use goen::classify::{Outcome, Rules, learn};
use goen::lang::Lang;
use goen::mail::Mail;

/// Corrections smaller than this change nothing and are not kept.
const LEAST: f32 = 0.05;

fn main() -> Result<()> {
    let rules = Rules::built_in()?;
    let mut examples = load(Path::new("tests/corpus/train"), &rules)?;
    examples.extend(sentences(&rules)?);
    let references: Vec<&learn::Example> = examples.iter().collect();
    let mut file = String::from(
        "# Learned from tests/corpus/train by `cargo run --release --example fit`: corrections, in hundredths, to the strengths in ja.toml and en.toml.\n",
    );
    for lang in [Lang::Ja, Lang::En] {
        let corrections = learn::fit(&references, lang, &rules, learn::Settings::default());
        for (name, points) in learn::feature_names(lang, &rules).iter().zip(&corrections) {
            let kept: Vec<String> = Outcome::ALL
                .iter()
                .zip(points)
                .filter(|(_, value)| value.abs() >= LEAST)
                .map(|(outcome, value)| format!("{} = {:.0}", outcome.name(), value * 100.0))
                .collect();
            if !kept.is_empty() {
                writeln!(file, "\"{name}\" = {{ {} }}", kept.join(", "))?;
            }
        }
    }
    std::fs::write("config/rules/weights.toml", file)
        .context("writing config/rules/weights.toml")?;
    Ok(())
}

fn load(folder: &Path, rules: &Rules) -> Result<Vec<learn::Example>> {
    let labels = std::fs::read_to_string(folder.join("labels.jsonl"))?;
    let mut examples = Vec::new();
    for line in labels.lines() {
        let label: BTreeMap<String, serde_json::Value> = serde_json::from_str(line)?;
        let path = label
            .get("path")
            .and_then(serde_json::Value::as_str)
            .context("a label without a path")?;
        let outcome: Outcome = serde_json::from_value(
            label.get("outcome").cloned().context("a label without an outcome")?,
        )?;
        let mail = Mail::read(&std::fs::read(folder.join(path))?)
            .with_context(|| format!("reading {path}"))?;
        examples.push(learn::example(&mail, outcome, rules));
    }
    Ok(examples)
}

/// Ordinary mails around the sentences of `tests/corpus/sentences`.
fn sentences(rules: &Rules) -> Result<Vec<learn::Example>> {
    let mut examples = Vec::new();
    for lang in [Lang::Ja, Lang::En] {
        let path = format!("tests/corpus/sentences/{}.tsv", lang.code());
        for line in std::fs::read_to_string(&path).with_context(|| path.clone())?.lines() {
            let (label, sentence) = line.split_once('\t').context("a sentence without a label")?;
            let label = if label == "neutral" { "in_process" } else { label };
            let outcome: Outcome = serde_json::from_value(label.into())?;
            examples.extend(learn::ordinary(
                sentence,
                outcome,
                outcome != Outcome::Unrelated,
                lang,
                rules,
            ));
        }
    }
    Ok(examples)
}
