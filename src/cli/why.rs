//! `hourwire why`: where each value of an entry comes from, and why it is where it is.

use clap::Args;

use super::exit::{Exit, Failure, Outcome};
use super::hosting::{Need, with_engine};
use super::options::Global;
use super::{ask, print};
use crate::control::link::ViewerEnd;
use crate::control::view::ViewKind;
use crate::domain::id::{Account, Key, Service};

/// Options of `why`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire why 3544298808\n  hourwire why main/3544298808 --json")]
pub struct Why {
    /// The source entry: its id, or ACCOUNT/ID
    #[arg(value_name = "ENTRY")]
    pub entry: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints everything the engine knows about an entry.
pub async fn run(global: &Global, options: &Why) -> Outcome {
    with_engine(global, Need::Kept, async |engine| tell(engine, options).await).await
}

async fn tell(engine: &mut ViewerEnd, options: &Why) -> Outcome {
    for key in keys(engine, &options.entry).await? {
        let lines = ask::rows!(ask::page(engine, ViewKind::Detail { key }, "").await?, Detail);
        if lines.is_empty() {
            continue;
        }
        if options.json {
            print::json(&serde_json::json!(lines));
        } else {
            let table: Vec<Vec<String>> =
                lines.into_iter().map(|line| vec![line.label, line.value, line.why]).collect();
            print::say(&print::table(&table));
        }
        return Ok(Exit::Good);
    }
    Err(Failure::not_well(format!(
        "no entry {} is known; `hourwire` lists them, with `/` to search",
        options.entry
    )))
}

/// The keys an entry may have: as given, else in each source account.
async fn keys(engine: &mut ViewerEnd, entry: &str) -> Result<Vec<Key>, Failure> {
    if let Some((account, id)) = entry.split_once('/') {
        return Ok(vec![Key::new(&Account::from(account), id)]);
    }
    let accounts = ask::snapshot(engine).await?.accounts;
    let sources = accounts.iter().filter(|account| account.service == Service::Toggl);
    Ok(sources.map(|account| Key::new(&account.name, entry)).collect())
}
