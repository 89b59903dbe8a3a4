//! Which variants an evaluation is about, and the SHA-256 of their list.

use crate::Result;
use crate::edit::{EditSpec, VariantSpelling};
use crate::provenance::{canonical_json, sha256_prefixed};
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::json;

/// The hash that says exactly which variants a figure is about: `sha256:` over the canonical JSON of
/// `{alt, chrom, pos, ref}` for each, in their order. The order of `variants` does not matter.
///
/// # Errors
/// None that a variant can cause; those of the canonical form are passed on.
pub fn variant_keys_sha256<'a>(
    variants: impl IntoIterator<Item = &'a VariantSpelling>,
) -> Result<String> {
    let mut sorted: Vec<&VariantSpelling> = variants.into_iter().collect();
    sorted.sort_unstable();
    let keys = sorted.into_iter().map(|key| {
        json!({
            "alt": key.alternate(),
            "chrom": key.chrom(),
            "pos": key.pos(),
            "ref": key.reference(),
        })
    });
    let text = canonical_json(&serde_json::Value::Array(keys.collect()))?;
    Ok(sha256_prefixed(text.as_bytes()))
}

/// [`variant_keys_sha256`] of edits.
///
/// # Errors
/// As there.
pub fn evaluated_variant_keys_sha256(variants: &[EditSpec]) -> Result<String> {
    let keys: Vec<VariantSpelling> = variants.iter().map(VariantSpelling::from).collect();
    variant_keys_sha256(&keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn keys_do_not_depend_on_order() -> Result<()> {
        let edits = vec![
            "chr2:9:A:C".parse()?,
            "chr10:1:A:C".parse()?,
            "chr2:9:A:AT".parse()?,
        ];
        let reversed: Vec<EditSpec> = edits.iter().rev().cloned().collect();
        assert_eq!(
            evaluated_variant_keys_sha256(&edits)?,
            evaluated_variant_keys_sha256(&reversed)?
        );
        Ok(())
    }
}
