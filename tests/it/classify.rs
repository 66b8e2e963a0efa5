//! The classifier and its command, from outside.

use std::fs;
use std::path::{Path, PathBuf};

use goen::classify::{Outcome, Rules, Verdict, classify};
use goen::cli::classify::{ClassifyArgs, Terminal, run};
use goen::lang::Lang;
use goen::mail::Mail;

fn message(subject: &str, body: &str) -> String {
    format!(
        "From: =?utf-8?q?saiyo?= <saiyo@example.co.jp>\nTo: hanako@example.jp\nMessage-ID: <1@example.co.jp>\nSubject: {subject}\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n"
    )
}

fn verdict(subject: &str, body: &str) -> Verdict {
    let rules = Rules::built_in().unwrap();
    classify(&Mail::read(message(subject, body).as_bytes()).unwrap(), &[], &rules)
}

fn command(paths: &[&Path], json: bool) -> (u8, String) {
    let args = ClassifyArgs {
        paths: paths.iter().map(|path| path.to_path_buf()).collect(),
        json,
        why: true,
        jobs: None,
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status =
        run(&args, Lang::En, Terminal::default(), &mut std::io::empty(), &mut out, &mut err);
    (status, String::from_utf8(out).unwrap())
}

#[test]
fn a_polite_no_is_declined_and_shows_its_words() {
    let verdict = verdict(
        "選考結果のご連絡",
        "このたびは弊社の求人にご応募いただき、ありがとうございました。\n慎重に検討いたしました結果、誠に残念ながら今回は採用を見送らせていただくこととなりました。\n株式会社青葉製作所 人事部",
    );
    assert_eq!(verdict.outcome, Outcome::Declined);
    assert!(
        verdict.evidence.iter().any(|evidence| evidence.text.contains("見送")),
        "{:?}",
        verdict.evidence
    );
    assert_eq!(verdict.company.as_deref(), Some("株式会社青葉製作所"));
}

#[test]
fn a_condition_in_a_receipt_declines_nobody() {
    let verdict = verdict(
        "ご応募ありがとうございます",
        "ご応募を受け付けました。書類選考の結果は二週間以内にご連絡いたします。\n見送りの場合は、メールでお知らせいたします。",
    );
    assert_eq!(verdict.outcome, Outcome::InProcess);
}

#[test]
fn a_rejection_taken_back_is_not_declined() {
    let verdict = verdict(
        "先ほどのメールにつきまして",
        "先ほどお送りした不採用のメールは誤送信でした。面接の結果はまだ出ておりません。来週ご連絡いたします。",
    );
    assert_ne!(verdict.outcome, Outcome::Declined);
}

#[test]
fn words_hard_wrapped_in_the_middle_are_read() {
    let verdict = verdict(
        "採用選考について",
        "過日は当法人の生活支援員採用選考にご参加いただきまして、お礼\n申し上げます。さて、慎重に審議しました結果、このたびは不採\n用と決定いたしましたのでお知らせいたします。",
    );
    assert_eq!(verdict.outcome, Outcome::Declined);
}

#[test]
fn the_users_own_mail_decides_nothing() {
    let rules = Rules::built_in().unwrap();
    let text = message("選考結果", "今回は採用を見送らせていただくこととなりました。");
    let own = ["saiyo@example.co.jp".to_owned()];
    assert_eq!(
        classify(&Mail::read(text.as_bytes()).unwrap(), &own, &rules).outcome,
        Outcome::Unrelated
    );
}

#[test]
fn every_result_rests_on_words_of_the_mail() {
    let rules = Rules::built_in().unwrap();
    for part in ["train", "kept"] {
        for path in files(&Path::new("tests/corpus").join(part)) {
            let verdict = classify(&Mail::read(&fs::read(&path).unwrap()).unwrap(), &[], &rules);
            assert!(
                !verdict.outcome.is_result() || !verdict.evidence.is_empty(),
                "{}",
                path.display()
            );
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn a_damaged_model_is_refused() {
    let error = Rules::read([vec![].into(), vec![].into()]).unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn a_folder_an_mbox_and_a_maildir_are_read_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mail = message("1", "text");
    fs::write(folder.path().join("a.eml"), &mail).unwrap();
    fs::write(
        folder.path().join("b.mbox"),
        format!("From x@example.com Mon\n{mail}\nFrom y@example.com Mon\n{mail}\n>From here on\n"),
    )
    .unwrap();
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(folder.path().join("c").join(name)).unwrap();
        fs::write(folder.path().join("c").join(name).join("1.host:2,S"), &mail).unwrap();
    }
    fs::write(folder.path().join("labels.jsonl"), "{}\n").unwrap();
    let (status, out) = command(&[folder.path()], true);
    let paths: Vec<String> = out
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["path"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .map(|path| path.strip_prefix(folder.path().to_str().unwrap()).unwrap().to_owned())
        .collect();
    assert_eq!(
        paths,
        ["/a.eml", "/b.mbox:1", "/b.mbox:2", "/c/cur/1.host:2,S", "/c/new/1.host:2,S"]
    );
    assert_eq!(status, 0);
}

#[test]
fn an_unreadable_message_has_its_line_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.eml"), "").unwrap();
    fs::write(folder.path().join("b.eml"), message("1", "text")).unwrap();
    let (status, out) = command(&[folder.path()], true);
    let lines: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["error"].is_string());
    assert_eq!(lines[1]["outcome"], "unrelated");
    assert_eq!(status, 1);
}

#[test]
fn a_line_has_the_fields_of_the_contract_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.eml");
    fs::write(&path, message("1", "text")).unwrap();
    let (_, out) = command(&[&path], true);
    let names = [
        "path",
        "message_id",
        "subject",
        "from",
        "date",
        "lang",
        "outcome",
        "confidence",
        "stage",
        "company",
        "position",
        "wording",
        "door",
        "channel",
        "replyable",
        "reply",
        "evidence",
        "results",
    ];
    let mut at = 0;
    for name in names {
        let found = out
            .find(&format!("\"{name}\":"))
            .unwrap_or_else(|| panic!("{name} is missing in {out}"));
        assert!(found >= at, "{name} stands too early in {out}");
        at = found;
    }
    assert!(out.contains("\"date\":null") && out.contains("\"company\":null"), "{out}");
}

#[test]
fn the_table_ends_with_totals() {
    let (status, out) = command(&[Path::new("tests/corpus/train/ja/ja1-002.eml")], false);
    assert!(out.contains("declined") && out.contains("1 email: declined 1"), "{out}");
    assert_eq!(status, 0);
}

#[test]
fn words_repeated_without_end_cost_bounded_time() {
    let rules = Rules::built_in().unwrap();
    let begun = std::time::Instant::now();
    for words in
        ["選考面接次の選考採用見送り", "not move forward other candidates offer you interview "]
    {
        let mail = Mail::read(message("1", &words.repeat(20_000)).as_bytes()).unwrap();
        assert_ne!(classify(&mail, &[], &rules).outcome, Outcome::Offer);
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
