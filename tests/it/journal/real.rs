//! The logs on the disk of this machine.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use hourwire::journal::{Disk, Inbox, InboxOptions, JournalError, RealDisk};

#[test]
fn one_process_holds_a_directory_and_nobody_else_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/inbox");
    let disk = Arc::new(RealDisk::open(&path).unwrap());
    let error = RealDisk::open(&path).err().unwrap();
    assert!(matches!(error, JournalError::AlreadyLocked { .. }), "{error}");
    assert!(error.to_string().contains("state/inbox is in use"), "{error}");

    let (mut inbox, _) = Inbox::open(disk.clone(), InboxOptions::default()).unwrap();
    for n in 0..1000_u32 {
        inbox.append(&vec![n as u8; n as usize], 1).unwrap();
    }
    inbox.sync().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for name in disk.list().unwrap() {
        assert_eq!(mode(&path.join(&name)), 0o600, "{name}");
    }
    drop((inbox, disk));
    let disk = Arc::new(RealDisk::open(&path).unwrap());
    let (inbox, recovered) = Inbox::open(disk, InboxOptions::default()).unwrap();
    assert_eq!((recovered.last_seq, recovered.torn_bytes, recovered.damage), (1000, 0, vec![]));
    assert_eq!(inbox.read_from(1000, 5).unwrap()[0].payload.len(), 999);
}

#[test]
fn links_are_not_followed_and_existing_files_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("elsewhere");
    std::fs::write(&target, "kept").unwrap();
    let state = folder.path().join("state");
    let disk = RealDisk::open(&state).unwrap();
    std::os::unix::fs::symlink(&target, state.join("link")).unwrap();
    assert!(disk.open("link").is_err());
    assert!(disk.create("link").is_err());
    let file = disk.create("file").unwrap();
    assert!(file.is_empty().unwrap());
    assert!(disk.create("file").is_err());
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "kept");
    let linked = folder.path().join("linked-state");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &linked).unwrap();
    assert!(RealDisk::open(&linked).is_err());
}

#[test]
fn the_reserve_takes_room_and_rename_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(folder.path()).unwrap();
    disk.create("reserve").unwrap().preallocate(1 << 20).unwrap();
    let taken =
        std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(folder.path().join("reserve")).unwrap());
    assert!(taken * 512 >= 1 << 20, "{taken} blocks");
    disk.create("new").unwrap().write_at(b"new", 0).unwrap();
    disk.rename("new", "reserve").unwrap();
    disk.sync_dir().unwrap();
    assert_eq!(disk.list().unwrap(), ["reserve"]);
    assert_eq!(disk.open("reserve").unwrap().len().unwrap(), 3);
    assert!(disk.free_space().unwrap() > 0);
}
