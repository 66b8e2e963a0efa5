//! Names of companies and positions, made comparable: ㈱, 株式会社 and Co., Ltd. are one. Pure.

use unicode_normalization::UnicodeNormalization as _;

/// Legal forms in Japanese, also as NFKC leaves their short forms (`㈱` becomes `(株)`).
const FORMS_JA: [&str; 30] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "一般社団法人",
    "公益社団法人",
    "一般財団法人",
    "公益財団法人",
    "社会福祉法人",
    "医療法人社団",
    "医療法人財団",
    "医療法人",
    "学校法人",
    "国立大学法人",
    "独立行政法人",
    "国立研究開発法人",
    "特定非営利活動法人",
    "npo法人",
    "監査法人",
    "税理士法人",
    "弁護士法人",
    "(株)",
    "(有)",
    "(同)",
    "(社)",
    "(財)",
    "(医)",
    "(学)",
    "(福)",
];

/// Legal forms in Latin letters, as words without stops.
const FORMS_EN: [&str; 22] = [
    "inc",
    "incorporated",
    "co",
    "company",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "kk",
    "gk",
    "llc",
    "llp",
    "plc",
    "gmbh",
    "ag",
    "sa",
    "sas",
    "bv",
    "nv",
    "pte",
    "pty",
    "kabushiki",
];

/// What people write around a name.
const TITLES: [&str; 12] = [
    "採用担当",
    "人事部",
    "人事課",
    "採用チーム",
    "採用事務局",
    "新卒採用",
    "中途採用",
    "人材開発部",
    "御中",
    "様",
    "recruiting team",
    "talent acquisition",
];

/// Words of a result: what a mail names with them is no position.
const NO_POSITION: [&str; 10] =
    ["選考", "見送", "通過", "結果", "不採用", "合格", "内定", "declined", "passed", "result"];

/// A company's name without the beginning of the next sentence: "Globex Inc. We" is "Globex Inc.".
#[must_use]
pub fn company(name: &str) -> &str {
    let ends_form = |before: &str| {
        let last = before.rsplit([' ', ',']).next().unwrap_or_default().to_lowercase();
        FORMS_EN.contains(&last.as_str())
    };
    let cut = name.match_indices(". ").find(|(at, _)| {
        name.get(..*at).is_some_and(ends_form)
            && name.get(at + 2..).is_some_and(|rest| !ends_form(rest.trim_end_matches('.')))
    });
    cut.and_then(|(at, _)| name.get(..=at)).unwrap_or(name)
}

/// A position, unless it is something else that stands in its place.
#[must_use]
pub fn position(name: &str) -> Option<&str> {
    let lower = name.to_lowercase();
    (!NO_POSITION.iter().any(|word| lower.contains(word))).then_some(name)
}

/// A company's name as it is compared: without its legal form, its spacing and its letters' width.
/// Empty if nothing is left.
#[must_use]
pub fn company_key(name: &str) -> String {
    let mut text: String = company(name).nfkc().collect::<String>().to_lowercase();
    for title in TITLES {
        text = text.replace(title, " ");
    }
    for form in FORMS_JA {
        text = text.replace(form, " ");
    }
    let text = text.replace("k.k.", " ").replace('.', "");
    let words = text
        .split(|c: char| !c.is_alphanumeric() && c != 'ー' && c != '&')
        .filter(|word| !word.is_empty());
    let kept: Vec<&str> = words.clone().filter(|word| !FORMS_EN.contains(word)).collect();
    // A company that is called "Company".
    if kept.is_empty() { words.collect::<Vec<_>>().concat() } else { kept.concat() }
}

/// A position as it is compared.
#[must_use]
pub fn position_key(name: &str) -> String {
    let text: String = position(name).unwrap_or_default().nfkc().collect::<String>().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || *c == 'ー').collect()
}

/// Whether two positions may be one: "エンジニア" and "エンジニア職（東京）" may.
#[must_use]
pub fn positions_agree(one: &str, other: &str) -> bool {
    one.contains(other) || other.contains(one)
}

/// Whether a name is written in Latin letters.
#[must_use]
pub fn is_latin(key: &str) -> bool {
    !key.is_empty() && key.is_ascii()
}

/// Whether a company's Latin name is that of a mail domain: `aobaseisakusho` and `aoba-s.example.co.jp`
/// are not, `aoba` and `aoba.example` are.
#[must_use]
pub fn is_of_domain(key: &str, domain: &str) -> bool {
    /// Shorter words are in every second domain.
    const SHORTEST: usize = 3;
    let labels = domain.split('.').map(|label| label.replace('-', ""));
    labels.filter(|label| label.len() >= SHORTEST).any(|label| {
        label == key
            || (key.len() >= SHORTEST && (key.starts_with(&label) || label.starts_with(key)))
    })
}

/// Of several forms of one name the one to show: with its legal form written out, else the longest,
/// else the newest.
#[must_use]
pub fn fullest<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.max_by_key(|name| {
        let has_form = FORMS_JA.iter().take(22).any(|form| name.contains(form));
        (!name.is_ascii(), has_form, name.chars().count())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_company_under_its_many_names_is_one() {
        for group in [
            &[
                "株式会社青葉製作所",
                "㈱青葉製作所",
                "（株）青葉製作所",
                "青葉製作所",
                "青葉製作所 株式会社",
                "株式会社 青葉製作所 採用担当",
            ][..],
            &[
                "Hoshino Systems Inc.",
                "HOSHINO SYSTEMS",
                "Hoshino Systems, Incorporated",
                "Ｈｏｓｈｉｎｏ　Ｓｙｓｔｅｍｓ",
            ],
            &["Aoba Co., Ltd.", "Aoba Company Limited", "Aoba K.K.", "AOBA"],
            &["株式会社ＡＢＣ", "ABC株式会社", "(株)abc"],
        ] {
            let keys: Vec<String> = group.iter().map(|name| company_key(name)).collect();
            assert!(keys.iter().all(|key| *key == keys[0] && !key.is_empty()), "{keys:?}");
        }
    }

    #[test]
    fn companies_that_only_sound_alike_stay_apart() {
        for (one, other) in [
            ("株式会社日立", "株式会社日立製作所"),
            ("株式会社青葉", "株式会社青葉ホールディングス"),
            ("サンコー株式会社", "サンコ株式会社"),
            ("Aoba Inc.", "Aoba Foods Inc."),
        ] {
            assert_ne!(company_key(one), company_key(other));
        }
    }

    #[test]
    fn what_a_mail_says_beside_a_name_is_no_part_of_it() {
        for (said, name) in [
            ("Globex Inc. We", "Globex Inc."),
            ("Globex Co., Ltd.", "Globex Co., Ltd."),
            ("St. Mary Hospital", "St. Mary Hospital"),
            ("Initech Corp.", "Initech Corp."),
        ] {
            assert_eq!(company(said), name);
        }
        assert_eq!(position("書類選考通過"), None);
        assert_eq!(position("営業職（東京）"), Some("営業職（東京）"));
    }

    #[test]
    fn a_latin_name_is_known_by_its_domain() {
        assert!(is_of_domain("aoba", "aoba.example"));
        assert!(is_of_domain("aobaseisakusho", "saiyo.aoba-seisakusho.example"));
        assert!(is_of_domain("hoshinosystems", "hoshino.example"));
        assert!(!is_of_domain("globex", "aoba.example"));
    }

    #[test]
    fn the_fullest_name_is_shown() {
        let shown = |names: &[&'static str]| fullest(names.iter().copied());
        assert_eq!(shown(&["㈱青葉", "Aoba Inc.", "株式会社青葉"]), Some("株式会社青葉"));
        assert_eq!(shown(&[]), None);
    }
}
