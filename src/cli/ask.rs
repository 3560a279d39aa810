//! One question to a running engine over the door, and its answer.

use std::time::Duration;

use tokio::time::timeout;

use super::exit::{Exit, Failure, Outcome};
use super::print;
use crate::control::command::{Command, NOT_DONE, Reply, Wish};
use crate::control::link::ViewerEnd;
use crate::control::message::{FromEngine, ToEngine};
use crate::control::snapshot::Snapshot;
use crate::control::view::{Open, Page, ViewKind};

/// How long the engine may take to answer. It never waits for a service before it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a service may take over a change of a subscription, its calls of our address included.
const LONG: Duration = Duration::from_secs(120);

/// The number of the only view a command opens.
const VIEW: u32 = 1;

/// The engine's whole state.
pub async fn snapshot(engine: &mut ViewerEnd) -> Result<Snapshot, Failure> {
    send(engine, ToEngine::Resync).await?;
    until(engine, |message| match message {
        FromEngine::Snapshot(snapshot) => Some(*snapshot),
        _ => None,
    })
    .await
}

/// The first rows of a view.
pub async fn page(engine: &mut ViewerEnd, kind: ViewKind, filter: &str) -> Result<Page, Failure> {
    page_at(engine, kind, filter, 0).await
}

/// The rows of a view from one on.
pub async fn page_at(
    engine: &mut ViewerEnd,
    kind: ViewKind,
    filter: &str,
    offset: u32,
) -> Result<Page, Failure> {
    let open = Open { view: VIEW, kind, filter: filter.to_owned(), offset, rows: 500 };
    send(engine, ToEngine::Open(open)).await?;
    let page = until(engine, |message| match message {
        FromEngine::Page(page) if page.view == VIEW => Some(page),
        _ => None,
    })
    .await?;
    send(engine, ToEngine::Close { view: VIEW }).await?;
    Ok(page)
}

/// The rows of a page that are of its kind.
macro_rules! rows {
    ($page:expr, $kind:ident) => {{
        let one = |row| match row {
            crate::control::view::Row::$kind(line) => Some(line),
            _ => None,
        };
        $page.rows.into_iter().filter_map(one).collect::<Vec<_>>()
    }};
}
pub(super) use rows;

/// Asks for something to be done.
pub async fn wish(engine: &mut ViewerEnd, wish: Wish) -> Result<Reply, Failure> {
    let id = format!("{:032x}", rand::random::<u128>());
    send(engine, ToEngine::Command(Command { id: id.clone(), wish })).await?;
    until(engine, |message| match message {
        FromEngine::Reply { id: of, reply } if of == id => Some(reply),
        _ => None,
    })
    .await
}

/// Asks for something that a service has to do, and waits until it has said yes or no.
pub async fn outcome(engine: &mut ViewerEnd, wish: Wish, json: bool) -> Outcome {
    let id = format!("{:032x}", rand::random::<u128>());
    send(engine, ToEngine::Command(Command { id: id.clone(), wish })).await?;
    let told = until_within(engine, LONG, |message| match message {
        FromEngine::Reply { id: of, reply: Reply::Accepted } if of == id => None,
        FromEngine::Reply { id: of, reply } if of == id => Some(reply),
        FromEngine::Notice { id: Some(of), say, .. } if of == id => Some(Reply::Done { say }),
        _ => None,
    })
    .await?;
    match told {
        Reply::Done { say } => match say.strip_prefix(NOT_DONE) {
            Some(reason) => Err(Failure::not_well(reason.to_owned())),
            None => show(Reply::Done { say }, json),
        },
        other => show(other, json),
    }
}

/// Prints an answer; a refusal is a failure.
pub fn show(reply: Reply, json: bool) -> Outcome {
    if json {
        let object = match reply {
            Reply::Accepted => serde_json::json!({ "accepted": true }),
            Reply::Done { say } => serde_json::json!({ "say": say }),
            Reply::Price(price) => serde_json::json!(price),
            Reply::Failed { reason } => return Err(Failure::not_well(reason)),
        };
        print::json(&object);
        return Ok(Exit::Good);
    }
    let answer = match reply {
        Reply::Accepted => {
            "accepted; the engine goes on with it, `hourwire sync status` shows how far".into()
        }
        Reply::Done { say } => say,
        Reply::Price(price) => price.say,
        Reply::Failed { reason } => return Err(Failure::not_well(reason)),
    };
    print::say(&answer);
    Ok(Exit::Good)
}

async fn send(engine: &ViewerEnd, message: ToEngine) -> Result<(), Failure> {
    engine.to_engine.send(message).await.map_err(|_| gone())
}

async fn until<T>(engine: &mut ViewerEnd, pick: impl FnMut(FromEngine) -> Option<T>) -> Result<T, Failure> {
    until_within(engine, PATIENCE, pick).await
}

async fn until_within<T>(
    engine: &mut ViewerEnd,
    patience: Duration,
    mut pick: impl FnMut(FromEngine) -> Option<T>,
) -> Result<T, Failure> {
    let wait = async {
        while let Some(message) = engine.from_engine.recv().await {
            if let Some(found) = pick(message) {
                return Ok(found);
            }
        }
        Err(gone())
    };
    timeout(patience, wait).await.unwrap_or_else(|_| {
        let s = patience.as_secs();
        Err(Failure::unreachable(format!(
            "the engine took longer than {s} s to answer; look at its log, or restart it"
        )))
    })
}

fn gone() -> Failure {
    Failure::unreachable("the engine left before it answered; start it again with `hourwire serve`")
}
