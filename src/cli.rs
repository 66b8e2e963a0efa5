//! The command line. The only module that prints.
//!
//! Every command works on the store, with or without a daemon beside it. Exit status: 0 fine,
//! 1 it failed, 2 usage, 78 the settings cannot be used (the unit does not restart on 78).

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::config::{self, Config, ConfigError, Paths, Terminal};
use crate::lang::{Explain, Explanation, Lang};
use crate::outbox::OutboxError;
use crate::say;
use crate::store::{Store, StoreError};

use self::text::Style;

mod applications;
mod ask;
pub mod classify;
mod correct;
mod daemon;
mod doctor;
mod edit;
mod events;
mod help;
mod memo;
mod own;
pub(crate) mod replies;
pub(crate) mod results;
mod review;
mod service;
mod setup;
mod telling;
pub(crate) mod text;

/// Exit status for settings that cannot be used (`EX_CONFIG` of sysexits.h).
const CONFIGURATION: u8 = 78;

/// A quiet companion for the inbox of someone who is looking for work in Japan
#[derive(Debug, Parser)]
#[command(name = "goen", version, disable_help_subcommand = false)]
struct Arguments {
    /// Settings file, instead of ~/.config/goen/config.toml
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    config: Option<PathBuf>,

    /// Language to use: ja or en, instead of the locale's
    #[arg(long, global = true, value_name = "LANG", value_parser = ["ja", "en"], display_order = 901)]
    lang: Option<String>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole program at work on this machine; needs no account and no network
    Demo(daemon::DemoArguments),
    /// Set up an account: servers, password, settings
    Setup(Box<setup::SetupArguments>),
    /// Watch the inboxes (what the systemd unit starts)
    Run,
    /// How the accounts, the notifications and the replies are doing
    Status(results::StatusArguments),
    /// Check step by step what goen depends on, and what to do about it
    Doctor(doctor::DoctorArguments),
    /// Applications and how they stand, newest first
    List(results::ListArguments),
    /// One email: what it says and in which words, what helps now, and its application so far
    Show(results::ShowArguments),
    /// Correct which emails belong to an application, name it, close it
    #[command(subcommand)]
    App(applications::AppCommand),
    /// Write a note to yourself: what to do next time (kept on this machine only)
    Memo(memo::MemoArguments),
    /// Correct what goen read: it changes at once, and similar emails are read accordingly
    Correct(correct::CorrectArguments),
    /// What has happened, one JSON object per line, for scripts
    Events(events::EventsArguments),
    /// Read, edit, approve or discard replies in the terminal
    Review(review::ReviewArguments),
    /// Approve the reply that was shown, by its digest
    Approve(replies::ApproveArguments),
    /// Undo an approval while the reply is still waiting
    Undo(replies::OneArgument),
    /// Postpone an approved reply by a day
    Postpone(replies::OneArgument),
    /// Discard a draft
    Discard(replies::OneArgument),
    /// Look in Sent for a reply that may not have arrived, or say what became of it
    Settle(replies::SettleArguments),
    /// Try stopped or waiting accounts again now
    Retry,
    /// Hold notifications back for a while: 3h, until 18:00, off
    Quiet(telling::QuietArguments),
    /// Show a notification, and say what the desktop can do with it
    NotifyTest,
    /// Export your data: all of it as JSON, or a table, or a page
    Export(own::ExportArguments),
    /// Import what `goen export` or `goen backup` wrote
    Import(own::ImportArguments),
    /// Forget emails, with their drafts and notes
    Forget(own::ForgetArguments),
    /// Copy the store to a file
    Backup(own::BackupArguments),
    /// Classify emails in files: .eml, mbox, Maildir, folders, or - for standard input
    Classify(classify::ClassifyArgs),
    /// The settings file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The systemd user service that watches while you are logged in
    #[command(subcommand)]
    Service(service::ServiceCommand),
    /// Print completions for a shell
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Whether it is about what is stored, and needs no account.
    fn is_about_data(&self) -> bool {
        matches!(self, Self::Export(_) | Self::Import(_) | Self::Forget(_) | Self::Backup(_))
    }
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print a commented settings file to start from
    Example,
    /// Check the settings
    Check,
    /// Print the settings in force: the file, the defaults, the environment
    Show,
    /// Print where goen looks for settings and keeps its state
    Path,
}

/// Why a command ended without doing what was wanted, and the exit status that says so.
pub(crate) struct Failure {
    status: u8,
    error: Box<dyn Explain>,
}

impl Failure {
    pub(crate) fn new(error: impl Explain + 'static) -> Self {
        Self { status: 1, error: Box::new(error) }
    }

    /// What happened and what to do, on one line.
    pub(crate) fn sentence(&self, lang: Lang) -> String {
        let Explanation { what, hint } = self.error.explain(lang);
        let sentences = [Some(what), hint].into_iter().flatten();
        match lang {
            Lang::Ja => sentences.map(|it| it.trim_end_matches('。').to_owned() + "。").collect(),
            Lang::En => sentences.collect::<Vec<_>>().join(" "),
        }
    }

    /// A failure told in a sentence made for the occasion.
    pub(crate) fn because(explanation: Explanation) -> Self {
        Self::new(Plain(explanation))
    }
}

struct Plain(Explanation);

impl Explain for Plain {
    fn explain(&self, _lang: Lang) -> Explanation {
        self.0.clone()
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { status: CONFIGURATION, error: Box::new(error) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error)
    }
}

impl From<OutboxError> for Failure {
    fn from(error: OutboxError) -> Self {
        Self::new(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // The reader had enough (`goen list | head`): nothing went wrong.
            return Self { status: 0, error: Box::new(Plain(Explanation::new(String::new()))) };
        }
        Self::because(Explanation::new(error.to_string()))
    }
}

/// What every command needs: where to print, and how.
pub(crate) struct Console {
    pub(crate) lang: Lang,
    pub(crate) style: Style,
    pub(crate) zone: TimeZone,
    pub(crate) clock: Clock,
    /// Columns that fit on the terminal, at most 80: longer lines are hard to read.
    pub(crate) columns: usize,
}

/// Reads the arguments, does what they say, and returns the exit status.
#[must_use]
pub fn main() -> ExitCode {
    let terminal = Terminal::from_env();
    say_only_where_it_panicked(terminal.lang);
    let style = Style { on: terminal.colour && io::stdout().is_terminal() };
    let arguments = match parse(terminal.lang) {
        Ok(arguments) => arguments,
        Err(error) => return help::stopped(&error, asked_lang(terminal.lang), columns(), style),
    };
    let lang = match arguments.lang.as_deref() {
        Some(code) => Lang::of_locale(code),
        None => terminal.lang,
    };
    let console = Console {
        lang,
        style,
        zone: config::time_zone(),
        clock: Clock::system(),
        columns: columns(),
    };
    match run(arguments, console, terminal) {
        Ok(status) => status,
        Err((lang, failure)) => {
            if failure.status == 0 {
                return ExitCode::SUCCESS;
            }
            let explanation = failure.error.explain(lang);
            let mut stderr = io::stderr().lock();
            // Nothing is left to tell where standard error is gone.
            let _ = writeln!(stderr, "goen: {}", explanation.what);
            if let Some(hint) = explanation.hint {
                let _ = writeln!(stderr, "hint: {hint}");
            }
            ExitCode::from(failure.status)
        }
    }
}

/// A panic's own words may quote the mail that brought it about, and standard error is a log that others
/// may read: only the place in goen's code is told.
fn say_only_where_it_panicked(lang: Lang) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(|| "?".to_owned(), ToString::to_string);
        let words = say!(
            lang,
            "goen: 内部エラーが起きました（{place}）。この場所を開発者にお知らせください",
            "goen: something went wrong inside goen, at {place}; please report this place"
        );
        let _ = writeln!(io::stderr(), "{words}");
    }));
}

/// The whole command line with its help in `lang`, for those who make pages and completions of it.
#[must_use]
pub fn command(lang: Lang) -> clap::Command {
    help::in_language(Arguments::command(), lang)
}

/// Columns that fit on the terminal, at most 80: longer lines are hard to read.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.map_or(80, |size| usize::from(size.ws_col)).clamp(40, 80)
}

fn parse(lang: Lang) -> Result<Arguments, clap::Error> {
    let matches = command(asked_lang(lang)).try_get_matches()?;
    Arguments::from_arg_matches(&matches)
}

/// `--lang` is wanted for the help texts, before there are arguments to look it up in.
fn asked_lang(lang: Lang) -> Lang {
    let asked = std::env::args().skip_while(|word| word != "--lang").nth(1);
    asked.map_or(lang, |code| Lang::of_locale(&code))
}

/// The settings and the store, for commands that need both.
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) paths: Paths,
    pub(crate) store: Store,
}

fn run(
    arguments: Arguments,
    mut console: Console,
    terminal: Terminal,
) -> Result<ExitCode, (Lang, Failure)> {
    let asked = arguments.lang.is_some();
    let result = (|| -> Result<ExitCode, Failure> {
        let paths = Paths::from_env(arguments.config)?;
        let mut out = io::stdout().lock();
        // What needs no settings.
        match arguments.command {
            Command::Demo(demo) => return daemon::demo(&demo, &console),
            Command::Setup(setup) => return setup::setup(&setup, &paths, &console, &mut out),
            Command::Classify(classify) => {
                let terminal = classify::Terminal {
                    colour: console.style.on,
                    progress: io::stderr().is_terminal(),
                };
                let (lang, mut stdin, mut err) = (console.lang, io::stdin(), io::stderr());
                let status =
                    classify::run(&classify, lang, terminal, &mut stdin, &mut out, &mut err);
                return Ok(ExitCode::from(status));
            }
            Command::NotifyTest => return telling::notify_test(&console, &mut out),
            Command::Config(command) => return configuration(&command, &paths, &console, &mut out),
            Command::Service(command) => {
                return service::service(&command, &paths, &console, &mut out);
            }
            Command::Completions { shell } => {
                let mut command = command(console.lang);
                clap_complete::generate(shell, &mut command, "goen", &mut out);
                return Ok(ExitCode::SUCCESS);
            }
            _ => {}
        }
        let config = match Config::load(&paths.config) {
            // Your data is yours, whatever state the settings are in.
            Err(_) if arguments.command.is_about_data() => Config::built_in()?,
            done => done?,
        };
        if !asked {
            console.lang = config.lang(terminal);
        }
        if matches!(arguments.command, Command::Run) {
            drop(out);
            let lang_of = |config: &Config| {
                if asked { console.lang } else { config.lang(terminal) }
            };
            return daemon::run(config, &paths, &console, lang_of);
        }
        if let Command::Doctor(doctor) = &arguments.command {
            // A store that cannot be opened is a finding, too.
            return doctor::doctor(&config, &paths, &console, doctor, &mut out);
        }
        let store = opened(&paths, &console)?;
        let opened = Opened { config, paths, store };
        match arguments.command {
            Command::Status(status) => results::status(&opened, &console, &status, &mut out),
            Command::List(list) => results::list(&opened, &console, &list, &mut out),
            Command::Show(show) => results::show(&opened, &console, &show, &mut out),
            Command::App(app) => applications::app(&opened, &console, &app, &mut out),
            Command::Memo(memo) => memo::memo(&opened, &console, &memo, &mut out),
            Command::Correct(correct) => correct::correct(&opened, &console, &correct, &mut out),
            Command::Events(events) => events::events(&opened, &events, &mut out),
            Command::Review(review) => review::review(&opened, &console, &review, &mut out),
            Command::Approve(approve) => replies::approve(&opened, &console, &approve, &mut out),
            Command::Undo(one) => replies::undo(&opened, &console, &one, &mut out),
            Command::Postpone(one) => replies::postpone(&opened, &console, &one, &mut out),
            Command::Discard(one) => replies::discard(&opened, &console, &one, &mut out),
            Command::Settle(settle) => replies::settle(&opened, &console, &settle, &mut out),
            Command::Quiet(quiet) => telling::quiet(&opened, &console, &quiet, &mut out),
            Command::Export(export) => own::export(&opened, &console, &export, &mut out),
            Command::Import(import) => own::import(&opened, &console, &import, &mut out),
            Command::Forget(forget) => own::forget(&opened, &console, &forget, &mut out),
            Command::Backup(backup) => own::backup(&opened, &console, &backup, &mut out),
            Command::Retry => {
                crate::daemon::retry(&opened.paths);
                Ok(ExitCode::SUCCESS)
            }
            Command::Demo(_)
            | Command::Setup(_)
            | Command::Run
            | Command::Doctor(_)
            | Command::Classify(_)
            | Command::NotifyTest
            | Command::Config(_)
            | Command::Service(_)
            | Command::Completions { .. } => Ok(ExitCode::SUCCESS),
        }
    })();
    result.map_err(|failure| (console.lang, failure))
}

/// Opens the store. One that is damaged is built anew, unless a daemon has it: that one does it when
/// it starts again.
fn opened(paths: &Paths, console: &Console) -> Result<Store, Failure> {
    match Store::open(&paths.store()) {
        Err(error) if error.is_damage() => {
            let Ok(_lock) = crate::daemon::Lock::take(paths) else { return Err(error.into()) };
            let (store, rebuilt) = Store::open_sound(&paths.store(), console.clock.now())?;
            if let Some(rebuilt) = rebuilt {
                let path = rebuilt.set_aside.display();
                let words = rebuilt.sentences(console.lang);
                writeln!(io::stderr(), "goen: {words}\n  {path}")?;
            }
            Ok(store)
        }
        done => Ok(done?),
    }
}

fn configuration(
    command: &ConfigCommand,
    paths: &Paths,
    console: &Console,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    match command {
        ConfigCommand::Example => {
            write!(out, "{}", include_str!("../config/goen.example.toml"))?;
        }
        ConfigCommand::Check => {
            let config = Config::load(&paths.config)?;
            let path = paths.config.display();
            let accounts = config.accounts.len();
            writeln!(
                out,
                "{}",
                say!(
                    lang,
                    "{path} に誤りはありません（アカウント {accounts} 件）",
                    "{path} is fine ({accounts} account(s))"
                )
            )?;
            if crate::daemon::is_running(paths) {
                let words = say!(
                    lang,
                    "動いている goen に読ませるには：systemctl --user reload goen（環境変数 GOEN__… の変更だけは、再起動が要ります）",
                    "To let the running goen read it: systemctl --user reload goen (only changes of GOEN__… in the environment need a restart)"
                );
                writeln!(out, "{}", text::wrap(&words, console.columns))?;
            }
        }
        ConfigCommand::Show => {
            let config = Config::load(&paths.config)?;
            let shown = toml::to_string(&config)
                .map_err(|error| Failure::because(Explanation::new(error.to_string())))?;
            write!(out, "{shown}")?;
        }
        ConfigCommand::Path => {
            writeln!(out, "config  {}", paths.config.display())?;
            writeln!(out, "state   {}", paths.state.display())?;
            writeln!(out, "runtime {}", paths.runtime.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Not a test by itself: [`a_panic_tells_its_place_and_not_its_words`] runs it.
    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn a_process_that_panics() {
        say_only_where_it_panicked(Lang::En);
        let _ = std::panic::catch_unwind(|| panic!("a line of somebody's mail"));
    }

    #[test]
    fn a_panic_tells_its_place_and_not_its_words() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--ignored", "--exact", "--nocapture", "cli::tests::a_process_that_panics"]);
        let said = child.output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("something went wrong inside goen, at src/cli.rs:"), "{said}");
        assert!(!said.contains("somebody"), "{said}");
    }
}
