//! The stream under lettre's connection: it hears what lettre does not tell.
//!
//! SMTP without pipelining is a dialogue, and the wire keeps it one: each answer is handed over
//! whole and alone, and whatever the server says out of turn fails the next write. Otherwise an
//! answer sent too early would be taken for the answer to a later command, and `250` for a message
//! that the server has not seen. Line ends and charset are put into the form that lettre reads
//! (a bare LF, `250` without text or a word in Shift JIS would make an accepted message look lost),
//! lengths are limited, and it is known whether the end of the message can have left.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use crate::lang::{Lang, Words};
use crate::outbox::state::Reply;
use crate::say;

/// Longest line of an answer. RFC 5321 §4.5.3.1.5 says 512; real ones exceed it.
const LINE_MAX_BYTES: usize = 4096;

/// Longest answer, all lines together.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// What ends a message (RFC 5321 §4.1.1.4).
const END_OF_MESSAGE: &[u8] = b"\r\n.\r\n";

/// What a server does that is no answer. The stream's errors carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It hung up.
    Closed,
    /// It hung up in the middle of an answer.
    ClosedInAnswer,
    /// It spoke when it was our turn.
    OutOfTurn(String),
    /// Its answer does not end.
    TooLong,
}

impl Fault {
    fn told(&self, lang: Lang) -> String {
        match self {
            Self::Closed => {
                say!(lang, "サーバーが接続を切りました", "the server closed the connection")
            }
            Self::ClosedInAnswer => say!(
                lang,
                "サーバーが応答の途中で接続を切りました",
                "the server closed the connection in the middle of its answer"
            ),
            Self::OutOfTurn(words) => say!(
                lang,
                "サーバーが予期しないときに応答しました：{words}",
                "the server spoke out of turn: {words}"
            ),
            Self::TooLong => {
                say!(lang, "サーバーの応答が長すぎます", "the server's answer is too long")
            }
        }
    }

    fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Lang::En))
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            Fault::Closed | Fault::ClosedInAnswer => io::ErrorKind::UnexpectedEof,
            Fault::OutOfTurn(_) | Fault::TooLong => io::ErrorKind::InvalidData,
        };
        Self::new(kind, fault)
    }
}

/// What to tell of an error of the stream's.
pub(super) fn words(error: &io::Error) -> Words {
    let system = |lang| say!(lang, "接続が切れました（{error}）", "{error}");
    Words::both(|lang| Fault::of(error).map_or_else(|| system(lang), |fault| fault.told(lang)))
}

/// What has been seen on a [`Wire`]; shared with whoever drives the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    /// The last complete answer, lines ended by CRLF.
    answer: Vec<u8>,
    /// How much of [`END_OF_MESSAGE`] the bytes that left last match.
    end_matched: usize,
    end_left: bool,
}

impl Seen {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last complete answer, lines ended by CRLF; empty while one is awaited.
    pub(super) fn answer(&self) -> String {
        String::from_utf8_lossy(&self.record().answer).into_owned()
    }

    /// Whether the stream has taken CRLF, dot, CRLF: from then on the server may have the message.
    pub(super) fn end_of_message_left(&self) -> bool {
        self.record().end_left
    }
}

impl Record {
    fn left(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // The first byte of the pattern stands in it twice, so a mismatch can be its restart.
            self.end_matched = match END_OF_MESSAGE.get(self.end_matched) {
                Some(wanted) if wanted == byte => self.end_matched + 1,
                _ if *byte == b'\r' => 1,
                _ => 0,
            };
            if self.end_matched == END_OF_MESSAGE.len() {
                self.end_left = true;
                self.end_matched = 2;
            }
        }
    }
}

/// A stream to an SMTP server on which both sides speak in turn.
pub(super) struct Wire<S> {
    stream: S,
    seen: Seen,
    /// Bytes received and not yet looked at.
    received: Vec<u8>,
    /// The answer being received, in lettre's form.
    answer: Vec<u8>,
    /// What of a complete answer the reader has yet to take.
    unread: Vec<u8>,
    /// An answer is complete, and nothing was said since.
    our_turn: bool,
}

impl<S> fmt::Debug for Wire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A wire whose server speaks first.
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            seen: Seen::default(),
            received: Vec::new(),
            answer: Vec::new(),
            unread: Vec::new(),
            our_turn: false,
        }
    }

    /// What has been seen, for later.
    pub(super) fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// Lets the next read give `answer` again, as if the server said it just now.
    pub(super) fn say_again(&mut self, answer: &str) {
        self.unread = answer.as_bytes().to_vec();
        self.our_turn = true;
    }

    /// The next answer of the server, whatever its code.
    pub(super) async fn answer(&mut self) -> io::Result<String> {
        std::future::poll_fn(|context| self.poll_answer(context)).await?;
        self.unread.clear();
        Ok(self.seen.answer())
    }

    /// Says `line` and gives the server's answer.
    pub(super) async fn ask(&mut self, line: &str) -> io::Result<String> {
        self.write_all(line.as_bytes()).await?;
        self.flush().await?;
        self.answer().await
    }

    /// The stream below, if nothing was received beyond the last answer. After STARTTLS such
    /// bytes came in the clear, from whoever sits between; read later, they would pass for
    /// answers that TLS protects (response injection).
    pub(super) fn into_inner(self) -> io::Result<S> {
        if self.received.is_empty() { Ok(self.stream) } else { Err(self.out_of_turn()) }
    }

    fn out_of_turn(&self) -> io::Error {
        let words = String::from_utf8_lossy(&self.received);
        let words: String = words.chars().take_while(|c| !c.is_control()).take(200).collect();
        Fault::OutOfTurn(words).into()
    }

    /// Ready when a complete answer is in `unread`, or at the end of the stream.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                if self.take_line(&line) {
                    return Poll::Ready(Ok(()));
                }
            }
            if self.received.len() > LINE_MAX_BYTES || self.answer.len() > ANSWER_MAX_BYTES {
                return Poll::Ready(Err(Fault::TooLong.into()));
            }
            if ready!(self.poll_receive(context))? == 0 {
                let silent = self.received.is_empty() && self.answer.is_empty();
                let fault = if silent { Fault::Closed } else { Fault::ClosedInAnswer };
                return Poll::Ready(Err(fault.into()));
            }
        }
    }

    /// Takes one line of an answer; true if it was the last one.
    fn take_line(&mut self, line: &[u8]) -> bool {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        self.answer.extend_from_slice(line.as_bytes());
        if line.len() == 3 {
            self.answer.push(b' ');
        }
        self.answer.extend_from_slice(b"\r\n");
        if line.as_bytes().get(3) == Some(&b'-') {
            return false;
        }
        self.unread = std::mem::take(&mut self.answer);
        self.seen.record().answer.clone_from(&self.unread);
        self.our_turn = true;
        true
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [0; 4096];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        self.received.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if wire.unread.is_empty() {
            ready!(wire.poll_answer(context))?;
        }
        let taken = wire.unread.len().min(buffer.remaining());
        for byte in wire.unread.drain(..taken) {
            buffer.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        // While we speak, the server has to be silent: also in the middle of a message.
        match wire.poll_receive(context) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(Fault::Closed.into())),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(_)) | Poll::Pending => {}
        }
        if !wire.received.is_empty() {
            return Poll::Ready(Err(wire.out_of_turn()));
        }
        let taken = ready!(Pin::new(&mut wire.stream).poll_write(context, bytes))?;
        let mut record = wire.seen.record();
        record.left(bytes.get(..taken).unwrap_or(bytes));
        if std::mem::take(&mut wire.our_turn) {
            record.answer.clear();
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> AsyncTokioStream for Wire<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// An answer as a [`Reply`]: its code, which all its lines must have, and its lines joined by spaces.
pub(super) fn reply(answer: &str) -> Option<Reply> {
    let digits = answer.get(..3)?;
    let code = digits.parse().ok().filter(|code| (200..600).contains(code))?;
    if !answer.lines().all(|line| line.starts_with(digits)) {
        return None;
    }
    let lines = answer.lines().map(|line| line.get(4..).unwrap_or("").trim());
    let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    Some(Reply { code, text })
}
