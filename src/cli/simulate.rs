//! `hourwire simulate`: only the simulated services, for any outside client.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure, Outcome};
use super::ready::Ready;
use super::signals;
use crate::simulator::serve::{ServeError, ServeOptions, start};
use crate::simulator::{Plans, World, toggl};

/// Options of `simulate`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire simulate --world empty --plan free --seed 7\n\n\
    The first line on standard output is one JSON object with addresses and tokens. SIGTERM or Ctrl-C ends it.")]
pub struct Simulate {
    /// One address for everything, told apart by path [default: a free loopback port each]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// What the Toggl workspace pays for; Clockify is free with `free`, else paid
    #[arg(long, value_enum, default_value_t, value_name = "PLAN")]
    pub plan: Plan,
    /// What the services hold at the start
    #[arg(long, value_enum, default_value_t, value_name = "WORLD")]
    pub world: WorldName,
    /// Equal seeds make equal worlds
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Serve over TLS: certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Serve over TLS: private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// Toggl's plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Plan {
    /// 30 requests an hour.
    Free,
    /// 240 requests an hour.
    Starter,
    /// 600 requests an hour.
    #[default]
    Premium,
}

/// What the services hold at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WorldName {
    /// Two people, five clients, a dozen projects, 60 days of history.
    #[default]
    Demo,
    /// One workspace, one user and nothing else in each service.
    Empty,
}

/// Serves until a signal comes.
pub async fn run(options: &Simulate) -> Outcome {
    let cancel = signals::cancelled_by_signals()?;
    let running = start(serve_options(options), cancel.clone()).await.map_err(|error| match error {
        ServeError::Client(_) => Failure::not_well(error),
        _ => Failure::usage(error),
    })?;
    Ready { simulator: Some(running.ready), ..Ready::now() }.print();
    cancel.cancelled().await;
    Ok(Exit::Good)
}

fn serve_options(options: &Simulate) -> ServeOptions {
    ServeOptions {
        listen: options.listen,
        tls: options.tls_cert.clone().zip(options.tls_key.clone()),
        world: match options.world {
            WorldName::Demo => World::Demo,
            WorldName::Empty => World::Empty,
        },
        plan: Plans::of(match options.plan {
            Plan::Free => toggl::Plan::Free,
            Plan::Starter => toggl::Plan::Starter,
            Plan::Premium => toggl::Plan::Premium,
        }),
        seed: options.seed,
    }
}
