//! What viewers ask for, a file per group. Each is carried out at once and durable before its answer; what a service
//! must do follows as a notice. Nothing here waits for the network.

mod alert;
mod create;
mod edit;
mod guard;
mod hold;
mod queue;
mod read;
mod replay;
mod reroute;
mod sync;
mod token;
mod undo;

use chrono::TimeDelta;

use crate::cache::rows;
use crate::control::command::{Command, Reply, Wish};
use crate::domain::id::Account;

use super::Shared;
use super::desk::{DeskError, Desked};
use super::lobby::Author;
use super::state::State;

pub use edit::{impact, undo_of};

/// An answer survives a restart as long as it is remembered.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// In one sentence, with what to do.
    #[error("{0}")]
    Because(String),
    /// Nothing can be written or read now.
    #[error("{0}")]
    Desk(#[from] DeskError),
}

/// The result of a command.
pub type Answered = Result<Reply, Refusal>;

/// A refusal in words.
pub fn because<T>(say: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Because(say.into()))
}

/// Who asks, and under which id.
pub struct Asker<'a> {
    /// The author.
    pub by: &'a Author,
    /// The command's id.
    pub id: &'a str,
}

/// Carries a command out, or repeats the answer that its id got before.
pub fn run(engine: &Shared, by: &Author, command: Command) -> Reply {
    let now = engine.seams.now();
    let mut remembered = engine.lobby.remembered(now);
    if let Some((_, reply)) = remembered.get(&command.id) {
        return reply.clone();
    }
    if !*engine.ready.borrow() {
        return Reply::Failed { reason: "the cache is still being opened; try again in a moment".into() };
    }
    let Command { id, wish } = command;
    let changes = !is_dry(&wish);
    if changes && let Ok(Some(reply)) = engine.state().desk.get::<Reply>(&answer_key(&id)) {
        return reply;
    }
    let asker = Asker { by, id: &id };
    let reply = act(engine, &asker, wish).unwrap_or_else(|e| Reply::Failed { reason: e.to_string() });
    let kept = !changes || matches!(reply, Reply::Failed { .. }) || keep(engine, &id, &reply).is_ok();
    if kept {
        remembered.insert(id, (now, reply.clone()));
    }
    reply
}

fn answer_key(id: &str) -> Vec<u8> {
    rows::meta(&format!("answer:{id}"))
}

fn keep(engine: &Shared, id: &str, reply: &Reply) -> Desked<()> {
    engine.state().write("answer", |_, draft| draft.put_for(answer_key(id), reply, REMEMBERED))
}

fn is_dry(wish: &Wish) -> bool {
    match wish {
        Wish::EditMapping { dry, .. }
        | Wish::CreateProject { dry, .. }
        | Wish::MoveSent { dry, .. }
        | Wish::Backfill { dry, .. }
        | Wish::SendNow { dry, .. }
        | Wish::Resolve { dry, .. }
        | Wish::Decide { dry, .. }
        | Wish::Replay { dry, .. }
        | Wish::ReplayAll { dry, .. } => *dry,
        // It changes nothing, and its secret is not to be kept.
        Wish::Verify { .. } | Wish::VerifyRefused { .. } | Wish::Reveal { .. } => true,
        _ => false,
    }
}

fn act(engine: &Shared, asker: &Asker<'_>, wish: Wish) -> Answered {
    use super::guard_wish::Asked;
    match wish {
        Wish::EditMapping { seen, edit, dry } => edit::edit(engine, asker, &seen, &edit, dry),
        Wish::CreateProject { source, target, dry } => create::create(engine, asker, source, target, dry),
        Wish::MoveSent { source, target, dry } => reroute::move_sent(engine, asker, &source, &target, dry),
        Wish::Undo => undo::undo(engine, asker),
        Wish::Retry { target, source } => sync::retry(engine, &target, &source),
        Wish::Resolve { target, source, keep_source, dry } => {
            sync::resolve(engine, asker, (&target, &source), keep_source, dry)
        }
        Wish::Enable { subscription } => guard::ask(engine, asker, subscription, Asked::Enable),
        Wish::Disable { subscription } => guard::ask(engine, asker, subscription, Asked::Disable),
        Wish::Test { subscription } => guard::ask(engine, asker, subscription, Asked::Test),
        Wish::Validate { subscription } => guard::ask(engine, asker, subscription, Asked::Validate),
        Wish::Reshape { subscription, change } => {
            guard::ask(engine, asker, subscription, Asked::Reshape(change))
        }
        Wish::ReadHookLog { subscription } => guard::ask(engine, asker, subscription, Asked::Log),
        Wish::Reveal { subscription } => guard::reveal(engine, &subscription),
        Wish::Hold { target } => hold::hold(engine, asker, target),
        Wish::Release { target } => hold::release(engine, asker, target),
        Wish::Decide { hold, send, dry } => hold::decide(engine, asker, &hold, send, dry),
        Wish::Take => guard::take(engine, asker),
        Wish::Pause { job, on } => queue::pause(engine, &job, on),
        Wish::SendNow { target, dry } => queue::send_now(engine, &target, dry),
        Wish::ReadNow => read::now(engine),
        Wish::Backfill { from, to, dry } => read::backfill(engine, from, to, dry),
        Wish::Replay { seq, dry } => replay::replay(engine, seq, dry),
        Wish::ReplayAll { from, to, filter, dry } => replay::replay_all(engine, from, to, &filter, dry),
        Wish::VerifyRefused { number, secret } => {
            replay::verify_refused(engine, number, secret.as_ref().map(|typed| typed.0.as_str()))
        }
        Wish::Verify { seq, secret } => {
            replay::verify(engine, seq, secret.as_ref().map(|typed| typed.0.as_str()))
        }
        Wish::RenewToken { account, token } => token::renew(engine, asker, account, token),
        Wish::Acknowledge { alert } => alert::acknowledge(engine, &alert),
        Wish::StopEngine => Ok(Reply::Done { say: "the engine stops".into() }),
    }
}

/// Refuses a target that the settings do not name.
fn known_target(state: &State, target: &Account) -> Result<(), Refusal> {
    let targets = &state.setup.targets;
    if targets.iter().any(|t| t.account == *target) {
        return Ok(());
    }
    let names: Vec<&str> = targets.iter().map(|t| t.account.as_str()).collect();
    because(format!("there is no target account `{target}`; the targets are: {}", names.join(", ")))
}

/// `1 entry`, `4 entries`.
fn entries(count: usize) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}
