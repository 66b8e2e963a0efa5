//! Two weeks of a job hunt, and the half year after them, in simulated time: what the person was
//! told, when, and with which words.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::{DateTime, Time, time};
use jiff::tz::TimeZone;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::*;
use crate::classify::{Corrected, Correction, How, classify_as, classify_with};
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
        let corrections = store.corrections().unwrap();
        let own = config.own_addresses();
        let verdict = classify_with(&mail, &own, &knowledge.rules, &corrections);
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

    /// `goen correct`: the user says what a mail is.
    fn correct(&self, mail_id: i64, outcome: Outcome) {
        let Shared { store, knowledge, .. } = &*self.teller.shared;
        let mail = store.mail(mail_id).unwrap().unwrap();
        let before = mail.verdict;
        let (mut verdict, template) = classify_as(&mail.mail, outcome, &knowledge.rules, &before);
        let (at, was) = (self.now(), before.outcome);
        let key = store.mail_key(mail_id).unwrap().unwrap();
        let told = Corrected { how: How::Told, key: key.clone(), at, before: Box::new(before) };
        verdict.corrected = Some(told);
        let correction = Correction { key, at, was, outcome, company: None, template };
        store.correct(mail_id, &verdict, &correction).unwrap();
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

/// A company's words are read as a rejection, and the user knows better: from then on the application
/// goes on, and the next mail that is made like it is no news of an end.
#[tokio::test(start_paused = true)]
async fn what_goen_was_wrong_about_in_the_week_is_told_otherwise_from_then_on() {
    let mut world = World::new(in_tokyo(DateTime::constant(2026, 11, 2, 9, 0, 0, 0)), Lang::Ja);
    let mut corrected = None;
    for (number, (at, mail)) in (1..).zip(mails()) {
        world.tell_until(at).await;
        let is_it = mail.author().is_some_and(|author| author.addr_spec == "saiyo@umikaze.example");
        world.receive(at, mail.clone(), number);
        if is_it {
            world.tell_until(in_tokyo(DateTime::constant(2026, 11, 16, 12, 30, 0, 0))).await;
            assert!(world.transcript.contains("海風ホテル株式会社"), "{}", world.transcript);
            let id = world.teller.shared.store.mails(&Outcome::ALL, 1).unwrap()[0].id;
            world.correct(id, Outcome::InProcess);
            corrected = Some(mail);
        }
    }
    let told = world.transcript.matches("海風ホテル").count();
    let again = Mail {
        message_id: crate::mail::MessageId::new("again@test.example"),
        ..corrected.unwrap()
    };
    world.receive(world.now(), again, 100);
    world.tell_until(in_tokyo(DateTime::constant(2027, 8, 1, 12, 0, 0, 0))).await;
    assert_eq!(world.transcript.matches("海風ホテル").count(), told, "{}", world.transcript);
    let stands = world.applications();
    let line = stands.lines().find(|line| line.starts_with("海風ホテル")).unwrap();
    assert!(line.ends_with(": in_process → in_process"), "{line}");
    assert!(
        stands.contains("北斗運輸株式会社 : declined"),
        "nobody else is read otherwise: {stands}"
    );
}

/// Nobody is to believe that a reply has left which has not.
#[tokio::test(start_paused = true)]
async fn a_reply_that_did_not_leave_as_approved_is_told_once() {
    use crate::outbox::Outbox;
    use crate::outbox::state::{Outcome as Ended, Reply};
    let start = in_tokyo(DateTime::constant(2026, 11, 16, 13, 0, 0, 0));
    let mut world = World::new(start, Lang::Ja);
    let store = world.teller.shared.store.clone();
    let outbox = Outbox::new(store.clone());
    let declined = |mail: &Mail| mail.author().unwrap().addr_spec == "saiyo@umikaze.example";
    for (number, (at, mail)) in (1..).zip(mails().into_iter().filter(|(_, mail)| declined(mail))) {
        world.receive(at, mail, number);
    }
    let id = store.mails(&Outcome::ALL, 1).unwrap()[0].id;
    outbox.offer(id, &crate::reply::tests::draft(), start).unwrap();
    let approve = |at: Timestamp| {
        let digest = outbox.entry(id).unwrap().unwrap().digest;
        outbox.approve(id, &digest, at, &at.to_zoned(tokyo())).unwrap();
    };
    let told = |world: &World| {
        let all = ["返信を送れませんでした", "届いたか", "まだ送っていません"];
        all.map(|words| world.transcript.matches(words).count())
    };
    let hour = |hours: i64| later(start, SignedDuration::from_hours(hours));

    approve(start);
    let claim = outbox.claim_due(start, |_| true).unwrap().unwrap();
    let refused = Reply { code: 550, text: "5.1.1 no such user".into() };
    outbox.settle(claim.id(), Ended::Refused(refused), start).unwrap();
    world.tell_until(hour(1)).await;
    world.tell_until(hour(2)).await;
    assert_eq!(told(&world), [1, 0, 0], "{}", world.transcript);
    assert!(world.transcript.contains("550 5.1.1 no such user"), "{}", world.transcript);

    // Of unknown end, and found in Sent at once: that is nobody's worry.
    for (hours, found) in [(2, true), (3, false)] {
        approve(hour(hours));
        let claim = outbox.claim_due(hour(hours), |_| true).unwrap().unwrap();
        outbox.settle(claim.id(), Ended::Lost("silence".into()), hour(hours)).unwrap();
        if found {
            world.teller.look().await.unwrap();
            outbox.resolve(id, crate::outbox::Truth::UserSaysNot, hour(hours)).unwrap();
        }
        world.tell_until(hour(hours + 1)).await;
        assert_eq!(told(&world), [1, usize::from(!found), 0], "{}", world.transcript);
    }

    // The lid was shut for three days.
    outbox.resolve(id, crate::outbox::Truth::UserSaysNot, hour(4)).unwrap();
    approve(hour(4));
    world.tell_until(hour(4 + 24 * 3)).await;
    assert_eq!(outbox.ask_again(world.now()).unwrap(), [id]);
    world.tell_until(hour(5 + 24 * 3)).await;
    world.tell_until(hour(6 + 24 * 3)).await;
    assert_eq!(told(&world), [1, 1, 1], "{}", world.transcript);
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
