//! `hourwire` alone: the dashboard, attached to the running engine or to one it starts.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::attach::{self, Attached};
use super::exit::{Exit, Failure, Outcome};
use super::options::{Color, Global};
use crate::config::Paths;
use crate::config::preferences;
use crate::config::settings::{self, Ui};
use crate::config::state::{LockInfo, owner};
use crate::control::link::ViewerEnd;
use crate::tui::connect::Connector;
use crate::tui::first_run::{self, Choice};
use crate::tui::run::SaveTheme;
use crate::tui::start;

/// Shows the dashboard until the person leaves. Without configuration: the first-run screen, from which `demo` may be
/// chosen. Without a terminal: exit 2 and what to type instead.
pub async fn run(global: &Global, demo: impl AsyncFnOnce() -> Outcome) -> Outcome {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "the dashboard needs a terminal; without one: `hourwire status`, `hourwire serve`, `hourwire --help`",
        ));
    }
    let paths = attach::paths(global)?;
    let settings = attach::settings(&paths)?;
    // An engine that runs needs no settings to be looked at: a demo has none.
    if settings.is_none() && !owner(&paths.state_dir).is_ok_and(|owner| owner.is_some()) {
        let ui = ui(global, Ui::default());
        return match first_run::run(&ui, &paths.config_dir).await.map_err(broken_terminal)? {
            Choice::Demo => demo().await,
            Choice::Leave => Ok(Exit::Good),
        };
    }
    let attached = match attach::or_start(global).await {
        Err(failure) => after_restart(global, &paths, failure).await?,
        Ok(attached) => attached,
    };
    let options = start::Options {
        ui: ui(global, settings.map(|settings| settings.ui).unwrap_or_default()),
        viewer_started_engine: attached.started,
        ids: ids(),
        save_theme: Some(save_theme(paths.config_dir.clone())),
        clock: None,
    };
    let connector = Again { first: Some(attached.engine), global: global.clone() };
    start::run(options, connector, &paths.config_dir).await.map_err(broken_terminal)?;
    Ok(Exit::Good)
}

/// The look from the settings with the command line laid over.
pub fn ui(global: &Global, mut ui: Ui) -> Ui {
    match global.color {
        Color::Auto => {}
        Color::Always => ui.color = settings::Color::Always,
        Color::Never => ui.color = settings::Color::Never,
    }
    if global.ascii {
        ui.ascii = Some(true);
    }
    ui
}

/// Keeps a theme that a person chose in their settings.
fn save_theme(config_dir: PathBuf) -> SaveTheme {
    Arc::new(move |theme| preferences::keep_theme(&config_dir, theme).map_err(|e| e.to_string()))
}

/// 24 random hex digits, the beginning of the ids of a viewer's commands.
pub fn ids() -> String {
    format!("{:024x}", rand::random::<u128>() >> 32)
}

/// The first end, then a new one whenever the engine is back.
struct Again {
    first: Option<ViewerEnd>,
    global: Global,
}

impl Connector for Again {
    async fn connect(&mut self) -> Result<ViewerEnd, String> {
        match self.first.take() {
            Some(end) => Ok(end),
            None => attach::running(&self.global).await.map_err(|failure| failure.message),
        }
    }

    async fn start(&mut self) -> Result<ViewerEnd, String> {
        attach::or_start(&self.global)
            .await
            .map(|attached| attached.engine)
            .map_err(|failure| failure.message)
    }
}

/// When the running engine is of another version, offers to restart it; else the failure stands.
async fn after_restart(global: &Global, paths: &Paths, failure: Failure) -> Result<Attached, Failure> {
    let Some(other) = owner(&paths.state_dir).ok().flatten() else { return Err(failure) };
    if !is_other_version(&other) && !attach::speaks_otherwise(&other).await {
        return Err(failure);
    }
    if !asked_yes(&failure.message, &other) {
        return Err(failure);
    }
    attach::stop(&other, paths).await?;
    attach::or_start(global).await
}

fn is_other_version(owner: &LockInfo) -> bool {
    owner.version != env!("CARGO_PKG_VERSION")
}

fn asked_yes(why: &str, other: &LockInfo) -> bool {
    super::print::safe_print(why);
    // A prompt has no newline at its end, and its only foreign part is a number.
    let _ = write!(io::stderr(), "Restart the engine (pid {}) with this version now? [y/N] ", other.pid);
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
}

fn broken_terminal(error: io::Error) -> Failure {
    Failure::not_well(format!("the terminal failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_settings() {
        let plain = ui(&Global::default(), Ui { ascii: Some(false), ..Ui::default() });
        assert_eq!((plain.color, plain.ascii), (settings::Color::Auto, Some(false)));
        let global = Global { color: Color::Never, ascii: true, ..Global::default() };
        let bare = ui(&global, Ui { color: settings::Color::True, ..Ui::default() });
        assert_eq!((bare.color, bare.ascii), (settings::Color::Never, Some(true)));
    }

    #[test]
    fn ids_are_long_and_differ() {
        assert_eq!(ids().len(), 24);
        assert_ne!(ids(), ids());
    }
}
