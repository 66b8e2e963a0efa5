//! goen is killed (SIGKILL) at every commit point, at every boundary of the SMTP dialogue and at
//! bytes all along it, then started again; the copies at the far end are counted. Here against a
//! scripted server, which can stop at any point; in [`postfix`] against a real one, with its mailboxes.

mod postfix;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use goen::net::{Security, Server};
use goen::outbox::state::State;
use goen::outbox::{Truth, UnderWay};
use goen::secret::{Credential, Secret};
use goen::smtp::{self, Submission};
use goen::store::Store;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::support::replies::*;
use crate::support::smtp::*;

/// What the process that may be killed is told on its standard input.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Orders {
    store: std::path::PathBuf,
    host: String,
    user: String,
    password: String,
    port: u16,
    security: Security,
    ca_file: std::path::PathBuf,
    /// What its clock says, in minutes.
    minute: i64,
}

/// Points at which the process has just committed, or is about to act.
const POINTS: [&str; 6] = ["opened", "recovered", "approved", "claimed", "submitted", "settled"];

/// The daemon's part in a process of its own. It stops at each point until it is told to go on.
#[test]
#[ignore = "started by the crash matrix"]
fn a_process_that_may_be_killed() {
    let mut input = std::io::stdin().lines();
    let Some(Ok(orders)) = input.next() else { return };
    let orders: Orders = serde_json::from_str(&orders).unwrap();
    let mut at = |point: &str| {
        println!("at: {point}");
        std::io::stdout().flush().unwrap();
        input.next().unwrap().unwrap();
    };
    let account = Submission {
        server: Server {
            host: orders.host,
            port: orders.port,
            security: orders.security,
            ca_file: Some(orders.ca_file),
        },
        user: orders.user,
        credential: Credential::Password(Secret::new(orders.password)),
        helo: "[127.0.0.1]".into(),
    };
    let now = after(orders.minute);
    let outbox = outbox_at(&orders.store);
    at("opened");
    outbox.recover(now, &UnderWay::default()).unwrap();
    at("recovered");
    let entry = outbox.entries().unwrap().remove(0);
    if entry.state == State::Draft {
        approve(&outbox, entry.mail_id);
        at("approved");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    while let Some(claim) = claim(&outbox, now) {
        at("claimed");
        let id = claim.id();
        let attempt = runtime.block_on(smtp::submit(&account, claim));
        at("submitted");
        outbox.settle(id, attempt.outcome, now).unwrap();
        at("settled");
        runtime.block_on(attempt.farewell.say());
    }
}

/// When the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kill {
    /// At a point of its own.
    Point(&'static str),
    /// When the server has come to a boundary.
    Boundary(Step, Moment),
    /// When so many bytes of it have reached the server; the rest never does.
    Byte(usize),
    Never,
}

/// The process, for whoever kills it first.
type Victim = Arc<Mutex<Option<Child>>>;

fn kill(victim: &Victim) {
    if let Some(mut child) = victim.lock().unwrap().take() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Runs the process until it ends or is killed.
fn run(orders: &Orders, victim: &Victim, when: Kill) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::a_process_that_may_be_killed", "--ignored", "--nocapture"])
        .args(["--test-threads", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    *victim.lock().unwrap() = Some(child);
    writeln!(stdin, "{}", serde_json::to_string(orders).unwrap()).unwrap();
    for line in stdout.lines() {
        let line = line.unwrap();
        let Some((_, point)) = line.split_once("at: ") else { continue };
        if when == Kill::Point(POINTS.into_iter().find(|it| *it == point).unwrap()) {
            kill(victim);
        } else {
            // The victim may be dead already, by the server's hand.
            let _ = writeln!(stdin, "go");
        }
    }
    if let Some(mut child) = victim.lock().unwrap().take() {
        assert!(child.wait().unwrap().success(), "the process failed by itself");
    }
}

/// Passes `limit` bytes on to the server, kills the process, and hangs up on both.
async fn cut_after(limit: usize, port: u16, victim: Victim) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = listener.local_addr().unwrap().port();
    let relaying = async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        far.set_nodelay(true).unwrap();
        let (mut near_read, mut near_write) = near.split();
        let (mut far_read, mut far_write) = far.split();
        let forth = async {
            let mut left = limit;
            let mut space = [0; 4096];
            while left > 0 {
                let wanted = left.min(space.len());
                let read = near_read.read(&mut space[..wanted]).await.unwrap_or(0);
                if read == 0 || far_write.write_all(&space[..read]).await.is_err() {
                    return;
                }
                left -= read;
            }
            kill(&victim);
        };
        let back = async {
            let _ = tokio::io::copy(&mut far_read, &mut near_write).await;
        };
        tokio::select! { () = forth => {}, () = back => {} }
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(relaying);
    (relay, tasks)
}

/// A folder that costs no disk: what is killed is the process, not the machine (that is another test).
fn folder_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

struct Case {
    security: Security,
    /// What the server says to the message before the crash.
    verdict: Option<&'static str>,
    when: Kill,
}

/// How a case ended, for the summary.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    uncertain_there: usize,
    uncertain_not_there: usize,
    refused: usize,
}

fn play(runtime: &Runtime, case: &Case, tally: &mut Tally) {
    let Case { security, verdict, when } = *case;
    let story = format!("{security:?} {verdict:?} {when:?}");
    let folder = folder_in_memory();
    let path = folder.path().join("goen.db");
    let id = fill(&Store::open(&path).unwrap(), 1)[0];

    // The server that sees the crash, and the one that is there afterwards.
    let victim = Victim::default();
    let hand = victim.clone();
    let watcher: Watcher = Arc::new(move |step, moment| {
        if when == Kill::Boundary(step, moment) {
            kill(&hand);
        }
    });
    let mut script = Script::default().secured(security);
    if let Some(words) = verdict {
        script.fault = Some((Step::Dot, Fault::Say(words.into())));
    }
    let first = runtime.block_on(SmtpServer::watched(script, watcher));
    let second = runtime.block_on(SmtpServer::start(Script::default()));
    let mut orders = orders(&path, &first, 1);
    let relay = if let Kill::Byte(limit) = when {
        Some(runtime.block_on(cut_after(limit, orders.port, victim.clone())))
    } else {
        None
    };
    if let Some((port, _)) = &relay {
        orders.port = *port;
    }
    run(&orders, &victim, when);
    for minute in [30, 60] {
        run(&self::orders(&path, &second, minute), &Victim::default(), Kill::Never);
    }

    let copies = || first.messages().len() + second.messages().len();
    let outbox = outbox_at(&path);
    let state = || outbox.entry(id).unwrap().unwrap().state;
    assert!(copies() <= 1, "{story}: {} copies", copies());
    match state() {
        State::Sent(_) => tally.sent += 1,
        State::Failed(_) => {
            assert_eq!(copies(), 0, "{story}: it did go out");
            assert!(verdict.is_some_and(|words| words.starts_with('5')), "{story}");
            tally.refused += 1;
            return;
        }
        State::Uncertain if copies() == 1 => {
            // The provider files what it took: the Message-ID is found there.
            let approval = outbox.entry(id).unwrap().unwrap().approval.unwrap();
            let taken = String::from_utf8(first.messages().remove(0)).unwrap();
            assert!(taken.contains(&format!("Message-ID: <{}>", approval.message_id)), "{story}");
            outbox.resolve(id, Truth::FoundInSent, after(90)).unwrap();
            tally.uncertain_there += 1;
        }
        State::Uncertain => {
            outbox.resolve(id, Truth::UserSaysNot, after(90)).unwrap();
            approve(&outbox, id);
            run(&self::orders(&path, &second, 90), &Victim::default(), Kill::Never);
            tally.uncertain_not_there += 1;
        }
        other => panic!("{story}: the approval is lost, it is {other:?}"),
    }
    assert!(matches!(state(), State::Sent(_)), "{story}: {:?}", state());
    assert_eq!(copies(), 1, "{story}: lost");
}

fn orders(store: &Path, server: &SmtpServer, minute: i64) -> Orders {
    orders_for(store, &server.account(), minute)
}

/// What the process is told to submit through `account`.
fn orders_for(store: &Path, account: &Submission, minute: i64) -> Orders {
    let Server { host, port, security, ca_file } = account.server.clone();
    let Credential::Password(password) = &account.credential else { panic!("a password") };
    Orders {
        store: store.to_owned(),
        host,
        user: account.user.clone(),
        password: password.expose().to_owned(),
        port,
        security,
        ca_file: ca_file.unwrap(),
        minute,
    }
}

fn cases(runtime: &Runtime) -> Vec<Case> {
    let mut cases = Vec::new();
    let verdicts = [None, Some("451 4.3.0 later\r\n"), Some("554 5.6.0 no\r\n")];
    for security in [Security::Plain, Security::Tls, Security::Starttls] {
        for when in boundaries(security) {
            let after_the_dot = matches!(
                when,
                Kill::Boundary(Step::Dot | Step::Quit, _) | Kill::Point("submitted" | "settled")
            );
            let tried = if after_the_dot { &verdicts[..] } else { &verdicts[..1] };
            cases.extend(tried.iter().map(|verdict| Case { security, verdict: *verdict, when }));
        }
    }
    // All along the dialogue in plaintext, to the last byte of QUIT.
    for byte in (0..=plain_dialogue_bytes(runtime)).step_by(4) {
        cases.push(Case { security: Security::Plain, verdict: None, when: Kill::Byte(byte) });
    }
    cases
}

fn boundaries(security: Security) -> Vec<Kill> {
    let mut all: Vec<Kill> = POINTS.into_iter().map(Kill::Point).collect();
    for step in Step::ALL {
        if step != Step::Starttls || security == Security::Starttls {
            all.extend([Moment::Before, Moment::After].map(|moment| Kill::Boundary(step, moment)));
        }
    }
    all
}

/// How many bytes a client says in a dialogue without faults.
fn plain_dialogue_bytes(runtime: &Runtime) -> usize {
    let server = runtime.block_on(SmtpServer::start(Script::default()));
    runtime.block_on(async {
        smtp::submit(&server.account(), claimed(&draft())).await.farewell.say().await;
    });
    let log = server.log();
    let commands: usize = log.commands.iter().map(|line| line.len() + 2).sum();
    // The dot on a line of its own in the text would be stuffed, but the text is in base64.
    commands + log.messages[0].len() + ".\r\n".len()
}

#[test]
fn no_crash_doubles_or_loses_an_approved_reply() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cases = cases(&runtime);
    let count = cases.len();
    let queue = Mutex::new(cases.into_iter());
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut tally = Tally::default();
                    loop {
                        let Some(case) = queue.lock().unwrap().next() else { return tally };
                        play(&runtime, &case, &mut tally);
                    }
                })
            })
            .collect();
        hands.into_iter().map(|hand| hand.join().unwrap()).collect()
    });
    let sum = |part: fn(&Tally) -> usize| tallies.iter().map(part).sum::<usize>();
    println!(
        "crash matrix: {count} cases, 0 doubled, 0 lost ({} sent, {} uncertain and there, \
         {} uncertain and not there, {} refused)",
        sum(|it| it.sent),
        sum(|it| it.uncertain_there),
        sum(|it| it.uncertain_not_there),
        sum(|it| it.refused),
    );
    assert!(count >= 300, "{count} cases");
}
