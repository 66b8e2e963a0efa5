//! `goen quiet` and `goen notify-test`: when you are told, and whether it works.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::text::{moment, wrap};
use super::{Console, Failure, Opened};
use crate::hours::clock;
use crate::lang::{Explanation, Lang};
use crate::notify::{self, Notice, Notifier, Urgency};
use crate::store::StoreError;
use crate::tell::when::{BadNews, Now, Wish, when};
use crate::{daemon, say};

/// Longest quiet that can be asked for, in days: a forgotten one must not hide an offer's deadline.
const LONGEST_DAYS: i64 = 7;

#[derive(Debug, Args)]
pub(super) struct QuietArguments {
    /// How long (30m, 3h, 1d), until when (18:00), or `off`; without it, how things are
    how_long: Option<String>,
}

/// What is known about the telling, for `goen status` and `goen quiet`.
pub(super) struct Telling {
    quiet_until: Option<Timestamp>,
    waiting: usize,
    next: Option<Timestamp>,
    wish: Wish,
}

impl Telling {
    pub(super) fn look(opened: &Opened, console: &Console) -> Result<Self, StoreError> {
        let time = console.clock.now();
        let quiet_until = opened.store.quiet_until(time)?;
        let wish = opened.config.notify.wish();
        let now = Now { time, awake_since: Timestamp::MIN, quiet_until };
        let due = opened.store.due_notifications()?;
        let times =
            due.iter().map(|due| when(due.outcome, due.received_at, now, &console.zone, &wish));
        Ok(Self { quiet_until, waiting: due.len(), next: times.min(), wish })
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "quiet_until": self.quiet_until,
            "quiet_hours": self.wish.quiet,
            "bad_news": self.wish.bad_news,
            "good_news_any_time": self.wish.good_news_any_time,
            "waiting": self.waiting,
            "next": self.next.filter(|_| self.waiting > 0),
        })
    }

    /// What there is to say: nothing, where everything is told when it comes.
    pub(super) fn lines(&self, console: &Console) -> Vec<String> {
        let lang = console.lang;
        let moment = |time: Timestamp| moment(time, &console.zone, lang);
        let mut lines = Vec::new();
        if let Some(until) = self.quiet_until {
            let until = moment(until);
            lines.push(say!(
                lang,
                "{until} まで通知を控えています（やめるには goen quiet off）。",
                "No notifications until {until} (goen quiet off ends that)."
            ));
        }
        let quiet = String::from(self.wish.quiet);
        if !quiet.is_empty() {
            let good = match (self.wish.good_news_any_time, lang) {
                (false, _) => "",
                (true, Lang::Ja) => "（内定と通過を除く）",
                (true, Lang::En) => ", except offers and passes",
            };
            lines.push(say!(lang, "{quiet} は通知しません{good}。", "Quiet hours: {quiet}{good}."));
        }
        match self.wish.bad_news {
            BadNews::AtOnce => {}
            BadNews::From(time) => {
                let time = time.strftime("%H:%M");
                lines.push(say!(
                    lang,
                    "見送りの連絡は、届いた日の {time} 以降にお伝えします。",
                    "Bad news waits until {time} of the day it arrives."
                ));
            }
            BadNews::Daily(time) => {
                let time = time.strftime("%H:%M");
                lines.push(say!(
                    lang,
                    "見送りの連絡は、毎日 {time} にまとめてお伝えします。",
                    "Bad news comes together, once a day at {time}."
                ));
            }
        }
        if let Some(next) = self.next {
            let (n, next) = (self.waiting, moment(next));
            lines.push(say!(
                lang,
                "これからお伝えする結果が {n} 件あります（次は {next}。goen list でいつでも見られます）。",
                "{n} result(s) waiting to be told (next at {next}; goen list shows them at any time)."
            ));
        }
        lines
    }
}

pub(super) fn quiet(
    opened: &Opened,
    console: &Console,
    arguments: &QuietArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    if let Some(how_long) = &arguments.how_long {
        let until = match how_long.trim() {
            "off" => None,
            text => Some(
                end(text, console.clock.now(), &console.zone).ok_or_else(|| wrong(text, lang))?,
            ),
        };
        opened.store.set_quiet(until)?;
        daemon::wake(&opened.paths);
    }
    let mut lines = Telling::look(opened, console)?.lines(console);
    if lines.is_empty() {
        lines.push(say!(
            lang,
            "結果が届いたら、すぐにお伝えします。",
            "You are told about results as they arrive."
        ));
    }
    for line in lines {
        writeln!(out, "{}", wrap(&line, console.columns))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The end of a quiet that begins now: a length, or a time of day that comes next.
fn end(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let local = now.to_zoned(zone.clone());
    let end = match clock(text) {
        Some(time) if local.time() < time => local.datetime().date().to_datetime(time),
        Some(time) => local.datetime().date().tomorrow().ok()?.to_datetime(time),
        None => {
            let end = local.checked_add(text.parse::<Span>().ok()?).ok()?.timestamp();
            let latest = local.checked_add(Span::new().days(LONGEST_DAYS)).ok()?.timestamp();
            return (now < end && end <= latest).then_some(end);
        }
    };
    Some(end.to_zoned(zone.clone()).ok()?.timestamp())
}

fn wrong(text: &str, lang: Lang) -> Failure {
    Failure::because(
        Explanation::new(say!(
            lang,
            "{text:?} は通知を控える長さとして読めません",
            "{text:?} is not a length of time"
        ))
        .hint(say!(
            lang,
            "goen quiet 3h、goen quiet 18:00、goen quiet off のように書きます（長くて {LONGEST_DAYS} 日）",
            "write `goen quiet 3h`, `goen quiet 18:00` or `goen quiet off` (at most {LONGEST_DAYS} days)"
        )),
    )
}

/// Shows one notification and says what the desktop can do with goen's.
pub(super) fn notify_test(console: &Console, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let notice = Notice {
        summary: say!(lang, "goen のテスト通知です", "A test notification from goen"),
        body: say!(
            lang,
            "選考結果は、このように届きます。\nくわしく：goen status",
            "Results will arrive like this.\nMore: goen status"
        ),
        urgency: Urgency::Normal,
        key: 0,
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let server = runtime.block_on(async {
        Notifier::new().show(&notice).await?;
        notify::server().await
    });
    let server = server.map_err(Failure::new)?;
    let can = |name: &str| server.capabilities.iter().any(|can| can == name);
    writeln!(
        out,
        "{}",
        say!(
            lang,
            "通知を出しました（{name} {version}）。画面に見えますか。",
            "A notification was shown by {name} {version}. Can you see it?",
            name = server.name,
            version = server.version
        )
    )?;
    let click = if can("actions") {
        say!(
            lang,
            "結果の通知をクリックすると、メールが開きます。",
            "Clicking the notification of a result opens the email."
        )
    } else {
        say!(
            lang,
            "この環境では、通知をクリックしてメールを開くことはできません。通知にある goen show をお使いください。",
            "Notifications can't be clicked here; they tell you which `goen show` command to type."
        )
    };
    writeln!(out, "{}", wrap(&click, console.columns))?;
    writeln!(
        out,
        "{}",
        say!(
            lang,
            "見えないときは、「おやすみモード」や「集中モード」を確かめてください。",
            "If not, check whether \"do not disturb\" is on."
        )
    )?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_ends_after_a_length_of_time_or_at_a_time_of_day() {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let at = |text: &str| -> Timestamp { format!("2026-11-{text}+09:00").parse().unwrap() };
        let now = at("17T12:00:00");
        for (text, then) in [
            ("3h", at("17T15:00:00")),
            ("30m", at("17T12:30:00")),
            ("1h30m", at("17T13:30:00")),
            ("1d", at("18T12:00:00")),
            ("18:00", at("17T18:00:00")),
            ("9:00", at("18T09:00:00")),
        ] {
            assert_eq!(end(text, now, &zone), Some(then), "{text}");
        }
        for text in ["", "on", "-3h", "0h", "3h ago", "30d", "25:00", "3"] {
            assert_eq!(end(text, now, &zone), None, "{text}");
        }
    }
}
