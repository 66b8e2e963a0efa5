//! A real Postfix as submission server beside a Dovecot of ours: TLS and STARTTLS, AUTH asked of
//! Dovecot, delivery to Dovecot, stopped on drop. Its master needs root. Nothing can leave the
//! machine: all mail goes to the Dovecot, except to `reject@` (550), `defer@` (451), and
//! `grey@test.example` (451 once).
//!
//! ```ignore
//! let dovecot = Dovecot::start();
//! let Some(postfix) = Postfix::start(&dovecot) else { return };
//! smtp::submit(&postfix.submission(Security::Tls), claim).await;
//! dovecot.messages_until("alice", 1);
//! ```

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use goen::net::Security;
use goen::smtp::Submission;

use super::dovecot::Dovecot;
use super::submission::{Place, SIZE_LIMIT_BYTES};

/// A running Postfix: whoever has a mailbox at the Dovecot may send.
pub(crate) struct Postfix {
    place: Place,
}

impl Postfix {
    /// Starts Postfix beside `dovecot`; `None`, and a line that says so, where that is not possible.
    pub(crate) fn start(dovecot: &Dovecot) -> Option<Self> {
        let postfix = Self { place: Place::beside(dovecot, "postfix") };
        let place = &postfix.place;
        if place.own().0 != 0 {
            println!("SKIPPED: Postfix: its master needs root");
            return None;
        }
        for name in ["etc", "queue", "data"] {
            fs::create_dir(place.path(name)).unwrap();
        }
        fs::write(place.path("etc/main.cf"), postfix.main_cf(dovecot)).unwrap();
        fs::write(place.path("etc/master.cf"), postfix.master_cf()).unwrap();
        fs::write(
            place.path("etc/rcpt"),
            "reject@test.example 550 5.1.1 no such user\ndefer@test.example 451 4.3.0 try later\n\
             grey@test.example greylisted\n",
        )
        .unwrap();
        let chown = Command::new("chown").arg("postfix").arg(place.path("data")).status().unwrap();
        assert!(chown.success(), "the user postfix is there (apt install postfix)");
        postfix.up();
        Some(postfix)
    }

    /// Starts it, again or for the first time.
    pub(crate) fn up(&self) {
        assert!(self.command("start"), "{}", self.log());
        self.place.until_it_answers("Postfix");
    }

    /// Stops it at once: sessions break off where they are.
    pub(crate) fn abort(&self) {
        assert!(self.command("abort"), "{}", self.log());
    }

    /// Stops it: its ports refuse.
    pub(crate) fn down(&self) {
        assert!(self.command("stop"), "{}", self.log());
    }

    /// How hanako submits here.
    pub(crate) fn submission(&self, security: Security) -> Submission {
        self.place.submission(security)
    }

    /// Settings for goen to submit here over TLS; they follow an `[[accounts]]`.
    pub(crate) fn settings(&self) -> String {
        self.place.settings()
    }

    /// Whether it has nothing left to deliver.
    pub(crate) fn is_idle(&self) -> bool {
        ["maildrop", "incoming", "active", "deferred"].iter().all(|queue| {
            let mut folders = vec![self.place.path("queue").join(queue)];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                    if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                        folders.push(entry.path());
                    } else {
                        return false;
                    }
                }
            }
            true
        })
    }

    /// What Postfix logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place.path("log")).unwrap_or_default()
    }

    /// Whether `postfix` did as it was told.
    fn command(&self, verb: &str) -> bool {
        Command::new("postfix")
            .arg("-c")
            .arg(self.place.path("etc"))
            .arg(verb)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("Postfix is installed (apt install postfix)")
            .success()
    }

    fn main_cf(&self, dovecot: &Dovecot) -> String {
        let folder = self.place.folder().display();
        let (certificate, key) = dovecot.certificate();
        format!(
            "compatibility_level = 3.6\nqueue_directory = {folder}/queue\ndata_directory = {folder}/data\n\
             mail_owner = postfix\nsetgid_group = postdrop\nmaillog_file = {folder}/log\n\
             maillog_file_prefixes = {folder}\nmulti_instance_name =\nmyhostname = mx.example.jp\n\
             mydestination =\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks =\n\
             alias_maps =\nalias_database =\nbiff = no\n\
             virtual_mailbox_domains = static:all\nvirtual_mailbox_maps = static:all\n\
             virtual_transport = lmtp:inet:127.0.0.1:{lmtp}\ndefault_transport = error:5.1.2 nothing leaves\n\
             smtpd_relay_restrictions = permit_sasl_authenticated, reject\n\
             smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/etc/rcpt, permit_sasl_authenticated, reject\n\
             smtpd_restriction_classes = greylisted\n\
             greylisted = check_policy_service inet:127.0.0.1:{greylist}, permit_sasl_authenticated, reject\n\
             smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {auth}\n\
             smtpd_tls_auth_only = yes\nsmtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {key}\n\
             smtpd_tls_security_level = encrypt\nsmtputf8_enable = yes\nmessage_size_limit = {SIZE_LIMIT_BYTES}\n\
             in_flow_delay = 0\nsmtpd_error_sleep_time = 0\n",
            greylist = greylist(),
            lmtp = dovecot.lmtp_port,
            auth = dovecot.auth_socket().display(),
            certificate = certificate.display(),
            key = key.display(),
        )
    }

    fn master_cf(&self) -> String {
        let services = [
            format!("127.0.0.1:{} inet n - n - - smtpd", self.place.starttls_port),
            format!(
                "127.0.0.1:{} inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes",
                self.place.tls_port
            ),
            format!(
                "127.0.0.1:{} inet n - n - - smtpd\n  -o smtpd_tls_security_level=none\n  \
                 -o smtpd_tls_auth_only=no",
                self.place.plain_port
            ),
            "cleanup unix n - n - 0 cleanup".to_owned(),
            "qmgr unix n - n 300 1 qmgr".to_owned(),
            "tlsmgr unix - - n 1000? 1 tlsmgr".to_owned(),
            "rewrite unix - - n - - trivial-rewrite".to_owned(),
            "bounce unix - - n - 0 bounce".to_owned(),
            "defer unix - - n - 0 bounce".to_owned(),
            "trace unix - - n - 0 bounce".to_owned(),
            "verify unix - - n - 1 verify".to_owned(),
            "proxymap unix - - n - - proxymap".to_owned(),
            "showq unix n - n - - showq".to_owned(),
            "error unix - - n - - error".to_owned(),
            "retry unix - - n - - error".to_owned(),
            "lmtp unix - - n - - lmtp".to_owned(),
            "anvil unix - - n - 1 anvil".to_owned(),
            "scache unix - - n - 1 scache".to_owned(),
            "postlog unix-dgram n - n - 1 postlogd".to_owned(),
        ];
        services.join("\n") + "\n"
    }
}

/// A policy service that lets the first recipient that it is asked about wait: its port.
fn greylist() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let was_asked = Arc::new(AtomicBool::new(false));
        // Postfix keeps its connections.
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let was_asked = was_asked.clone();
            std::thread::spawn(move || answer_greylist(stream, &was_asked));
        }
    });
    port
}

fn answer_greylist(mut stream: TcpStream, was_asked: &AtomicBool) {
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let Ok(line) = line else { return };
        // A request ends with an empty line.
        if line.is_empty() {
            let waits = !was_asked.swap(true, Ordering::SeqCst);
            let action = if waits { "DEFER 4.7.1 greylisted, come back later" } else { "DUNNO" };
            let _ = write!(stream, "action={action}\n\n");
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // One that was stopped already says no.
        self.command("stop");
    }
}
