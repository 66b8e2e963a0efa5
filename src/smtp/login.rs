//! AUTH: PLAIN and LOGIN with a password, OAUTHBEARER and XOAUTH2 with a token (RFC 4954, 4616, 7628).
//!
//! Driven by ourselves: lettre takes the JSON by which a server refuses a token for a protocol
//! error, knows no OAUTHBEARER, and gives LOGIN up at an unusual prompt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Failure, Phase, SESSION_LIMIT, Session, SmtpError, Submission, unexpected};
use crate::lang::Words;
use crate::outbox::state::Reply;
use crate::say;
use crate::secret::Credential;

/// What a mechanism says, in order. Wiped when dropped; lettre's own copy on the way out is not.
type Lines = Vec<Zeroizing<String>>;

/// Logs in with the first mechanism that the credential fits and the server offers.
pub(super) async fn log_in(session: &mut Session, account: &Submission) -> Result<(), SmtpError> {
    let lines = lines(&session.features.mechanisms, account)?;
    let mut challenge = None;
    for line in lines {
        match session.command(SESSION_LIMIT, &line).await {
            Ok(reply) if reply.code == 235 => return Ok(()),
            Ok(reply) if reply.code == 334 => challenge = Some(reply),
            Ok(reply) => {
                return Err(SmtpError::Broken { phase: Phase::Login, words: unexpected(&reply) });
            }
            Err(failure) => return Err(refusal(failure, account, challenge.as_ref())),
        }
    }
    let words = Words::both(|lang| {
        say!(
            lang,
            "サーバーが、ログイン方法にない情報を求めました",
            "the server asks for more than the mechanism has"
        )
    });
    Err(SmtpError::Broken { phase: Phase::Login, words })
}

/// 5yz is a refused login; 4yz is a server that cannot tell now (454, RFC 4954 §6).
fn refusal(failure: Failure, account: &Submission, challenge: Option<&Reply>) -> SmtpError {
    let user = account.user.clone();
    match (failure, &account.credential) {
        (Failure::Negative(reply), Credential::Token(_)) if reply.code >= 500 => {
            // The challenge before the refusal has the reason, as JSON in base64.
            let reason = challenge.and_then(|reply| STANDARD.decode(&reply.text).ok());
            let reason = reason.and_then(|json| String::from_utf8(json).ok()).unwrap_or_default();
            SmtpError::TokenRefused { user, words: format!("{reply} {reason}").trim().to_owned() }
        }
        (Failure::Negative(reply), Credential::Password(_)) if reply.code >= 500 => {
            SmtpError::LoginRefused { user, reply }
        }
        (failure, _) => failure.of_session(Phase::Login),
    }
}

fn lines(offered: &[String], account: &Submission) -> Result<Lines, SmtpError> {
    let offers = |mechanism: &str| offered.iter().any(|it| it == mechanism);
    let none = |wanted| SmtpError::NoMechanism { wanted, offered: offered.join(" ") };
    let user = &account.user;
    Ok(match &account.credential {
        Credential::Password(password) if offers("PLAIN") => {
            vec![initial("PLAIN", &format!("\0{user}\0{}", password.expose()))]
        }
        Credential::Password(password) if offers("LOGIN") => {
            vec![line("AUTH LOGIN".to_owned()), answer(user), answer(password.expose())]
        }
        Credential::Password(_) => return Err(none("a password")),
        // A refused token is told by a challenge; \x01 (RFC 7628 §3.2.3) or nothing asks for the refusal.
        Credential::Token(token) if offers("OAUTHBEARER") => {
            let (host, port) = (&account.server.host, account.server.port);
            let escaped = user.replace('=', "=3D").replace(',', "=2C");
            let token = token.expose();
            let words = format!(
                "n,a={escaped},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"
            );
            vec![initial("OAUTHBEARER", &words), answer("\x01")]
        }
        Credential::Token(token) if offers("XOAUTH2") => {
            let words = format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose());
            vec![initial("XOAUTH2", &words), answer("")]
        }
        Credential::Token(_) => return Err(none("a token")),
    })
}

fn initial(mechanism: &str, words: &str) -> Zeroizing<String> {
    line(format!("AUTH {mechanism} {}", STANDARD.encode(words)))
}

fn answer(words: &str) -> Zeroizing<String> {
    line(STANDARD.encode(words))
}

fn line(mut words: String) -> Zeroizing<String> {
    words.push_str("\r\n");
    Zeroizing::new(words)
}
