//! The dashboard at the door of a shop: keys in, 80×24 characters out.

use hourwire::control::link::ViewerEnd;
use hourwire::control::message::{PROTOCOL, ToEngine};
use hourwire::tui::model::Model;
use hourwire::tui::update::{Effect, Event, Msg, update};

use super::shop::Shop;
use crate::screens::fixture::bare;
use crate::screens::looks::text;
use crate::worlds::time::pass;

/// A dashboard that is attached.
pub struct Screen {
    model: Model,
    door: ViewerEnd,
    /// Keys pressed.
    pub keys: usize,
}

impl Screen {
    /// Attaches.
    pub async fn open(shop: &Shop) -> Self {
        let door = shop.machine.enter().await.expect("an engine runs");
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "desk".into() };
        door.to_engine.send(hello).await.expect("the engine listens");
        let mut screen = Self { model: bare((80, 24)), door, keys: 0 };
        screen.event(shop, Event::Connected).await;
        screen.settle(shop).await;
        screen
    }

    async fn event(&mut self, shop: &Shop, event: Event) {
        let effects = update(&mut self.model, Msg { now: shop.time.engine(), event });
        for effect in effects {
            if let Effect::Send(message) = effect {
                self.door.to_engine.send(message).await.expect("the engine listens");
            }
        }
    }

    /// Lets messages of a moment arrive.
    async fn settle(&mut self, shop: &Shop) {
        for _ in 0..8 {
            pass(0.25).await;
            while let Ok(message) = self.door.from_engine.try_recv() {
                self.event(shop, Event::Engine(Box::new(message))).await;
            }
        }
    }

    /// Presses keys, and reads what they answer.
    pub async fn press(&mut self, shop: &Shop, keys: &str) {
        for key in keys.split_whitespace() {
            self.keys += 1;
            self.event(shop, Event::Key(key.parse().expect("a key"))).await;
            self.settle(shop).await;
        }
    }

    /// What is on the screen now.
    pub async fn text(&mut self, shop: &Shop) -> String {
        self.door.to_engine.send(ToEngine::Resync).await.expect("the engine listens");
        self.settle(shop).await;
        text(&mut self.model)
    }
}
