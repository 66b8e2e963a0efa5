//! A provider with a real submission server: a Postfix of our own, with Dovecot to check passwords: everything in a temporary folder, on
//! free loopback ports, stopped on drop. Needs root, as Postfix does.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use goen::net::{Security, Server};
use goen::secret::{Credential, Secret};
use goen::smtp::Submission;

/// How long a step of starting, stopping or delivering may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Largest message it takes: small, so that a test can exceed it.
pub(crate) const SIZE_LIMIT_BYTES: usize = 20_000;

/// A running Postfix: `hanako@test.example` may send with the password `builder`; mail to anyone
/// at `test.example` arrives in one Maildir, except to `reject@` (550) and `defer@` (451).
pub(crate) struct Provider {
    folder: tempfile::TempDir,
    starttls_port: u16,
    tls_port: u16,
}

impl Provider {
    pub(crate) fn start() -> Self {
        for (program, package) in [("postfix", "postfix"), ("dovecot", "dovecot-core")] {
            let there = Path::new("/usr/sbin").join(program).exists();
            assert!(there, "these tests need {program}: apt-get install {package}");
        }
        let folder = tempfile::Builder::new().prefix("goen-postfix").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (starttls_port, tls_port) = (free_port(), free_port());
        let provider = Self { folder, starttls_port, tls_port };
        provider.lay_out();
        provider.configure_postfix();
        provider.configure_dovecot();
        provider.run_dovecot();
        provider.up();
        provider
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lay_out(&self) {
        for name in ["etc", "queue", "data", "mail", "auth", "auth/run", "auth/state"] {
            fs::create_dir(self.path(name)).unwrap();
        }
        let (user, group) = mail_owner();
        chown(self.path("data"), Some(id_of("postfix", "-u")), None).unwrap();
        chown(self.path("mail"), Some(user), Some(group)).unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
        fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    fn configure_postfix(&self) {
        let here = self.folder.path().display();
        let (user, group) = mail_owner();
        fs::write(
            self.path("etc/rcpt"),
            "reject@test.example 550 5.1.1 no such user\ndefer@test.example 451 4.3.0 try later\n",
        )
        .unwrap();
        fs::write(
            self.path("etc/main.cf"),
            format!(
                "compatibility_level = 3.6
queue_directory = {here}/queue
data_directory = {here}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {here}/postfix.log
maillog_file_prefixes = {here}
multi_instance_name =
myhostname = mx.test.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
alias_database =
biff = no
virtual_mailbox_domains = test.example
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {here}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
default_transport = error:5.1.2 nothing leaves this machine
relay_transport = error:5.1.2 nothing leaves this machine
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{here}/etc/rcpt, permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {here}/auth/socket
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {here}/cert.pem
smtpd_tls_key_file = {here}/key.pem
smtpd_tls_security_level = encrypt
smtputf8_enable = yes
message_size_limit = {SIZE_LIMIT_BYTES}
"
            ),
        )
        .unwrap();
        fs::write(
            self.path("etc/master.cf"),
            format!(
                "127.0.0.1:{} inet n - n - - smtpd
127.0.0.1:{} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
",
                self.starttls_port, self.tls_port
            ),
        )
        .unwrap();
    }

    fn configure_dovecot(&self) {
        let here = self.folder.path().display();
        let (user, group) = mail_owner();
        fs::write(self.path("auth/users"), "hanako@test.example:{PLAIN}builder\n").unwrap();
        fs::write(
            self.path("auth/dovecot.conf"),
            format!(
                "protocols =
base_dir = {here}/auth/run
state_dir = {here}/auth/state
log_path = {here}/auth.log
ssl = no
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = {here}/auth/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home=/nonexistent
}}
service auth {{
  unix_listener {here}/auth/socket {{
    mode = 0666
  }}
}}
"
            ),
        )
        .unwrap();
    }

    fn run_dovecot(&self) {
        // It keeps its standard error open for ever: never the tests' own.
        run(Command::new("/usr/sbin/dovecot").arg("-c").arg(self.path("auth/dovecot.conf")));
        wait_for("Dovecot's socket", || self.path("auth/socket").exists());
    }

    /// Starts Postfix, again or for the first time.
    pub(crate) fn up(&self) {
        run(Command::new("/usr/sbin/postfix").arg("-c").arg(self.path("etc")).arg("start"));
        for port in [self.starttls_port, self.tls_port] {
            wait_for("Postfix's port", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        }
    }

    /// Stops Postfix: its ports refuse.
    pub(crate) fn down(&self) {
        run(Command::new("/usr/sbin/postfix").arg("-c").arg(self.path("etc")).arg("stop"));
    }

    pub(crate) fn account(&self, security: Security) -> Submission {
        let port = if security == Security::Tls { self.tls_port } else { self.starttls_port };
        Submission {
            server: Server {
                host: "localhost".into(),
                port,
                security,
                ca_file: Some(self.path("cert.pem")),
            },
            user: "hanako@test.example".into(),
            credential: Credential::Password(Secret::new("builder".into())),
            helo: "[127.0.0.1]".into(),
        }
    }

    /// The messages delivered so far, once there are as many as wanted, with CRLF line ends.
    pub(crate) fn delivered(&self, wanted: usize) -> Vec<String> {
        let inbox = self.path("mail/inbox/new");
        let files = || -> Vec<PathBuf> {
            fs::read_dir(&inbox).into_iter().flatten().map(|file| file.unwrap().path()).collect()
        };
        wait_for("delivery", || files().len() >= wanted);
        let read = |path: PathBuf| fs::read_to_string(path).unwrap().replace('\n', "\r\n");
        files().into_iter().map(read).collect()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.down();
        let pid = fs::read_to_string(self.path("auth/run/master.pid")).unwrap_or_default();
        if !pid.trim().is_empty() {
            let _ = Command::new("kill").arg(pid.trim()).status();
        }
    }
}

fn run(command: &mut Command) {
    let log = tempfile::tempfile().unwrap();
    let status = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success() || std::thread::panicking(), "{command:?}: {status}");
}

fn wait_for(what: &str, there: impl Fn() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The user and group that mail is delivered as.
fn mail_owner() -> (u32, u32) {
    (id_of("mail", "-u"), id_of("mail", "-g"))
}

fn id_of(user: &str, kind: &str) -> u32 {
    let output = Command::new("id").args([kind, user]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
