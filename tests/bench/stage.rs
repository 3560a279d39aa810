//! A config folder that leads to the simulated services of an empty world.

use std::path::Path;

use serde_json::Value;

use crate::office::Office;
use crate::settings::{Settings, free_port, write_private};

/// Writes `hourwire.toml` and `mapping.toml`, and returns the port of the receiver; `public`: whether deliveries can
/// arrive there.
pub fn configure(home: &Path, simulator: &Value, office: &Office, public: bool) -> u16 {
    // In every zone before what is tracked now.
    let sync_from = (chrono::Utc::now() - chrono::TimeDelta::days(2)).date_naive();
    let rest = format!("sync_from = {sync_from}");
    let port = free_port();
    Settings { public, rest: &rest, ..Settings::default() }.write(home, simulator, port);
    write_private(&home.join("config/mapping.toml"), &office.mapping());
    port
}
