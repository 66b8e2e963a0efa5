//! Two weeks of a job hunt, and the half year after them, in simulated time: what the person was
//! told, when, and with which words.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::{DateTime, Time, time};
use jiff::tz::TimeZone;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::*;
use crate::classify::classify;
use crate::clock::Clock;
use crate::config::{Config, Paths};
use crate::daemon::Daemon;
use crate::imap::cursor::{Cursor, Uid, UidValidity};
use crate::knowledge::Knowledge;
use crate::mail::Mail;
use crate::outbox::UnderWay;
use crate::store::{Announce, Batch, Found, Store};

const WEEK: &str = include_str!("../../tests/samples/week.txt");

/// The laptop is awake between these.
const OPENED: Time = time(8, 0, 0, 0);
const SHUT: Time = time(23, 30, 0, 0);

const SETTINGS: &str = r#"
[notify]
quiet_hours = "22:30-08:30"
[[accounts]]
name = "uni"
address = "hanako@test.example"
[accounts.imap]
host = "imap.test.example"
"#;

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

fn in_tokyo(local: DateTime) -> Timestamp {
    local.to_zoned(tokyo()).unwrap().timestamp()
}

/// The mails, with the moment at which each is received.
fn mails() -> Vec<(Timestamp, Mail)> {
    let mails = WEEK.split("\n== ").skip(1).enumerate().map(|(number, text)| {
        let (head, body) = text.split_once('\n').unwrap();
        let [at, from, subject] = head.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{head}")
        };
        let at = in_tokyo(DateTime::strptime("%Y-%m-%d %H:%M", at).unwrap());
        let date = jiff::fmt::rfc2822::to_string(&at.to_zoned(tokyo())).unwrap();
        let message = format!(
            "From: {from}\r\nTo: hanako@test.example\r\nSubject: {subject}\r\nDate: {date}\r\n\
             Message-ID: <week-{number}@test.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{}",
            body.replace('\n', "\r\n")
        );
        (at, Mail::read(message.as_bytes()).unwrap())
    });
    mails.collect()
}

/// The world around one teller.
struct World {
    now: Arc<AtomicI64>,
    teller: Teller,
    heard: UnboundedReceiver<Notice>,
    transcript: String,
    day: String,
}

impl World {
    fn new(start: Timestamp, lang: Lang) -> Self {
        let now = Arc::new(AtomicI64::new(start.as_second()));
        let clock = Arc::clone(&now);
        let clock =
            Clock::from_fn(move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap());
        let (say, heard) = mpsc::unbounded_channel();
        let home = tempfile::tempdir().unwrap();
        let paths = Paths {
            config: home.path().join("config.toml"),
            state: home.path().to_owned(),
            runtime: home.path().to_owned(),
            credentials: None,
        };
        std::fs::write(&paths.config, SETTINGS).unwrap();
        let daemon = Daemon {
            config: Config::load(&paths.config).unwrap(),
            paths: paths.clone(),
            clock,
            zone: tokyo(),
            lang,
            voice: Voice::Channel(say),
            under_way: UnderWay::default(),
        };
        let knowledge = Knowledge::load(paths.folder()).unwrap();
        let (shared, voice) = Shared::new(daemon, knowledge, Store::in_memory().unwrap());
        let teller = Teller::new(Rc::new(shared), voice);
        Self { now, teller, heard, transcript: String::new(), day: String::new() }
    }

    fn now(&self) -> Timestamp {
        self.teller.shared.clock.now()
    }

    /// Lets time pass until `then`; at night the machine sleeps, and its own clock with it.
    async fn until(&mut self, then: Timestamp) {
        while self.now() < then {
            let local = self.now().to_zoned(tokyo()).datetime();
            let shut = in_tokyo(local.date().to_datetime(SHUT));
            if self.now() < shut {
                let next = then.min(shut);
                let awake = next.duration_since(self.now()).unsigned_abs();
                tokio::time::advance(awake).await;
                self.now.store(next.as_second(), Ordering::Relaxed);
            } else {
                let morning = in_tokyo(local.date().tomorrow().unwrap().to_datetime(OPENED));
                self.now.store(morning.as_second(), Ordering::Relaxed);
            }
        }
    }

    /// Looks until nothing is left to be told before `end`.
    async fn tell_until(&mut self, end: Timestamp) {
        loop {
            let next = self.teller.look().await.unwrap();
            self.write_down();
            match next {
                Some(next) if next < end => self.until(next).await,
                _ => break,
            }
        }
        self.until(end).await;
    }

    fn write_down(&mut self) {
        let local = self.now().to_zoned(tokyo());
        while let Ok(Notice { summary, body, .. }) = self.heard.try_recv() {
            let day = local.strftime("%Y-%m-%d %a").to_string();
            if day != self.day {
                writeln!(self.transcript, "\n── {day}").unwrap();
                self.day = day;
            }
            let clock = local.strftime("%H:%M");
            let body = body.replace('\n', "\n       ");
            writeln!(self.transcript, "{clock}  [{summary}]\n       {body}").unwrap();
        }
    }

    /// A mail reaches goen: at once, or when the laptop is opened.
    fn receive(&self, received_at: Timestamp, mail: Mail, number: u32) {
        let Shared { store, config, knowledge, .. } = &*self.teller.shared;
        let verdict = classify(&mail, &config.own_addresses(), &knowledge.rules);
        let uid = Uid(number);
        let found = (verdict.outcome != Outcome::Unrelated).then_some(Found {
            uid,
            received_at,
            mail,
            verdict,
        });
        let batch = Batch { found: found.into_iter().collect(), set_aside: Vec::new() };
        let cursor = Cursor { uid_validity: UidValidity(1), last_uid: number, old_up_to: 0 };
        let now = self.now();
        store.keep("uni", "INBOX", &batch, cursor, Announce::From(now), now).unwrap();
    }

    /// How all applications stand at the end.
    fn applications(&self) -> String {
        let Shared { store, knowledge, zone, .. } = &*self.teller.shared;
        let stories = store.stories(None, zone, &knowledge.calendar).unwrap();
        let mut lines: Vec<String> = stories
            .iter()
            .map(|story| {
                let steps: Vec<&str> = story.steps.iter().map(|step| step.outcome.name()).collect();
                let position = story.position().unwrap_or_default();
                format!("{} {position}: {}", story.company().unwrap_or("-"), steps.join(" → "))
            })
            .collect();
        lines.sort();
        lines.join("\n")
    }
}

async fn replayed(lang: Lang) -> String {
    let mails = mails();
    assert_eq!(mails.len(), 60);
    let start = in_tokyo(DateTime::constant(2026, 11, 2, 9, 0, 0, 0));
    let mut world = World::new(start, lang);
    for (number, (at, mail)) in (1..).zip(mails) {
        world.tell_until(at).await;
        world.receive(at, mail, number);
        // What the user does: after the interviews a note for themselves.
        if number == 40 {
            let note = "## 次はこうしよう\n\n- 結論から話す\n- 逆質問を三つ用意する\n";
            let store = &world.teller.shared.store;
            let id = store.newest_event().unwrap();
            store.set_memo(id, note, world.now()).unwrap();
        }
    }
    world.tell_until(in_tokyo(DateTime::constant(2027, 8, 1, 12, 0, 0, 0))).await;
    format!("{}\n── applications\n{}\n", world.transcript.trim_start(), world.applications())
}

#[tokio::test(start_paused = true)]
async fn sixty_mails_of_a_job_hunt_are_told_as_it_was_reviewed_in_japanese() {
    insta::assert_snapshot!(replayed(Lang::Ja).await);
}

#[tokio::test(start_paused = true)]
async fn sixty_mails_of_a_job_hunt_are_told_as_it_was_reviewed_in_english() {
    insta::assert_snapshot!(replayed(Lang::En).await);
}

#[tokio::test(start_paused = true)]
async fn what_came_while_the_machine_slept_is_no_burst_when_it_wakes() {
    let evening = in_tokyo(DateTime::constant(2026, 11, 18, 23, 0, 0, 0));
    let mut world = World::new(evening, Lang::Ja);
    let night: Vec<(Timestamp, Mail)> = mails()
        .into_iter()
        .filter(|(at, _)| {
            let local = at.to_zoned(tokyo()).datetime();
            local.date() == jiff::civil::date(2026, 11, 19) && local.time() < OPENED
        })
        .collect();
    assert_eq!(night.len(), 3);
    world.until(in_tokyo(DateTime::constant(2026, 11, 19, 8, 0, 0, 0))).await;
    for (number, (at, mail)) in (1..).zip(night) {
        world.receive(at, mail, number);
    }
    world.tell_until(in_tokyo(DateTime::constant(2026, 11, 19, 12, 0, 0, 0))).await;
    let told = world.transcript.matches('[').count();
    assert_eq!(told, 1, "{}", world.transcript);
    assert!(world.transcript.contains("3通"), "{}", world.transcript);
}
