//! What a bare `fdatasync` costs on this disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

const RECORD: usize = 1024;

/// The median of writing 1 KiB into a zero-filled file and syncing it.
pub fn overwrite(folder: &Path, times: usize) -> Duration {
    let file = File::create(folder.join("overwritten")).unwrap();
    file.write_all_at(&vec![0; RECORD * times], 0).unwrap();
    file.sync_all().unwrap();
    sync_p50(&file, times)
}

/// The median of appending 1 KiB to a growing file and syncing it.
pub fn append(folder: &Path, times: usize) -> Duration {
    let file = File::create(folder.join("appended")).unwrap();
    file.sync_all().unwrap();
    sync_p50(&file, times)
}

fn sync_p50(file: &File, times: usize) -> Duration {
    let mut took: Vec<Duration> = (0..times)
        .map(|n| {
            let began = Instant::now();
            file.write_all_at(&[7; RECORD], (n * RECORD) as u64).unwrap();
            file.sync_data().unwrap();
            began.elapsed()
        })
        .collect();
    took.sort();
    took[took.len() / 2]
}
