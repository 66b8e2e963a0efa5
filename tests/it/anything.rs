//! Whatever the user, the clock, the servers and two daemons do, in any order: one approval, at most one
//! accepted copy, and what was accepted is byte for byte what was approved.

use std::collections::BTreeMap;

use goen::outbox::state::{Outcome, State};
use goen::outbox::{Claim, Outbox, Truth, UnderWay};
use goen::smtp;
use goen::store::Store;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::replies::*;
use crate::support::smtp::{Fault, Script, SmtpServer, Step};

#[derive(Debug, Clone, Copy)]
enum Act {
    Approve {
        with_old_digest: bool,
    },
    Edit(u8),
    Undo,
    Discard,
    Postpone(i64),
    /// An answer from another mail program is seen.
    AnsweredElsewhere,
    AskAgain,
    WaitForHours,
    /// One of the daemons takes what is due.
    Claim(usize),
    /// It submits what it took, to a server with a fault, or without.
    Submit(usize, Option<usize>),
    /// It writes down what it heard.
    Settle(usize),
    /// It is killed, and started again.
    Restart(usize),
    /// The user says what became of an uncertain reply.
    Resolve,
    /// Minutes; the clock may be set back.
    ClockJumps(i64),
}

/// What may go wrong at a server. Only silence behind the dot can hide a copy.
fn faults() -> [(Step, Fault); 9] {
    let say = |words: &str| Fault::Say(words.into());
    [
        (Step::Mail, Fault::HangUp),
        (Step::Rcpt, say("451 4.7.1 later\r\n")),
        (Step::Rcpt, say("550 5.1.1 nobody\r\n")),
        (Step::Data, Fault::HangUp),
        (Step::Data, say("250 2.0.0 ok\r\n")),
        (Step::Dot, Fault::HangUp),
        (Step::Dot, say("452 4.3.1 full\r\n")),
        (Step::Dot, Fault::SayAndHangUp("554 5.7.1 no\r\n".into())),
        (Step::Dot, say("what?\r\n")),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let one = 0..2_usize;
    prop_oneof![
        5 => prop::bool::weighted(0.2).prop_map(|it| Act::Approve { with_old_digest: it }),
        2 => any::<u8>().prop_map(Act::Edit),
        1 => Just(Act::Undo),
        1 => Just(Act::Discard),
        1 => (0..200_i64).prop_map(Act::Postpone),
        1 => Just(Act::AnsweredElsewhere),
        1 => Just(Act::AskAgain),
        1 => Just(Act::WaitForHours),
        6 => one.clone().prop_map(Act::Claim),
        6 => (one.clone(), proptest::option::weighted(0.6, 0..faults().len())).prop_map(|(one, fault)| Act::Submit(one, fault)),
        5 => one.clone().prop_map(Act::Settle),
        2 => one.prop_map(Act::Restart),
        2 => Just(Act::Resolve),
        4 => prop_oneof![0..300_i64, -5_000..5_000_i64].prop_map(Act::ClockJumps),
    ]
}

/// A daemon, and what it is at.
struct Daemon {
    outbox: Outbox,
    claim: Option<Claim>,
    heard: Option<(i64, Outcome)>,
}

/// One store, two daemons, and everything that any server accepted.
struct World {
    runtime: Runtime,
    _folder: tempfile::TempDir,
    sql: rusqlite::Connection,
    daemons: [Daemon; 2],
    mail_id: i64,
    minute: i64,
    /// What was stored at each approval, by Message-ID.
    approved: BTreeMap<String, Vec<u8>>,
    /// The Message-IDs of what was accepted.
    accepted: Vec<String>,
    old_digest: goen::reply::Digest,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = folder.path().join("goen.db");
        let mail_id = fill(&Store::open(&path).unwrap(), 1)[0];
        let daemon = || Daemon { outbox: outbox_at(&path), claim: None, heard: None };
        let daemons = [daemon(), daemon()];
        let old_digest = daemons[0].outbox.entry(mail_id).unwrap().unwrap().digest;
        Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            sql: rusqlite::Connection::open(&path).unwrap(),
            _folder: folder,
            daemons,
            mail_id,
            minute: 0,
            approved: BTreeMap::new(),
            accepted: Vec::new(),
            old_digest,
        }
    }

    /// Does one thing. Where `one_at_a_time`, a daemon starts only when the other one is dead, as the lock
    /// on the state folder has it.
    fn act(&mut self, turn: usize, act: Act, one_at_a_time: bool) {
        let time = after(self.minute);
        let id = self.mail_id;
        let user = self.daemons[turn % 2].outbox.clone();
        let entry = user.entry(id).unwrap().unwrap();
        match act {
            Act::Approve { with_old_digest } => {
                let digest =
                    if with_old_digest { self.old_digest.clone() } else { entry.digest.clone() };
                if user.approve(id, &digest, time, &in_japan(time)).is_ok() {
                    assert_eq!(digest, entry.digest, "only what was shown can be approved");
                    let (message_id, raw): (String, Vec<u8>) = self
                        .sql
                        .query_row(
                            "SELECT message_id, raw FROM outbox WHERE state = 'approved'",
                            [],
                            |row| Ok((row.get(0)?, row.get(1)?)),
                        )
                        .unwrap();
                    assert!(self.approved.insert(message_id, raw).is_none());
                }
            }
            Act::Edit(number) => {
                let mut changed = draft();
                changed.body = format!("本文 {number}\n");
                self.old_digest = entry.digest;
                let _ = user.edit(id, &changed, time);
            }
            Act::Undo => drop(user.undo(id, time)),
            Act::Discard => drop(user.discard(id, time)),
            Act::Postpone(minutes) => {
                drop(user.postpone(id, after(self.minute + minutes), time));
            }
            Act::AnsweredElsewhere => drop(user.retire(id, time)),
            Act::AskAgain => drop(user.ask_again(time).unwrap()),
            Act::WaitForHours => {
                let later = after(self.minute + 30);
                user.wait_for_hours(time, |at| at.max(later)).unwrap();
            }
            Act::Claim(one) => {
                let daemon = &mut self.daemons[one];
                if daemon.claim.is_none() && daemon.heard.is_none() {
                    daemon.claim = claim(&daemon.outbox, time);
                }
            }
            Act::Submit(one, fault) => self.submit(one, fault),
            Act::Settle(one) => {
                let daemon = &mut self.daemons[one];
                if let Some((claim_id, outcome)) = daemon.heard.take() {
                    daemon.outbox.settle(claim_id, outcome, time).unwrap();
                }
            }
            Act::Restart(one) => {
                for (number, daemon) in self.daemons.iter_mut().enumerate() {
                    if one_at_a_time || number == one {
                        (daemon.claim, daemon.heard) = (None, None);
                    }
                }
                user.recover(time, &UnderWay::default()).unwrap();
            }
            Act::Resolve => {
                let message_id = entry.approval.map(|approval| approval.message_id);
                let is_there = message_id.is_some_and(|it| self.accepted.contains(&it));
                let truth = if is_there { Truth::FoundInSent } else { Truth::UserSaysNot };
                drop(user.resolve(id, truth, time));
            }
            Act::ClockJumps(minutes) => self.minute += minutes,
        }
    }

    fn submit(&mut self, one: usize, fault: Option<usize>) {
        let daemon = &mut self.daemons[one];
        let Some(claim) = daemon.claim.take() else { return };
        let claim_id = claim.id();
        let fault = fault.map(|index| faults()[index].clone());
        let (outcome, messages) = self.runtime.block_on(async {
            let server = SmtpServer::start(Script { fault, ..Script::default() }).await;
            let outcome = smtp::submit(&server.account(), claim).await.outcome;
            (outcome, server.messages())
        });
        daemon.heard = Some((claim_id, outcome));
        for message in messages {
            let text = String::from_utf8(message.clone()).unwrap();
            let (_, rest) = text.split_once("Message-ID: <").unwrap();
            let message_id = rest.split_once('>').unwrap().0.to_owned();
            assert_eq!(self.approved.get(&message_id), Some(&message), "byte for byte");
            assert!(!self.accepted.contains(&message_id), "one approval, two copies");
            self.accepted.push(message_id);
        }
    }
}

fn play(acts: Vec<Act>, one_at_a_time: bool) -> World {
    let mut world = World::new();
    for (turn, act) in acts.into_iter().enumerate() {
        world.act(turn, act, one_at_a_time);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Two daemons that know nothing of each other (a lock forbids it): still no approval counts twice.
    #[test]
    fn one_approval_is_accepted_at_most_once_and_byte_for_byte(
        acts in prop::collection::vec(act(), 1..60)
    ) {
        play(acts, false);
    }

    /// One daemon at a time, as the lock has it, and a user who says what is true: then no mail is
    /// answered twice, however often it is approved.
    #[test]
    fn a_mail_is_answered_at_most_once(acts in prop::collection::vec(act(), 1..60)) {
        let world = play(acts, true);
        prop_assert!(world.accepted.len() <= 1, "{:?}", world.accepted);
        let state = world.daemons[0].outbox.entry(world.mail_id).unwrap().unwrap().state;
        // What was accepted is known, or can be found out.
        if world.accepted.len() == 1 {
            let is_known = matches!(state, State::Sent(_) | State::Sending | State::Uncertain);
            prop_assert!(is_known, "{state:?}");
        }
    }
}
