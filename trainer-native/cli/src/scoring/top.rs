//! The table of the highest percentiles, for people.

use genolewm::format::{alternate, gene};
use genolewm::scorer::{Outcome, RecordOutcome, Scored};
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
        let with_gene = self.rows.iter().any(|row| !row.gene.is_empty());
        let mut head = vec!["variant", "id", "percentile", "raw", "bucket", "confidence"];
        if with_gene {
            head.insert(2, "gene");
        }
        table.push(head.into_iter().map(str::to_owned).collect());
        for row in &self.rows {
            table.push(row.cells(with_gene));
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
        Self {
            order,
            variant: format!("{}:{pos} {reference}>{alternate}", record.contig),
            id: id.chars().take(ID_WIDTH).collect(),
            gene: gene(record).unwrap_or_default().to_owned(),
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

    fn cells(&self, with_gene: bool) -> Vec<String> {
        let mark = if self.low_confidence { " low" } else { "" };
        let mut cells = vec![
            self.variant.clone(),
            self.id.clone(),
            format!("{:.2} %", 100.0 * self.calibrated),
            format!("{:.4}", self.raw),
            self.bucket.clone(),
            format!("{:.2}{mark}", self.confidence),
        ];
        if with_gene {
            cells.insert(2, self.gene.clone());
        }
        cells
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
