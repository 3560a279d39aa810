//! What a log needs of a disk: files by name in one directory. Nothing here knows what the bytes mean.

mod real;
mod sim;

use std::io;
use std::sync::Arc;

pub use real::RealDisk;
pub use sim::{Fault, SimDisk};

/// One directory of files. Creating, renaming and removing become durable with [`Disk::sync_dir`].
pub trait Disk: Send + Sync {
    /// The names of all files, sorted.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file for reading and writing.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a new, empty file; an existing one is an error.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file, replacing the one that has the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the directory's entries durable.
    fn sync_dir(&self) -> io::Result<()>;
    /// Bytes that can still be allocated.
    fn free_space(&self) -> io::Result<u64>;
    /// A fresh random number, for the salts of segments.
    fn random(&self) -> u64;
}

/// An open file. Positions are absolute, so readers and the one writer share it.
pub trait DiskFile: Send + Sync {
    /// Reads into `buffer` from `offset`; fewer bytes than asked only at the end of the file or by a short read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at `offset`; may write fewer bytes than given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// The size in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file holds no byte.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Reserves room up to `size` bytes without making the bytes meaningful.
    fn preallocate(&self, size: u64) -> io::Result<()>;
    /// Makes the content and the size durable (`fdatasync`). After an error nothing is known about the file's content.
    fn sync_data(&self) -> io::Result<()>;
}

/// Writes all bytes at `offset`, over short and interrupted writes.
pub(super) fn write_all(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                bytes = &bytes[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends; answers how many bytes were read.
pub(super) fn read_full(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// Overwrites `from..to` with zeros.
pub(super) fn zero_fill(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut at = from;
    while at < to {
        let n = (to - at).min(ZEROS.len() as u64);
        write_all(file, &ZEROS[..n as usize], at)?;
        at += n;
    }
    Ok(())
}
