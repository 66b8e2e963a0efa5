//! How fast mails are read and classified, on one core: `cargo bench --bench classify`.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use goen::classify::{Rules, classify};
use goen::mail::Mail;

/// Mails of the corpus that are as large as real ones, headers of their way included, in bytes.
const USUAL: usize = 4096;

fn messages() -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for part in ["train", "kept"] {
        for lang in ["ja", "en"] {
            let folder = Path::new("tests/corpus").join(part).join(lang);
            let entries = std::fs::read_dir(folder).expect("the corpus");
            messages.extend(
                entries.map(|entry| std::fs::read(entry.expect("a mail").path()).expect("a mail")),
            );
        }
    }
    messages
}

fn speed(criterion: &mut Criterion) {
    let rules = Rules::built_in().expect("the models");
    let corpus = messages();
    let long: Vec<Vec<u8>> =
        corpus.iter().filter(|message| message.len() >= USUAL * 3 / 4).cloned().collect();
    for (name, messages) in [("corpus", corpus), ("long", long)] {
        let mut group = criterion.benchmark_group(name);
        let bytes: usize = messages.iter().map(Vec::len).sum();
        println!("{name}: {} mails of {} bytes on average", messages.len(), bytes / messages.len());
        group.throughput(Throughput::Elements(messages.len() as u64)).sample_size(10);
        group.bench_function("read", |bencher| {
            bencher.iter(|| {
                for message in &messages {
                    black_box(Mail::read(message).expect("a mail"));
                }
            });
        });
        group.bench_function("read and classify", |bencher| {
            bencher.iter(|| {
                for message in &messages {
                    let mail = Mail::read(message).expect("a mail");
                    black_box(classify(&mail, &[], &rules));
                }
            });
        });
        group.finish();
    }
    criterion.bench_function("models ready", |bencher| {
        bencher.iter(|| black_box(Rules::built_in().expect("the models")));
    });
}

criterion_group!(benches, speed);
criterion_main!(benches);
