//! `goen doctor`: what is well, what is not, and what to do.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use tokio::runtime::Builder;

use super::text::{fit, wrap};
use super::{Console, Failure};
use crate::config::{Config, Paths};
use crate::doctor::{Doctor, Finding, Mark};
use crate::lang::Explanation;
use crate::say;

/// Columns of a step's name: the longest takes 16.
const LABEL_COLUMNS: usize = 16;

/// Where the words begin: behind the mark and the name.
const INDENT: usize = 4 + LABEL_COLUMNS + 2;

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// Only this account
    account: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn doctor(
    config: &Config,
    paths: &Paths,
    console: &Console,
    arguments: &DoctorArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    if let Some(name) = &arguments.account
        && config.account(name).is_none()
    {
        return Err(unknown(name, config, console));
    }
    let asked = |name: &str| arguments.account.as_ref().is_none_or(|wanted| wanted == name);
    let accounts = config.accounts.iter().filter(|account| asked(&account.name));
    let doctor = Doctor { config, paths, now: console.clock.now(), lang: console.lang };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut report = Report { console, json: arguments.json, all_well: true, gone: None, out };

    let mut told = Vec::new();
    for account in accounts {
        report.heading(&account.name);
        let mut findings = Vec::new();
        runtime.block_on(doctor.account(account, &mut |found| {
            report.finding(&found);
            findings.push(found);
        }));
        told.push(json!({ "name": account.name, "findings": findings }));
    }
    report.heading(&say!(console.lang, "このパソコン", "this machine"));
    let mut machine = Vec::new();
    runtime.block_on(doctor.machine(&mut |found| {
        report.finding(&found);
        machine.push(found);
    }));

    let Report { all_well, gone, out, .. } = report;
    if let Some(error) = gone {
        return Err(error.into());
    }
    if arguments.json {
        let value = json!({ "well": all_well, "accounts": told, "machine": machine });
        writeln!(out, "{value}")?;
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn unknown(name: &str, config: &Config, console: &Console) -> Failure {
    let names: Vec<&str> = config.accounts.iter().map(|account| account.name.as_str()).collect();
    let names = names.join(", ");
    Failure::because(
        Explanation::new(say!(
            console.lang,
            "{name} というアカウントは設定にありません",
            "there is no account {name} in the settings"
        ))
        .hint(say!(console.lang, "設定にあるのは：{names}", "there are: {names}")),
    )
}

/// Prints findings as they come: a step may take half a minute.
struct Report<'a> {
    console: &'a Console,
    json: bool,
    all_well: bool,
    /// Why nothing can be printed any longer.
    gone: Option<std::io::Error>,
    out: &'a mut dyn Write,
}

impl Report<'_> {
    fn heading(&mut self, text: &str) {
        let heading = self.console.style.bold(text);
        self.print(&heading);
    }

    fn finding(&mut self, finding: &Finding) {
        self.all_well &= finding.mark != Mark::Bad;
        let lines = lines(finding, self.console);
        self.print(&lines);
    }

    fn print(&mut self, text: &str) {
        if self.json || self.gone.is_some() {
            return;
        }
        self.gone = writeln!(self.out, "{text}").and_then(|()| self.out.flush()).err();
    }
}

/// Mark, name and words of a finding, the words in a column of their own.
pub(super) fn lines(finding: &Finding, console: &Console) -> String {
    let mark = match finding.mark {
        Mark::Good => "✓",
        Mark::Bad => "✗",
        Mark::Skipped => "–",
    };
    let label = fit(finding.step.label(console.lang), LABEL_COLUMNS);
    let column = |text: &str| {
        let wrapped = wrap(text, console.columns.saturating_sub(INDENT));
        wrapped.replace('\n', &format!("\n{}", " ".repeat(INDENT)))
    };
    let mut lines = format!("  {mark} {label}  {}", column(&finding.words)).trim_end().to_owned();
    if let Some(hint) = &finding.hint {
        lines.push('\n');
        lines.push_str(&" ".repeat(INDENT));
        lines.push_str(&column(&format!("hint: {hint}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::cli::text::Style;
    use crate::clock::Clock;
    use crate::doctor::Step;
    use crate::lang::Lang;

    fn console(lang: Lang) -> Console {
        Console {
            lang,
            style: Style { on: false },
            zone: TimeZone::UTC,
            clock: Clock::system(),
            columns: 80,
        }
    }

    fn refused() -> Finding {
        Finding {
            step: Step::Login,
            mark: Mark::Bad,
            words: "hanako@example.jp としてログインできませんでした。サーバーの返事: \
                    [AUTHENTICATIONFAILED] Authentication failed."
                .to_owned(),
            hint: Some("ユーザー名とパスワードを確かめてください。".to_owned()),
        }
    }

    #[test]
    fn words_stand_in_a_column_of_their_own_within_80_columns() {
        insta::assert_snapshot!(lines(&refused(), &console(Lang::Ja)), @r"
        ✗ ログイン          hanako@example.jp としてログインできませんでした。サーバー
                            の返事: [AUTHENTICATIONFAILED] Authentication failed.
                            hint: ユーザー名とパスワードを確かめてください。
        ");
    }

    #[test]
    fn every_name_fits_its_column_in_both_languages() {
        use Step as S;
        for step in [
            S::Secret,
            S::Dns,
            S::Tcp,
            S::Tls,
            S::Greeting,
            S::Capabilities,
            S::Login,
            S::Mailbox,
            S::Idle,
            S::Fetch,
            S::Smtp,
            S::Bus,
            S::Notifications,
            S::Keyring,
            S::Daemon,
            S::Store,
            S::Knowledge,
        ] {
            for lang in [Lang::Ja, Lang::En] {
                assert!(step.label(lang).width() <= LABEL_COLUMNS, "{}", step.label(lang));
            }
        }
    }
}
