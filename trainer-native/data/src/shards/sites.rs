//! The alleles of a VCF that is made a shard, each kept or counted by why it is not.

use genolewm_core::contig::common_form;
use genolewm_core::error::Location;
use genolewm_core::position::Position;
use genolewm_core::source::{SourceFormat, SourceLine, VariantReader, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::open;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Why an allele does not come into a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Skip {
    /// Its site did not pass.
    Filter,
    /// An allele is not made of A, C, G and T, or is too long.
    Allele,
    /// Its frequency is too low, or not given.
    Af,
}

impl Skip {
    /// The key of its count.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Filter => "skipped_filter",
            Self::Allele => "skipped_allele",
            Self::Af => "skipped_af",
        }
    }
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Records with an alternate allele.
    pub(super) records: u64,
    /// Their alternate alleles.
    pub(super) alleles: u64,
    pub(super) skipped: BTreeMap<Skip, u64>,
}

/// Which alleles make rows, and how.
pub(super) trait Rules {
    type Row;
    /// The reasons for which an allele can be left out.
    const SKIPS: &'static [Skip];

    /// Refuses a header that contradicts what the shard is to be.
    fn check_header(&self, _header: &[SourceLine], _name: &str) -> Result<()> {
        Ok(())
    }

    /// The row of one allele of a site.
    fn row(&self, site: &VcfSite<'_>, allele: usize) -> Result<Result<Self::Row, Skip>>;
}

/// A VCF record as the rules see it.
pub(super) struct VcfSite<'a> {
    pub(super) record: &'a VariantRecord,
    /// The contig in the form that shards use.
    pub(super) contig: String,
    pub(super) pos: Position,
    pub(super) reference: &'a str,
    /// FILTER as written.
    pub(super) filter: &'a str,
    info: HashMap<&'a str, &'a str>,
    file: &'a str,
}

impl<'a> VcfSite<'a> {
    /// `None` for a record without alternate alleles.
    fn new(record: &'a VariantRecord, file: &'a str) -> Result<Option<Self>> {
        if record.alternates.iter().all(|alternate| alternate == ".") {
            return Ok(None);
        }
        let pos = record.pos.ok_or_else(|| {
            Error::new(ErrorCode::InputVcfParse, "POS is not a position")
                .at(Location::line(file, record.line).column(1, "0"))
                .with_remedy("leave out records at position 0: a shard's positions count from 1")
        })?;
        let mut columns = record
            .raw
            .as_deref()
            .unwrap_or_default()
            .split('\t')
            .skip(6);
        let (filter, info) = (columns.next().unwrap_or("."), columns.next().unwrap_or("."));
        Ok(Some(Self {
            record,
            contig: shard_contig(&record.contig),
            pos,
            reference: record.reference.as_deref().unwrap_or_default(),
            filter,
            // Of a key that is given twice the last counts, as in the Python package.
            info: info
                .split(';')
                .filter_map(|entry| entry.split_once('='))
                .collect(),
            file,
        }))
    }

    pub(super) fn alternate(&self, allele: usize) -> &str {
        self.record
            .alternates
            .get(allele)
            .map_or("", String::as_str)
    }

    /// A key's value as it stands.
    pub(super) fn info(&self, key: &str) -> Option<&'a str> {
        self.info.get(key).copied()
    }

    /// The value of the first of `keys` that has one for an allele: its own in a list, or the only
    /// one there is.
    pub(super) fn info_of(&self, keys: &[&str], allele: usize) -> Option<&'a str> {
        keys.iter().find_map(|key| {
            let text = self.info(key)?;
            match text.split_once(',') {
                None => Some(text),
                Some(_) => text.split(',').nth(allele),
            }
        })
    }

    /// Whether both alleles are bases and no longer than `max_bp`.
    pub(super) fn has_bases(&self, allele: usize, max_bp: usize) -> bool {
        [self.reference, self.alternate(allele)].iter().all(|text| {
            (1..=max_bp).contains(&text.len()) && text.bytes().all(|base| b"ACGT".contains(&base))
        })
    }

    pub(super) fn location(&self) -> Location {
        Location::line(self.file, self.record.line)
    }
}

/// Chromosomes without `chr`, `MT` for the mitochondrion, the sex chromosomes in upper case.
fn shard_contig(name: &str) -> String {
    let form = common_form(name);
    if form.eq_ignore_ascii_case("XY") {
        return "XY".to_owned();
    }
    form
}

/// The rows that a VCF gives, in its order.
pub(super) struct VcfRows<S: Rules> {
    reader: VariantReader,
    name: String,
    rules: S,
    pending: Vec<S::Row>,
    counts: Counts,
}

impl<S: Rules> VcfRows<S> {
    /// Opens a VCF, plain, gzip or bgzip.
    pub(super) fn open(path: &Path, rules: S) -> Result<Self> {
        let name = path.display().to_string();
        let reader = VariantReader::open(Box::new(open(path)?), &name)?;
        if reader.format() != SourceFormat::Vcf {
            return Err(Error::new(ErrorCode::InputVcfParse, "this is no VCF")
                .at(Location::line(&name, 1))
                .with_remedy("give a VCF, plain, gzip or bgzip"));
        }
        rules.check_header(reader.header(), &name)?;
        Ok(Self {
            reader,
            name,
            rules,
            pending: Vec::new(),
            counts: Counts::default(),
        })
    }

    /// What was read so far.
    pub(super) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Reads one record; `false` at the end.
    pub(super) fn read_record(&mut self) -> Result<bool> {
        let Some(record) = self.reader.next_record()? else {
            return Ok(false);
        };
        let Some(site) = VcfSite::new(&record, &self.name)? else {
            return Ok(true);
        };
        self.counts.records += 1;
        let named = |allele: &usize| record.alternates.get(*allele).is_some_and(|a| a != ".");
        for allele in (0..record.alternates.len()).filter(named) {
            self.counts.alleles += 1;
            match self.rules.row(&site, allele)? {
                Ok(row) => self.pending.push(row),
                Err(skip) => *self.counts.skipped.entry(skip).or_default() += 1,
            }
        }
        Ok(true)
    }

    /// The rows of the records that were read and not yet taken.
    pub(super) fn drain_rows(&mut self) -> impl Iterator<Item = S::Row> + '_ {
        self.pending.drain(..)
    }
}

#[cfg(test)]
impl<S: Rules> VcfRows<S> {
    /// Every row, and the first error.
    pub(super) fn all(mut self) -> impl Iterator<Item = Result<S::Row>> {
        let mut all = Vec::new();
        loop {
            let read = self.read_record();
            all.extend(self.drain_rows().map(Ok));
            match read {
                Ok(true) => {}
                Ok(false) => return all.into_iter(),
                Err(error) => {
                    all.push(Err(error));
                    return all.into_iter();
                }
            }
        }
    }
}
