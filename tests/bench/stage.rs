//! Simulated services of an empty world, and a config folder that leads to them.

use std::path::Path;

use serde_json::Value;

use crate::office::Office;

/// Writes `hourwire.toml` and `mapping.toml`; `receiver` is the body of its table.
pub fn configure(home: &Path, simulator: &Value, office: &Office, receiver: &str) {
    let text = |path: &str| simulator.pointer(path).and_then(Value::as_str).expect("in the ready line");
    let settings = format!(
        "[receiver]\n{receiver}\nmetrics_listen = \"127.0.0.1:0\"\n\n[toggl.main]\nworkspace_id = {workspace}\ntoken = \"{toggl_token}\"\nbase_url = \"{toggl}\"\n\n\
         [clockify.mirror]\nworkspace_id = \"{target}\"\ntoken = \"{clockify_token}\"\nbase_url = \"{clockify}\"\nsync_from = {sync_from}\n",
        workspace = simulator["toggl"]["workspace_id"],
        toggl_token = text("/toggl/token"),
        toggl = text("/toggl/api").trim_end_matches("/api/v9"),
        target = text("/clockify/workspace_id"),
        clockify_token = text("/clockify/token"),
        clockify = text("/clockify/api"),
        // In every zone before what is tracked now.
        sync_from = (chrono::Utc::now() - chrono::TimeDelta::days(2)).date_naive(),
    );
    let config = home.join("config");
    std::fs::create_dir_all(&config).expect("a folder");
    write_private(&config.join("hourwire.toml"), &settings);
    write_private(&config.join("mapping.toml"), &office.mapping());
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("closed to others");
}
