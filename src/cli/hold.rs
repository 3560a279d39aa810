//! `hourwire hold` and `hourwire release`: stop and resume sending.

use clap::Args;

use super::exit::Outcome;
use super::options::Global;
use super::{ask, attach, reach};
use crate::control::command::Wish;
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
    let mut engine = attach::running(global).await?;
    match ask::show(ask::wish(&mut engine, wish).await?, false) {
        Err(failure) => Err(reach::or_unknown(&mut engine, which.target.as_deref(), failure).await),
        done => done,
    }
}
