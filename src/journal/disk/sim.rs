//! A disk in memory that forgets what was not synced, for tests and worlds. Every operation is counted and can be made
//! to fail; everything random comes from a seed.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

use super::{Disk, DiskFile};

const SECTOR: usize = 512;

/// What an operation of a [`SimDisk`] does instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails once with an I/O error. A failed sync drops what was not synced, as Linux may.
    Eio,
    /// Fails once for want of room.
    Enospc,
    /// A write that writes only half; no other operation notices.
    Short,
    /// The power goes: this and every later operation fails. [`SimDisk::crash`] is what is found afterwards.
    PowerCut,
}

#[derive(Clone, Default)]
struct Inode {
    now: Vec<u8>,
    /// The durable content of every sector that was changed since the last sync.
    before: BTreeMap<usize, [u8; SECTOR]>,
    durable_len: usize,
}

#[derive(Clone)]
enum Entry {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Clone)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    unsynced: Vec<Entry>,
    random: StdRng,
    capacity: u64,
    operations: Vec<&'static str>,
    faults: BTreeMap<usize, Fault>,
    off: bool,
}

/// A disk in memory. Clones share it; [`SimDisk::crash`] makes the disk that is found after a power cut.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

impl SimDisk {
    /// An empty disk whose random choices follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced: Vec::new(),
            random: StdRng::seed_from_u64(seed),
            capacity: u64::MAX,
            operations: Vec::new(),
            faults: BTreeMap::new(),
            off: false,
        })))
    }

    /// The disk after the power went now: all that was synced, a random part of what was not.
    pub fn crash(&self, seed: u64) -> Self {
        let old = self.state();
        let mut random = StdRng::seed_from_u64(seed);
        let mut names = old.durable_names.clone();
        // Either the file system keeps the order of its entries, or each survives on its own.
        let ordered = random.random_bool(0.5);
        let kept = random.random_range(0..=old.unsynced.len());
        for (index, entry) in old.unsynced.iter().enumerate() {
            if if ordered { index < kept } else { random.random_bool(0.5) } {
                apply(&mut names, entry);
            }
        }
        let inodes = old.inodes.iter().map(|inode| after_cut(inode, &mut random)).collect();
        Self(Arc::new(Mutex::new(State {
            inodes,
            durable_names: names.clone(),
            names,
            unsynced: Vec::new(),
            random,
            capacity: old.capacity,
            operations: Vec::new(),
            faults: BTreeMap::new(),
            off: false,
        })))
    }

    /// Lets the operation with this number (from 0, see [`SimDisk::operations`]) meet a fault.
    pub fn fail_at(&self, operation: usize, fault: Fault) {
        self.state().faults.insert(operation, fault);
    }

    /// The names of the operations so far, in order: reads and listings are not counted.
    pub fn operations(&self) -> Vec<&'static str> {
        self.state().operations.clone()
    }

    /// Limits the bytes that all files together may take.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity = bytes;
    }

    /// Changes one byte behind everybody's back.
    pub fn flip(&self, name: &str, offset: usize) {
        let mut state = self.state();
        if let Some(&inode) = state.names.get(name)
            && let Some(byte) = state.inodes[inode].now.get_mut(offset)
        {
            *byte ^= 0x5a;
        }
    }

    /// The whole content of a file as it would be read now.
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(name).map(|&inode| state.inodes[inode].now.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(names: &mut BTreeMap<String, usize>, entry: &Entry) {
    match entry {
        Entry::Create(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        Entry::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        Entry::Remove(name) => {
            names.remove(name);
        }
    }
}

fn after_cut(inode: &Inode, random: &mut StdRng) -> Inode {
    let mut now = inode.now.clone();
    let last = inode.before.keys().next_back().copied();
    for (&sector, before) in &inode.before {
        let torn = Some(sector) == last && random.random_bool(0.5);
        let keep = if torn {
            random.random_range(0..=SECTOR)
        } else if random.random_bool(0.5) {
            SECTOR
        } else {
            0
        };
        let start = sector * SECTOR;
        for (at, &byte) in before.iter().enumerate().skip(keep) {
            if let Some(place) = now.get_mut(start + at) {
                *place = byte;
            }
        }
    }
    if inode.durable_len < now.len() && random.random_bool(0.5) {
        now.truncate(inode.durable_len);
    }
    let durable_len = now.len();
    Inode { now, before: BTreeMap::new(), durable_len }
}

impl State {
    /// Counts an operation and meets its fault: `Some(true)` asks for a short write.
    fn step(&mut self, name: &'static str) -> io::Result<bool> {
        if self.off {
            return Err(io::Error::other("the power is off"));
        }
        let number = self.operations.len();
        self.operations.push(name);
        match self.faults.get(&number) {
            None => Ok(false),
            Some(Fault::Eio) => Err(io::Error::from_raw_os_error(5)),
            Some(Fault::Enospc) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Short) if name == "write" => Ok(true),
            Some(Fault::Short) => Ok(false),
            Some(Fault::PowerCut) => {
                self.off = true;
                // A write under way reaches some of its sectors.
                if name == "write" { Ok(true) } else { Err(io::Error::other("the power is off")) }
            }
        }
    }

    fn used(&self) -> u64 {
        self.names.values().map(|&inode| self.inodes[inode].now.len() as u64).sum()
    }
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state();
        if state.off {
            Err(io::Error::other("the power is off"))
        } else {
            Ok(state.names.keys().cloned().collect())
        }
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state();
        match state.names.get(name) {
            Some(&inode) => Ok(Arc::new(SimFile { disk: self.clone(), inode })),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.step("create")?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.names.insert(name.to_owned(), inode);
        state.unsynced.push(Entry::Create(name.to_owned(), inode));
        Ok(Arc::new(SimFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step("rename")?;
        let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), inode);
        state.unsynced.push(Entry::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step("remove")?;
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.unsynced.push(Entry::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.state();
        state.step("sync_dir")?;
        state.unsynced.clear();
        state.durable_names = state.names.clone();
        Ok(())
    }

    fn free_space(&self) -> io::Result<u64> {
        let state = self.state();
        Ok(state.capacity.saturating_sub(state.used()))
    }

    fn random(&self) -> u64 {
        self.state().random.next_u64()
    }
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        if state.off {
            return Err(io::Error::other("the power is off"));
        }
        let content = &state.inodes[self.inode].now;
        let start = (offset as usize).min(content.len());
        let n = buffer.len().min(content.len() - start);
        buffer[..n].copy_from_slice(&content[start..start + n]);
        Ok(n)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let short = state.step("write")?;
        let n = if short { bytes.len().div_ceil(2) } else { bytes.len() };
        let (start, end) = (offset as usize, offset as usize + n);
        let grows = end.saturating_sub(state.inodes[self.inode].now.len()) as u64;
        if grows > 0 && state.used() + grows > state.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let off = state.off;
        let inode = &mut state.inodes[self.inode];
        if end > inode.now.len() {
            inode.now.resize(end, 0);
        }
        if n > 0 {
            for sector in start / SECTOR..=(end - 1) / SECTOR {
                if !inode.before.contains_key(&sector) {
                    let mut copy = [0; SECTOR];
                    let from = sector * SECTOR;
                    let have = inode.durable_len.saturating_sub(from).min(SECTOR);
                    copy[..have].copy_from_slice(&inode.now[from..from + have]);
                    inode.before.insert(sector, copy);
                }
            }
        }
        inode.now[start..end].copy_from_slice(&bytes[..n]);
        if off { Err(io::Error::other("the power is off")) } else { Ok(n) }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().inodes[self.inode].now.len() as u64)
    }

    fn preallocate(&self, size: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step("preallocate")?;
        let grows = size.saturating_sub(state.inodes[self.inode].now.len() as u64);
        if state.used().saturating_add(grows) > state.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let inode = &mut state.inodes[self.inode];
        if inode.now.len() < size as usize {
            inode.now.resize(size as usize, 0);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let outcome = state.step("sync_data");
        let failed_once = outcome.is_err() && !state.off;
        let inode = &mut state.inodes[self.inode];
        if outcome.is_ok() {
            inode.before.clear();
            inode.durable_len = inode.now.len();
        } else if failed_once {
            // The dirty pages are dropped: what was not durable is gone, and a second sync would "succeed".
            let before = std::mem::take(&mut inode.before);
            for (sector, content) in before {
                let start = sector * SECTOR;
                let end = (start + SECTOR).min(inode.now.len());
                if start < end {
                    inode.now[start..end].copy_from_slice(&content[..end - start]);
                }
            }
        }
        outcome.map(|_| ())
    }
}
