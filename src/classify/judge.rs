//! From sentences to an outcome: what each sentence does, what the mail is about, and when to abstain.

use super::employer::{self, Named, Position};
use super::grams::{self, Salt};
use super::model::{Act, Acts, Model, Points, Row, softmax};
use super::question::{Question, Tally};
use super::rules::Rules;
use super::several::{self, Application};
use super::text::{Place, Text};
use super::{Channel, Outcome, attributes, corrections};
use crate::lang::Lang;
use crate::mail::{Block, Mail, Role};

/// New text shorter than this, in bytes, may be a stub beside the real text in the other alternative.
const STUB_BYTES: usize = 200;

/// A sentence is evidence of what it does from this probability on.
const EVIDENT: f32 = 0.35;

/// A sentence refuses plainly from this probability on.
const PLAINLY: f32 = 0.6;

/// A sentence is plain from this probability on.
const SURROUNDS: f32 = 0.6;

/// A mail with fewer features than this that were ever seen says too little to be about anything.
const fn least_known(lang: Lang) -> usize {
    match lang {
        Lang::Ja => 40,
        // The parts of a word come beside the word.
        Lang::En => 64,
    }
}

/// A result needs a sentence that states it with at least this probability.
const LEAST_EVIDENCE: f32 = 0.15;

/// Another alternative contradicts from this probability on.
const CONTRADICTS: f32 = 0.6;

/// The acts that the judge weighs: all but [`Act::Plain`].
const WEIGHED: usize = Act::COUNT - 1;

/// The acts that state a result.
const RESULTS: usize = 5;

/// What was read in a mail.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) text: Text,
    /// What each sentence does.
    pub(crate) acts: Vec<Acts>,
    /// What each sentence says to each question, and how many features say it.
    pub(crate) said: Vec<(Row, usize)>,
    /// The same of what stands beside the sentences.
    pub(crate) beside: (Row, usize),
    /// Names that may be employers', the likeliest first, if these speak, of a mail that states a result.
    pub(crate) employers: Option<(Channel, Vec<Named>)>,
    /// What is said of the single applications that were looked for, of a mail that states a result.
    pub(crate) applications: Vec<Application>,
    /// The position, unless the mail is unrelated whatever that may be.
    pub(crate) position: Option<Position>,
    /// What the judge weighs, in the order of [`names`].
    pub(crate) numbers: Vec<f32>,
    /// See [`is_plain`].
    pub(crate) plain: bool,
    /// There are hardly any words that were ever seen.
    pub(crate) says_nothing: bool,
}

impl Reading {
    /// The sentence states this outcome.
    pub(crate) fn states(&self, sentence: usize, outcome: Outcome) -> bool {
        Act::stating(outcome).is_some_and(|act| self.probability(sentence, act) >= EVIDENT)
    }

    /// What became of the single applications, if the mail tells of more than one.
    pub(crate) fn several(&self) -> &[Application] {
        if self.applications.len() > 1 { &self.applications } else { &[] }
    }

    /// How probably a sentence does this.
    pub(crate) fn probability(&self, sentence: usize, act: Act) -> f32 {
        self.acts.get(sentence).and_then(|acts| acts.get(act as usize)).copied().unwrap_or(0.0)
    }
}

/// The features of a mail as hashes, each once: of each sentence, and of all that is beside them.
#[derive(Debug, Default)]
pub(crate) struct Features {
    pub(crate) sentences: Vec<Vec<u32>>,
    pub(crate) beside: Vec<u32>,
}

/// Reads the text and the headers of a mail.
pub(crate) fn read(mail: &Mail, model: &Model) -> Reading {
    let text = text_of(mail);
    let mut acts = Vec::with_capacity(text.sentences.len());
    let mut said = Vec::with_capacity(text.sentences.len());
    let mut known = 0;
    let mut tally = Tally::default();
    let mut places = Vec::new();
    grams::each_sentence(&text, mail.lang, |sentence, features| {
        model.find(features, &mut places);
        let row = model.said(&places);
        let told = model.acts(&row, places.len());
        tally.add(&row, places.len(), |question| match question {
            Question::Topic => question.weight(sentence.place, false),
            Question::Own if surrounds(&told) => question.weight(sentence.place, false),
            _ => 0.0,
        });
        acts.push(told);
        if sentence.place != Place::Quoted {
            known += places.len();
        }
        said.push((row, places.len()));
    });
    model.find(&beside(mail, &text), &mut places);
    let beside = (model.said(&places), places.len());
    tally.add(&beside.0, beside.1, |question| match question {
        Question::Topic | Question::Own => question.weight_beside(),
        _ => 0.0,
    });
    let topic = tally.scores(Question::Topic, &model.bias);
    let own = tally.scores(Question::Own, &model.bias);
    let about = About { topic: softmax(topic), own: softmax(own) };
    let says_nothing = known + places.len() < least_known(mail.lang);
    let mut reading = Reading {
        text,
        acts,
        said,
        beside,
        employers: None,
        applications: Vec::new(),
        position: None,
        numbers: Vec::new(),
        plain: false,
        says_nothing,
    };
    let weighed = |reading: &Reading| {
        let (mut weighed, refused) = numbers(mail, &reading.text, &reading.acts, &about);
        weighed.extend(of_applications(&reading.applications));
        (weighed, refused)
    };
    let mut refused;
    (reading.numbers, refused) = weighed(&reading);
    let steps = Position::STEPS.map(|ahead| of_position(refused, ahead));
    // Most mails of an inbox are unrelated whether they name a position or not, and looking for names costs more than all
    // the rest.
    if model.judge.is_likeliest(Outcome::Unrelated, &reading.numbers, &steps) {
        reading.numbers.extend(of_position(refused, -employer::FAR));
        return reading;
    }
    let (positions, position) = employer::positions(mail, model);
    if states_result(&reading) {
        let channel = attributes::of(mail, Outcome::Mixed, &reading, model).channel;
        let employers = employer::employers(mail, channel, model);
        let several = several::read(&reading, &employers, &positions, mail.lang, model);
        for (sentence, acts) in several.clauses {
            if let Some(its) = reading.acts.get_mut(sentence) {
                *its = acts;
            }
        }
        reading.applications = several.applications;
        reading.employers = Some((channel, employers));
        (reading.numbers, refused) = weighed(&reading);
    }
    reading.plain = is_plain(&reading.text, &reading.acts, topic);
    reading.numbers.extend(of_position(refused, position.ahead));
    reading.position = Some(position);
    reading
}

/// A sentence with these acts does nothing by itself, but tells what the others are about.
fn surrounds(acts: &Acts) -> bool {
    acts.last().is_some_and(|&plain| plain >= SURROUNDS)
}

/// The mail refuses plainly, is about an application, has its author's words only, and says nothing that would turn
/// or soften the refusal: no other result, nothing taken back. Of such a mail a refusal is believed sooner.
pub(crate) fn is_plain(text: &Text, acts: &[Acts], topic: Points) -> bool {
    const TURNS: [Act; 5] =
        [Act::Advanced, Act::Offer, Act::OnHold, Act::Undisclosed, Act::Retracted];
    let about_something_else = softmax(topic).last().is_none_or(|&unrelated| unrelated >= 0.6);
    let sure = |acts: &Acts, act: Act| acts.get(act as usize).copied().unwrap_or(0.0);
    let refused = acts.iter().any(|acts| sure(acts, Act::Declined) >= PLAINLY);
    refused
        && !about_something_else
        && text.sentences.iter().zip(acts).all(|(sentence, acts)| {
            !matches!(sentence.place, Place::Passed | Place::Quoted)
                && TURNS.iter().all(|&act| sure(acts, act) < EVIDENT)
        })
}

/// The features of a mail, for the learning.
pub(crate) fn features(mail: &Mail, text: &Text) -> Features {
    let mut sentences = Vec::with_capacity(text.sentences.len());
    grams::each_sentence(text, mail.lang, |_, features| {
        sentences.push(grams::once(features.to_vec()));
    });
    Features { sentences, beside: grams::once(beside(mail, text)) }
}

/// What tells the topic of a mail beside its sentences: the subject as such, the sender, the headers.
fn beside(mail: &Mail, text: &Text) -> Vec<u32> {
    let mut found = Vec::new();
    for sentence in text.sentences.iter().filter(|sentence| sentence.place == Place::Subject) {
        grams::of_subject(text.words(sentence), mail.lang, &mut found);
    }
    if let Some(author) = mail.author() {
        grams::of_sender(author.name.as_deref().unwrap_or(""), &author.addr_spec, &mut found);
    }
    let there = MARK_NAMES.into_iter().zip(marks(mail)).filter(|&(_, there)| there);
    found.extend(there.map(|(name, _)| grams::of_name(name, Salt::Mark)));
    found
}

/// What the headers say, in the order of [`MARK_NAMES`].
fn marks(mail: &Mail) -> [bool; MARK_NAMES.len()] {
    let marks = &mail.marks;
    [
        marks.list_unsubscribe,
        marks.bulk || marks.list,
        marks.auto_submitted,
        attributes::sender_refuses_replies(mail),
        is_answer(mail),
        !mail.attachments.is_empty(),
        !mail.attached.is_empty(),
        hiring_sender(mail),
        passed_for_sender(mail),
        mail.to.is_empty(),
    ]
}

/// The places whose acts the judge weighs one by one, and their names.
const PLACES: [(Place, &str); 4] = [
    (Place::New, "new"),
    (Place::Subject, "subject"),
    (Place::Passed, "passed"),
    (Place::Quoted, "quoted"),
];

/// What a mail with a refusal may be: "we will not take it" is said of applicants and of offers alike, and
/// what the mail is about tells which.
const MAY_BE: [Outcome; 4] =
    [Outcome::Declined, Outcome::InProcess, Outcome::Unsure, Outcome::Unrelated];

/// How far the log-odds of a probability are above those of none at all: 0 to 9.2.
///
/// So what is not there, such as quoted words in a mail without any, weighs nothing.
fn odds(probability: f32) -> f32 {
    ((probability + 0.01) / (1.01 - probability)).ln() + 4.615_12
}

/// What a mail is about, in all its sentences.
struct About {
    /// How probable each outcome is by the mail's words alone.
    topic: Points,
    /// How probable it is that it is about no application of the recipient's, and that it is.
    own: [f32; 2],
}

/// What the judge weighs: for each place the surest sentence of each act; for the new words also the
/// second surest, how much there is of each act, and how late in the mail; what it is about; the headers.
///
/// Without those of [`of_position`]. Returned beside them: how surely the new words refuse anything.
fn numbers(mail: &Mail, text: &Text, acts: &[Acts], about: &About) -> (Vec<f32>, f32) {
    let About { topic, own: [not_own, own] } = *about;
    let mut numbers = Vec::with_capacity(112);
    let mut refused_here = 0.0;
    for (place, _) in PLACES {
        let here: Vec<&Acts> = text
            .sentences
            .iter()
            .zip(acts)
            .filter(|(sentence, _)| sentence.place == place)
            .map(|(_, acts)| acts)
            .collect();
        let mut best = [0.0_f32; WEIGHED];
        let mut second = [0.0_f32; WEIGHED];
        let mut sum = [0.0_f32; WEIGHED];
        let mut late = [0.0_f32; RESULTS];
        let mut at = [0.0_f32; RESULTS];
        let mut refused = 0.0_f32;
        for (index, acts) in here.iter().enumerate() {
            let so_far = share(index + 1, here.len());
            let two = [Act::Declined, Act::Other].map(|act| acts.get(act as usize));
            // Of a sentence in several clauses the acts may sum up to more than one.
            refused = refused.max(two.into_iter().flatten().sum::<f32>().min(1.0));
            for (act, &probability) in acts.iter().take(WEIGHED).enumerate() {
                let (Some(best), Some(second), Some(sum)) =
                    (best.get_mut(act), second.get_mut(act), sum.get_mut(act))
                else {
                    continue;
                };
                *sum += probability;
                if let (Some(late), Some(at)) = (late.get_mut(act), at.get_mut(act)) {
                    *late = late.max(probability * so_far);
                    if probability > *best {
                        *at = so_far;
                    }
                }
                if probability > *best {
                    *second = *best;
                    *best = probability;
                } else {
                    *second = second.max(probability);
                }
            }
        }
        numbers.extend(best.map(odds));
        if place == Place::New {
            numbers.extend(second.map(odds));
            numbers.extend(sum.map(f32::ln_1p));
            numbers.extend(late);
            numbers.extend(at);
            numbers.push(odds(refused));
            let topic_of = |outcome: Outcome| topic.get(outcome as usize).copied().unwrap_or(0.0);
            numbers.extend(MAY_BE.map(|outcome| refused * topic_of(outcome)));
            numbers.extend(best.iter().zip(topic).take(RESULTS).map(|(best, topic)| best * topic));
            numbers.extend(best.iter().take(RESULTS).map(|best| best * own));
            numbers.extend([own, not_own].map(|number| refused * number));
            refused_here = refused;
        }
    }
    numbers.extend(topic.map(odds));
    numbers.extend([odds(own), odds(not_own)]);
    numbers.extend(marks(mail).map(|there| if there { 1.0 } else { 0.0 }));
    (numbers, refused_here)
}

/// What the judge weighs of several applications: how surely they have differing results, or one has and another is
/// going on, and how many are told of.
fn of_applications(applications: &[Application]) -> [f32; OF_APPLICATIONS.len()] {
    let results = several::how_differing(applications, Outcome::is_result);
    let any = several::how_differing(applications, |_| true);
    let there = |differing: f32| if differing > 0.0 { 1.0 } else { 0.0 };
    let count = share(applications.len(), 1).ln_1p();
    [there(results), odds(results), there(any), odds(any), count]
}

/// What the judge weighs of a position: `ahead` is the logarithm of the odds of one being named, as a refused flat or
/// paper has none. None of these numbers falls where it rises.
fn of_position(refused: f32, ahead: f32) -> [f32; OF_POSITION.len()] {
    let named = 1.0 / (1.0 + (-ahead).exp());
    [refused * named, refused * ahead, odds(named), ahead]
}

/// What each of the numbers is called.
#[must_use]
pub(crate) fn names() -> Vec<String> {
    let acts = || Act::ALL.iter().take(WEIGHED).map(|act| act.name());
    let results = || Act::ALL.iter().take(RESULTS).map(|act| act.name());
    let mut names = Vec::new();
    for (place, name) in PLACES {
        names.extend(acts().map(|act| format!("{name}/surest {act}")));
        if place == Place::New {
            names.extend(acts().map(|act| format!("{name}/second {act}")));
            names.extend(acts().map(|act| format!("{name}/amount {act}")));
            names.extend(results().map(|act| format!("{name}/late {act}")));
            names.extend(results().map(|act| format!("{name}/where {act}")));
            names.push(format!("{name}/surest refusal of anything"));
            names.extend(MAY_BE.map(|outcome| format!("{name}/refusal, topic {}", outcome.name())));
            names.extend(results().map(|act| format!("{name}/{act}, topic {act}")));
            names.extend(results().map(|act| format!("{name}/{act}, own")));
            names.extend(OWN.map(|what| format!("{name}/refusal, {what}")));
        }
    }
    names.extend(Outcome::ALL.iter().map(|outcome| format!("topic {}", outcome.name())));
    names.extend(OWN.map(str::to_owned));
    names.extend(MARK_NAMES.iter().map(|name| format!("mark {name}")));
    names.extend(OF_APPLICATIONS.map(str::to_owned));
    names.extend(OF_POSITION.map(str::to_owned));
    names
}

/// What [`About`] says beside the topic.
const OWN: [&str; 2] = ["own", "not own"];

const OF_APPLICATIONS: [&str; 5] = [
    "results differ",
    "how surely results differ",
    "applications differ",
    "how surely applications differ",
    "applications",
];

const OF_POSITION: [&str; 4] =
    ["refusal, with a position", "refusal, position ahead", "with a position", "position ahead"];

const MARK_NAMES: [&str; 10] = [
    "list-unsubscribe",
    "bulk",
    "auto-submitted",
    "noreply",
    "answer",
    "attachment",
    "passed-on",
    "hiring-sender",
    "passed-for-sender",
    "to-nobody",
];

#[expect(clippy::cast_precision_loss, reason = "counts of sentences")]
fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

/// An outcome with its probability.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judgement {
    pub(crate) outcome: Outcome,
    pub(crate) confidence: f32,
}

/// Weighs the numbers and applies the gates.
pub(crate) fn judge(mail: &Mail, own: bool, reading: &Reading, rules: &Rules) -> Judgement {
    if own || reading.says_nothing {
        return Judgement { outcome: Outcome::Unrelated, confidence: 1.0 };
    }
    let model = rules.model(mail.lang);
    let probabilities = model.judge.weigh(&reading.numbers);
    let (outcome, confidence) = Outcome::ALL
        .into_iter()
        .zip(probabilities)
        .fold((Outcome::Unrelated, 0.0), |best, next| if next.1 > best.1 { next } else { best });
    // A result needs words of the mail that say so. Without them the next likeliest is no answer: it is hardly ever right.
    if confidence < least_sure(outcome, reading.plain)
        || !has_words(outcome, reading)
        || contradicted(mail, outcome, rules)
    {
        return Judgement { outcome: Outcome::Unsure, confidence: 1.0 - confidence };
    }
    Judgement { outcome, confidence }
}

/// Least probability with which a mail is called this; `plain` as [`is_plain`] says. A result below it is unsure.
///
/// Set by hand, where of the mails left out of the learning few ordinary ones are called what they are not. The
/// hard ones among them decide less here, because the corpus has many more of those than an inbox has: they turn
/// the usual words of a refusal to other uses, so that the plainest one is less sure than it should be.
pub(crate) const fn least_sure(outcome: Outcome, plain: bool) -> f32 {
    match outcome {
        Outcome::Declined if plain => 0.7,
        Outcome::Declined => 0.8,
        Outcome::Advanced | Outcome::Offer => 0.7,
        _ => 0.0,
    }
}

/// A result that was learned from a correction can be one: the author's own words may say so, and
/// nothing contradicts them.
pub(crate) fn can_be(mail: &Mail, outcome: Outcome, reading: &Reading, rules: &Rules) -> bool {
    corrections::may_say(reading, outcome, LEAST_EVIDENCE) && !contradicted(mail, outcome, rules)
}

/// Some sentence of the mail may state this, if it is something that has to be stated.
pub(crate) fn has_words(outcome: Outcome, reading: &Reading) -> bool {
    let Some(act) = Act::stating(outcome).filter(|_| outcome.is_result()) else { return true };
    reading.text.sentences.iter().enumerate().any(|(index, sentence)| {
        sentence.place != Place::Signature && reading.probability(index, act) >= LEAST_EVIDENCE
    })
}

/// A template whose fields were never filled in, or an alternative that says the opposite.
fn contradicted(mail: &Mail, outcome: Outcome, rules: &Rules) -> bool {
    // A template whose fields were never filled in says everything at once.
    let unfilled = mail.body.iter().any(|block| {
        block.role == Role::New
            && ["{{", "{%", "<%", "[[", "${"].iter().any(|field| block.text.contains(field))
    });
    if unfilled && outcome.is_result() {
        return true;
    }
    let (says, opposite): (&[Act], &[Act]) = match outcome {
        Outcome::Declined => (&[Act::Declined], &[Act::Advanced, Act::Offer]),
        Outcome::Advanced | Outcome::Offer => (&[Act::Advanced, Act::Offer], &[Act::Declined]),
        _ => return false,
    };
    let mut alternative = Text::default();
    alternative.push_blocks(&mail.alternative, mail.lang, |role| {
        (role == Role::New).then_some(Place::New)
    });
    let acts = acts_of(&alternative, mail.lang, rules.model(mail.lang));
    let surest = |wanted: &[Act]| {
        let all = acts
            .iter()
            .flat_map(|acts| wanted.iter().filter_map(|&act| acts.get(act as usize).copied()));
        all.fold(0.0_f32, f32::max)
    };
    surest(opposite) >= CONTRADICTS && surest(says) < EVIDENT
}

/// What each sentence of a text does.
pub(crate) fn acts_of(text: &Text, lang: Lang, model: &Model) -> Vec<Acts> {
    let mut acts = Vec::with_capacity(text.sentences.len());
    let mut places = Vec::new();
    grams::each_sentence(text, lang, |_, features| {
        model.find(features, &mut places);
        acts.push(model.acts(&model.said(&places), places.len()));
    });
    acts
}

/// The mail may state a result.
fn states_result(reading: &Reading) -> bool {
    reading.text.sentences.iter().zip(&reading.acts).any(|(sentence, acts)| {
        matches!(sentence.place, Place::New | Place::Passed)
            && acts.iter().take(RESULTS).any(|&probability| probability >= LEAST_EVIDENCE)
    })
}

/// The alternative that says something: "please use another program" over a letter in HTML does not.
fn told_body(mail: &Mail) -> &[Block] {
    let length = |blocks: &[Block]| {
        let new = blocks.iter().filter(|block| block.role == Role::New);
        new.map(|block| block.text.trim().len()).sum::<usize>()
    };
    let told = length(&mail.body);
    if told < STUB_BYTES && length(&mail.alternative) > 2 * told {
        &mail.alternative
    } else {
        &mail.body
    }
}

pub(crate) fn text_of(mail: &Mail) -> Text {
    let mut text = Text::default();
    text.push(strip_reply_prefix(&mail.subject), Place::Subject, mail.lang);
    let answer = is_answer(mail);
    let body = told_body(mail);
    let has_new = body.iter().any(|block| block.role == Role::New && !block.text.trim().is_empty());
    text.push_blocks(body, mail.lang, |role| match role {
        Role::New => Some(Place::New),
        // Below an answer, the words "passed on" are the mail that is answered.
        Role::Forwarded if answer && has_new => Some(Place::Quoted),
        Role::Forwarded => Some(Place::Passed),
        Role::Quoted => Some(Place::Quoted),
        Role::Signature => Some(Place::Signature),
    });
    for attached in mail.attached.iter().take(3) {
        text.push(&attached.subject, Place::Passed, attached.lang);
        text.push_blocks(&attached.body, attached.lang, |role| {
            (role == Role::New).then_some(Place::Passed)
        });
    }
    text
}

fn strip_reply_prefix(subject: &str) -> &str {
    let mut subject = subject.trim();
    loop {
        let Some(head) = subject.get(..3) else { return subject };
        if !(head.eq_ignore_ascii_case("re:")
            || head.eq_ignore_ascii_case("fw:")
            || head.eq_ignore_ascii_case("fwd"))
        {
            return subject;
        }
        let Some((_, rest)) = subject.split_once(':') else { return subject };
        subject = rest.trim_start();
    }
}

/// The mail answers another.
pub(crate) fn is_answer(mail: &Mail) -> bool {
    !mail.in_reply_to.is_empty()
        || mail.subject.trim_start().get(..3).is_some_and(|head| head.eq_ignore_ascii_case("re:"))
}

/// The sender's name or address is that of a department that hires.
fn hiring_sender(mail: &Mail) -> bool {
    let Some(author) = mail.author() else { return false };
    let name = author.name.as_deref().unwrap_or("").to_lowercase();
    let address = author.addr_spec.to_ascii_lowercase();
    [
        "採用",
        "人事",
        "新卒",
        "人財",
        "キャリア",
        "転職",
        "recruit",
        "hiring",
        "talent",
        "careers",
        "personnel",
        "human resources",
        "hr ",
        "people team",
    ]
    .iter()
    .any(|word| name.contains(word))
        || [
            "saiyo",
            "jinji",
            "recruit",
            "career",
            "talent",
            "hiring",
            "shinsotsu",
            "resourcing",
            "personnel",
        ]
        .iter()
        .any(|word| address.contains(word))
        || address.starts_with("hr@")
        || address.starts_with("jobs@")
}

/// The words passed on were written to the one who passes them on, not to the recipient: a friend's mail.
fn passed_for_sender(mail: &Mail) -> bool {
    let (Some(author), Some(recipient)) = (mail.author(), mail.to.first()) else { return false };
    let mut passed: String = mail
        .body
        .iter()
        .filter(|block| block.role == Role::Forwarded)
        .map(|block| block.text.as_str())
        .collect();
    for attached in &mail.attached {
        passed.extend(attached.to.iter().map(|address| address.addr_spec.as_str()));
        passed.extend(attached.body.iter().map(|block| block.text.as_str()));
    }
    if passed.is_empty() {
        return false;
    }
    let mentioned = |address: &crate::mail::Address| {
        let names = address.name.as_deref().unwrap_or("");
        passed.contains(&address.addr_spec)
            || names.split([' ', '\u{3000}', '(', '(', '/', '|', ',', '"']).any(|name| {
                name.chars().count() >= if name.is_ascii() { 3 } else { 2 } && passed.contains(name)
            })
    };
    mentioned(author) && !mentioned(recipient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_name_and_a_weight() {
        let wire = "From: Jo <jo@corvane.example>\r\nSubject: Your application\r\n\r\nWe have chosen somebody else.\r\n";
        let mail = Mail::read(wire.as_bytes()).unwrap();
        let rules = Rules::built_in().unwrap();
        let model = rules.model(mail.lang);
        let numbers = read(&mail, model).numbers.len();
        assert_eq!(names().len(), numbers);
        assert_eq!(model.judge.units.len(), numbers);
    }

    #[test]
    fn no_number_of_a_position_falls_from_one_step_to_the_next() {
        let steps = Position::STEPS;
        assert!((steps[0] + employer::FAR).abs() < 1e-6);
        assert!((steps[steps.len() - 1] - employer::FAR).abs() < 1e-6);
        for refused in [0.0, 0.3, 1.0] {
            for pair in steps.windows(2) {
                let ends = [pair[0], pair[1]].map(|ahead| of_position(refused, ahead));
                for part in 0..=50_u8 {
                    let ahead = pair[0] + (pair[1] - pair[0]) * f32::from(part) / 50.0;
                    for (at, number) in of_position(refused, ahead).into_iter().enumerate() {
                        let [least, most] = ends.map(|end| end[at]);
                        assert!((least..=most).contains(&number), "{refused} {ahead}: {number}");
                    }
                }
            }
        }
    }
}
