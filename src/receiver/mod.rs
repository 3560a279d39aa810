//! The HTTP side that services call. It is handed a verifier and an append handle and knows no meaning.
//!
//! Signature, then the inbox, durable, then 2xx: nothing else happens before the answer, and a correctly signed delivery
//! never gets a 4xx or 5xx for what it says, because three failures disable a subscription.

mod connections;
mod counters;
mod handler;
mod head;
mod hooks;
mod latest;
mod ping;
mod probe;
mod recent;
mod refusals;
mod rejected;
mod serve;
pub mod signature;
mod verifier;

pub use counters::{Counters, Counts, Outcome};
pub use handler::{MAX_BODY, Observe, Receiver};
pub use hooks::{Hook, Hooks, Previous};
pub use probe::{Asked, Probe};
pub use refusals::{Refusals, Refused};
pub use serve::{serve, spawn};
pub use verifier::{Refusal, Verdict, Verifier};
