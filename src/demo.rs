//! The whole main job on this machine, against embedded loopback servers.

pub mod imap;
pub mod inbox;
pub mod smtp;
pub mod tls;
mod wire;

use crate::secret::Secret;

/// The one user that the embedded servers know.
#[derive(Debug, Clone)]
pub struct Login {
    /// The login name: the user's address.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Login {
    /// Whether these are the user's name and password.
    fn is(&self, user: &str, password: &str) -> bool {
        self.user == user && self.password.expose() == password
    }

    /// Whether this is the user's answer to AUTH PLAIN (RFC 4616), in base64.
    fn is_plain(&self, answer: &str) -> bool {
        let Some(answer) = wire::from_base64(answer) else { return false };
        let mut fields = answer.split('\0');
        let (_authorize_as, user, password) = (fields.next(), fields.next(), fields.next());
        fields.next().is_none()
            && user.zip(password).is_some_and(|(user, password)| self.is(user, password))
    }
}
