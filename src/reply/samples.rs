//! Mails and verdicts for the tests of this module: complete and valid unless a test says otherwise.

use crate::classify::{Channel, Door, Outcome, ReplyAdvice, Stage, Verdict, Wording};
use crate::lang::Lang;
use crate::mail::{Address, Block, Mail, MessageId, Role};

pub(crate) fn address(name: &str, addr_spec: &str) -> Address {
    let name = (!name.is_empty()).then(|| name.to_owned());
    Address { name, addr_spec: addr_spec.to_owned() }
}

/// A rejection by a company, from a shared address, addressed to the user alone.
pub(crate) fn mail() -> Mail {
    Mail {
        message_id: MessageId::new("result-1@example.co.jp"),
        in_reply_to: Vec::new(),
        references: Vec::new(),
        date: None,
        subject: "選考結果のご連絡".to_owned(),
        from: vec![address("株式会社サンプル 採用担当", "saiyo@example.co.jp")],
        sender: None,
        reply_to: Vec::new(),
        to: vec![address("", "taro@example.jp")],
        cc: Vec::new(),
        marks: crate::mail::Marks::default(),
        body: vec![Block {
            role: Role::New,
            text: "誠に残念ながら、今回は採用を見送らせていただくこととなりました。\n".to_owned(),
        }],
        alternative: Vec::new(),
        attached: Vec::new(),
        attachments: Vec::new(),
        lang: Lang::Ja,
        charset_guessed: false,
        truncated: false,
    }
}

pub(crate) fn with_text(role: Role, text: &str) -> Mail {
    Mail { body: vec![Block { role, text: text.to_owned() }], ..mail() }
}

pub(crate) fn verdict() -> Verdict {
    Verdict {
        lang: Lang::Ja,
        outcome: Outcome::Declined,
        confidence: 0.99,
        stage: Stage::Document,
        company: Some("株式会社サンプル".to_owned()),
        position: None,
        wording: Some(Wording::Soft),
        door: Door::Neutral,
        channel: Channel::Company,
        replyable: true,
        reply: ReplyAdvice::NotNeeded,
        evidence: Vec::new(),
        results: Vec::new(),
        corrected: None,
    }
}
