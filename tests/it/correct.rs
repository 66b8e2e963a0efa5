//! `goen correct`: the mail changes at once, mails like it are read accordingly, and nothing else is.

use std::fs;
use std::path::Path;

use goen::classify::{
    Correction, How, Outcome, Rules, Verdict, classify, classify_as, classify_with,
};
use goen::imap::cursor::{Cursor, Uid, UidValidity};
use goen::mail::Mail;
use goen::outbox::Outbox;
use goen::store::{Announce, Batch, Found, Store};
use serde_json::Value;

use crate::support::home::Home;
use crate::support::replies::now;

const SETTINGS: &str = "[profile]\nname = \"山田 花子\"\n\
    [[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
    [accounts.secret]\npassword_command = [\"false\"]\n\
    [accounts.imap]\nhost = \"imap.example.jp\"\n[accounts.smtp]\nhost = \"smtp.example.jp\"\n";

/// A refusal as many companies write it.
fn refusal(from: &str, month: u8, position: &str) -> Mail {
    let text = format!(
        "From: =?utf-8?B?5o6h55So5ouF5b2T?= <{from}>\r\nTo: hanako@example.jp\r\n\
         Subject: 選考結果のご連絡\r\nMessage-ID: <{month}.{position}.{from}>\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         山田 花子 様\r\n\r\nこの度は、{position}にご応募いただき、誠にありがとうございました。\r\n\
         {month}月に実施いたしました面接の結果につきまして、社内で慎重に検討いたしましたところ、\
         誠に残念ながら、今回は採用を見送らせていただくこととなりました。\r\n\
         ご希望に沿えず恐縮ですが、何卒ご了承くださいますようお願い申し上げます。\r\n"
    );
    Mail::read(text.as_bytes()).unwrap()
}

fn rules() -> Rules {
    Rules::built_in().unwrap()
}

fn correction(mail: &Mail, outcome: Outcome, rules: &Rules) -> Correction {
    let was = classify(mail, &[], rules);
    let (verdict, template) = classify_as(mail, outcome, rules, &was);
    assert_eq!(verdict.outcome, outcome);
    Correction {
        key: "a".to_owned(),
        at: now(),
        was: was.outcome,
        outcome,
        company: None,
        template,
    }
}

#[test]
fn the_next_mail_of_the_same_sender_is_read_by_the_correction() {
    let rules = rules();
    let first = refusal("saiyo@aoba.example", 4, "総合職");
    assert_eq!(classify(&first, &[], &rules).outcome, Outcome::Declined);
    let learned = [correction(&first, Outcome::InProcess, &rules)];
    let next = refusal("jinji@aoba.example", 11, "経理職");
    let verdict = classify_with(&next, &[], &rules, &learned);
    assert_eq!(verdict.outcome, Outcome::InProcess);
    let corrected = verdict.corrected.unwrap();
    assert_eq!((corrected.how, corrected.at), (How::Learned, now()));
    assert_eq!(*corrected.before, classify(&next, &[], &rules));
}

/// A report about two applications, so short and under such a subject that goen is not sure of it.
fn report(week: u8) -> Mail {
    let text = format!(
        "From: \"Mori (Careers)\" <mori@bridge-career.example>\r\nTo: hanako@example.jp\r\nSubject: update\r\n\
         Message-ID: <{week}@bridge.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n福留様\r\n\r\nお世話になっております。\
         ツバメ工業様は通過、株式会社ミライ物産様はお見送りとのことです。\r\n"
    );
    Mail::read(text.as_bytes()).unwrap()
}

#[test]
fn that_a_mail_is_about_several_applications_is_learned_with_what_became_of_each() {
    let rules = rules();
    let first = report(1);
    let before = classify(&first, &[], &rules).outcome;
    assert!(!matches!(before, Outcome::Mixed | Outcome::Unrelated), "{before:?}");
    let learned = [correction(&first, Outcome::Mixed, &rules)];
    let verdict = classify_with(&report(2), &[], &rules, &learned);
    assert_eq!(verdict.outcome, Outcome::Mixed);
    let results = verdict.results.iter().map(|one| (one.company.as_deref(), one.outcome));
    let expected =
        [(Some("ツバメ工業"), Outcome::Advanced), (Some("株式会社ミライ物産"), Outcome::Declined)];
    assert_eq!(results.collect::<Vec<_>>(), expected);
}

#[test]
fn one_correction_does_not_touch_another_sender_and_two_that_agree_do() {
    let rules = rules();
    let one = correction(&refusal("saiyo@aoba.example", 4, "総合職"), Outcome::InProcess, &rules);
    let two = correction(&refusal("hr@midori.example", 5, "総合職"), Outcome::InProcess, &rules);
    let other = refusal("jinji@kita.example", 6, "総合職");
    let own = classify(&other, &[], &rules);
    let with = |learned: &[Correction]| classify_with(&other, &[], &rules, learned);
    assert_eq!(with(std::slice::from_ref(&one)), own);
    assert_eq!(with(&[one.clone(), two.clone()]).outcome, Outcome::InProcess);
    let against = Correction { outcome: Outcome::Unsure, ..two };
    assert_eq!(with(&[one, against]), own, "they do not agree");
}

#[test]
fn addresses_at_a_mail_provider_are_different_senders() {
    let rules = rules();
    let learned = [correction(&refusal("a@gmail.com", 4, "総合職"), Outcome::InProcess, &rules)];
    let other = refusal("b@gmail.com", 4, "総合職");
    assert_eq!(classify_with(&other, &[], &rules, &learned), classify(&other, &[], &rules));
}

#[test]
fn a_mail_of_the_same_sender_that_says_something_else_is_read_as_before() {
    let rules = rules();
    let learned =
        [correction(&refusal("saiyo@aoba.example", 4, "総合職"), Outcome::InProcess, &rules)];
    let text = "From: saiyo@aoba.example\r\nTo: hanako@example.jp\r\nSubject: 選考結果のご連絡\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\n選考の結果、貴殿は不採用となりましたので、\
        お知らせいたします。応募書類は当社で責任をもって廃棄いたします。\r\n";
    let other = Mail::read(text.as_bytes()).unwrap();
    assert_eq!(classify_with(&other, &[], &rules, &learned), classify(&other, &[], &rules));
}

/// The mails of the corpus.
fn corpus(part: &str) -> Vec<(String, Mail)> {
    let folder = Path::new("tests/corpus").join(part);
    fs::read_to_string(folder.join("labels.jsonl"))
        .unwrap()
        .lines()
        .filter_map(|line| {
            let label: Value = serde_json::from_str(line).unwrap();
            let path = label["path"].as_str().unwrap().to_owned();
            let mail = Mail::read(&fs::read(folder.join(&path)).unwrap()).ok()?;
            Some((path, mail))
        })
        .collect()
}

/// Whatever was corrected into whatever: a `declined` shows the words that may say so, and a single
/// correction leaves mails from other domains alone.
#[test]
fn nothing_learned_makes_a_declined_without_words() {
    let rules = rules();
    let mails = corpus("kept");
    let mails: Vec<_> = mails.iter().step_by(4).collect();
    let own: Vec<Verdict> = mails.iter().map(|(_, mail)| classify(mail, &[], &rules)).collect();
    let domain = |mail: &Mail| mail.author().map(goen::mail::Address::domain);
    let mut learned = 0;
    for (number, ((path, mail), read)) in mails.iter().zip(&own).enumerate() {
        let (_, template) = classify_as(mail, Outcome::Declined, &rules, read);
        let taught = Correction {
            key: path.clone(),
            at: now(),
            was: read.outcome,
            outcome: Outcome::Declined,
            company: None,
            template,
        };
        // The mail met again is what is most like it; the one behind it stands for all others.
        let (_, other) = mails[(number + 1) % mails.len()];
        for met in [mail, other] {
            let before = classify(met, &[], &rules);
            let after = classify_with(met, &[], &rules, std::slice::from_ref(&taught));
            if after.outcome == Outcome::Declined && before.outcome != Outcome::Declined {
                learned += 1;
                assert!(!after.evidence.is_empty(), "{path}: {after:?}");
            }
            if domain(met) != domain(mail) {
                assert_eq!(after, before, "{path}");
            }
        }
    }
    assert!(learned > 0, "nothing was learned at all");
}

/// A home with these mails in its store, to be told.
fn home(mails: Vec<Mail>) -> Home {
    let home = Home::new(SETTINGS);
    keep(&home, mails, 1);
    home
}

/// Keeps mails as the daemon does.
fn keep(home: &Home, mails: Vec<Mail>, first: u32) {
    let store = Store::open(&home.store()).unwrap();
    let (rules, corrections) = (rules(), store.corrections().unwrap());
    let found = (first..)
        .zip(mails)
        .map(|(uid, mail)| Found {
            uid: Uid(uid),
            received_at: now(),
            verdict: classify_with(&mail, &[], &rules, &corrections),
            mail,
        })
        .collect();
    let cursor = Cursor { uid_validity: UidValidity(1), last_uid: first + 9, old_up_to: 0 };
    let batch = Batch { found, set_aside: vec![] };
    store.keep("uni", "INBOX", &batch, cursor, Announce::From(now()), now()).unwrap();
}

fn shown(home: &Home, id: u32) -> Value {
    serde_json::from_str(&home.says(&["show", &id.to_string(), "--json"])).unwrap()
}

#[test]
fn a_correction_changes_its_mail_is_learned_from_and_can_be_taken_back() {
    let home = home(vec![refusal("saiyo@aoba.example", 4, "総合職")]);
    let before = shown(&home, 1);
    assert_eq!(before["outcome"], "declined");
    let said = home.says(&["correct", "1", "in_process", "--company", "青葉商事", "--lang", "en"]);
    assert!(said.contains("goen correct 1 --undo"), "{said}");
    let after = shown(&home, 1);
    assert_eq!((&after["outcome"], &after["company"]), (&"in_process".into(), &"青葉商事".into()));
    assert_eq!(after["corrected"]["how"], "told");
    assert_eq!(after["corrected"]["was"], "declined");
    // It is not told any more, and the user need not be told what he said himself.
    let store = Store::open(&home.store()).unwrap();
    assert!(store.due_notifications().unwrap().is_empty());

    keep(&home, vec![refusal("saiyo@aoba.example", 11, "経理職")], 2);
    let next = shown(&home, 2);
    assert_eq!((&next["outcome"], &next["company"]), (&"in_process".into(), &"青葉商事".into()));
    assert_eq!(next["corrected"]["how"], "learned");
    assert!(store.due_notifications().unwrap().is_empty());
    for (lang, words) in [("ja", "の訂正から学びました"), ("en", "because of your correction of")]
    {
        let page = home.says(&["show", "2", "--lang", lang]).replace('\n', " ");
        assert!(page.contains(words), "{page}");
        assert!(page.contains("goen correct 1 --undo"), "{page}");
    }

    let (_, complaint) = home.complains(&["correct", "2", "--undo", "--lang", "en"]);
    assert!(complaint.contains("goen correct 1 --undo"), "{complaint}");
    let undone: Value =
        serde_json::from_str(&home.says(&["correct", "1", "--undo", "--json"])).unwrap();
    assert_eq!(undone["read_as_before"], serde_json::json!([2]));
    assert_eq!(shown(&home, 1), before);
    assert_eq!(shown(&home, 2)["outcome"], "declined");
    assert!(store.corrections().unwrap().is_empty());
    keep(&home, vec![refusal("saiyo@aoba.example", 12, "企画職")], 3);
    assert_eq!(shown(&home, 3)["outcome"], "declined");
}

#[test]
fn a_draft_that_nobody_touched_goes_with_the_reading_and_an_edited_one_stays() {
    let mails = vec![
        refusal("saiyo@aoba.example", 4, "総合職"),
        refusal("saiyo@midori.example", 5, "総合職"),
    ];
    let home = home(mails);
    let outbox = Outbox::new(Store::open(&home.store()).unwrap());
    for id in ["1", "2"] {
        home.says(&["review", id, "--kind", "thanks", "--json"]);
    }
    let mut edited = outbox.entry(2).unwrap().unwrap().draft;
    edited.body.push_str("書き足しました。\n");
    outbox.edit(2, &edited, now()).unwrap();
    for id in ["1", "2"] {
        home.says(&["correct", id, "in_process"]);
    }
    assert_eq!(outbox.entry(1).unwrap(), None);
    assert_eq!(outbox.entry(2).unwrap().unwrap().draft, edited);
}

#[test]
fn what_is_learned_is_exported_and_forgotten_with_its_mail() {
    let home = home(vec![refusal("saiyo@aoba.example", 4, "総合職")]);
    home.says(&["correct", "1", "in_process"]);
    let path = home.path().join("export.json");
    home.says(&["export", "--output", path.to_str().unwrap()]);
    let there = Home::new(SETTINGS);
    there.says(&["import", path.to_str().unwrap()]);
    let learned = Store::open(&there.store()).unwrap().corrections().unwrap();
    assert_eq!(learned, Store::open(&home.store()).unwrap().corrections().unwrap());
    assert_eq!(learned.len(), 1);
    home.says(&["forget", "1", "--yes"]);
    assert!(Store::open(&home.store()).unwrap().corrections().unwrap().is_empty());
}
