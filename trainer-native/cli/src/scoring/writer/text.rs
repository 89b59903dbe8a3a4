//! Text, record after record: JSON lines (`docs/formats.md#scores`), tab-separated values, and VCF,
//! plain or BGZF.

use super::score_writer::{Compressed, ScoreWriter};
use crate::common::output::Output;
use crate::common::terminal::write_error;
use genolewm::scorer::Outcome;
use genolewm_core::Result;
use genolewm_core::source::VariantRecord;
use noodles_bgzf as bgzf;
use std::io::Write;

/// What is written of a record and its outcomes, line breaks included.
pub(super) type LineFormat = Box<dyn Fn(&VariantRecord, &[Outcome]) -> Result<Vec<u8>>>;

pub(super) struct Text {
    writer: Encoder,
    name: String,
    lines: LineFormat,
}

enum Encoder {
    Plain(Output),
    Bgzip(Box<bgzf::io::Writer<Output>>),
}

impl Text {
    pub(super) fn new(
        output: Output,
        compressed: Compressed,
        head: &[u8],
        lines: LineFormat,
    ) -> Result<Self> {
        let name = output.name().to_owned();
        let writer = match compressed {
            Compressed::V => Encoder::Plain(output),
            Compressed::Z => Encoder::Bgzip(Box::new(bgzf::io::Writer::new(output))),
        };
        let mut text = Self {
            writer,
            name,
            lines,
        };
        text.write(head)?;
        Ok(text)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match &mut self.writer {
            Encoder::Plain(output) => output.write_all(bytes),
            Encoder::Bgzip(writer) => writer.write_all(bytes),
        };
        written.map_err(|error| write_error(&self.name, &error))
    }
}

impl ScoreWriter for Text {
    fn site(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        self.write(&(self.lines)(record, outcomes)?)
    }

    fn finish(self: Box<Self>) -> Result<Output> {
        match self.writer {
            Encoder::Plain(output) => Ok(output),
            Encoder::Bgzip(writer) => {
                let finished = writer.finish();
                finished.map_err(|error| write_error(&self.name, &error))
            }
        }
    }
}
