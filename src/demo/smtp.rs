//! A submission server (RFC 6409) for one user, which keeps what it receives and sends nothing on.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Login;
use super::tls::Tls;
use super::wire::{COUNTED_MAX_BYTES, Wire, from_base64};

/// One message as it was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The address in MAIL FROM.
    pub reverse_path: String,
    /// The addresses in RCPT TO.
    pub forward_paths: Vec<String>,
    /// The message, dots unstuffed, up to and with its last CRLF.
    pub message: Vec<u8>,
}

/// A submission server on 127.0.0.1, TLS from the first byte.
pub struct Server {
    port: u16,
    received: watch::Receiver<Vec<Received>>,
}

/// What all sessions share.
struct Shared {
    login: Login,
    received: watch::Sender<Vec<Received>>,
}

impl Server {
    /// Starts serving `login` on `tasks`, until `stop` is cancelled.
    pub async fn start(
        tls: &Tls,
        login: Login,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> io::Result<Self> {
        let (sender, received) = watch::channel(Vec::new());
        let shared = Arc::new(Shared { login, received: sender });
        let session = move |stream| Session::new(stream, Arc::clone(&shared)).run();
        let port = tls.serve(tasks, stop, session).await?;
        Ok(Self { port, received })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that has been submitted, oldest first; changes with each message.
    ///
    /// A second copy of the same message is taken like any other: counting them is the point.
    #[must_use]
    pub fn received(&self) -> watch::Receiver<Vec<Received>> {
        self.received.clone()
    }
}

/// A mail transaction (RFC 5321 §3.3) that is being built up.
struct Transaction {
    reverse_path: String,
    forward_paths: Vec<String>,
}

struct Session<S> {
    wire: Wire<S>,
    shared: Arc<Shared>,
    is_logged_in: bool,
    transaction: Option<Transaction>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S, shared: Arc<Shared>) -> Self {
        Self { wire: Wire::new(stream), shared, is_logged_in: false, transaction: None }
    }

    async fn run(mut self) -> io::Result<()> {
        self.reply("220 localhost ESMTP goen demo").await?;
        while let Some(line) = self.line().await? {
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.ehlo().await?,
                "HELO" => self.reply("250 localhost").await?,
                "AUTH" => self.auth(argument).await?,
                "MAIL" => self.mail(argument).await?,
                "RCPT" => self.rcpt(argument).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.transaction = None;
                    self.reply("250 2.0.0 Reset").await?;
                }
                "NOOP" => self.reply("250 2.0.0 OK").await?,
                "VRFY" => self.reply("252 2.5.2 Send it and see").await?,
                "QUIT" => {
                    self.reply("221 2.0.0 Bye").await?;
                    return self.wire.close().await;
                }
                _ => self.reply("500 5.5.2 Not known here").await?,
            }
        }
        Ok(())
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        Ok(self.wire.line().await?.map(|line| String::from_utf8_lossy(&line).into_owned()))
    }

    async fn reply(&mut self, reply: &str) -> io::Result<()> {
        self.wire.say(format!("{reply}\r\n")).await
    }

    async fn ehlo(&mut self) -> io::Result<()> {
        self.transaction = None;
        self.reply(&format!(
            "250-localhost\r\n250-SIZE {COUNTED_MAX_BYTES}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN"
        ))
        .await
    }

    /// AUTH PLAIN and LOGIN (RFC 4954).
    async fn auth(&mut self, argument: &str) -> io::Result<()> {
        if self.is_logged_in {
            return self.reply("503 5.5.1 Already logged in").await;
        }
        let (mechanism, initial) = argument
            .split_once(' ')
            .map_or((argument, None), |(mechanism, initial)| (mechanism, Some(initial.to_owned())));
        let is_user = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let answer = self.answer(initial, "").await?;
                self.shared.login.is_plain(&answer)
            }
            "LOGIN" => {
                let user = self.answer(initial, "VXNlcm5hbWU6").await?;
                let password = self.answer(None, "UGFzc3dvcmQ6").await?;
                from_base64(&user)
                    .zip(from_base64(&password))
                    .is_some_and(|(user, password)| self.shared.login.is(&user, &password))
            }
            _ => return self.reply("504 5.5.4 Only PLAIN and LOGIN").await,
        };
        self.is_logged_in = is_user;
        self.reply(if is_user {
            "235 2.7.0 Welcome"
        } else {
            "535 5.7.8 Not that name or password"
        })
        .await
    }

    /// The client's answer to `challenge`, unless it gave it beforehand.
    async fn answer(&mut self, given: Option<String>, challenge: &str) -> io::Result<String> {
        if let Some(answer) = given {
            return Ok(answer);
        }
        self.reply(&format!("334 {challenge}")).await?;
        Ok(self.line().await?.unwrap_or_default())
    }

    async fn mail(&mut self, argument: &str) -> io::Result<()> {
        if !self.is_logged_in {
            return self.reply("530 5.7.0 Log in first").await;
        }
        if self.transaction.is_some() {
            return self.reply("503 5.5.1 One at a time").await;
        }
        match path(argument, "FROM:") {
            Some(reverse_path) => {
                self.transaction = Some(Transaction { reverse_path, forward_paths: Vec::new() });
                self.reply("250 2.1.0 OK").await
            }
            None => self.reply("501 5.5.4 MAIL FROM:<address>").await,
        }
    }

    async fn rcpt(&mut self, argument: &str) -> io::Result<()> {
        let reply = match (&mut self.transaction, path(argument, "TO:")) {
            (None, _) => "503 5.5.1 MAIL first",
            (Some(transaction), Some(path)) if !path.is_empty() => {
                transaction.forward_paths.push(path);
                "250 2.1.5 OK"
            }
            (Some(_), _) => "501 5.5.4 RCPT TO:<address>",
        };
        self.reply(reply).await
    }

    async fn data(&mut self) -> io::Result<()> {
        match self.transaction.take() {
            None => return self.reply("503 5.5.1 MAIL first").await,
            Some(transaction) if transaction.forward_paths.is_empty() => {
                self.transaction = Some(transaction);
                return self.reply("554 5.5.1 No recipient").await;
            }
            Some(Transaction { reverse_path, forward_paths }) => {
                self.reply("354 Go on, end with a dot").await?;
                let Some(message) = self.message().await? else { return Ok(()) };
                let mut number = 0;
                self.shared.received.send_modify(|received| {
                    received.push(Received { reverse_path, forward_paths, message });
                    number = received.len();
                });
                self.reply(&format!("250 2.0.0 OK: queued as demo-{number}")).await
            }
        }
    }

    /// The message up to the lone dot, dots unstuffed (RFC 5321 §4.5.2); `None` if the client left.
    async fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut message = Vec::new();
        while let Some(line) = self.wire.line().await? {
            let line = match line.strip_prefix(b".") {
                Some(b"") => return Ok(Some(message)),
                Some(unstuffed) => unstuffed,
                None => &line,
            };
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
            if message.len() > COUNTED_MAX_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too large"));
            }
        }
        Ok(None)
    }
}

/// The address in `FROM:<address> PARAMETERS` (RFC 5321 §4.1.2); parameters are taken as they come.
fn path(argument: &str, keyword: &str) -> Option<String> {
    let (given, rest) = argument.split_at_checked(keyword.len())?;
    let rest = rest.trim_start().strip_prefix('<')?;
    let (address, _parameters) = rest.rsplit_once('>')?;
    given.eq_ignore_ascii_case(keyword).then(|| address.to_owned())
}
