//! The settings file of an engine beside simulated services, and the port it listens on.

use std::fmt::Display;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

/// What is set beside the addresses and tokens.
pub struct Settings<'a> {
    /// Whether deliveries can arrive.
    pub public: bool,
    /// More lines of `[toggl.main]`.
    pub toggl: &'a str,
    /// The Toggl token; `None`: the simulator's first.
    pub toggl_token: Option<&'a str>,
    /// The Clockify key; `None`: the simulator's.
    pub clockify_token: Option<&'a str>,
    /// More lines of `[clockify.mirror]`, and the tables after it.
    pub rest: &'a str,
}

impl Default for Settings<'_> {
    /// Everything is mirrored, deletions too, and nothing is held.
    fn default() -> Self {
        let rest = r#"on_delete = "delete"
sync_from = 2020-01-01

[policy]
hold_changes = 0
hold_deletions = 0"#;
        Self { public: true, toggl: "", toggl_token: None, clockify_token: None, rest }
    }
}

impl Settings<'_> {
    /// Writes `hourwire.toml` into the configuration folder below `home`, for the services of this ready line.
    pub fn write(&self, home: &Path, simulator: &Value, port: impl Display) {
        let text = |path: &str| simulator.pointer(path).and_then(Value::as_str).expect("in the ready line");
        let public = if self.public { "" } else { "# " };
        let toml = format!(
            r#"[receiver]
listen = "127.0.0.1:{port}"
{public}public_url = "http://127.0.0.1:{port}"
metrics_listen = "127.0.0.1:0"

[toggl.main]
workspace_id = {workspace}
token = "{toggl_token}"
base_url = "{toggl}"
{more}

[clockify.mirror]
workspace_id = "{target}"
token = "{clockify_token}"
base_url = "{clockify}"
{rest}
"#,
            workspace = simulator["toggl"]["workspace_id"],
            toggl_token = self.toggl_token.unwrap_or_else(|| text("/toggl/token")),
            toggl = text("/toggl/api").trim_end_matches("/api/v9"),
            more = self.toggl,
            target = text("/clockify/workspace_id"),
            clockify_token = self.clockify_token.unwrap_or_else(|| text("/clockify/token")),
            clockify = text("/clockify/api"),
            rest = self.rest,
        );
        let config = home.join("config");
        std::fs::create_dir_all(&config).expect("a folder");
        write_private(&config.join("hourwire.toml"), &toml);
    }
}

/// A port that was free a moment ago: the public address has to be known before the start, and stay the same.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port()
}

pub fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).expect("closed to others");
}
