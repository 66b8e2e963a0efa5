//! Learns the classifier from the corpus and prints how it does.
//!
//! `cargo run --profile fit --example fit` learns from `train`, `letters`, `sentences` and `surroundings` of
//! `tests/corpus`, prints what it says of mails that were left out of the learning, writes
//! `config/rules/{ja,en}.model`, and writes the scores of `train` and `kept` into `tests/corpus/scores`.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::path::Path;

use anyhow::{Context, Result};
use goen::classify::learn::{Sample, Sentence, Surrounding};
use goen::classify::score::{Label, Score};
use goen::classify::{Act, Rules, classify, learn, letters};
use goen::lang::Lang;
use goen::mail::Mail;

fn main() -> Result<()> {
    let samples = load("train")?;
    let sentences = sentences()?;
    let surroundings = surroundings()?;
    let learn = &|lang: Lang| -> Result<learn::Learned> {
        let blocks = std::fs::read_to_string(format!("tests/corpus/letters/{}.toml", lang.code()))?;
        let letters = letters::letters(&blocks, lang)?;
        Ok(learn::fit(&samples, &letters, &sentences, &surroundings, lang))
    };
    let languages = [Lang::Ja, Lang::En];
    let learned = std::thread::scope(|scope| {
        languages
            .map(|lang| scope.spawn(move || learn(lang)))
            .map(std::thread::ScopedJoinHandle::join)
    });
    let mut models = Vec::new();
    for (lang, learned) in languages.into_iter().zip(learned) {
        let learned = learned.map_err(|_| anyhow::anyhow!("the fit panicked"))??;
        println!("{}", learned.notes.join("\n"));
        let mut score = Score::default();
        for (label, outcome) in &learned.left_out {
            score.count_outcome(label, *outcome);
        }
        println!("left out of the learning:\n{score}");
        std::fs::write(format!("config/rules/{}.model", lang.code()), &learned.bytes)?;
        models.push(learned.bytes);
    }
    let [ja, en]: [Vec<u8>; 2] =
        models.try_into().map_err(|_| anyhow::anyhow!("a model for each language"))?;
    let rules = Rules::read([ja.into(), en.into()])?;
    for part in ["train", "kept"] {
        let mut score = Score::default();
        for sample in load(part)? {
            score.count(&sample.label, &classify(&sample.mail, &[], &rules));
        }
        println!("{part}:\n{score}");
        std::fs::write(format!("tests/corpus/scores/{part}.txt"), score.to_string())
            .context("writing tests/corpus/scores")?;
    }
    Ok(())
}

fn load(part: &str) -> Result<Vec<Sample>> {
    let folder = Path::new("tests/corpus").join(part);
    let labels = std::fs::read_to_string(folder.join("labels.jsonl"))?;
    labels
        .lines()
        .map(|line| {
            let label: Label = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let mail = Mail::read(&std::fs::read(folder.join(&label.path))?)
                .with_context(|| label.path.clone())?;
            Ok(Sample { label, mail })
        })
        .collect()
}

fn sentences() -> Result<Vec<Sentence>> {
    marked("sentences", |mark, words, lang| {
        let act = Act::of_letter(mark)?;
        Some(Sentence { act, words, lang })
    })
}

fn surroundings() -> Result<Vec<Surrounding>> {
    marked("surroundings", |mark, words, lang| {
        let own = match mark {
            "own" => true,
            "other" => false,
            _ => return None,
        };
        Some(Surrounding { own, words, lang })
    })
}

/// The lines of both languages: a mark, a tab, and words.
fn marked<T>(part: &str, read: impl Fn(&str, String, Lang) -> Option<T>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    for lang in [Lang::Ja, Lang::En] {
        let path = format!("tests/corpus/{part}/{}.tsv", lang.code());
        for line in std::fs::read_to_string(&path).with_context(|| path.clone())?.lines() {
            let (mark, words) = line.split_once('\t').context("a line without a mark")?;
            all.push(read(mark, words.to_owned(), lang).with_context(|| line.to_owned())?);
        }
    }
    Ok(all)
}
