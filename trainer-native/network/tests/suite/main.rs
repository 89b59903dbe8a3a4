//! The program against a server on this machine that does everything wrong that servers do.

// This is test code: what goes wrong here is a failed test.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod server;
mod program;
mod release;
mod update;
mod download;
mod fetch;
mod secure;
