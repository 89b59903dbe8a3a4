//! What the quality of an exported model is measured on: variants with clinical classes in their
//! windows.

use genolewm::config::ModelConfig;
use genolewm::scorer::{Placed, Placer};
use genolewm_core::edit::{AlleleForm, EditSpec};
use genolewm_core::evaluation::evaluated_variant_keys_sha256;
use genolewm_core::reference::{AnyReference, BaseSource, FastaReference, Reference};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::variants::{LabelledVariant, VariantSet, read_variants, read_vcf};
use genolewm_evaluate::measure::clinvar::selected;
use genolewm_evaluate::states::Item;
use std::path::Path;
use std::sync::Arc;

const EXAMPLE_VCF: &[u8] = include_bytes!("../../../examples/brca1.vcf.gz");
const EXAMPLE_FASTA: &[u8] = include_bytes!("../../../examples/brca1.hg19.fa.gz");
const EXAMPLE_FAI: &[u8] = include_bytes!("../../../examples/brca1.hg19.fa.gz.fai");
const EXAMPLE_GZI: &[u8] = include_bytes!("../../../examples/brca1.hg19.fa.gz.gzi");
const EXAMPLE_NAME: &str = "examples/brca1.vcf.gz";

/// Substitutions with a clinical class on one side or the other.
#[derive(Debug, Clone)]
pub struct Data {
    /// Where they come from.
    pub name: String,
    /// The variants in their windows, in the file's order.
    pub items: Vec<Item>,
    /// Whether each is pathogenic.
    pub positive: Vec<bool>,
    /// Says exactly which variants they are.
    pub variants_sha256: String,
}

impl Data {
    /// Those around BRCA1 that the program carries with it; at most `most`.
    ///
    /// # Errors
    /// As the model's windows.
    pub fn example(config: &ModelConfig, most: usize) -> Result<Self> {
        let set = read_vcf(Box::new(EXAMPLE_VCF), EXAMPLE_NAME, AlleleForm::Canonical)?;
        let [fai, gzi] = [EXAMPLE_FAI, EXAMPLE_GZI].map(|index| Some(index.to_vec()));
        let fasta = FastaReference::open(EXAMPLE_FASTA, fai, gzi, "examples/brca1.hg19.fa.gz")?;
        Self::place(EXAMPLE_NAME, set, &mut Reference::new(fasta), config, most)
    }

    /// Those of a VCF or of a ClinVar shard; at most `most`, evenly spread over each side.
    ///
    /// # Errors
    /// `EVAL.DATASET` when they are not on both sides or do not fit the reference; as the files'.
    pub fn read(vcf: &Path, fasta: &Path, config: &ModelConfig, most: usize) -> Result<Self> {
        let set = read_variants(vcf, AlleleForm::Canonical, ErrorCode::EvalDataset)?;
        let mut reference = AnyReference::open_path(fasta).map(Reference::new)?;
        let name = vcf.display().to_string();
        Self::place(&name, set, &mut reference, config, most)
    }

    fn place<S: BaseSource>(
        name: &str,
        set: VariantSet,
        reference: &mut Reference<S>,
        config: &ModelConfig,
        most: usize,
    ) -> Result<Self> {
        let mut placer = Placer::new(config.window_bp, config.window_stride_bp);
        let (mut items, mut positive, mut edits) = (Vec::new(), Vec::new(), Vec::<EditSpec>::new());
        for (variant, harmful) in spread(set.variants, most) {
            if let Placed::Candidate(placed) = placer.place(reference, &variant.edit)? {
                items.push(Item::of(&placed.edit, &placed.window)?);
                positive.push(harmful);
                edits.push(placed.edit);
            }
        }
        if positive.iter().all(|&is| is) || !positive.contains(&true) {
            return Err(one_sided(name, items.len()));
        }
        Ok(Self {
            name: name.to_owned(),
            variants_sha256: evaluated_variant_keys_sha256(&edits)?,
            items,
            positive,
        })
    }

    /// At most `count` of the windows, evenly spread.
    #[must_use]
    pub fn windows(&self, count: usize) -> Vec<Arc<str>> {
        let mut windows: Vec<&Arc<str>> = self.items.iter().map(|item| &item.sequence).collect();
        windows.dedup_by(|a, b| Arc::ptr_eq(a, b));
        even(windows.len(), count)
            .map(|at| Arc::clone(windows[at]))
            .collect()
    }
}

/// Variants on one side or the other with their side, at most half of `most` of each.
fn spread(variants: Vec<LabelledVariant>, most: usize) -> Vec<(LabelledVariant, bool)> {
    let sided: Vec<(LabelledVariant, bool)> = variants
        .into_iter()
        .filter(selected)
        .filter_map(|variant| {
            let label = variant.significance?.label()?;
            Some((variant, label.is_positive()))
        })
        .collect();
    let mut kept = vec![false; sided.len()];
    for side in [true, false] {
        let rows: Vec<usize> = (0..sided.len())
            .filter(|&row| sided[row].1 == side)
            .collect();
        for at in even(rows.len(), most.div_ceil(2)) {
            kept[rows[at]] = true;
        }
    }
    let rows = sided.into_iter().zip(kept);
    rows.filter_map(|(row, kept)| kept.then_some(row)).collect()
}

/// At most `count` of the numbers below `len`, evenly spread.
fn even(len: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(len);
    (0..count).map(move |at| at * len / count)
}

fn one_sided(name: &str, placed: usize) -> Error {
    Error::new(
        ErrorCode::EvalDataset,
        "the loss of quality needs pathogenic and benign substitutions that fit the reference",
    )
    .with_detail("file", name)
    .with_detail("placed", placed)
    .with_remedy(
        "give a ClinVar VCF and its reference with --budget-vcf and --budget-fasta, or neither",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm::files::Directory;
    use genolewm::info::ModelInfo;

    const BUILTIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/builtin");

    fn config() -> ModelConfig {
        let model = Directory(BUILTIN.into());
        let encoder = Directory(model.0.join("encoder"));
        ModelInfo::load(&model, &encoder).unwrap().config
    }

    #[test]
    fn the_example_fits_its_reference_and_has_two_sides() {
        let all = Data::example(&config(), usize::MAX).unwrap();
        let harmful = all.positive.iter().filter(|&&is| is).count();
        // As examples/README.md counts them: 627 and 944, all of them substitutions.
        assert_eq!((harmful, all.positive.len() - harmful), (627, 944));
        let some = Data::example(&config(), 100).unwrap();
        assert_eq!(some.items.len(), 100);
        assert_eq!(some.positive.iter().filter(|&&is| is).count(), 50);
        assert_ne!(some.variants_sha256, all.variants_sha256);
        let windows = some.windows(10);
        assert_eq!(windows.len(), 10);
        assert!(
            windows
                .iter()
                .all(|window| window.len() == config().window_bp)
        );
    }

    #[test]
    fn numbers_are_spread_evenly() {
        assert_eq!(even(10, 3).collect::<Vec<_>>(), [0, 3, 6]);
        assert_eq!(even(3, 10).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(even(0, 4).count() + even(4, 0).count(), 0);
    }
}
