//! The live state of a ledger, key by key in order: the base merged with what the segments changed since.
//!
//! Memory is bounded by the keys of the segments; values stay on disk until they are handed out.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::base::Base;
use super::disk::{DiskFile, read_full};
use super::error::JournalError;
use super::frame::{self, Op, OpView};
use super::reading::Shared;
use super::record::HEAD;

/// The newest thing the segments say about a key.
enum Newest {
    Deleted,
    Put { file: Arc<dyn DiskFile>, at: u64, len: usize, expires: Option<i64> },
}

/// What takes the live puts: key, value, expiry.
pub(super) type Sink<'a> = dyn FnMut(&[u8], &[u8], Option<i64>) -> Result<(), JournalError> + 'a;

/// Hands every live put up to the frame `through` to `sink`, sorted by key; what has expired at `now_unix_s` is left out.
pub(super) fn live(
    base: Option<&Base>,
    shared: &Shared,
    through: u64,
    now_unix_s: i64,
    sink: &mut Sink<'_>,
) -> Result<(), JournalError> {
    let mut newest = changes(shared, base.map_or(0, Base::covers), through)?.into_iter().peekable();
    let alive = |expires: Option<i64>| expires.is_none_or(|at| at > now_unix_s);
    let hand_out = |key: &[u8], change: Newest, sink: &mut Sink<'_>| match change {
        Newest::Put { file, at, len, expires } if alive(expires) => {
            let mut value = vec![0; len];
            let n =
                read_full(&*file, &mut value, at).map_err(|e| JournalError::io("read", "a segment", e))?;
            value.truncate(n);
            sink(key, &value, expires)
        }
        _ => Ok(()),
    };
    if let Some(base) = base {
        let mut blocks = base.blocks(shared);
        while let Some(block) = blocks.next()? {
            for op in block.ops {
                let Op::Put { key, value, expires } = op else { continue };
                while let Some((changed, change)) = newest.next_if(|(changed, _)| *changed < key) {
                    hand_out(&changed, change, sink)?;
                }
                match newest.next_if(|(changed, _)| *changed == key) {
                    Some((_, change)) => hand_out(&key, change, sink)?,
                    None if alive(expires) => sink(&key, &value, expires)?,
                    None => {}
                }
            }
        }
    }
    for (key, change) in newest {
        hand_out(&key, change, sink)?;
    }
    Ok(())
}

fn changes(shared: &Shared, after: u64, through: u64) -> Result<BTreeMap<Vec<u8>, Newest>, JournalError> {
    let mut newest = BTreeMap::new();
    let mut bad = None;
    shared.visit(after + 1, &mut |file, record| {
        if record.seq > through {
            return ControlFlow::Break(());
        }
        let payload_at = record.offset + HEAD as u64;
        let known = frame::visit(record.payload, &mut |op| {
            let (key, change) = match op {
                OpView::Delete { key } => (key, Newest::Deleted),
                OpView::Put { key, value, at, expires } => {
                    let at = payload_at + at as u64;
                    (key, Newest::Put { file: file.clone(), at, len: value.len(), expires })
                }
            };
            match newest.get_mut(key) {
                Some(slot) => *slot = change,
                None => drop(newest.insert(key.to_vec(), change)),
            }
        });
        if known.is_none() {
            bad = Some(record.seq);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    bad.map_or(Ok(newest), |seq| Err(JournalError::BadFrame { seq }))
}
