//! What readers share with the one writer: the list of segments. Reading takes no lock while it reads, so it never waits
//! for a sync; it sees durable records only.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, DiskFile, read_full, write_all};
use super::error::{Damage, JournalError};
use super::scan::{Record, Scanner};
use super::segment::{Segment, mark};

/// The segments of one log, oldest first, and the damage found in them.
pub(super) struct Shared {
    pub disk: Arc<dyn Disk>,
    segments: Mutex<Vec<Segment>>,
    damage: Mutex<Vec<Damage>>,
}

/// Takes records with the file they are in.
pub(super) type Visit<'a> = dyn FnMut(&Arc<dyn DiskFile>, Record<'_>) -> ControlFlow<()> + 'a;

/// A part of a segment to read, taken out of the list so that the list is free again.
struct Part {
    name: String,
    file: Arc<dyn DiskFile>,
    salt: u64,
    at: u64,
    expected: u64,
    end: u64,
    last_seq: u64,
}

impl Shared {
    pub fn new(disk: Arc<dyn Disk>, segments: Vec<Segment>) -> Self {
        Self { disk, segments: Mutex::new(segments), damage: Mutex::default() }
    }

    pub fn segments(&self) -> MutexGuard<'_, Vec<Segment>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn damage(&self) -> Vec<Damage> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The oldest sequence number still here, if any record is.
    pub fn first_seq(&self) -> Option<u64> {
        let segments = self.segments();
        segments.iter().find(|s| s.last_seq >= s.name.first_seq).map(|s| s.name.first_seq)
    }

    /// Calls `each` for every durable record from `from` on, in order, until it breaks.
    pub fn visit(&self, from: u64, each: &mut Visit<'_>) -> Result<(), JournalError> {
        let mut from = from;
        while let Some(part) = self.part(from) {
            let read = |e| JournalError::io("read", &part.name, e);
            let mut scanner = Scanner::new(&*part.file, part.salt, part.at, part.end);
            let mut expected = part.expected;
            let mut marks = Vec::new();
            let done = loop {
                match scanner.next().map_err(read)? {
                    Some(record) if record.seq > part.last_seq => break false,
                    Some(record) => {
                        expected = record.seq + 1;
                        mark(&mut marks, record.seq, record.offset);
                        if record.seq >= from && each(&part.file, record).is_break() {
                            break true;
                        }
                    }
                    None if expected > part.last_seq => break false,
                    None => {
                        let found = scanner.find(expected).map_err(read)?;
                        let found = found.filter(|f| f.seq <= part.last_seq && !f.is_note);
                        let missing_to = found.map_or(part.last_seq, |f| f.seq - 1);
                        let resume = found.map_or(part.end, |f| f.offset);
                        self.report(&part.name, &part.file, expected, missing_to);
                        expected = missing_to + 1;
                        scanner.at = resume;
                    }
                }
            };
            self.learn(&part.name, &marks);
            if done {
                return Ok(());
            }
            from = part.last_seq + 1;
        }
        Ok(())
    }

    /// Keeps positions met while reading, so that the next read of an old segment starts nearer.
    fn learn(&self, name: &str, marks: &[(u64, u64)]) {
        if let Some(segment) = self.segments().iter_mut().find(|s| s.name.text == name) {
            for &(seq, offset) in marks {
                segment.note(seq, offset);
            }
        }
    }

    fn part(&self, from: u64) -> Option<Part> {
        let segments = self.segments();
        let segment = segments.iter().find(|s| s.last_seq >= from && s.last_seq >= s.name.first_seq)?;
        let (expected, at) = segment.seek(from);
        Some(Part {
            name: segment.name.text.clone(),
            file: segment.file.clone(),
            salt: segment.name.salt,
            at,
            expected,
            end: segment.end,
            last_seq: segment.last_seq,
        })
    }

    /// Notes damage once, and puts a copy of the file aside.
    pub fn report(&self, file: &str, open: &Arc<dyn DiskFile>, first_missing: u64, last_missing: u64) {
        let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if damage.iter().any(|d| d.file == file && d.first_missing == first_missing) {
            return;
        }
        let copy = set_aside(&*self.disk, &**open, file).ok();
        damage.push(Damage { file: file.to_owned(), first_missing, last_missing, copy });
    }
}

/// Copies a damaged file to `<name>.damaged`, unless that was done before.
fn set_aside(disk: &dyn Disk, from: &dyn DiskFile, name: &str) -> io::Result<String> {
    let copy = format!("{name}.damaged");
    let to = match disk.create(&copy) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(copy),
        Err(e) => return Err(e),
    };
    let mut buffer = vec![0; 64 * 1024];
    let mut at = 0;
    loop {
        let n = read_full(from, &mut buffer, at)?;
        if n == 0 {
            break;
        }
        write_all(&*to, &buffer[..n], at)?;
        at += n as u64;
    }
    to.sync_data()?;
    disk.sync_dir()?;
    Ok(copy)
}
