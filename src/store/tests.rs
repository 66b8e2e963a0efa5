use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::application::Story;
use crate::classify::{Channel, Door, Evidence, ReplyAdvice, Stage};
use crate::tell::pace::Item;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn cursor(last_uid: u32) -> Cursor {
    Cursor { uid_validity: UidValidity(7), last_uid, old_up_to: 0 }
}

fn found(uid: u32, message_id: &str, outcome: Outcome) -> Found {
    let mail = Mail {
        message_id: MessageId::new(message_id),
        in_reply_to: vec![],
        references: vec![],
        date: Some(at(1_000)),
        subject: "選考結果のご連絡".to_owned(),
        from: vec![],
        sender: None,
        reply_to: vec![],
        to: vec![],
        cc: vec![],
        marks: crate::mail::Marks::default(),
        body: vec![],
        alternative: vec![],
        attached: vec![],
        attachments: vec![],
        lang: Lang::Ja,
        charset_guessed: false,
        truncated: false,
    };
    let verdict = Verdict {
        lang: Lang::Ja,
        outcome,
        confidence: 0.9,
        stage: Stage::Document,
        company: None,
        position: None,
        wording: None,
        door: Door::Neutral,
        channel: Channel::Company,
        replyable: true,
        reply: ReplyAdvice::NotNeeded,
        evidence: vec![Evidence { cue: "ja/test".to_owned(), text: "見送り".to_owned() }],
        results: vec![],
        corrected: None,
    };
    Found { uid: Uid(uid), received_at: at(1_000), mail, verdict }
}

fn batch(found: Vec<Found>) -> Batch {
    Batch { found, set_aside: vec![] }
}

#[test]
fn the_cursor_moves_with_the_mails_it_has_passed() {
    let store = Store::in_memory().unwrap();
    assert_eq!(store.cursor("uni", "INBOX").unwrap(), None);
    let new = store
        .keep(
            "uni",
            "INBOX",
            &batch(vec![found(5, "a@example.jp", Outcome::Declined)]),
            cursor(5),
            Announce::From(at(1)),
            at(1),
        )
        .unwrap();
    assert_eq!(new.len(), 1);
    assert_eq!(store.cursor("uni", "INBOX").unwrap(), Some(cursor(5)));
    assert_eq!(store.mail(new[0]).unwrap().unwrap().verdict.outcome, Outcome::Declined);
}

#[test]
fn the_same_mail_in_two_accounts_is_one_result() {
    let store = Store::in_memory().unwrap();
    let mail = || batch(vec![found(5, "a@example.jp", Outcome::Declined)]);
    assert_eq!(
        store.keep("uni", "INBOX", &mail(), cursor(5), Announce::From(at(1)), at(1)).unwrap().len(),
        1
    );
    assert_eq!(
        store
            .keep("home", "INBOX", &mail(), cursor(9), Announce::From(at(2)), at(2))
            .unwrap()
            .len(),
        0
    );
    assert_eq!(store.mails(&Outcome::ALL, 10).unwrap().len(), 1);
}

#[test]
fn two_mails_with_one_message_id_but_other_words_are_two() {
    let store = Store::in_memory().unwrap();
    let mut other = found(6, "a@example.jp", Outcome::Advanced);
    other.mail.subject = "一次面接のご案内".to_owned();
    let both = batch(vec![found(5, "a@example.jp", Outcome::Declined), other]);
    assert_eq!(
        store.keep("uni", "INBOX", &both, cursor(6), Announce::Quietly, at(1)).unwrap().len(),
        2
    );
}

/// The mails that are still to be told.
fn due(store: &Store) -> Vec<Item> {
    store.due_notifications().unwrap().iter().map(|due| due.item).collect()
}

fn mail_id(item: Item) -> i64 {
    let Item::Mail(id) = item else { panic!("{item:?}") };
    id
}

#[test]
fn a_result_is_told_once_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    let store = Store::open(&path).unwrap();
    let arrival = batch(vec![found(5, "a@example.jp", Outcome::Declined)]);
    store.keep("uni", "INBOX", &arrival, cursor(5), Announce::From(at(10)), at(10)).unwrap();
    let ids = due(&store);
    assert_eq!(store.mark_told(&ids, at(10)).unwrap(), ids);
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(due(&store), []);
    assert_eq!(store.mark_told(&ids, at(99)).unwrap(), []);
}

#[test]
fn a_notification_that_could_not_be_shown_comes_again() {
    let store = Store::in_memory().unwrap();
    let arrival = batch(vec![found(5, "a@example.jp", Outcome::Offer)]);
    store.keep("uni", "INBOX", &arrival, cursor(5), Announce::From(at(10)), at(10)).unwrap();
    let ids = due(&store);
    store.mark_told(&ids, at(10)).unwrap();
    store.give_back(&ids).unwrap();
    assert_eq!(due(&store), ids);
}

#[test]
fn a_mail_that_was_read_here_is_not_told_any_more() {
    let store = Store::in_memory().unwrap();
    let arrival = batch(vec![found(5, "a@example.jp", Outcome::Offer)]);
    store.keep("uni", "INBOX", &arrival, cursor(5), Announce::From(at(10)), at(10)).unwrap();
    let ids = due(&store);
    assert!(!store.is_seen(ids[0]).unwrap());
    store.mark_seen(mail_id(ids[0]), at(11)).unwrap();
    assert!(store.is_seen(ids[0]).unwrap());
    assert_eq!(due(&store), []);
    store.give_back(&ids).unwrap();
    assert_eq!(due(&store), []);
}

#[test]
fn asked_for_quiet_has_an_end_and_can_be_ended() {
    let store = Store::in_memory().unwrap();
    assert_eq!(store.quiet_until(at(1)).unwrap(), None);
    store.set_quiet(Some(at(100))).unwrap();
    store.set_quiet(Some(at(50))).unwrap();
    assert_eq!(store.quiet_until(at(49)).unwrap(), Some(at(50)));
    assert_eq!(store.quiet_until(at(50)).unwrap(), None);
    store.set_quiet(None).unwrap();
    assert_eq!(store.quiet_until(at(1)).unwrap(), None);
}

#[test]
fn the_first_look_back_tells_nothing() {
    let store = Store::in_memory().unwrap();
    let old = batch(vec![found(5, "a@example.jp", Outcome::Declined)]);
    store.keep("uni", "INBOX", &old, cursor(5), Announce::Quietly, at(10)).unwrap();
    assert_eq!(due(&store), []);
    assert_eq!(store.mails(&[Outcome::Declined], 10).unwrap().len(), 1);
}

#[test]
fn mails_in_process_are_kept_but_not_told() {
    let store = Store::in_memory().unwrap();
    let receipt = batch(vec![found(5, "a@example.jp", Outcome::InProcess)]);
    store.keep("uni", "INBOX", &receipt, cursor(5), Announce::From(at(1)), at(1)).unwrap();
    assert_eq!(due(&store), []);
}

#[test]
fn since_stays_while_an_account_stays_unreachable() {
    let store = Store::in_memory().unwrap();
    let down =
        |retry| Health::Unreachable { words: "connection refused".to_owned(), retry_at: at(retry) };
    store.set_health("uni", &down(10), at(1)).unwrap();
    store.set_health("uni", &down(20), at(5)).unwrap();
    assert_eq!(store.accounts().unwrap()[0].since, at(1));
    store.set_health("uni", &Health::Watching, at(7)).unwrap();
    assert_eq!(store.accounts().unwrap()[0].since, at(7));
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    drop(Store::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 999, .. })));
}

#[test]
fn nobody_else_can_read_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/goen.db");
    let store = Store::open(&path).unwrap();
    store.set_health("uni", &Health::Watching, at(1)).unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{}",
            entry.path().display()
        );
    }
    let folder_mode = path.parent().unwrap().metadata().unwrap().permissions().mode();
    assert_eq!(folder_mode & 0o777, 0o700);
}

#[test]
fn many_may_open_a_store_that_is_not_there_yet() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = folder.path().join(format!("{round}.db"));
        std::thread::scope(|scope| {
            let opened: Vec<_> =
                (0..4).map(|_| scope.spawn(|| Store::open(&path).map(drop))).collect();
            for opening in opened {
                opening.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn what_was_told_of_an_account_outlives_its_changes_of_health() {
    let store = Store::in_memory().unwrap();
    assert_eq!(store.told("uni").unwrap(), None);
    let stopped = Health::Stopped { words: "refused".to_owned() };
    store.set_health("uni", &stopped, at(1)).unwrap();
    store.set_told("uni", Some(Told::Stopped)).unwrap();
    store.set_health("uni", &Health::Watching, at(2)).unwrap();
    assert_eq!(store.told("uni").unwrap(), Some(Told::Stopped));
    store.set_told("uni", None).unwrap();
    assert_eq!(store.told("uni").unwrap(), None);
}

#[test]
fn what_is_found_and_how_accounts_change_can_be_followed_without_gap_or_repetition() {
    let store = Store::in_memory().unwrap();
    let unreachable = |at_second| Health::Unreachable {
        words: "no connection".to_owned(),
        retry_at: at(at_second),
    };
    store.set_health("uni", &unreachable(2), at(1)).unwrap();
    store.set_health("uni", &unreachable(5), at(3)).unwrap();
    let first = found(1, "a@example.com", Outcome::Declined);
    store.keep("uni", "INBOX", &batch(vec![first]), cursor(1), Announce::Quietly, at(4)).unwrap();
    let second = found(2, "b@example.com", Outcome::Offer);
    let both = batch(vec![second.clone(), second]);
    store.keep("uni", "INBOX", &both, cursor(2), Announce::From(at(5)), at(5)).unwrap();

    let events = store.events(0, 10).unwrap();
    let told: Vec<(i64, bool)> = events
        .iter()
        .map(|event| match &event.what {
            What::Mail { mail, quiet } => (mail.id, *quiet),
            What::Health { .. } => (0, false),
        })
        .collect();
    assert_eq!(told, [(0, false), (1, true), (2, false)], "{events:?}");
    assert_eq!(store.events(events[1].id, 10).unwrap(), events[2..]);
    assert_eq!(store.events(0, 2).unwrap(), events[..2]);
    assert_eq!(store.newest_event().unwrap(), events[2].id);
}

#[test]
fn events_are_forgotten_after_a_season_and_their_numbers_never_used_again() {
    let store = Store::in_memory().unwrap();
    store.set_health("uni", &Health::Watching, at(1)).unwrap();
    let season = 91 * 24 * 3600;
    store.set_health("uni", &Health::CatchingUp { done: 0, total: 1 }, at(season)).unwrap();
    let events = store.events(0, 10).unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].id, 2);
}

mod applications {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::application::Standing;
    use crate::outbox::when::holidays::Calendar;

    /// A mail of 株式会社青葉 unless it is said otherwise.
    fn mail_of(number: u32, company: &str, position: Option<&str>, outcome: Outcome) -> Found {
        let mut found = found(number, &format!("{number}@example.jp"), outcome);
        found.received_at = at(1_000_000 + i64::from(number) * 3_600);
        found.verdict.company = Some(company.to_owned());
        found.verdict.position = position.map(str::to_owned);
        found
    }

    fn kept(mails: Vec<Found>) -> Store {
        let store = Store::in_memory().unwrap();
        let now = at(2_000_000);
        store.keep("uni", "INBOX", &batch(mails), cursor(9), Announce::From(now), now).unwrap();
        store
    }

    /// The mails of each application, the newest application first.
    fn groups(store: &Store) -> Vec<Vec<i64>> {
        let calendar = Calendar::built_in().unwrap();
        let stories = store.stories(None, &TimeZone::UTC, &calendar).unwrap();
        let ids = |story: &crate::application::Story| {
            story.steps.iter().map(|step| step.mail_id).collect()
        };
        stories.iter().map(ids).collect()
    }

    fn id(store: &Store, mail_id: i64) -> i64 {
        store.application_of(StepId { mail_id, part: 0 }).unwrap().unwrap()
    }

    #[test]
    fn mails_of_one_application_are_one_story_and_two_roles_are_two() {
        let store = kept(vec![
            mail_of(1, "株式会社青葉", Some("営業職"), Outcome::InProcess),
            mail_of(2, "㈱青葉", Some("経理職"), Outcome::InProcess),
            mail_of(3, "青葉 株式会社", Some("営業職"), Outcome::Advanced),
            mail_of(4, "株式会社みどり", None, Outcome::Declined),
        ]);
        assert_eq!(groups(&store), [vec![4], vec![1, 3], vec![2]]);
    }

    #[test]
    fn what_the_user_joins_and_parts_stays_so() {
        let store = kept(vec![
            mail_of(1, "株式会社青葉", None, Outcome::InProcess),
            mail_of(2, "Aoba Inc.", None, Outcome::Advanced),
            mail_of(3, "株式会社青葉", None, Outcome::Declined),
        ]);
        assert_eq!(groups(&store), [vec![1, 3], vec![2]]);
        store.merge(id(&store, 1), id(&store, 2)).unwrap();
        assert_eq!(groups(&store), [vec![1, 2, 3]]);
        store.split(StepId { mail_id: 3, part: 0 }).unwrap();
        assert_eq!(groups(&store), [vec![3], vec![1, 2]]);
        store.rename(id(&store, 1), Some("青葉"), None).unwrap();
        let calendar = Calendar::built_in().unwrap();
        let told = |store: &Store, mail_id| {
            store.story(id(store, mail_id), &TimeZone::UTC, &calendar).unwrap().unwrap()
        };
        assert_eq!(told(&store, 1).company(), Some("青葉"));
        store.rename(id(&store, 1), Some(""), None).unwrap();
        assert_eq!(told(&store, 1).company(), Some("株式会社青葉"));
        store.set_closed(id(&store, 1), Some(at(3_000_000))).unwrap();
        assert_eq!(told(&store, 1).standing(), Standing::Closed);
    }

    #[test]
    fn a_corrected_verdict_is_placed_anew() {
        let store = kept(vec![
            mail_of(1, "株式会社青葉", None, Outcome::InProcess),
            mail_of(2, "株式会社みどり", None, Outcome::Unsure),
        ]);
        assert_eq!(groups(&store), [vec![2], vec![1]]);
        let mut verdict = store.mail(2).unwrap().unwrap().verdict;
        verdict.company = Some("（株）青葉".to_owned());
        verdict.outcome = Outcome::Declined;
        let json = serde_json::to_string(&verdict).unwrap();
        store
            .write(|sql| {
                sql.execute(
                    "UPDATE mail SET verdict = ?1, outcome = 'declined' WHERE id = 2",
                    [json],
                )
                .map_err(StoreError::from)
            })
            .unwrap();
        assert_eq!(groups(&store), [vec![1, 2]]);
    }

    #[test]
    fn a_mail_about_several_is_a_step_of_each() {
        let mut digest = mail_of(3, "", None, Outcome::Mixed);
        digest.verdict.company = None;
        digest.verdict.results =
            [("株式会社青葉", Outcome::Advanced), ("株式会社みどり", Outcome::Declined)]
                .map(|(company, outcome)| crate::classify::ApplicationResult {
                    company: Some(company.to_owned()),
                    position: None,
                    outcome,
                })
                .to_vec();
        let store = kept(vec![
            mail_of(1, "㈱青葉", None, Outcome::InProcess),
            mail_of(2, "㈱みどり", None, Outcome::InProcess),
            digest,
        ]);
        assert_eq!(groups(&store).len(), 2);
        assert_eq!(store.application_of(StepId { mail_id: 3, part: 0 }).unwrap(), None);
        let part = |part| store.application_of(StepId { mail_id: 3, part }).unwrap().unwrap();
        assert_eq!((part(1), part(2)), (id(&store, 1), id(&store, 2)));
    }

    #[test]
    fn a_store_of_before_gets_its_applications_when_it_is_asked() {
        let store = kept(vec![mail_of(1, "株式会社青葉", None, Outcome::Declined)]);
        store.write(|sql| sql.execute("DELETE FROM step", []).map_err(StoreError::from)).unwrap();
        assert_eq!(groups(&store), [vec![1]]);
    }

    #[test]
    fn a_reminder_is_told_once_however_often_it_is_planned() {
        use crate::deadline::Moment;
        use crate::reminder::{Kind, Wanted};

        let store = kept(vec![mail_of(1, "株式会社青葉", None, Outcome::Offer)]);
        let app = id(&store, 1);
        let about = Moment { day: jiff::civil::date(2026, 12, 5), time: None };
        let wanted = Wanted {
            kind: Kind::Answer,
            mail_id: 1,
            part: 0,
            about,
            at: at(2_100_000),
            until: at(2_200_000),
        };
        let plan = |wanted: &[Wanted]| store.plan(&[(app, wanted.to_vec())], 1).unwrap();
        let due = || store.reminders(at(2_050_000)).unwrap();
        assert_eq!(store.unplanned(1).unwrap(), [app]);
        plan(std::slice::from_ref(&wanted));
        assert_eq!(due().len(), 1);
        assert_eq!(store.unplanned(1).unwrap(), [0_i64; 0]);
        assert_eq!(store.unplanned(2).unwrap(), [app], "the settings are others now");
        plan(&[]);
        assert_eq!(due(), [], "a later result took it away");
        plan(std::slice::from_ref(&wanted));
        let item = Item::Reminder(due()[0].id);
        assert_eq!(store.mark_told(&[item], at(2_100_000)).unwrap(), [item]);
        plan(std::slice::from_ref(&wanted));
        assert_eq!(due(), []);
        assert_eq!(store.mark_told(&[item], at(2_100_001)).unwrap(), []);
        store.give_back(&[item]).unwrap();
        assert_eq!(due().len(), 1);
        assert_eq!(store.reminders(at(2_200_000)).unwrap(), [], "of no use any more");
    }
}

/// Takes a mail in that names a company and a position, and says how many applications there are then.
fn applications_with(store: &Store, uid: u32, company: &str, position: Option<&str>) -> usize {
    let mut found = found(uid, &format!("{uid}@example.jp"), Outcome::Advanced);
    found.verdict.company = Some(company.to_owned());
    found.verdict.position = position.map(str::to_owned);
    store
        .keep("uni", "INBOX", &batch(vec![found]), cursor(uid), Announce::Quietly, at(1_000))
        .unwrap();
    stories(store).len()
}

fn stories(store: &Store) -> Vec<Story> {
    let calendar = crate::outbox::when::holidays::Calendar::built_in().unwrap();
    store.stories(None, &jiff::tz::TimeZone::UTC, &calendar).unwrap()
}

fn application_of(store: &Store, mail_id: i64) -> i64 {
    let has = |story: &&Story| story.steps.iter().any(|step| step.mail_id == mail_id);
    stories(store).iter().find(has).unwrap().id
}

#[test]
fn two_applications_that_the_user_makes_one_teach_that_two_names_are_one_company() {
    let store = Store::in_memory().unwrap();
    assert_eq!(applications_with(&store, 1, "Northwind Inc.", Some("Engineer")), 1);
    assert_eq!(applications_with(&store, 2, "ノースウィンド株式会社", Some("Engineer")), 2);
    store.merge(application_of(&store, 1), application_of(&store, 2)).unwrap();
    // Another role at the same company, which writes in one language, then in the other.
    assert_eq!(applications_with(&store, 3, "㈱ノースウィンド", Some("Sales")), 2);
    assert_eq!(applications_with(&store, 4, "Northwind", Some("Sales")), 2);
    assert_eq!(application_of(&store, 3), application_of(&store, 4));
    // Taken apart, they are two again.
    store.split(StepId { mail_id: 2, part: 0 }).unwrap();
    assert_eq!(applications_with(&store, 5, "ノースウィンド", Some("Design")), 4);
    assert_eq!(applications_with(&store, 6, "Northwind", Some("Design")), 5);
}

#[test]
fn a_company_that_the_user_names_in_the_other_language_is_known_by_both_names() {
    let store = Store::in_memory().unwrap();
    applications_with(&store, 1, "Initech", None);
    store.rename(application_of(&store, 1), Some("イニテック株式会社"), None).unwrap();
    assert_eq!(applications_with(&store, 2, "株式会社イニテック", None), 1);
    // A name in the same script is no second name: two companies are more likely than one.
    let store = Store::in_memory().unwrap();
    applications_with(&store, 1, "Initech", None);
    store.rename(application_of(&store, 1), Some("Globex Inc."), None).unwrap();
    assert_eq!(applications_with(&store, 2, "Globex", None), 2);
}
