//! The states of one reply, and the only function that moves between them. Pure.
//!
//! Only [`State::Sending`] can have bytes on the wire. A crash there looks the same as a success
//! (RFC 1047), so recovery goes to [`State::Uncertain`] and the truth is looked up, or a person
//! decides; nothing is offered twice. Nothing leaves [`State::Sent`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lang::{Explain, Explanation, Lang, Words};
use crate::say;

/// A server's answer (RFC 5321 §4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// Its words, on one line: enhanced status code and queue id included where given.
    pub text: String,
}

impl Reply {
    /// The enhanced status code (RFC 3463) that leads the text, such as `5.1.1`, if it fits the code.
    #[must_use]
    pub fn enhanced(&self) -> Option<&str> {
        let word = self.text.split_whitespace().next()?;
        let mut parts = word.split('.');
        let class = parts.next()?.parse::<u16>().ok()?;
        let all_numbers = parts.clone().all(|part| part.parse::<u16>().is_ok());
        (parts.count() == 2 && all_numbers && class == self.code / 100).then_some(word)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// How one submission ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 2yz to the message: the server has it, and answers for it.
    Accepted(Reply),
    /// 5yz: the server has no copy and wants none.
    Refused(Reply),
    /// 4yz: the server has no copy, and may take one later.
    Deferred(Reply),
    /// This server cannot take this message (its size, international addresses): no copy.
    Impossible(Words),
    /// It broke off before the end of the message had left: no copy.
    NotStarted(Words),
    /// Silence after the end of the message had left: there may be a copy.
    Lost(Words),
}

/// How we know that a reply arrived at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The provider's answer, usually with its queue id.
    Accepted(Reply),
    /// Its Message-ID is in the Sent mailbox.
    InSentMailbox,
    /// The user says so.
    ToldByUser,
}

/// Why a reply did not go out. In each case it is certain that it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The provider refused it.
    Refused(Reply),
    /// The provider cannot take such a message.
    Impossible(Words),
    /// It was put off too often or too long; the words are the last ones heard.
    GaveUp(Words),
    /// The user says it did not arrive.
    ToldByUser,
}

/// Where one reply stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "detail", rename_all = "snake_case")]
pub enum State {
    /// Being written; nothing leaves this machine.
    Draft,
    /// A person has read exactly this and said yes; it leaves when it is due.
    Approved,
    /// Claimed: the server may or may not hold a copy.
    Sending,
    /// The provider has it.
    Sent(Proof),
    /// Silence after the end of the message, or a crash in between: it may have arrived.
    Uncertain,
    /// It did not go out, and we know why.
    Failed(Why),
    /// The user does not want to send it.
    Discarded,
    /// The mail was answered from another mail program: a second answer would be one too many.
    Retired,
}

/// What can happen to a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The user approves exactly the text that is stored.
    Approve,
    /// The user changes the text.
    Edit,
    /// The user takes the approval back.
    Undo,
    /// The user puts an approved reply off.
    Postpone,
    /// The user throws the reply away.
    Discard,
    /// The approval went stale while the machine slept: it is asked for again.
    Lapse,
    /// The outbox takes it to submit it.
    Claim,
    /// The submission ended.
    Submitted(Outcome),
    /// It has been put off for too long.
    GiveUp(Words),
    /// goen starts, and finds it like this.
    Recover,
    /// Its Message-ID was found in the Sent mailbox.
    Found,
    /// The user says that it arrived.
    Arrived,
    /// The user says that it did not arrive.
    NotArrived,
    /// The mail was answered from another mail program.
    AnsweredElsewhere,
}

/// Something that cannot happen in that state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a reply that is {} cannot be {}", state.name(), event.name())]
pub struct Illegal {
    /// Where the reply stands.
    pub state: State,
    /// What was to happen to it.
    pub event: Event,
}

impl State {
    /// The state after `event`: the only way from one to another.
    pub fn next(self, event: Event) -> Result<Self, Illegal> {
        use self::{Event as E, State as S};
        Ok(match (self, event) {
            // What the user does. A new approval after a failure is a new submission.
            (S::Draft | S::Failed(_), E::Approve) => S::Approved,
            (S::Draft | S::Approved | S::Failed(_) | S::Discarded | S::Retired, E::Edit) => {
                S::Draft
            }
            (S::Approved, E::Undo | E::Lapse) => S::Draft,
            (S::Approved, E::Postpone) => S::Approved,
            (S::Draft | S::Approved | S::Failed(_) | S::Retired, E::Discard) => S::Discarded,
            // Also an approved one: who answered from the phone does not want to answer twice. One
            // that may have left stays what it is.
            (S::Draft | S::Approved | S::Failed(_), E::AnsweredElsewhere) => S::Retired,
            // One submission.
            (S::Approved, E::Claim) => S::Sending,
            (S::Sending, E::Submitted(outcome)) => match outcome {
                Outcome::Accepted(reply) => S::Sent(Proof::Accepted(reply)),
                Outcome::Refused(reply) => S::Failed(Why::Refused(reply)),
                Outcome::Impossible(words) => S::Failed(Why::Impossible(words)),
                Outcome::Deferred(_) | Outcome::NotStarted(_) => S::Approved,
                Outcome::Lost(_) => S::Uncertain,
            },
            (S::Approved, E::GiveUp(words)) => S::Failed(Why::GaveUp(words)),
            // What a restart finds, and how the truth comes out.
            (S::Sending, E::Recover) => S::Uncertain,
            (state, E::Recover) => state,
            (S::Uncertain, E::Found) => S::Sent(Proof::InSentMailbox),
            (S::Uncertain, E::Arrived) => S::Sent(Proof::ToldByUser),
            (S::Uncertain, E::NotArrived) => S::Failed(Why::ToldByUser),
            // A second goen called it uncertain, and the user may have settled it, while the first
            // still waited for the answer. A clear yes is the truth whatever was thought before; a
            // clear no is, too, unless the reply is known to be there.
            (
                S::Uncertain | S::Failed(Why::ToldByUser) | S::Sent(_),
                E::Submitted(Outcome::Accepted(reply)),
            ) => S::Sent(Proof::Accepted(reply)),
            (S::Uncertain | S::Failed(Why::ToldByUser), E::Submitted(Outcome::Refused(reply))) => {
                S::Failed(Why::Refused(reply))
            }
            (state @ (S::Uncertain | S::Failed(Why::ToldByUser) | S::Sent(_)), E::Submitted(_)) => {
                state
            }
            (state, event) => return Err(Illegal { state, event }),
        })
    }

    /// The state's name in the store and in `--json`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Sending => "sending",
            Self::Sent(_) => "sent",
            Self::Uncertain => "uncertain",
            Self::Failed(_) => "failed",
            Self::Discarded => "discarded",
            Self::Retired => "retired",
        }
    }
}

impl Event {
    /// The event's name, as a past participle: "a reply that is sent cannot be *edited*".
    const fn name(&self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Edit => "edited",
            Self::Undo => "undone",
            Self::Postpone => "put off",
            Self::Discard => "discarded",
            Self::Lapse => "lapsed",
            Self::Claim => "claimed",
            Self::Submitted(_) => "submitted",
            Self::GiveUp(_) => "given up",
            Self::Recover => "recovered",
            Self::Found => "found in the Sent mailbox",
            Self::Arrived => "settled as arrived",
            Self::NotArrived => "settled as not arrived",
            Self::AnsweredElsewhere => "retired",
        }
    }
}

impl Explain for Illegal {
    fn explain(&self, lang: Lang) -> Explanation {
        use self::{Event as E, State as S};
        match (&self.state, &self.event) {
            (S::Sent(_), _) => Explanation::new(say!(
                lang,
                "この返信はすでに送られています",
                "this reply has already been sent"
            )),
            (S::Sending, _) => Explanation::new(say!(
                lang,
                "この返信はいま送信しているところです",
                "this reply is being sent at this moment"
            ))
            .hint(say!(
                lang,
                "終わるまで待って、goen status で確かめてください",
                "wait until it is done, then look at `goen status`"
            )),
            (S::Uncertain, _) => Explanation::new(say!(
                lang,
                "この返信は届いたかどうか分かっていません",
                "it is not known whether this reply arrived"
            ))
            .hint(say!(
                lang,
                "メールソフトの送信済みフォルダーを確かめて、goen settle で教えてください",
                "look into your mail program's Sent folder, then tell goen with `goen settle`"
            )),
            (S::Approved, E::Approve) => Explanation::new(say!(
                lang,
                "この返信はすでに承認されています",
                "this reply has already been approved"
            )),
            (S::Discarded, _) => Explanation::new(say!(
                lang,
                "この返信の下書きは破棄されています",
                "the draft of this reply was discarded"
            ))
            .hint(say!(
                lang,
                "goen review で書き直せます",
                "`goen review` lets you write a new one"
            )),
            (S::Retired, _) => Explanation::new(say!(
                lang,
                "このメールには、ほかのメールソフトから返信済みです",
                "this email was answered from another mail program"
            ))
            .hint(say!(
                lang,
                "それでも送るときは、goen review で編集（e）してから承認してください",
                "to send this reply as well, edit it in `goen review` (e), then approve it"
            )),
            (_, E::Postpone) => Explanation::new(say!(
                lang,
                "延ばせる承認がありません",
                "there is no approval to postpone"
            )),
            (_, E::Undo) => Explanation::new(say!(
                lang,
                "取り消せる承認がありません",
                "there is no approval to undo"
            )),
            (_, E::Found | E::Arrived | E::NotArrived) => Explanation::new(say!(
                lang,
                "この返信には、確かめることは残っていません",
                "there is nothing to settle about this reply"
            )),
            _ => Explanation::new(say!(
                lang,
                "この返信では、いまはできません（{self}）",
                "that cannot be done with this reply now ({self})"
            )),
        }
    }
}

impl Explain for State {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Draft => Explanation::new(say!(lang, "下書き", "draft")),
            Self::Approved => Explanation::new(say!(
                lang,
                "承認済み（送信を待っています）",
                "approved, waiting to be sent"
            )),
            Self::Sending => Explanation::new(say!(lang, "送信しています", "being sent")),
            Self::Sent(Proof::Accepted(reply)) => {
                Explanation::new(say!(lang, "送信済み：{reply}", "sent: {reply}"))
            }
            Self::Sent(Proof::InSentMailbox) => Explanation::new(say!(
                lang,
                "送信済み（送信済みフォルダーにあります）",
                "sent (it is in the Sent folder)"
            )),
            Self::Sent(Proof::ToldByUser) => Explanation::new(say!(
                lang,
                "送信済み（届いたと教えていただきました）",
                "sent (you said that it arrived)"
            )),
            Self::Uncertain => Explanation::new(say!(
                lang,
                "届いたかどうか分かりません。もう一度送ることはしていません",
                "it may or may not have arrived; goen has not sent it again"
            ))
            .hint(say!(
                lang,
                "メールソフトの送信済みフォルダーを確かめて、goen settle で教えてください",
                "look into your mail program's Sent folder, then tell goen with `goen settle`"
            )),
            Self::Failed(why) => why.explain(lang),
            Self::Discarded => Explanation::new(say!(lang, "破棄しました", "discarded")),
            Self::Retired => Explanation::new(say!(
                lang,
                "ほかのメールソフトから返信済みです",
                "answered from another mail program"
            )),
        }
    }
}

impl Explain for Why {
    fn explain(&self, lang: Lang) -> Explanation {
        let again = say!(
            lang,
            "内容を確かめて、もう一度承認すると送り直します",
            "check it; approving it again sends it again"
        );
        match self {
            Self::Refused(reply) => Explanation::new(say!(
                lang,
                "メールサーバーが受け取りませんでした：{reply}",
                "the mail server refused it: {reply}"
            ))
            .hint(refusal_hint(reply, lang).unwrap_or(again)),
            Self::Impossible(words) => Explanation::new(say!(
                lang,
                "このメールサーバーからは送れません：{words}",
                "this mail server cannot take it: {words}",
                words = words.told(lang)
            ))
            .hint(say!(
                lang,
                "文面を直してもう一度承認するか、お使いのメールソフトから送ってください",
                "change it and approve it again, or send it from your mail program"
            )),
            Self::GaveUp(words) => Explanation::new(say!(
                lang,
                "長いあいだ送れなかったため、やめました：{words}",
                "it could not be sent for a long time, so goen stopped trying: {words}",
                words = words.told(lang)
            ))
            .hint(again),
            Self::ToldByUser => Explanation::new(say!(
                lang,
                "届いていないと教えていただきました",
                "you said that it did not arrive"
            ))
            .hint(again),
        }
    }
}

/// What to do about a refusal, where its enhanced status code says (RFC 3463, IANA's registry).
fn refusal_hint(reply: &Reply, lang: Lang) -> Option<String> {
    Some(match reply.enhanced()? {
        "5.1.1" | "5.1.2" | "5.1.3" | "5.1.10" | "5.4.4" => say!(
            lang,
            "宛先のアドレスが使われていないようです。応募先の連絡先を確かめてください",
            "the address seems not to exist; check how to reach the company"
        ),
        "5.2.2" => say!(
            lang,
            "相手の受信箱がいっぱいです。日を改めて承認してください",
            "the recipient's mailbox is full; approve it again another day"
        ),
        "5.3.4" | "5.2.3" => {
            say!(lang, "大きすぎます。本文を短くしてください", "it is too large; shorten the text")
        }
        "5.7.0" | "5.7.1" | "5.7.60" => say!(
            lang,
            "このアカウントからこの差出人アドレスで送れるか、設定を確かめてください",
            "check that this account may send from this address"
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
