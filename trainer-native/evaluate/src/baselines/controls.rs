//! What a model's scores are held against: baselines that know less, or nothing.

use crate::scores::{CONSERVATION, Score};
use crate::states::{Item, MeasuredModel};
use genolewm::ops::Ops;
use genolewm_core::Result;
use genolewm_core::contig::common_form;
use genolewm_core::edit::EditSpec;
use genolewm_core::evaluation::BootstrapOptions;
use genolewm_core::genome::annotation::Annotation;
use genolewm_data::bases::{encode, stream};
use genolewm_data::genome::primate::PrimateAlignment;
use genolewm_data::markov::MarkovModel;
use rand_core::Rng;

const RANDOM_STREAM: u64 = 5;
/// Bases to either side by which a place's conservation is judged.
const CONSERVATION_REACH_BP: u64 = 10;

/// What every score is, for readers of the figures, in the order of tables.
#[rustfmt::skip]
pub const MEANINGS: [(&str, &str); 13] = [
    ("surprise", "distance from the prediction to the edited state"),
    ("shift", "distance from the reference state to the edited state"),
    ("displacement", "1 - cosine of the prediction and the reference state"),
    ("likelihood", "fall of the encoder's log-likelihood around the variant"),
    ("ensemble", "the four above weighed by logistic regression, fitted outside the hold-outs"),
    ("rule", "motif and frame alone: splice sites, stops, BLOSUM62"),
    ("rule_and_surprise", "mean rank of rule and surprise"),
    ("rule_and_shift", "mean rank of rule and shift"),
    ("context", "log-odds by trinucleotide, replacement and GC within 100 bp, fitted outside the hold-outs"),
    (CONSERVATION, "share of bases of three apes within 10 bp that are human's; the base itself left out"),
    ("markov", "fall of the order-5 Markov log-likelihood"),
    ("random_weights", "shift of an encoder with random weights"),
    ("random", "random numbers"),
];

/// What edits are measured with.
pub struct Methods<'a, O: Ops> {
    /// The model.
    pub model: &'a MeasuredModel<O>,
    /// The model with an encoder that learnt nothing.
    pub untrained: &'a MeasuredModel<O>,
    /// The Markov chain.
    pub chain: &'a MarkovModel,
    /// What variants do to transcripts.
    pub annotation: &'a Annotation,
    /// Primates, for conservation.
    pub alignment: Option<&'a PrimateAlignment>,
    /// Seed of the random scores.
    pub seed: u64,
    /// How intervals are drawn.
    pub bootstrap: BootstrapOptions,
}

impl<O: Ops> Methods<'_, O> {
    /// The scores of the baselines that need no fit; `places` are the items' edits on their
    /// chromosomes.
    ///
    /// # Errors
    /// As the model's.
    pub fn controls(&self, items: &[Item], places: &[EditSpec]) -> Result<Vec<Score>> {
        let mut rng = stream(self.seed, RANDOM_STREAM);
        let mut scores = vec![
            Score::new(
                "markov",
                items.iter().map(|item| -self.markov_difference(item)),
            ),
            Score::new("random_weights", self.untrained.shifts(items)?),
            Score::new("random", items.iter().map(|_| f64::from(rng.next_u32()))),
        ];
        if let Some(alignment) = self.alignment {
            let conservation = |edit: &EditSpec| {
                let contig = format!("chr{}", common_form(edit.chrom()));
                alignment.conservation(&contig, edit.pos().offset(), CONSERVATION_REACH_BP)
            };
            let values = places
                .iter()
                .map(|edit| conservation(edit).unwrap_or(f64::NAN));
            scores.push(Score::new(CONSERVATION, values));
        }
        Ok(scores)
    }

    /// 0 where a base around is unknown, which favours neither side.
    fn markov_difference(&self, item: &Item) -> f64 {
        let at = item.edit.rel_pos().index();
        let alternate = encode(item.edit.alt_bases());
        let difference = |&base: &u8| self.chain.snv_difference(&encode(&item.sequence), at, base);
        alternate.first().and_then(difference).unwrap_or(0.0)
    }
}
