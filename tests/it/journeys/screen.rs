//! A person at a screen: the dashboard's own model over the engine's door, keys and what is drawn.

use hourwire::config::theme::Themes;
use hourwire::control::link::ViewerEnd;
use hourwire::control::message::{PROTOCOL, ToEngine};
use hourwire::tui::keymap::Keymap;
use hourwire::tui::model::{Ids, Model};
use hourwire::tui::theme::{Depth, Theme};
use hourwire::tui::update::{Effect, Event, Msg, update};

use crate::guardian::stage::{Office, Running};

/// A dashboard of 80 by 24 that watches an engine.
pub struct Screen<'a> {
    office: &'a Office,
    end: ViewerEnd,
    model: Model,
    /// Keys that were pressed.
    pub pressed: usize,
}

impl<'a> Screen<'a> {
    /// Looks at a running engine.
    pub async fn of(office: &'a Office, running: &Running) -> Self {
        let end = running.enter().await;
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "0".into(), viewer: "test".into() };
        end.to_engine.send(hello).await.expect("the engine listens");
        let themes = Theme::all(&Themes::built_in(), Depth::Mono);
        let ids = Ids::new("00112233445566778899aabb");
        let model = Model::new((80, 24), office.now(), ids, Keymap::default(), themes);
        let mut screen = Self { office, end, model, pressed: 0 };
        screen.take(Event::Connected).await;
        screen.settle().await;
        screen
    }

    async fn take(&mut self, event: Event) {
        let now = self.office.now();
        for effect in update(&mut self.model, Msg { now, event }) {
            if let Effect::Send(message) = effect {
                self.end.to_engine.send(message).await.expect("the engine listens");
            }
        }
    }

    /// Takes in what the engine told.
    pub async fn settle(&mut self) {
        for _ in 0..4 {
            self.office.pass(1).await;
            while let Ok(message) = self.end.from_engine.try_recv() {
                self.take(Event::Engine(Box::new(message))).await;
            }
        }
        self.take(Event::Tick).await;
    }

    /// Presses keys by their names.
    pub async fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.pressed += 1;
            self.take(Event::Key(key.parse().expect("a key"))).await;
            self.settle().await;
        }
    }

    /// What is drawn.
    pub fn text(&mut self) -> String {
        crate::screens::looks::text(&mut self.model)
    }

    /// Waits until the screen shows all of these; a ceiling in simulated seconds.
    pub async fn shows(&mut self, words: &[&str], ceiling_s: i64) {
        let begin = self.office.now();
        loop {
            self.settle().await;
            let text = self.text();
            // A sentence may go on in the next line.
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if words.iter().all(|word| text.contains(word) || flat.contains(word)) {
                return;
            }
            let waited = (self.office.now() - begin).num_seconds();
            assert!(waited < ceiling_s, "{words:?} not in {ceiling_s} s:\n{text}");
        }
    }
}
