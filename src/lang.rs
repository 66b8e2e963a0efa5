//! The two languages goen speaks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language of a mail, or of what goen says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 日本語
    Ja,
    /// English
    En,
}

impl Lang {
    /// The language of a POSIX locale name: Japanese for `ja…`, English for all others.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("ja") { Self::Ja } else { Self::En }
    }

    /// The ISO 639-1 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }
}

/// Words that are kept for later, when another language may be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Words {
    ja: String,
    en: String,
}

/// [`Words`] as they are stored: a server's own words are the same in both languages.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Same(String),
    Each { ja: String, en: String },
}

impl Words {
    /// What `say` says in each language.
    #[must_use]
    pub fn both(say: impl Fn(Lang) -> String) -> Self {
        Self { ja: say(Lang::Ja), en: say(Lang::En) }
    }

    /// The words in `lang`.
    #[must_use]
    pub fn told(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }

    /// Whether they are the same in both languages.
    #[must_use]
    pub fn are_the_same(&self) -> bool {
        self.ja == self.en
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Self::both(|_| text.to_owned())
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self { ja: text.clone(), en: text }
    }
}

impl From<Kept> for Words {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Same(text) => text.into(),
            Kept::Each { ja, en } => Self { ja, en },
        }
    }
}

impl From<Words> for Kept {
    fn from(words: Words) -> Self {
        if words.are_the_same() {
            Self::Same(words.en)
        } else {
            Self::Each { ja: words.ja, en: words.en }
        }
    }
}

/// In English, as in a log.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// Formats one sentence in the language asked for.
///
/// Both languages stand side by side, so neither can be forgotten:
/// `say!(lang, "{n} 件あります", "{n} mails")`. Arguments are captured inline or
/// given after the two texts, and both texts see the same ones.
#[macro_export]
macro_rules! say {
    ($lang:expr, $ja:literal, $en:literal $(, $($args:tt)*)?) => {
        match $lang {
            $crate::lang::Lang::Ja => format!($ja $(, $($args)*)?),
            $crate::lang::Lang::En => format!($en $(, $($args)*)?),
        }
    };
}

/// A sentence for the user about something that went wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was wanted and what came instead, ending in the server's own words where there are any.
    pub what: String,
    /// What the user can do: printed behind `hint: `.
    pub hint: Option<String>,
}

impl Explanation {
    /// An explanation without a hint.
    #[must_use]
    pub fn new(what: String) -> Self {
        Self { what, hint: None }
    }

    /// The same explanation with a hint.
    #[must_use]
    pub fn hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }
}

/// An error that can be told to the user in either language.
pub trait Explain {
    /// What happened and what to do, in `lang`.
    fn explain(&self, lang: Lang) -> Explanation;
}
