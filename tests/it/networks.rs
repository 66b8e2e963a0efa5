//! goen on one machine, its mail server on another, and a network between them that fails: two network
//! namespaces of our own. Nothing of the machine's network is touched.

use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::main_job::declined;
use crate::support::dovecot::Dovecot;
use crate::support::home::Home;

const SERVER: &str = "10.99.0.1";

/// How long anything may take: a third of the packets is lost, and the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(4);

/// Runs a program that must succeed.
fn sh(command: &str) {
    let ran = Command::new("sh").args(["-euc", command]).output().unwrap();
    assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// Runs a test of this module again, in a network namespace of its own.
fn apart(test: &str) {
    let possible = "unshare --net --mount iptables -A INPUT -m statistic --mode random \
        --probability 0.3 -j DROP && unshare --net ip link add cable type veth peer name plug";
    let possible = Command::new("sh").args(["-c", possible]).output().unwrap();
    if !possible.status.success() {
        // Not by `println!`, which a test that passes keeps to itself.
        let words = String::from_utf8_lossy(&possible.stderr).into_owned();
        let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: no network namespaces: {words}");
        return;
    }
    let mut again = Command::new("unshare");
    again.args(["--net", "--mount", "--propagation", "private"]);
    again.arg(std::env::current_exe().unwrap());
    let name = format!("networks::{test}");
    let ran = again.args(["--ignored", "--exact", "--nocapture", &name]).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let words = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}\n{words}");
    print!("{said}");
}

/// A server and, in a namespace named `client`, a home for goen. They are joined by a cable.
fn two_machines() -> (Dovecot, Home) {
    // `ip netns` keeps names there.
    sh("mount -t tmpfs tmpfs /run; ip link set lo up; ip netns add client
        ip link add cable type veth peer name plug netns client
        ip addr add 10.99.0.1/24 dev cable; ip link set cable up
        ip -n client link set lo up; ip -n client addr add 10.99.0.2/24 dev plug
        ip -n client link set plug up");
    let dovecot = Dovecot::at(SERVER);
    let (certificate, _key) = dovecot.certificate();
    let home = Home::new(&format!(
        "[watch]\nrecheck_seconds = 60\n\
         [[accounts]]\nname = \"uni\"\naddress = \"hanako@test.example\"\nuser = \"hanako\"\n\
         [accounts.imap]\nhost = \"{SERVER}\"\nport = {}\nca_file = \"{}\"\n\
         [accounts.secret]\npassword_command = [\"echo\", \"パスワード\"]\n",
        dovecot.imaps_port,
        // The certificate bears another name: it is trusted because it is this very one.
        certificate.display()
    ));
    (dovecot, home.through(&["ip", "netns", "exec", "client"]))
}

/// Waits until so many results are there, and says how long that took.
fn until_found(home: &Home, count: usize) -> Duration {
    let began = Instant::now();
    while home.results().len() != count {
        assert!(began.elapsed() < PATIENCE, "{} of {count} results", home.results().len());
        std::thread::sleep(Duration::from_millis(50));
    }
    began.elapsed()
}

fn until_watching(home: &Home) {
    let began = Instant::now();
    while home.status()["accounts"][0]["state"] != "watching" {
        assert!(began.elapsed() < PATIENCE, "{}", home.status());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_link_that_was_cut_in_idle_is_watched_again_when_it_is_back() {
    apart("cut_link");
}

#[test]
#[ignore = "run by another test, in a network of its own"]
fn cut_link() {
    let (dovecot, home) = two_machines();
    let mut running = home.run();
    until_watching(&home);
    // No FIN, no RST: packets vanish.
    sh("ip link set cable down");
    dovecot.deliver("hanako", declined(1));
    assert!(home.results().is_empty());
    sh("ip link set cable up");
    println!("found {} ms after the link was back", until_found(&home, 1).as_millis());

    // Cut for so long that the server gives the connection up, as one that restarts does.
    sh("ip link set cable down");
    dovecot.restart();
    dovecot.deliver("hanako", declined(2));
    sh("ip link set cable up");
    home.says(&["retry"]);
    println!("found {} ms after the server was back", until_found(&home, 2).as_millis());
    assert!(running.stop());
}

#[test]
fn another_address_does_not_make_it_blind() {
    apart("other_address");
}

#[test]
#[ignore = "run by another test, in a network of its own"]
fn other_address() {
    let (dovecot, home) = two_machines();
    let mut running = home.run();
    until_watching(&home);
    let change = |from: &str, to: &str| {
        sh(&format!(
            "ip -n client addr del 10.99.0.{from}/24 dev plug
             ip -n client addr add 10.99.0.{to}/24 dev plug"
        ));
    };
    // As NetworkManager's signal does, this ends the wait (tests/it/rousing.rs).
    change("2", "3");
    dovecot.deliver("hanako", declined(1));
    home.says(&["retry"]);
    println!("found {} ms after a change that was told", until_found(&home, 1).as_millis());
    until_watching(&home);
    // Nobody tells: the timed look finds out.
    change("3", "4");
    dovecot.deliver("hanako", declined(2));
    println!("found {} s after a change that nobody told", until_found(&home, 2).as_secs());
    assert!(running.stop());
}

#[test]
fn with_a_third_of_the_packets_lost_each_result_is_found_once() {
    apart("lossy");
}

#[test]
#[ignore = "run by another test, in a network of its own"]
fn lossy() {
    let (dovecot, home) = two_machines();
    dovecot.deliver("hanako", declined(0));
    sh("ip netns exec client iptables -A INPUT -i plug -m statistic --mode random \
        --probability 0.3 -j DROP");
    let mut running = home.run();
    until_watching(&home);
    for number in 1..=20 {
        dovecot.deliver("hanako", declined(number));
    }
    println!("found 20 in {} ms", until_found(&home, 21).as_millis());
    sh("ip netns exec client iptables -F");
    assert!(running.stop());
}
