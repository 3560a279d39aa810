//! Who may use the socket: folder and file modes, owners, and what a left-over file is.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tokio::net::{UnixListener, UnixStream};

/// Why the door could not be opened on a path.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The folder can't be made, read or closed to others.
    #[error("the socket's folder {path} can't be used: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A link or something that is no socket stands in the way.
    #[error("{path} is {what}; move it away, hourwire does not touch it")]
    InTheWay {
        /// The path.
        path: PathBuf,
        /// What was found there.
        what: &'static str,
    },
    /// Belongs to another user.
    #[error("{path} belongs to another user; choose another state folder with --state-dir")]
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// Another engine answers there.
    #[error("another engine already answers on {path}; attach to it with `hourwire`")]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// The system refused the socket.
    #[error("can't listen on {path}: {source}; a shorter --state-dir or XDG_RUNTIME_DIR may help")]
    Bind {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Whether a uid is the one this process acts as.
pub(super) fn is_ours(uid: u32) -> bool {
    uid == geteuid().as_raw()
}

/// Binds `path`, readable by this user alone. A left-over socket is removed only after nobody answered on it.
pub(super) fn bind(path: &Path) -> Result<UnixListener, ListenError> {
    if let Some(folder) = path.parent() {
        close_folder(folder)?;
    }
    remove_stale(path)?;
    let refused = |source| ListenError::Bind { path: path.to_owned(), source };
    let listener = UnixListener::bind(path).map_err(refused)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(refused)?;
    Ok(listener)
}

fn close_folder(folder: &Path) -> Result<(), ListenError> {
    let failed = |source| ListenError::Folder { path: folder.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let found = fs::symlink_metadata(folder).map_err(failed)?;
    if found.file_type().is_symlink() {
        return Err(ListenError::InTheWay { path: folder.to_owned(), what: "a symbolic link" });
    }
    if !is_ours(found.uid()) {
        return Err(ListenError::Foreign { path: folder.to_owned() });
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    check_socket(path, &found)?;
    // A blocking connect on a Unix socket answers at once unless the backlog is full, and then somebody is there.
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| ListenError::Bind { path: path.to_owned(), source })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(ListenError::Taken { path: path.to_owned() }),
        Err(source) => Err(ListenError::Bind { path: path.to_owned(), source }),
    }
}

fn check_socket(path: &Path, found: &fs::Metadata) -> Result<(), ListenError> {
    let path = path.to_owned();
    if found.file_type().is_symlink() {
        return Err(ListenError::InTheWay { path, what: "a symbolic link" });
    }
    if !found.file_type().is_socket() {
        return Err(ListenError::InTheWay { path, what: "a file and no socket" });
    }
    if !is_ours(found.uid()) {
        return Err(ListenError::Foreign { path });
    }
    Ok(())
}

/// Whether a client may trust what is at `path`: a socket of this user, not a link. `Ok(false)`: nothing there.
pub(super) fn is_trusted(path: &Path) -> Result<bool, ListenError> {
    match fs::symlink_metadata(path) {
        Ok(found) => check_socket(path, &found).map(|()| true),
        Err(_) => Ok(false),
    }
}

/// Whether the process at the other end runs as this user.
pub(super) fn is_own_peer(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| is_ours(peer.uid()))
}
