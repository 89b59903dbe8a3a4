//! Scores that are fitted, to variants outside the hold-outs alone.

use super::context::ContextTable;
use super::controls::Methods;
use super::heads::{FittedEnsemble, Heads};
use super::scores::{LEAST_PER_SIDE, Score};
use super::states::Item;
use genolewm_core::Result;
use genolewm_core::edit::EditSpec;

/// The ensemble, and the table behind the context score; neither where there are too few variants to
/// fit one.
#[derive(Debug, Default)]
pub struct Fitted {
    /// The heads weighed by logistic regression.
    pub ensemble: Option<FittedEnsemble>,
    /// How often each context is harmful.
    pub context: Option<ContextTable>,
}

impl Fitted {
    /// Fits both to variants that are described by `to`; `positive` tells which are on the harmful
    /// side.
    ///
    /// # Errors
    /// Those of the model and of the regression.
    pub fn new(
        to: &'static str,
        (items, edits): (&[Item], &[EditSpec]),
        positive: &[bool],
        methods: &Methods<'_>,
    ) -> Result<Self> {
        let count = positive.iter().filter(|&&is| is).count();
        if count.min(positive.len() - count) < LEAST_PER_SIDE {
            return Ok(Self::default());
        }
        let heads = Heads::measure(methods.model, items)?;
        Ok(Self {
            ensemble: Some(FittedEnsemble::fit(to, &heads, positive, edits)?),
            context: Some(ContextTable::fit(to, items, positive)),
        })
    }

    /// The scores of other variants.
    ///
    /// # Errors
    /// As [`FittedEnsemble::score`].
    pub fn scores(&self, heads: &Heads, items: &[Item]) -> Result<Vec<Score>> {
        let ensemble = self.ensemble.iter().map(|ensemble| ensemble.score(heads));
        let context = self.context.iter().map(|context| Ok(context.score(items)));
        ensemble.chain(context).collect()
    }
}
