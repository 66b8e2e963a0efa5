//! Bounds what a server may make the parser do.
//!
//! The guard sits between TLS and async-imap's parser (imap-proto 0.17.0), which allocates for any
//! literal a server announces, takes quadratic time over a line that arrives in pieces, overflows
//! the stack on nested parentheses (djc/imap-proto#90), panics on some answers, and closes the session
//! for good on an answer it does not know. So the parser sees whole lines only, one response a read,
//! and only of the kinds that goen has a use for; everything else is dropped here.
//!
//! Because it holds back whatever follows the current response, it also tells whether a server
//! sent anything behind the answer to STARTTLS (see [`Guard::holds_more`]).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much a server may send at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one line, and in all lines of one response together.
    pub line: usize,
    /// Bytes in one literal (RFC 9051 §4.3), and in all literals of one response together.
    pub literal: u64,
    /// Literals in one response: the parser starts again from the front for each.
    pub literals: u32,
    /// Parentheses open at once.
    pub depth: u32,
}

impl Default for Limits {
    /// Far more than an honest answer to our own questions needs: we ask for 128 KiB at most.
    fn default() -> Self {
        // Depth 400 overflows a stack of 2 MiB; real structures stay under 20.
        Self { line: 1 << 20, literal: 8 << 20, literals: 256, depth: 50 }
    }
}

/// Bytes read from the peer at once.
const CHUNK: usize = 8 << 10;

/// What kind of response the current line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The next line starts a response.
    Fresh,
    /// Human-readable text up to the end of the line: status responses and continuations. A `{5}` at
    /// its end is text, not a literal.
    Text,
    /// Data with parentheses, strings and literals.
    Data,
    /// Of a kind we have no use for: not shown to the parser.
    Unwanted,
}

/// A stream of which a parser sees only what it can bear.
#[derive(Debug)]
pub struct Guard<S> {
    inner: S,
    limits: Limits,
    held: Vec<u8>,
    /// `held[start..ready]` may be handed over; what follows is not yet judged.
    start: usize,
    ready: usize,
    /// No line ends before this place.
    scanned: usize,
    kind: Kind,
    literal_left: u64,
    depth: u32,
    line_bytes: usize,
    literal_bytes: u64,
    literals: u32,
    /// LIST was asked for.
    lists: bool,
    /// NOTIFY was asked for.
    statuses: bool,
}

impl<S> Guard<S> {
    /// Guards `inner`.
    pub fn new(inner: S, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            held: Vec::new(),
            start: 0,
            ready: 0,
            scanned: 0,
            kind: Kind::Fresh,
            literal_left: 0,
            depth: 0,
            line_bytes: 0,
            literal_bytes: 0,
            literals: 0,
            lists: false,
            statuses: false,
        }
    }

    /// Says whether LIST was asked for. While it was not, a list of mailboxes is unwanted: there are
    /// forms of it that the parser does not know.
    pub fn expect_lists(&mut self, asked: bool) {
        self.lists = asked;
    }

    /// Says that NOTIFY was asked for: from here on the server tells of other mailboxes by STATUS.
    pub fn expect_statuses(&mut self) {
        self.statuses = true;
    }

    /// Whether bytes have arrived that were not handed over yet.
    #[must_use]
    pub fn holds_more(&self) -> bool {
        self.start < self.held.len()
    }

    /// The stream below. Bytes held back are lost.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Judges the next stretch of what is held; false if more must be read first.
    fn advance(&mut self) -> io::Result<bool> {
        if self.start == self.held.len() {
            self.held.clear();
            // A large message must not leave its buffer behind for the rest of the day.
            self.held.shrink_to(CHUNK);
            (self.start, self.ready, self.scanned) = (0, 0, 0);
        }
        if self.literal_left > 0 {
            let here = self.held.len() - self.start;
            let length = usize::try_from(self.literal_left).map_or(here, |left| left.min(here));
            self.literal_left -= length as u64;
            self.release(self.start + length);
            return Ok(length > 0);
        }
        let unscanned = self.held.get(self.scanned..).unwrap_or_default();
        let Some(offset) = unscanned.iter().position(|&byte| byte == b'\n') else {
            self.scanned = self.held.len();
            if self.line_bytes + self.scanned - self.start > self.limits.line {
                return Err(refused(format!("a line longer than {} bytes", self.limits.line)));
            }
            return Ok(false);
        };
        let end = self.scanned + offset + 1;
        self.line_bytes += end - self.start;
        if self.line_bytes > self.limits.line {
            return Err(refused(format!("a line longer than {} bytes", self.limits.line)));
        }
        let line = self.held.get_mut(self.start..end).unwrap_or_default();
        if self.kind == Kind::Fresh {
            self.kind = kind_of(line, self.lists, self.statuses);
        }
        let literal = if self.kind == Kind::Text {
            soften_text(line);
            None
        } else {
            soften_date(line);
            judge_data(line, &mut self.depth, self.limits.depth)?
        };
        if let Some(length) = literal {
            self.literals += 1;
            self.literal_bytes = self.literal_bytes.saturating_add(length);
            if self.literal_bytes > self.limits.literal || self.literals > self.limits.literals {
                return Err(refused(format!("{length} bytes of data that nobody asked for")));
            }
            self.literal_left = length;
        }
        self.release(end);
        if literal.is_none() {
            self.kind = Kind::Fresh;
            (self.depth, self.line_bytes, self.literal_bytes, self.literals) = (0, 0, 0, 0);
        }
        Ok(true)
    }

    /// Lets the parser have everything before `end`, or nobody if it is unwanted.
    fn release(&mut self, end: usize) {
        if self.kind == Kind::Unwanted {
            self.start = end;
        }
        self.ready = end;
        self.scanned = end;
    }
}

fn refused(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Sorts a response by its first words.
fn kind_of(line: &[u8], lists: bool, statuses: bool) -> Kind {
    let Some(rest) = line.strip_prefix(b"* ") else {
        // `+ …`, `A1 OK …`; an empty line is nobody's answer.
        return if line.trim_ascii().is_empty() { Kind::Unwanted } else { Kind::Text };
    };
    let mut words = rest.split(u8::is_ascii_whitespace);
    let first = words.next().unwrap_or_default();
    let is = |word: &[u8], known: &[&str]| {
        known.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
    };
    if is(first, &["OK", "NO", "BAD", "BYE", "PREAUTH"]) {
        return Kind::Text;
    }
    let numbered = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
    let keyword = if numbered { words.next().unwrap_or_default() } else { first };
    let wanted = if numbered {
        is(keyword, &["EXISTS", "EXPUNGE", "FETCH"])
    } else {
        is(keyword, &["CAPABILITY", "SEARCH"])
            || (lists && is(keyword, &["LIST"]))
            || (statuses && is(keyword, &["STATUS"]))
    };
    if wanted { Kind::Data } else { Kind::Unwanted }
}

/// Puts a space for an 8-bit byte right behind `]`: imap-proto 0.17.0 cuts the text behind a
/// response code at byte 1 and panics inside a character (`* OK [ALERT]日本`).
fn soften_text(line: &mut [u8]) {
    let mut previous = 0;
    for byte in line {
        if previous == b']' && !byte.is_ascii() {
            *byte = b' ';
        }
        previous = *byte;
    }
}

/// Makes `INTERNALDATE NIL` an unknown value: imap-proto 0.17.0 unwraps the date and panics.
fn soften_date(line: &mut [u8]) {
    const NIL_DATE: &[u8] = b"INTERNALDATE NIL";
    let at = |line: &[u8]| {
        line.windows(NIL_DATE.len()).position(|words| words.eq_ignore_ascii_case(NIL_DATE))
    };
    while let Some(start) = at(line) {
        if let Some(byte) = line.get_mut(start + NIL_DATE.len() - 3) {
            *byte = b'x';
        }
    }
}

/// Checks one line of data, and returns the length of the literal that it announces at its end.
///
/// A quotation mark or a literal in the middle of a word is refused: the parser would read it as
/// part of the word, and from there on take text for structure that was not counted here.
fn judge_data(line: &[u8], depth: &mut u32, deepest: u32) -> io::Result<Option<u64>> {
    let content = line.strip_suffix(b"\r\n").unwrap_or(line);
    let (mut quoted, mut escaped) = (false, false);
    let mut previous = b' ';
    let mut brace = None;
    for (place, &byte) in content.iter().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' if matches!(previous, b' ' | b'(') => quoted = true,
                b'"' => return Err(refused("a quotation mark inside a word".to_owned())),
                b'(' => *depth += 1,
                b')' => *depth = depth.saturating_sub(1),
                b'{' if matches!(previous, b' ' | b'(') => brace = Some(place + 1),
                _ => {}
            }
            if *depth > deepest {
                return Err(refused(format!("parentheses nested more than {deepest} deep")));
            }
        }
        previous = byte;
    }
    if quoted {
        return Err(refused("a quoted string without an end".to_owned()));
    }
    let digits = brace
        .and_then(|start| content.get(start..))
        .and_then(|rest| rest.strip_suffix(b"}"))
        .filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit));
    let Some(digits) = digits else { return Ok(None) };
    // Digits only, so what cannot be read is too large.
    let length = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    Ok(Some(length.unwrap_or(u64::MAX)))
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        loop {
            if let Some(ready) = me.held.get(me.start..me.ready).filter(|ready| !ready.is_empty()) {
                let length = ready.len().min(out.remaining());
                out.put_slice(ready.get(..length).unwrap_or_default());
                me.start += length;
                return Poll::Ready(Ok(()));
            }
            if me.advance()? {
                continue;
            }
            let mut chunk = [0; CHUNK];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut me.inner).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            me.held.extend_from_slice(chunk.filled());
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn passed(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut guard = Guard::new(bytes, Limits::default());
        let mut seen = Vec::new();
        guard.read_to_end(&mut seen).await.map(|_length| seen)
    }

    async fn refusal(bytes: &[u8]) -> String {
        passed(bytes).await.expect_err("must be refused").to_string()
    }

    #[tokio::test]
    async fn honest_answers_pass_unchanged() {
        for answer in [
            "* OK [UIDVALIDITY 3857529045] UIDs valid\r\n",
            "* 172 EXISTS\r\nA1 OK done\r\n",
            "* 1 FETCH (UID 1 BODY[] {9}\r\nabc\r\n\"((()\r\nA2 OK\r\n",
            "* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 1))\r\n",
            "+ idling\r\n",
            "* OK see {5}\r\n* OK [ALERT] next\r\n",
        ] {
            assert_eq!(passed(answer.as_bytes()).await.unwrap(), answer.as_bytes(), "{answer}");
        }
    }

    #[tokio::test]
    async fn answers_nobody_asked_for_never_reach_the_parser() {
        let answer = "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n\r\n* ESEARCH (TAG \"A\") UID ALL 1:3\r\n\
            * METADATA x {3}\r\nabc\r\n* ID (\"name\" {5}\r\nABCDE)\r\n* 3 EXISTS\r\n";
        assert_eq!(passed(answer.as_bytes()).await.unwrap(), b"* 3 EXISTS\r\n");
    }

    #[tokio::test]
    async fn mailboxes_are_listed_only_when_asked_for() {
        let answer = b"* LIST () \"/\" INBOX\r\n";
        assert_eq!(passed(answer).await.unwrap(), b"");
        let mut guard = Guard::new(&answer[..], Limits::default());
        guard.expect_lists(true);
        let mut seen = Vec::new();
        guard.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, answer);
    }

    #[tokio::test]
    async fn a_literal_too_large_is_refused_before_it_arrives() {
        for length in ["8388609", "4294967296", "99999999999999999999999"] {
            let words = refusal(format!("* 1 FETCH (BODY[] {{{length}}}\r\nabc").as_bytes()).await;
            assert!(words.contains("nobody asked for"), "{words}");
        }
    }

    #[tokio::test]
    async fn an_endless_line_is_refused() {
        let mut line = b"* OK ".to_vec();
        line.resize(2 << 20, b'a');
        assert!(refusal(&line).await.contains("line longer"));
    }

    #[tokio::test]
    async fn nesting_is_refused_also_across_literals() {
        let mut flat = b"* 1 FETCH (BODYSTRUCTURE ".to_vec();
        flat.extend([b'('; 51]);
        flat.extend(b"\r\n");
        assert!(refusal(&flat).await.contains("nested"));

        let mut split = b"* 1 FETCH (BODYSTRUCTURE ".to_vec();
        split.extend([b'('; 30]);
        split.extend(b" {3}\r\nabc ");
        split.extend([b'('; 30]);
        split.extend(b"\r\n");
        assert!(refusal(&split).await.contains("nested"));
    }

    #[tokio::test]
    async fn quotes_that_would_hide_structure_are_refused() {
        assert!(refusal(b"* 1 FETCH (X a\" BODYSTRUCTURE ((((\r\n").await.contains("quotation"));
        assert!(refusal(b"* 1 FETCH (X \"abc\r\n").await.contains("without an end"));
    }

    #[tokio::test]
    async fn a_wide_character_behind_a_code_and_a_missing_date_are_softened() {
        let alert = passed("* OK [ALERT]日本\r\n".as_bytes()).await.unwrap();
        assert!(alert.starts_with(b"* OK [ALERT] "));
        let date = passed(b"* 1 FETCH (InternalDate nil UID 4)\r\n").await.unwrap();
        assert_eq!(date, b"* 1 FETCH (InternalDate xil UID 4)\r\n");
    }

    #[tokio::test]
    async fn one_response_is_handed_over_at_a_time() {
        let mut guard =
            Guard::new(&b"A1 OK begin TLS\r\nA2 OK injected\r\n"[..], Limits::default());
        let mut seen = [0; 1024];
        let length = guard.read(&mut seen).await.unwrap();
        assert_eq!(&seen[..length], b"A1 OK begin TLS\r\n");
        assert!(guard.holds_more());
    }

    /// What passes when the bytes arrive `step` at a time.
    async fn passed_in_steps(bytes: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let (ours, mut theirs) = tokio::io::duplex(step);
        let mut guard = Guard::new(ours, Limits::default());
        let mut seen = Vec::new();
        let send = async {
            // Fails when the guard has had enough.
            let _ = theirs.write_all(bytes).await;
            drop(theirs);
        };
        let receive = async {
            let ended = guard.read_to_end(&mut seen).await;
            drop(guard);
            ended
        };
        let ((), ended) = tokio::join!(send, receive);
        ended.map(|_length| seen)
    }

    fn response() -> impl Strategy<Value = Vec<u8>> {
        let word = prop::sample::select(vec![
            "* ",
            "1 ",
            "FETCH ",
            "OK ",
            "[ALERT]",
            "日",
            "(",
            ")",
            "\"",
            "{3}\r\n",
            "{3}",
            "abc",
            " ",
            "\r\n",
            "INTERNALDATE NIL",
            "SEARCH 1",
            "A1 ",
            "+ ",
            "NAMESPACE ",
            "\\",
            "\n",
        ]);
        prop::collection::vec(word, 0..40).prop_map(|words| words.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_in_which_pieces_bytes_arrive(bytes in response(), step in 1_usize..9) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let at_once = runtime.block_on(passed(&bytes)).map_err(|error| error.to_string());
            let in_steps = runtime.block_on(passed_in_steps(&bytes, step));
            prop_assert_eq!(at_once, in_steps.map_err(|error| error.to_string()));
        }
    }
}
