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
        corrected: None,
    }
}

fn advised(verdict: &Verdict) -> Advice {
    let (reply, why) = custom(verdict.outcome, verdict.stage, verdict.door, verdict.channel);
    Advice { reply, why, kind: None, kinds: Vec::new(), refusal: None }
}

fn guide(verdict: &Verdict, lang: Lang, reveal: Reveal, variety: u64) -> Guide {
    guide_in(&Context::default(), verdict, lang, reveal, variety)
}

fn guide_in(
    context: &Context,
    verdict: &Verdict,
    lang: Lang,
    reveal: Reveal,
    variety: u64,
) -> Guide {
    let reply = advised(verdict);
    GUIDANCE.guide(&Situation { verdict, lang, reveal, id: 3, variety, reply: &reply, context })
}

/// What can be known beside a mail: each alone, and much at once.
fn every_context(outcome: Outcome) -> Vec<Context> {
    use Purpose::{Answer, Appointment, Dates, Result, Submit};

    let dated = |purpose| Dated {
        purpose,
        at: Moment {
            day: jiff::civil::date(2026, 12, 31),
            time: Some(jiff::civil::time(23, 59, 0, 0)),
        },
        quote: "12月31日（木）23:59までに、ご返信くださいますようお願い申し上げます。".to_owned(),
    };
    let next =
        vec!["質問には結論から答えて、数字をひとつ入れ、最後に逆質問を三つ用意しておく".repeat(4)];
    let histories = [History::First, History::Several, History::AfterSilence];
    let mut contexts = vec![Context::default()];
    if outcome == Outcome::Declined {
        contexts.extend(
            histories.map(|history| Context { history: Some(history), ..Context::default() }),
        );
    } else {
        let history = Some(History::AfterDeclined);
        contexts.push(Context { history, ..Context::default() });
        for purpose in [Answer, Dates, Submit, Appointment, Result] {
            let named = vec![dated(purpose)];
            contexts.push(Context { dates: named.clone(), ..Context::default() });
            contexts.push(Context { dates: named, next: next.clone(), ..Context::default() });
        }
    }
    contexts
}

/// Only a declined mail has a wording.
fn wordings(outcome: Outcome) -> Vec<Option<Wording>> {
    match outcome {
        Outcome::Declined => vec![None, Some(Wording::Soft), Some(Wording::Explicit)],
        _ => vec![None],
    }
}

fn every_verdict() -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let long = "国立研究開発法人とても長い名前の会社ホールディングス東日本第二営業本部".repeat(4);
    for outcome in Outcome::ALL {
        for stage in STAGES {
            for wording in wordings(outcome) {
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
            // What is shown with less than `Full` doesn't depend on the verdict (tested below).
            let less = [Reveal::Company, Reveal::Discreet];
            let is_one_of_each = verdict.stage == Stage::Unknown && verdict.wording.is_none();
            let reveals = less.into_iter().filter(|_| is_one_of_each).chain([Reveal::Full]);
            for reveal in reveals {
                // What is known beside a mail does not hang on who speaks.
                let plain = verdict.door == Door::Neutral && verdict.channel == Channel::Company;
                let contexts = match every_context(verdict.outcome) {
                    contexts if plain => contexts,
                    _ => vec![Context::default()],
                };
                for (variety, context) in
                    (0..3).flat_map(|n| contexts.iter().map(move |it| (n, it)))
                {
                    let situation = Situation {
                        verdict: &verdict,
                        lang,
                        reveal,
                        id: 9_999,
                        variety,
                        reply: &reply,
                        context,
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

/// All that is told later, with and without a name.
fn every_reminding(lang: Lang, reveal: Reveal, say: &mut dyn FnMut(u64, Guide)) {
    let company_name =
        "国立研究開発法人とても長い名前の会社ホールディングス東日本第二営業本部".repeat(4);
    let lines = vec![company_name.clone()];
    let day = jiff::civil::date(2026, 12, 31);
    let about = Moment { day, time: Some(jiff::civil::time(23, 59, 0, 0)) };
    for kind in reminder::Kind::ALL {
        for company in [None, Some(company_name.as_str())] {
            for next in [&[][..], lines.as_slice()] {
                for variety in 0..3 {
                    let position = None;
                    let reminding = Reminding {
                        kind,
                        about,
                        company,
                        position,
                        lang,
                        reveal,
                        id: 9_999,
                        variety,
                        next,
                    };
                    say(variety, GUIDANCE.remind(&reminding));
                }
            }
        }
    }
}

#[test]
fn what_is_told_later_fits_its_place_hurries_nobody_and_shows_no_more_than_it_may() {
    for lang in [Lang::Ja, Lang::En] {
        let mut before = String::new();
        every_reminding(lang, Reveal::Full, &mut |variety, guide| {
            let wide = |text: &str| plain::columns(text).div_ceil(2);
            assert!(wide(&guide.summary) <= SUMMARY_MAX_WIDE, "{}", guide.summary);
            // Names are cut, words are not.
            let cut = guide.summary.matches('…').count();
            assert!(
                cut <= 1 && (cut == 0 || guide.summary.contains("とても長い")),
                "{}",
                guide.summary
            );
            assert!(wide(&guide.body) <= BODY_MAX_WIDE, "{} {}", wide(&guide.body), guide.body);
            assert!(guide.body.ends_with("goen show 9999"), "{}", guide.body);
            let all = [&*guide.summary, &guide.body, &guide.page].join("\n").to_lowercase();
            for phrase in FORBIDDEN.into_iter().chain([
                "急いで",
                "至急",
                "urgent",
                "hurry up",
                "immediately",
                "{",
            ]) {
                assert!(!all.contains(phrase), "{phrase:?} in {all}");
            }
            assert!(variety == 0 || before != guide.body, "{}", guide.body);
            before = guide.body;
        });
        for reveal in [Reveal::Company, Reveal::Discreet] {
            let mut shown = BTreeSet::new();
            every_reminding(lang, reveal, &mut |_, guide| {
                assert!(!guide.body.contains("12") && !guide.summary.contains("12"), "{guide:?}");
                shown.insert(guide.body);
            });
            assert!(shown.len() <= 2, "all kinds look the same: {shown:?}");
        }
    }
}

#[test]
fn a_row_of_rejections_is_the_users_own_setting() {
    let day = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
    let of = |days: &[i64], count, waited| {
        let received: Vec<Timestamp> = days.iter().map(|it| day(*it)).collect();
        History::of(&received, Streak { count, days: 14 }, waited)
    };
    assert_eq!(of(&[30], 3, false), (Some(History::First), false));
    assert_eq!(of(&[30, 29], 3, false), (None, false));
    assert_eq!(of(&[30, 29, 20], 3, false), (Some(History::Several), true));
    assert_eq!(of(&[30, 29, 20, 19], 3, false), (None, false), "not each time");
    assert_eq!(of(&[30, 29, 28, 27, 26, 25], 3, false), (Some(History::Several), false));
    assert_eq!(of(&[30, 29, 2], 3, false), (None, false), "too long ago");
    assert_eq!(of(&[30, 29, 20], 0, true), (Some(History::AfterSilence), false), "not wanted");
}

#[test]
fn people_to_talk_to_are_named_once_softly_and_with_the_date_they_were_looked_at() {
    for lang in [Lang::Ja, Lang::En] {
        let alone = guide(&verdict(Outcome::Declined), lang, Reveal::Full, 0);
        assert!(!alone.page.contains("mhlw.go.jp"), "never on a single rejection");
        let context = Context { history: Some(History::Several), help: true, ..Context::default() };
        let row = guide_in(&context, &verdict(Outcome::Declined), lang, Reveal::Full, 0);
        for words in ["https://www.mhlw.go.jp/mamorouyokokoro/", "2026-", "care.streak"] {
            assert!(row.page.contains(words), "{words} in {}", row.page);
        }
        assert!(!row.body.contains("mhlw"), "not on the screen that others see");
    }
}

#[test]
fn a_deadline_and_the_users_own_words_are_in_the_notification_at_once() {
    let offer = |purpose| {
        every_context(Outcome::Offer).into_iter().find(|context| {
            context.dates.iter().any(|dated| dated.purpose == purpose) && context.next.is_empty()
        })
    };
    let context = offer(Purpose::Answer).unwrap();
    for (lang, words) in [(Lang::Ja, "12月31日（木）23:59"), (Lang::En, "Thu 31 Dec, 23:59")] {
        let guide = guide_in(&context, &verdict(Outcome::Offer), lang, Reveal::Full, 0);
        assert!(guide.body.contains(words), "{}", guide.body);
        assert!(guide.page.contains("ご返信くださいますよう"), "in the mail's own words");
    }
    let context = Context { next: vec!["結論から話す".to_owned()], ..Context::default() };
    let guide = guide_in(&context, &verdict(Outcome::Advanced), Lang::Ja, Reveal::Full, 0);
    assert!(guide.body.contains("「次はこうしよう」：結論から話す"), "{}", guide.body);
    assert!(guide.page.contains("・結論から話す"), "{}", guide.page);
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
                for context in every_context(outcome) {
                    for variety in 0..6 {
                        let say =
                            |variety| guide_in(&context, &verdict, lang, Reveal::Full, variety);
                        let (one, next) = (say(variety), say(variety + 1));
                        assert_ne!(one.summary, next.summary, "{outcome:?} {stage:?}");
                        assert_ne!(one.body, next.body, "{outcome:?} {stage:?} {context:?}");
                    }
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
        context: &Context::default(),
    };
    assert_eq!(guidance.guide(&situation).body, "読んでください。\nくわしく：goen show 3");
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
    for lang in [Lang::Ja, Lang::En] {
        let turned = Context { history: Some(History::AfterDeclined), ..Context::default() };
        for outcome in [Outcome::Advanced, Outcome::Offer] {
            let Guide { body, page, .. } =
                guide_in(&turned, &verdict(outcome), lang, Reveal::Full, 0);
            let lang = lang.code();
            write!(all, "==== {outcome:?} after a no ({lang})\n[{body}]\n\n{page}\n").unwrap();
        }
        for history in [History::First, History::Several, History::AfterSilence] {
            let help = history == History::Several;
            let context = Context { history: Some(history), help, ..Context::default() };
            let Guide { body, page, .. } =
                guide_in(&context, &verdict(Outcome::Declined), lang, Reveal::Full, 0);
            let lang = lang.code();
            write!(all, "==== declined, {history:?} ({lang})\n[{body}]\n\n{page}\n").unwrap();
        }
        let at = |hour: Option<i8>| Moment {
            day: jiff::civil::date(2026, 12, 5),
            time: hour.map(|hour| jiff::civil::time(hour, 0, 0, 0)),
        };
        for kind in reminder::Kind::ALL {
            let guide = GUIDANCE.remind(&Reminding {
                kind,
                about: at((kind == reminder::Kind::Appointment).then_some(14)),
                company: Some("株式会社サンプル"),
                position: None,
                lang,
                reveal: Reveal::Full,
                id: 3,
                variety: 0,
                next: &[],
            });
            let Guide { summary, body, page } = guide;
            let (kind, lang) = (kind.name(), lang.code());
            write!(all, "==== later: {kind} ({lang})\n[{summary}]\n[{body}]\n\n{page}\n").unwrap();
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
    assert!(advice.reason(Lang::En).starts_with("This email can't be answered"));
}
