//! The two folders of an installation and what stands where in them.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::error::ConfigError;
use super::file::quoted;

/// The settings file in the config folder.
pub const SETTINGS: &str = "hourwire.toml";
/// The mapping file in the config folder.
pub const MAPPING: &str = "mapping.toml";
/// The folder of a person's own themes in the config folder.
pub const THEMES: &str = "themes";
/// The lock file in the state folder.
pub const LOCK: &str = "engine.lock";
/// The file of secrets made here, in the state folder.
pub const SECRETS: &str = "webhook-secrets.toml";

/// The longest path of a Unix socket in bytes, without the closing zero: 107 on Linux, 103 on macOS.
const SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The two folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// What a person edits.
    pub config_dir: PathBuf,
    /// What the program keeps.
    pub state_dir: PathBuf,
}

impl Paths {
    /// The folders from the flags, else `HOURWIRE_CONFIG_DIR` and `HOURWIRE_STATE_DIR`, else the XDG folders.
    pub fn find(config_flag: Option<PathBuf>, state_flag: Option<PathBuf>) -> Result<Self, ConfigError> {
        Self::find_in(config_flag, state_flag, |name| std::env::var_os(name))
    }

    fn find_in(
        config_flag: Option<PathBuf>,
        state_flag: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let given = |flag: Option<PathBuf>, name: &str| {
            flag.or_else(|| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from))
        };
        let xdg = || {
            etcetera::base_strategy::Xdg::new().map_err(|_| {
                ConfigError::about(
                    "HOME",
                    "no home folder is known",
                    "set HOME, or give --config-dir and --state-dir",
                )
            })
        };
        let config_dir = match given(config_flag, "HOURWIRE_CONFIG_DIR") {
            Some(folder) => folder,
            None => xdg()?.config_dir().join("hourwire"),
        };
        let state_dir = match given(state_flag, "HOURWIRE_STATE_DIR") {
            Some(folder) => folder,
            None => {
                let xdg = xdg()?;
                xdg.state_dir().unwrap_or_else(|| xdg.home_dir().join(".local/state")).join("hourwire")
            }
        };
        Ok(Self { config_dir, state_dir })
    }

    /// `hourwire.toml`.
    pub fn settings(&self) -> PathBuf {
        self.config_dir.join(SETTINGS)
    }

    /// `mapping.toml`.
    pub fn mapping(&self) -> PathBuf {
        self.config_dir.join(MAPPING)
    }

    /// The folder of a person's own themes.
    pub fn themes(&self) -> PathBuf {
        self.config_dir.join(THEMES)
    }

    /// Makes the state folder, for this user alone (0700).
    ///
    /// A folder that others may enter is closed when it is empty or ours already, and refused when it holds something
    /// else: closing `/tmp` by a slip of the pen would be worse.
    pub fn make_state_dir(&self) -> Result<(), ConfigError> {
        let folder = &self.state_dir;
        let fails = |what: String| {
            ConfigError::about(
                folder.display().to_string(),
                what,
                "choose a folder of your own with --state-dir or HOURWIRE_STATE_DIR",
            )
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|e| fails(format!("the state folder can't be made: {e}")))?;
        let mode = fs::metadata(folder)
            .map_err(|e| fails(format!("the state folder can't be read: {e}")))?
            .permissions()
            .mode();
        if mode.trailing_zeros() >= 6 {
            return Ok(()); // 0700 or less
        }
        let mut inside =
            fs::read_dir(folder).map_err(|e| fails(format!("the state folder can't be read: {e}")))?;
        if inside.next().is_some() && !folder.join(LOCK).exists() {
            return Err(ConfigError::about(
                folder.display().to_string(),
                format!("the state folder is open to others (mode {:04o})", mode & 0o7777),
                format!("type: chmod 700 {}", quoted(folder)),
            ));
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|e| fails(format!("the state folder can't be closed to others: {e}")))
    }
}

/// Where the engine of a state folder listens: in the runtime folder under a name made from the real path of the state
/// folder, else in the state folder itself. The state folder must exist. The caller makes the socket's folder (0700).
pub fn control_socket(state_dir: &Path) -> Result<PathBuf, ConfigError> {
    control_socket_in(state_dir, std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from))
}

fn control_socket_in(state_dir: &Path, runtime: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    let real = fs::canonicalize(state_dir).map_err(|e| {
        ConfigError::about(
            state_dir.display().to_string(),
            format!("the state folder can't be found: {e}"),
            "start hourwire serve first, or name the folder with --state-dir",
        )
    })?;
    let name = format!("{}.sock", &hex_digest(real.as_os_str().as_encoded_bytes())[..16]);
    let fits = |path: &PathBuf| path.as_os_str().len() <= SOCKET_PATH;
    let in_runtime = runtime
        .filter(|folder| folder.is_absolute() && folder.is_dir())
        .map(|folder| folder.join("hourwire").join(name));
    let candidates =
        in_runtime.into_iter().chain([state_dir.join("control.sock"), real.join("control.sock")]);
    candidates.into_iter().find(fits).ok_or_else(|| {
        ConfigError::about(
            state_dir.display().to_string(),
            format!("the path is too long for a socket in it (at most {SOCKET_PATH} bytes)"),
            "choose a shorter --state-dir, or set XDG_RUNTIME_DIR",
        )
    })
}

const HEX: [u8; 16] = *b"0123456789abcdef";

/// SHA-256 in lower-case hex.
pub(super) fn hex_digest(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        hex.push(char::from(HEX[usize::from(byte >> 4)]));
        hex.push(char::from(HEX[usize::from(byte & 15)]));
    }
    hex
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::{LOCK, Paths, SOCKET_PATH, control_socket_in};

    #[test]
    fn a_flag_wins_over_the_variable_and_the_variable_over_xdg() {
        let env = |name: &str| match name {
            "HOURWIRE_CONFIG_DIR" => Some("/env/config".into()),
            "HOURWIRE_STATE_DIR" => Some("/env/state".into()),
            _ => None,
        };
        let paths = Paths::find_in(Some("/flag".into()), None, env).unwrap();
        assert_eq!(paths.config_dir, PathBuf::from("/flag"));
        assert_eq!(paths.state_dir, PathBuf::from("/env/state"));
        let paths = Paths::find_in(None, None, |_| None).unwrap();
        assert!(paths.config_dir.ends_with("hourwire") && paths.config_dir.is_absolute());
        assert!(paths.state_dir.ends_with("hourwire") && paths.state_dir != paths.config_dir);
    }

    #[test]
    fn the_state_folder_is_private() {
        let base = tempfile::tempdir().unwrap();
        let paths = Paths { config_dir: base.path().join("c"), state_dir: base.path().join("a/b") };
        let mode = || fs::metadata(&paths.state_dir).unwrap().permissions().mode() & 0o777;
        let open = || fs::set_permissions(&paths.state_dir, fs::Permissions::from_mode(0o755)).unwrap();
        paths.make_state_dir().unwrap();
        assert_eq!(mode(), 0o700);
        open();
        paths.make_state_dir().unwrap();
        assert_eq!(mode(), 0o700);
        fs::write(paths.state_dir.join("letters.txt"), "mine").unwrap();
        open();
        let error = paths.make_state_dir().unwrap_err().to_string();
        assert!(error.contains("type: chmod 700 "), "{error}");
        assert_eq!(mode(), 0o755);
        fs::write(paths.state_dir.join(LOCK), "").unwrap();
        paths.make_state_dir().unwrap();
        assert_eq!(mode(), 0o700);
    }

    #[test]
    fn the_socket_stands_in_the_runtime_folder_and_fits_its_limit() {
        let base = tempfile::tempdir().unwrap();
        let state = base.path().join("state");
        fs::create_dir(&state).unwrap();
        let socket = control_socket_in(&state, Some(base.path().to_owned())).unwrap();
        let name = socket.file_stem().unwrap().to_str().unwrap();
        assert_eq!(socket.parent().unwrap(), base.path().join("hourwire"));
        assert_eq!(socket.extension().unwrap(), "sock");
        assert!(name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        assert_eq!(control_socket_in(&state, None).unwrap(), state.join("control.sock"));
        let gone = base.path().join("gone");
        assert_eq!(control_socket_in(&state, Some(gone)).unwrap(), state.join("control.sock"));

        let long = base.path().join("x".repeat(SOCKET_PATH));
        fs::create_dir(&long).unwrap();
        assert!(control_socket_in(&long, Some(base.path().to_owned())).is_ok());
        let error = control_socket_in(&long, None).unwrap_err().to_string();
        assert!(error.contains("too long for a socket"), "{error}");
        assert!(control_socket_in(&state, Some(long)).unwrap().as_os_str().len() <= SOCKET_PATH);
    }

    #[test]
    fn two_ways_to_one_folder_are_one_socket() {
        let base = tempfile::tempdir().unwrap();
        let state = base.path().join("state");
        fs::create_dir(&state).unwrap();
        let link = base.path().join("link");
        std::os::unix::fs::symlink(&state, &link).unwrap();
        let run = Some(base.path().to_owned());
        assert_eq!(control_socket_in(&state, run.clone()), control_socket_in(&link, run));
    }
}
