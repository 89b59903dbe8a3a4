//! Which variants an evaluation is about, and the SHA-256 of their list.

use crate::edit::EditSpec;
use crate::provenance::{canonical_json, sha256_prefixed};
use crate::{Error, Result};
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::json;

/// A variant as score and label files name it. Ordered by contig (as text), position, reference and
/// alternate allele. Unlike an [`EditSpec`] it may be one that no model scores: a label file lists
/// what it lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantKey {
    chrom: String,
    pos: u64,
    reference: String,
    alternate: String,
}

impl VariantKey {
    /// A variant at a 1-based position; alleles are made upper-case.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for an empty contig or allele, or position 0.
    pub fn new(chrom: &str, pos: u64, reference: &str, alternate: &str) -> Result<Self> {
        if chrom.is_empty() || reference.is_empty() || alternate.is_empty() {
            return Err(Error::input("a variant has a contig and two alleles")
                .with_remedy("fill in chrom, ref and alt"));
        }
        if pos == 0 {
            return Err(Error::input("positions are counted from 1")
                .with_remedy("give the position as VCF has it"));
        }
        Ok(Self {
            chrom: chrom.into(),
            pos,
            reference: reference.to_uppercase(),
            alternate: alternate.to_uppercase(),
        })
    }

    /// The contig, as the file spells it.
    #[must_use]
    pub fn chrom(&self) -> &str {
        &self.chrom
    }

    /// The 1-based position.
    #[must_use]
    pub const fn pos(&self) -> u64 {
        self.pos
    }

    /// The reference allele, upper-case.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The alternate allele, upper-case.
    #[must_use]
    pub fn alternate(&self) -> &str {
        &self.alternate
    }
}

impl From<&EditSpec> for VariantKey {
    fn from(edit: &EditSpec) -> Self {
        Self {
            chrom: edit.chrom().into(),
            pos: edit.pos().get(),
            reference: edit.reference().into(),
            alternate: edit.alternate().into(),
        }
    }
}

impl core::fmt::Display for VariantKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            chrom,
            pos,
            reference,
            alternate,
        } = self;
        write!(f, "{chrom}:{pos}:{reference}:{alternate}")
    }
}

/// The hash that says exactly which variants a figure is about: `sha256:` over the canonical JSON of
/// `{alt, chrom, pos, ref}` for each, in their order. The order of `variants` does not matter.
///
/// # Errors
/// None that a variant can cause; those of the canonical form are passed on.
pub fn variant_keys_sha256<'a>(
    variants: impl IntoIterator<Item = &'a VariantKey>,
) -> Result<String> {
    let mut sorted: Vec<&VariantKey> = variants.into_iter().collect();
    sorted.sort_unstable();
    let keys = sorted.into_iter().map(|key| {
        json!({
            "alt": key.alternate,
            "chrom": key.chrom,
            "pos": key.pos,
            "ref": key.reference,
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
    let keys: Vec<VariantKey> = variants.iter().map(VariantKey::from).collect();
    variant_keys_sha256(&keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
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

    #[test]
    fn keys_are_whole_and_upper_case() -> Result<()> {
        assert_eq!(
            VariantKey::new("1", 9, "a", "<del>")?.to_string(),
            "1:9:A:<DEL>"
        );
        for (chrom, pos, reference) in [("", 1, "A"), ("1", 0, "A"), ("1", 1, "")] {
            assert!(VariantKey::new(chrom, pos, reference, "C").is_err());
        }
        Ok(())
    }
}
