//! What a model says of edits as scores, and the ensemble of these: a logistic regression.

use crate::baselines::likelihood;
use crate::scores::{Score, sides};
use crate::states::{Item, Measured, MeasuredModel};
use genolewm::ops::Ops;
use genolewm_core::edit::EditSpec;
use genolewm_core::evaluation::{Ensemble, evaluated_variant_keys_sha256};
use genolewm_core::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};

/// The heads of an ensemble, in the order of its weights.
pub const HEADS: [&str; 4] = ["surprise", "shift", "displacement", "likelihood"];
/// The scores are standardised, so this is the weight of one more variant of each side.
const RIDGE: f64 = 1.0;

/// The scores of edits by [`HEADS`]; higher for more harm.
#[derive(Debug, Clone, PartialEq)]
pub struct Heads {
    columns: [Vec<f64>; HEADS.len()],
}

/// A logistic regression over [`HEADS`], and what it was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedEnsemble {
    /// What the positives and negatives are.
    pub fitted_to: String,
    /// Edits on the positive side.
    pub positive: usize,
    /// Edits on the negative side.
    pub negative: usize,
    /// Says exactly which edits.
    pub variants_sha256: String,
    /// The heads, in the order of the lists that follow.
    pub heads: Vec<String>,
    /// By head: its mean among these edits.
    pub means: Vec<f64>,
    /// By head: its standard deviation.
    pub scales: Vec<f64>,
    /// By head: the change of the log-odds for one standard deviation.
    pub weights: Vec<f64>,
    /// Log-odds where all heads are at their means.
    pub intercept: f64,
    /// Half of it times the squared weights was added to the negative log-likelihood.
    pub ridge: f64,
}

impl Heads {
    /// Measures items.
    ///
    /// # Errors
    /// As the model's.
    pub fn measure(model: &MeasuredModel<impl Ops>, items: &[Item]) -> Result<Self> {
        let measured = model.measure(items)?;
        let column = |of: fn(&Measured) -> f64| measured.iter().map(of).collect();
        let fall = |difference: f64| -difference;
        let likelihood = likelihood::differences(model, items)?;
        Ok(Self {
            columns: [
                column(|m| m.surprise),
                column(|m| m.shift),
                column(|m| m.displacement),
                likelihood.into_iter().map(fall).collect(),
            ],
        })
    }

    /// A head's values, in the items' order.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for a name that is not among [`HEADS`].
    pub fn column(&self, name: &str) -> Result<&[f64]> {
        let index = HEADS.iter().position(|&head| head == name);
        let column = index.and_then(|index| self.columns.get(index));
        column.map(Vec::as_slice).ok_or_else(|| {
            let message = "there is no such head";
            Error::new(ErrorCode::InternalInvariantViolation, message).with_detail("head", name)
        })
    }

    /// The heads as scores of a table.
    #[must_use]
    pub fn scores(&self) -> Vec<Score> {
        let columns = HEADS.into_iter().zip(&self.columns);
        let score = |(name, values): (_, &Vec<f64>)| Score::new(name, values.clone());
        columns.map(score).collect()
    }
}

impl FittedEnsemble {
    /// Fits the weights to edits that no figure is about.
    ///
    /// # Errors
    /// As [`Ensemble::fit`].
    pub fn fit(
        fitted_to: &str,
        heads: &Heads,
        positive: &[bool],
        edits: &[EditSpec],
    ) -> Result<Self> {
        let [positives, negatives] = sides(positive);
        let model = Ensemble::fit(&heads.columns, positive, RIDGE)?;
        Ok(Self {
            fitted_to: fitted_to.to_owned(),
            positive: positives,
            negative: negatives,
            variants_sha256: evaluated_variant_keys_sha256(edits)?,
            heads: HEADS.map(str::to_owned).to_vec(),
            means: model.means,
            scales: model.scales,
            weights: model.weights,
            intercept: model.intercept,
            ridge: RIDGE,
        })
    }

    /// The log-odds of the positive side, in the order of the heads' items.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for scores that are not finite.
    pub fn score(&self, heads: &Heads) -> Result<Score> {
        let rows = heads.columns.first().map_or(0, Vec::len);
        let row = |row: usize| -> Vec<f64> {
            let columns = heads.columns.iter();
            columns
                .filter_map(|column| column.get(row).copied())
                .collect()
        };
        let model = Ensemble {
            means: self.means.clone(),
            scales: self.scales.clone(),
            weights: self.weights.clone(),
            intercept: self.intercept,
        };
        let values = (0..rows).map(|index| model.log_odds(&row(index)));
        Ok(Score::new(
            "ensemble",
            values.collect::<Result<Vec<f64>>>()?,
        ))
    }

    /// One line for people: the weights by head.
    #[must_use]
    pub fn to_line(&self) -> String {
        let weights = self.heads.iter().zip(&self.weights);
        let weights: Vec<String> = weights
            .map(|(head, weight)| format!("{head} {weight:+.3}"))
            .collect();
        format!(
            "The ensemble was fitted to {} ({} / {}); change of the log-odds by one standard deviation: {}.",
            self.fitted_to,
            self.positive,
            self.negative,
            weights.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads() -> (Heads, Vec<bool>, Vec<EditSpec>) {
        let column = |scale: f64| (0..20).map(|row| f64::from(row % 7) * scale).collect();
        let positive: Vec<bool> = (0..20).map(|row| row >= 10).collect();
        let told = positive.iter().map(|&is| f64::from(u8::from(is))).collect();
        let heads = Heads {
            columns: [column(1.0), told, column(-2.0), column(0.5)],
        };
        let edit = |row: usize| format!("chr1:{}:A:C", row + 1).parse().unwrap();
        (heads, positive, (0..20).map(edit).collect())
    }

    #[test]
    fn the_head_that_tells_weighs_most() {
        let (heads, positive, edits) = heads();
        let fitted = FittedEnsemble::fit("a test", &heads, &positive, &edits).unwrap();
        assert_eq!((fitted.positive, fitted.negative), (10, 10));
        assert!(fitted.weights[1] > 1.0, "{:?}", fitted.weights);
        for other in [0, 2, 3] {
            assert!(fitted.weights[other].abs() < 0.5, "{:?}", fitted.weights);
        }
        let scores = fitted.score(&heads).unwrap().values;
        assert!(
            scores[10..]
                .iter()
                .all(|&p| scores[..10].iter().all(|&n| n < p))
        );
        let json = serde_json::to_value(&fitted).unwrap();
        assert_eq!(json["heads"][1], "shift");
        assert_eq!(json["weights"][1], fitted.weights[1]);
    }

    #[test]
    fn one_side_alone_is_refused() {
        let (heads, _, edits) = heads();
        let error = FittedEnsemble::fit("a test", &heads, &[true; 20], &edits).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputGeneric);
        assert!(heads.column("shift").is_ok() && heads.column("rule").is_err());
    }
}
