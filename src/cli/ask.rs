//! Questions at a terminal, line by line: the same over ssh and in a log. Every question has a
//! default or a flag, so that nobody need be there to answer.

use std::io::{self, IsTerminal as _, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use super::text::wrap;
use super::{Console, Failure};
use crate::lang::Explanation;
use crate::say;
use crate::secret::Secret;

/// Exit status of a program that the user ended with Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Asks, or answers by itself where nobody is there.
pub(super) struct Asker<'a> {
    pub(super) console: &'a Console,
    pub(super) out: &'a mut dyn Write,
    /// Nobody answers: defaults are taken, and what has none is complained about.
    pub(super) alone: bool,
}

impl Asker<'_> {
    /// Prints a paragraph.
    pub(super) fn tell(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{}", wrap(text, self.console.columns))?;
        self.out.flush()?;
        Ok(())
    }

    /// A line of text. An empty one means the default.
    pub(super) async fn line(
        &mut self,
        question: &str,
        default: Option<&str>,
        flag: &str,
    ) -> Result<String, Failure> {
        if self.alone {
            return default.map(str::to_owned).ok_or_else(|| self.needed(flag));
        }
        loop {
            match default {
                Some(default) if !default.is_empty() => {
                    write!(self.out, "{question} [{default}]: ")?;
                }
                _ if question == ">" => write!(self.out, "> ")?,
                _ => write!(self.out, "{question}: ")?,
            }
            self.out.flush()?;
            let answer = self.read().await?;
            match (answer.trim(), default) {
                ("", Some(default)) => return Ok(default.to_owned()),
                ("", None) => {}
                (answer, _) => return Ok(answer.to_owned()),
            }
        }
    }

    /// Yes or no.
    pub(super) async fn yes(&mut self, question: &str, default: bool) -> Result<bool, Failure> {
        if self.alone {
            return Ok(default);
        }
        let choice = if default { "Y/n" } else { "y/N" };
        loop {
            write!(self.out, "{} [{choice}] ", wrap(question, self.console.columns))?;
            self.out.flush()?;
            match self.read().await?.trim().to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" | "はい" => return Ok(true),
                "n" | "no" | "いいえ" => return Ok(false),
                _ => {
                    let hint = say!(
                        self.console.lang,
                        "y（はい）か n（いいえ）でお答えください。",
                        "Please answer y or n."
                    );
                    self.tell(&hint)?;
                }
            }
        }
    }

    /// A text that is not shown while it is typed.
    pub(super) async fn secret(&mut self, question: &str, flag: &str) -> Result<Secret, Failure> {
        if self.alone {
            return Err(self.needed(flag));
        }
        loop {
            // Hidden before it is asked for: nothing of a quick answer may show.
            let hidden = Hidden::begin();
            write!(self.out, "{question}: ")?;
            self.out.flush()?;
            let answer = self.read().await;
            if hidden.is_some() {
                // The Enter was not shown either.
                writeln!(self.out)?;
            }
            drop(hidden);
            let answer = zeroize::Zeroizing::new(answer?);
            let typed = answer.trim_end_matches(['\r', '\n']);
            if !typed.is_empty() {
                return Ok(Secret::new(typed.to_owned()));
            }
        }
    }

    /// One line; the end of the input is the end of the questions.
    async fn read(&mut self) -> Result<String, Failure> {
        let (tell, told) = oneshot::channel();
        // A thread of its own: a blocked read must not keep Ctrl-C waiting.
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = io::stdin().read_line(&mut line);
            let _ = tell.send(read.map(|bytes| (bytes > 0).then_some(line)));
        });
        match told.await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Err(error)) => Err(error.into()),
            _ => Err(cancelled(self.console)),
        }
    }

    fn needed(&self, flag: &str) -> Failure {
        let lang = self.console.lang;
        let mut failure = Failure::because(
            Explanation::new(say!(
                lang,
                "{flag} が必要です（端末がなく、質問できないため）",
                "{flag} is needed, as there is no terminal to ask at"
            ))
            .hint(say!(
                lang,
                "端末で goen setup を実行するか、goen setup --help の指定を付けてください",
                "run `goen setup` in a terminal, or see the flags in `goen setup --help`"
            )),
        );
        failure.status = 2;
        failure
    }
}

/// The user left before the end.
pub(super) fn cancelled(console: &Console) -> Failure {
    let mut failure = Failure::because(Explanation::new(say!(
        console.lang,
        "中断しました。何も変えていません",
        "stopped; nothing was changed"
    )));
    failure.status = INTERRUPTED;
    failure
}

/// While it lives, the terminal does not show what is typed.
struct Hidden(Termios);

impl Hidden {
    /// Nothing where standard input is no terminal.
    fn begin() -> Option<Self> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &hidden).ok()?;
        Some(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
