//! The disk of this machine: one directory, 0700, held by one process at a time.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FallocateFlags, FlockOperation, Mode, OFlags};

use super::super::error::JournalError;
use super::{Disk, DiskFile, zero_fill};

/// A directory of this machine, locked for as long as the value lives.
pub struct RealDisk {
    directory: File,
    path: PathBuf,
}

impl RealDisk {
    /// Opens (or makes, 0700) a directory and takes its lock.
    ///
    /// # Errors
    /// [`JournalError::AlreadyLocked`] while another process holds it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref().to_path_buf();
        let shown = path.display().to_string();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|e| JournalError::io("make the directory", &shown, e))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let directory = rustix::fs::openat(CWD, &path, flags, Mode::empty())
            .map_err(|e| JournalError::io("open the directory", &shown, e.into()))?;
        match rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { directory: File::from(directory), path }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(JournalError::AlreadyLocked { directory: shown }),
            Err(e) => Err(JournalError::io("lock the directory", &shown, e.into())),
        }
    }

    fn open_with(&self, name: &str, more: OFlags) -> io::Result<Arc<dyn DiskFile>> {
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | more;
        let mode = Mode::RUSR | Mode::WUSR;
        Ok(Arc::new(RealFile(File::from(rustix::fs::openat(&self.directory, name, flags, mode)?))))
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.open_with(name, OFlags::empty())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.open_with(name, OFlags::CREATE | OFlags::EXCL)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.directory, from, &self.directory, to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.directory, name, AtFlags::empty())?)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.directory.sync_all()
    }

    fn free_space(&self) -> io::Result<u64> {
        let state = rustix::fs::fstatvfs(&self.directory)?;
        Ok(state.f_bavail.saturating_mul(state.f_frsize))
    }

    fn random(&self) -> u64 {
        rand::random()
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(&self.0, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(&self.0, bytes, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn preallocate(&self, size: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        match rustix::fs::fallocate(&self.0, FallocateFlags::empty(), 0, size) {
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            other => return Ok(other?),
        }
        zero_fill(self, 0, size)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
