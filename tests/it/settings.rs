//! The settings and the command line as people meet them: help, mistakes, what changes without a restart.

use crate::support::dovecot::Dovecot;
use crate::support::home::{Home, until};

const SETTINGS: &str = "[[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
    [accounts.secret]\npassword_command = [\"false\"]\n\
    [accounts.imap]\nhost = \"imap.example.jp\"\n";

#[test]
fn goen_alone_says_where_to_begin_in_either_language() {
    let home = Home::empty();
    for (lang, words) in [("ja", "メールアドレスを設定して"), ("en", "set up an email address")]
    {
        let said = home.says(&["--lang", lang]);
        assert!(said.contains("goen setup") && said.contains(words), "{said}");
    }
}

#[test]
fn without_settings_every_command_says_what_to_do_first() {
    let home = Home::empty();
    for command in ["status", "list", "run", "doctor", "review"] {
        let (status, words) = home.complains(&[command, "--lang", "ja"]);
        assert_eq!(status, 78, "{command}");
        assert!(words.contains("goen setup") && words.contains("goen demo"), "{words}");
    }
}

#[test]
fn a_mistyped_command_or_flag_is_answered_with_what_was_meant() {
    let home = Home::empty();
    for (arguments, ja, en) in [
        (vec!["lst"], "もしかして：list", "similar subcommand exists: 'list'"),
        (vec!["list", "--jsn"], "もしかして：--json", "--json"),
        (vec!["export", "--format", "xls"], "使えるのは json、csv、md", "json, csv, md"),
        (vec!["import"], "足りないものがあります：<FILE>", "<FILE>"),
        (vec!["forget", "1", "--everything"], "一緒に使えません", "cannot be used with"),
    ] {
        let in_japanese: Vec<&str> = [&["--lang", "ja"], arguments.as_slice()].concat();
        let (status, words) = home.complains(&in_japanese);
        assert_eq!(status, 2, "{arguments:?}");
        assert!(words.starts_with("goen: ") && words.contains(ja), "{words}");
        let (status, words) = home.complains(&arguments);
        assert_eq!(status, 2, "{arguments:?}");
        assert!(words.contains(en), "{words}");
    }
}

#[test]
fn help_has_no_colours_in_a_pipe_and_gives_examples() {
    let home = Home::empty();
    let said = home.says(&["setup", "--help", "--lang", "ja"]);
    assert!(!said.contains('\x1b') && said.contains("例：") && said.contains("使い方："), "{said}");
}

#[test]
fn the_settings_in_force_are_shown_and_can_be_read_again() {
    let home = Home::new(&format!("[watch]\nlookback_days = 7\n{SETTINGS}"));
    let shown = home.says(&["config", "show"]);
    for line in ["lookback_days = 7", "recheck_seconds = 300", "host = \"imap.example.jp\""] {
        assert!(shown.lines().any(|it| it == line), "{line}\n{shown}");
    }
    let again = Home::new(&shown);
    assert_eq!(again.says(&["config", "show"]), shown);
}

#[test]
fn a_reload_applies_what_changed_without_a_restart_and_says_what_that_was() {
    let dovecot = Dovecot::start();
    let home = Home::new(SETTINGS);
    let mut daemon = home.run();
    home.account_until("unreachable");
    let said = home.says(&["config", "check", "--lang", "en"]);
    assert!(said.contains("systemctl --user reload goen"), "{said}");
    let account = format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"hanako@test.example\"\nuser = \"hanako\"\n\
         [accounts.secret]\npassword_command = [\"echo\", \"パスワード\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    );
    home.write_settings(&format!("lang = \"ja\"\n{account}"));
    daemon.reload();
    until("what changed is said", || {
        daemon.log().contains("changed: accounts.uni, lang").then_some(())
    });
    home.account_until("watching");
    // Settings that cannot be used change nothing.
    home.write_settings("lang = ja");
    daemon.reload();
    until("the mistake is said", || daemon.log().contains("line 1").then_some(()));
    home.write_settings(&account);
    home.account_until("watching");
    assert!(daemon.stop());
}
