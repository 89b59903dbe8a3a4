//! VCF: the input's own lines with fields added to INFO, plain or BGZF.

use super::score_writer::{Compressed, Origin, ScoreWriter};
use crate::common::output::Output;
use crate::common::terminal::write_error;
use genolewm::format::{RunNote, vcf_header, vcf_line};
use genolewm::scorer::Outcome;
use genolewm_core::Result;
use genolewm_core::source::VariantRecord;
use noodles_bgzf as bgzf;
use std::io::{self, Write};

pub(super) struct Vcf {
    writer: Encoder,
    name: String,
}

enum Encoder {
    Plain(Output),
    Bgzip(Box<bgzf::io::Writer<Output>>),
}

impl Vcf {
    pub(super) fn new(
        output: Output,
        compressed: Compressed,
        origin: &Origin,
        note: &RunNote,
    ) -> Result<Self> {
        let name = output.name().to_owned();
        let writer = match compressed {
            Compressed::V => Encoder::Plain(output),
            Compressed::Z => Encoder::Bgzip(Box::new(bgzf::io::Writer::new(output))),
        };
        let mut vcf = Self { writer, name };
        let header = vcf_header(&origin.header, note);
        vcf.write(&header)?;
        Ok(vcf)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        let written = match &mut self.writer {
            Encoder::Plain(output) => output.write_all(text.as_bytes()),
            Encoder::Bgzip(writer) => writer.write_all(text.as_bytes()),
        };
        written.map_err(|error| write_error(&self.name, &error))
    }
}

impl ScoreWriter for Vcf {
    fn site(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        let mut line = vcf_line(record, outcomes);
        line.push('\n');
        self.write(&line)
    }

    fn finish(self: Box<Self>) -> Result<Output> {
        let finished: io::Result<Output> = match self.writer {
            Encoder::Plain(output) => Ok(output),
            Encoder::Bgzip(writer) => writer.finish(),
        };
        finished.map_err(|error| write_error(&self.name, &error))
    }
}
