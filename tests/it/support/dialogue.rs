//! A peer that knows no protocol: it says bytes and waits for lines, in the order of the script.

use std::collections::VecDeque;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

#[derive(Debug)]
enum Step {
    Says(Vec<u8>),
    Hears(String),
    HangsUp,
}

/// A script. `TAG` in what is said stands for the first word of the line heard last.
#[derive(Debug, Default)]
pub(crate) struct Dialogue {
    steps: VecDeque<Step>,
}

impl Dialogue {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A script that starts with a greeting.
    pub(crate) fn greeting() -> Self {
        Self::new().says("* OK ready\r\n")
    }

    #[must_use]
    pub(crate) fn says(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.steps.push_back(Step::Says(bytes.as_ref().to_vec()));
        self
    }

    /// Waits for a line that ends in `line`: with a tag in front, or without.
    #[must_use]
    pub(crate) fn hears(mut self, line: &str) -> Self {
        self.steps.push_back(Step::Hears(line.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn hangs_up(mut self) -> Self {
        self.steps.push_back(Step::HangsUp);
        self
    }

    /// The other end of the line. The script runs on the current `LocalSet` and then stays silent; a
    /// line other than the expected one panics there, which ends the connection.
    pub(crate) fn start(self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::task::spawn_local(self.play(theirs));
        ours
    }

    async fn play(mut self, stream: DuplexStream) {
        let mut stream = BufReader::new(stream);
        let mut tag = String::new();
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Says(bytes) => {
                    let bytes = replaced(&bytes, b"TAG", tag.as_bytes());
                    if stream.get_mut().write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Step::Hears(expected) => {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                        return;
                    }
                    let line = line.trim_end_matches("\r\n");
                    let tagged = line.split_once(' ').map_or("", |(_tag, rest)| rest);
                    assert!(
                        line == expected || tagged == expected,
                        "expected {expected:?}, heard {line:?}"
                    );
                    if tagged == expected {
                        tag = line.split(' ').next().unwrap_or_default().to_owned();
                    }
                }
                Step::HangsUp => return,
            }
        }
        std::future::pending::<()>().await;
    }
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(from) {
            result.extend_from_slice(to);
            rest = behind;
        } else {
            result.push(*first);
            rest = behind;
        }
    }
    result
}
