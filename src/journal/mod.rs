//! The two durable logs, one code: the inbox (verified raw deliveries) and the ledger (all that the engine knows).
//!
//! Knows bytes, keys and sequence numbers, not meaning; uses no other room. The core is synchronous and sees files only
//! through [`Disk`], so that tests and worlds can cut the power at any operation. Nobody is told that something
//! happened before `sync` has returned.

mod backup;
mod base;
mod compaction;
mod copy;
mod disk;
mod error;
mod frame;
mod inbox;
mod ledger;
mod log;
mod merge;
mod reading;
mod record;
mod recovery;
mod scan;
mod segment;
mod writer;

pub use backup::{export, import};
pub use compaction::{Compacted, Compaction};
pub use copy::copy_ledger;
pub use disk::{Disk, DiskFile, Fault, RealDisk, SimDisk};
pub use error::{Damage, JournalError, Recovered};
pub use frame::{Frame, Op};
pub use inbox::{Inbox, InboxOptions, InboxReader, Stored};
pub use ledger::{Ledger, LedgerOptions};
pub use log::Alarms;
pub use segment::Sizes;
pub use writer::{AppendError, Clock, InboxWriter, system_clock};
