//! The position in Japanese mails: what ends in the word of a trade.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// Least points of a position that is taken.
const LEAST_POINTS: i32 = 2;

/// Most characters of a position.
const LONGEST: usize = 26;

/// Names before the colon of a line that states the position.
const LABELS: &[&str] = &[
    "ポジション",
    "ポジション名",
    "職種",
    "募集職種",
    "応募職種",
    "ご応募職種",
    "求人名",
    "求人",
    "コース",
    "応募区分",
    "試験区分",
    "職名",
    "ご応募ポジション",
    "応募ポジション",
    "応募求人",
    "募集ポジション",
    "お仕事",
    "業務内容",
    "区分",
    "応募コース",
    "募集区分",
];

/// Ends of words that are trades.
const TAILS: &[&str] = &[
    "スタッフ",
    "事務",
    "管理",
    "営業",
    "エンジニア",
    "企画",
    "設計",
    "デザイナー",
    "ディレクター",
    "オペレーター",
    "ライター",
    "マーケター",
    "コーディネーター",
    "クリエイター",
    "カウンセラー",
    "アニメーター",
    "マネージャー",
    "マネジャー",
    "編集",
    "開発",
    "アナリスト",
    "サイエンティスト",
    "スペシャリスト",
    "イラストレーター",
    "セラピスト",
    "ストラテジスト",
    "候補",
    "技術",
    "品質保証",
    "見習い",
    "補助",
    "助手",
    "行政",
    "法務",
    "購買",
    "販売",
    "カスタマーサクセス",
    "プロデューサー",
    "アドバイザー",
    "プランナー",
    "リサーチャー",
    "バイヤー",
    "トレーダー",
    "司書",
    "助教",
    "保守",
    "技術者",
    "ドライバー",
    "ホール",
    "キッチン",
    "リーダー",
    "SE",
    "PM",
    "MR",
    "SRE",
    "SV",
    "運営",
    "広報",
    "労務",
    "経理",
    "財務",
    "教授",
    "受付",
    "コンサルタント",
    "プログラマ",
    "プログラマー",
    "サポート",
    "蔵人",
    "職人",
    "貿易実務",
    "仲居",
    "清掃",
    "警備",
    "監査",
    "校正",
    "翻訳",
    "講師",
    "教諭",
    "インターン",
    "インターンシップ",
    "調理",
    "接客",
    "製造",
    "物流",
    "総務",
    "人事労務",
    "配車",
    "調達",
    "研究",
    "分析",
    "テスター",
    "パティシエ",
    "シェフ",
    "ソムリエ",
    "バリスタ",
    "カメラマン",
    "パラリーガル",
    "レジ",
    "品出し",
    "制作",
    "制作進行",
    "マーケティング",
    "生産技術",
    "施工管理",
    "溶接",
    "秘書",
    "通訳",
    "保健師",
    "事業推進",
    "運用",
    "支配人",
    "教室長",
    "店番",
    "美容師",
    "整備",
    "リード",
    "アソシエイト",
    "クルー",
    "キャスト",
    "メンバー",
    "アテンダント",
    "ソーシャルワーカー",
    "ケアマネジャー",
    "ヘルパー",
    "トレーナー",
    "インストラクター",
    "ガイド",
    "ナース",
    "アーティスト",
    "アーキテクト",
    "DTPオペレーター",
    "経営企画",
    "商品企画",
    "データ入力",
    "積算",
    "総合職",
    "看護助手",
    "厨房",
    "警察官",
    "青果",
    "内勤",
    "外商",
    "土木",
    "学術",
    "解析",
];

/// Ends of one character, and words that end so and are no position.
const SHORT_TAILS: &[char] = &['士', '師', '員', '官', '職', '工'];

/// Words that are no position, or not the one that is sought.
const NOT_SOUGHT: &[&str] = &[
    "全員",
    "委員",
    "会社員",
    "役員",
    "社員",
    "正社員",
    "契約社員",
    "派遣社員",
    "人員",
    "定員",
    "満員",
    "会員",
    "係員",
    "同士",
    "恩師",
    "退職",
    "転職",
    "就職",
    "離職",
    "在職",
    "休職",
    "現職",
    "前職",
    "求職",
    "復職",
    "辞職",
    "内職",
    "本職",
    "貴職",
    "小職",
    "当職",
    "職員",
    "教職員",
    "職",
    "工",
    "員",
    "師",
    "士",
    "官",
    "管理",
    "企画",
    "開発",
    "運営",
    "研究",
    "技術",
    "候補",
    "運用",
    "整備",
    "分析",
    "検査",
    "リード",
    "メンバー",
    "事務",
    "サポート",
    "制作",
    "行政",
    "補助",
    "調達",
    "面接官",
    "担当職員",
    "内定候補",
    "人事",
    "監査",
    "製造",
    "解析",
    "スケジュール",
    "構成員",
    "審査員",
    "個人情報管理",
    "任用職員",
    "所員",
    "方全員",
    "選考委員",
    "審査委員",
    "情報管理",
    "進捗管理",
    "採用事務",
    "リーダー",
    "マネージャー",
    "サポートスタッフ",
    "キャリアアドバイザー",
    "アドバイザー",
    "エージェント",
    "店員",
    "教員",
    "物流",
    "設計",
    "編集",
    "調理",
    "接客",
    "労務",
    "総務",
    "新入社員",
    "各職",
    "全職",
    "後任",
    "要員",
    "従業員",
    "役職",
    "他職",
    "同職",
    "専門職員",
    "卒業研究",
    "共同研究",
    "下記候補",
    "待機候補",
    "確定メンバー",
    "カジュアル面談",
];

/// Words that stand around a position in one run of characters.
const AROUND: &[&str] = &[
    "採用",
    "募集",
    "選考",
    "応募",
    "職種",
    "試験",
    "求人",
    "公募",
    "新卒",
    "中途",
    "弊社",
    "当社",
    "当院",
    "本学",
    "当法人",
    "今回",
    "今般",
    "先日",
    "年度",
    "面接",
    "担当者",
    "株式会社",
    "有限会社",
    "合同会社",
    "枠",
    "ポジション",
    "正社員",
    "契約社員",
    "人事課",
    "人事部",
    "総務部",
    "総務課",
    "結果",
    "通知",
    "案内",
    "貴殿",
    "会社",
    "当園",
    "当館",
    "当店",
    "本校",
    "当校",
    "当施設",
    "審査",
    "エントリー",
    "内定",
    "期生",
    "コース",
];

/// Finds [`AROUND`] in one pass.
static AROUND_FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(AROUND).ok()
});

/// The characters that positions end in.
static LAST_CHARACTERS: LazyLock<BTreeSet<char>> = LazyLock::new(|| {
    TAILS
        .iter()
        .filter_map(|tail| tail.chars().next_back())
        .chain(SHORT_TAILS.iter().copied())
        .chain(['い'])
        .collect()
});

/// Whether a word ends in the word of a trade.
fn is_trade(word: &str) -> bool {
    word.chars().next_back().is_some_and(|last| LAST_CHARACTERS.contains(&last))
        && (word.ends_with(SHORT_TAILS)
            || word.ends_with("見習い")
            || TAILS.iter().any(|tail| word.ends_with(tail)))
}

/// What follows a position, and what it counts.
const BEHIND: &[(&str, i32)] = &[
    ("職に", 4),
    ("へのご応募", 5),
    ("へご応募", 5),
    ("にご応募", 5),
    ("への応募", 4),
    ("のご応募", 4),
    ("に応募", 4),
    ("へのお申し込み", 5),
    ("へのお申込", 5),
    ("として", 3),
    ("の選考", 4),
    ("の採用", 3),
    ("採用", 3),
    ("募集", 4),
    ("選考", 3),
    ("枠", 4),
    ("のポジション", 5),
    ("ポジション", 4),
    ("の求人", 4),
    ("求人", 3),
    ("の件", 3),
    ("の募集", 4),
    ("の面接", 3),
    ("面接", 2),
    ("応募", 3),
    ("の書類", 3),
    ("試験", 3),
    ("公募", 3),
    ("の公募", 4),
    ("のお仕事", 4),
    ("のアルバイト", 4),
    ("のパート", 3),
    ("の一次", 3),
    ("の二次", 3),
    ("の最終", 3),
    ("の応募", 4),
    ("の仕事", 3),
    ("コース", 4),
    ("ですが", 3),
    ("では", 2),
    ("です", 1),
    ("につきまして", 4),
    ("について", 3),
    ("は", 1),
    ("で", 1),
    ("より", 1),
    ("のインターン", 2),
    ("】", 2),
    ("」", 2),
    ("の", 1),
    ("を", 1),
    ("に", 1),
    ("へ", 1),
];

/// The position, as subject and text state it.
pub(super) fn position(subject: &str, text: &str) -> Option<String> {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(value) = labelled(line) {
            return Some(value);
        }
        if LABELS.contains(&line.trim().trim_start_matches(['■', '●', '◆', '・']))
            && let Some(next) =
                lines.clone().next().filter(|next| (2..=24).contains(&next.trim().chars().count()))
        {
            return Some(without_terms(next.trim()).to_owned());
        }
    }
    let mut found: Vec<(String, i32)> = Vec::new();
    gather(subject, 2, &mut found);
    let mut paragraph = String::new();
    for line in text.lines() {
        paragraph.push_str(line.trim());
        // A long line goes on in the next.
        if line.chars().count() < 20 || line.ends_with('。') {
            gather(&paragraph, 0, &mut found);
            paragraph.clear();
        }
    }
    gather(&paragraph, 0, &mut found);
    let best = found.into_iter().rev().max_by_key(|(_, points)| *points)?;
    (best.1 >= LEAST_POINTS).then_some(best.0)
}

/// "応募職種: 法人営業"
fn labelled(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches(|character: char| !character.is_alphanumeric());
    let spaced = ["職  種", "職 種"]
        .iter()
        .find_map(|label| line.strip_prefix(label))
        .map(|value| ("職種", value.trim_start_matches([' ', ':'])));
    let (head, value) = spaced
        .or_else(|| line.split_once([':', '\t', ']', '】', '/']))
        .or_else(|| line.split_once(' '))?;
    let head: String = head.chars().filter(|character| character.is_alphanumeric()).collect();
    if !LABELS.contains(&head.as_str()) {
        return None;
    }
    let value =
        value.split(['\t', '/', '、', '。', '|']).map(str::trim).find(|value| !value.is_empty())?;
    let value = without_terms(value);
    (2..=40).contains(&value.chars().count()).then(|| value.to_owned())
}

/// A position without the terms of employment behind it: "営業事務(正社員)".
fn without_terms(name: &str) -> &str {
    let terms = [
        "正社員",
        "契約",
        "パート",
        "アルバイト",
        "嘱託",
        "派遣",
        "No",
        "ID",
        "求人",
        "募集",
        "1名",
        "若干名",
        "応募",
    ];
    match name.split_once('(') {
        Some((head, inside)) if terms.iter().any(|term| inside.starts_with(term)) => {
            head.trim_end()
        }
        _ => name.trim_end_matches(['」', '』']).trim_start_matches(['「', '『']),
    }
}

/// Whether a position goes on with this character.
fn in_position(character: char) -> bool {
    matches!(character, '\u{30A1}'..='\u{30FA}' | 'ー' | '・' | '々' | '\u{3400}'..='\u{9FFF}')
        || character.is_ascii_alphanumeric()
}

/// Adds the positions of one paragraph.
fn gather(text: &str, base: i32, found: &mut Vec<(String, i32)>) {
    let mut rest = text;
    let mut inside = false;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !in_position(character)).unwrap_or(rest.len());
        let Some((run, behind)) = rest.split_at_checked(end) else { return };
        // "見習い" alone ends in hiragana.
        match behind.strip_prefix(')').filter(|_| inside && !run.is_empty()) {
            Some(behind) => pieces(run, behind, base + 2, found),
            None => pieces(run, behind, base, found),
        }
        rest = behind;
        let skip = rest.find(in_position).unwrap_or(rest.len());
        let Some((skipped, next)) = rest.split_at_checked(skip) else { return };
        inside = skipped.ends_with('(');
        rest = next;
    }
}

/// What follows a position, in points.
fn points_behind(after: &str) -> i32 {
    if !after.starts_with([
        'へ', 'に', 'の', 'と', 'で', 'は', 'を', 'よ', '採', '募', '選', '枠', '求', '面', '応',
        '試', '公', '職', 'ポ', 'コ', '】', '」',
    ]) {
        return 0;
    }
    let behind = BEHIND.iter().filter(|(word, _)| after.starts_with(word));
    behind.map(|(_, points)| *points).max().unwrap_or(0)
}

/// Adds the positions of one run of characters, which words around may stand in.
fn pieces(run: &str, behind: &str, base: i32, found: &mut Vec<(String, i32)>) {
    let mut start = 0;
    let around = AROUND_FINDER
        .iter()
        .flat_map(|finder| finder.find_iter(run))
        .map(|found| (found.start(), found.end()));
    for (at, end) in around.chain([(run.len(), run.len())]) {
        let piece = run.get(start..at).unwrap_or("");
        let after = run.get(at..).filter(|after| !after.is_empty()).unwrap_or(behind);
        start = start.max(end);
        // "見習い" ends outside the run.
        let apprentice =
            (after.starts_with('い') && piece.ends_with("見習")).then(|| format!("{piece}い"));
        let piece = apprentice.as_deref().unwrap_or(piece);
        let trade = piece.chars().next_back().is_some_and(|last| LAST_CHARACTERS.contains(&last));
        if !trade && !after.starts_with(['へ', 'に', 'の', 'ポ']) {
            continue;
        }
        let piece = piece.trim_start_matches(|character: char| {
            character.is_ascii_digit()
                || matches!(character, '年' | '月' | '日' | '付' | '次' | '・' | 'ー')
        });
        let piece = without_rank(behind_place(piece));
        let length = piece.chars().count();
        if !(2..=LONGEST).contains(&length)
            || NOT_SOUGHT.contains(&piece)
            || piece.ends_with("全員")
        {
            continue;
        }
        let points = points_behind(after);
        let named =
            points >= 5 && !piece.ends_with(['様', '社', '会', '園', '店', '者', '院', '学']);
        if !named && !is_trade(piece) {
            continue;
        }
        let mut name = piece.to_owned();
        let mut after = after;
        if let Some((inside, rest)) =
            after.strip_prefix('(').and_then(|inside| inside.split_once(')'))
        {
            let whole = format!("{name}({inside})");
            if inside.chars().count() <= 14 {
                without_terms(&whole).clone_into(&mut name);
                after = rest;
            }
        }
        let points = points.max(points_behind(after));
        // "総務部 経理 佐藤": a title before a name.
        let titled = after.starts_with([' ', '\u{3000}']) || after.is_empty() && base == 0;
        let points = base + points + 1 - 2 * i32::from(titled);
        if let Some(known) = found.iter_mut().find(|(known, _)| *known == name) {
            known.1 = known.1.max(points) + i32::from(points > 0);
        } else {
            found.push((name, points));
        }
    }
}

/// "法務職" is 法務; "総合職", "一般行政職" and "研究開発職" stay.
fn without_rank(piece: &str) -> &str {
    let stem =
        piece.strip_suffix('職').filter(|stem| TAILS.iter().any(|tail| stem.ends_with(tail)));
    stem.filter(|stem| {
        !["行政", "研究", "研究開発", "事務", "技術"].iter().any(|kept| stem.ends_with(kept))
            || ["医療事務", "貿易事務", "経理事務", "製造技術", "生産技術"].contains(stem)
    })
    .unwrap_or(piece)
}

/// "蒼井市消防吏員" is a position of the city.
fn behind_place(piece: &str) -> &str {
    let at = piece.char_indices().rev().find(|(at, character)| {
        *at > 3 && matches!(character, '市' | '町' | '村' | '県' | '様' | '社')
    });
    let rest = at.and_then(|(at, mark)| piece.get(at + mark.len_utf8()..));
    rest.filter(|rest| rest.chars().count() >= 2).unwrap_or(piece)
}
