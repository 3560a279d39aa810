//! Opening a log: which segments there are, where the durable records end, what was torn and what was damaged.
//!
//! Everything reported as readable is synced first: after a kill -9 the bytes may be in memory only.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::disk::{Disk, zero_fill};
use super::error::{JournalError, Recovered};
use super::reading::Shared;
use super::scan::Scanner;
use super::segment::{FORMAT, HEADER_BLOCK, Header, Name, Segment, read_header};

/// What [`open`] hands to the writer.
pub(super) struct Opened {
    pub shared: Shared,
    pub recovered: Recovered,
    /// The segment that can be appended to is the last of the list.
    pub appendable: bool,
    /// The ordinal for the next segment.
    pub next_ordinal: u64,
}

/// Finds and checks the segments. Older ones are read through only if `thorough`; damage in them then shows at once
/// rather than when they are read.
pub(super) fn open(
    disk: Arc<dyn Disk>,
    prefix: &str,
    kind: u32,
    thorough: bool,
) -> Result<Opened, JournalError> {
    disk.sync_dir().map_err(|e| JournalError::io("sync", "the directory", e))?;
    let listed = disk.list().map_err(|e| JournalError::io("list", "the directory", e))?;
    let mut names: Vec<Name> = listed.iter().filter_map(|name| Name::parse(prefix, name)).collect();
    names.sort_by_key(|name| name.ordinal);
    let next_ordinal = names.last().map_or(1, |name| name.ordinal + 1);

    let mut segments: Vec<Segment> = Vec::new();
    let mut hurt: Vec<usize> = Vec::new();
    for (position, name) in names.iter().enumerate() {
        let file = disk.open(&name.text).map_err(|e| JournalError::io("open", &name.text, e))?;
        let bytes = file.len().map_err(|e| JournalError::io("measure", &name.text, e))?;
        let created_ns = match read_header(&*file, name, kind)? {
            Header::Valid { created_ns } => created_ns,
            Header::Newer(found) => {
                return Err(JournalError::NewerFormat { file: name.text.clone(), found, known: FORMAT });
            }
            Header::Damaged => {
                let mut rest = Scanner::new(&*file, name.salt, HEADER_BLOCK.min(bytes), bytes);
                let empty =
                    rest.dirty_end().map_err(|e| JournalError::io("read", &name.text, e))? <= HEADER_BLOCK;
                let held_some = names.get(position + 1).is_some_and(|next| next.first_seq > name.first_seq);
                if empty && !held_some {
                    // Its making was interrupted: nothing can have been written to it.
                    disk.remove(&name.text).map_err(|e| JournalError::io("remove", &name.text, e))?;
                    continue;
                }
                hurt.push(segments.len());
                i64::MAX
            }
        };
        segments.push(Segment::new(name.clone(), file, created_ns, bytes));
    }

    let shared = Shared::new(disk, segments);
    let (torn_bytes, appendable) = settle(&shared, &hurt)?;
    if thorough {
        shared.visit(0, &mut |_, _| ControlFlow::Continue(()))?;
    }
    let last_seq = shared.segments().last().map_or(0, |s| s.last_seq);
    let first_seq = shared.first_seq().unwrap_or(last_seq + 1);
    let recovered = Recovered { first_seq, last_seq, torn_bytes, damage: shared.damage() };
    Ok(Opened { shared, recovered, appendable, next_ordinal })
}

/// Fixes where each segment ends, and cuts the torn tail of the last one off.
fn settle(shared: &Shared, hurt: &[usize]) -> Result<(u64, bool), JournalError> {
    let mut segments = shared.segments();
    for &at in hurt {
        if let Some(Segment { name, file, .. }) = segments.get(at) {
            shared.report(&name.text, file, name.first_seq, name.first_seq.saturating_sub(1));
        }
    }
    // A later segment that begins at or before a number takes it over: that was a rewrite after a failed sync.
    let mut taken_from = u64::MAX;
    for segment in segments.iter_mut().rev() {
        if taken_from < u64::MAX {
            segment.last_seq = taken_from.saturating_sub(1);
            segment.end = segment.bytes;
        }
        taken_from = taken_from.min(segment.name.first_seq);
    }
    let count = segments.len();
    let Some(last) = segments.last_mut() else { return Ok((0, false)) };
    let name = last.name.text.clone();
    let failed = |what: &'static str| {
        let name = name.clone();
        move |e| JournalError::io(what, &name, e)
    };
    last.file.sync_data().map_err(failed("sync"))?;
    let gaps = walk(last).map_err(failed("read"))?;
    for &(first, to) in &gaps {
        shared.report(&name, &last.file, first, to);
    }
    let mut tail = Scanner::new(&*last.file, last.name.salt, last.end, last.bytes);
    if tail.note().map_err(failed("read"))?.is_none() {
        tail.at = last.end;
    }
    let clean_from = tail.at;
    let dirty = tail.dirty_end().map_err(failed("read"))?;
    let appendable = gaps.is_empty() && !hurt.contains(&(count - 1));
    if dirty > clean_from && appendable {
        // Stale bytes behind the end must never look like the successors of what is appended next.
        zero_fill(&*last.file, last.end, dirty)
            .and_then(|()| last.file.sync_data())
            .map_err(failed("clean"))?;
    }
    Ok((dirty - clean_from, appendable))
}

/// Finds the end of the last segment; answers the ranges of durable records that are missing.
fn walk(last: &mut Segment) -> io::Result<Vec<(u64, u64)>> {
    let file = last.file.clone();
    let mut scanner = Scanner::new(&*file, last.name.salt, HEADER_BLOCK, last.bytes);
    let mut gaps = Vec::new();
    loop {
        while let Some(record) = scanner.next_in_order(last.last_seq + 1)? {
            let (seq, offset) = (record.seq, record.offset);
            last.note(seq, offset);
            last.last_seq = seq;
            last.end = scanner.at;
        }
        // What follows the first bad bytes tells whether the records missing here had been durable.
        let expected = last.last_seq + 1;
        let bad = scanner.at;
        let (mut next, mut durable) = (None, 0);
        while let Some(found) = scanner.find(expected)? {
            durable = durable.max(found.durable);
            if !found.is_note && found.seq > expected {
                next = next.or(Some(found));
            }
            scanner.at = found.end;
        }
        if durable < expected {
            scanner.at = bad;
            return Ok(gaps);
        }
        let (resume, missing_to) = next.map_or((scanner.at, durable), |found| (found.offset, found.seq - 1));
        gaps.push((expected, missing_to));
        last.last_seq = missing_to;
        scanner.at = resume;
        last.end = resume;
    }
}
