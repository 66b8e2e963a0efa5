//! Drafts of replies: whether to answer, to whom, and with which words (返信の下書き).
//!
//! Pure. [`advice`](advice::advice) says whether to answer and why, [`Templates`](template::Templates)
//! writes the words. A [`Draft`] is everything that a reader approves; [`Draft::digest`] is what the
//! approval is bound to, and `compose` turns an approved draft into the bytes that leave.

pub mod addressee;
pub mod advice;
pub mod compose;
mod jis;
pub mod template;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::lang::{Explain, Explanation, Lang};
use crate::mail::{Address, MessageId};
use crate::{plain, say};

/// Longest text an editor may hand back, in characters: far beyond any letter, far below a burden.
const TEXT_MAX_CHARS: usize = 100_000;

/// What a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Thanks after a 見送り.
    Thanks,
    /// Thanks, and the wish to stay in touch, where the door is open.
    KeepInTouch,
    /// A polite question for the reason; only on request.
    AskReason,
    /// Thanks to an agent, and a concrete question for feedback.
    AgentFeedback,
    /// Thanks for a pass, with candidate dates to fill in.
    AcceptNext,
    /// Thanks for an offer, with the day by which the answer will come.
    OfferThanks,
    /// A question, after a long silence, for *when* the result comes; only on request.
    AskWhen,
}

impl Kind {
    /// All kinds, in the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::Thanks,
        Self::KeepInTouch,
        Self::AskReason,
        Self::AgentFeedback,
        Self::AcceptNext,
        Self::OfferThanks,
        Self::AskWhen,
    ];

    /// The name on the command line, and of the template's file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thanks => "thanks",
            Self::KeepInTouch => "keep_in_touch",
            Self::AskReason => "ask_reason",
            Self::AgentFeedback => "agent_feedback",
            Self::AcceptNext => "accept_next",
            Self::OfferThanks => "offer_thanks",
            Self::AskWhen => "ask_when",
        }
    }

    /// What it is for, as a menu says it.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match (lang, self) {
            (Lang::Ja, Self::Thanks) => "お礼",
            (Lang::Ja, Self::KeepInTouch) => "お礼と、今後につなげるひとこと",
            (Lang::Ja, Self::AskReason) => "理由のお尋ね",
            (Lang::Ja, Self::AgentFeedback) => "担当者へのお礼と、フィードバックのお願い",
            (Lang::Ja, Self::AcceptNext) => "通過のお礼と、候補日",
            (Lang::Ja, Self::OfferThanks) => "内定のお礼と、返事の時期",
            (Lang::Ja, Self::AskWhen) => "結果の時期のお尋ね",
            (Lang::En, Self::Thanks) => "thanks",
            (Lang::En, Self::KeepInTouch) => "thanks, and staying in touch",
            (Lang::En, Self::AskReason) => "asking for the reason",
            (Lang::En, Self::AgentFeedback) => "thanks to the agent, and asking for feedback",
            (Lang::En, Self::AcceptNext) => "thanks for the good news, with possible dates",
            (Lang::En, Self::OfferThanks) => "thanks for the offer, with a date for the answer",
            (Lang::En, Self::AskWhen) => "asking when to expect the result",
        }
    }

    /// What to know before choosing it, where there is something to know.
    #[must_use]
    pub fn note(self, lang: Lang) -> Option<String> {
        (self == Self::AskReason).then(|| {
            say!(
                lang,
                "理由を教えてもらえることは多くありません。エージェント経由の応募なら、担当者に聞くほうが確かです。",
                "Companies rarely give a reason. If you applied through an agent, it works better to ask them."
            )
        })
    }
}

/// Who the user is, for the draft's greeting and signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// The name to sign with, as the user writes it in Japanese mails.
    pub name: String,
    /// The name to sign with in English mails; the Japanese one if empty.
    pub name_en: String,
    /// Lines below the name: school, telephone, address.
    pub signature: String,
}

/// A reply that is being written: everything the reader sees and approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What it is for.
    pub kind: Kind,
    /// The language it is in: the mail's.
    pub lang: Lang,
    /// The user's address at the account that received the mail.
    pub from: Address,
    /// Who gets it: from `Reply-To` or `From` of that mail alone.
    pub to: Address,
    /// Subject, `Re:` once.
    pub subject: String,
    /// The text, lines ended by `\n`.
    pub body: String,
    /// The mail it answers.
    pub in_reply_to: Option<MessageId>,
    /// The thread, oldest first, the answered mail last.
    pub references: Vec<MessageId>,
    /// The charset it leaves in.
    #[serde(default, skip_serializing_if = "Charset::is_usual")]
    pub charset: Charset,
}

/// The charset that a reply leaves in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Charset {
    /// What every mail program of this century reads.
    #[default]
    Utf8,
    /// For correspondents whose program is older than that; the user names them.
    Iso2022Jp,
}

impl Charset {
    // Serde hands a reference over.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    fn is_usual(&self) -> bool {
        *self == Self::Utf8
    }
}

/// SHA-256 over everything in a [`Draft`] that a reader approves, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest(pub String);

/// Why an edited text was not taken. The draft stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The lines `From:`, `To:`, `Subject:` and the empty line below them are not there.
    #[error("the head (From, To, Subject, an empty line) is missing")]
    NoHead,
    /// `From:` or `To:` was changed; who gets a reply is fixed by the mail.
    #[error("{0}: can't be changed")]
    HeadChanged(&'static str),
    /// The subject is empty.
    #[error("the subject is empty")]
    NoSubject,
    /// Nothing is left of the text.
    #[error("the text is empty")]
    NoBody,
    /// A character that no keyboard types and no reader sees.
    #[error("line {line} holds a control character")]
    ControlCharacter {
        /// Counted from 1, the head included.
        line: usize,
    },
    /// Longer than a letter can be.
    #[error("the text is longer than {TEXT_MAX_CHARS} characters")]
    TooLong,
}

impl Draft {
    /// What an approval of this draft is bound to: any change of sender, recipient, subject,
    /// text or thread gives another digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        // Each field goes in behind its length, so that no two drafts give the same bytes.
        let mut field = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        for address in [&self.from, &self.to] {
            field(address.name.as_deref().unwrap_or_default());
            field(&address.addr_spec);
        }
        field(&self.subject);
        field(&self.body);
        field(self.in_reply_to.as_ref().map_or("", MessageId::as_str));
        for reference in &self.references {
            field(reference.as_str());
        }
        if self.charset == Charset::Iso2022Jp {
            field("\u{0}iso-2022-jp");
        }
        let mut hex = String::new();
        for byte in hash.finalize() {
            // Writing to a string can't fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Digest(hex)
    }

    /// What is still to be filled in (`〇〇`, `［日時を記入］` …), in the order of the text.
    /// A draft in which any is left can't be approved.
    #[must_use]
    pub fn placeholders(&self) -> Vec<String> {
        let mut found = placeholders_in(&self.subject);
        found.extend(placeholders_in(&self.body));
        found
    }

    /// The draft as a text for an editor. [`Draft::edit`] reads it back.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "From: {}\nTo: {}\nSubject: {}\n\n{}",
            shown(&self.from),
            shown(&self.to),
            self.subject,
            self.body
        )
    }

    /// This draft with the subject and the text that an editor handed back.
    ///
    /// Everything else stays; an edit of `From:` or `To:` is an error, not a change of recipient.
    pub fn edit(&self, text: &str) -> Result<Self, EditError> {
        if text.chars().nth(TEXT_MAX_CHARS).is_some() {
            return Err(EditError::TooLong);
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).replace("\r\n", "\n");
        let is_control = |line: &str| line.chars().any(|c| c.is_control() && c != '\t');
        if let Some(index) = text.split('\n').position(is_control) {
            return Err(EditError::ControlCharacter { line: index + 1 });
        }
        let (head, body) = text.split_once("\n\n").ok_or(EditError::NoHead)?;
        let mut head = head.split('\n');
        let mut value = |name: &'static str| {
            let line = head.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(str::trim).ok_or(EditError::NoHead)
        };
        if value("From")? != shown(&self.from) {
            return Err(EditError::HeadChanged("From"));
        }
        if value("To")? != shown(&self.to) {
            return Err(EditError::HeadChanged("To"));
        }
        let subject = plain::one_line(value("Subject")?);
        if head.next().is_some() {
            return Err(EditError::NoHead);
        }
        if subject.is_empty() {
            return Err(EditError::NoSubject);
        }
        if body.trim().is_empty() {
            return Err(EditError::NoBody);
        }
        let body = format!("{}\n", body.trim_end_matches('\n'));
        Ok(Self { subject, body, ..self.clone() })
    }
}

/// An address as the head of a draft shows it.
fn shown(address: &Address) -> String {
    match &address.name {
        Some(name) if !name.trim().is_empty() => {
            format!("{} <{}>", plain::one_line(name), address.addr_spec)
        }
        _ => address.addr_spec.clone(),
    }
}

/// The marks in `text` that stand for something to fill in.
fn placeholders_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        found.extend(circles_in(line));
        for (open, close, mark) in [('［', '］', "記入"), ('[', ']', "fill in")] {
            let mut rest = line;
            while let Some((_, behind)) = rest.split_once(open) {
                let Some((inside, next)) = behind.split_once(close) else { break };
                if inside.to_lowercase().contains(mark) {
                    found.push(format!("{open}{inside}{close}"));
                }
                rest = next;
            }
        }
    }
    found
}

/// Runs of two or more circles (`〇〇`, `○○`, `●●`), as model letters use them.
fn circles_in(line: &str) -> Vec<String> {
    const CIRCLES: [char; 5] = ['〇', '○', '◯', '●', '◎'];
    const NUMERALS: &str = "一二三四五六七八九";
    let mut found = Vec::new();
    let mut run = String::new();
    let mut before = None;
    for c in line.chars().chain(['\n']) {
        if CIRCLES.contains(&c) {
            run.push(c);
            continue;
        }
        // 二〇〇五年 is a year, not a gap.
        let is_number =
            before.is_some_and(|c| NUMERALS.contains(c)) && (c == '年' || NUMERALS.contains(c));
        if run.chars().count() >= 2 && !is_number {
            found.push(std::mem::take(&mut run));
        }
        run.clear();
        before = Some(c);
    }
    found
}

impl Explain for EditError {
    fn explain(&self, lang: Lang) -> Explanation {
        let what = say!(
            lang,
            "編集した内容を取り込めませんでした（下書きは元のままです）",
            "could not take the edited text (the draft is as it was)"
        );
        let (why, hint) = match self {
            Self::NoHead => (
                say!(
                    lang,
                    "先頭の From・To・Subject の行か、その下の空行がありません",
                    "the lines From, To, Subject or the empty line below them are missing"
                ),
                say!(
                    lang,
                    "先頭の3行と空行は残して、件名と本文だけを編集してください",
                    "leave the three lines and the empty line, and edit the subject and the text only"
                ),
            ),
            Self::HeadChanged(name) => (
                say!(lang, "{name} は変更できません", "{name} can't be changed"),
                say!(
                    lang,
                    "宛先は元のメールで決まります。別の人に送るときは、お使いのメールソフトから送ってください",
                    "the original email decides who gets the reply; to write to someone else, use your mail program"
                ),
            ),
            Self::NoSubject => (
                say!(lang, "件名が空です", "the subject is empty"),
                say!(lang, "Subject: の後に件名を書いてください", "write one behind Subject:"),
            ),
            Self::NoBody => (
                say!(lang, "本文が空です", "the text is empty"),
                say!(
                    lang,
                    "送らないときは `goen discard` を使えます",
                    "to drop the draft, use `goen discard`"
                ),
            ),
            Self::ControlCharacter { line } => (
                say!(
                    lang,
                    "{line} 行目に制御文字があります",
                    "line {line} holds a control character"
                ),
                say!(lang, "その行を打ち直してください", "type that line again"),
            ),
            Self::TooLong => (
                say!(lang, "本文が長すぎます", "the text is too long"),
                say!(
                    lang,
                    "{TEXT_MAX_CHARS} 字以内にしてください",
                    "keep it below {TEXT_MAX_CHARS} characters"
                ),
            ),
        };
        Explanation::new(format!("{what}: {why}")).hint(hint)
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod tests;
