//! The `hourwire` binary: hands over to [`hourwire::cli`].

fn main() {}
