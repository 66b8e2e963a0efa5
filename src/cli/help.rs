//! The help texts in Japanese. The English ones stand at the arguments themselves.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::builder::PossibleValue;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use super::text::{Style, fit, hang};
use crate::lang::Lang;
use crate::say;

/// `command`, with its help in `lang`, and examples.
///
/// Its lines are not broken: clap breaks at spaces alone, of which Japanese has none ([`hang`] does it).
pub(super) fn in_language(command: Command, lang: Lang) -> Command {
    let command = with_examples(command.term_width(0), "", lang);
    match lang {
        Lang::En => command,
        Lang::Ja => {
            let mut command = japanese(command, "");
            // clap's own subcommand is there only once all is built.
            command.build();
            command.mut_subcommand("help", |help| help.about("コマンドの説明を出す"))
        }
    }
}

/// Sections in Japanese, in clap's order.
const TEMPLATE: &str = "{about-with-newline}\n使い方：{usage}\n\n{all-args}{after-help}";

fn japanese(mut command: Command, above: &str) -> Command {
    let path = format!("{above}{}", command.get_name());
    if let Some(about) = text(&path) {
        command = command.about(about);
    }
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("コマンド")
        .subcommand_value_name("コマンド")
        .disable_help_flag(true)
        .disable_help_subcommand(!above.is_empty())
        .arg(help.help("説明を出す").help_heading("オプション"));
    if above.is_empty() {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        command = command
            .disable_version_flag(true)
            .arg(version.help("版を出す").help_heading("オプション"));
    }
    let arguments: Vec<String> =
        command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
    for id in arguments {
        let (own, shared) = (format!("{path} {id}"), format!("* {id}"));
        // A subcommand may have the name of an argument that all commands share (`config`).
        let keys = if above.is_empty() { [shared, own] } else { [own, shared] };
        if let Some(help) = keys.iter().find_map(|key| text(key)) {
            command = command.mut_arg(id, |argument| in_japanese(argument, help));
        }
    }
    let names: Vec<String> =
        command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    for name in names {
        let above = format!("{path} ");
        command = command.mut_subcommand(name, |inner| japanese(inner, &above));
    }
    command
}

/// An argument with its help; what clap would add in English is said in Japanese.
fn in_japanese(argument: Arg, help: &str) -> Arg {
    let heading = if argument.is_positional() { "引数" } else { "オプション" };
    let mut help = help.to_owned();
    let values = argument.get_possible_values();
    let names: Vec<&str> =
        values.iter().filter(|value| !value.is_hide_set()).map(PossibleValue::get_name).collect();
    if !names.is_empty() && argument.get_action().takes_values() {
        help += &["［", &names.join("、"), "］"].concat();
    }
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        help += &["（既定：", &defaults.join(" "), "）"].concat();
    }
    let takes_values = argument.get_action().takes_values();
    argument
        .help(help)
        .help_heading(heading)
        .hide_possible_values(takes_values)
        .hide_default_value(takes_values)
}

fn with_examples(mut command: Command, above: &str, lang: Lang) -> Command {
    let path = format!("{above}{}", command.get_name());
    let examples: Vec<String> = EXAMPLES
        .iter()
        .filter(|(known, ..)| *known == path)
        .map(|(_, line, ja, en)| {
            let what = match lang {
                Lang::Ja => ja,
                Lang::En => en,
            };
            if what.is_empty() {
                format!("  {line}")
            } else {
                format!("  {}  {what}", fit(line, EXAMPLE_COLUMNS))
            }
        })
        .collect();
    if !examples.is_empty() {
        let heading = say!(lang, "例：", "Examples:");
        command = command.after_help(format!("{heading}\n{}", examples.join("\n")));
    }
    let names: Vec<String> =
        command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    for name in names {
        let above = format!("{path} ");
        command = command.mut_subcommand(name, |inner| with_examples(inner, &above, lang));
    }
    command
}

/// What stands instead of a run: help, or what is wrong with the words that were typed.
pub(super) fn stopped(error: &clap::Error, lang: Lang, columns: usize, style: Style) -> ExitCode {
    use ErrorKind as K;
    let is_missing =
        matches!(error.kind(), K::DisplayHelpOnMissingArgumentOrSubcommand | K::MissingSubcommand);
    if is_missing && is_bare() {
        // Nothing left to tell where standard output is gone.
        let _ = writeln!(io::stdout(), "{}", hang(overview(lang).trim_end(), columns));
        return ExitCode::SUCCESS;
    }
    if error.kind() == K::DisplayHelp {
        let help = hang(error.to_string().trim_end(), columns);
        for line in help.lines() {
            let is_heading = line.ends_with([':', '：']) && !line.starts_with(' ');
            let line = if is_heading { style.bold(line) } else { line.to_owned() };
            let _ = writeln!(io::stdout(), "{line}");
        }
        return ExitCode::SUCCESS;
    }
    let japanese = (lang == Lang::Ja).then(|| complaint(error)).flatten();
    let Some(words) = japanese else { error.exit() };
    let _ = writeln!(io::stderr(), "goen: {words}");
    let _ = writeln!(
        io::stderr(),
        "hint: 使い方は goen --help、または goen コマンド --help で見られます"
    );
    ExitCode::from(2)
}

/// Whether `goen` was typed and nothing else that asks for something.
fn is_bare() -> bool {
    std::env::args().skip(1).all(|word| ["--lang", "ja", "en"].contains(&word.as_str()))
}

/// What is wrong, in Japanese; nothing for what clap says better.
fn complaint(error: &clap::Error) -> Option<String> {
    use {ContextKind as C, ErrorKind as K};
    let context = |kind: C| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join("、")),
        other => Some(other.to_string()),
    };
    let suggestion = |kind: C| {
        let near = context(kind).filter(|near| !near.is_empty());
        near.map_or_else(String::new, |near| format!("。もしかして：{near}"))
    };
    match error.kind() {
        K::InvalidSubcommand => {
            let typed = context(C::InvalidSubcommand)?;
            Some(format!(
                "「{typed}」というコマンドはありません{}",
                suggestion(C::SuggestedSubcommand)
            ))
        }
        K::UnknownArgument => {
            let typed = context(C::InvalidArg)?;
            Some(format!("「{typed}」という指定はありません{}", suggestion(C::SuggestedArg)))
        }
        K::InvalidValue | K::ValueValidation => {
            let (argument, value) = (context(C::InvalidArg)?, context(C::InvalidValue)?);
            let valid = context(C::ValidValue).filter(|valid| !valid.is_empty());
            let valid = valid.map_or_else(String::new, |valid| format!("（使えるのは {valid}）"));
            Some(if value.is_empty() {
                format!("{argument} には値が要ります{valid}")
            } else {
                format!("{argument} に「{value}」は使えません{valid}")
            })
        }
        K::MissingRequiredArgument => {
            Some(format!("足りないものがあります：{}", context(C::InvalidArg)?))
        }
        K::ArgumentConflict => Some(format!(
            "{} と {} は一緒に使えません",
            context(C::InvalidArg)?,
            context(C::PriorArg)?
        )),
        _ => None,
    }
}

/// What `goen` alone says.
fn overview(lang: Lang) -> String {
    let (setup, demo) = ("goen setup", "goen demo");
    let lines = [
        (setup, "メールアドレスを設定して、見守りを始める", "set up an email address and begin"),
        (demo, "アカウントなしで、全体の動きを見る", "see it all at work; needs no account"),
        ("goen status", "アカウントと返信の様子", "how the accounts and the replies are doing"),
        ("goen list", "応募の一覧", "your applications"),
        (
            "goen show 3",
            "1通の内容と、いま役に立つこと",
            "one email: what it says, and what helps now",
        ),
        ("goen review", "返信の下書きを読んで、承認する", "read draft replies, and approve them"),
        (
            "goen doctor",
            "うまくいかないときに、順に調べる",
            "something is wrong? look step by step",
        ),
        ("goen --help", "すべてのコマンド", "all commands"),
    ];
    let mut text = say!(
        lang,
        "goen(ご縁) - 就職・転職活動中の受信トレイに、静かに寄り添うプログラム\n\n",
        "goen (ご縁), a quiet companion for your inbox while you look for work\n\n"
    );
    for (command, ja, en) in lines {
        let what = match lang {
            Lang::Ja => ja,
            Lang::En => en,
        };
        text += &["  ", &fit(command, 13), what, "\n"].concat();
    }
    text
}

/// Columns of an example; what it does stands behind them.
const EXAMPLE_COLUMNS: usize = 34;

/// Command, an example of it, and what that does.
const EXAMPLES: &[(&str, &str, &str, &str)] = &[
    ("goen", "goen setup", "設定して始める", "set up an address and begin"),
    ("goen", "goen list", "応募の一覧", "your applications"),
    ("goen", "goen show 3", "3 番のメール", "the email with number 3"),
    ("goen", "goen review", "下書きを読む", "read the drafts"),
    ("goen setup", "goen setup hanako@gmail.com", "質問に答えながら", "asks for the rest"),
    ("goen setup", "goen setup me@example.ac.jp \\", "質問なしで", "asks nothing"),
    ("goen setup", "  --provider microsoft365 \\", "", ""),
    ("goen setup", "  --token-command 'pizauth show uni' \\", "", ""),
    ("goen setup", "  --yes", "", ""),
    ("goen list", "goen list --outcome offer", "内定だけ", "offers only"),
    ("goen list", "goen list --all --json", "スクリプト向け", "for scripts"),
    ("goen review", "goen review 3", "3 番の返信", "the reply to number 3"),
    ("goen quiet", "goen quiet 3h", "3 時間", "for three hours"),
    ("goen quiet", "goen quiet 18:00", "18 時まで", "until 18:00"),
    ("goen quiet", "goen quiet off", "やめる", "ends it"),
    ("goen export", "goen export -o goen.json", "すべて", "everything"),
    ("goen export", "goen export --format csv", "表計算用", "for a spreadsheet"),
    ("goen import", "goen import goen.json", "ほかのパソコンから", "from another machine"),
    ("goen forget", "goen forget 3", "3 番のメール", "the email with number 3"),
    ("goen forget", "goen forget --older-than 1y", "1 年より前", "what is older than a year"),
    ("goen backup", "goen backup ~/backup/", "日時の名前で", "named by date and time"),
    ("goen classify", "goen classify --why mail.eml", "理由も", "with its reasons"),
    ("goen classify", "goen classify - < mail.eml", "標準入力から", "from standard input"),
    ("goen doctor", "goen doctor uni", "このアカウントだけ", "this account only"),
    ("goen events", "goen events --follow", "起きるたびに", "as things happen"),
];

/// The Japanese text for a command (`goen show`) or one of its arguments (`goen show id`).
fn text(key: &str) -> Option<&'static str> {
    JAPANESE.iter().find(|(known, _)| *known == key).map(|(_, text)| *text)
}

const JAPANESE: &[(&str, &str)] = &[
    ("goen", "就職・転職活動中の受信トレイに、静かに寄り添うプログラム"),
    ("* config", "設定ファイル（既定：~/.config/goen/config.toml）"),
    ("* lang", "表示の言語。ja または en（既定はロケールに従う）"),
    ("* json", "JSON で出力する"),
    ("* id", "goen list に出る番号"),
    ("goen demo", "このパソコンの中だけで、全体の動きを見せる（アカウントは不要）"),
    ("goen demo yes", "確かめずに返信を承認する"),
    ("goen demo keep", "終わってもサーバーと記録を残し、ほかのコマンドを試せるようにする"),
    ("goen setup", "アカウントを設定する（サーバー、パスワード、設定ファイル）"),
    ("goen setup address", "メールアドレス"),
    ("goen setup name", "アカウントの短い名前"),
    ("goen setup user", "ログイン名（アドレスと違うとき）"),
    ("goen setup provider", "メール会社（アドレスから分からないとき。gmail、microsoft365 など）"),
    ("goen setup imap", "受信サーバー"),
    ("goen setup smtp", "返信を送るサーバー"),
    ("goen setup no_smtp", "返信を送るサーバーを設定しない"),
    ("goen setup ca_file", "システムのものに代えて信頼する証明書（PEM）"),
    ("goen setup mailboxes", "INBOX に代えて見守るメールボックス（繰り返し可）"),
    ("goen setup thunderbird", "このアドレスについて Thunderbird にあるサーバーを使うか"),
    ("goen setup gnome", "このアドレスについて GNOME オンラインアカウントを使うか"),
    ("goen setup look_up", "知らないサーバーをネットで探すか（ドメインがほかに伝わる）"),
    ("goen setup password_command", "パスワードを出力するコマンド"),
    ("goen setup token_command", "OAuth のトークンを出力するコマンド"),
    ("goen setup password_file", "パスワードのファイル（自分だけが読めるもの）"),
    ("goen setup password_stdin", "パスワードを標準入力から読み、キーリングに入れる"),
    ("goen setup my_name", "お名前（返信の下書きに使う）"),
    ("goen setup my_name_en", "英語のメールでのお名前"),
    ("goen setup signature", "名前の下に置く行（\\n で区切る）"),
    ("goen setup service", "サービスを入れて始めるか（--yes では、yes とした時だけ）"),
    ("goen setup notification", "最後にテスト通知を出すか"),
    ("goen setup yes", "質問しない。指定のないものは既定値にする"),
    ("goen run", "受信トレイを見守る（systemd のユニットが起動するもの）"),
    ("goen status", "アカウント、通知、返信の様子"),
    ("goen doctor", "goen が必要とするものを順に調べ、どうすればよいかを示す"),
    ("goen doctor account", "このアカウントだけを調べる"),
    ("goen list", "応募の一覧と今の様子（新しい順）"),
    ("goen list all", "一区切りにした応募も含める。--mails では、結果ではないメールも含める"),
    ("goen list mails", "応募ごとではなく、メールを1通ずつ出す"),
    ("goen list outcome", "この結果だけを出す（繰り返し可）"),
    ("goen list limit", "出す件数の上限"),
    ("goen show", "1通の内容、手がかりにした言葉、いま役に立つこと、応募のこれまで"),
    ("goen app", "どのメールが同じ応募かを直す、名前を付ける、一区切りにする"),
    ("goen app merge", "2通のメールの応募を、ひとつにまとめる"),
    ("goen app merge into", "残すほうの応募のメールの番号"),
    ("goen app merge from", "そこに加える応募のメールの番号"),
    ("goen app split", "1通のメールを、別の応募として分ける"),
    ("* number", "その応募のメールの番号。複数の結果があるメールでは 7.2 のように"),
    ("goen app rename", "応募に名前を付ける。空にすると、メールにある名前に戻る"),
    ("goen app rename company", "会社名"),
    ("goen app rename position", "職種・ポジション"),
    ("goen app close", "一区切りにする（一覧から外す。新しいメールが届けば戻る）"),
    ("goen app reopen", "一区切りにした応募を、一覧に戻す"),
    ("goen memo", "振り返りメモを書く（このパソコンの中だけに残る）"),
    ("goen memo all", "すべてのメモを Markdown で出力する"),
    ("goen memo search", "この言葉を含むメモを出力する"),
    ("goen memo print", "メモを出力するだけで、何も変えない"),
    ("goen memo from", "エディターの代わりに、ファイル（- は標準入力）からメモを取り込む"),
    ("goen correct", "読み違いを訂正する（似たメールの読み方も変わる）"),
    (
        "goen correct outcome",
        "正しい結果（declined 見送り、 advanced 通過、 offer 内定、 on_hold 保留、 undisclosed 結果公開、 mixed 複数、 in_process 選考中、 unsure 判断保留、 unrelated その他）",
    ),
    ("goen correct company", "企業名（読み違えていたとき、または空だったとき）"),
    ("goen correct position", "職種（読み違えていたとき、または空だったとき）"),
    ("goen correct undo", "訂正と、そこから学んだことを取り消す"),
    ("goen events", "起きたことを 1 行にひとつの JSON で出力する（スクリプト向け）"),
    ("goen events since", "この番号（event_id）より後のものだけを出す"),
    ("goen events follow", "終わらずに、起きるたびに出力する（--since がなければ、今から後だけ）"),
    ("goen review", "端末で返信を読み、直し、承認または破棄する"),
    ("goen review id", "goen list に出る番号。省くと、開いている下書きをひとつずつ"),
    ("goen review kind", "下書きの種類"),
    ("goen approve", "表示された返信を、そのダイジェストで承認する"),
    ("goen approve digest", "goen review または goen show --json が示したダイジェスト"),
    ("goen approve now", "取り消しの待ち時間をおかずに送る"),
    ("goen undo", "まだ送られていない返信の承認を取り消す"),
    ("goen postpone", "承認した返信を一日先に延ばす"),
    ("goen discard", "下書きを破棄する"),
    ("goen settle", "届いたか分からない返信を探すか、どうなったかを伝える"),
    ("goen settle arrived", "相手に届いていた（送信済みにする）"),
    ("goen settle lost", "届いていなかった（もう一度送るには改めて承認が必要）"),
    ("goen retry", "止まっているアカウントや待っているアカウントを、すぐに試し直す"),
    ("goen quiet", "しばらく通知を控える（3h、18:00 まで、off）"),
    ("goen quiet how_long", "長さ（30m、3h、1d）、終わりの時刻（18:00）、off。省くと今の様子"),
    ("goen notify-test", "テスト通知を出し、この環境でできることを示す"),
    ("goen export", "データを書き出す（すべてを JSON で、または表やページで）"),
    (
        "goen export format",
        "形式（json: すべて、goen import 用。 csv: 表計算用の一覧。 md: 読むためのページ。 ics: カレンダー用の期限と面接）",
    ),
    ("goen export output", "標準出力に代えて、このファイルに書く（自分だけが読める）"),
    ("goen import", "goen export や goen backup が書いたものを取り込む"),
    ("goen import file", "goen export（json）か goen backup のファイル。- は標準入力"),
    ("goen forget", "メールの記録を、下書きやメモも含めて消す"),
    ("goen forget ids", "goen list に出る番号"),
    ("goen forget older_than", "これより古いメール（90d、6mo、1y）"),
    ("goen forget everything", "すべて（メール、下書き、メモ）"),
    ("goen forget yes", "確かめずに消す"),
    ("goen backup", "記録の写しをファイルに取る"),
    ("goen backup path", "写しを置くファイルまたはフォルダー"),
    ("goen classify", "ファイルのメールを分類する（.eml、mbox、Maildir、標準入力）"),
    ("goen classify paths", "メールのファイルまたはフォルダー"),
    ("goen classify why", "そう判断した言葉を示す"),
    ("goen classify jobs", "並行して読む数"),
    ("goen config", "設定ファイル"),
    ("goen config example", "説明つきの設定ファイルの見本を出力する"),
    ("goen config check", "設定を確かめる"),
    ("goen config show", "効いている設定を出力する（ファイル、既定値、環境変数）"),
    ("goen config path", "設定と記録の場所を出力する"),
    ("goen service", "ログイン中に見守るための systemd ユーザーサービス"),
    ("goen service install", "サービスを入れて有効にし、始める（動いていれば始め直す）"),
    (
        "goen service install session",
        "始めるきっかけ。 graphical: デスクトップ、 any: すべてのログイン、 auto: 自動で判断",
    ),
    ("goen service uninstall", "サービスを止めて取り除く（設定、メールの記録、パスワードは残る）"),
    ("goen service status", "サービスが動いているか、何で保護されているか"),
    ("goen service logs", "サービスが記録したログ"),
    ("goen service logs follow", "新しい行を待って出し続ける"),
    ("goen service logs lines", "はじめに出す行数"),
    ("goen completions", "シェルの補完を出力する"),
    ("goen completions shell", "シェルの種類"),
];

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn untranslated(command: &Command, above: &str, missing: &mut Vec<String>) {
        let path = format!("{above}{}", command.get_name());
        if text(&path).is_none() {
            missing.push(path.clone());
        }
        for argument in command.get_arguments() {
            let id = argument.get_id();
            if ["help", "version"].contains(&id.as_str()) {
                continue;
            }
            let own = format!("{path} {id}");
            if text(&own).is_none() && text(&format!("* {id}")).is_none() {
                missing.push(own);
            }
        }
        for inner in command.get_subcommands() {
            untranslated(inner, &format!("{path} "), missing);
        }
    }

    #[test]
    fn every_command_and_argument_has_help_in_japanese() {
        let mut missing = Vec::new();
        untranslated(&super::super::Arguments::command(), "", &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }

    /// Lines wider than a terminal, and English words in the Japanese help.
    fn faults(command: &mut Command, lang: Lang, faults: &mut Vec<String>) {
        use unicode_width::UnicodeWidthStr as _;
        const ENGLISH: [&str; 7] = [
            "Usage:",
            "Options:",
            "Commands:",
            "Arguments:",
            "[default",
            "[possible",
            "Print help",
        ];
        let help = hang(&command.render_long_help().to_string(), 80);
        for line in help.lines() {
            let is_english = lang == Lang::Ja && ENGLISH.iter().any(|word| line.contains(word));
            if line.width() > 80 || is_english {
                faults.push(format!("{}: {line}", command.get_name()));
            }
        }
        // `goen help list` prints what `goen list --help` does.
        for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
            self::faults(inner, lang, faults);
        }
    }

    #[test]
    fn every_help_fits_80_columns_and_is_in_one_language() {
        let mut faults = Vec::new();
        for lang in [Lang::Ja, Lang::En] {
            let mut command = in_language(super::super::Arguments::command(), lang);
            command.build();
            self::faults(&mut command, lang, &mut faults);
        }
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn every_example_is_a_command_that_there_is() {
        let command = super::super::Arguments::command();
        let mut line = String::new();
        for (path, example, what, _) in EXAMPLES {
            assert!(what.is_empty() || example.len() <= EXAMPLE_COLUMNS, "{example}");
            line += example.trim_end_matches('\\');
            if example.ends_with('\\') {
                continue;
            }
            let plain = line.split(" < ").next().unwrap().replace("'pizauth show uni'", "pizauth");
            let words: Vec<&str> = plain.split_whitespace().collect();
            command
                .clone()
                .try_get_matches_from(words)
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            line.clear();
        }
    }
}
