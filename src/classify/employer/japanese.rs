//! The employer and the position in Japanese mails.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::super::Channel;
use super::super::text::is_japanese;
use super::{narrow, tidy};
use crate::mail::{Mail, Role};

/// Most characters of a company's name.
const LONGEST_NAME: usize = 30;

/// Legal forms that stand before or behind a name.
const FORMS: &[&str] = &[
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "相互会社",
    "㈱",
    "㈲",
    "(株)",
    "(株)",
    "(有)",
    "(有)",
    "医療法人社団",
    "医療法人財団",
    "社会医療法人",
    "医療法人",
    "社会福祉法人",
    "学校法人",
    "一般社団法人",
    "一般財団法人",
    "公益社団法人",
    "公益財団法人",
    "特定非営利活動法人",
    "NPO法人",
    "NPO法人",
    "国立大学法人",
    "公立大学法人",
    "地方独立行政法人",
    "独立行政法人",
    "国立研究開発法人",
    "税理士法人",
    "弁護士法人",
    "監査法人",
    "特許業務法人",
    "司法書士法人",
    "社会保険労務士法人",
    "社団法人",
    "財団法人",
    "宗教法人",
    "生活協同組合",
    "農業協同組合",
    "信用金庫",
    "信用組合",
];

/// Words at which a sender's display name stops being the company.
const DEPARTMENTS: &[&str] = &[
    "人事",
    "採用",
    "新卒",
    "中途",
    "キャリア採用",
    "総務",
    "人材開発",
    "人財",
    "リクルート",
    "事務局",
    "担当",
    "管理部",
    "広報",
    "経営管理",
    "秘書",
    "法人本部",
    "法人事務局",
    "本部",
    "Recruit",
    "recruit",
    "Talent",
    "Hiring",
    "HR",
    "Careers",
    "Career",
    "People Team",
    "People",
    "Jobs",
    "採用係",
    "インターン",
    "編集部",
    "課",
    "部",
    "教頭",
    "代表",
    "事務長",
    "店長",
    "院長",
    "所長",
    "理事",
    "制作部",
    "作画部",
    "若女将",
    "教職員",
    "選考",
    "係",
    "センター長",
    "委員会",
];

/// What is read of a mail, its full-width letters made half-width.
struct Words {
    sender: String,
    subject: String,
    /// New and passed-on text, signature, mails attached.
    text: String,
    /// What the mail answers.
    quoted: String,
    recipients: Vec<String>,
}

impl Words {
    fn of(mail: &Mail) -> Self {
        let mut text = String::new();
        for block in mail.body.iter().filter(|block| block.role != Role::Quoted) {
            text.push_str(&block.text);
            text.push('\n');
        }
        for attached in mail.attached.iter().take(2) {
            text.push_str(&attached.new_text());
            text.push('\n');
        }
        let limit = text.char_indices().nth(6000).map_or(text.len(), |(at, _)| at);
        text.truncate(limit);
        let recipients = mail.to.iter().filter_map(|address| address.name.as_deref());
        Self {
            sender: mail
                .author()
                .and_then(|author| author.name.as_deref())
                .map(narrow)
                .unwrap_or_default(),
            subject: narrow(&mail.subject),
            text: narrow(&text),
            quoted: narrow(&crate::mail::join(&mail.body, Role::Quoted)),
            recipients: recipients
                .flat_map(|name| {
                    narrow(name).split([' ', '様']).map(str::to_owned).collect::<Vec<_>>()
                })
                .filter(|word| !word.is_empty())
                .collect(),
        }
    }
}

/// The employer, as the mail states it.
pub(super) fn company(mail: &Mail, channel: Channel) -> Option<String> {
    let words = &Words::of(mail);
    let others = channel != Channel::Company
        || SITES.iter().any(|word| words.sender.contains(word))
        || speaks_of_another(words);
    let found = if others {
        of_others_ja(words)
            .or_else(|| (!is_agency(&words.sender)).then(|| of_company_ja(words)).flatten())
    } else {
        of_company_ja(words)
    };
    let found = found.map(|name| extended(&name, &words.text).unwrap_or(name));
    found.filter(|name| name.chars().count() <= 45)
}

/// The position, as the mail states it.
pub(super) fn position(mail: &Mail) -> Option<String> {
    let words = Words::of(mail);
    super::trades::position(&words.subject, &words.text)
}

/// All names with a legal form, in the order of the text.
pub(crate) fn with_form(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for matched in FORMS_FINDER.iter().flat_map(|finder| finder.find_iter(text)) {
        let (at, form) = (matched.start(), text.get(matched.range()).unwrap_or(""));
        let after = text.get(matched.end()..).unwrap_or("");
        let before = text.get(..at).unwrap_or("");
        let mut ahead = name_backward(before);
        let mut behind = if !ahead.is_empty() && after.starts_with([' ', '\u{3000}', '\n']) {
            String::new()
        } else {
            name_forward(after)
        };
        for word in NOT_NAMES {
            if ahead.ends_with(word) {
                ahead.clear();
            }
            if behind.starts_with(word) {
                behind.clear();
            }
        }
        if !behind.is_empty() && (ahead.is_empty() || behind.chars().count() > 1) {
            found.push(format!("{form}{behind}"));
        } else if !ahead.is_empty() {
            found.push(format!("{ahead}{form}"));
        }
    }
    found
}

/// Words beside a legal form that are no name.
const NOT_NAMES: &[&str] =
    &["当社", "弊社", "貴社", "御社", "以下", "応募先", "企業名", "会社名", "勤務先", "就業先"];

/// Finds [`FORMS`] in one pass, the longer before the shorter ("医療法人社団" holds "医療法人").
static FORMS_FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(FORMS).ok()
});

/// Whether a name goes on with this character.
fn in_name(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, '・' | '&' | 'ー' | '.' | '-' | '々' | 'ヶ' | '\'')
}

fn name_forward(text: &str) -> String {
    let mut name = String::new();
    let text = text.trim_start_matches([' ', '\u{3000}']);
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == ' '
            && name.is_ascii()
            && !name.is_empty()
            && characters.peek().is_some_and(|(_, next)| next.is_ascii_uppercase())
        {
            name.push(character);
            continue;
        }
        if !in_name(character) || name.chars().count() >= LONGEST_NAME {
            break;
        }
        // "よるの森": の inside a name, if the name ends its line; else it ends the name.
        if character == 'の' {
            let rest: String = text
                .get(at + character.len_utf8()..)
                .unwrap_or("")
                .chars()
                .take_while(|next| in_name(*next))
                .collect();
            let person =
                ["です", "と申", "でご", "より", "から"].iter().any(|word| rest.contains(word))
                    || rest.chars().count() > 4
                    || rest.is_empty();
            if person || name.is_empty() {
                break;
            }
        }
        name.push(character);
        if let Some(stem) = PARTICLES.iter().find_map(|particle| name.strip_suffix(particle)) {
            return stem.trim_end_matches('の').to_owned();
        }
    }
    let name = name.trim_end_matches('の').to_owned();
    if DEPARTMENTS.iter().any(|word| word.chars().count() > 1 && name.starts_with(word)) {
        return String::new();
    }
    cut_department(&name)
}

/// Words behind a name that are no longer part of it.
const PARTICLES: &[&str] = &[
    "職員",
    "教職員",
    "の店主",
    "事務局",
    "法人事務",
    "では",
    "です",
    "より",
    "から",
    "へ",
    "に",
    "を",
    "は",
    "が",
    "と申",
    "様",
    "さま",
    "さん",
    "御中",
    "採用",
    "人事",
    "総務",
    "代表取締役",
    "代表",
    "において",
    "として",
    "新卒",
    "キャリア",
    "経営",
    "サポート",
];

fn name_backward(text: &str) -> String {
    let mut name: Vec<char> = Vec::new();
    for character in text.chars().rev() {
        if !in_name(character)
            || name.len() >= LONGEST_NAME
            || "のはをがにへでとたるいても".contains(character)
        {
            break;
        }
        name.push(character);
    }
    name.into_iter().rev().collect()
}

/// "三ツ峰市職員課" is the city, "和泉市消防局 総務課" its fire brigade.
fn municipality(name: &str) -> Option<String> {
    for (at, mark) in name
        .char_indices()
        .filter(|(_, character)| matches!(character, '市' | '町' | '村' | '区' | '県'))
    {
        let end = at + mark.len_utf8();
        let rest = name.get(end..).unwrap_or("").trim_start();
        if at == 0 || rest.is_empty() {
            continue;
        }
        if let Some(body) = BODIES.iter().find(|body| rest.starts_with(**body)) {
            return name.get(..end).map(|city| format!("{city}{body}"));
        }
        if ["職員", "総務", "人事", "役場", "役所"].iter().any(|word| rest.starts_with(word))
        {
            return name.get(..end).map(str::to_owned);
        }
    }
    None
}

/// Bodies of a city that employ in their own name.
const BODIES: &[&str] = &["消防本部", "消防局", "教育委員会", "警察", "病院局", "水道局"];

fn cut_department(name: &str) -> String {
    let mut end = name.len();
    for word in ["人事部", "採用", "総務部", "新卒", "代表取締役", "経営管理部", "人材開発", "人財"]
    {
        if let Some(at) = name.find(word)
            && at > 0
        {
            end = end.min(at);
        }
    }
    name.get(..end).unwrap_or(name).to_owned()
}

/// A name without its legal form and spaces, to compare.
fn core(name: &str) -> String {
    let mut core = String::with_capacity(name.len());
    let mut from = 0;
    for matched in FORMS_FINDER.iter().flat_map(|finder| finder.find_iter(name)) {
        core.push_str(name.get(from..matched.start()).unwrap_or(""));
        from = matched.end();
    }
    core.push_str(name.get(from..).unwrap_or(""));
    core.retain(|character| !character.is_whitespace());
    core.to_lowercase()
}

/// The parts of a display name: "福永(フォグライト)", "三島 / Loopwell HR".
fn parts(sender: &str) -> Vec<String> {
    sender
        .split(['(', ')', '(', ')', '/', '|', '|', '/', '【', '】', ',', '@', '<', '「', '」'])
        .flat_map(|part| part.split(" - "))
        .flat_map(|part| part.split(" via "))
        .flat_map(|part| part.split(" for "))
        .flat_map(|part| part.split(" at "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The company in a part of a display name: what stands before the department.
fn before_department(part: &str) -> (String, bool) {
    let mut end = part.len();
    let mut cut = false;
    for word in DEPARTMENTS {
        if let Some(at) = part.find(word)
            && at < end
            && at > 0
            && !(word.chars().count() == 1
                && !part.get(at + word.len()..).unwrap_or("").starts_with([' ', '\u{3000}'])
                && at + word.len() != part.len())
        {
            // "人事部" and the like begin a word of their own.
            let head = part.get(..at).unwrap_or("");
            let start = head
                .rfind([' ', '\u{3000}'])
                .map_or(at, |space| if word.chars().count() == 1 { space } else { at });
            end = start;
            cut = true;
        }
    }
    let head = part.get(..end).unwrap_or(part).trim();
    // "杉並印刷所 採用 小泉", "モグラ工房 じんじもぐら": a Japanese name seldom has a space; its first word stands.
    let first = head.split([' ', '\u{3000}']).next().unwrap_or(head);
    let form_first = FORMS.contains(&first);
    let head = if !head.is_ascii()
        && first.chars().count() >= 3
        && !form_first
        && first.chars().any(is_japanese)
        && !is_person(head)
    {
        first
    } else {
        head
    };
    (head.to_owned(), cut)
}

/// Family and given name in Japanese or Latin letters, or a given name in hiragana.
fn is_person(name: &str) -> bool {
    let words: Vec<&str> = name.split([' ', '\u{3000}']).filter(|word| !word.is_empty()).collect();
    let japanese = |word: &str| word.chars().all(is_japanese);
    let hiragana =
        |word: &str| word.chars().all(|character| ('\u{3041}'..='\u{309F}').contains(&character));
    let latin_name = |word: &str| {
        word.chars().all(|character| character.is_alphabetic() && character < '\u{3000}')
            && word.chars().skip(1).all(char::is_lowercase)
            && word.chars().next().is_some_and(char::is_uppercase)
    };
    match words.as_slice() {
        [one] => {
            (one.chars().count() <= 3
                && japanese(one)
                && one.chars().all(|character| character >= '\u{3400}'))
                || (one.chars().count() <= 4 && hiragana(one))
        }
        [family, given] => {
            (family.chars().count() <= 4
                && given.chars().count() <= 4
                && japanese(family)
                && japanese(given))
                || (latin_name(family) && latin_name(given) && !NOT_SURNAMES.contains(given))
        }
        _ => false,
    }
}

/// Words behind a capitalised word that make it a company, not a person.
const NOT_SURNAMES: &[&str] = &[
    "Labs", "Robotics", "Games", "Software", "Works", "Grid", "Studio", "Systems", "Bank", "Glass",
    "Japan", "Tech", "Design", "Partners", "Search",
];

/// The longest form of `name` that the text knows: with its legal form where it is given.
fn fullest(name: &str, known: &[String]) -> String {
    let wanted = core(name);
    known
        .iter()
        .filter(|candidate| {
            let candidate = core(candidate);
            !wanted.is_empty()
                && !candidate.is_empty()
                && (candidate == wanted
                    || candidate.starts_with(&wanted)
                    || wanted.starts_with(&candidate)
                    || candidate.ends_with(&wanted))
        })
        .max_by_key(|candidate| candidate.chars().count())
        .cloned()
        .unwrap_or_else(|| name.to_owned())
}

fn of_company_ja(mail: &Words) -> Option<String> {
    let (sender, text) = (mail.sender.as_str(), mail.text.as_str());
    let mut known = with_form(sender);
    known.extend(with_form(text));
    known.extend(with_form(&mail.subject));
    let mut names = Vec::new();
    for part in parts(sender) {
        if let Some(city) = municipality(&part) {
            return Some(city);
        }
        let (name, cut) = before_department(&part);
        let office =
            DEPARTMENTS.iter().any(|word| word.chars().count() > 1 && name.starts_with(word));
        if !name.is_empty() && !is_person(&name) && !office {
            names.push((name, cut));
        }
    }
    names.sort_by_key(|(_, cut)| !*cut);
    for (name, _) in &names {
        let full = fullest(name, &known);
        if core(&full) != core(name) || full != *name || has_form(&full) {
            return Some(full);
        }
    }
    if let Some(named) = introduced(text) {
        let full = fullest(&named, &known);
        if has_form(&full) || names.is_empty() {
            return Some(full);
        }
    }
    if let Some((name, _)) = names.into_iter().next() {
        // A name that the mail itself never mentions gives way to the one it signs with.
        let mentioned =
            core(text).contains(&core(&name)) || core(&mail.subject).contains(&core(&name));
        return if mentioned { Some(name) } else { known.pop().or(Some(name)) };
    }
    known
        .pop()
        .or_else(|| with_form(&mail.quoted).into_iter().next())
        .or_else(|| bracketed(&mail.subject))
        .or_else(|| last_line_name(text))
}

fn has_form(name: &str) -> bool {
    FORMS_FINDER.as_ref().is_some_and(|finder| finder.is_match(name))
}

/// "フォグライトの福永です": who introduces themselves near the top.
fn introduced(text: &str) -> Option<String> {
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(8) {
        for sentence in line.split(['。', '!', '!', '、', ',']) {
            let sentence = sentence.trim();
            for ending in ["です", "でございます", "と申します"] {
                let Some((head, _)) = sentence.split_once(ending) else { continue };
                let Some((company, person)) = head.rsplit_once('の') else { continue };
                if (1..=8).contains(&person.chars().count())
                    && (2..=LONGEST_NAME).contains(&company.chars().count())
                    && !company.contains(['は', 'を', 'が'])
                {
                    let (name, _) = before_department(company);
                    if !name.is_empty() && !is_pronoun(&name) {
                        return Some(name);
                    }
                }
            }
            for ending in [
                "人事部です",
                "採用担当です",
                "採用係です",
                "採用チームです",
                "事務局です",
                "採用担当でございます",
            ] {
                if let Some((company, _)) = sentence.split_once(ending) {
                    let company = company.trim_end_matches(['の', ' ', '\u{3000}']);
                    if (2..=LONGEST_NAME).contains(&company.chars().count()) {
                        return Some(company.to_owned());
                    }
                }
            }
        }
    }
    None
}

fn is_pronoun(name: &str) -> bool {
    ["弊社", "当社", "私", "先日", "今日", "本日", "担当", "以下", "次", "下記", "こちら", "今回"]
        .iter()
        .any(|word| name.starts_with(word))
}

/// 【…】 at the start of a subject.
fn bracketed(subject: &str) -> Option<String> {
    let inside = subject.split_once(['【', '['])?.1.split(['】', ']']).next()?.trim();
    let notice = [
        "重要",
        "至急",
        "訂正",
        "お詫び",
        "再送",
        "要返信",
        "ご提出",
        "書類選考",
        "抽選",
        "新着",
        "送信",
    ]
    .iter()
    .any(|word| inside.contains(word));
    (!notice && !inside.is_empty()).then(|| inside.to_owned())
}

/// A short last line that names no person: a shop signs with its name.
fn last_line_name(text: &str) -> Option<String> {
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    let name = line.split([' ', '\u{3000}', '/']).next()?;
    (2..=14)
        .contains(&name.chars().count())
        .then(|| name.to_owned())
        .filter(|name| !is_person(name) && !name.ends_with(['。', 'い', 'す', 'ね']))
}

fn of_others_ja(mail: &Words) -> Option<String> {
    let (sender, text) = (mail.sender.as_str(), mail.text.as_str());
    let own: Vec<String> = parts(sender)
        .into_iter()
        .map(|part| core(&part))
        .filter(|part| part.chars().count() >= 2)
        .collect();
    let recipient = mail.recipients.as_slice();
    let tail_length = (text.chars().count() / 3).min(140);
    let tail_at = text.char_indices().rev().nth(tail_length).map_or(0, |(at, _)| at);
    let foreign = |name: &String| {
        let plain = core(name);
        !plain.is_empty()
            && !own.iter().any(|own| own.contains(&plain) || plain.contains(own.as_str()))
            && !recipient.iter().any(|word| plain.starts_with(word.as_str()))
            && !AGENT_WORDS.iter().any(|word| plain.contains(word))
    };
    for label in ["企業名", "応募先", "応募企業", "会社名", "求人企業", "企業", "派遣先"]
    {
        for line in text.lines() {
            let line = line.trim_start_matches([' ', '\u{3000}', '・', '■', '●', '◆', '\t']);
            if let Some(rest) = line.strip_prefix(label) {
                let rest = rest.trim_start_matches([' ', '\u{3000}', '\t']);
                if let Some(value) = rest.strip_prefix([':', ':', '\u{FF1A}']).or_else(|| {
                    (line.contains('\t') || line.starts_with(&format!("{label} "))).then_some(rest)
                }) {
                    let value = value.trim();
                    if !value.is_empty() {
                        return Some(
                            value.split(['\t', '/', '/', '(']).next().unwrap_or(value).to_owned(),
                        );
                    }
                }
            }
        }
    }
    let mut known = with_form(&mail.subject);
    known.extend(with_form(text.get(..tail_at).unwrap_or(text)));
    known.retain(foreign);
    if let Some(name) = honoured(&mail.subject, recipient, &own)
        .or_else(|| honoured(text.get(..tail_at).unwrap_or(text), recipient, &own))
    {
        return Some(fullest(&name, &known));
    }
    // A short mail has no signature to leave out.
    known.into_iter().next().or_else(|| with_form(text).into_iter().find(foreign))
}

/// "ジオマップ様の選考状況につきまして": an agent's subject names the employer with respect.
fn speaks_of_another(words: &Words) -> bool {
    honoured(&words.subject, &words.recipients, &[core(&words.sender)]).is_some()
}

/// "医療法人緑風会 みどり野病院" and "学習塾まなびの木", where the mail has that longer name.
fn extended(name: &str, text: &str) -> Option<String> {
    let plain = tidy(name);
    if plain.chars().count() < 3 || has_form(&plain) {
        return None;
    }
    text.match_indices(plain.as_str()).find_map(|(at, _)| {
        let before = text.get(..at)?;
        let line = before.rsplit(['\n', '、', '。']).next()?.trim_start();
        if let Some(form) =
            FORMS.iter().find(|form| form.contains("法人") && line.starts_with(**form))
            && line.ends_with([' ', '会'])
            && (form.len()..60).contains(&line.len())
        {
            return Some(format!("{line}{plain}"));
        }
        BEFORE_NAMES
            .iter()
            .find(|word| line.ends_with(**word) && !plain.starts_with(**word))
            .map(|word| format!("{word}{plain}"))
    })
}

/// Words that begin a name which is often said without them.
const BEFORE_NAMES: &[&str] = &[
    "学習塾",
    "スーパー",
    "クリーニング",
    "編集プロダクション",
    "国立",
    "劇団",
    "グループホーム",
    "ホテル",
    "旅館",
    "カフェ",
    "ベーカリー",
    "居酒屋",
    "保育園",
    "認定こども園",
    "シェアハウス",
    "スタジオ",
    "社会福祉法人",
    "医療法人",
    "学校法人",
    "一般社団法人",
    "日本料理",
];

/// Words in the names of sites and agents that write for employers.
const SITES: &[&str] = &[
    "転職",
    "ジョブ",
    "ワーク紹介",
    "バイト",
    "求人",
    "シゴト",
    "就活",
    "エージェント",
    "紹介",
    "HireBoard",
    "Recruiting",
    "ワークリンク",
    "パートナー",
];

fn is_agency(sender: &str) -> bool {
    AGENT_WORDS.iter().chain(SITES).any(|word| sender.contains(word))
}

/// Words in the names of agents and job sites.
const AGENT_WORDS: &[&str] =
    &["エージェント", "キャリア", "人材", "リクルート", "転職", "ナビ", "就活", "スタッフ"];

/// "波多野精機様", "カナリアロジスティクス社": a company spoken of with respect.
fn honoured(text: &str, recipient: &[String], own: &[String]) -> Option<String> {
    for suffix in ["様", "社", "さん"] {
        for (at, _) in text.match_indices(suffix) {
            let before = text.get(..at).unwrap_or("");
            if suffix == "社" && before.ends_with('会') {
                continue;
            }
            let after = text.get(at + suffix.len()..).and_then(|after| after.chars().next());
            if suffix == "社"
                && after.is_some_and(|next| {
                    matches!(
                        next,
                        '内' | '会'
                            | '長'
                            | '員'
                            | '風'
                            | '宅'
                            | '団'
                            | '名'
                            | '交'
                            | '外'
                            | '歴'
                            | '労'
                    )
                })
            {
                continue;
            }
            let mut name = String::new();
            for character in before.chars().rev() {
                if ('\u{3041}'..='\u{309F}').contains(&character)
                    || !(in_name(character))
                    || matches!(
                        character,
                        'の' | 'は' | 'を' | 'が' | 'に' | 'へ' | 'と' | 'で' | 'も'
                    )
                    || name.chars().count() >= LONGEST_NAME
                {
                    break;
                }
                name.insert(0, character);
            }
            let plain = core(&name);
            let length = plain.chars().count();
            let is_recipient = recipient
                .iter()
                .any(|word| plain.contains(word.as_str()) || word.contains(plain.as_str()));
            let is_own = own.iter().any(|own| own.contains(&plain) || plain.contains(own.as_str()));
            let latin_or_kana = name
                .chars()
                .filter(|character| {
                    ('\u{30A0}'..='\u{30FF}').contains(character) || character.is_ascii_alphabetic()
                })
                .count()
                * 2
                >= length;
            let long_enough = length >= 4
                || (latin_or_kana && length >= 1 && suffix == "社")
                || (suffix == "社" && length >= 2);
            let ours =
                ["当社", "弊社", "貴社", "他社", "御社"].iter().any(|word| name.starts_with(word));
            let name =
                if suffix == "社" && ends_in_trade(&name) { format!("{name}社") } else { name };
            if long_enough
                && !ours
                && !is_recipient
                && !is_own
                && !GENERIC.iter().any(|word| {
                    plain == *word || (word.chars().count() > 1 && plain.ends_with(word))
                })
            {
                return Some(name);
            }
        }
    }
    None
}

/// Trades whose companies call themselves …社.
fn ends_in_trade(name: &str) -> bool {
    ["翻訳", "出版", "新聞", "通信", "印刷", "商", "工業", "製作", "D", "A", "B", "C", "E"]
        .iter()
        .any(|trade| name.ends_with(trade))
}

/// Words before 様 or 社 that name nobody.
const GENERIC: &[&str] = &[
    "企業",
    "担当者",
    "皆",
    "者",
    "貴",
    "御",
    "弊",
    "当",
    "同",
    "他",
    "各",
    "会",
    "客",
    "先方",
    "人事",
    "部長",
    "社長",
    "部",
    "課長",
    "本部長",
    "お子",
    "姉",
    "神",
    "自",
    "各位",
    "数",
    "応募",
    "局長",
    "事務局長",
    "常務",
    "取締役",
    "学生",
    "担当",
    "採用",
    "ご家族",
    "所長",
    "会員",
    "お連れ",
    "先生",
    "相手",
    "個人",
    "利用者",
    "入",
    "出",
    "退",
    "商",
    "支",
    "本",
    "全",
    "進行中の二",
    "三",
    "二",
    "一",
    "何",
];
