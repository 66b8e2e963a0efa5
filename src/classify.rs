//! What a mail says about the recipient's own application, and in which words (選考結果の判定).
//!
//! Pure: mail and rules in, [`Verdict`] out. Telling someone that they were declined when they
//! were not is the worst thing this program can do, so contradiction and doubt give
//! [`Outcome::Unsure`], and a result always carries the words it rests on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::mail::Mail;
use attributes::Attributes;

mod attributes;
pub mod corrections;
mod employer;
mod grams;
mod judge;
pub mod learn;
pub mod letters;
mod model;
mod network;
mod proper;
mod question;
mod rules;
pub mod score;
mod several;
mod text;

pub use corrections::{Correction, Template};
pub use model::{Act, ModelError};
pub use rules::Rules;

/// What a mail can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 見送り・不採用: this selection ended against the recipient.
    Declined,
    /// 通過: passed a stage.
    Advanced,
    /// 内定・採用.
    Offer,
    /// 保留・補欠: waiting list, result postponed.
    OnHold,
    /// 結果公開: a result is out, but not told here.
    Undisclosed,
    /// 複数: several applications with differing outcomes; see [`Verdict::results`].
    Mixed,
    /// 選考中: the recipient's own application, but no result.
    InProcess,
    /// 判断保留: a selection mail whose evidence does not carry a verdict.
    Unsure,
    /// その他: everything else.
    Unrelated,
}

impl Outcome {
    /// All outcomes, in the order of the table in the documentation.
    pub const ALL: [Self; 9] = [
        Self::Declined,
        Self::Advanced,
        Self::Offer,
        Self::OnHold,
        Self::Undisclosed,
        Self::Mixed,
        Self::InProcess,
        Self::Unsure,
        Self::Unrelated,
    ];

    /// Whether this is a selection result (選考結果).
    #[must_use]
    pub const fn is_result(self) -> bool {
        matches!(
            self,
            Self::Declined
                | Self::Advanced
                | Self::Offer
                | Self::OnHold
                | Self::Undisclosed
                | Self::Mixed
        )
    }

    /// The name that `goen classify` prints and the store keeps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Advanced => "advanced",
            Self::Offer => "offer",
            Self::OnHold => "on_hold",
            Self::Undisclosed => "undisclosed",
            Self::Mixed => "mixed",
            Self::InProcess => "in_process",
            Self::Unsure => "unsure",
            Self::Unrelated => "unrelated",
        }
    }
}

/// The stage of the selection that a mail is about (選考段階).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 書類選考
    Document,
    /// 適性検査・筆記試験
    Test,
    /// 一次面接
    FirstInterview,
    /// 二次面接
    SecondInterview,
    /// 最終面接
    FinalInterview,
    /// 面接, which one is not said
    Interview,
    /// カジュアル面談
    Casual,
    /// インターンシップ
    Internship,
    /// Not said.
    Unknown,
}

impl Stage {
    /// All stages, in the order that they usually come in.
    pub const ALL: [Self; 9] = [
        Self::Document,
        Self::Test,
        Self::FirstInterview,
        Self::SecondInterview,
        Self::FinalInterview,
        Self::Interview,
        Self::Casual,
        Self::Internship,
        Self::Unknown,
    ];

    /// The name that the store keeps and `goen classify --json` prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Test => "test",
            Self::FirstInterview => "first_interview",
            Self::SecondInterview => "second_interview",
            Self::FinalInterview => "final_interview",
            Self::Interview => "interview",
            Self::Casual => "casual",
            Self::Internship => "internship",
            Self::Unknown => "unknown",
        }
    }
}

/// How a declined mail puts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wording {
    /// 不採用・不合格
    Explicit,
    /// 見送り・ご縁がなく
    Soft,
}

/// Whether a mail really leaves a way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Re-application or another position is really invited, or the profile is kept on file.
    Open,
    /// Nothing of the kind, or a phrase of politeness.
    Neutral,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The employer.
    Company,
    /// 転職エージェント
    Agent,
    /// A job site or applicant tracking system in its own name.
    Platform,
}

/// Whether to answer, by the custom of the language the mail is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyAdvice {
    /// Nobody reads replies at that address.
    Impossible,
    /// Silence is fine; it is the custom.
    NotNeeded,
    /// A short thanks can leave a good impression.
    Optional,
    /// An answer is expected, often within a day.
    Recommended,
}

/// Words of the mail that decided, and the cue that read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The cue's name in `config/rules`.
    pub cue: String,
    /// The words, as a reader sees them.
    pub text: String,
}

/// One application's outcome in a mail about several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationResult {
    /// The employer, as the mail states it.
    pub company: Option<String>,
    /// The position, as the mail states it.
    pub position: Option<String>,
    /// How that one ended.
    pub outcome: Outcome,
}

/// What a mail says, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The language of the mail.
    pub lang: Lang,
    /// What it is.
    pub outcome: Outcome,
    /// How sure that is, from 0 to 1.
    pub confidence: f32,
    /// The stage the mail is about.
    pub stage: Stage,
    /// The employer, as the mail states it.
    pub company: Option<String>,
    /// The position, as the mail states it.
    pub position: Option<String>,
    /// How it is put; only for [`Outcome::Declined`].
    pub wording: Option<Wording>,
    /// Whether it leaves a way back.
    pub door: Door,
    /// Who speaks.
    pub channel: Channel,
    /// Whether a reply would be read by anyone.
    pub replyable: bool,
    /// Whether to reply.
    pub reply: ReplyAdvice,
    /// The words that decided; never empty for a result.
    pub evidence: Vec<Evidence>,
    /// The single applications' outcomes; only for [`Outcome::Mixed`].
    pub results: Vec<ApplicationResult>,
    /// The correction that it follows, if it is not goen's own reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Corrected>,
}

/// What the user's word has to do with a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// Whether the user spoke of this mail, or of one that is made alike.
    pub how: How,
    /// The mail that the user corrected, by its key in the store.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// What goen reads by itself.
    pub before: Box<Verdict>,
}

/// How a correction came to hold for a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The user said so of this mail.
    Told,
    /// The user said so of a mail that is made alike.
    Learned,
}

/// What `mail` says about the recipient's own application.
///
/// `own_addresses` are the user's: mail from them decides nothing.
#[must_use]
pub fn classify(mail: &Mail, own_addresses: &[String], rules: &Rules) -> Verdict {
    classify_with(mail, own_addresses, rules, &[])
}

/// What `mail` says, and what the user's corrections teach about mails like it.
///
/// A correction changes nothing but a reading that it corrected before, and no result is learned
/// without words of the mail that may say so.
#[must_use]
pub fn classify_with(
    mail: &Mail,
    own_addresses: &[String],
    rules: &Rules,
    corrections: &[Correction],
) -> Verdict {
    let own = mail.author().is_some_and(|author| {
        own_addresses.iter().any(|address| address.eq_ignore_ascii_case(&author.addr_spec))
    });
    let reading = judge::read(mail, rules.model(mail.lang));
    let judgement = judge::judge(mail, own, &reading, rules);
    let verdict = conclude(mail, rules, &reading, judgement);
    if corrections.is_empty() || verdict.outcome == Outcome::Unrelated {
        return verdict;
    }
    learned(mail, rules, &reading, verdict, corrections)
}

/// A verdict as the corrections want it.
fn learned(
    mail: &Mail,
    rules: &Rules,
    reading: &judge::Reading,
    verdict: Verdict,
    corrections: &[Correction],
) -> Verdict {
    let template = Template::of(mail, reading, &verdict);
    let Some((correction, likeness)) = corrections::found(corrections, &template, verdict.outcome)
    else {
        return verdict;
    };
    let outcome = match correction.outcome {
        Outcome::Mixed if reading.several().is_empty() => Outcome::Unsure,
        Outcome::Mixed => Outcome::Mixed,
        wanted if wanted.is_result() && !judge::can_be(mail, wanted, reading, rules) => {
            Outcome::Unsure
        }
        wanted => wanted,
    };
    let company = correction.company.clone().filter(|_| {
        outcome != Outcome::Unrelated && corrections::names_employer(correction, &template)
    });
    let mut taught = if outcome == verdict.outcome {
        verdict.clone()
    } else {
        let judgement = judge::Judgement { outcome, confidence: likeness };
        conclude(mail, rules, reading, judgement)
    };
    taught.company = company.or(taught.company);
    if taught == verdict {
        return verdict;
    }
    taught.corrected = Some(Corrected {
        how: How::Learned,
        key: correction.key.clone(),
        at: correction.at,
        before: Box::new(verdict),
    });
    taught
}

/// What a mail is by the user's own word, which goen by itself had read as `before`; and how the mail is
/// made, for mails like it.
///
/// A result that no word of the mail states comes without evidence: it rests on the user's word.
#[must_use]
pub fn classify_as(
    mail: &Mail,
    outcome: Outcome,
    rules: &Rules,
    before: &Verdict,
) -> (Verdict, Template) {
    let reading = judge::read(mail, rules.model(mail.lang));
    let template = Template::of(mail, &reading, before);
    let judgement = judge::Judgement { outcome, confidence: 1.0 };
    let text_is_gone = mail.body.is_empty() && mail.alternative.is_empty();
    let mut verdict = if outcome == before.outcome {
        Verdict { confidence: 1.0, corrected: None, ..before.clone() }
    } else {
        let mut verdict = conclude(mail, rules, &reading, judgement);
        if text_is_gone && outcome != Outcome::Unrelated {
            verdict.stage = before.stage;
            verdict.company.clone_from(&before.company);
            verdict.position.clone_from(&before.position);
            verdict.channel = before.channel;
            verdict.replyable = before.replyable;
        }
        verdict
    };
    if outcome.is_result() && outcome != before.outcome && !judge::has_words(outcome, &reading) {
        verdict.evidence.clear();
    }
    (verdict, template)
}

/// Everything about a mail that follows from its outcome.
fn conclude(
    mail: &Mail,
    rules: &Rules,
    reading: &judge::Reading,
    judgement: judge::Judgement,
) -> Verdict {
    let outcome = judgement.outcome;
    let evidence = evidence(outcome, reading);
    let told = if outcome == Outcome::Mixed { reading.several() } else { &[] };
    let results = told.iter().map(|application| application.result.clone()).collect();
    let Attributes { stage, wording, door, channel, replyable, reply } =
        attributes::of(mail, outcome, reading, rules.model(mail.lang));
    let (company, position) = if outcome == Outcome::Unrelated {
        (None, None)
    } else {
        let model = rules.model(mail.lang);
        let position = match &reading.position {
            Some(position) => position.name.clone(),
            // The user says that it is not unrelated, as goen had read it.
            None => employer::positions(mail, model).1.name,
        };
        let company = match &reading.employers {
            Some((known, employers)) if *known == channel => employer::surest(employers),
            _ => employer::surest(&employer::employers(mail, channel, model)),
        };
        (company, position)
    };
    Verdict {
        lang: mail.lang,
        outcome,
        confidence: judgement.confidence,
        stage,
        company,
        position,
        wording,
        door,
        channel,
        replyable,
        reply,
        evidence,
        results,
        corrected: None,
    }
}

/// Most characters of a sentence that is shown as evidence.
const LONGEST_EVIDENCE: usize = 160;

/// Of the surest sentence's probability, the share from which another one is evidence, too.
const ALSO_EVIDENT: f32 = 0.5;

/// One line, as a reader sees it: where a mail program broke a Japanese line, there is no space.
fn without_breaks(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        let japanese = |end: Option<char>| end.is_some_and(text::is_japanese);
        let joined = japanese(line.chars().next_back()) && japanese(word.chars().next());
        if !joined && !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The sentences that decided, each once, in the order of the mail; at least one for a result.
fn evidence(outcome: Outcome, reading: &judge::Reading) -> Vec<Evidence> {
    let stating = Act::stating(outcome);
    let sure = |index: usize| match stating {
        Some(act) => (act, reading.probability(index, act)),
        // Of a mail with several results, or none that can be told, whatever states one.
        None => Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_result())
            .filter_map(Act::stating)
            .map(|act| (act, reading.probability(index, act)))
            .fold((Act::Plain, 0.0), |best, next| if next.1 > best.1 { next } else { best }),
    };
    if outcome == Outcome::Unrelated {
        return Vec::new();
    }
    let said: Vec<(usize, Act, f32)> = (0..reading.text.sentences.len())
        .filter(|&index| {
            reading.text.sentences.get(index).is_some_and(|s| s.place != text::Place::Signature)
        })
        .map(|index| {
            let (act, probability) = sure(index);
            (index, act, probability)
        })
        .collect();
    let surest = said.iter().map(|&(_, _, probability)| probability).fold(0.0, f32::max);
    let mut evidence: Vec<Evidence> = Vec::new();
    for (index, act, probability) in said {
        if probability < surest * ALSO_EVIDENT || probability <= 0.0 {
            continue;
        }
        let Some(sentence) = reading.text.sentences.get(index) else { continue };
        let seen = reading.text.seen(sentence.start, sentence.end);
        let text = without_breaks(seen);
        let text: String = text.chars().take(LONGEST_EVIDENCE).collect();
        if !evidence.iter().any(|known| known.text == text) {
            evidence.push(Evidence { cue: act.name().to_owned(), text });
        }
    }
    evidence
}
