//! Putting the dashboard together for a real terminal: themes, keys, signals, the guard and the loop.

use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ratatui::Terminal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::config::settings::Ui;
use crate::config::theme::Themes;
use crate::config::watch::{Changed, ConfigWatch};
use crate::control::command::{Command, Wish};
use crate::control::message::{FromEngine, ToEngine};

use super::connect::{self, Arrival, Connector, Road};
use super::input::Input;
use super::keymap::UserKeys;
use super::model::{Ids, Model, Tone};
use super::run::{Left, Parts, SaveTheme, run as run_loop};
use super::screen::{Extent, Screen};
use super::terminal::{Asked, Guard};
use super::theme::{Depth, Theme, needs_ascii};

/// A person's keys in the config folder.
pub const KEYMAP: &str = "keymap.toml";
/// Budgets of a frame: here, and over SSH.
const BUDGET: Duration = Duration::from_millis(33);
const BUDGET_SSH: Duration = Duration::from_millis(100);
/// How long an engine may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// How the dashboard starts.
#[derive(Default)]
pub struct Options {
    /// Theme, motion, signs, mouse, colours, frame budget; the settings with the command line's options laid over.
    pub ui: Ui,
    /// This viewer started the engine: leaving asks whether it goes on.
    pub viewer_started_engine: bool,
    /// 24 random hex digits for the ids of this viewer's commands.
    pub ids: String,
    /// Remembers a theme chosen here, by its name.
    pub save_theme: Option<SaveTheme>,
    /// The wall clock, where it is not the system's.
    pub clock: Option<fn() -> DateTime<Utc>>,
}

/// What depends on the terminal: colours and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// How many colours.
    pub depth: Depth,
    /// ASCII signs only.
    pub ascii: bool,
}

impl Look {
    /// The look for a terminal, from the settings and the environment.
    pub fn detect(ui: &Ui, var: impl Fn(&str) -> Option<String>) -> Self {
        let depth = Depth::detect(ui.color, &var);
        Self { depth, ascii: ui.ascii.unwrap_or_else(|| needs_ascii(&var)) }
    }
}

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs the dashboard on this process's terminal until the person leaves. The terminal is back when this returns.
pub async fn run(options: Options, connector: impl Connector, config_dir: &Path) -> io::Result<Left> {
    let look = Look::detect(&options.ui, var);
    let (themes, mistakes) = Themes::load(config_dir);
    let user = match std::fs::read_to_string(config_dir.join(KEYMAP)) {
        Ok(text) => UserKeys::parse(&text),
        Err(_) => UserKeys::parse(""),
    };
    // Our own screen writes no empty colour command; this is for whatever crossterm itself may write.
    crossterm::style::force_color_output(true);
    let size = crossterm::terminal::size()?;
    let themes = Theme::all(&themes, look.depth);
    let clock = options.clock.unwrap_or(Utc::now);
    let mut model = Model::new(size, clock(), Ids::new(options.ids.clone()), user.keymap, themes);
    model.theme = Theme::find(&model.themes, &options.ui.theme);
    model.ascii = look.ascii;
    model.mouse = options.ui.mouse;
    model.motion = options.ui.motion;
    model.started_engine = options.viewer_started_engine;
    let first = mistakes.first().map(ToString::to_string);
    if let Some(warning) = first.or_else(|| user.warnings.first().map(|w| format!("{KEYMAP} {w}"))) {
        model.say(Tone::Trouble, warning);
    }
    let over_ssh = var("SSH_CONNECTION").is_some();
    let budget = options.ui.budget.unwrap_or(if over_ssh { BUDGET_SSH } else { BUDGET });
    let (ask, asked) = mpsc::channel(4);
    signals(&ask)?;
    let road = connect::start(connector);
    let host = Guard::enter(options.ui.mouse, ask)?;
    let terminal = Terminal::new(Screen::new(io::stdout(), Extent::Terminal))?;
    let parts = Parts {
        terminal,
        input: Input::open(),
        host,
        road,
        asked,
        themes: watch_themes(config_dir, look.depth),
        clock,
        budget,
        save_theme: options.save_theme,
    };
    let (left, road) = run_loop(&mut model, parts).await?;
    if left.stop_engine {
        say_goodbye(road, options.ids).await;
    }
    Ok(left)
}

/// Asks the engine to stop and waits until it has said so.
async fn say_goodbye(mut road: Road, ids: String) {
    let command = Command { id: format!("{ids}ffffffff"), wish: Wish::StopEngine };
    if road.to_engine.send(ToEngine::Command(command)).await.is_err() {
        return;
    }
    let gone = async {
        while let Some(arrival) = road.arrivals.recv().await {
            match arrival {
                Arrival::Down { .. } => break,
                Arrival::Message(message) if *message == FromEngine::Bye => break,
                Arrival::Up | Arrival::Message(_) => {}
            }
        }
    };
    // An engine that does not answer goes on; the next start says so.
    let _ = tokio::time::timeout(GOODBYE, gone).await;
}

/// Tells a channel what signals ask. A hang-up asks to leave: with the terminal gone, nothing else would. A stop from
/// outside is a Ctrl-Z: unasked it would leave the shell with our modes.
pub fn signals(tell: &mpsc::Sender<Asked>) -> io::Result<()> {
    let job = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
    for (kind, asks) in [
        (SignalKind::hangup(), Asked::Leave),
        (SignalKind::terminate(), Asked::Leave),
        (SignalKind::interrupt(), Asked::Leave),
        (SignalKind::quit(), Asked::Leave),
        (job(rustix::process::Signal::TSTP), Asked::Suspend),
        (job(rustix::process::Signal::CONT), Asked::Continue),
    ] {
        let mut signals = signal(kind)?;
        let tell = tell.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if tell.send(asks).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

/// All themes again whenever a theme file changes. Without a watch a restart shows the change.
fn watch_themes(config_dir: &Path, depth: Depth) -> mpsc::Receiver<Vec<Theme>> {
    let (tell, themes) = mpsc::channel(1);
    let Ok(mut watch) = ConfigWatch::start(config_dir) else { return themes };
    let config_dir = config_dir.to_owned();
    tokio::spawn(async move {
        loop {
            let change = tokio::select! { biased;
                () = tell.closed() => return,
                change = watch.next() => change,
            };
            match change {
                Some(Changed::Theme(_)) => {
                    let (themes, _) = Themes::load(&config_dir);
                    if tell.send(Theme::all(&themes, depth)).await.is_err() {
                        return;
                    }
                }
                Some(_) => {}
                None => return,
            }
        }
    });
    themes
}
