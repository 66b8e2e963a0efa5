//! Which application a mail belongs to. Pure.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use super::name::{company_key, is_latin, is_of_domain, position_key, positions_agree};
use crate::classify::{Channel, Outcome, Verdict};
use crate::mail::{Mail, MessageId};

/// Domains that say nothing about the company.
const SHARED: &str = include_str!("../../config/shared-domains.txt");

static SHARED_DOMAINS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    SHARED
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// A mail of no result this long after the end is about a new application at the same company.
const SILENT_AFTER_END: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A result this long after the end is, too. Until then it is a second word on the first: reserve
/// lists are drawn on for months.
const LAST_WORD: SignedDuration = SignedDuration::from_hours(180 * 24);

/// What of a mail says where it belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// The company, made comparable; empty if it is not named.
    pub company: String,
    /// The position, made comparable; empty if it is not named.
    pub position: String,
    /// The sender's domain, where it is the company's own; else empty.
    pub domain: String,
    /// An agent or a job site speaks.
    pub is_between: bool,
    /// The mails it answers and names as its thread.
    pub thread: Vec<String>,
}

impl Traits {
    /// The traits of a mail, for the mail as a whole.
    #[must_use]
    pub fn of(mail: &Mail, verdict: &Verdict) -> Self {
        let is_between = verdict.channel != Channel::Company;
        let domain =
            mail.author().map_or_else(String::new, |author| author.domain().to_lowercase());
        let is_own = !is_between && !is_shared(&domain);
        let ids = mail.in_reply_to.iter().chain(&mail.references);
        Self {
            company: verdict.company.as_deref().map_or_else(String::new, company_key),
            position: verdict.position.as_deref().map_or_else(String::new, position_key),
            domain: if is_own { domain } else { String::new() },
            is_between,
            thread: ids.map(MessageId::as_str).map(str::to_owned).collect(),
        }
    }

    /// The same mail, as far as it is about one of several applications.
    #[must_use]
    pub fn about(&self, company: Option<&str>, position: Option<&str>) -> Self {
        Self {
            company: company.map_or_else(String::new, company_key),
            position: position.map_or_else(String::new, position_key),
            domain: String::new(),
            ..self.clone()
        }
    }
}

fn is_shared(domain: &str) -> bool {
    SHARED_DOMAINS.iter().any(|shared| {
        domain.strip_suffix(shared).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// An application that is known, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub id: i64,
    /// The names its mails gave the company, made comparable.
    pub companies: Vec<String>,
    /// The positions they named.
    pub positions: Vec<String>,
    /// Domains of the company's own that wrote.
    pub domains: Vec<String>,
    /// The Message-IDs of its mails, and of those in their threads.
    pub thread: Vec<String>,
    /// When its last mail came.
    pub last_at: Timestamp,
    /// It has ended.
    pub has_ended: bool,
    /// It ended with a no.
    pub was_declined: bool,
}

/// The application among `known` that a mail of `outcome`, received `at`, belongs to; none if it
/// begins a new one.
#[must_use]
pub fn place(mail: &Traits, outcome: Outcome, at: Timestamp, known: &[Known]) -> Option<i64> {
    let fitting: Vec<&Known> = known
        .iter()
        .filter(|known| mail.is_about_company_of(known, known_domain(mail, known)))
        .filter(|known| mail.may_be_position_of(known) && !begins_anew(known, outcome, at))
        .collect();
    // The mail itself says which: it answers one of its mails.
    let threaded = fitting.iter().filter(|known| mail.shares_thread(known));
    if let Some(known) = newest(threaded.copied()) {
        return Some(known.id);
    }
    // The same role by name.
    let named =
        |known: &&&Known| !mail.position.is_empty() && known.positions.contains(&mail.position);
    if let Some(known) = newest(fitting.iter().filter(named).copied()) {
        return Some(known.id);
    }
    let (open, ended): (Vec<&Known>, Vec<&Known>) =
        fitting.iter().partition(|known| !known.has_ended);
    for group in [open, ended] {
        match group.as_slice() {
            [] => {}
            [one] => return Some(one.id),
            several => {
                // Those of which no mail has named a role, either: the same unnamed one.
                let unnamed = several.iter().filter(|known| known.positions.is_empty()).copied();
                return newest(unnamed).map(|known| known.id);
            }
        }
    }
    None
}

fn newest<'a>(known: impl Iterator<Item = &'a Known>) -> Option<&'a Known> {
    known.max_by_key(|known| (!known.has_ended, known.last_at, known.id))
}

fn known_domain(mail: &Traits, known: &Known) -> bool {
    !mail.domain.is_empty() && known.domains.contains(&mail.domain)
}

impl Traits {
    fn shares_thread(&self, known: &Known) -> bool {
        self.thread.iter().any(|id| known.thread.contains(id))
    }

    fn is_about_company_of(&self, known: &Known, same_domain: bool) -> bool {
        if known.companies.is_empty() {
            // Neither says a name: the company's own domain or the thread says it.
            return same_domain || self.shares_thread(known);
        }
        if self.company.is_empty() {
            // An agent's thread may hold several companies, but a mail without a name answers one.
            return same_domain || self.shares_thread(known);
        }
        if known.companies.contains(&self.company) {
            return true;
        }
        // An English name beside a Japanese one: the domain tells that they are one.
        let scripts_differ =
            known.companies.iter().all(|company| is_latin(company) != is_latin(&self.company));
        let latin = if is_latin(&self.company) {
            Some(&self.company)
        } else {
            known.companies.iter().find(|company| is_latin(company))
        };
        let is_alias = scripts_differ
            && known
                .domains
                .iter()
                .chain([&self.domain])
                .any(|domain| latin.is_some_and(|latin| is_of_domain(latin, domain)));
        is_alias && (same_domain || self.domain.is_empty() || known.domains.is_empty())
            // A company that writes its name in two ways in one thread.
            || (!self.is_between && same_domain && self.shares_thread(known))
    }

    fn may_be_position_of(&self, known: &Known) -> bool {
        self.position.is_empty()
            || known.positions.is_empty()
            || known.positions.iter().any(|position| positions_agree(position, &self.position))
    }
}

/// Whether a mail after the end of `known` is the first of another application.
fn begins_anew(known: &Known, outcome: Outcome, at: Timestamp) -> bool {
    let since = at.duration_since(known.last_at);
    known.has_ended
        && match outcome {
            // After an offer there are papers to be sent for months.
            Outcome::InProcess | Outcome::Unsure => known.was_declined && since > SILENT_AFTER_END,
            _ => since > LAST_WORD,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * DAY).unwrap()
    }

    fn mail(company: &str, position: &str) -> Traits {
        Traits {
            company: company_key(company),
            position: position_key(position),
            ..Traits::default()
        }
    }

    fn from(domain: &str, traits: Traits) -> Traits {
        Traits { domain: domain.to_owned(), ..traits }
    }

    fn known(id: i64, traits: &[Traits]) -> Known {
        let all = |take: fn(&Traits) -> &String| {
            traits.iter().map(take).filter(|text| !text.is_empty()).cloned().collect()
        };
        Known {
            id,
            companies: all(|traits| &traits.company),
            positions: all(|traits| &traits.position),
            domains: all(|traits| &traits.domain),
            thread: vec![format!("first-{id}@example.jp")],
            last_at: day(id),
            has_ended: false,
            was_declined: false,
        }
    }

    fn placed(traits: &Traits, known: &[Known]) -> Option<i64> {
        place(traits, Outcome::Advanced, day(20), known)
    }

    #[test]
    fn names_of_one_company_lead_to_one_application() {
        let open = [
            known(1, &[mail("株式会社青葉製作所", "営業職")]),
            known(2, &[mail("株式会社みどり", "")]),
        ];
        assert_eq!(placed(&mail("㈱青葉製作所", ""), &open), Some(1));
        assert_eq!(placed(&mail("（株）青葉製作所", "営業"), &open), Some(1));
        assert_eq!(placed(&mail("株式会社あかね", ""), &open), None);
    }

    #[test]
    fn two_roles_at_one_company_stay_apart() {
        let roles = [
            known(1, &[mail("株式会社青葉", "営業職")]),
            known(2, &[mail("株式会社青葉", "エンジニア")]),
        ];
        assert_eq!(placed(&mail("青葉", "エンジニア"), &roles), Some(2));
        assert_eq!(placed(&mail("青葉", "企画"), &roles), None);
        assert_eq!(placed(&mail("青葉", ""), &roles), None, "it does not say which");
        let answers =
            Traits { thread: vec!["first-1@example.jp".to_owned()], ..mail("青葉", "") };
        assert_eq!(placed(&answers, &roles), Some(1), "its thread says which");
        let one_left =
            [Known { has_ended: true, was_declined: true, ..roles[0].clone() }, roles[1].clone()];
        assert_eq!(placed(&mail("青葉", ""), &one_left), Some(2));
    }

    #[test]
    fn an_english_name_from_the_companys_own_domain_is_the_same_company() {
        let open = [known(1, &[from("aoba.example", mail("株式会社青葉", ""))])];
        assert_eq!(placed(&from("aoba.example", mail("Aoba Inc.", "")), &open), Some(1));
        assert_eq!(placed(&from("aoba.example", mail("Globex Inc.", "")), &open), None);
        assert_eq!(placed(&from("globex.example", mail("Globex Inc.", "")), &open), None);
        assert_eq!(placed(&from("aoba.example", mail("", "")), &open), Some(1));
    }

    #[test]
    fn an_agent_in_between_changes_nothing_and_its_thread_is_not_one_application() {
        let direct = [known(1, &[from("aoba.example", mail("株式会社青葉", "営業"))])];
        let agent = Traits { is_between: true, ..mail("青葉", "営業") };
        assert_eq!(placed(&agent, &direct), Some(1));
        let other = Traits {
            thread: vec!["first-1@example.jp".to_owned()],
            is_between: true,
            ..mail("株式会社みどり", "")
        };
        assert_eq!(placed(&other, &direct), None, "the agent goes on about another company");
    }

    #[test]
    fn after_the_end_a_receipt_begins_anew_and_a_second_word_does_not() {
        let ended =
            [Known { has_ended: true, was_declined: true, ..known(1, &[mail("青葉", "")]) }];
        let told = |outcome, at| place(&mail("青葉", ""), outcome, day(at), &ended);
        assert_eq!(told(Outcome::InProcess, 3), Some(1), "a survey");
        assert_eq!(told(Outcome::InProcess, 30), None, "applied again");
        assert_eq!(told(Outcome::Offer, 60), Some(1), "drawn from the reserve list");
        assert_eq!(told(Outcome::Declined, 300), None);
    }

    #[test]
    fn senders_that_many_companies_share_are_no_domain_of_a_company() {
        assert!(is_shared("hrmos.co") && is_shared("mail.hrmos.co") && !is_shared("xhrmos.co"));
        assert!(SHARED_DOMAINS.iter().all(|domain| domain.contains('.') && !domain.contains(' ')));
    }
}
