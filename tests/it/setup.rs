//! `goen setup` against a real Dovecot, a real submission server and a real keyring: at a terminal
//! with each wrong answer once, and from scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use goen::net::Security;
use serde_json::Value;

use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::desktop::Bus;
use crate::support::dovecot::{Dovecot, free_ports};
use crate::support::home::{Home, keyring, until};
use crate::support::tmux::Terminal;

/// Servers, a bus with an unlocked keyring, and a home without settings.
struct World {
    dovecot: Dovecot,
    smtp: Aiosmtpd,
    bus: Bus,
    home: Home,
}

impl World {
    fn new() -> Self {
        let (dovecot, smtp, bus) = (Dovecot::start(), Aiosmtpd::start(), Bus::start());
        let home = Home::empty().on_bus(bus.address());
        Self { dovecot, smtp, bus, home }
    }

    /// The certificates of both servers in one file.
    fn ca_file(&self) -> PathBuf {
        let path = self.home.path().join("ca.pem");
        let submission = self.smtp.submission(Security::Tls).server.ca_file.unwrap();
        let both = [fs::read(self.dovecot.ca_file()).unwrap(), fs::read(submission).unwrap()];
        fs::write(&path, both.concat()).unwrap();
        path
    }

    fn imap(&self) -> String {
        format!("localhost:{}", self.dovecot.imaps_port)
    }

    fn smtp(&self) -> String {
        format!("localhost:{}", self.smtp.submission(Security::Tls).server.port)
    }

    fn settings(&self) -> PathBuf {
        self.home.path().join(".config/goen/config.toml")
    }

    /// The password that the keyring has for an account.
    fn in_keyring(&self, account: &str) -> String {
        let tool = Command::new("secret-tool")
            .args(["lookup", "service", "goen", "account", account])
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus.address())
            .output()
            .unwrap();
        String::from_utf8(tool.stdout).unwrap()
    }

    /// What doctor says of the account alone: every step's name and mark.
    fn doctor(&self, account: &str) -> Vec<(String, String)> {
        let output = self.home.goen(&["doctor", account, "--json"]);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let steps = found["accounts"][0]["findings"].as_array().unwrap().clone();
        let text = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
        steps.iter().map(|step| (text(step, "step"), text(step, "mark"))).collect()
    }

    /// The flags of a run without questions.
    fn script<'a>(&self, address: &'a str, user: &'a str, password: &str) -> Vec<String> {
        let ca_file = self.ca_file();
        [
            "setup",
            address,
            "--user",
            user,
            "--imap",
            &self.imap(),
            "--smtp",
            &self.smtp(),
            "--ca-file",
            ca_file.to_str().unwrap(),
            "--password-command",
            &format!("echo {password}"),
            "--my-name",
            "山田 花子",
            "--signature",
            "文学部\\nhanako@test.example",
            "--yes",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn runs(&self, arguments: &[String]) -> (Option<i32>, String) {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = self.home.goen(&words);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}

/// The words of one conversation.
struct Words {
    lang: &'static str,
    address: &'static str,
    not_an_address: &'static str,
    look_up: &'static str,
    imap: &'static str,
    not_a_server: &'static str,
    smtp: &'static str,
    login: &'static str,
    password: &'static str,
    mailboxes: &'static str,
    name: &'static str,
    right: &'static str,
    service: &'static str,
    write: &'static str,
}

const JA: Words = Words {
    lang: "ja",
    address: "メールアドレス:",
    not_an_address: "として読めません",
    look_up: "問い合わせますか",
    imap: "IMAP サーバー",
    not_a_server: "サーバーとして読めません",
    smtp: "SMTP サーバー",
    login: "ログイン名",
    password: "表示されません",
    mailboxes: "見守るメールボックス",
    name: "お名前",
    right: "これでよいですか",
    service: "いつも見守",
    write: "書き込みますか",
};

const EN: Words = Words {
    lang: "en",
    address: "Email address:",
    not_an_address: "is not an email address",
    look_up: "Ask them?",
    imap: "IMAP server",
    not_a_server: "is not a server name",
    smtp: "SMTP server",
    login: "Login name",
    password: "not shown",
    mailboxes: "Mailboxes to watch",
    name: "Your name",
    right: "Is that right?",
    service: "Watch whenever",
    write: "Write this to",
};

/// Goes through the whole conversation with each wrong answer once, and gives the transcript.
fn conversation(world: &World, words: &Words) -> String {
    let mut keyring = keyring(&world.bus, &world.home, true);
    until("the keyring takes a password", || store(&world.bus, "probe", "x").then_some(()));
    let ca_file = world.ca_file();
    let arguments = [
        "setup",
        "--lang",
        words.lang,
        "--ca-file",
        ca_file.to_str().unwrap(),
        "--mailbox",
        "選こう",
        "--notification",
        "no",
    ];
    let [nobody] = free_ports();
    let plain = format!("localhost:{}:tls", world.dovecot.imap_port);
    let terminal = Terminal::start(&world.home.command(&arguments), world.home.path());
    terminal.answers(words.address, "hanako");
    terminal.asks(words.address);
    assert!(terminal.screen().contains(words.not_an_address), "{}", terminal.screen());
    terminal.answers(words.address, "hanako@test.example");
    terminal.answers(words.look_up, "n");
    terminal.answers(words.imap, "imap example");
    terminal.asks(words.imap);
    assert!(terminal.screen().contains(words.not_a_server), "{}", terminal.screen());
    terminal.answers(words.imap, &plain);
    terminal.answers(words.smtp, &format!("localhost:{nobody}"));
    terminal.answers(words.login, "");
    terminal.answers(words.password, "wrong");
    // A port without TLS; then a login name and a password that are none.
    terminal.answers(words.imap, &world.imap());
    terminal.answers(words.login, "hanako");
    terminal.answers(words.password, "still wrong");
    terminal.answers(words.login, "");
    terminal.answers(words.password, "パスワード");
    // A mailbox that is not there; a submission server that does not answer.
    terminal.answers(words.mailboxes, "INBOX");
    terminal.answers(words.smtp, &world.smtp());
    terminal.answers(words.name, "山田 花子");
    terminal.answers(">", "〇〇大学 文学部");
    terminal.answers(">", "");
    terminal.answers(words.right, "n");
    terminal.answers(words.name, "");
    terminal.answers(">", "△△大学 文学部");
    terminal.answers(">", "");
    terminal.answers(words.right, "");
    terminal.answers(words.service, "n");
    assert!(!world.settings().exists(), "nothing is written before the user has agreed");
    assert_eq!(world.in_keyring("test"), "");
    terminal.answers(words.write, "");
    terminal.asks("[exit 0]");

    let screen = terminal.screen();
    assert_eq!(world.in_keyring("test"), "パスワード");
    let settings = fs::read_to_string(world.settings()).unwrap();
    for secret in ["wrong", "パスワード\"", "= \"パスワード"] {
        assert!(!screen.contains(&format!("{secret}\n")) && !settings.contains(secret), "{secret}");
    }
    for (step, mark) in world.doctor("test") {
        assert_eq!(mark, "good", "{step}");
    }
    keyring.end();
    let mut told = screen;
    let home = world.home.path().to_str().unwrap().to_owned();
    for (what, name) in [
        (home, "HOME"),
        (nobody.to_string(), "NOBODY"),
        (world.dovecot.imap_port.to_string(), "IMAP"),
        (world.dovecot.imaps_port.to_string(), "IMAPS"),
        (world.smtp().replace("localhost:", ""), "SUBMISSIONS"),
    ] {
        told = told.replace(&what, name);
    }
    // A date and what today makes of it; how long Dovecot took.
    let mut lines = Vec::new();
    for line in told.lines() {
        let is_rest = ["日）", "days left)", "secs)."].iter().any(|end| line.ends_with(end));
        match line.split_once("TLS 1.3").or_else(|| line.split_once(" (0.0")) {
            Some((before, _)) => lines.push(format!("{before} …")),
            None if is_rest => {}
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

fn store(bus: &Bus, account: &str, password: &str) -> bool {
    use std::io::Write as _;
    let mut tool = Command::new("secret-tool")
        .args(["store", "--label=goen", "service", "goen", "account", account])
        .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    tool.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    tool.wait().unwrap().success()
}

#[test]
fn setup_is_a_conversation_in_which_each_wrong_answer_can_be_mended() {
    insta::assert_snapshot!(conversation(&World::new(), &JA));
}

#[test]
fn setup_is_a_conversation_in_english_too() {
    insta::assert_snapshot!(conversation(&World::new(), &EN));
}

#[test]
fn ctrl_c_at_the_password_leaves_nothing_behind_and_the_terminal_as_it_was() {
    let world = World::new();
    let mut keyring = keyring(&world.bus, &world.home, true);
    until("the keyring takes a password", || store(&world.bus, "probe", "x").then_some(()));
    let arguments = ["setup", "hanako@gmail.com", "--lang", "en"];
    let terminal = Terminal::start(&world.home.command(&arguments), world.home.path());
    terminal.asks("App password");
    assert!(terminal.screen().contains("https://myaccount.google.com/apppasswords"));
    terminal.presses("C-c");
    terminal.asks("[exit 130]");
    assert!(terminal.screen().contains("nothing was changed"));
    let stty = until("the terminal's state is written down", || {
        let path = world.home.path().join("stty");
        fs::read_to_string(path).ok().filter(|text| text.contains("echo"))
    });
    assert!(stty.contains(" echo ") && !stty.contains("-echo "), "{stty}");
    assert!(!world.settings().exists());
    assert_eq!(world.in_keyring("gmail"), "");
    keyring.end();
}

#[test]
fn without_questions_setup_is_for_scripts_and_can_be_repeated() {
    let world = World::new();
    let (status, words) = world.runs(&world.script("hanako@test.example", "hanako", "wrong"));
    assert_eq!(status, Some(1), "{words}");
    assert!(words.contains("AUTHENTICATIONFAILED") && !world.settings().exists(), "{words}");

    let arguments = world.script("hanako@test.example", "hanako", "パスワード");
    let (status, words) = world.runs(&arguments);
    assert_eq!(status, Some(0), "{words}");
    let mut written = fs::read_to_string(world.settings()).unwrap();
    assert!(written.contains("山田 花子") && written.contains("文学部\nhanako@test.example"));
    assert!(world.doctor("test").iter().all(|(_, mark)| mark == "good"));

    // What the user edits stays, whatever setup does later.
    written = written.replace("# lookback_days = 30", "lookback_days = 7 # 一週間だけ");
    fs::write(world.settings(), &written).unwrap();
    let (status, words) = world.runs(&arguments);
    assert_eq!(status, Some(0), "{words}");
    assert_eq!(fs::read_to_string(world.settings()).unwrap(), written);

    let mut second = world.script("alice@test.example", "alice", "'wonder land'");
    second.retain(|word| word != "--smtp" && *word != world.smtp());
    second.push("--no-smtp".to_owned());
    let (status, words) = world.runs(&second);
    assert_eq!(status, Some(0), "{words}");
    let both = fs::read_to_string(world.settings()).unwrap();
    assert!(both.starts_with(written.trim_end()), "{both}");
    assert!(both.contains("name = \"test2\""), "{both}");
}

#[test]
fn a_password_from_standard_input_goes_into_the_keyring() {
    let world = World::new();
    let mut keyring = keyring(&world.bus, &world.home, true);
    until("the keyring takes a password", || store(&world.bus, "probe", "x").then_some(()));
    let mut arguments = world.script("hanako@test.example", "hanako", "");
    let at = arguments.iter().position(|word| word == "--password-command").unwrap();
    arguments.drain(at..at + 2);
    arguments.push("--password-stdin".to_owned());
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut goen = world.home.command(&words);
    let mut goen = goen.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut goen.stdin.take().unwrap(), "パスワード\n".as_bytes()).unwrap();
    assert!(goen.wait().unwrap().success());
    assert_eq!(world.in_keyring("test"), "パスワード");
    keyring.end();
}

#[test]
fn where_nobody_can_be_asked_the_flag_that_is_missing_is_named() {
    let home = Home::empty();
    let (status, words) = home.complains(&["setup"]);
    assert_eq!(status, 2);
    assert!(words.contains("ADDRESS"), "{words}");
    let (status, words) = home.complains(&["setup", "hanako@test.example", "--yes"]);
    assert_eq!(status, 2);
    assert!(words.contains("--imap"), "{words}");
    let (status, words) = home.complains(&["setup", "hanako@outlook.jp", "--yes"]);
    assert_eq!(status, 2);
    assert!(words.contains("--token-command"), "{words}");
    let (status, words) = home.complains(&["setup", "hanako", "--yes"]);
    assert_eq!(status, 1);
    assert!(words.contains("is not an email address"), "{words}");
    assert!(!Path::new(&home.path().join(".config")).exists());
}

#[test]
fn settings_that_are_broken_are_not_touched() {
    let home = Home::new("lang = ja\n");
    let (status, words) = home.complains(&["setup", "hanako@gmail.com", "--yes"]);
    assert_eq!(status, 78);
    assert!(words.contains("line 1"), "{words}");
    let path = home.path().join(".config/goen/config.toml");
    assert_eq!(fs::read_to_string(path).unwrap(), "lang = ja\n");
}
