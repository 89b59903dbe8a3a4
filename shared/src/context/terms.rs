//! Annotation terms, as annotators and repeat maskers write them, and the classes that they mean.

use super::class::{RegionClass, RepeatClass};
use crate::{Error, Result};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The terms of a region class beside its own name, folded as [`fold_term`] does.
const fn region_terms(class: RegionClass) -> &'static [&'static str] {
    match class {
        RegionClass::Splice => &[
            "splice_acceptor_variant",
            "splice_donor_variant",
            "splice_region_variant",
            "splice_site",
        ],
        RegionClass::CodingNonsense => &[
            "nonsense",
            "stop_gained",
            "stop_lost",
            "stop_retained_variant",
            "start_lost",
            "frameshift_variant",
        ],
        RegionClass::CodingMissense => &[
            "missense",
            "missense_variant",
            "protein_altering_variant",
            "inframe_deletion",
            "inframe_insertion",
        ],
        RegionClass::CodingSynonymous => &[
            "synonymous",
            "synonymous_variant",
            "silent",
            "stop_retained",
        ],
        RegionClass::Utr5 => &[
            "5_prime_utr_variant",
            "five_prime_utr_variant",
            "5_utr",
            "utr_5",
        ],
        RegionClass::Utr3 => &[
            "3_prime_utr_variant",
            "three_prime_utr_variant",
            "3_utr",
            "utr_3",
        ],
        RegionClass::Promoter => &[
            "promoter_region",
            "promoter_variant",
            "upstream_gene_variant",
            "tf_binding_site_variant",
        ],
        RegionClass::Enhancer => &[
            "enhancer_region",
            "enhancer_variant",
            "regulatory_region_variant",
        ],
        RegionClass::Intron => &["intron_variant", "non_coding_transcript_variant"],
        RegionClass::Intergenic => &["intergenic_variant", "downstream_gene_variant"],
        RegionClass::Other => &[],
    }
}

/// The terms of a repeat class beside its own name, folded likewise.
const fn repeat_terms(class: RepeatClass) -> &'static [&'static str] {
    match class {
        RepeatClass::None => &["no_repeat", "non_repeat", "not_repetitive"],
        RepeatClass::Simple => &[
            "simple_repeat",
            "microsatellite",
            "short_tandem_repeat",
            "str",
            "tandem_repeat",
            "satellite",
        ],
        RepeatClass::LowComplexity => &[
            "low_complexity_region",
            "dust",
            "poly_a",
            "poly_t",
            "poly_c",
            "poly_g",
        ],
        RepeatClass::Transposon => &[
            "transposable_element",
            "mobile_element",
            "retrotransposon",
            "dna_transposon",
            "line",
            "line1",
            "line_l1",
            "l1",
            "sine",
            "sine_alu",
            "alu",
            "ltr",
            "erv",
        ],
        RepeatClass::SegmentalDup => &[
            "segmental_duplication",
            "segdup",
            "genomic_superdup",
            "self_chain",
        ],
    }
}

/// The region class of an annotation: one or more terms between `, ; | & +`, in any case and
/// punctuation. The most severe term counts; nothing known is [`RegionClass::Other`].
///
/// ```
/// use genolewm_core::context::{RegionClass, classify_region};
/// assert_eq!(classify_region(Some("Missense_Variant&splice_region_variant")), RegionClass::Splice);
/// assert_eq!(classify_region(None), RegionClass::Other);
/// ```
#[must_use]
pub fn classify_region(annotation: Option<&str>) -> RegionClass {
    let terms = terms_of(annotation);
    let means = |class: &RegionClass| mention(&terms, class.as_str(), region_terms(*class));
    RegionClass::ALL
        .iter()
        .copied()
        .find(means)
        .unwrap_or(RegionClass::Other)
}

/// The region class that someone names: as [`classify_region`], but a text without a known term is no
/// region.
///
/// # Errors
/// `INPUT.GENERIC` for such a text: a slip must not pass for [`RegionClass::Other`].
///
/// ```
/// use genolewm_core::context::{RegionClass, region_of_terms};
/// assert_eq!(region_of_terms("stop_gained")?, RegionClass::CodingNonsense);
/// assert!(region_of_terms("stop_ganied").is_err());
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn region_of_terms(text: &str) -> Result<RegionClass> {
    let class = classify_region(Some(text));
    if class != RegionClass::Other || text.trim() == class.as_str() {
        return Ok(class);
    }
    let known: Vec<&str> = RegionClass::ALL
        .iter()
        .map(|class| class.as_str())
        .collect();
    Err(Error::input("the region holds no known term")
        .with_detail("region", text)
        .with_remedy(format!(
            "give a term of Sequence Ontology, or one of {}",
            known.join(", ")
        )))
}

/// The repeat class of an annotation, read like that of a region; no annotation is
/// [`RepeatClass::None`].
///
/// # Errors
/// `INPUT.GENERIC` when no term is known: a repeat must not pass for unique sequence.
pub fn classify_repeat(annotation: Option<&str>) -> Result<RepeatClass> {
    let terms = terms_of(annotation);
    if terms.is_empty() {
        return Ok(RepeatClass::None);
    }
    let means = |class: &RepeatClass| mention(&terms, class.as_str(), repeat_terms(*class));
    RepeatClass::ALL.iter().copied().find(means).ok_or_else(|| {
        Error::input("the repeat annotation holds no known term")
            .with_detail("annotation", annotation.unwrap_or_default())
    })
}

fn mention(terms: &[String], name: &str, aliases: &[&str]) -> bool {
    terms
        .iter()
        .any(|term| term == name || aliases.contains(&term.as_str()))
}

fn terms_of(annotation: Option<&str>) -> Vec<String> {
    annotation
        .unwrap_or_default()
        .split([',', ';', '|', '&', '+'])
        .map(fold_term)
        .filter(|term| !term.is_empty())
        .collect()
}

/// Lower-cases a term and folds each run of other characters than letters and digits to one `_`.
fn fold_term(term: &str) -> String {
    let mut folded = String::with_capacity(term.len());
    for c in term.chars() {
        if c.is_ascii_alphanumeric() {
            folded.push(c.to_ascii_lowercase());
        } else if !folded.is_empty() && !folded.ends_with('_') {
            folded.push('_');
        }
    }
    if folded.ends_with('_') {
        folded.pop();
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn no_term_means_two_classes() {
        let regions = RegionClass::ALL
            .iter()
            .flat_map(|class| region_terms(*class));
        let repeats = RepeatClass::ALL
            .iter()
            .flat_map(|class| repeat_terms(*class));
        let all: Vec<_> = regions.chain(repeats).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|term| fold_term(term) == **term));
    }

    #[test]
    fn terms_fold_runs_and_edges() {
        assert_eq!(fold_term("  5''UTR "), "5_utr");
        assert_eq!(fold_term("SINE/Alu"), "sine_alu");
        assert_eq!(terms_of(Some("intron | ,;")), ["intron"]);
    }

    #[test]
    fn the_first_known_repeat_counts() -> Result<()> {
        assert_eq!(
            classify_repeat(Some("mystery,alu"))?,
            RepeatClass::Transposon
        );
        assert_eq!(classify_repeat(Some("alu,str"))?, RepeatClass::Simple);
        assert_eq!(classify_repeat(Some(" "))?, RepeatClass::None);
        Ok(())
    }
}
