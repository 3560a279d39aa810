use proptest::prelude::*;

use super::*;
use crate::domain::fixture::{at, body, read};
use crate::domain::link::retired;
use crate::domain::outcome::{self, Outcome};
use crate::domain::word::{Class, SyncWord};

/// A bond whose writes were these, the last one confirmed.
fn written(texts: &[&str]) -> Link {
    let mut link = Link::new(Wish::Present(body(texts[0])), at(0));
    for (n, text) in texts.iter().enumerate() {
        link.wish = Wish::Present(body(text));
        let op = if n == 0 { Op::Create } else { Op::Update };
        outcome::begin(&mut link, op, body(text), at(1));
        outcome::settle(&mut link, Outcome::Holds(read(&body(text))), at(2));
    }
    link
}

fn doubted(mut link: Link, told: Option<TargetEntry>) -> Link {
    link.doubt = Some(Doubt { at: at(10), told });
    link
}

fn this(entry: &TargetEntry) -> Found {
    Found::This(Box::new(read(entry)), entry.clone())
}

#[test]
fn a_copy_comes_next_and_an_update_at_once() {
    let last = |event: &Event, digest, s| Last { event: event.clone(), digest, at: at(s) };
    let (updated, deleted) = (Event::EntryUpdated, Event::EntryDeleted);
    assert!(is_copy(&last(&updated, 1, 0), &last(&updated, 1, 120)));
    assert!(!is_copy(&last(&updated, 1, 0), &last(&updated, 1, 121)), "an edit and its reversal");
    assert!(is_copy(&last(&deleted, 1, 0), &last(&deleted, 1, 86_400)));
    assert!(!is_copy(&last(&updated, 1, 0), &last(&deleted, 1, 1)));
    assert!(!is_copy(&last(&updated, 2, 0), &last(&updated, 1, 1)));
}

#[test]
fn what_a_delivery_means() {
    let link = written(&["one", "two"]);
    let theirs = TargetEntry { billable: false, ..body("two") };
    for (told, heard) in [
        (Some(body("two")), Heard::Echo),
        (Some(body("one")), Heard::Echo),
        (Some(body("three")), Heard::Doubt),
        (Some(theirs), Heard::Doubt),
        (None, Heard::Doubt),
    ] {
        assert_eq!(hear(&link, told.as_ref()), heard, "{told:?}");
    }
    let mut adopted = written(&["one"]);
    adopted.echoes.clear();
    assert_eq!(hear(&adopted, Some(&body("one"))), Heard::Known, "an adopted entry has no echo");
    let mut deleting = written(&["one"]);
    outcome::begin(&mut deleting, Op::Delete, body("one"), at(3));
    assert_eq!(hear(&deleting, None), Heard::Echo);
}

#[test]
fn words_that_the_service_trims_are_ours() {
    let mut link = Link::new(Wish::Present(body(" padded ")), at(0));
    outcome::begin(&mut link, Op::Create, body(" padded "), at(1));
    outcome::settle(&mut link, Outcome::Holds(read(&body("padded"))), at(2));
    assert_ne!(hear(&link, Some(&body("padded"))), Heard::Doubt);
    let mut link = doubted(link, Some(body("else")));
    assert_eq!(looked(&mut link, this(&body("padded")), at(11), at(12)), Saw::Ours);
    assert_eq!(link.word(false), SyncWord::Synced);
}

#[test]
fn nothing_is_sent_over_what_is_not_read_yet() {
    let mut link = doubted(written(&["one"]), Some(body("theirs")));
    link.wish = Wish::Present(body("newer"));
    assert_eq!(link.next(), None);
    assert_eq!((link.class(), link.word(false)), (Class::Doubtful, SyncWord::Queued));
    assert_eq!(link.word(true), SyncWord::WaitingQuota);
    assert_eq!(looked(&mut link, this(&body("one")), at(11), at(12)), Saw::Ours);
    assert_eq!(link.next().map(|n| n.0), Some(Op::Update));
}

#[test]
fn a_read_that_left_before_the_delivery_settles_nothing() {
    let mut link = doubted(written(&["one"]), Some(body("theirs")));
    assert_eq!(looked(&mut link, this(&body("one")), at(9), at(12)), Saw::Ours);
    assert!(link.doubt.is_some());
    assert_eq!(looked(&mut link, this(&body("theirs")), at(13), at(14)), Saw::Conflict);
    assert!(link.doubt.is_none());
}

#[test]
fn an_edit_becomes_a_conflict_with_both_values() {
    let mut link = doubted(written(&["one"]), Some(body("theirs")));
    assert_eq!(looked(&mut link, this(&body("theirs")), at(11), at(12)), Saw::Conflict);
    assert_eq!(link.word(false), SyncWord::Conflict);
    assert_eq!(link.wish, Wish::Present(body("one")));
    assert_eq!(link.there.as_ref().map(|t| t.entry.clone()), Some(body("theirs")));
    assert_eq!(link.next(), None);
    link.wish = Wish::Present(body("theirs"));
    rewished(&mut link);
    assert_eq!(link.word(false), SyncWord::Synced, "both sides agree now");
}

#[test]
fn an_entry_that_runs_again_keeps_its_conflict() {
    let mut link = doubted(written(&["one"]), Some(body("theirs")));
    looked(&mut link, this(&body("theirs")), at(11), at(12));
    link.wish = Wish::Wait(SyncWord::Running);
    rewished(&mut link);
    assert_eq!(link.word(false), SyncWord::Conflict);
}

#[test]
fn a_deletion_becomes_a_conflict_and_a_restored_entry_ends_it() {
    let mut link = doubted(written(&["one"]), None);
    assert_eq!(looked(&mut link, Found::Nothing, at(11), at(12)), Saw::Conflict);
    assert!(is_gone(&link));
    assert_eq!(hear(&link, None), Heard::Known, "told twice");
    assert_eq!(hear(&link, Some(&body("one"))), Heard::Doubt, "restored");
    link.doubt = Some(Doubt { at: at(20), told: Some(body("one")) });
    assert_eq!(looked(&mut link, this(&body("one")), at(21), at(22)), Saw::Ours);
    assert_eq!(link.word(false), SyncWord::Synced);
}

#[test]
fn what_is_deleted_on_both_sides_is_no_conflict() {
    for wish in [Wish::Gone, Wish::Retired] {
        let mut link = doubted(written(&["one"]), None);
        link.wish = wish.clone();
        assert_eq!(looked(&mut link, Found::Nothing, at(11), at(12)), Saw::Ours);
        assert_eq!((link.there, link.trouble), (None, None));
        let mut late = doubted(written(&["one"]), None);
        looked(&mut late, Found::Nothing, at(11), at(12));
        late.wish = wish;
        rewished(&mut late);
        assert_eq!((late.there, late.trouble), (None, None), "the source deletes it later");
    }
}

#[test]
fn a_retirement_that_an_older_state_does_not_know_of_is_ours() {
    for (wish, adopted) in [(Wish::Retired, false), (Wish::Gone, true)] {
        let mut link = doubted(written(&["one"]), Some(retired(&body("one"))));
        link.there.as_mut().unwrap().adopted = adopted;
        link.wish = wish.clone();
        let mut edited = link.clone();
        assert_eq!(looked(&mut link, this(&retired(&body("one"))), at(11), at(12)), Saw::Ours, "{wish:?}");
        assert_eq!(link.word(false), SyncWord::Synced, "{wish:?}");
        let theirs = TargetEntry { description: "theirs".into(), ..retired(&body("one")) };
        assert_eq!(looked(&mut edited, this(&theirs), at(11), at(12)), Saw::Conflict, "{wish:?}");
    }
}

#[test]
fn where_theirs_stays_their_next_edit_stays_too() {
    let mut link = written(&["one"]);
    link.wish = Wish::Left;
    let mut changed = doubted(link.clone(), Some(body("theirs")));
    assert_eq!(looked(&mut changed, this(&body("theirs")), at(11), at(12)), Saw::Theirs);
    assert_eq!((changed.word(false), changed.next()), (SyncWord::Synced, None));
    let mut gone = doubted(link, None);
    assert_eq!(looked(&mut gone, Found::Nothing, at(11), at(12)), Saw::Theirs);
    assert!(matches!(gone.word(false), SyncWord::Skipped(_)), "nothing that is gone is called synced");
    gone.wish = Wish::Present(body("newer"));
    rewished(&mut gone);
    assert_eq!(gone.word(false), SyncWord::Conflict, "never made again without asking");
}

proptest! {
    #[test]
    fn any_of_the_last_eight_writes_is_an_echo_in_any_order(
        count in 1_usize..30, picks in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let texts: Vec<String> = (0..count).map(|n| format!("write {n}")).collect();
        let link = written(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let newest = &texts[count.saturating_sub(8)..];
        for pick in picks {
            prop_assert_eq!(hear(&link, Some(&body(&newest[pick.index(newest.len())]))), Heard::Echo);
        }
        if count > 8 {
            prop_assert_eq!(hear(&link, Some(&body(&texts[0]))), Heard::Doubt);
        }
    }

    /// Echoes come late, twice and in any order among a person's edit: the edit always ends as a conflict that holds it,
    /// and after either decision nothing is sent to and fro.
    #[test]
    fn a_persons_edit_is_never_lost_and_never_fought_over(
        writes in 1_usize..8, late in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        place in any::<prop::sample::Index>(), deleted in any::<bool>(), ours_wins in any::<bool>(),
    ) {
        let texts: Vec<String> = (0..writes).map(|n| format!("write {n}")).collect();
        let mut link = written(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let theirs = (!deleted).then(|| body("theirs"));
        let mut told: Vec<Option<TargetEntry>> = late.iter().map(|i| Some(body(&texts[i.index(texts.len())]))).collect();
        told.insert(place.index(told.len() + 1), theirs.clone());
        let found = || theirs.as_ref().map_or(Found::Nothing, this);
        for (n, told) in told.iter().enumerate() {
            let now = at(100) + TimeDelta::seconds(n as i64);
            if hear(&link, told.as_ref()) == Heard::Doubt {
                link.doubt = Some(Doubt { at: now, told: told.clone() });
                looked(&mut link, found(), now, now);
            }
            prop_assert_eq!(link.next(), None);
        }
        prop_assert_eq!(link.word(false), SyncWord::Conflict);
        decide(&mut link, ours_wins);
        let mut sent = 0;
        while let Some((op, ours)) = link.next() {
            sent += 1;
            prop_assert!(sent < 3);
            outcome::begin(&mut link, op, ours.clone(), at(500));
            prop_assert_ne!(hear(&link, Some(&ours)), Heard::Doubt);
            outcome::settle(&mut link, Outcome::Holds(read(&ours)), at(501));
            prop_assert_eq!(hear(&link, Some(&ours)), Heard::Echo);
        }
        prop_assert_eq!(sent, u32::from(ours_wins));
        let there = link.there.as_ref().map(|t| t.entry.clone());
        if ours_wins {
            prop_assert_eq!(there, Some(body(&texts[writes - 1])));
        } else if let Some(theirs) = theirs {
            prop_assert_eq!(there, Some(theirs));
        }
    }
}
