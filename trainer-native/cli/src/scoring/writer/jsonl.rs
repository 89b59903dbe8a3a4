//! JSON lines: one row for each scored allele (`docs/formats.md#scores`).

use super::score_writer::ScoreWriter;
use crate::common::output::Output;
use crate::common::terminal::write_error;
use genolewm::scorer::Outcome;
use genolewm_core::Result;
use genolewm_core::source::VariantRecord;
use std::io::Write;

pub(super) struct JsonLines {
    output: Output,
}

impl JsonLines {
    pub(super) fn new(output: Output) -> Self {
        Self { output }
    }
}

impl ScoreWriter for JsonLines {
    fn site(&mut self, _: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        for outcome in outcomes {
            let Outcome::Scored(scored) = outcome else {
                continue;
            };
            let line = scored.row().to_json_line()?;
            writeln!(self.output, "{line}")
                .map_err(|error| write_error(self.output.name(), &error))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Output> {
        Ok(self.output)
    }
}
