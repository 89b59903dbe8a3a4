//! Which variants an evaluation is about, and on which side each stands.

use crate::Result;
use crate::edit::EditSpec;
use crate::provenance::{canonical_json, sha256_prefixed};
use alloc::vec::Vec;
use serde_json::json;

/// The side that a clinical classification puts a variant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClinicalLabel {
    /// Pathogenic or likely pathogenic (P, LP): the positives.
    Pathogenic,
    /// Benign or likely benign (B, LB): the negatives.
    Benign,
}

impl ClinicalLabel {
    /// Reads a short label (`P`, `LP`, `B`, `LB`) or ClinVar's `CLNSIG` (`Pathogenic/Likely_pathogenic`),
    /// in any case. `None` for all that takes no side or both: uncertain, conflicting, drug response.
    ///
    /// ```
    /// use genolewm_shared::evaluation::ClinicalLabel;
    /// let read = ClinicalLabel::parse;
    /// assert_eq!(read("Pathogenic/Likely_pathogenic|risk_factor"), Some(ClinicalLabel::Pathogenic));
    /// assert_eq!(read("LB"), Some(ClinicalLabel::Benign));
    /// assert_eq!(read("Uncertain_significance"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut pathogenic, mut benign) = (false, false);
        for term in text.split(['/', '|', ',', ';', '&']) {
            let term = term
                .trim_matches([' ', '_'])
                .to_ascii_lowercase()
                .replace(' ', "_");
            match term.as_str() {
                "p" | "lp" | "pathogenic" | "likely_pathogenic" => pathogenic = true,
                "b" | "lb" | "benign" | "likely_benign" => benign = true,
                "uncertain_significance" | "vus" => return None,
                _ if term.starts_with("conflicting") => return None,
                _ => {}
            }
        }
        match (pathogenic, benign) {
            (true, false) => Some(Self::Pathogenic),
            (false, true) => Some(Self::Benign),
            _ => None,
        }
    }

    /// Whether it is the positive class.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        matches!(self, Self::Pathogenic)
    }
}

/// The hash that says exactly which variants a figure is about: `sha256:` over the canonical JSON of
/// `{alt, chrom, pos, ref}` for each, ordered by contig (as text), position, ref and alt. The order of
/// `variants` does not matter.
///
/// # Errors
/// None that a valid edit can cause; those of the canonical form are passed on.
pub fn evaluated_variant_keys_sha256(variants: &[EditSpec]) -> Result<alloc::string::String> {
    let mut sorted: Vec<&EditSpec> = variants.iter().collect();
    sorted.sort_by_key(|edit| (edit.chrom(), edit.pos(), edit.reference(), edit.alternate()));
    let keys = sorted.into_iter().map(|edit| {
        json!({
            "alt": edit.alternate(),
            "chrom": edit.chrom(),
            "pos": edit.pos().get(),
            "ref": edit.reference(),
        })
    });
    let text = canonical_json(&serde_json::Value::Array(keys.collect()))?;
    Ok(sha256_prefixed(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn both_sides_or_neither_is_no_label() {
        for text in [
            "",
            "VUS",
            "Pathogenic|Benign",
            "Conflicting_classifications_of_pathogenicity",
        ] {
            assert_eq!(ClinicalLabel::parse(text), None, "{text}");
        }
        for text in [" p ", "Likely pathogenic", "Pathogenic,_low_penetrance"] {
            assert_eq!(
                ClinicalLabel::parse(text),
                Some(ClinicalLabel::Pathogenic),
                "{text}"
            );
        }
        assert_eq!(
            ClinicalLabel::parse("Pathogenic|Uncertain_significance"),
            None
        );
    }

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
