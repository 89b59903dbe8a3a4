//! The WebAssembly module behind `@genolewm/runtime`.
//!
//! It holds no pipeline of its own: variants, windows, the network and receipts are those of the
//! crates that the native program is made of. What is here turns JavaScript values into theirs and
//! back, and lets everything be driven from outside. Nothing here waits or fetches: [`FileRun`] and
//! [`ReferenceFile`] say which bytes they want, and the caller brings them from a `File`, a URL or
//! wherever else, which is what lets one module serve tabs, servers and edge runtimes.
#![forbid(unsafe_code)]

mod js_error;
mod files;
mod job;
mod model;
mod edits;
mod engine;
mod rows;
mod reference;
mod annotation;
mod inspect;
mod rank;
mod run;
mod single;
mod plan;
mod import;
mod receipts;

pub use engine::{Engine, Loader};
pub use import::Importer;
pub use inspect::Inspector;
pub use model::{Model, may_name, runtime_files};
pub use plan::Plan;
pub use receipts::{verify_receipt_of, verify_receipts};
pub use reference::{IndexBuilder, ReferenceFile};
pub use run::FileRun;
pub use single::Single;

use wasm_bindgen::prelude::*;

/// The version of this module.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
