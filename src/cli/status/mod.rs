//! `hourwire status`: how a running engine is.

mod json;
mod table;
mod well;

use clap::Args;

use super::exit::{Exit, Outcome};
use super::options::Global;
use super::{ask, attach, print};

pub use json::{incident_json, status_json};
pub use table::status_table;
pub use well::{account_trouble, not_well};

/// Options of `status`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire status --json | jq '.subscriptions[].state'\n\n\
    Exit codes: 0 all is well or on the way, 1 something needs a person, 3 no engine runs")]
pub struct Status {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks the running engine how it is.
pub async fn run(global: &Global, options: &Status) -> Outcome {
    let mut engine = attach::running(global).await?;
    let snapshot = ask::snapshot(&mut engine).await?;
    if options.json {
        print::json(&status_json(&snapshot));
    } else {
        print::say(&status_table(&snapshot));
    }
    Ok(if not_well(&snapshot).is_empty() { Exit::Good } else { Exit::NotWell })
}
