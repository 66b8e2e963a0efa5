//! Logging in.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::answer::presentable;
use super::{Answer, Ending, STEP_LIMIT, Session, SessionError, Wire, Words, is_busy, quoted};
use crate::secret::Credential;

/// A line of a SASL exchange, wiped when dropped.
type Line = Zeroizing<String>;

impl<S: Wire> Session<S> {
    /// Logs in, and says who we are where the server wants to know: some open no mailbox before
    /// that (chatmail/core#3458).
    pub async fn log_in(
        &mut self,
        user: &str,
        credential: &Credential,
    ) -> Result<(), SessionError> {
        let offered = self.capabilities().await?.to_vec();
        let offers = |name: &str| offered.iter().any(|capability| capability == name);
        // A login changes what a server offers, and most say so unasked.
        self.capabilities = None;
        match credential {
            Credential::Password(password) => {
                let password = password.expose();
                if offers("AUTH=PLAIN") {
                    let line = encoded(&format!("\0{user}\0{password}"));
                    self.authenticate("PLAIN", [line], true, user, &offered).await?;
                } else if !offers("LOGINDISABLED") {
                    self.login(user, password).await?;
                } else if offers("AUTH=LOGIN") {
                    let lines = [encoded(user), encoded(password)];
                    self.authenticate("LOGIN", lines, false, user, &offered).await?;
                } else {
                    return Err(no_login("password", &offered));
                }
            }
            Credential::Token(token) => {
                let token = token.expose();
                if offers("AUTH=OAUTHBEARER") {
                    // RFC 7628 §3.1; the name is a `saslname` (RFC 5801 §4).
                    let name = user.replace('=', "=3D").replace(',', "=2C");
                    let line = encoded(&format!("n,a={name},\x01auth=Bearer {token}\x01\x01"));
                    self.authenticate("OAUTHBEARER", [line], true, user, &offered).await?;
                } else if offers("AUTH=XOAUTH2") {
                    let line = encoded(&format!("user={user}\x01auth=Bearer {token}\x01\x01"));
                    self.authenticate("XOAUTH2", [line], true, user, &offered).await?;
                } else {
                    return Err(no_login("token", &offered));
                }
            }
        }
        if self.offers("ID").await? {
            let command =
                concat!("ID (\"name\" \"goen\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")");
            self.exec(command, |_answer| {}).await?;
        }
        Ok(())
    }

    /// The LOGIN command. A password outside ASCII goes as a quoted string in UTF-8, which servers
    /// take though RFC 3501 does not say so (Dovecot 2.3 does).
    async fn login(&mut self, user: &str, password: &str) -> Result<(), SessionError> {
        let command = Line::new(format!("LOGIN {} {}", quoted(user), quoted(password)));
        match self.exec(&command, |_answer| {}).await {
            Err(SessionError::No { words, .. }) => Err(refused(user, "password", words, None)),
            ended => ended.map(|_words| ()),
        }
    }

    /// A SASL exchange (RFC 9051 §6.2.2) in which we know all our lines beforehand.
    async fn authenticate<const N: usize>(
        &mut self,
        mechanism: &str,
        lines: [Line; N],
        speaks_first: bool,
        user: &str,
        offered: &[String],
    ) -> Result<(), SessionError> {
        let mut lines = VecDeque::from(lines);
        let mut command = Line::new(format!("AUTHENTICATE {mechanism}"));
        let initial = speaks_first && offered.iter().any(|capability| capability == "SASL-IR");
        if let Some(line) = lines.pop_front_if(|_line| initial) {
            command.push(' ');
            command.push_str(&line);
        }
        let tags = self.send(std::slice::from_ref(&*command)).await?;
        self.doing = format!("AUTHENTICATE {mechanism}");
        let mut challenge = None;
        loop {
            match self.answer(STEP_LIMIT).await? {
                Answer::Continue(text) => {
                    let line = lines.pop_front().unwrap_or_else(|| {
                        // A refused token: the reason comes as a challenge, and only after our
                        // answer, which has no content, does the server say NO.
                        challenge = Some(decoded(&text));
                        Line::new(
                            match mechanism {
                                "XOAUTH2" => "",
                                "OAUTHBEARER" => "AQ==",
                                _ => "*",
                            }
                            .to_owned(),
                        )
                    });
                    let line = Line::new(format!("{}\r\n", *line));
                    self.write(line.as_bytes()).await?;
                }
                Answer::Done { tag, ok, words } if tags.contains(&tag) => {
                    return match ok {
                        Ending::Ok => Ok(()),
                        Ending::No => Err(refused(user, with(mechanism), words, challenge)),
                        Ending::Bad => Err(SessionError::Protocol(format!(
                            "it does not understand AUTHENTICATE {mechanism}: {words}"
                        ))),
                    };
                }
                Answer::Done { .. } => {
                    let words = "it ended a command that was not given".to_owned();
                    return Err(SessionError::Protocol(words));
                }
                _ => {}
            }
        }
    }
}

fn encoded(line: &str) -> Line {
    Line::new(STANDARD.encode(line))
}

/// What a challenge says, on one line: JSON for tokens (RFC 7628 §3.2.2).
fn decoded(challenge: &str) -> String {
    let bytes = STANDARD.decode(challenge.trim()).unwrap_or_default();
    presentable(&String::from_utf8_lossy(&bytes))
}

/// What a mechanism takes.
fn with(mechanism: &str) -> &'static str {
    if matches!(mechanism, "XOAUTH2" | "OAUTHBEARER") { "token" } else { "password" }
}

fn refused(
    user: &str,
    with: &'static str,
    mut words: Words,
    challenge: Option<String>,
) -> SessionError {
    if let Some(challenge) = challenge.filter(|challenge| !challenge.is_empty()) {
        words.text = format!("{} {challenge}", words.text);
    }
    if is_busy(&words) {
        SessionError::Busy(words)
    } else {
        SessionError::Refused { user: user.to_owned(), with, words }
    }
}

fn no_login(with: &'static str, offered: &[String]) -> SessionError {
    let ways: Vec<&str> =
        offered.iter().filter_map(|capability| capability.strip_prefix("AUTH=")).collect();
    let offered = if ways.is_empty() { "-".to_owned() } else { ways.join(", ") };
    SessionError::NoLogin { with, offered }
}
