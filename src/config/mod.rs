//! Settings, mapping file, secrets, paths; validation with file and line. TOML lives here only.
