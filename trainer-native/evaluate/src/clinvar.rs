//! How well scores tell pathogenic from benign variants of ClinVar, class by class.

use super::context::ContextTable;
use super::controls::{
    CONSERVED, CONTEXT, DISPLACEMENT, LIKELIHOOD, MARKOV, Methods, RANDOM, RANDOM_WEIGHTS, SHIFT,
    SURPRISE,
};
use super::fitted::Fitted;
use super::heads::{FittedEnsemble, Heads};
use super::scores::{Class, Score, table};
use super::variants::HeldOut;
use genolewm_core::edit::{EditSpec, EditType};
use genolewm_core::evaluation::{average_ranks, evaluated_variant_keys_sha256};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::corpus::local::LocalRecord;
use genolewm_data::edits::variants::LabelledVariant;
use genolewm_data::genome::consequence::Consequence;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the ensemble and the context table are fitted to.
const FITTED_TO: &str = "pathogenic and benign variants of ClinVar outside the hold-outs";

/// What every score is, for readers of the figures.
pub const MEANINGS: [(&str, &str); 13] = [
    SURPRISE,
    SHIFT,
    DISPLACEMENT,
    LIKELIHOOD,
    (
        "ensemble",
        "the four above weighed by logistic regression, fitted outside the hold-outs",
    ),
    (
        "rule",
        "motif and frame alone: splice sites, stops, BLOSUM62",
    ),
    ("rule_and_surprise", "mean rank of rule and surprise"),
    ("rule_and_shift", "mean rank of rule and shift"),
    CONTEXT,
    CONSERVED,
    MARKOV,
    RANDOM_WEIGHTS,
    RANDOM,
];

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct ClinVar {
    /// Pathogenic and likely pathogenic variants.
    pub pathogenic: usize,
    /// Benign and likely benign variants.
    pub benign: usize,
    /// Alleles of the file that are not measured, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// Says exactly which variants the figures are about.
    pub variants_sha256: String,
    /// Resamples of the stratified bootstrap, and its seed.
    pub bootstrap_resamples: usize,
    /// Seed of the bootstrap.
    pub bootstrap_seed: u64,
    /// What each score is.
    pub scores: BTreeMap<&'static str, &'static str>,
    /// The ensemble, where there are enough variants outside the hold-outs to fit one.
    pub ensemble: Option<FittedEnsemble>,
    /// The table behind the context score, likewise.
    pub context: Option<ContextTable>,
    /// By class of variant.
    pub classes: Vec<Class>,
}

/// The figures, and what pictures of them need.
#[derive(Debug)]
pub struct Outcome {
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
pub fn measure(held: HeldOut, training: &HeldOut, methods: &Methods<'_>) -> Result<Outcome> {
    let positive = positives(&held.variants)?;
    let edits = held.edits();
    let mut consequences = Vec::with_capacity(edits.len());
    for edit in &edits {
        consequences.push(methods.annotation.consequence(&on_chromosome(edit)?));
    }
    let fitted = Fitted::new(
        FITTED_TO,
        (&training.items, &training.edits()),
        &labels(&training.variants),
        methods,
    )?;
    let scores = all_scores(&held, &consequences, &fitted, methods)?;
    let pathogenic = positive.iter().filter(|&&is| is).count();
    let figures = ClinVar {
        pathogenic,
        benign: positive.len() - pathogenic,
        left_out: held.left_out,
        variants_sha256: evaluated_variant_keys_sha256(&edits)?,
        bootstrap_resamples: methods.bootstrap.resamples,
        bootstrap_seed: methods.bootstrap.seed,
        scores: MEANINGS.into_iter().collect(),
        ensemble: fitted.ensemble,
        context: fitted.context,
        classes: table(&scores, &positive, &consequences, &methods.bootstrap)?,
    };
    Ok(Outcome {
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
        return Err(Error::new(
            ErrorCode::EvalDataset,
            "the ClinVar variants are not on both sides",
        )
        .with_remedy("give pathogenic and benign variants inside the hold-outs"));
    }
    Ok(positive)
}

fn all_scores(
    held: &HeldOut,
    consequences: &[Consequence],
    fitted: &Fitted,
    methods: &Methods<'_>,
) -> Result<Vec<Score>> {
    let heads = Heads::measure(methods.model, &held.items)?;
    let rule: Vec<f64> = consequences.iter().map(|is| is.severity()).collect();
    let with_rule = |name, head| {
        let values = mean_ranks(&rule, heads.column(head)?);
        Ok(Score { name, values })
    };
    let mut scores = heads.scores();
    scores.push(with_rule("rule_and_surprise", "surprise")?);
    scores.push(with_rule("rule_and_shift", "shift")?);
    scores.extend(fitted.scores(&heads, &held.items)?);
    let places = held
        .edits()
        .iter()
        .map(on_chromosome)
        .collect::<Result<Vec<_>>>()?;
    scores.extend(methods.controls(&held.items, &places)?);
    scores.push(Score {
        name: "rule",
        values: rule,
    });
    Ok(scores)
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
