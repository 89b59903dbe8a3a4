//! The figures as sections of a page: text and tables for people.

use super::clinvar::ClinVar;
use super::language::Language;
use super::prediction::Prediction;
use super::primate::Primates;
use super::two_sides::Basis;
use super::uniformity::CommonVariants;
use crate::baselines::controls::MEANINGS;
use crate::scores::{Auroc, ClassFigures, LEAST_PER_SIDE};
use genolewm_report::document::{ReportBlock, Table};
use std::collections::BTreeMap;

/// Percentiles whose distance from uniform is below this count as uniform.
const UNIFORM_WITHIN: f64 = 0.03;

/// The encoder as a language model.
#[must_use]
pub fn language_section(language: &Language) -> Vec<ReportBlock> {
    let markov = &language.markov;
    let head = ["", "six-mer perplexity", "bits per base", "base accuracy"];
    let mut table = Table::new(1, &head);
    let order = markov.order;
    table.rows = vec![
        vec![
            "encoder".to_owned(),
            format!("{:.1}", language.six_mer_perplexity),
            format!("{:.4}", language.bits_per_base),
            format!("{:.4}", language.base_accuracy),
        ],
        vec![
            format!("order-{order} Markov, only bases before the six-mer"),
            String::new(),
            String::new(),
            format!("{:.4}", markov.base_accuracy_six_ahead),
        ],
        vec![
            format!("order-{order} Markov, true bases inside the six-mer"),
            format!("{:.1}", markov.six_mer_perplexity),
            format!("{:.4}", markov.bits_per_base),
            format!("{:.4}", markov.base_accuracy_true_context),
        ],
    ];
    vec![
        heading("Language"),
        ReportBlock::Paragraph(format!(
            "{} windows of {} bp, {} six-mers. Perplexity is that of a six-mer given what precedes it; \
             4,096 would be a uniform guess.",
            language.windows, language.window_bp, language.six_mers
        )),
        ReportBlock::Table(table),
        ReportBlock::Paragraph(format!(
            "The encoder predicts all six bases at once. The last line's accuracy is an easier task: each \
             base is predicted from the true bases right before it. Its perplexity is comparable, by the \
             chain rule. The Markov model was fitted to {} bp of the training corpus.",
            markov.fitted_to_bp
        )),
    ]
}

/// Predictions by kind of edit.
#[must_use]
pub fn prediction_section(by_kind: &BTreeMap<String, Prediction>) -> Vec<ReportBlock> {
    let head = "edits|number|cosine|naive cosine|residual (L2)|shift (naive L2)|lengths|prediction closer|\
                explained";
    let interval = |scale: f64, of: Option<[f64; 2]>| {
        of.map_or_else(String::new, |of| {
            let [low, high] = of.map(|bound| scale * bound);
            format!(" ({low:.1} to {high:.1})")
        })
    };
    let mut table = Table::new(1, &head.split('|').collect::<Vec<_>>());
    table.rows.extend(by_kind.iter().map(|(kind, figures)| {
        vec![
            kind.replace('_', " "),
            figures.edits.to_string(),
            format!("{:.5}", figures.prediction_cosine),
            format!("{:.5}", figures.unchanged_cosine),
            format!("{:.4}", figures.prediction_l2),
            format!("{:.4}", figures.unchanged_l2),
            match (figures.prediction_norm, figures.edited_norm) {
                (Some(prediction), Some(edited)) => format!("{prediction:.3}, {edited:.3}"),
                _ => String::new(),
            },
            format!(
                "{:.1} %{}",
                100.0 * figures.prediction_closer,
                interval(100.0, figures.prediction_closer_interval)
            ),
            figures.explained.map_or_else(String::new, |share| {
                let interval = interval(100.0, figures.explained_interval);
                format!("{:.1} %{interval}", 100.0 * share)
            }),
        ]
    }));
    let about = "The predicted state against the state of the edited window; the naive guess is the \
                 reference state, as if nothing changed. Lengths are those of the prediction and of the \
                 edited state: where they differ, scale passes for surprise. Explained is 1 - |change - \
                 prediction|² / |change|², sums over edits. Intervals hold 95 % of paired bootstrap \
                 samples.";
    vec![
        heading("Prediction"),
        ReportBlock::Paragraph(about.to_owned()),
        ReportBlock::Table(table),
    ]
}

/// Percentiles of common variants.
#[must_use]
pub fn uniformity_section(common: &CommonVariants) -> Vec<ReportBlock> {
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
    let mut blocks = vec![
        heading("Percentiles of common variants"),
        ReportBlock::Paragraph(format!(
            "{} held-out variants with a frequency of at least 1 %. Kolmogorov-Smirnov distance from \
             uniform {:.4} (p {:.2e}, as if variants were independent), which {within} below \
             {UNIFORM_WITHIN}. Of uniform samples of this size 95 % lie within {:.4}, so that limit \
             {decided} be told from chance{table}. Mean {:.3}; {:.1} % at or above the 95th percentile.",
            figures.variants,
            figures.ks_statistic,
            figures.ks_p_value,
            figures.critical_value,
            figures.mean,
            100.0 * figures.share_above_95,
        )),
        ReportBlock::Image("percentiles.svg"),
    ];
    if !common.by_kind.is_empty() {
        let head = [
            "edits",
            "number",
            "distance",
            "limit",
            "limit with table",
            "at or above 0.95",
        ];
        let mut table = Table::new(1, &head);
        table.rows.extend(common.by_kind.iter().map(|(kind, of)| {
            let with_table = of.critical_value_with_table;
            vec![
                kind.replace('_', " "),
                of.variants.to_string(),
                format!("{:.4}", of.ks_statistic),
                format!("{:.4}", of.critical_value),
                with_table.map_or_else(String::new, |limit| format!("{limit:.4}")),
                format!("{:.1} %", 100.0 * of.share_above_95),
            ]
        }));
        blocks.push(ReportBlock::Table(table));
    }
    blocks.extend(common.indels.map(|of| {
        ReportBlock::Paragraph(format!(
            "Insertions and deletions: {:.1} % of the variants, and {:.1} % of the {} at or above the 99th \
             percentile.",
            100.0 * of.of_all,
            100.0 * of.of_top,
            of.top
        ))
    }));
    blocks.push(left_out(&common.left_out));
    blocks
}

/// Pathogenic against benign variants.
#[must_use]
pub fn clinvar_section(clinvar: &ClinVar) -> Vec<ReportBlock> {
    let about = format!(
        "{} pathogenic and {} benign single-base substitutions in held-out genes. AUROC with a 95 % \
         interval ({} stratified resamples); 0.5 is chance. Classes with fewer than {LEAST_PER_SIDE} on a \
         side are counted only. Over all classes together the mix of classes decides most of it, and \
         clinical labels lean on the same annotation as the rule: read the classes one by one.",
        clinvar.pathogenic, clinvar.benign, clinvar.basis.bootstrap_resamples
    );
    let mut blocks = vec![heading("ClinVar"), ReportBlock::Paragraph(about)];
    let classes = clinvar.classes.iter().map(ClassFigures::from);
    add_classes(&mut blocks, classes, &clinvar.basis);
    blocks.push(ReportBlock::Image("clinvar_roc.svg"));
    blocks
}

/// Random against fixed substitutions.
#[must_use]
pub fn primate_section(primates: &Primates) -> Vec<ReportBlock> {
    let about = format!(
        "{} substitutions fixed on the branches to human and to chimpanzee, in held-out regions, each \
         with a random one: the same base between the same neighbours, replaced by the same base, in the \
         same class of region, where human, chimpanzee, gorilla and orangutan agree. The edit replaces \
         the human base. AUROC of random above fixed with a 95 % interval ({} stratified resamples); 0.5 \
         is chance.",
        primates.pairs, primates.basis.bootstrap_resamples
    );
    let title = heading("Substitutions of primates");
    let mut blocks = vec![title, ReportBlock::Paragraph(about)];
    let groups = primates.groups.iter().map(ClassFigures::from);
    add_classes(&mut blocks, groups, &primates.basis);
    blocks
}

/// The scores by class, what they mean, the classes that are too small, and what was fitted.
fn add_classes<'a>(
    blocks: &mut Vec<ReportBlock>,
    classes: impl Iterator<Item = ClassFigures<'a>>,
    basis: &Basis,
) {
    let (measured, small): (Vec<_>, Vec<_>) = classes.partition(|class| !class.auroc.is_empty());
    let meanings = MEANINGS.iter();
    let meanings: Vec<_> = meanings
        .filter(|(name, _)| measured.iter().any(|class| class.auroc.contains_key(*name)))
        .map(|(name, meaning)| (name, name.replace('_', " "), meaning))
        .collect();
    let mut head = vec!["score".to_owned()];
    head.extend(measured.iter().map(ClassFigures::title));
    let row = |(key, name, _): &(&&str, String, _)| {
        let cells = measured.iter().map(|class| cell(class.auroc.get(**key)));
        std::iter::once(name.clone()).chain(cells).collect()
    };
    let small: Vec<String> = small.iter().map(ClassFigures::title).collect();
    blocks.extend([
        ReportBlock::Table(Table {
            text_columns: head.len(),
            rows: meanings.iter().map(row).collect(),
            head,
        }),
        ReportBlock::List(
            meanings
                .iter()
                .map(|(_, name, is)| format!("{name}: {is}"))
                .collect(),
        ),
        ReportBlock::Paragraph(format!("Too few to measure: {}.", list(&small))),
        ReportBlock::Paragraph(basis.ensemble.as_ref().map_or_else(
            || "No ensemble: too few variants outside the hold-outs to fit one.".to_owned(),
            |ensemble| ensemble.to_line(),
        )),
    ]);
    blocks.extend(basis.context.as_ref().map(|context| {
        ReportBlock::Paragraph(format!(
            "The context table was fitted to {} ({} / {}).",
            context.fitted_to, context.positive, context.negative
        ))
    }));
    blocks.push(left_out(&basis.left_out));
}

fn heading(text: &str) -> ReportBlock {
    ReportBlock::Heading(text.to_owned())
}

fn cell(auroc: Option<&Auroc>) -> String {
    auroc.map_or_else(String::new, |a| {
        let known = a.known.map_or_else(String::new, |[positive, negative]| {
            format!("; {positive} / {negative}")
        });
        format!("{:.3} ({:.3}-{:.3}{known})", a.auroc, a.low, a.high)
    })
}

fn left_out(reasons: &BTreeMap<String, u64>) -> ReportBlock {
    let parts = reasons.iter();
    let parts = parts.map(|(reason, count)| format!("{count} {}", reason.replace('_', " ")));
    ReportBlock::Paragraph(format!("Left out: {}.", list(&parts.collect::<Vec<_>>())))
}

fn list(parts: &[String]) -> String {
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}
