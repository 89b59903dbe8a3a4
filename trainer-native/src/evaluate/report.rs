//! The figures for machines (JSON) and for people (Markdown and pictures).

use super::clinvar::{ClinVar, MEANINGS, Outcome};
use super::language::Language;
use super::prediction::Prediction;
use super::scores::{Auroc, Class, LEAST_PER_SIDE, roc};
use super::uniformity::Uniformity;
use crate::report::svg::Plot;
use core::fmt::Write;
use genolewm_shared::{Error, ErrorCode, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the layout of `eval_metrics.json`.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Scores whose curve is drawn.
const DRAWN: [&str; 6] = [
    "surprise",
    "shift",
    "likelihood",
    "rule",
    "rule_and_shift",
    "markov",
];
/// Bins of a drawn histogram.
const BINS: usize = 20;

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// [`SCHEMA_VERSION`].
    pub schema_version: &'static str,
    /// The program and its version.
    pub generated_by: String,
    /// sha256 of the model's manifest.
    pub model_id: String,
    /// The seed of every draw but the bootstrap's, which names its own.
    pub seed: u64,
    /// The encoder as a language model.
    pub language: Language,
    /// Predictions by kind of edit: `synthetic_snv`, `synthetic_indel`, `common_variants`.
    pub prediction: BTreeMap<&'static str, Prediction>,
    /// Percentiles of common variants, when some were given.
    pub uniformity: Option<Common>,
    /// ClinVar, when it was given.
    pub clinvar: Option<ClinVar>,
}

/// Percentiles of held-out common variants.
#[derive(Debug, Clone, Serialize)]
pub struct Common {
    /// The test.
    #[serde(flatten)]
    pub uniformity: Uniformity,
    /// Alleles of the file that are not measured, by reason.
    pub left_out: BTreeMap<String, u64>,
}

impl Evaluation {
    /// `eval_metrics.json`.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` when a figure cannot be written.
    pub fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::new(ErrorCode::InternalGeneric, error.to_string()))?;
        Ok(text + "\n")
    }

    /// `evaluation.md`; pictures lie beside it.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!(
            "# Evaluation\n\nModel `{}`, on data kept out of its training; seed {}. Made by {}.\n",
            self.model_id, self.seed, self.generated_by
        );
        text += &language_section(&self.language);
        text += &prediction_section(&self.prediction);
        if let Some(common) = &self.uniformity {
            text += &uniformity_section(common);
        }
        if let Some(clinvar) = &self.clinvar {
            text += &clinvar_section(clinvar);
        }
        text
    }
}

fn language_section(language: &Language) -> String {
    let markov = &language.markov;
    format!(
        "\n## Language\n\n{windows} windows of {bp} bp, {six_mers} six-mers. Perplexity is that of a \
         six-mer given what precedes it; 4,096 would be a uniform guess.\n\n\
         | | six-mer perplexity | bits per base | base accuracy |\n|---|---|---|---|\n\
         | encoder | {:.1} | {:.4} | {:.4} |\n\
         | order-{order} Markov, only bases before the six-mer | | | {:.4} |\n\
         | order-{order} Markov, true bases inside the six-mer | {:.1} | {:.4} | {:.4} |\n\n\
         The encoder predicts all six bases at once. The last line's accuracy is an easier task: each \
         base is predicted from the true bases right before it. Its perplexity is comparable, by the \
         chain rule. The Markov model was fitted to {fitted} bp of the training corpus.\n",
        language.six_mer_perplexity,
        language.bits_per_base,
        language.base_accuracy,
        markov.base_accuracy_six_ahead,
        markov.six_mer_perplexity,
        markov.bits_per_base,
        markov.base_accuracy_true_context,
        windows = language.windows,
        bp = language.window_bp,
        six_mers = language.six_mers,
        order = markov.order,
        fitted = markov.fitted_to_bp,
    )
}

fn prediction_section(by_kind: &BTreeMap<&'static str, Prediction>) -> String {
    let mut text = String::from(
        "\n## Prediction\n\nThe predicted state against the state of the edited window; the naive guess \
         is the reference state, as if nothing changed.\n\n\
         | edits | number | cosine | naive cosine | L2 | naive L2 | prediction closer |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (kind, figures) in by_kind {
        line(
            &mut text,
            format_args!(
                "| {} | {} | {:.5} | {:.5} | {:.4} | {:.4} | {:.1} % |",
                kind.replace('_', " "),
                figures.edits,
                figures.prediction_cosine,
                figures.unchanged_cosine,
                figures.prediction_l2,
                figures.unchanged_l2,
                100.0 * figures.prediction_closer
            ),
        );
    }
    text
}

fn uniformity_section(common: &Common) -> String {
    let figures = &common.uniformity;
    format!(
        "\n## Percentiles of common variants\n\n{} held-out variants with a frequency of at least 1 %. \
         Kolmogorov-Smirnov distance from uniform {:.4} (p {:.2e}, as if variants were independent); mean \
         {:.3}; {:.1} % at or above the 95th percentile.\n\n![percentiles](percentiles.svg)\n\nLeft out: {}.\n",
        figures.variants,
        figures.ks_statistic,
        figures.ks_p_value,
        figures.mean,
        100.0 * figures.share_above_95,
        counts(&common.left_out)
    )
}

fn clinvar_section(clinvar: &ClinVar) -> String {
    let mut text = format!(
        "\n## ClinVar\n\n{} pathogenic and {} benign single-base substitutions in held-out genes. \
         AUROC with a 95 % interval ({} stratified resamples); 0.5 is chance. Classes with fewer \
         than {LEAST_PER_SIDE} on a side are counted only. Over all classes together the mix of \
         classes decides most of it, and clinical labels lean on the same annotation as the rule: \
         read the classes one by one.\n\n",
        clinvar.pathogenic, clinvar.benign, clinvar.bootstrap_resamples
    );
    let measured: Vec<&Class> = clinvar
        .classes
        .iter()
        .filter(|class| !class.auroc.is_empty())
        .collect();
    let heads = measured.iter().map(|class| {
        format!(
            " {} ({} / {}) |",
            class.class.replace('_', " "),
            class.pathogenic,
            class.benign
        )
    });
    line(
        &mut text,
        format_args!("| score |{}", heads.collect::<String>()),
    );
    line(
        &mut text,
        format_args!("|---|{}", "---|".repeat(measured.len())),
    );
    for (name, _) in MEANINGS {
        let cells = measured
            .iter()
            .map(|class| format!(" {} |", cell(class.auroc.get(name))));
        line(
            &mut text,
            format_args!(
                "| {} |{}",
                name.replace('_', " "),
                cells.collect::<String>()
            ),
        );
    }
    text += "\n";
    for (name, meaning) in MEANINGS {
        line(
            &mut text,
            format_args!("- {}: {meaning}", name.replace('_', " ")),
        );
    }
    let small = clinvar
        .classes
        .iter()
        .filter(|class| class.auroc.is_empty());
    let small: Vec<String> = small
        .map(|class| {
            format!(
                "{} ({} / {})",
                class.class.replace('_', " "),
                class.pathogenic,
                class.benign
            )
        })
        .collect();
    line(
        &mut text,
        format_args!("\nToo few to measure: {}.", list(&small)),
    );
    line(
        &mut text,
        format_args!("\nLeft out: {}.", counts(&clinvar.left_out)),
    );
    text + "\n![ROC](clinvar_roc.svg)\n"
}

fn cell(auroc: Option<&Auroc>) -> String {
    auroc.map_or_else(String::new, |a| {
        format!("{:.3} ({:.3}-{:.3})", a.auroc, a.low, a.high)
    })
}

fn counts(left_out: &BTreeMap<String, u64>) -> String {
    let parts: Vec<String> = left_out
        .iter()
        .map(|(reason, count)| format!("{count} {}", reason.replace('_', " ")))
        .collect();
    list(&parts)
}

fn list(parts: &[String]) -> String {
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Writing to a string cannot fail.
fn line(text: &mut String, words: core::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{words}");
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
pub fn roc_plot(outcome: &Outcome) -> String {
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
    use crate::evaluate::language::Markov;

    fn evaluation() -> Evaluation {
        let measured = Auroc {
            auroc: 0.75,
            low: 0.7,
            high: 0.8,
        };
        let class = |name: &str, pathogenic, auroc: &[(&'static str, Auroc)]| Class {
            class: name.to_owned(),
            pathogenic,
            benign: 30,
            auroc: auroc.iter().copied().collect(),
        };
        Evaluation {
            schema_version: SCHEMA_VERSION,
            generated_by: "genolewm test".to_owned(),
            model_id: "sha256:0".to_owned(),
            seed: 3,
            language: Language {
                windows: 2,
                window_bp: 4_092,
                six_mers: 1_364,
                six_mer_perplexity: 1_500.0,
                bits_per_base: 1.9,
                base_accuracy: 0.3,
                markov: Markov {
                    order: 5,
                    fitted_to_bp: 9,
                    six_mer_perplexity: 2_500.0,
                    bits_per_base: 1.95,
                    base_accuracy_true_context: 0.35,
                    base_accuracy_six_ahead: 0.28,
                },
            },
            prediction: BTreeMap::new(),
            uniformity: Some(Common {
                uniformity: Uniformity::of(&[0.2, 0.9]),
                left_out: BTreeMap::from([("not_held_out".to_owned(), 7)]),
            }),
            clinvar: Some(ClinVar {
                pathogenic: 40,
                benign: 30,
                left_out: BTreeMap::new(),
                variants_sha256: "sha256:1".to_owned(),
                bootstrap_resamples: 10,
                bootstrap_seed: 0,
                scores: BTreeMap::new(),
                classes: vec![
                    class("all", 40, &[("surprise", measured)]),
                    class("stop_gained", 3, &[]),
                ],
            }),
        }
    }

    #[test]
    fn tables_hold_measured_classes_and_name_the_others() {
        let text = evaluation().to_markdown();
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
