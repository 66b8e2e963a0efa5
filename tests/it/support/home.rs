//! A home folder of the test's own, and the real `goen` in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::desktop::Bus;

/// How long anything may take before a test gives up on it: far more than the longest rightful wait,
/// two pauses of up to 16 s between three refused logins.
const PATIENCE: Duration = Duration::from_mins(2);

/// A home folder with settings, removed at the end.
pub(crate) struct Home {
    folder: TempDir,
    bus: Option<String>,
    through: Vec<String>,
}

/// A running `goen run`, killed at the end.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Home {
    pub(crate) fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder, bus: None, through: Vec::new() };
        home.write_settings(settings);
        home
    }

    /// A home without settings.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), bus: None, through: Vec::new() }
    }

    /// The session bus that programs in this home talk to; none by default.
    pub(crate) fn on_bus(self, address: &str) -> Self {
        Self { bus: Some(address.to_owned()), ..self }
    }

    /// The program that starts the daemon in its place.
    pub(crate) fn through(self, program: &[&str]) -> Self {
        Self { through: program.iter().map(|&word| word.to_owned()).collect(), ..self }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write_settings(&self, settings: &str) {
        let path = self.path().join(".config/goen/config.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, settings).unwrap();
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path().join(".local/state/goen/goen.db")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goen"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path())
            .env("XDG_RUNTIME_DIR", self.path())
            .env("LANG", "C.UTF-8")
            .env("TZ", "Asia/Tokyo")
            .stdin(Stdio::null());
        if let Some(bus) = &self.bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn goen(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed, and gives what it printed.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.goen(arguments);
        assert!(
            output.status.success(),
            "goen {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail, and gives its exit status and complaint.
    pub(crate) fn complains(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.goen(arguments);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    /// Starts the daemon.
    pub(crate) fn run(&self) -> Running {
        let log = self.path().join("log");
        let file = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = self.command(&["run"]);
        if let [program, arguments @ ..] = self.through.as_slice() {
            let goen = command;
            command = Command::new(program);
            command.args(arguments).arg(goen.get_program()).args(goen.get_args()).env_clear();
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            let kept = goen.get_envs().filter(|(name, _value)| *name != "PATH");
            command.envs(kept.filter_map(|(name, value)| Some((name, value?))));
        }
        let child =
            command.stdin(Stdio::null()).stderr(file).stdout(Stdio::null()).spawn().unwrap();
        Running { child, log }
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.says(&["status", "--json"])).unwrap()
    }

    /// The results that `goen list` shows.
    pub(crate) fn results(&self) -> Vec<Value> {
        self.says(&["list", "--mails", "--limit", "100000", "--json"])
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits until the first account is in `state`, and gives its status.
    pub(crate) fn account_until(&self, state: &str) -> Value {
        let mut last = Value::Null;
        until(&format!("the account is {state}"), || {
            let account = self.status()["accounts"][0].clone();
            if account != last {
                println!("{account}"); // seen where the test fails
                last = account.clone();
            }
            (account["state"] == state).then_some(account)
        })
    }
}

impl Running {
    /// What the daemon has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// `kill -9`
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to read its settings again.
    pub(crate) fn reload(&self) {
        self.signal("HUP");
    }

    /// Asks it to stop, and waits until it has; gives whether it ended well.
    pub(crate) fn stop(&mut self) -> bool {
        self.signal("TERM");
        self.child.wait().unwrap().success()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let name = format!("-{name}");
        let kill = Command::new("kill").args([&name, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `look` sees something. For what happens in other processes, of which nothing tells us.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "gave up waiting until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A process that is ended with the test.
pub(crate) struct Ended(pub(crate) Child);

impl Ended {
    /// Ends it by SIGTERM, and waits.
    pub(crate) fn end(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.end();
    }
}

/// A real gnome-keyring on a bus of its own, unlocked or not.
pub(crate) fn keyring(bus: &Bus, home: &Home, unlocked: bool) -> Ended {
    let mut command = Command::new("gnome-keyring-daemon");
    command
        .args(["--foreground", "--components=secrets"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    if unlocked {
        command.arg("--unlock");
    }
    let mut keyring = command
        .env_clear()
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
        .stderr(Stdio::null())
        .spawn()
        .expect("gnome-keyring is installed (apt install gnome-keyring libsecret-tools)");
    keyring.stdin.take().unwrap().write_all(b"keyring-password").unwrap();
    Ended(keyring)
}
