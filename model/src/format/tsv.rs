//! Tab-separated values: one line for each allele, scored or not.

use super::{alternate, scored_as, status};
use crate::scorer::Outcome;
use core::fmt::Write as _;
use genolewm_core::genome::Effect;
use genolewm_core::provenance::python_float_repr;
use genolewm_core::source::VariantRecord;
use genolewm_core::text::cell;

/// The names of the columns.
pub const TSV_COLUMNS: [&str; 14] = [
    "chrom",
    "pos",
    "id",
    "ref",
    "alt",
    "status",
    "sigma_raw",
    "sigma_calibrated",
    "displacement",
    "bucket_id",
    "confidence",
    "low_confidence",
    "scored_as",
    "repeat",
];

/// The names of those that follow where annotation was given.
pub const EFFECT_COLUMNS: [&str; 3] = ["gene", "transcript", "consequence"];

/// The first line, without its end.
#[must_use]
pub fn tsv_head(effects: bool) -> String {
    let of_effects = EFFECT_COLUMNS.iter().filter(|_| effects);
    let columns: Vec<&str> = TSV_COLUMNS.iter().chain(of_effects).copied().collect();
    columns.join("\t")
}

/// The lines of a record, one for each outcome, line ends included; with the columns of `effects` where
/// annotation was given.
#[must_use]
pub fn tsv_lines(record: &VariantRecord, outcomes: &[Outcome], effects: bool) -> String {
    let pos = record.pos.map_or(0, |pos| pos.get());
    let contig = cell(&record.contig);
    let id = cell(record.id.as_deref().unwrap_or("."));
    let reference = cell(record.reference.as_deref().unwrap_or("."));
    let mut text = String::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        let (alternate, status) = (cell(alternate(record, index)), status(outcome));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{contig}\t{pos}\t{id}\t{reference}\t{alternate}\t{status}"
        );
        match outcome {
            Outcome::Skipped(_) => text.push_str("\t\t\t\t\t\t\t\t"),
            Outcome::Scored(scored) => {
                let (result, float) = (&scored.result, python_float_repr);
                let _ = write!(
                    text,
                    "\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    float(result.sigma_raw),
                    float(result.sigma_calibrated),
                    float(scored.displacement),
                    cell(&result.bucket_id),
                    float(result.confidence),
                    result.low_confidence,
                    cell(&scored_as(record, index, scored).unwrap_or_default()),
                    scored.repeat_word().unwrap_or_default()
                );
            }
        }
        if effects {
            let effect = match outcome {
                Outcome::Scored(scored) => scored.effect.as_deref(),
                Outcome::Skipped(_) => None,
            };
            let gene = effect.and_then(Effect::gene).unwrap_or_default();
            let transcript = effect.and_then(Effect::transcript).unwrap_or_default();
            let consequence = effect.map_or_else(String::new, Effect::consequence);
            let _ = write!(
                text,
                "\t{}\t{}\t{consequence}",
                cell(gene),
                cell(transcript)
            );
        }
        text.push('\n');
    }
    text
}
