//! What the headers say about how a mail was made and sent.

use super::Marks;
use super::domain::organisation;
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
        dmarc: receiving_servers_dmarc(fields),
        unreadable_reply_to: false,
        mailer: fields
            .first("X-Mailer")
            .or_else(|| fields.first("User-Agent"))
            .map(|raw| scrub::one_line(&field::unstructured(raw, None).text))
            .filter(|mailer| !mailer.is_empty()),
    }
}

/// What the receiving server says about DMARC; a sender, or somebody who passed the mail on, may have
/// written `Authentication-Results` as well (RFC 8601 §7.1).
///
/// Every server puts its fields on top. So what stands above all `Received` is the receiving server's,
/// and what stands below some of them is if all of these and its own name are of one organisation.
fn receiving_servers_dmarc(fields: &Fields<'_>) -> Option<String> {
    let mut hops: Vec<String> = Vec::new();
    let mut is_found = false;
    for (name, raw) in fields.all() {
        if name.eq_ignore_ascii_case("Received") {
            if is_found {
                return None;
            }
            hops.extend(host_of_hop(&field::text(raw, None).text));
        } else if name.eq_ignore_ascii_case("Authentication-Results") {
            let value = field::text(raw, None).text;
            let first = value.split([';', ' ', '\t', '\r', '\n']).find(|word| !word.is_empty());
            // Microsoft's servers leave their name out.
            let server = first.filter(|word| !word.contains('=')).unwrap_or("outlook.com");
            let server = server.to_ascii_lowercase();
            let is_own = |hop: &String| organisation(hop) == organisation(&server);
            if !hops.iter().all(is_own) {
                return None;
            }
            is_found = true;
            if let Some(verdict) = dmarc(&value) {
                return Some(verdict);
            }
        }
    }
    None
}

/// The server that wrote a `Received` field, where it has a name that means something outside.
fn host_of_hop(value: &str) -> Option<String> {
    let mut words = value.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("by"))?;
    let host = words.next()?.trim_end_matches(';').to_ascii_lowercase();
    let is_name = host.contains('.')
        && !host.starts_with("localhost")
        && host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_lowercase()));
    is_name.then_some(host)
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
    // The server's name has no `=` in it, so it is passed over as well.
    bare.split(';').find_map(|result| {
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
            ("dmarc=pass", Some("pass")),
            ("", None),
        ] {
            assert_eq!(dmarc(value).as_deref(), expected, "{value}");
        }
    }

    fn verdict(head: &str) -> Option<String> {
        crate::mail::Mail::read(format!("{head}Subject: x\n\ny\n").as_bytes()).unwrap().marks.dmarc
    }

    #[test]
    fn only_the_receiving_servers_word_on_dmarc_counts() {
        // Google's, below two lines of its own.
        let google = "Received: by 2002:a05:7301:1e2b:b0:1 with SMTP id x;\n\
                      Received: from mx.sender.example by mx.google.com with ESMTPS id 1\n\
                      Authentication-Results: mx.google.com; spf=pass; dmarc=fail (p=NONE)\n";
        assert_eq!(verdict(google).as_deref(), Some("fail"));
        // Microsoft's, without a name.
        let microsoft = "Received: from a.prod.outlook.com by b.prod.outlook.com with HTTPS;\n\
                         Authentication-Results: spf=fail smtp.mailfrom=x.jp; dmarc=fail\n\
                         Received: from x.jp by c.mail.protection.outlook.com with SMTP;\n";
        assert_eq!(verdict(microsoft).as_deref(), Some("fail"));
        // One field a method, as milters write them.
        let milters = "Received: from localhost by mail.example.jp with LMTP\n\
                       Received: from sender by mx.example.jp (Postfix)\n\
                       Authentication-Results: mx.example.jp; dkim=none\n\
                       Authentication-Results: mx.example.jp; dmarc=fail\n";
        assert_eq!(verdict(milters).as_deref(), Some("fail"));
        // Said by who passed the mail on, or by the sender.
        let passed_on = "Received: from uni by mx.example.jp (Postfix)\n\
                         Received: from sender by mx.uni.example (Postfix)\n\
                         Authentication-Results: mx.uni.example; dmarc=fail\n";
        assert_eq!(verdict(passed_on), None);
        let forged = "Authentication-Results: mx.example.jp; spf=pass\n\
                      Received: from evil by mx.example.jp (Postfix)\n\
                      Authentication-Results: mx.example.jp; dmarc=pass\n";
        assert_eq!(verdict(forged), None);
    }
}
