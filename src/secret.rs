//! Passwords and tokens: where they come from, and how they are kept from being printed.

use std::fmt;

use zeroize::Zeroizing;

/// A text that is never printed, logged or serialised, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one place that hands it to a server.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a server accepts as proof of who the user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// For PLAIN or LOGIN.
    Password(Secret),
    /// An OAuth 2.0 access token, for OAUTHBEARER or XOAUTH2.
    Token(Secret),
}
