//! From cues to an outcome: which words count, what they add up to, and when to abstain.

use super::Outcome;
use super::rules::{Cue, Hit, Lexicon, Points, Rules};
use super::text::{Place, Text};
use crate::lang::Lang;
use crate::mail::{Block, Mail, Role};

/// Evidence at least this strong says by itself how a selection went.
const STRONG: f32 = 1.5;

/// Least probability with which a mail is called declined: the worst error of all.
const SURE_DECLINED: f32 = 0.75;

/// The same for a mail of the plain kind ([`is_plain_refusal`]): there doubt costs more than it saves.
const SURE_DECLINED_PLAINLY: f32 = 0.50;

/// Least probability with which a mail is called a pass or an offer.
const SURE_GOOD: f32 = 0.50;

/// New text shorter than this, in bytes, may be a stub beside the real text in the other alternative.
const STUB_BYTES: usize = 200;

/// What a mail says beyond its cues: features that are learned like cues.
pub(crate) const MAIL_FEATURES: [&str; 41] = [
    "mail/always",
    "mail/list-unsubscribe",
    "mail/bulk",
    "mail/auto-submitted",
    "mail/noreply",
    "mail/answer",
    "mail/own",
    "mail/attachment",
    "mail/passed-on",
    "mail/no-evidence",
    "mail/weak-evidence-only",
    "mail/no-application",
    "mail/no-hiring",
    "mail/hiring-sender",
    "mail/passed-for-sender",
    "mail/to-nobody",
    "only/declined",
    "only/advanced",
    "only/offer",
    "only/on_hold",
    "only/undisclosed",
    "last/declined",
    "last/advanced",
    "last/offer",
    "last/on_hold",
    "last/undisclosed",
    "with/declined+advanced",
    "with/declined+offer",
    "with/declined+on_hold",
    "with/declined+undisclosed",
    "with/advanced+offer",
    "with/advanced+undisclosed",
    "many/declined",
    "many/advanced",
    "many/offer",
    "firm/declined",
    "firm/advanced",
    "firm/offer",
    "firm/on_hold",
    "supposed/declined",
    "supposed/advanced",
];

/// How a feature of the mail counts before anything is learned.
fn prior_of_mail_feature(name: &str) -> Points {
    //            declined advanced offer on_hold undisclosed mixed in_process unsure unrelated
    match name {
        "mail/always" => [0.0, 0.0, 0.0, 0.0, 0.0, -2.0, 0.4, -1.0, 0.3],
        "mail/list-unsubscribe" => [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.2],
        "mail/bulk" => [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.8],
        "mail/answer" => [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0, -0.6],
        "mail/own" => [-6.0, -6.0, -6.0, -6.0, -6.0, -6.0, -2.0, -2.0, 4.0],
        "mail/no-evidence" => [-2.0, -2.0, -2.0, -2.0, -2.0, -2.0, 1.2, 0.0, 1.0],
        "mail/weak-evidence-only" => [-0.5, -0.5, -0.5, -0.5, -0.5, 0.0, 0.5, 0.4, 0.3],
        "mail/no-application" => [-0.6, -0.6, -0.6, -0.4, -0.4, -0.4, -1.2, 0.0, 1.2],
        "mail/no-hiring" => [-0.5, -0.5, -0.5, -0.5, -0.5, 0.0, -0.8, 0.0, 0.8],
        "mail/hiring-sender" => [0.4, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4, 0.2, -1.8],
        "mail/passed-for-sender" => [-3.0, -2.0, -2.0, -2.0, 0.0, 0.0, -0.5, 0.0, 3.0],
        "mail/to-nobody" => [0.0, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        "only/declined" => [1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "only/advanced" => [0.0, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "only/offer" => [0.0, 0.0, 1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "only/on_hold" => [0.0, 0.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0],
        "only/undisclosed" => [0.0, 0.0, 0.0, 0.0, 1.2, 0.0, 0.0, 0.0, 0.0],
        "firm/declined" => [1.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "firm/advanced" => [0.0, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "firm/offer" => [0.0, 0.0, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "firm/on_hold" => [0.0, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0],
        "last/declined" => [0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "last/advanced" => [0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "last/offer" => [0.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "with/declined+offer" => [-0.8, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0],
        "with/declined+on_hold" => [-1.5, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0],
        "with/declined+advanced" => [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0],
        "with/declined+undisclosed" => [-0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        "with/advanced+offer" => [0.0, -0.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "with/advanced+undisclosed" => [0.0, -0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        _ => Points::default(),
    }
}

/// How a feature is called in the file of weights.
pub(crate) fn feature_names(lexicon: &Lexicon, lang: Lang) -> Vec<String> {
    let lang = lang.code();
    let mut names = Vec::new();
    for cue in &lexicon.cues {
        for form in ["", "@subject", "@supposed"] {
            names.push(format!("{lang}/{}{form}", cue.name));
        }
    }
    names.extend(MAIL_FEATURES.iter().map(|name| format!("{lang}/{name}")));
    names
}

/// What each feature adds to each outcome before anything is learned, in the order of [`feature_names`].
pub(crate) fn priors(lexicon: &Lexicon) -> Vec<Points> {
    let mut all = Vec::new();
    for cue in &lexicon.cues {
        let topic = cue.name.starts_with("other/");
        all.push(if topic { cue.points.map(|value| value * 0.4) } else { cue.points });
        all.push(if topic { cue.points } else { cue.points.map(|value| value * 0.5) });
        all.push(Points::default());
    }
    all.extend(MAIL_FEATURES.iter().map(|name| prior_of_mail_feature(name)));
    all
}

/// What was read in a mail.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) text: Text,
    pub(crate) hits: Vec<Hit>,
    /// Indices of the features that are there, each once.
    pub(crate) features: Vec<usize>,
}

/// Reads the text and the headers of a mail.
pub(crate) fn read(mail: &Mail, own: bool, rules: &Rules) -> Reading {
    let text = text_of(mail);
    let lexicon = rules.lexicon(mail.lang);
    let hits = lexicon.hits(&text);
    let features = features(mail, own, &hits, lexicon);
    Reading { text, hits, features }
}

/// The alternative that says something: "please use another program" over a letter in HTML does not.
fn told_body(mail: &Mail) -> &[Block] {
    let length = |blocks: &[Block]| {
        let new = blocks.iter().filter(|block| block.role == Role::New);
        new.map(|block| block.text.trim().len()).sum::<usize>()
    };
    let told = length(&mail.body);
    if told < STUB_BYTES && length(&mail.alternative) > 2 * told {
        &mail.alternative
    } else {
        &mail.body
    }
}

fn text_of(mail: &Mail) -> Text {
    let mut text = Text::default();
    text.push(strip_reply_prefix(&mail.subject), Place::Subject, mail.lang);
    let answer = is_answer(mail);
    let body = told_body(mail);
    let has_new = body.iter().any(|block| block.role == Role::New && !block.text.trim().is_empty());
    text.push_blocks(body, mail.lang, |role| match role {
        Role::New => Some(Place::New),
        // Below an answer, the words "passed on" are the mail that is answered.
        Role::Forwarded if answer && has_new => Some(Place::Quoted),
        Role::Forwarded => Some(Place::Passed),
        Role::Quoted => Some(Place::Quoted),
        Role::Signature => Some(Place::Signature),
    });
    for attached in mail.attached.iter().take(3) {
        text.push(&attached.subject, Place::Passed, attached.lang);
        text.push_blocks(&attached.body, attached.lang, |role| {
            (role == Role::New).then_some(Place::Passed)
        });
    }
    text
}

fn strip_reply_prefix(subject: &str) -> &str {
    let mut subject = subject.trim();
    loop {
        let Some(head) = subject.get(..3) else { return subject };
        if !(head.eq_ignore_ascii_case("re:")
            || head.eq_ignore_ascii_case("fw:")
            || head.eq_ignore_ascii_case("fwd"))
        {
            return subject;
        }
        let Some((_, rest)) = subject.split_once(':') else { return subject };
        subject = rest.trim_start();
    }
}

/// The mail answers another.
pub(crate) fn is_answer(mail: &Mail) -> bool {
    !mail.in_reply_to.is_empty()
        || mail.subject.trim_start().get(..3).is_some_and(|head| head.eq_ignore_ascii_case("re:"))
}

/// The hits that count: the author's new words, and words passed on where the new ones give no result.
/// Where a decision is stated in so many words, loose evidence of another one is dropped.
pub(crate) fn pool<'a>(hits: &'a [Hit], lexicon: &Lexicon) -> Vec<&'a Hit> {
    let cue = |hit: &Hit| lexicon.cues.get(hit.cue);
    let strong_new = hits.iter().any(|hit| {
        hit.place == Place::New
            && !hit.supposed
            && cue(hit).is_some_and(|cue| {
                cue.outcome.is_some() && strength(cue.outcome, &cue.points) >= STRONG
            })
    });
    // Quoted words are the past, but tell what is being answered.
    let counts = |hit: &Hit| match hit.place {
        Place::Subject | Place::New => true,
        Place::Passed => !strong_new,
        Place::Quoted => cue(hit).is_some_and(|cue| cue.name.starts_with("quoted/")),
        Place::Signature => false,
    };
    // An offer taken back is told with all the words of the offer.
    let taken_back = hits.iter().any(|hit| {
        counts(hit)
            && !hit.supposed
            && hit.place != Place::Subject
            && cue(hit).is_some_and(|cue| {
                matches!(cue.name.as_str(), "declined/offer-withdrawn" | "declined/offer-rescinded")
            })
    });
    let firm: Vec<Outcome> = hits
        .iter()
        .filter(|hit| counts(hit) && !hit.supposed && hit.place != Place::Subject)
        .filter_map(|hit| cue(hit).filter(|cue| cue.firm).and_then(|cue| cue.outcome))
        .collect();
    hits.iter()
        .filter(|hit| counts(hit))
        .filter(|hit| {
            let Some(cue) = cue(hit) else { return false };
            if taken_back && matches!(cue.outcome, Some(Outcome::Offer | Outcome::Advanced)) {
                return false;
            }
            firm.is_empty()
                || hit.supposed
                || cue.outcome.is_none_or(|outcome| cue.firm || firm.contains(&outcome))
        })
        .collect()
}

fn strength(outcome: Option<Outcome>, points: &Points) -> f32 {
    outcome.and_then(|outcome| points.get(outcome as usize).copied()).unwrap_or(0.0)
}

const KINDS: [Outcome; 5] =
    [Outcome::Declined, Outcome::Advanced, Outcome::Offer, Outcome::OnHold, Outcome::Undisclosed];

/// The evidence of a mail, counted by kind.
#[derive(Debug, Default)]
struct Tally {
    strong: [usize; 5],
    firm: [bool; 5],
    supposed: [bool; 5],
    /// The kind of the last strong evidence of the body.
    last: Option<usize>,
    weak: bool,
    application: bool,
    hiring: bool,
}

impl Tally {
    fn count(&mut self, hit: &Hit, cue: &Cue) {
        self.hiring |= cue.name == "own/hiring-nouns";
        self.application |= cue.name.starts_with("own/") || cue.name.starts_with("process/");
        let kind = cue.outcome.and_then(|outcome| KINDS.iter().position(|&kind| kind == outcome));
        let Some(kind) = kind else { return };
        let in_body = hit.place != Place::Subject;
        if hit.supposed {
            set(&mut self.supposed, kind);
            return;
        }
        if cue.firm && in_body {
            set(&mut self.firm, kind);
        }
        if strength(cue.outcome, &cue.points) >= STRONG {
            if let Some(slot) = self.strong.get_mut(kind) {
                *slot += 1;
            }
            if in_body {
                self.last = Some(kind);
            }
        } else {
            self.weak = true;
        }
    }

    /// Names of the features that the evidence makes.
    fn features(&self) -> Vec<String> {
        let mut names = Vec::new();
        let kinds = self.strong.iter().filter(|&&count| count > 0).count();
        if kinds == 0 {
            let none = if self.weak { "mail/weak-evidence-only" } else { "mail/no-evidence" };
            names.push(none.to_owned());
        }
        for (kind, &count) in self.strong.iter().enumerate() {
            let Some(name) = KINDS.get(kind).map(|kind| kind.name()) else { continue };
            for (there, feature) in [
                (self.firm.get(kind) == Some(&true), "firm"),
                (count > 0 && kinds == 1, "only"),
                (count > 1, "many"),
                (self.last == Some(kind) && kinds > 1, "last"),
                (self.supposed.get(kind) == Some(&true), "supposed"),
            ] {
                if there {
                    names.push(format!("{feature}/{name}"));
                }
            }
            for (other, &others) in self.strong.iter().enumerate().skip(kind + 1) {
                if count > 0
                    && others > 0
                    && let Some(other) = KINDS.get(other)
                {
                    names.push(format!("with/{name}+{}", other.name()));
                }
            }
        }
        names
    }
}

fn set(flags: &mut [bool; 5], kind: usize) {
    if let Some(flag) = flags.get_mut(kind) {
        *flag = true;
    }
}

fn features(mail: &Mail, own: bool, hits: &[Hit], lexicon: &Lexicon) -> Vec<usize> {
    let mut features = Vec::new();
    let counted = pool(hits, lexicon);
    let mut tally = Tally::default();
    for hit in &counted {
        let Some(cue) = lexicon.cues.get(hit.cue) else { continue };
        let form = if cue.name.starts_with("other/") {
            // A topic of its own shows more than once, or in the subject.
            let again = counted.iter().filter(|other| other.cue == hit.cue).take(2).count() > 1;
            usize::from(again || hit.place == Place::Subject)
        } else {
            match (hit.supposed, hit.place) {
                (true, _) => 2,
                (false, Place::Subject) => 1,
                (false, _) => 0,
            }
        };
        features.push(hit.cue * 3 + form);
        tally.count(hit, cue);
    }
    let base = lexicon.cues.len() * 3;
    let mut mark = |name: &str| {
        if let Some(index) = MAIL_FEATURES.iter().position(|&feature| feature == name) {
            features.push(base + index);
        }
    };
    mark("mail/always");
    let marks = &mail.marks;
    for (there, name) in [
        (marks.list_unsubscribe, "mail/list-unsubscribe"),
        (marks.bulk || marks.list, "mail/bulk"),
        (marks.auto_submitted, "mail/auto-submitted"),
        (super::attributes::sender_refuses_replies(mail), "mail/noreply"),
        (is_answer(mail), "mail/answer"),
        (own, "mail/own"),
        (!mail.attachments.is_empty(), "mail/attachment"),
        (!mail.attached.is_empty(), "mail/passed-on"),
        (!tally.application, "mail/no-application"),
        (!tally.hiring, "mail/no-hiring"),
        (hiring_sender(mail), "mail/hiring-sender"),
        (passed_for_sender(mail), "mail/passed-for-sender"),
        (mail.to.is_empty(), "mail/to-nobody"),
    ] {
        if there {
            mark(name);
        }
    }
    for name in tally.features() {
        mark(&name);
    }
    features.sort_unstable();
    features.dedup();
    features
}

/// The sender's name or address is that of a department that hires.
fn hiring_sender(mail: &Mail) -> bool {
    let Some(author) = mail.author() else { return false };
    let name = author.name.as_deref().unwrap_or("").to_lowercase();
    let address = author.addr_spec.to_ascii_lowercase();
    [
        "採用",
        "人事",
        "新卒",
        "人財",
        "キャリア",
        "転職",
        "recruit",
        "hiring",
        "talent",
        "careers",
        "personnel",
        "human resources",
        "hr ",
        "people team",
    ]
    .iter()
    .any(|word| name.contains(word))
        || [
            "saiyo",
            "jinji",
            "recruit",
            "career",
            "talent",
            "hiring",
            "shinsotsu",
            "resourcing",
            "personnel",
        ]
        .iter()
        .any(|word| address.contains(word))
        || address.starts_with("hr@")
        || address.starts_with("jobs@")
}

/// The words passed on were written to the one who passes them on, not to the recipient: a friend's mail.
fn passed_for_sender(mail: &Mail) -> bool {
    let (Some(author), Some(recipient)) = (mail.author(), mail.to.first()) else { return false };
    let mut passed: String = mail
        .body
        .iter()
        .filter(|block| block.role == Role::Forwarded)
        .map(|block| block.text.as_str())
        .collect();
    for attached in &mail.attached {
        passed.extend(attached.to.iter().map(|address| address.addr_spec.as_str()));
        passed.extend(attached.body.iter().map(|block| block.text.as_str()));
    }
    if passed.is_empty() {
        return false;
    }
    let mentioned = |address: &crate::mail::Address| {
        let names = address.name.as_deref().unwrap_or("");
        passed.contains(&address.addr_spec)
            || names.split([' ', '\u{3000}', '(', '(', '/', '|', ',', '"']).any(|name| {
                name.chars().count() >= if name.is_ascii() { 3 } else { 2 } && passed.contains(name)
            })
    };
    mentioned(author) && !mentioned(recipient)
}

/// An outcome with its probability.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judgement {
    pub(crate) outcome: Outcome,
    pub(crate) confidence: f32,
}

/// Which outcomes the mail has words for; the others are only possible where no words are needed.
pub(crate) fn possible(hits: &[Hit], lexicon: &Lexicon) -> [bool; Outcome::ALL.len()] {
    let counted = pool(hits, lexicon);
    Outcome::ALL.map(|outcome| match outcome {
        // Told by its structure, see `digest`.
        Outcome::Mixed => false,
        outcome if outcome.is_result() => counted.iter().any(|hit| {
            !hit.supposed
                && lexicon.cues.get(hit.cue).is_some_and(|cue| cue.outcome == Some(outcome))
        }),
        _ => true,
    })
}

/// Whoever hires writes of an application and refuses it in so many words, and nothing in the mail
/// says anything else: no other result, nothing supposed, no topic or turn that speaks against it.
fn is_plain_refusal(reading: &Reading, lexicon: &Lexicon) -> bool {
    let base = lexicon.cues.len() * 3;
    let has = |name: &str| {
        let index = MAIL_FEATURES.iter().position(|&feature| feature == name);
        index.is_some_and(|index| reading.features.binary_search(&(base + index)).is_ok())
    };
    let wanted = ["mail/hiring-sender", "only/declined", "firm/declined"];
    let unwanted =
        ["mail/no-application", "mail/no-hiring", "mail/passed-on", "mail/answer", "mail/own"];
    let against = |hit: &Hit| {
        let cue = lexicon.cues.get(hit.cue);
        hit.supposed
            || cue.is_some_and(|cue| cue.points.first().is_some_and(|points| *points < 0.0))
    };
    wanted.into_iter().all(has)
        && !unwanted.into_iter().any(has)
        && !reading.hits.iter().any(against)
}

/// Adds up the features and applies the gates.
pub(crate) fn judge(reading: &Reading, lang: Lang, rules: &Rules) -> Judgement {
    let mut scores = Points::default();
    for &feature in &reading.features {
        if let Some(points) = rules.points(lang, feature) {
            for (score, value) in scores.iter_mut().zip(points) {
                *score += value;
            }
        }
    }
    // A result needs words of the mail that say so.
    for (score, possible) in scores.iter_mut().zip(possible(&reading.hits, rules.lexicon(lang))) {
        if !possible {
            *score = f32::NEG_INFINITY;
        }
    }
    let probabilities = softmax(&scores);
    let (best, confidence) =
        probabilities.iter().enumerate().fold((0, 0.0_f32), |(best, highest), (index, &value)| {
            if value > highest { (index, value) } else { (best, highest) }
        });
    let outcome = Outcome::ALL.get(best).copied().unwrap_or(Outcome::Unsure);
    let least = match outcome {
        Outcome::Declined if is_plain_refusal(reading, rules.lexicon(lang)) => {
            SURE_DECLINED_PLAINLY
        }
        Outcome::Declined => SURE_DECLINED,
        Outcome::Advanced | Outcome::Offer => SURE_GOOD,
        _ => 0.0,
    };
    if confidence < least {
        return Judgement { outcome: Outcome::Unsure, confidence: 1.0 - confidence };
    }
    Judgement { outcome, confidence }
}

/// The mail is about other people's applications, or an advert: no summary of the recipient's own.
pub(crate) fn of_others(reading: &Reading, lexicon: &Lexicon) -> bool {
    reading.hits.iter().any(|hit| {
        hit.place != Place::Quoted
            && lexicon.cues.get(hit.cue).is_some_and(|cue| {
                matches!(
                    cue.name.as_str(),
                    "other/recruiter-side"
                        | "other/reviews"
                        | "other/friend"
                        | "other/network-digest"
                        | "other/ceremony"
                )
            })
    })
}

/// The mail has evidence of more than one result.
pub(crate) fn differs(reading: &Reading, lexicon: &Lexicon) -> bool {
    let mut first = None;
    reading.hits.iter().filter(|hit| hit.place == Place::New).any(|hit| {
        let outcome = lexicon.cues.get(hit.cue).and_then(|cue| cue.outcome);
        outcome.is_some() && *first.get_or_insert(outcome) != outcome
    })
}

/// The other alternative of the mail, or its subject, states another result in so many words.
pub(crate) fn contradicted(
    mail: &Mail,
    judgement: Judgement,
    reading: &Reading,
    rules: &Rules,
) -> bool {
    let opposed = |other: Outcome| {
        let good = |outcome: Outcome| matches!(outcome, Outcome::Advanced | Outcome::Offer);
        (judgement.outcome == Outcome::Declined && good(other))
            || (good(judgement.outcome) && other == Outcome::Declined)
    };
    let lexicon = rules.lexicon(mail.lang);
    let firm = |hits: &[Hit]| -> Vec<Outcome> {
        hits.iter()
            .filter(|hit| !hit.supposed)
            .filter_map(|hit| {
                lexicon.cues.get(hit.cue).filter(|cue| cue.firm).and_then(|cue| cue.outcome)
            })
            .collect()
    };
    // A template whose fields were never filled in says everything at once.
    let unfilled = mail.body.iter().any(|block| {
        block.role == Role::New
            && ["{{", "{%", "<%", "[[", "${"].iter().any(|field| block.text.contains(field))
    });
    if unfilled && judgement.outcome != Outcome::Unrelated {
        return true;
    }
    if !matches!(judgement.outcome, Outcome::Declined | Outcome::Advanced | Outcome::Offer) {
        return false;
    }
    // Only an alternative that says the opposite and not the same contradicts.
    let mut alternative = Text::default();
    alternative.push_blocks(&mail.alternative, mail.lang, |role| {
        (role == Role::New).then_some(Place::New)
    });
    let said = firm(&lexicon.hits(&alternative));
    let contradicts =
        said.iter().any(|&outcome| opposed(outcome)) && !said.contains(&judgement.outcome);
    // A subject "passed" over a body that declines: somebody took the wrong template.
    let subject = reading.hits.iter().filter(|hit| hit.place == Place::Subject);
    let said = firm(&subject.copied().collect::<Vec<_>>());
    let corrected = [
        "訂正",
        "誤",
        "お詫び",
        "correct",
        "Correct",
        "CORRECT",
        "ignore",
        "Re:",
        "RE:",
        "再度",
        "繰上",
        "変更",
    ]
    .iter()
    .any(|word| mail.subject.contains(word));
    contradicts
        || (!corrected
            && said.iter().any(|&outcome| opposed(outcome) && outcome != Outcome::Offer)
            && !said.contains(&judgement.outcome))
}

/// Scores as probabilities.
pub(crate) fn softmax(scores: &Points) -> Points {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut probabilities = scores.map(|score| (score - highest).exp());
    let sum: f32 = probabilities.iter().sum();
    for probability in &mut probabilities {
        *probability /= sum;
    }
    probabilities
}
