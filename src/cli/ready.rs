//! The first line on standard output of a started process: where it can be reached. Nothing else ever goes there.

use serde::{Deserialize, Serialize};

use super::print;

/// The ready line. Keys that do not apply are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// The process.
    pub pid: u32,
    /// Origin of the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// Address of the metrics page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<String>,
    /// Path of the control socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// Addresses and tokens of the simulated services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulator: Option<serde_json::Value>,
}

impl Ready {
    /// A ready line of this process with no addresses yet.
    pub fn now() -> Self {
        Self {
            ready: true,
            pid: std::process::id(),
            receiver: None,
            metrics: None,
            control: None,
            simulator: None,
        }
    }

    /// The line, without its newline.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Prints the line.
    pub fn print(&self) {
        print::raw(format!("{}\n", self.line()).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::Ready;

    #[test]
    fn keys_that_do_not_apply_are_left_out() {
        let line = Ready { pid: 7, receiver: Some("http://127.0.0.1:1".into()), ..Ready::now() }.line();
        assert_eq!(line, r#"{"ready":true,"pid":7,"receiver":"http://127.0.0.1:1"}"#);
        assert_eq!(serde_json::from_str::<Ready>(&line).expect("read").pid, 7);
    }
}
