//! What the headers say about how a mail was made and sent.

use super::Marks;
use super::structure::Fields;
use super::{field, scrub};

/// Reads the marks of a mail from its header fields.
pub(super) fn read(fields: &Fields<'_>, is_report: bool) -> Marks {
    let value = |name: &str| fields.first(name).map(|raw| field::text(raw, None).text);
    Marks {
        // RFC 3834 §5: "no" may carry comments and parameters.
        auto_submitted: value("Auto-Submitted").is_some_and(|value| {
            let keyword = value.split([';', '(', ' ']).next().unwrap_or_default();
            !keyword.is_empty() && !keyword.eq_ignore_ascii_case("no")
        }),
        bulk: value("Precedence").is_some_and(|value| {
            ["bulk", "list", "junk"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
        }),
        list: fields.has("List-Id") || fields.has("List-Post"),
        list_unsubscribe: fields.has("List-Unsubscribe"),
        null_return_path: value("Return-Path")
            .is_some_and(|value| value.chars().filter(|c| !c.is_whitespace()).eq("<>".chars())),
        suppress_auto_response: fields.has("X-Auto-Response-Suppress"),
        report: is_report,
        dmarc: value("Authentication-Results").and_then(|value| dmarc(&value)),
        mailer: fields
            .first("X-Mailer")
            .or_else(|| fields.first("User-Agent"))
            .map(|raw| scrub::one_line(&field::unstructured(raw, None).text))
            .filter(|mailer| !mailer.is_empty()),
    }
}

/// The result of the method `dmarc` (RFC 8601 §2.2). Comments and quoted strings are passed over: a
/// sender can write into both.
fn dmarc(value: &str) -> Option<String> {
    let mut bare = String::with_capacity(value.len());
    let mut depth = 0_usize;
    let mut in_quotes = false;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' if depth == 0 => in_quotes = !in_quotes,
            '(' if !in_quotes => depth += 1,
            ')' if !in_quotes => depth = depth.saturating_sub(1),
            c if depth == 0 && !in_quotes => bare.push(c),
            _ => {}
        }
    }
    bare.split(';').skip(1).find_map(|result| {
        let (method, rest) = result.split_once('=')?;
        if !method.trim().eq_ignore_ascii_case("dmarc") {
            return None;
        }
        let verdict = rest.split_whitespace().next()?;
        verdict
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric())
            .then(|| verdict.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::dmarc;

    #[test]
    fn the_verdict_on_dmarc_is_read_outside_comments_and_quotes_only() {
        for (value, expected) in [
            (
                "mx.example.jp; spf=pass smtp.mailfrom=a.example; DMARC = Pass (p=NONE) header.from=a.example",
                Some("pass"),
            ),
            ("mx.example.jp; dkim=fail (dmarc=pass; dmarc=pass) ; dmarc=fail", Some("fail")),
            ("mx.example.jp; x=\"; dmarc=pass\"", None),
            ("mx.example.jp; none", None),
            ("dmarc=pass", None),
            ("", None),
        ] {
            assert_eq!(dmarc(value).as_deref(), expected, "{value}");
        }
    }
}
