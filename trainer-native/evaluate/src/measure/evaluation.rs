//! The figures for machines (JSON) and for people (Markdown and pictures).

use super::clinvar::{ClinVar, ClinvarOutcome};
use super::language::Language;
use super::prediction::Prediction;
use super::primate::Primates;
use super::sections::{
    clinvar_section, language_section, prediction_section, primate_section, uniformity_section,
};
use super::uniformity::CommonVariants;
use crate::scores::{ClassFigures, roc};
use genolewm_core::Result;
use genolewm_report::document::Document;
use genolewm_report::json::json_pretty;
use genolewm_report::svg::Plot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the layout of `eval_metrics.json`.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Scores whose curve is drawn.
const DRAWN: [&str; 7] = [
    "surprise",
    "shift",
    "likelihood",
    "ensemble",
    "rule",
    "rule_and_shift",
    "markov",
];
/// Bins of a drawn histogram.
const BINS: usize = 20;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evaluation {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// The program and its version.
    pub generated_by: String,
    /// sha256 of the model's manifest.
    pub model_id: String,
    /// The seed of every draw but the bootstrap's, which names its own.
    pub seed: u64,
    /// The form in which alleles were measured; empty in files of before there were two.
    pub alleles: String,
    /// The encoder as a language model.
    pub language: Option<Language>,
    /// Predictions by kind of edit: `synthetic_snv`, `synthetic_indel`, `common_variants` and of these each
    /// kind with enough of them, `common_del_1bp`.
    pub prediction: BTreeMap<String, Prediction>,
    /// Percentiles of common variants, when some were given.
    pub uniformity: Option<CommonVariants>,
    /// ClinVar, when it was given.
    pub clinvar: Option<ClinVar>,
    /// Substitutions of primates, when an alignment was given.
    pub primates: Option<Primates>,
}

impl Evaluation {
    /// `eval_metrics.json`.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` when a figure cannot be written.
    pub fn to_json(&self) -> Result<String> {
        json_pretty(self)
    }

    /// `evaluation.md`; pictures lie beside it.
    #[must_use]
    pub fn page(&self) -> Document {
        let sections = [
            self.language.as_ref().map(language_section),
            Some(prediction_section(&self.prediction)),
            self.uniformity.as_ref().map(uniformity_section),
            self.clinvar.as_ref().map(clinvar_section),
            self.primates.as_ref().map(primate_section),
        ];
        Document {
            title: "Evaluation".to_owned(),
            banner: format!(
                "Model {}, on data kept out of its training; seed {}. Made by {}.",
                self.model_id, self.seed, self.generated_by
            ),
            blocks: sections.into_iter().flatten().flatten().collect(),
        }
    }

    /// What measures scores on classes of variants, with the classes.
    #[must_use]
    pub fn tasks(&self) -> Vec<(&'static str, Vec<ClassFigures<'_>>)> {
        let clinvar = self.clinvar.iter();
        let clinvar = clinvar.map(|of| ("clinvar", of.classes.iter().map(Into::into).collect()));
        let primates = self.primates.iter();
        let primates = primates.map(|of| ("primates", of.groups.iter().map(Into::into).collect()));
        clinvar.chain(primates).collect()
    }
}

/// The histogram of percentiles, `percentiles.svg`.
#[must_use]
pub fn percentile_plot(percentiles: &[f64]) -> String {
    let even = 1.0 / BINS as f64;
    Plot::new(
        "Percentiles of held-out common variants",
        "calibrated percentile",
        "share of variants",
    )
    .histogram("variants", percentiles, 0.0, 1.0, BINS)
    .line("uniform", vec![(0.0, even), (1.0, even)])
    .to_svg()
}

/// The curves of all variants together, `clinvar_roc.svg`.
#[must_use]
pub fn roc_plot(outcome: &ClinvarOutcome) -> String {
    let title = "Pathogenic against benign, held-out ClinVar";
    let mut plot = Plot::new(title, "false positive rate", "true positive rate");
    for name in DRAWN {
        if let Some(score) = outcome.scores.iter().find(|score| score.name == name) {
            plot = plot.line(
                &name.replace('_', " "),
                roc(&score.values, &outcome.positive),
            );
        }
    }
    plot.to_svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::language::MarkovLanguage;
    use crate::measure::primate::Group;
    use crate::measure::two_sides::Basis;
    use crate::measure::uniformity::Uniformity;
    use crate::scores::{Auroc, Class};

    fn by_score(auroc: &[(&str, Auroc)]) -> BTreeMap<String, Auroc> {
        let auroc = auroc.iter().copied();
        auroc.map(|(name, of)| (name.to_owned(), of)).collect()
    }

    fn basis(variants: &str) -> Basis {
        Basis {
            variants_sha256: variants.to_owned(),
            bootstrap_resamples: 10,
            ..Basis::default()
        }
    }

    fn evaluation() -> Evaluation {
        let measured = Auroc {
            auroc: 0.75,
            low: 0.7,
            high: 0.8,
            known: None,
        };
        let partly = Auroc {
            known: Some([20, 11]),
            ..measured
        };
        let class = |name: &str, pathogenic, auroc: &[(&str, Auroc)]| Class {
            class: name.to_owned(),
            pathogenic,
            benign: 30,
            auroc: by_score(auroc),
        };
        Evaluation {
            schema_version: SCHEMA_VERSION.to_owned(),
            generated_by: "genolewm test".to_owned(),
            model_id: "sha256:0".to_owned(),
            alleles: "canonical".to_owned(),
            seed: 3,
            language: Some(Language {
                windows: 2,
                window_bp: 4_092,
                six_mers: 1_364,
                six_mer_perplexity: 1_500.0,
                bits_per_base: 1.9,
                base_accuracy: 0.3,
                markov: MarkovLanguage {
                    order: 5,
                    fitted_to_bp: 9,
                    six_mer_perplexity: 2_500.0,
                    bits_per_base: 1.95,
                    base_accuracy_true_context: 0.35,
                    base_accuracy_six_ahead: 0.28,
                },
            }),
            prediction: BTreeMap::new(),
            uniformity: Some(CommonVariants {
                uniformity: Uniformity::of(&[0.2, 0.9], Some(50)),
                left_out: BTreeMap::from([("not_held_out".to_owned(), 7)]),
                ..CommonVariants::default()
            }),
            clinvar: Some(ClinVar {
                pathogenic: 40,
                benign: 30,
                basis: basis("sha256:1"),
                classes: vec![
                    class(
                        "all",
                        40,
                        &[("surprise", measured), ("conservation", partly)],
                    ),
                    class("stop_gained", 3, &[]),
                ],
            }),
            primates: Some(Primates {
                pairs: 12,
                basis: basis("sha256:2"),
                groups: vec![Group {
                    group: "human_branch".to_owned(),
                    pairs: 12,
                    auroc: by_score(&[("surprise", measured)]),
                }],
            }),
        }
    }

    #[test]
    fn tables_hold_measured_classes_and_name_the_others() {
        let text = evaluation().page().to_markdown();
        assert!(
            text.contains("| score | all (40 / 30) |\n|---|---|\n"),
            "{text}"
        );
        assert!(
            text.contains("| surprise | 0.750 (0.700-0.800) |"),
            "{text}"
        );
        assert!(
            text.contains("Too few to measure: stop gained (3 / 30)."),
            "{text}"
        );
        assert!(text.contains("Left out: 7 not held out."), "{text}");
        assert!(
            text.contains("| conservation | 0.750 (0.700-0.800; 20 / 11) |"),
            "{text}"
        );
        assert!(text.contains("| score | human branch (12) |"), "{text}");
        assert!(text.contains("so that limit cannot be told"), "{text}");
        assert!(
            text.contains("| encoder | 1500.0 | 1.9000 | 0.3000 |"),
            "{text}"
        );
    }

    #[test]
    fn json_keys_are_stable() {
        let json: serde_json::Value =
            serde_json::from_str(&evaluation().to_json().unwrap()).unwrap();
        assert_eq!(json["language"]["markov"]["order"], 5);
        assert_eq!(json["uniformity"]["variants"], 2);
        assert_eq!(json["uniformity"]["left_out"]["not_held_out"], 7);
        assert_eq!(
            json["clinvar"]["classes"][0]["auroc"]["surprise"]["low"],
            0.7
        );
    }

    #[test]
    fn pictures_are_drawn() {
        assert!(percentile_plot(&[0.1, 0.5]).contains("uniform"));
    }
}
