//! What else a mail says: stage, wording, door, channel, and whether to reply.

use super::judge::Reading;
use super::rules::{Hit, Lexicon};
use super::text::Place;
use super::{Channel, Door, Outcome, ReplyAdvice, Stage, Wording};
use crate::lang::Lang;
use crate::mail::Mail;

/// The sender's address says that nobody reads replies.
pub(crate) fn sender_refuses_replies(mail: &Mail) -> bool {
    let target = mail.reply_to.first().or_else(|| mail.author());
    target.is_some_and(|address| {
        let plain: String = address
            .addr_spec
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|character| character.to_ascii_lowercase())
            .collect();
        ["noreply", "donotreply", "norep", "dontreply", "mailerdaemon"]
            .iter()
            .any(|name| plain.contains(name))
    })
}

/// The hits of cues that tell the attribute `what`, with its value.
fn telling<'a>(
    reading: &'a Reading,
    lexicon: &'a Lexicon,
    what: &'a str,
) -> impl Iterator<Item = (&'a Hit, &'a str)> {
    reading.hits.iter().filter_map(move |hit| {
        let (name, value) = lexicon.cues.get(hit.cue)?.sets.as_ref()?;
        (name == what).then_some((hit, value.as_str()))
    })
}

/// Whether a reply would be read by anyone.
pub(crate) fn replyable(mail: &Mail, reading: &Reading, lexicon: &Lexicon) -> bool {
    let said = telling(reading, lexicon, "replyable")
        .any(|(hit, _)| matches!(hit.place, Place::New | Place::Signature));
    !(said || sender_refuses_replies(mail))
}

/// How a declined mail puts it.
pub(crate) fn wording(reading: &Reading, lexicon: &Lexicon) -> Wording {
    let explicit = telling(reading, lexicon, "wording")
        .any(|(hit, _)| matches!(hit.place, Place::Subject | Place::New | Place::Passed));
    if explicit { Wording::Explicit } else { Wording::Soft }
}

/// Whether a mail really leaves a way back.
pub(crate) fn door(outcome: Outcome, reading: &Reading, lexicon: &Lexicon) -> Door {
    let matters = matches!(outcome, Outcome::Declined | Outcome::OnHold);
    let open = telling(reading, lexicon, "door")
        .any(|(hit, _)| matches!(hit.place, Place::New | Place::Passed));
    if matters && open { Door::Open } else { Door::Neutral }
}

/// Who speaks.
pub(crate) fn channel(
    mail: &Mail,
    outcome: Outcome,
    reading: &Reading,
    lexicon: &Lexicon,
) -> Channel {
    let name = mail.author().and_then(|author| author.name.clone()).unwrap_or_default();
    // Of the domain the part that is bought: "jobs.acme.example" is no job site.
    let domain = mail.author().map(crate::mail::Address::domain).unwrap_or_default();
    let bought =
        domain.rsplit('.').find(|label| label.len() > 3 && *label != "example").unwrap_or("");
    let tail: String = mail
        .body
        .last()
        .map_or("", |block| block.text.as_str())
        .chars()
        .rev()
        .take(160)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    // A hiring department speaks for an employer, whatever tool it writes with.
    let department = [
        "採用",
        "人事",
        "新卒",
        "総務",
        "人材開発",
        "HR",
        "Talent",
        "recruit",
        "Recruitment",
        "Recruiting",
        "Resourcing",
        "Hiring",
        "Careers",
        "Campus",
    ]
    .iter()
    .any(|word| name.contains(word));
    let english = mail.lang == Lang::En;
    let named = |words: &[&str], domains: &[&str]| {
        3 * usize::from(!department && words.iter().any(|word| name.contains(word)))
            + 2 * usize::from(domains.iter().any(|word| bought.contains(word)))
            + usize::from(words.iter().any(|word| tail.contains(word)))
    };
    let said = |value: &str| {
        let mut sentences: Vec<usize> = telling(reading, lexicon, "channel")
            .filter(|(hit, told)| {
                *told == value
                    && matches!(hit.place, Place::Subject | Place::New | Place::Signature)
            })
            .map(|(hit, _)| hit.sentence)
            .collect();
        sentences.dedup();
        sentences.len()
    };
    // In English "job" names job sites, in Japanese agents.
    let job = 2 * usize::from(bought.contains("job"));
    let agent = named(AGENT_NAMES, AGENT_DOMAINS) + said("agent") + if english { 0 } else { job };
    let platform =
        named(PLATFORM_NAMES, PLATFORM_DOMAINS) + said("platform") + if english { job } else { 0 };
    let needed = if department {
        4
    } else if outcome == Outcome::Unrelated {
        3
    } else {
        2
    };
    if platform >= needed.max(agent) && platform > 1 {
        Channel::Platform
    } else if agent >= needed {
        Channel::Agent
    } else {
        Channel::Company
    }
}

/// Parts of names that recruiting agents give themselves.
const AGENT_NAMES: &[&str] = &[
    "エージェント",
    "キャリア",
    "人材",
    "リクルート",
    "リクルーティング",
    "スタッフ",
    "転職支援",
    "転職サービス",
    "アドバイザ",
    "パートナーズ",
    "エグゼクティブ",
    "ヘッドハント",
    "ジョブズ",
    "派遣",
    "有料職業紹介",
    "Recruiting",
    "Staffing",
    "Recruitment",
    "Search",
    "Placement",
];

/// Parts of domains that recruiting agents buy.
const AGENT_DOMAINS: &[&str] = &[
    "agent",
    "career",
    "recruit",
    "staff",
    "search",
    "placement",
    "jinzai",
    "haken",
    "talent",
    "selection",
    "headhunt",
    "executive",
    "people",
    "partners",
    "personal",
];

/// Parts of names that job sites and tracking systems give themselves.
const PLATFORM_NAMES: &[&str] = &[
    "ナビ",
    "就活",
    "シューカツ",
    "転職サイト",
    "求人",
    "スカウト",
    "逆求人",
    "オファー",
    "アラート",
    "運営",
    "サポート",
    "町内会",
    "ジョブ",
];

/// Parts of domains that job sites buy.
const PLATFORM_DOMAINS: &[&str] = &[
    "navi",
    "shukatsu",
    "scout",
    "offer",
    "jobberly",
    "kyujin",
    "assess",
    "testwell",
    "selectright",
];

/// The stage that a mail is about.
pub(crate) fn stage(outcome: Outcome, reading: &Reading, lexicon: &Lexicon) -> Stage {
    if matches!(outcome, Outcome::Unrelated | Outcome::Mixed) {
        return Stage::Unknown;
    }
    let decisive = |hit: &Hit| reading.states(hit.sentence, outcome);
    // Words of the stage inside an invitation, or inside the refusal of one, name the stage to come.
    let to_come = |hit: &Hit| {
        reading.hits.iter().any(|other| {
            other.sentence == hit.sentence
                && other.start <= hit.start
                && hit.end <= other.end
                && lexicon.cues.get(other.cue).is_some_and(|cue| {
                    matches!(
                        cue.name.as_str(),
                        "advanced/invited"
                            | "advanced/called"
                            | "advanced/next-round"
                            | "advanced/arrange"
                            | "declined/no-next"
                            | "declined/not-proceed"
                    ) && (outcome != Outcome::InProcess)
                })
        })
    };
    let mut scores: Vec<(Stage, i32, bool)> = Vec::new();
    for (hit, value) in telling(reading, lexicon, "stage") {
        let Some(stage) = stage_named(value) else { continue };
        let place = match hit.place {
            Place::Subject => 4,
            Place::New | Place::Passed => 2,
            Place::Quoted => 1,
            Place::Signature => continue,
        };
        let mut weight = place + 3 * i32::from(decisive(hit));
        // What is told in particular outweighs "interview" and "application".
        weight += match stage {
            Stage::Interview => 1,
            Stage::Document => 0,
            _ => 3,
        };
        let coming = to_come(hit);
        match scores
            .iter_mut()
            .find(|(known, _, known_coming)| *known == stage && *known_coming == coming)
        {
            Some((_, score, _)) => *score = (*score).max(weight) + 1,
            None => scores.push((stage, weight, coming)),
        }
    }
    let best = |coming: bool| {
        scores
            .iter()
            .filter(|(_, _, is)| *is == coming)
            .max_by_key(|(_, score, _)| *score)
            .map(|&(stage, _, _)| stage)
    };
    match (best(false), best(true)) {
        (Some(stage), next) => {
            match (stage, next) {
                // "Interview" alone, with the one to come in particular: the one before it.
                (Stage::Interview | Stage::Document, Some(next))
                    if before(next) != Stage::Unknown && outcome == Outcome::Advanced =>
                {
                    before(next)
                }
                (stage, _) => stage,
            }
        }
        (None, Some(next)) => before(next),
        (None, None) => Stage::Unknown,
    }
}

/// The stage that comes before one.
const fn before(stage: Stage) -> Stage {
    match stage {
        Stage::FirstInterview | Stage::Test => Stage::Document,
        Stage::SecondInterview => Stage::FirstInterview,
        Stage::FinalInterview => Stage::SecondInterview,
        Stage::Interview => Stage::Document,
        _ => Stage::Unknown,
    }
}

fn stage_named(name: &str) -> Option<Stage> {
    Some(match name {
        "document" => Stage::Document,
        "test" => Stage::Test,
        "first_interview" => Stage::FirstInterview,
        "second_interview" => Stage::SecondInterview,
        "final_interview" => Stage::FinalInterview,
        "interview" => Stage::Interview,
        "casual" => Stage::Casual,
        "internship" => Stage::Internship,
        _ => return None,
    })
}

/// Everything that the advice on replying rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    pub(crate) outcome: Outcome,
    pub(crate) stage: Stage,
    pub(crate) door: Door,
    pub(crate) channel: Channel,
    pub(crate) replyable: bool,
}

/// Whether to reply, by the custom of the language the mail is in.
pub(crate) fn reply(
    situation: Situation,
    lang: Lang,
    reading: &Reading,
    lexicon: &Lexicon,
) -> ReplyAdvice {
    let asked = || {
        reading.hits.iter().any(|hit| {
            hit.place == Place::New
                && lexicon.cues.get(hit.cue).is_some_and(|cue| {
                    matches!(
                        cue.name.as_str(),
                        "advanced/arrange" | "process/ask-documents" | "reply/asked"
                    )
                })
        })
    };
    if situation.outcome == Outcome::Unrelated {
        return ReplyAdvice::NotNeeded;
    }
    if !situation.replyable {
        return ReplyAdvice::Impossible;
    }
    match situation.outcome {
        Outcome::Advanced | Outcome::Offer | Outcome::Mixed => ReplyAdvice::Recommended,
        Outcome::InProcess if asked() => ReplyAdvice::Recommended,
        Outcome::InProcess | Outcome::Undisclosed => ReplyAdvice::NotNeeded,
        Outcome::Declined => {
            let met = !matches!(
                situation.stage,
                Stage::Document | Stage::Test | Stage::Internship | Stage::Unknown
            );
            let personal = situation.channel == Channel::Agent || situation.door == Door::Open;
            if met || personal || (lang == Lang::Ja && situation.stage == Stage::Unknown) {
                ReplyAdvice::Optional
            } else {
                ReplyAdvice::NotNeeded
            }
        }
        _ => ReplyAdvice::Optional,
    }
}
