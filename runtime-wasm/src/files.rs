//! A model's files, as a map of bytes.

use genolewm::files::ModelFiles;
use genolewm_core::Result;
use std::collections::BTreeMap;
use std::rc::Rc;

const ENCODER: &str = "encoder/";

/// The files of a model directory by name, shared by everything that is loaded from them.
#[derive(Debug, Clone)]
pub(crate) struct FileMap {
    files: Rc<BTreeMap<String, Vec<u8>>>,
    prefix: &'static str,
}

impl FileMap {
    /// The model directory itself.
    pub(crate) fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            files: Rc::new(files),
            prefix: "",
        }
    }

    /// Its encoder directory.
    pub(crate) fn encoder(&self) -> Self {
        Self {
            files: Rc::clone(&self.files),
            prefix: ENCODER,
        }
    }
}

impl ModelFiles for FileMap {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.files.get(&format!("{}{name}", self.prefix)).cloned())
    }

    fn describe(&self) -> String {
        match self.prefix {
            "" => "the model",
            _ => "the model's encoder",
        }
        .to_owned()
    }
}
