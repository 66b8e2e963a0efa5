//! A real Dovecot of our own: configuration, certificate and mail in a temporary folder, free ports on
//! loopback, stopped on drop. Runs as root or as an ordinary user.
//!
//! ```ignore
//! let dovecot = Dovecot::start();
//! dovecot.deliver("alice", b"Subject: hello\r\n\r\n...");
//! connect("localhost", dovecot.imaps_port, dovecot.ca_file());
//! ```

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use goen::net::{Security, Server};
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// Accounts that exist: name and password. Mail to `NAME@test.example` arrives there.
pub(crate) const USERS: [(&str, &str); 3] =
    [("alice", "wonder land"), ("bob", "builder"), ("hanako", "パスワード")];

/// What tokens are signed with.
const TOKEN_KEY: &[u8] = b"goen-test-key";

/// How long starting and stopping may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Dovecot. Certificates are for `localhost` and 127.0.0.1; it listens on 127.0.0.2, too.
pub(crate) struct Dovecot {
    folder: TempDir,
    /// Plain IMAP and STARTTLS.
    pub(crate) imap_port: u16,
    /// IMAP over TLS.
    pub(crate) imaps_port: u16,
    /// LMTP, plaintext.
    pub(crate) lmtp_port: u16,
}

impl Dovecot {
    /// Starts one, and waits until it answers.
    pub(crate) fn start() -> Self {
        Self::offering("plain login")
    }

    /// One that listens at this address.
    pub(crate) fn at(address: &str) -> Self {
        Self::starting("plain login", address)
    }

    /// One that offers these ways to log in. `xoauth2` and `oauthbearer` take tokens as
    /// [`token`] makes them.
    pub(crate) fn offering(mechanisms: &str) -> Self {
        Self::starting(mechanisms, "127.0.0.2")
    }

    fn starting(mechanisms: &str, address: &str) -> Self {
        assert!(
            Command::new("dovecot").arg("--version").output().is_ok_and(|ran| ran.status.success()),
            "these tests need Dovecot: apt-get install --no-install-recommends dovecot-imapd dovecot-lmtpd"
        );
        // Dovecot's own users must be able to walk down to the mail.
        let folder = tempfile::Builder::new()
            .prefix("goen-dovecot-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .expect("a temporary folder");
        let [imap, imaps, lmtp] = free_ports();
        let dovecot = Self { folder, imap_port: imap, imaps_port: imaps, lmtp_port: lmtp };
        dovecot.write_certificates();
        dovecot.write_configuration(mechanisms, address);
        dovecot.write_token_check();
        dovecot.launch();
        dovecot
    }

    /// The authority to trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The configuration of a client that talks TLS to it.
    pub(crate) fn server(&self) -> Server {
        Server {
            host: "localhost".to_owned(),
            port: self.imaps_port,
            security: Security::Tls,
            ca_file: Some(self.ca_file()),
        }
    }

    /// The server's certificate and its key, for a submission server beside it.
    pub(crate) fn certificate(&self) -> (PathBuf, PathBuf) {
        (self.path("server.pem"), self.path("server.key"))
    }

    /// The socket at which a submission server asks whether a login is right.
    pub(crate) fn auth_socket(&self) -> PathBuf {
        self.path("run/smtp-auth")
    }

    /// The Maildir of a user's inbox.
    pub(crate) fn inbox(&self, user: &str) -> PathBuf {
        self.path("mail").join(user).join("Maildir")
    }

    /// The messages in a user's inbox as they lie on disk, with LF line ends.
    pub(crate) fn messages(&self, user: &str) -> Vec<String> {
        let folders = ["new", "cur"].map(|part| self.inbox(user).join(part));
        let files = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let read = |file: io::Result<fs::DirEntry>| {
            let bytes = fs::read(file.expect("a file").path()).expect("a message");
            String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n")
        };
        files.map(read).collect()
    }

    /// The same, once there are as many as wanted.
    pub(crate) fn messages_until(&self, user: &str, wanted: usize) -> Vec<String> {
        wait_until("delivery", &|| self.messages(user).len() >= wanted);
        self.messages(user)
    }

    /// Delivers a message over LMTP, as a mail server would. Line ends may be LF or CRLF.
    pub(crate) fn deliver(&self, user: &str, message: impl AsRef<[u8]>) {
        let stream = TcpStream::connect(("127.0.0.1", self.lmtp_port)).expect("LMTP");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut expect = |code: &str| {
            let mut line = String::new();
            while line.is_empty() || line.as_bytes().get(3) == Some(&b'-') {
                line.clear();
                reader.read_line(&mut line).expect("an LMTP answer");
            }
            assert!(line.starts_with(code), "LMTP said {line:?}");
        };
        let mut stream = stream;
        expect("220");
        for line in ["LHLO localhost", "MAIL FROM:<sender@example.com>"] {
            write!(stream, "{line}\r\n").expect("LMTP");
            expect("250");
        }
        write!(stream, "RCPT TO:<{user}@test.example>\r\n").expect("LMTP");
        expect("250");
        write!(stream, "DATA\r\n").expect("LMTP");
        expect("354");
        stream.write_all(&dotted(message.as_ref())).expect("LMTP");
        expect("250");
        write!(stream, "QUIT\r\n").expect("LMTP");
    }

    /// Runs `doveadm` on it and returns what it prints.
    pub(crate) fn doveadm(&self, arguments: &[&str]) -> String {
        let ran = self.doveadm_command(arguments).stdin(Stdio::null()).output().expect("doveadm");
        assert!(
            ran.status.success(),
            "doveadm {arguments:?}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    /// `doveadm` for it, not yet run.
    pub(crate) fn doveadm_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("doveadm");
        command.arg("-c").arg(self.path("dovecot.conf")).args(arguments);
        command
    }

    /// Stops it and starts it again, on the same ports with the same mail.
    pub(crate) fn restart(&self) {
        self.stop();
        self.launch();
    }

    /// Stops it: connections are closed, ports refuse.
    pub(crate) fn stop(&self) {
        let pid_file = self.path("run/master.pid");
        let Ok(pid) = fs::read_to_string(&pid_file) else { return };
        let _ = Command::new("kill").arg(pid.trim()).status();
        let gone = || !Path::new("/proc").join(pid.trim()).exists() || is_zombie(pid.trim());
        wait_until("Dovecot to stop", &gone);
        let _ = fs::remove_file(pid_file);
    }

    /// Starts it again after [`Dovecot::stop`].
    pub(crate) fn launch(&self) {
        let log = fs::File::create(self.path("start.log")).expect("a log file");
        let status = Command::new("dovecot")
            .arg("-c")
            .arg(self.path("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            // It keeps its standard error open for ever: never ours.
            .stderr(log)
            .status()
            .expect("dovecot");
        assert!(status.success(), "Dovecot did not start: {}", self.logs());
        for port in [self.imap_port, self.imaps_port, self.lmtp_port] {
            wait_until("Dovecot to listen", &|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        }
    }

    /// Everything it logged.
    pub(crate) fn logs(&self) -> String {
        ["start.log", "dovecot.log"]
            .iter()
            .map(|name| fs::read_to_string(self.path(name)).unwrap_or_default())
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_certificates(&self) {
        let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .and_then(|parameters| parameters.signed_by(&key, &authority))
            .expect("a certificate");
        self.write("ca.pem", &authority.pem());
        self.write("server.pem", &certificate.pem());
        self.write("server.key", &key.serialize_pem());
    }

    #[expect(clippy::too_many_lines, reason = "one configuration file")]
    fn write_configuration(&self, mechanisms: &str, address: &str) {
        let folder = self.folder.path().display();
        let root = id(&["-u"]) == "0";
        let users: String =
            USERS.map(|(name, password)| format!("{name}:{{PLAIN}}{password}\n")).concat();
        self.write("users", &users);
        fs::create_dir(self.path("mail")).expect("a folder");
        let (uid, gid, unprivileged, own) = if root {
            let (uid, gid) = (id(&["-u", "mail"]), id(&["-g", "mail"]));
            let owner = Command::new("chown").arg("mail:mail").arg(self.path("mail")).status();
            assert!(owner.is_ok_and(|status| status.success()), "chown");
            (uid, gid, String::new(), String::new())
        } else {
            let (user, group) = (id(&["-un"]), id(&["-gn"]));
            let unprivileged = format!(
                "default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n\
                 service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
                 service auth {{\n user = {user}\n}}\nservice auth-worker {{\n user = {user}\n}}\n"
            );
            (id(&["-u"]), id(&["-g"]), unprivileged, format!("chroot =\n user = {user}"))
        };
        let lmtp_user = own.replace("chroot =", "");
        let chroot = if root { "" } else { "chroot =" };
        let (imap, imaps, lmtp) = (self.imap_port, self.imaps_port, self.lmtp_port);
        let configuration = format!(
            "base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = goen-test
listen = 127.0.0.1, {address}
protocols = imap lmtp
shutdown_clients = yes
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_home = {folder}/mail/%n
mail_fsync = never
first_valid_uid = 0
first_valid_gid = 0
mail_max_userip_connections = 200
auth_mechanisms = {mechanisms}
auth_failure_delay = 0 secs
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
  mechanisms = plain login
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n allow_all_users=yes
}}
protocol lmtp {{
  postmaster_address = postmaster@test.example
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener smtp-auth {{
    mode = 0666
  }}
}}
service lmtp {{
  {lmtp_user}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
{unprivileged}"
        );
        self.write("dovecot.conf", &configuration);
    }

    /// How tokens are checked: by Dovecot itself, without an identity provider.
    fn write_token_check(&self) {
        let folder = self.folder.path().display();
        // The key with which tokens are signed: Dovecot looks for it under client and algorithm.
        let keys = self.path("jwt/default/HS256");
        fs::create_dir_all(&keys).expect("a folder");
        fs::write(keys.join("default"), STANDARD.encode(TOKEN_KEY)).expect("a key");
        self.write(
            "oauth2.conf",
            &format!(
                "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={folder}/jwt/\n\
                 username_attribute = email\nissuers = https://idp.test.example\nclient_id = goen\n"
            ),
        );
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An access token (JWT, RFC 7519) of `user` that ends at `expires`.
pub(crate) fn token(user: &str, expires: Timestamp) -> String {
    let encoded = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = encoded(serde_json::json!({ "alg": "HS256", "typ": "JWT" }));
    let claims = encoded(serde_json::json!({
        "sub": user,
        "email": user,
        "iss": "https://idp.test.example",
        "aud": "goen",
        "iat": expires.as_second() - 3600,
        "exp": expires.as_second(),
    }));
    let signed = format!("{header}.{claims}");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac(TOKEN_KEY, signed.as_bytes())))
}

/// HMAC-SHA256 (RFC 2104) with a key of at most 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(padded, key)| *padded ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// What `id` says.
fn id(arguments: &[&str]) -> String {
    let ran = Command::new("id").args(arguments).output().expect("id");
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

/// Ports that were free a moment ago.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// Nobody collects the children of a test whose parent is gone; they are dead all the same.
fn is_zombie(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}

/// Polls: another program's start and end send no signal that we could wait for.
fn wait_until(what: &str, done: &dyn Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A message as LMTP carries it: CRLF, dots doubled, a dot at the end (RFC 5321 §4.5.2).
fn dotted(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 64);
    for line in message.strip_suffix(b"\n").unwrap_or(message).split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}
