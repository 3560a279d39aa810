//! The `hourwire` binary: hands over to [`hourwire::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    hourwire::cli::main()
}
