//! The employer and the position, as the mail states them.
//!
//! Japanese companies carry their legal form in their name (株式会社…), so the forms lead to the
//! names; in English the sender's domain does ("tidewater-robotics" and the words "Tidewater
//! Robotics" in the text). An agent's or a job site's own name is never the employer.

use super::Channel;
use crate::lang::Lang;
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

/// The employer, as the mail states it.
pub(crate) fn company(mail: &Mail, channel: Channel) -> Option<String> {
    let mail = &narrowed(mail);
    let text = readable(mail);
    let sender = mail.author().and_then(|author| author.name.clone()).unwrap_or_default();
    let found = match (mail.lang, channel) {
        (Lang::Ja, Channel::Company) => of_company_ja(mail, &sender, &text),
        (Lang::Ja, _) => of_others_ja(mail, &sender, &text).or_else(|| {
            (!is_agency(&sender)).then(|| of_company_ja(mail, &sender, &text)).flatten()
        }),
        (Lang::En, Channel::Company) => of_company_en(mail, &sender, &text),
        (Lang::En, _) => {
            of_others_en(mail, &sender, &text).or_else(|| of_company_en(mail, &sender, &text))
        }
    };
    found.map(|name| tidy(&name)).filter(|name| !name.is_empty() && name.chars().count() <= 45)
}

/// The mail's names and words with full-width Latin letters, figures and brackets made half-width.
fn narrowed(mail: &Mail) -> Mail {
    let mut mail = Mail { alternative: Vec::new(), ..mail.clone() };
    mail.subject = narrow(&mail.subject);
    for address in mail.from.iter_mut().chain(&mut mail.to) {
        address.name = address.name.as_deref().map(narrow);
    }
    for block in &mut mail.body {
        block.text = narrow(&block.text);
    }
    for attached in &mut mail.attached {
        for block in &mut attached.body {
            block.text = narrow(&block.text);
        }
    }
    mail
}

/// Full-width forms of ASCII (U+FF01 to U+FF5E) as ASCII.
pub(crate) fn narrow(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{FF01}'..='\u{FF5E}' => u32::from(character)
                .checked_sub(0xFEE0)
                .and_then(char::from_u32)
                .unwrap_or(character),
            '\u{3000}' => ' ',
            character => character,
        })
        .collect()
}

/// Subject, new and passed-on text, signature.
fn readable(mail: &Mail) -> String {
    let mut text = String::new();
    for block in &mail.body {
        if block.role != Role::Quoted {
            text.push_str(&block.text);
            text.push('\n');
        }
    }
    for attached in mail.attached.iter().take(2) {
        text.push_str(&attached.new_text());
        text.push('\n');
    }
    let limit = text.char_indices().nth(6000).map_or(text.len(), |(at, _)| at);
    text.truncate(limit);
    text
}

fn tidy(name: &str) -> String {
    // "(有)古賀鋳造所": the brackets belong to the name.
    if ["(株)", "(有)", "(株)", "(有)"].iter().any(|form| name.starts_with(form)) {
        return name
            .trim_end_matches(|character: char| {
                character.is_whitespace() || "、。,・".contains(character)
            })
            .to_owned();
    }
    name.trim_matches(|character: char| {
        character.is_whitespace()
            || "「」『』【】[]()()、。,./|/::・-–—*\"'★■●◆◇".contains(character)
    })
    .trim()
    .to_owned()
}

/// All names with a legal form, in the order of the text.
pub(crate) fn with_form(text: &str) -> Vec<String> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for form in FORMS {
        for (at, _) in text.match_indices(form) {
            let after = text.get(at + form.len()..).unwrap_or("");
            let before = text.get(..at).unwrap_or("");
            let mut ahead = name_backward(before);
            let mut behind = if !ahead.is_empty() && after.starts_with([' ', '\u{3000}', '\n']) {
                String::new()
            } else {
                name_forward(after)
            };
            // A longer form holds this one ("医療法人社団" holds "医療法人"): the longer counts.
            if FORMS.iter().any(|other| {
                other.len() > form.len()
                    && other.contains(form)
                    && text
                        .get(at.saturating_sub(other.len())..)
                        .is_some_and(|rest| rest.starts_with(other))
            }) {
                continue;
            }
            for word in [
                "当社",
                "弊社",
                "貴社",
                "御社",
                "以下",
                "応募先",
                "企業名",
                "会社名",
                "勤務先",
                "就業先",
            ] {
                if ahead.ends_with(word) {
                    ahead.clear();
                }
                if behind.starts_with(word) {
                    behind.clear();
                }
            }
            if !behind.is_empty() && (ahead.is_empty() || behind.chars().count() > 1) {
                found.push((at, format!("{form}{behind}")));
            } else if !ahead.is_empty() {
                found.push((at, format!("{ahead}{form}")));
            }
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, name)| name).collect()
}

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

/// "三ツ峰市職員課" is the city.
fn municipality(name: &str) -> Option<String> {
    for (at, mark) in name
        .char_indices()
        .filter(|(_, character)| matches!(character, '市' | '町' | '村' | '区' | '県'))
    {
        let rest = name.get(at + mark.len_utf8()..).unwrap_or("").trim_start();
        if at > 0
            && !rest.is_empty()
            && ["職員", "役場", "役所", "消防", "総務", "人事"]
                .iter()
                .any(|word| rest.starts_with(word))
        {
            return name.get(..at + mark.len_utf8()).map(str::to_owned);
        }
    }
    None
}

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
    let mut core: String = name.chars().filter(|character| !character.is_whitespace()).collect();
    for form in FORMS {
        core = core.replace(form, "");
    }
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
        && first.chars().any(super::text::is_japanese)
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
    let japanese = |word: &str| word.chars().all(super::text::is_japanese);
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
                || (latin_name(family)
                    && latin_name(given)
                    && !HIRING_WORDS.contains(given)
                    && !NOT_SURNAMES.contains(given))
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

fn of_company_ja(mail: &Mail, sender: &str, text: &str) -> Option<String> {
    let mut known = with_form(sender);
    known.extend(with_form(text));
    known.extend(with_form(&mail.subject));
    let mut names = Vec::new();
    for part in parts(sender) {
        if let Some(city) = municipality(&part) {
            return Some(city);
        }
        let (name, cut) = before_department(&part);
        if !name.is_empty() && !is_person(&name) {
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
    known.pop().or_else(|| bracketed(&mail.subject)).or_else(|| last_line_name(text))
}

fn has_form(name: &str) -> bool {
    FORMS.iter().any(|form| name.contains(form))
}

/// "フォグライトの福永です": who introduces themselves near the top.
fn introduced(text: &str) -> Option<String> {
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(8) {
        for sentence in line.split(['。', '!', '!', '、', ',']) {
            let sentence = sentence.trim();
            for ending in ["です", "でございます", "と申します"] {
                let Some((head, _)) = sentence.split_once(ending) else { continue };
                let Some((company, person)) = head.rsplit_once('の') else { continue };
                if person.chars().count() <= 8
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

fn of_others_ja(mail: &Mail, sender: &str, text: &str) -> Option<String> {
    let own: Vec<String> = parts(sender)
        .into_iter()
        .map(|part| core(&part))
        .filter(|part| part.chars().count() >= 2)
        .collect();
    let recipient: Vec<String> = mail
        .to
        .iter()
        .filter_map(|address| address.name.as_deref())
        .flat_map(|name| name.split([' ', '\u{3000}', '様']))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let tail_at = text.char_indices().rev().nth(140).map_or(0, |(at, _)| at);
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
                if let Some(value) = rest
                    .strip_prefix([':', ':', '\u{FF1A}'])
                    .or_else(|| line.contains('\t').then_some(rest))
                {
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
    if let Some(name) = honoured(&mail.subject, &recipient, &own)
        .or_else(|| honoured(text.get(..tail_at).unwrap_or(text), &recipient, &own))
    {
        return Some(fullest(&name, &known));
    }
    known.into_iter().next()
}

fn is_agency(sender: &str) -> bool {
    AGENT_WORDS.iter().any(|word| sender.contains(word))
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
            let name =
                if suffix == "社" && ends_in_trade(&name) { format!("{name}社") } else { name };
            if long_enough
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

/// A capitalised phrase: words that begin with a capital, with the small ones between that names have.
fn phrases(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current: Vec<&str> = Vec::new();
    let flush = |current: &mut Vec<&str>, found: &mut Vec<String>| {
        while current
            .last()
            .is_some_and(|word| matches!(*word, "of" | "&" | "and" | "the" | "for" | "-"))
        {
            current.pop();
        }
        if !current.is_empty() {
            found.push(current.join(" "));
        }
        current.clear();
    };
    for line in text.lines() {
        for word in line.split([' ', '\t', '\u{A0}']) {
            if word.starts_with(['(', '[', '"', '“', '|', '/', '·', '@', '•', '–', '—']) {
                flush(&mut current, &mut found);
            }
            let bare =
                word.trim_matches(|character: char| "\"'()[]*:;!?,“”‘’·•|/@".contains(character));
            let bare = bare.strip_suffix("’s").or_else(|| bare.strip_suffix("'s")).unwrap_or(bare);
            let starts = bare.chars().next().is_some_and(|first| {
                first.is_uppercase() || (first.is_ascii_digit() && !current.is_empty())
            });
            let small = matches!(bare, "of" | "&" | "and" | "for" | "the" | "de" | "van");
            if (starts || (small && !current.is_empty())) && !bare.is_empty() {
                current.push(bare);
                if word.ends_with([',', ';', ':', '!', '?', ')', '"', '”'])
                    || (word.ends_with('.') && !COMPANY_FORMS.contains(&bare.trim_end_matches('.')))
                {
                    if let Some(last) = current.pop() {
                        let keep = COMPANY_FORMS.contains(&last.trim_end_matches('.'));
                        current.push(if keep { last } else { last.trim_end_matches('.') });
                    }
                    flush(&mut current, &mut found);
                }
            } else {
                flush(&mut current, &mut found);
            }
        }
        flush(&mut current, &mut found);
    }
    found
}

/// Legal forms that end an English name.
const COMPANY_FORMS: &[&str] = &[
    "Inc", "Ltd", "LLC", "GmbH", "AG", "AS", "K.K", "KK", "Co", "Corp", "PLC", "plc", "Pvt", "SA",
    "B.V", "BV", "AB", "Oy", "LLP", "S.A", "Limited",
];

fn squash(text: &str) -> String {
    text.replace('&', "and")
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

/// Words in an English display name that are not the company.
const HIRING_WORDS: &[&str] = &[
    "Recruitment",
    "Recruiting",
    "Hiring",
    "Careers",
    "Career",
    "Talent",
    "Acquisition",
    "HR",
    "Jobs",
    "Team",
    "People",
    "Group",
    "Early",
    "Graduates",
    "Candidate",
    "Support",
    "Offers",
    "Admissions",
    "Cell",
    "Experience",
    "Graduates",
    "Recruiting",
    "Programs",
    "University",
    "Selection",
    "Secretariat",
    "Notifications",
    "Human",
    "Resources",
    "Personnel",
    "Staffing",
    "Karriere",
    "Recruit",
];

fn from_sender_en(sender: &str) -> Option<String> {
    let mut best: Option<String> = None;
    let several = parts(sender);
    for part in &several {
        let words: Vec<&str> = part.split_whitespace().collect();
        let kept: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| !HIRING_WORDS.contains(&word.trim_matches(',')))
            .collect();
        let dropped = kept.len() < words.len();
        let name = kept.join(" ");
        let person = !dropped
            && several.len() == 1
            && words.len() <= 3
            && !words.iter().any(|word| COMPANY_FORMS.contains(&word.trim_end_matches('.')));
        if name.is_empty()
            || person
            || (several.len() > 1
                && !dropped
                && part == several.first().unwrap_or(part)
                && words.len() <= 3)
        {
            continue;
        }
        best = Some(name);
        if dropped {
            break;
        }
    }
    best
}

fn of_company_en(mail: &Mail, sender: &str, text: &str) -> Option<String> {
    let mut candidates = phrases(text);
    candidates.extend(phrases(&mail.subject));
    for part in parts(sender).iter().flat_map(|part| part.split(", ")) {
        candidates.extend(from_sender_en(part));
        candidates.push(part.to_owned());
    }
    let tail_at = text.char_indices().rev().nth(160).map_or(0, |(at, _)| at);
    let tail = text.get(tail_at..).unwrap_or("");
    let people: Vec<String> = mail
        .to
        .iter()
        .filter_map(|address| address.name.as_deref())
        .chain(parts(sender).first().map(String::as_str).filter(|part| is_person(part)))
        .flat_map(|name| name.split(' ').map(squash).collect::<Vec<_>>())
        .filter(|word| word.len() > 2)
        .collect();
    let labels = domain_parts(mail);
    let mut best: Option<(i32, String)> = None;
    for candidate in candidates {
        let name = trim_article(&candidate);
        let words: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.len() > 7 {
            continue;
        }
        let score = points_en(&words, &labels, &people)
            + 2 * i32::from(tail.contains(&name))
            + 3 * i32::from(sender.contains(&name) && !is_person(&name));
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, name));
        }
    }
    best.filter(|(score, _)| *score >= 5)
        .map(|(_, name)| name)
        .or_else(|| {
            after_words(
                text,
                &[
                    "applying to ",
                    "interest in ",
                    "application to ",
                    "position at ",
                    "role at ",
                    "interviewing with ",
                    "opportunities at ",
                    "joining ",
                    "career at ",
                ],
            )
        })
        .or_else(|| {
            after_words(
                &mail.subject,
                &["application to ", " at ", " with ", "applying to ", " from ", "@ "],
            )
        })
        .or_else(|| {
            last_words_en(text)
                .filter(|name| !people.contains(&squash(name.split(' ').next().unwrap_or(""))))
        })
}

/// The words that the sender's domain is made of: "saltmarsh", "hospitals".
fn domain_parts(mail: &Mail) -> Vec<String> {
    let domain = mail.author().map(crate::mail::Address::domain).unwrap_or_default();
    domain
        .split(['.', '-'])
        .map(str::to_owned)
        .filter(|part| part.len() >= 3 && !DOMAIN_NOISE.contains(&part.as_str()))
        .collect()
}

/// Parts of domains that name no company.
const DOMAIN_NOISE: &[&str] = &[
    "example", "mail", "jobs", "careers", "recruit", "noreply", "email", "com", "org", "net",
    "hire", "apply", "info", "talent",
];

/// Words that companies have in their names, and positions have not.
const COMPANY_WORDS: &[&str] = &[
    "University",
    "Institute",
    "Group",
    "Bank",
    "Council",
    "College",
    "Hospital",
    "Hospitals",
    "Trust",
    "NHS",
    "Foundation",
    "Labs",
    "Systems",
    "Robotics",
    "Software",
    "Partners",
    "Insurance",
    "Studios",
    "School",
    "Schools",
    "Society",
    "Association",
    "Company",
    "Technologies",
    "Analytics",
    "Logistics",
    "Energy",
    "Foods",
    "Games",
    "Pharma",
    "Capital",
    "Holdings",
    "Consulting",
    "Media",
    "Clinic",
    "Clinics",
    "Solutions",
    "Industries",
    "Office",
    "Department",
    "Press",
    "Publishing",
];

/// How much a phrase looks like the name of the company behind the sender's domain.
fn points_en(words: &[&str], labels: &[String], people: &[String]) -> i32 {
    let plain: Vec<String> = words.iter().map(|word| squash(word)).collect();
    let whole = plain.concat();
    let mut points = 0;
    for label in labels {
        let spelled = plain.iter().any(|word| {
            word.len() >= 3
                && (word == label || (label.len() >= 4 && word.starts_with(label.as_str())))
        });
        let run = label.len() >= 6 && whole.contains(label.as_str())
            || (whole.len() >= 6 && label.contains(&whole));
        // "brueckl" is how a domain spells "Brückl".
        let nearly = label.len() >= 5
            && plain.iter().any(|word| {
                word.len() >= 4
                    && label.chars().next() == word.chars().next()
                    && label.len().abs_diff(word.len()) <= 2
                    && label.ends_with(word.get(word.len().saturating_sub(3)..).unwrap_or("\0"))
            });
        points += 6 * i32::from(spelled)
            + 5 * i32::from(!spelled && run)
            + 4 * i32::from(!spelled && !run && nearly);
    }
    let initials: String = words
        .iter()
        .filter_map(|word| word.chars().next())
        .filter(char::is_ascii_uppercase)
        .map(|first| first.to_ascii_lowercase())
        .collect();
    points += 6 * i32::from(initials.len() >= 3 && labels.contains(&initials));
    points +=
        3 * i32::from(words.iter().any(|word| COMPANY_FORMS.contains(&word.trim_end_matches('.'))));
    points += 2 * i32::from(words.iter().any(|word| COMPANY_WORDS.contains(word)));
    points += i32::try_from(words.len().min(4)).unwrap_or(0) / 2;
    points -= 6 * i32::from(words.iter().any(|word| {
        HIRING_WORDS.contains(word)
            || matches!(
                *word,
                "Dear"
                    | "Application"
                    | "Interview"
                    | "Summer"
                    | "Internship"
                    | "Engineer"
                    | "Analyst"
                    | "Manager"
            )
    }));
    points -= 7 * i32::from(plain.iter().any(|word| people.contains(word)));
    points
}

/// A short mail is signed with a name and the company behind a slash or under it.
fn last_words_en(text: &str) -> Option<String> {
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    let last = line.rsplit(['/', '|', ',', '·', '@', '(']).next().unwrap_or(line).trim();
    let name = last.trim_end_matches(')');
    ((2..=40).contains(&name.chars().count())
        && name.split(' ').count() <= 5
        && !name.ends_with('.'))
    .then(|| name.to_owned())
}

fn trim_article(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    while words.len() > 1 && words.last().is_some_and(|word| HIRING_WORDS.contains(word)) {
        words.pop();
    }
    if let Some(at) = words
        .iter()
        .position(|word| *word == "for")
        .filter(|&at| at > 1 && words.first() != Some(&"Institute"))
    {
        words.truncate(at);
    }
    // A greeting or a title before the name is not part of it.
    while words.len() > 1
        && words.first().is_some_and(|word| {
            matches!(
                *word,
                "At" | "Your"
                    | "Our"
                    | "Thanks"
                    | "Dear"
                    | "From"
                    | "With"
                    | "Regards"
                    | "To"
                    | "In"
                    | "We"
                    | "Hi"
                    | "For"
                    | "Then"
                    | "And"
                    | "As"
                    | "While"
                    | "Here"
            )
        })
    {
        words.remove(0);
    }
    words.join(" ")
}

fn with_company_form(candidates: &[String]) -> Option<String> {
    candidates
        .iter()
        .find(|name| {
            name.contains(' ')
                && name.split(' ').any(|word| COMPANY_FORMS.contains(&word.trim_end_matches('.')))
        })
        .map(|name| trim_article(name))
}

/// The capitalised phrase behind one of these words.
fn after_words(text: &str, words: &[&str]) -> Option<String> {
    for word in words {
        for (at, _) in text.match_indices(word) {
            let rest: String = text.get(at + word.len()..).unwrap_or("").chars().take(60).collect();
            let rest = rest.strip_prefix("the ").unwrap_or(&rest).to_owned();
            if rest.chars().next().is_some_and(char::is_uppercase)
                && let Some(name) = phrases(&rest).into_iter().next()
            {
                return Some(name);
            }
        }
    }
    None
}

fn of_others_en(mail: &Mail, sender: &str, text: &str) -> Option<String> {
    let own: Vec<String> = parts(sender)
        .iter()
        .map(|part| squash(part))
        .chain(mail.author().map(|author| squash(author.domain().split('.').next().unwrap_or(""))))
        .filter(|part| part.len() >= 3)
        .collect();
    let recipient: Vec<String> = mail
        .to
        .iter()
        .filter_map(|address| address.name.clone())
        .flat_map(|name| name.split(' ').map(squash).collect::<Vec<_>>())
        .collect();
    let foreign = |name: &String| {
        let plain = squash(name);
        plain.len() >= 3
            && !own.iter().any(|own| own.contains(&plain) || plain.contains(own.as_str()))
            && !recipient.iter().any(|word| !word.is_empty() && plain.starts_with(word.as_str()))
    };
    for label in ["Employer:", "Company:", "Client:"] {
        if let Some((_, rest)) = text.split_once(label) {
            let value = rest.trim_start().split(['|', '\n', '\t']).next().unwrap_or("").trim();
            if !value.is_empty() {
                return Some(value.to_owned());
            }
        }
    }
    // A name in the subject, in the longer form that the text gives it.
    let all = phrases(text);
    let longer = |name: &String| {
        all.iter()
            .filter(|other| {
                other.contains(name.as_str())
                    && other.contains(' ')
                    && other.split(' ').count() <= 5
            })
            .max_by_key(|other| other.len())
            .cloned()
    };
    phrases(&mail.subject)
        .iter()
        .filter(|name| foreign(name) && !SUBJECT_WORDS.contains(&name.as_str()))
        .find_map(longer)
        .or_else(|| {
            after_words(text, &[" at ", "from ", "interview with ", "Client\tRole\n"])
                .filter(|name| foreign(name) && name.contains(' '))
        })
        .or_else(|| with_company_form(&phrases(text)).filter(|name| foreign(name)))
        .or_else(|| phrases(&mail.subject).into_iter().find(|name| foreign(name)))
        .or_else(|| {
            phrases(text).into_iter().filter(|name| name.contains(' ')).find(|name| foreign(name))
        })
}

/// Words that begin subjects and name nobody.
const SUBJECT_WORDS: &[&str] = &[
    "Your",
    "The",
    "Last",
    "Bad",
    "Good",
    "Update",
    "Application",
    "Friday",
    "Weekly",
    "Interview",
    "Status",
    "Re",
    "Fwd",
    "Offer",
    "News",
    "Feedback",
];

/// The position, as the mail states it.
pub(crate) fn position(mail: &Mail) -> Option<String> {
    let mail = &narrowed(mail);
    let text = readable(mail);
    let found = match mail.lang {
        Lang::Ja => position_ja(&mail.subject, &text),
        Lang::En => position_en(&mail.subject, &text),
    };
    found.map(|name| tidy(&name)).filter(|name| (1..=60).contains(&name.chars().count()))
}

fn position_ja(subject: &str, text: &str) -> Option<String> {
    for label in ["ポジション", "職種", "募集職種", "応募職種", "求人名", "コース"]
    {
        for line in text.lines() {
            if let Some((head, value)) = line.split_once([':', ':', '\t', '\u{FF1A}'])
                && tidy(head) == label
                && !value.trim().is_empty()
            {
                return Some(value.trim().split('\t').next().unwrap_or(value).to_owned());
            }
        }
    }
    let flat: String = text.chars().filter(|character| *character != '\n').collect();
    for whole in [flat.as_str(), subject] {
        for marker in [
            "職に",
            "職への",
            "職の",
            "職へ",
            "職として",
            "のポジション",
            "へのご応募",
            "の求人",
            "への応募",
            "の選考",
            "の採用",
            "採用試験",
            "枠",
            "職",
            "の募集",
            "の件",
        ] {
            for (at, _) in whole.match_indices(marker) {
                let before = whole.get(..at).unwrap_or("");
                let name: String = before
                    .chars()
                    .rev()
                    .take_while(|character| {
                        in_name(*character)
                            && !matches!(
                                character,
                                'の' | 'は'
                                    | 'を'
                                    | 'が'
                                    | 'に'
                                    | 'へ'
                                    | 'と'
                                    | 'で'
                                    | 'も'
                                    | 'い'
                                    | 'し'
                                    | 'た'
                            )
                            || matches!(character, '(' | ')')
                    })
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect();
                let name = tidy(&name);
                let length = name.chars().count();
                if (2..=22).contains(&length)
                    && !NOT_POSITIONS.iter().any(|word| name.contains(word))
                {
                    return Some(name);
                }
            }
        }
    }
    None
}

/// Words before 職 or の選考 that are no position.
const NOT_POSITIONS: &[&str] = &[
    "書類",
    "面接",
    "今回",
    "弊社",
    "当社",
    "貴殿",
    "本学",
    "選考",
    "採用",
    "応募",
    "会社",
    "様",
    "さん",
    "このたび",
    "この度",
    "現",
    "前",
    "転",
    "退",
    "就",
    "在",
    "次",
    "一次",
    "二次",
    "最終",
    "先日",
    "同",
    "新卒",
    "中途",
    "本",
    "今後",
    "以上",
    "全員",
    "他",
    "別",
    "募集",
    "年度",
    "休",
    "内定",
    "結果",
    "株式",
    "法人",
    "以降",
    "以後",
    "以外",
    "上記",
];

fn position_en(subject: &str, text: &str) -> Option<String> {
    let flat: String =
        text.chars().map(|character| if character == '\n' { ' ' } else { character }).collect();
    for label in ["Post:", "Position:", "Role:", "Post            :", "Programme"] {
        if let Some((_, rest)) = text.split_once(label) {
            let value = rest
                .trim_start_matches([' ', '\t', ':'])
                .split(['|', '\n', '\t'])
                .next()
                .unwrap_or("")
                .trim();
            if !value.is_empty() && value.chars().count() < 60 {
                return Some(value.to_owned());
            }
        }
    }
    after_words(
        &flat,
        &[
            "position of ",
            "post of ",
            "role of ",
            "candidature for ",
            "application for ",
            "applying for ",
            "applied for ",
            "apply for ",
            "as a ",
            "as our ",
            "as an ",
            "as ",
        ],
    )
    .or_else(|| {
        before_words(&flat, &[" position", " role", " vacancy", " seat", " job", " process"])
    })
    .or_else(|| after_words(subject, &["application for ", "for the ", "for ", ": ", "- ", "– "]))
    .filter(|name| name.split(' ').count() <= 7)
}

/// The capitalised phrase before one of these words.
fn before_words(text: &str, words: &[&str]) -> Option<String> {
    for word in words {
        for (at, _) in text.match_indices(word) {
            let before: String = text
                .get(..at)
                .unwrap_or("")
                .chars()
                .rev()
                .take(50)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            if before
                .split(' ')
                .next_back()
                .and_then(|last| last.chars().next())
                .is_some_and(char::is_uppercase)
                && let Some(name) = phrases(&before).pop()
            {
                return Some(name);
            }
        }
    }
    None
}
