//! How fast the parts of GenoLeWM are, each in turns with what the processor does at most: for `cargo bench -p
//! genolewm-bench` and the program `speed`.
#![forbid(unsafe_code)]

mod task;
mod peak;
mod network;
mod text;
mod parts;
mod turns;
mod record;
pub mod program;
