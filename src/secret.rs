//! Passwords and tokens: where they come from, and how they are kept from being printed.
//!
//! Read at each login and wiped after it. A locked keyring is a state to wait in, not a failure.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant};
use zeroize::Zeroizing;

use self::online::For;
use crate::lang::{Explain, Explanation, Lang};
use crate::say;

pub(crate) mod online;

/// How long a command may take: it may ask for a passphrase or a fingerprint.
const COMMAND_LIMIT: Duration = Duration::from_mins(2);

/// How long one call to the keyring may take.
const KEYRING_LIMIT: Duration = Duration::from_secs(10);

/// Longest secret taken from a file or a command. OAuth tokens reach some kilobytes.
const SECRET_MAX_BYTES: usize = 64 * 1024;

/// Most that is read of what a command prints: a secret, and what password managers print below it.
const OUTPUT_MAX_BYTES: u64 = 1 << 20;

/// A text that is never printed, logged or serialised, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one place that hands it to a server.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a server accepts as proof of who the user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// For PLAIN or LOGIN.
    Password(Secret),
    /// An OAuth 2.0 access token, for OAUTHBEARER or XOAUTH2.
    Token(Secret),
}

/// Who logs in, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The login name.
    pub user: String,
    /// The proof.
    pub credential: Credential,
}

/// Where a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The Secret Service keyring: the item with `service=goen` and `account=<name>`.
    Keyring {
        /// The account's name in the configuration.
        account: String,
    },
    /// A command that prints the password on its first line.
    PasswordCommand(Vec<String>),
    /// A command that prints an OAuth access token on its first line.
    TokenCommand(Vec<String>),
    /// GNOME Online Accounts.
    Online {
        /// The account's address in GNOME's settings.
        address: String,
    },
    /// A file whose first line is the password, readable by the user alone.
    File(PathBuf),
    /// A systemd credential.
    Credential {
        /// `$CREDENTIALS_DIRECTORY`, if systemd gave one.
        folder: Option<PathBuf>,
        /// The credential's name.
        name: String,
    },
}

/// Why a credential could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The keyring is locked; it opens when the user logs in or unlocks it.
    #[error("the keyring is locked")]
    Locked,
    /// The keyring has no item for the account.
    #[error("the keyring has no password for account {0:?}")]
    Missing(String),
    /// No keyring answers on the session bus.
    #[error("no keyring answers: {0}")]
    NoKeyring(String),
    /// The command did not give a secret.
    #[error("the command {command:?} gave no secret: {words}")]
    Command {
        /// The program.
        command: String,
        /// Its own words, or how it ended.
        words: String,
    },
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file can be read by others.
    #[error("{} can be read by others", .0.display())]
    Exposed(PathBuf),
    /// GNOME Online Accounts cannot help.
    // Logs hold no addresses: the address is for the user's eyes.
    #[error("GNOME Online Accounts: {words}")]
    Online {
        /// The account's address.
        address: String,
        /// What is in the way.
        words: String,
    },
    /// The user has to sign in again in GNOME's settings.
    #[error("GNOME Online Accounts has to sign in again")]
    SignedOut(String),
    /// systemd gave no such credential.
    #[error("there is no systemd credential {0:?}")]
    NoCredential(String),
}

impl SecretError {
    /// Whether waiting may help, without the user changing anything in goen.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Locked | Self::NoKeyring(_) | Self::Command { .. } | Self::Online { .. }
        )
    }
}

impl Explain for SecretError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Locked => {
                Explanation::new(say!(lang, "キーリングがロックされています", "the keyring is locked"))
                    .hint(say!(
                        lang,
                        "ログインするか、キーリングのロックを解除してください。goen はそれまで待ちます",
                        "log in or unlock the keyring; goen waits until then"
                    ))
            }
            Self::Missing(account) => Explanation::new(say!(
                lang,
                "キーリングに、アカウント {account} のパスワードがありません",
                "the keyring has no password for account {account}"
            ))
            .hint(say!(
                lang,
                "`secret-tool store --label=goen service goen account {account}` で保存してください",
                "store it with `secret-tool store --label=goen service goen account {account}`"
            )),
            Self::NoKeyring(words) => Explanation::new(say!(
                lang,
                "キーリング（Secret Service）が見つかりません：{words}",
                "no keyring (Secret Service) was found: {words}"
            ))
            .hint(say!(
                lang,
                "gnome-keyring や KeePassXC などを動かすか、[accounts.secret] に password_command か password_file を書いてください",
                "run gnome-keyring, KeePassXC or the like, or set password_command or password_file in [accounts.secret]"
            )),
            Self::Command { command, words } => Explanation::new(say!(
                lang,
                "コマンド {command} からパスワードを受け取れませんでした：{words}",
                "the command {command} gave no password: {words}"
            ))
            .hint(say!(
                lang,
                "端末で同じコマンドを実行して、1 行目に出力されるか確かめてください",
                "run the same command in a terminal: it must print the password on its first line"
            )),
            Self::File { path, source } => Explanation::new(say!(
                lang,
                "パスワードのファイル {path} を読めません：{source}",
                "the password file {path} cannot be read: {source}",
                path = path.display()
            )),
            Self::Exposed(path) => Explanation::new(say!(
                lang,
                "パスワードのファイル {path} が、ほかの人からも読める状態です",
                "the password file {path} can be read by others",
                path = path.display()
            ))
            .hint(say!(lang, "chmod 600 {path}", "chmod 600 {path}", path = path.display())),
            Self::Online { address, words } => Explanation::new(say!(
                lang,
                "GNOME のオンラインアカウントから {address} を使えません：{words}",
                "{address} is not available from GNOME Online Accounts: {words}"
            ))
            .hint(say!(
                lang,
                "「設定」→「オンラインアカウント」に、このアドレスがあり、メールがオンになっているか確かめてください",
                "look in Settings, Online Accounts: the address must be there, with Mail switched on"
            )),
            Self::SignedOut(address) => Explanation::new(say!(
                lang,
                "GNOME のオンラインアカウント {address} は、もう一度サインインが必要です",
                "GNOME Online Accounts has to sign in to {address} again"
            ))
            .hint(say!(
                lang,
                "「設定」→「オンラインアカウント」で、このアカウントにサインインしてください",
                "sign in to it in Settings, Online Accounts"
            )),
            Self::NoCredential(name) => Explanation::new(say!(
                lang,
                "systemd の資格情報 {name} がありません",
                "there is no systemd credential {name}"
            ))
            .hint(say!(
                lang,
                "ユニットに LoadCredential={name}:/path を書いてください",
                "add LoadCredential={name}:/path to the unit"
            )),
        }
    }
}

impl Source {
    /// Reads the credential for submitting: the same one everywhere but at GNOME Online Accounts.
    pub async fn read_to_submit(&self) -> Result<Credential, SecretError> {
        match self {
            Self::Online { address } => online::credential(address, For::Smtp).await,
            source => source.read().await,
        }
    }

    /// Reads the credential.
    pub async fn read(&self) -> Result<Credential, SecretError> {
        match self {
            Self::Keyring { account } => keyring(account).await.map(Credential::Password),
            Self::PasswordCommand(command) => run(command).await.map(Credential::Password),
            Self::TokenCommand(command) => {
                run(command).await.and_then(|secret| token(command, secret)).map(Credential::Token)
            }
            Self::Online { address } => online::credential(address, For::Imap).await,
            Self::File(path) => private_file(path).map(Credential::Password),
            Self::Credential { folder, name } => {
                let missing = || SecretError::NoCredential(name.clone());
                let folder = folder.as_ref().ok_or_else(missing)?;
                // A name is a file name: it must not lead out of systemd's folder.
                if name.contains('/') {
                    return Err(missing());
                }
                let text = std::fs::read_to_string(folder.join(name)).map_err(|_| missing())?;
                first_line(&text).map(Credential::Password).ok_or_else(missing)
            }
        }
    }
}

/// The first line; none if it is empty or absurdly long.
fn first_line(text: &str) -> Option<Secret> {
    let line = text.lines().next()?.trim_end_matches('\r');
    (1..=SECRET_MAX_BYTES).contains(&line.len()).then(|| Secret::new(line.to_owned()))
}

fn private_file(path: &Path) -> Result<Secret, SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed(path.to_owned()));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
    first_line(&text).ok_or_else(|| {
        failed(io::Error::new(io::ErrorKind::InvalidData, "its first line is empty"))
    })
}

async fn run(command: &[String]) -> Result<Secret, SecretError> {
    let program = command.first().cloned().unwrap_or_default();
    let failed = |words: String| SecretError::Command { command: program.clone(), words };
    let mut child = Command::new(&program)
        .args(command.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let (said, complaint) = (child.stdout.take(), child.stderr.take());
    let ended = async {
        let (said, complaint) = tokio::try_join!(all_of(said), all_of(complaint))?;
        Ok::<_, io::Error>((child.wait().await?, said, complaint))
    };
    let (status, said, complaint) = timeout(COMMAND_LIMIT, ended)
        .await
        .map_err(|_elapsed| failed(format!("no answer in {} s", COMMAND_LIMIT.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        let words = String::from_utf8_lossy(&complaint);
        let words = words.lines().last().unwrap_or_default().trim();
        return Err(failed(format!("{status}: {words}")));
    }
    let text = Zeroizing::new(String::from_utf8_lossy(&said).into_owned());
    first_line(&text).ok_or_else(|| failed("its first line is empty".to_owned()))
}

/// What a command prints. One that prints on and on is cut off: it finds its pipe closed.
async fn all_of(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(pipe) = pipe {
        pipe.take(OUTPUT_MAX_BYTES).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// An access token is of these characters (RFC 6750 §2.1). Anything else is a message of the command's, and no
/// server is to see it: it would count as a refused login.
fn token(command: &[String], secret: Secret) -> Result<Secret, SecretError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if secret.expose().bytes().all(fits) {
        return Ok(secret);
    }
    let command = command.first().cloned().unwrap_or_default();
    Err(SecretError::Command { command, words: "what it printed is no token".to_owned() })
}

/// Whether a keyring answers on the session bus, locked or not.
pub async fn keyring_answers() -> Result<(), SecretError> {
    search(&[("service", "goen")]).await.map(|_found| ())
}

/// Stores the password of an account in the keyring, in place of the one that is there. May ask the
/// user to unlock the keyring, in a window of the keyring's own.
pub async fn store_in_keyring(account: &str, secret: &Secret) -> Result<(), SecretError> {
    let absent = |error: zbus::Error| SecretError::NoKeyring(error.to_string());
    // Not bounded as other calls are: a person may be typing the keyring's password.
    let bus = zbus::connection::Builder::session().build().await.map_err(absent)?;
    let (unlocked, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
        ask(&bus, SERVICE, "Service", "Unlock", &(vec![path(COLLECTION)?],))
            .await
            .map_err(absent)?;
    if unlocked.is_empty() {
        answered(&bus, &prompt).await?;
    }
    let (_, session): (OwnedVariant, OwnedObjectPath) =
        ask(&bus, SERVICE, "Service", "OpenSession", &("plain", Variant::from("")))
            .await
            .map_err(absent)?;
    let attributes = HashMap::from([("service", "goen"), ("account", account)]);
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Variant::from(format!("goen: {account}"))),
        ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes)),
    ]);
    let value = (session, Vec::<u8>::new(), secret.expose().as_bytes(), "text/plain; charset=utf8");
    let (_item, prompt): (OwnedObjectPath, OwnedObjectPath) =
        ask(&bus, COLLECTION, "Collection", "CreateItem", &(properties, value, true))
            .await
            .map_err(absent)?;
    answered(&bus, &prompt).await
}

/// Takes the password of an account out of the keyring, if it is there.
pub async fn remove_from_keyring(account: &str) -> Result<(), SecretError> {
    let absent = |error: zbus::Error| SecretError::NoKeyring(error.to_string());
    let (bus, unlocked, _) = search(&[("service", "goen"), ("account", account)]).await?;
    for item in unlocked {
        let (prompt,): (OwnedObjectPath,) =
            ask(&bus, &item, "Item", "Delete", &()).await.map_err(absent)?;
        answered(&bus, &prompt).await?;
    }
    Ok(())
}

fn path(text: &str) -> Result<OwnedObjectPath, SecretError> {
    OwnedObjectPath::try_from(text).map_err(|error| SecretError::NoKeyring(error.to_string()))
}

/// Lets the keyring ask the user what it has to ask, if it has ("/" is no prompt).
async fn answered(bus: &Connection, prompt: &OwnedObjectPath) -> Result<(), SecretError> {
    if prompt.as_str() == "/" {
        return Ok(());
    }
    let absent = |error: zbus::Error| SecretError::NoKeyring(error.to_string());
    let proxy = zbus::Proxy::new(
        bus,
        "org.freedesktop.secrets",
        prompt.as_str(),
        "org.freedesktop.Secret.Prompt",
    )
    .await
    .map_err(absent)?;
    let mut completed = proxy.receive_signal("Completed").await.map_err(absent)?;
    proxy.call_method("Prompt", &("",)).await.map_err(absent)?;
    let signal = timeout(COMMAND_LIMIT, completed.next()).await.ok().flatten();
    let dismissed = signal
        .and_then(|signal| signal.body().deserialize::<(bool, OwnedVariant)>().ok())
        .is_none_or(|(dismissed, _)| dismissed);
    if dismissed { Err(SecretError::Locked) } else { Ok(()) }
}

/// The keyring that new items go to.
const COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";

/// The service's object on the bus.
const SERVICE: &str = "/org/freedesktop/secrets";

/// `(session, parameters, value, content type)` of the Secret Service API.
type WireSecret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// Asks the Secret Service over D-Bus. The session is "plain": the bus is a socket of the user's
/// own, and whoever could listen there could ask the keyring as well.
async fn keyring(account: &str) -> Result<Secret, SecretError> {
    let absent = |error: zbus::Error| SecretError::NoKeyring(error.to_string());
    let (bus, unlocked, locked) = search(&[("service", "goen"), ("account", account)]).await?;
    let Some(item) = unlocked.first() else {
        return Err(if locked.is_empty() {
            SecretError::Missing(account.to_owned())
        } else {
            SecretError::Locked
        });
    };
    let (_, session): (OwnedVariant, OwnedObjectPath) =
        ask(&bus, SERVICE, "Service", "OpenSession", &("plain", Variant::from("")))
            .await
            .map_err(absent)?;
    let (secret,): (WireSecret,) =
        ask(&bus, item, "Item", "GetSecret", &(session,)).await.map_err(absent)?;
    let text = Zeroizing::new(String::from_utf8_lossy(&secret.2).into_owned());
    first_line(&text).ok_or_else(|| SecretError::Missing(account.to_owned()))
}

/// Items with these attributes: those that can be read, and those in a locked keyring.
async fn search(
    attributes: &[(&str, &str)],
) -> Result<(Connection, Vec<OwnedObjectPath>, Vec<OwnedObjectPath>), SecretError> {
    let absent = |error: zbus::Error| SecretError::NoKeyring(error.to_string());
    let bus = zbus::connection::Builder::session()
        .method_timeout(KEYRING_LIMIT)
        .build()
        .await
        .map_err(absent)?;
    let attributes: HashMap<&str, &str> = attributes.iter().copied().collect();
    let (unlocked, locked) =
        ask(&bus, SERVICE, "Service", "SearchItems", &(attributes,)).await.map_err(absent)?;
    Ok((bus, unlocked, locked))
}

/// Calls `org.freedesktop.Secret.<interface>.<method>` and reads its answer.
async fn ask<T>(
    bus: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &(impl serde::Serialize + zbus::zvariant::DynamicType),
) -> zbus::Result<T>
where
    T: serde::de::DeserializeOwned + zbus::zvariant::Type,
{
    let interface = format!("org.freedesktop.Secret.{interface}");
    let answer = bus
        .call_method(Some("org.freedesktop.secrets"), path, Some(interface.as_str()), method, body)
        .await?;
    answer.body().deserialize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Source {
        Source::PasswordCommand(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()])
    }

    #[test]
    fn a_secret_never_shows_itself() {
        let secret = Credential::Password(Secret::new("hunter2".to_owned()));
        assert_eq!(format!("{secret:?}"), "Password(Secret)");
    }

    #[tokio::test]
    async fn the_first_line_of_a_command_is_the_password() {
        let credential = shell("printf 'wonder land\\nuser: alice\\n'").read().await.unwrap();
        assert_eq!(credential, Credential::Password(Secret::new("wonder land".to_owned())));
    }

    #[tokio::test]
    async fn a_failing_command_is_told_in_its_own_words() {
        let error = shell("echo 'gpg: decryption failed' >&2; exit 2").read().await.unwrap_err();
        assert!(error.to_string().contains("gpg: decryption failed"), "{error}");
        assert!(error.is_transient());
    }

    #[tokio::test]
    async fn a_command_that_prints_nothing_gives_no_password() {
        assert!(matches!(shell("true").read().await, Err(SecretError::Command { .. })));
        let absent = Source::PasswordCommand(vec!["goen-no-such-program".to_owned()]);
        assert!(matches!(absent.read().await, Err(SecretError::Command { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_hangs_is_given_up() {
        let error = shell("exec sleep 600").read().await.unwrap_err();
        assert!(error.to_string().contains("no answer in"), "{error}");
    }

    #[tokio::test]
    async fn a_command_that_prints_for_ever_is_cut_off() {
        let error = shell("exec yes").read().await.unwrap_err();
        assert!(matches!(error, SecretError::Command { .. }), "{error}");
    }

    #[tokio::test]
    async fn garbage_is_no_token_and_a_token_is_one() {
        let command = |script: &str| {
            Source::TokenCommand(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()])
        };
        for garbage in ["<html>", "please sign in", "x\\001auth=Bearer y", "\\377\\376", "\u{65e5}"]
        {
            let error = command(&format!("printf '{garbage}\n'")).read().await.unwrap_err();
            assert!(error.to_string().contains("no token"), "{garbage}: {error}");
        }
        let token = command("echo ya29.a0-_~+/==").read().await.unwrap();
        assert_eq!(token, Credential::Token(Secret::new("ya29.a0-_~+/==".to_owned())));
    }

    #[tokio::test]
    async fn a_password_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "wonder land\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Source::File(path.clone()).read().await, Err(SecretError::Exposed(_))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Source::File(path).read().await.is_ok());
    }

    #[tokio::test]
    async fn a_credential_name_does_not_lead_out_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("outside"), "x").unwrap();
        std::fs::create_dir(folder.path().join("inside")).unwrap();
        let name = "../outside".to_owned();
        let source = Source::Credential { folder: Some(folder.path().join("inside")), name };
        assert!(matches!(source.read().await, Err(SecretError::NoCredential(_))));
    }
}
