//! `systemd/goen.service` under a real `systemd --user`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian's user and group `nobody`: `systemd --user` must not be root's.
const NOBODY: u32 = 65_534;

fn give_to_nobody(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_to_nobody(&entry.unwrap().path());
        }
    }
}

fn support(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support").join(name)
}

#[test]
fn the_unit_starts_restarts_reloads_and_gives_up_on_wrong_settings() {
    let home = tempfile::Builder::new().prefix("goen-unit").tempdir_in("/tmp").unwrap();
    if home.path().metadata().unwrap().uid() != 0 {
        println!("SKIPPED: systemd: only root can make the namespaces that a second systemd needs");
        return;
    }
    let path = |inner: &str| {
        let path = home.path().join(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    fs::copy(env!("CARGO_BIN_EXE_goen"), path(".cargo/bin/goen")).unwrap();
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/goen.service");
    fs::copy(unit, path(".config/systemd/user/goen.service")).unwrap();
    // The same unit with shorter waits.
    fs::write(
        path(".config/systemd/user/goen.service.d/fast.conf"),
        "[Service]\nRestartSec=200ms\nWatchdogSec=2\nEnvironment=LANG=ja_JP.UTF-8\n",
    )
    .unwrap();
    // Nobody listens on port 1: the daemon must start, and say so.
    fs::write(
        path(".config/goen/config.toml"),
        "[[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
         [accounts.imap]\nhost = \"127.0.0.1\"\nport = 1\n\
         [accounts.secret]\npassword_command = [\"echo\", \"secret\"]\n[watch]\n",
    )
    .unwrap();
    fs::write(path("life.sh"), fs::read(support("unit-life.sh")).unwrap()).unwrap();
    fs::set_permissions(path("life.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    give_to_nobody(home.path());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();

    let output = Command::new(support("systemd-user.sh"))
        .arg(home.path())
        .arg(path("life.sh"))
        .output()
        .expect("bash, unshare and systemd are there (apt install systemd dbus-user-session util-linux)");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    let log = fs::read_to_string(home.path().join("systemd.log")).unwrap_or_default();
    for expected in [
        "verify: fine",
        "start: status 0",
        "status: 0 アカウントを見守り中。受信できていません: uni",
        "NoNewPrivs:\t1 Seccomp:\t2",
        "goen is running.",
        "killed: restarted",
        "hung: restarted by the watchdog",
        "reloaded: active running 2 success 0",
        "reloaded with settings that cannot be used: active running 2 success 0",
        "started with settings that cannot be used: failed failed 0 exit-code 78",
        "mended: active",
        "stopped: inactive dead 0 success 0",
    ] {
        assert!(said.contains(expected), "missing {expected:?} in:\n{said}\n{complaints}\n{log}");
    }
}
