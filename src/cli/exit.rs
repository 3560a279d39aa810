//! How a command ends: four exit codes and one sentence.

use std::fmt;
use std::process::ExitCode;

/// The exit codes of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, and the thing asked about is well.
    Good,
    /// 1: the thing asked about is not well.
    NotWell,
    /// 2: wrong usage or configuration.
    Usage,
    /// 3: what was needed could not be reached.
    Unreachable,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::NotWell => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
        }
    }

    /// The exit code as a started process gave it; anything unknown, a signal too, counts as not well.
    pub fn from_child(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Good,
            Some(2) => Self::Usage,
            Some(3) => Self::Unreachable,
            _ => Self::NotWell,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that could not do its work: what happened, to what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// One or more lines for standard error.
    pub message: String,
}

impl Failure {
    /// Exit code 1.
    pub fn not_well(message: impl fmt::Display) -> Self {
        Self { exit: Exit::NotWell, message: message.to_string() }
    }

    /// Exit code 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// Exit code 3.
    pub fn unreachable(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Unreachable, message: message.to_string() }
    }
}

/// What a command returns.
pub type Outcome = Result<Exit, Failure>;
