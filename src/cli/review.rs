//! `goen review`: the drafts one by one, each on a screen of its own, in any terminal.
//!
//! Line by line, without cursor movement: it works the same over ssh and in a log. An approval names
//! the digest of the very text that was on the screen.

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use super::replies::{self, OneArgument, drafted};
use super::text::{moment, shorten, wrap};
use super::{Console, Failure, Opened, edit, results};
use crate::classify::{Outcome, ReplyAdvice};
use crate::lang::{Explain as _, Explanation, Lang};
use crate::mail::domain;
use crate::outbox::state::State;
use crate::outbox::{Entry, Outbox};
use crate::reply::advice::{Warning, advice};
use crate::reply::{Draft, Kind};
use crate::say;
use crate::store::StoredMail;

/// How old a result may be to be brought up without a draft.
const RECENT: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How many results are looked through for those that may be answered.
const RESULTS_MAX: u32 = 200;

/// How many of the deciding words are shown.
const WORDS_SHOWN: usize = 2;

#[derive(Debug, Args)]
pub(super) struct ReviewArguments {
    /// The number that `goen list` shows; all open drafts if left out
    id: Option<i64>,
    /// What the reply is for
    #[arg(long, value_name = "KIND", value_parser = parse_kind, requires = "id")]
    kind: Option<Kind>,
    /// Print the draft and its digest as JSON, and ask nothing
    #[arg(long)]
    json: bool,
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.map(Kind::name).join(", ");
    Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(known)
}

/// What the user wants to see after an answer.
enum Then {
    /// The same draft, as it is now.
    Again,
    /// The next one.
    Next,
    /// Nothing more.
    Quit,
}

pub(super) fn review(
    opened: &Opened,
    console: &Console,
    arguments: &ReviewArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let mails = match arguments.id {
        Some(id) => vec![results::mail(opened, lang, id)?],
        None => waiting(opened, console)?,
    };
    if mails.is_empty() && !arguments.json {
        let nothing =
            say!(lang, "読んでいただく下書きはありません。", "There are no drafts to read.");
        writeln!(out, "{nothing}")?;
    }
    for (index, mail) in mails.iter().enumerate() {
        let entry = drafted(opened, lang, mail, arguments.kind, console.clock.now())?;
        if arguments.json {
            let mut value = json!(entry);
            if let Some(into) = value.as_object_mut() {
                let warnings = replies::warnings_of(opened, mail, &entry.draft)?;
                let words = |it: &Warning| it.explain(lang).what;
                let words: Vec<String> = warnings.iter().map(words).collect();
                into.insert("warnings".to_owned(), json!(warnings));
                into.insert("warning_words".to_owned(), json!(words));
            }
            writeln!(out, "{value}")?;
            continue;
        }
        results::seen(opened, console, mail.id)?;
        let place = (mails.len() > 1).then(|| format!("{}/{}  ", index + 1, mails.len()));
        let desk = Desk { opened, console, mail, place: place.unwrap_or_default() };
        if let Then::Quit = desk.turn(entry, out)? {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The mails with a reply that waits for the user, oldest first: drafts, replies that failed or may
/// not have arrived, those that can still be taken back, and recent results that may be answered.
fn waiting(opened: &Opened, console: &Console) -> Result<Vec<StoredMail>, Failure> {
    let entries = Outbox::new(opened.store.clone()).entries()?;
    let own = opened.config.own_addresses();
    let results: Vec<Outcome> = Outcome::ALL.into_iter().filter(|it| it.is_result()).collect();
    let mut mails = Vec::new();
    for entry in &entries {
        let waits = matches!(
            entry.state,
            State::Draft | State::Approved | State::Failed(_) | State::Uncertain
        );
        if waits {
            mails.extend(opened.store.mail(entry.mail_id)?);
        }
    }
    let now = console.clock.now();
    for mail in opened.store.mails(&results, RESULTS_MAX)? {
        let is_new = entries.iter().all(|entry| entry.mail_id != mail.id)
            && now.duration_since(mail.received_at) < RECENT;
        if is_new {
            let advice = advice(&mail.mail, &mail.verdict, &own);
            let helps = matches!(advice.reply, ReplyAdvice::Optional | ReplyAdvice::Recommended);
            if helps && advice.kind.is_some() && opened.config.account(&mail.account).is_some() {
                mails.push(mail);
            }
        }
    }
    mails.sort_by_key(|mail| (mail.received_at, mail.id));
    Ok(mails)
}

/// One mail and its reply before the user.
struct Desk<'a> {
    opened: &'a Opened,
    console: &'a Console,
    mail: &'a StoredMail,
    /// `2/5`, if there are several.
    place: String,
}

impl Desk<'_> {
    /// Shows the draft and does what the user says, until it is time for the next one.
    fn turn(&self, mut entry: Entry, out: &mut dyn Write) -> Result<Then, Failure> {
        let lang = self.console.lang;
        loop {
            write!(out, "{}", self.screen(&entry)?)?;
            if !io::stdin().is_terminal() {
                return Ok(Then::Next);
            }
            let keys = keys(&entry.state, self.has_other_kinds(&entry), lang);
            write!(out, "{} > ", wrap(&keys, self.console.columns))?;
            out.flush()?;
            let mut answer = String::new();
            if io::stdin().lock().read_line(&mut answer)? == 0 {
                return Ok(Then::Quit);
            }
            match self.act(answer.trim(), &entry, out) {
                Ok(Then::Again) => {}
                Ok(then) => return Ok(then),
                Err(failure) => {
                    writeln!(out, "\n{}", wrap(&failure.sentence(lang), self.console.columns))?;
                }
            }
            entry = drafted(self.opened, lang, self.mail, None, self.console.clock.now())?;
        }
    }

    /// Whether another kind of reply would fit, too.
    fn has_other_kinds(&self, entry: &Entry) -> bool {
        let own = self.opened.config.own_addresses();
        let kinds = advice(&self.mail.mail, &self.mail.verdict, &own).kinds;
        kinds.iter().any(|kind| *kind != entry.draft.kind)
    }

    fn act(&self, answer: &str, entry: &Entry, out: &mut dyn Write) -> Result<Then, Failure> {
        let Self { opened, console, mail, .. } = self;
        let lang = console.lang;
        let outbox = Outbox::new(opened.store.clone());
        let one = OneArgument { id: mail.id, json: false };
        match answer {
            "a" => {
                replies::approved(opened, console, mail.id, &entry.digest, false, out)?;
                return Ok(Then::Next);
            }
            "e" => {
                let draft = edited(&entry.draft, lang)?;
                // Looking into the editor does not void an approval; it does revive what was put away.
                let is_away = matches!(entry.state, State::Discarded | State::Retired);
                if draft != entry.draft || is_away {
                    outbox.edit(mail.id, &draft, console.clock.now())?;
                }
            }
            "k" => {
                let own = opened.config.own_addresses();
                let advice = advice(&mail.mail, &mail.verdict, &own);
                let kinds = &advice.kinds;
                let at = kinds.iter().position(|kind| *kind == entry.draft.kind);
                let next = kinds.get(at.map_or(0, |at| at + 1)).or_else(|| kinds.first()).copied();
                // A key that was struck by mistake is not to cost what somebody wrote.
                let fresh = replies::draft(opened, lang, mail, entry.draft.kind, &advice)?;
                if let Some(next) = next.filter(|_| entry.draft != fresh) {
                    return Err(rewritten(mail.id, next, lang));
                }
                drafted(opened, lang, mail, next, console.clock.now())?;
            }
            "u" => {
                replies::undo(opened, console, &one, out)?;
            }
            "p" => {
                replies::postpone(opened, console, &one, out)?;
            }
            "d" => {
                replies::discard(opened, console, &one, out)?;
                return Ok(Then::Next);
            }
            "n" | "" => return Ok(Then::Next),
            "q" => return Ok(Then::Quit),
            _ => {}
        }
        Ok(Then::Again)
    }

    /// The draft as it is read before approval: what the mail said, advice, warnings, recipient,
    /// text, when it leaves, digest.
    fn screen(&self, entry: &Entry) -> Result<String, Failure> {
        let Self { opened, console, mail, place } = self;
        let (lang, style, columns) = (console.lang, console.style, console.columns);
        let own = opened.config.own_addresses();
        let advice = advice(&mail.mail, &mail.verdict, &own);
        let mut out = String::from("\n");
        let mut line = |text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        let headline = format!("{place}#{}  {}", mail.id, results::headline(&mail.verdict, lang));
        line(&style.bold(&shorten(&headline, columns)));
        let received = moment(mail.received_at, &console.zone, lang);
        let about = format!("{received}  {}", mail.mail.subject);
        line(&style.dim(&shorten(&about, columns)));
        for evidence in mail.verdict.evidence.iter().take(WORDS_SHOWN) {
            let words = evidence.text.split_whitespace().collect::<Vec<_>>().join(" ");
            line(&style.dim(&shorten(&say!(lang, "「{words}」", "“{words}”"), columns)));
        }
        line("");
        line(&wrap(&advice.reason(lang), columns));
        if let Some(note) = entry.draft.kind.note(lang) {
            line(&wrap(&note, columns));
        }
        for warning in replies::warnings_of(opened, mail, &entry.draft)? {
            let Explanation { what, hint } = warning.explain(lang);
            let words = [Some(what), hint].into_iter().flatten().collect::<Vec<_>>().join(" ");
            line(&style.bold(&wrap(&format!("! {words}"), columns)));
        }
        let rule = style.dim(&"─".repeat(columns / 2));
        line(&rule);
        line(&wrap(entry.draft.to_text().trim_end(), columns));
        line(&rule);
        let kind = entry.draft.kind.label(lang);
        let domain = domain::in_full(&entry.draft.to.domain());
        line(&wrap(
            &say!(
                lang,
                "種類：{kind}  宛先のドメイン：{domain}",
                "kind: {kind}  recipient's domain: {domain}"
            ),
            columns,
        ));
        let open = entry.draft.placeholders();
        if !open.is_empty() {
            let places = open.join(" ");
            line(&wrap(
                &say!(
                    lang,
                    "書き入れるところが残っています：{places}",
                    "still to be filled in: {places}"
                ),
                columns,
            ));
        }
        line(&style.dim(&format!("digest {}", entry.digest.0)));
        if can_be_approved(&entry.state) {
            let leaves = replies::planned(opened, console)?;
            let when = replies::soon_or_at(leaves, console.clock.now(), console);
            line(&wrap(
                &say!(
                    lang,
                    "承認すると、{when}に一度だけ送ります。",
                    "Once you approve it, it will be sent once, {when}."
                ),
                columns,
            ));
        }
        if entry.state != State::Draft {
            line(&wrap(&replies::state_line(entry, console), columns));
        }
        Ok(out)
    }
}

fn can_be_approved(state: &State) -> bool {
    matches!(state, State::Draft | State::Failed(_))
}

/// The keys that do something in `state`.
fn keys(state: &State, has_other_kinds: bool, lang: Lang) -> String {
    let approve = say!(lang, "[a] この文面で承認", "[a] approve this text");
    let edit = say!(lang, "[e] 直す", "[e] edit");
    let kind = say!(lang, "[k] 種類を変える", "[k] another kind");
    let undo = say!(lang, "[u] 承認を取り消す", "[u] undo approval");
    let postpone = say!(lang, "[p] 一日延ばす", "[p] postpone a day");
    let discard = say!(lang, "[d] 破棄", "[d] discard");
    let next = say!(lang, "[n] 次へ", "[n] next");
    let quit = say!(lang, "[q] 終わる", "[q] quit");
    let keys = match state {
        State::Draft | State::Failed(_) if has_other_kinds => {
            vec![approve, edit, kind, discard, next, quit]
        }
        State::Draft | State::Failed(_) => vec![approve, edit, discard, next, quit],
        State::Approved => vec![undo, postpone, edit, discard, next, quit],
        State::Discarded | State::Retired => vec![edit, next, quit],
        State::Sending | State::Sent(_) | State::Uncertain => vec![next, quit],
    };
    keys.join("  ")
}

/// Why another kind is not drafted over what the user wrote.
fn rewritten(id: i64, next: Kind, lang: Lang) -> Failure {
    let (kind, label) = (next.name(), next.label(lang));
    Failure::because(
        Explanation::new(say!(
            lang,
            "種類を変えると、直した文面が消えます。変えていません",
            "another kind would replace the text that you changed; it was left as it is"
        ))
        .hint(say!(
            lang,
            "それでもよければ、goen review {id} --kind {kind}（{label}）",
            "if that is all right: goen review {id} --kind {kind} ({label})"
        )),
    )
}

/// Opens the draft in the user's editor.
fn edited(draft: &Draft, lang: Lang) -> Result<Draft, Failure> {
    let Some(edited) = edit::text(&draft.to_text(), "reply.txt", lang)? else {
        return Ok(draft.clone());
    };
    draft.edit(&edited.text).map_err(|error| {
        let Explanation { what, hint } = error.explain(lang);
        let path = edited.kept();
        let left = say!(
            lang,
            "書いた文面は {path} に残してあります",
            "what you wrote is still in {path}",
            path = path.display()
        );
        let hints: Vec<String> = hint.into_iter().chain([left]).collect();
        let between = say!(lang, "。", "; ");
        Failure::because(Explanation::new(what).hint(hints.join(&between)))
    })
}
