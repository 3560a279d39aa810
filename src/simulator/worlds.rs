//! What the services hold at the start: `empty`, or two people's 60 days with the flaws of real life.
//!
//! Everything follows from the seed and the clock; invented names only.

use chrono::{DateTime, Datelike, Days, NaiveDate, SubsecRound, TimeDelta, Utc, Weekday};
use chrono_tz::{America, Tz};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::clockify::Clockify;
use super::options::World;
use super::toggl::{
    Book, COLLEAGUE, Client, Entry, ORGANIZATION, OWNER, Project, Tag, User, WORKSPACE, Workspace,
};

const ZONE: Tz = America::New_York;
/// Days of history.
const HISTORY: u64 = 60;

const CLIENTS: [&str; 5] = ["Northwind", "Osprey Cycles", "Harbor Co", "Lumen Press", "Field & Fern"];

/// Name, client (place in the list above), billable, rate, archived.
const PROJECTS: [(&str, Option<usize>, bool, f64, bool); 12] = [
    ("Northwind rebrand", Some(0), true, 95.0, false),
    ("Northwind app", Some(0), true, 110.0, false),
    ("Osprey shop", Some(1), true, 90.0, false),
    ("Osprey catalogue", Some(1), true, 80.0, false),
    ("Lumen autumn issue", Some(3), true, 85.0, false),
    ("Lumen website", Some(3), true, 95.0, false),
    ("Harbor site", Some(2), true, 95.0, false),
    ("Harbor retainer", Some(2), true, 75.0, false),
    ("Garden guide", Some(4), true, 70.0, false),
    ("Studio admin", None, false, 0.0, false),
    (UNMAPPED, Some(4), true, 88.0, false),
    ("Northwind pitch", Some(0), false, 0.0, true),
];
/// The project that Clockify knows nothing of.
const UNMAPPED: &str = "Tidewater pilot";
/// Where Clockify collects what fits nowhere.
const UNSORTED: &str = "Unsorted";

const COLORS: [&str; 6] = ["#0b83d9", "#9e5bd9", "#d94182", "#e36a00", "#2da608", "#06a893"];
const TAGS: [&str; 5] = ["design", "meeting", "research", "travel", "private"];

/// What people write into their entries.
pub const WORDS: [&str; 16] = [
    "Wireframes",
    "Review with client",
    "Copy edits",
    "Checkout flow",
    "Photo selection",
    "Estimate for phase two",
    "Stand-up",
    "Bug: basket total",
    "Colour studies",
    "Invoice questions",
    "Page templates",
    "Research interviews",
    "Style guide",
    "Deploy and check",
    "E-mail",
    "Planning",
];

/// Toggl's side of a world.
pub fn book(world: World, seed: u64, now: DateTime<Utc>) -> Book {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x0077_0012_1d00);
    let made = now - TimeDelta::days(400);
    let mut book = Book::default();
    let workspace = match world {
        World::Demo => "Kern & Moss",
        World::Empty => "Workspace",
    };
    book.workspaces.insert(
        WORKSPACE,
        Workspace { id: WORKSPACE, organization: ORGANIZATION, name: workspace.into(), at: made },
    );
    add_user(&mut book, &mut rng, OWNER, "Ida Kern", "ida@example.test", true, made);
    if world == World::Demo {
        add_user(&mut book, &mut rng, COLLEAGUE, "Dana Moss", "dana@example.test", false, made);
        add_catalogue(&mut book, made);
        add_history(&mut book, &mut rng, now);
        add_running(&mut book, now);
    }
    book
}

/// Clockify's side: the same people, clients and projects by name, but one project is missing.
pub fn furnish(world: World, clockify: &mut Clockify) {
    clockify.set_owner("Ida Kern", "ida@example.test");
    if world == World::Empty {
        return;
    }
    clockify.add_user("Dana Moss", "dana@example.test");
    let clients: Vec<String> = CLIENTS.iter().map(|name| clockify.add_client(name)).collect();
    for (place, (name, client, billable, _, archived)) in PROJECTS.into_iter().enumerate() {
        if name == UNMAPPED {
            continue;
        }
        let client = client.and_then(|place| clients.get(place)).map(String::as_str);
        let id = clockify.add_project(name, client, &COLORS[place % COLORS.len()].to_uppercase(), billable);
        if archived {
            clockify.archive(&id);
        }
    }
    clockify.add_project(UNSORTED, None, "#607D8B", false);
    for name in TAGS {
        clockify.add_tag(name);
    }
}

fn add_user(
    book: &mut Book,
    rng: &mut StdRng,
    id: i64,
    name: &str,
    email: &str,
    admin: bool,
    at: DateTime<Utc>,
) {
    let user = User {
        id,
        name: name.into(),
        email: email.into(),
        password: "simulated".into(),
        token: format!("{:032x}", rng.random::<u128>()),
        zone: ZONE,
        admin,
        at,
    };
    book.users.insert(id, user);
}

fn add_catalogue(book: &mut Book, at: DateTime<Utc>) {
    for name in CLIENTS {
        let id = book.next_client();
        let client = Client {
            id,
            workspace: WORKSPACE,
            name: name.into(),
            archived: false,
            notes: None,
            reference: None,
            creator: OWNER,
            at,
            deleted: None,
        };
        book.clients.insert(id, client);
    }
    let clients: Vec<i64> = book.clients.keys().copied().collect();
    for (place, (name, client, billable, rate, archived)) in PROJECTS.into_iter().enumerate() {
        let id = book.next_project();
        let project = Project {
            id,
            workspace: WORKSPACE,
            client: client.and_then(|place| clients.get(place).copied()),
            name: name.into(),
            private: false,
            active: !archived,
            billable,
            color: COLORS[place % COLORS.len()].into(),
            rate: (rate > 0.0).then_some(rate),
            fixed_fee: None,
            currency: "USD".into(),
            estimated: None,
            start_date: at.format("%Y-%m-%d").to_string(),
            end_date: None,
            reference: None,
            created: at,
            at,
            deleted: None,
        };
        book.projects.insert(id, project);
    }
    for name in TAGS {
        let id = book.next_tag();
        let tag = Tag { id, workspace: WORKSPACE, name: name.into(), creator: OWNER, at, deleted: None };
        book.tags.insert(id, tag);
    }
}

/// A stretch of work before it has an id.
struct Stretch {
    user: i64,
    start: DateTime<Utc>,
    stop: DateTime<Utc>,
    project: Option<i64>,
    billable: bool,
    description: String,
    tags: Vec<i64>,
}

fn add_history(book: &mut Book, rng: &mut StdRng, now: DateTime<Utc>) {
    let today = now.with_timezone(&ZONE).date_naive();
    let mut stretches = Vec::new();
    for back in (0..=HISTORY).rev() {
        let Some(date) = today.checked_sub_days(Days::new(back)) else { continue };
        for user in [OWNER, COLLEAGUE] {
            let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
            // Now and then somebody works on a Saturday, or is away on a Tuesday.
            if rng.random_bool(if weekend { 0.1 } else { 0.95 }) {
                work_day(book, rng, user, date, &mut stretches);
            }
        }
    }
    let over = now - TimeDelta::minutes(30);
    stretches.retain(|stretch| stretch.stop <= over);
    stretches.sort_by_key(|stretch| (stretch.start, stretch.user));
    for stretch in stretches {
        keep(book, stretch);
    }
}

/// One person's day: stretches with breaks, and the flaws that a review has to find.
fn work_day(book: &Book, rng: &mut StdRng, user: i64, date: NaiveDate, out: &mut Vec<Stretch>) {
    let open: Vec<(i64, bool)> =
        book.projects.values().filter(|row| row.active).map(|row| (row.id, row.billable)).collect();
    let tags: Vec<i64> = book.tags.keys().copied().collect();
    let morning =
        super::toggl::midnight(date, ZONE) + TimeDelta::minutes(rng.random_range(8 * 60..9 * 60 + 45));
    let mut at = morning + TimeDelta::seconds(rng.random_range(0..60));
    for _ in 0..rng.random_range(3..=6) {
        let minutes = match rng.random_range(0..100) {
            0 => 11 * 60,
            1..=3 => 1,
            _ => rng.random_range(25..150),
        };
        let stop = at + TimeDelta::seconds(minutes * 60 + rng.random_range(0..60));
        let (project, billable) = open[rng.random_range(0..open.len())];
        let project = (!rng.random_bool(0.06)).then_some(project);
        let description = if rng.random_bool(0.06) { "" } else { WORDS[rng.random_range(0..WORDS.len())] };
        let tags =
            if rng.random_bool(0.25) { vec![tags[rng.random_range(0..tags.len())]] } else { Vec::new() };
        out.push(Stretch {
            user,
            start: at,
            stop,
            project,
            billable: billable && project.is_some(),
            description: description.to_owned(),
            tags,
        });
        at = stop
            + match rng.random_range(0..100) {
                0..=4 => -TimeDelta::minutes(rng.random_range(8..25)),
                5..=14 => TimeDelta::minutes(rng.random_range(45..120)),
                _ => TimeDelta::minutes(rng.random_range(0..12)),
            };
        if minutes > 600 {
            break;
        }
    }
}

fn keep(book: &mut Book, stretch: Stretch) {
    let id = book.next_entry();
    let entry = Entry {
        id,
        workspace: WORKSPACE,
        user: stretch.user,
        project: stretch.project,
        task: None,
        billable: stretch.billable,
        start: stretch.start.trunc_subsecs(0),
        stop: Some(stretch.stop.trunc_subsecs(0)),
        duration: (stretch.stop.trunc_subsecs(0) - stretch.start.trunc_subsecs(0)).num_seconds(),
        description: Some(stretch.description),
        tags: stretch.tags,
        at: stretch.stop,
        deleted: None,
    };
    book.entries.insert(id, entry);
}

/// A timer that an app started: its length is about minus its start, off by one, as recorded.
fn add_running(book: &mut Book, now: DateTime<Utc>) {
    let id = book.next_entry();
    let start = (now - TimeDelta::minutes(25)).trunc_subsecs(0);
    let harbor = book.projects.values().find(|row| row.name == "Harbor site").map(|row| row.id);
    let entry = Entry {
        id,
        workspace: WORKSPACE,
        user: OWNER,
        project: harbor,
        task: None,
        billable: true,
        start,
        stop: None,
        duration: -(start.timestamp() + 1),
        description: Some("Page templates".into()),
        tags: Vec::new(),
        at: start,
        deleted: None,
    };
    book.entries.insert(id, entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_550_000, 0).unwrap()
    }

    #[test]
    fn equal_seeds_make_equal_worlds_and_others_do_not() {
        let text = |seed| format!("{:?}", book(World::Demo, seed, now()).entries);
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn the_demo_has_the_flaws_of_real_life() {
        let book = book(World::Demo, 1, now());
        assert_eq!((book.users.len(), book.clients.len(), book.projects.len()), (2, 5, 12));
        let rows: Vec<&Entry> = book.entries.values().collect();
        assert!(rows.len() > 200, "{}", rows.len());
        assert!(rows.iter().all(|row| row.start <= now() && row.stop.is_none_or(|stop| stop <= now())));
        assert!(rows.iter().any(|row| row.project.is_none()));
        assert!(rows.iter().any(|row| row.description.as_deref() == Some("")));
        assert_eq!(rows.iter().filter(|row| row.stop.is_none()).count(), 1);
        let mut own: Vec<&&Entry> =
            rows.iter().filter(|row| row.user == OWNER && row.stop.is_some()).collect();
        own.sort_by_key(|row| row.start);
        assert!(own.windows(2).any(|pair| pair[0].stop > Some(pair[1].start)), "no overlap");
    }
}
