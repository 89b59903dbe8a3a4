//! Helpers that drive the built `genolewm` binary.
