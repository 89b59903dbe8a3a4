//! Tab-separated values: one line for each allele, scored or not.

use super::score_writer::ScoreWriter;
use crate::common::output::Output;
use crate::common::terminal::write_error;
use genolewm::format::{TSV_COLUMNS, tsv_lines};
use genolewm::scorer::Outcome;
use genolewm_core::Result;
use genolewm_core::source::VariantRecord;
use std::io::Write;

pub(super) struct Tsv {
    output: Output,
}

impl Tsv {
    pub(super) fn new(mut output: Output) -> Result<Self> {
        writeln!(output, "{}", TSV_COLUMNS.join("\t"))
            .map_err(|error| write_error(output.name(), &error))?;
        Ok(Self { output })
    }
}

impl ScoreWriter for Tsv {
    fn site(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        let lines = tsv_lines(record, outcomes);
        self.output
            .write_all(lines.as_bytes())
            .map_err(|error| write_error(self.output.name(), &error))
    }

    fn finish(self: Box<Self>) -> Result<Output> {
        Ok(self.output)
    }
}
