//! A real Exim as submission server beside a Dovecot of ours: TLS and STARTTLS, AUTH, delivery to
//! Dovecot. Debian's package conflicts with Postfix's, so `tests/run` only unpacks it; the user that it
//! insists on is made up by `nss_wrapper`. Refuses `reject@` (550), defers `defer@` (451) always and
//! `grey@` (451) once.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use goen::net::Security;
use goen::smtp::Submission;

use super::dovecot::{Dovecot, USERS};
use super::home::Ended;
use super::submission::{Place, SIZE_LIMIT_BYTES};

/// Where `tests/run` unpacks it.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/servers/exim4/usr/sbin/exim4");

/// Debian's user `mail`: Exim refuses to be root.
const MAIL: u32 = 8;

/// A running Exim: hanako may send.
pub(crate) struct Exim {
    place: Place,
    process: Mutex<Option<Ended>>,
}

impl Exim {
    /// Starts Exim beside `dovecot`; `None`, and a line that says so, where it was not unpacked.
    pub(crate) fn start(dovecot: &Dovecot) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("SKIPPED: Exim: {PROGRAM} is not there (tests/run unpacks it)");
            return None;
        }
        let exim = Self { place: Place::beside(dovecot, "exim"), process: Mutex::new(None) };
        let place = &exim.place;
        fs::write(place.path("conf"), exim.conf(dovecot)).unwrap();
        fs::create_dir(place.path("spool")).unwrap();
        let is_root = place.own().0 == 0;
        let (uid, gid) = if is_root {
            std::os::unix::fs::chown(place.path("spool"), Some(MAIL), Some(MAIL)).unwrap();
            (MAIL, MAIL)
        } else {
            place.own()
        };
        // It drops root before it reads the key.
        let (certificate, key) = dovecot.certificate();
        for (from, to) in [(certificate, "cert.pem"), (key, "key.pem")] {
            fs::copy(from, place.path(to)).unwrap();
            if is_root {
                std::os::unix::fs::chown(place.path(to), Some(MAIL), Some(MAIL)).unwrap();
            }
        }
        let known = |file: &str, line: &str| {
            let others = fs::read_to_string(file).unwrap();
            format!("{}\n{line}\n", others.trim_end())
        };
        let user = format!("Debian-exim:x:{uid}:{gid}::/tmp:/bin/false");
        fs::write(place.path("passwd"), known("/etc/passwd", &user)).unwrap();
        let group = format!("Debian-exim:x:{gid}:");
        fs::write(place.path("group"), known("/etc/group", &group)).unwrap();
        exim.up();
        Some(exim)
    }

    /// Starts it, again or for the first time.
    pub(crate) fn up(&self) {
        let log = fs::File::create(self.place.path("err")).unwrap();
        let child = Command::new(PROGRAM)
            .arg("-C")
            .arg(self.place.path("conf"))
            .args(["-bdf", "-q1h"])
            .env("LD_PRELOAD", "libnss_wrapper.so")
            .env("NSS_WRAPPER_PASSWD", self.place.path("passwd"))
            .env("NSS_WRAPPER_GROUP", self.place.path("group"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.process.lock().unwrap() = Some(Ended(child));
        self.place.until_it_answers("Exim");
    }

    /// Kills it and whatever it started: sessions break off where they are.
    pub(crate) fn kill(&self) {
        let Some(mut daemon) = self.process.lock().unwrap().take() else { return };
        let children = Command::new("pgrep").args(["-P", &daemon.0.id().to_string()]).output();
        let children = String::from_utf8(children.unwrap().stdout).unwrap();
        daemon.0.kill().unwrap();
        for child in children.split_whitespace() {
            let _ = Command::new("kill").args(["-KILL", child]).stderr(Stdio::null()).status();
        }
        daemon.0.wait().unwrap();
    }

    /// How hanako submits here.
    pub(crate) fn submission(&self, security: Security) -> Submission {
        self.place.submission(security)
    }

    /// What Exim logged.
    pub(crate) fn log(&self) -> String {
        ["spool/mainlog", "spool/paniclog", "err"]
            .iter()
            .map(|name| fs::read_to_string(self.place.path(name)).unwrap_or_default())
            .collect()
    }

    fn conf(&self, dovecot: &Dovecot) -> String {
        let folder = self.place.folder().display();
        let (starttls, tls, plain) =
            (self.place.starttls_port, self.place.tls_port, self.place.plain_port);
        let (user, password) = USERS[2];
        let lmtp = dovecot.lmtp_port;
        let right =
            format!("${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}");
        format!(
            "exim_path = {PROGRAM}
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
primary_hostname = mx.example.jp
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {tls} : {plain}
tls_on_connect_ports = {tls}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{plain}}}{{}}{{*}}}}
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if or{{{{eq{{$received_port}}{{{plain}}}}}{{!eq{{$tls_in_cipher}}{{}}}}}}{{*}}{{}}}}
message_size_limit = {SIZE_LIMIT_BYTES}
smtputf8_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny local_parts = reject
       message = 5.1.1 no such user
  defer local_parts = defer
       message = 4.3.0 try later
  defer local_parts = grey
       condition = ${{if !exists{{{folder}/spool/seen}}}}
       set acl_m_seen = ${{run{{/usr/bin/touch {folder}/spool/seen}}}}
       message = 4.7.1 greylisted, come back later
  accept authenticated = *
  deny message = 5.7.1 log in first
begin routers
all:
  driver = accept
  transport = lmtp
begin transports
lmtp:
  driver = smtp
  protocol = lmtp
  hosts = 127.0.0.1
  port = {lmtp}
  allow_localhost
  hosts_override
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = {right}
  server_set_id = $auth2
"
        )
    }
}
