//! The figures as text and tables for people (Markdown).

use super::clinvar::{self, ClinVar};
use super::context::ContextTable;
use super::heads::FittedEnsemble;
use super::language::Language;
use super::prediction::Prediction;
use super::primate::{self, Primates};
use super::scores::{Auroc, LEAST_PER_SIDE};
use super::uniformity::Common;
use core::fmt::Write;
use std::collections::BTreeMap;

/// Percentiles whose distance from uniform is below this count as uniform.
const UNIFORM_WITHIN: f64 = 0.03;

/// The encoder as a language model.
#[must_use]
pub fn language_section(language: &Language) -> String {
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

/// Predictions by kind of edit.
#[must_use]
pub fn prediction_section(by_kind: &BTreeMap<&'static str, Prediction>) -> String {
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

/// Percentiles of common variants.
#[must_use]
pub fn uniformity_section(common: &Common) -> String {
    let figures = &common.uniformity;
    let table = figures.table_variants.map_or_else(String::new, |count| {
        format!(
            "; of two samples of one distribution, this and the {count} of the table, 95 % lie within {:.4}",
            figures.critical_value_with_table.unwrap_or(f64::NAN)
        )
    });
    let within = if figures.ks_statistic < UNIFORM_WITHIN {
        "is"
    } else {
        "is not"
    };
    let decided = if figures.critical_value < UNIFORM_WITHIN {
        "can"
    } else {
        "cannot"
    };
    format!(
        "\n## Percentiles of common variants\n\n{} held-out variants with a frequency of at least 1 %. \
         Kolmogorov-Smirnov distance from uniform {:.4} (p {:.2e}, as if variants were independent), which \
         {within} below {UNIFORM_WITHIN}. Of uniform samples of this size 95 % lie within {:.4}, so that \
         limit {decided} be told from chance{table}. Mean {:.3}; {:.1} % at or above the 95th \
         percentile.\n\n![percentiles](percentiles.svg)\n\nLeft out: {}.\n",
        figures.variants,
        figures.ks_statistic,
        figures.ks_p_value,
        figures.critical_value,
        figures.mean,
        100.0 * figures.share_above_95,
        counts(&common.left_out)
    )
}

/// Pathogenic against benign variants.
#[must_use]
pub fn clinvar_section(clinvar: &ClinVar) -> String {
    let mut text = format!(
        "\n## ClinVar\n\n{} pathogenic and {} benign single-base substitutions in held-out genes. \
         AUROC with a 95 % interval ({} stratified resamples); 0.5 is chance. Classes with fewer \
         than {LEAST_PER_SIDE} on a side are counted only. Over all classes together the mix of \
         classes decides most of it, and clinical labels lean on the same annotation as the rule: \
         read the classes one by one.\n\n",
        clinvar.pathogenic, clinvar.benign, clinvar.bootstrap_resamples
    );
    let columns: Vec<Column<'_>> = clinvar
        .classes
        .iter()
        .map(|class| Column {
            name: &class.class,
            size: format!("{} / {}", class.pathogenic, class.benign),
            auroc: &class.auroc,
        })
        .collect();
    table(&mut text, &columns, &clinvar::MEANINGS);
    fits(
        &mut text,
        clinvar.ensemble.as_ref(),
        clinvar.context.as_ref(),
    );
    line(
        &mut text,
        format_args!("\nLeft out: {}.", counts(&clinvar.left_out)),
    );
    text + "\n![ROC](clinvar_roc.svg)\n"
}

/// Random against fixed substitutions.
#[must_use]
pub fn primate_section(primates: &Primates) -> String {
    let mut text = format!(
        "\n## Substitutions of primates\n\n{} substitutions fixed on the branches to human and to \
         chimpanzee, in held-out regions, each with a random one: the same base between the same \
         neighbours, replaced by the same base, in the same class of region, where human, chimpanzee, \
         gorilla and orangutan agree. The edit replaces the human base. AUROC of random above fixed \
         with a 95 % interval ({} stratified resamples); 0.5 is chance.\n\n",
        primates.pairs, primates.bootstrap_resamples
    );
    let columns: Vec<Column<'_>> = primates
        .groups
        .iter()
        .map(|group| Column {
            name: &group.group,
            size: group.pairs.to_string(),
            auroc: &group.auroc,
        })
        .collect();
    table(&mut text, &columns, &primate::MEANINGS);
    fits(
        &mut text,
        primates.ensemble.as_ref(),
        primates.context.as_ref(),
    );
    line(
        &mut text,
        format_args!("\nLeft out: {}.", counts(&primates.left_out)),
    );
    text
}

/// A column of a table: the variants of a class.
struct Column<'a> {
    name: &'a str,
    size: String,
    auroc: &'a BTreeMap<&'static str, Auroc>,
}

impl Column<'_> {
    fn head(&self) -> String {
        format!("{} ({})", self.name.replace('_', " "), self.size)
    }
}

/// The scores by class, what they mean, and the classes that are too small.
fn table(text: &mut String, columns: &[Column<'_>], meanings: &[(&str, &str)]) {
    let (measured, small): (Vec<&Column<'_>>, Vec<_>) =
        columns.iter().partition(|column| !column.auroc.is_empty());
    let heads: String = measured
        .iter()
        .map(|c| format!(" {} |", c.head()))
        .collect();
    line(text, format_args!("| score |{heads}"));
    line(text, format_args!("|---|{}", "---|".repeat(measured.len())));
    let meanings = meanings
        .iter()
        .filter(|(name, _)| columns.iter().any(|column| column.auroc.contains_key(name)));
    for (name, _) in meanings.clone() {
        let cells = measured
            .iter()
            .map(|c| format!(" {} |", cell(c.auroc.get(name))));
        let cells: String = cells.collect();
        line(text, format_args!("| {} |{cells}", name.replace('_', " ")));
    }
    text.push('\n');
    for (name, meaning) in meanings {
        line(
            text,
            format_args!("- {}: {meaning}", name.replace('_', " ")),
        );
    }
    let small: Vec<String> = small.iter().map(|column| column.head()).collect();
    line(
        text,
        format_args!("\nToo few to measure: {}.", list(&small)),
    );
}

fn fits(text: &mut String, ensemble: Option<&FittedEnsemble>, context: Option<&ContextTable>) {
    match ensemble {
        Some(ensemble) => line(text, format_args!("\n{}", ensemble.to_line())),
        None => line(
            text,
            format_args!("\nNo ensemble: too few variants outside the hold-outs to fit one."),
        ),
    }
    if let Some(context) = context {
        line(
            text,
            format_args!(
                "\nThe context table was fitted to {} ({} / {}).",
                context.fitted_to, context.positive, context.negative
            ),
        );
    }
}

fn cell(auroc: Option<&Auroc>) -> String {
    auroc.map_or_else(String::new, |a| {
        let known = a.known.map_or_else(String::new, |[positive, negative]| {
            format!("; {positive} / {negative}")
        });
        format!("{:.3} ({:.3}-{:.3}{known})", a.auroc, a.low, a.high)
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
