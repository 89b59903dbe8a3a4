//! Every reader of a stranger's bytes, as a function of bytes.
//!
//! A reader answers with what it has read or with an error that says what to do; it never panics, and
//! stays within [`MEMORY_MB`] and [`SECONDS`] for any input that `cargo xtask fuzz` makes. Seeds for a target
//! are the files of `seeds/NAME`, and words of its language stand in `dictionaries/NAME.dict`.
#![forbid(unsafe_code)]

mod reader;
mod source;
mod model;
mod training;

use genolewm_core::Result;
use reader::Read;

/// Memory that a target may hold with an input of at most [`BYTES`], in MiB.
pub const MEMORY_MB: usize = 400;

/// Time that a target may take for one, with the checks of a debug build, in seconds.
pub const SECONDS: usize = 10;

/// Bytes of an input at most.
pub const BYTES: usize = 1 << 16;

/// A reader under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it reads, as its folder of seeds is called.
    pub name: &'static str,
    read: Read,
}

impl Target {
    /// Every target, in the order of the data's way through the program.
    pub fn all() -> impl Iterator<Item = Self> {
        let groups = [source::TARGETS, model::TARGETS, training::TARGETS];
        let named = |&(name, read): &(&'static str, Read)| Self { name, read };
        groups.into_iter().flatten().map(named)
    }

    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|target| target.name == name)
    }

    /// Reads an input, and judges the answer.
    ///
    /// # Errors
    /// The reader's own.
    ///
    /// # Panics
    /// Where it stands for a fault of the program.
    pub fn run(self, bytes: &[u8]) -> Result<()> {
        let answer = (self.read)(bytes);
        if let Err(error) = &answer {
            reader::judge(error);
        }
        answer
    }
}
