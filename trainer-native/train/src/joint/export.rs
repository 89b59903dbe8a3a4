//! The encoder of a joint run's model, the LoRA adapters merged into it.

use crate::assemble::ENCODER_FILES;
use crate::files::read;
use crate::serialize::{Tensors, serialize, torch_header};
use genolewm::files::Directory;
use genolewm::opened::read_shards;
use genolewm::weights::Weights;
use genolewm_core::Result;
use genolewm_report::output::write_atomically;
use safetensors::tensor::Dtype;
use std::collections::BTreeMap;
use std::path::Path;

/// The encoder `from` with other weights in place of some of its own. All else of it is copied, the
/// rows of its embedding that DNA does not use among it.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` when the weights of `from` cannot be read; `RESOURCE.*` for files.
pub(super) fn write_encoder(from: &Path, to: &Path, merged: Tensors) -> Result<()> {
    let mut tensors = BTreeMap::new();
    for (name, bytes) in read_shards(&Directory(from.to_owned()))? {
        tensors.extend(Weights::parse(&bytes, &name, |_| true)?.into_tensors());
    }
    tensors.extend(merged);
    for name in ENCODER_FILES {
        let bytes = if name == "model.safetensors" {
            serialize(&tensors, Dtype::F16, Some(torch_header()))?
        } else {
            read(&from.join(name))?
        };
        write_atomically(&to.join(name), &bytes)?;
    }
    Ok(())
}
