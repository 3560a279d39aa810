//! Compaction of the ledger: a new base from the old one and the segments, swapped in with one rename.
//!
//! Planned and installed by the ledger's writer, run on any thread meanwhile. A crash at any step leaves either the
//! old base with all segments or the new one.

use std::sync::Arc;

use super::base::{Base, BaseWriter, NewBase};
use super::error::JournalError;
use super::merge;
use super::reading::Shared;

/// The work of a compaction, from `Ledger::plan_compaction`.
pub struct Compaction {
    pub(super) shared: Arc<Shared>,
    pub(super) base: Option<Base>,
    pub(super) covers: u64,
    pub(super) now_unix_s: i64,
}

/// A new base that is whole and durable, for `Ledger::install`.
pub struct Compacted {
    pub(super) base: NewBase,
    pub(super) covers: u64,
}

impl Compaction {
    /// Writes the new base. The ledger may be appended to meanwhile.
    pub fn run(self) -> Result<Compacted, JournalError> {
        let mut writer = BaseWriter::begin(self.shared.disk.clone(), self.covers)?;
        let mut put = |key: &[u8], value: &[u8], expires| writer.put(key, value, expires);
        match merge::live(self.base.as_ref(), &self.shared, self.covers, self.now_unix_s, &mut put) {
            Ok(()) => Ok(Compacted { base: writer.finish()?, covers: self.covers }),
            Err(error) => {
                writer.abandon();
                Err(error)
            }
        }
    }
}

impl Compacted {
    /// The keys that stayed.
    pub fn entries(&self) -> u64 {
        self.base.entries()
    }
}
