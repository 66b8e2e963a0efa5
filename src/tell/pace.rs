//! How many notifications at once: a few, and the rest as one summary. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::classify::Outcome;

use super::when::{is_bad, is_good};

/// At most this many notifications of single results …
const SINGLES: usize = 3;

/// … in this time.
const WINDOW: Duration = Duration::from_mins(1);

/// Results that follow a summary this soon are counted into it instead of making another.
const SAME_SUMMARY: Duration = Duration::from_mins(10);

/// Something that is due to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// What is told.
    pub item: Item,
    /// What the mail says; a reminder is as neutral as `Unsure`.
    pub outcome: Outcome,
    /// When the server received it; when it is to be told, for what is told later.
    pub received_at: Timestamp,
}

/// Something that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// The result in a mail.
    Mail(i64),
    /// A reminder, by its number.
    Reminder(i64),
}

/// What to show now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// What to tell one by one, in this order.
    pub(super) singles: Vec<Item>,
    /// What to tell in one summary.
    pub(super) together: Vec<Item>,
}

impl Plan {
    /// Whether there is anything to show.
    pub(super) fn has_any(&self) -> bool {
        !self.singles.is_empty() || !self.together.is_empty()
    }
}

/// How much was shown of late. Times are those of a monotonic clock, as the time since its start.
#[derive(Debug, Default)]
pub(super) struct Pace {
    singles: VecDeque<Duration>,
    summary: Option<(usize, Duration)>,
}

impl Pace {
    /// Divides what is due into what is told singly and what is told together: good news first,
    /// then as it came. Two or more pieces of bad news that are to be told `together` are one summary.
    pub(super) fn plan(
        &mut self,
        mut due: Vec<Due>,
        together: impl Fn(&Due) -> bool,
        now: Duration,
    ) -> Plan {
        self.singles.retain(|shown| now.saturating_sub(*shown) < WINDOW);
        let rank = |outcome: Outcome| match outcome {
            outcome if is_good(outcome) => 0,
            outcome if is_bad(outcome) => 2,
            _ => 1,
        };
        due.sort_by_key(|due| (rank(due.outcome), due.received_at, due.item));
        let may = |due: &Due| is_bad(due.outcome) && together(due);
        let several = due.iter().filter(|due| may(due)).count() > 1;
        let bundled = |due: &Due| several && may(due);
        let mut room = SINGLES.saturating_sub(self.singles.len());
        let mut plan = Plan::default();
        for due in due {
            if room > 0 && !bundled(&due) {
                room -= 1;
                plan.singles.push(due.item);
            } else {
                plan.together.push(due.item);
            }
        }
        plan
    }

    /// Notes that a single notification was shown.
    pub(super) fn shown(&mut self, now: Duration) {
        self.singles.push_back(now);
    }

    /// How many results a summary of `more` stands for, with those of one that is still new.
    pub(super) fn in_summary(&self, more: usize, now: Duration) -> usize {
        let before = self.summary.filter(|(_, at)| now.saturating_sub(*at) < SAME_SUMMARY);
        before.map_or(0, |(count, _)| count) + more
    }

    /// Notes that a summary of `count` results was shown.
    pub(super) fn summed(&mut self, count: usize, now: Duration) {
        self.summary = Some((count, now));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn due(mail_id: i64, outcome: Outcome) -> Due {
        Due {
            item: Item::Mail(mail_id),
            outcome,
            received_at: Timestamp::from_second(mail_id).unwrap(),
        }
    }

    fn mails<const N: usize>(ids: [i64; N]) -> Vec<Item> {
        ids.map(Item::Mail).to_vec()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn three_results_are_told_singly_and_the_rest_together_good_news_first() {
        let mut pace = Pace::default();
        let many =
            (1..=9).map(|id| due(id, if id < 8 { Outcome::Declined } else { Outcome::Offer }));
        let plan = pace.plan(many.collect(), |_| false, seconds(0));
        assert_eq!(plan, Plan { singles: mails([8, 9, 1]), together: mails([2, 3, 4, 5, 6, 7]) });
    }

    #[test]
    fn after_a_minute_there_is_room_again() {
        let mut pace = Pace::default();
        for second in [0, 1, 2] {
            pace.shown(seconds(second));
        }
        let plan =
            |pace: &mut Pace, now| pace.plan(vec![due(1, Outcome::Offer)], |_| false, seconds(now));
        assert_eq!(plan(&mut pace, 59).together, mails([1]));
        assert_eq!(plan(&mut pace, 60).singles, mails([1]));
    }

    #[test]
    fn bad_news_of_a_day_is_one_summary_and_a_single_piece_is_itself() {
        let mut pace = Pace::default();
        let all =
            vec![due(1, Outcome::Declined), due(2, Outcome::Declined), due(3, Outcome::Offer)];
        let plan = pace.plan(all, |_| true, seconds(0));
        assert_eq!(plan, Plan { singles: mails([3]), together: mails([1, 2]) });
        let plan = pace.plan(vec![due(1, Outcome::Declined)], |_| true, seconds(0));
        assert_eq!(plan.singles, mails([1]));
    }

    #[test]
    fn a_summary_grows_while_it_is_new() {
        let mut pace = Pace::default();
        assert_eq!(pace.in_summary(9, seconds(0)), 9);
        pace.summed(9, seconds(0));
        assert_eq!(pace.in_summary(3, seconds(30)), 12);
        assert_eq!(pace.in_summary(2, seconds(3600)), 2);
    }

    proptest! {
        #[test]
        fn there_are_never_more_than_three_singles_in_a_minute_and_nothing_is_left_out(
            looks in prop::collection::vec((0..50_u64, 0..8_i64), 1..30),
            together in any::<bool>(),
        ) {
            let mut pace = Pace::default();
            let (mut now, mut id, mut shown) = (0, 0, Vec::new());
            for (pause, count) in looks {
                now += pause;
                let outcomes = [Outcome::Declined, Outcome::Offer, Outcome::Unsure];
                let all: Vec<Due> = (0..count).zip(outcomes.into_iter().cycle()).map(|(n, outcome)| due(id + n, outcome)).collect();
                id += count;
                let plan = pace.plan(all.clone(), |_| together, seconds(now));
                let mut told: Vec<Item> = plan.singles.iter().chain(&plan.together).copied().collect();
                told.sort_unstable();
                prop_assert_eq!(told, all.iter().map(|due| due.item).collect::<Vec<_>>());
                for _ in plan.singles {
                    pace.shown(seconds(now));
                    shown.push(now);
                }
            }
            for window in shown.windows(4) {
                prop_assert!(window[3] - window[0] >= 60, "{:?}", window);
            }
        }
    }
}
