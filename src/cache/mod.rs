//! The cache: sled behind a narrow trait, with an in-memory twin. A function of the ledger, never the truth.
//!
//! It keeps bytes under keys in one ordered space and the secondary indexes made from them; what the bytes mean is
//! the engine's. One batch per ledger frame, which also records the frame's sequence. sled 0.34.7 loses tails in
//! silence and panics on damaged pages, so completeness is proved here ([`Proof`]) and [`Guarded`] rebuilds what
//! fails the proof. Must not: hold anything that the ledger does not, read the ledger itself, or let a panic of sled
//! out of this room.
//!
//! The first byte of a key is its tag: `0x01..=0x7f` rows, `0x80..=0xfe` index entries made by the [`Indexer`];
//! `0x00` and `0xff` belong to the cache itself and are refused.

mod block;
mod error;
mod fence;
mod guard;
pub mod key;
mod memory;
mod pieces;
mod plan;
mod proof;
pub mod rows;
mod sled_store;
mod store;

pub use error::CacheError;
pub use guard::{ApplyFrame, CacheState, GuardConfig, Guarded, LedgerEnd, Replayer};
pub use memory::Memory;
pub use proof::Proof;
pub use sled_store::{Sled, SledConfig};
pub use store::{Change, Indexer, KeyRange, Row, Store, Visit, no_index};
