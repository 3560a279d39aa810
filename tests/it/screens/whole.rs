//! The whole dashboard in memory: the loop with a stream of keys, a writer, and an engine's end of the door.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use hourwire::control::command::{Reply, Wish};
use hourwire::control::link::{EngineEnd, pair};
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::tui::connect::{Once, start};
use hourwire::tui::run::{Left, Parts, run};
use hourwire::tui::screen::{Extent, Screen};
use hourwire::tui::terminal::{Asked, Host};
use ratatui::Terminal;
use tokio::sync::mpsc;

use super::fixture;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Suspends(Arc<Mutex<usize>>);

impl Host for Suspends {
    fn suspend(&mut self) -> io::Result<()> {
        *self.0.lock().unwrap() += 1;
        Ok(())
    }

    fn retake(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn mouse(&mut self, _on: bool) -> io::Result<()> {
        Ok(())
    }
}

struct App {
    keys: mpsc::UnboundedSender<Event>,
    asks: mpsc::Sender<Asked>,
    out: Shared,
    suspends: Suspends,
    engine: EngineEnd,
    running: tokio::task::JoinHandle<io::Result<Left>>,
}

impl App {
    fn start(size: (u16, u16)) -> Self {
        let (viewer, engine) = pair();
        let (keys, mut input) = mpsc::unbounded_channel::<Event>();
        let (asks, asked) = mpsc::channel(1);
        let (_, themes) = mpsc::channel(1);
        let out = Shared::default();
        let suspends = Suspends::default();
        let parts = Parts {
            terminal: Terminal::new(Screen::new(out.clone(), Extent::Fixed(size.0, size.1))).unwrap(),
            input: Box::pin(stream::poll_fn(move |cx| input.poll_recv(cx).map(|e| e.map(Ok)))),
            host: suspends.clone(),
            road: start(Once::new(viewer)),
            asked,
            themes,
            clock: fixture::now,
            budget: Duration::from_millis(33),
            save_theme: None,
        };
        let mut model = fixture::bare(size);
        let running = tokio::spawn(async move { run(&mut model, parts).await.map(|(left, _)| left) });
        Self { keys, asks, out, suspends, engine, running }
    }

    fn press(&self, code: KeyCode, modifiers: KeyModifiers) {
        self.keys.send(Event::Key(KeyEvent::new(code, modifiers))).unwrap();
    }

    fn char(&self, c: char) {
        self.press(KeyCode::Char(c), KeyModifiers::NONE);
    }

    /// Plays the engine until a message fits.
    async fn until<T>(&mut self, fits: impl Fn(&ToEngine) -> Option<T>) -> T {
        for _ in 0..100 {
            let message = self.engine.from_viewer.recv().await.expect("the dashboard is there");
            if let ToEngine::Open(open) = &message {
                self.engine.to_viewer.send(FromEngine::Page(fixture::page(open))).await.unwrap();
            }
            if matches!(message, ToEngine::Hello { .. }) {
                let snapshot = FromEngine::Snapshot(Box::new(fixture::snapshot()));
                self.engine.to_viewer.send(snapshot).await.unwrap();
            }
            if let Some(found) = fits(&message) {
                return found;
            }
        }
        panic!("it never came");
    }

    /// Waits until the screen shows a text; a ceiling of virtual time, not a sleep.
    async fn shows(&self, size: (u16, u16), text: &str) {
        for _ in 0..400 {
            let mut parser = vt100::Parser::new(size.1.try_into().unwrap(), size.0.try_into().unwrap(), 0);
            parser.process(&self.out.0.lock().unwrap());
            if parser.screen().contents().contains(text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{text:?} was never shown");
    }
}

const SIZE: (u16, u16) = (120, 36);

#[tokio::test(start_paused = true)]
async fn it_attaches_shows_links_and_leaves() {
    let mut app = App::start(SIZE);
    app.until(|m| {
        matches!(m, ToEngine::Open(o) if o.kind == hourwire::control::view::ViewKind::Mapping).then_some(())
    })
    .await;
    app.shows(SIZE, "Crash on login changed").await;
    app.char('2');
    app.press(KeyCode::Enter, KeyModifiers::NONE);
    let dry = app
        .until(|m| match m {
            ToEngine::Command(c) => Some(c.clone()),
            _ => None,
        })
        .await;
    assert!(matches!(&dry.wish, Wish::EditMapping { dry: true, seen, .. } if seen == "v41"));
    app.char('j');
    app.char('k');
    app.press(KeyCode::Enter, KeyModifiers::NONE);
    let real = app
        .until(|m| match m {
            ToEngine::Command(c) if matches!(c.wish, Wish::EditMapping { dry: false, .. }) => Some(c.clone()),
            _ => None,
        })
        .await;
    assert_ne!(real.id, dry.id);
    assert_eq!(real.id.len(), 32);
    let reply = Reply::Done { say: "linked · 4 sent · u undoes".to_owned() };
    app.engine.to_viewer.send(FromEngine::Reply { id: real.id, reply }).await.unwrap();
    app.shows(SIZE, "linked · 4 sent · u undoes").await;
    app.char('q');
    assert_eq!(app.running.await.unwrap().unwrap(), Left { stop_engine: false });
}

#[tokio::test(start_paused = true)]
async fn an_idle_screen_sends_nothing() {
    let mut app = App::start((80, 24));
    app.until(|m| {
        matches!(m, ToEngine::Open(o) if o.kind == hourwire::control::view::ViewKind::Mapping).then_some(())
    })
    .await;
    app.char('4');
    app.shows((80, 24), "4 Quota").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = app.out.0.lock().unwrap().len();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(app.out.0.lock().unwrap().len(), before);
    app.asks.send(Asked::Leave).await.unwrap();
    assert!(app.running.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn suspend_asks_for_everything_again_and_hang_up_ends_it() {
    let mut app = App::start((80, 24));
    app.until(|m| {
        matches!(m, ToEngine::Open(o) if o.kind == hourwire::control::view::ViewKind::Mapping).then_some(())
    })
    .await;
    app.press(KeyCode::Char('z'), KeyModifiers::CONTROL);
    app.until(|m| (*m == ToEngine::Resync).then_some(())).await;
    assert_eq!(*app.suspends.0.lock().unwrap(), 1);
    drop(app.keys);
    assert!(app.running.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_is_said_and_the_old_screen_stays() {
    let mut app = App::start((80, 24));
    app.until(|m| {
        matches!(m, ToEngine::Open(o) if o.kind == hourwire::control::view::ViewKind::Mapping).then_some(())
    })
    .await;
    app.shows((80, 24), "Fernley rebrand").await;
    drop(app.engine);
    let (out, running, asks) = (app.out, app.running, app.asks);
    let mut said = false;
    for _ in 0..400 {
        let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        parser.process(&out.0.lock().unwrap());
        let text = parser.screen().contents();
        if text.contains("engine lost 15:24") && text.contains("Fernley") {
            said = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(said);
    asks.send(Asked::Leave).await.unwrap();
    assert!(running.await.unwrap().is_ok());
}
