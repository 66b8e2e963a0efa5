//! A store with one declined mail in it, and a draft of the reply.

use std::path::Path;

use goen::classify::{Channel, Door, Evidence, Outcome, ReplyAdvice, Stage, Verdict, Wording};
use goen::imap::cursor::{Cursor, Uid, UidValidity};
use goen::lang::Lang;
use goen::mail::{Address, Mail, Marks, MessageId};
use goen::outbox::{Claim, Outbox};
use goen::reply::{Charset, Draft, Kind};
use goen::store::{Announce, Batch, Found, Store};
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp, Zoned};

/// Tuesday morning in Japan.
pub(crate) fn now() -> Timestamp {
    "2026-11-24T00:30:00Z".parse().unwrap()
}

pub(crate) fn after(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

pub(crate) fn in_japan(time: Timestamp) -> Zoned {
    time.to_zoned(TimeZone::fixed(offset(9)))
}

pub(crate) fn message_id(id: &str) -> MessageId {
    MessageId::new(id).unwrap()
}

fn address(name: &str, addr_spec: &str) -> Address {
    Address { name: Some(name.into()), addr_spec: addr_spec.into() }
}

pub(crate) fn draft() -> Draft {
    Draft {
        kind: Kind::Thanks,
        lang: Lang::Ja,
        from: address("山田 花子", "hanako@example.jp"),
        to: address("採用ご担当者様", "jinji@example.co.jp"),
        subject: "Re: 選考結果のご連絡".into(),
        body:
            "株式会社サンプル\n採用ご担当者様\n\nご連絡ありがとうございました。\n.\n\n山田 花子\n"
                .into(),
        in_reply_to: Some(message_id("kekka-1@example.co.jp")),
        references: vec![message_id("kekka-1@example.co.jp")],
        charset: Charset::Utf8,
    }
}

fn declined(uid: u32) -> Found {
    let jinji = address("サンプル 採用", "jinji@example.co.jp");
    let mail = Mail {
        message_id: MessageId::new(&format!("kekka-{uid}@example.co.jp")),
        in_reply_to: vec![],
        references: vec![],
        date: Some(now()),
        subject: "選考結果のご連絡".into(),
        from: vec![jinji],
        sender: None,
        reply_to: vec![],
        to: vec![],
        cc: vec![],
        marks: Marks::default(),
        body: vec![],
        alternative: vec![],
        attached: vec![],
        attachments: vec![],
        lang: Lang::Ja,
        charset_guessed: false,
        truncated: false,
    };
    let verdict = Verdict {
        lang: Lang::Ja,
        outcome: Outcome::Declined,
        confidence: 0.99,
        stage: Stage::Document,
        company: None,
        position: None,
        wording: Some(Wording::Soft),
        door: Door::Neutral,
        channel: Channel::Company,
        replyable: true,
        reply: ReplyAdvice::NotNeeded,
        evidence: vec![Evidence { cue: "ja/test".into(), text: "見送り".into() }],
        results: vec![],
        corrected: None,
    };
    Found { uid: Uid(uid), received_at: now(), mail, verdict }
}

/// Puts `mails` declined mails with a draft each into `store`; gives the mails' numbers.
pub(crate) fn fill(store: &Store, mails: u32) -> Vec<i64> {
    let batch = Batch { found: (1..=mails).map(declined).collect(), set_aside: vec![] };
    let cursor = Cursor { uid_validity: UidValidity(1), last_uid: mails, old_up_to: 0 };
    let ids = store.keep("uni", "INBOX", &batch, cursor, Announce::Quietly, now()).unwrap();
    for id in &ids {
        assert!(Outbox::new(store.clone()).offer(*id, &draft(), now()).unwrap());
    }
    ids
}

/// An outbox in memory with one draft in it, and the mail's number.
pub(crate) fn outbox() -> (Outbox, i64) {
    let store = Store::in_memory().unwrap();
    let id = fill(&store, 1)[0];
    (Outbox::new(store), id)
}

pub(crate) fn outbox_at(path: &Path) -> Outbox {
    Outbox::new(Store::open(path).unwrap())
}

/// Approves what stands there, to leave in a minute.
pub(crate) fn approve(outbox: &Outbox, mail_id: i64) {
    let digest = outbox.entry(mail_id).unwrap().unwrap().digest;
    outbox.approve(mail_id, &digest, after(1), &in_japan(now())).unwrap();
}

pub(crate) fn claim(outbox: &Outbox, at: Timestamp) -> Option<Claim> {
    outbox.claim_due(at, |_| true).unwrap()
}

/// A claim on an approved draft.
pub(crate) fn claimed(draft: &Draft) -> Claim {
    let (outbox, id) = outbox();
    outbox.edit(id, draft, now()).unwrap();
    approve(&outbox, id);
    claim(&outbox, after(1)).unwrap()
}
