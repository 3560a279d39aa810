//! What an answer of a target does to a bond. An unknown answer is *uncertain*, never "failed".

use chrono::{DateTime, TimeDelta, Utc};

use super::entry::TargetEntry;
use super::link::{Intent, Link, Op, There, Trouble, Uncertain, Wish, fingerprint};
use super::policy::LOOKUPS;
use super::read::TargetRead;
use super::route::{By, Routed};

/// The conflict of an entry that is gone from the target.
pub const DELETED_THERE: &str = "deleted in the target by somebody else";

/// The conflict of an entry that somebody changed in the target.
pub fn changed_there(entry: &TargetEntry) -> String {
    format!("changed in the target: {}", entry.description)
}

/// The conflict of an entry that is perhaps there already.
pub const ALIKE_THERE: &str = "perhaps there already, in another form";

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The target holds this now.
    Holds(TargetRead),
    /// The target holds it no longer.
    Gone,
    /// It may have happened.
    Unknown,
    /// Certainly nothing happened; try again later.
    NotDone,
    /// The entry to change is not there.
    Missing,
    /// Refused for good.
    Refused(String),
}

/// The outcome of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An entry that is the one, in the target's words; tags by name.
    This(Box<TargetRead>, TargetEntry),
    /// Not there.
    Nothing,
}

/// Begins a write: durable before its first byte leaves.
pub fn begin(link: &mut Link, op: Op, body: TargetEntry, now: DateTime<Utc>) {
    if !matches!(op, Op::Delete) {
        link.remember(fingerprint(&body));
    }
    link.open = Some(Intent { op, body, sent_at: now, uncertain: None, unsent: false });
}

/// Takes the answer of a write.
pub fn settle(link: &mut Link, outcome: Outcome, now: DateTime<Utc>) {
    let Some(intent) = link.open.take() else { return };
    match outcome {
        Outcome::Holds(read) => confirm(link, intent, read, now),
        Outcome::Gone => deleted(link),
        Outcome::Missing if intent.op == Op::Delete => deleted(link),
        Outcome::Missing => {
            link.trouble = Some(Trouble::Conflict(DELETED_THERE.into()));
        }
        Outcome::NotDone => {}
        Outcome::Refused(why) => link.trouble = Some(Trouble::Failed(why)),
        Outcome::Unknown => {
            link.open = Some(Intent { uncertain: Some(Uncertain { since: now, lookups: 0 }), ..intent });
        }
    }
}

/// Our deletion is through: whatever was told of the entry before does not matter any more.
fn deleted(link: &mut Link) {
    link.there = None;
    link.doubt = None;
}

/// Takes what the target says that it holds. An answer that is not what was sent confirms nothing: the bond keeps what
/// is there, and says what differs.
fn confirm(link: &mut Link, intent: Intent, read: TargetRead, now: DateTime<Utc>) {
    let adopted = link.there.as_ref().is_some_and(|t| t.adopted);
    let mut entry = intent.body;
    if let Some(what) = differs(&entry, &read) {
        link.trouble = Some(Trouble::Failed(format!("the target keeps another {what} than was sent")));
        entry = TargetEntry {
            user: read.user.clone(),
            project: read.project.clone(),
            start: read.start,
            stop: read.stop.unwrap_or(read.start),
            billable: read.billable,
            ..entry
        };
    } else if read.description != entry.description {
        // A service may trim words; its deliveries tell them trimmed.
        link.remember(fingerprint(&TargetEntry { description: read.description.clone(), ..entry.clone() }));
    }
    link.there = Some(There { id: read.id.clone(), entry, at: now, adopted, carried: read });
}

/// What an answer holds otherwise than was sent. Words are left out: a service may trim them.
pub fn differs(sent: &TargetEntry, read: &TargetRead) -> Option<&'static str> {
    let second = |t: DateTime<Utc>| t.timestamp();
    if sent.user != read.user {
        Some("user")
    } else if sent.project != read.project {
        Some("project")
    } else if second(sent.start) != second(read.start) {
        Some("start")
    } else if read.stop.map(second) != Some(second(sent.stop)) {
        Some("end")
    } else if sent.billable != read.billable {
        Some("billable mark")
    } else {
        None
    }
}

/// When an uncertain write is looked up next.
pub fn lookup_due(intent: &Intent) -> Option<DateTime<Utc>> {
    let uncertain = intent.uncertain.as_ref()?;
    let wait = LOOKUPS.get(usize::from(uncertain.lookups)).copied().unwrap_or(TimeDelta::zero());
    Some(uncertain.since + wait)
}

/// Takes the result of a look-up of an uncertain write.
///
/// A create is adopted, or after two look-ups that found nothing sent again. An update is confirmed when it is as sent, sent
/// again when it is as before, else a conflict. A deletion is confirmed when it is gone.
pub fn looked_up(link: &mut Link, found: Found, now: DateTime<Utc>) {
    let Some(mut intent) = link.open.take() else { return };
    match (intent.op, found) {
        (Op::Create, Found::This(read, entry)) => {
            let id = read.id.clone();
            link.there = Some(There { id, entry, at: now, adopted: intent.unsent, carried: *read });
            // What was sent from here goes where the source says by now.
            let unchanged =
                matches!(&link.wish, Wish::Present(wished) if wished.project == intent.body.project);
            if intent.unsent && unchanged {
                stay(link);
            }
        }
        (Op::Create, Found::Nothing) => {
            let Some(uncertain) = &mut intent.uncertain else { return };
            uncertain.lookups += 1;
            if usize::from(uncertain.lookups) < LOOKUPS.len() {
                link.open = Some(intent);
            }
        }
        (Op::Delete, Found::Nothing) => deleted(link),
        (Op::Delete, Found::This(..)) => {}
        (Op::Update | Op::Retire, Found::Nothing) => {
            link.trouble = Some(Trouble::Conflict(DELETED_THERE.into()));
        }
        (Op::Update | Op::Retire, Found::This(read, entry)) => {
            let before = link.there.as_ref().map(|t| &t.entry);
            if entry == intent.body {
                confirm(link, intent, *read, now);
            } else if before != Some(&entry) {
                link.trouble = Some(Trouble::Conflict(changed_there(&entry)));
                // Whoever decides it decides about what is there now.
                if let Some(there) = &mut link.there {
                    *there = There { entry, at: now, carried: *read, ..there.clone() };
                }
            }
        }
    }
}

/// Adopts what a survey found for a bond that has nothing in the target yet.
pub fn adopt(link: &mut Link, read: TargetRead, entry: TargetEntry, now: DateTime<Utc>) {
    link.there = Some(There { id: read.id.clone(), entry, at: now, adopted: true, carried: read });
    stay(link);
}

/// Links what is perhaps the same entry in another form, for a person to decide which one holds; nothing is sent before.
pub fn suspect(link: &mut Link, read: TargetRead, entry: TargetEntry, now: DateTime<Utc>) {
    link.trouble = Some(Trouble::Conflict(format!("{ALIKE_THERE}: {}", entry.description)));
    link.there = Some(There { id: read.id.clone(), entry, at: now, adopted: true, carried: read });
}

/// What was there already keeps its project, as what was sent keeps its route: a mapping alone moves nothing.
fn stay(link: &mut Link) {
    let Some(project) = link.there.as_ref().and_then(|there| there.entry.project.clone()) else { return };
    let Wish::Present(wished) = &mut link.wish else { return };
    if wished.project.as_ref() == Some(&project) {
        return;
    }
    wished.project = Some(project.clone());
    if let Some(route) = &mut link.route {
        route.to = Routed::To(project);
        route.by = Some(By::Found);
    }
}

/// A create that may be there already, for all we know: looked up once before it is sent.
pub fn look_first(link: &mut Link, body: TargetEntry, now: DateTime<Utc>) {
    let looked = u8::try_from(LOOKUPS.len() - 1).unwrap_or(0);
    let since = now - LOOKUPS.iter().copied().max().unwrap_or_default();
    link.open = Some(Intent {
        op: Op::Create,
        body,
        sent_at: now,
        uncertain: Some(Uncertain { since, lookups: looked }),
        unsent: true,
    });
}

/// After a restart nobody waits for answers: every write under way is uncertain.
pub fn orphan(link: &mut Link, now: DateTime<Utc>) -> bool {
    match &mut link.open {
        Some(intent) if intent.uncertain.is_none() => {
            intent.uncertain = Some(Uncertain { since: now, lookups: 0 });
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{at, body, read};

    fn sent(op: Op, before: Option<&str>) -> Link {
        let mut link = Link::new(Wish::Present(body("new")), at(0));
        link.there = before.map(|b| There {
            id: "x".into(),
            entry: body(b),
            at: at(0),
            adopted: false,
            carried: read(&body(b)),
        });
        begin(&mut link, op, body("new"), at(1));
        settle(&mut link, Outcome::Unknown, at(2));
        link
    }

    #[test]
    fn an_uncertain_create_is_sent_again_only_after_two_look_ups() {
        let mut link = sent(Op::Create, None);
        assert_eq!(lookup_due(link.open.as_ref().unwrap()), Some(at(4)));
        looked_up(&mut link, Found::Nothing, at(4));
        assert_eq!(link.next(), None);
        assert_eq!(lookup_due(link.open.as_ref().unwrap()), Some(at(12)));
        looked_up(&mut link, Found::Nothing, at(12));
        assert_eq!(link.next().map(|n| n.0), Some(Op::Create));
    }

    #[test]
    fn an_uncertain_create_that_is_found_is_ours() {
        let mut link = sent(Op::Create, None);
        looked_up(&mut link, Found::This(Box::new(read(&body("new"))), body("new")), at(4));
        assert_eq!(link.next(), None);
        assert!(!link.there.unwrap().adopted);
    }

    #[test]
    fn an_uncertain_update_is_confirmed_repeated_or_a_conflict() {
        let mut as_sent = sent(Op::Update, Some("old"));
        looked_up(&mut as_sent, Found::This(Box::new(read(&body("new"))), body("new")), at(4));
        assert_eq!(as_sent.next(), None);
        let mut as_before = sent(Op::Update, Some("old"));
        looked_up(&mut as_before, Found::This(Box::new(read(&body("old"))), body("old")), at(4));
        assert_eq!(as_before.next().map(|n| n.0), Some(Op::Update));
        let mut foreign = sent(Op::Update, Some("old"));
        looked_up(&mut foreign, Found::This(Box::new(read(&body("theirs"))), body("theirs")), at(4));
        assert!(matches!(foreign.trouble, Some(Trouble::Conflict(_))));
        let there = foreign.there.unwrap();
        assert_eq!((there.entry, there.carried), (body("theirs"), read(&body("theirs"))));
    }

    #[test]
    fn what_a_first_look_finds_was_made_by_somebody_else() {
        let mut link = Link::new(Wish::Present(body("new")), at(0));
        look_first(&mut link, body("new"), at(1));
        assert!(lookup_due(link.open.as_ref().unwrap()).unwrap() <= at(1), "nothing left: no need to wait");
        let theirs = TargetEntry { billable: false, ..body("new") };
        looked_up(&mut link, Found::This(Box::new(read(&body("new"))), theirs.clone()), at(2));
        let there = link.there.clone().unwrap();
        assert!(there.adopted);
        assert_eq!(there.entry, theirs);
        assert_eq!(link.next().map(|n| n.0), Some(Op::Update));
    }

    #[test]
    fn an_answer_that_is_not_what_was_sent_confirms_nothing() {
        let good = read(&body("new"));
        let spoiled = [
            ("user", TargetRead { user: "somebody".into(), ..good.clone() }),
            ("project", TargetRead { project: None, ..good.clone() }),
            ("start", TargetRead { start: at(1), ..good.clone() }),
            ("end", TargetRead { stop: None, ..good.clone() }),
            ("billable mark", TargetRead { billable: false, ..good }),
        ];
        for (what, answer) in spoiled {
            let mut link = Link::new(Wish::Present(body("new")), at(0));
            begin(&mut link, Op::Create, body("new"), at(1));
            settle(&mut link, Outcome::Holds(answer.clone()), at(2));
            assert!(matches!(&link.trouble, Some(Trouble::Failed(why)) if why.contains(what)), "{what}");
            let there = link.there.clone().unwrap();
            assert_eq!(there.id, answer.id, "it is there, and never made twice");
            assert!(link.difference().is_some(), "{what}: not claimed as sent");
        }
    }

    #[test]
    fn a_deletion_of_what_is_gone_is_done() {
        let mut link = sent(Op::Delete, Some("old"));
        link.wish = Wish::Gone;
        looked_up(&mut link, Found::Nothing, at(4));
        assert_eq!((link.there.clone(), link.next()), (None, None));
    }

    #[test]
    fn a_restart_makes_what_was_under_way_uncertain_once() {
        let mut link = Link::new(Wish::Present(body("new")), at(0));
        begin(&mut link, Op::Create, body("new"), at(1));
        assert!(orphan(&mut link, at(5)));
        assert!(!orphan(&mut link, at(6)));
        assert_eq!(link.next(), None);
    }
}
