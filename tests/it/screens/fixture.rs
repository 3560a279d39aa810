//! Models with the invented day in them, and a stand-in engine that answers what they ask.

use hourwire::config::theme::Themes;
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::snapshot::{CacheWord, DiskLine, HoldLine, Snapshot, StrainLine};
use hourwire::domain::brake::Weight;
use hourwire::domain::id::Service;
use hourwire::domain::room::Room;
use hourwire::domain::strain::{Strain, Strained};
use hourwire::tui::keymap::Keymap;
use hourwire::tui::model::{Ids, Model};
use hourwire::tui::theme::{Depth, Theme};
use hourwire::tui::update::{Effect, Event, Msg, update};

use super::day::account;
pub use super::day::{at, entries, now, page, snapshot};

/// A model before anything came.
pub fn bare(size: (u16, u16)) -> Model {
    let themes = Theme::all(&Themes::built_in(), Depth::True);
    Model::new(size, now(), Ids::new("00112233445566778899aabb"), Keymap::default(), themes)
}

/// A connected model with the day in it.
pub fn model(size: (u16, u16)) -> Model {
    let mut model = bare(size);
    let effects = step(&mut model, Event::Connected);
    say(&mut model, FromEngine::Snapshot(Box::new(snapshot())));
    answer(&mut model, effects);
    model
}

/// The same with a change of what the snapshot tells.
pub fn with(size: (u16, u16), change: impl FnOnce(&mut Snapshot)) -> Model {
    let mut model = model(size);
    let mut snapshot = snapshot();
    change(&mut snapshot);
    say(&mut model, FromEngine::Snapshot(Box::new(snapshot)));
    model
}

/// One update at the fixed time.
pub fn step(model: &mut Model, event: Event) -> Vec<Effect> {
    let now = model.now;
    update(model, Msg { now, event })
}

/// A message from the engine, with what follows from it.
pub fn say(model: &mut Model, message: FromEngine) {
    let effects = step(model, Event::Engine(Box::new(message)));
    answer(model, effects);
}

/// Keys by their names, with the engine answering.
pub fn press(model: &mut Model, keys: &str) {
    for key in keys.split_whitespace() {
        let effects = step(model, Event::Key(key.parse().unwrap()));
        answer(model, effects);
    }
}

/// Plays the engine for what was asked.
pub fn answer(model: &mut Model, effects: Vec<Effect>) {
    for effect in effects {
        if let Effect::Send(ToEngine::Open(open)) = effect {
            say(model, FromEngine::Page(page(&open)));
        }
    }
}

/// Clockify takes no calls until 15:25.
fn strain(by: Strain, times: u32) -> StrainLine {
    let strained = Strained { by, until: at("15:25"), times };
    StrainLine { account: account("mirror"), tag: "CL".to_owned(), service: Service::Clockify, strained }
}

/// A disk that is short of room since 10:24.
fn disk(room: Room, free_mb: Option<u64>) -> DiskLine {
    DiskLine { room, free_mb, place: "/var/lib/hourwire".to_owned(), since: Some(at("10:24")) }
}

/// The days when something is wrong, each with its name.
pub fn bad_days() -> Vec<(&'static str, Model)> {
    let size = (80, 24);
    let mut days = Vec::new();
    let mut day = |name: &'static str, change: &dyn Fn(&mut Snapshot)| days.push((name, with(size, change)));
    day("opening", &|s| (s.cache, s.percent) = (CacheWord::Opening, 40));
    day("disk", &|s| s.disk = disk(Room::Little, Some(40)));
    day("disk-full", &|s| {
        // What a full disk looks like from a start on: the cache has no room either.
        (s.cache, s.percent) = (CacheWord::Rebuilding, 0);
        s.disk = disk(Room::Full, Some(0));
        s.deliveries.unavailable = 906;
    });
    day("offline", &|s| {
        s.accounts[0].trouble = Some("offline 10:24".to_owned());
        s.accounts[0].why = Some("connection refused".to_owned());
    });
    day("token", &|s| s.accounts[0].trouble = Some("token refused".to_owned()));
    day("no-hook", &|s| {
        s.subscriptions.clear();
        s.public_address = false;
        s.reading = Some(300);
    });
    day("dry", &|s| {
        s.meters[0].remaining = Some(0);
        s.meters[0].waiting_until = Some(at("15:58"));
    });
    day("server", &|s| s.strains = vec![strain(Strain::Server, 4)]);
    day("slow", &|s| s.strains = vec![strain(Strain::Pace, 0)]);
    day("held", &|s| {
        s.holds.push(HoldLine {
            id: "h1".to_owned(),
            target: Some(account("mirror")),
            since: at("10:24"),
            reason: "mass change".to_owned(),
            entries: 612,
            say: "612 entries would change in Clockify, 212 of them invoiced".to_owned(),
            rows: vec!["Harbor API  2 Mar 09:10  move to Platform".to_owned()],
            weight: Weight::default(),
        });
    });
    let mut lost = model(size);
    lost.now = at("15:30");
    step(&mut lost, Event::Disconnected { retry_s: 5, why: "the engine closed the door".to_owned() });
    days.push(("lost", lost));
    let mut held = days.iter().find(|(name, _)| *name == "held").map(|(_, m)| m.clone()).unwrap();
    press(&mut held, "!");
    days.push(("held-decide", held));
    let mut no_hook = days.iter().find(|(name, _)| *name == "no-hook").map(|(_, m)| m.clone()).unwrap();
    press(&mut no_hook, "3");
    days.push(("no-hook-pane", no_hook));
    for (name, pane) in [("server", "server-pane"), ("slow", "slow-pane")] {
        let mut model = days.iter().find(|(found, _)| *found == name).map(|(_, m)| m.clone()).unwrap();
        press(&mut model, "4");
        days.push((pane, model));
    }
    days.push(("first-moment", bare(size)));
    days
}
