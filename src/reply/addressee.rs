//! Who a reply addresses, as far as the mail says it (宛名).
//!
//! A wrong name is worse than none: only what stands in a place of its own counts (display name,
//! self-introduction, signature), and 採用ご担当者様 takes the place of every doubt.

use super::template::NAME_COLUMNS;
use crate::classify::{Channel, Verdict};
use crate::lang::Lang;
use crate::mail::{Mail, Role, join};
use crate::plain;

/// Who a reply addresses. Every part is on one line and bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressee {
    /// The company that speaks: the employer, or the agent's firm.
    pub company: Option<String>,
    /// 部署
    pub department: Option<String>,
    /// 氏名, or the family name alone, without 様.
    pub person: Option<String>,
}

/// Reads from `mail` whom a reply addresses.
#[must_use]
pub fn of(mail: &Mail, verdict: &Verdict) -> Addressee {
    let employer = verdict.company.as_deref().map(|name| plain::clip(name, NAME_COLUMNS));
    let employer = employer.filter(|name| !name.is_empty());
    let display = mail.author().and_then(|author| author.name.as_deref()).map(plain::one_line);
    let display = display.unwrap_or_default();
    let places = places(mail, &display);

    let found = places.iter().map(|place| read(place, employer.as_deref()));
    let mut person = None;
    let mut department = None;
    let mut firm = None;
    for part in found {
        // The department must stand beside the name, or it may be somebody else's.
        if person.is_none() && part.person.is_some() {
            person = part.person;
            department = part.department;
        }
        firm = firm.or(part.company);
    }
    if person.is_none() {
        person = latin_person(&display);
    }
    let company = match verdict.channel {
        Channel::Company => employer.or(firm),
        Channel::Agent | Channel::Platform => firm.filter(|firm| employer.as_ref() != Some(firm)),
    };
    Addressee { company, department, person }
}

impl Addressee {
    /// The lines above the greeting of a letter in `lang`.
    #[must_use]
    pub fn lines(&self, lang: Lang, channel: Channel) -> String {
        match lang {
            Lang::Ja => self.japanese(channel),
            Lang::En => self.english(channel),
        }
    }

    fn japanese(&self, channel: Channel) -> String {
        let role = match channel {
            Channel::Company => "採用ご担当者様",
            Channel::Agent | Channel::Platform => "ご担当者様",
        };
        let person = self.person.as_ref().map(|name| format!("{name}様"));
        let last = match (&self.department, person) {
            (Some(department), Some(person)) => format!("{department} {person}"),
            (None, Some(person)) => person,
            (_, None) => role.to_owned(),
        };
        self.company.iter().chain([&last]).map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn english(&self, channel: Channel) -> String {
        match (&self.person, &self.company, channel) {
            (Some(person), ..) => format!("Dear {person},"),
            (None, Some(company), _) => format!("Dear {company} team,"),
            (None, None, Channel::Company) => "Dear Hiring Team,".to_owned(),
            (None, None, _) => "Hello,".to_owned(),
        }
    }
}

/// Where a mail says who wrote it: the display name, the self-introduction at the top, the signature.
fn places(mail: &Mail, display: &str) -> Vec<String> {
    const INTRODUCTION_LINES: usize = 10;
    const SIGNATURE_LINES: usize = 8;
    let mut places = vec![display.to_owned()];
    let text = mail.new_text();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    for line in lines.take(INTRODUCTION_LINES) {
        places.extend(introduction(line).map(str::to_owned));
    }
    let signature = join(&mail.body, Role::Signature);
    let lines = signature.lines().filter(|line| !line.trim().is_empty());
    places.extend(lines.take(SIGNATURE_LINES).map(str::to_owned));
    places
}

/// `株式会社サンプル 人事部の田中` of `…。株式会社サンプル 人事部の田中と申します。`
///
/// A sentence with a particle in it says something else (`今回は人事部の判断です`).
fn introduction(line: &str) -> Option<&str> {
    let (before, _) =
        ["と申します", "でございます", "です"].iter().find_map(|ending| line.split_once(ending))?;
    let sentence = before.rsplit('。').next()?;
    (!sentence.contains(['は', 'が', 'を', 'も', 'へ'])).then_some(sentence)
}

/// Reads one place: `株式会社サンプル 人事部 田中 花子`, `サンプル採用担当の田中`, `田中 花子`.
fn read(place: &str, employer: Option<&str>) -> Addressee {
    let place = plain::one_line(place);
    let words: Vec<&str> = place
        .split(|c: char| c.is_whitespace() || "の、。（）()／/｜|【】<>＜＞「」,:：".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let names = words.iter().rev().take_while(|word| is_name(word, employer)).count();
    let (before, names) = words.split_at(words.len() - names.min(2));
    let person = match (before.last(), names) {
        // A name stands behind what it belongs to, …
        (Some(word), [_] | [_, _]) if is_organisation(word, employer) => Some(names.join(" ")),
        // … or is alone, as family name and given name. One word alone may be a company's.
        (None, [_, _]) => Some(names.join(" ")),
        _ => None,
    };
    Addressee {
        company: before.iter().find(|word| is_company(word)).map(|word| (*word).to_owned()),
        department: before.iter().rev().find(|word| is_department(word)).map(|w| (*w).to_owned()),
        person,
    }
}

/// Whether a word names a firm, a part of one, or an office that someone holds.
fn is_organisation(word: &str, employer: Option<&str>) -> bool {
    const PARTS: [&str; 48] = [
        "株式会社",
        "有限会社",
        "合同会社",
        "㈱",
        "法人",
        "人事",
        "採用",
        "総務",
        "管理部",
        "経営",
        "企画",
        "営業",
        "開発",
        "広報",
        "事業",
        "業務",
        "担当",
        "事務局",
        "運営",
        "チーム",
        "グループ",
        "センター",
        "サポート",
        "窓口",
        "キャリア",
        "エージェント",
        "コンサル",
        "アドバイザー",
        "リクルート",
        "新卒",
        "中途",
        "就職",
        "転職",
        "本部",
        "支店",
        "支社",
        "ナビ",
        "公式",
        "お知らせ",
        "部長",
        "課長",
        "主任",
        "係長",
        "代表",
        "取締役",
        "マネージャー",
        "リーダー",
        "弊社",
    ];
    employer.is_some_and(|employer| word.contains(employer) || employer.contains(word))
        || PARTS.iter().any(|part| word.contains(part))
}

fn is_company(word: &str) -> bool {
    ["株式会社", "有限会社", "合同会社", "㈱"]
        .iter()
        .any(|form| word.len() > form.len() && (word.starts_with(form) || word.ends_with(form)))
}

fn is_department(word: &str) -> bool {
    let has_form = ["部", "課", "室", "係", "チーム", "グループ", "センター"]
        .iter()
        .any(|form| word.ends_with(form));
    has_form && !is_company(word) && is_organisation(word, None)
}

/// Whether a word can be a Japanese family or given name.
fn is_name(word: &str, employer: Option<&str>) -> bool {
    const OTHER: [&str; 41] = [
        "者",
        "方",
        "件",
        "結果",
        "通り",
        "次第",
        "幸い",
        "残念",
        "予定",
        "当社",
        "下記",
        "以下",
        "上記",
        "今回",
        "先日",
        "先般",
        "本日",
        "商事",
        "銀行",
        "電機",
        "製作所",
        "工業",
        "大学",
        "協会",
        "御中",
        "様",
        "判断",
        "方針",
        "都合",
        "変更",
        "決定",
        "選考",
        "募集",
        "面接",
        "応募",
        "連絡",
        "案内",
        "理由",
        "状況",
        "一同",
        "全員",
    ];
    let is_kanji = |c: char| matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}' | '々' | '〆');
    let is_kana = |c: char| matches!(c, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | 'ー');
    // 見送り, 行う: a name has no kana behind its kanji, or so rarely that 採用ご担当者様 will do.
    let is_inflected = word
        .chars()
        .zip(word.chars().skip(1))
        .any(|(one, next)| is_kanji(one) && matches!(next, '\u{3041}'..='\u{3096}'));
    (1..=5).contains(&word.chars().count())
        && word.chars().all(|c| is_kanji(c) || is_kana(c))
        && !OTHER.iter().any(|other| word.ends_with(other))
        && !is_inflected
        && !is_organisation(word, employer)
}

/// A display name in Latin letters that is a person's: two or three capitalised words.
fn latin_person(display: &str) -> Option<String> {
    const OTHER: [&str; 22] = [
        "team",
        "recruiting",
        "recruitment",
        "recruiter",
        "talent",
        "careers",
        "career",
        "jobs",
        "hr",
        "hiring",
        "people",
        "inc",
        "ltd",
        "llc",
        "kk",
        "gmbh",
        "co",
        "support",
        "noreply",
        "acquisition",
        "human",
        "the",
    ];
    let name = [" via ", " from ", " at ", " | ", " - ", " (", ", ", " @ ", "（"]
        .iter()
        .fold(display, |name, mark| name.split_once(mark).map_or(name, |(name, _)| name));
    let words: Vec<&str> = name.split(' ').collect();
    let is_person = (2..=3).contains(&words.len())
        && words.iter().all(|word| {
            let letters = word.trim_end_matches('.');
            (1..=20).contains(&letters.chars().count())
                && letters.starts_with(char::is_uppercase)
                && letters
                    .chars()
                    .all(|c| (c.is_alphabetic() && c < '\u{250}') || "-'’".contains(c))
                && !OTHER.contains(&letters.to_lowercase().as_str())
        });
    is_person.then(|| name.to_owned())
}
