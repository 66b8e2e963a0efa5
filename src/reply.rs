//! Drafts of replies: whether to answer, to whom, and with which words (返信の下書き).
//!
//! Pure. A [`Draft`] is everything that a reader approves; [`Draft::digest`] is what the approval
//! is bound to, and `compose` turns an approved draft into the bytes that leave.

pub mod compose;

use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::mail::{Address, MessageId};

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
}

/// SHA-256 over everything in a [`Draft`] that a reader approves, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest(pub String);
