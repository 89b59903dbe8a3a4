//! What is read before anything is handed on: the sample that is compared with the reference, and all of
//! an array file.

use super::super::batcher::ERROR_BYTES;
use super::super::step::{Need, Stop, is_malformed, or_needs};
use super::{Intake, SAMPLE};
use crate::scorer::ref_check::Builds;
use genolewm_core::limits::{MAX_LOOK_AHEAD_BYTES, MAX_WARNINGS};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::{SourceLine, VariantRecord};

/// Records that are read for the sample at most.
pub(in crate::scorer::run) const LOOK_AHEAD: usize = 4 * 1_024;

/// The line of a VCF's header that names the columns of a file without samples.
const VCF_COLUMNS: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

impl Intake {
    /// Takes in all of an array file, and puts it in the reference's order. Rows that are not
    /// understood come first then; beyond a number they are only counted.
    fn gather<S: BaseSource>(&mut self, reference: &Reference<S>) -> Result<(), Stop> {
        loop {
            match self.read_on() {
                Ok(Some(record)) => self.rows.push(&record)?,
                Ok(None) => break,
                Err(Stop::Failed(error)) if is_malformed(&error) => {
                    if self.held.len() < MAX_WARNINGS {
                        self.held.push_back(Err(error));
                    } else {
                        self.tally.malformed += 1;
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        self.rows.sort(|contig| reference.index_of(contig));
        self.contig_lines = contig_lines(self.rows.contigs(), reference);
        self.is_gathered = true;
        Ok(())
    }

    pub(super) fn sample<S: BaseSource>(
        &mut self,
        reference: &mut Reference<S>,
    ) -> Result<(), Stop> {
        if self.builds.is_none() {
            let reader = self.opened()?;
            let variants = reader.assembly();
            let declared = reader.contigs().iter();
            let renamed = declared.filter_map(|(name, length_bp)| {
                let renamed = reference.mitochondrion_of(name, (*length_bp)?)?;
                Some((name.clone(), renamed))
            });
            self.renamed = renamed.collect();
            let regions = self.selection.regions.as_ref();
            let note = regions
                .map(|regions| regions.check(reference))
                .transpose()?;
            self.notes.extend(note.flatten());
            self.builds = Some(Builds::new(variants, reference, &self.reference_name));
        }
        if !self.is_gathered && self.opened()?.format().is_array() {
            self.gather(reference)?;
        }
        while !self.is_checked {
            match self.read_ahead()? {
                Some(record) => {
                    let record = match self.is_inside(&record) {
                        true => self.observe(record, reference)?,
                        false => record,
                    };
                    self.held_bytes += record.held_bytes();
                    self.held.push_back(Ok(record));
                }
                None => {
                    self.verdict()?;
                    self.is_checked = true;
                }
            }
        }
        Ok(())
    }

    /// The next record of the sample; `None` after its last. Errors of the input are held, too.
    fn read_ahead(&mut self) -> Result<Option<VariantRecord>, Stop> {
        if let Some(record) = self.unchecked.take() {
            return Ok(Some(record));
        }
        loop {
            let is_enough = self.check.compared() >= SAMPLE
                || self.held.len() >= LOOK_AHEAD
                || self.held_bytes >= MAX_LOOK_AHEAD_BYTES;
            if is_enough {
                return Ok(None);
            }
            match self.read() {
                Err(Stop::Failed(error)) => {
                    let is_last = !is_malformed(&error);
                    self.held_bytes += ERROR_BYTES;
                    self.held.push_back(Err(error));
                    if is_last {
                        return Ok(None);
                    }
                }
                read => return read,
            }
        }
    }

    /// Compares a record, and keeps it for the next time where that cannot be done yet.
    pub(super) fn observe<S: BaseSource>(
        &mut self,
        record: VariantRecord,
        reference: &mut Reference<S>,
    ) -> Result<VariantRecord, Stop> {
        let observed = self.check.observe(&record, reference);
        if observed.is_err() {
            self.unchecked = Some(record.clone());
        }
        or_needs(Need::Reference, observed).map(|()| record)
    }

    pub(super) fn verdict(&self) -> Result<(), Stop> {
        let builds = self.builds.as_ref();
        Ok(builds.map_or(Ok(()), |builds| self.check.verdict(builds))?)
    }
}

/// The header of a VCF with these contigs, as far as the reference knows them.
fn contig_lines<S: BaseSource>(contigs: &[String], reference: &Reference<S>) -> Vec<SourceLine> {
    let declared = contigs.iter().filter_map(|contig| {
        let length_bp = reference.contig(contig)?.length_bp;
        Some(format!("##contig=<ID={contig},length={length_bp}>"))
    });
    std::iter::once("##fileformat=VCFv4.3".to_owned())
        .chain(declared)
        .chain([VCF_COLUMNS.to_owned()])
        .map(SourceLine::from)
        .collect()
}
