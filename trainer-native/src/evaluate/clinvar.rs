//! How well scores tell pathogenic from benign variants of ClinVar, class by class.

use super::likelihood;
use super::scores::{Class, Score, table};
use super::states::{Item, Measured, Model};
use super::variants::HeldOut;
use crate::dataset::annotation::Annotation;
use crate::dataset::bases::encode;
use crate::dataset::consequence::Consequence;
use crate::dataset::local::LocalRecord;
use crate::dataset::markov::MarkovModel;
use crate::dataset::variants::LabelledVariant;
use genolewm_shared::edit::{EditSpec, EditType};
use genolewm_shared::evaluation::{BootstrapOptions, average_ranks, evaluated_variant_keys_sha256};
use genolewm_shared::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::Serialize;
use std::collections::BTreeMap;

const RANDOM_STREAM: u64 = 5;

/// What every score is, for readers of the figures.
pub const MEANINGS: [(&str, &str); 10] = [
    (
        "surprise",
        "distance from the prediction to the edited state",
    ),
    (
        "shift",
        "distance from the reference state to the edited state",
    ),
    (
        "displacement",
        "1 - cosine of the prediction and the reference state",
    ),
    (
        "likelihood",
        "fall of the encoder's log-likelihood around the variant",
    ),
    (
        "rule",
        "motif and frame alone: splice sites, stops, BLOSUM62",
    ),
    ("rule_and_surprise", "mean rank of rule and surprise"),
    ("rule_and_shift", "mean rank of rule and shift"),
    ("markov", "fall of the order-5 Markov log-likelihood"),
    ("random_weights", "shift of an encoder with random weights"),
    ("random", "random numbers"),
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

/// What ClinVar variants are measured with.
#[derive(Debug)]
pub struct Methods<'a> {
    /// The model.
    pub model: &'a Model,
    /// The model with an encoder that learnt nothing.
    pub untrained: &'a Model,
    /// The Markov chain.
    pub chain: &'a MarkovModel,
    /// What variants do to transcripts.
    pub annotation: &'a Annotation,
    /// Seed of the random scores.
    pub seed: u64,
    /// How intervals are drawn.
    pub bootstrap: BootstrapOptions,
}

/// Whether a variant belongs to the set: a substitution of one base on one side or the other.
#[must_use]
pub fn selected(variant: &LabelledVariant) -> bool {
    let sided = variant.significance.is_some_and(|is| is.label().is_some());
    sided && variant.edit.edit_type() == EditType::Snv
}

/// Measures held-out variants that were [`selected`].
///
/// # Errors
/// `EVAL.DATASET` when one side has none; what the model and the metrics return.
pub fn measure(held: HeldOut, methods: &Methods<'_>) -> Result<Outcome> {
    let positive = positives(&held.variants)?;
    let consequences = held
        .variants
        .iter()
        .map(|variant| {
            Ok(methods
                .annotation
                .consequence(&on_chromosome(&variant.edit)?))
        })
        .collect::<Result<Vec<Consequence>>>()?;
    let scores = all_scores(&held.items, &consequences, methods)?;
    let edits: Vec<EditSpec> = held
        .variants
        .iter()
        .map(|variant| variant.edit.clone())
        .collect();
    let pathogenic = positive.iter().filter(|&&is| is).count();
    let figures = ClinVar {
        pathogenic,
        benign: positive.len() - pathogenic,
        left_out: held.left_out,
        variants_sha256: evaluated_variant_keys_sha256(&edits)?,
        bootstrap_resamples: methods.bootstrap.resamples,
        bootstrap_seed: methods.bootstrap.seed,
        scores: MEANINGS.into_iter().collect(),
        classes: table(&scores, &positive, &consequences, &methods.bootstrap)?,
    };
    Ok(Outcome {
        figures,
        positive,
        scores,
    })
}

fn positives(variants: &[LabelledVariant]) -> Result<Vec<bool>> {
    let labels = variants
        .iter()
        .filter_map(|variant| variant.significance?.label());
    let positive: Vec<bool> = labels.map(|label| label.is_positive()).collect();
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
    items: &[Item],
    consequences: &[Consequence],
    methods: &Methods<'_>,
) -> Result<Vec<Score>> {
    let measured = methods.model.measure(items)?;
    let column = |of: fn(&Measured) -> f64| measured.iter().map(of).collect::<Vec<f64>>();
    let (surprise, shift) = (column(|m| m.surprise), column(|m| m.shift));
    let rule: Vec<f64> = consequences.iter().map(|is| is.severity()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(methods.seed);
    rng.set_stream(RANDOM_STREAM);
    let fall = |difference: f64| -difference;
    Ok(vec![
        Score {
            name: "displacement",
            values: column(|m| m.displacement),
        },
        Score {
            name: "likelihood",
            values: likelihood::differences(methods.model, items)?
                .into_iter()
                .map(fall)
                .collect(),
        },
        Score {
            name: "rule_and_surprise",
            values: mean_ranks(&rule, &surprise),
        },
        Score {
            name: "rule_and_shift",
            values: mean_ranks(&rule, &shift),
        },
        Score {
            name: "markov",
            values: items
                .iter()
                .map(|item| -markov_difference(methods.chain, item))
                .collect(),
        },
        Score {
            name: "random_weights",
            values: methods.untrained.shifts(items)?,
        },
        Score {
            name: "random",
            values: items.iter().map(|_| f64::from(rng.next_u32())).collect(),
        },
        Score {
            name: "rule",
            values: rule,
        },
        Score {
            name: "surprise",
            values: surprise,
        },
        Score {
            name: "shift",
            values: shift,
        },
    ])
}

fn mean_ranks(a: &[f64], b: &[f64]) -> Vec<f64> {
    let ranks = average_ranks(a).into_iter().zip(average_ranks(b));
    ranks.map(|(a, b)| (a + b) / 2.0).collect()
}

/// 0 where a base around is unknown, which favours neither side.
fn markov_difference(chain: &MarkovModel, item: &Item) -> f64 {
    let at = item.edit.rel_pos().get() as usize;
    let alternate = encode(item.edit.alt_bases());
    let difference = |&base: &u8| chain.snv_difference(&encode(&item.sequence), at, base);
    alternate.first().and_then(difference).unwrap_or(0.0)
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
    use crate::shards::Significance;

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
