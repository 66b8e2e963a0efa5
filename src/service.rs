//! goen as a systemd user service: installed, removed, looked at.
//!
//! A package brings unit, menu entry and icon; `cargo install` brings the program alone, so they
//! are written from the built-in ones. What a user changes belongs into a drop-in of his own
//! (`systemctl --user edit goen`): the files written here are written anew each time.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::config::{self, Paths, UserFolders};
use crate::daemon;
use crate::lang::{Explain, Explanation, Lang};
use crate::say;

/// The service's name to systemd.
pub const UNIT: &str = "goen.service";

/// The unit as packages install it.
const UNIT_TEXT: &str = include_str!("../systemd/goen.service");

/// The program that the unit starts, as packages install it.
const PACKAGED_PROGRAM: &str = "/usr/bin/goen";

/// For sessions in which nothing starts `graphical-session.target`.
const ANY_SESSION: Fragment =
    Fragment { name: "10-any-session.conf", text: include_str!("../systemd/any-session.conf") };

/// Where folders or language are not what the user's systemd believes.
const ENVIRONMENT: &str = "20-environment.conf";

/// For systems that forbid user namespaces.
const NO_NAMESPACES: Fragment = Fragment {
    name: "30-no-user-namespaces.conf",
    text: include_str!("../systemd/no-user-namespaces.conf"),
};

/// The first line of every file written here: what begins so may be written anew and removed.
const MARK: &str =
    "# Written by `goen service install`; change it with `systemctl --user edit goen`.\n";

/// What systemd says when the sandbox cannot be set up (systemd.exec(5)): 217/USER, 218/CAPABILITIES,
/// 226/NAMESPACE.
const NO_SANDBOX: [&str; 3] = ["217", "218", "226"];

/// A drop-in that goen brings.
struct Fragment {
    name: &'static str,
    text: &'static str,
}

/// What starts and stops the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// The desktop, by `graphical-session.target`.
    Graphical,
    /// The user's systemd itself: window managers without that target, consoles, lingering users.
    Any,
}

/// What was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The unit in use.
    pub unit: PathBuf,
    /// What was written, the unit included where no package brings one.
    pub written: Vec<PathBuf>,
    /// A unit of the user's own that stood in the way, and where it is now.
    pub set_aside: Option<PathBuf>,
    /// What starts the service.
    pub session: Session,
    /// Whether the whole sandbox is in use; without user namespaces only a part of it is.
    pub sandboxed: bool,
}

/// How the service is doing, in systemd's words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct State {
    /// The unit in use; none if the service is not installed.
    pub unit: Option<PathBuf>,
    /// Its drop-ins.
    pub drop_ins: Vec<PathBuf>,
    /// `enabled`, `disabled`, …
    pub enabled: String,
    /// `active`, `activating`, `failed`, `inactive`, …
    pub active: String,
    /// `running`, `auto-restart`, …
    pub sub: String,
    /// `success`, or how it ended: `exit-code`, `watchdog`, `oom-kill`, …
    pub result: String,
    /// Exit status of the last run.
    pub exit_status: String,
    /// The process, while it runs.
    pub pid: Option<u32>,
    /// What goen last said of itself.
    pub status: String,
    /// How often systemd has started it again.
    pub restarts: u32,
    /// When it was started, in systemd's words.
    pub since: String,
    /// What the sandbox really holds, read from the process; none while it does not run.
    pub sandbox: Option<Sandbox>,
}

impl State {
    /// Whether goen is running and ready.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.active == "active"
    }
}

/// The sandbox as the kernel sees it. systemd ignores much of a unit without a word, so the unit
/// alone proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "four facts, each true or not by itself")]
pub struct Sandbox {
    /// Nothing but its own folders can be written to.
    pub read_only: bool,
    /// It has a user namespace of its own.
    pub user_namespace: bool,
    /// A system call filter is in force.
    pub system_calls: bool,
    /// No program it starts can gain privileges.
    pub no_new_privileges: bool,
}

/// Why the service could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// systemd's programs are not there.
    #[error("there is no systemctl: {0}")]
    NoSystemd(io::Error),
    /// The user's systemd did not do what was asked.
    #[error("systemctl --user {action}: {words}")]
    Refused {
        /// What was asked for.
        action: String,
        /// systemctl's own words.
        words: String,
    },
    /// The user's systemd cannot be reached.
    #[error("the user's systemd cannot be reached: {0}")]
    NoSession(String),
    /// It was started and ended at once.
    #[error("goen ended at once (status {status})")]
    Ended {
        /// Exit status.
        status: String,
        /// What goen last said.
        words: String,
    },
    /// A goen that the user started works on the same state.
    #[error("goen is running outside of the service")]
    RunningElsewhere,
    /// The service is not installed.
    #[error("goen.service is not installed")]
    NotInstalled,
    /// A file could not be written or removed.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl Explain for ServiceError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::NoSystemd(words) => Explanation::new(say!(
                lang,
                "systemd が見つかりません：{words}",
                "systemd was not found: {words}"
            ))
            .hint(say!(
                lang,
                "デスクトップの自動起動に `goen run` を加えれば、systemd がなくても使えます",
                "without systemd, add `goen run` to what your desktop starts by itself"
            )),
            Self::NoSession(words) => Explanation::new(say!(
                lang,
                "あなたの systemd（systemctl --user）につながりません：{words}",
                "your own systemd (systemctl --user) cannot be reached: {words}"
            ))
            .hint(say!(
                lang,
                "su や sudo ではなく、ふだんのログインの端末で実行してください。systemd のない環境では goen run で見守れます",
                "run it in a terminal of your own login, not under su or sudo; without systemd, `goen run` watches"
            )),
            Self::Refused { action, words } => Explanation::new(say!(
                lang,
                "systemctl --user {action} ができませんでした：{words}",
                "systemctl --user {action} failed: {words}"
            ))
            .hint(say!(
                lang,
                "`goen service logs` に理由が出ているかもしれません",
                "`goen service logs` may say why"
            )),
            Self::Ended { status, words } => {
                let what = if words.is_empty() {
                    say!(
                        lang,
                        "サービスを始めましたが、すぐに終わりました（終了コード {status}）",
                        "the service was started and ended at once (exit status {status})"
                    )
                } else {
                    say!(
                        lang,
                        "サービスを始めましたが、すぐに終わりました（終了コード {status}）：{words}",
                        "the service was started and ended at once (exit status {status}): {words}"
                    )
                };
                Explanation::new(what).hint(if status == "78" {
                    say!(
                        lang,
                        "`goen config check` で設定を確かめてから、もう一度お試しください",
                        "check the settings with `goen config check`, then try again"
                    )
                } else {
                    say!(
                        lang,
                        "`goen service logs` に理由が出ています",
                        "`goen service logs` says why"
                    )
                })
            }
            Self::RunningElsewhere => Explanation::new(say!(
                lang,
                "別の goen がもう動いているので、サービスを始められません",
                "another goen is running already, so the service cannot start"
            ))
            .hint(say!(
                lang,
                "端末で始めた `goen run` を Ctrl-C で止めてから、もう一度お試しください",
                "stop the `goen run` that was started by hand (Ctrl-C), then try again"
            )),
            Self::NotInstalled => Explanation::new(say!(
                lang,
                "サービス（goen.service）はまだ入っていません",
                "the service (goen.service) is not installed"
            ))
            .hint(say!(
                lang,
                "`goen service install` で入れて始められます",
                "`goen service install` installs and starts it"
            )),
            Self::File { path, source } => Explanation::new(say!(
                lang,
                "{path} を書き換えられません：{source}",
                "{path} cannot be changed: {source}",
                path = path.display()
            )),
        }
    }
}

/// Installs what no package has installed, enables the service and starts it (anew, if it runs: this is
/// how a new program comes into use). `session` is found out where it is not given.
///
/// The settings should have been checked before: with settings that cannot be used it ends at once.
pub fn install(
    paths: &Paths,
    folders: &UserFolders,
    session: Option<Session>,
) -> Result<Installed, ServiceError> {
    let program = std::env::current_exe()
        .map_err(|source| ServiceError::File { path: PathBuf::from("goen"), source })?;
    // Found first: nothing is written where there is no systemd to read it.
    let graphical = systemctl(&["show", "--property=ActiveState", "graphical-session.target"])?
        .contains("ActiveState=active");
    let session = session.unwrap_or(if graphical { Session::Graphical } else { Session::Any });

    let mut files = Files::default();
    let own = own_unit(folders);
    let set_aside = set_aside(&own)?;
    let unit = if let Some(packaged) = packaged_unit(&program) {
        files.remove(&own)?;
        packaged
    } else {
        files.write(&own, &(MARK.to_owned() + &unit_for(&program)))?;
        install_menu_entry(folders, &program, &mut files)?;
        own
    };
    let drop_ins = drop_in_folder(folders);
    match session {
        Session::Any => files.write_fragment(&drop_ins, &ANY_SESSION)?,
        Session::Graphical => files.remove(&drop_ins.join(ANY_SESSION.name))?,
    }
    let text =
        unusual_folders(paths, folders) + &other_language(&systemctl(&["show-environment"])?);
    if text.is_empty() {
        files.remove(&drop_ins.join(ENVIRONMENT))?;
    } else {
        files.write(&drop_ins.join(ENVIRONMENT), &format!("{MARK}[Service]\n{text}"))?;
    }
    // A system that forbade user namespaces may allow them by now.
    files.remove(&drop_ins.join(NO_NAMESPACES.name))?;

    systemctl(&["daemon-reload"])?;
    if state()?.pid.is_none() && daemon::is_running(paths) {
        return Err(ServiceError::RunningElsewhere);
    }
    // `reenable`: what an earlier install made another target want is taken back.
    systemctl(&["reenable", UNIT])?;
    let mut sandboxed = true;
    if let Err(error) = start() {
        let state = state()?;
        if !NO_SANDBOX.contains(&state.exit_status.as_str()) {
            return Err(match error {
                ServiceError::Refused { .. } => {
                    ServiceError::Ended { status: state.exit_status, words: state.status }
                }
                error => error,
            });
        }
        files.write_fragment(&drop_ins, &NO_NAMESPACES)?;
        sandboxed = false;
        systemctl(&["daemon-reload"])?;
        start()?;
    }
    Ok(Installed { unit, written: files.written, set_aside, session, sandboxed })
}

/// Stops and disables the service, and removes what [`install`] wrote. Settings, store and passwords
/// stay. Returns what was removed.
pub fn uninstall(folders: &UserFolders) -> Result<Vec<PathBuf>, ServiceError> {
    let state = state()?;
    if state.unit.is_some() {
        systemctl(&["disable", "--now", UNIT])?;
    }
    let mut files = Files::default();
    files.remove(&own_unit(folders))?;
    let drop_ins = drop_in_folder(folders);
    for name in [ANY_SESSION.name, ENVIRONMENT, NO_NAMESPACES.name] {
        files.remove(&drop_ins.join(name))?;
    }
    // Only an empty one goes: the user's own drop-ins stay.
    let _ = fs::remove_dir(&drop_ins);
    for path in [menu_entry(folders), icon(folders)] {
        files.remove(&path)?;
    }
    systemctl(&["daemon-reload"])?;
    if files.removed.is_empty() && state.unit.is_none() {
        return Err(ServiceError::NotInstalled);
    }
    Ok(files.removed)
}

/// How the service is doing.
pub fn state() -> Result<State, ServiceError> {
    let said = systemctl(&[
        "show",
        "--property=LoadState,FragmentPath,DropInPaths,UnitFileState,ActiveState,SubState,Result",
        "--property=ExecMainStatus,MainPID,StatusText,NRestarts,ActiveEnterTimestamp",
        UNIT,
    ])?;
    let properties: HashMap<&str, &str> =
        said.lines().filter_map(|line| line.split_once('=')).collect();
    let property = |name: &str| properties.get(name).copied().unwrap_or_default().to_owned();
    let installed = property("LoadState") == "loaded" && !property("FragmentPath").is_empty();
    let pid = property("MainPID").parse().ok().filter(|pid| *pid != 0);
    Ok(State {
        unit: installed.then(|| PathBuf::from(property("FragmentPath"))),
        drop_ins: property("DropInPaths").split_whitespace().map(PathBuf::from).collect(),
        enabled: property("UnitFileState"),
        active: property("ActiveState"),
        sub: property("SubState"),
        result: property("Result"),
        exit_status: property("ExecMainStatus"),
        pid,
        status: property("StatusText"),
        restarts: property("NRestarts").parse().unwrap_or_default(),
        since: property("ActiveEnterTimestamp"),
        sandbox: pid.and_then(sandbox),
    })
}

/// The command that shows the service's log.
#[must_use]
pub fn logs(follow: bool, lines: u32) -> Command {
    let mut command = Command::new("journalctl");
    command.args(["--user", "--unit", UNIT, "--lines", &lines.to_string()]);
    command.arg(if follow { "--follow" } else { "--no-pager" });
    command
}

/// Starts the service, or starts it anew.
fn start() -> Result<(), ServiceError> {
    // It may be between two tries, or have been given up.
    systemctl(&["stop", UNIT])?;
    let _ = systemctl(&["reset-failed", UNIT]);
    systemctl(&["start", UNIT]).map(drop)
}

/// Asks the user's systemd. Returns what it printed.
fn systemctl(arguments: &[&str]) -> Result<String, ServiceError> {
    let output = Command::new("systemctl")
        .arg("--user")
        .args(arguments)
        // Its messages are shown as they are; its words for "not reachable" are looked at.
        .env("LC_ALL", "C.UTF-8")
        .env("SYSTEMD_PAGER", "")
        .stdin(Stdio::null())
        .output()
        .map_err(ServiceError::NoSystemd)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.lines().next().unwrap_or_default().trim().to_owned();
    // The latter where there is a session bus and no systemd behind it.
    if words.starts_with("Failed to connect to") || words.contains("org.freedesktop.systemd1") {
        return Err(ServiceError::NoSession(words));
    }
    Err(ServiceError::Refused { action: arguments.join(" "), words })
}

fn own_unit(folders: &UserFolders) -> PathBuf {
    folders.config.join("systemd/user").join(UNIT)
}

fn drop_in_folder(folders: &UserFolders) -> PathBuf {
    folders.config.join("systemd/user/goen.service.d")
}

fn menu_entry(folders: &UserFolders) -> PathBuf {
    folders.data.join("applications/goen.desktop")
}

fn icon(folders: &UserFolders) -> PathBuf {
    folders.data.join("icons/hicolor/scalable/apps/goen.svg")
}

/// The unit that a package installed for this very program.
fn packaged_unit(program: &Path) -> Option<PathBuf> {
    let prefix = program.parent()?.parent()?;
    let unit = [prefix.join("lib/systemd/user"), prefix.join("share/systemd/user")]
        .into_iter()
        .map(|folder| folder.join(UNIT))
        .find(|unit| unit.is_file())?;
    let text = fs::read_to_string(&unit).ok()?;
    text.contains(&format!("ExecStart={} run", program.display())).then_some(unit)
}

/// The built-in unit, for `program`.
fn unit_for(program: &Path) -> String {
    UNIT_TEXT.replace(
        &format!("ExecStart={PACKAGED_PROGRAM} "),
        &format!("ExecStart={} ", quoted(&program.display().to_string())),
    )
}

/// A word of a unit: `%` begins a specifier, quotes and backslashes an escape, and `$` a variable.
fn quoted(word: &str) -> String {
    let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    if word.contains(char::is_whitespace) || word.contains('"') {
        format!("\"{word}\"")
    } else {
        word
    }
}

/// Lines that tell the service where settings and state are, if not in the usual folders: the
/// user's systemd need not know what this shell's environment says.
fn unusual_folders(paths: &Paths, folders: &UserFolders) -> String {
    let usual_config = folders.home.join(".config/goen/config.toml");
    let usual_state = folders.home.join(".local/state/goen");
    let line = |key: &str, value: String| format!("{key}={value}\n");
    let mut text = String::new();
    if paths.config != usual_config {
        text += &line("Environment", quoted(&format!("GOEN_CONFIG={}", paths.config.display())));
    }
    if paths.state != usual_state {
        let state = paths.state.display().to_string();
        // With `GOEN_STATE` the socket is in that folder, too, and the command line looks there.
        let variable = if paths.runtime == paths.state {
            format!("GOEN_STATE={state}")
        } else {
            format!("XDG_STATE_HOME={}", paths.state.parent().unwrap_or(&paths.state).display())
        };
        text += &line("Environment", quoted(&variable));
        text += &line("ExecStartPre", format!("+/bin/mkdir -p -m 700 {}", quoted(&state)));
        text += &line("ReadWritePaths", quoted(&state));
    }
    text
}

/// A line that lets the service speak the language of this shell, if by `environment` (what
/// `systemctl show-environment` prints) it would speak another.
fn other_language(environment: &str) -> String {
    let value = |name: &str| {
        let value = environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.filter(|value| !value.is_empty())
    };
    let theirs = config::LOCALE.into_iter().find_map(value).unwrap_or_default();
    language_line(theirs, &config::locale())
}

fn language_line(theirs: &str, ours: &str) -> String {
    if Lang::of_locale(theirs) == Lang::of_locale(ours) {
        return String::new();
    }
    // `LC_ALL` counts whatever else is set.
    format!(
        "Environment={}\n",
        quoted(&format!("LC_ALL={}", if ours.is_empty() { "C" } else { ours }))
    )
}

/// Menu entry and icon: notification servers take name and picture from them.
fn install_menu_entry(
    folders: &UserFolders,
    program: &Path,
    files: &mut Files,
) -> Result<(), ServiceError> {
    let entry = include_str!("../desktop/goen.desktop").replace(
        "Exec=goen ",
        // The desktop's PATH need not have ~/.cargo/bin.
        &format!("Exec={} ", quoted(&program.display().to_string())),
    );
    files.write(&menu_entry(folders), &(MARK.to_owned() + &entry))?;
    let icon_text = include_str!("../desktop/goen.svg");
    files.write(&icon(folders), &format!("{icon_text}<!-- {} -->\n", MARK.trim()))
}

/// Moves a unit out of the way that was not written here.
fn set_aside(unit: &Path) -> Result<Option<PathBuf>, ServiceError> {
    if !unit.is_file() || is_ours(unit) {
        return Ok(None);
    }
    let aside = unit.with_extension("service.old");
    fs::rename(unit, &aside)
        .map_err(|source| ServiceError::File { path: unit.to_owned(), source })?;
    Ok(Some(aside))
}

/// Whether a file was written here.
fn is_ours(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains(MARK.trim()))
}

/// What was written and removed on the way.
#[derive(Debug, Default)]
struct Files {
    written: Vec<PathBuf>,
    removed: Vec<PathBuf>,
}

impl Files {
    fn write(&mut self, path: &Path, text: &str) -> Result<(), ServiceError> {
        let failed = |source| ServiceError::File { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        fs::write(path, text).map_err(failed)?;
        self.written.push(path.to_owned());
        Ok(())
    }

    fn write_fragment(&mut self, folder: &Path, fragment: &Fragment) -> Result<(), ServiceError> {
        self.write(&folder.join(fragment.name), &(MARK.to_owned() + fragment.text))
    }

    /// Removes a file that was written here; others stay.
    fn remove(&mut self, path: &Path) -> Result<(), ServiceError> {
        if !is_ours(path) {
            return Ok(());
        }
        fs::remove_file(path)
            .map_err(|source| ServiceError::File { path: path.to_owned(), source })?;
        self.removed.push(path.to_owned());
        Ok(())
    }
}

/// What holds the process in, read from `/proc`.
fn sandbox(pid: u32) -> Option<Sandbox> {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
    let status = read("status")?;
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim);
    let mounts = read("mountinfo")?;
    Some(Sandbox {
        read_only: is_read_only(&mounts),
        user_namespace: read("uid_map")? != fs::read_to_string("/proc/self/uid_map").ok()?,
        system_calls: field("Seccomp:") == "2",
        no_new_privileges: field("NoNewPrivs:") == "1",
    })
}

/// Whether the root of a mount table (`proc_pid_mountinfo(5)`) is read-only.
fn is_read_only(mounts: &str) -> bool {
    // The last one mounted on a point is the one that counts.
    let root = mounts.lines().rev().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut root = root.filter(|fields| fields.get(4) == Some(&"/"));
    root.next()
        .and_then(|fields| fields.get(5).map(|options| options.split(',').any(|o| o == "ro")))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> UserFolders {
        UserFolders {
            home: "/home/hanako".into(),
            config: "/home/hanako/.config".into(),
            data: "/home/hanako/.local/share".into(),
        }
    }

    fn paths() -> Paths {
        Paths {
            config: "/home/hanako/.config/goen/config.toml".into(),
            state: "/home/hanako/.local/state/goen".into(),
            runtime: "/run/user/1000/goen".into(),
            credentials: None,
        }
    }

    #[test]
    fn the_desktop_entry_speaks_both_languages() {
        let entry = include_str!("../desktop/goen.desktop");
        let value =
            |key: &str| entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        for key in ["Name", "GenericName", "Comment", "Keywords"] {
            let (english, japanese) = (value(key).unwrap(), value(&format!("{key}[ja]")).unwrap());
            assert!(english.is_ascii() && !japanese.is_ascii(), "{english} {japanese}");
            assert_eq!(english.ends_with(';'), key == "Keywords");
            assert_eq!(japanese.ends_with(';'), key == "Keywords");
        }
        let metainfo = include_str!("../desktop/goen.metainfo.xml");
        for tag in ["name", "summary"] {
            assert!(metainfo.contains(&format!("<{tag}>")), "{tag}");
            assert!(metainfo.contains(&format!("<{tag} xml:lang=\"ja\">")), "{tag}");
        }
    }

    #[test]
    fn the_unit_starts_the_program_that_installed_it() {
        let unit = unit_for(Path::new("/home/hanako/100% mine/goen"));
        assert!(unit.contains("\nExecStart=\"/home/hanako/100%% mine/goen\" run\n"), "{unit}");
        assert!(!unit.contains(PACKAGED_PROGRAM));
    }

    #[test]
    fn the_usual_folders_need_no_drop_in() {
        assert_eq!(unusual_folders(&paths(), &folders()), "");
    }

    #[test]
    fn the_service_speaks_the_language_of_who_installs_it() {
        assert_eq!(language_line("", "ja_JP.UTF-8"), "Environment=LC_ALL=ja_JP.UTF-8\n");
        assert_eq!(language_line("ja_JP.UTF-8", ""), "Environment=LC_ALL=C\n");
        assert_eq!(language_line("ja_JP.UTF-8", "ja_JP.eucJP"), "");
        assert_eq!(language_line("", "en_GB.UTF-8"), "");
    }

    #[test]
    fn the_service_looks_where_the_command_line_looks() {
        let moved = Paths {
            state: "/data/my state/goen".into(),
            config: "/data/goen.toml".into(),
            ..paths()
        };
        let text = unusual_folders(&moved, &folders());
        assert_eq!(
            text,
            "Environment=GOEN_CONFIG=/data/goen.toml\n\
             Environment=\"XDG_STATE_HOME=/data/my state\"\n\
             ExecStartPre=+/bin/mkdir -p -m 700 \"/data/my state/goen\"\n\
             ReadWritePaths=\"/data/my state/goen\"\n"
        );
        let own = Paths { state: "/s".into(), runtime: "/s".into(), ..paths() };
        assert!(unusual_folders(&own, &folders()).contains("Environment=GOEN_STATE=/s\n"));
    }

    #[test]
    fn a_root_that_can_be_written_to_is_not_called_read_only() {
        let writable = "1 0 8:1 / / rw,relatime - ext4 /dev/sda rw\n";
        let both = format!("{writable}2 1 8:1 / / ro,relatime - ext4 /dev/sda rw\n");
        assert!(!is_read_only(writable));
        assert!(is_read_only(&both));
        assert!(!is_read_only(""));
    }

    #[test]
    fn only_files_written_here_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        let mut files = Files::default();
        files.write_fragment(folder.path(), &ANY_SESSION).unwrap();
        files.write(&ours, &format!("{MARK}[Service]\n")).unwrap();
        fs::write(&theirs, "[Service]\n").unwrap();
        for path in [&ours, &theirs, &folder.path().join("nothing")] {
            files.remove(path).unwrap();
        }
        assert!(!ours.exists() && theirs.exists());
        assert_eq!(files.removed, [ours]);
    }
}
