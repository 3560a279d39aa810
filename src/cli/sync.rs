//! `hourwire sync`: what is not synced yet, and sending failed items again.

use clap::{Args, Subcommand, ValueEnum};

use super::exit::{Exit, Failure, Outcome};
use super::hosting::{Need, with_engine};
use super::options::Global;
use super::{ask, print, reach};
use crate::control::command::{Reply, Wish};
use crate::control::link::ViewerEnd;
use crate::control::view::{SyncLine, ViewKind};
use crate::domain::word::SyncWord;

/// Options of `sync`.
#[derive(Args, Clone, Debug)]
pub struct Sync {
    /// What to do
    #[command(subcommand)]
    pub what: What,
}

/// What to do with open work.
#[derive(Subcommand, Clone, Debug)]
pub enum What {
    /// List what is not synced, per target, what needs a person first
    #[command(after_help = "Example:\n  hourwire sync status --json | jq '.rows[].word'")]
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Decide a conflict: send what Toggl has, or leave what somebody changed in the target
    #[command(after_help = "Example:\n  hourwire sync resolve 3990000123 --keep target")]
    Resolve {
        /// The source entry, by id or as ACCOUNT/ID
        #[arg(value_name = "ENTRY")]
        entry: String,
        /// Whose side wins
        #[arg(long, value_name = "SIDE", value_enum)]
        keep: Side,
        /// Only this target account
        #[arg(long, value_name = "ACCOUNT")]
        target: Option<String>,
        /// Only say what it would take
        #[arg(long)]
        dry_run: bool,
    },
    /// Send failed items again
    #[command(after_help = "Example:\n  hourwire sync retry --target mirror")]
    Retry {
        /// Only this target account
        #[arg(long, value_name = "ACCOUNT")]
        target: Option<String>,
        /// Only this source entry, by id or as ACCOUNT/ID
        #[arg(long, value_name = "ENTRY")]
        entry: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// A side of a conflict.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What Toggl has is sent
    Source,
    /// What is in the target stays
    Target,
}

/// Runs `sync`.
pub async fn run(global: &Global, options: &Sync) -> Outcome {
    let need = match &options.what {
        What::Status { .. } | What::Resolve { dry_run: true, .. } => Need::Kept,
        What::Resolve { .. } | What::Retry { .. } => Need::Sent,
    };
    with_engine(global, need, async |engine| talk(engine, options).await).await
}

async fn talk(engine: &mut ViewerEnd, options: &Sync) -> Outcome {
    let page = ask::page(engine, ViewKind::Sync, "").await?;
    let total = page.total;
    let rows = ask::rows!(page, Sync);
    match &options.what {
        What::Status { json } => {
            show(&rows, total, *json);
            let needs_person = rows.iter().any(|line| line.word.needs_person());
            Ok(if needs_person { Exit::NotWell } else { Exit::Good })
        }
        What::Resolve { entry, keep, target, dry_run } => {
            let mut fits = rows
                .into_iter()
                .filter(|line| line.word == SyncWord::Conflict && is_entry(line, entry))
                .filter(|line| target.as_deref().is_none_or(|target| line.target.as_str() == target));
            let line = match (fits.next(), fits.next()) {
                (Some(line), None) => line,
                (Some(_), Some(_)) => {
                    return Err(Failure::usage("several targets fit; name one with --target"));
                }
                (None, _) => {
                    return Err(Failure::not_well(
                        "there is no such conflict; `hourwire sync status` lists open work",
                    ));
                }
            };
            let keep_source = *keep == Side::Source;
            let wish = Wish::Resolve { target: line.target, source: line.key, keep_source, dry: *dry_run };
            match ask::wish(engine, wish).await? {
                Reply::Failed { reason } => Err(Failure::not_well(reason)),
                Reply::Done { say } => {
                    print::say(&say);
                    Ok(Exit::Good)
                }
                Reply::Price(price) => {
                    print::say(&format!("{} · {}", price.say, price.cost()));
                    Ok(Exit::Good)
                }
                Reply::Accepted => Ok(Exit::Good),
            }
        }
        What::Retry { target, entry, json } => {
            let chosen: Vec<SyncLine> = rows
                .into_iter()
                .filter(|line| matches!(line.word, SyncWord::Failed(_)))
                .filter(|line| target.as_deref().is_none_or(|target| line.target.as_str() == target))
                .filter(|line| entry.as_deref().is_none_or(|entry| is_entry(line, entry)))
                .collect();
            if chosen.is_empty() && (target.is_some() || entry.is_some()) {
                let none = Failure::not_well("nothing failed there; `hourwire sync status` lists open work");
                return Err(reach::or_unknown(engine, target.as_deref(), none).await);
            }
            let mut sent = 0;
            for line in chosen {
                let wish = Wish::Retry { target: line.target, source: line.key.clone() };
                match ask::wish(engine, wish).await? {
                    Reply::Failed { reason } => {
                        return Err(Failure::not_well(format!("{}: {reason}", line.key)));
                    }
                    _ => sent += 1,
                }
            }
            if *json {
                print::json(&serde_json::json!({ "sent": sent }));
            } else {
                print::say(&format!("{sent} sent again"));
            }
            Ok(Exit::Good)
        }
    }
}

fn is_entry(line: &SyncLine, entry: &str) -> bool {
    line.key.to_string() == entry || line.key.id.as_str() == entry
}

fn show(rows: &[SyncLine], total: u32, json: bool) {
    if json {
        print::json(
            &serde_json::json!({ "total": total, "rows": rows.iter().map(as_json).collect::<Vec<_>>() }),
        );
        return;
    }
    if rows.is_empty() {
        print::say("everything is synced");
        return;
    }
    let table: Vec<Vec<String>> = rows.iter().map(as_cells).collect();
    print::say(&print::table(&table));
    let listed = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    if total > listed {
        print::say(&format!("and {} more", total - listed));
    }
}

fn as_json(line: &SyncLine) -> serde_json::Value {
    serde_json::json!({
        "entry": line.key.to_string(),
        "target": line.target,
        "what": line.what,
        "word": line.word.name(),
        "reason": line.word.reason(),
        "start": line.start,
        "project": line.project,
        "description": line.description,
        "since": line.since,
        "next_at": line.next_at,
    })
}

fn as_cells(line: &SyncLine) -> Vec<String> {
    vec![
        line.target.to_string(),
        line.key.to_string(),
        line.what.clone(),
        line.word.to_string(),
        line.start.format("%Y-%m-%d %H:%M").to_string(),
        line.project.clone(),
        line.description.clone(),
    ]
}
