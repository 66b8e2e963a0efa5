//! The same against a real Postfix with AUTH: in the clear, where the dialogue is seen, and over TLS and
//! STARTTLS. What arrives is counted in the mailboxes of a real Dovecot, one a case.

use std::sync::Mutex;

use goen::net::Security;
use goen::outbox::Truth;
use goen::outbox::state::State;
use goen::store::Store;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Orders, POINTS, Victim, orders_for, run};
use crate::support::dovecot::Dovecot;
use crate::support::home::until;
use crate::support::line::{Line, UTTERANCES, When};
use crate::support::postfix::Postfix;
use crate::support::replies::*;

/// How many cases are played at once; each waits for processes and servers most of the time.
const HANDS: usize = 8;

/// When the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kill {
    /// At a point of its own.
    Point(&'static str),
    /// When the dialogue has come so far.
    At(When),
}

struct Case {
    security: Security,
    when: Kill,
    number: usize,
    folder: TempDir,
    mail_id: i64,
}

impl Case {
    fn new(number: usize, security: Security, when: Kill) -> Self {
        let folder = super::folder_in_memory();
        let store = Store::open(&folder.path().join("goen.db")).unwrap();
        let mail_id = fill(&store, 1)[0];
        let mut draft = draft();
        draft.from.addr_spec = "hanako@test.example".into();
        draft.to.addr_spec = format!("case-{number}@test.example");
        goen::outbox::Outbox::new(store).edit(mail_id, &draft, now()).unwrap();
        Self { security, when, number, folder, mail_id }
    }

    fn story(&self) -> String {
        format!("case {} {:?} {:?}", self.number, self.security, self.when)
    }

    fn outbox(&self) -> goen::outbox::Outbox {
        outbox_at(&self.folder.path().join("goen.db"))
    }

    fn state(&self) -> State {
        self.outbox().entry(self.mail_id).unwrap().unwrap().state
    }

    fn orders(&self, postfix: &Postfix, minute: i64) -> Orders {
        let account = postfix.submission(self.security);
        orders_for(&self.folder.path().join("goen.db"), &account, minute)
    }

    /// Runs the process to its end, at `minute`.
    fn go_on(&self, postfix: &Postfix, minute: i64) {
        run(&self.orders(postfix, minute), &Victim::default(), super::Kill::Never);
    }

    /// The crash, and what a restart makes of it.
    fn crash(&self, runtime: &Runtime, postfix: &Postfix) {
        let victim = Victim::default();
        let mut orders = self.orders(postfix, 1);
        match self.when {
            Kill::Point(point) => run(&orders, &victim, super::Kill::Point(point)),
            Kill::At(when) => {
                let hand = victim.clone();
                let line = Line::to(orders.port, when, move || super::kill(&hand));
                let (port, line) = runtime.block_on(line);
                orders.port = port;
                run(&orders, &victim, super::Kill::Never);
                // The server has heard the client out, so what it took is in its queue.
                runtime.block_on(line.join_all());
            }
        }
        for minute in [30, 60] {
            if matches!(self.state(), State::Draft | State::Approved | State::Sending) {
                self.go_on(postfix, minute);
            }
        }
    }
}

fn cases() -> Vec<Case> {
    let mut all: Vec<(Security, Kill)> = Vec::new();
    for security in [Security::Plain, Security::Tls, Security::Starttls] {
        all.extend(POINTS.map(|point| (security, Kill::Point(point))));
    }
    for utterance in 1..=UTTERANCES {
        let moments = [When::Said(utterance), When::Heard(utterance), When::Answered(utterance)];
        all.extend(moments.map(|when| (Security::Plain, Kill::At(when))));
    }
    all.push((Security::Plain, Kill::At(When::Answered(0))));
    // All along what is said and heard. A dialogue in the clear is about 1,150 bytes long, one over
    // TLS about 2,500; kills beyond the end never happen, and such a case is one without a crash.
    let along = |security, bytes: usize, step: usize| {
        (0..bytes).step_by(step).map(move |byte| (security, Kill::At(When::Sent(byte))))
    };
    all.extend(along(Security::Plain, 1_160, 8));
    all.extend(along(Security::Tls, 2_600, 52));
    all.extend(along(Security::Starttls, 2_600, 52));
    all.extend((1..400).step_by(40).map(|byte| (Security::Plain, Kill::At(When::Received(byte)))));
    all.extend((1..4_000).step_by(160).map(|byte| (Security::Tls, Kill::At(When::Received(byte)))));
    all.into_iter()
        .enumerate()
        .map(|(number, (security, when))| Case::new(number, security, when))
        .collect()
}

/// Does `work` for each case, several at a time.
fn for_each(cases: &[Case], work: impl Fn(&Case) + Sync) {
    let queue = Mutex::new(cases.iter());
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().next() else { return };
                    work(case);
                }
            });
        }
    });
}

#[test]
fn no_crash_doubles_or_loses_a_reply_at_a_real_postfix() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    let runtime = Runtime::new().unwrap();
    let cases = cases();
    let arrived = |case: &Case| dovecot.messages(&format!("case-{}", case.number));
    let all_delivered = || until("all is delivered", || postfix.is_idle().then_some(()));

    for_each(&cases, |case| case.crash(&runtime, &postfix));
    all_delivered();
    let (mut sent, mut there, mut not_there) = (0, 0, 0);
    for case in &cases {
        let copies = arrived(case);
        assert!(copies.len() <= 1, "{}: {} copies", case.story(), copies.len());
        match (case.state(), copies.first()) {
            (State::Sent(_), Some(_)) => sent += 1,
            // The truth can be found: by the Message-ID.
            (State::Uncertain, Some(copy)) => {
                let approval =
                    case.outbox().entry(case.mail_id).unwrap().unwrap().approval.unwrap();
                assert!(copy.contains(&format!("Message-ID: <{}>", approval.message_id)));
                case.outbox().resolve(case.mail_id, Truth::FoundInSent, after(90)).unwrap();
                there += 1;
            }
            (State::Uncertain, None) => {
                case.outbox().resolve(case.mail_id, Truth::UserSaysNot, after(90)).unwrap();
                not_there += 1;
            }
            (state, copy) => panic!("{}: {state:?}, {copy:?}: lost", case.story()),
        }
    }
    // What did not arrive is approved anew by the user, and then it does.
    for_each(&cases, |case| {
        if matches!(case.state(), State::Failed(_)) {
            approve(&case.outbox(), case.mail_id);
            case.go_on(&postfix, 90);
        }
    });
    all_delivered();
    for case in &cases {
        assert!(matches!(case.state(), State::Sent(_)), "{}: {:?}", case.story(), case.state());
        assert_eq!(arrived(case).len(), 1, "{}", case.story());
    }
    let count = cases.len();
    println!(
        "crash matrix at a real Postfix: {count} cases, {count} mailboxes with one copy each, 0 \
         doubled, 0 lost ({sent} sent, {there} uncertain and there, {not_there} uncertain and not \
         there, then sent anew)"
    );
    assert!(count >= 300, "{count} cases");
    assert!(sent > 0 && there > 0 && not_there > 0);
}
