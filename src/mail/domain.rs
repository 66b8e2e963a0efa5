//! Domains as they travel and as people read them, and which of them are easily mistaken for others.
//!
//! An internationalised domain (RFC 5890) is `例え.jp` to people and `xn--r8jz45g.jp` to servers. Only
//! what comes back as it was is written to.

use std::collections::BTreeSet;

use unicode_security::confusable_detection::skeleton;

/// Shortest name in which one letter more, less or other is taken for a slip: of shorter ones too many
/// differ by a letter and are what they seem.
const MISSPELT_MIN_CHARS: usize = 5;

/// How many domains are read from one mail.
const NAMED_MAX: usize = 100;

/// `domain` as servers know it, if it comes back from there as it was.
pub(crate) fn on_the_wire(domain: &str) -> Option<String> {
    let has_alabel = domain.split('.').any(is_alabel);
    if domain.is_ascii() && !has_alabel {
        return Some(domain.to_owned());
    }
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let (back, valid) = idna::domain_to_unicode(&ascii);
    let is_same = back == domain.to_lowercase() || ascii.eq_ignore_ascii_case(domain);
    (valid.is_ok() && is_same && ascii.is_ascii()).then_some(ascii)
}

/// `domain` as people read it, in lower case.
pub(crate) fn shown(domain: &str) -> String {
    let domain = domain.to_lowercase();
    if !domain.split('.').any(is_alabel) {
        return domain;
    }
    let (unicode, valid) = idna::domain_to_unicode(&domain);
    if valid.is_ok() { unicode } else { domain }
}

/// `domain` as people read it, and as it travels where that differs.
pub(crate) fn in_full(domain: &str) -> String {
    let shown = shown(domain);
    match on_the_wire(&shown) {
        Some(ascii) if ascii != shown => format!("{shown} ({ascii})"),
        _ => shown,
    }
}

fn is_alabel(label: &str) -> bool {
    label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
}

/// The part of a domain that one organisation holds: two labels, or three where the second
/// level is a category (`example.co.jp`).
///
/// Without the Public Suffix List this is a rule of thumb, good enough for a warning.
pub(crate) fn organisation(domain: &str) -> &str {
    const CATEGORIES: [&str; 14] =
        ["co", "ac", "or", "ne", "go", "ed", "gr", "ad", "lg", "com", "net", "org", "gov", "edu"];
    let mut dots = domain.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else { return domain };
    let category = domain.get(second + 1..last).unwrap_or_default();
    let is_country = domain.len() - last == 3;
    let start =
        if is_country && CATEGORIES.contains(&category) { dots.next() } else { Some(second) };
    start.and_then(|at| domain.get(at + 1..)).unwrap_or(domain)
}

/// Domains where everybody can get an address.
pub(crate) const MAIL_FOR_ALL: &str = "gmail.com googlemail.com yahoo.co.jp ymail.ne.jp yahoo.com outlook.com \
    outlook.jp hotmail.com hotmail.co.jp live.jp icloud.com me.com docomo.ne.jp ezweb.ne.jp au.com \
    softbank.ne.jp i.softbank.jp ymobile.ne.jp nifty.com biglobe.ne.jp so-net.ne.jp ocn.ne.jp \
    proton.me protonmail.com gmx.net";

/// Whether a domain's addresses say nothing about who holds them.
pub(crate) fn is_open_to_all(domain: &str) -> bool {
    MAIL_FOR_ALL.split_whitespace().any(|known| known.eq_ignore_ascii_case(domain))
}

/// Whether `domain` is another organisation's than `familiar`, and easily mistaken for it: the same
/// name under another ending, all of it in front of another ending, or a slip of the eye or of the
/// keyboard away.
pub(crate) fn resembles(domain: &str, familiar: &str) -> bool {
    let (domain, familiar) = (shown(domain), shown(familiar));
    let (one, other) = (organisation(&domain), organisation(&familiar));
    one != other && (name(one) == name(other) || is_misspelt(&domain, &familiar))
}

/// Whether `domain` is another organisation's than `familiar`, and its name a misspelling of it.
pub(crate) fn is_misspelt(domain: &str, familiar: &str) -> bool {
    let (domain, familiar) = (shown(domain), shown(familiar));
    let (one, other) = (organisation(&domain), organisation(&familiar));
    if one != other && (words(&domain).starts_with(&words(other)) || is_run_together(one, other)) {
        return true;
    }
    let (name, right) = (name(one), name(other));
    if name == right || right.is_empty() {
        return false;
    }
    let is_long = name.chars().count().min(right.chars().count()) >= MISSPELT_MIN_CHARS;
    looks(name) == looks(right) || (is_long && strsim::osa_distance(name, right) == 1)
}

/// The Latin letters that a name in other letters seems to be made of (`аmazon` with a Cyrillic а).
pub(crate) fn poses_as(domain: &str) -> Option<String> {
    let domain = shown(domain);
    if domain.is_ascii() {
        return None;
    }
    let mut seems = String::new();
    for c in domain.chars() {
        match c {
            c if c.is_ascii() => seems.push(c),
            c => seems.extend(skeleton(c.encode_utf8(&mut [0; 4]))),
        }
    }
    seems.is_ascii().then(|| seems.to_lowercase())
}

/// The name of an organisation in its domain: `example` of `example.co.jp`.
fn name(organisation: &str) -> &str {
    organisation.split('.').next().unwrap_or_default()
}

/// What a name looks like: characters that look alike are one, and nobody sees a hyphen.
fn looks(name: &str) -> String {
    // `0` is like `O`, `1` like `l`: upper and lower case have to be put together behind it.
    let alike: String = skeleton(name).collect();
    alike.to_lowercase().replace('-', "").replace("vv", "w")
}

/// What a domain is made of, dots and hyphens alike: all of `example.co.jp` stands at the beginning of
/// `example-co.jp`, and of `example.co.jp.mailers.example`.
fn words(domain: &str) -> Vec<String> {
    domain.split(['.', '-']).map(looks).collect()
}

/// Whether two domains differ by their dots alone: `exampleco.jp` and `example.co.jp`.
fn is_run_together(one: &str, other: &str) -> bool {
    looks(&one.replace('.', "")) == looks(&other.replace('.', ""))
}

/// The domains that a text names, in addresses of mails and of pages.
pub(crate) fn named_in(text: &str) -> BTreeSet<String> {
    let starts = text.match_indices(['@', '/']).map(|(at, mark)| at + mark.len());
    let domains = starts.filter_map(|start| {
        let rest = text.get(start..)?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let domain = rest.get(..end)?.trim_matches('.').to_ascii_lowercase();
        let (_, last) = domain.rsplit_once('.')?;
        let is_domain = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_lowercase());
        is_domain.then_some(domain)
    });
    domains.take(NAMED_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_travels_in_ascii_or_not_at_all() {
        for (written, travels) in [
            ("example.co.jp", Some("example.co.jp")),
            ("Example.JP", Some("Example.JP")),
            ("例え.jp", Some("xn--r8jz45g.jp")),
            ("採用.例え.jp", Some("xn--czu130b.xn--r8jz45g.jp")),
            ("xn--r8jz45g.jp", Some("xn--r8jz45g.jp")),
            // Not what anybody registered, and not what it came as.
            ("xn--a.jp", None),
            ("ｅｘａｍｐｌｅ.jp", None),
        ] {
            assert_eq!(on_the_wire(written).as_deref(), travels, "{written}");
        }
        assert_eq!(shown("XN--r8jz45g.jp"), "例え.jp");
        assert_eq!(shown("xn--a.jp"), "xn--a.jp");
    }

    #[test]
    fn look_alikes_are_seen_and_namesakes_are_not() {
        for (domain, familiar, expected) in [
            ("examp1e.co.jp", "example.co.jp", true),
            ("exarnple.co.jp", "example.co.jp", true),
            ("exampel.co.jp", "example.co.jp", true),
            ("ex-ample.co.jp", "example.co.jp", true),
            ("example.com", "example.co.jp", true),
            ("mail.examp1e.co.jp", "saiyo.example.co.jp", true),
            ("еxample.co.jp", "example.co.jp", true),
            ("xn--xample-9uf.co.jp", "example.co.jp", true),
            ("example-co.jp", "example.co.jp", true),
            ("saiyo.example-co.jp", "example.co.jp", true),
            ("examp1e-co.jp", "example.co.jp", true),
            ("exampleco.jp", "example.co.jp", true),
            ("example-co-jp.com", "example.co.jp", true),
            ("example.co.jp.mailers.com", "saiyo.example.co.jp", true),
            ("example-communications.co.jp", "example.com", false),
            ("example-recruiting.co.jp", "example.co.jp", false),
            ("recruit.example.co.jp", "example.co.jp", false),
            ("aoba.co.jp", "asba.co.jp", false),
            ("another.co.jp", "example.co.jp", false),
        ] {
            assert_eq!(resembles(domain, familiar), expected, "{domain} {familiar}");
        }
    }

    #[test]
    fn letters_of_another_script_do_not_pose_as_latin_ones() {
        assert_eq!(poses_as("аmazоn.com").as_deref(), Some("amazon.com"));
        assert_eq!(poses_as("例え.jp"), None);
        assert_eq!(poses_as("example.jp"), None);
    }

    #[test]
    fn a_text_names_domains_in_its_addresses() {
        let text =
            "採用担当 <saiyo@Example.co.jp>\nhttps://www.example.jp/recruit/1.2 と/または a/b.";
        let named: Vec<String> = named_in(text).into_iter().collect();
        assert_eq!(named, ["example.co.jp", "www.example.jp"]);
    }
}
