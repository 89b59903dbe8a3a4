//! How well scores tell pathogenic from benign variants of ClinVar, class by class.

use super::two_sides::{Basis, scored};
use crate::baselines::controls::{MEANINGS, Methods};
use crate::baselines::fitted::TwoSides;
use crate::baselines::heads::Heads;
use crate::errors::dataset_error;
use crate::scores::{Class, Score, sides, table};
use crate::variants::HeldOut;
use genolewm::ops::Ops;
use genolewm_core::Result;
use genolewm_core::edit::{EditSpec, EditType};
use genolewm_core::evaluation::average_ranks;
use genolewm_core::genome::consequence::Consequence;
use genolewm_data::corpus::local::LocalRecord;
use genolewm_data::variants::LabelledVariant;
use serde::{Deserialize, Serialize};

/// What the ensemble and the context table are fitted to.
const FITTED_TO: &str = "pathogenic and benign variants of ClinVar outside the hold-outs";

/// The figures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClinVar {
    /// Pathogenic and likely pathogenic variants.
    pub pathogenic: usize,
    /// Benign and likely benign variants.
    pub benign: usize,
    /// What they rest on.
    #[serde(flatten)]
    pub basis: Basis,
    /// By class of variant.
    pub classes: Vec<Class>,
}

/// The figures, and what pictures of them need.
#[derive(Debug)]
pub struct ClinvarOutcome {
    /// The figures.
    pub figures: ClinVar,
    /// Whether each variant is pathogenic.
    pub positive: Vec<bool>,
    /// Its scores.
    pub scores: Vec<Score>,
}

/// Whether a variant belongs to the set: a substitution of one base on one side or the other.
#[must_use]
pub fn selected(variant: &LabelledVariant) -> bool {
    let sided = variant.significance.is_some_and(|is| is.label().is_some());
    sided && variant.edit.edit_type() == EditType::Snv
}

/// Measures held-out variants that were [`selected`]; `training` are those outside the hold-outs, to
/// which the ensemble and the context table are fitted.
///
/// # Errors
/// `EVAL.DATASET` when one side has none; what the model and the metrics return.
pub fn measure(
    held: HeldOut,
    training: &HeldOut,
    methods: &Methods<'_, impl Ops>,
) -> Result<ClinvarOutcome> {
    let positive = positives(&held.variants)?;
    let [pathogenic, benign] = sides(&positive);
    let edits = held.edits();
    let places = edits.iter().map(on_chromosome);
    let places = places.collect::<Result<Vec<EditSpec>>>()?;
    let consequence = |edit| methods.annotation.consequence(edit);
    let consequences: Vec<Consequence> = places.iter().map(consequence).collect();
    let outside = TwoSides {
        items: &training.items,
        edits: &training.edits(),
        positive: &labels(&training.variants),
    };
    let sides = TwoSides {
        items: &held.items,
        edits: &edits,
        positive: &positive,
    };
    let (mut basis, heads, mut scores) =
        scored(sides, &places, (FITTED_TO, outside), held.left_out, methods)?;
    scores.extend(by_rule(&heads, &consequences)?);
    let meanings = MEANINGS.map(|(name, is)| (name.to_owned(), is.to_owned()));
    basis.scores.extend(meanings);
    let figures = ClinVar {
        pathogenic,
        benign,
        basis,
        classes: table(&scores, &positive, &consequences, &methods.bootstrap)?,
    };
    Ok(ClinvarOutcome {
        figures,
        positive,
        scores,
    })
}

fn labels(variants: &[LabelledVariant]) -> Vec<bool> {
    let labels = variants
        .iter()
        .filter_map(|variant| variant.significance?.label());
    labels.map(|label| label.is_positive()).collect()
}

fn positives(variants: &[LabelledVariant]) -> Result<Vec<bool>> {
    let positive = labels(variants);
    if positive.len() != variants.len() || positive.iter().all(|&is| is == positive[0]) {
        return Err(dataset_error("the ClinVar variants are not on both sides")
            .with_remedy("give pathogenic and benign variants inside the hold-outs"));
    }
    Ok(positive)
}

/// The rule, alone and with two heads.
fn by_rule(heads: &Heads, consequences: &[Consequence]) -> Result<[Score; 3]> {
    let rule: Vec<f64> = consequences.iter().map(|is| is.severity()).collect();
    let with_rule = |name, head| -> Result<Score> {
        let values = mean_ranks(&rule, heads.column(head)?);
        Ok(Score { name, values })
    };
    Ok([
        with_rule("rule_and_surprise", "surprise")?,
        with_rule("rule_and_shift", "shift")?,
        Score::new("rule", rule),
    ])
}

fn mean_ranks(a: &[f64], b: &[f64]) -> Vec<f64> {
    let ranks = average_ranks(a).into_iter().zip(average_ranks(b));
    ranks.map(|(a, b)| (a + b) / 2.0).collect()
}

/// The edit on its chromosome, where its contig is a piece of one.
fn on_chromosome(edit: &EditSpec) -> Result<EditSpec> {
    LocalRecord::parse(edit.chrom()).map_or_else(
        || Ok(edit.clone()),
        |local| {
            let pos = local.globalise(edit.pos().offset()).position();
            EditSpec::new(&local.contig, pos, edit.reference(), edit.alternate())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use genolewm_data::shards::Significance;

    fn variant(edit: &str, significance: Significance) -> LabelledVariant {
        LabelledVariant {
            edit: edit.parse().unwrap(),
            af: None,
            significance: Some(significance),
            gene: None,
            stars: None,
            passed: true,
        }
    }

    #[test]
    fn both_sides_are_needed_and_only_substitutions_count() {
        let (harm, harmless) = (
            variant("chr1:1:A:C", Significance::Lp),
            variant("chr1:1:A:G", Significance::B),
        );
        assert!(selected(&harm) && !selected(&variant("chr1:1:A:AC", Significance::P)));
        assert!(!selected(&variant("chr1:1:A:C", Significance::Vus)));
        assert_eq!(positives(&[harm.clone(), harmless]).unwrap(), [true, false]);
        assert_eq!(
            positives(&[harm]).unwrap_err().code(),
            ErrorCode::EvalDataset
        );
    }

    #[test]
    fn pieces_are_read_on_their_chromosome() {
        let local: EditSpec = "hg19_chr17_41100001_41300000:5:A:C".parse().unwrap();
        assert_eq!(
            on_chromosome(&local).unwrap().to_string(),
            "chr17:41100005:A:C"
        );
        let whole: EditSpec = "chr17:9:A:C".parse().unwrap();
        assert_eq!(on_chromosome(&whole).unwrap(), whole);
    }

    #[test]
    fn ranks_of_two_scores_weigh_alike() {
        assert_eq!(mean_ranks(&[0.1, 0.9], &[500.0, 2.0]), [1.5, 1.5]);
    }
}
