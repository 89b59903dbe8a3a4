//! One record of a variant source, whatever file it came from.

use crate::bytes::SourceLine;
use crate::edit::{AlleleForm, EditSpec, SkipReason, VariantSpelling, edit_of};
use crate::position::{BpOffset, Position};
use std::collections::BTreeSet;
use std::fmt;

/// What a short text takes beside its letters: where it lies, and its place in the heap.
const TEXT_BYTES: usize = 48;

/// Something odd about a source that keeps nothing from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceWarning {
    /// 1-based line, where there is one.
    pub line: Option<u64>,
    /// A sentence for people.
    pub message: String,
}

/// What becomes of one allele before the reference is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlleleOutcome {
    /// A valid edit; it is scored unless the reference objects. In the canonical form it is trimmed,
    /// and [left-aligned](crate::edit::LeftAligner) once the reference is asked.
    Candidate(EditSpec),
    /// Not scored, and why.
    Skipped(SkipReason),
}

/// What an array measured at one site, or what a table says that it measured.
///
/// Its `Debug` form leaves the bases out: genotypes never reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub enum ArrayCall {
    /// `--`, `00`, `NN`: nothing was called.
    NoCall,
    /// `II`, `DI`: an insertion or deletion whose bases the file does not name.
    IndelCode,
    /// One or two bases over ACGT, in the file's order; one for a haploid or a half call.
    Bases(String),
    /// The genotype of a record that names its alleles, as VCF's GT; `None` where it is written in a
    /// way that is not known.
    Genotype(Option<String>),
}

impl fmt::Debug for ArrayCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCall => "NoCall",
            Self::IndelCode => "IndelCode",
            Self::Bases(_) => "Bases(..)",
            Self::Genotype(_) => "Genotype(..)",
        })
    }
}

/// One site of a variant source: a VCF line, a row of an array file or a JSON variant.
///
/// Its `Debug` form leaves out the raw line and the called bases.
#[derive(Clone, PartialEq, Eq)]
pub struct VariantRecord {
    /// 1-based line of the file on which the record starts.
    pub line: u64,
    /// The VCF line without its line end, for output that keeps every column; `None` for other
    /// formats.
    pub raw: Option<SourceLine>,
    /// The contig, as VCF writes it; array codes (23, `chrX`) are already in their common form.
    pub contig: String,
    /// 1-based position of the first reference base; `None` for VCF's position 0, the telomere.
    pub pos: Option<Position>,
    /// The identifier, unless it is `.`.
    pub id: Option<String>,
    /// The reference allele, upper-case; `None` for array rows until
    /// [`set_reference_base`](Self::set_reference_base).
    pub reference: Option<String>,
    /// The alternate alleles as written, `<DEL>`, `*` and `.` included, except that bases are
    /// upper-case; empty for an array row without any.
    pub alternates: Vec<String>,
    /// The call of an array row, or the genotype of a JSON variant; `None` for VCF.
    pub call: Option<ArrayCall>,
}

impl VariantRecord {
    /// The outcome of every allele: one for each of [`alternates`](Self::alternates), in order, or
    /// exactly one for a record that has none. Two alternates of one record are one edit only if they
    /// are equal.
    ///
    /// ```
    /// use genolewm_core::edit::{AlleleForm, SkipReason};
    /// use genolewm_core::source::{AlleleOutcome, VariantReader};
    /// let vcf = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
    ///            17\t5\t.\tg\ta,<DEL>\t.\t.\t.\n";
    /// let mut reader = VariantReader::open(Box::new(vcf.as_bytes()), "in.vcf")?;
    /// let record = reader.next_record()?.expect("one record");
    /// let outcomes = record.alleles(AlleleForm::Canonical);
    /// assert_eq!(outcomes[0], AlleleOutcome::Candidate("17:5:G:A".parse()?));
    /// assert_eq!(outcomes[1], AlleleOutcome::Skipped(SkipReason::Symbolic));
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    #[must_use]
    pub fn alleles(&self, form: AlleleForm) -> Vec<AlleleOutcome> {
        if self.alternates.is_empty() {
            return vec![AlleleOutcome::Skipped(self.reason_for_no_alternate())];
        }
        let mut earlier = BTreeSet::new();
        let outcome = |alternate| {
            let is_new = earlier.insert(alternate);
            match self.classify(alternate, form) {
                AlleleOutcome::Candidate(_) if !is_new => {
                    AlleleOutcome::Skipped(SkipReason::Duplicate)
                }
                outcome => outcome,
            }
        };
        self.alternates
            .iter()
            .map(String::as_str)
            .map(outcome)
            .collect()
    }

    /// About the memory that the record takes, in bytes, so that what is held can be bounded.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let (id, reference) = (self.id.as_deref(), self.reference.as_deref());
        let texts = [self.raw.as_deref(), id, reference].into_iter().flatten();
        let texts: usize = texts.map(str::len).sum();
        let alternates = self.alternates.iter();
        let alternates: usize = alternates.map(|text| TEXT_BYTES + text.len()).sum();
        size_of::<Self>() + 4 * TEXT_BYTES + texts + self.contig.len() + alternates
    }

    /// An allele as the file has it, counted from 0; `None` where it lacks one of them, or a position.
    #[must_use]
    pub fn spelling(&self, allele: usize) -> Option<VariantSpelling> {
        let (reference, alternate) = (self.reference.as_ref()?, self.alternates.get(allele)?);
        VariantSpelling::new(&self.contig, self.pos?.get(), reference, alternate).ok()
    }

    /// Gives an array row its reference base; the observed bases that differ become its
    /// alternates. A base that is not A, C, G or T leaves the row as it is, and so does a record
    /// that names its own reference allele.
    pub fn set_reference_base(&mut self, base: char) {
        let base = base.to_ascii_uppercase();
        if is_base(base) {
            self.set_reference(base.to_string());
        }
    }

    /// As [`set_reference_base`](Self::set_reference_base), for an allele of any length.
    pub(super) fn set_reference(&mut self, reference: String) {
        let (None, Some(ArrayCall::Bases(bases))) = (&self.reference, &self.call) else {
            return;
        };
        for observed in bases.chars().map(String::from) {
            if observed != reference && !self.alternates.contains(&observed) {
                self.alternates.push(observed);
            }
        }
        self.reference = Some(reference);
    }

    /// Whether the record waits for a reference base before its alleles can be told.
    #[must_use]
    pub const fn needs_reference(&self) -> bool {
        self.reference.is_none() && matches!(self.call, Some(ArrayCall::Bases(_)))
    }

    /// The value of a key in a VCF record's INFO column; `Some("")` for a flag.
    #[must_use]
    pub fn info(&self, key: &str) -> Option<&str> {
        let column = self.raw.as_deref()?.split('\t').nth(7)?;
        column
            .split(';')
            .find_map(|entry| match entry.split_once('=') {
                Some((name, value)) if name == key => Some(value),
                None if entry == key => Some(""),
                _ => None,
            })
    }

    fn reason_for_no_alternate(&self) -> SkipReason {
        match (&self.call, &self.reference) {
            (Some(ArrayCall::NoCall), _) => SkipReason::NoCall,
            (Some(ArrayCall::IndelCode), _) => SkipReason::IndelCode,
            (Some(ArrayCall::Bases(_)), None) => SkipReason::NoReferenceAllele,
            (Some(ArrayCall::Bases(_)), Some(_)) => SkipReason::SameAsRef,
            (Some(ArrayCall::Genotype(_)) | None, _) => SkipReason::MissingAlt,
        }
    }

    fn classify(&self, alternate: &str, form: AlleleForm) -> AlleleOutcome {
        let Some(reference) = &self.reference else {
            return AlleleOutcome::Skipped(SkipReason::NoReferenceAllele);
        };
        // At position 0, before the contig's first base, only the alleles can be judged.
        let pos = self.pos.unwrap_or(BpOffset(0).position());
        match edit_of(&self.contig, pos, reference, alternate, form) {
            Err(reason) => AlleleOutcome::Skipped(reason),
            Ok(_) if self.pos.is_none() => AlleleOutcome::Skipped(SkipReason::OutOfContig),
            Ok(edit) => AlleleOutcome::Candidate(edit),
        }
    }
}

impl fmt::Debug for VariantRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VariantRecord")
            .field("line", &self.line)
            .field("contig", &self.contig)
            .field("pos", &self.pos)
            .field("id", &self.id)
            .field("reference", &self.reference)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

pub(super) const fn is_base(base: char) -> bool {
    matches!(base, 'A' | 'C' | 'G' | 'T')
}

/// An allele as records keep it: bases in upper case, everything else as written.
pub(super) fn normalise_allele(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        text.to_ascii_uppercase()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(reference: &str, alternates: &[&str]) -> VariantRecord {
        VariantRecord {
            line: 1,
            raw: None,
            contig: "1".to_owned(),
            pos: Position::new(7).ok(),
            id: None,
            reference: Some(normalise_allele(reference)),
            alternates: alternates.iter().map(|a| normalise_allele(a)).collect(),
            call: None,
        }
    }

    fn reasons(record: &VariantRecord) -> Vec<Option<SkipReason>> {
        let reason = |outcome| match outcome {
            AlleleOutcome::Candidate(_) => None,
            AlleleOutcome::Skipped(reason) => Some(reason),
        };
        let alleles = record.alleles(AlleleForm::Canonical);
        alleles.into_iter().map(reason).collect()
    }

    #[test]
    fn every_kind_of_alternate_has_its_reason() {
        let long = "A".repeat(17);
        let got = reasons(&record(
            "c",
            &[
                "t",
                ".",
                "*",
                "<DEL>",
                "<*>",
                "<NON_REF>",
                "C<ctg1>",
                "C[2:5[",
                "]<c>:1]T",
                ".C",
                "CT.",
                "N",
                "R",
                &long,
                "C",
                "T",
            ],
        ));
        let want = [
            None,
            Some(SkipReason::MissingAlt),
            Some(SkipReason::Overlapping),
            Some(SkipReason::Symbolic),
            Some(SkipReason::Symbolic),
            Some(SkipReason::Symbolic),
            Some(SkipReason::Symbolic),
            Some(SkipReason::Breakend),
            Some(SkipReason::Breakend),
            Some(SkipReason::Breakend),
            Some(SkipReason::Breakend),
            Some(SkipReason::NonAcgt),
            Some(SkipReason::NonAcgt),
            Some(SkipReason::TooLong),
            Some(SkipReason::SameAsRef),
            Some(SkipReason::Duplicate),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn position_0_is_out_of_the_contig() {
        let mut telomere = record("C", &["T"]);
        telomere.pos = None;
        assert_eq!(reasons(&telomere), [Some(SkipReason::OutOfContig)]);
    }

    #[test]
    fn an_array_row_takes_its_alternates_from_the_reference() {
        let mut row = record("C", &[]);
        row.reference = None;
        row.call = Some(ArrayCall::Bases("GT".to_owned()));
        assert_eq!(reasons(&row), [Some(SkipReason::NoReferenceAllele)]);
        let mut two = row.clone();
        two.set_reference_base('a');
        assert_eq!(two.alternates, ["G", "T"]);
        let mut one = row.clone();
        one.set_reference_base('G');
        assert_eq!(one.alternates, ["T"]);
        row.call = Some(ArrayCall::Bases("GG".to_owned()));
        row.set_reference_base('N');
        assert!(row.needs_reference());
        row.set_reference_base('G');
        assert_eq!(reasons(&row), [Some(SkipReason::SameAsRef)]);
    }

    #[test]
    fn debug_shows_no_genotype() {
        let mut row = record("C", &["T"]);
        row.raw = Some("1\t7\t.\tC\tT\t.\t.\t.\tGT\t0/1".into());
        row.call = Some(ArrayCall::Bases("CT".to_owned()));
        let text = format!("{row:?}");
        assert!(!text.contains("0/1") && !text.contains("CT"), "{text}");
    }
}
