//! The dashboard on a pseudo-terminal: what it shows, and when each byte came.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// For one step.
const CEILING: Duration = Duration::from_secs(60);

/// A started dashboard; killed when dropped.
pub struct Screen {
    /// When the process was asked for.
    pub spawned: Instant,
    latest: Instant,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    /// Starts `hourwire` on 120×36.
    pub fn start(home: &Path) -> Self {
        let size = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_hourwire"));
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        command.env("HOME", home);
        command.env("HOURWIRE_CONFIG_DIR", home.join("config"));
        command.env("HOURWIRE_STATE_DIR", home.join("state"));
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let spawned = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the binary starts");
        let (tell, chunks) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if tell.send((Instant::now(), buffer[..read].to_vec())).is_err() {
                    return;
                }
            }
        });
        let parser = vt100::Parser::new(36.try_into().expect("rows"), 120.try_into().expect("columns"), 0);
        Self { spawned, latest: spawned, child, keys, chunks, parser, _master: pair.master }
    }

    /// Milliseconds from the start until the screen shows one of these words.
    pub fn until(&mut self, words: &[&str]) -> f64 {
        let mut at = self.latest;
        loop {
            let shown = self.parser.screen().contents();
            if words.iter().any(|word| shown.contains(word)) {
                return (at - self.spawned).as_secs_f64() * 1000.0;
            }
            let (came, bytes) = match self.chunks.recv_timeout(CEILING) {
                Ok(chunk) => chunk,
                Err(error) => panic!("no {words:?} ({error}) on\n{}", self.parser.screen().contents()),
            };
            self.parser.process(&bytes);
            (at, self.latest) = (came, came);
        }
    }

    /// Bytes that come within this time.
    pub fn bytes(&mut self, within: Duration) -> usize {
        let end = Instant::now() + within;
        let mut count = 0;
        loop {
            match self.chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((_, bytes)) => {
                    count += bytes.len();
                    self.parser.process(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => return count,
                Err(RecvTimeoutError::Disconnected) => panic!("the dashboard ended"),
            }
        }
    }

    /// Milliseconds from a key until the first byte of the answer; infinite when none comes.
    pub fn press(&mut self, key: &str) -> f64 {
        let pressed = Instant::now();
        self.type_keys(key);
        match self.chunks.recv_timeout(Duration::from_secs(2)) {
            Ok((at, bytes)) => {
                self.parser.process(&bytes);
                (at - pressed).as_secs_f64() * 1000.0
            }
            Err(_) => f64::INFINITY,
        }
    }

    /// Types without waiting for an answer.
    pub fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("typed");
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
