//! The life of a reply (design.md §5), in the store.

use std::sync::{Arc, Barrier};

use goen::outbox::state::{Outcome, Proof, Reply, State, Why};
use goen::outbox::{OutboxError, Truth, UnderWay};
use goen::reply::Digest;
use goen::store::Store;

use crate::support::replies::*;

fn reply(code: u16, text: &str) -> Reply {
    Reply { code, text: text.into() }
}

fn accepted() -> Outcome {
    Outcome::Accepted(reply(250, "2.0.0 Ok: queued as 4F1C2"))
}

fn lost() -> Outcome {
    Outcome::Lost("silence".into())
}

#[test]
fn a_reply_is_approved_claimed_and_sent() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let claim = claim(&outbox, after(1)).unwrap();
    assert_eq!((claim.mail_id(), claim.account()), (id, "uni"));
    let sent = outbox.settle(claim.id(), accepted(), after(2)).unwrap();
    assert_eq!(sent, State::Sent(Proof::Accepted(reply(250, "2.0.0 Ok: queued as 4F1C2"))));
    let entry = outbox.entry(id).unwrap().unwrap();
    assert_eq!((entry.state, entry.changed_at), (sent, after(2)));
}

#[test]
fn nothing_is_claimed_without_an_approval() {
    let (outbox, _) = outbox();
    assert!(claim(&outbox, after(100)).is_none());
    assert_eq!(outbox.next_due().unwrap(), None);
}

#[test]
fn an_approval_of_another_text_is_refused_and_told_the_present_one() {
    let (outbox, id) = outbox();
    let shown = outbox.entry(id).unwrap().unwrap().digest;
    let mut changed = draft();
    changed.body.push_str("追伸\n");
    outbox.edit(id, &changed, now()).unwrap();
    let fresh = outbox.entry(id).unwrap().unwrap().digest;
    let refused = outbox.approve(id, &shown, after(1), &in_japan(now())).unwrap_err();
    assert!(matches!(refused, OutboxError::Changed { fresh: it } if it == fresh));
    assert!(claim(&outbox, after(2)).is_none());
}

#[test]
fn each_field_that_is_approved_is_in_the_digest() {
    let (outbox, id) = outbox();
    let mut digests = vec![outbox.entry(id).unwrap().unwrap().digest];
    let alterations: [fn(&mut goen::reply::Draft); 8] = [
        |draft| draft.from.addr_spec = "x@example.jp".into(),
        |draft| draft.from.name = None,
        |draft| draft.to.addr_spec = "x@example.co.jp".into(),
        |draft| draft.to.name = None,
        |draft| draft.subject.push('x'),
        |draft| draft.body.push('x'),
        |draft| draft.in_reply_to = None,
        |draft| draft.references.clear(),
    ];
    for alter in alterations {
        let mut changed = draft();
        alter(&mut changed);
        outbox.edit(id, &changed, now()).unwrap();
        digests.push(outbox.entry(id).unwrap().unwrap().digest);
    }
    let count = digests.len();
    digests.sort_by(|a, b| a.0.cmp(&b.0));
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[test]
fn an_edit_voids_the_approval() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    outbox.edit(id, &draft(), now()).unwrap();
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Draft);
    assert!(claim(&outbox, after(1)).is_none());
}

#[test]
fn an_open_place_cannot_be_approved() {
    for mark in ["〇〇", "○○"] {
        let (outbox, id) = outbox();
        let mut open = draft();
        open.body.push_str(mark);
        outbox.edit(id, &open, now()).unwrap();
        let digest = outbox.entry(id).unwrap().unwrap().digest;
        let refused = outbox.approve(id, &digest, after(1), &in_japan(now())).unwrap_err();
        assert!(matches!(refused, OutboxError::Placeholder(_)), "{mark}");
    }
}

#[test]
fn a_draft_that_cannot_be_sent_cannot_be_approved() {
    let (outbox, id) = outbox();
    let mut odd = draft();
    odd.to.addr_spec = "@docomo.ne.jp".into();
    outbox.edit(id, &odd, now()).unwrap();
    let digest = outbox.entry(id).unwrap().unwrap().digest;
    let refused = outbox.approve(id, &digest, after(1), &in_japan(now())).unwrap_err();
    assert!(matches!(refused, OutboxError::Compose(_)));
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Draft);
}

#[test]
fn an_approval_can_be_undone_until_the_claim() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    outbox.undo(id, now()).unwrap();
    assert!(claim(&outbox, after(1)).is_none());

    approve(&outbox, id);
    let _claim = claim(&outbox, after(1)).unwrap();
    assert!(matches!(outbox.undo(id, after(1)), Err(OutboxError::Illegal(_))));
}

#[test]
fn nothing_leaves_before_it_is_due() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    assert_eq!(outbox.next_due().unwrap(), Some(after(1)));
    assert!(claim(&outbox, now()).is_none());
    assert!(claim(&outbox, after(1)).is_some());
}

#[test]
fn a_claim_is_given_once() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let _claim = claim(&outbox, after(1)).unwrap();
    assert!(claim(&outbox, after(1)).is_none());
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Sending);
}

#[test]
fn an_account_in_trouble_keeps_its_replies() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    assert!(outbox.claim_due(after(1), |account| account != "uni").unwrap().is_none());
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Approved);
}

#[test]
fn message_id_and_bytes_are_fixed_at_approval_and_new_with_each_one() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let first = outbox.entry(id).unwrap().unwrap().approval.unwrap().message_id;
    outbox.undo(id, now()).unwrap();
    approve(&outbox, id);
    let second = outbox.entry(id).unwrap().unwrap().approval.unwrap().message_id;
    assert_ne!(first, second);
    assert!(second.ends_with("@example.jp"), "{second}");
}

#[test]
fn a_submission_that_did_not_start_is_due_again_later_and_later() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let mut at = after(1);
    for minutes in [5, 10, 20, 40, 80, 160, 240, 240] {
        let claim = claim(&outbox, at).unwrap();
        let state = outbox.settle(claim.id(), Outcome::NotStarted("offline".into()), at).unwrap();
        assert_eq!(state, State::Approved);
        let approval = outbox.entry(id).unwrap().unwrap().approval.unwrap();
        assert_eq!(approval.due_at, at + jiff::SignedDuration::from_mins(minutes));
        assert_eq!((approval.planned_at, approval.words), (after(1), "offline".into()));
        assert!(claim_is_gone(&outbox, at));
        at = approval.due_at;
    }
}

fn claim_is_gone(outbox: &goen::outbox::Outbox, at: jiff::Timestamp) -> bool {
    claim(outbox, at).is_none()
}

#[test]
fn a_server_that_puts_a_reply_off_for_two_days_is_given_up() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let mut at = after(1);
    let mut attempts = 0;
    let end = loop {
        let claim = claim(&outbox, at).unwrap();
        attempts += 1;
        let later = Outcome::Deferred(reply(451, "4.7.1 greylisted"));
        match outbox.settle(claim.id(), later, at).unwrap() {
            State::Approved => at = outbox.next_due().unwrap().unwrap(),
            end => break end,
        }
    };
    assert_eq!(end, State::Failed(Why::GaveUp("451 4.7.1 greylisted".into())));
    assert!(at <= after(1 + 48 * 60));
    assert_eq!(attempts, 17);
}

#[test]
fn a_refusal_is_kept_with_the_servers_words_and_can_be_approved_anew() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let first = claim(&outbox, after(1)).unwrap();
    let refused = reply(550, "5.1.1 no such user");
    outbox.settle(first.id(), Outcome::Refused(refused.clone()), after(1)).unwrap();
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Failed(Why::Refused(refused)));
    assert!(claim(&outbox, after(100)).is_none());

    approve(&outbox, id);
    let second = claim(&outbox, after(100)).unwrap();
    assert_ne!(first.id(), second.id());
}

#[test]
fn silence_is_uncertain_and_never_retried() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let first = claim(&outbox, after(1)).unwrap();
    assert_eq!(outbox.settle(first.id(), lost(), after(1)).unwrap(), State::Uncertain);
    assert!(claim(&outbox, after(100)).is_none());
    let digest = outbox.entry(id).unwrap().unwrap().digest;
    assert!(outbox.approve(id, &digest, after(100), &in_japan(after(99))).is_err());
    assert!(outbox.edit(id, &draft(), after(99)).is_err());
    assert!(outbox.discard(id, after(99)).is_err());
}

#[test]
fn a_crash_while_sending_is_uncertain_after_the_restart() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let _claim = claim(&outbox, after(1)).unwrap();
    assert_eq!(outbox.recover(after(2), &UnderWay::default()).unwrap(), [id]);
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Uncertain);
    assert!(claim(&outbox, after(100)).is_none());
}

#[test]
fn an_uncertain_reply_is_settled_by_the_sent_mailbox_or_the_user() {
    for (truth, state) in [
        (Truth::FoundInSent, State::Sent(Proof::InSentMailbox)),
        (Truth::UserSaysArrived, State::Sent(Proof::ToldByUser)),
        (Truth::UserSaysNot, State::Failed(Why::ToldByUser)),
    ] {
        let (outbox, id) = outbox();
        assert!(outbox.resolve(id, truth, now()).is_err(), "not before it is uncertain");
        approve(&outbox, id);
        let claim = claim(&outbox, after(1)).unwrap();
        outbox.settle(claim.id(), lost(), after(1)).unwrap();
        assert_eq!(outbox.resolve(id, truth, after(2)).unwrap(), state);
        assert_eq!(outbox.entry(id).unwrap().unwrap().state, state);
    }
}

#[test]
fn the_answer_counts_even_if_another_goen_called_it_uncertain_meanwhile() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let claim = claim(&outbox, after(1)).unwrap();
    outbox.recover(after(1), &UnderWay::default()).unwrap();
    assert!(matches!(outbox.settle(claim.id(), accepted(), after(2)).unwrap(), State::Sent(_)));
}

/// A daemon waits for the answer; another one called the reply uncertain, and the user called it lost.
fn believed_lost() -> (goen::outbox::Outbox, i64, i64) {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let claim = claim(&outbox, after(1)).unwrap();
    outbox.recover(after(1), &UnderWay::default()).unwrap();
    outbox.resolve(id, Truth::UserSaysNot, after(2)).unwrap();
    (outbox, id, claim.id())
}

#[test]
fn a_yes_that_comes_late_is_not_dropped_although_the_user_called_it_lost() {
    let (outbox, id, claim_id) = believed_lost();
    assert!(matches!(outbox.settle(claim_id, accepted(), after(3)).unwrap(), State::Sent(_)));
    assert!(matches!(outbox.entry(id).unwrap().unwrap().state, State::Sent(Proof::Accepted(_))));
    let digest = outbox.entry(id).unwrap().unwrap().digest;
    assert!(outbox.approve(id, &digest, after(4), &in_japan(after(4))).is_err(), "it is there");
}

#[test]
fn a_yes_that_comes_late_keeps_what_was_approved_instead_from_leaving() {
    let (outbox, id, claim_id) = believed_lost();
    approve(&outbox, id);
    assert!(matches!(outbox.settle(claim_id, accepted(), after(3)).unwrap(), State::Sent(_)));
    assert!(claim(&outbox, after(100)).is_none(), "one of them is enough");
    let entry = outbox.entry(id).unwrap().unwrap();
    assert!(matches!(entry.state, State::Sent(Proof::Accepted(_))), "{:?}", entry.state);
    assert_eq!(outbox.errands("uni", after(100)).unwrap().to_file.len(), 1);
}

#[test]
fn a_yes_that_comes_late_is_noted_while_another_copy_is_on_its_way() {
    let (outbox, id, claim_id) = believed_lost();
    approve(&outbox, id);
    let second = claim(&outbox, after(3)).unwrap();
    assert_eq!(outbox.settle(claim_id, accepted(), after(4)).unwrap(), State::Sending);
    // What is heard of the second one still counts, and nothing of either leaves once more.
    assert_eq!(outbox.settle(second.id(), lost(), after(5)).unwrap(), State::Uncertain);
    assert!(claim(&outbox, after(100)).is_none());
}

#[test]
fn a_no_that_comes_late_leaves_the_new_approval_alone() {
    for late in [lost(), Outcome::Refused(reply(550, "5.1.1 x")), Outcome::NotStarted("x".into())] {
        let (outbox, id, claim_id) = believed_lost();
        approve(&outbox, id);
        assert_eq!(outbox.settle(claim_id, late, after(3)).unwrap(), State::Approved);
        assert!(claim(&outbox, after(100)).is_some());
    }
}

/// For the day when the code is wrong: the database itself knows one submission that counts a draft.
#[test]
fn the_store_refuses_a_second_submission_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    let id = fill(&Store::open(&path).unwrap(), 1)[0];
    let outbox = outbox_at(&path);
    approve(&outbox, id);
    let sql = rusqlite::Connection::open(&path).unwrap();
    for state in ["approved", "sending", "uncertain"] {
        let second = "INSERT INTO outbox (draft_id, account, message_id, digest, reverse_path, forward_path, raw,
                      state, approved_at, planned_at, due_at, changed_at)
                      SELECT draft_id, account, 'other@example.jp', digest, reverse_path, forward_path, raw,
                      ?1, approved_at, planned_at, due_at, changed_at FROM outbox";
        let refused = sql.execute(second, [state]).unwrap_err();
        assert!(refused.to_string().contains("outbox.draft_id"), "{refused}");
    }
}

#[test]
fn what_this_process_is_still_submitting_is_not_called_uncertain() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let under_way = UnderWay::default();
    let claim = claim(&outbox, after(1)).unwrap();
    let busy = under_way.note(&claim);
    assert!(outbox.recover(after(2), &under_way.clone()).unwrap().is_empty());
    drop(busy);
    assert_eq!(outbox.recover(after(2), &under_way).unwrap(), [id]);
}

#[test]
fn a_stale_approval_asks_again_instead_of_sending() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let just_in_time = after(1 + 48 * 60);
    let too_late = just_in_time + jiff::SignedDuration::from_secs(1);
    assert!(outbox.ask_again(just_in_time).unwrap().is_empty());
    assert!(claim(&outbox, too_late).is_none());
    assert_eq!(outbox.ask_again(too_late).unwrap(), [id]);
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Draft);
}

#[test]
fn a_reply_whose_hour_passed_waits_for_the_next_one() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    // Planned for a good moment; the machine slept, and now it is night. Morning is in ten hours.
    let fit = |time| if time < after(60) { time } else { after(600) };
    outbox.wait_for_hours(after(60), fit).unwrap();
    assert!(claim(&outbox, after(60)).is_none());
    assert_eq!(outbox.next_due().unwrap(), Some(after(600)));
    outbox.wait_for_hours(after(600), |time| time).unwrap();
    assert!(claim(&outbox, after(600)).is_some());
}

#[test]
fn a_reply_that_the_user_sends_at_once_leaves_at_any_hour() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    outbox.wait_for_hours(after(1), |_| after(600)).unwrap();
    assert!(claim(&outbox, after(1)).is_some());
}

#[test]
fn an_approval_that_is_put_off_is_the_same_approval_later() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let before = outbox.entry(id).unwrap().unwrap().approval.unwrap();
    outbox.postpone(id, after(600), now()).unwrap();
    assert!(claim(&outbox, after(599)).is_none());
    let put_off = outbox.entry(id).unwrap().unwrap().approval.unwrap();
    assert_eq!((put_off.message_id, put_off.planned_at), (before.message_id, after(600)));
    assert!(claim(&outbox, after(600)).is_some());
}

#[test]
fn an_answer_from_elsewhere_retires_a_reply_and_a_revived_one_stays() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let looked_for = outbox.errands("uni", now()).unwrap().open;
    assert_eq!(looked_for, [(id, message_id("kekka-1@example.co.jp"))]);
    outbox.retire(id, now()).unwrap();
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Retired);
    assert!(claim(&outbox, after(100)).is_none(), "nothing of it leaves");
    outbox.edit(id, &draft(), now()).unwrap();
    assert!(outbox.errands("uni", now()).unwrap().open.is_empty());
    approve(&outbox, id);
    assert!(claim(&outbox, after(1)).is_some());
}

#[test]
fn what_is_on_its_way_is_not_retired() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let claim = claim(&outbox, after(1)).unwrap();
    assert!(matches!(outbox.retire(id, after(1)), Err(OutboxError::Illegal(_))));
    outbox.settle(claim.id(), lost(), after(1)).unwrap();
    assert!(matches!(outbox.retire(id, after(2)), Err(OutboxError::Illegal(_))));
}

#[test]
fn filing_that_fails_is_tried_a_few_times_and_what_was_sent_stays_sent() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    let claim = claim(&outbox, after(1)).unwrap();
    assert_eq!(outbox.next_filing().unwrap(), None);
    outbox.settle(claim.id(), accepted(), after(1)).unwrap();
    let sent = outbox.entry(id).unwrap();
    let mut tries = 0;
    while let Some(due) = outbox.next_filing().unwrap() {
        let to_file = outbox.errands("uni", due).unwrap().to_file;
        assert_eq!((to_file.len(), to_file[0].mail_id()), (1, id));
        outbox.filing_failed(&to_file[0], due).unwrap();
        tries += 1;
    }
    assert_eq!(tries, 6);
    assert_eq!(outbox.entry(id).unwrap(), sent);
}

#[test]
fn what_the_user_wrote_or_threw_away_is_never_overwritten() {
    let (outbox, id) = outbox();
    let mut mine = draft();
    mine.body = "自分の言葉\n".into();
    outbox.edit(id, &mine, now()).unwrap();
    assert!(!outbox.offer(id, &draft(), now()).unwrap());
    assert_eq!(outbox.entry(id).unwrap().unwrap().draft, mine);
    outbox.discard(id, now()).unwrap();
    assert!(!outbox.offer(id, &draft(), now()).unwrap());
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Discarded);
    outbox.edit(id, &mine, now()).unwrap();
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Draft);
}

#[test]
fn a_draft_is_not_taken_away_once_it_was_approved() {
    let (outbox, id) = outbox();
    approve(&outbox, id);
    assert!(!outbox.take_away(id, &draft()).unwrap());
    outbox.undo(id, now()).unwrap();
    assert!(!outbox.take_away(id, &draft()).unwrap(), "what became of the approval stays known");
    let (outbox, id) = self::outbox();
    assert!(outbox.take_away(id, &draft()).unwrap(), "nobody has touched this one");
}

#[test]
fn a_mail_without_a_draft_has_nothing_to_approve() {
    let (outbox, _) = outbox();
    let digest = Digest("00".into());
    let refused = outbox.approve(999, &digest, after(1), &in_japan(now())).unwrap_err();
    assert!(matches!(refused, OutboxError::NoDraft(999)));
    assert!(outbox.settle(999, accepted(), now()).is_err());
}

/// Runs `work` on two connections to one store at the same moment, `rounds` times.
fn at_once<T: Send + 'static>(
    prepare: impl Fn(&goen::outbox::Outbox, i64),
    work: fn(&goen::outbox::Outbox, i64) -> T,
) -> Vec<Vec<T>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    let ids = fill(&Store::open(&path).unwrap(), 20);
    let mut rounds = Vec::new();
    for id in ids {
        prepare(&outbox_at(&path), id);
        let barrier = Arc::new(Barrier::new(2));
        let hands = [0, 1].map(|_| {
            let (barrier, outbox) = (barrier.clone(), outbox_at(&path));
            std::thread::spawn(move || {
                barrier.wait();
                work(&outbox, id)
            })
        });
        rounds.push(hands.into_iter().map(|hand| hand.join().unwrap()).collect());
    }
    rounds
}

#[test]
fn two_daemons_at_once_get_one_claim() {
    let rounds = at_once(approve, |outbox, _| claim(outbox, after(1)).is_some());
    for claims in rounds {
        assert_eq!(claims.iter().filter(|got| **got).count(), 1);
    }
}

#[test]
fn approvals_from_two_places_at_once_give_one() {
    let rounds = at_once(
        |_, _| {},
        |outbox, id| {
            let digest = outbox.entry(id).unwrap().unwrap().digest;
            outbox.approve(id, &digest, after(1), &in_japan(now())).is_ok()
        },
    );
    for approvals in rounds {
        assert_eq!(approvals.iter().filter(|done| **done).count(), 1);
    }
}
