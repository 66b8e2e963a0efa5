//! `goen doctor` on real servers, with each wrong thing once.

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::support::desktop::{Bus, Desktop};
use crate::support::dovecot::{Dovecot, free_ports};
use crate::support::home::Home;
use crate::support::postfix::Postfix;

/// The settings of an account that is well.
fn settings(dovecot: &Dovecot) -> String {
    format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"hanako@test.example\"\nuser = \"hanako\"\n\
         mailboxes = [\"INBOX\"]\n\
         [accounts.secret]\npassword_command = [\"echo\", \"パスワード\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    )
}

fn mail() -> &'static str {
    "From: jinji@example.co.jp\nMessage-ID: <1@example.co.jp>\nSubject: hello\n\nhello\n"
}

/// What doctor found, and whether it ended with 0.
fn doctor(home: &Home) -> (Value, bool) {
    let output = home.goen(&["doctor", "uni", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (value, output.status.success())
}

/// Step, mark and words of what was found about the account, in order.
fn steps(found: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or("").to_owned();
    found["accounts"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let words = format!("{}\n{}", text(one, "words"), text(one, "hint"));
            (text(one, "step"), text(one, "mark"), words)
        })
        .collect()
}

/// Checks that `step` is bad, says all of `parts`, and that everything behind it is skipped.
fn assert_ends_at(settings: &str, step: &str, parts: &[&str]) {
    let (found, well) = doctor(&Home::new(settings));
    let steps = steps(&found);
    let bad: Vec<_> = steps.iter().filter(|(_, mark, _)| mark == "bad").collect();
    assert_eq!(bad.len(), 1, "{steps:#?}");
    assert_eq!(bad[0].0, step, "{steps:#?}");
    for part in parts {
        assert!(bad[0].2.contains(part), "{part:?} is not in {:?}", bad[0].2);
    }
    let behind = steps.iter().skip_while(|(_, mark, _)| mark != "bad").skip(1);
    assert!(behind.clone().count() > 0, "{steps:#?}");
    assert!(behind.clone().all(|(_, mark, _)| mark == "skipped"), "{steps:#?}");
    assert!(!well && found["well"] == false, "the exit status says that something is wrong");
}

#[tokio::test]
async fn all_is_well_where_all_is_well() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    let desktop = Desktop::start().await;
    let env = desktop.env();
    let (_, bus) = env.iter().find(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS").unwrap();
    let home = Home::new(&(settings(&dovecot) + &postfix.settings())).on_bus(bus);
    dovecot.deliver("hanako", mail());
    let mut daemon = home.run();
    home.account_until("watching");
    let (found, well) = doctor(&home);
    assert!(well, "{found:#}");
    let all: Vec<_> = steps(&found);
    assert!(all.iter().all(|(_, mark, _)| mark == "good"), "{all:#?}");
    let names: Vec<&str> = all.iter().map(|(step, ..)| step.as_str()).collect();
    let expected = [
        "secret",
        "dns",
        "tcp",
        "tls",
        "greeting",
        "capabilities",
        "login",
        "mailbox",
        "idle",
        "fetch",
        "smtp",
    ];
    assert_eq!(names, expected);
    let tls = &all[3].2;
    assert!(tls.contains("localhost") && tls.contains("days left"), "{tls}");
    let machine = found["machine"].as_array().unwrap();
    assert!(machine.iter().any(|one| one["words"].as_str().unwrap().starts_with("dunst")));
    assert!(daemon.stop());
}

#[test]
fn starttls_is_walked_in_its_own_order() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot)
        .replace(&dovecot.imaps_port.to_string(), &dovecot.imap_port.to_string())
        + "security = \"starttls\"\n";
    let (found, _) = doctor(&Home::new(&settings));
    let steps = steps(&found);
    assert_eq!((steps[3].0.as_str(), steps[4].0.as_str()), ("greeting", "tls"), "{steps:#?}");
    let up_to_fetch = steps.iter().filter(|(step, ..)| step != "smtp");
    assert!(up_to_fetch.clone().all(|(_, mark, _)| mark == "good"), "{steps:#?}");
}

#[test]
fn a_wrong_host_name_is_found() {
    let dovecot = Dovecot::start();
    // Longer than a name may be, so that it is looked up nowhere.
    let host = format!("{}.example.jp", "a".repeat(64));
    let settings = settings(&dovecot).replace("\"localhost\"", &format!("\"{host}\""));
    assert_ends_at(&settings, "dns", &["was not found", "spelling"]);
}

#[test]
fn a_wrong_port_is_found() {
    let dovecot = Dovecot::start();
    let [nobody] = free_ports();
    let settings = settings(&dovecot).replace(&dovecot.imaps_port.to_string(), &nobody.to_string());
    assert_ends_at(&settings, "tcp", &["refused", "993"]);
}

#[test]
fn a_port_without_tls_is_found() {
    let dovecot = Dovecot::start();
    let settings =
        settings(&dovecot).replace(&dovecot.imaps_port.to_string(), &dovecot.imap_port.to_string());
    assert_ends_at(&settings, "tls", &["does not speak TLS on this port"]);
}

#[test]
fn a_certificate_of_an_unknown_authority_is_found() {
    let dovecot = Dovecot::start();
    let ca_file = format!("ca_file = \"{}\"\n", dovecot.ca_file().display());
    let settings = settings(&dovecot).replace(&ca_file, "");
    assert_ends_at(&settings, "tls", &["UnknownIssuer", "ca_file"]);
}

#[test]
fn a_certificate_for_another_name_is_found() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot).replace("\"localhost\"", "\"127.0.0.2\"");
    assert_ends_at(&settings, "tls", &["another name"]);
}

#[test]
fn a_wrong_password_is_found_and_not_tried_again_for_sending() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot).replace("パスワード", "wrong")
        + "[accounts.smtp]\nhost = \"localhost\"\n";
    assert_ends_at(&settings, "login", &["AUTHENTICATIONFAILED", "password"]);
}

#[test]
fn a_missing_mailbox_is_found_and_those_that_exist_are_named() {
    let dovecot = Dovecot::start();
    dovecot.doveadm(&["mailbox", "create", "-u", "hanako", "選考"]);
    let settings = settings(&dovecot).replace("\"INBOX\"", "\"選こう\", \"INBOX\"");
    let (found, _) = doctor(&Home::new(&settings));
    let steps = steps(&found);
    let mailboxes: Vec<_> = steps.iter().filter(|(step, ..)| step == "mailbox").collect();
    assert_eq!((mailboxes[0].1.as_str(), mailboxes[1].1.as_str()), ("bad", "good"));
    for name in ["“INBOX”", "“選考”", "“Sent”"] {
        assert!(mailboxes[0].2.contains(name), "{mailboxes:?}");
    }
}

#[test]
fn a_password_that_cannot_be_had_is_found_and_the_server_is_looked_at_all_the_same() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot).replace("\"echo\", \"パスワード\"", "\"false\"");
    let (found, _) = doctor(&Home::new(&settings));
    let marks: Vec<(String, String)> =
        steps(&found).into_iter().map(|(step, mark, _)| (step, mark)).collect();
    let mark = |step: &str| marks.iter().find(|(name, _)| name == step).unwrap().1.clone();
    assert_eq!(mark("secret"), "bad");
    assert_eq!(mark("capabilities"), "good");
    assert_eq!(mark("login"), "skipped");
}

#[test]
fn a_machine_without_a_notification_server_and_a_broken_text_are_found() {
    let dovecot = Dovecot::start();
    let bus = Bus::start();
    let home = Home::new(&settings(&dovecot)).on_bus(bus.address());
    let folder = home.path().join(".config/goen/guidance/ja");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("declined.toml"), "no toml").unwrap();
    let (found, well) = doctor(&home);
    let mark = |step: &str| {
        let findings = found["machine"].as_array().unwrap();
        findings.iter().find(|one| one["step"] == step).unwrap()["mark"].clone()
    };
    assert_eq!(mark("bus"), "good");
    assert_eq!(mark("notifications"), "bad");
    assert_eq!(mark("keyring"), "skipped");
    assert_eq!(mark("daemon"), "bad");
    assert_eq!(mark("store"), "good");
    assert_eq!(mark("knowledge"), "bad");
    assert!(!well);
}

#[test]
fn reply_templates_of_the_users_own_are_checked_with_their_names() {
    let dovecot = Dovecot::start();
    let home = Home::new(&settings(&dovecot));
    let folder = home.path().join(".config/goen/replies/ja");
    std::fs::create_dir_all(&folder).unwrap();
    let knowledge_with = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        let (found, _) = doctor(&home);
        std::fs::remove_file(folder.join(name)).unwrap();
        let findings = found["machine"].as_array().unwrap();
        findings.iter().find(|one| one["step"] == "knowledge").unwrap().clone()
    };
    let own =
        knowledge_with("thanks.txt", "{{ addressee }}\n\n自分の言葉でお礼\n{{ signature }}\n");
    assert_eq!(own["mark"], "good", "{own}");
    let broken = knowledge_with("thanks.txt", "{{ adressee }}\n");
    assert_eq!(broken["mark"], "bad");
    assert!(broken["words"].as_str().unwrap().contains("replies/ja/thanks.txt"), "{broken}");
    let misnamed = knowledge_with("thank.txt", "お礼\n");
    assert_eq!(misnamed["mark"], "bad");
    assert!(misnamed["words"].as_str().unwrap().contains("thank.txt"), "{misnamed}");
}

#[test]
fn every_line_fits_80_columns_in_both_languages() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot).replace("\"INBOX\"", "\"INBOX\", \"選こう\"");
    for lang in ["ja", "en"] {
        let output = Home::new(&settings).goen(&["doctor", "--lang", lang]);
        let text = String::from_utf8(output.stdout).unwrap();
        println!("{text}");
        assert!(text.contains('✓') && text.contains('✗') && text.contains("hint:"), "{text}");
        // A word of a server that is longer than the column stays whole.
        let long = |line: &&str| line.width() > 80 && line.trim().contains(' ');
        assert_eq!(text.lines().find(long), None);
    }
}

#[test]
fn an_account_that_is_not_in_the_settings_is_named_with_those_that_are() {
    let dovecot = Dovecot::start();
    let (status, complaint) = Home::new(&settings(&dovecot)).complains(&["doctor", "work"]);
    assert_eq!(status, 1);
    assert!(complaint.contains("work") && complaint.contains("uni"), "{complaint}");
}
