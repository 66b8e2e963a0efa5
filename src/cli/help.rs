//! The help texts in Japanese. The English ones stand at the arguments themselves.

use clap::Command;

use crate::lang::Lang;

/// `command`, with its help in `lang`.
pub(super) fn in_language(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Ja => japanese(command, ""),
    }
}

fn japanese(mut command: Command, above: &str) -> Command {
    let path = format!("{above}{}", command.get_name());
    if let Some(about) = text(&path) {
        command = command.about(about);
    }
    let arguments: Vec<String> =
        command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
    for id in arguments {
        if let Some(help) = text(&format!("{path} {id}")).or_else(|| text(&format!("* {id}"))) {
            command = command.mut_arg(id, |argument| argument.help(help));
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

/// The Japanese text for a command (`goen show`) or one of its arguments (`goen show id`).
fn text(key: &str) -> Option<&'static str> {
    JAPANESE.iter().find(|(known, _)| *known == key).map(|(_, text)| *text)
}

const JAPANESE: &[(&str, &str)] = &[
    ("goen", "就職・転職活動中の受信トレイに、静かに寄り添うプログラム"),
    ("* config", "設定ファイル（既定: ~/.config/goen/config.toml）"),
    ("* lang", "表示の言語。ja または en（既定はロケールに従う）"),
    ("* json", "JSON で出力する"),
    ("* id", "goen list に出る番号"),
    ("goen demo", "このパソコンの中だけで、全体の動きを見せる（アカウントもネットワークも不要）"),
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
    (
        "goen setup look_up",
        "知らないサーバーをネットワークで探すか（ドメインがほかのホストに伝わる）",
    ),
    ("goen setup password_command", "パスワードを出力するコマンド"),
    ("goen setup token_command", "OAuth のトークンを出力するコマンド"),
    ("goen setup password_file", "パスワードのファイル（自分だけが読めるもの）"),
    ("goen setup password_stdin", "パスワードを標準入力から読み、キーリングに入れる"),
    ("goen setup my_name", "お名前（返信の下書きに使う）"),
    ("goen setup my_name_en", "英語のメールでのお名前"),
    ("goen setup signature", "名前の下に置く行（\\n で区切る）"),
    ("goen setup service", "サービスを入れて始めるか（質問なしのときは、yes としたときだけ）"),
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
    ("goen show", "1通のメールの内容、手がかりにした言葉、いま役に立つこと、その応募のこれまで"),
    ("goen app", "どのメールが同じ応募かを直す、名前を付ける、一区切りにする"),
    ("goen app merge", "2通のメールの応募を、ひとつにまとめる"),
    ("goen app merge into", "残すほうの応募のメールの番号"),
    ("goen app merge from", "そこに加える応募のメールの番号"),
    ("goen app split", "1通のメールを、別の応募として分ける"),
    ("* number", "その応募のメールの番号。複数の結果があるメールでは 7.2 のように"),
    ("goen app rename", "応募に名前を付ける。空にすると、メールにある名前に戻る"),
    ("goen app rename company", "会社名"),
    ("goen app rename position", "職種・ポジション"),
    (
        "goen app close",
        "一区切りにする（一覧から外し、リマインドもしない。新しいメールが届けば戻る）",
    ),
    ("goen app reopen", "一区切りにした応募を、一覧に戻す"),
    ("goen memo", "振り返りメモを書く（このパソコンの中だけに残る）"),
    ("goen memo all", "すべてのメモを Markdown で出力する"),
    ("goen memo search", "この言葉を含むメモを出力する"),
    ("goen memo print", "メモを出力するだけで、何も変えない"),
    ("goen memo from", "エディターの代わりに、ファイル（- は標準入力）からメモを取り込む"),
    ("goen correct", "メールの読み違いを訂正する（すぐに直り、似た形のメールの読み方も変わる）"),
    (
        "goen correct outcome",
        "正しい結果（declined 見送り、advanced 通過、offer 内定、on_hold 保留、undisclosed 結果公開、mixed 複数、in_process 選考中、unsure 判断保留、unrelated その他）",
    ),
    ("goen correct company", "企業名（読み違えていたとき、または空だったとき）"),
    ("goen correct position", "職種（読み違えていたとき、または空だったとき）"),
    ("goen correct undo", "訂正と、そこから学んだことを取り消す"),
    ("goen events", "起きたことを 1 行にひとつの JSON で出力する（スクリプト向け）"),
    ("goen events since", "この番号（event_id）より後のものだけを出す"),
    (
        "goen events follow",
        "終わらずに、新しいことが起きるたびに出力する（--since がなければ、いまから後のものだけ）",
    ),
    ("goen review", "端末で返信を読み、直し、承認または破棄する"),
    ("goen review id", "goen list に出る番号。省くと、開いている下書きをひとつずつ"),
    ("goen review kind", "下書きの種類"),
    ("goen approve", "表示された返信を、そのダイジェストで承認する"),
    ("goen approve digest", "goen review または goen show --json が示したダイジェスト"),
    ("goen approve now", "取り消しの待ち時間をおかずに送る"),
    ("goen undo", "まだ送られていない返信の承認を取り消す"),
    ("goen postpone", "承認した返信を一日先に延ばす"),
    ("goen discard", "下書きを破棄する"),
    ("goen settle", "届いたかどうか分からない返信を送信済みの中に探すか、どうなったかを伝える"),
    ("goen settle arrived", "相手に届いていた（送信済みにする）"),
    ("goen settle lost", "届いていなかった（もう一度送るには改めて承認が必要）"),
    ("goen retry", "止まっているアカウントや待っているアカウントを、すぐに試し直す"),
    ("goen quiet", "しばらく通知を控える（3h、18:00 まで、off）"),
    (
        "goen quiet how_long",
        "長さ（30m、3h、1d）、終わりの時刻（18:00）、off のどれか。省くと今の様子",
    ),
    ("goen notify-test", "テスト通知を出し、この環境でできることを示す"),
    ("goen export", "データを書き出す（すべてを JSON で、または表やページで）"),
    (
        "goen export format",
        "形式（json: すべて、goen import 用。csv: 表計算用の一覧。md: 読むためのページ。ics: カレンダー用の期限と面接）",
    ),
    ("goen export output", "標準出力に代えて、このファイルに書く（自分だけが読める）"),
    ("goen import", "goen export や goen backup が書いたものを取り込む"),
    ("goen import file", "goen export --format json か goen backup が書いたファイル。- は標準入力"),
    ("goen forget", "メールの記録を、下書きやメモも含めて消す"),
    ("goen forget ids", "goen list に出る番号"),
    ("goen forget older_than", "これより古いメール（90d、6mo、1y）"),
    ("goen forget everything", "すべて（メール、下書き、メモ）"),
    ("goen forget yes", "確かめずに消す"),
    ("goen backup", "記録の写しをファイルに取る"),
    ("goen backup path", "写しを置くファイルまたはフォルダー"),
    (
        "goen classify",
        "ファイルのメールを分類する（.eml、mbox、Maildir、フォルダー、- は標準入力）",
    ),
    ("goen classify paths", "メールのファイルまたはフォルダー"),
    ("goen classify why", "そう判断した言葉を示す"),
    ("goen classify jobs", "並行して読む数"),
    ("goen config", "設定ファイル"),
    ("goen config example", "説明つきの設定ファイルの見本を出力する"),
    ("goen config check", "設定を確かめる"),
    ("goen config path", "設定と記録の場所を出力する"),
    ("goen service", "ログイン中に見守るための systemd ユーザーサービス"),
    ("goen service install", "サービスを入れて有効にし、始める（動いていれば始め直す）"),
    (
        "goen service install session",
        "始めるきっかけ。graphical（デスクトップ）、any（すべてのログイン）、auto（自動で判断）",
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
}
