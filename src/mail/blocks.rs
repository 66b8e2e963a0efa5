//! Whose words are these? Splits the lines of a text into the author's own, quotations, forwards and signature.
//!
//! The order of the mail stays, so top-posted, bottom-posted and inline answers all read right. When in
//! doubt text is the author's: a signature taken for body does no harm, a body taken for a signature hides
//! the news. Text that a mail passes on (an agent forwarding a company's answer) may *be* the
//! news and is [`Role::Forwarded`]; text that an answer merely repeats is [`Role::Quoted`].

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Block, Role};

/// A line and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// As written.
    pub(super) raw: &'a str,
    /// Without quotation marks.
    pub(super) text: &'a str,
    /// How many quotations it stands in.
    pub(super) depth: u16,
    /// Its mark was typed, and people type `>` for arrows too.
    pub(super) may_be_arrow: bool,
    /// The mail program marked it as part of a signature.
    pub(super) signature: bool,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        !self.text.contains(|c: char| !c.is_whitespace())
    }
}

/// Splits `lines` into blocks. `answers`: the mail replies to another, so what it repeats is old;
/// otherwise repeated text is passed on.
pub(super) fn split(lines: &[Line<'_>], answers: bool) -> Vec<Block> {
    let roles = Sorter { lines, answers, roles: Vec::with_capacity(lines.len()) }.sort();
    let mut runs: Vec<(Role, &[Line<'_>])> = Vec::new();
    let mut rest = lines;
    for run in roles.chunk_by(|one, next| one == next) {
        let Some((&role, (lines, tail))) = run.first().zip(rest.split_at_checked(run.len())) else {
            break;
        };
        rest = tail;
        runs.push((role, lines));
    }
    let mut blocks = Vec::with_capacity(runs.len() + 1);
    for (role, lines) in runs {
        if role == Role::New {
            let has_words = blocks.iter().any(|block: &Block| block.role == Role::New);
            let (words, signature) = without_signature(lines, has_words);
            push(&mut blocks, Role::New, words);
            push(&mut blocks, Role::Signature, signature);
        } else {
            push(&mut blocks, role, lines);
        }
    }
    blocks
}

/// Adds the lines as a block, if they say anything; empty lines at both ends are left out.
fn push(blocks: &mut Vec<Block>, role: Role, lines: &[Line<'_>]) {
    let Some(first) = lines.iter().position(|line| !line.is_blank()) else { return };
    let last = lines.iter().rposition(|line| !line.is_blank()).unwrap_or(first);
    let lines = lines.get(first..=last).unwrap_or_default();
    let mut text = String::with_capacity(lines.iter().map(|line| line.raw.len() + 1).sum());
    for line in lines {
        // The author's own ">" at the start of a line is an arrow.
        let shown = if role == Role::New { line.raw } else { line.text };
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    match blocks.last_mut() {
        Some(block) if block.role == role => {
            block.text.push('\n');
            block.text.push_str(&text);
        }
        _ => blocks.push(Block { role, text }),
    }
}

/// Gives each line its role.
struct Sorter<'a> {
    lines: &'a [Line<'a>],
    answers: bool,
    roles: Vec<Role>,
}

impl<'a> Sorter<'a> {
    fn sort(mut self) -> Vec<Role> {
        let mut opened_by_separator = false;
        while let Some(line) = self.here() {
            if line.is_blank() {
                let role = self.roles.last().copied().unwrap_or(Role::New);
                self.roles.push(role);
            } else if line.depth > 0 {
                self.quotation(false);
            } else if let Some(length) = self.attribution() {
                self.attributed(length);
            } else if banner(line.text) == Some(Banner::Forward) {
                self.forward();
            } else if banner(line.text) == Some(Banner::Original) || self.header_lines() > 0 {
                opened_by_separator = true;
                self.separated();
            } else if line.signature {
                self.roles.push(Role::Signature);
            } else {
                self.roles.push(Role::New);
            }
        }
        self.correct(opened_by_separator);
        self.roles
    }

    fn here(&self) -> Option<&'a Line<'a>> {
        self.lines.get(self.roles.len())
    }

    fn rest(&self) -> &'a [Line<'a>] {
        self.lines.get(self.roles.len()..).unwrap_or_default()
    }

    fn give(&mut self, role: Role, lines: usize) {
        self.roles.resize((self.roles.len() + lines).min(self.lines.len()), role);
    }

    /// A mail must not end up without words of its own because of a mark that means something else.
    fn correct(&mut self, opened_by_separator: bool) {
        let says = |role: Role, roles: &[Role]| {
            roles.iter().zip(self.lines).any(|(given, line)| *given == role && !line.is_blank())
        };
        if !says(Role::New, &self.roles) {
            if says(Role::Signature, &self.roles) {
                replace(&mut self.roles, Role::Signature, Role::New);
            } else if opened_by_separator && !says(Role::Forwarded, &self.roles) {
                // An Outlook separator with nothing above it: passed on without a word.
                replace(&mut self.roles, Role::Quoted, Role::Forwarded);
            }
        }
    }

    /// A run of marked lines.
    fn quotation(&mut self, attributed: bool) {
        let length = self.marked_lines(attributed);
        let rest = self.rest();
        let run = rest.get(..length).unwrap_or_default();
        let says_who = attributed
            || run
                .iter()
                .find(|line| !line.is_blank())
                .is_some_and(|line| matches!(attribution(line.text), Some(Attribution::Clear)));
        let arrow = run.iter().filter(|line| !line.is_blank()).count() < 2
            && run.iter().all(|line| line.may_be_arrow);
        let role = if run.iter().find(|line| !line.is_blank()).and_then(|line| banner(line.text))
            == Some(Banner::Forward)
        {
            Role::Forwarded
        } else if self.answers || says_who {
            Role::Quoted
        } else if arrow {
            // "> 詳しくはこちら"
            Role::New
        } else {
            Role::Forwarded
        };
        self.give(role, length);
    }

    /// How many lines from here on are marked as quoted.
    fn marked_lines(&self, attributed: bool) -> usize {
        let rest = self.rest();
        let mut length = rest.iter().position(|line| line.depth == 0).unwrap_or(rest.len());
        // Some programs leave empty lines of a quotation unmarked. (Arrows have them between.)
        while (self.answers || attributed)
            && let [blank, next, ..] = rest.get(length..).unwrap_or_default()
        {
            if !(blank.is_blank() && next.depth > 0) {
                break;
            }
            let marked = rest.get(length + 1..).unwrap_or_default();
            length += 1 + marked.iter().position(|line| line.depth == 0).unwrap_or(marked.len());
        }
        length
    }

    /// What follows Outlook's separator: to the end, or if it is marked as well (Becky!, Yahoo! Japan) as far
    /// as the marks go.
    fn separated(&mut self) {
        let role = if self.answers { Role::Quoted } else { Role::Forwarded };
        if self.header_lines() == 0 {
            self.give(role, 1);
        }
        self.give(role, self.header_lines());
        while self.here().is_some_and(Line::is_blank) {
            self.roles.push(role);
        }
        match self.here() {
            Some(line) if line.depth > 0 => self.give(role, self.marked_lines(true)),
            _ => self.roles.resize(self.lines.len(), role),
        }
    }

    /// How many lines from here on say who wrote what follows: "On …, … wrote:".
    fn attribution(&self) -> Option<usize> {
        /// Programs wrap the line at the address.
        const LINES_MAX: usize = 3;
        let rest = self.rest();
        let length = 1 + rest
            .iter()
            .take(LINES_MAX)
            .take_while(|line| !line.is_blank() && line.depth == 0)
            .position(|line| line.text.trim_end().ends_with([':', '：']))?;
        let lines = rest.get(..length)?;
        let found = match lines {
            [line] => attribution(line.text),
            lines => {
                let texts: Vec<&str> = lines.iter().map(|line| line.text.trim()).collect();
                attribution(&texts.join(" "))
            }
        }?;
        let next = rest.iter().skip(length).find(|line| !line.is_blank());
        (found == Attribution::Clear || next.is_some_and(|line| line.depth > 0)).then_some(length)
    }

    fn attributed(&mut self, length: usize) {
        self.give(Role::Quoted, length);
        while self.here().is_some_and(Line::is_blank) {
            self.roles.push(Role::Quoted);
        }
        match self.here() {
            Some(line) if line.depth > 0 => self.quotation(true),
            // Unmarked: some telephones put the old mail below as it is.
            _ => self.roles.resize(self.lines.len(), Role::Quoted),
        }
    }

    /// What follows a forward banner, to its end banner or the end.
    fn forward(&mut self) {
        self.give(Role::Forwarded, 1);
        while self.here().is_some_and(Line::is_blank) {
            self.roles.push(Role::Forwarded);
        }
        // Apple Mail marks forwarded text with ">" like a quotation.
        let base = self.here().map_or(0, |line| line.depth);
        self.give(Role::Forwarded, self.header_lines());
        let mut has_body = false;
        while let Some(line) = self.here() {
            let older = has_body
                && (line.depth > base
                    || banner(line.text) == Some(Banner::Original)
                    || (line.depth == base && self.header_lines() > 0));
            if line.is_blank() {
                self.roles.push(Role::Forwarded);
            } else if line.depth < base {
                return;
            } else if banner(line.text) == Some(Banner::End) {
                self.roles.push(Role::Forwarded);
                return;
            } else if older && line.depth > base {
                self.roles.push(Role::Quoted);
            } else if older {
                self.roles.resize(self.lines.len(), Role::Quoted);
            } else {
                has_body = true;
                self.roles.push(Role::Forwarded);
            }
        }
    }

    /// How many lines from here on are the head of another mail, as Outlook and forwards show it: sender,
    /// and two of date, recipient and subject, in any order.
    fn header_lines(&self) -> usize {
        const LINES_MAX: usize = 12;
        let rest = self.rest();
        if rest.first().is_none_or(|line| header_field(line.text).is_none()) {
            return 0;
        }
        let mut seen = [false; 4];
        let mut length = 0;
        let mut unknown = 0;
        for line in rest.iter().take(LINES_MAX) {
            match header_field(line.text) {
                Some(field) => {
                    if let Some(seen) = seen.get_mut(field as usize) {
                        *seen = true;
                    }
                    unknown = 0;
                }
                // A wrapped line, or a field that we don't know.
                None if !line.is_blank() && unknown < 2 => unknown += 1,
                None => break,
            }
            length += 1;
        }
        let [from, date, to, subject] = seen;
        let enough = from && [date, to, subject].into_iter().filter(|seen| *seen).count() >= 2;
        if enough { length - unknown } else { 0 }
    }
}

fn replace(roles: &mut [Role], old: Role, new: Role) {
    roles.iter_mut().filter(|role| **role == old).for_each(|role| *role = new);
}

/// How sure it is that a line introduces a quotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribution {
    /// It names a moment and a person: no prose looks like that.
    Clear,
    /// "… wrote:", which prose may say as well.
    Likely,
}

/// "On Tue, 17 Nov 2026 at 10:12, Hanako <…> wrote:", "2026年11月17日(火) 10:12 山田 花子 <…>:",
/// "2026/11/17 10:12、山田のメール:", "(2026/11/17 10:12), Hanako wrote:", "山田さんは書きました:" …
fn attribution(text: &str) -> Option<Attribution> {
    /// Longer lines are prose.
    const BYTES_MAX: usize = 400;
    let text = text.trim();
    let said = text.strip_suffix([':', '：'])?.trim_end();
    if text.len() > BYTES_MAX {
        return None;
    }
    let dated = has_date(said);
    let says = [
        "wrote",
        "writes",
        "書きました",
        "のメール",
        "より",
        "のメッセージ",
        "さんからのメール",
        "schrieb",
        "a écrit",
    ]
    .iter()
    .any(|verb| said.ends_with(verb));
    let addressed = said.contains('@') && said.ends_with(['>', ')', '）', '＞']);
    if dated && (says || addressed) {
        return Some(Attribution::Clear);
    }
    let spoken =
        said.ends_with("wrote") || said.ends_with("writes") || said.ends_with("書きました");
    spoken.then_some(Attribution::Likely)
}

/// Whether a year and a time of day, or a whole date, stand in `text`.
fn has_date(text: &str) -> bool {
    let mut digits = 0_u8;
    let mut year = false;
    let mut time = false;
    let mut after_colon = false;
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits = digits.saturating_add(1);
            year |= digits == 4;
            time |= after_colon && digits == 2;
        } else {
            after_colon = matches!(c, ':' | '：' | '時') && (1..=2).contains(&digits);
            digits = 0;
        }
    }
    let slashed = text.matches(['/', '年', '月']).count() >= 2;
    year && (time || slashed) || slashed && time
}

/// A line that opens or closes another mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Banner {
    Forward,
    Original,
    End,
}

fn banner(text: &str) -> Option<Banner> {
    /// Longer lines are prose.
    const BYTES_MAX: usize = 200;
    let text = text.trim();
    let ruled = text.starts_with(is_rule_char);
    if text.len() > BYTES_MAX || !(ruled || text.ends_with([':', '：'])) {
        return None;
    }
    let words = text.trim_matches(|c: char| {
        is_rule_char(c) || c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']')
    });
    let ruled = ruled && text.len() >= words.len() + 4;
    if words.is_empty() {
        return None;
    }
    let words = words.to_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if has(&[
        "forwarded message",
        "forwarded mail",
        "forwarded by",
        "begin forward",
        "転送されたメッセージ",
        "転送されたメール",
        "転送メッセージ",
        "転送メール",
        "以下転送",
        "以下、転送",
        "転送ここから",
        "転送開始",
    ]) || words == "転送"
    {
        let ends = words.starts_with("end ") || has(&["ここまで", "以上", "終わり", "終了"]);
        // Without a rule around it only what programs write: people announce their forwards in prose.
        let program = ruled
            || words.starts_with("begin forwarded message")
            || words.starts_with("転送されたメッセージ");
        return program.then_some(if ends { Banner::End } else { Banner::Forward });
    }
    if ruled && has(&["転送ここまで", "ここまで転送", "転送終"]) {
        return Some(Banner::End);
    }
    (ruled
        && has(&[
            "original message",
            "original mail",
            "original appointment",
            "元のメッセージ",
            "元のメール",
            "オリジナルメッセージ",
            "オリジナル メッセージ",
            "オリジナルのメッセージ",
        ]))
    .then_some(Banner::Original)
}

/// The fields by which the head of another mail is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeaderField {
    From,
    Date,
    To,
    Subject,
}

fn header_field(text: &str) -> Option<HeaderField> {
    /// The longest label, in bytes, with what stands before it.
    const LABEL_MAX_BYTES: usize = 40;
    // `：` is EF BC 9A.
    if !text.bytes().take(LABEL_MAX_BYTES).any(|byte| matches!(byte, b':' | 0x9a)) {
        return None;
    }
    let text = text.trim_start_matches([' ', '\u{3000}', '*', '\t']);
    let (label, _) = text.split_once([':', '：'])?;
    let label = label.trim_end_matches([' ', '\u{3000}', '*']);
    if label.len() > 24 {
        return None;
    }
    let is = |names: &[&str]| names.iter().any(|name| label.eq_ignore_ascii_case(name));
    if is(&["From", "差出人", "送信者", "送信元", "発信者"]) {
        Some(HeaderField::From)
    } else if is(&["Sent", "Date", "送信日時", "日時", "日付", "送信日", "受信日時"])
    {
        Some(HeaderField::Date)
    } else if is(&["To", "Cc", "Bcc", "宛先", "宛て先", "CC"]) {
        Some(HeaderField::To)
    } else if is(&["Subject", "件名", "題名"]) {
        Some(HeaderField::Subject)
    } else {
        None
    }
}

/// Characters that lines are drawn with.
fn is_rule_char(c: char) -> bool {
    matches!(c,
        '-' | '=' | '_' | '*' | '~' | '+' | '#' | '/' | '\u{2010}'..='\u{2015}' | '\u{2500}'..='\u{257f}'
        | '\u{25a0}'..='\u{25ff}' | '\u{2605}' | '\u{2606}' | '－' | '＝' | '＿' | '＊' | '～' | '〜' | 'ー' | '＋'
        | '\u{2212}' | '…' | '‥' | '・' | '･' | ':' | '：' | '.' | '∞' | '※' | '＃' | '／')
}

/// Whether a line is drawn, not written.
fn is_rule(text: &str) -> bool {
    let text = text.trim();
    if !text.starts_with(is_rule_char) {
        return false;
    }
    let length = text.chars().count();
    let drawn = text.chars().all(|c| is_rule_char(c) || c.is_whitespace());
    // A dash alone is a rule too, if it is a long one or the old `--`.
    drawn && (length >= 3 || matches!(text, "--" | "—" | "―" | "─" | "——"))
}

/// Splits the author's lines into words and signature (empty if there is none). If the mail has no words
/// before these (`has_words`), they cannot all be signature.
fn without_signature<'b, 'a>(
    lines: &'b [Line<'a>],
    has_words: bool,
) -> (&'b [Line<'a>], &'b [Line<'a>]) {
    let none = (lines, <&[Line<'_>]>::default());
    let Some(last) = lines.iter().rposition(|line| !line.is_blank()) else { return none };
    signature_start(lines.get(..=last).unwrap_or_default())
        .and_then(|start| lines.split_at_checked(start))
        .filter(|(words, _)| {
            has_words || words.iter().any(|line| !line.is_blank() && !is_rule(line.text))
        })
        .unwrap_or(none)
}

/// How many lines a signature may have, drawn and empty ones not counted. Longer ones are content.
const SIGNATURE_LINES_MAX: usize = 14;

/// Where the signature at the end of `lines` begins.
fn signature_start(lines: &[Line<'_>]) -> Option<usize> {
    // Behind a drawn line: the earliest one from which on everything is signature.
    let mut ruled = None;
    let mut written = 0;
    for (at, line) in lines.iter().enumerate().rev() {
        if is_rule(line.text) {
            if written > 0 && is_signature(lines.get(at + 1..).unwrap_or_default(), true) {
                ruled = Some(at);
            }
        } else if !line.is_blank() {
            written += 1;
            if written > SIGNATURE_LINES_MAX {
                break;
            }
        }
    }
    ruled.or_else(|| {
        // Without a drawn line: the last paragraph, if it is clearly one.
        let start = lines.iter().rposition(Line::is_blank)? + 1;
        is_signature(lines.get(start..)?, false).then_some(start)
    })
}

/// Whether all of these lines could stand in a signature and one of them says that it is one.
///
/// `ruled`: a drawn line stands above, so a name alone is enough.
fn is_signature(lines: &[Line<'_>], ruled: bool) -> bool {
    let mut written = 0;
    let mut contacts = 0;
    let mut legal = 0;
    for line in lines {
        let text = line.text.trim();
        if text.is_empty() || is_rule(text) {
            continue;
        }
        written += 1;
        let words = words_of(text);
        if words.selection {
            return false;
        }
        if words.legal {
            legal += 1;
        } else if is_sentence(text) {
            // A legal notice may run on.
            if legal == 0 {
                return false;
            }
        } else if is_contact(text, words.telephone) {
            contacts += 1;
        }
    }
    (1..=SIGNATURE_LINES_MAX).contains(&written)
        && if ruled { contacts + legal > 0 || written <= 4 } else { contacts > 0 && written >= 2 }
}

/// Words that a body says and a signature does not.
const SELECTION: &[&str] = &[
    "日時",
    "日程",
    "会場",
    "場所",
    "面接",
    "結果",
    "合否",
    "合格",
    "期限",
    "締切",
    "〆切",
    "応募",
    "職種",
    "求人",
    "見送",
    "見合わせ",
    "不採用",
    "内定",
    "通過",
    "選考",
    "持ち物",
    "所要時間",
    "残念",
    "ご連絡ください",
    "開催",
    "ポジション",
    "希望",
    "interview",
    "your application",
    "unfortunately",
    "position:",
    "result",
    "deadline",
    "regret",
    "offer",
    "schedule",
];

/// Names of departments and trades that contain such words.
const NAMES: &[&str] = &[
    "選考担当",
    "選考事務局",
    "選考係",
    "応募受付",
    "応募窓口",
    "応募者対応",
    "求人広告",
    "求人サイト",
    "求人メディア",
    "職業紹介",
];

/// What lawyers and mail systems put below.
const LEGAL: &[&str] = &[
    "送信専用",
    "配信専用",
    "自動送信",
    "自動配信",
    "返信はできません",
    "返信いただ",
    "返信頂",
    "配信停止",
    "登録解除",
    "機密",
    "誤って受信",
    "誤送信",
    "お心当たり",
    "個人情報",
    "無断転載",
    "©",
    "confidential",
    "unsubscribe",
    "intended recipient",
    "do not reply",
    "no-reply",
    "automated message",
    "automatically generated",
    "all rights reserved",
    "copyright",
    "privileged",
    "registered office",
];

const TELEPHONE: &[&str] = &[
    "tel",
    "fax",
    "phone",
    "mobile",
    "ext.",
    "電話",
    "ＴＥＬ",
    "ＦＡＸ",
    "携帯",
    "℡",
    "☎",
    "直通",
    "内線",
];

/// Which of these lists a line has words of.
#[derive(Debug, Default, Clone, Copy)]
struct Words {
    selection: bool,
    legal: bool,
    telephone: bool,
}

/// Finds the words of all lists in one pass; ASCII letters in any case. Longer words win, so 応募窓口 is
/// a name and not an 応募.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        // A few lines a mail: a table of every byte in every state would cost memory for nothing.
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(SELECTION.iter().chain(NAMES).chain(LEGAL).chain(TELEPHONE))
        .ok()
});

fn words_of(text: &str) -> Words {
    let mut words = Words::default();
    for found in WORDS.iter().flat_map(|all| all.find_iter(text)) {
        let mut at = found.pattern().as_usize();
        for (list, flag) in [
            (SELECTION, Some(&mut words.selection)),
            (NAMES, None),
            (LEGAL, Some(&mut words.legal)),
            (TELEPHONE, Some(&mut words.telephone)),
        ] {
            if at < list.len() {
                if let Some(flag) = flag {
                    *flag = true;
                }
                break;
            }
            at -= list.len();
        }
    }
    words
}

/// Running text, as against a name, a department or an address.
fn is_sentence(text: &str) -> bool {
    const CHARS_MAX: usize = 70;
    text.contains('。')
        || text.ends_with(['、', '，', '!', '?', '！', '？'])
        || ["ます", "です", "ました", "ません", "ください", "下さい"]
            .iter()
            .any(|end| text.ends_with(end))
        || (text.is_ascii() && text.ends_with('.') && text.split_ascii_whitespace().count() > 6)
        || (text.is_ascii() && text.split_ascii_whitespace().count() > 12)
        || text.chars().count() > CHARS_MAX
}

/// A telephone number, postal address or mail address. `telephone`: the line names one.
fn is_contact(text: &str, telephone: bool) -> bool {
    let digits = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '０'..='９')).count();
    let bare = |c: char| matches!(c, '0'..='9' | ' ' | '-' | '+' | '(' | ')' | '.' | '/');
    text.contains('〒')
        || text.contains('@') && !text.contains("http")
        || telephone && digits >= 6
        || digits >= 9 && text.chars().all(bare)
}

#[cfg(test)]
mod tests;
