//! The predictor whose residual is ranked.

use super::RankingSettings;
use crate::networks::PredictorNetworks;
use burn::tensor::Tensor;
use genolewm::bundle::Bundle;
use genolewm::files::Directory;
use genolewm::ops::BurnOps;
use genolewm_core::Result;
use genolewm_core::edit::RelEdit;
use genolewm_core::position::BpOffset;
use genolewm_core::window::TOKEN_BP;

/// Predictor and action encoder of a model, which are not trained.
pub(super) struct Predicting {
    networks: PredictorNetworks,
    /// Where windows around an edit have their middle.
    middle: BpOffset,
}

impl Predicting {
    /// The networks of `--predictor`, where it is given.
    ///
    /// # Errors
    /// As [`Bundle::load`].
    pub(super) fn open(settings: &RankingSettings, ops: &BurnOps) -> Result<Option<Self>> {
        let Some(model) = &settings.predictor else {
            return Ok(None);
        };
        let (model, encoder) = (Directory(model.clone()), Directory(settings.init.clone()));
        let bundle = Bundle::load(ops, &model, &encoder)?;
        Ok(Some(Self {
            networks: PredictorNetworks {
                predictor: bundle.predictor,
                action: bundle.action,
            },
            middle: BpOffset(bundle.info.config.window_bp as u64 / 2),
        }))
    }

    /// The states that are expected after each edit, `before` having a row for each.
    ///
    /// # Errors
    /// Those of the networks.
    pub(super) fn expected(
        &self,
        ops: &BurnOps,
        edits: &[RelEdit],
        before: &Tensor<2>,
    ) -> Result<Tensor<2>> {
        let edits: Vec<RelEdit> = edits.iter().map(|edit| self.placed(edit.clone())).collect();
        let items: Vec<&[RelEdit]> = edits.chunks(1).collect();
        self.networks.predict(ops, &items, before)
    }

    /// An edit where windows around it have it: in their middle, or up to five bases left of that, by its
    /// place in its six-mer.
    fn placed(&self, edit: RelEdit) -> RelEdit {
        let left_bp = self.middle.get().saturating_sub(edit.rel_pos().get());
        let six_mer = TOKEN_BP as u64;
        edit.shifted(left_bp / six_mer * six_mer)
    }
}
