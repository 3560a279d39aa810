//! `hourwire completions`: what a shell needs to complete the commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::{Exit, Outcome};
use super::print;

/// Options of `completions`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Example:\n  hourwire completions bash > ~/.local/share/bash-completion/completions/hourwire"
)]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Prints the script.
pub fn run(options: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "hourwire", &mut script);
    print::raw(&script);
    Ok(Exit::Good)
}
