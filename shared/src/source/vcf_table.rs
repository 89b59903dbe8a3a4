//! A VCF that is made of raw data: its rows, collected and sorted, for one sample.

use super::record::{ArrayCall, VariantRecord, is_base};
use crate::position::Position;
use crate::{Error, ErrorCode, Result};
use std::fmt::Write;

/// What a row of raw data is in a VCF.
pub enum Imported {
    /// A record with this genotype.
    Variant(String),
    /// Nothing: every base is the reference's.
    ReferenceCall,
    /// Nothing: the row has no call.
    NoCall,
    /// Nothing that a record can hold, and why.
    Unsupported(&'static str),
}

/// Tells what a row becomes. An array row needs its reference base first.
#[must_use]
pub fn imported(record: &VariantRecord) -> Imported {
    match &record.call {
        Some(ArrayCall::NoCall) | None => Imported::NoCall,
        Some(ArrayCall::IndelCode) => Imported::Unsupported(INDEL_CODE),
        Some(ArrayCall::Bases(bases)) => of_bases(record, bases),
        Some(ArrayCall::Genotype(genotype)) => of_alleles(record, genotype.as_deref()),
    }
}

fn of_bases(record: &VariantRecord, bases: &str) -> Imported {
    if record.pos.is_none() {
        return Imported::Unsupported("the row has no position");
    }
    let Some(reference) = &record.reference else {
        return Imported::Unsupported("the reference allele here is not known");
    };
    if record.alternates.is_empty() {
        return Imported::ReferenceCall;
    }
    let alleles = || std::iter::once(reference).chain(&record.alternates);
    let numbers = bases.chars().map(String::from).map(|base| {
        let index = alleles().position(|allele| *allele == base);
        index.unwrap_or_default().to_string()
    });
    Imported::Variant(numbers.collect::<Vec<_>>().join("/"))
}

fn of_alleles(record: &VariantRecord, genotype: Option<&str>) -> Imported {
    let mut alleles = record.reference.iter().chain(&record.alternates);
    if alleles.any(|allele| !allele.chars().all(is_base)) {
        return Imported::Unsupported("an allele holds something other than A, C, G and T");
    }
    let reference = record.reference.as_ref();
    if reference.is_some_and(|reference| record.alternates.contains(reference)) {
        return Imported::Unsupported("an alternate allele equals the reference allele");
    }
    genotype.map_or(Imported::Unsupported(GENOTYPE), |genotype| {
        Imported::Variant(genotype.to_owned())
    })
}

/// The records of a VCF of one sample. They hold genotypes, so it shows none of them.
pub struct VcfTable {
    sample_id: String,
    records: Vec<VcfTableRow>,
}

struct VcfTableRow {
    contig: String,
    pos: u64,
    id: String,
    /// What follows the identifier.
    rest: String,
}

impl VcfTable {
    /// A VCF of the sample of this name.
    ///
    /// # Errors
    /// `INPUT.VCF_PARSE` for a name that is empty or holds a blank.
    pub fn new(sample_id: &str) -> Result<Self> {
        let bad = |c: char| c.is_whitespace() || c.is_control();
        if sample_id.is_empty() || sample_id.contains(bad) {
            let message = "the sample's name is empty or holds a blank";
            return Err(Error::new(ErrorCode::InputVcfParse, message)
                .with_remedy("give a sample name without blanks"));
        }
        Ok(Self {
            sample_id: sample_id.to_owned(),
            records: Vec::new(),
        })
    }

    /// Adds a row with its genotype. Several identifiers, joined by commas, become VCF's list.
    ///
    /// # Errors
    /// Why an identifier cannot stand in a VCF.
    pub fn push(
        &mut self,
        record: &VariantRecord,
        genotype: &str,
        provider: &str,
    ) -> Result<(), &'static str> {
        let id = record.id.as_deref().unwrap_or(".").replace(',', ";");
        if id.contains(|c: char| c.is_whitespace() || c.is_control() || c == '=') {
            return Err(BAD_IDENTIFIER);
        }
        let reference = record.reference.as_deref().unwrap_or(".");
        let alternates = record.alternates.join(",");
        self.records.push(VcfTableRow {
            contig: record.contig.clone(),
            pos: record.pos.map_or(0, Position::get),
            id,
            rest: format!("{reference}\t{alternates}\t.\tPASS\tSOURCE={provider}\tGT\t{genotype}"),
        });
        Ok(())
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The text, by `order` of the contigs (those without by name, last), position and identifier.
    /// Contigs whose `length` in bp is known are declared with it.
    pub fn to_text(
        &mut self,
        order: impl Fn(&str) -> Option<usize>,
        length: impl Fn(&str) -> Option<u64>,
    ) -> String {
        let rank = |contig: &str| order(contig).unwrap_or(usize::MAX);
        self.records.sort_by(|a, b| {
            let key = |row: &VcfTableRow| (rank(&row.contig), row.pos);
            let by_contig = rank(&a.contig).cmp(&rank(&b.contig));
            let by_contig = by_contig.then_with(|| a.contig.cmp(&b.contig));
            by_contig.then_with(|| key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id)))
        });
        let mut text = HEADER.to_owned();
        let mut last = None;
        for row in &self.records {
            if last != Some(&row.contig)
                && let Some(length_bp) = length(&row.contig)
            {
                let _ = writeln!(text, "##contig=<ID={},length={length_bp}>", row.contig);
            }
            last = Some(&row.contig);
        }
        let _ = writeln!(text, "{COLUMNS}\t{}", self.sample_id);
        for VcfTableRow {
            contig,
            pos,
            id,
            rest,
        } in &self.records
        {
            let _ = writeln!(text, "{contig}\t{pos}\t{id}\t{rest}");
        }
        text
    }
}

impl std::fmt::Debug for VcfTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VcfTable")
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

const INDEL_CODE: &str = "the genotype is an insertion or deletion whose bases the file omits";
const GENOTYPE: &str = "the genotype is written in a way that is not known, or names an allele \
                        that the variant does not have";
/// What is wrong with an identifier.
pub(super) const BAD_IDENTIFIER: &str =
    "the identifier holds a blank, semicolon, equals sign or comma";
const HEADER: &str = "##fileformat=VCFv4.2\n\
    ##source=GenoLeWM-personal-genome-import\n\
    ##INFO=<ID=SOURCE,Number=1,Type=String,Description=\"Local raw-data provider\">\n\
    ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n";
const COLUMNS: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT";
