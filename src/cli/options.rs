//! Options that every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// Folder of hourwire.toml and mapping.toml, else $HOURWIRE_CONFIG_DIR, else the XDG config folder
    #[arg(long, global = true, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
    /// Folder of the engine's own files, else $HOURWIRE_STATE_DIR, else the XDG state folder
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// What the log keeps, else [log] level in hourwire.toml: error, warn, info, debug, trace, or a filter such as hourwire=debug
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log: Option<String>,
}

impl Global {
    /// The log's level: the option, else what the settings say.
    pub fn log_level<'a>(&'a self, settings: &'a str) -> &'a str {
        self.log.as_deref().unwrap_or(settings)
    }
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
