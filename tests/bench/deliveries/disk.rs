//! What a bare `fdatasync` costs on this disk: writing 1 KiB into a zero-filled file, or one that grows, and syncing it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

const RECORD: usize = 1024;

/// A file to be synced again and again.
pub struct Bare {
    file: File,
    next: u64,
}

impl Bare {
    /// Zero-filled for this many records.
    pub fn filled(folder: &Path, records: usize) -> Self {
        let file = File::create(folder.join("overwritten")).unwrap();
        file.write_all_at(&vec![0; RECORD * records], 0).unwrap();
        file.sync_all().unwrap();
        Self { file, next: 0 }
    }

    /// Empty.
    pub fn growing(folder: &Path) -> Self {
        let file = File::create(folder.join("appended")).unwrap();
        file.sync_all().unwrap();
        Self { file, next: 0 }
    }

    /// Writes the next record and syncs it.
    pub fn sync(&mut self) -> Duration {
        let began = Instant::now();
        self.file.write_all_at(&[7; RECORD], self.next).unwrap();
        self.file.sync_data().unwrap();
        self.next += RECORD as u64;
        began.elapsed()
    }
}
