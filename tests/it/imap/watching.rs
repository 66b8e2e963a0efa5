//! The loop of one account, against a mailbox with faults.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use goen::clock::Clock;
use goen::imap::cursor::{Cursor, UidValidity};
use goen::imap::watch::{Wake, watch_over};
use goen::imap::{Account, Health};
use goen::lang::Lang;
use goen::net::{Security, Server};
use goen::secret::{Credential, Identity, Secret, SecretError};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch::{self, Sender};
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::fake_imap::{FakeImap, Fault};
use crate::support::shelf::Shelf;

/// Longer than any recovery may take; paused time makes it cheap.
const LONG: Duration = Duration::from_hours(1);

const TRUTH: [&str; 3] = [
    "Subject: one\r\n\r\nfirst\r\n",
    "Subject: two\r\n\r\n* 1 FETCH (UID 9)\r\nG5 OK\r\n",
    "Subject: three\r\n\r\n三つ目 {5}\r\n",
];

fn me() -> Identity {
    let credential = Credential::Password(Secret::new("secret".to_owned()));
    Identity { user: "me@example.jp".to_owned(), credential }
}

fn account(mailboxes: &[&str]) -> Account {
    Account {
        name: "uni".to_owned(),
        server: Server {
            host: "localhost".to_owned(),
            port: 1,
            security: Security::Plain,
            ca_file: None,
        },
        mailboxes: mailboxes.iter().map(|&name| name.to_owned()).collect(),
        lookback_days: 30,
        recheck: Duration::from_mins(5),
        idle: true,
        lang: Lang::En,
    }
}

/// A watcher and what a test may do to it.
struct Scene {
    server: Rc<FakeImap>,
    shelf: Shelf,
    account: Account,
    wake: Sender<Wake>,
    locked: Cell<bool>,
    /// Time that only the wall clock sees: the machine slept.
    slept: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

impl Scene {
    fn new(texts: &[&str]) -> Self {
        Self {
            server: FakeImap::with(texts),
            shelf: Shelf::default(),
            account: account(&["INBOX"]),
            wake: watch::Sender::new(Wake::default()),
            locked: Cell::new(false),
            slept: std::sync::Arc::default(),
        }
    }

    /// A scene in which nothing has been read, but the first look is over: everything is news.
    fn after_the_first_look(texts: &[&str]) -> Self {
        let scene = Self::new(texts);
        let start = Cursor { uid_validity: UidValidity(7), last_uid: 0, old_up_to: 0 };
        scene.shelf.cursors.borrow_mut().insert("INBOX".to_owned(), start);
        scene
    }

    fn clock(&self) -> Clock {
        let (began, slept) = (Instant::now(), self.slept.clone());
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        Clock::from_fn(move || {
            let slept = slept.load(std::sync::atomic::Ordering::Relaxed);
            let awake = SignedDuration::try_from(began.elapsed()).unwrap();
            start + awake + SignedDuration::from_secs(slept)
        })
    }

    /// Watches while `test` runs.
    async fn watched<T>(&self, test: impl Future<Output = T>) -> T {
        let open = async || self.server.open().await;
        let identity = async || if self.locked.get() { Err(SecretError::Locked) } else { Ok(me()) };
        let clock = self.clock();
        let stop = CancellationToken::new();
        let watching = watch_over(
            &open,
            &self.account,
            &identity,
            &self.shelf,
            &clock,
            self.wake.subscribe(),
            stop.clone(),
        );
        tokio::select! {
            () = watching => panic!("the watcher ended by itself"),
            result = test => result,
        }
    }

    /// Watches until `done` holds, and says how long that took.
    async fn until(&self, done: impl Fn(&Shelf) -> bool) -> Duration {
        let began = Instant::now();
        let reached = self.watched(timeout(LONG, self.shelf.until(done))).await;
        assert!(
            reached.is_ok(),
            "not reached: {:?} {:?}",
            self.shelf,
            self.server.commands.borrow()
        );
        began.elapsed()
    }

    async fn until_all_read_and_well(&self) -> Duration {
        self.until(|shelf| shelf.is_watching() && shelf.messages().len() == TRUTH.len()).await
    }

    fn assert_each_kept_once(&self, what: &str) {
        let expected: Vec<_> = TRUTH.iter().map(|text| ((*text).to_owned(), 1)).collect();
        let mut kept: Vec<_> = self.shelf.messages().into_iter().collect();
        kept.sort_by_key(|(text, _count)| TRUTH.iter().position(|truth| truth == text));
        assert_eq!(kept, expected, "{what}");
        assert_eq!(self.shelf.backwards.get(), 0, "{what}");
        assert!(self.shelf.aside.borrow().is_empty(), "{what}");
    }
}

async fn beside<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

#[tokio::test(start_paused = true)]
async fn the_first_look_is_quiet_and_what_comes_after_is_not() {
    beside(async {
        let scene = Scene::new(&TRUTH);
        scene
            .watched(async {
                scene.shelf.until(Shelf::is_watching).await;
                assert_eq!((scene.shelf.messages().len(), scene.shelf.loud()), (3, 0));
                scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
                scene.shelf.until(|shelf| shelf.loud() == 1).await;
            })
            .await;
        assert_eq!(
            scene.shelf.cursors.borrow()["INBOX"],
            Cursor { uid_validity: UidValidity(7), last_uid: 4, old_up_to: 3 }
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_mails_of_the_days_asked_for_are_read_on_the_first_look() {
    beside(async {
        let scene = Scene::new(&TRUTH);
        *scene.server.recent.borrow_mut() = Some(vec![2]);
        scene.until(Shelf::is_watching).await;
        assert_eq!(scene.shelf.messages().len(), 1);
        assert!(
            scene.server.commands.borrow().contains(&"UID SEARCH 1:3 SINCE 22-Oct-2026".to_owned())
        );
        assert_eq!(scene.shelf.cursors.borrow()["INBOX"].last_uid, 3, "the old ones are not news");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_the_watcher_says_can_change_a_mailbox() {
    beside(async {
        let scene = Scene::new(&TRUTH);
        scene
            .watched(async {
                scene.shelf.until(Shelf::is_watching).await;
                scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
                scene.shelf.until(|shelf| shelf.loud() == 1).await;
                tokio::time::sleep(Duration::from_mins(20)).await;
            })
            .await;
        for command in scene.server.commands.borrow().iter() {
            let harmless = [
                "AUTHENTICATE PLAIN ",
                "CAPABILITY",
                "EXAMINE ",
                "ID (",
                "IDLE",
                "NOOP",
                "UID SEARCH ",
            ]
            .iter()
            .any(|verb| command.starts_with(verb));
            let reads = command.starts_with("UID FETCH ")
                && !command.replace("BODY.PEEK[", "").contains("BODY[")
                && !command.contains("RFC822.TEXT");
            assert!(harmless || reads, "{command}");
        }
    })
    .await;
}

/// Whatever happens at whichever command, everything is read once in the end.
#[tokio::test(start_paused = true)]
async fn a_fault_at_any_command_loses_and_doubles_nothing() {
    let faults = [
        (Fault::HangUp, Duration::from_secs(5)),
        (Fault::Stall, Duration::from_mins(6)),
        (Fault::Says("* BYE maintenance\r\n"), Duration::from_secs(70)),
        (Fault::Says("garbage that is no IMAP\r\n"), Duration::from_secs(5)),
        (Fault::Says("TAG NO [UNAVAILABLE] later\r\n"), Duration::from_mins(16)),
        (Fault::Says("TAG BAD what\r\n"), Duration::from_secs(70)),
        (Fault::Says("* 1 FETCH (UID 1 BODY[] {99999999}\r\n"), Duration::from_secs(5)),
        (Fault::Says("X1 OK somebody else's\r\n"), Duration::from_secs(5)),
    ];
    let mut cases = 0;
    for (fault, limit) in faults {
        for at in 0.. {
            let (reached, took) = beside(async {
                let scene = Scene::after_the_first_look(&TRUTH);
                *scene.server.fault.borrow_mut() = Some((at, fault.clone()));
                let took = scene.until_all_read_and_well().await;
                scene.assert_each_kept_once(&format!("{fault:?} at command {at}"));
                (scene.server.fault.borrow().is_none(), took)
            })
            .await;
            if !reached {
                break;
            }
            assert!(took <= limit, "{fault:?} at command {at}: {took:?}");
            cases += 1;
        }
    }
    println!("{cases} faults at commands");
    assert!(cases >= 40, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn hanging_up_after_any_byte_of_any_answer_loses_and_doubles_nothing() {
    let mut cases = 0;
    for at in 0..7 {
        for bytes in 0.. {
            let cut = beside(async {
                let scene = Scene::after_the_first_look(&TRUTH);
                *scene.server.fault.borrow_mut() = Some((at, Fault::HangUpAfter(bytes)));
                scene.until_all_read_and_well().await;
                scene.assert_each_kept_once(&format!("hung up at command {at} after byte {bytes}"));
                scene.server.cut_short.get()
            })
            .await;
            if !cut {
                break;
            }
            cases += 1;
        }
    }
    println!("{cases} places to hang up");
    assert!(cases > 600, "{cases}");
}

/// The same where there is more than one batch, and the next is asked for before the last was kept.
#[tokio::test(start_paused = true)]
async fn a_fault_between_batches_loses_and_doubles_nothing() {
    let texts: Vec<String> =
        (0..250).map(|n| format!("Subject: {n}\r\n\r\nnumber {n}\r\n")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let faults = [
        Fault::HangUp,
        Fault::HangUpAfter(1),
        Fault::HangUpAfter(4_000),
        Fault::Stall,
        Fault::Says("TAG NO [UNAVAILABLE] later\r\n"),
        Fault::Says("TAG BAD what\r\n"),
        Fault::Says("TAG OK nothing there\r\n"),
        Fault::Says("X1 OK somebody else's\r\n"),
    ];
    let mut cases = 0;
    for fault in faults {
        for at in 0.. {
            let reached = beside(async {
                let scene = Scene::after_the_first_look(&texts);
                *scene.server.fault.borrow_mut() = Some((at, fault.clone()));
                let all =
                    |shelf: &Shelf| shelf.is_watching() && shelf.messages().len() == texts.len();
                scene.until(all).await;
                let what = format!("{fault:?} at command {at}");
                assert!(scene.shelf.messages().values().all(|count| *count == 1), "{what}");
                assert_eq!(scene.shelf.backwards.get(), 0, "{what}");
                assert!(scene.shelf.aside.borrow().is_empty(), "{what}");
                scene.server.fault.borrow().is_none()
            })
            .await;
            if !reached {
                break;
            }
            cases += 1;
        }
    }
    println!("{cases} faults between batches");
    assert!(cases >= 64, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn a_fault_in_the_first_look_leaves_it_quiet() {
    let mut cases = 0;
    for at in 0.. {
        let reached = beside(async {
            let scene = Scene::new(&TRUTH);
            *scene.server.fault.borrow_mut() = Some((at, Fault::HangUp));
            scene.until_all_read_and_well().await;
            assert_eq!(scene.shelf.loud(), 0, "at command {at}");
            scene.server.fault.borrow().is_none()
        })
        .await;
        if !reached {
            break;
        }
        cases += 1;
    }
    assert!(cases >= 7, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn a_first_look_that_was_killed_goes_on_quietly_and_tells_what_came_meanwhile() {
    beside(async {
        let texts: Vec<String> = (0..250).map(|n| format!("Subject: {n}\r\n\r\nx\r\n")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let scene = Scene::new(&texts);
        scene.until(|shelf| shelf.kept.borrow().len() >= 100).await;
        assert!(scene.shelf.kept.borrow().len() < 250, "killed in the middle");
        scene.server.deliver("Subject: meanwhile\r\n\r\nnews\r\n");
        scene.until(Shelf::is_watching).await;
        assert_eq!(scene.shelf.messages().len(), 251);
        assert!(scene.shelf.messages().values().all(|&times| times == 1), "it goes on");
        let kept = scene.shelf.kept.borrow();
        let loud: Vec<_> = kept.iter().filter(|kept| !kept.quietly).collect();
        assert!(matches!(loud[..], [news] if news.arrival.uid.0 == 251), "what came meanwhile");
        let progress = scene
            .shelf
            .health
            .borrow()
            .iter()
            .any(|health| matches!(health, Health::CatchingUp { total: 250, .. }));
        assert!(progress, "{:?}", scene.shelf.health.borrow());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unsolicited_answers_at_any_moment_change_nothing() {
    beside(async {
        for noise in [
            "* 3 EXISTS\r\n* 0 RECENT\r\n",
            "* 2 FETCH (FLAGS (\\Seen))\r\n",
            "* OK [ALERT]日本語\r\n* NO warning\r\n* BAD nonsense\r\n",
            "* CAPABILITY IMAP4rev1 IDLE\r\n* FLAGS ()\r\n* NAMESPACE NIL NIL NIL\r\n",
            "* 9 EXPUNGE\r\n",
        ] {
            let scene = Scene::after_the_first_look(&TRUTH);
            scene.server.unsolicited.set(noise);
            scene.until_all_read_and_well().await;
            scene.assert_each_kept_once(noise);
            let commands = scene.server.commands.borrow().len();
            assert!(commands < 30, "{noise:?}: {commands} commands");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_always_announces_mail_does_not_keep_us_busy() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene.server.unsolicited.set("* 3 EXISTS\r\n");
        scene.watched(tokio::time::sleep(LONG)).await;
        let commands = scene.server.commands.borrow().len();
        assert!(commands < 60 * 20, "{commands} commands in an hour");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_new_life_of_the_mailbox_is_looked_through_again() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene.until_all_read_and_well().await;
        scene.server.uid_validity.set(8);
        scene.shelf.forget_health();
        scene.until(Shelf::is_watching).await;
        assert!(
            scene.shelf.messages().values().all(|&count| count == 2),
            "the keeper recognises them"
        );
        assert_eq!(
            scene.shelf.cursors.borrow()["INBOX"],
            Cursor { uid_validity: UidValidity(8), last_uid: 3, old_up_to: 0 }
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn numbering_that_begins_anew_without_notice_hides_no_mail() {
    beside(async {
        let scene = Scene::new(&TRUTH);
        let far = Cursor { uid_validity: UidValidity(7), last_uid: 900, old_up_to: 0 };
        scene.shelf.cursors.borrow_mut().insert("INBOX".to_owned(), far);
        scene
            .watched(async {
                scene.shelf.until(Shelf::is_watching).await;
                assert_eq!(scene.shelf.messages().len(), 3);
                scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
                scene.shelf.until(|shelf| shelf.messages().len() == 4).await;
            })
            .await;
        assert_eq!(scene.shelf.backwards.get(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_uidnext_misses_nothing() {
    beside(async {
        let scene = Scene::new(&TRUTH);
        scene.server.without_uid_next.set(true);
        scene
            .watched(async {
                scene.shelf.until(Shelf::is_watching).await;
                scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
                scene.shelf.until(|shelf| shelf.loud() == 1).await;
            })
            .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_uidnext_that_numbers_anew_for_each_connection_misses_nothing() {
    beside(async {
        let scene = Scene::new(&TRUTH);
        scene.server.without_uid_next.set(true);
        scene.watched(scene.shelf.until(Shelf::is_watching)).await;
        // One mail goes, another comes, and the number of mails is what it was.
        scene.server.messages.borrow_mut().remove(&1);
        scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
        let renumbered = scene.server.messages.take().into_values();
        *scene.server.messages.borrow_mut() = (1..).zip(renumbered).collect();
        let is_new = |shelf: &Shelf| shelf.messages().keys().any(|text| text.contains("news"));
        scene.watched(scene.shelf.until(is_new)).await;
        assert_eq!(scene.shelf.backwards.get(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn uids_beyond_two_to_the_31_are_watched() {
    beside(async {
        let scene = Scene::after_the_first_look(&[]);
        let text = "Subject: far\r\n\r\nx\r\n".to_owned();
        scene.server.messages.borrow_mut().insert(u32::MAX - 1, text.clone());
        scene
            .watched(async {
                scene.shelf.until(|shelf| shelf.is_watching() && shelf.loud() == 1).await;
                scene.server.deliver("Subject: last\r\n\r\nx\r\n");
                scene.shelf.until(|shelf| shelf.loud() == 2).await;
                tokio::time::sleep(LONG).await;
            })
            .await;
        assert_eq!(scene.shelf.loud(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_mailbox_is_watched() {
    beside(async {
        let scene = Scene::new(&[]);
        scene
            .watched(async {
                scene.shelf.until(Shelf::is_watching).await;
                scene.server.deliver("Subject: first\r\n\r\nx\r\n");
                scene.shelf.until(|shelf| shelf.loud() == 1).await;
            })
            .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_announces_nothing_is_asked_within_five_minutes() {
    beside(async {
        for capabilities in ["IMAP4rev1 IDLE", "IMAP4rev1"] {
            let scene = Scene::new(&TRUTH);
            scene.server.silent.set(true);
            scene.server.capabilities.set(capabilities);
            scene
                .watched(async {
                    scene.shelf.until(Shelf::is_watching).await;
                    scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
                    let began = Instant::now();
                    scene.shelf.until(|shelf| shelf.loud() == 1).await;
                    assert!(began.elapsed() <= Duration::from_mins(5), "{:?}", began.elapsed());
                })
                .await;
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn three_refused_logins_stop_the_account_until_its_user_acts() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene.server.login_answer.set(Some("NO [AUTHENTICATIONFAILED] wrong password"));
        scene
            .watched(async {
                scene
                    .shelf
                    .until(|shelf| {
                        matches!(shelf.health.borrow().last(), Some(Health::Stopped { .. }))
                    })
                    .await;
                tokio::time::sleep(24 * LONG).await;
                assert_eq!(scene.server.asked("AUTHENTICATE"), 3);
                // A new network does not make a password right.
                scene.wake.send_modify(|wake| wake.network += 1);
                tokio::time::sleep(LONG).await;
                assert_eq!(scene.server.asked("AUTHENTICATE"), 3);

                scene.server.login_answer.set(None);
                scene.wake.send_modify(|wake| wake.retry += 1);
                scene.shelf.until(Shelf::is_watching).await;
            })
            .await;
        let told = scene.shelf.health.borrow();
        let stopped = told.iter().filter(|health| matches!(health, Health::Stopped { .. })).count();
        assert_eq!(stopped, 1, "told once: {told:?}");
        let Some(Health::Stopped { words }) =
            told.iter().find(|h| matches!(h, Health::Stopped { .. }))
        else {
            panic!("{told:?}");
        };
        assert!(words.ends_with("wrong password"), "{words}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_not_a_refusal() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene.server.login_answer.set(Some("NO [UNAVAILABLE] maintenance"));
        scene
            .watched(async {
                tokio::time::sleep(LONG).await;
                scene.server.login_answer.set(None);
                scene.shelf.until(Shelf::is_watching).await;
            })
            .await;
        let tries = scene.server.asked("AUTHENTICATE");
        assert!((4..20).contains(&tries), "{tries} tries in an hour");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_locked_keyring_is_waited_for() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene.locked.set(true);
        scene
            .watched(async {
                tokio::time::sleep(LONG).await;
                assert_eq!(scene.server.asked("AUTHENTICATE"), 0);
                let told = scene.shelf.health.borrow().clone();
                assert!(matches!(told.last(), Some(Health::Unreachable { words, .. }) if words.contains("keyring")), "{told:?}");
                let tries = scene.server.connections.get();
                tokio::time::sleep(Duration::from_mins(4)).await;
                assert!(scene.server.connections.get() <= tries + 1, "the server hears of it");
                scene.locked.set(false);
                let began = Instant::now();
                scene.shelf.until(Shelf::is_watching).await;
                assert!(began.elapsed() <= Duration::from_secs(31), "{:?}", began.elapsed());
            })
            .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_network_coming_back_ends_the_wait() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene.server.down.set(true);
        scene
            .watched(async {
                tokio::time::sleep(LONG).await;
                let tries = scene.server.connections.get();
                assert!((8..20).contains(&tries), "{tries} tries in an hour");
                // Names are not resolved yet when the signal comes.
                scene.wake.send_modify(|wake| wake.network += 1);
                tokio::time::sleep(Duration::from_secs(1)).await;
                scene.server.down.set(false);
                let began = Instant::now();
                scene.shelf.until(Shelf::is_watching).await;
                assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            })
            .await;
        scene.assert_each_kept_once("after the network came back");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_sleep_that_nobody_told_of_ends_the_wait() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene.server.down.set(true);
        scene
            .watched(async {
                tokio::time::sleep(LONG).await;
                scene.server.down.set(false);
                let hours = i64::try_from((8 * LONG).as_secs()).unwrap();
                scene.slept.store(hours, std::sync::atomic::Ordering::Relaxed);
                let began = Instant::now();
                scene.shelf.until(Shelf::is_watching).await;
                assert!(began.elapsed() <= Duration::from_secs(31), "{:?}", began.elapsed());
            })
            .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_anew_makes_nobody_blind() {
    let years = 10 * 365 * 86_400;
    for jump in [years, -years] {
        beside(async {
            let scene = Scene::after_the_first_look(&TRUTH);
            let set_clock = || scene.slept.store(jump, std::sync::atomic::Ordering::Relaxed);
            scene.server.down.set(true);
            scene
                .watched(async {
                    tokio::time::sleep(Duration::from_mins(1)).await;
                    scene.server.down.set(false);
                    set_clock();
                    let began = Instant::now();
                    scene.shelf.until(Shelf::is_watching).await;
                    assert!(began.elapsed() < Duration::from_mins(2), "{:?}", began.elapsed());
                })
                .await;
            let scene = Scene::after_the_first_look(&TRUTH);
            scene
                .watched(async {
                    scene.shelf.until(Shelf::is_watching).await;
                    scene.slept.store(jump, std::sync::atomic::Ordering::Relaxed);
                    scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
                    let began = Instant::now();
                    scene.shelf.until(|shelf| shelf.messages().len() == 4).await;
                    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
                })
                .await;
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_noticed_at_once_after_a_resume() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        scene
            .watched(async {
                scene.shelf.until(Shelf::is_watching).await;
                // The server forgets the connection: it answers nothing any more.
                tokio::time::sleep(Duration::from_secs(90)).await;
                let next = scene.server.commands.borrow().len();
                *scene.server.fault.borrow_mut() = Some((next, Fault::Stall));
                scene.server.deliver("Subject: new\r\n\r\nnews\r\n");
                scene.wake.send_modify(|wake| wake.network += 1);
                scene.shelf.until(|shelf| shelf.messages().len() == 4 && shelf.is_watching()).await;
            })
            .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_fetched_is_set_aside_and_blocks_nothing() {
    let poisons = [
        "* 2 FETCH (UID 2 BODY[]<0> {99999999}\r\n",
        "* 2 FETCH (UID 2 BODY[]<0> NIL)\r\n",
        "* 2 FETCH (UID 2 BODY[]<0> ((((\r\n",
        "",
    ];
    for poison in poisons {
        beside(async {
            let scene = Scene::after_the_first_look(&TRUTH);
            scene.server.poison.borrow_mut().insert(2, poison);
            let took =
                scene.until(|shelf| shelf.is_watching() && shelf.aside.borrow().len() == 1).await;
            assert!(took <= Duration::from_mins(2), "{poison:?}: {took:?}");
            assert_eq!(scene.shelf.messages().len(), 2, "{poison:?}");
            assert!(scene.shelf.messages().values().all(|&count| count == 1), "{poison:?}");
            let (uid, why) = scene.shelf.aside.borrow()[0].clone();
            assert_eq!(uid.0, 2, "{poison:?}");
            assert!(!why.is_empty(), "{poison:?}");
            assert_eq!(scene.shelf.cursors.borrow()["INBOX"].last_uid, 3);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_mailbox_is_told_and_does_not_stop_the_others() {
    beside(async {
        let mut scene = Scene::after_the_first_look(&TRUTH);
        scene.account = account(&["INBOX", "選考"]);
        scene
            .until(|shelf| {
                matches!(shelf.health.borrow().last(), Some(Health::Stopped { words }) if words.contains("選考"))
                    && shelf.messages().len() == 3
            })
            .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn many_mailboxes_share_a_connection() {
    beside(async {
        let mut scene = Scene::after_the_first_look(&TRUTH);
        scene.account = account(&["INBOX", "INBOX", "INBOX", "INBOX", "INBOX", "INBOX"]);
        scene
            .watched(async {
                scene.shelf.until(Shelf::is_watching).await;
                tokio::time::sleep(LONG).await;
            })
            .await;
        assert_eq!(scene.server.connections.get(), 4);
        let mut verbs = String::new();
        for command in scene.server.commands.borrow().iter().rev().take(10) {
            let _ = writeln!(verbs, "{command}");
        }
        assert!(verbs.contains("EXAMINE"), "the shared one goes round: {verbs}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stopping_says_goodbye() {
    beside(async {
        let scene = Scene::after_the_first_look(&TRUTH);
        let stop = CancellationToken::new();
        let open = async || scene.server.open().await;
        let identity = async || Ok::<_, SecretError>(me());
        let (clock, wake) = (scene.clock(), scene.wake.subscribe());
        let watching = Box::pin(watch_over(
            &open,
            &scene.account,
            &identity,
            &scene.shelf,
            &clock,
            wake,
            stop.clone(),
        ));
        let ended = RefCell::new(false);
        tokio::join!(
            async {
                watching.await;
                *ended.borrow_mut() = true;
            },
            async {
                scene.shelf.until(Shelf::is_watching).await;
                stop.cancel();
            }
        );
        assert!(*ended.borrow());
        assert_eq!(scene.server.asked("LOGOUT"), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_offers_notify_and_refuses_it_is_watched_with_more_connections() {
    for offered in
        ["IMAP4rev1 AUTH=PLAIN SASL-IR IDLE ID", "IMAP4rev1 AUTH=PLAIN SASL-IR IDLE NOTIFY"]
    {
        beside(async {
            let mut scene = Scene::after_the_first_look(&TRUTH);
            scene.account = account(&["INBOX", "INBOX"]);
            scene.server.capabilities.set(offered);
            scene.until(Shelf::is_watching).await;
            let refused = scene.server.asked("NOTIFY SET");
            assert_eq!(refused, usize::from(offered.contains("NOTIFY")));
            assert_eq!(scene.server.connections.get(), 2 + refused, "{offered}");
            assert_eq!(scene.server.asked("AUTHENTICATE"), 2 + refused, "{offered}");
        })
        .await;
    }
}
