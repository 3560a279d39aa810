//! The receiver of this crate as a process of its own: this program again, told by an environment variable.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use hourwire::domain::id::Service;
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, RealDisk, system_clock};
use hourwire::receiver::{Hook, Hooks, Receiver, spawn};
use tokio_util::sync::CancellationToken;

use super::{HOOK, SECRET};

/// Names the state folder of the receiver to be.
pub const FOLDER: &str = "HOURWIRE_BENCH_RECEIVER";

/// A process that listens; ended when dropped.
pub struct Started {
    pub port: u16,
    child: Child,
}

impl Started {
    /// Waits for the port that a process prints.
    pub fn new(mut child: Child) -> Result<Self, String> {
        let mut line = String::new();
        let told = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        match (told, line.trim().parse()) {
            (Some(Ok(_)), Ok(port)) => Ok(Self { port, child }),
            _ => {
                let _ = child.kill();
                Err(format!("it does not say where it listens: {line:?}"))
            }
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it.
pub fn start(folder: &Path) -> Started {
    let program = std::env::current_exe().unwrap();
    let child =
        Command::new(program).env(FOLDER, folder.join("inbox")).stdout(Stdio::piped()).spawn().unwrap();
    Started::new(child).unwrap()
}

/// Is it.
pub fn run(folder: &Path) {
    let disk = Arc::new(RealDisk::open(folder).unwrap());
    let (inbox, _) = Inbox::open(disk, InboxOptions::default()).unwrap();
    let (inbox, _thread) = InboxWriter::spawn(inbox, system_clock()).unwrap();
    let hooks = Hooks::new(system_clock());
    hooks.set(
        HOOK,
        Hook {
            service: Service::Toggl,
            label: "main".into(),
            secret: SECRET.into(),
            previous: None,
            event: None,
        },
    );
    let receiver = Arc::new(Receiver::new(Arc::new(hooks), inbox, system_clock()));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    spawn(listener, receiver, CancellationToken::new()).unwrap().join().unwrap();
}
