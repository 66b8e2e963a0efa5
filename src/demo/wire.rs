//! Lines and counted bytes from a client, with a bound on each; and base64.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// Longest line we take, CRLF included: 64 KiB, well above what RFC 7162 §4 asks of IMAP servers (8 KiB).
const LINE_MAX_BYTES: usize = 64 * 1024;

/// Most bytes that a client may announce: 32 MiB, more than a mail provider would take.
pub(super) const COUNTED_MAX_BYTES: usize = 32 * 1024 * 1024;

/// One client's connection.
pub(super) struct Wire<S> {
    stream: BufReader<S>,
    /// What has come of the present line.
    pending: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream), pending: Vec::new() }
    }

    /// The next line without its CRLF; `None` when the client has gone.
    ///
    /// A lone LF ends no line (RFC 5321 §2.3.8), so what is stored is what was sent. May be
    /// dropped at any await: what came of the line is kept for the next call.
    pub(super) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let room = LINE_MAX_BYTES.saturating_sub(self.pending.len());
            let limit = u64::try_from(room).unwrap_or(u64::MAX);
            let came = (&mut self.stream).take(limit).read_until(b'\n', &mut self.pending).await?;
            if let Some(line) = self.pending.strip_suffix(b"\r\n") {
                let line = line.to_vec();
                self.pending.clear();
                return Ok(Some(line));
            }
            if room == 0 {
                return Err(too_long());
            }
            if came == 0 {
                return Ok(None);
            }
        }
    }

    /// The next `count` bytes.
    pub(super) async fn counted(&mut self, count: usize) -> io::Result<Vec<u8>> {
        if count > COUNTED_MAX_BYTES {
            return Err(too_long());
        }
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// Sends `bytes` now.
    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Ends the connection properly (TLS `close_notify`), so the client sees no truncation.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the client sent more than the demo takes")
}

/// The text that `encoded` holds.
pub(super) fn from_base64(encoded: &str) -> Option<String> {
    STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

/// `text` as an encoded word (RFC 2047) if it needs to be one.
pub(super) fn encoded_word(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        text.to_owned()
    } else {
        format!("=?UTF-8?B?{}?=", STANDARD.encode(text))
    }
}
