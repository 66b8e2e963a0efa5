//! `goen service`: the systemd user service, for people who would rather not know its names.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::{Console, Failure};
use crate::config::{Config, Paths, UserFolders};
use crate::lang::{Explain, Explanation, Lang};
use crate::say;
use crate::service::{self, Installed, Sandbox, ServiceError, Session, State};

#[derive(Debug, Subcommand)]
pub(super) enum ServiceCommand {
    /// Install, enable and start the service (restarts it if it runs)
    Install(InstallArguments),
    /// Stop and remove the service; settings, records and passwords stay
    Uninstall,
    /// Whether the service runs, and what holds it in
    Status(StatusArguments),
    /// What the service wrote to the journal
    Logs(LogsArguments),
}

#[derive(Debug, Args)]
pub(super) struct InstallArguments {
    /// What starts it: graphical (the desktop), any (every login), or auto (goen finds out)
    #[arg(long, value_enum, default_value_t = Wanted::Auto)]
    session: Wanted,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Wanted {
    Auto,
    Graphical,
    Any,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct LogsArguments {
    /// Keep printing new lines
    #[arg(long, short)]
    follow: bool,
    /// How many lines to begin with
    #[arg(long, short = 'n', default_value_t = 50)]
    lines: u32,
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::new(error)
    }
}

pub(super) fn service(
    command: &ServiceCommand,
    paths: &Paths,
    console: &Console,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    match command {
        ServiceCommand::Install(arguments) => {
            // Said here, where somebody reads it, and not in a journal.
            Config::load(&paths.config)?;
            let session = match arguments.session {
                Wanted::Auto => None,
                Wanted::Graphical => Some(Session::Graphical),
                Wanted::Any => Some(Session::Any),
            };
            let installed = service::install(paths, &UserFolders::from_env()?, session)?;
            tell_installed(&installed, console.lang, out)?;
            Ok(ExitCode::SUCCESS)
        }
        ServiceCommand::Uninstall => uninstall(paths, console, out),
        ServiceCommand::Status(arguments) => status(arguments, console, out),
        ServiceCommand::Logs(arguments) => logs(arguments),
    }
}

/// Says what was installed.
pub(crate) fn tell_installed(
    installed: &Installed,
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for path in &installed.written {
        writeln!(
            out,
            "{}",
            say!(lang, "書きました：{path}", "wrote {path}", path = path.display())
        )?;
    }
    if let Some(path) = &installed.set_aside {
        writeln!(
            out,
            "{}",
            say!(
                lang,
                "以前のユニットは {path} に移しました",
                "your earlier unit is now {path}",
                path = path.display()
            )
        )?;
    }
    if !installed.sandboxed {
        writeln!(
            out,
            "{}",
            say!(
                lang,
                "このシステムではユーザー名前空間が使えないため、保護の一部（システムコールの制限など）だけで動かします",
                "this system forbids user namespaces: only a part of the protection (system calls and the like) is in force"
            )
        )?;
    }
    let when = match installed.session {
        Session::Graphical => {
            say!(
                lang,
                "デスクトップにログインしている間",
                "while you are logged in to your desktop"
            )
        }
        Session::Any => say!(lang, "ログインしている間", "while you are logged in"),
    };
    writeln!(
        out,
        "{}",
        say!(
            lang,
            "goen が動き始めました。{when}、見守ります。様子は goen status で見られます",
            "goen is running, from now on {when}; `goen status` shows how it is doing"
        )
    )?;
    Ok(())
}

fn uninstall(paths: &Paths, console: &Console, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    for path in service::uninstall(&UserFolders::from_env()?)? {
        let path = path.display();
        writeln!(out, "{}", say!(lang, "取り除きました：{path}", "removed {path}"))?;
    }
    let (config, state) = (paths.config.display(), paths.state.display());
    writeln!(
        out,
        "{}",
        say!(
            lang,
            "goen は止まり、もう自動では始まりません。設定（{config}）と記録（{state}）は残してあります",
            "goen was stopped and will not start by itself. Settings ({config}) and records ({state}) are still there"
        )
    )?;
    Ok(ExitCode::SUCCESS)
}

fn status(
    arguments: &StatusArguments,
    console: &Console,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let state = service::state()?;
    let status = if state.is_running() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if arguments.json {
        let json = serde_json::to_string(&state).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
        return Ok(status);
    }
    let Some(unit) = &state.unit else { return Err(ServiceError::NotInstalled.into()) };
    writeln!(out, "{}", console.style.bold(&summary(&state, lang)))?;
    if !state.status.is_empty() && state.is_running() {
        writeln!(out, "  {}", state.status)?;
    }
    if state.restarts > 0 {
        let times = state.restarts;
        writeln!(
            out,
            "  {}",
            say!(lang, "自動で再起動した回数：{times}", "restarted by itself: {times} time(s)")
        )?;
    }
    for path in std::iter::once(unit).chain(&state.drop_ins) {
        writeln!(out, "  {}", console.style.dim(&path.display().to_string()))?;
    }
    if let Some(sandbox) = &state.sandbox {
        writeln!(out, "  {}", protection(*sandbox, lang))?;
    }
    Ok(status)
}

/// How the service is doing, in a sentence.
fn summary(state: &State, lang: Lang) -> String {
    let since = &state.since;
    let how = match (state.active.as_str(), state.sub.as_str()) {
        ("active", _) => say!(lang, "動いています（{since} から）", "running since {since}"),
        ("activating", "auto-restart") => {
            let result = &state.result;
            say!(
                lang,
                "止まったので、まもなく再起動します（{result}）",
                "it stopped ({result}) and is about to restart"
            )
        }
        ("activating", _) => say!(lang, "起動しています", "starting"),
        ("failed", _) if state.exit_status == "78" => say!(
            lang,
            "設定に誤りがあるため止まっています（goen config check で確かめられます）",
            "stopped: the settings cannot be used (see `goen config check`)"
        ),
        ("failed", _) => {
            let result = &state.result;
            say!(lang, "止まっています（{result}）", "stopped ({result})")
        }
        (other, _) => say!(lang, "動いていません（{other}）", "not running ({other})"),
    };
    if state.enabled == "enabled" {
        how
    } else {
        how + &say!(lang, "。ログイン時に自動では始まりません", "; not started by itself at login")
    }
}

/// What the kernel says of the sandbox.
fn protection(sandbox: Sandbox, lang: Lang) -> String {
    let parts = [
        (
            sandbox.read_only,
            say!(lang, "自分のフォルダー以外に書けない", "writes to its own folders only"),
        ),
        (sandbox.system_calls, say!(lang, "システムコールを制限", "system calls filtered")),
        (sandbox.no_new_privileges, say!(lang, "権限を増やせない", "no new privileges")),
        (
            sandbox.user_namespace,
            say!(lang, "独自のユーザー名前空間", "a user namespace of its own"),
        ),
    ];
    let (held, open): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(held, _)| *held);
    let list = |parts: Vec<(bool, String)>| {
        let separator = say!(lang, "、", ", ");
        parts.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(&separator)
    };
    match (held.is_empty(), open.is_empty()) {
        (true, _) => say!(lang, "保護：なし", "protection: none"),
        (false, true) => {
            let held = list(held);
            say!(lang, "保護：{held}", "protection: {held}")
        }
        (false, false) => {
            let (held, open) = (list(held), list(open));
            say!(
                lang,
                "保護：{held}（使えないもの：{open}）",
                "protection: {held} (not in force: {open})"
            )
        }
    }
}

fn logs(arguments: &LogsArguments) -> Result<ExitCode, Failure> {
    let status = service::logs(arguments.follow, arguments.lines)
        .status()
        .map_err(|error| Failure::new(NoJournal(error.to_string())))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// journalctl cannot be run.
struct NoJournal(String);

impl Explain for NoJournal {
    fn explain(&self, lang: Lang) -> Explanation {
        let words = &self.0;
        Explanation::new(say!(
            lang,
            "journalctl を実行できません：{words}",
            "journalctl cannot be run: {words}"
        ))
    }
}
