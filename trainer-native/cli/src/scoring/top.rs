//! The table of the highest percentiles, for people.

use genolewm::format::{alternate, gene};
use genolewm::scorer::{Outcome, RecordOutcome, Scored};
use genolewm_core::genome::Effect;
use genolewm_core::source::VariantRecord;
use genolewm_core::text::visible;
use std::cmp::Ordering;

const ID_WIDTH: usize = 14;

/// Keeps the `limit` highest of all scores that it is shown.
#[derive(Debug)]
pub struct Top {
    limit: usize,
    rows: Vec<TopRow>,
}

#[derive(Debug)]
struct TopRow {
    order: u64,
    variant: String,
    id: String,
    gene: String,
    consequence: String,
    calibrated: f64,
    raw: f64,
    bucket: String,
    confidence: f64,
    low_confidence: bool,
}

impl Top {
    /// Room for `limit` rows.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            rows: Vec::new(),
        }
    }

    /// Considers the scores of a record.
    pub fn record(&mut self, record: &RecordOutcome) {
        for (allele, outcome) in record.outcomes.iter().enumerate() {
            if let Outcome::Scored(scored) = outcome {
                let row = TopRow::new(&record.record, allele, scored, record.first_row);
                self.rows.push(row);
            }
        }
        // Cut now and then, so that it costs little and memory stays bounded.
        if self.rows.len() >= 2 * self.limit + 1024 {
            self.cut();
        }
    }

    /// The table, highest first.
    #[must_use]
    pub fn render(mut self) -> String {
        self.cut();
        let mut table = TextTable::default();
        let any = |text: fn(&TopRow) -> &str| self.rows.iter().any(|row| !text(row).is_empty());
        let (with_gene, with_consequence) = (any(|row| &row.gene), any(|row| &row.consequence));
        let head = TopRow::columns(
            [
                "variant",
                "id",
                "gene",
                "percentile",
                "raw",
                "bucket",
                "confidence",
                "consequence",
            ]
            .map(str::to_owned),
            with_gene,
            with_consequence,
        );
        table.push(head);
        for row in &self.rows {
            table.push(TopRow::columns(row.cells(), with_gene, with_consequence));
        }
        table.render()
    }

    fn cut(&mut self) {
        self.rows.sort_by(TopRow::compare);
        self.rows.truncate(self.limit);
    }
}

impl TopRow {
    fn new(record: &VariantRecord, allele: usize, scored: &Scored, order: u64) -> Self {
        let pos = record.pos.map_or(0, |pos| pos.get());
        let reference = record.reference.as_deref().unwrap_or(".");
        let alternate = alternate(record, allele);
        let id = record.id.as_deref().unwrap_or(".");
        let effect = scored.effect.as_deref();
        let named = effect.and_then(Effect::gene);
        Self {
            order,
            variant: format!("{}:{pos} {reference}>{alternate}", record.contig),
            id: id.chars().take(ID_WIDTH).collect(),
            gene: named
                .or_else(|| gene(record))
                .unwrap_or_default()
                .to_owned(),
            consequence: effect.map_or_else(String::new, Effect::consequence),
            calibrated: scored.result.sigma_calibrated,
            raw: scored.result.sigma_raw,
            bucket: scored.result.bucket_id.clone(),
            confidence: scored.result.confidence,
            low_confidence: scored.result.low_confidence,
        }
    }

    /// Highest percentile first, then highest raw score, then the input's order.
    fn compare(&self, other: &Self) -> Ordering {
        let by_percentile = other.calibrated.total_cmp(&self.calibrated);
        by_percentile
            .then(other.raw.total_cmp(&self.raw))
            .then(self.order.cmp(&other.order))
    }

    fn cells(&self) -> [String; 8] {
        let mark = if self.low_confidence { " low" } else { "" };
        [
            self.variant.clone(),
            self.id.clone(),
            self.gene.clone(),
            format!("{:.2} %", 100.0 * self.calibrated),
            format!("{:.4}", self.raw),
            self.bucket.clone(),
            format!("{:.2}{mark}", self.confidence),
            self.consequence.clone(),
        ]
    }

    /// Of all cells those that some row has something in.
    fn columns(cells: [String; 8], with_gene: bool, with_consequence: bool) -> Vec<String> {
        let shown = [
            true,
            true,
            with_gene,
            true,
            true,
            true,
            true,
            with_consequence,
        ];
        let cells = cells.into_iter().zip(shown);
        cells
            .filter_map(|(cell, is_shown)| is_shown.then_some(cell))
            .collect()
    }
}

/// Cells in columns as wide as their widest cell.
#[derive(Debug, Default)]
pub struct TextTable {
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// Adds a row.
    pub fn push(&mut self, row: Vec<String>) {
        let shown = row.iter().map(|cell| visible(cell).into_owned());
        self.rows.push(shown.collect());
    }

    /// The rows, one a line.
    #[must_use]
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = TextTable::default();
        table.push(vec!["a".into(), "bb".into()]);
        table.push(vec!["ccc".into(), "d".into()]);
        assert_eq!(table.render(), "a    bb\nccc  d");
    }
}
