//! One mail about several applications: an agent's weekly summary, two positions at one company.
//!
//! Every name that may be an employer's (where that tells nothing apart: a position) stands for one application. What
//! the words between such a name and the next one do is what became of it, be they rows of a table, items under
//! headings or running text.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::employer::{self, Named};
use super::judge::{self, Reading};
use super::model::{Act, Acts, Model};
use super::text::{Place, Sentence, Text};
use super::{ApplicationResult, Outcome};
use crate::lang::Lang;

/// Most applications of one mail that are told of.
const MOST_APPLICATIONS: usize = 40;

/// Most bytes of a line that greets.
const LONGEST_GREETING: usize = 40;

/// Most names of a mail that are looked at.
const MOST_NAMES: usize = 200;

/// Words state what they do with at least this probability …
const LEAST: f32 = 0.15;

/// … and refuse with this one: a refusal that is none hurts most.
const LEAST_REFUSAL: f32 = 0.3;

/// A name stands for an application if it is further ahead of "none of them" than this, as the logarithm of the odds.
const ENOUGH_AHEAD: f32 = 0.0;

/// A name with which a line begins is further ahead by this: so do rows and headings. No more than names that are worth
/// looking at can be behind.
const BEGINS_LINE: f32 = ENOUGH_AHEAD - employer::LEAST_AHEAD;

/// One of several applications.
#[derive(Debug, Clone)]
pub(crate) struct Application {
    pub(crate) result: ApplicationResult,
    /// How surely the mail says so.
    sure: f32,
}

/// What a mail about several applications says.
#[derive(Debug, Default)]
pub(crate) struct Several {
    /// What it says of each, in the order in which they are named.
    pub(crate) applications: Vec<Application>,
    /// Where they differ: of a sentence about more than one what any of its clauses does, with the sentence's number.
    pub(crate) clauses: Vec<(usize, Acts)>,
}

/// What the mail says of each application whose employer or position is among these, the likeliest first.
pub(crate) fn read(
    reading: &Reading,
    employers: &[Named],
    positions: &[Named],
    lang: Lang,
    model: &Model,
) -> Several {
    let (employers, positions) = heads(reading, employers, positions, lang);
    if employers.len() < 2 && positions.len() < 2 {
        return Several::default();
    }
    let name = |heads: &[Head], at: Option<usize>| {
        at.and_then(|at| heads.get(at)).map(|head| head.name.clone())
    };
    // `named` tells employer and position from the number of a head and that of another one beside it.
    let read = |heads: &[Head], others: &[Head], named: &dyn Fn(usize, Option<usize>) -> _| {
        let (parts, clauses) = parts(reading, heads, lang, model);
        let mut told: Vec<(usize, Told)> =
            told(&parts, heads, others).into_iter().enumerate().collect();
        told.sort_by_key(|&(_, told)| told.at);
        let application = |(head, told): (usize, Told)| {
            let Said { outcome, sure } = told.said?;
            let (company, position) = named(head, told.other);
            Some(Application { result: ApplicationResult { company, position, outcome }, sure })
        };
        Several { applications: told.into_iter().filter_map(application).collect(), clauses }
    };
    let by_employers = read(&employers, &positions, &|head, other| {
        (name(&employers, Some(head)), name(&positions, other))
    });
    if by_employers.differs() {
        return by_employers;
    }
    // Several positions at one employer.
    let by_positions = read(&positions, &employers, &|head, other| {
        (name(&employers, other.or(Some(0))), name(&positions, Some(head)))
    });
    if by_positions.differs() {
        return by_positions;
    }
    let has_more = by_positions.applications.len() > by_employers.applications.len();
    let told = if has_more { by_positions } else { by_employers };
    // What is said of all alike is better read whole.
    Several { clauses: Vec::new(), ..told }
}

impl Several {
    /// One application has a result, and not all have the same.
    fn differs(&self) -> bool {
        how_differing(&self.applications, |_| true) > 0.0
    }
}

/// How surely one has a result and another one has not the same, of those that count: as surely as the less sure one of
/// the surest two is told.
pub(crate) fn how_differing(applications: &[Application], counts: impl Fn(Outcome) -> bool) -> f32 {
    let surest = applications
        .iter()
        .filter(|one| one.result.outcome.is_result())
        .max_by(|one, other| one.sure.total_cmp(&other.sure));
    let Some(surest) = surest else { return 0.0 };
    let others = applications.iter().filter(|one| counts(one.result.outcome));
    let differing = others.filter(|one| one.result.outcome != surest.result.outcome);
    differing.map(|one| one.sure).fold(0.0, f32::max).min(surest.sure)
}

/// A name that may stand for an application.
#[derive(Debug)]
struct Head {
    name: String,
    /// As it stands in folded text, without its legal form.
    folded: String,
    /// How often it stands in the mail's words, be it as a part of another one.
    times: usize,
}

/// The names that may stand for an application, the likeliest first.
fn heads(
    reading: &Reading,
    employers: &[Named],
    positions: &[Named],
    lang: Lang,
) -> (Vec<Head>, Vec<Head>) {
    let begins = begins(reading);
    // What may be both is the likelier of them.
    let distinct = |named: &[Named], others: &[Named]| {
        let as_other: HashMap<&str, f32> =
            others.iter().map(|one| (one.key.as_str(), one.ahead)).collect();
        let is_likelier =
            |one: &&Named| as_other.get(one.key.as_str()).is_none_or(|&ahead| ahead <= one.ahead);
        distinct(named.iter().filter(is_likelier), reading, &begins, lang)
    };
    (distinct(employers, positions), distinct(positions, employers))
}

/// The mail's own words, and those passed on, with their numbers among all sentences.
fn sentences(reading: &Reading) -> impl Iterator<Item = (usize, &Sentence, &Acts)> {
    let all = reading.text.sentences.iter().zip(&reading.acts).enumerate();
    all.filter(|(_, (sentence, _))| matches!(sentence.place, Place::New | Place::Passed))
        .map(|(index, (sentence, acts))| (index, sentence, acts))
}

/// The words with which lines begin, behind their marks and numbers, in ascending order.
fn begins(reading: &Reading) -> Vec<&str> {
    let text = &reading.text;
    let begins_line = |sentence: &Sentence| {
        let before = text.folded.get(..sentence.start).unwrap_or("");
        before.is_empty() || before.ends_with('\n')
    };
    let mark = |c: char| !c.is_alphanumeric() || c.is_ascii_digit();
    let mut begins: Vec<&str> = sentences(reading)
        .filter(|(_, sentence, _)| begins_line(sentence))
        .map(|(_, sentence, _)| text.words(sentence).trim_start_matches(mark))
        .collect();
    begins.sort_unstable();
    begins
}

/// The names that are far enough ahead, the likeliest first. Of two of which one is a part of the other the likelier,
/// unless the shorter one stands by itself, too.
fn distinct<'n>(
    named: impl Iterator<Item = &'n Named>,
    reading: &Reading,
    begins: &[&str],
    lang: Lang,
) -> Vec<Head> {
    let begins_line = |name: &str| {
        // All that begin with a name follow it directly in the order.
        let at = begins.partition_point(|line| *line < name);
        begins.get(at).is_some_and(|line| line.starts_with(name))
    };
    let greeting = greeting(reading);
    let mut named: Vec<(f32, &str, String)> = named
        .map(|Named { name, ahead, .. }| {
            let folded = Text::fold(employer::without_form(name), lang);
            let begins_line = begins_line(&folded) || begins_line(&Text::fold(name, lang));
            (ahead + if begins_line { BEGINS_LINE } else { 0.0 }, name.as_str(), folded)
        })
        .filter(|(ahead, _, folded)| *ahead > ENOUGH_AHEAD && !folded.is_empty())
        .filter(|(.., folded)| !greeting.contains(folded.as_str()))
        .collect();
    named.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut heads: Vec<Head> = Vec::new();
    for (_, name, folded) in named.into_iter().take(MOST_NAMES) {
        let of_name = |words: &str| words.matches(folded.as_str()).count();
        let times = sentences(reading).map(|(_, one, _)| of_name(reading.text.words(one))).sum();
        let is_apart = |known: &Head| {
            let (ours, theirs) = ((&folded, times), (&known.folded, known.times));
            let (shorter, longer) =
                if folded.len() < known.folded.len() { (ours, theirs) } else { (theirs, ours) };
            !longer.0.contains(shorter.0.as_str()) || shorter.1 > longer.1
        };
        if heads.len() < MOST_APPLICATIONS && heads.iter().all(is_apart) {
            heads.push(Head { name: name.to_owned(), folded, times });
        }
    }
    heads
}

/// Who is greeted, if the mail begins with that: no employer.
fn greeting(reading: &Reading) -> &str {
    const ENDS: [&str; 6] = ["様", "さん", "さま", "殿", "くん", ","];
    let first = sentences(reading).next().map_or("", |(_, first, _)| reading.text.words(first));
    let begins = ["dear ", "hi ", "hello "].iter().any(|hail| first.starts_with(hail));
    let ends = ENDS.iter().any(|end| first.trim_end().ends_with(end));
    if first.len() <= LONGEST_GREETING && (begins || ends) { first } else { "" }
}

/// Words of the mail with at most one name.
#[derive(Debug)]
struct Part<'t> {
    words: &'t str,
    /// Which of the names stands in them, if any.
    head: Option<usize>,
    /// What they say of it.
    said: Option<Said>,
}

impl Part<'_> {
    /// "Not progressing:", whatever follows.
    fn is_title(&self) -> bool {
        self.head.is_none() && self.words.trim_end().ends_with(':')
    }

    /// No sentence, so that it may be a title of what follows.
    fn is_short(&self) -> bool {
        let words = self.words.trim_end();
        self.head.is_none() && !words.ends_with(['.', '。', '!', '?', ','])
    }

    /// It sets what it says against what was said before it.
    fn is_contrast(&self) -> bool {
        let words = self.words.trim_start();
        ["but ", "while ", "; ", "一方"].iter().any(|joint| words.starts_with(joint))
    }

    /// "You are through at Harrow": what comes before the name is what is said of it.
    fn ends_with_name(&self, heads: &[Head]) -> bool {
        let name = self.head.and_then(|head| heads.get(head)).map_or("", |head| &head.folded);
        let words = self.words.trim_end_matches(|c: char| !c.is_alphanumeric());
        let words = BESIDE_NAMES.iter().fold(words, |words, title| words.trim_end_matches(title));
        words.ends_with(name)
    }

    /// There is nothing but the name, what joins it to others, and something in brackets.
    fn is_bare(&self, heads: &[Head]) -> bool {
        let Some(head) = self.head.and_then(|head| heads.get(head)) else { return false };
        let mut rest = self.words.replacen(&head.folded, " ", 1);
        if let (Some(open), Some(close)) = (rest.find('('), rest.rfind(')'))
            && open < close
        {
            rest.replace_range(open..close, " ");
        }
        let mut words = rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.all(|word| {
            JOINING.contains(&word) || {
                let rest = BESIDE_NAMES.iter().fold(word, |rest, title| {
                    rest.trim_end_matches(title).trim_start_matches(title)
                });
                JOINING.contains(&rest) || rest.is_empty()
            }
        })
    }
}

/// Beside a name without a space: how it is addressed, and the form of a company.
const BESIDE_NAMES: [&str; 3] = ["様", "さん", "株式会社"];

/// Between the names of a list.
const JOINING: [&str; 10] = ["and", "or", "both", "the", "at", "と", "や", "も", "および", "及び"];

/// A result, or that an application is going on, and how surely that is said.
#[derive(Debug, Clone, Copy)]
struct Said {
    outcome: Outcome,
    sure: f32,
}

impl Said {
    /// What these words state most surely.
    fn by(acts: &Acts) -> Option<Self> {
        let said = |outcome: Outcome| {
            let sure = *acts.get(Act::stating(outcome)? as usize)?;
            let least = if outcome == Outcome::Declined { LEAST_REFUSAL } else { LEAST };
            (sure >= least).then_some(Self { outcome, sure })
        };
        Outcome::ALL
            .into_iter()
            .filter_map(said)
            .max_by(|one, other| one.sure.total_cmp(&other.sure))
    }

    fn is_better(self, other: Self) -> bool {
        (self.outcome.is_result(), self.sure) > (other.outcome.is_result(), other.sure)
    }
}

/// The sentences of the mail's own and passed-on words, cut between names; and see [`Several::clauses`].
fn parts<'t>(
    reading: &'t Reading,
    heads: &[Head],
    lang: Lang,
    model: &Model,
) -> (Vec<Part<'t>>, Vec<(usize, Acts)>) {
    let mut parts = Vec::new();
    let mut clauses = Vec::new();
    for (index, sentence, acts) in sentences(reading) {
        let words = reading.text.words(sentence);
        let named = mentions(words, heads);
        let head = named.first().map(|mention| mention.head);
        if named.iter().all(|mention| Some(mention.head) == head) {
            parts.push(Part { words, head, said: Said::by(acts) });
            continue;
        }
        let mut its: Vec<Part<'_>> = Vec::with_capacity(named.len());
        let mut surest = Acts::default();
        let mut start = 0;
        for (at, mention) in named.iter().enumerate() {
            let end =
                named.get(at + 1).map_or(words.len(), |next| cut(words, mention.end, next.start));
            let words = words.get(start..end).unwrap_or("");
            let acts = match lang {
                Lang::Ja => acts_of(words, lang, model),
                // With the capitals by which names are known.
                Lang::En => {
                    let seen = reading.text.seen(sentence.start + start, sentence.start + end);
                    acts_of(&seen.replace('\n', " "), lang, model)
                }
            };
            raise(&mut surest, &acts);
            its.push(Part { words, head: Some(mention.head), said: Said::by(&acts) });
            start = end;
        }
        share(&mut its, heads);
        parts.append(&mut its);
        clauses.push((index, surest));
    }
    (parts, clauses)
}

/// Where between two names what is said of the one ends.
fn cut(words: &str, from: usize, to: usize) -> usize {
    const JOINTS: [&str; 8] = ["、", ", ", "; ", " and ", " but ", " while ", " - ", ") "];
    let between = words.get(from..to).unwrap_or("");
    JOINTS.iter().filter_map(|joint| between.rfind(joint)).max().map_or(to, |at| from + at)
}

/// "A and B are not going on", "Not going on: A and B": what is said of one name is said of those that stand bare
/// beside it.
fn share(parts: &mut [Part<'_>], heads: &[Head]) {
    for at in 1..parts.len() {
        let [before, part] = parts.get_mut(at - 1..=at).unwrap_or_default() else { continue };
        if part.said.is_none()
            && part.is_bare(heads)
            && !part.is_contrast()
            && before.ends_with_name(heads)
        {
            part.said = before.said;
        }
    }
    for at in (1..parts.len()).rev() {
        let [part, behind] = parts.get_mut(at - 1..=at).unwrap_or_default() else { continue };
        if part.said.is_none() && part.is_bare(heads) && !behind.is_contrast() {
            part.said = behind.said;
        }
    }
}

/// A name in some words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mention {
    start: usize,
    end: usize,
    head: usize,
}

/// The names in these words, in their order; of two that overlap the first, else the longer one. Where the same stands
/// twice with no other between, it counts once.
fn mentions(words: &str, heads: &[Head]) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for (head, Head { folded, .. }) in heads.iter().enumerate() {
        let places = words.match_indices(folded.as_str());
        let places = places.map(|(start, _)| Mention { start, end: start + folded.len(), head });
        found.extend(places.filter(|mention| is_whole(words, mention)));
    }
    found.sort_unstable_by_key(|mention| (mention.start, Reverse(mention.end)));
    let mut end = 0;
    found.retain(|mention| {
        let is_behind = mention.start >= end;
        if is_behind {
            end = mention.end;
        }
        is_behind
    });
    found.dedup_by_key(|mention| mention.head);
    found
}

/// No Latin word goes on before or behind it, and no figure stands before it: "5営業日" names no 営業.
fn is_whole(words: &str, mention: &Mention) -> bool {
    let Mention { start, end, .. } = *mention;
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let goes_on = words.split_at_checked(end).is_some_and(|(before, after)| {
        latin(before.chars().next_back()) && latin(after.chars().next())
    });
    let went_on = words.split_at_checked(start).is_some_and(|(before, after)| {
        let last = before.chars().next_back();
        latin(last) && latin(after.chars().next()) || last.is_some_and(|c| c.is_ascii_digit())
    });
    !goes_on && !went_on
}

/// What these words do by themselves.
fn acts_of(words: &str, lang: Lang, model: &Model) -> Acts {
    let mut surest = Acts::default();
    for acts in judge::acts_of(&Text::of(words, lang), lang, model) {
        raise(&mut surest, &acts);
    }
    surest
}

/// The surer of both, act by act.
fn raise(surest: &mut Acts, acts: &Acts) {
    for (surest, act) in surest.iter_mut().zip(acts) {
        *surest = surest.max(*act);
    }
}

/// What is told of one application.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// The first part that names it.
    at: Option<usize>,
    said: Option<Said>,
    /// The part that says it.
    said_at: usize,
    /// It is said by a title above several names only.
    by_title: bool,
    /// Which name of the other kind stands beside it.
    other: Option<usize>,
}

/// What the parts tell of each of these names.
fn told(parts: &[Part<'_>], heads: &[Head], others: &[Head]) -> Vec<Told> {
    let mut all = vec![Told::default(); heads.len()];
    let mut open: Option<usize> = None;
    let mut title: Option<Said> = None;
    for (index, part) in parts.iter().enumerate() {
        if part.is_title() {
            (title, open) = (part.said, None);
            continue;
        }
        let is_named = part.head.is_some();
        let names_follow = parts.get(index + 1).is_some_and(|next| next.head.is_some());
        let stands_above = part.is_short() && names_follow;
        open = part.head.or(open);
        let Some(told) = open.and_then(|open| all.get_mut(open)) else {
            if stands_above {
                title = part.said.or(title);
            }
            continue;
        };
        if told.other.is_none() && (is_named || told.said.is_none() || told.by_title) {
            told.other = mentions(part.words, others).first().map(|mention| mention.head);
        }
        told.at = told.at.or(Some(index));
        let replaces = match (part.said, told.said) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(said), Some(known)) if is_named => told.by_title || said.is_better(known),
            // "The interview was on Tuesday. Unfortunately …"
            (Some(said), Some(known)) => {
                let goes_on = known.outcome == Outcome::InProcess && told.said_at + 1 == index;
                !stands_above && (told.by_title || (goes_on && said.outcome.is_result()))
            }
        };
        if replaces {
            (told.said, told.said_at, told.by_title) = (part.said, index, false);
        } else if is_named && told.said.is_none() {
            (told.said, told.said_at, told.by_title) = (title, index, title.is_some());
        } else if stands_above {
            title = part.said.or(title);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{Rules, classify};
    use crate::mail::Mail;

    /// A mail by an agent.
    fn mail(text: &str) -> String {
        let subject =
            if text.is_ascii() { "Your applications" } else { "選考状況のご連絡" };
        format!(
            "From: \"Bridge Career\" <mori@bridge-career.example>\r\nTo: jo@mail.example\r\nSubject: {subject}\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        )
    }

    /// What it tells of each application.
    fn told_by(text: &str) -> Vec<(String, Outcome)> {
        let mail = Mail::read(mail(text).as_bytes()).unwrap();
        let verdict = classify(&mail, &[], &Rules::built_in().unwrap());
        let name = |one: ApplicationResult| one.company.or(one.position).unwrap_or_default();
        verdict.results.into_iter().map(|one| (name(one.clone()), one.outcome)).collect()
    }

    fn pairs(expected: &[(&str, Outcome)]) -> Vec<(String, Outcome)> {
        expected.iter().map(|&(name, outcome)| (name.to_owned(), outcome)).collect()
    }

    #[test]
    fn rows_of_a_list() {
        let text = "野々村様\n\n今週の選考状況をお送りします。\n\n■株式会社ミナト計装(生産技術):書類選考通過\n\
                    ■東條バルブ工業株式会社(設備保全):書類選考お見送り\n\
                    ■株式会社オルカ制御(FAエンジニア):書類選考中\n\n引き続きよろしくお願いいたします。";
        let expected = [
            ("株式会社ミナト計装", Outcome::Advanced),
            ("東條バルブ工業株式会社", Outcome::Declined),
            ("株式会社オルカ制御", Outcome::InProcess),
        ];
        assert_eq!(told_by(text), pairs(&expected));
    }

    #[test]
    fn one_sentence_with_several_results() {
        let text = "福留様\n\nお世話になっております。ツバメ工業様は一次面接を通過、株式会社ミライ物産様は誠に残念ながら今回は\
                    お見送りとなりました。\n\nよろしくお願いいたします。";
        let expected =
            [("ツバメ工業", Outcome::Advanced), ("株式会社ミライ物産", Outcome::Declined)];
        assert_eq!(told_by(text), pairs(&expected));
    }

    #[test]
    fn paragraphs_under_names() {
        let text = "Hi Jo,\n\nHere is where your applications stand.\n\nHarrow Foods (Buyer)\n\
                    Unfortunately they have decided not to take your application further.\n\n\
                    Pike Logistics (Planner)\nGood news: you are through to the second interview.\n\nBest wishes\nMori";
        let expected = [("Harrow Foods", Outcome::Declined), ("Pike Logistics", Outcome::Advanced)];
        assert_eq!(told_by(text), pairs(&expected));
    }

    #[test]
    fn who_is_greeted_is_no_employer() {
        let text = "福永様\n\nお世話になっております。\n取り急ぎ現状をお伝えいたします。ツバメ工業様は一次面接を通過、株式会社\
                    ミライ物産様は残念ながらお見送りとなりました。福永様、引き続きよろしくお願いいたします。";
        let names: Vec<String> = told_by(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ツバメ工業", "株式会社ミライ物産"]);
        let rules = Rules::built_in().unwrap();
        let mail = Mail::read(mail(text).as_bytes()).unwrap();
        let reading = judge::read(&mail, rules.model(mail.lang));
        let likely = |name: &str| Named { name: name.to_owned(), key: name.to_owned(), ahead: 3.0 };
        let (heads, _) = heads(&reading, &[likely("福永"), likely("ツバメ工業")], &[], mail.lang);
        assert_eq!(heads.iter().map(|head| head.name.as_str()).collect::<Vec<_>>(), ["ツバメ工業"]);
    }

    #[test]
    fn one_result_is_not_several() {
        let rules = Rules::built_in().unwrap();
        let text = "Dear Jo,\n\nUnfortunately Harrow Foods have decided not to take your application for the role of \
                    Buyer further.\n\nKind regards\nMori";
        let mail = Mail::read(mail(text).as_bytes()).unwrap();
        let reading = judge::read(&mail, rules.model(mail.lang));
        assert!(reading.employers.is_some());
        assert!(how_differing(&reading.applications, |_| true) <= 0.0);
    }

    fn head(folded: &str) -> Head {
        Head { name: folded.to_owned(), folded: folded.to_owned(), times: 1 }
    }

    fn part(words: &str, head: usize, outcome: Option<Outcome>) -> Part<'_> {
        let said = outcome.map(|outcome| Said { outcome, sure: 0.9 });
        Part { words, head: Some(head), said }
    }

    fn shared(parts: &mut [Part<'_>], names: &[&str]) -> Vec<Option<Outcome>> {
        share(parts, &names.iter().map(|name| head(name)).collect::<Vec<_>>());
        parts.iter().map(|part| part.said.map(|said| said.outcome)).collect()
    }

    #[test]
    fn what_is_said_of_one_name_is_said_of_those_beside_it() {
        let (no, yes) = (Some(Outcome::Declined), Some(Outcome::Advanced));
        let mut parts = [part("harrow", 0, None), part(" and pike are not going on", 1, no)];
        assert_eq!(shared(&mut parts, &["harrow", "pike"]), [no, no]);
        let mut parts = [
            part("you are through at harrow", 0, yes),
            part(" and pike, ", 1, None),
            part("but lark declined", 2, no),
        ];
        assert_eq!(shared(&mut parts, &["harrow", "pike", "lark"]), [yes, yes, no]);
        let mut parts = [
            part("蒼井様は通過", 0, yes),
            part("、美空様", 1, None),
            part("、若葉様は見送り", 2, no),
        ];
        assert_eq!(shared(&mut parts, &["蒼井", "美空", "若葉"]), [yes, no, no]);
    }

    #[test]
    fn a_withdrawal_takes_nothing_from_its_neighbour() {
        let (no, none) = (Some(Outcome::Declined), None);
        let mut parts =
            [part("harrow foods withdrawn", 0, none), part(", pike not progressing", 1, no)];
        assert_eq!(shared(&mut parts, &["harrow foods", "pike"]), [none, no]);
        let mut parts = [part("蒼井様は辞退", 0, none), part("、美空様は見送り", 1, no)];
        assert_eq!(shared(&mut parts, &["蒼井", "美空"]), [none, no]);
    }

    #[test]
    fn a_name_is_found_as_a_whole_word_wherever_it_stands() {
        let found = |words, names: &[&str]| -> Vec<(usize, usize)> {
            let heads: Vec<Head> = names.iter().map(|name| head(name)).collect();
            mentions(words, &heads).iter().map(|one| (one.start, one.head)).collect()
        };
        assert_eq!(
            found("ann, annual; pike and ann", &["ann", "pike"]),
            [(0, 0), (13, 1), (22, 0)]
        );
        assert_eq!(found("ミナト計装様とミナト様", &["ミナト", "ミナト計装"]), [(0, 1), (21, 0)]);
        assert_eq!(found("5営業日以内に", &["営業"]), []);
    }

    /// What the lines say, each with a name or none, in the order of the names.
    fn of_lines(
        lines: &[(&str, Option<usize>, Option<Outcome>)],
        names: usize,
    ) -> Vec<Option<Outcome>> {
        let said = |outcome: Outcome| Said { outcome, sure: 0.9 };
        let parts: Vec<Part<'_>> = lines
            .iter()
            .map(|&(words, head, outcome)| Part { words, head, said: outcome.map(said) })
            .collect();
        let heads: Vec<Head> = (0..names).map(|_| head("name")).collect();
        told(&parts, &heads, &[]).iter().map(|told| told.said.map(|said| said.outcome)).collect()
    }

    #[test]
    fn a_title_is_said_of_the_names_below_it_only() {
        let (no, yes) = (Some(Outcome::Declined), Some(Outcome::Advanced));
        let lines = [
            ("cvs sent this week:", None, None),
            ("- harrow", Some(0), None),
            ("not progressing:", None, no),
            ("- pike", Some(1), None),
            ("interviews:", None, yes),
            ("- lark", Some(2), None),
            ("other:", None, None),
            ("- dunmore", Some(3), None),
        ];
        assert_eq!(of_lines(&lines, 4), [None, no, yes, None]);
    }

    #[test]
    fn a_result_behind_what_goes_on_replaces_it() {
        let (no, going) = (Some(Outcome::Declined), Some(Outcome::InProcess));
        let lines = [
            ("pike (planner)", Some(0), None),
            ("your interview there was on tuesday.", None, going),
            ("unfortunately they have chosen somebody else.", None, no),
            ("lark: cv sent.", Some(1), going),
            ("call me.", None, None),
            ("the council job that you applied for has gone to somebody else.", None, no),
        ];
        assert_eq!(of_lines(&lines, 2), [no, going]);
    }
}
