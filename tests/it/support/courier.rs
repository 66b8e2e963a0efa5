//! A real Courier: another IMAP server of Debian's, which names no UIDNEXT, announces mail each minute
//! only, and cannot be installed beside Dovecot. See `courier.sh`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::dovecot::free_ports;

/// How long starting and stopping may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running Courier with the Maildirs of alice and bob; both have the password `wonder land`.
pub(crate) struct Courier {
    folder: TempDir,
    /// Plain IMAP.
    pub(crate) port: u16,
    process: Option<Child>,
}

impl Courier {
    /// Starts one. `None` where that cannot be: it needs root, and to have been installed into the
    /// build folder, which `tests/run` does.
    pub(crate) fn start() -> Option<Self> {
        if !Self::layer().join("done").exists() {
            // Not by `println!`, which a test that passes keeps to itself.
            let words =
                "SKIPPED: Courier: only root can install it beside Dovecot (tests/run does)";
            let _ = writeln!(std::io::stderr(), "{words}");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("goen-courier-").tempdir().expect("a folder");
        let [port] = free_ports();
        let mut courier = Self { folder, port, process: None };
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(courier.inbox().join(part)).expect("a Maildir");
        }
        courier.launch();
        Some(courier)
    }

    fn layer() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/courier")
    }

    /// The Maildir of alice's inbox.
    pub(crate) fn inbox(&self) -> PathBuf {
        self.folder.path().join("mail/alice/Maildir")
    }

    /// Starts it again after [`Courier::stop`].
    pub(crate) fn launch(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/courier.sh");
        let log = fs::File::create(self.folder.path().join("log")).expect("a log file");
        let process = Command::new(script)
            .arg("serve")
            .arg(Self::layer())
            .arg(self.folder.path())
            .arg(self.port.to_string())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("courier.sh");
        self.process = Some(process);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "Courier did not start: {}", self.logs());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it: connections are closed, the port refuses.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The end of its standard input.
            drop(process.stdin.take());
            let _ = process.wait();
        }
    }

    /// Opens a mailbox for writing, as the user's own mail program does. Until somebody has done so, Courier
    /// keeps no UIDs: it numbers the messages anew for each session, and goen, which only ever asks for
    /// EXAMINE, has to know them again by their content.
    pub(crate) fn visit(&self, mailbox: &str) {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("Courier");
        let mut answers = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut stream = stream;
        let mut answer = String::new();
        answers.read_line(&mut answer).expect("a greeting");
        // One by one: the program that takes the login is not the one that goes on.
        for said in ["a LOGIN alice \"wonder land\"", &format!("b SELECT \"{mailbox}\"")] {
            stream.write_all(format!("{said}\r\n").as_bytes()).expect("Courier");
            answer.clear();
            while !answer.starts_with(&said[..2]) {
                answer.clear();
                assert!(answers.read_line(&mut answer).expect("an answer") > 0, "{said}: cut off");
            }
            assert!(answer.starts_with(&format!("{} OK", &said[..1])), "{said}: {answer}");
        }
    }

    fn logs(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        ["log", "courier.log"].map(read).concat()
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stop();
    }
}
