//! One mail about several applications: an agent's weekly summary, two positions at one company.
//!
//! Such mails are told by their structure: rows of a table, or items under headings of one kind,
//! of which at least two state differing results.

use super::model::Act;
use super::rules::Rules;
use super::text::{Place, Text, begins_item};
use super::{ApplicationResult, Outcome};
use super::{employer, judge};
use crate::lang::Lang;
use crate::mail::Mail;

/// Most items of one mail that are read.
const MOST_ITEMS: usize = 40;

/// An item states what it does with at least this probability.
const LEAST: f32 = 0.3;

/// One item: what it is headed by, and all of its words.
#[derive(Debug)]
struct Item {
    company: Option<String>,
    position: Option<String>,
    text: String,
}

/// The results of the single applications, if the mail is about several with differing ones.
pub(crate) fn results(mail: &Mail, rules: &Rules) -> Vec<ApplicationResult> {
    let text = employer::narrow(&mail.new_text());
    let whole = employer::with_form(&text);
    for items in [rows(&text), headed(&text), paragraphs(&text, mail.lang)] {
        let results: Vec<ApplicationResult> = items
            .into_iter()
            .take(MOST_ITEMS)
            .filter_map(|item| {
                let outcome = outcome_of(&item.text, mail.lang, rules)?;
                Some(ApplicationResult {
                    company: item.company.or_else(|| whole.clone()),
                    position: item.position,
                    outcome,
                })
            })
            .collect();
        let mut kinds: Vec<Outcome> = results
            .iter()
            .map(|result| result.outcome)
            .filter(|outcome| outcome.is_result())
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() >= 2 {
            return results;
        }
    }
    Vec::new()
}

/// What one item says: the surest of its sentences that state a result, else that it is going on.
fn outcome_of(item: &str, lang: Lang, rules: &Rules) -> Option<Outcome> {
    let mut text = Text::default();
    text.push(item, Place::New, lang);
    let acts = judge::acts_of(&text, lang, rules);
    let surest = |outcome: Outcome| {
        let act = Act::stating(outcome)? as usize;
        let highest = acts.iter().filter_map(|acts| acts.get(act)).copied().fold(0.0, f32::max);
        (highest >= LEAST).then_some((outcome, highest))
    };
    let results = Outcome::ALL.into_iter().filter(|outcome| outcome.is_result());
    let best = results.filter_map(surest).max_by(|one, other| one.1.total_cmp(&other.1));
    best.or_else(|| surest(Outcome::InProcess)).map(|(outcome, _)| outcome)
}

/// Rows of a table: lines with at least two tabs, under a row of names.
fn rows(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut company_column = None;
    let mut position_column = None;
    for line in text.lines() {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        if cells.len() < 3 {
            continue;
        }
        let column = |names: &[&str]| {
            cells.iter().position(|cell| {
                cell.chars().count() <= 12
                    && names
                        .iter()
                        .any(|name| cell.eq_ignore_ascii_case(name) || cell.starts_with(name))
            })
        };
        let company = column(&["企業", "会社", "応募先", "Company", "Client", "Employer"]);
        let position = column(&["募集", "職種", "ポジション", "求人", "Role", "Position", "Job"]);
        if company.is_some() || (position.is_some() && company_column.is_none()) {
            company_column = company;
            position_column = position;
            continue;
        }
        let cell = |index: Option<usize>| {
            index
                .and_then(|index| cells.get(index))
                .filter(|cell| !cell.is_empty())
                .map(|cell| (*cell).to_owned())
        };
        let text = cells.join("、");
        items.push(Item {
            company: cell(company_column).or_else(|| employer::with_form(&text)),
            position: cell(position_column),
            text,
        });
    }
    items
}

/// Items under headings that begin with the same mark.
fn headed(text: &str) -> Vec<Item> {
    let kind = |line: &str| {
        let line = line.trim_start();
        begins_item(line).then(|| {
            let first = line.chars().next().unwrap_or(' ');
            if first.is_ascii_digit() {
                '1'
            } else if ('\u{2460}'..='\u{2473}').contains(&first) {
                '\u{2460}'
            } else {
                first
            }
        })
    };
    let lines: Vec<&str> = text.lines().collect();
    let mut marks: Vec<char> = lines.iter().filter_map(|line| kind(line)).collect();
    marks.dedup();
    let mut tried: Vec<char> = Vec::new();
    for mark in marks {
        if tried.contains(&mark) || matches!(mark, '-' | '・' | '※') {
            continue;
        }
        tried.push(mark);
        let mut items: Vec<Item> = Vec::new();
        let mut blank = false;
        let mut open = false;
        for line in &lines {
            if kind(line) == Some(mark) {
                let (company, position) = heading(line);
                items.push(Item { company, position, text: strip_mark(line).to_owned() });
                open = true;
                blank = false;
            } else if line.trim().is_empty() {
                blank = true;
            } else if open {
                // A paragraph flush left behind a blank line belongs to no item any more, once the item has its text.
                if blank
                    && !line.starts_with([' ', '\u{3000}'])
                    && items.last().is_some_and(|item| item.text.contains('\n'))
                {
                    open = false;
                    continue;
                }
                if let Some(item) = items.last_mut() {
                    if item.position.is_none()
                        && !item.text.contains('\n')
                        && line.trim().chars().count() <= 14
                    {
                        item.position = Some(line.trim().to_owned());
                    }
                    item.text.push('\n');
                    item.text.push_str(line.trim());
                }
            }
        }
        if items.len() >= 2
            && items.iter().filter(|item| !is_plain_heading(&item.text)).count() >= 2
        {
            return items;
        }
    }
    Vec::new()
}

fn strip_mark(line: &str) -> &str {
    line.trim().trim_start_matches(|character: char| {
        !character.is_alphanumeric() && !matches!(character, '(')
    })
}

/// A heading of a letter's parts, not of an application.
fn is_plain_heading(text: &str) -> bool {
    let first = text.lines().next().unwrap_or("");
    [
        "結果",
        "ご相談",
        "お願い",
        "ご注意",
        "日時",
        "注意",
        "備考",
        "よかった",
        "もっと",
        "面接",
        "内定",
        "辞退",
        "通過と",
        "見送りと",
        "お申込",
        "評価",
        "ビザ",
    ]
    .iter()
    .any(|word| first.starts_with(word))
}

/// Company and position of a heading: "■株式会社ネクサスグリッド(インフラエンジニア)".
fn heading(line: &str) -> (Option<String>, Option<String>) {
    let line = strip_mark(line);
    let line = line.trim_start_matches(|character: char| {
        character.is_ascii_digit() || matches!(character, '.' | ')' | ']' | '】' | ' ')
    });
    let line = line
        .strip_prefix("A] ")
        .or_else(|| line.strip_prefix("B] "))
        .or_else(|| line.strip_prefix("C] "))
        .unwrap_or(line);
    let parts: Vec<String> = line
        .split(['(', '(', ')', ')', '/', '/', '–', '—', ':', ':', '|'])
        .flat_map(|part| part.split(" - "))
        .map(|part| part.trim().trim_matches(['「', '」', '【', '】', '*']).to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let company = employer::with_form(line);
    match (company, parts.as_slice()) {
        (Some(company), parts) => {
            let position = parts
                .iter()
                .find(|part| !part.contains(company.as_str()) && !company.contains(part.as_str()))
                .cloned();
            (Some(company), position)
        }
        (None, [one]) => (None, (one.chars().count() <= 30).then(|| one.clone())),
        (None, [first, second, ..]) => {
            (Some(first.trim_end_matches(['様', '社']).to_owned()), Some(second.clone()))
        }
        (None, []) => (None, None),
    }
}

/// Paragraphs that each begin with a short line of a name: English summaries.
fn paragraphs(text: &str, lang: Lang) -> Vec<Item> {
    if lang != Lang::En {
        return Vec::new();
    }
    let mut items = Vec::new();
    for paragraph in text.split("\n\n") {
        let paragraph = paragraph.trim();
        let Some(first) = paragraph.lines().next() else { continue };
        let named = first.chars().next().is_some_and(char::is_uppercase)
            && paragraph.lines().count() >= 2
            && first.chars().count() <= 70
            && !first.ends_with(['.', ',', '!']);
        let numbered = first.split([',', '.', ':']).next().is_some_and(|code| {
            code.chars().any(|character| character.is_ascii_digit())
                && code.chars().count() <= 12
                && code.chars().next().is_some_and(char::is_alphabetic)
        });
        if named || numbered {
            let head = if numbered {
                first
                    .split('.')
                    .next()
                    .unwrap_or(first)
                    .split_once([',', ':'])
                    .map_or(first, |(_, rest)| rest)
            } else {
                first
            };
            let (company, position) = heading(head);
            items.push(Item {
                company: if numbered { None } else { company },
                position,
                text: paragraph.to_owned(),
            });
        }
    }
    items
}
