//! Tells when a file of the config folder has new content. Waits for no quiet time: what counts is that the content
//! differs from what was last told, so a save in five steps is one change, and a touch is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc as signals;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::error::ConfigError;
use super::paths::{MAPPING, SETTINGS, THEMES, hex_digest};
use super::theme::own_names;

/// A file with new content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// `hourwire.toml`, or its permissions.
    Settings,
    /// `mapping.toml`; it may be gone.
    Mapping,
    /// The theme of this name; it may be gone.
    Theme(String),
}

/// A running watch; dropping it ends it.
#[derive(Debug)]
pub struct ConfigWatch {
    changes: mpsc::Receiver<Changed>,
    signals: signals::Sender<Signal>,
}

#[derive(Debug)]
enum Signal {
    /// Something happened at these paths; nowhere in particular when empty.
    Look(Vec<PathBuf>),
    Stop,
}

impl ConfigWatch {
    /// Starts watching. Load the files after this call, so that no change falls between.
    ///
    /// A missing `hourwire.toml` is told by nothing: editors take a file away for a moment, and the last content holds
    /// until there is new one.
    pub fn start(config_dir: &Path) -> Result<Self, ConfigError> {
        let fails = |error: String| {
            ConfigError::about(
                config_dir.display().to_string(),
                format!("can't be watched for changes: {error}"),
                "restart after a change, or raise fs.inotify.max_user_watches",
            )
        };
        let (signal, looks) = signals::channel();
        let from_system = signal.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let paths = match event {
                Ok(event) if !matters(&event) => return,
                Ok(event) => event.paths,
                Err(error) => error.paths,
            };
            // The thread is gone only when nobody listens any more.
            let _ = from_system.send(Signal::Look(paths));
        })
        .map_err(|error| fails(error.to_string()))?;
        let (tell, changes) = mpsc::channel(16);
        let mut looker = Looker {
            config_dir: config_dir.to_owned(),
            watcher,
            watched: BTreeSet::new(),
            told: BTreeMap::new(),
        };
        looker.watch_folders().map_err(|error| fails(error.to_string()))?;
        looker.told = looker.contents(&[]);
        std::thread::Builder::new()
            .name("config-watch".to_owned())
            .spawn(move || looker.run(&looks, &tell))
            .map_err(|error| fails(error.to_string()))?;
        Ok(Self { changes, signals: signal })
    }

    /// The next change; `None` when the watch has broken down.
    pub async fn next(&mut self) -> Option<Changed> {
        self.changes.recv().await
    }
}

impl Drop for ConfigWatch {
    fn drop(&mut self) {
        self.changes.close();
        let _ = self.signals.send(Signal::Stop);
    }
}

/// Whether an event may mean a finished change. On Linux a writer's closing is told, and what it wrote before is of no
/// use; elsewhere every write is looked at.
fn matters(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => !cfg!(target_os = "linux"),
        EventKind::Create(_) if cfg!(target_os = "linux") => event.paths.iter().any(|path| is_whole(path)),
        _ => true,
    }
}

/// Whether something just made is finished at once: a folder, a link. A plain file is still being written.
fn is_whole(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|made| !made.is_file() || made.nlink() > 1)
}

struct Looker {
    config_dir: PathBuf,
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    told: BTreeMap<Changed, String>,
}

impl Looker {
    fn run(mut self, looks: &signals::Receiver<Signal>, tell: &mpsc::Sender<Changed>) {
        while let Ok(Signal::Look(paths)) = looks.recv() {
            // A folder that can't be watched leaves the others watched.
            let _ = self.watch_folders();
            for change in self.news(&paths) {
                if tell.blocking_send(change).is_err() {
                    return;
                }
            }
        }
    }

    /// What differs from what was told, and notes it as told.
    fn news(&mut self, paths: &[PathBuf]) -> Vec<Changed> {
        let now = self.contents(paths);
        let there: BTreeSet<Changed> =
            self.files().into_iter().filter(|(_, path)| path.exists()).map(|(change, _)| change).collect();
        let mut news: Vec<Changed> = now
            .iter()
            .filter(|(change, content)| self.told.get(change) != Some(content))
            .map(|(change, _)| change.clone())
            .collect();
        let gone = |change: &Changed| *change != Changed::Settings && !there.contains(change);
        news.extend(self.told.keys().filter(|change| gone(change)).cloned());
        self.told.retain(|change, _| !gone(change));
        self.told.extend(now);
        news
    }

    /// A digest of each file that is there and concerned. A file that nothing happened to is not looked at: somebody may
    /// be in the middle of writing it.
    fn contents(&self, paths: &[PathBuf]) -> BTreeMap<Changed, String> {
        let all = paths.is_empty() || paths.iter().any(|path| path.is_dir());
        let named = |file: &Path| paths.iter().any(|path| path.file_name() == file.file_name());
        let concerned = |file: &Path| named(file) || fs::canonicalize(file).is_ok_and(|real| named(&real));
        self.files()
            .into_iter()
            .filter(|(_, path)| all || concerned(path))
            .filter_map(|(change, path)| {
                let mut bytes = fs::read(&path).ok()?;
                if change == Changed::Settings {
                    // Closing a file that others could read cures it without a new word in it.
                    let mode = fs::metadata(&path).ok()?.permissions().mode();
                    bytes.extend(mode.to_be_bytes());
                }
                Some((change, hex_digest(&bytes)))
            })
            .collect()
    }

    fn files(&self) -> Vec<(Changed, PathBuf)> {
        let themes = self.config_dir.join(THEMES);
        let mut files = vec![
            (Changed::Settings, self.config_dir.join(SETTINGS)),
            (Changed::Mapping, self.config_dir.join(MAPPING)),
        ];
        for name in own_names(&themes) {
            let path = themes.join(format!("{name}.toml"));
            files.push((Changed::Theme(name), path));
        }
        files
    }

    /// Watches the config folder, the themes, and the folders that linked files really lie in.
    fn watch_folders(&mut self) -> notify::Result<()> {
        let mut wanted: BTreeSet<PathBuf> = [self.config_dir.clone()].into();
        let themes = self.config_dir.join(THEMES);
        if themes.is_dir() {
            wanted.insert(themes);
        }
        for (_, path) in self.files() {
            let real = fs::canonicalize(path).ok().and_then(|real| real.parent().map(Path::to_owned));
            wanted.extend(real);
        }
        self.watched.retain(|folder| folder.is_dir());
        for folder in wanted {
            if !self.watched.contains(&folder) {
                self.watcher.watch(&folder, RecursiveMode::NonRecursive)?;
                self.watched.insert(folder);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;
    use crate::config::file::replace;

    async fn next(watch: &mut ConfigWatch) -> Changed {
        tokio::time::timeout(Duration::from_secs(20), watch.next()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn new_content_is_told_once_and_a_touch_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mapping = folder.path().join(MAPPING);
        fs::write(&mapping, "# one\n").unwrap();
        let mut watch = ConfigWatch::start(folder.path()).unwrap();
        replace(&mapping, b"# two\n", None).unwrap();
        assert_eq!(next(&mut watch).await, Changed::Mapping);
        replace(&mapping, b"# two\n", None).unwrap();
        fs::write(folder.path().join("notes.txt"), "x").unwrap();
        fs::write(folder.path().join(SETTINGS), "[log]\n").unwrap();
        assert_eq!(next(&mut watch).await, Changed::Settings);
        fs::set_permissions(folder.path().join(SETTINGS), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(next(&mut watch).await, Changed::Settings);
    }

    #[tokio::test]
    async fn a_mapping_that_is_gone_is_told_and_so_is_its_coming_back() {
        let folder = tempfile::tempdir().unwrap();
        let (mapping, aside) = (folder.path().join(MAPPING), folder.path().join("aside"));
        fs::write(&mapping, "# one\n").unwrap();
        fs::write(folder.path().join(SETTINGS), "[log]\n").unwrap();
        let mut watch = ConfigWatch::start(folder.path()).unwrap();
        fs::rename(&mapping, &aside).unwrap();
        assert_eq!(next(&mut watch).await, Changed::Mapping);
        fs::remove_file(folder.path().join(SETTINGS)).unwrap();
        fs::rename(&aside, &mapping).unwrap();
        assert_eq!(next(&mut watch).await, Changed::Mapping);
        fs::write(&mapping, "").unwrap();
        assert_eq!(next(&mut watch).await, Changed::Mapping);
    }

    #[tokio::test]
    async fn themes_are_seen_also_in_a_folder_made_later() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = ConfigWatch::start(folder.path()).unwrap();
        let themes = folder.path().join(THEMES);
        let ready = folder.path().join("ready");
        fs::create_dir(&ready).unwrap();
        fs::write(ready.join("mine.toml"), "about = \"a\"\n").unwrap();
        fs::rename(&ready, &themes).unwrap();
        assert_eq!(next(&mut watch).await, Changed::Theme("mine".to_owned()));
        fs::write(themes.join("mine.toml"), "about = \"b\"\n").unwrap();
        assert_eq!(next(&mut watch).await, Changed::Theme("mine".to_owned()));
        fs::remove_file(themes.join("mine.toml")).unwrap();
        assert_eq!(next(&mut watch).await, Changed::Theme("mine".to_owned()));
    }

    #[tokio::test]
    async fn a_linked_file_is_watched_where_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let dotfiles = tempfile::tempdir().unwrap();
        fs::write(dotfiles.path().join(MAPPING), "# one\n").unwrap();
        symlink(dotfiles.path().join(MAPPING), folder.path().join(MAPPING)).unwrap();
        let mut watch = ConfigWatch::start(folder.path()).unwrap();
        replace(&dotfiles.path().join(MAPPING), b"# two\n", None).unwrap();
        assert_eq!(next(&mut watch).await, Changed::Mapping);
    }

    #[test]
    fn a_missing_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = ConfigWatch::start(&folder.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("can't be watched"), "{error}");
    }
}
