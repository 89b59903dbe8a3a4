//! Tab-separated values: one line for each allele, scored or not.

use super::{ScoreWriter, alternate, status};
use crate::cli::common::output::Output;
use crate::cli::common::terminal::write_error;
use genolewm_model::scorer::Outcome;
use genolewm_shared::Result;
use genolewm_shared::provenance::python_float_repr;
use genolewm_shared::source::VariantRecord;
use std::io::{self, Write};

const COLUMNS: [&str; 12] = [
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
];

pub(super) struct Tsv {
    output: Output,
}

impl Tsv {
    pub(super) fn new(mut output: Output) -> Result<Self> {
        writeln!(output, "{}", COLUMNS.join("\t"))
            .map_err(|error| write_error(output.name(), &error))?;
        Ok(Self { output })
    }

    fn write(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> io::Result<()> {
        let pos = record.pos.map_or(0, |pos| pos.get());
        let id = record.id.as_deref().unwrap_or(".");
        let reference = record.reference.as_deref().unwrap_or(".");
        for (index, outcome) in outcomes.iter().enumerate() {
            let (contig, alternate, status) =
                (&record.contig, alternate(record, index), status(outcome));
            write!(
                self.output,
                "{contig}\t{pos}\t{id}\t{reference}\t{alternate}\t{status}"
            )?;
            match outcome {
                Outcome::Skipped(_) => writeln!(self.output, "\t\t\t\t\t\t")?,
                Outcome::Scored(scored) => {
                    let (result, float) = (&scored.result, python_float_repr);
                    writeln!(
                        self.output,
                        "\t{}\t{}\t{}\t{}\t{}\t{}",
                        float(result.sigma_raw),
                        float(result.sigma_calibrated),
                        float(scored.displacement),
                        result.bucket_id,
                        float(result.confidence),
                        result.low_confidence
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl ScoreWriter for Tsv {
    fn site(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        self.write(record, outcomes)
            .map_err(|error| write_error(self.output.name(), &error))
    }

    fn finish(self: Box<Self>) -> Result<Output> {
        Ok(self.output)
    }
}
