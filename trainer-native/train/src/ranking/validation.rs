//! Validation of the ranking: AUROCs in genes that the encoder is not trained on.

use genolewm_core::evaluation::auroc;
use genolewm_core::genome::consequence::Consequence;
use serde::Serialize;

/// A share as two sums: of a part, and of the whole.
pub(super) type Share = (f64, f64);

/// AUROC of what is ranked, the length of the shift or of the residual, on measured genes, by what is told apart; absent where a side is
/// missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct RankingValidation {
    /// Splice sites and stops against synonymous and intronic changes.
    pub(super) validation_severe_auroc: Option<f64>,
    /// Stops gained against synonymous changes.
    pub(super) validation_stop_auroc: Option<f64>,
    /// Splice donors and acceptors against synonymous and intronic changes.
    pub(super) validation_splice_auroc: Option<f64>,
    /// Missense changes of a BLOSUM62 score below 0 against synonymous ones.
    pub(super) validation_missense_auroc: Option<f64>,
    /// Share of the six-mers of which the head tells what they are part of.
    pub(super) validation_element_accuracy: Option<f64>,
    /// Share of tolerated changes that the predictor explains: `1 - |change - prediction|² / |change|²`,
    /// sums over edits.
    pub(super) validation_explained: Option<f64>,
}

impl RankingValidation {
    /// The figures of lengths with the consequences that they belong to; of the six-mers of which so many
    /// of so many were told right; and of the squares of tolerated changes, unexplained and whole.
    pub(super) fn of(
        lengths: &[f32],
        consequences: &[Consequence],
        (right, known): Share,
        (unexplained, whole): Share,
    ) -> Self {
        use Consequence::{Missense, SpliceAcceptor, SpliceDonor, StopGained, Synonymous};
        let compare = |severe: fn(Consequence) -> bool, mild: fn(Consequence) -> bool| {
            let (mut scores, mut positive) = (Vec::new(), Vec::new());
            for (&length, &consequence) in lengths.iter().zip(consequences) {
                if severe(consequence) || mild(consequence) {
                    scores.push(f64::from(length));
                    positive.push(severe(consequence));
                }
            }
            auroc(&scores, &positive).ok()
        };
        let synonymous = |consequence| consequence == Synonymous;
        Self {
            validation_severe_auroc: compare(
                |consequence| consequence.severity() >= 0.9,
                Consequence::is_tolerated,
            ),
            validation_stop_auroc: compare(|c| c == StopGained, synonymous),
            validation_splice_auroc: compare(
                |c| matches!(c, SpliceDonor | SpliceAcceptor),
                Consequence::is_tolerated,
            ),
            validation_missense_auroc: compare(
                |c| matches!(c, Missense { blosum62 } if blosum62 < 0),
                synonymous,
            ),
            validation_element_accuracy: (known > 0.0).then(|| right / known),
            validation_explained: (whole > 0.0).then(|| 1.0 - unexplained / whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comparison_has_its_own_classes() {
        use Consequence::{Intron, Missense, SpliceDonor, StopGained, Synonymous};
        let consequences = [
            StopGained,
            Synonymous,
            SpliceDonor,
            Intron,
            Missense { blosum62: 2 },
        ];
        let figures = RankingValidation::of(
            &[3.0, 1.0, 2.0, 2.5, 9.0],
            &consequences,
            (3.0, 4.0),
            (3.0, 4.0),
        );
        assert_eq!(figures.validation_stop_auroc, Some(1.0));
        assert_eq!(figures.validation_splice_auroc, Some(0.5));
        assert_eq!(figures.validation_severe_auroc, Some(0.75));
        assert_eq!(figures.validation_missense_auroc, None);
        assert_eq!(figures.validation_element_accuracy, Some(0.75));
        assert_eq!(figures.validation_explained, Some(0.25));
    }
}
