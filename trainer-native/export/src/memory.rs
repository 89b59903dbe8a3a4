//! A model directory in memory: nothing of it is on a disk before all of it has been checked.

use genolewm::files::ModelFiles;
use genolewm_core::Result;
use genolewm_core::provenance::ENCODER_PREFIX;
use std::collections::BTreeMap;

/// Files by name, with forward slashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryFiles(pub BTreeMap<String, Vec<u8>>);

impl MemoryFiles {
    /// Those of the encoder, as a directory of their own.
    #[must_use]
    pub const fn encoder(&self) -> EncoderFiles<'_> {
        EncoderFiles(self)
    }
}

impl ModelFiles for MemoryFiles {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(name).cloned())
    }

    fn describe(&self) -> String {
        "the exported model".to_owned()
    }
}

/// The encoder of a directory in memory.
#[derive(Debug, Clone, Copy)]
pub struct EncoderFiles<'a>(&'a MemoryFiles);

impl ModelFiles for EncoderFiles<'_> {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.0.read(&format!("{ENCODER_PREFIX}{name}"))
    }

    fn describe(&self) -> String {
        "the exported encoder".to_owned()
    }
}
