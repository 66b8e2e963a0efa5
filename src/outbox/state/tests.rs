//! The table of transitions, and what must hold for any sequence of events.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn reply(code: u16) -> Reply {
    Reply { code, text: "words".into() }
}

fn states() -> Vec<State> {
    vec![
        State::Draft,
        State::Approved,
        State::Sending,
        State::Sent(Proof::ToldByUser),
        State::Uncertain,
        State::Failed(Why::ToldByUser),
        State::Discarded,
        State::Retired,
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    vec![
        ("approve", Event::Approve),
        ("edit", Event::Edit),
        ("undo", Event::Undo),
        ("postpone", Event::Postpone),
        ("discard", Event::Discard),
        ("lapse", Event::Lapse),
        ("claim", Event::Claim),
        ("accepted", Event::Submitted(Outcome::Accepted(reply(250)))),
        ("refused", Event::Submitted(Outcome::Refused(reply(550)))),
        ("impossible", Event::Submitted(Outcome::Impossible("words".into()))),
        ("deferred", Event::Submitted(Outcome::Deferred(reply(451)))),
        ("not-started", Event::Submitted(Outcome::NotStarted("words".into()))),
        ("lost", Event::Submitted(Outcome::Lost("words".into()))),
        ("give-up", Event::GiveUp("words".into())),
        ("recover", Event::Recover),
        ("found", Event::Found),
        ("arrived", Event::Arrived),
        ("not-arrived", Event::NotArrived),
        ("elsewhere", Event::AnsweredElsewhere),
    ]
}

#[test]
fn the_table_of_transitions_is_this_one() {
    let mut table = format!("{:<13}", "");
    for state in states() {
        let _ = write!(table, "{:<11}", state.name());
    }
    for (name, event) in events() {
        table = format!("{}\n{name:<13}", table.trim_end());
        for state in states() {
            let next = state.next(event.clone());
            let _ = write!(table, "{:<11}", next.as_ref().map_or("·", State::name));
        }
    }
    insta::assert_snapshot!(table.trim_end(), @r"
                 draft      approved   sending    sent       uncertain  failed     discarded  retired
    approve      approved   ·          ·          ·          ·          approved   ·          ·
    edit         draft      draft      ·          ·          ·          draft      draft      draft
    undo         ·          draft      ·          ·          ·          ·          ·          ·
    postpone     ·          approved   ·          ·          ·          ·          ·          ·
    discard      discarded  discarded  ·          ·          ·          discarded  ·          discarded
    lapse        ·          draft      ·          ·          ·          ·          ·          ·
    claim        ·          sending    ·          ·          ·          ·          ·          ·
    accepted     ·          ·          sent       sent       sent       sent       ·          ·
    refused      ·          ·          failed     sent       failed     failed     ·          ·
    impossible   ·          ·          failed     sent       uncertain  failed     ·          ·
    deferred     ·          ·          approved   sent       uncertain  failed     ·          ·
    not-started  ·          ·          approved   sent       uncertain  failed     ·          ·
    lost         ·          ·          uncertain  sent       uncertain  failed     ·          ·
    give-up      ·          failed     ·          ·          ·          ·          ·          ·
    recover      draft      approved   uncertain  sent       uncertain  failed     discarded  retired
    found        ·          ·          ·          ·          sent       ·          ·          ·
    arrived      ·          ·          ·          ·          sent       ·          ·          ·
    not-arrived  ·          ·          ·          ·          failed     ·          ·          ·
    elsewhere    retired    retired    ·          ·          ·          retired    ·          ·
    ");
}

#[test]
fn an_enhanced_status_code_is_read_only_when_it_fits_the_code() {
    let enhanced =
        |code, text: &str| Reply { code, text: text.into() }.enhanced().map(str::to_owned);
    assert_eq!(enhanced(550, "5.1.1 no such user"), Some("5.1.1".into()));
    assert_eq!(enhanced(550, "2.0.0 odd"), None);
    assert_eq!(enhanced(550, "5.1 odd"), None);
    assert_eq!(enhanced(550, "no such user"), None);
    assert_eq!(enhanced(550, ""), None);
}

#[test]
fn a_state_is_read_back_as_it_was_stored() {
    for state in [
        State::Draft,
        State::Sent(Proof::Accepted(reply(250))),
        State::Failed(Why::Refused(reply(550))),
        State::Failed(Why::GaveUp("words".into())),
    ] {
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
    }
}

/// The far end of a submission: how it looks to us, and whether the server kept a copy.
#[derive(Debug, Clone, Copy)]
enum FarEnd {
    Accepts,
    Refuses,
    Defers,
    BreaksOffEarly,
    KeepsItAndFallsSilent,
    DropsItAndFallsSilent,
    KeepsItAndWeCrash,
    DropsItAndWeCrash,
}

#[derive(Debug, Clone)]
enum Step {
    User(Event),
    Submit(FarEnd),
}

fn step() -> impl Strategy<Value = Step> {
    use FarEnd::*;
    let user = prop::sample::select(vec![
        Event::Approve,
        Event::Edit,
        Event::Undo,
        Event::Postpone,
        Event::Discard,
        Event::Lapse,
        Event::GiveUp("words".into()),
        Event::Recover,
        Event::Arrived,
        Event::AnsweredElsewhere,
    ]);
    let far_end = prop::sample::select(vec![
        Accepts,
        Refuses,
        Defers,
        BreaksOffEarly,
        KeepsItAndFallsSilent,
        DropsItAndFallsSilent,
        KeepsItAndWeCrash,
        DropsItAndWeCrash,
    ]);
    prop_oneof![user.prop_map(Step::User), far_end.prop_map(Step::Submit)]
}

impl FarEnd {
    fn keeps_a_copy(self) -> bool {
        matches!(self, Self::Accepts | Self::KeepsItAndFallsSilent | Self::KeepsItAndWeCrash)
    }

    fn event(self) -> Event {
        match self {
            Self::Accepts => Event::Submitted(Outcome::Accepted(reply(250))),
            Self::Refuses => Event::Submitted(Outcome::Refused(reply(550))),
            Self::Defers => Event::Submitted(Outcome::Deferred(reply(451))),
            Self::BreaksOffEarly => Event::Submitted(Outcome::NotStarted("words".into())),
            Self::KeepsItAndFallsSilent | Self::DropsItAndFallsSilent => {
                Event::Submitted(Outcome::Lost("words".into()))
            }
            Self::KeepsItAndWeCrash | Self::DropsItAndWeCrash => Event::Recover,
        }
    }
}

proptest! {
    /// Whatever the user, the server and the power supply do.
    #[test]
    fn one_approval_leads_to_at_most_one_accepted_copy(steps in prop::collection::vec(step(), 0..64)) {
        let mut state = State::Draft;
        let mut approvals = 0;
        let mut copies = 0;
        for step in steps {
            match step {
                Step::User(event) => {
                    if let Ok(next) = state.clone().next(event.clone()) {
                        approvals += u32::from(event == Event::Approve);
                        state = next;
                    }
                }
                // Without a claim no byte leaves, so the server does nothing either.
                Step::Submit(far_end) => if let Ok(sending) = state.clone().next(Event::Claim) {
                    copies += u32::from(far_end.keeps_a_copy());
                    state = sending.next(far_end.event()).unwrap();
                },
            }
            prop_assert!(copies <= approvals, "{copies} copies of {approvals} approvals");
        }
    }

    #[test]
    fn nothing_leaves_sent(index in 0..19_usize) {
        let (_, event) = events().swap_remove(index);
        if let Ok(next) = State::Sent(Proof::InSentMailbox).next(event) {
            prop_assert!(matches!(next, State::Sent(_)));
        }
    }
}

/// The words a user reads are there in both languages, and differ.
#[test]
fn every_state_is_told_in_both_languages() {
    let mut all = states();
    all.push(State::Sent(Proof::Accepted(reply(250))));
    all.push(State::Sent(Proof::InSentMailbox));
    all.push(State::Failed(Why::Refused(reply(550))));
    all.push(State::Failed(Why::Impossible("words".into())));
    all.push(State::Failed(Why::GaveUp("words".into())));
    for state in all {
        assert_ne!(state.explain(Lang::Ja).what, state.explain(Lang::En).what);
    }
}
