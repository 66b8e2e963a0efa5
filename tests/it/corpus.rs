//! The classifier's scores on the corpus do not drop.

use std::fs;
use std::path::Path;

use goen::classify::score::{Label, Score};
use goen::classify::{Rules, classify};
use goen::mail::Mail;

fn score(part: &str) -> Score {
    let rules = Rules::built_in().unwrap();
    let folder = Path::new("tests/corpus").join(part);
    let mut score = Score::default();
    for line in fs::read_to_string(folder.join("labels.jsonl")).unwrap().lines() {
        let label: Label = serde_json::from_str(line).unwrap();
        let mail = Mail::read(&fs::read(folder.join(&label.path)).unwrap()).unwrap();
        score.count(&label, &classify(&mail, &[], &rules));
    }
    score
}

/// Compares with the file that `cargo run --release --example fit` wrote.
fn assert_no_worse(part: &str) {
    let score = score(part);
    let recorded = fs::read_to_string(format!("tests/corpus/scores/{part}.txt")).unwrap();
    let mut worse = Vec::new();
    for line in recorded.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name {
            "false declined" if score.false_declined > value.parse().unwrap() => {
                worse.push(format!("{line}, now {}", score.false_declined));
            }
            "false pass or offer" if score.false_good > value.parse().unwrap() => {
                worse.push(format!("{line}, now {}", score.false_good));
            }
            name => {
                let Some((right, _)) = value.split_once('/') else { continue };
                let now = score.shares.get(name).copied().unwrap_or_default();
                // Attributes are counted where the outcome is right: fewer of those is no drop of their own.
                let (right, now_right): (u32, u32) = (right.parse().unwrap(), now.right);
                if name.contains("outcome") || name.contains("declined found") {
                    if now_right < right {
                        worse.push(format!("{line}, now {now}"));
                    }
                } else {
                    let all: u32 = value.split(['/', ' ']).nth(1).unwrap().parse().unwrap();
                    if u64::from(now_right) * u64::from(all) + u64::from(all)
                        < u64::from(right) * u64::from(now.all)
                    {
                        worse.push(format!("{line}, now {now}"));
                    }
                }
            }
        }
    }
    assert!(
        worse.is_empty(),
        "{part}: worse than recorded (re-fit, or mend the rules):\n{}",
        worse.join("\n")
    );
}

#[test]
fn the_learned_part_is_read_no_worse_than_recorded() {
    assert_no_worse("train");
}

#[test]
fn the_part_kept_aside_is_read_no_worse_than_recorded() {
    assert_no_worse("kept");
}
