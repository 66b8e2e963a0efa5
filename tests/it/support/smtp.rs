//! An SMTP submission server that follows a script, with one fault in it.
//!
//! It keeps what it was told and every message for which it took the responsibility.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use goen::net::{Security, Server};
use goen::secret::{Credential, Secret};
use goen::smtp::Submission;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// How a server refuses a token: a challenge with the reason (`{"status":"401"}`), and after the
/// client's answer to that, 535.
pub(crate) const REFUSED_TOKEN: &[u8] = b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n";

/// Where in the dialogue something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Greeting,
    Ehlo,
    Starttls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// In the middle of the message.
    Body,
    /// The final dot.
    Dot,
    Quit,
}

impl Step {
    pub(crate) const ALL: [Self; 10] = [
        Self::Greeting,
        Self::Ehlo,
        Self::Starttls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Body,
        Self::Dot,
        Self::Quit,
    ];
}

/// What goes wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is closed instead of an answer.
    HangUp,
    /// The connection is closed behind the answer.
    HangUpAfter,
    /// No answer, ever.
    Stall,
    /// These bytes instead of the answer; then it goes on.
    Say(Vec<u8>),
    /// These bytes right behind the answer.
    SayMore(Vec<u8>),
    /// These bytes instead of the answer, then the connection is closed.
    SayAndHangUp(Vec<u8>),
}

/// What the server is like.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) security: Security,
    /// The lines of the answer to EHLO, STARTTLS excepted.
    pub(crate) features: Vec<String>,
    pub(crate) fault: Option<(Step, Fault)>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            security: Security::Plain,
            features: ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 100000", "AUTH PLAIN LOGIN"]
                .map(str::to_owned)
                .to_vec(),
            fault: None,
        }
    }
}

impl Script {
    pub(crate) fn fault(step: Step, fault: Fault) -> Self {
        Self { fault: Some((step, fault)), ..Self::default() }
    }

    pub(crate) fn secured(self, security: Security) -> Self {
        Self { security, ..self }
    }

    pub(crate) fn offering(self, features: &[&str]) -> Self {
        Self { features: features.iter().map(|it| (*it).to_owned()).collect(), ..self }
    }
}

/// What the server has heard.
#[derive(Debug, Default, Clone)]
pub(crate) struct Log {
    /// Command lines, without line ends, in order.
    pub(crate) commands: Vec<String>,
    /// Messages it took, dots unstuffed.
    pub(crate) messages: Vec<Vec<u8>>,
    /// Connections made.
    pub(crate) connections: usize,
}

/// Tells somebody that the dialogue has come to a boundary: before the answer to a step, or after.
pub(crate) type Watcher = Arc<dyn Fn(Step, Moment) + Send + Sync>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Moment {
    /// The client has spoken; the server has acted on it, but not answered.
    Before,
    /// The answer has been written.
    After,
}

/// A running server; stops when dropped.
pub(crate) struct SmtpServer {
    port: u16,
    security: Security,
    log: Arc<Mutex<Log>>,
    ca: PathBuf,
    _folder: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl SmtpServer {
    pub(crate) async fn start(script: Script) -> Self {
        Self::watched(script, Arc::new(|_, _| {})).await
    }

    pub(crate) async fn watched(script: Script, watcher: Watcher) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        let acceptor = acceptor(&ca);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let security = script.security;
        let log = Arc::new(Mutex::new(Log::default()));
        let mut tasks = JoinSet::new();
        let server = Arc::new(Shared { script, log: log.clone(), acceptor, watcher });
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                server.log.lock().unwrap().connections += 1;
                let server = server.clone();
                connections.spawn(async move {
                    // The client hanging up is part of the game.
                    let _ = server.serve(stream).await;
                });
            }
        });
        Self { port, security, log, ca, _folder: folder, _tasks: tasks }
    }

    pub(crate) fn account(&self) -> Submission {
        Submission {
            server: Server {
                host: "127.0.0.1".into(),
                port: self.port,
                security: self.security,
                ca_file: Some(self.ca.clone()),
            },
            user: "hanako@example.jp".into(),
            credential: Credential::Password(Secret::new("ひみつ".into())),
            helo: "[127.0.0.1]".into(),
        }
    }

    pub(crate) fn with_token(&self) -> Submission {
        Submission { credential: Credential::Token(Secret::new("token".into())), ..self.account() }
    }

    pub(crate) fn log(&self) -> Log {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.log().messages
    }
}

struct Shared {
    script: Script,
    log: Arc<Mutex<Log>>,
    acceptor: TlsAcceptor,
    watcher: Watcher,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Dialogue<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: Stream> Dialogue<S> {
    fn over(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    async fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.drain(..end + 2).collect::<Vec<_>>();
                return Ok(line[..end].to_vec());
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        let mut space = [0; 4096];
        let read = self.stream.read(&mut space).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(&space[..read]);
        Ok(())
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }
}

impl Shared {
    async fn serve(&self, tcp: TcpStream) -> io::Result<()> {
        match self.script.security {
            Security::Plain => {
                let mut dialogue = Dialogue::over(tcp);
                self.greet(&mut dialogue).await?;
                self.submission(dialogue).await
            }
            Security::Tls => {
                let mut dialogue = Dialogue::over(self.acceptor.accept(tcp).await?);
                self.greet(&mut dialogue).await?;
                self.submission(dialogue).await
            }
            Security::Starttls => {
                let mut dialogue = Dialogue::over(tcp);
                self.greet(&mut dialogue).await?;
                self.in_the_clear(&mut dialogue).await?;
                self.submission(Dialogue::over(self.acceptor.accept(dialogue.stream).await?)).await
            }
        }
    }

    async fn greet<S: Stream>(&self, dialogue: &mut Dialogue<S>) -> io::Result<()> {
        self.answer(dialogue, Step::Greeting, "220 mx.example.jp ready\r\n").await.map(drop)
    }

    /// EHLO and STARTTLS, up to the handshake.
    async fn in_the_clear<S: Stream>(&self, dialogue: &mut Dialogue<S>) -> io::Result<()> {
        loop {
            match self.command(dialogue).await?.1.as_str() {
                "EHLO" => {
                    let mut features = self.script.features.clone();
                    features.retain(|feature| !feature.starts_with("AUTH"));
                    features.push("STARTTLS".into());
                    dialogue.say(answer_of(&features).as_bytes()).await?;
                }
                "STARTTLS" => {
                    self.answer(dialogue, Step::Starttls, "220 2.0.0 go\r\n").await?;
                    return Ok(());
                }
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    /// Everything from EHLO to QUIT.
    async fn submission<S: Stream>(&self, mut dialogue: Dialogue<S>) -> io::Result<()> {
        let dialogue = &mut dialogue;
        loop {
            let (line, verb) = self.command(dialogue).await?;
            match verb.as_str() {
                "EHLO" => {
                    let features = answer_of(&self.script.features);
                    self.answer(dialogue, Step::Ehlo, &features).await?;
                }
                "AUTH" => self.auth(dialogue, &line).await?,
                "MAIL" => drop(self.answer(dialogue, Step::Mail, "250 2.1.0 ok\r\n").await?),
                "RCPT" => drop(self.answer(dialogue, Step::Rcpt, "250 2.1.5 ok\r\n").await?),
                "DATA" => {
                    let said = self.answer(dialogue, Step::Data, "354 go on\r\n").await?;
                    if said.starts_with(b"3") {
                        self.message(dialogue).await?;
                    }
                }
                "QUIT" => {
                    self.answer(dialogue, Step::Quit, "221 2.0.0 bye\r\n").await?;
                    return Ok(());
                }
                _ => dialogue.say(b"500 5.5.2 what?\r\n").await?,
            }
        }
    }

    /// The next command line and its verb.
    async fn command<S: Stream>(&self, dialogue: &mut Dialogue<S>) -> io::Result<(String, String)> {
        let line = String::from_utf8(dialogue.line().await?).unwrap();
        self.log.lock().unwrap().commands.push(line.clone());
        let verb = line.split_whitespace().next().unwrap_or("").to_ascii_uppercase();
        Ok((line, verb))
    }

    async fn auth<S: Stream>(&self, dialogue: &mut Dialogue<S>, line: &str) -> io::Result<()> {
        let mechanism = line.split_whitespace().nth(1).unwrap_or("");
        if mechanism == "LOGIN" {
            for prompt in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                dialogue.say(prompt.as_bytes()).await?;
                self.command(dialogue).await?;
            }
        }
        self.answer(dialogue, Step::Auth, "235 2.7.0 welcome\r\n").await?;
        if self.fault_at(Step::Auth) == Some(&Fault::Say(REFUSED_TOKEN.to_vec())) {
            self.command(dialogue).await?;
            dialogue.say(b"535 5.7.8 not accepted\r\n").await?;
        }
        Ok(())
    }

    async fn message<S: Stream>(&self, dialogue: &mut Dialogue<S>) -> io::Result<()> {
        let mut message = Vec::new();
        // The first line of it has arrived.
        let first = dialogue.line().await?;
        message.extend_from_slice(&first);
        message.extend_from_slice(b"\r\n");
        self.answer(dialogue, Step::Body, "").await?;
        loop {
            let line = dialogue.line().await?;
            if line == b"." {
                break;
            }
            let line = line.strip_prefix(b".").unwrap_or(&line);
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        if self.takes_messages() {
            self.log.lock().unwrap().messages.push(message);
        }
        self.answer(dialogue, Step::Dot, "250 2.0.0 Ok: queued as 4F1C2\r\n").await.map(drop)
    }

    /// Whether the server keeps a message it has got to the end: unless it says no.
    fn takes_messages(&self) -> bool {
        match self.fault_at(Step::Dot) {
            Some(Fault::Say(words) | Fault::SayAndHangUp(words)) => {
                !matches!(words.first(), Some(b'4' | b'5'))
            }
            _ => true,
        }
    }

    fn fault_at(&self, step: Step) -> Option<&Fault> {
        self.script.fault.as_ref().filter(|(at, _)| *at == step).map(|(_, fault)| fault)
    }

    /// Answers as the script says, and gives what was said.
    async fn answer<S: Stream>(
        &self,
        dialogue: &mut Dialogue<S>,
        step: Step,
        words: &str,
    ) -> io::Result<Vec<u8>> {
        (self.watcher)(step, Moment::Before);
        let words = words.as_bytes();
        let (said, goes_on) = match self.fault_at(step) {
            None => (words.to_vec(), true),
            Some(Fault::HangUp) => (vec![], false),
            Some(Fault::HangUpAfter) => (words.to_vec(), false),
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Say(instead)) => (instead.clone(), true),
            Some(Fault::SayMore(more)) => ([words, more].concat(), true),
            Some(Fault::SayAndHangUp(instead)) => (instead.clone(), false),
        };
        dialogue.say(&said).await?;
        (self.watcher)(step, Moment::After);
        if goes_on { Ok(said) } else { Err(io::ErrorKind::ConnectionAborted.into()) }
    }
}

fn answer_of(features: &[String]) -> String {
    let (last, first) = features.split_last().unwrap();
    let mut lines = vec!["250-mx.example.jp".to_owned()];
    lines.extend(first.iter().map(|feature| format!("250-{feature}")));
    lines.push(format!("250 {last}\r\n"));
    lines.join("\r\n")
}

/// A certificate for 127.0.0.1, which is written to `ca` to be trusted.
fn acceptor(ca: &Path) -> TlsAcceptor {
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(ca, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
