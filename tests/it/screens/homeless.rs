//! An entry without a project asks for a person only as long as no target takes it so.

use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::view::Row;
use hourwire::domain::word::SyncWord;
use hourwire::tui::model::Model;
use hourwire::tui::update::{Effect, Event};

use super::fixture::{bare, page, say, snapshot, step};
use super::looks::text;

/// The day, with its third entry without a project and in this state.
fn day(word: &SyncWord) -> Model {
    let mut model = bare((80, 24));
    let effects = step(&mut model, Event::Connected);
    say(&mut model, FromEngine::Snapshot(Box::new(snapshot())));
    for effect in effects {
        let Effect::Send(ToEngine::Open(open)) = effect else { continue };
        let mut page = page(&open);
        if let Some(Row::Entry(entry)) = page.rows.get_mut(2) {
            entry.project.clear();
            entry.client.clear();
            entry.words = vec![word.clone()];
        }
        say(&mut model, FromEngine::Page(page));
    }
    model
}

#[test]
fn one_that_the_fallback_took_needs_nobody() {
    let cases = [
        (SyncWord::Synced, ' '),
        (SyncWord::Queued, ' '),
        (SyncWord::Skipped("rule".into()), ' '),
        (SyncWord::Running, '!'),
        (SyncWord::Unmapped, '!'),
        (SyncWord::Failed("refused".into()), '!'),
    ];
    for (word, mark) in cases {
        let mut model = day(&word);
        super::fixture::press(&mut model, "1");
        let shown = text(&mut model);
        let row = shown.lines().find(|line| line.contains("Product grid")).expect("its row");
        assert!(row.contains("(no project)"), "{shown}");
        assert_eq!(row.chars().nth(1), Some(mark), "{word}: {row}");
    }
}
