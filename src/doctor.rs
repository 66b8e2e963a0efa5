//! Walks everything goen depends on, step by step, and says of each whether it is well, in the
//! server's words, and what to do if not. Changes nothing; logs in once per server.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ProtocolVersion;

use crate::config::{Account, Config, Paths};
use crate::daemon;
use crate::imap::session::{Care, Session, SessionError, Wire};
use crate::knowledge::{self, Knowledge};
use crate::lang::{Explain, Explanation, Lang};
use crate::mail::Mail;
use crate::net::{self, Security, Server, certificate};
use crate::notify::{self, NotifyError};
use crate::reply::Kind;
use crate::secret::online::{self, For};
use crate::secret::{self, Credential, SecretError, Source};
use crate::smtp::{self, Submission};
use crate::store::Store;
use crate::{plain, say};

/// A certificate that ends sooner is worth a word.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A server's words take at most this many columns.
const WORDS_MAX_COLUMNS: usize = 300;

/// Names of mailboxes that are given where one is missing, at most.
const NAMES_MAX: usize = 40;

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// ✓
    Good,
    /// ✗
    Bad,
    /// –: not looked at, because an earlier step failed or nothing depends on it.
    Skipped,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The password or token can be had.
    Secret,
    /// The server's name has an address.
    Dns,
    /// The port takes a connection.
    Tcp,
    /// The connection is secure, and the certificate is the server's.
    Tls,
    /// The server's first words.
    Greeting,
    /// What the server can do.
    Capabilities,
    /// The server lets us in.
    Login,
    /// A mailbox can be opened.
    Mailbox,
    /// The server announces mail.
    Idle,
    /// The newest mail can be read.
    Fetch,
    /// The submission server: connection, TLS and login.
    Smtp,
    /// The session bus.
    Bus,
    /// The notification server.
    Notifications,
    /// The Secret Service keyring.
    Keyring,
    /// The daemon runs.
    Daemon,
    /// The store can be read.
    Store,
    /// Rules, guidance and templates are valid.
    Knowledge,
}

impl Step {
    /// What people call it.
    #[must_use]
    pub fn label(self, lang: Lang) -> &'static str {
        match (lang, self) {
            (Lang::Ja, Self::Secret) => "パスワード",
            (Lang::Ja, Self::Dns) => "サーバー名",
            (Lang::Ja, Self::Tcp) => "接続",
            (Lang::Ja, Self::Tls) => "暗号化と証明書",
            (Lang::Ja, Self::Greeting) => "最初の応答",
            (Lang::Ja, Self::Capabilities) => "サーバーの機能",
            (Lang::Ja, Self::Login) => "ログイン",
            (Lang::Ja, Self::Mailbox) => "メールボックス",
            (Lang::Ja, Self::Idle) => "新着の知らせ",
            (Lang::Ja, Self::Fetch) => "メールの読み取り",
            (Lang::Ja, Self::Smtp) => "返信の送信",
            (Lang::Ja, Self::Bus) => "デスクトップ",
            (Lang::Ja, Self::Notifications) => "通知の表示",
            (Lang::Ja, Self::Keyring) => "キーリング",
            (Lang::Ja, Self::Daemon) => "goen の常駐",
            (Lang::Ja, Self::Store) => "記録",
            (Lang::Ja, Self::Knowledge) => "文面と規則",
            (Lang::En, Self::Secret) => "password",
            (Lang::En, Self::Dns) => "server name",
            (Lang::En, Self::Tcp) => "connection",
            (Lang::En, Self::Tls) => "TLS",
            (Lang::En, Self::Greeting) => "greeting",
            (Lang::En, Self::Capabilities) => "capabilities",
            (Lang::En, Self::Login) => "login",
            (Lang::En, Self::Mailbox) => "mailbox",
            (Lang::En, Self::Idle) => "announcements",
            (Lang::En, Self::Fetch) => "reading an email",
            (Lang::En, Self::Smtp) => "sending",
            (Lang::En, Self::Bus) => "desktop session",
            (Lang::En, Self::Notifications) => "notifications",
            (Lang::En, Self::Keyring) => "keyring",
            (Lang::En, Self::Daemon) => "goen running",
            (Lang::En, Self::Store) => "store",
            (Lang::En, Self::Knowledge) => "words and rules",
        }
    }
}

/// What was found at one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub step: Step,
    /// How it went.
    pub mark: Mark,
    /// What was seen, ending in the server's own words where there are any.
    pub words: String,
    /// What the user can do.
    pub hint: Option<String>,
}

/// What the walks need.
#[derive(Debug, Clone, Copy)]
pub struct Doctor<'a> {
    /// The settings.
    pub config: &'a Config,
    /// Where goen's files are.
    pub paths: &'a Paths,
    /// The time, for certificates.
    pub now: Timestamp,
    /// The language of the words.
    pub lang: Lang,
}

/// The way that is left: each step is told once, those that were not reached as skipped.
struct Walk<'a> {
    ahead: VecDeque<Step>,
    tell: &'a mut dyn FnMut(Finding),
}

impl Walk<'_> {
    fn good(&mut self, step: Step, words: impl Into<String>) {
        self.found(Finding { step, mark: Mark::Good, words: words.into(), hint: None });
    }

    fn bad(&mut self, step: Step, explanation: Explanation) {
        let Explanation { what, hint } = explanation;
        self.found(Finding { step, mark: Mark::Bad, words: what, hint });
    }

    fn skip(&mut self, step: Step, words: impl Into<String>) {
        self.found(Finding { step, mark: Mark::Skipped, words: words.into(), hint: None });
    }

    fn found(&mut self, finding: Finding) {
        if let Some(at) = self.ahead.iter().position(|step| *step == finding.step) {
            self.ahead.remove(at);
        }
        (self.tell)(finding);
    }

    fn skip_the_rest(&mut self) {
        for step in std::mem::take(&mut self.ahead) {
            self.skip(step, "");
        }
    }
}

/// The walk ends here: what is wrong has been told.
struct Ended;

/// What became of the login, as far as the submission server is concerned.
enum Login {
    /// Not tried, or it went well.
    NotRefused,
    /// Another try with the same password would only count against the user.
    Refused,
}

impl Doctor<'_> {
    /// Walks one account's way: the password, then the server to watch up to a trial fetch, then the
    /// server to submit to.
    pub async fn account(&self, account: &Account, tell: &mut dyn FnMut(Finding)) {
        self.walk(account, None, tell).await;
    }

    /// The same with a password or token that is not stored yet.
    pub async fn account_with(
        &self,
        account: &Account,
        credential: Credential,
        tell: &mut dyn FnMut(Finding),
    ) {
        self.walk(account, Some(credential), tell).await;
    }

    async fn walk(
        &self,
        account: &Account,
        given: Option<Credential>,
        tell: &mut dyn FnMut(Finding),
    ) {
        // Where GNOME cannot say which server it is, the first step says why.
        let server =
            online::imap_server(account).await.unwrap_or_else(|_error| account.imap_server());
        let mut ahead = vec![Step::Dns, Step::Tcp];
        if given.is_none() {
            ahead.insert(0, Step::Secret);
        }
        ahead.extend(match server.security {
            Security::Starttls => [Step::Greeting, Step::Tls],
            _ => [Step::Tls, Step::Greeting],
        });
        ahead.extend([Step::Capabilities, Step::Login]);
        ahead.extend(account.mailboxes.iter().map(|_mailbox| Step::Mailbox));
        ahead.extend([Step::Idle, Step::Fetch]);
        let mut walk = Walk { ahead: ahead.into(), tell };

        let credential = match given {
            Some(credential) => Some(credential),
            None => self.secret(account, &mut walk).await,
        };
        let mut login = Login::NotRefused;
        let _ = self.imap(account, &server, credential.as_ref(), &mut login, &mut walk).await;
        walk.skip_the_rest();
        self.smtp(account, credential, &login, &mut walk).await;
    }

    async fn secret(&self, account: &Account, walk: &mut Walk<'_>) -> Option<Credential> {
        let lang = self.lang;
        match account.secret_source(self.paths) {
            Source::Credential { folder: None, name } => {
                walk.skip(
                    Step::Secret,
                    say!(
                        lang,
                        "systemd の資格情報 {name} は goen のサービスだけが読めます。ここではログインを試せません",
                        "the systemd credential {name} is for the service alone; the login cannot be tried here"
                    ),
                );
                None
            }
            source => match source.read().await {
                Ok(credential) => {
                    walk.good(Step::Secret, say!(lang, "取り出せました", "available"));
                    Some(credential)
                }
                Err(error) => {
                    walk.bad(Step::Secret, error.explain(lang));
                    None
                }
            },
        }
    }

    async fn imap(
        &self,
        account: &Account,
        server: &Server,
        credential: Option<&Credential>,
        login: &mut Login,
        walk: &mut Walk<'_>,
    ) -> Result<(), Ended> {
        let lang = self.lang;
        let mut session = self.connect(server, walk).await?;
        let offered = self.step(Step::Capabilities, session.capabilities().await, walk)?;
        let offered = plain::clip(&offered.join(" "), WORDS_MAX_COLUMNS);
        walk.good(Step::Capabilities, offered);

        let Some(credential) = credential else { return Err(Ended) };
        let user = login_name(account, For::Imap).await;
        let logged_in = session.log_in(&user, credential).await;
        if let Err(SessionError::Refused { .. }) = logged_in {
            *login = Login::Refused;
        }
        self.step(Step::Login, logged_in, walk)?;
        walk.good(
            Step::Login,
            say!(lang, "{user} としてログインできました", "logged in as {user}"),
        );

        self.mailboxes(account, &mut session, walk).await?;
        let offers_idle = self.step(Step::Idle, session.offers("IDLE").await, walk)?;
        let seconds = self.config.watch.recheck_seconds;
        walk.good(
            Step::Idle,
            if !self.config.watch.idle {
                say!(
                    lang,
                    "設定により、{seconds} 秒ごとに確かめます",
                    "as the settings say, goen looks every {seconds} seconds"
                )
            } else if offers_idle {
                say!(
                    lang,
                    "サーバーが新着を知らせてくれます（IDLE）",
                    "the server announces new mail (IDLE)"
                )
            } else {
                say!(
                    lang,
                    "サーバーは IDLE に対応していないので、{seconds} 秒ごとに確かめます",
                    "the server has no IDLE; goen looks every {seconds} seconds"
                )
            },
        );
        self.trial(account, &mut session, walk).await?;
        session.logout().await;
        Ok(())
    }

    /// Tells of an error and ends the walk.
    fn step<T>(
        &self,
        step: Step,
        result: Result<T, impl Explain>,
        walk: &mut Walk<'_>,
    ) -> Result<T, Ended> {
        result.map_err(|error| {
            walk.bad(step, error.explain(self.lang));
            Ended
        })
    }

    async fn connect(
        &self,
        server: &Server,
        walk: &mut Walk<'_>,
    ) -> Result<Session<Box<dyn Wire>>, Ended> {
        let lang = self.lang;
        let addresses = self.step(Step::Dns, net::resolve(server).await, walk)?;
        let shown: Vec<String> =
            addresses.iter().take(3).map(|address| address.ip().to_string()).collect();
        walk.good(Step::Dns, format!("{} → {}", server.host, shown.join(", ")));
        let stream = self.step(Step::Tcp, net::connect(server).await, walk)?;
        walk.good(Step::Tcp, server.to_string());
        match server.security {
            Security::Plain => {
                walk.skip(
                    Step::Tls,
                    say!(
                        lang,
                        "暗号化なし（このパソコンの中だけ）",
                        "none; the server is on this machine"
                    ),
                );
                self.greet(Box::new(stream) as Box<dyn Wire>, walk).await
            }
            Security::Tls => {
                let stream = self.secure(server, stream, walk).await?;
                self.greet(Box::new(stream) as Box<dyn Wire>, walk).await
            }
            Security::Starttls => {
                let session = self.greet(stream, walk).await?;
                let stream = self.step(Step::Tls, session.starttls().await, walk)?;
                let stream = self.secure(server, stream, walk).await?;
                Ok(Session::behind_tls(Box::new(stream)))
            }
        }
    }

    async fn greet<S: Wire>(&self, stream: S, walk: &mut Walk<'_>) -> Result<Session<S>, Ended> {
        let session = self.step(Step::Greeting, Session::greet(stream).await, walk)?;
        walk.good(Step::Greeting, plain::clip(session.greeting(), WORDS_MAX_COLUMNS));
        Ok(session)
    }

    /// TLS: that it came about says that chain and name are right.
    async fn secure(
        &self,
        server: &Server,
        stream: TcpStream,
        walk: &mut Walk<'_>,
    ) -> Result<TlsStream<TcpStream>, Ended> {
        let lang = self.lang;
        let stream = self.step(Step::Tls, net::secure(server, stream).await, walk)?;
        let (_, tls) = stream.get_ref();
        let version = match tls.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        };
        let own = tls.peer_certificates().and_then(|chain| chain.first());
        let ends = own.and_then(|own| certificate::not_after(own));
        let host = &server.host;
        let Some(ends) = ends else {
            walk.good(
                Step::Tls,
                say!(lang, "{version}、{host} の証明書", "{version}, certificate of {host}"),
            );
            return Ok(stream);
        };
        let left = ends.duration_since(self.now);
        let days = left.as_hours() / 24;
        let date = ends.strftime("%Y-%m-%d");
        let hint = (left < EXPIRES_SOON).then(|| {
            say!(
                lang,
                "証明書の期限が近づいています。更新されないと、その日から受信できなくなります。更新するのはサーバーの管理者です",
                "the certificate expires soon; unless whoever runs the server renews it, no mail is received from that day on"
            )
        });
        let words = say!(
            lang,
            "{version}、{host} の証明書は {date} まで有効（あと {days} 日）",
            "{version}, certificate of {host} until {date} ({days} days left)"
        );
        walk.found(Finding { step: Step::Tls, mark: Mark::Good, words, hint });
        Ok(stream)
    }

    /// Opens each mailbox. One that is missing does not hide the others.
    async fn mailboxes(
        &self,
        account: &Account,
        session: &mut Session<Box<dyn Wire>>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Ended> {
        let lang = self.lang;
        let mut opened = Vec::new();
        for mailbox in &account.mailboxes {
            match session.examine(mailbox).await {
                Err(error) if !matches!(error, SessionError::NoMailbox { .. }) => {
                    walk.bad(Step::Mailbox, error.explain(lang));
                    return Err(Ended);
                }
                result => opened.push((mailbox, result)),
            }
        }
        // Only a help, and asked last: a server whose answer cannot be read ends the session.
        let missing = opened.iter().any(|(_, result)| result.is_err());
        let names = if missing { session.mailboxes().await.ok() } else { None };
        for (mailbox, result) in opened {
            match result {
                Ok(opened) => {
                    let mails = opened.exists;
                    walk.good(
                        Step::Mailbox,
                        say!(lang, "「{mailbox}」 {mails} 通", "“{mailbox}”, {mails} message(s)"),
                    );
                }
                Err(error) => {
                    let mut explanation = error.explain(lang);
                    if let Some(names) = &names {
                        explanation.hint = Some(self.names(names));
                    }
                    walk.bad(Step::Mailbox, explanation);
                }
            }
        }
        if missing { Err(Ended) } else { Ok(()) }
    }

    fn names(&self, names: &[String]) -> String {
        let shown: Vec<String> = names
            .iter()
            .take(NAMES_MAX)
            .map(|name| match self.lang {
                Lang::Ja => format!("「{}」", plain::one_line(name)),
                Lang::En => format!("“{}”", plain::one_line(name)),
            })
            .collect();
        let shown = shown.join(match self.lang {
            Lang::Ja => "",
            Lang::En => ", ",
        });
        say!(
            self.lang,
            "mailboxes に書けるのは次の名前です：{shown}",
            "`mailboxes` may name these: {shown}"
        )
    }

    /// Fetches the newest mail of the first mailbox and reads it, as the daemon would.
    async fn trial(
        &self,
        account: &Account,
        session: &mut Session<Box<dyn Wire>>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Ended> {
        let lang = self.lang;
        let mailbox = account.mailboxes.first().map_or("INBOX", String::as_str);
        let fetched = async {
            session.examine(mailbox).await?;
            let newest = session.newest().await?;
            let described = session.describe_above(newest.saturating_sub(1)).await?;
            session.fetch(&described, Care::Usual).await
        };
        let fetched = self.step(Step::Fetch, fetched.await, walk)?;
        let Some(arrival) = fetched.arrivals.first() else {
            walk.good(
                Step::Fetch,
                say!(lang, "「{mailbox}」にはまだメールがありません", "“{mailbox}” is still empty"),
            );
            return Ok(());
        };
        let bytes = arrival.message.len();
        match Mail::read(&arrival.message) {
            Ok(_mail) => walk.good(
                Step::Fetch,
                say!(
                    lang,
                    "最新のメールを読めました（{bytes} バイト）",
                    "the newest email can be read ({bytes} bytes)"
                ),
            ),
            Err(error) => walk.bad(
                Step::Fetch,
                Explanation::new(say!(
                    lang,
                    "最新のメールを読めませんでした：{error}",
                    "the newest email cannot be read: {error}"
                ))
                .hint(say!(
                    lang,
                    "goen はこのメールを脇に置いて、ほかのメールを読み続けます",
                    "goen sets such an email aside and goes on with the others"
                )),
            ),
        }
        Ok(())
    }

    async fn smtp(
        &self,
        account: &Account,
        credential: Option<Credential>,
        login: &Login,
        walk: &mut Walk<'_>,
    ) {
        let lang = self.lang;
        let server = online::smtp_server(account).await;
        let Some(server) = server.unwrap_or_else(|_error| account.smtp_server()) else {
            let words = say!(
                lang,
                "[accounts.smtp] がないので、返信は送れません",
                "without [accounts.smtp] goen cannot send replies"
            );
            return walk.skip(Step::Smtp, words);
        };
        let (Some(credential), Login::NotRefused) = (credential, login) else {
            return walk.skip(Step::Smtp, "");
        };
        let user = login_name(account, For::Smtp).await;
        let shown = server.to_string();
        let helo = daemon::HELO.to_owned();
        match smtp::check(&Submission { server, user, credential, helo }).await {
            Ok(()) => walk.good(
                Step::Smtp,
                say!(lang, "{shown} にログインできました", "logged in at {shown}"),
            ),
            Err(error) => walk.bad(Step::Smtp, error.explain(lang)),
        }
    }

    /// Looks at what all accounts share: the desktop, the keyring, the daemon, goen's own files.
    pub async fn machine(&self, tell: &mut dyn FnMut(Finding)) {
        let mut walk = Walk { ahead: VecDeque::new(), tell };
        self.desktop(&mut walk).await;
        self.keyring(&mut walk).await;
        self.files(&mut walk);
    }

    async fn desktop(&self, walk: &mut Walk<'_>) {
        let lang = self.lang;
        let server = notify::server().await;
        if let Err(error @ NotifyError::NoBus(_)) = &server {
            walk.bad(Step::Bus, error.explain(lang));
            walk.skip(Step::Notifications, "");
            return;
        }
        walk.good(Step::Bus, say!(lang, "つながりました", "connected"));
        match server {
            Ok(server) => {
                let words = format!(
                    "{} {} ({})",
                    server.name,
                    server.version,
                    server.capabilities.join(" ")
                );
                walk.good(Step::Notifications, plain::clip(&words, WORDS_MAX_COLUMNS));
            }
            Err(error) => walk.bad(Step::Notifications, error.explain(lang)),
        }
    }

    async fn keyring(&self, walk: &mut Walk<'_>) {
        let lang = self.lang;
        let sources = self.config.accounts.iter().map(|account| account.secret_source(self.paths));
        let needed = sources.into_iter().any(|source| matches!(source, Source::Keyring { .. }));
        match secret::keyring_answers().await {
            Ok(()) => walk.good(Step::Keyring, say!(lang, "応答があります", "it answers")),
            Err(SecretError::NoKeyring(_)) if !needed => walk.skip(
                Step::Keyring,
                say!(
                    lang,
                    "ありませんが、使うアカウントもありません",
                    "there is none, and no account needs one"
                ),
            ),
            Err(error) => walk.bad(Step::Keyring, error.explain(lang)),
        }
    }

    fn files(&self, walk: &mut Walk<'_>) {
        let lang = self.lang;
        if daemon::is_running(self.paths) {
            walk.good(Step::Daemon, say!(lang, "動いています", "it is running"));
        } else {
            walk.bad(
                Step::Daemon,
                Explanation::new(say!(lang, "動いていません", "it is not running")).hint(say!(
                    lang,
                    "systemctl --user start goen で始まります（試すだけなら goen run）",
                    "start it with systemctl --user start goen (or goen run, just to try)"
                )),
            );
        }
        let path = self.paths.store();
        match Store::open(&path).and_then(|store| store.counts()) {
            Ok(counts) => {
                let mails: u32 = counts.iter().map(|(_, count)| count).sum();
                let path = path.display();
                walk.good(
                    Step::Store,
                    say!(lang, "{path}（メール {mails} 通）", "{path} ({mails} emails)"),
                );
            }
            Err(error) => walk.bad(Step::Store, error.explain(lang)),
        }
        match Knowledge::load(self.paths.folder()) {
            Ok(_knowledge) => {
                if let Some(unused) = knowledge::unused_templates(self.paths.folder()).first() {
                    let names = Kind::ALL.map(Kind::name).join(", ");
                    return walk.bad(
                        Step::Knowledge,
                        Explanation::new(say!(
                            lang,
                            "{file} は、どの返信にも使われません",
                            "{file} is used for no reply",
                            file = unused.display()
                        ))
                        .hint(say!(
                            lang,
                            "replies/ja か replies/en に、次の名前と .txt で置いてください：{names}",
                            "put it into replies/ja or replies/en as one of these, with .txt: {names}"
                        )),
                    );
                }
                walk.good(Step::Knowledge, say!(lang, "誤りはありません", "no problems found"));
            }
            Err(error) => walk.bad(Step::Knowledge, error.explain(lang)),
        }
    }
}

/// The name to log in with, as far as it can be known.
async fn login_name(account: &Account, what: For) -> String {
    online::user(account, what).await.unwrap_or_else(|_error| account.login().to_owned())
}
