//! The ranking's heads, which are not kept with the encoder: the line from the shift's length to the
//! severity, and what each six-mer is part of.

use super::RankingSettings;
use super::batch::RankingBatch;
use super::predicting::Predicting;
use super::validation::Share;
use crate::language_model::LanguageModel;
use crate::serialize::Tensors;
use crate::step::host;
use burn::tensor::{Tensor, activation};
use genolewm::ops::Ops;
use genolewm::parameters::{Parameters, Role, Visitor};
use genolewm_core::genome::element::Element;

/// The encoder with its heads.
pub(super) struct Ranked<'a> {
    pub(super) settings: &'a RankingSettings,
    pub(super) model: LanguageModel,
    /// Whose residual is ranked; none where the shift is.
    pub(super) predicting: Option<Predicting>,
    /// `[slope, offset]`, one row.
    pub(super) line: Tensor<2>,
    /// A row of the encoder's width for each [`Element`].
    elements: Tensor<2>,
    /// A column for each [`Element`].
    element_bias: Tensor<2>,
}

impl<'a> Ranked<'a> {
    /// The encoder with the heads that a checkpoint's `tensors` hold, or else with new ones.
    pub(super) fn new(
        model: LanguageModel,
        predicting: Option<Predicting>,
        mut tensors: Tensors,
        settings: &'a RankingSettings,
    ) -> Self {
        let width = model.llama.config.hidden_size;
        let mut take = |name: &str, fresh: Vec<f32>, rows: usize| {
            let values = tensors.remove(name).map_or(fresh, |kept| kept.values);
            let columns = values.len() / rows;
            model.ops.matrix(values, rows, columns)
        };
        let line = take("ranking.line", vec![1.0, 1.0], 1);
        let elements = take(
            "ranking.elements.weight",
            vec![0.0; Element::COUNT * width],
            Element::COUNT,
        );
        let element_bias = take("ranking.elements.bias", vec![0.0; Element::COUNT], 1);
        Self {
            settings,
            model,
            predicting,
            line,
            elements,
            element_bias,
        }
    }

    /// Cross-entropy of what the six-mers of the references are part of, from the row that has read
    /// up to their end; `[1, 1]`. Nothing where nothing is known.
    pub(super) fn element_loss(
        &self,
        hidden: &Tensor<2>,
        batch: &RankingBatch,
    ) -> Option<Tensor<2>> {
        let (rows, elements) = batch.elements();
        if rows.is_empty() {
            return None;
        }
        let mut right = vec![0.0; rows.len() * Element::COUNT];
        for (row, element) in elements.iter().enumerate() {
            right[row * Element::COUNT + element.index()] = 1.0;
        }
        let ops = &self.model.ops;
        let right = ops.matrix(right, rows.len(), Element::COUNT);
        let log_probabilities = activation::log_softmax(self.element_logits(hidden, &rows), 1);
        Some((log_probabilities * right).sum_dim(1).mean_dim(0).neg())
    }

    /// How many six-mers the head takes for the right element, and how many are known.
    pub(super) fn right_elements(&self, hidden: &Tensor<2>, batch: &RankingBatch) -> Share {
        let (rows, elements) = batch.elements();
        if rows.is_empty() {
            return (0.0, 0.0);
        }
        let logits = host(self.element_logits(hidden, &rows).inner().into_data());
        let guesses = logits.chunks_exact(Element::COUNT).map(|logits| {
            let better = |best: usize, (at, logit): (usize, &f32)| {
                if *logit > logits[best] { at } else { best }
            };
            logits.iter().enumerate().fold(0, better)
        });
        let right = guesses
            .zip(&elements)
            .filter(|(guess, element)| *guess == element.index());
        (right.count() as f64, rows.len() as f64)
    }

    fn element_logits(&self, hidden: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
        let hidden = self.model.ops.gather(hidden, rows);
        hidden.matmul(self.elements.clone().transpose()) + self.element_bias.clone()
    }
}

impl Parameters<Tensor<2>> for Ranked<'_> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.model.llama.visit(prefix, visit);
        visit("ranking.line", Role::Row, &mut self.line);
        visit("ranking.elements.weight", Role::Table, &mut self.elements);
        visit("ranking.elements.bias", Role::Row, &mut self.element_bias);
    }
}
