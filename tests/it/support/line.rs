//! A line between a client and a submission server, on which something happens at the right moment:
//! the client is killed, the server is stopped. After that neither hears more of the other, and the
//! server is heard out.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the client says in the clear: EHLO, AUTH, MAIL, RCPT, DATA, the message, QUIT.
pub(crate) const UTTERANCES: usize = 7;

/// How many utterances come before the message.
const BEFORE_THE_MESSAGE: usize = 5;

/// How far the dialogue has come. Utterances are seen in the clear only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// The client has made so many utterances; the server never hears the last of it.
    Said(usize),
    /// The server has heard that, and not answered yet.
    Heard(usize),
    /// The client has been answered.
    Answered(usize),
    /// So many bytes of the client's have reached the server.
    Sent(usize),
    /// So many bytes of the server's have reached the client.
    Received(usize),
}

/// A line for one connection.
pub(crate) struct Line {
    near: TcpStream,
    far: TcpStream,
    when: When,
    then: Box<dyn FnMut() + Send>,
    sent: usize,
    received: usize,
    /// How many utterances of the client are complete.
    spoken: usize,
    /// What the client has said of the present one.
    tail: Vec<u8>,
}

impl Line {
    /// A line to the server on `port`, on which `then` happens: the port at this end, and what ends when
    /// the connection does.
    pub(crate) async fn to(
        port: u16,
        when: When,
        then: impl FnMut() + Send + 'static,
    ) -> (u16, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let then = Box::new(then);
        let mut work = JoinSet::new();
        work.spawn(async move {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            near.set_nodelay(true).unwrap();
            far.set_nodelay(true).unwrap();
            let (sent, received, spoken) = (0, 0, 0);
            let mut line = Self { near, far, when, then, sent, received, spoken, tail: Vec::new() };
            line.pass_on().await;
            // Heard out: it may still be busy with what it got.
            let _ = line.far.shutdown().await;
            let mut rest = Vec::new();
            let _ = line.far.read_to_end(&mut rest).await;
        });
        (own, work)
    }

    /// Passes bytes on both ways until one side hangs up or the moment has come.
    async fn pass_on(&mut self) {
        let (mut said, mut answered) = ([0; 4096], [0; 4096]);
        loop {
            tokio::select! {
                read = self.near.read(&mut said) => {
                    let Ok(read @ 1..) = read else { return };
                    if !self.say(&said[..read]).await { return }
                }
                read = self.far.read(&mut answered) => {
                    let Ok(read @ 1..) = read else { return };
                    if !self.answer(&answered[..read]).await { return }
                }
            }
        }
    }

    /// Whether it goes on behind what the client said.
    async fn say(&mut self, bytes: &[u8]) -> bool {
        let mut bytes = bytes;
        if let When::Sent(limit) = self.when {
            bytes = &bytes[..bytes.len().min(limit.saturating_sub(self.sent))];
        }
        self.tail.extend_from_slice(bytes);
        let is_message = self.spoken == BEFORE_THE_MESSAGE;
        let end: &[u8] = if is_message { b"\r\n.\r\n" } else { b"\r\n" };
        let is_complete = self.tail.ends_with(end);
        if is_complete {
            self.tail.clear();
            self.spoken += 1;
        }
        if is_complete && self.when == When::Said(self.spoken) {
            // Of a message, the server hears all but the last byte; of a command, nothing.
            if is_message {
                let _ = self.far.write_all(&bytes[..bytes.len() - 1]).await;
            }
            (self.then)();
            return false;
        }
        if self.far.write_all(bytes).await.is_err() {
            return false;
        }
        self.sent += bytes.len();
        let is_time = match self.when {
            When::Heard(utterance) => is_complete && utterance == self.spoken,
            When::Sent(limit) => self.sent >= limit,
            _ => false,
        };
        if is_time {
            (self.then)();
        }
        !is_time
    }

    /// Whether it goes on behind what the server answered.
    async fn answer(&mut self, bytes: &[u8]) -> bool {
        let mut bytes = bytes;
        if let When::Received(limit) = self.when {
            bytes = &bytes[..bytes.len().min(limit.saturating_sub(self.received))];
        }
        if self.near.write_all(bytes).await.is_err() {
            return false;
        }
        self.received += bytes.len();
        let is_time = match self.when {
            When::Answered(utterance) => utterance == self.spoken,
            When::Received(limit) => self.received >= limit,
            _ => false,
        };
        if is_time {
            (self.then)();
        }
        !is_time
    }
}
