//! A text in the user's own editor.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::Failure;
use crate::lang::{Explanation, Lang};
use crate::{config, say};

/// What the user saved. Its file is gone with it, unless it is kept.
pub(super) struct Edited {
    pub(super) text: String,
    folder: TempDir,
    path: PathBuf,
}

impl Edited {
    /// Leaves the file where it is, for a text that could not be taken: nobody is to write it twice.
    pub(super) fn kept(self) -> PathBuf {
        let _ = self.folder.keep();
        self.path
    }
}

/// Opens `text` in the user's editor under `name`, and gives what was saved; nothing if the editor
/// said that it failed.
pub(super) fn text(text: &str, name: &str, lang: Lang) -> Result<Option<Edited>, Failure> {
    // In the user's runtime folder or /tmp, readable by the user alone.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    std::fs::write(&path, text)?;
    let editor = config::editor();
    let (program, arguments) =
        editor.split_first().ok_or_else(|| Failure::because(Explanation::new(String::new())))?;
    let status = Command::new(program).args(arguments).arg(&path).status().map_err(|error| {
        Failure::because(
            Explanation::new(say!(
                lang,
                "エディター {program} を開けません：{error}",
                "the editor {program} cannot be started: {error}"
            ))
            .hint(say!(
                lang,
                "環境変数 EDITOR を設定してください",
                "set EDITOR in your environment"
            )),
        )
    })?;
    if !status.success() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path)?;
    Ok(Some(Edited { text, folder, path }))
}
