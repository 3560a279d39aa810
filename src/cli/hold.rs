//! `hourwire hold` and `hourwire release`: stop and resume sending.

use clap::Args;

use super::exit::Outcome;
use super::hosting::{Need, with_engine};
use super::options::Global;
use super::{ask, reach};
use crate::control::command::Wish;
use crate::control::link::ViewerEnd;
use crate::domain::id::Account;

/// Options of `hold` and `release`.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// Only this target account, by its name in hourwire.toml [default: all targets]
    #[arg(long, value_name = "ACCOUNT")]
    pub target: Option<String>,
}

/// Stops sending. What arrives is still kept and shown.
pub async fn hold(global: &Global, which: &Which) -> Outcome {
    ask_for(global, which, Wish::Hold { target: target(which) }).await
}

/// Resumes sending.
pub async fn release(global: &Global, which: &Which) -> Outcome {
    ask_for(global, which, Wish::Release { target: target(which) }).await
}

fn target(which: &Which) -> Option<Account> {
    which.target.as_deref().map(Account::from)
}

async fn ask_for(global: &Global, which: &Which, wish: Wish) -> Outcome {
    let talk = async |engine: &mut ViewerEnd| match ask::show(ask::wish(engine, wish).await?, false) {
        Err(failure) => Err(reach::or_unknown(engine, which.target.as_deref(), failure).await),
        done => done,
    };
    with_engine(global, Need::Kept, talk).await
}
