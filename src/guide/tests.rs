//! Guidance as a whole: everything is there, fits its place and keeps to the rules of care.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use super::*;
use crate::classify::{ApplicationResult, Evidence};
use crate::reply::advice::{Why, custom};

const STAGES: [Stage; 9] = [
    Stage::Document,
    Stage::Test,
    Stage::FirstInterview,
    Stage::SecondInterview,
    Stage::FinalInterview,
    Stage::Interview,
    Stage::Casual,
    Stage::Internship,
    Stage::Unknown,
];

static GUIDANCE: LazyLock<Guidance> = LazyLock::new(|| Guidance::built_in().unwrap());

/// What must not be said to someone who reads bad news, and what nobody wants to be told.
const FORBIDDEN: [&str; 39] = [
    "頑張",
    "がんば",
    "ガンバ",
    "ファイト",
    "応援",
    "ご縁がなかっただけ",
    "縁がなかっただけ",
    "きっと",
    "必ず",
    "次こそ",
    "チャンス",
    "前向き",
    "諦め",
    "あきらめ",
    "才能",
    "実力",
    "成長",
    "負け",
    "落ちた",
    "失敗",
    "不合格者",
    "残念",
    "大したこと",
    "！",
    "!",
    "don't give up",
    "never give up",
    "cheer",
    "stay positive",
    "bright side",
    "everything happens",
    "meant to be",
    "talent",
    "fail",
    "good luck",
    "you will get",
    "better luck",
    "keep going",
    "unfortunately",
];

fn verdict(outcome: Outcome) -> Verdict {
    let (reply, _) = custom(outcome, Stage::Document, Door::Neutral, Channel::Company);
    Verdict {
        lang: Lang::Ja,
        outcome,
        confidence: 0.99,
        stage: Stage::Document,
        company: Some("株式会社サンプル".to_owned()),
        position: None,
        wording: (outcome == Outcome::Declined).then_some(Wording::Soft),
        door: Door::Neutral,
        channel: Channel::Company,
        replyable: true,
        reply,
        evidence: Vec::new(),
        results: Vec::new(),
    }
}

fn advised(verdict: &Verdict) -> Advice {
    let (reply, why) = custom(verdict.outcome, verdict.stage, verdict.door, verdict.channel);
    Advice { reply, why, kind: None, kinds: Vec::new(), refusal: None }
}

fn guide(verdict: &Verdict, lang: Lang, reveal: Reveal, variety: u64) -> Guide {
    let reply = advised(verdict);
    GUIDANCE.guide(&Situation { verdict, lang, reveal, id: 3, variety, reply: &reply })
}

fn every_verdict() -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let long = "国立研究開発法人とても長い名前の会社ホールディングス東日本第二営業本部".repeat(4);
    for outcome in Outcome::ALL {
        for stage in STAGES {
            for wording in [None, Some(Wording::Soft), Some(Wording::Explicit)] {
                for door in [Door::Open, Door::Neutral] {
                    for channel in [Channel::Company, Channel::Agent, Channel::Platform] {
                        for company in [None, Some(long.clone())] {
                            let quote =
                                Evidence { cue: "ja/door/again".to_owned(), text: long.clone() };
                            let result = ApplicationResult {
                                company: company.clone(),
                                position: None,
                                outcome: Outcome::Declined,
                            };
                            verdicts.push(Verdict {
                                stage,
                                wording,
                                door,
                                channel,
                                position: company.clone(),
                                evidence: company.iter().map(|_| quote.clone()).collect(),
                                results: company.iter().map(|_| result.clone()).collect(),
                                company,
                                ..verdict(outcome)
                            });
                        }
                    }
                }
            }
        }
    }
    verdicts
}

#[test]
fn every_situation_has_words_that_fit_their_place_and_hurt_nobody() {
    for verdict in every_verdict() {
        let reply = advised(&verdict);
        for lang in [Lang::Ja, Lang::En] {
            for reveal in [Reveal::Full, Reveal::Company, Reveal::Discreet] {
                for variety in 0..3 {
                    let situation = Situation {
                        verdict: &verdict,
                        lang,
                        reveal,
                        id: 9_999,
                        variety,
                        reply: &reply,
                    };
                    let guide = GUIDANCE.guide(&situation);
                    assert!(
                        !guide.summary.is_empty() && !guide.body.starts_with('\n'),
                        "{situation:?}"
                    );
                    assert!(guide.page.lines().count() >= 4, "{situation:?}");
                    let wide = |text: &str| plain::columns(text).div_ceil(2);
                    assert!(wide(&guide.summary) <= SUMMARY_MAX_WIDE, "{}", guide.summary);
                    assert!(
                        wide(&guide.body) <= BODY_MAX_WIDE,
                        "{} {}",
                        wide(&guide.body),
                        guide.body
                    );
                    assert!(guide.body.ends_with("goen show 9999"), "{}", guide.body);
                    let all = [guide.summary, guide.body, guide.page].join("\n").to_lowercase();
                    for phrase in FORBIDDEN {
                        assert!(!all.contains(phrase), "{phrase:?} in {all}");
                    }
                    assert!(!all.contains('{') && !all.contains('}'), "{all}");
                }
            }
        }
    }
}

#[test]
fn a_reveal_short_of_full_shows_no_outcome() {
    for reveal in [Reveal::Company, Reveal::Discreet] {
        for lang in [Lang::Ja, Lang::En] {
            let shown: BTreeSet<(String, String)> = Outcome::ALL
                .into_iter()
                .map(|outcome| guide(&verdict(outcome), lang, reveal, 0))
                .map(|guide| (guide.summary, guide.body))
                .collect();
            assert_eq!(shown.len(), 1, "all outcomes look the same: {shown:?}");
            let names_it = shown.iter().any(|(summary, _)| summary.contains("サンプル"));
            assert_eq!(names_it, reveal == Reveal::Company);
        }
    }
}

#[test]
fn the_same_sentence_never_comes_twice_in_a_row() {
    for outcome in Outcome::ALL.into_iter().filter(|outcome| outcome.is_result()) {
        for stage in STAGES {
            let verdict = Verdict { stage, ..verdict(outcome) };
            for lang in [Lang::Ja, Lang::En] {
                for variety in 0..6 {
                    let one = guide(&verdict, lang, Reveal::Full, variety);
                    let next = guide(&verdict, lang, Reveal::Full, variety + 1);
                    assert_ne!(one.summary, next.summary, "{outcome:?} {stage:?}");
                    assert_ne!(one.body, next.body, "{outcome:?} {stage:?}");
                }
            }
        }
    }
}

#[test]
fn the_door_is_shown_in_the_mails_own_words() {
    let words = "またのご応募を心よりお待ち申し上げております。";
    let verdict = Verdict {
        door: Door::Open,
        evidence: vec![
            Evidence { cue: "ja/declined/miokuri".to_owned(), text: "見送らせて".to_owned() },
            Evidence { cue: "ja/door/again".to_owned(), text: words.to_owned() },
        ],
        ..verdict(Outcome::Declined)
    };
    assert!(guide(&verdict, Lang::Ja, Reveal::Full, 0).page.contains(words));
}

#[test]
fn guidance_of_the_users_own_takes_the_place_of_ours() {
    let text = "[[summary]]\ntexts = ['知らせ']\n[[body]]\ntexts = ['読んでください。']\n";
    let file = GuidanceFile { lang: Lang::Ja, name: "offer".to_owned(), text: text.to_owned() };
    let guidance = Guidance::load(&[file]).unwrap();
    let verdict = verdict(Outcome::Offer);
    let situation = Situation {
        verdict: &verdict,
        lang: Lang::Ja,
        reveal: Reveal::Full,
        id: 3,
        variety: 0,
        reply: &advised(&verdict),
    };
    assert_eq!(guidance.guide(&situation).body, "読んでください。\nくわしく： goen show 3");
}

#[test]
fn a_faulty_guidance_file_is_refused_with_its_name_and_the_reason() {
    let cases = [
        ("offer", "[[summary]]\ntexts = ['{nam}']\n[[body]]\ntexts = ['x']", "{nam} is not known"),
        ("offer", "[[summary]]\ntexts = ['{company}']\n[[body]]\ntexts = ['x']", "must fit always"),
        ("offer", "[[summary]]\ntexts = []\n[[body]]\ntexts = ['x']", "has no texts"),
        ("offer", "summery = 1", "unknown field"),
        ("offre", "", "no outcome has this name"),
    ];
    for (name, text, words) in cases {
        let file = GuidanceFile { lang: Lang::En, name: name.to_owned(), text: text.to_owned() };
        let error = Guidance::load(&[file]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("guidance/en/{name}.toml")), "{error}");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn what_goen_says_reads_as_it_was_reviewed() {
    let mut all = String::new();
    for (name, verdict) in reviewed() {
        for lang in [Lang::Ja, Lang::En] {
            let guide = guide(&verdict, lang, Reveal::Full, 0);
            let Guide { summary, body, page } = guide;
            let lang = lang.code();
            write!(all, "==== {name} ({lang})\n[{summary}]\n[{body}]\n\n{page}\n").unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

/// Situations that stand for all.
fn reviewed() -> Vec<(&'static str, Verdict)> {
    use Channel::{Agent, Company, Platform};
    use Door::{Neutral, Open};
    use Wording::{Explicit, Soft};

    let declined = |stage, wording, door, channel| Verdict {
        stage,
        wording: Some(wording),
        door,
        channel,
        evidence: vec![Evidence {
            cue: "ja/door/again".to_owned(),
            text: "またのご応募を心よりお待ち申し上げております。".to_owned(),
        }],
        ..verdict(Outcome::Declined)
    };
    let result = |company: &str, outcome| ApplicationResult {
        company: Some(company.to_owned()),
        position: Some("営業職".to_owned()),
        outcome,
    };
    vec![
        ("declined, documents, soft", declined(Stage::Document, Soft, Neutral, Company)),
        (
            "declined, documents, explicit, platform",
            declined(Stage::Document, Explicit, Neutral, Platform),
        ),
        (
            "declined, first interview, door open",
            declined(Stage::FirstInterview, Soft, Open, Company),
        ),
        (
            "declined, final interview, soft",
            declined(Stage::FinalInterview, Soft, Neutral, Company),
        ),
        ("declined, interview, agent", declined(Stage::Interview, Soft, Neutral, Agent)),
        (
            "declined, nothing else known",
            Verdict {
                company: None,
                wording: None,
                stage: Stage::Unknown,
                ..verdict(Outcome::Declined)
            },
        ),
        ("advanced", verdict(Outcome::Advanced)),
        ("offer", verdict(Outcome::Offer)),
        ("on hold", verdict(Outcome::OnHold)),
        ("undisclosed", verdict(Outcome::Undisclosed)),
        (
            "mixed, agent",
            Verdict {
                channel: Agent,
                results: vec![
                    result("株式会社サンプル", Outcome::Advanced),
                    result("例示商事株式会社", Outcome::Declined),
                ],
                ..verdict(Outcome::Mixed)
            },
        ),
        ("in process", verdict(Outcome::InProcess)),
        ("unsure", verdict(Outcome::Unsure)),
        ("unrelated", verdict(Outcome::Unrelated)),
    ]
}

#[test]
fn every_reason_is_told_in_both_languages() {
    let why = Why::Refused(crate::reply::advice::Refusal::SendOnly);
    let advice = Advice {
        reply: ReplyAdvice::Impossible,
        why,
        kind: None,
        kinds: Vec::new(),
        refusal: None,
    };
    assert!(advice.reason(Lang::Ja).starts_with("このメールには返信できません"));
    assert!(advice.reason(Lang::En).starts_with("This mail can't be answered"));
}
