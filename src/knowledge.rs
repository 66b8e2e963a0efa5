//! What goen knows as data: rules, guidance, reply templates, holidays. Built in; a file of the
//! user's own in the settings folder (`guidance/ja/declined.toml`, `replies/en/thanks.txt`,
//! `holidays/jp.toml`) takes the place of the built-in one.

use std::path::{Path, PathBuf};

use crate::classify::{ModelError, Rules};
use crate::guide::{Guidance, GuidanceError, GuidanceFile};
use crate::lang::{Explain, Explanation, Lang};
use crate::outbox::when::holidays::{Calendar, CalendarError};
use crate::reply::Kind;
use crate::reply::template::{TemplateError, TemplateFile, Templates};
use crate::say;

/// Rules, guidance and templates, checked.
#[derive(Debug)]
pub struct Knowledge {
    /// How mails are recognised.
    pub rules: Rules,
    /// What is said about a verdict.
    pub guidance: Guidance,
    /// How replies begin.
    pub templates: Templates,
    /// On which days nobody is at work.
    pub calendar: Calendar,
}

/// Which of the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The rules.
    #[error(transparent)]
    Rules(#[from] ModelError),
    /// A guidance file.
    #[error(transparent)]
    Guidance(#[from] GuidanceError),
    /// A reply template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The holidays.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

impl Explain for KnowledgeError {
    fn explain(&self, lang: Lang) -> Explanation {
        Explanation::new(say!(
            lang,
            "設定フォルダーのファイルを使えません：{self}",
            "a file in the settings folder cannot be used: {self}"
        ))
        .hint(say!(
            lang,
            "直すか、ファイルを別の名前にすると、もとから入っている文面に戻ります",
            "fix it, or rename it to go back to the built-in words"
        ))
    }
}

impl Knowledge {
    /// The built-in knowledge, with the user's own files from `folder` (the settings folder).
    pub fn load(folder: &Path) -> Result<Self, KnowledgeError> {
        let mut guidance = Vec::new();
        let mut replies = Vec::new();
        for lang in [Lang::Ja, Lang::En] {
            for (name, text) in files(&folder.join("guidance").join(lang.code()), "toml")? {
                guidance.push(GuidanceFile { lang, name, text });
            }
            for (name, text) in files(&folder.join("replies").join(lang.code()), "txt")? {
                if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) {
                    replies.push(TemplateFile { lang, kind, text });
                }
            }
        }
        Ok(Self {
            calendar: calendar(folder)?,
            rules: Rules::built_in()?,
            guidance: Guidance::load(&guidance)?,
            templates: Templates::load(&replies)?,
        })
    }
}

/// Files of the user's own in the folders of reply templates whose names mean nothing: a slip in the
/// name would go unnoticed, and the built-in words would leave.
#[must_use]
pub fn unused_templates(folder: &Path) -> Vec<PathBuf> {
    let replies = folder.join("replies");
    let is_used = |path: &Path| {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_text = path.extension().is_some_and(|extension| extension == "txt");
        is_text && Kind::ALL.into_iter().any(|kind| kind.name() == name)
    };
    let mut unused = Vec::new();
    for entry in std::fs::read_dir(&replies).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_lang = ["ja", "en"].iter().any(|lang| path == replies.join(lang));
        if !is_lang {
            unused.push(path);
            continue;
        }
        let files = std::fs::read_dir(path).into_iter().flatten().flatten();
        unused.extend(files.map(|file| file.path()).filter(|path| !is_used(path)));
    }
    unused.sort();
    unused
}

/// The holidays alone.
pub fn calendar(folder: &Path) -> Result<Calendar, KnowledgeError> {
    let holidays = files(&folder.join("holidays"), "toml")?;
    let own = holidays.iter().find(|(name, _)| name == "jp");
    Ok(own.map_or_else(Calendar::built_in, |(_, text)| Calendar::read(text))?)
}

/// Names (without extension) and texts of the files in `folder`; nothing if there is no such folder.
fn files(folder: &Path, extension: &str) -> Result<Vec<(String, String)>, KnowledgeError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|own| own != extension) {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)
            .map_err(|source| KnowledgeError::Unreadable { path: path.clone(), source })?;
        found.push((name, text));
    }
    found.sort();
    Ok(found)
}
