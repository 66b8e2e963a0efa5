//! Writes accounts and the profile into the settings file, and leaves everything else in it as the
//! user has it: words, order, comments.

use std::io::{self, Write as _};
use std::path::Path;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TomlError, value};

use crate::config::{Account, SecretSettings, ServerSettings};
use crate::net::Security;
use crate::reply::Profile;

/// The commented example: a new file begins as it does.
const EXAMPLE: &str = include_str!("../../config/goen.example.toml");

/// The text of the settings with `account` added, and with those of the profile's keys that were
/// empty. `before` is the file as it is; without one, a commented file is begun.
///
/// # Errors
/// Where `before` is no TOML.
pub fn with_account(
    before: Option<&str>,
    profile: &Profile,
    account: &Account,
) -> Result<String, TomlError> {
    let mut document: DocumentMut = with_profile(before, profile)?.parse()?;
    // Comments at the end stay before what is added.
    let end = document.trailing().as_str().unwrap_or_default().to_owned();
    let accounts =
        document.entry("accounts").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(accounts) = accounts.as_array_of_tables_mut() {
        let mut entry = entry(account);
        let start = if before.is_some() { "\n" } else { HEADING };
        entry.decor_mut().set_prefix(end + start);
        accounts.push(entry);
        document.set_trailing("");
    } else if let Some(accounts) = accounts.as_array_mut() {
        // `accounts = [{ … }]`, as somebody may have written it.
        accounts.push(entry(account).into_inline_table());
    }
    Ok(document.to_string())
}

/// The text of the settings with those of the profile's keys that were empty.
///
/// # Errors
/// Where `before` is no TOML.
pub fn with_profile(before: Option<&str>, profile: &Profile) -> Result<String, TomlError> {
    let mut document: DocumentMut = before.map_or_else(begun, str::to_owned).parse()?;
    if *profile == Profile::default() {
        return Ok(document.to_string());
    }
    let table = document.entry("profile").or_insert_with(toml_edit::table);
    if let Some(table) = table.as_table_like_mut() {
        let fields = [
            ("name", &profile.name),
            ("name_en", &profile.name_en),
            ("signature", &profile.signature),
        ];
        for (key, text) in fields {
            let is_empty = table.get(key).and_then(Item::as_str).is_none_or(str::is_empty);
            if is_empty && !text.is_empty() {
                table.insert(key, value(text.as_str()));
            }
        }
    }
    Ok(document.to_string())
}

/// The start of a new file: the example up to its accounts, each key that has a default commented
/// out, so that the default stays what goen's next version makes it.
fn begun() -> String {
    let mut out = String::new();
    let mut in_profile = false;
    let mut lines = EXAMPLE.lines().take_while(|line| !line.starts_with("# メールアカウント"));
    while let Some(line) = lines.next() {
        if line.starts_with('[') {
            in_profile = line == "[profile]";
        }
        let is_key = !line.starts_with(['#', '[', ' ']) && line.contains(" = ");
        if is_key && in_profile {
            let key = line.split(" = ").next().unwrap_or_default();
            out.extend([key, " = \"\"\n"]);
            if line.ends_with("\"\"\"") {
                // The example's signature has several lines.
                for line in lines.by_ref() {
                    if line.ends_with("\"\"\"") {
                        break;
                    }
                }
            }
            continue;
        }
        if is_key {
            out.push_str("# ");
        }
        out.push_str(line);
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

/// What stands above the first account.
const HEADING: &str = "\n# メールアカウント。ほかのアカウントは goen setup で足せます\n\
                       # a mail account; `goen setup` adds others\n";

/// One `[[accounts]]` with a word on each key that is not plain.
fn entry(account: &Account) -> Table {
    let mut table = Table::new();
    table.insert("name", value(account.name.as_str()));
    table.insert("address", value(account.address.as_str()));
    if !account.user.is_empty() {
        table.insert("user", value(account.user.as_str()));
    }
    if account.mailboxes != ["INBOX"] {
        let mailboxes: toml_edit::Array = account.mailboxes.iter().map(String::as_str).collect();
        table.insert("mailboxes", value(mailboxes));
    }
    if account.imap != ServerSettings::default() {
        table.insert("imap", Item::Table(server(&account.imap, "受信 / the server to watch")));
    }
    if let Some(smtp) = &account.smtp {
        table.insert("smtp", Item::Table(server(smtp, "返信の送信 / where replies are submitted")));
    }
    table.insert("secret", Item::Table(secret(&account.secret)));
    table
}

fn server(server: &ServerSettings, comment: &str) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix(format!("\n# {comment}\n"));
    // Where no host is named, GNOME Online Accounts knows all three.
    if !server.host.is_empty() {
        table.insert("host", value(server.host.as_str()));
        if server.port != 0 {
            table.insert("port", value(i64::from(server.port)));
        }
        let security = match server.security {
            Security::Tls => "tls",
            Security::Starttls => "starttls",
            Security::Plain => "plain",
        };
        table.insert("security", value(security));
    }
    if !server.ca_file.as_os_str().is_empty() {
        table.insert("ca_file", value(server.ca_file.display().to_string()));
    }
    table
}

fn secret(secret: &SecretSettings) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix(
        "\n# パスワードの在りか（パスワードそのものは、ここには書きません）\n\
         # where the password is; the password itself never stands here\n",
    );
    let words =
        |words: &[String]| value(words.iter().map(String::as_str).collect::<toml_edit::Array>());
    if let Some(command) = &secret.password_command {
        table.insert("password_command", words(command));
    } else if let Some(command) = &secret.token_command {
        table.insert("token_command", words(command));
    } else if let Some(address) = &secret.online_account {
        table.insert("online_account", value(address.as_str()));
    } else if let Some(path) = &secret.password_file {
        table.insert("password_file", value(path.display().to_string()));
    } else if let Some(name) = &secret.credential {
        table.insert("credential", value(name.as_str()));
    } else {
        table.insert("keyring", value(true));
    }
    table
}

/// Puts `text` in the place of the file at `path`, whole or not at all. A file that is there keeps
/// its mode; a new one is the user's alone. What a link points to is replaced, not the link.
///
/// # Errors
/// The system's.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(before) = std::fs::metadata(&target) {
        file.as_file().set_permissions(before.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::Config;

    fn account(name: &str) -> Account {
        Account {
            name: name.to_owned(),
            address: format!("{name}@example.jp"),
            user: String::new(),
            mailboxes: vec!["INBOX".to_owned()],
            imap: ServerSettings {
                host: "imap.example.jp".to_owned(),
                port: 0,
                security: Security::Tls,
                ca_file: std::path::PathBuf::default(),
            },
            smtp: Some(ServerSettings {
                host: "smtp.example.jp".to_owned(),
                port: 2525,
                security: Security::Starttls,
                ca_file: "/ca.pem".into(),
            }),
            secret: SecretSettings::default(),
        }
    }

    fn profile() -> Profile {
        Profile {
            name: "山田 花子".to_owned(),
            name_en: String::new(),
            signature: "文学部\n".to_owned(),
        }
    }

    fn read(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn a_new_file_explains_every_key_and_sets_none_that_has_a_default() {
        let text = with_account(None, &profile(), &account("uni")).unwrap();
        let config = read(&text);
        assert_eq!(config.profile, profile());
        assert_eq!(config.accounts.len(), 1);
        assert_eq!(config.accounts[0].smtp, account("uni").smtp);
        for line in
            ["# lookback_days = 30", "# bad_news = \"at once\"", "[reply]", "keyring = true"]
        {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(!text.contains("Hanako Yamada"), "nothing of the example's person: {text}");
        insta::assert_snapshot!(text.split("\n# メールアカウント").nth(1).unwrap());
    }

    #[test]
    fn an_account_of_gnomes_names_no_server() {
        let secret = SecretSettings {
            online_account: Some("uni@example.jp".to_owned()),
            ..Default::default()
        };
        let online = Account {
            imap: ServerSettings { ca_file: "/own.pem".into(), ..Default::default() },
            smtp: Some(ServerSettings::default()),
            secret,
            ..account("uni")
        };
        let text = with_account(None, &profile(), &online).unwrap();
        assert_eq!(read(&text).accounts, [online]);
        assert!(!text.contains("host = \"\""), "{text}");
    }

    #[test]
    fn what_the_user_has_edited_stays_as_it_is() {
        let mine = "# mine\nlang='ja' # always\n\n[profile]\nname = \"花\"   # short\n\n\
                    [[accounts]]\nname = \"home\"\naddress = \"h@example.jp\"\n\
                    imap = { host = \"imap.example.jp\" } # one line\n";
        let text = with_account(Some(mine), &profile(), &account("uni")).unwrap();
        for line in mine.lines() {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        let config = read(&text);
        assert_eq!(config.profile.name, "花");
        assert_eq!(config.profile.signature, "文学部\n");
        let names: Vec<&str> =
            config.accounts.iter().map(|account| account.name.as_str()).collect();
        assert_eq!(names, ["home", "uni"]);
    }

    #[test]
    fn accounts_written_on_one_line_get_another() {
        let mine = "accounts = [{ name = \"home\", address = \"h@example.jp\", imap = { host = \"i\" } }]\n";
        let text = with_account(Some(mine), &profile(), &account("uni")).unwrap();
        assert_eq!(read(&text).accounts.len(), 2);
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode_and_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("new/config.toml"), folder.path().join("link"));
        replace(&path, "a").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, "b").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "b");
        assert!(link.is_symlink());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    }
}
