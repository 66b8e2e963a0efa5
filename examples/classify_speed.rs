//! How fast mails are classified, reading included, on one core.
//!
//! `cargo run --release --example classify_speed`

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use goen::classify::{Rules, classify};
use goen::mail::Mail;

/// How often the whole corpus is classified.
const ROUNDS: u32 = 40;

fn main() -> Result<()> {
    let begun = Instant::now();
    let rules = Rules::built_in()?;
    let started = begun.elapsed();
    let mut messages = Vec::new();
    for part in ["train", "kept"] {
        for lang in ["ja", "en"] {
            for entry in std::fs::read_dir(Path::new("tests/corpus").join(part).join(lang))
                .context("the corpus")?
            {
                messages.push(std::fs::read(entry?.path())?);
            }
        }
    }
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let begun = Instant::now();
    let mut evidence = 0;
    for _ in 0..ROUNDS {
        for message in &messages {
            evidence += classify(&Mail::read(message)?, &[], &rules).evidence.len();
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let reading = Instant::now();
    for _ in 0..ROUNDS {
        for message in &messages {
            std::hint::black_box(Mail::read(message)?);
        }
    }
    let reading = reading.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (mails, bytes) =
        ((messages.len() * ROUNDS as usize) as f64, bytes as f64 * f64::from(ROUNDS));
    println!("rules ready in {:.1} ms", started.as_secs_f64() * 1000.0);
    println!(
        "{:.0} mails a second of {:.0} bytes on average ({evidence} pieces of evidence)",
        mails / seconds,
        bytes / mails
    );
    println!(
        "{:.1} µs a mail, of which {:.1} µs to read it",
        seconds * 1e6 / mails,
        reading * 1e6 / mails
    );
    Ok(())
}
