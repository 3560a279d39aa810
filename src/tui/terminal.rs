//! Owning the terminal: raw mode, alternate screen, bracketed paste, focus events and mouse, all undone by one
//! function that drop, the panic hook, suspend and hang-up share. It must not draw.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::{cursor, event, queue, terminal};
use tokio::sync::mpsc;

/// Whether the terminal is ours now; the panic hook may run on any thread.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// What a signal, or a panic elsewhere, asks of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Leave.
    Leave,
    /// Stop for a while, as Ctrl-Z does.
    Suspend,
    /// The process goes on after a stop; a shell may have used the terminal meanwhile.
    Continue,
}

/// What the terminal does for the loop besides showing frames.
pub trait Host {
    /// Gives the terminal back, stops this process, and takes the terminal again when it goes on.
    fn suspend(&mut self) -> io::Result<()>;
    /// Takes the terminal again, whatever was done to it since.
    fn retake(&mut self) -> io::Result<()>;
    /// The terminal has not been given back, for example by a panic on another thread.
    fn is_ours(&self) -> bool;
    /// Switches mouse reporting.
    fn mouse(&mut self, on: bool) -> io::Result<()>;
}

/// The terminal while the dashboard has it. Dropping it gives the terminal back.
#[derive(Debug)]
pub struct Guard {
    mouse: bool,
}

impl Guard {
    /// Takes the terminal and installs the panic hook that gives it back before any report is printed, and asks the
    /// loop to leave: a panic on another thread must not leave a person before a screen that nobody draws.
    pub fn enter(mouse: bool, leave_loop: mpsc::Sender<Asked>) -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
            // Full means that somebody has asked already.
            let _ = leave_loop.try_send(Asked::Leave);
        }));
        take(mouse)?;
        Ok(Self { mouse })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

impl Host for Guard {
    fn suspend(&mut self) -> io::Result<()> {
        leave();
        // SIGTSTP may be discarded for an orphaned process group; SIGSTOP may not.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        take(self.mouse)
    }

    fn retake(&mut self) -> io::Result<()> {
        // Raw mode that is believed to be on would not be switched on again.
        terminal::disable_raw_mode()?;
        take(self.mouse)
    }

    fn is_ours(&self) -> bool {
        ENTERED.load(Ordering::SeqCst)
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        let mut out = io::stdout().lock();
        if on {
            queue!(out, event::EnableMouseCapture)?;
        } else {
            queue!(out, event::DisableMouseCapture)?;
        }
        out.flush()
    }
}

fn take(mouse: bool) -> io::Result<()> {
    terminal::enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let mut out = io::stdout().lock();
    queue!(out, terminal::EnterAlternateScreen, event::EnableBracketedPaste, event::EnableFocusChange)?;
    if mouse {
        queue!(out, event::EnableMouseCapture)?;
    }
    queue!(out, terminal::Clear(terminal::ClearType::All))?;
    out.flush()
}

/// Gives the terminal back, if it was taken. A synchronized update left open by an error is closed too. Errors are
/// ignored: with the terminal gone there is nobody to tell.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout().lock();
    let _ = queue!(
        out,
        terminal::EndSynchronizedUpdate,
        event::DisableMouseCapture,
        event::DisableFocusChange,
        event::DisableBracketedPaste,
        crossterm::style::ResetColor,
        crossterm::style::SetAttribute(crossterm::style::Attribute::Reset),
        terminal::LeaveAlternateScreen,
        cursor::Show
    );
    let _ = out.flush();
    let _ = terminal::disable_raw_mode();
}

#[cfg(test)]
mod tests {
    #[test]
    fn leaving_a_terminal_that_was_never_taken_does_nothing() {
        super::leave();
        super::leave();
    }
}
