//! An account that nothing is received from is told of, on a real desktop with a real server.

use crate::support::desktop::Desktop;
use crate::support::dovecot::Dovecot;
use crate::support::home::{Home, until};

fn settings(dovecot: &Dovecot, mailbox: &str) -> String {
    format!(
        "lang = \"ja\"\n[[accounts]]\nname = \"uni\"\naddress = \"alice@test.example\"\nuser = \"alice\"\n\
         mailboxes = [\"{mailbox}\"]\n\
         [accounts.secret]\npassword_command = [\"echo\", \"wonder land\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    )
}

/// Everything shown since the notification server started, the newest first.
fn shown(desktop: &Desktop) -> Vec<String> {
    let text = |notification: &serde_json::Value, field: &str| {
        notification[field]["data"].as_str().unwrap_or_default().to_owned()
    };
    let told = desktop.close_and_tell();
    told.iter().map(|one| format!("{}\n{}", text(one, "summary"), text(one, "body"))).collect()
}

#[tokio::test]
async fn a_stopped_account_is_told_of_once_and_again_when_it_is_well() {
    let dovecot = Dovecot::start();
    let desktop = Desktop::start().await;
    let env = desktop.env();
    let (_, bus) = env.iter().find(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS").unwrap();
    let home = Home::new(&settings(&dovecot, "選考")).on_bus(bus);

    let mut daemon = home.run();
    home.account_until("stopped");
    let told = until("the user is told", || {
        let shown = shown(&desktop);
        (!shown.is_empty()).then_some(shown)
    });
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["受信が止まっています（uni）", "選考", "goen doctor uni", "goen retry"]
    {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }

    // A restart does not say it again: what is told next is the good news.
    assert!(daemon.stop(), "{}", daemon.log());
    let mut daemon = home.run();
    home.account_until("stopped");
    dovecot.doveadm(&["mailbox", "create", "-u", "alice", "選考"]);
    home.says(&["retry"]);
    home.account_until("watching");
    let told = until("the good news is told", || {
        let shown = shown(&desktop);
        (shown.len() > 1).then_some(shown)
    });
    assert!(daemon.stop(), "{}", daemon.log());
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("また受信できるようになりました（uni）"), "{told:?}");
}
