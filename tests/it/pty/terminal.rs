//! A terminal of an exact size with a program in it, and a reader of its screen.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// For one step; two cores may be shared by many tests.
pub const CEILING: Duration = Duration::from_secs(60);

/// A program on a pseudo-terminal; killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Option<(Box<dyn MasterPty + Send>, Box<dyn Write + Send>)>,
    chunks: Receiver<Vec<u8>>,
    hung_up: Arc<AtomicBool>,
    parser: vt100::Parser,
    /// Every byte since the start.
    pub raw: Vec<u8>,
}

impl Terminal {
    /// Starts `hourwire` in a terminal of 80×24 with `home` as its whole world.
    pub fn hourwire(home: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start(OsStr::new(env!("CARGO_BIN_EXE_hourwire")), home, args, env)
    }

    /// Starts a program.
    pub fn start(program: &OsStr, home: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        let (cols, rows) = (80, 24);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(env) {
            command.env(name, value);
        }
        command.env("HOME", home);
        command.env("TMPDIR", home);
        command.env("HOURWIRE_CONFIG_DIR", home.join("config"));
        command.env("HOURWIRE_STATE_DIR", home.join("state"));
        command.cwd(home);
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let child = pair.slave.spawn_command(command).expect("it starts");
        let (tell, chunks) = channel();
        let hung_up = Arc::new(AtomicBool::new(false));
        let gone = hung_up.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if gone.load(Ordering::SeqCst) || tell.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let parser = vt100::Parser::new(rows.try_into().expect("rows"), cols.try_into().expect("columns"), 0);
        Self { child, master: Some((pair.master, keys)), chunks, hung_up, parser, raw: Vec::new() }
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Waits until the screen is as wanted.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + CEILING;
        while !wanted(self.parser.screen()) {
            match self.chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!("never {what} ({error}):\n{}", self.text()),
            }
        }
    }

    /// Waits until the screen shows all of these words.
    pub fn shows(&mut self, words: &[&str]) {
        self.until(&format!("showed {words:?}"), |screen| {
            let text = screen.contents();
            words.iter().all(|word| text.contains(word))
        });
    }

    /// Waits until the screen shows these words no more.
    pub fn hides(&mut self, word: &str) {
        self.until(&format!("hid {word:?}"), |screen| !screen.contents().contains(word));
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let (_, input) = self.master.as_mut().expect("no hang-up yet");
        input.write_all(keys.as_bytes()).and_then(|()| input.flush()).expect("typed");
    }

    /// Another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let (master, _) = self.master.as_ref().expect("no hang-up yet");
        master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("resized");
        let size = (rows.try_into().expect("rows"), cols.try_into().expect("columns"));
        self.parser.screen_mut().set_size(size.0, size.1);
    }

    fn pid(&self) -> Pid {
        let pid = self.child.process_id().expect("it runs").cast_signed();
        Pid::from_raw(pid).expect("a pid")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("signalled");
    }

    /// Waits until the process is stopped, as by a job control shell.
    pub fn is_stopped(&mut self) {
        let end = Instant::now() + CEILING;
        loop {
            let changed = waitpid(Some(self.pid()), WaitOptions::UNTRACED | WaitOptions::NOHANG);
            if changed.expect("its state").is_some_and(|(_, status)| status.stopped()) {
                return;
            }
            assert!(Instant::now() < end, "it never stopped:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Takes the terminal away, as a closed window or a dropped connection does. It is gone with the next byte that the
    /// program sends.
    pub fn hang_up(&mut self) {
        self.hung_up.store(true, Ordering::SeqCst);
        self.master = None;
    }

    /// Waits for the end and returns the exit code; what it wrote last is on the screen then.
    pub fn ended(&mut self) -> u32 {
        let end = Instant::now() + CEILING;
        let code = loop {
            while let Ok(bytes) = self.chunks.try_recv() {
                self.take(&bytes);
            }
            if let Some(status) = self.child.try_wait().expect("its state") {
                break status.exit_code();
            }
            assert!(Instant::now() < end, "it never ended:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        };
        // The reader ends with the last copy of the terminal's other side.
        while let Ok(bytes) = self.chunks.recv_timeout(Duration::from_secs(5)) {
            self.take(&bytes);
        }
        code
    }

    /// The terminal is as a shell wants it: no other screen, a cursor, no mouse, no bracketed paste, plain text, and
    /// lines that are edited and echoed.
    pub fn is_given_back(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the other screen is still on");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert!(!screen.bracketed_paste(), "pastes are bracketed");
        assert_eq!((screen.fgcolor(), screen.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        let raw = String::from_utf8_lossy(&self.raw);
        for mode in ["1004", "2026"] {
            let (on, off) = (raw.rfind(&format!("\x1b[?{mode}h")), raw.rfind(&format!("\x1b[?{mode}l")));
            assert!(off > on, "mode {mode} is left on");
        }
        let Some((master, _)) = &self.master else { return };
        if let Some(modes) = master.get_termios() {
            let flags = format!("{:?}", modes.local_flags);
            assert!(flags.contains("ICANON") && flags.contains("ECHO"), "still raw: {flags}");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
