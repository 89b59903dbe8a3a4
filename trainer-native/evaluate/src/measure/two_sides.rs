//! Scores of variants on two sides, and what their figures rest on: the code that ClinVar and primates
//! share.

use crate::baselines::context::ContextTable;
use crate::baselines::controls::{MEANINGS, Methods};
use crate::baselines::fitted::{Fitted, TwoSides};
use crate::baselines::heads::{FittedEnsemble, Heads};
use crate::scores::Score;
use genolewm::ops::Ops;
use genolewm_core::Result;
use genolewm_core::edit::EditSpec;
use genolewm_core::evaluation::evaluated_variant_keys_sha256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What figures by class rest on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Basis {
    /// Variants that are not measured, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// Says exactly which variants the figures are about.
    pub variants_sha256: String,
    /// Resamples of the stratified bootstrap.
    pub bootstrap_resamples: usize,
    /// Seed of the bootstrap.
    pub bootstrap_seed: u64,
    /// What each score is.
    pub scores: BTreeMap<String, String>,
    /// The ensemble, where there are enough variants outside the hold-outs to fit one.
    pub ensemble: Option<FittedEnsemble>,
    /// The table behind the context score, likewise.
    pub context: Option<ContextTable>,
}

/// Scores held-out variants by every method but those of `rule`, which the names of MEANINGS have in
/// them. `fitted_to` describes `training`, the variants outside the hold-outs; `places` are the
/// held-out edits on their chromosomes.
///
/// # Errors
/// What the model and the fits return.
pub fn scored(
    held: TwoSides<'_>,
    places: &[EditSpec],
    (fitted_to, training): (&str, TwoSides<'_>),
    left_out: BTreeMap<String, u64>,
    methods: &Methods<'_, impl Ops>,
) -> Result<(Basis, Heads, Vec<Score>)> {
    let fitted = Fitted::new(fitted_to, training, methods)?;
    let heads = Heads::measure(methods.model, held.items)?;
    let mut scores = heads.scores();
    scores.extend(fitted.scores(&heads, held.items)?);
    scores.extend(methods.controls(held.items, places)?);
    let meanings = MEANINGS
        .into_iter()
        .filter(|(name, _)| !name.starts_with("rule"));
    let basis = Basis {
        left_out,
        variants_sha256: evaluated_variant_keys_sha256(held.edits)?,
        bootstrap_resamples: methods.bootstrap.resamples,
        bootstrap_seed: methods.bootstrap.seed,
        scores: meanings
            .map(|(name, is)| (name.to_owned(), is.to_owned()))
            .collect(),
        ensemble: fitted.ensemble,
        context: fitted.context,
    };
    Ok((basis, heads, scores))
}
