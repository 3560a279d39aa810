//! Theme files: semantic roles with their colours, free of any terminal.

/// The themes compiled in, by name.
pub const BUILT_IN: [(&str, &str); 0] = [];
