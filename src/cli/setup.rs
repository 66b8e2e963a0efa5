//! `goen setup`: asks for an address and little else, tries everything out, and only then writes.
//!
//! Two parts. [`Conversation`] asks and tries, changes nothing, and may be left at any moment. Then
//! [`apply`] stores the password and replaces the settings file, whole or not at all; it is not
//! interrupted. Every question has a flag.

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::ask::{Asker, cancelled};
use super::{Console, Failure, doctor, telling};
use crate::classify::classify;
use crate::config::{
    Account, Config, ConfigError, Mistake, Paths, Problem, SecretSettings, ServerSettings,
    UserFolders,
};
use crate::daemon;
use crate::doctor::{Doctor, Finding, Mark, Step};
use crate::knowledge::Knowledge;
use crate::lang::{Explanation, Lang};
use crate::mail::{Address, Mail};
use crate::net::Security;
use crate::reply::template::Request;
use crate::reply::{Kind, Profile};
use crate::say;
use crate::secret::{self, Credential, Secret, Source, online};
use crate::service;
use crate::setup::look_up::{Sources, THUNDERBIRD};
use crate::setup::providers::{self, Proof, Provider};
use crate::setup::{Endpoint, IMAP_PORTS, SMTP_PORTS, Servers, domain, edit, thunderbird};

/// Refused logins after which setup ends: a few more, and some providers lock the account.
const REFUSALS_MAX: u32 = 3;

/// A flag that answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    Yes,
    No,
}

#[derive(Debug, Args)]
pub(super) struct SetupArguments {
    /// Your email address
    address: Option<String>,
    /// A short name for the account
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The login name, where it is not the address
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// The email provider, if the address does not show it (gmail, microsoft365, …)
    #[arg(long, value_name = "PROVIDER", value_parser = provider, conflicts_with = "imap")]
    provider: Option<Provider>,
    /// The server to watch
    #[arg(long, value_name = "HOST[:PORT[:SECURITY]]", value_parser = imap)]
    imap: Option<Endpoint>,
    /// The server that replies are submitted to
    #[arg(long, value_name = "HOST[:PORT[:SECURITY]]", value_parser = smtp)]
    smtp: Option<Endpoint>,
    /// Set up no server for replies
    #[arg(long, conflicts_with = "smtp")]
    no_smtp: bool,
    /// Certificates to trust instead of the system's (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A mailbox to watch, instead of INBOX (may be repeated)
    #[arg(long = "mailbox", value_name = "MAILBOX")]
    mailboxes: Vec<String>,
    /// Take the servers that Thunderbird has for this address
    #[arg(long, value_name = "ANSWER")]
    thunderbird: Option<Answer>,
    /// Take the account from GNOME Online Accounts, password or token included
    #[arg(long, value_name = "ANSWER")]
    gnome: Option<Answer>,
    /// Look up unknown servers on the network (tells your domain to other hosts)
    #[arg(long, value_name = "ANSWER")]
    look_up: Option<Answer>,
    /// A command that prints the password
    #[arg(long, value_name = "COMMAND", group = "proof")]
    password_command: Option<String>,
    /// A command that prints an OAuth token
    #[arg(long, value_name = "COMMAND", group = "proof")]
    token_command: Option<String>,
    /// A file with the password, readable by you alone
    #[arg(long, value_name = "FILE", group = "proof")]
    password_file: Option<PathBuf>,
    /// Read the password from standard input, and put it into the keyring
    #[arg(long, group = "proof")]
    password_stdin: bool,
    /// Your name, for drafts of replies
    #[arg(long, value_name = "NAME")]
    my_name: Option<String>,
    /// Your name in English emails
    #[arg(long, value_name = "NAME")]
    my_name_en: Option<String>,
    /// The lines below your name, separated by \n
    #[arg(long, value_name = "TEXT")]
    signature: Option<String>,
    /// Install the service and start it (without questions: only if this says so)
    #[arg(long, value_name = "ANSWER")]
    service: Option<Answer>,
    /// Show a notification at the end
    #[arg(long, value_name = "ANSWER")]
    notification: Option<Answer>,
    /// Ask nothing: take the defaults for what no flag says
    #[arg(long)]
    yes: bool,
}

fn provider(id: &str) -> Result<Provider, String> {
    let known = || {
        let all = providers::all().unwrap_or_default();
        all.into_iter().map(|provider| provider.id).collect::<Vec<_>>().join(", ")
    };
    providers::named(id).ok_or_else(known)
}

fn imap(text: &str) -> Result<Endpoint, String> {
    Endpoint::read(text, IMAP_PORTS).map_err(|_| "imap.example.jp:993:tls".to_owned())
}

fn smtp(text: &str) -> Result<Endpoint, String> {
    Endpoint::read(text, SMTP_PORTS).map_err(|_| "smtp.example.jp:465:tls".to_owned())
}

/// Where the password is, or is to be put.
#[derive(Debug, Clone)]
enum Keep {
    /// Where the settings say; it is there already.
    There,
    Keyring(Secret),
    File(PathBuf, Secret),
}

/// What is to be written.
struct Plan {
    account: Account,
    keep: Keep,
    profile: Profile,
    /// The account is in the settings already.
    known: bool,
    /// The service is to be installed, or started anew.
    service: bool,
}

/// What the user is asked, and what is tried.
struct Conversation<'a> {
    asker: Asker<'a>,
    arguments: &'a SetupArguments,
    paths: &'a Paths,
    /// The settings as they are, if there are any.
    config: Option<Config>,
}

pub(super) fn setup(
    arguments: &SetupArguments,
    paths: &Paths,
    console: &Console,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let config = match Config::load(&paths.config) {
        Ok(config) => Some(config),
        Err(ConfigError::Missing(_) | ConfigError::Unfit { problem: Problem::NoAccounts, .. }) => {
            None
        }
        Err(error) => return Err(error.into()),
    };
    let alone = arguments.yes || !io::stdin().is_terminal();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let plan = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let asker = Asker { console, out: &mut *out, alone };
        let mut conversation = Conversation { asker, arguments, paths, config };
        tokio::select! {
            plan = conversation.hold() => plan,
            _ = interrupt.recv() => Err(cancelled(console)),
            _ = terminate.recv() => Err(cancelled(console)),
        }
    });
    // A thread may still sit in a read that nobody waits for any more.
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => {
            runtime.shutdown_background();
            // The cursor stands behind the question that was left.
            if failure.status == 130 {
                writeln!(out)?;
            }
            return Err(failure);
        }
    };
    apply(&plan, &runtime, paths, console, out)?;
    drop(runtime);
    start(&plan, paths, console, out)?;
    let shows = match arguments.notification {
        Some(answer) => answer == Answer::Yes,
        None => !alone,
    };
    if shows && let Err(failure) = telling::notify_test(console, out) {
        // Setup itself went well: this is something to look at, not a reason to fail.
        let words = failure.sentence(console.lang);
        writeln!(out, "{}", super::text::wrap(&words, console.columns))?;
    }
    farewell(&plan, console, out)?;
    Ok(ExitCode::SUCCESS)
}

impl Conversation<'_> {
    fn lang(&self) -> Lang {
        self.asker.console.lang
    }

    async fn hold(&mut self) -> Result<Plan, Failure> {
        let lang = self.lang();
        let remembered = match self.arguments.thunderbird {
            Some(Answer::No) => Vec::new(),
            _ => thunderbird::accounts(&UserFolders::from_env()?.home),
        };
        let online = match self.arguments.gnome {
            Some(Answer::No) => Vec::new(),
            _ => online::accounts().await,
        };
        let address = self.address(&remembered, &online).await?;
        let same = |account: &&Account| account.address.eq_ignore_ascii_case(&address);
        let known = self.config.iter().flat_map(|config| &config.accounts).find(same).cloned();
        if let Some(account) = known {
            return self.again(account).await;
        }
        if let Some((address, user)) =
            online.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(&address))
            && self.offer_gnome().await?
        {
            return self.online(address, user, &remembered).await;
        }
        let (servers, provider) = self.servers(&address, &remembered).await?;
        if let Some(provider) = &provider {
            let note = provider.note(lang);
            self.asker.tell(&format!(
                "\n{}: {}\n{note}\n  {}\n",
                provider.name, servers.imap.host, provider.link
            ))?;
        }
        let mut account = self.account(address, &servers);
        account.user = self.user(&account, &servers, provider.as_ref()).await?;
        let proof = provider.as_ref().map_or(Proof::Password, |provider| provider.secret);
        let (mut credential, mut keep) = self.proof(&mut account, proof).await?;
        self.mend(&mut account, &mut credential, &mut keep, proof).await?;
        self.finish(account, keep, &remembered).await
    }

    /// What is left to ask once the account is known to work.
    async fn finish(
        &mut self,
        account: Account,
        keep: Keep,
        remembered: &[thunderbird::Known],
    ) -> Result<Plan, Failure> {
        let lang = self.lang();
        let profile = self.profile(&account, remembered).await?;
        let service = self.service().await?;
        let path = self.paths.config.display();
        let question = say!(lang, "{path} に書き込みますか。", "Write this to {path}?");
        if !self.asker.yes(&question, true).await? {
            return Err(cancelled(self.asker.console));
        }
        Ok(Plan { account, keep, profile, known: false, service })
    }

    async fn offer_gnome(&mut self) -> Result<bool, Failure> {
        let question = say!(
            self.lang(),
            "GNOME オンラインアカウントのものを使いますか（パスワードは GNOME が持ちます）。",
            "Take it from GNOME Online Accounts (GNOME keeps the password or token)?"
        );
        match self.arguments.gnome {
            Some(answer) => Ok(answer == Answer::Yes),
            None => self.asker.yes(&question, true).await,
        }
    }

    /// An account that GNOME has: its servers and its password stay there.
    async fn online(
        &mut self,
        address: String,
        user: Option<String>,
        remembered: &[thunderbird::Known],
    ) -> Result<Plan, Failure> {
        let nowhere = Endpoint { host: String::new(), port: 993, security: Security::Tls };
        let mut account =
            self.account(address.clone(), &Servers { imap: nowhere, smtp: None, user: None });
        account.smtp = (!self.arguments.no_smtp).then(|| ServerSettings {
            ca_file: account.imap.ca_file.clone(),
            ..Default::default()
        });
        let user = self.arguments.user.clone().or(user);
        account.user = user.filter(|user| *user != address).unwrap_or_default();
        account.secret = SecretSettings { online_account: Some(address), ..Default::default() };
        let read = account.secret_source(self.paths).read().await;
        let credential = read.map_err(Failure::new)?;
        match self.tried(&account, credential).await? {
            Some(bad) => Err(failed(bad)),
            None => self.finish(account, Keep::There, remembered).await,
        }
    }

    /// The address to set up: from the flag, from what Thunderbird and GNOME have, or typed.
    async fn address(
        &mut self,
        remembered: &[thunderbird::Known],
        online: &[(String, Option<String>)],
    ) -> Result<String, Failure> {
        let lang = self.lang();
        let mut given = self.arguments.address.clone();
        let mut offered: Vec<&str> = Vec::new();
        if given.is_none() && !self.asker.alone {
            self.asker.tell(&say!(
                lang,
                "goen が見守るメールアドレスを設定します。いつでも Ctrl-C でやめられます（最後に確かめるまで、何も変えません）。",
                "This sets up an email address for goen to watch. You can stop with Ctrl-C at any time; nothing is changed until you agree at the end."
            ))?;
            let thunderbird =
                remembered.iter().map(|known| (known.address.as_str(), "Thunderbird"));
            let gnome = online.iter().map(|(address, _)| (address.as_str(), "GNOME"));
            for (address, place) in gnome.chain(thunderbird) {
                if !offered.contains(&address) {
                    offered.push(address);
                    self.asker.tell(&format!("  {}) {address} ({place})", offered.len()))?;
                }
            }
        }
        loop {
            let typed = if let Some(given) = given.take() {
                given
            } else {
                let question = if offered.is_empty() {
                    say!(lang, "メールアドレス", "Email address")
                } else {
                    say!(lang, "メールアドレス（または番号）", "Email address (or a number)")
                };
                self.asker.line(&question, None, "ADDRESS").await?
            };
            let chosen = typed.parse::<usize>().ok().and_then(|n| offered.get(n.checked_sub(1)?));
            let address = chosen.map_or(typed, |address| (*address).to_owned());
            if address.parse::<lettre::Address>().is_ok() {
                return Ok(address);
            }
            self.wrong(say!(
                lang,
                "{address} はメールアドレスとして読めません。",
                "{address} is not an email address."
            ))?;
        }
    }

    /// Says what is wrong with an answer; where nobody can give another, that is the end.
    fn wrong(&mut self, words: String) -> Result<(), Failure> {
        if self.asker.alone {
            return Err(Failure::because(Explanation::new(words)));
        }
        self.asker.tell(&words)
    }

    /// The servers of the address: flags, the table, Thunderbird, the network, the user.
    async fn servers(
        &mut self,
        address: &str,
        remembered: &[thunderbird::Known],
    ) -> Result<(Servers, Option<Provider>), Failure> {
        let (mut servers, provider) = self.found(address, remembered).await?;
        if self.arguments.no_smtp {
            servers.smtp = None;
        } else if let Some(smtp) = &self.arguments.smtp {
            servers.smtp = Some(smtp.clone());
        }
        Ok((servers, provider))
    }

    async fn found(
        &mut self,
        address: &str,
        remembered: &[thunderbird::Known],
    ) -> Result<(Servers, Option<Provider>), Failure> {
        let lang = self.lang();
        let arguments = self.arguments;
        if let Some(imap) = &arguments.imap {
            return Ok((Servers { imap: imap.clone(), smtp: None, user: None }, None));
        }
        let domain = domain(address);
        let table = arguments.provider.clone().or_else(|| providers::of_domain(&domain));
        if let Some(provider) = table {
            return Ok((provider.servers(address), Some(provider)));
        }
        let known = remembered.iter().find(|known| known.address.eq_ignore_ascii_case(address));
        if let Some(known) = known {
            self.show(&known.servers)?;
            let question = say!(
                lang,
                "Thunderbird にあるこのサーバーを使いますか（パスワードは読みません）。",
                "Use these servers from Thunderbird (its passwords are not read)?"
            );
            if arguments.thunderbird == Some(Answer::Yes) || self.asker.yes(&question, true).await?
            {
                return Ok((known.servers.clone(), providers::of_imap(&known.servers.imap.host)));
            }
        }
        if let Some(found) = self.looked_up(address, &domain).await? {
            return Ok(found);
        }
        let imap = self.server("IMAP", &format!("imap.{domain}"), "--imap", IMAP_PORTS).await?;
        let is_asked = !self.arguments.no_smtp && self.arguments.smtp.is_none();
        let smtp = if is_asked { self.submission(&format!("smtp.{domain}")).await? } else { None };
        Ok((Servers { imap, smtp, user: None }, None))
    }

    /// Looks the servers up on the network, if the user agrees.
    async fn looked_up(
        &mut self,
        address: &str,
        domain: &str,
    ) -> Result<Option<(Servers, Option<Provider>)>, Failure> {
        let lang = self.lang();
        let agreed = match self.arguments.look_up {
            Some(answer) => answer == Answer::Yes,
            None if self.asker.alone => false,
            None => {
                self.asker.tell(&say!(
                    lang,
                    "{domain} のサーバーは goen の表にありません。autoconfig.{domain}、{domain}、{THUNDERBIRD}（Mozilla）と DNS に問い合わせることができます。相手には「{domain}」だけが伝わります（あなたのアドレスは伝わりません）。",
                    "The servers of {domain} are not in goen's table. goen can ask autoconfig.{domain}, {domain}, {THUNDERBIRD} (Mozilla) and the DNS. All they learn is “{domain}”, not your address."
                ))?;
                self.asker.yes(&say!(lang, "問い合わせますか。", "Ask them?"), true).await?
            }
        };
        if !agreed {
            return Ok(None);
        }
        let Some(found) = Sources::usual(domain).find(address).await else {
            self.asker.tell(&say!(
                lang,
                "見つかりませんでした。大学や会社の案内にあるサーバー名を入れてください。",
                "Nothing was found. Please type the server names that your university or company gives."
            ))?;
            return Ok(None);
        };
        let source = &found.source;
        self.asker.tell(&say!(lang, "見つかりました（{source}）。", "Found ({source})."))?;
        self.show(&found.servers)?;
        let question = say!(
            lang,
            "このサーバーにパスワードを送ってよいですか。",
            "Is it all right to send your password to these servers?"
        );
        let fine = self.arguments.look_up == Some(Answer::Yes) && self.asker.alone;
        if fine || self.asker.yes(&question, true).await? {
            return Ok(Some((found.servers, found.provider)));
        }
        Ok(None)
    }

    fn show(&mut self, servers: &Servers) -> Result<(), Failure> {
        let lang = self.lang();
        let imap = &servers.imap;
        self.asker.tell(&say!(lang, "  受信 {imap}", "  receiving {imap}"))?;
        if let Some(smtp) = &servers.smtp {
            self.asker.tell(&say!(lang, "  送信 {smtp}", "  sending   {smtp}"))?;
        }
        Ok(())
    }

    async fn server(
        &mut self,
        what: &str,
        default: &str,
        flag: &str,
        usual: [u16; 2],
    ) -> Result<Endpoint, Failure> {
        let lang = self.lang();
        // Guessed names are for people to look at, not to be connected to unseen.
        let default = (!self.asker.alone).then_some(default);
        loop {
            let question = say!(lang, "{what} サーバー", "{what} server");
            let typed = self.asker.line(&question, default, flag).await?;
            match Endpoint::read(&typed, usual) {
                Ok(endpoint) => return Ok(endpoint),
                Err(text) => self.wrong(say!(
                    lang,
                    "{text} はサーバーとして読めません。imap.example.jp、imap.example.jp:993、imap.example.jp:143:starttls のように書きます。",
                    "{text} is not a server name. Write imap.example.jp, imap.example.jp:993 or imap.example.jp:143:starttls."
                ))?,
            }
        }
    }

    /// The submission server; a hyphen for none.
    async fn submission(&mut self, default: &str) -> Result<Option<Endpoint>, Failure> {
        let lang = self.lang();
        if self.asker.alone {
            return Ok(None);
        }
        self.asker.tell(&say!(
            lang,
            "返信を送らないなら、SMTP サーバーには - を入れてください。",
            "If you don't want goen to send replies, type - for the SMTP server."
        ))?;
        loop {
            let question = say!(lang, "SMTP サーバー", "SMTP server");
            let typed = self.asker.line(&question, Some(default), "--smtp").await?;
            if typed == "-" {
                return Ok(None);
            }
            match Endpoint::read(&typed, SMTP_PORTS) {
                Ok(endpoint) => return Ok(Some(endpoint)),
                Err(text) => self.wrong(say!(
                    lang,
                    "{text} はサーバーとして読めません。smtp.example.jp、smtp.example.jp:587 のように書きます。",
                    "{text} is not a server name. Write smtp.example.jp or smtp.example.jp:587."
                ))?,
            }
        }
    }

    fn account(&self, address: String, servers: &Servers) -> Account {
        let ca_file = self.arguments.ca_file.clone().unwrap_or_default();
        let mailboxes = match &self.arguments.mailboxes {
            none if none.is_empty() => vec!["INBOX".to_owned()],
            mailboxes => mailboxes.clone(),
        };
        let taken: Vec<&str> = self
            .config
            .iter()
            .flat_map(|config| &config.accounts)
            .map(|it| it.name.as_str())
            .collect();
        let name =
            self.arguments.name.clone().unwrap_or_else(|| short_name(&domain(&address), &taken));
        Account {
            name,
            address,
            user: String::new(),
            mailboxes,
            imap: servers.imap.settings(IMAP_PORTS, &ca_file),
            smtp: servers.smtp.as_ref().map(|smtp| smtp.settings(SMTP_PORTS, &ca_file)),
            secret: SecretSettings::default(),
        }
    }

    /// The login name; empty if it is the address.
    async fn user(
        &mut self,
        account: &Account,
        servers: &Servers,
        provider: Option<&Provider>,
    ) -> Result<String, Failure> {
        let lang = self.lang();
        let user = match (&self.arguments.user, &servers.user) {
            (Some(user), _) | (None, Some(user)) => user.clone(),
            (None, None) => {
                // A provider that chooses names has none that could be guessed.
                let default = provider.is_none().then_some(account.address.as_str());
                let question = say!(lang, "ログイン名", "Login name");
                self.asker.line(&question, default, "--user").await?
            }
        };
        Ok(if user == account.address { String::new() } else { user })
    }

    /// The password or token, and where it is to be kept.
    async fn proof(
        &mut self,
        account: &mut Account,
        proof: Proof,
    ) -> Result<(Credential, Keep), Failure> {
        let lang = self.lang();
        let arguments = self.arguments;
        let mut settings = SecretSettings::default();
        if let Some(command) = &arguments.password_command {
            settings.password_command = Some(words(command));
        } else if let Some(command) = &arguments.token_command {
            settings.token_command = Some(words(command));
        } else if let Some(path) = &arguments.password_file {
            settings.password_file = Some(std::path::absolute(path)?);
        } else if arguments.password_stdin {
            let mut line = zeroize::Zeroizing::new(String::new());
            io::stdin().read_line(&mut line)?;
            let secret = Secret::new(line.trim_end_matches(['\r', '\n']).to_owned());
            secret::keyring_answers().await.map_err(Failure::new)?;
            return Ok((Credential::Password(secret.clone()), Keep::Keyring(secret)));
        } else if proof == Proof::Oauth {
            let default = format!("pizauth show {}", account.name);
            let question = say!(lang, "トークンを出力するコマンド", "Command that prints a token");
            let default = (!self.asker.alone).then_some(default.as_str());
            let command = self.asker.line(&question, default, "--token-command").await?;
            settings.token_command = Some(words(&command));
        } else {
            return self.password(account, proof).await;
        }
        account.secret = settings;
        // Read now: what cannot be had at setup cannot be had at night either.
        let credential = account.secret_source(self.paths).read().await.map_err(Failure::new)?;
        Ok((credential, Keep::There))
    }

    async fn password(
        &mut self,
        account: &mut Account,
        proof: Proof,
    ) -> Result<(Credential, Keep), Failure> {
        let lang = self.lang();
        let question = match proof {
            Proof::AppPassword => say!(
                lang,
                "アプリパスワード（入力は表示されません）",
                "App password (not shown while you type)"
            ),
            _ => say!(
                lang,
                "パスワード（入力は表示されません）",
                "Password (not shown while you type)"
            ),
        };
        let keyring = secret::keyring_answers().await;
        let secret = self.asker.secret(&question, "--password-command").await?;
        let keep = if keyring.is_ok() {
            account.secret = SecretSettings::default();
            Keep::Keyring(secret.clone())
        } else {
            let path = self.paths.folder().join(format!("{}.password", account.name));
            let shown = path.display();
            self.asker.tell(&say!(
                    lang,
                    "キーリング（Secret Service）が見つかりません。代わりに、あなただけが読めるファイル {shown} に、暗号化せずに置くことができます。pass などを使うなら、いったんやめて --password-command をお使いください。",
                    "No keyring (Secret Service) was found. The password can be kept instead, unencrypted, in a file that only you can read: {shown}. To use pass or a similar program, stop here and use --password-command."
                ))?;
            let question = say!(lang, "ファイルに置きますか。", "Keep it in that file?");
            if !self.asker.yes(&question, false).await? {
                return Err(cancelled(self.asker.console));
            }
            let path = std::path::absolute(path)?;
            account.secret =
                SecretSettings { password_file: Some(path.clone()), ..Default::default() };
            Keep::File(path, secret.clone())
        };
        Ok((Credential::Password(secret), keep))
    }

    /// Tries the account, and lets the user mend what is wrong until all is well.
    async fn mend(
        &mut self,
        account: &mut Account,
        credential: &mut Credential,
        keep: &mut Keep,
        proof: Proof,
    ) -> Result<(), Failure> {
        let lang = self.lang();
        let mut refusals = 0;
        loop {
            let Some(bad) = self.tried(account, credential.clone()).await? else { return Ok(()) };
            if self.asker.alone {
                return Err(failed(bad));
            }
            if bad.step == Step::Login {
                refusals += 1;
                if refusals >= REFUSALS_MAX {
                    self.asker.tell(&say!(
                        lang,
                        "{REFUSALS_MAX} 回断られたので、ここでやめます（続けると、アカウントがロックされることがあります）。",
                        "Refused {REFUSALS_MAX} times, so goen stops here: more attempts might lock your account."
                    ))?;
                    return Err(failed(bad));
                }
            }
            let ca_file = account.imap.ca_file.clone();
            match bad.step {
                Step::Login | Step::Secret => {
                    let question = say!(lang, "ログイン名", "Login name");
                    let now = account.login().to_owned();
                    let user = self.asker.line(&question, Some(&now), "--user").await?;
                    account.user = if user == account.address { String::new() } else { user };
                    (*credential, *keep) = match credential {
                        Credential::Password(_) if matches!(keep, Keep::There) => {
                            return Err(failed(bad));
                        }
                        Credential::Password(_) => self.password(account, proof).await?,
                        Credential::Token(_) => return Err(failed(bad)),
                    };
                }
                Step::Mailbox => {
                    let now = account.mailboxes.join(", ");
                    let question = say!(
                        lang,
                        "見守るメールボックス（, で区切る）",
                        "Mailboxes to watch (separated by commas)"
                    );
                    let typed = self.asker.line(&question, Some(&now), "--mailbox").await?;
                    let names = typed.split(',').map(|name| name.trim().to_owned());
                    account.mailboxes = names.filter(|name| !name.is_empty()).collect();
                }
                Step::Smtp => {
                    let now = account.smtp.as_ref().map(|smtp| as_typed(smtp, SMTP_PORTS));
                    let smtp = self.submission(&now.unwrap_or_default()).await?;
                    account.smtp = smtp.map(|smtp| smtp.settings(SMTP_PORTS, &ca_file));
                }
                _ => {
                    let now = as_typed(&account.imap, IMAP_PORTS);
                    let imap = self.server("IMAP", &now, "--imap", IMAP_PORTS).await?;
                    account.imap = imap.settings(IMAP_PORTS, &ca_file);
                }
            }
        }
    }

    /// Tries login, mailboxes and submission; gives the first thing that is wrong.
    async fn tried(
        &mut self,
        account: &Account,
        credential: Credential,
    ) -> Result<Option<Finding>, Failure> {
        let console = self.asker.console;
        let config = self.config.clone().map_or_else(defaults, Ok)?;
        let doctor = Doctor {
            config: &config,
            paths: self.paths,
            now: console.clock.now(),
            lang: console.lang,
        };
        let mut bad = None;
        let mut gone = None;
        let out = &mut self.asker.out;
        doctor
            .account_with(account, credential, &mut |finding| {
                // Steps that an earlier one made impossible say nothing here.
                if finding.mark != Mark::Skipped || !finding.words.is_empty() {
                    let lines = doctor::lines(&finding, console);
                    gone = writeln!(out, "{lines}").and_then(|()| out.flush()).err();
                }
                // A mail that cannot be read is goen's trouble, not that of the settings.
                if finding.mark == Mark::Bad && finding.step != Step::Fetch && bad.is_none() {
                    bad = Some(finding);
                }
            })
            .await;
        match gone {
            Some(error) => Err(error.into()),
            None => Ok(bad),
        }
    }

    /// An account that is in the settings: it is tried, and its password replaced if it is refused.
    async fn again(&mut self, mut account: Account) -> Result<Plan, Failure> {
        let lang = self.lang();
        let (address, name) = (&account.address, &account.name);
        self.asker.tell(&say!(
            lang,
            "{address} はもう設定にあります（{name}）。設定は書き換えず、試してみます。",
            "{address} is in the settings already ({name}). They stay as they are; goen tries them out."
        ))?;
        let written = account.clone();
        let source = account.secret_source(self.paths);
        let mut keep = Keep::There;
        let given = self.arguments.password_stdin;
        let mut credential = match source.read().await {
            Ok(credential) if !given => credential,
            Err(error) if !matches!(source, Source::Keyring { .. }) => {
                return Err(Failure::new(error));
            }
            _ => {
                let (fresh, place) = self.proof(&mut account, Proof::Password).await?;
                keep = place;
                fresh
            }
        };
        for _ in 0..REFUSALS_MAX {
            let Some(bad) = self.tried(&written, credential.clone()).await? else {
                let profile = self.profile(&written, &[]).await?;
                let service = self.service().await?;
                return Ok(Plan { account: written, keep, profile, known: true, service });
            };
            let is_ours = matches!(source, Source::Keyring { .. }) && bad.step == Step::Login;
            if self.asker.alone || !is_ours {
                return Err(failed(bad));
            }
            (credential, keep) = self.password(&mut account, Proof::Password).await?;
        }
        Err(cancelled(self.asker.console))
    }

    /// Name and signature, with a draft that shows them; what the settings have is not asked again.
    async fn profile(
        &mut self,
        account: &Account,
        remembered: &[thunderbird::Known],
    ) -> Result<Profile, Failure> {
        let lang = self.lang();
        let arguments = self.arguments;
        let before = self.config.as_ref().map(|config| config.profile.clone()).unwrap_or_default();
        let has_name = !before.name.is_empty();
        let mut profile = Profile {
            name: arguments.my_name.clone().unwrap_or_default(),
            name_en: arguments.my_name_en.clone().unwrap_or_default(),
            signature: arguments.signature.as_deref().unwrap_or_default().replace("\\n", "\n"),
        };
        if has_name || self.asker.alone {
            return Ok(profile);
        }
        let known = remembered.iter().find(|known| known.address == account.address);
        let mut name = known.map(|known| known.name.clone()).unwrap_or_default();
        loop {
            if arguments.my_name.is_none() {
                let question = say!(
                    lang,
                    "お名前（返信の下書きに使います。空でもかまいません）",
                    "Your name (for draft replies; may be left empty)"
                );
                profile.name = self.asker.line(&question, Some(&name), "--my-name").await?;
            }
            if profile.name.is_empty() {
                return Ok(profile);
            }
            if arguments.signature.is_none() {
                profile.signature = self.signature(account).await?;
            }
            let preview = preview(&profile, account, self.paths, lang)?;
            let rule = self.asker.console.style.dim(&"─".repeat(self.asker.console.columns / 2));
            self.asker.tell(&say!(
                lang,
                "下書きは、たとえばこうなります（送る前に、必ずあなたが読んで承認します）。",
                "A draft looks like this, for example (nothing is sent before you have read and approved it)."
            ))?;
            self.asker.tell(&format!("{rule}\n{preview}\n{rule}"))?;
            let question = say!(lang, "これでよいですか。", "Is that right?");
            if self.asker.yes(&question, true).await?
                || (arguments.my_name.is_some() && arguments.signature.is_some())
            {
                return Ok(profile);
            }
            name.clone_from(&profile.name);
        }
    }

    /// Whether goen is to run as a service.
    async fn service(&mut self) -> Result<bool, Failure> {
        let question = say!(
            self.lang(),
            "ログイン中はいつも見守りますか（systemd のサービスを入れます）。",
            "Watch whenever you are logged in (installs and starts a systemd service)?"
        );
        match self.arguments.service {
            Some(answer) => Ok(answer == Answer::Yes),
            None if self.asker.alone => Ok(false),
            None => self.asker.yes(&question, true).await,
        }
    }

    async fn signature(&mut self, account: &Account) -> Result<String, Failure> {
        let lang = self.lang();
        self.asker.tell(&say!(
            lang,
            "名前の下に置く行（学校、電話、アドレスなど）。空の行で終わります。",
            "The lines below your name (school, telephone, address); an empty line ends them."
        ))?;
        let mut lines = Vec::new();
        loop {
            let line = self.asker.line(">", Some(""), "--signature").await?;
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        if lines.is_empty() {
            lines.push(account.address.clone());
        }
        Ok(lines.join("\n") + "\n")
    }
}

/// The built-in settings, for trying before there are any.
fn defaults() -> Result<Config, Failure> {
    Ok(Config::built_in()?)
}

fn failed(bad: Finding) -> Failure {
    Failure::because(Explanation { what: bad.words, hint: bad.hint })
}

/// A command as it is typed into a terminal: words, or a line for the shell where it has more.
fn words(command: &str) -> Vec<String> {
    if command.contains(['"', '\'', '|', '$', '\\', '&', ';', '<', '>', '`', '~', '*']) {
        return ["sh", "-c", command].map(str::to_owned).to_vec();
    }
    command.split_whitespace().map(str::to_owned).collect()
}

/// A short name for an account of `domain` that is not taken yet.
fn short_name(domain: &str, taken: &[&str]) -> String {
    const REGISTRIES: [&str; 9] = ["ac", "co", "ne", "or", "go", "ed", "ad", "gr", "lg"];
    let mut labels: Vec<&str> = domain.split('.').collect();
    if labels.len() > 1 {
        labels.pop();
    }
    if labels.len() > 1 && labels.last().is_some_and(|label| REGISTRIES.contains(label)) {
        labels.pop();
    }
    let label = labels.last().copied().unwrap_or_default();
    let mut base: String =
        label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect();
    if base.is_empty() {
        "mail".clone_into(&mut base);
    }
    let numbered = (2..).map(|number| format!("{base}{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered);
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or(base)
}

/// A mail as companies write them, made up, to show a draft on.
const SAMPLE_JA: &str = "From: =?UTF-8?B?5qCq5byP5Lya56S+6Z2S6JGJ5ZWG5LqLIOaOoeeUqOaLheW9kw==?= <saiyo@example.co.jp>\r\n\
    Subject: =?UTF-8?B?6YG46ICD57WQ5p6c44Gu44GU6YCj57Wh?=\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    株式会社青葉商事 採用担当です。\r\n先日は面接にお越しいただき、ありがとうございました。\r\n\
    慎重に検討いたしましたが、誠に残念ながら、今回は採用を見送らせていただくことになりました。\r\n";

const SAMPLE_EN: &str = "From: Aoba Trading Recruiting <jobs@example.com>\r\n\
    Subject: Your application\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    Dear applicant,\r\nthank you for coming to the interview. Unfortunately, we will not be moving\r\n\
    forward with your application.\r\n\r\nBest regards,\r\nAoba Trading Recruiting\r\n";

/// What a draft reply looks like with this profile.
fn preview(
    profile: &Profile,
    account: &Account,
    paths: &Paths,
    lang: Lang,
) -> Result<String, Failure> {
    let knowledge = Knowledge::load(paths.folder()).map_err(Failure::new)?;
    let sample = match lang {
        Lang::Ja => SAMPLE_JA,
        Lang::En => SAMPLE_EN,
    };
    let mail = Mail::read(sample.as_bytes()).map_err(Failure::new)?;
    let own = [account.address.clone()];
    let verdict = classify(&mail, &own, &knowledge.rules);
    let from = Address { name: Some(profile.name.clone()), addr_spec: account.address.clone() };
    let request = Request {
        mail: &mail,
        verdict: &verdict,
        kind: Kind::Thanks,
        profile,
        from: &from,
        own_addresses: &own,
    };
    let draft = knowledge.templates.draft(&request).map_err(Failure::new)?;
    Ok(draft.to_text().trim_end().to_owned())
}

/// Stores the password and writes the settings: all of it, or nothing.
fn apply(
    plan: &Plan,
    runtime: &tokio::runtime::Runtime,
    paths: &Paths,
    console: &Console,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let lang = console.lang;
    let account = &plan.account;
    // Read anew: an editor may have been at it meanwhile.
    let before = match std::fs::read_to_string(&paths.config) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => {
            return Err(ConfigError::Unreadable { path: paths.config.clone(), source }.into());
        }
    };
    let text = if plan.known {
        edit::with_profile(before.as_deref(), &plan.profile)
    } else {
        edit::with_account(before.as_deref(), &plan.profile, account)
    };
    let text = text.map_err(|error| ConfigError::File {
        path: paths.config.clone(),
        mistake: Box::new(Mistake::while_editing(&error, before.as_deref().unwrap_or_default())),
    })?;
    Config::read(&text, &paths.config)?;

    match &plan.keep {
        Keep::There => {}
        Keep::Keyring(secret) => {
            let stored = secret::store_in_keyring(&account.name, secret);
            runtime.block_on(stored).map_err(Failure::new)?;
            let name = &account.name;
            writeln!(
                out,
                "{}",
                say!(
                    lang,
                    "✓ パスワードをキーリングに入れました（{name}）",
                    "✓ the password is in the keyring ({name})"
                )
            )?;
        }
        Keep::File(path, secret) => {
            edit::replace(path, &format!("{}\n", secret.expose()))?;
            let path = path.display();
            writeln!(
                out,
                "{}",
                say!(lang, "✓ パスワードを {path} に置きました", "✓ the password is in {path}")
            )?;
        }
    }
    if before.as_deref() == Some(text.as_str()) {
        return Ok(());
    }
    if let Err(error) = edit::replace(&paths.config, &text) {
        // Nothing half done: a password without an account is of no use to anybody.
        match &plan.keep {
            Keep::Keyring(_) if !plan.known => {
                let _ = runtime.block_on(secret::remove_from_keyring(&account.name));
            }
            Keep::File(path, _) => {
                let _ = std::fs::remove_file(path);
            }
            _ => {}
        }
        let path = paths.config.display();
        return Err(Failure::because(Explanation::new(say!(
            lang,
            "{path} に書けません：{error}",
            "{path} cannot be written: {error}"
        ))));
    }
    let path = paths.config.display();
    writeln!(
        out,
        "{}",
        say!(lang, "✓ 設定を {path} に書きました", "✓ the settings are in {path}")
    )?;
    Ok(())
}

/// A server as its question takes it: what is not usual is said with it.
fn as_typed(settings: &ServerSettings, [implicit, explicit]: [u16; 2]) -> String {
    let server = settings.server(implicit, explicit);
    let endpoint = Endpoint { host: server.host, port: server.port, security: server.security };
    if (endpoint.port, endpoint.security) == (implicit, Security::Tls) {
        endpoint.host
    } else {
        endpoint.to_string()
    }
}

/// Starts the service, or says how goen is started.
fn start(
    plan: &Plan,
    paths: &Paths,
    console: &Console,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let lang = console.lang;
    if plan.service {
        match service::install(paths, &UserFolders::from_env()?, None) {
            Ok(installed) => super::service::tell_installed(&installed, lang, out)?,
            // The settings are written, and good: the service can be looked at by itself.
            Err(error) => {
                let words = Failure::new(error).sentence(lang);
                writeln!(out, "{}", super::text::wrap(&format!("! {words}"), console.columns))?;
            }
        }
        return Ok(());
    }
    let words = if daemon::is_running(paths) {
        say!(
            lang,
            "動いている goen に新しい設定を読ませるには：systemctl --user reload goen",
            "To make the running goen read the new settings: systemctl --user reload goen"
        )
    } else {
        say!(
            lang,
            "見守りを始めるには：goen service install（試すだけなら goen run）",
            "To start watching: goen service install (or goen run, just to try)"
        )
    };
    writeln!(out, "{words}")?;
    Ok(())
}

/// What to do next.
fn farewell(plan: &Plan, console: &Console, out: &mut dyn Write) -> Result<(), Failure> {
    let lang = console.lang;
    let name = &plan.account.name;
    let lines = say!(
        lang,
        "\n準備ができました（アカウント {name}）。はじめに過去 30 日分を静かに読みます（そのぶんの通知は出ません）。\n  goen status  様子を見る\n  goen list    応募の一覧\n  goen setup   アカウントを足す、もう一度試す",
        "\nAll set (account {name}). goen first reads the last 30 days, quietly: no notifications for those.\n  goen status  how it is doing\n  goen list    your applications\n  goen setup   add an account, or try one again"
    );
    writeln!(out, "{}", super::text::wrap(&lines, console.columns))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_gets_a_short_name_that_is_not_taken() {
        assert_eq!(short_name("gmail.com", &[]), "gmail");
        assert_eq!(short_name("gmail.com", &["gmail"]), "gmail2");
        assert_eq!(short_name("stu.example.ac.jp", &[]), "example");
        assert_eq!(short_name("docomo.ne.jp", &[]), "docomo");
        assert_eq!(short_name("localhost", &[]), "localhost");
    }

    #[test]
    fn a_command_is_split_into_words_or_given_to_the_shell() {
        assert_eq!(words("pass show mail/uni"), ["pass", "show", "mail/uni"]);
        assert_eq!(
            words("pass show 'my mail' | head -1"),
            ["sh", "-c", "pass show 'my mail' | head -1"]
        );
    }

    #[test]
    fn the_preview_is_a_draft_with_name_and_signature_in_both_languages() {
        let account: Account = toml::from_str(
            "name = \"uni\"\naddress = \"hanako@example.jp\"\nimap = { host = \"imap.example.jp\" }",
        )
        .unwrap();
        let profile = Profile {
            name: "山田 花子".to_owned(),
            name_en: "Hanako Yamada".to_owned(),
            signature: "文学部\n".to_owned(),
        };
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::from_env(Some(folder.path().join("config.toml"))).unwrap();
        let preview = |lang| {
            let made = preview(&profile, &account, &paths, lang);
            made.map_err(|failure| failure.sentence(Lang::En)).unwrap()
        };
        let ja = preview(Lang::Ja);
        for part in ["山田 花子", "文学部", "青葉商事", "hanako@example.jp"] {
            assert!(ja.contains(part), "{part}\n{ja}");
        }
        let en = preview(Lang::En);
        assert!(en.contains("Hanako Yamada"), "{en}");
    }
}
