//! Submits one approved message to the user's provider, once, and says how far it got.
//!
//! lettre speaks the protocol, step by step under time-outs of ours (its own cover connecting
//! only); [`wire`] sits under it. The one question that matters is whether the server may hold a
//! copy. Up to the moment when the end of the message has left it does not, and the reply can be
//! tried again; from then on only a clear answer counts, and silence is [`Outcome::Lost`].

mod login;
mod wire;

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;

use self::wire::{Seen, Wire};
use crate::lang::{Explain, Explanation, Lang, Words};
use crate::net::{self, ConnectError, Security, Server};
use crate::outbox::Claim;
use crate::outbox::state::{Outcome, Reply};
use crate::reply::compose::{Message, check_wire_form};
use crate::say;
use crate::secret::Credential;

/// Wait for the greeting (RFC 5321 §4.5.3.2.1).
const GREETING_LIMIT: Duration = Duration::from_mins(5);

/// Wait for the answers to EHLO, STARTTLS and each step of AUTH. RFC 5321 gives no figure of its
/// own for them; this is the one for MAIL.
const SESSION_LIMIT: Duration = Duration::from_mins(5);

/// Wait for the answer to MAIL (RFC 5321 §4.5.3.2.2).
const MAIL_LIMIT: Duration = Duration::from_mins(5);

/// Wait for the answer to RCPT (RFC 5321 §4.5.3.2.3).
const RCPT_LIMIT: Duration = Duration::from_mins(5);

/// Wait for the answer to DATA (RFC 5321 §4.5.3.2.4).
const DATA_LIMIT: Duration = Duration::from_mins(2);

/// Wait for the message to be taken and answered: 10 minutes after the final dot (RFC 5321
/// §4.5.3.2.6). Shorter turns slow servers into uncertain mail. The message itself is a few
/// kilobytes, so its blocks (3 minutes each, §4.5.3.2.5) need no clock of their own.
const MESSAGE_LIMIT: Duration = Duration::from_mins(10);

/// Wait for the answer to QUIT: a courtesy, nothing depends on it.
const QUIT_LIMIT: Duration = Duration::from_secs(10);

/// Where and as whom to submit.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The provider's submission server.
    pub server: Server,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub credential: Credential,
    /// What EHLO says about this machine: a host name, or an address literal such as `[127.0.0.1]`,
    /// which tells nothing (RFC 5321 §4.1.4).
    pub helo: String,
}

/// A step of the dialogue, named in every error (as Postfix does).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The server's first words.
    Greeting,
    /// EHLO: what the server can do.
    Ehlo,
    /// STARTTLS, up to the handshake.
    Starttls,
    /// AUTH.
    Login,
    /// MAIL: the sender.
    Mail,
    /// RCPT: the recipient.
    Rcpt,
    /// DATA: may we send the message?
    Data,
    /// The message itself.
    Message,
    /// The answer to the message.
    EndOfMessage,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "waiting for the greeting",
            Self::Ehlo => "EHLO",
            Self::Starttls => "STARTTLS",
            Self::Login => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Message => "sending the message",
            Self::EndOfMessage => "waiting for the answer to the message",
        })
    }
}

impl Phase {
    /// The step as the user is told it.
    fn told(self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Greeting, Lang::Ja) => "最初の応答".into(),
            (Self::Login, Lang::Ja) => "ログイン".into(),
            (Self::Message, Lang::Ja) => "本文の送信".into(),
            (Self::EndOfMessage, Lang::Ja) => "受け取りの確認".into(),
            // The names of commands are the same in all languages.
            _ => self.to_string(),
        }
    }
}

/// Why the server could not be used: an account's trouble, not a message's.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server does not offer STARTTLS, and without it nothing is said.
    #[error("{server} does not offer STARTTLS")]
    NoStarttls {
        /// Host and port.
        server: String,
    },
    /// Somebody put words into the connection before it was secured.
    #[error("{server} sent more than its answer to STARTTLS: {words}")]
    Injection {
        /// Host and port.
        server: String,
        /// What was sent.
        words: String,
    },
    /// The password was refused.
    #[error("the server refused the login: {reply}")]
    LoginRefused {
        /// Who wanted to log in.
        user: String,
        /// The server's words.
        reply: Reply,
    },
    /// The access token was refused: it expired, or lacks the right to send.
    #[error("the server refused the access token: {words}")]
    TokenRefused {
        /// Who wanted to log in.
        user: String,
        /// The server's words.
        words: String,
    },
    /// No way to log in that both sides know.
    #[error("the server offers no way to log in with {wanted} (it offers: {offered})")]
    NoMechanism {
        /// What we have.
        wanted: &'static str,
        /// The mechanisms offered.
        offered: String,
    },
    /// The server does not want to talk now, or at all.
    #[error("the server refused at {phase}: {reply}")]
    Refused {
        /// When.
        phase: Phase,
        /// Its words.
        reply: Reply,
    },
    /// It fell silent, hung up, or said something that is no answer.
    #[error("{phase}: {words}")]
    Broken {
        /// When.
        phase: Phase,
        /// What happened.
        words: Words,
    },
}

impl SmtpError {
    /// Whether trying again can help without the user doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(ConnectError::Resolve { .. } | ConnectError::Connect { .. })
            | Self::Broken { .. } => true,
            Self::Refused { reply, .. } => reply.code < 500,
            _ => false,
        }
    }
}

impl Explain for SmtpError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Connect(error) => error.explain(lang),
            Self::NoStarttls { server } => Explanation::new(say!(
                lang,
                "{server} は STARTTLS に対応していないため、暗号化できません",
                "{server} does not offer STARTTLS, so the connection cannot be secured"
            ))
            .hint(say!(
                lang,
                "ポート 465 と security = \"tls\" を試してください",
                "try port 465 with security = \"tls\""
            )),
            Self::Injection { server, .. } => Explanation::new(say!(
                lang,
                "{server} との通信に、暗号化の前に余分な応答が混ざっていました。送信していません",
                "something extra was slipped into the connection to {server} before it was secured; nothing was sent"
            ))
            .hint(say!(
                lang,
                "公共の Wi-Fi なら別の回線で試すか、ポート 465 と security = \"tls\" を使ってください",
                "on a public network try another one, or use port 465 with security = \"tls\""
            )),
            Self::LoginRefused { user, reply } => Explanation::new(say!(
                lang,
                "{user} としてのログインが断られました：{reply}",
                "the login of {user} was refused: {reply}"
            ))
            .hint(say!(
                lang,
                "パスワードを確かめてください。Gmail や Yahoo! などではアプリパスワードが必要です",
                "check the password; Gmail, Yahoo and others need an app password"
            )),
            Self::TokenRefused { user, words } => Explanation::new(say!(
                lang,
                "{user} のアクセストークンが断られました：{words}",
                "the access token of {user} was refused: {words}"
            ))
            .hint(say!(
                lang,
                "オンラインアカウントにもう一度サインインして、送信の許可（SMTP）があるか確かめてください",
                "sign in to the online account again, and check that it may send (SMTP)"
            )),
            Self::NoMechanism { offered, .. } => Explanation::new(say!(
                lang,
                "このサーバーで使えるログイン方法がありません（サーバーの対応：{offered}）",
                "there is no way to log in that the server knows (it offers: {offered})"
            ))
            .hint(say!(
                lang,
                "パスワードの代わりに OAuth が必要なアカウントかもしれません",
                "the account may need OAuth instead of a password"
            )),
            Self::Refused { phase, reply } => Explanation::new(say!(
                lang,
                "メールサーバーに断られました（{phase}）：{reply}",
                "the mail server refused ({phase}): {reply}",
                phase = phase.told(lang)
            )),
            Self::Broken { phase, words } => Explanation::new(say!(
                lang,
                "メールサーバーとの通信が途切れました（{phase}）：{words}",
                "the connection to the mail server broke off ({phase}): {words}",
                phase = phase.told(lang),
                words = words.told(lang)
            ))
            .hint(say!(
                lang,
                "ネットワークを確かめてください。goen はあとでもう一度試します",
                "check the network; goen tries again later"
            )),
        }
    }
}

/// What came of one submission.
#[derive(Debug)]
pub struct Attempt {
    /// What [`Outbox::settle`](crate::outbox::Outbox::settle) is to be told.
    pub outcome: Outcome,
    /// The account's trouble, if it did not come to the message at all.
    pub trouble: Option<SmtpError>,
    /// The connection, if the server still listens for commands on it.
    pub farewell: Farewell,
}

/// A connection that nothing is left to do on but to say goodbye. Dropped, it is hung up.
#[must_use = "the server waits for a goodbye"]
pub struct Farewell(Option<Session>);

impl Farewell {
    /// Says goodbye: once the outcome is written down, for this may take a while, too.
    pub async fn say(self) {
        if let Some(session) = self.0 {
            session.quit().await;
        }
    }
}

impl fmt::Debug for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Farewell({})", if self.0.is_some() { "open" } else { "closed" })
    }
}

/// Submits one message, once. What came of it is to be written down before anything else.
pub async fn submit(account: &Submission, claim: Claim) -> Attempt {
    let message = claim.into_message();
    match Session::open(account).await {
        Ok(mut session) => {
            let outcome = session.transfer(&message).await;
            // After anything but a clear answer the server may take QUIT for part of the message.
            let is_clear = !matches!(outcome, Outcome::NotStarted(_) | Outcome::Lost(_));
            Attempt { outcome, trouble: None, farewell: Farewell(is_clear.then_some(session)) }
        }
        Err(trouble) => Attempt {
            outcome: Outcome::NotStarted(Words::both(|lang| trouble.explain(lang).what)),
            trouble: Some(trouble),
            farewell: Farewell(None),
        },
    }
}

/// Connects, logs in and says goodbye: whether the account could send.
pub async fn check(account: &Submission) -> Result<(), SmtpError> {
    Session::open(account).await?.quit().await;
    Ok(())
}

/// What a server says it can do (EHLO).
#[derive(Debug, Default, PartialEq, Eq)]
struct Features {
    mechanisms: Vec<String>,
    /// Largest message in bytes (RFC 1870); 0 is "no fixed limit".
    size: Option<usize>,
    eight_bit: bool,
    smtp_utf8: bool,
    starttls: bool,
}

impl Features {
    fn read(answer: &str) -> Self {
        let mut features = Self::default();
        for line in answer.lines().skip(1).filter_map(|line| line.get(4..)) {
            // `AUTH=PLAIN` is an old spelling that some servers still add.
            let line = line.to_ascii_uppercase().replace('=', " ");
            let mut words = line.split_whitespace();
            match words.next() {
                Some("AUTH") => features.mechanisms.extend(words.map(str::to_owned)),
                Some("SIZE") => features.size = words.next().and_then(|size| size.parse().ok()),
                Some("8BITMIME") => features.eight_bit = true,
                Some("SMTPUTF8") => features.smtp_utf8 = true,
                Some("STARTTLS") => features.starttls = true,
                _ => {}
            }
        }
        features.mechanisms.sort();
        features.mechanisms.dedup();
        features
    }
}

/// How a step failed.
enum Failure {
    /// A clear no, 4yz or 5yz.
    Negative(Reply),
    /// Anything else: silence, the end of the connection, words that are no answer.
    Broken(Words),
}

/// A logged-in connection.
struct Session {
    connection: AsyncSmtpConnection,
    seen: Seen,
    features: Features,
}

impl Session {
    /// Connects, secures the connection, and logs in.
    async fn open(account: &Submission) -> Result<Self, SmtpError> {
        let tcp = net::connect(&account.server).await?;
        match account.server.security {
            Security::Plain => {
                let (wire, greeting) = greeted(Wire::new(tcp)).await?;
                Self::log_in(account, wire, &greeting).await
            }
            Security::Tls => {
                let tls = net::secure(&account.server, tcp).await?;
                let (wire, greeting) = greeted(Wire::new(tls)).await?;
                Self::log_in(account, wire, &greeting).await
            }
            Security::Starttls => {
                let (mut wire, greeting) = greeted(Wire::new(tcp)).await?;
                ask(&mut wire, Phase::Ehlo, &ehlo(account)).await?;
                if !Features::read(&wire.seen().answer()).starttls {
                    return Err(SmtpError::NoStarttls { server: account.server.to_string() });
                }
                ask(&mut wire, Phase::Starttls, "STARTTLS\r\n").await?;
                let tcp = wire.into_inner().map_err(|error| SmtpError::Injection {
                    server: account.server.to_string(),
                    words: error.to_string(),
                })?;
                let tls = net::secure(&account.server, tcp).await?;
                Self::log_in(account, Wire::new(tls), &greeting).await
            }
        }
    }

    /// Lets lettre take over behind the greeting, which it wants to hear (also after STARTTLS,
    /// where there is none), and logs in.
    async fn log_in<S>(
        account: &Submission,
        mut wire: Wire<S>,
        greeting: &str,
    ) -> Result<Self, SmtpError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + Sync + 'static,
    {
        let seen = wire.seen();
        wire.say_again(greeting);
        let stream: Box<dyn AsyncTokioStream> = Box::new(wire);
        let hello = ClientId::Domain(account.helo.clone());
        let connecting = AsyncSmtpConnection::connect_with_transport(stream, &hello);
        let connection = step(&seen, SESSION_LIMIT, connecting)
            .await
            .map_err(|failure| failure.of_session(Phase::Ehlo))?;
        let features = Features::read(&seen.answer());
        let mut session = Self { connection, seen, features };
        login::log_in(&mut session, account).await?;
        Ok(session)
    }

    /// MAIL, RCPT, DATA, the message. Every way out says whether the server may hold a copy.
    async fn transfer(&mut self, message: &Message) -> Outcome {
        let (mail, rcpt) = match self.envelope(message) {
            Ok(commands) => commands,
            Err(words) => return Outcome::Impossible(words),
        };
        let opening = [
            (Phase::Mail, MAIL_LIMIT, mail.to_string()),
            (Phase::Rcpt, RCPT_LIMIT, rcpt.to_string()),
            (Phase::Data, DATA_LIMIT, Data.to_string()),
        ];
        for (phase, limit, command) in opening {
            let reply = match self.command(limit, &command).await {
                Ok(reply) => reply,
                Err(failure) => return failure.before_the_message(phase),
            };
            // lettre takes any 2yz or 3yz for a yes.
            let goes_on =
                if phase == Phase::Data { reply.code == 354 } else { reply.code / 100 == 2 };
            if !goes_on {
                return Outcome::NotStarted(at(phase, &unexpected(&reply)));
            }
        }
        self.message(&message.raw).await
    }

    /// The message and the answer to it.
    async fn message(&mut self, raw: &[u8]) -> Outcome {
        // lettre puts CRLF before the dot whatever stands there; left on, an empty line would arrive.
        let body = raw.strip_suffix(b"\r\n").unwrap_or(raw);
        let answered = step(&self.seen, MESSAGE_LIMIT, self.connection.message(body)).await;
        if !self.seen.end_of_message_left() {
            let words = match answered {
                Ok(response) => unexpected(&reply_of(&response)),
                Err(Failure::Negative(reply)) => reply.to_string().into(),
                Err(Failure::Broken(words)) => words,
            };
            return Outcome::NotStarted(at(Phase::Message, &words));
        }
        // From here on the server may hold a copy.
        match answered.map(|response| reply_of(&response)) {
            Ok(reply) if reply.code / 100 == 2 => Outcome::Accepted(reply),
            Ok(reply) => Outcome::Lost(at(Phase::EndOfMessage, &unexpected(&reply))),
            Err(Failure::Negative(reply)) if reply.code < 500 => Outcome::Deferred(reply),
            Err(Failure::Negative(reply)) => Outcome::Refused(reply),
            Err(Failure::Broken(words)) => Outcome::Lost(at(Phase::EndOfMessage, &words)),
        }
    }

    /// MAIL and RCPT with what the message needs, if the server offers it.
    fn envelope(&self, message: &Message) -> Result<(Mail, Rcpt), Words> {
        let Message { envelope, raw, .. } = message;
        check_wire_form(raw).map_err(|what| {
            Words::both(|lang| {
                say!(
                    lang,
                    "メッセージが、送れる形になっていません（{what}）",
                    "the message has {what}"
                )
            })
        })?;
        let address = |path: &str| {
            path.parse::<Address>().map_err(|error| {
                Words::both(|lang| {
                    say!(
                        lang,
                        "アドレス {path} の形が正しくありません（{error}）",
                        "the address {path:?}: {error}"
                    )
                })
            })
        };
        let (from, to) = (address(&envelope.reverse_path)?, address(&envelope.forward_path)?);

        let mut parameters = Vec::new();
        if let Some(limit) = self.features.size {
            if limit > 0 && raw.len() > limit {
                let size = raw.len();
                return Err(Words::both(|lang| {
                    say!(
                        lang,
                        "メッセージの大きさ（{size} バイト）が、サーバーの上限（{limit} バイト）を超えています",
                        "the message has {size} bytes, the server takes {limit} at most"
                    )
                }));
            }
            parameters.push(MailParameter::Size(raw.len()));
        }
        if !raw.is_ascii() {
            if !self.features.eight_bit {
                return Err(Words::both(|lang| {
                    say!(
                        lang,
                        "サーバーが、英数字以外をそのまま含むメッセージに対応していません（8BITMIME）",
                        "the server takes ASCII only (it does not offer 8BITMIME)"
                    )
                }));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if !envelope.reverse_path.is_ascii() || !envelope.forward_path.is_ascii() {
            if !self.features.smtp_utf8 {
                return Err(Words::both(|lang| {
                    say!(
                        lang,
                        "サーバーが、英数字以外の文字を含むメールアドレスに対応していません（SMTPUTF8）",
                        "the server does not know international addresses (SMTPUTF8)"
                    )
                }));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        Ok((Mail::new(Some(from), parameters), Rcpt::new(to, Vec::new())))
    }

    async fn command(&mut self, limit: Duration, line: &str) -> Result<Reply, Failure> {
        let response = step(&self.seen, limit, self.connection.command(line)).await?;
        Ok(reply_of(&response))
    }

    /// Says goodbye; whatever comes back, the outcome is known already.
    async fn quit(mut self) {
        let _ = timeout(QUIT_LIMIT, self.connection.command(Quit)).await;
    }
}

fn ehlo(account: &Submission) -> String {
    format!("EHLO {}\r\n", account.helo)
}

/// Hears the greeting; only 220 is one.
async fn greeted<S>(mut wire: Wire<S>) -> Result<(Wire<S>, String), SmtpError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let answer = within(GREETING_LIMIT, wire.answer()).await;
    let greeting = positive(Phase::Greeting, answer)?;
    Ok((wire, greeting))
}

/// Asks on a wire that lettre does not drive yet; only 2yz goes on.
async fn ask<S>(wire: &mut Wire<S>, phase: Phase, line: &str) -> Result<(), SmtpError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let answer = within(SESSION_LIMIT, wire.ask(line)).await;
    positive(phase, answer).map(drop)
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, Words> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(|error| wire::words(&error)),
        Err(_elapsed) => Err(silence(limit)),
    }
}

fn silence(limit: Duration) -> Words {
    let minutes = limit.as_secs() / 60;
    Words::both(|lang| {
        say!(
            lang,
            "{minutes} 分待っても返事がありませんでした",
            "no answer within {minutes} minutes"
        )
    })
}

/// An answer that is clear, but not to what was asked.
fn unexpected(reply: &Reply) -> Words {
    Words::both(|lang| say!(lang, "想定外の応答でした：{reply}", "unexpected answer: {reply}"))
}

/// Words that cannot be read as an answer.
fn no_answer(said: &str) -> Words {
    Words::both(|lang| say!(lang, "応答として読み取れません：{said:?}", "not an answer: {said:?}"))
}

/// What happened, and at which step.
fn at(phase: Phase, words: &Words) -> Words {
    Words::both(|lang| {
        let (step, words) = (phase.told(lang), words.told(lang));
        say!(lang, "{step}：{words}", "{step}: {words}")
    })
}

fn positive(phase: Phase, answer: Result<String, Words>) -> Result<String, SmtpError> {
    let answer = answer.map_err(|words| SmtpError::Broken { phase, words })?;
    match wire::reply(&answer) {
        Some(reply) if reply.code == 220 || phase != Phase::Greeting && reply.code / 100 == 2 => {
            Ok(answer)
        }
        Some(reply) => Err(SmtpError::Refused { phase, reply }),
        None => Err(SmtpError::Broken { phase, words: no_answer(&answer) }),
    }
}

/// Runs one step of lettre's under a time limit.
async fn step<T>(
    seen: &Seen,
    limit: Duration,
    work: impl Future<Output = Result<T, LettreError>>,
) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failure_of(seen, &error)),
        // After a refused EHLO lettre says QUIT and waits for the answer to that: do not let a
        // silence there hide the refusal.
        Err(_elapsed) => Err(match wire::reply(&seen.answer()) {
            Some(reply) if reply.code >= 400 => Failure::Negative(reply),
            _ => Failure::Broken(silence(limit)),
        }),
    }
}

fn failure_of(seen: &Seen, error: &LettreError) -> Failure {
    if let Some(code) = error.status() {
        let code = code.into();
        // The wire has the words as they came; lettre's error has them if the wire has moved on.
        let words = || error.source().map_or_else(String::new, ToString::to_string);
        return Failure::Negative(
            wire::reply(&seen.answer())
                .filter(|reply| reply.code == code)
                .unwrap_or_else(|| Reply { code, text: words() }),
        );
    }
    if error.is_response() {
        return Failure::Broken(no_answer(seen.answer().trim_end()));
    }
    let source = error.source();
    Failure::Broken(match source.and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(error) => wire::words(error),
        None => source.map_or_else(|| error.to_string(), ToString::to_string).into(),
    })
}

impl Failure {
    /// Before MAIL it is the account's trouble.
    fn of_session(self, phase: Phase) -> SmtpError {
        match self {
            Self::Negative(reply) => SmtpError::Refused { phase, reply },
            Self::Broken(words) => SmtpError::Broken { phase, words },
        }
    }

    /// From MAIL to DATA it is about this message, of which the server has nothing.
    fn before_the_message(self, phase: Phase) -> Outcome {
        match self {
            Self::Negative(reply) if reply.code < 500 => Outcome::Deferred(reply),
            Self::Negative(reply) => Outcome::Refused(reply),
            Self::Broken(words) => Outcome::NotStarted(at(phase, &words)),
        }
    }
}

fn reply_of(response: &Response) -> Reply {
    let lines = response.message().map(str::trim).filter(|line| !line.is_empty());
    Reply { code: response.code().into(), text: lines.collect::<Vec<_>>().join(" ") }
}

#[cfg(test)]
mod tests;
