//! `goen events`: what happened, one JSON object a line, for scripts.
//!
//! Fields of every line: `event` (`mail` or `health`), `event_id` (to go on from with `--since`),
//! `at`. Of a mail: `quiet` (found on the first look back, not announced), `result` (it carries a
//! selection result), and the fields of `goen list --json`. Of an account: `account` and the fields
//! of `goen status --json`. New fields may come; these stay.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::{Failure, Opened, results};
use crate::store::{Event, What};

/// How often the store is asked whether it has changed. Asking costs microseconds, and half a second
/// is soon enough for a script.
const LOOK: Duration = Duration::from_millis(500);

/// Events read at once.
const PAGE: u32 = 200;

#[derive(Debug, Args)]
pub(super) struct EventsArguments {
    /// Only events after this number (`event_id` of the last one seen)
    #[arg(long, value_name = "EVENT_ID")]
    since: Option<i64>,
    /// Keep running and print new events; without --since, only those
    #[arg(long)]
    follow: bool,
}

pub(super) fn events(
    opened: &Opened,
    arguments: &EventsArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let mut last = match (arguments.since, arguments.follow) {
        (Some(since), _) => since,
        (None, true) => opened.store.newest_event()?,
        (None, false) => 0,
    };
    loop {
        // Asked before the look, so that what is stored in between is not slept through.
        let seen = opened.store.changed_by_others()?;
        last = print_behind(opened, last, out)?;
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        while opened.store.changed_by_others()? == seen {
            std::thread::sleep(LOOK);
        }
    }
}

/// Prints all events behind number `last`, and gives the number of the newest.
fn print_behind(opened: &Opened, mut last: i64, out: &mut dyn Write) -> Result<i64, Failure> {
    loop {
        let events = opened.store.events(last, PAGE)?;
        for event in &events {
            writeln!(out, "{}", as_json(event))?;
            last = event.id;
        }
        out.flush()?;
        if events.is_empty() {
            return Ok(last);
        }
    }
}

fn as_json(event: &Event) -> Value {
    let (kind, mut value, more) = match &event.what {
        What::Mail { mail, quiet } => {
            let result = mail.verdict.outcome.is_result();
            ("mail", results::as_json(mail), json!({ "quiet": quiet, "result": result }))
        }
        What::Health { account, health } => {
            ("health", json!(health), json!({ "account": account }))
        }
    };
    let common = json!({ "event": kind, "event_id": event.id, "at": event.at.to_string() });
    if let Value::Object(into) = &mut value {
        for fields in [more, common] {
            into.extend(fields.as_object().cloned().unwrap_or_default());
        }
    }
    value
}
