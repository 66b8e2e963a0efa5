//! What the real submission servers of the tests have in common: a folder under /tmp that their own
//! users can read, three ports, and hanako, who may send.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use goen::net::{Security, Server};
use goen::secret::{Credential, Secret};
use goen::smtp::Submission;
use tempfile::TempDir;

use super::dovecot::{Dovecot, USERS, free_ports};
use super::home::until;

/// Largest message they take: small, so that a test can exceed it.
pub(crate) const SIZE_LIMIT_BYTES: usize = 20_000;

/// Where one of them lives.
pub(crate) struct Place {
    folder: TempDir,
    ca_file: PathBuf,
    /// Submission with required STARTTLS.
    pub(crate) starttls_port: u16,
    /// Submission over TLS.
    pub(crate) tls_port: u16,
    /// Submission in the clear, on loopback: for who has to see the dialogue.
    pub(crate) plain_port: u16,
}

impl Place {
    /// A place beside `dovecot`, whose certificate it shares.
    pub(crate) fn beside(dovecot: &Dovecot, name: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("goen-{name}"))
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in("/tmp")
            .unwrap();
        let [starttls_port, tls_port, plain_port] = free_ports();
        Self { folder, ca_file: dovecot.ca_file(), starttls_port, tls_port, plain_port }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The user and the group that the tests run as.
    pub(crate) fn own(&self) -> (u32, u32) {
        let own = self.folder().metadata().unwrap();
        (own.uid(), own.gid())
    }

    /// Waits until somebody answers at all ports.
    pub(crate) fn until_it_answers(&self, who: &str) {
        let ports = [self.starttls_port, self.tls_port, self.plain_port];
        until(&format!("{who} answers (see {})", self.folder().display()), || {
            ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()).then_some(())
        });
    }

    /// How hanako submits here.
    pub(crate) fn submission(&self, security: Security) -> Submission {
        let port = match security {
            Security::Tls => self.tls_port,
            Security::Starttls => self.starttls_port,
            Security::Plain => self.plain_port,
        };
        hanako_at(port, security, self.ca_file.clone())
    }

    /// Settings for goen to submit here over TLS; they follow an `[[accounts]]`.
    pub(crate) fn settings(&self) -> String {
        format!(
            "[accounts.smtp]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
            self.tls_port,
            self.ca_file.display()
        )
    }
}

/// hanako's account at a server on this machine.
pub(crate) fn hanako_at(port: u16, security: Security, ca_file: PathBuf) -> Submission {
    let (user, password) = USERS[2];
    let host = "localhost".to_owned();
    Submission {
        server: Server { host, port, security, ca_file: Some(ca_file) },
        user: user.to_owned(),
        credential: Credential::Password(Secret::new(password.to_owned())),
        helo: "[127.0.0.1]".to_owned(),
    }
}
