//! The command line: one file per subcommand, wiring only. What a command decides lives in its room.

mod ask;
pub mod attach;
pub mod backfill;
pub mod backup;
pub mod completions;
pub mod dashboard;
pub mod demo;
pub mod detached;
pub mod exit;
pub mod hold;
pub mod host;
pub mod hosting;
pub mod keys;
pub mod options;
pub mod print;
pub mod quota;
pub mod reach;
pub mod ready;
pub mod serve;
pub mod signals;
pub mod simulate;
pub mod status;
pub mod sync;
pub mod themes;
pub mod webhooks;
pub mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Exit, Failure, Outcome};
use options::Global;

use crate::telemetry::logs;

/// Toggl Track hours, kept in step with Clockify, watched from one terminal.
#[derive(Parser, Debug)]
#[command(name = "hourwire", version, after_help = "Example:\n  hourwire status")]
pub struct Cli {
    /// Options of every command
    #[command(flatten)]
    pub global: Global,
    /// What to do
    #[command(subcommand)]
    pub command: Option<Sub>,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Sub {
    /// The whole product against the built-in simulator: no account, no config file, no network
    Demo(demo::Demo),
    /// Only the simulated services, for any outside client
    Simulate(simulate::Simulate),
    /// Engine and receiver without a dashboard
    Serve(serve::Serve),
    /// How the running engine is: subscriptions, quota, queues, incidents
    Status(status::Status),
    /// What is left in every quota bucket, who spent it, and what waits
    Quota(quota::Quota),
    /// Stop sending; what arrives is kept
    #[command(after_help = "Example:\n  hourwire hold --target mirror")]
    Hold(hold::Which),
    /// Resume sending
    #[command(after_help = "Example:\n  hourwire release --target mirror")]
    Release(hold::Which),
    /// Read and send a range of history
    Backfill(backfill::Backfill),
    /// What is not synced yet; send failed items again
    #[command(after_help = "Example:\n  hourwire sync status")]
    Sync(sync::Sync),
    /// Subscriptions and the deliveries kept raw: what the Webhooks pane does
    Webhooks(webhooks::Webhooks),
    /// Where each value of an entry comes from, and why it is where it is
    Why(why::Why),
    /// Write the ledger to a file as JSON lines
    Backup(backup::Backup),
    /// Read a backup into an empty state folder
    Restore(backup::Restore),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// List the dashboard's themes
    Themes(themes::ThemesOptions),
    /// List the dashboard's keys
    Keys(keys::Keys),
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let hooks = color_eyre::config::HookBuilder::default().display_env_section(false);
    // Only a second installation can fail, and then one is there.
    let _ = hooks.install();
    let exit = match Cli::try_parse() {
        Ok(cli) => run(&cli).unwrap_or_else(|failure| {
            print::safe_print(&failure.message);
            failure.exit
        }),
        // Help and version are answers too, and come this way.
        Err(told) => {
            let shown = told.print();
            if told.use_stderr() {
                Exit::Usage
            } else {
                print::written(shown);
                Exit::Good
            }
        }
    };
    let exit = if exit == Exit::Good && !print::is_whole() { Exit::NotWell } else { exit };
    exit.into()
}

fn run(cli: &Cli) -> Outcome {
    let global = &cli.global;
    if let Some(level) = &global.log {
        logs::filter(level).map_err(Failure::usage)?;
    }
    let Some(command) = &cli.command else {
        return serve_all(dashboard::run(global, async || demo::run(global, &demo::Demo::default()).await));
    };
    match command {
        Sub::Demo(options) => serve_all(demo::run(global, options)),
        Sub::Simulate(options) => serve_all(simulate::run(options)),
        Sub::Serve(options) => serve_all(serve::run(global, options)),
        Sub::Status(options) => wait_for(status::run(global, options)),
        Sub::Quota(options) => wait_for(quota::run(global, options)),
        Sub::Hold(which) => wait_for(hold::hold(global, which)),
        Sub::Release(which) => wait_for(hold::release(global, which)),
        Sub::Backfill(options) => wait_for(backfill::run(global, options)),
        Sub::Sync(options) => wait_for(sync::run(global, options)),
        Sub::Webhooks(options) => wait_for(webhooks::run(global, options)),
        Sub::Why(options) => wait_for(why::run(global, options)),
        Sub::Backup(options) => backup::backup(global, options),
        Sub::Restore(options) => backup::restore(global, options),
        Sub::Completions(options) => completions::run(options),
        Sub::Themes(options) => themes::run(global, options),
        Sub::Keys(options) => keys::run(global, options),
    }
}

/// Runs a one-shot command on a small runtime of its own.
fn wait_for(work: impl Future<Output = Outcome>) -> Outcome {
    on(&mut tokio::runtime::Builder::new_current_thread(), work)
}

/// Runs a process that many talk to on as many threads as there are cores.
fn serve_all(work: impl Future<Output = Outcome>) -> Outcome {
    on(&mut tokio::runtime::Builder::new_multi_thread(), work)
}

fn on(runtime: &mut tokio::runtime::Builder, work: impl Future<Output = Outcome>) -> Outcome {
    let runtime =
        runtime.enable_all().build().map_err(|error| Failure::not_well(format!("can't start: {error}")))?;
    runtime.block_on(work)
}
