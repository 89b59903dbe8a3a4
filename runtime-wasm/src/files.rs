//! A model's files, as a map of bytes.

use genolewm::files::ModelFiles;
use genolewm_core::Result;
use std::collections::BTreeMap;
use std::rc::Rc;

const ENCODER: &str = "encoder/";

/// The files of a model directory by name, shared by everything that is loaded from them. Of weights the
/// sizes alone: their bytes pass by ([`Loader`](crate::engine::Loader)).
#[derive(Debug, Clone)]
pub(crate) struct FileMap {
    files: Rc<BTreeMap<String, Vec<u8>>>,
    weights: Rc<BTreeMap<String, u64>>,
    prefix: &'static str,
}

impl FileMap {
    /// The model directory itself.
    pub(crate) fn new(files: BTreeMap<String, Vec<u8>>, weights: BTreeMap<String, u64>) -> Self {
        Self {
            files: Rc::new(files),
            weights: Rc::new(weights),
            prefix: "",
        }
    }

    /// Its encoder directory.
    pub(crate) fn encoder(&self) -> Self {
        Self {
            prefix: ENCODER,
            ..self.clone()
        }
    }
}

impl ModelFiles for FileMap {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.files.get(&format!("{}{name}", self.prefix)).cloned())
    }

    fn size(&self, name: &str) -> Result<Option<u64>> {
        let path = format!("{}{name}", self.prefix);
        let held = self.files.get(&path).map(|bytes| bytes.len() as u64);
        Ok(held.or_else(|| self.weights.get(&path).copied()))
    }

    fn describe(&self) -> String {
        match self.prefix {
            "" => "the model",
            _ => "the model's encoder",
        }
        .to_owned()
    }
}
