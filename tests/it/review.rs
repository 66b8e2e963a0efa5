//! `goen review` at a terminal: python's `pty` gives it one, and types.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use goen::store::Store;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::support::home::Home;
use crate::support::replies::fill;

const SETTINGS: &str = "[profile]\nname = \"山田 花子\"\n\
    [[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
    [accounts.secret]\npassword_command = [\"false\"]\n\
    [accounts.imap]\nhost = \"imap.example.jp\"\n[accounts.smtp]\nhost = \"smtp.example.jp\"\n";

/// A home with drafts of replies to `mails` mails, and an editor that adds a line.
fn home(mails: u32) -> Home {
    let home = Home::new(SETTINGS);
    fill(&Store::open(&home.store()).unwrap(), mails);
    let editor = home.path().join("editor");
    fs::write(&editor, "#!/bin/sh\necho 書き足しました。 >> \"$1\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
    home
}

/// Runs goen at a terminal on which `typed` is typed, and gives what stood on the screen.
fn at_a_terminal(home: &Home, arguments: &[&str], typed: &str) -> String {
    let goen = home.command(arguments);
    let mut python = Command::new("python3");
    python
        .args(["-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"])
        .arg(goen.get_program())
        .args(goen.get_args())
        .env_clear()
        .envs(goen.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("EDITOR", home.path().join("editor"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let screen = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    assert!(output.status.success(), "{screen}");
    screen
}

fn reply(home: &Home, id: u32) -> Value {
    serde_json::from_str(&home.says(&["review", &id.to_string(), "--json"])).unwrap()
}

#[test]
fn all_open_drafts_are_walked_through_edited_approved_and_discarded() {
    let home = home(3);
    let digest = reply(&home, 1)["digest"].clone();
    home.says(&["review", "3", "--kind", "keep_in_touch", "--json"]);
    // The first is edited and approved, the second skipped, the third made another and discarded.
    let screen = at_a_terminal(&home, &["review", "--lang", "ja"], "e\na\nn\nk\nd\n");

    let first = reply(&home, 1);
    assert_eq!(first["state"], "approved", "{screen}");
    assert!(first["draft"]["body"].as_str().unwrap().ends_with("書き足しました。\n"));
    assert_ne!(first["digest"], digest);
    assert_eq!(first["digest"], first["approval"]["digest"], "what was shown is what was approved");
    assert!(screen.contains(first["digest"].as_str().unwrap()), "{screen}");
    assert_eq!(reply(&home, 2)["state"], "draft");
    let third = reply(&home, 3);
    assert_eq!(third["state"], "discarded");
    assert_ne!(third["draft"]["kind"], first["draft"]["kind"]);

    for words in ["1/3", "「見送り」", "返信は不要です", "example.co.jp", "承認すると", "[e] 直す"]
    {
        assert!(screen.contains(words), "{words}: {screen}");
    }
}

/// What somebody wrote is not lost to a key, nor to a slip in the lines above it.
#[test]
fn a_key_or_a_slip_does_not_cost_what_was_written() {
    let home = home(1);
    home.says(&["review", "1", "--kind", "thanks", "--json"]);
    let screen = at_a_terminal(&home, &["review", "1", "--lang", "ja"], "e\nk\nq\n");
    assert!(unwrapped(&screen).contains("goenreview1--kindkeep_in_touch"), "{screen}");
    let written = reply(&home, 1)["draft"]["body"].as_str().unwrap().to_owned();
    assert!(written.ends_with("書き足しました。\n"), "{written}");

    let spoil = "#!/bin/sh\nsed -i -e 's/^To: .*/To: someone@example.com/' \"$1\"\necho もう一行 >> \"$1\"\n";
    fs::write(home.path().join("editor"), spoil).unwrap();
    let screen = at_a_terminal(&home, &["review", "1", "--lang", "ja"], "e\nq\n");
    assert_eq!(reply(&home, 1)["draft"]["body"], written);
    let screen = unwrapped(&screen);
    let path = screen.split_once("書いた文面は").unwrap().1.split_once("に残").unwrap().0;
    let left = fs::read_to_string(path).unwrap();
    assert!(left.ends_with("もう一行\n"), "{left}");
    fs::remove_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();

    // Asked for by its name, another kind replaces it.
    home.says(&["review", "1", "--kind", "ask_reason", "--json"]);
    assert_eq!(reply(&home, 1)["draft"]["kind"], "ask_reason");
}

#[test]
fn an_approval_can_be_put_off_and_taken_back() {
    let home = home(1);
    at_a_terminal(&home, &["review", "1"], "a\n");
    let planned = reply(&home, 1)["approval"]["planned_at"].as_str().unwrap().to_owned();
    at_a_terminal(&home, &["review", "1"], "p\nq\n");
    let put_off = reply(&home, 1);
    assert_eq!(put_off["state"], "approved");
    assert!(put_off["approval"]["planned_at"].as_str().unwrap() > planned.as_str());
    at_a_terminal(&home, &["review", "1"], "u\nq\n");
    assert_eq!(reply(&home, 1)["state"], "draft");
}

/// What the keys do, for scripts: each command prints how the reply stands then.
#[test]
fn the_same_is_done_by_commands_that_print_json() {
    let home = home(1);
    let does = |arguments: &[&str]| -> Value {
        serde_json::from_str(&home.says(&[arguments, &["--json"]].concat())).unwrap()
    };
    let digest = does(&["review", "1"])["digest"].as_str().unwrap().to_owned();
    assert_eq!(does(&["approve", "1", "--digest", &digest])["state"], "approved");
    let planned = |reply: &Value| reply["approval"]["planned_at"].as_str().unwrap().to_owned();
    let approved = reply(&home, 1);
    let put_off = does(&["postpone", "1"]);
    assert!(planned(&put_off) > planned(&approved), "{put_off}");
    assert_eq!(does(&["undo", "1"])["state"], "draft");
    assert_eq!(does(&["discard", "1"])["state"], "discarded");
    let (status, _) = home.complains(&["approve", "1", "--digest", &digest, "--json"]);
    assert_eq!(status, 1);
}

#[test]
fn a_key_that_does_not_fit_changes_nothing_and_says_so() {
    let home = home(1);
    let screen = at_a_terminal(&home, &["review", "1", "--lang", "en"], "u\nx\nq\n");
    assert!(screen.contains("no approval to undo"), "{screen}");
    assert_eq!(reply(&home, 1)["state"], "draft");
}

#[test]
fn the_screen_fits_80_columns_in_both_languages() {
    let home = home(2);
    for lang in ["ja", "en"] {
        let screen = at_a_terminal(&home, &["review", "--lang", lang], "n\nq\n");
        for line in screen.lines().filter(|line| !line.contains(" > ")) {
            let plain = without_styles(line);
            assert!(plain.width() <= 80, "{}: {plain}", plain.width());
        }
    }
}

/// `goen memo` opens the same editor, on its template at first, then on what was written.
#[test]
fn a_memo_is_written_in_the_users_editor() {
    let home = home(1);
    let editor = |script: &str| {
        fs::write(home.path().join("editor"), format!("#!/bin/sh\n{script}\n")).unwrap();
        at_a_terminal(&home, &["memo", "1", "--lang", "ja"], "")
    };
    let screen = editor(
        "grep -q うまく答えられなかった質問 $1 && sed -i 's/^## 次はこうしよう$/&\\n\\n- 結論から話す/' $1",
    );
    assert!(unwrapped(&screen).contains("次の面接などの前にお見せします"), "{screen}");
    let kept = home.says(&["memo", "1", "--print"]);
    assert!(kept.ends_with("## 次はこうしよう\n\n- 結論から話す\n"), "{kept}");
    assert!(!kept.contains("うまく答えられなかった質問"), "nothing was written there: {kept}");

    editor("grep -q 結論から話す $1 && echo '- 逆質問を三つ用意する' >> $1");
    let both = home.says(&["memo", "1", "--print"]);
    assert_eq!(both, format!("{kept}- 逆質問を三つ用意する\n"));
    // An editor that was left by way of an error has changed nothing.
    editor("echo > $1; exit 1");
    assert_eq!(home.says(&["memo", "1", "--print"]), both);
}

/// The text of a screen, wherever its lines were broken.
fn unwrapped(screen: &str) -> String {
    screen.split_whitespace().collect()
}

fn without_styles(line: &str) -> String {
    let mut pieces = line.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    first
        + &pieces
            .map(|piece| piece.split_once('m').map_or("", |(_, text)| text))
            .collect::<String>()
}
