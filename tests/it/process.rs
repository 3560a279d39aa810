//! The real binary as a child process.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hourwire::cli::ready::Ready;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// For one step.
pub const CEILING: Duration = Duration::from_secs(30);

/// A started `hourwire`; killed when dropped.
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts `hourwire` with `home` as its whole world; its standard error is added to a file there.
    pub fn start(home: &Path, args: &[&str]) -> Self {
        Self::start_with(home, args, &[])
    }

    /// The same with more in its environment.
    pub fn start_with(home: &Path, args: &[&str], env: &[(&str, &Path)]) -> Self {
        let errors = File::options()
            .create(true)
            .append(true)
            .open(home.join(format!("{}.stderr", args[0])))
            .expect("a file for its words");
        let mut child = Command::new(env!("CARGO_BIN_EXE_hourwire"))
            .args(args)
            .env_clear()
            .env("HOME", home)
            .env("HOURWIRE_CONFIG_DIR", home.join("config"))
            .env("HOURWIRE_STATE_DIR", home.join("state"))
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("a pipe");
        Self { child, lines: BufReader::new(stdout).lines() }
    }

    /// Waits for the ready line.
    pub async fn ready(&mut self) -> Ready {
        let line = timeout(CEILING, self.lines.next_line()).await.expect("ready in time").expect("readable");
        let line = line.expect("it ended before it was ready; its .stderr file says why");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in the first line {line}"))
    }

    /// kill -9.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it was there to be killed");
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// Waits until it ends by itself; its exit code.
    pub async fn ended(mut self) -> Option<i32> {
        timeout(CEILING, self.child.wait()).await.expect("it ends in time").expect("its state").code()
    }

    /// SIGTERM, and the exit code.
    pub async fn stop(self) -> Option<i32> {
        let pid = i32::try_from(self.child.id().expect("it runs")).expect("a pid");
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
        self.ended().await
    }
}
