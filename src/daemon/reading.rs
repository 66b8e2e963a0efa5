//! What messages say that have arrived: one after the other, or shared out among the processors.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use jiff::Timestamp;

use crate::classify::{Correction, Outcome, Rules, classify_with};
use crate::imap::Arrival;
use crate::mail::Mail;
use crate::store::Found;

/// From this many messages on, reading them is shared out: somebody waits for the first look back.
const WORTH_SHARING: usize = 16;

/// Most threads that read messages at once.
const READERS_MAX: usize = 8;

/// The stack of a thread that reads messages: as large as that of the first thread.
const READER_STACK: usize = 8 << 20;

/// What reading depends on beside the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) own: &'a [String],
    pub(super) rules: &'a Rules,
    pub(super) corrections: &'a [Correction],
    pub(super) now: Timestamp,
}

/// What came of reading a message: nothing if it concerns no application, words if it cannot be read.
type Read = Result<Option<Found>, String>;

impl Reader<'_> {
    /// Reads messages; what they say comes in their order.
    pub(super) fn read_all(&self, arrivals: &[Arrival]) -> Vec<Read> {
        let readers = match arrivals.len() {
            WORTH_SHARING.. => thread::available_parallelism().map_or(1, NonZero::get),
            _ => 1,
        };
        shared_out(arrivals, readers.min(READERS_MAX), |arrival| self.read(arrival))
    }

    fn read(&self, arrival: &Arrival) -> Read {
        // A parser that panics must cost one mail, not the inbox.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let mut mail = Mail::read(&arrival.message).map_err(|error| error.to_string())?;
            mail.truncated |= arrival.truncated;
            let verdict = classify_with(&mail, self.own, self.rules, self.corrections);
            Ok((mail, verdict))
        }));
        let (mail, verdict) =
            read.unwrap_or_else(|_| Err("reading it failed; please report this".to_owned()))?;
        // What only a correction makes unrelated is kept: the user is to see what was learned, and may
        // want it back.
        if verdict.outcome == Outcome::Unrelated && verdict.corrected.is_none() {
            return Ok(None);
        }
        let received_at = arrival.received_at.or(mail.date).unwrap_or(self.now);
        Ok(Some(Found { uid: arrival.uid, received_at, mail, verdict }))
    }
}

/// Does `each` with every item, in `workers` threads of which this is one; the outcomes in order.
fn shared_out<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    each: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let length = items.len().div_ceil(workers.max(1)).max(1);
    let work = |share: &[T]| -> Vec<R> { share.iter().map(&each).collect() };
    let work = &work;
    let mut shares = items.chunks(length);
    let own = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = shares
            .map(|share| {
                let thread = thread::Builder::new().stack_size(READER_STACK);
                (share, thread.spawn_scoped(scope, move || work(share)))
            })
            .collect();
        let mut done = work(own);
        for (share, thread) in others {
            done.extend(match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(done)) => done,
                Ok(Err(panic)) => resume_unwind(panic),
                // The system has no thread to spare.
                Err(_) => work(share),
            });
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_out_comes_back_in_order() {
        for count in 0..40 {
            let items: Vec<i32> = (0..count).collect();
            let doubled: Vec<i32> = items.iter().map(|item| item * 2).collect();
            for workers in 0..=9 {
                assert_eq!(shared_out(&items, workers, |item| item * 2), doubled);
            }
        }
    }

    #[test]
    fn a_worker_that_panics_does_not_go_unnoticed() {
        let each = |item: &i32| assert_ne!(*item, 7);
        let panicked = catch_unwind(|| shared_out(&[1, 7], 2, each));
        assert!(panicked.is_err());
    }
}
