//! What mails are read with: one learned model for each language.

use std::borrow::Cow;

use super::model::{Model, ModelError};
use crate::lang::Lang;

/// The learned models.
#[derive(Debug)]
pub struct Rules {
    ja: Model,
    en: Model,
}

impl Rules {
    /// The rules that goen is built with.
    ///
    /// # Errors
    /// None in a released build: a test reads them.
    pub fn built_in() -> Result<Self, ModelError> {
        Self::read([
            Cow::Borrowed(include_bytes!("../../config/rules/ja.model")),
            Cow::Borrowed(include_bytes!("../../config/rules/en.model")),
        ])
    }

    /// Reads rules from the bytes of `ja.model` and `en.model`.
    ///
    /// # Errors
    /// A damaged model.
    pub fn read([ja, en]: [Cow<'static, [u8]>; 2]) -> Result<Self, ModelError> {
        Ok(Self { ja: Model::read(ja)?, en: Model::read(en)? })
    }

    /// What was learned for one language.
    pub(crate) const fn model(&self, lang: Lang) -> &Model {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }
}
