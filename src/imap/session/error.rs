//! Why a session came to its end, sorted by what the caller does about it.

use std::io;

use super::answer::Words;
use crate::lang::{Explain, Explanation, Lang};
use crate::net::ConnectError;
use crate::say;
use crate::secret::SecretError;

/// Why a session could not begin or go on. After any of these the session is to be dropped.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No connection came about.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// GNOME Online Accounts does not say which server it is.
    #[error(transparent)]
    Nowhere(#[from] SecretError),
    /// The server does not believe who we are. Trying again and again locks accounts.
    // Logs hold no addresses: the name is for the user's eyes.
    #[error("the server refused the login: {words}")]
    Refused {
        /// The login name.
        user: String,
        /// `password` or `token`.
        with: &'static str,
        /// The server's words.
        words: Words,
    },
    /// The server offers no way to log in that fits the credential.
    #[error("the server offers no way to log in with a {with}; it offers {offered}")]
    NoLogin {
        /// `password` or `token`.
        with: &'static str,
        /// The ways it does offer.
        offered: String,
    },
    /// STARTTLS is required and not offered, or the change to TLS was tampered with.
    #[error("no secure connection: {0}")]
    Insecure(&'static str),
    /// The mailbox cannot be opened.
    #[error("mailbox {mailbox:?} cannot be opened: {words}")]
    NoMailbox {
        /// Its name as the user writes it.
        mailbox: String,
        /// The server's words.
        words: Words,
    },
    /// For now, the server has no room or no time (`[UNAVAILABLE]`, `[INUSE]`, `[LIMIT]`).
    #[error("the server cannot serve us now: {0}")]
    Busy(Words),
    /// The server said goodbye.
    #[error("the server ended the connection: {0}")]
    Bye(Words),
    /// The server refused a command that needs no permission.
    #[error("the server refused {command}: {words}")]
    No {
        /// The command, without its arguments.
        command: String,
        /// The server's words.
        words: Words,
    },
    /// The connection is gone.
    #[error("the connection was lost: {0}")]
    Connection(io::Error),
    /// The server fell silent.
    #[error("the server did not answer {command} within {seconds} s")]
    Timeout {
        /// The command, without its arguments.
        command: String,
        /// How long we waited.
        seconds: u64,
    },
    /// What the server said is not IMAP as we can bear it.
    #[error("the server's answer cannot be used: {0}")]
    Protocol(String),
}

impl SessionError {
    /// Whether the answer itself was at fault, so that asking the same again will hardly help.
    #[must_use]
    pub fn is_about_the_answer(&self) -> bool {
        matches!(self, Self::Protocol(_) | Self::No { .. })
    }
}

impl Explain for SessionError {
    #[expect(clippy::too_many_lines, reason = "a table of texts")]
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Connect(error) => error.explain(lang),
            Self::Nowhere(error) => error.explain(lang),
            Self::Refused { user, with, words } => Explanation::new(say!(
                lang,
                "{user} としてログインできませんでした。サーバーの返事：{words}",
                "the server refused the login of {user}: {words}"
            ))
            .hint(refused_hint(with, words, lang)),
            Self::NoLogin { with, offered } => Explanation::new(if *with == "token" {
                say!(
                    lang,
                    "このサーバーはトークン（OAuth）でのログインを受け付けていません（受け付ける方法：{offered}）",
                    "the server does not accept tokens (OAuth); it offers {offered}"
                )
            } else {
                say!(
                    lang,
                    "このサーバーはパスワードでのログインを受け付けていません（受け付ける方法：{offered}）",
                    "the server does not accept passwords; it offers {offered}"
                )
            })
            .hint(if *with == "token" {
                say!(
                    lang,
                    "設定の token_command を password_command に変えられるか確かめてください",
                    "see whether the account can use `password_command` instead of `token_command`"
                )
            } else {
                say!(
                    lang,
                    "OAuth のトークン（token_command、または GNOME オンラインアカウント）を使ってください",
                    "use an OAuth token (`token_command`, or GNOME Online Accounts)"
                )
            }),
            Self::Insecure(words) => Explanation::new(say!(
                lang,
                "STARTTLS で安全な接続にできないため、ログインしませんでした：{words}",
                "goen did not log in, because STARTTLS gave no secure connection: {words}"
            ))
            .hint(say!(
                lang,
                "security を tls、ポートを 993 にできるか確かめてください。公衆 Wi-Fi なら別のネットワークで試してください",
                "see whether `security` can be tls with port 993; on a public network, try another one"
            )),
            Self::NoMailbox { mailbox, words } => Explanation::new(say!(
                lang,
                "メールボックス「{mailbox}」を開けません。サーバーの返事：{words}",
                "mailbox “{mailbox}” cannot be opened: {words}"
            ))
            .hint(say!(
                lang,
                "設定の mailboxes の綴りを確かめてください。名前の一覧は `goen doctor` で見られます",
                "check the spelling in `mailboxes`; `goen doctor` helps to find out"
            )),
            Self::Busy(words) => Explanation::new(say!(
                lang,
                "サーバーがいま混み合っています。サーバーの返事：{words}",
                "the server is busy right now: {words}"
            ))
            .hint(say!(
                lang,
                "間隔をあけて自動でやり直します。続くときは、同じアカウントを使うほかのメールソフトを減らしてみてください",
                "goen tries again by itself, less and less often; if it lasts, close other mail programs on this account"
            )),
            Self::Bye(words) => Explanation::new(say!(
                lang,
                "サーバーが接続を終えました：{words}",
                "the server ended the connection: {words}"
            )),
            Self::No { command, words } => Explanation::new(say!(
                lang,
                "サーバーが {command} を断りました：{words}",
                "the server refused {command}: {words}"
            )),
            Self::Connection(error) => Explanation::new(say!(
                lang,
                "サーバーとの接続が切れました：{error}",
                "the connection was lost: {error}"
            ))
            .hint(say!(
                lang,
                "ネットワークが戻れば自動でつなぎ直します",
                "goen connects again by itself once the network is back"
            )),
            Self::Timeout { command, seconds } => Explanation::new(say!(
                lang,
                "サーバーが {seconds} 秒たっても {command} に返事をしませんでした",
                "the server did not answer {command} within {seconds} seconds"
            ))
            .hint(say!(
                lang,
                "自動でつなぎ直します。続くときは `goen doctor` で調べられます",
                "goen connects again by itself; if it lasts, `goen doctor` looks into it"
            )),
            Self::Protocol(words) => Explanation::new(say!(
                lang,
                "サーバーの返事を読めませんでした：{words}",
                "the server's answer could not be used: {words}"
            ))
            .hint(say!(
                lang,
                "自動でつなぎ直します。続くときは `goen doctor` の結果を添えて知らせてください",
                "goen connects again by itself; if it lasts, please report it with what `goen doctor` says"
            )),
        }
    }
}

fn refused_hint(with: &str, words: &Words, lang: Lang) -> String {
    if with == "token" {
        return say!(
            lang,
            "アクセストークンの期限が切れているか、IMAP の許可がないようです。token_command の元になるサインインをやり直してください",
            "the access token has expired or does not allow IMAP: sign in again with the program behind `token_command`"
        );
    }
    // Google names its help page in the answer itself.
    let google = words.text.contains("google.com") || words.text.contains("gmail");
    if google {
        say!(
            lang,
            "Gmail ではふだんのパスワードは使えません。アプリ パスワードを作るか、token_command を使ってください",
            "Gmail does not take your usual password: make an app password, or use `token_command`"
        )
    } else {
        say!(
            lang,
            "ユーザー名とパスワードを確かめてください。二段階認証のアカウントではアプリ用パスワードが要ります。`goen doctor` で順に調べられます",
            "check user name and password; accounts with two-step login need an app password; `goen doctor` checks step by step"
        )
    }
}
