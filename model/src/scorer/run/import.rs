//! Raw data to VCF: the intake of a scoring run, with what a person carries written instead of scored.

use super::agreement::Agreement;
use super::intake::Intake;
use super::step::{Need, Stop, or_needs};
use genolewm_core::error::Location;
use genolewm_core::limits::MAX_WARNINGS;
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::{
    Imported, SourceFormat, VariantReader, VariantRecord, VcfConversionSummary, VcfTable, imported,
};
use genolewm_core::{Error, ErrorCode, Result};

/// How raw data become VCF.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The sample's name in the VCF.
    pub sample_id: String,
    /// Whose file it is, where that is known better than by the file itself.
    pub format: Option<SourceFormat>,
    /// A row of which no record can be made is an error, instead of being counted.
    pub strict: bool,
}

/// A file of raw data on its way to VCF. As a [`Run`](super::Run), it is fed and asked again.
#[derive(Debug)]
pub struct Import {
    intake: Intake,
    request: ImportRequest,
    table: VcfTable,
    counts: VcfConversionSummary,
    agreement: Agreement,
    malformed: Vec<Error>,
    /// The row whose reference base was not there yet.
    pending: Option<Box<VariantRecord>>,
}

impl Import {
    /// An import of what `intake` takes in.
    ///
    /// # Errors
    /// `INPUT.VCF_PARSE` for a name that no sample of a VCF can have.
    pub fn new(intake: Intake, request: ImportRequest) -> Result<Self> {
        Ok(Self {
            intake,
            table: VcfTable::new(&request.sample_id)?,
            request,
            counts: VcfConversionSummary::default(),
            agreement: Agreement::default(),
            malformed: Vec::new(),
            pending: None,
        })
    }

    /// The input, to push more of it.
    pub const fn intake_mut(&mut self) -> &mut Intake {
        &mut self.intake
    }

    /// Goes on, and says what is needed; `None` when all rows are taken in.
    ///
    /// # Errors
    /// As [`Run::next`](super::Run::next); `INPUT.VCF_PARSE` for a VCF, and where it is strict for a
    /// row that cannot be converted.
    pub fn next<S: BaseSource>(&mut self, reference: &mut Reference<S>) -> Result<Option<Need>> {
        if !self.intake.open()? {
            return Ok(Some(Need::Input));
        }
        self.check_format()?;
        if let Some(need) = self.intake.check(reference)? {
            return Ok(Some(need));
        }
        loop {
            match self.step(reference) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(Stop::Again) => {}
                Err(Stop::Needs(need)) => return Ok(Some(need)),
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
    }

    /// The VCF, sorted as the reference is, and what became of the rows.
    ///
    /// # Errors
    /// Why there is no row that could be read.
    pub fn finish<S: BaseSource>(
        mut self,
        reference: &Reference<S>,
    ) -> Result<(String, VcfConversionSummary, Vec<String>)> {
        if self.intake.tally().records == 0 {
            return Err(self.intake.why_nothing());
        }
        let contigs = reference.contigs();
        let order = |contig: &str| reference.index_of(contig);
        let length = |contig: &str| Some(contigs.get(reference.index_of(contig)?)?.length_bp);
        let vcf = self.table.to_text(order, length);
        let reader = self.intake.reader().map(VariantReader::warnings);
        let warnings = reader.into_iter().flatten().map(|warning| warning.message);
        let malformed = self.malformed.iter().map(ToString::to_string);
        let warnings = warnings.chain(malformed).chain(self.agreement.warning());
        Ok((vcf, self.counts, warnings.collect()))
    }

    fn check_format(&self) -> Result<()> {
        let Some(reader) = self.intake.reader() else {
            return Ok(());
        };
        let refused = |message: &str, remedy: &str| {
            let error = Error::new(ErrorCode::InputVcfParse, message).in_file(reader.name());
            Err(error.with_remedy(remedy))
        };
        let found = reader.format();
        let asked = self.request.format.unwrap_or(found);
        if found == SourceFormat::Vcf {
            refused("the input is a VCF already", "score it as it is")
        } else if found.is_array() == asked.is_array() {
            Ok(())
        } else {
            refused(
                "the file is not of the format that was named",
                "leave the format out: it is told by the content",
            )
        }
    }

    /// Takes in one row; `false` at the end.
    fn step<S: BaseSource>(&mut self, reference: &mut Reference<S>) -> Result<bool, Stop> {
        let mut record = match self.pending.take() {
            Some(record) => record,
            None => match self.intake.next(reference)? {
                Some(Ok(record)) => record,
                Some(Err(error)) => {
                    if self.malformed.len() < MAX_WARNINGS {
                        self.malformed.push(error);
                    }
                    self.counts.malformed_skipped += 1;
                    return Ok(true);
                }
                None => return Ok(false),
            },
        };
        if record.needs_reference()
            && let Some(pos) = record.pos
        {
            let base = reference.base(&record.contig, pos);
            match or_needs(Need::Reference, base) {
                Ok(base) => base
                    .into_iter()
                    .for_each(|base| record.set_reference_base(base)),
                Err(stop) => {
                    self.pending = Some(record);
                    return Err(stop);
                }
            }
            self.compare(&record);
        }
        self.convert(&record)?;
        Ok(true)
    }

    fn compare(&mut self, record: &VariantRecord) {
        self.agreement.add::<()>(record, &[]);
    }

    fn convert(&mut self, record: &VariantRecord) -> Result<()> {
        let reason = match imported(record) {
            Imported::ReferenceCall => {
                self.counts.ref_calls_skipped += 1;
                return Ok(());
            }
            Imported::NoCall => {
                self.counts.no_calls_skipped += 1;
                return Ok(());
            }
            Imported::Variant(genotype) => {
                let reader = self.intake.reader().map(VariantReader::format);
                let format = self
                    .request
                    .format
                    .or(reader)
                    .unwrap_or(SourceFormat::Table);
                match self.table.push(record, &genotype, format.provider()) {
                    Ok(()) => {
                        self.counts.records_written += 1;
                        return Ok(());
                    }
                    Err(reason) => reason,
                }
            }
            Imported::Unsupported(reason) => reason,
        };
        if !self.request.strict {
            self.counts.unsupported_skipped += 1;
            return Ok(());
        }
        let name = self.intake.reader().map_or("-", VariantReader::name);
        let mut place = Location::line(name, record.line);
        place.column = Some(1);
        Err(Error::new(ErrorCode::InputVcfParse, reason)
            .at(place)
            .with_remedy("correct or remove the row, or have such rows left out and counted"))
    }
}
