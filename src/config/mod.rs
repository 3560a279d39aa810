//! Settings, mapping file, themes, secrets, paths and the engine's lock; validation with file, line and cure.
//! TOML lives here only. Nothing here talks to a service or to the terminal.

mod document;
pub mod error;
pub mod file;
pub mod mapping;
pub mod paths;
pub mod preferences;
pub mod secrets;
pub mod settings;
pub mod state;
pub mod theme;
pub mod token;
pub mod watch;

pub use document::nearest;
pub use error::{ConfigError, Mistakes};
pub use paths::Paths;
pub use settings::Settings;
