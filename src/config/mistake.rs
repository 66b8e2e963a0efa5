//! What is wrong with a TOML text, where, and in words for somebody who has never heard of TOML. Pure.
//!
//! The parser knows the place and says what it missed, in English and in its own terms. What it says is
//! taken apart here; what is not known is shown as it is, below the line that it is about.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::lang::Lang;
use crate::say;

/// A mistake in a TOML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    place: Option<Place>,
    /// The key, where that is all that is known of its place.
    key: Option<String>,
    /// The parser's own words.
    message: String,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
    /// The line itself.
    content: String,
    /// Terminal columns before the mistake, and of it.
    mark: (usize, usize),
}

impl Mistake {
    /// What `toml` says of `text`.
    #[must_use]
    pub fn of(error: &toml::de::Error, text: &str) -> Self {
        Self::at(error.span(), error.message(), text)
    }

    /// What `toml_edit` says of `text`.
    #[must_use]
    pub fn while_editing(error: &toml_edit::TomlError, text: &str) -> Self {
        Self::at(error.span(), error.message(), text)
    }

    /// What `config` says of the file and the environment together: it knows the key alone.
    #[must_use]
    pub(super) fn of_layers(error: &config::ConfigError) -> Self {
        let said = error.to_string();
        let (message, key) = match said.split_once(" for key `") {
            Some((message, rest)) => (message, rest.split('`').next().map(str::to_owned)),
            None => (said.as_str(), None),
        };
        Self { place: None, key, message: message.to_owned() }
    }

    fn at(span: Option<Range<usize>>, message: &str, text: &str) -> Self {
        // It takes the end of the line after `key =` for text without quotes.
        let rest = span.as_ref().and_then(|span| text.get(span.start..)?.lines().next());
        let is_nothing = rest.is_none_or(|rest| rest.trim().is_empty());
        let message = match message.trim() {
            unquoted if unquoted.starts_with("string values must be quoted") && is_nothing => {
                "missing value"
            }
            message => message,
        };
        let place = span.and_then(|span| Place::of(span, text));
        Self { place, key: None, message: message.to_owned() }
    }

    /// The key that was meant, if one comes near.
    #[must_use]
    pub(super) fn meant(&self) -> Option<String> {
        super::meant(&self.message)
    }

    /// Place and mistake, in `lang`.
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        let words = in_words(&self.message, lang);
        let Some(Place { line, column, content, mark: (before, marked) }) = &self.place else {
            return match &self.key {
                Some(key) => say!(lang, "{key}：{words}", "{key}: {words}"),
                None => words,
            };
        };
        let at = say!(lang, "{line} 行目、{column} 文字目", "line {line}, column {column}");
        let margin = " ".repeat(line.to_string().len());
        let (before, marked) = (" ".repeat(*before), "^".repeat(*marked));
        format!("{at}\n{margin} |\n{line} | {content}\n{margin} | {before}{marked}\n{words}")
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Lang::En))
    }
}

impl Place {
    fn of(span: Range<usize>, text: &str) -> Option<Self> {
        let (head, tail) = text.split_at_checked(span.start)?;
        let before = head.rsplit('\n').next().unwrap_or_default();
        let after = tail.lines().next().unwrap_or_default();
        let wrong = tail.get(..span.end.saturating_sub(span.start)).unwrap_or(after);
        let wrong = wrong.lines().next().unwrap_or_default();
        // A tab is as wide as the terminal wants.
        let flat = |part: &str| part.replace('\t', " ");
        Some(Self {
            line: head.matches('\n').count() + 1,
            column: before.chars().count() + 1,
            content: flat(&format!("{before}{after}")),
            mark: (flat(before).width(), flat(wrong).width().max(1)),
        })
    }
}

/// What the parser says, for people.
fn in_words(message: &str, lang: Lang) -> String {
    said_by_serde(message, lang)
        .or_else(|| said_by_goen(message, lang))
        .or_else(|| said_of_grammar(message, lang))
        .unwrap_or_else(|| say!(lang, "TOML の書き方に誤りがあります（{message}）", "{message}"))
}

/// The text between the first two back quotes, and all such texts after it.
fn quoted(message: &str) -> (Option<&str>, Vec<&str>) {
    let mut named = message.split('`').skip(1).step_by(2);
    (named.next(), named.collect())
}

/// A key or value that the settings do not have (the words of serde and its derive macro).
fn said_by_serde(message: &str, lang: Lang) -> Option<String> {
    let (first, others) = quoted(message);
    let list = || match lang {
        Lang::Ja => others.join("、"),
        Lang::En => others.join(", "),
    };
    if message.starts_with("unknown field ") {
        let (key, keys) = (first?, list());
        return Some(say!(
            lang,
            "{key} という項目はありません。ここに書けるのは：{keys}",
            "there is no key {key} here. The keys are: {keys}"
        ));
    }
    if message.starts_with("unknown variant ") {
        let (value, values) = (first?, list());
        return Some(say!(
            lang,
            "{value:?} とは書けません。書けるのは：{values}",
            "{value:?} cannot stand here, but one of: {values}"
        ));
    }
    if message.starts_with("missing field ") {
        let key = first?;
        return Some(say!(lang, "{key} がありません", "{key} is missing"));
    }
    let rest = message.strip_prefix("invalid type: ").or(message.strip_prefix("invalid value: "))?;
    // The value may hold the separator, what was expected does not.
    let (_value, wanted) = rest.rsplit_once(", expected ")?;
    let wanted = kind(wanted, lang)?;
    Some(say!(lang, "ここには{wanted}を書きます", "{wanted} should stand here"))
}

/// A kind of value, as serde names it.
fn kind(wanted: &str, lang: Lang) -> Option<String> {
    Some(match wanted {
        "u8" => whole(u8::MAX.into(), lang),
        "u16" => whole(u16::MAX.into(), lang),
        "u32" => whole(u32::MAX, lang),
        "an integer" => say!(lang, "整数（引用符なし）", "a whole number, without quotes,"),
        "u64" => say!(lang, " 0 以上の整数（引用符なし）", "a whole number, without quotes,"),
        "a boolean" => say!(lang, " true か false（引用符なし）", "true or false, without quotes,"),
        "a string" | "path string" | "string or table" | "string only" => {
            say!(lang, "引用符 \" で囲んだ文字列", "text in quotes (\"…\")")
        }
        "a sequence" => say!(
            lang,
            "並び（[\"…\", \"…\"]、または [[…]] で始まる節）",
            "a list ([\"…\", \"…\"], or a section that begins with [[…]])"
        ),
        wanted if wanted == "a map" || wanted.starts_with("struct ") => {
            say!(lang, "節（[…] の行とその下の項目）", "a section (a line […] and keys below it)")
        }
        _ => return None,
    })
}

fn whole(most: u32, lang: Lang) -> String {
    say!(
        lang,
        " 0 から {most} までの整数（引用符なし）",
        "a whole number from 0 to {most}, without quotes,"
    )
}

/// Values that goen itself refuses: `hours::HoursError`, `tell::when::BadNewsError`.
fn said_by_goen(message: &str, lang: Lang) -> Option<String> {
    if lang == Lang::En {
        return None;
    }
    if let Some((value, _)) = message.split_once(" are no hours: ") {
        return Some(format!(
            "{value} は時間帯として読めません。\"08:30-19:00\" のように書きます（なしは \"\"）"
        ));
    }
    let (value, _) = message.split_once(" is no time for bad news: ")?;
    Some(format!("{value} は読めません。\"at once\"、\"19:00\"、\"daily 19:00\" のように書きます"))
}

/// What is no TOML at all.
fn said_of_grammar(message: &str, lang: Lang) -> Option<String> {
    let (what, wanted) = message.split_once(", expected ").unwrap_or((message, ""));
    let words = match what {
        "duplicate key" => {
            say!(lang, "この項目は前にも書いてあります", "this is already written further up")
        }
        "key with no value" | "missing value for key" | "missing value" => say!(
            lang,
            "値がありません。「項目 = 値」と書きます",
            "the value is missing: write `key = value`"
        ),
        "string values must be quoted" => say!(
            lang,
            "文字列は引用符 \" で囲みます（例：name = \"山田 花子\"）",
            "text has to be in quotes, such as name = \"Hanako Yamada\""
        ),
        "invalid basic string" | "invalid literal string" if !wanted.is_empty() => say!(
            lang,
            "引用符が閉じていないか、文字列に使えない書き方があります（\\ そのものは \\\\ と書きます）",
            "a quote is not closed, or the text has something that cannot stand in it (write \\ as \\\\)"
        ),
        "missing escaped value" | "too few unicode value digits" => say!(
            lang,
            "\\ のあとの書き方が違います。\\ そのものは \\\\ と書きます",
            "this cannot follow \\; write \\ itself as \\\\"
        ),
        "missing opening quote" => {
            say!(lang, "始まりの引用符がありません", "the opening quote is missing")
        }
        "unclosed table" | "unclosed array table" | "missing table open" => say!(
            lang,
            "節の名前の角括弧 [ ] が揃っていません",
            "the square brackets round the section's name do not match"
        ),
        "unclosed array" | "missing array opening" => say!(
            lang,
            "並びの角括弧 [ ] が揃っていません",
            "the square brackets of the list do not match"
        ),
        "unclosed inline table" | "missing inline table opening" => {
            say!(lang, "波括弧 {{ }} が揃っていません", "the curly brackets do not match")
        }
        "missing comma between array elements" | "missing comma between key-value pairs" => {
            say!(lang, "区切りのコンマ , がありません", "a comma is missing")
        }
        "extra comma in array" | "extra comma in inline table" => {
            say!(lang, "コンマ , がひとつ多いです", "there is a comma too many")
        }
        "missing assignment between key-value pairs" => {
            say!(lang, "項目と値の間に = がありません", "the = between key and value is missing")
        }
        "extra `=`" | "extra assignment between key-value pairs" | "unexpected `=` in array" => {
            say!(lang, "= がひとつ多いです", "there is a = too many")
        }
        "unexpected leading zero" => {
            say!(lang, "数を 0 から始めることはできません", "a number cannot begin with 0")
        }
        "integer number overflowed" | "floating-point number overflowed" => {
            say!(lang, "数が大きすぎます", "the number is too large")
        }
        "invalid unquoted key" | "unquoted keys cannot be empty" => say!(
            lang,
            "項目の名前に使えない文字があります（全角の空白や記号が混じっていませんか）",
            "a key may only have letters, digits, - and _"
        ),
        "unexpected key or value" | "unexpected content" => say!(
            lang,
            "行の終わりに余分なものがあります（一行にひとつの項目を書きます）",
            "there is something more on this line (one key a line)"
        ),
        "invalid comment character" => {
            say!(lang, "見えない制御文字があります", "there is a control character")
        }
        _ => return None,
    };
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn mistake(text: &str) -> Mistake {
        Mistake::of(&toml::from_str::<Config>(text).unwrap_err(), text)
    }

    #[test]
    fn each_mistake_is_said_in_both_languages_without_the_parsers_terms() {
        let mut said = Vec::new();
        for text in [
            "[watch]\nlook_back_days = 7\n",
            "[watch]\nlookback_days = \"7\"\n",
            "[watch]\nlookback_days = 70000\n",
            "[watch]\nlookback_days = -1\n",
            "[watch]\nlookback_days = 099\n",
            "[watch]\nidle = 1\n",
            "[watch]\nidle = true\nidle = false\n",
            "[watch]\nidle = true recheck_seconds = 70\n",
            "[watch\nidle = true\n",
            "[watch]\nidle\n",
            "[watch]\nidle =\n",
            "[watch]\nidle = = true\n",
            "watch = 3\n",
            "[profile]\nname = 山田 花子\n",
            "[profile]\nname = \"山田\n",
            "[profile]\nname = \"a\\qb\"\n",
            "[profile]\nname = 3\n",
            "[profile]\n氏名 = \"山田\"\n",
            "[notify]\nreveal = \"some\"\n",
            "[notify]\nquiet_hours = \"late\"\n",
            "[notify]\nbad_news = \"later\"\n",
            "[accounts]\nname = \"uni\"\n",
            "[[accounts]\nname = \"uni\"\n",
            "[[accounts]]\nname = \"uni\"\n",
            "[[accounts]]\nname = \"uni\"\naddress = \"a@example.jp\"\nmailboxes = [\"INBOX\"\n",
            "[[accounts]]\nname = \"uni\"\naddress = \"a@example.jp\"\nmailboxes = [\"INBOX\" \"x\"]\n",
            "[[accounts]]\nname = \"uni\"\naddress = \"a@example.jp\"\nmailboxes = \"INBOX\"\n",
            "[[accounts]]\nname = \"uni\"\naddress = \"a@example.jp\"\nimap = { host \"x\" }\n",
            "[[accounts]]\nname = \"uni\"\naddress = \"a@example.jp\"\nimap = { host = \"x\"\n",
        ] {
            let mistake = mistake(text);
            let [ja, en] = [Lang::Ja, Lang::En].map(|lang| mistake.say(lang));
            let words = ja.lines().last().unwrap();
            assert!(!words.contains("TOML の書き方"), "{text}\n{ja}");
            assert!(!words.contains("expected") && !en.contains("expected"), "{text}\n{ja}\n{en}");
            said.push(format!("{ja}\n{}", en.lines().last().unwrap()));
        }
        insta::assert_snapshot!(said.join("\n\n"));
    }

    #[test]
    fn the_mark_stands_under_the_mistake_where_characters_are_wide() {
        let said = mistake("[profile]\nname = \"山田\" \"花子\"\n").say(Lang::Ja);
        assert!(said.starts_with("2 行目、"), "{said}");
        let [shown, mark] = [2, 3].map(|nth| said.lines().nth(nth).unwrap());
        let (before, _) = shown.split_once(" \"花子").unwrap();
        assert_eq!(mark.find('^').unwrap(), before.width() + 1, "{said}");
    }

    #[test]
    fn what_is_not_known_is_shown_as_the_parser_says_it() {
        let unknown = Mistake { place: None, key: None, message: "something new".to_owned() };
        assert_eq!(unknown.say(Lang::En), "something new");
        assert!(unknown.say(Lang::Ja).contains("（something new）"));
    }
}
