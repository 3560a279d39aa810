//! Starting an engine that outlives this process: in a session of its own, its words in a file, done when its ready
//! line has come.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::exit::{Exit, Failure};
use super::ready::Ready;

/// How long an engine may take to open its receiver and its door. It does not wait for the cache or a service.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Lines of its standard error that are shown when it fails.
const SHOWN: usize = 12;

/// What to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The file that takes its standard error; made anew, for this user alone.
    pub errors: PathBuf,
    /// How long to wait for its ready line.
    pub patience: Duration,
}

/// Starts the process and waits for its ready line. Fails with what it said when it ends first.
///
/// The child leaves this session by itself (`setsid`), because doing it between fork and exec takes unsafe code.
pub fn start(launch: &Launch) -> Result<Ready, Failure> {
    let failed = |what: String| Failure::unreachable(format!("the engine can't be started: {what}"));
    let errors = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&launch.errors)
        .map_err(|error| failed(format!("{}: {error}", launch.errors.display())))?;
    let mut child = Command::new(&launch.program)
        .args(&launch.args)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .map_err(|error| failed(format!("{}: {error}", launch.program.display())))?;
    match first_line(&mut child, launch.patience) {
        Ok(Some(line)) => serde_json::from_str(&line).map_err(|_| {
            failed(format!("its first line is no ready line; look at {}", launch.errors.display()))
        }),
        Ok(None) => Err(ended(&mut child, &launch.errors)),
        Err(RecvTimeoutError::Timeout) => Err(failed(format!(
            "it (pid {}) is not ready after {} s; look at {}, or stop it with `kill {}`",
            child.id(),
            launch.patience.as_secs(),
            launch.errors.display(),
            child.id(),
        ))),
        Err(RecvTimeoutError::Disconnected) => Err(failed("its standard output can't be read".into())),
    }
}

/// The first line of the child's standard output; `None` when it closed without one.
fn first_line(child: &mut Child, patience: Duration) -> Result<Option<String>, RecvTimeoutError> {
    let Some(stdout) = child.stdout.take() else { return Ok(None) };
    let (send, receive) = sync_channel(1);
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // The waiting side may have given up.
        let _ = send.send(read.ok().filter(|bytes| *bytes > 0).map(|_| line));
    });
    receive.recv_timeout(patience)
}

fn ended(child: &mut Child, errors: &Path) -> Failure {
    let code = child.wait().ok().and_then(|status| status.code());
    let exit = match Exit::from_child(code) {
        Exit::Good => Exit::NotWell,
        exit => exit,
    };
    let said = File::open(errors).map(last_lines).unwrap_or_default();
    let message = if said.is_empty() {
        format!(
            "the engine ended before it was ready, without a word; its standard error is {}",
            errors.display()
        )
    } else {
        format!("the engine did not start:\n{said}")
    };
    Failure { exit, message }
}

fn last_lines(file: File) -> String {
    let lines: Vec<String> = BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .map(|line| line.strip_prefix("hourwire: ").unwrap_or(&line).to_owned())
        .collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Launch, start};
    use crate::cli::exit::Exit;

    fn launch(folder: &std::path::Path, script: &str) -> Launch {
        Launch {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            errors: folder.join("errors"),
            patience: Duration::from_secs(20),
        }
    }

    #[test]
    fn the_ready_line_ends_the_wait_and_the_process_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("end");
        let script = format!(
            r#"mkfifo '{0}'; echo '{{"ready":true,"pid":'$$',"control":"/run/c.sock"}}'; read line < '{0}'; echo "$line" > '{0}.out'"#,
            fifo.display()
        );
        let ready = start(&launch(folder.path(), &script)).expect("ready");
        assert_eq!(ready.control.as_deref(), Some("/run/c.sock"));
        std::fs::write(&fifo, "still alive\n").expect("it reads");
        let out = folder.path().join("end.out");
        for _ in 0..2000 {
            if std::fs::read_to_string(&out).is_ok_and(|text| text == "still alive\n") {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the started process did not go on");
    }

    #[test]
    fn a_child_that_fails_is_shown_with_its_words_and_its_code() {
        let folder = tempfile::tempdir().expect("a folder");
        let failure =
            start(&launch(folder.path(), "echo 'hourwire: hourwire.toml:3:1: unknown key' >&2; exit 2"))
                .expect_err("it failed");
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(failure.message, "the engine did not start:\nhourwire.toml:3:1: unknown key");
    }

    #[test]
    fn a_child_that_says_nothing_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut launch = launch(folder.path(), "exec sleep 20");
        launch.patience = Duration::from_millis(1);
        let failure = start(&launch).expect_err("not ready");
        assert_eq!(failure.exit, Exit::Unreachable);
        let pid: i32 = failure
            .message
            .split("pid ")
            .nth(1)
            .and_then(|rest| rest.split(')').next()?.parse().ok())
            .expect("its pid");
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("ended by the test");
    }
}
