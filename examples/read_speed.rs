//! Measures how many mails a second the reader takes on one core.
//!
//! `cargo run --release --example read_speed -- FOLDER` reads every file under FOLDER (or the samples of
//! the tests) again and again for some seconds, and prints mails and bytes per second.

use std::path::Path;
use std::time::{Duration, Instant};

use goen::mail::Mail;

fn collect(folder: &Path, messages: &mut Vec<Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, messages)?;
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            messages.push(std::fs::read(path)?);
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example prints its result")]
fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "tests/samples/mail".to_owned());
    let mut messages = Vec::new();
    collect(Path::new(&folder), &mut messages)?;
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let start = Instant::now();
    let mut rounds = 0_u32;
    let mut blocks = 0_usize;
    while start.elapsed() < Duration::from_secs(3) {
        for message in &messages {
            blocks += Mail::read(message).map_or(0, |mail| mail.body.len());
        }
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(rounds);
    let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    println!(
        "{count} mails of {} bytes: {:.0} mails/s, {:.1} µs a mail, {:.0} MB/s ({} blocks)",
        bytes / messages.len().max(1),
        f64::from(count) / seconds,
        seconds * 1e6 / f64::from(count),
        f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / seconds / 1e6,
        blocks / usize::try_from(rounds).unwrap_or(1).max(1),
    );
    Ok(())
}
