//! Makes what packages install beside the program: the manual pages goen(1) and goen.toml(5) in both
//! languages, and the completions. `cargo run --example pages` writes them into `packaging/`;
//! `tests/it/pages.rs` sees to it that they are up to date.
//!
//! The commands come from the command line itself, the settings from `config/goen.example.toml`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;
use goen::lang::Lang::{self, En, Ja};
use roff::{Inline, Roff, bold, italic, roman};

/// The settings, explained.
const SETTINGS: &str = include_str!("../config/goen.example.toml");

#[allow(dead_code, reason = "tests/it/pages.rs takes the pages and not the program")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    for (name, text) in pages()? {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Every file, by its name below `packaging/`.
pub(crate) fn pages() -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let mut pages = Vec::new();
    for (lang, folder) in [(En, "man"), (Ja, "man/ja")] {
        for (name, page) in
            [("goen.1", commands_page(lang)?), ("goen.toml.5", settings_page(lang)?)]
        {
            let page = if lang == Ja { breakable(&page) } else { page };
            pages.push((PathBuf::from(format!("{folder}/{name}")), page));
        }
    }
    for (shell, name) in [(Shell::Bash, "goen"), (Shell::Zsh, "_goen"), (Shell::Fish, "goen.fish")]
    {
        let mut text = Vec::new();
        // One file for all users of a machine: in the language that all of them may know.
        clap_complete::generate(shell, &mut goen::cli::command(En), "goen", &mut text);
        pages.push((PathBuf::from(format!("completions/{name}")), String::from_utf8(text)?));
    }
    Ok(pages)
}

/// A text in both languages.
type Both = (&'static str, &'static str);

fn of(lang: Lang, (ja, en): Both) -> &'static str {
    match lang {
        Ja => ja,
        En => en,
    }
}

const NAME: Both = ("名前", "NAME");
const SYNOPSIS: Both = ("書式", "SYNOPSIS");
const DESCRIPTION: Both = ("説明", "DESCRIPTION");
const SEE_ALSO: Both = ("関連項目", "SEE ALSO");

/// What goen(1) says before the commands.
const INTRODUCTION: &[Both] = &[
    (
        "goen は、IMAP の受信トレイを見守り、選考結果（見送り、不採用、通過、内定など）のメールに気づいて、静かに知らせます。手がかりにした言葉と、次の小さな一歩に役立つことを示し、返信するとよいときは下書きを用意します。",
        "goen watches an IMAP inbox and notices the emails that carry the result of an application. It tells you gently, shows the words it went by, offers guidance for the next small step, and drafts a reply where one helps.",
    ),
    (
        "あなたがその文面を読んで承認するまで、何も送られません。承認した返信は、一度だけ送られます。見守るあいだ、受信トレイには何も書き込みません。通信する相手は、あなたのメールサーバーだけです（goen setup は、同意があれば、知らないサーバーをほかに問い合わせます）。",
        "Nothing is ever sent before you have read and approved exactly that text, and then it is sent once. Watching changes nothing in the mailbox. goen talks only to your own mail servers (goen setup can look up unknown ones elsewhere, if you agree).",
    ),
    (
        "はじめてのときは goen demo で全体の動きを見られます（アカウントは要りません）。ふだんは systemd のユーザーサービスとして動きます：goen service install",
        "For a first look, goen demo shows the whole program without an account. Day to day it runs as a systemd user service: goen service install.",
    ),
];

const EXIT_STATUS: &[(&str, Both)] = &[
    ("0", ("正常に終わりました。", "Success.")),
    (
        "1",
        (
            "失敗しました。理由と対処を標準エラー出力に示します。",
            "Failure; standard error says why and what to do.",
        ),
    ),
    ("2", ("コマンドの書き方に誤りがあります。", "The command line was not understood.")),
    (
        "78",
        (
            "設定に誤りがあります。サービスは、直すまで再起動しません。",
            "The settings cannot be used; the service does not restart until they are fixed.",
        ),
    ),
];

const FILES: &[(&str, Both)] = &[
    (
        "~/.config/goen/config.toml",
        ("設定。goen.toml(5) を参照。", "The settings, see goen.toml(5)."),
    ),
    (
        "~/.config/goen/",
        (
            "自分で書いた案内文や返信のひな形も、ここに置きます。",
            "Your own guidance texts and reply templates go here, too.",
        ),
    ),
    (
        "~/.local/state/goen/goen.db",
        ("記録（SQLite、自分だけが読めます）。", "The store (SQLite, readable by you alone)."),
    ),
    (
        "$XDG_RUNTIME_DIR/goen/wake",
        (
            "動いている goen に変更を知らせるソケット。",
            "A socket that tells a running goen about changes.",
        ),
    ),
];

const ENVIRONMENT: &[(&str, Both)] = &[
    ("GOEN_CONFIG", ("設定ファイル。", "The settings file.")),
    ("GOEN_STATE", ("記録のフォルダー。", "The folder of the store.")),
    (
        "GOEN__SECTION__KEY",
        (
            "設定の項目をひとつ上書きします。例：GOEN__WATCH__LOOKBACK_DAYS=7",
            "Overrides one setting, such as GOEN__WATCH__LOOKBACK_DAYS=7.",
        ),
    ),
    ("GOEN_LOG", ("ログの詳しさ。例：goen=debug", "What to log, such as goen=debug.")),
    (
        "LC_ALL, LC_MESSAGES, LANG",
        (
            "表示の言語。ja で始まれば日本語、ほかは英語。",
            "The language goen speaks: Japanese if it begins with ja, else English.",
        ),
    ),
    ("VISUAL, EDITOR", ("返信やメモを書くエディター。", "The editor for replies and notes.")),
    ("NO_COLOR", ("設定されていれば、色を使いません。", "If set, no colours are used.")),
];

const EXAMPLES: &[(&str, Both)] = &[
    (
        "goen demo",
        (
            "このパソコンの中だけで、全体の動きを見る。",
            "See the whole program at work, on this machine alone.",
        ),
    ),
    ("goen list", ("応募の一覧を、新しい順に見る。", "Your applications, newest first.")),
    (
        "goen show 3",
        ("3 番のメールと、いま役に立つことを見る。", "Email number 3, and what helps now."),
    ),
    (
        "goen review 3",
        ("返信を読み、直し、承認または破棄する。", "Read, edit, approve or discard the reply."),
    ),
    ("goen quiet 3h", ("3 時間、通知を控える。", "No notifications for three hours.")),
    (
        "goen classify --json mails/ | jq .outcome",
        ("ファイルのメールを分類する。", "Classify emails in files."),
    ),
];

/// goen(1)
fn commands_page(lang: Lang) -> Result<String, Box<dyn Error>> {
    let mut command = goen::cli::command(lang);
    command.build();
    let mut page = Roff::new();
    section(&mut page, lang, NAME);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.text([roman(format!("goen - {about}"))]);
    section(&mut page, lang, SYNOPSIS);
    page.text([bold("goen"), roman(" ["), italic("OPTIONS"), roman("] "), italic("COMMAND")]);
    section(&mut page, lang, DESCRIPTION);
    paragraphs(&mut page, lang, INTRODUCTION);
    section(&mut page, lang, ("オプション", "OPTIONS"));
    let mut text = begin("goen", 1) + &page.to_roff();
    // Options that hold for all commands are explained once, here.
    text += &options(&command, lang)?;
    let globals: Vec<String> =
        command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
    let mut page = Roff::new();
    section(&mut page, lang, ("コマンド", "COMMANDS"));
    text += &page.to_roff();
    for inner in command.get_subcommands() {
        describe(inner, "goen", &globals, lang, &mut text)?;
    }
    let mut page = Roff::new();
    for (title, entries) in [
        (("終了ステータス", "EXIT STATUS"), EXIT_STATUS),
        (("ファイル", "FILES"), FILES),
        (("環境変数", "ENVIRONMENT"), ENVIRONMENT),
        (("例", "EXAMPLES"), EXAMPLES),
    ] {
        section(&mut page, lang, title);
        for (term, words) in entries {
            page.control("TP", []);
            page.text([bold(*term)]);
            page.text([roman(of(lang, *words))]);
        }
    }
    section(&mut page, lang, SEE_ALSO);
    page.text(references(&["goen.toml(5)", "systemctl(1)", "journalctl(1)", "secret-tool(1)"]));
    Ok(text + &page.to_roff())
}

/// One command and those below it.
fn describe(
    command: &Command,
    above: &str,
    globals: &[String],
    lang: Lang,
    text: &mut String,
) -> Result<(), Box<dyn Error>> {
    if command.get_name() == "help" || command.is_hide_set() {
        return Ok(());
    }
    let path = format!("{above} {}", command.get_name());
    let mut command = command.clone();
    for id in globals {
        if command.get_arguments().any(|argument| argument.get_id().as_str() == id) {
            command = command.mut_arg(id, |argument| argument.hide(true));
        }
    }
    // Which groups others needs no heading of its own.
    if !command.has_subcommands() {
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").trim();
        let usage = usage
            .strip_prefix(path.as_str())
            .unwrap_or_else(|| usage.strip_prefix(command.get_name()).unwrap_or(usage));
        let mut page = Roff::new();
        page.control("SS", [format!("{path}{usage}").as_str()]);
        if let Some(about) = command.get_long_about().or(command.get_about()) {
            page.text([roman(about.to_string())]);
        }
        *text += &page.to_roff();
        *text += &options(&command, lang)?;
        if let Some(after) = command.get_after_long_help().or(command.get_after_help()) {
            let mut page = Roff::new();
            page.control("PP", []);
            page.control("nf", []);
            for line in after.to_string().lines() {
                page.text([roman(line)]);
            }
            page.control("fi", []);
            *text += &page.to_roff();
        }
    }
    for inner in command.get_subcommands() {
        describe(inner, &path, globals, lang, text)?;
    }
    Ok(())
}

/// The arguments of a command, without the heading.
fn options(command: &Command, lang: Lang) -> Result<String, Box<dyn Error>> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone()).render_options_section(&mut bytes)?;
    let text = String::from_utf8(bytes)?;
    let lines = text.lines().filter(|line| !line.starts_with(".SH") && !is_preamble(line));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    Ok(if lang == Ja { in_japanese(&text) } else { text })
}

/// What clap says by itself, in English always.
fn in_japanese(text: &str) -> String {
    let words = [
        ("Possible values:", "指定できる値："),
        ("[default: ", "[既定："),
        ("Print help", "ヘルプを表示する"),
        ("Print version", "バージョンを表示する"),
        (" (see more with \\*(Aq\\-\\-help\\*(Aq)", ""),
        (" (see a summary with \\*(Aq\\-h\\*(Aq)", ""),
    ];
    words.iter().fold(text.to_owned(), |text, (en, ja)| text.replace(en, ja))
}

/// One setting: its key, its value in the example, and what is said about it.
struct Setting {
    table: String,
    key: String,
    value: String,
    ja: String,
    en: String,
    /// It stands in a comment: one of several ways.
    choice: bool,
}

/// What goen.toml(5) says before the settings.
const ABOUT_SETTINGS: &[Both] = &[
    (
        "TOML のファイルです。書かなかった項目は、既定値のままです。知らない項目はエラーになります。",
        "A TOML file. What you leave out keeps its default. Unknown keys are errors.",
    ),
    (
        "goen config example で説明つきの見本を、goen config check で誤りがないかを見られます。環境変数 GOEN__SECTION__KEY は、ファイルより優先します。",
        "goen config example prints a commented file to start from, and goen config check looks for mistakes. GOEN__SECTION__KEY in the environment overrides the file.",
    ),
];

/// goen.toml(5)
fn settings_page(lang: Lang) -> Result<String, Box<dyn Error>> {
    let mut page = Roff::new();
    section(&mut page, lang, NAME);
    page.text([roman(of(lang, ("goen.toml - goen の設定", "goen.toml - settings of goen")))]);
    section(&mut page, lang, SYNOPSIS);
    page.text([italic("~/.config/goen/config.toml")]);
    section(&mut page, lang, DESCRIPTION);
    paragraphs(&mut page, lang, ABOUT_SETTINGS);
    let mut table = None;
    for setting in settings(SETTINGS)? {
        if table.as_ref() != Some(&setting.table) {
            let heading = match setting.table.as_str() {
                "" => of(lang, ("全体", "GENERAL")),
                named => named,
            };
            page.control("SH", [heading]);
            table = Some(setting.table.clone());
        }
        page.control("TP", []);
        page.text([bold(setting.key.as_str()), roman(" = "), roman(setting.value.as_str())]);
        let said = match lang {
            Ja => &setting.ja,
            En => &setting.en,
        };
        if said.is_empty() {
            return Err(format!("{} says nothing in {}", setting.key, lang.code()).into());
        }
        page.text([roman(said.as_str())]);
        if setting.choice {
            page.text([roman(of(
                lang,
                ("（ほかの書き方の代わりに）", "(Instead of the others.)"),
            ))]);
        }
    }
    section(&mut page, lang, SEE_ALSO);
    page.text(references(&["goen(1)", "systemd.exec(5)"]));
    Ok(begin("goen.toml", 5) + &page.to_roff())
}

/// Reads the example: comments in both languages, then what they are about.
fn settings(example: &str) -> Result<Vec<Setting>, Box<dyn Error>> {
    let mut settings: Vec<Setting> = Vec::new();
    let (mut ja, mut en) = (Vec::new(), Vec::new());
    let mut table = String::new();
    let mut lines = example.lines();
    while let Some(line) = lines.next() {
        let comment = line.strip_prefix("# ");
        let body = comment.unwrap_or(line);
        let pair = body.split_once(" = ").filter(|(key, _)| is_key(key));
        if line.trim().is_empty() {
            (ja, en) = (Vec::new(), Vec::new());
        } else if let Some(name) = line.strip_prefix('[') {
            table = format!("[{name}");
            (ja, en) = (Vec::new(), Vec::new());
        } else if let Some((key, value)) = pair {
            let value = match value.strip_prefix("\"\"\"") {
                None => value.to_owned(),
                Some(first) => {
                    let rest = lines.by_ref().take_while(|line| !line.ends_with("\"\"\""));
                    let first = (!first.is_empty()).then_some(first);
                    format!("{:?}", first.into_iter().chain(rest).collect::<Vec<_>>().join("\n"))
                }
            };
            // What is said once holds for the key of that name in the next table, too.
            let before = settings.iter().rev().find(|setting| setting.key == key);
            let said = |words: &mut Vec<String>, before: Option<&String>| {
                if words.is_empty() {
                    before.cloned().unwrap_or_default()
                } else {
                    std::mem::take(words).join(" ")
                }
            };
            let ja = said(&mut ja, before.map(|setting| &setting.ja));
            let en = said(&mut en, before.map(|setting| &setting.en));
            let (key, choice) = (key.to_owned(), comment.is_some());
            settings.push(Setting { table: table.clone(), key, value, ja, en, choice });
        } else if let Some(comment) = comment {
            let (japanese, english) = split(comment.trim());
            ja.extend(japanese.map(str::to_owned));
            en.extend(english.map(str::to_owned));
        } else {
            return Err(format!("not understood in the example: {line}").into());
        }
    }
    Ok(settings)
}

/// A line of a comment: in Japanese, in English, or both with a slash between them.
fn split(comment: &str) -> (Option<&str>, Option<&str>) {
    if !is_japanese(comment) {
        return (None, Some(comment));
    }
    let at_slash = comment.match_indices("/ ").find_map(|(at, slash)| {
        let (left, right) = (comment.get(..at)?, comment.get(at + slash.len()..)?);
        (is_japanese(left) && !is_japanese(right)).then_some((left.trim(), right.trim()))
    });
    match at_slash {
        Some((ja, en)) => (Some(ja), Some(en)),
        None => (Some(comment), None),
    }
}

fn is_key(word: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'))
}

/// A Japanese page whose lines can be broken: roff knows of breaks at spaces alone, and stretches
/// those few across the line.
fn breakable(page: &str) -> String {
    const NOT_AT_START: &str =
        "、。，．・：；？！ー…々）」』】ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)]";
    const NOT_AT_END: &str = "「『【（([";
    let mut broken = String::new();
    for line in page.lines() {
        let is_text = !line.starts_with('.');
        let mut before = None;
        for c in line.chars() {
            let touches = before.is_some_and(|before| is_wide(before) || is_wide(c));
            let may_end =
                before.is_some_and(|before| before != ' ' && !NOT_AT_END.contains(before));
            if is_text && touches && may_end && c != ' ' && !NOT_AT_START.contains(c) {
                broken.push_str("\\:");
            }
            broken.push(c);
            before = Some(c);
        }
        broken.push('\n');
        if line.starts_with(".TH") {
            broken.push_str(".ad l\n");
        }
    }
    broken
}

/// Whether a character is one of those that Japanese lines are broken between.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ff60}')
}

/// The first lines of a page. Without a date: the same source makes the same page.
fn begin(name: &str, number: u8) -> String {
    let version = env!("CARGO_PKG_VERSION");
    Roff::new().render() + &format!(".TH {name} {number} \"\" \"goen {version}\"\n")
}

fn paragraphs(page: &mut Roff, lang: Lang, texts: &[Both]) {
    for (number, text) in texts.iter().enumerate() {
        if number > 0 {
            page.control("PP", []);
        }
        page.text([roman(of(lang, *text))]);
    }
}

fn section(page: &mut Roff, lang: Lang, title: Both) {
    page.control("SH", [of(lang, title)]);
}

fn references(pages: &[&str]) -> Vec<Inline> {
    let mut line = Vec::new();
    for page in pages {
        let (name, number) = page.split_once('(').unwrap_or((page, ""));
        line.extend([bold(name), roman(format!("({number}")), roman(", ")]);
    }
    line.pop();
    line
}

/// What each piece of roff begins with; once a page is enough.
fn is_preamble(line: &str) -> bool {
    line.starts_with(".ie ") || line.starts_with(".el ")
}
