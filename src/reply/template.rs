//! The words of the drafts: templates in `config/replies`, filled from a mail (返信の文面).
//!
//! A template sees only scrubbed, one-line, bounded values, so nothing in a mail can alter the
//! draft's structure; recipient, subject and thread don't come from templates at all.

use std::collections::HashMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::addressee::{self, Addressee};
use super::advice::{self, Refusal};
use super::{Charset, Draft, Kind, Profile};
use crate::classify::{Channel, Door, Outcome, ReplyAdvice, Stage, Verdict};
use crate::guide::stage_name;
use crate::lang::{Explain, Explanation, Lang};
use crate::mail::{Address, Mail, MessageId};
use crate::{plain, say};

/// Longest name from a mail that goes into a letter or stands beside an address, in columns.
pub(super) const NAME_COLUMNS: usize = 80;

/// Longest subject, in characters; a longer one is cut, which no thread notices.
const SUBJECT_MAX_CHARS: usize = 250;

/// How many references are kept at either end of a long thread. Mail programs join threads by
/// the first and the last ones, and a header can't grow for ever.
const REFERENCES_KEPT_LAST: usize = 20;

macro_rules! built_in {
    ($($lang:ident / $kind:ident: $path:literal),* $(,)?) => {
        [$((Lang::$lang, Kind::$kind, include_str!(concat!("../../config/replies/", $path)))),*]
    };
}

const BUILT_IN: [(Lang, Kind, &str); 14] = built_in![
    Ja / Thanks: "ja/thanks.txt",
    Ja / KeepInTouch: "ja/keep_in_touch.txt",
    Ja / AskReason: "ja/ask_reason.txt",
    Ja / AgentFeedback: "ja/agent_feedback.txt",
    Ja / AcceptNext: "ja/accept_next.txt",
    Ja / OfferThanks: "ja/offer_thanks.txt",
    Ja / AskWhen: "ja/ask_when.txt",
    En / Thanks: "en/thanks.txt",
    En / KeepInTouch: "en/keep_in_touch.txt",
    En / AskReason: "en/ask_reason.txt",
    En / AgentFeedback: "en/agent_feedback.txt",
    En / AcceptNext: "en/accept_next.txt",
    En / OfferThanks: "en/offer_thanks.txt",
    En / AskWhen: "en/ask_when.txt",
];

/// The reply templates of all kinds in both languages.
#[derive(Debug, Clone)]
pub struct Templates {
    texts: HashMap<(Lang, Kind), String>,
}

/// A template of the user's own, in place of the built-in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// The language of the mails it answers.
    pub lang: Lang,
    /// What it is for.
    pub kind: Kind,
    /// The file's text.
    pub text: String,
}

/// What a draft is made from.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The mail to answer.
    pub mail: &'a Mail,
    /// What it says.
    pub verdict: &'a Verdict,
    /// What the reply is for.
    pub kind: Kind,
    /// Who signs.
    pub profile: &'a Profile,
    /// The user's address at the account that received the mail.
    pub from: &'a Address,
    /// All addresses of the user's: a reply never goes to one of them.
    pub own_addresses: &'a [String],
}

/// Why there is no draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The mail must not or can't be answered.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The template could not be filled.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("replies/{}/{}.txt: {words}", lang.code(), kind.name())]
pub struct TemplateError {
    /// Which one: its language …
    pub lang: Lang,
    /// … and its kind.
    pub kind: Kind,
    /// The template engine's words, with the line.
    pub words: String,
}

impl Templates {
    /// The templates that goen comes with.
    #[must_use]
    pub fn built_in() -> Self {
        let texts = BUILT_IN.map(|(lang, kind, text)| ((lang, kind), text.to_owned()));
        Self { texts: HashMap::from(texts) }
    }

    /// The built-in templates, with `files` in place of those that they name.
    ///
    /// Each file is filled once for every situation, so that what is wrong shows now and not
    /// when a result has come. (A test does the same with the built-in ones.)
    pub fn load(files: &[TemplateFile]) -> Result<Self, TemplateError> {
        let mut templates = Self::built_in();
        for TemplateFile { lang, kind, text } in files {
            templates.texts.insert((*lang, *kind), text.clone());
            templates.check(*lang, *kind)?;
        }
        Ok(templates)
    }

    /// Drafts a reply. Nothing leaves by this; the draft waits to be read.
    pub fn draft(&self, request: &Request<'_>) -> Result<Draft, DraftError> {
        let Request { mail, verdict, kind, profile, from, own_addresses } = *request;
        let to = advice::recipient(mail, verdict, own_addresses)?.clone();
        let to = Address { name: to.name.as_deref().and_then(named), ..to };
        // The mail's own language, as its reader decided it: `verdict.lang` is the same thing.
        let lang = mail.lang;
        let addressee = addressee::of(mail, verdict);
        let body = self.fill(lang, kind, &addressee, verdict, profile, &from.addr_spec)?;
        Ok(Draft {
            kind,
            lang,
            from: from.clone(),
            to,
            subject: reply_subject(&mail.subject, lang),
            body,
            in_reply_to: mail.message_id.clone(),
            references: thread(mail),
            charset: Charset::default(),
        })
    }

    fn fill(
        &self,
        lang: Lang,
        kind: Kind,
        addressee: &Addressee,
        verdict: &Verdict,
        profile: &Profile,
        from: &str,
    ) -> Result<String, TemplateError> {
        let wrong = |words: String| TemplateError { lang, kind, words };
        let text = self.texts.get(&(lang, kind)).ok_or_else(|| wrong("missing".to_owned()))?;
        let mut engine = Environment::new();
        engine.set_auto_escape_callback(|_| AutoEscape::None);
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        // Lines that hold only `{% … %}` leave no empty line behind.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        engine.set_syntax(syntax.map_err(|error| wrong(error.to_string()))?);
        let me = name(profile, lang);
        let company = verdict.company.as_deref().and_then(named);
        let your_company = your_company(company.as_deref().unwrap_or_default());
        let signature = signature(profile, &me, from);
        let values = context! {
            addressee => addressee.lines(lang, verdict.channel),
            person => addressee.person.as_deref(),
            company => company,
            your_company => your_company,
            position => verdict.position.as_deref().and_then(named),
            stage => stage_name(verdict.stage, lang),
            interviewed => advice::met(verdict.stage),
            agent => verdict.channel == Channel::Agent,
            door_open => verdict.door == Door::Open,
            me => me,
            signature => signature,
        };
        let filled = engine
            .template_from_str(text)
            .and_then(|template| template.render(values))
            .map_err(|error| wrong(error.to_string()))?;
        let body = tidy(&filled);
        if body.trim().is_empty() { Err(wrong("the text is empty".to_owned())) } else { Ok(body) }
    }

    /// Fills one template in every situation that a template can tell apart.
    fn check(&self, lang: Lang, kind: Kind) -> Result<(), TemplateError> {
        let named = Addressee {
            company: Some("Example".to_owned()),
            department: Some("人事部".to_owned()),
            person: Some("田中".to_owned()),
        };
        let profile = Profile::default();
        for known in [true, false] {
            let value = known.then(|| "Example".to_owned());
            let addressee = if known { named.clone() } else { Addressee::default() };
            for stage in [Stage::Document, Stage::FinalInterview, Stage::Unknown] {
                for channel in [Channel::Company, Channel::Agent, Channel::Platform] {
                    for door in [Door::Open, Door::Neutral] {
                        let verdict = Verdict {
                            lang,
                            outcome: Outcome::Declined,
                            confidence: 1.0,
                            stage,
                            company: value.clone(),
                            position: value.clone(),
                            wording: None,
                            door,
                            channel,
                            replyable: true,
                            reply: ReplyAdvice::Optional,
                            evidence: Vec::new(),
                            results: Vec::new(),
                            corrected: None,
                        };
                        self.fill(lang, kind, &addressee, &verdict, &profile, "me@example.jp")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The name to sign with; a placeholder, which blocks approval, if the user gave none.
fn name(profile: &Profile, lang: Lang) -> String {
    let given = match lang {
        Lang::En if !profile.name_en.trim().is_empty() => &profile.name_en,
        _ => &profile.name,
    };
    let given = plain::one_line(given);
    match (given.is_empty(), lang) {
        (false, _) => given,
        (true, Lang::Ja) => "〇〇".to_owned(),
        (true, Lang::En) => "[fill in: your name]".to_owned(),
    }
}

fn signature(profile: &Profile, name: &str, from: &str) -> String {
    let mut lines = vec![name.to_owned()];
    let own = plain::lines(&profile.signature);
    lines.extend(own.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned));
    if !own.contains(from) {
        lines.push(from.to_owned());
    }
    lines.join("\n")
}

/// 貴社, or the word that the kind of organisation asks for in writing.
fn your_company(name: &str) -> &'static str {
    const WORDS: [(&str, &str); 16] = [
        ("銀行", "貴行"),
        ("信用金庫", "貴庫"),
        ("信用組合", "貴組合"),
        ("病院", "貴院"),
        ("医院", "貴院"),
        ("クリニック", "貴院"),
        ("大学", "貴学"),
        ("高等学校", "貴校"),
        ("中学校", "貴校"),
        ("小学校", "貴校"),
        ("学園", "貴学園"),
        ("財団", "貴財団"),
        ("協会", "貴会"),
        ("組合", "貴組合"),
        ("法人", "貴法人"),
        ("役所", "貴庁"),
    ];
    let is_firm =
        name.contains("株式会社") || name.contains("有限会社") || name.contains("合同会社");
    let fits = |(mark, _): &&(&str, &str)| name.contains(mark) && (!is_firm || *mark == "銀行");
    WORDS.iter().find(fits).map_or("貴社", |(_, word)| word)
}

/// A name from the mail as a letter can hold it, if anything is left of it.
fn named(name: &str) -> Option<String> {
    let name = plain::clip(name, NAME_COLUMNS);
    (!name.is_empty()).then_some(name)
}

/// `Re:` once, then the mail's subject.
fn reply_subject(subject: &str, lang: Lang) -> String {
    let subject = plain::one_line(subject);
    let mut rest = subject.as_str();
    while let Some(shorter) = without_re(rest) {
        rest = shorter;
    }
    let rest: String = rest.chars().take(SUBJECT_MAX_CHARS).collect();
    match rest.trim() {
        "" => say!(lang, "Re: ご連絡の件", "Re: your message"),
        rest => format!("Re: {rest}"),
    }
}

/// `text` behind one `Re:`, `RE：`, `Re[2]:` or `返信:` at its start.
fn without_re(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let rest = text.strip_prefix("返信").or_else(|| {
        let (head, rest) = text.split_at_checked(2)?;
        head.eq_ignore_ascii_case("re").then_some(rest)
    })?;
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((count, rest)) if count.chars().all(|c| c.is_ascii_digit()) => rest,
        _ => rest,
    };
    let rest = rest.trim_start();
    rest.strip_prefix(':').or_else(|| rest.strip_prefix('：')).map(str::trim_start)
}

/// The thread that an answer to `mail` belongs to (RFC 5322 §3.6.4), bounded.
fn thread(mail: &Mail) -> Vec<MessageId> {
    let parents = match (mail.references.as_slice(), mail.in_reply_to.as_slice()) {
        ([], [one]) => std::slice::from_ref(one),
        (references, _) => references,
    };
    let mut thread: Vec<MessageId> = Vec::new();
    for id in parents {
        if !thread.contains(id) && mail.message_id.as_ref() != Some(id) {
            thread.push(id.clone());
        }
        // A hostile header may hold very many; the first and the last are what counts.
        if thread.len() > REFERENCES_KEPT_LAST {
            thread.remove(1);
        }
    }
    thread.extend(mail.message_id.clone());
    thread
}

/// A filled template as a mail's text: no more than one empty line at once, none at the ends.
fn tidy(text: &str) -> String {
    let mut tidied = String::new();
    for line in plain::lines(text).trim().lines().map(str::trim_end) {
        if line.is_empty() && tidied.ends_with("\n\n") {
            continue;
        }
        tidied.push_str(line);
        tidied.push('\n');
    }
    tidied
}

impl Explain for TemplateError {
    fn explain(&self, lang: Lang) -> Explanation {
        let Self { lang: of, kind, words } = self;
        let file = format!("replies/{}/{}.txt", of.code(), kind.name());
        Explanation::new(say!(
            lang,
            "返信のひな形 {file} を使えません：{words}",
            "could not use the reply template {file}: {words}"
        ))
        .hint(say!(
            lang,
            "ファイルを直すか、取り除くと goen のひな形に戻ります",
            "correct the file, or remove it to go back to the built-in one"
        ))
    }
}

impl Explain for DraftError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Refused(refusal) => refusal.explain(lang),
            Self::Template(error) => error.explain(lang),
        }
    }
}

#[cfg(test)]
mod tests;
