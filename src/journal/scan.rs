//! Reading records out of a file, checked, through a window of bounded size.

use std::io;

use super::disk::{DiskFile, read_full};
use super::record::{HEAD, Head, NOTE};

const WINDOW: usize = 128 * 1024;

/// A record with a good checksum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub offset: u64,
    pub seq: u64,
    pub unix_ns: i64,
    pub payload: &'a [u8],
}

/// A valid record found after bytes that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub offset: u64,
    /// Where it ends.
    pub end: u64,
    pub seq: u64,
    /// The newest record that was durable when this one was written.
    pub durable: u64,
    /// It is no record but a note of what is durable.
    pub is_note: bool,
}

/// Walks over the records of a file from `at` to `limit`.
pub(super) struct Scanner<'a> {
    file: &'a dyn DiskFile,
    salt: u64,
    /// The position of the next record.
    pub at: u64,
    limit: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Scanner<'a> {
    pub fn new(file: &'a dyn DiskFile, salt: u64, at: u64, limit: u64) -> Self {
        Self { file, salt, at, limit, window: Vec::new(), window_at: at }
    }

    /// The record at the current position, if a valid one is there. Notes end the walk: they have no successor.
    pub fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        self.next_where(|head| head.kind != NOTE)
    }

    /// The record at the current position, if it is valid and has this number.
    pub fn next_in_order(&mut self, seq: u64) -> io::Result<Option<Record<'_>>> {
        self.next_where(|head| head.kind != NOTE && head.seq == seq)
    }

    /// Steps over a note of what is durable, if one is at the current position; answers its number.
    pub fn note(&mut self) -> io::Result<Option<u64>> {
        Ok(self.next_where(|head| head.kind == NOTE)?.map(|note| note.seq))
    }

    fn next_where(&mut self, wanted: impl Fn(&Head) -> bool) -> io::Result<Option<Record<'_>>> {
        let Some((head, start)) = self.valid_at(self.at)?.filter(|(head, _)| wanted(head)) else {
            return Ok(None);
        };
        let offset = self.at;
        self.at += head.size() as u64;
        let payload = &self.window[start..][head.payload()];
        Ok(Some(Record { offset, seq: head.seq, unix_ns: head.unix_ns, payload }))
    }

    /// The next valid record from the current position on whose number is at least `seq`.
    pub fn find(&mut self, seq: u64) -> io::Result<Option<Found>> {
        let mut at = self.at;
        while at + HEAD as u64 <= self.limit {
            if let Some(head) = self.head_at(at)?
                && head.seq >= seq
                && head.seq - seq <= self.limit
                && let Some((head, _)) = self.valid_at(at)?
            {
                let durable = head.seq.saturating_sub(u64::from(head.behind));
                let end = at + head.size() as u64;
                return Ok(Some(Found {
                    offset: at,
                    end,
                    seq: head.seq,
                    durable,
                    is_note: head.kind == NOTE,
                }));
            }
            at += 8;
        }
        Ok(None)
    }

    /// Where the last byte that is not zero ends, from the current position on; the position itself if there is none.
    pub fn dirty_end(&mut self) -> io::Result<u64> {
        let (mut at, mut end) = (self.at, self.at);
        while at < self.limit {
            let n = (self.limit - at).min(WINDOW as u64) as usize;
            let start = self.fill(at, n)?;
            let bytes = &self.window[start..self.window.len().min(start + n)];
            if let Some(last) = bytes.iter().rposition(|&byte| byte != 0) {
                end = at + last as u64 + 1;
            }
            if bytes.len() < n {
                break;
            }
            at += n as u64;
        }
        Ok(end)
    }

    fn head_at(&mut self, at: u64) -> io::Result<Option<Head>> {
        let start = self.fill(at, HEAD)?;
        Ok(self.window.get(start..start + HEAD).and_then(Head::parse))
    }

    fn valid_at(&mut self, at: u64) -> io::Result<Option<(Head, usize)>> {
        let Some(head) = self.head_at(at)? else { return Ok(None) };
        if at + head.size() as u64 > self.limit {
            return Ok(None);
        }
        let start = self.fill(at, head.size())?;
        Ok(head.is_sealed(self.salt, self.window.get(start..).unwrap_or_default()).then_some((head, start)))
    }

    /// Brings `at..at + n` into the window as far as the file has it; answers where it starts there.
    fn fill(&mut self, at: u64, n: usize) -> io::Result<usize> {
        let window_end = self.window_at + self.window.len() as u64;
        if at < self.window_at || at + n as u64 > window_end {
            let left = self.limit.saturating_sub(at) as usize;
            self.window.resize(n.max(WINDOW).min(left), 0);
            let read = read_full(self.file, &mut self.window, at)?;
            self.window.truncate(read);
            self.window_at = at;
        }
        Ok(((at - self.window_at) as usize).min(self.window.len()))
    }
}
