//! What is known beside a mail when words about it are chosen: looked up in the store.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::application::{Step, Story};
use crate::classify::{Outcome, Stage};
use crate::config::Config;
use crate::guide::{Context, History};
use crate::outbox::when::holidays::Calendar;
use crate::reminder::Terms;
use crate::store::{Store, StoreError, StoredMail};
use crate::{memo, silence};

/// As long without a word from a company is a long silence, even where nothing was promised.
const LONG_SILENCE: SignedDuration = SignedDuration::from_hours(28 * 24);

/// How many of the user's own lines are offered back.
const NEXT_LINES: usize = 5;

/// What reminders depend on, from the settings.
pub(crate) fn terms<'a>(config: &Config, zone: &'a TimeZone, calendar: &'a Calendar) -> Terms<'a> {
    Terms {
        zone,
        calendar,
        deadline_hours: config.remind.deadline_hours,
        silence_days: config.remind.silence_days,
        door_months: config.remind.door_months,
    }
}

/// Looks up what words about `mail` depend on.
pub(crate) fn context(
    store: &Store,
    mail: &StoredMail,
    config: &Config,
    zone: &TimeZone,
    calendar: &Calendar,
) -> Result<Context, StoreError> {
    let outcome = mail.verdict.outcome;
    let stories = store.stories_of(mail.id, zone, calendar)?;
    let step = |story: &Story| story.steps.iter().position(|step| step.mail_id == mail.id);
    let own = stories.first().and_then(|story| Some((story, step(story)?)));
    let mut context = Context::default();
    if let Some(step) = own.and_then(|(story, index)| story.steps.get(index)) {
        // The mails of a declined application name no date that still matters.
        if outcome != Outcome::Declined {
            context.dates.clone_from(&step.dates);
        }
    }
    if outcome == Outcome::Declined {
        let waited = own.is_some_and(|(story, index)| {
            let before = story.steps.get(..index).unwrap_or_default();
            was_silent(story, before, mail.received_at, config, zone, calendar)
        });
        let received = store.received_up_to(mail.id, outcome)?;
        (context.history, context.help) = History::of(&received, config.care.streak(), waited);
    }
    if matches!(outcome, Outcome::Advanced | Outcome::Offer)
        && let Some((story, index)) = own
    {
        let before = story.steps.get(..index).unwrap_or_default().iter().rev();
        let said = before.map(|step| step.outcome).find(|outcome| outcome.is_result());
        if said == Some(Outcome::Declined) {
            context.history = Some(History::AfterDeclined);
        }
    }
    if outcome == Outcome::Advanced {
        context.next = next_lines(store, memo::stage_after(mail.verdict.stage))?;
    }
    Ok(context)
}

/// The user's own "next time I will…" that are of use at `stage`, the newest first.
pub(crate) fn next_lines(store: &Store, stage: Stage) -> Result<Vec<String>, StoreError> {
    let mut lines: Vec<String> = Vec::new();
    for note in store.memos()? {
        if memo::is_of_use(note.mail.verdict.stage, stage) {
            for line in memo::next_lines(&note.text) {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    lines.truncate(NEXT_LINES);
    Ok(lines)
}

/// Whether word had been awaited for long when a mail came at `at`, after the steps `before`.
fn was_silent(
    story: &Story,
    before: &[Step],
    at: Timestamp,
    config: &Config,
    zone: &TimeZone,
    calendar: &Calendar,
) -> bool {
    let Some(last) = before.last() else { return false };
    let earlier = Story::new(story.id, story.names.clone(), None, before.to_vec());
    let awaited = silence::awaited(&earlier, config.remind.silence_days, calendar);
    let day = at.to_zoned(zone.clone()).date();
    awaited.is_some_and(|awaited| awaited.from <= day) || at.duration_since(last.at) >= LONG_SILENCE
}
