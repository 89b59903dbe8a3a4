//! Scores that are fitted, to variants outside the hold-outs alone.

use crate::baselines::context::ContextTable;
use crate::baselines::controls::Methods;
use crate::baselines::heads::{FittedEnsemble, Heads};
use crate::scores::{LEAST_PER_SIDE, Score, sides};
use crate::states::Item;
use genolewm::ops::Ops;
use genolewm_core::Result;
use genolewm_core::edit::EditSpec;

/// Variants that scores are to tell apart.
#[derive(Debug, Clone, Copy)]
pub struct TwoSides<'a> {
    /// Each in its window.
    pub items: &'a [Item],
    /// The same, in the coordinates of the reference.
    pub edits: &'a [EditSpec],
    /// Which are on the harmful side.
    pub positive: &'a [bool],
}

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
    /// Fits both to variants that are described by `to`.
    ///
    /// # Errors
    /// Those of the model and of the regression.
    pub fn new(to: &str, variants: TwoSides<'_>, methods: &Methods<'_, impl Ops>) -> Result<Self> {
        let TwoSides {
            items,
            edits,
            positive,
        } = variants;
        if sides(positive).iter().any(|&side| side < LEAST_PER_SIDE) {
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
