//! Named tensors as safetensors, in f32 or f16.

use genolewm::weights::NamedTensor;
use genolewm_core::{Error, ErrorCode, Result};
use half::f16;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::{BTreeMap, HashMap};

/// Tensors by name.
pub type Tensors = BTreeMap<String, NamedTensor>;

/// Writes named tensors as safetensors in f32 or f16.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` when the format refuses them.
pub fn serialize(
    tensors: &Tensors,
    dtype: Dtype,
    about: Option<HashMap<String, String>>,
) -> Result<Vec<u8>> {
    let packed: Vec<(&String, &NamedTensor, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| (name, tensor, pack(&tensor.values, dtype)))
        .collect();
    let refused = |error: safetensors::SafeTensorError| {
        Error::new(ErrorCode::DeployExportFormat, error.to_string())
    };
    let views = packed
        .iter()
        .map(|(name, tensor, bytes)| {
            TensorView::new(dtype, tensor.shape.clone(), bytes).map(|view| ((*name).clone(), view))
        })
        .collect::<core::result::Result<Vec<_>, _>>()
        .map_err(refused)?;
    safetensors::serialize(views, about).map_err(refused)
}

/// The entry by which PyTorch's libraries know a weight file of theirs.
pub(super) fn torch_header() -> HashMap<String, String> {
    HashMap::from([("format".to_owned(), "pt".to_owned())])
}

fn pack(values: &[f32], dtype: Dtype) -> Vec<u8> {
    let half = |&value: &f32| f16::from_f32(value).to_le_bytes();
    match dtype {
        Dtype::F16 => values.iter().flat_map(half).collect(),
        _ => values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
    }
}

/// Takes those tensors out whose names start with `prefix` and a dot; they are named without it.
pub(super) fn take(tensors: &mut Tensors, prefix: &str) -> Tensors {
    let own = |name: &str| {
        name.split_once('.')
            .is_some_and(|(first, _)| first == prefix)
    };
    tensors
        .extract_if(.., |name, _| own(name))
        .map(|(name, tensor)| (name[prefix.len() + 1..].to_owned(), tensor))
        .collect()
}
