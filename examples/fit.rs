//! Re-fits the weights of the classifier and prints how it does.
//!
//! `cargo run --release --example fit` learns from `tests/corpus/train`, `tests/corpus/fresh` and
//! `tests/corpus/sentences`, writes `config/rules/weights.toml`, prints what it scores on each writer when
//! that writer was left out, and writes the scores of all parts into `tests/corpus/scores`.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use goen::classify::score::{Label, Score};
use goen::classify::{Outcome, Rules, classify, learn};
use goen::lang::Lang;
use goen::mail::Mail;

/// Corrections smaller than this change nothing and are not kept.
const LEAST: f32 = 0.05;

/// One mail of the corpus with its label.
struct Sample {
    label: Label,
    mail: Mail,
    example: learn::Example,
}

impl Sample {
    /// "ja1" of "ja/ja1-007.eml".
    fn writer(&self) -> &str {
        let name = self.label.path.rsplit('/').next().unwrap_or("");
        name.split('-').next().unwrap_or("")
    }
}

fn main() -> Result<()> {
    let mut rules = Rules::built_in()?;
    let settings = learn::Settings::default();
    let mut learned = load("train", &rules)?;
    learned.extend(load("fresh", &rules)?);
    let ordinary = sentences(&rules)?;

    let mut writers: Vec<String> =
        learned.iter().map(|sample| sample.writer().to_owned()).collect();
    writers.sort();
    writers.dedup();
    println!("each writer left out:");
    for writer in &writers {
        let lang = learned
            .iter()
            .find(|sample| sample.writer() == writer)
            .map_or(Lang::Ja, |sample| sample.label.lang);
        let others =
            learned.iter().filter(|sample| sample.writer() != writer).map(|sample| &sample.example);
        let examples: Vec<&learn::Example> = others.chain(&ordinary).collect();
        let corrections = learn::fit(&examples, lang, &rules, settings);
        learn::apply(&mut rules, lang, &corrections);
        let score = score(learned.iter().filter(|sample| sample.writer() == writer), &rules);
        let share =
            score.shares.get(&format!("{} outcome", lang.code())).copied().unwrap_or_default();
        println!(
            "  {writer}: {share}, false declined {}, false pass or offer {}",
            score.false_declined, score.false_good
        );
    }

    let examples: Vec<&learn::Example> =
        learned.iter().map(|sample| &sample.example).chain(&ordinary).collect();
    let mut file = String::from(
        "# Learned by `cargo run --release --example fit`: corrections, in hundredths, to the strengths in ja.toml and en.toml.\n",
    );
    for lang in [Lang::Ja, Lang::En] {
        let corrections = learn::fit(&examples, lang, &rules, settings);
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
    std::fs::write("config/rules/weights.toml", &file)
        .context("writing config/rules/weights.toml")?;

    let read = |name: &str| std::fs::read_to_string(format!("config/rules/{name}.toml"));
    let rules = Rules::parse(&read("ja")?, &read("en")?, &file)?;
    for part in ["train", "fresh", "kept"] {
        let score = score(load(part, &rules)?.iter(), &rules);
        println!("\n{part}:\n{score}");
        std::fs::write(format!("tests/corpus/scores/{part}.txt"), score.to_string())
            .context("writing tests/corpus/scores")?;
    }
    Ok(())
}

fn score<'a>(samples: impl Iterator<Item = &'a Sample>, rules: &Rules) -> Score {
    let mut score = Score::default();
    for sample in samples {
        score.count(&sample.label, &classify(&sample.mail, &[], rules));
    }
    score
}

fn load(part: &str, rules: &Rules) -> Result<Vec<Sample>> {
    let folder = Path::new("tests/corpus").join(part);
    let labels = std::fs::read_to_string(folder.join("labels.jsonl"))?;
    let mut samples = Vec::new();
    for line in labels.lines() {
        let label: Label = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let mail = Mail::read(&std::fs::read(folder.join(&label.path))?)
            .with_context(|| label.path.clone())?;
        let example = learn::example(&mail, label.outcome, rules);
        samples.push(Sample { label, mail, example });
    }
    Ok(samples)
}

/// Ordinary mails around the sentences of `tests/corpus/sentences`.
fn sentences(rules: &Rules) -> Result<Vec<learn::Example>> {
    let mut examples = Vec::new();
    for lang in [Lang::Ja, Lang::En] {
        let path = format!("tests/corpus/sentences/{}.tsv", lang.code());
        for line in std::fs::read_to_string(&path).with_context(|| path.clone())?.lines() {
            let (label, sentence) = line.split_once('\t').context("a sentence without a label")?;
            // What stands in every mail of a selection says nothing about its result.
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
