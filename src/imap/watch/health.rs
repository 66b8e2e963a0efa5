//! How an account is doing, from how each of its connections is doing.

use std::cell::RefCell;

use crate::imap::Health;

/// Where connections note how they are doing. What comes out is told once, when it changes.
pub(super) struct Board<'a> {
    lanes: RefCell<Vec<Option<Health>>>,
    told: RefCell<Option<Health>>,
    tell: &'a dyn Fn(Health),
}

impl<'a> Board<'a> {
    pub(super) fn new(lanes: usize, tell: &'a dyn Fn(Health)) -> Self {
        Self { lanes: RefCell::new(vec![None; lanes]), told: RefCell::new(None), tell }
    }

    /// Notes how connection number `lane` is doing.
    pub(super) fn note(&self, lane: usize, health: Health) {
        if let Some(entry) = self.lanes.borrow_mut().get_mut(lane) {
            *entry = Some(health);
        }
        let Some(overall) = overall(&self.lanes.borrow()) else { return };
        if self.told.borrow().as_ref() != Some(&overall) {
            *self.told.borrow_mut() = Some(overall.clone());
            (self.tell)(overall);
        }
    }
}

/// The worst of all: one blind mailbox is what the user should know of. `None` while some have
/// not been heard of and the others are well.
fn overall(lanes: &[Option<Health>]) -> Option<Health> {
    let find =
        |wanted: fn(&Health) -> bool| lanes.iter().flatten().find(|health| wanted(health)).cloned();
    if let Some(stopped) = find(|health| matches!(health, Health::Stopped { .. })) {
        return Some(stopped);
    }
    if let Some(unreachable) = find(|health| matches!(health, Health::Unreachable { .. })) {
        return Some(unreachable);
    }
    let mut progress = None;
    for health in lanes.iter().flatten() {
        if let Health::CatchingUp { done, total } = health {
            let (so_far, in_all): (u32, u32) = progress.unwrap_or_default();
            progress = Some((so_far.saturating_add(*done), in_all.saturating_add(*total)));
        }
    }
    if let Some((done, total)) = progress {
        return Some(Health::CatchingUp { done, total });
    }
    lanes.iter().all(Option::is_some).then_some(Health::Watching)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped() -> Health {
        Health::Stopped { words: "no such mailbox".to_owned() }
    }

    #[test]
    fn one_blind_mailbox_is_not_hidden_by_a_good_one() {
        assert_eq!(overall(&[Some(Health::Watching), Some(stopped())]), Some(stopped()));
    }

    #[test]
    fn all_is_well_only_when_all_have_said_so() {
        assert_eq!(overall(&[Some(Health::Watching), None]), None);
        assert_eq!(
            overall(&[Some(Health::Watching), Some(Health::Watching)]),
            Some(Health::Watching)
        );
    }

    #[test]
    fn progress_is_added_up() {
        let half = Some(Health::CatchingUp { done: 5, total: 10 });
        let sum = Some(Health::CatchingUp { done: 10, total: 20 });
        assert_eq!(overall(&[half.clone(), Some(Health::Watching), half]), sum);
    }

    #[test]
    fn the_same_is_not_told_twice() {
        let told = RefCell::new(Vec::new());
        let tell = |health| told.borrow_mut().push(health);
        let board = Board::new(1, &tell);
        board.note(0, Health::Watching);
        board.note(0, Health::Watching);
        assert_eq!(*told.borrow(), [Health::Watching]);
    }
}
