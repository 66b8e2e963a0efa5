//! The settings: built-in defaults, then the user's file, then the environment; every key checked.
//!
//! Layered by the `config` crate. The file alone is read first by `toml`, which can say line and
//! column; the `config` crate knows only key and file. This is the one module that reads the
//! environment.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use etcetera::BaseStrategy as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::guide::{Reveal, Streak};
use crate::hours::Hours;
use crate::lang::{Explain, Explanation, Lang};
use crate::mail::Address;
use crate::net::{Security, Server};
use crate::outbox::when::Wish;
use crate::outbox::when::holidays::Calendar;
use crate::reply::{Charset, Profile};
use crate::say;
use crate::secret::Source;
use crate::tell::when::{self, BadNews};
pub use mistake::Mistake;

mod mistake;

/// The built-in settings.
const DEFAULTS: &str = include_str!("../config/default.toml");

/// Shortest and longest time between two looks, in seconds: below, servers lock accounts out;
/// above, a silent IDLE would go unnoticed for longer than goen promises.
const RECHECK_SECONDS: std::ops::RangeInclusive<u64> = 60..=300;

/// Shortest and longest time until the user is told that nothing is received, in minutes: every
/// walk past a tunnel is not worth a word, and a day of silence is.
const BLIND_MINUTES: std::ops::RangeInclusive<u16> = 1..=1440;

/// The settings as written: one field a key.
// The derived defaults are never used: `config/default.toml` has every key, and a test says so.
// They only let the user's file be checked by itself, where line and column are still known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `ja`, `en` or `auto`.
    pub lang: LangSetting,
    /// Name and signature for drafts.
    pub profile: Profile,
    /// How inboxes are watched.
    pub watch: Watch,
    /// How results are told.
    pub notify: Notify,
    /// What is told later.
    pub remind: Remind,
    /// What helps after several rejections.
    pub care: Care,
    /// How replies leave.
    pub reply: ReplySettings,
    /// What is kept, and for how long.
    pub store: Keep,
    /// The mail accounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
}

/// The language goen speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LangSetting {
    /// The locale decides.
    #[default]
    Auto,
    /// 日本語
    Ja,
    /// English
    En,
}

/// `[watch]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// How far back the first look goes, in days.
    pub lookback_days: u16,
    /// Timed re-check beside IDLE, in seconds.
    pub recheck_seconds: u64,
    /// Whether to use IDLE; without it, mail is looked for at each re-check.
    pub idle: bool,
    /// After how long without a connection the user is told, in minutes.
    pub blind_minutes: u16,
}

/// `[notify]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// What a notification shows.
    pub reveal: Reveal,
    /// The hours in which nothing is told.
    pub quiet_hours: Hours,
    /// When bad news is told.
    pub bad_news: BadNews,
    /// Whether an offer or a pass may be told in quiet hours.
    pub good_news_any_time: bool,
}

impl Notify {
    /// When results are told.
    #[must_use]
    pub fn wish(&self) -> when::Wish {
        when::Wish {
            quiet: self.quiet_hours,
            bad_news: self.bad_news,
            good_news_any_time: self.good_news_any_time,
        }
    }
}

/// `[remind]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Remind {
    /// How long before a deadline it is told again, in hours; 0 for not at all.
    pub deadline_hours: u16,
    /// How many working days after an interview silence is told; 0 for never.
    pub silence_days: u16,
    /// How many months after a rejection that left a door open it is told; 0 for never.
    pub door_months: u8,
}

/// `[care]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Care {
    /// How many rejections make a row; 0 for never.
    pub streak: u16,
    /// Within how many days.
    pub streak_days: u16,
}

impl Care {
    /// What counts as a row of rejections.
    #[must_use]
    pub const fn streak(&self) -> Streak {
        Streak { count: self.streak, days: self.streak_days }
    }
}

/// `[reply]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplySettings {
    /// How long an approved reply waits, in seconds.
    pub undo_seconds: u32,
    /// The hours in which replies leave; empty for any.
    pub send_between: Hours,
    /// Replies leave on working days of Japan only.
    pub working_days_only: bool,
    /// A copy goes into the Sent mailbox, unless the provider puts it there.
    pub file_sent: bool,
    /// The mail that was answered is marked so.
    pub mark_answered: bool,
    /// Where drafts are put beside goen's own store.
    pub drafts: Drafts,
    /// Addresses and domains that replies go to in ISO-2022-JP.
    pub iso_2022_jp_to: Vec<String>,
}

/// `[store]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// After how many days the text of a mail is let go; 0 for never.
    pub keep_text_days: u32,
    /// After how many days a mail is forgotten; 0 for never.
    pub keep_days: u32,
}

impl Keep {
    /// Mails from before these times lose their text, and are forgotten.
    #[must_use]
    pub fn limits(&self, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let before = |days: u32| {
            let age = SignedDuration::from_hours(i64::from(days) * 24);
            (days > 0).then(|| now.checked_sub(age).ok()).flatten()
        };
        (before(self.keep_text_days), before(self.keep_days))
    }
}

/// Where drafts are put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drafts {
    /// They stay with goen.
    #[default]
    Local,
    /// A copy goes into the account's Drafts mailbox, to be finished in any mail program.
    Imap,
}

impl ReplySettings {
    /// The charset of replies to `to`.
    #[must_use]
    pub fn charset_for(&self, to: &Address) -> Charset {
        let domain = to.domain();
        let is_named = |named: &String| {
            let named = named.trim().trim_start_matches('@').to_lowercase();
            named == to.addr_spec.to_lowercase()
                || named == domain
                || domain.strip_suffix(&named).is_some_and(|rest| rest.ends_with('.'))
        };
        if self.iso_2022_jp_to.iter().any(is_named) { Charset::Iso2022Jp } else { Charset::Utf8 }
    }

    /// When replies may leave.
    #[must_use]
    pub fn wish<'a>(&self, calendar: &'a Calendar) -> Wish<'a> {
        Wish { hours: self.send_between, working_days: self.working_days_only.then_some(calendar) }
    }
}

/// `[[accounts]]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// A short name, unique.
    pub name: String,
    /// The address replies come from.
    pub address: String,
    /// Login name; the address if empty.
    #[serde(default)]
    pub user: String,
    /// The mailboxes to watch.
    #[serde(default = "inbox")]
    pub mailboxes: Vec<String>,
    /// The server to watch. Without a host it is what GNOME Online Accounts knows.
    #[serde(default)]
    pub imap: ServerSettings,
    /// The server that replies are submitted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<ServerSettings>,
    /// Where the password or token is.
    #[serde(default)]
    pub secret: SecretSettings,
}

fn inbox() -> Vec<String> {
    vec!["INBOX".to_owned()]
}

/// `[accounts.imap]`, `[accounts.smtp]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Host name or address.
    #[serde(default)]
    pub host: String,
    /// TCP port; 0 is the usual one.
    #[serde(default)]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// PEM file of certificates to trust instead of the system's; empty for the system's.
    #[serde(default)]
    pub ca_file: PathBuf,
}

/// `[accounts.secret]`: exactly one of these; the keyring if none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecretSettings {
    /// The Secret Service keyring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyring: Option<bool>,
    /// A command that prints the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_command: Option<Vec<String>>,
    /// A command that prints an OAuth access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_command: Option<Vec<String>>,
    /// A file that only the user can read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The address of an account in GNOME Online Accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online_account: Option<String>,
    /// The name of a systemd credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl Account {
    /// The name to log in with.
    #[must_use]
    pub fn login(&self) -> &str {
        if self.user.is_empty() { &self.address } else { &self.user }
    }

    /// The server to watch.
    #[must_use]
    pub fn imap_server(&self) -> Server {
        self.imap.server(993, 143)
    }

    /// The server that replies are submitted to, if one is set.
    #[must_use]
    pub fn smtp_server(&self) -> Option<Server> {
        self.smtp.as_ref().map(|smtp| smtp.server(465, 587))
    }

    /// A server without a host, and nobody who knows it.
    fn has_no_host(&self) -> bool {
        let servers = self.smtp.iter().chain([&self.imap]);
        self.secret.online_account.is_none() && servers.into_iter().any(|it| it.host.is_empty())
    }

    /// Where the password or token is.
    #[must_use]
    pub fn secret_source(&self, paths: &Paths) -> Source {
        let secret = &self.secret;
        if let Some(command) = &secret.password_command {
            Source::PasswordCommand(command.clone())
        } else if let Some(command) = &secret.token_command {
            Source::TokenCommand(command.clone())
        } else if let Some(address) = &secret.online_account {
            Source::Online { address: address.clone() }
        } else if let Some(path) = &secret.password_file {
            Source::File(path.clone())
        } else if let Some(name) = &secret.credential {
            Source::Credential { folder: paths.credentials.clone(), name: name.clone() }
        } else {
            Source::Keyring { account: self.name.clone() }
        }
    }
}

impl ServerSettings {
    /// RFC 8314 §7.3 and RFC 6409 give the usual ports.
    pub(crate) fn server(&self, implicit: u16, explicit: u16) -> Server {
        let usual = if self.security == Security::Tls { implicit } else { explicit };
        Server {
            host: self.host.clone(),
            port: if self.port == 0 { usual } else { self.port },
            security: self.security,
            ca_file: (!self.ca_file.as_os_str().is_empty()).then(|| self.ca_file.clone()),
        }
    }
}

/// Where goen's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The user's settings.
    pub config: PathBuf,
    /// The folder of the store and the lock.
    pub state: PathBuf,
    /// The folder of the socket that wakes the daemon.
    pub runtime: PathBuf,
    /// Where systemd puts credentials (`$CREDENTIALS_DIRECTORY`).
    pub credentials: Option<PathBuf>,
}

impl Paths {
    /// The XDG folders, unless `GOEN_CONFIG` or `GOEN_STATE` name others.
    pub fn from_env(config: Option<PathBuf>) -> Result<Self, ConfigError> {
        let strategy = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
        let config = config
            .or_else(|| env("GOEN_CONFIG").map(PathBuf::from))
            .unwrap_or_else(|| strategy.config_dir().join("goen/config.toml"));
        let own_state = env("GOEN_STATE").map(PathBuf::from);
        let state = own_state.clone().unwrap_or_else(|| {
            strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("goen")
        });
        // A state folder of its own has its own daemon, and so its own socket.
        let runtime = match (own_state, strategy.runtime_dir()) {
            (None, Some(runtime)) => runtime.join("goen"),
            _ => state.clone(),
        };
        let credentials = env("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Ok(Self { config, state, runtime, credentials })
    }

    /// The folder of the settings, where the user's own texts are, too.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.config.parent().unwrap_or(Path::new("."))
    }

    /// The store's file.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.state.join("goen.db")
    }

    /// The file that a running daemon holds locked.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state.join("goen.lock")
    }

    /// The socket that wakes the daemon.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("wake")
    }
}

/// The user's own folders, where units, menu entries and icons are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFolders {
    /// `$HOME`
    pub home: PathBuf,
    /// `$XDG_CONFIG_HOME`
    pub config: PathBuf,
    /// `$XDG_DATA_HOME`
    pub data: PathBuf,
}

impl UserFolders {
    /// As the environment names them.
    pub fn from_env() -> Result<Self, ConfigError> {
        let strategy = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
        Ok(Self {
            home: strategy.home_dir().to_owned(),
            config: strategy.config_dir(),
            data: strategy.data_dir(),
        })
    }
}

/// A variable of the environment; none if unset, empty or not UTF-8.
fn env(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the environment says about how to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// The locale's language.
    pub lang: Lang,
    /// `NO_COLOR` is not set.
    pub colour: bool,
}

impl Terminal {
    /// Reads `LC_ALL`, `LC_MESSAGES`, `LANG` and `NO_COLOR`.
    #[must_use]
    pub fn from_env() -> Self {
        let locale = locale();
        Self { lang: Lang::of_locale(&locale), colour: env("NO_COLOR").is_none() }
    }
}

/// The name of the locale that messages are in: the first of `LC_ALL`, `LC_MESSAGES` and `LANG`.
#[must_use]
pub fn locale() -> String {
    LOCALE.into_iter().find_map(env).unwrap_or_default()
}

/// The variables that name the locale of messages, the first that is set counts (locale(7)).
pub(crate) const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The user's editor: `$VISUAL`, `$EDITOR`, else `vi`, split at spaces.
#[must_use]
pub fn editor() -> Vec<String> {
    let command = env("VISUAL").or_else(|| env("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    command.split_whitespace().map(str::to_owned).collect()
}

/// Where the system keeps its time zones.
const ZONES: &str = "/usr/share/zoneinfo";

/// The time zone the user lives in: `TZ`, else the system's.
#[must_use]
pub fn time_zone() -> TimeZone {
    // Asked for the system's zone, jiff reads the names of all there are, and keeps them: a hundred system
    // calls and as many kilobytes. Where it can be told by its path, it need not.
    let path = match env("TZ") {
        _ if env("TZDIR").is_some() => None,
        Some(name) => Some(Path::new(ZONES).join(name)),
        None => Path::new("/etc/localtime").canonicalize().ok(),
    };
    path.and_then(|path| zone_at(&path)).unwrap_or_else(TimeZone::system)
}

fn zone_at(path: &Path) -> Option<TimeZone> {
    let name = path.strip_prefix(ZONES).ok()?.to_str()?;
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if name.is_empty() || !Path::new(name).components().all(is_plain) {
        return None;
    }
    TimeZone::tzif(name, &std::fs::read(path).ok()?).ok()
}

/// What to log: `GOEN_LOG`, else `RUST_LOG`, else goen's own `info`.
#[must_use]
pub fn log_filter() -> String {
    env("GOEN_LOG").or_else(|| env("RUST_LOG")).unwrap_or_else(|| "goen=info,warn".to_owned())
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No home folder.
    #[error("there is no home folder")]
    NoHome,
    /// The file is not there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A key or value in the file is wrong.
    #[error("{}: {mistake}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        mistake: Box<Mistake>,
    },
    /// A value from the environment is wrong.
    #[error("{0}")]
    Layered(#[from] config::ConfigError),
    /// The values do not fit together.
    #[error("{}: {problem}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: Problem,
    },
}

/// Values that TOML accepts and goen cannot use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No `[[accounts]]`.
    NoAccounts,
    /// Two accounts of one name.
    DuplicateName(String),
    /// A name with other characters than letters, digits, `-` and `_`.
    BadName(String),
    /// Not an address that survives a mail header.
    BadAddress(String),
    /// No mailbox to watch.
    NoMailboxes(String),
    /// A server without a host.
    NoHost(String),
    /// More than one secret, or `keyring = false` and none.
    Secrets(String),
    /// Outside the range.
    Recheck(u64),
    /// Outside the range.
    Blind(u16),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Lang::En))
    }
}

impl Problem {
    fn say(&self, lang: Lang) -> String {
        match self {
            Self::NoAccounts => {
                say!(
                    lang,
                    "アカウント（[[accounts]]）がありません",
                    "there is no account ([[accounts]])"
                )
            }
            Self::DuplicateName(name) => {
                say!(
                    lang,
                    "アカウント名 {name:?} が二つあります",
                    "two accounts are named {name:?}"
                )
            }
            Self::BadName(name) => say!(
                lang,
                "アカウント名 {name:?} に使えるのは英数字と - と _ だけです",
                "the account name {name:?} may only have letters, digits, - and _"
            ),
            Self::BadAddress(address) => say!(
                lang,
                "accounts.address の {address:?} はメールアドレスとして使えません",
                "{address:?} in accounts.address is not a usable mail address"
            ),
            Self::NoMailboxes(name) => say!(
                lang,
                "アカウント {name:?} の mailboxes が空です",
                "`mailboxes` of account {name:?} is empty"
            ),
            Self::NoHost(name) => say!(
                lang,
                "アカウント {name:?} のサーバーに host がありません",
                "a server of account {name:?} has no `host`"
            ),
            Self::Secrets(name) => say!(
                lang,
                "アカウント {name:?} の [accounts.secret] には、ひとつだけ書いてください",
                "[accounts.secret] of account {name:?} must name exactly one source"
            ),
            Self::Recheck(seconds) => say!(
                lang,
                "watch.recheck_seconds は 60 から 300 の間にしてください（今は {seconds}）",
                "watch.recheck_seconds must be from 60 to 300 (it is {seconds})"
            ),
            Self::Blind(minutes) => say!(
                lang,
                "watch.blind_minutes は 1 から 1440 の間にしてください（今は {minutes}）",
                "watch.blind_minutes must be from 1 to 1440 (it is {minutes})"
            ),
        }
    }
}

impl Explain for ConfigError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::NoHome => Explanation::new(say!(
                lang,
                "ホームフォルダーが分かりません",
                "there is no home folder"
            ))
            .hint(say!(
                lang,
                "環境変数 HOME を設定するか、--config で設定ファイルを指定してください",
                "set HOME, or name the settings with --config"
            )),
            Self::Missing(path) => Explanation::new(say!(
                lang,
                "設定ファイル {path} がありません",
                "there is no settings file {path}",
                path = path.display()
            ))
            .hint(say!(
                lang,
                "`goen setup` が質問しながら作ります。アカウントなしで試すには `goen demo`",
                "`goen setup` asks for what is needed and makes one; `goen demo` needs no account"
            )),
            Self::Unreadable { path, source } => Explanation::new(say!(
                lang,
                "設定ファイル {path} を読めません：{source}",
                "the settings file {path} cannot be read: {source}",
                path = path.display()
            )),
            Self::File { path, mistake } => Explanation::new(say!(
                lang,
                "設定ファイル {path} に誤りがあります：{words}",
                "there is a mistake in the settings file {path}: {words}",
                path = path.display(),
                words = mistake.say(lang)
            ))
            .hint(match mistake.meant() {
                Some(meant) => say!(
                    lang,
                    "{meant} のことでしょうか。使える項目は `goen config example` で見られます",
                    "did you mean {meant}? `goen config example` shows every key"
                ),
                None => say!(
                    lang,
                    "使える項目は `goen config example` で見られます",
                    "`goen config example` shows every key"
                ),
            }),
            Self::Layered(error) => Explanation::new(say!(
                lang,
                "設定（環境変数 GOEN__… を含む）を読めません：{words}",
                "the settings (with GOEN__… of the environment) cannot be read: {words}",
                words = Mistake::of_layers(error).say(lang)
            ))
            .hint(say!(
                lang,
                "`env | grep GOEN__` で環境変数を確かめてください",
                "look at the environment with `env | grep GOEN__`"
            )),
            Self::Unfit { path, problem } => Explanation::new(say!(
                lang,
                "設定ファイル {path}：{problem}",
                "settings file {path}: {problem}",
                path = path.display(),
                problem = problem.say(lang)
            ))
            .hint(say!(
                lang,
                "書き方は `goen config example` で見られます",
                "`goen config example` shows how it is written"
            )),
        }
    }
}

impl Config {
    /// Reads and checks the settings in `path`, with the environment's changes.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ConfigError::Missing(path.to_owned()),
            _ => ConfigError::Unreadable { path: path.to_owned(), source },
        })?;
        Self::read(&text, path)
    }

    /// Checks `text` as what stands, or is to stand, in `path`.
    pub fn read(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let environment =
            config::Environment::with_prefix("GOEN").prefix_separator("__").separator("__");
        Self::parse(text, path, environment)
    }

    /// The built-in settings, which have no account.
    pub fn built_in() -> Result<Self, ConfigError> {
        Ok(toml::from_str(DEFAULTS)
            .map_err(|error| config::ConfigError::Message(error.to_string()))?)
    }

    fn parse(
        text: &str,
        path: &Path,
        environment: config::Environment,
    ) -> Result<Self, ConfigError> {
        toml::from_str::<Self>(text).map_err(|error| ConfigError::File {
            path: path.to_owned(),
            mistake: Box::new(Mistake::of(&error, text)),
        })?;
        let layered = config::Config::builder()
            .add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml))
            .add_source(config::File::from_str(text, config::FileFormat::Toml))
            .add_source(environment)
            .build()?;
        let config: Self = layered.try_deserialize()?;
        match config.problem() {
            Some(problem) => Err(ConfigError::Unfit { path: path.to_owned(), problem }),
            None => Ok(config),
        }
    }

    fn problem(&self) -> Option<Problem> {
        if !RECHECK_SECONDS.contains(&self.watch.recheck_seconds) {
            return Some(Problem::Recheck(self.watch.recheck_seconds));
        }
        if !BLIND_MINUTES.contains(&self.watch.blind_minutes) {
            return Some(Problem::Blind(self.watch.blind_minutes));
        }
        if self.accounts.is_empty() {
            return Some(Problem::NoAccounts);
        }
        let mut names = std::collections::BTreeSet::new();
        self.accounts.iter().find_map(|account| {
            let name = || account.name.clone();
            let secret = &account.secret;
            let secrets = [
                secret.keyring == Some(true),
                secret.password_command.is_some(),
                secret.token_command.is_some(),
                secret.password_file.is_some(),
                secret.online_account.is_some(),
                secret.credential.is_some(),
            ];
            let sources = secrets.iter().filter(|given| **given).count();
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if account.name.is_empty() || !account.name.chars().all(fits) {
                Some(Problem::BadName(name()))
            } else if !names.insert(account.name.as_str()) {
                Some(Problem::DuplicateName(name()))
            } else if account.address.parse::<lettre::Address>().is_err() {
                Some(Problem::BadAddress(account.address.clone()))
            } else if account.has_no_host() {
                Some(Problem::NoHost(name()))
            } else if account.mailboxes.is_empty() {
                Some(Problem::NoMailboxes(name()))
            } else if sources > 1 || (sources == 0 && secret.keyring == Some(false)) {
                Some(Problem::Secrets(name()))
            } else {
                None
            }
        })
    }

    /// The language goen speaks: the setting, else the locale's.
    #[must_use]
    pub fn lang(&self, terminal: Terminal) -> Lang {
        match self.lang {
            LangSetting::Auto => terminal.lang,
            LangSetting::Ja => Lang::Ja,
            LangSetting::En => Lang::En,
        }
    }

    /// The account of that name.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The user's own addresses: mails from them are never results.
    #[must_use]
    pub fn own_addresses(&self) -> Vec<String> {
        self.accounts.iter().map(|account| account.address.clone()).collect()
    }
}

/// The key that the author of an unknown one had in mind, going by what TOML says of it.
fn meant(message: &str) -> Option<String> {
    let mut named = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let unknown = named.next()?;
    let nearest = named
        .map(|known| (strsim::jaro_winkler(unknown, known), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    // Further apart than this, two words of English have little in common.
    let (likeness, nearest) = nearest?;
    if likeness >= 0.85 {
        return Some(format!("`{nearest}`"));
    }
    // A key that is right, in a section that is not.
    let defaults: toml::Table = toml::from_str(DEFAULTS).ok()?;
    let section = defaults
        .iter()
        .find(|(_, keys)| keys.as_table().is_some_and(|keys| keys.contains_key(unknown)));
    section.map(|(section, _)| format!("`{unknown}` in [{section}]"))
}

impl Config {
    /// The keys in which `other` differs; accounts by their names. No values: they may be private.
    #[must_use]
    pub fn changes(&self, other: &Self) -> Vec<String> {
        let table = |config: &Self| {
            let mut flat = std::collections::BTreeMap::new();
            let plain = Self { accounts: Vec::new(), ..config.clone() };
            flatten(toml::Table::try_from(plain).unwrap_or_default(), "", &mut flat);
            for account in &config.accounts {
                let value = toml::Table::try_from(account).unwrap_or_default();
                flat.insert(format!("accounts.{}", account.name), toml::Value::Table(value));
            }
            flat
        };
        let (before, after) = (table(self), table(other));
        let all: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed = all.into_iter().filter(|key| before.get(*key) != after.get(*key));
        changed.cloned().collect()
    }
}

fn flatten(
    table: toml::Table,
    above: &str,
    into: &mut std::collections::BTreeMap<String, toml::Value>,
) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => flatten(inner, &format!("{above}{key}."), into),
            value => {
                into.insert(format!("{above}{key}"), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "[[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
                           [accounts.imap]\nhost = \"imap.example.jp\"\n";

    #[test]
    fn a_zone_is_known_by_its_path_and_nothing_else_is_taken_for_one() {
        let at = |path: &str| zone_at(&Path::new(ZONES).join(path));
        assert_eq!(at("Asia/Tokyo"), TimeZone::get("Asia/Tokyo").ok());
        for path in ["", "Asia", "JST-9", "../zoneinfo/Asia/Tokyo", "/etc/passwd"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    fn parse(text: &str) -> Result<Config, ConfigError> {
        parse_with(text, &[])
    }

    fn parse_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let environment = config::Environment::with_prefix("GOEN")
            .prefix_separator("__")
            .separator("__")
            .source(Some(variables));
        Config::parse(text, Path::new("config.toml"), environment)
    }

    fn words(text: &str) -> String {
        parse(text).unwrap_err().explain(Lang::En).what
    }

    #[test]
    fn what_the_file_leaves_out_keeps_its_default() {
        let config = parse(ACCOUNT).unwrap();
        assert_eq!(config.watch.lookback_days, 30);
        assert_eq!(config.reply.undo_seconds, 60);
        assert_eq!(config.accounts[0].imap_server().port, 993);
        assert_eq!(config.accounts[0].login(), "hanako@example.jp");
    }

    #[test]
    fn the_environment_has_the_last_word() {
        let file = format!("[watch]\nlookback_days = 7\n{ACCOUNT}");
        assert_eq!(parse(&file).unwrap().watch.lookback_days, 7);
        let config = parse_with(&file, &[("GOEN__WATCH__LOOKBACK_DAYS", "3")]).unwrap();
        assert_eq!(config.watch.lookback_days, 3);
        assert!(parse_with(&file, &[("GOEN__WATCH__LOOKBACK", "3")]).is_err());
        let wrong = parse_with(&file, &[("GOEN__WATCH__LOOKBACK_DAYS", "many")]).unwrap_err();
        let said = wrong.explain(Lang::Ja).what;
        assert!(
            said.ends_with("watch.lookback_days：ここには整数（引用符なし）を書きます"),
            "{said}"
        );
    }

    #[test]
    fn other_variables_that_begin_with_goen_are_left_alone() {
        assert!(parse_with(ACCOUNT, &[("GOEN_STATE", "/x"), ("GOEN_CONFIG", "/y")]).is_ok());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_file() {
        let words = words(&format!("[watch]\nlook_back_days = 7\n{ACCOUNT}"));
        for part in ["config.toml", "line 2", "look_back_days", "lookback_days"] {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn the_nearest_right_key_is_named() {
        let hint = |text: &str| parse(text).unwrap_err().explain(Lang::En).hint.unwrap();
        for (line, meant) in [
            ("[watch]\nlook_back_days = 7\n", "`lookback_days`"),
            ("[notify]\nquiet_hour = \"\"\n", "`quiet_hours`"),
            ("[watch]\nquiet_hours = \"\"\n", "`quiet_hours` in [notify]"),
            ("[profiles]\n", "`profile`"),
        ] {
            let hint = hint(&format!("{line}{ACCOUNT}"));
            assert!(hint.contains(&format!("did you mean {meant}?")), "{hint}");
        }
        let hint = hint(&format!("[watch]\nxyz = 1\n{ACCOUNT}"));
        assert!(!hint.contains("did you mean"), "{hint}");
    }

    #[test]
    fn what_changed_is_said_by_key_and_account_and_never_by_value() {
        let before = parse(&format!("[watch]\nlookback_days = 7\n{ACCOUNT}")).unwrap();
        assert_eq!(before.changes(&before), [""; 0]);
        let second = ACCOUNT.replace("\"uni\"", "\"home\"");
        let moved = ACCOUNT.replace("imap.example.jp", "mail.example.jp");
        let after = parse(&format!("lang = \"ja\"\n{moved}{second}")).unwrap();
        let changes = before.changes(&after);
        assert_eq!(changes, ["accounts.home", "accounts.uni", "lang", "watch.lookback_days"]);
    }

    #[test]
    fn a_number_in_quotes_is_not_taken_for_a_number() {
        assert!(parse(&format!("[watch]\nlookback_days = \"7\"\n{ACCOUNT}")).is_err());
    }

    #[test]
    fn two_secrets_are_one_too_many() {
        let file =
            format!("{ACCOUNT}[accounts.secret]\npassword_file = \"/x\"\ncredential = \"y\"\n");
        assert!(words(&file).contains("exactly one"));
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        assert!(words("lang = \"ja\"\n").contains("no account"));
        assert!(words(&ACCOUNT.repeat(2)).contains("two accounts"));
        assert!(words(&ACCOUNT.replace("hanako@example.jp", "hanako")).contains("mail address"));
        assert!(words(&ACCOUNT.replace("\"uni\"", "\"u/ni\"")).contains("letters"));
        assert!(words(&format!("[watch]\nrecheck_seconds = 5\n{ACCOUNT}")).contains("60 to 300"));
        assert!(words(&format!("[watch]\nblind_minutes = 0\n{ACCOUNT}")).contains("1 to 1440"));
    }

    #[test]
    fn hours_that_are_none_are_refused_with_their_line() {
        let words = words(&format!("[notify]\nbad_news = \"later\"\n{ACCOUNT}"));
        for part in ["line 2", "later", "daily 19:00"] {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn the_defaults_name_every_key() {
        fn keys(table: &toml::Table, above: &str, into: &mut Vec<String>) {
            for (key, value) in table {
                match value.as_table() {
                    Some(inner) => keys(inner, &format!("{above}{key}."), into),
                    None => into.push(format!("{above}{key}")),
                }
            }
        }
        let (mut known, mut named) = (vec![], vec![]);
        keys(&toml::Table::try_from(Config::default()).unwrap(), "", &mut known);
        keys(&toml::from_str(DEFAULTS).unwrap(), "", &mut named);
        assert_eq!(known.len(), 26, "{known:?}");
        known.sort();
        named.sort();
        assert_eq!(known, named);
    }

    #[test]
    fn the_example_is_valid_and_shows_the_defaults() {
        let example = parse(include_str!("../config/goen.example.toml")).unwrap();
        let plain = parse(ACCOUNT).unwrap();
        assert_eq!(
            (&example.watch, &example.notify, &example.reply, &example.store),
            (&plain.watch, &plain.notify, &plain.reply, &plain.store)
        );
        assert_eq!(
            (&example.remind, &example.care, example.lang),
            (&plain.remind, &plain.care, plain.lang)
        );
        assert_eq!(example.accounts[0].mailboxes, plain.accounts[0].mailboxes);
    }
}
