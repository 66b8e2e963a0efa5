//! The service under a real `systemd --user`, as `goen service install` sets it up.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

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

/// A user's home with goen in it, and settings for a server that does not answer: the service must
/// start all the same, and say so. None where the test cannot run.
fn home() -> Option<TempDir> {
    // Not below /tmp: the service does not see that one.
    let home = tempfile::Builder::new().prefix("goen-unit").tempdir_in("/home");
    let home = home.ok().filter(|home| home.path().metadata().unwrap().uid() == 0);
    let Some(home) = home else {
        println!("SKIPPED: systemd: only root can make the namespaces that a second systemd needs");
        return None;
    };
    let path = |inner: &str| {
        let path = home.path().join(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    fs::copy(env!("CARGO_BIN_EXE_goen"), path(".cargo/bin/goen")).unwrap();
    // Nobody listens on port 1.
    fs::write(
        path(".config/goen/config.toml"),
        "[[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
         [accounts.imap]\nhost = \"127.0.0.1\"\nport = 1\n\
         [accounts.secret]\npassword_command = [\"echo\", \"secret\"]\n[watch]\n",
    )
    .unwrap();
    for script in fs::read_dir(support("")).unwrap() {
        let script = script.unwrap().path();
        if script.extension().is_some_and(|kind| kind == "sh" || kind == "py") {
            fs::copy(&script, path(script.file_name().unwrap().to_str().unwrap())).unwrap();
        }
    }
    give_to_nobody(home.path());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    Some(home)
}

/// Runs one of the scripts in `home` beside a systemd that `wrapper` starts, and checks what it saw.
fn check(home: &TempDir, script: &str, wrapper: &str, expected: &[&str]) {
    let output = Command::new(support("systemd-user.sh"))
        .arg(home.path())
        .arg(home.path().join(script))
        .env("SYSTEMD_WRAPPER", wrapper)
        .output()
        .expect("bash, unshare and systemd are there (apt install systemd dbus-user-session util-linux)");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    let log = fs::read_to_string(home.path().join("systemd.log")).unwrap_or_default();
    for expected in expected {
        assert!(said.contains(expected), "missing {expected:?} in:\n{said}\n{complaints}\n{log}");
    }
}

#[test]
fn the_service_starts_restarts_reloads_follows_the_session_and_is_held_in() {
    let Some(home) = home() else { return };
    let expected = [
        "installed: active running 0 success 0",
        "verify: fine",
        "Overall exposure level for goen.service: 1.",
        "start: status 0",
        "status: 0 アカウントを見守り中。受信できていません：uni",
        "goen is running.",
        "protection: writes to its own folders only, system calls filtered, no new privileges, \
         a user namespace of its own",
        "killed: restarted",
        "hung: restarted by the watchdog",
        "reloaded: active running 2 success 0",
        "reloaded with settings that cannot be used: active running 2 success 0",
        "started with settings that cannot be used: failed failed 0 exit-code 78",
        "stopped: the settings cannot be used",
        "install with settings that cannot be used: status 78",
        "mended: active",
        "logged in: active running 0 success 0",
        "logged out: inactive dead 0 success 0",
        "logged in again: active running 0 success 0",
        // What it needs works inside of the sandbox …
        "inside: write to its state folder: possible",
        "inside: write to its runtime folder: possible",
        "inside: read its settings: possible",
        "inside: connect to the session bus: possible",
        "inside: open an IPv4 socket: possible",
        "inside: open an IPv6 socket: possible",
        "inside: start a program: possible",
        "inside: keyring\ninside:   ✓ password          available",
        "inside: credential\ninside:   ✓ password          available",
        "inside: A notification was shown by dunst",
        "notifications on the screen: 1",
        // … and what it has no business with does not.
        "inside: write to the home folder: refused EROFS",
        "inside: write to its settings: refused EROFS",
        "inside: write to another state folder: refused EROFS",
        "inside: write to the runtime folder of the session: refused EROFS",
        "inside: read ~/.ssh: refused EACCES",
        "inside: see the files of others in /tmp: refused ENOENT",
        "inside: write to /etc: refused EROFS",
        "inside: make a user namespace: refused EPERM",
        "inside: make a network namespace: refused EPERM",
        "inside: mount: refused EPERM",
        "inside: open a netlink socket: refused EAFNOSUPPORT",
        "inside: open a packet socket: refused EAFNOSUPPORT",
        "inside: map memory writable and executable: refused",
        "inside: trace a process: refused EPERM",
        "inside: capabilities within reach: 0000000000000000",
        "inside: no new privileges: 1",
        "inside: system call filter: 2",
        "uninstalled: inactive dead 0 success 0",
    ];
    check(&home, "unit-life.sh", "", &expected);
    let left = |path: &str| home.path().join(path).exists();
    for gone in [
        ".config/systemd/user/goen.service",
        ".config/systemd/user/goen.service.d/10-any-session.conf",
        ".local/share/applications/goen.desktop",
        ".local/share/icons/hicolor/scalable/apps/goen.svg",
    ] {
        assert!(!left(gone), "{gone} is still there");
    }
    for kept in [".config/goen/config.toml", ".local/state/goen/goen.db"] {
        assert!(left(kept), "{kept} is gone");
    }
    assert!(left(".config/systemd/user/goen.service.d/fast.conf"), "the user's drop-in is gone");
}

#[test]
fn where_user_namespaces_are_forbidden_the_service_runs_without_them_and_says_so() {
    let Some(home) = home() else { return };
    let wrapper = format!("/usr/bin/python3 {}/no-user-namespaces.py", home.path().display());
    let expected = [
        "a user namespace: status 217",
        "this system forbids user namespaces",
        "install: status 0",
        "protection: system calls filtered, no new privileges (not in force: writes to its own \
         folders only, a user namespace of its own)",
    ];
    check(&home, "unit-without-namespaces.sh", &wrapper, &expected);
}
