//! The demo's own folder: its settings, password, certificate and store.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::Login;
use super::tls::Tls;
use crate::config::Paths;
use crate::lang::Lang;

/// How long an approved reply waits in the demo, in seconds: enough to see that it does.
pub(super) const UNDO_SECONDS: u32 = 2;

/// The name of the demo's only account.
pub(super) const ACCOUNT: &str = "demo";

/// Where the embedded servers listen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) imap: u16,
    pub(super) smtp: u16,
}

/// A folder that only the user can enter, removed when dropped.
pub(super) struct Folder(TempDir);

impl Folder {
    /// Makes one among the system's temporary files.
    pub(super) fn create() -> io::Result<Self> {
        let private = Permissions::from_mode(0o700);
        tempfile::Builder::new().prefix("goen-demo-").permissions(private).tempdir().map(Self)
    }

    /// Where goen finds its files in this folder.
    pub(super) fn paths(&self) -> Paths {
        let state = self.0.path().join("state");
        Paths {
            config: self.0.path().join("config.toml"),
            runtime: state.clone(),
            state,
            credentials: None,
        }
    }

    /// Writes the settings of a user who has an account on the embedded servers.
    pub(super) fn furnish(
        &self,
        tls: &Tls,
        login: &Login,
        ports: Ports,
        lang: Lang,
    ) -> io::Result<()> {
        let ca_file = tls.write_ca(self.0.path())?;
        let password_file = self.0.path().join("password");
        write_private(&password_file, login.password.expose())?;
        let server = |port| json!({ "host": "127.0.0.1", "port": port, "ca_file": ca_file });
        let settings = json!({
            "lang": lang,
            "profile": {
                "name": "山田 花子",
                "name_en": "Hanako Yamada",
                "signature": login.user,
            },
            // The demo is over in minutes, at any hour.
            "reply": { "undo_seconds": UNDO_SECONDS, "send_between": "", "working_days_only": false },
            "accounts": [{
                "name": ACCOUNT,
                "address": login.user,
                "imap": server(ports.imap),
                "smtp": server(ports.smtp),
                "secret": { "password_file": password_file },
            }],
        });
        let settings = toml::to_string(&settings).map_err(io::Error::other)?;
        write_private(&self.paths().config, &settings)
    }

    /// Leaves the folder where it is, also after the end.
    pub(super) fn keep(self) -> PathBuf {
        self.0.keep()
    }
}

/// Writes a file that only the user can read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::secret::Secret;

    fn furnished() -> Folder {
        let folder = Folder::create().unwrap();
        let password = Secret::new("of the demo".to_owned());
        let login = Login { user: "hanako@example.jp".to_owned(), password };
        let ports = Ports { imap: 1143, smtp: 1465 };
        folder.furnish(&Tls::generate().unwrap(), &login, ports, Lang::Ja).unwrap();
        folder
    }

    #[test]
    fn the_settings_are_ones_that_goen_takes() {
        let folder = furnished();
        let config = Config::load(&folder.paths().config).unwrap();
        let account = &config.accounts[0];
        assert_eq!(account.imap_server().port, 1143);
        assert_eq!(account.smtp_server().unwrap().port, 1465);
        assert_eq!(config.profile.name, "山田 花子");
        assert_eq!(config.reply.undo_seconds, UNDO_SECONDS);
    }

    #[test]
    fn nobody_else_can_enter_and_nothing_is_left() {
        let folder = furnished();
        let path = folder.0.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }
}
