//! `hourwire webhooks`: what the Webhooks pane does.

mod deliveries;
mod export;
mod incidents;
mod list;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure, Outcome};
use super::hosting::{Need, with_engine};
use super::options::Global;
use super::{ask, reach};
use crate::control::command::{Reshape, SubscriptionRef, Wish};
use crate::control::link::ViewerEnd;
use crate::control::snapshot::SubscriptionLine;
use crate::domain::health::SubState;
use crate::domain::id::{Account, RemoteId, Service};

/// Options of `webhooks`.
#[derive(Args, Clone, Debug)]
pub struct Webhooks {
    /// What to do
    #[command(subcommand)]
    pub what: What,
}

/// Which subscription.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// Its id, or ACCOUNT/ID [default: Toggl's that was made here]
    #[arg(value_name = "SUBSCRIPTION")]
    pub subscription: Option<String>,
}

/// What to do with webhooks.
#[derive(Subcommand, Clone, Debug)]
pub enum What {
    /// List all subscriptions with state, events, plan and what somebody changed
    #[command(after_help = "Example:\n  hourwire webhooks list --json | jq '.[].state'")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a subscription; up to 11 requests, 4 as a rule
    #[command(after_help = "Example:\n  hourwire webhooks create --account main")]
    Create {
        /// The source account [default: the only one]
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Enable a subscription, prove it and read what it missed; up to 7 requests, 4 as a rule
    #[command(after_help = "Example:\n  hourwire webhooks enable 20417")]
    Enable(Which),
    /// Disable a subscription; it stays so until a person enables it; 1 request
    #[command(after_help = "Example:\n  hourwire webhooks disable 20417")]
    Disable(Which),
    /// Ask the service for a ping and wait for it; 1 request
    #[command(after_help = "Example:\n  hourwire webhooks test --json")]
    Test {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Complete the handshake of the address, by echo and by the validation address; up to 2 requests
    #[command(after_help = "Example:\n  hourwire webhooks validate")]
    Validate(Which),
    /// Read what Clockify's log of 7 days tells of a webhook's deliveries; 2 requests
    #[command(after_help = "Example:\n  hourwire webhooks log mirror/64f0c0ffee00000000011001")]
    Log(Which),
    /// Give a subscription another name; up to 2 requests
    #[command(after_help = "Example:\n  hourwire webhooks rename 'hourwire office'")]
    Rename {
        /// The name, unique in the workspace
        name: String,
        /// Which
        #[command(flatten)]
        which: Which,
    },
    /// Change the events that a subscription tells; 1 request
    #[command(after_help = "Example:\n  hourwire webhooks events 'time_entry *' 'project *'")]
    Events {
        /// Entity and action, each possibly `*`
        #[arg(value_name = "EVENT", required = true)]
        events: Vec<String>,
    },
    /// Make a new secret; the old one is taken for a day more; 1 request
    #[command(after_help = "Example:\n  hourwire webhooks rotate")]
    Rotate(Which),
    /// Print the secret of a subscription that was made or adopted here
    #[command(after_help = "Example:\n  hourwire webhooks reveal | wl-copy")]
    Reveal(Which),
    /// Undo what somebody changed at the service; up to 3 requests, 10 where it is disabled
    #[command(after_help = "Example:\n  hourwire webhooks restore")]
    Restore(Which),
    /// Want what somebody changed at the service; up to 3 requests, 10 where it is disabled
    #[command(after_help = "Example:\n  hourwire webhooks adopt")]
    Adopt(Which),
    /// Delete a subscription at the service; 2 requests
    #[command(after_help = "Example:\n  hourwire webhooks delete 20417 --yes")]
    Delete {
        /// Which
        #[command(flatten)]
        which: Which,
        /// It cannot be undone: say that it is meant
        #[arg(long)]
        yes: bool,
    },
    /// List all incidents, newest first, or show the timeline of one
    #[command(after_help = "Example:\n  hourwire webhooks incidents\n  hourwire webhooks incidents 7 --json")]
    Incidents(incidents::Incidents),
    /// List the deliveries kept raw, or show one in full
    #[command(
        after_help = "Example:\n  hourwire webhooks deliveries --filter 'dead'\n  hourwire webhooks deliveries 4711 --json\n  hourwire webhooks deliveries --export march.jsonl"
    )]
    Deliveries(deliveries::Deliveries),
    /// Apply deliveries again; what has not changed stays as it is
    #[command(
        after_help = "Example:\n  hourwire webhooks replay 4711 --dry-run\n  hourwire webhooks replay --from 4700 --to 4800"
    )]
    Replay(deliveries::Replay),
    /// Check the signature of a delivery again
    #[command(after_help = "Example:\n  hourwire webhooks verify 4711 --secret-env OLD_SECRET")]
    Verify(deliveries::Verify),
}

impl What {
    /// A subscription that is changed is called by its service, and has to answer.
    fn need(&self) -> Need {
        match self {
            Self::List { .. }
            | Self::Incidents(_)
            | Self::Reveal(_)
            | Self::Deliveries(_)
            | Self::Verify(_)
            | Self::Replay(deliveries::Replay { dry_run: true, .. }) => Need::Kept,
            Self::Replay(_) => Need::Sent,
            Self::Log(_) | Self::Disable(_) | Self::Delete { .. } | Self::Adopt(_) => Need::Services,
            Self::Create { .. }
            | Self::Enable(_)
            | Self::Test { .. }
            | Self::Validate(_)
            | Self::Rename { .. }
            | Self::Events { .. }
            | Self::Rotate(_)
            | Self::Restore(_) => Need::Receiver,
        }
    }
}

/// Runs `webhooks`.
pub async fn run(global: &Global, options: &Webhooks) -> Outcome {
    if let What::Delete { yes: false, .. } = options.what {
        return Err(Failure::usage("deleting a subscription cannot be undone; add --yes if it is meant"));
    }
    with_engine(global, options.what.need(), async |engine| talk(engine, options).await).await
}

async fn talk(engine: &mut ViewerEnd, options: &Webhooks) -> Outcome {
    match &options.what {
        What::List { json } => list::list(engine, *json).await,
        What::Create { account } => {
            let account = source(engine, account.as_deref()).await?;
            let subscription = SubscriptionRef::new(&account, &RemoteId::default());
            let create = |subscription| Wish::Reshape { subscription, change: Reshape::Create };
            carry(engine, subscription, create, false).await
        }
        What::Enable(which) => change(engine, which, |subscription| Wish::Enable { subscription }).await,
        What::Disable(which) => change(engine, which, |subscription| Wish::Disable { subscription }).await,
        What::Test { which, json } => {
            let subscription = find(engine, which).await?;
            carry(engine, subscription, |subscription| Wish::Test { subscription }, *json).await
        }
        What::Validate(which) => change(engine, which, |subscription| Wish::Validate { subscription }).await,
        What::Log(which) => change(engine, which, |subscription| Wish::ReadHookLog { subscription }).await,
        What::Rename { name, which } => reshape(engine, which, Reshape::Rename { name: name.clone() }).await,
        What::Events { events } => {
            let which = Which { subscription: None };
            reshape(engine, &which, Reshape::Events { filters: events.clone() }).await
        }
        What::Rotate(which) => reshape(engine, which, Reshape::Rotate).await,
        What::Reveal(which) => {
            let subscription = find(engine, which).await?;
            ask::show(ask::wish(engine, Wish::Reveal { subscription }).await?, false)
        }
        What::Restore(which) => reshape(engine, which, Reshape::Restore).await,
        What::Adopt(which) => reshape(engine, which, Reshape::Adopt).await,
        What::Delete { which, .. } => reshape(engine, which, Reshape::Delete).await,
        What::Incidents(options) => incidents::incidents(engine, options).await,
        What::Deliveries(options) => deliveries::list(engine, options).await,
        What::Replay(options) => deliveries::replay(engine, options).await,
        What::Verify(options) => deliveries::verify(engine, options).await,
    }
}

async fn reshape(engine: &mut ViewerEnd, which: &Which, how: Reshape) -> Outcome {
    change(engine, which, |subscription| Wish::Reshape { subscription, change: how }).await
}

async fn change(
    engine: &mut ViewerEnd,
    which: &Which,
    wish: impl FnOnce(SubscriptionRef) -> Wish,
) -> Outcome {
    let subscription = find(engine, which).await?;
    carry(engine, subscription, wish, false).await
}

/// Asks for something at a service; when that can't be reached, says that.
async fn carry(
    engine: &mut ViewerEnd,
    at: SubscriptionRef,
    wish: impl FnOnce(SubscriptionRef) -> Wish,
    json: bool,
) -> Outcome {
    let account = at.account.clone();
    match ask::outcome(engine, wish(at), json).await {
        Err(failure) if failure.exit == Exit::NotWell => {
            Err(reach::or_unreachable(engine, Some(&account), failure).await)
        }
        done => done,
    }
}

async fn lines(engine: &mut ViewerEnd) -> Result<Vec<SubscriptionLine>, Failure> {
    Ok(ask::snapshot(engine).await?.subscriptions)
}

/// The subscription that is meant: by its id, else the one of Toggl that was made here.
async fn find(engine: &mut ViewerEnd, which: &Which) -> Result<SubscriptionRef, Failure> {
    let lines = lines(engine).await?;
    let named = |line: &&SubscriptionLine| match &which.subscription {
        Some(text) => {
            *text == line.at.id.to_string() || *text == format!("{}/{}", line.at.account, line.at.id)
        }
        None => line.ours && line.service == Service::Toggl,
    };
    let mut found = lines.iter().filter(named);
    match (found.next(), found.next()) {
        (Some(line), None) => Ok(line.at.clone()),
        (Some(_), Some(_)) => Err(Failure::usage("several fit; name one as ACCOUNT/ID")),
        (None, _) => {
            let none =
                Failure::not_well("there is no such subscription; `hourwire webhooks list` lists them");
            Err(reach::or_unreachable(engine, None, none).await)
        }
    }
}

/// The source account that is meant.
async fn source(engine: &mut ViewerEnd, name: Option<&str>) -> Result<Account, Failure> {
    let accounts = ask::snapshot(engine).await?.accounts;
    let mut sources = accounts.into_iter().filter(|a| a.service == Service::Toggl).map(|a| a.name);
    match (name, sources.next(), sources.next()) {
        (Some(name), ..) => Ok(Account::from(name)),
        (None, Some(only), None) => Ok(only),
        _ => Err(Failure::usage("name the source account with --account")),
    }
}

/// Well, unless something about a subscription needs eyes.
fn health(lines: &[SubscriptionLine]) -> Exit {
    let well = |line: &SubscriptionLine| line.is_well() || line.state == SubState::Pending;
    if lines.iter().all(well) { Exit::Good } else { Exit::NotWell }
}
