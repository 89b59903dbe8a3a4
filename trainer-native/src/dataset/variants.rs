//! Variants with what is known about them: how common they are, and what clinics say.

use crate::output::io_error;
use genolewm_shared::contig::common_form;
use genolewm_shared::edit::EditSpec;
use genolewm_shared::evaluation::ClinicalLabel;
use genolewm_shared::position::Interval;
use genolewm_shared::source::{AlleleOutcome, VariantReader, VariantRecord};
use genolewm_shared::{Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// From this frequency on a variant counts as common (contract, section 6).
pub const COMMON_AF: f64 = 0.01;

/// A clinical classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Significance {
    /// Pathogenic.
    P,
    /// Likely pathogenic.
    Lp,
    /// Benign.
    B,
    /// Likely benign.
    Lb,
    /// Of uncertain significance.
    Vus,
    /// Submissions on both sides, or said to conflict.
    Conflicting,
    /// Anything else: drug response, risk factor, not provided.
    Other,
}

impl Significance {
    /// Reads `CLNSIG` in any case, with submissions between `| , / ; &`; the stronger of two
    /// classes on one side counts, and a clear class outweighs uncertain submissions only where
    /// `class`, a summary in the file (`P/LP`, `B/LB`, `VUS`, `conflict`, `other`), says so.
    ///
    /// ```
    /// use genolewm::dataset::variants::Significance;
    /// let read = Significance::parse;
    /// assert_eq!(read("Likely_pathogenic|Pathogenic", None), Significance::P);
    /// assert_eq!(read("benign|pathogenic", None), Significance::Conflicting);
    /// assert_eq!(read("likely_benign|Uncertain_significance", None), Significance::Vus);
    /// assert_eq!(read("likely_benign|Uncertain_significance", Some("B/LB")), Significance::Lb);
    /// ```
    #[must_use]
    pub fn parse(clnsig: &str, class: Option<&str>) -> Self {
        let text = clnsig.to_ascii_lowercase().replace(' ', "_");
        let terms: Vec<&str> = text
            .split(['|', ',', '/', ';', '&'])
            .map(|term| term.trim_matches('_'))
            .collect();
        let says = |words: [&str; 2]| terms.iter().any(|term| words.contains(term));
        let pathogenic = says(["pathogenic", "likely_pathogenic"]);
        let benign = says(["benign", "likely_benign"]);
        let uncertain = says(["uncertain_significance", "vus"]);
        let harm = if says(["pathogenic", "pathogenic"]) {
            Self::P
        } else {
            Self::Lp
        };
        let harmless = if says(["benign", "benign"]) {
            Self::B
        } else {
            Self::Lb
        };
        match class {
            Some("P/LP") => return harm,
            Some("B/LB") => return harmless,
            Some("VUS") => return Self::Vus,
            Some("conflict") => return Self::Conflicting,
            Some("other") => return Self::Other,
            _ => {}
        }
        match (pathogenic, benign, uncertain) {
            _ if terms.iter().any(|term| term.starts_with("conflicting")) => Self::Conflicting,
            (true, true, _) => Self::Conflicting,
            (_, _, true) => Self::Vus,
            (true, false, false) => harm,
            (false, true, false) => harmless,
            (false, false, false) => Self::Other,
        }
    }

    /// The side in an evaluation; `None` for everything that takes none.
    #[must_use]
    pub const fn label(self) -> Option<ClinicalLabel> {
        match self {
            Self::P | Self::Lp => Some(ClinicalLabel::Pathogenic),
            Self::B | Self::Lb => Some(ClinicalLabel::Benign),
            Self::Vus | Self::Conflicting | Self::Other => None,
        }
    }
}

/// A variant and what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledVariant {
    /// The variant, with the contig as its file names it.
    pub edit: EditSpec,
    /// Frequency of the alternate allele, 0 to 1.
    pub af: Option<f64>,
    /// Clinical classification.
    pub significance: Option<Significance>,
    /// Gene symbol.
    pub gene: Option<String>,
    /// ClinVar's review stars, 0 to 4.
    pub stars: Option<u8>,
    /// Whether FILTER is `PASS` or absent.
    pub passed: bool,
}

impl LabelledVariant {
    /// Whether it may serve as a common, presumably harmless variant.
    #[must_use]
    pub fn is_common(&self) -> bool {
        self.passed && self.af.is_some_and(|af| af >= COMMON_AF)
    }
}

/// Variants of one file, and the alleles left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VariantSet {
    /// In the file's order.
    pub variants: Vec<LabelledVariant>,
    /// Alleles that cannot be scored, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
}

/// Reads a VCF, plain, gzip or bgzip, with the frequencies and classes of its INFO column.
///
/// Frequency: `AF`; else 1000 Genomes' `MAF_1kg` through `MA_1kg`; else gnomAD's `AF_gnomADe`; else
/// the mean over `AF_1kg_*`. Class: `CLNSIG` and `CLASS`. Gene: `GENEINFO` up to its colon.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.VCF_PARSE` where it is malformed.
pub fn read_variants(path: &Path) -> Result<VariantSet> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| io_error(&name, &error))?;
    let mut reader = VariantReader::open(Box::new(file), &name)?;
    let mut set = VariantSet::default();
    while let Some(record) = reader.next_record()? {
        for (index, outcome) in record.alleles().into_iter().enumerate() {
            match outcome {
                AlleleOutcome::Candidate(edit) => set.variants.push(labelled(&record, index, edit)),
                AlleleOutcome::Skipped(reason) => {
                    *set.skipped.entry(reason.as_str()).or_default() += 1
                }
            }
        }
    }
    Ok(set)
}

fn labelled(record: &VariantRecord, allele: usize, edit: EditSpec) -> LabelledVariant {
    let filter = record
        .raw
        .as_deref()
        .and_then(|line| line.split('\t').nth(6))
        .unwrap_or(".");
    LabelledVariant {
        af: frequency(record, allele, &edit),
        significance: record
            .info("CLNSIG")
            .map(|text| Significance::parse(text, record.info("CLASS"))),
        gene: record
            .info("GENEINFO")
            .map(|text| text.split([':', '|']).next().unwrap_or(text).to_owned()),
        stars: record.info("STARS").and_then(|text| text.parse().ok()),
        passed: matches!(filter, "PASS" | "."),
        edit,
    }
}

fn frequency(record: &VariantRecord, allele: usize, edit: &EditSpec) -> Option<f64> {
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|af| (0.0..=1.0).contains(af))
    };
    let of_allele = |key: &str| record.info(key)?.split(',').nth(allele).and_then(number);
    let minor = || {
        let maf = record.info("MAF_1kg").and_then(number)?;
        let minor = record.info("MA_1kg")?;
        match record.alternates.len() {
            _ if minor == edit.alternate() => Some(maf),
            1 if minor == edit.reference() => Some(1.0 - maf),
            _ => None,
        }
    };
    let populations = || {
        let found: Vec<f64> = ["afr", "amr", "eas", "eur", "sas"]
            .iter()
            .filter_map(|p| of_allele(&format!("AF_1kg_{p}")))
            .collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
    };
    of_allele("AF")
        .or_else(minor)
        .or_else(|| of_allele("AF_gnomADe"))
        .or_else(populations)
}

/// Variants by place. Contig names are compared in their common form (`chr17` is `17`).
#[derive(Debug, Clone, Default)]
pub struct VariantIndex {
    by_contig: BTreeMap<String, Vec<EditSpec>>,
}

impl VariantIndex {
    /// Sorts variants by place; of two alike one is kept.
    #[must_use]
    pub fn new<'a>(variants: impl IntoIterator<Item = &'a LabelledVariant>) -> Self {
        let mut by_contig: BTreeMap<String, Vec<EditSpec>> = BTreeMap::new();
        for variant in variants {
            by_contig
                .entry(common_form(variant.edit.chrom()))
                .or_default()
                .push(variant.edit.clone());
        }
        for edits in by_contig.values_mut() {
            let key = |edit: &EditSpec| {
                (
                    edit.pos(),
                    edit.reference().to_owned(),
                    edit.alternate().to_owned(),
                )
            };
            edits.sort_by_key(key);
            edits.dedup_by_key(|edit| key(edit));
        }
        Self { by_contig }
    }

    /// The variants whose reference bases all lie in `span` of a contig.
    pub fn within(&self, contig: &str, span: Interval) -> impl Iterator<Item = &EditSpec> {
        let edits = self
            .by_contig
            .get(&common_form(contig))
            .map_or(&[][..], Vec::as_slice);
        let first = edits.partition_point(|edit| edit.pos().offset() < span.start);
        edits[first..]
            .iter()
            .take_while(move |edit| edit.pos().offset() < span.end)
            .filter(move |edit| {
                edit.pos().offset().get() + edit.reference().len() as u64 <= span.end.get()
            })
    }

    /// Number of variants.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_contig.values().map(Vec::len).sum()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_contig.is_empty()
    }
}

/// Refuses a set that holds nothing to work with, naming what was looked for.
///
/// # Errors
/// `EVAL.DATASET` when `variants` is empty.
pub fn require_some<T>(variants: &[T], wanted: &str) -> Result<()> {
    if variants.is_empty() {
        return Err(Error::new(
            ErrorCode::EvalDataset,
            format!("the files hold no {wanted}"),
        )
        .with_remedy("check the INFO fields AF, CLNSIG and CLASS of the variant files"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_shared::position::BpOffset;

    const HEADER: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

    fn read(rows: &[&str]) -> VariantSet {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines: String = rows
            .iter()
            .map(|row| row.replace(' ', "\t") + "\n")
            .collect();
        std::fs::write(file.path(), HEADER.to_owned() + &lines).unwrap();
        read_variants(file.path()).unwrap()
    }

    #[test]
    fn frequencies_come_from_whatever_the_file_has() {
        let set = read(&[
            "chr1 5 . A C,G,<DEL> . PASS AF=0.2,0.004,0.1",
            "chr1 6 . A C . q10 AF=0.5",
            "chr1 7 . A C . . MAF_1kg=0.3;MA_1kg=A",
            "chr1 8 . A C . . MAF_1kg=0.3;MA_1kg=C;AF_gnomADe=0.9",
            "chr1 9 . A C . . AF_gnomADe=0.25",
            "chr1 10 . A C . . AF_1kg_afr=0.1;AF_1kg_eur=0.3",
            "chr1 11 . A C . . .",
            "chr1 12 . A C . . AF=-nan",
        ]);
        let af: Vec<Option<f64>> = set.variants.iter().map(|variant| variant.af).collect();
        let expected = [
            Some(0.2),
            Some(0.004),
            Some(0.5),
            Some(0.7),
            Some(0.3),
            Some(0.25),
            Some(0.2),
            None,
            None,
        ];
        assert_eq!(af, expected);
        let common: Vec<bool> = set
            .variants
            .iter()
            .map(LabelledVariant::is_common)
            .collect();
        assert_eq!(
            common,
            [true, false, false, true, true, true, true, false, false]
        );
        assert_eq!(set.skipped.get("symbolic"), Some(&1));
    }

    #[test]
    fn classes_take_a_side_or_none() {
        let set = read(&[
            "17 5 . A C . . CLNSIG=Pathogenic|Uncertain_significance;CLASS=P/LP;GENEINFO=BRCA1:672",
            "17 6 . A C . . CLNSIG=Conflicting_interpretations;GENEINFO=BRCA1;STARS=1",
            "17 7 . A C . . AF=0.1",
        ]);
        let classes: Vec<Option<Significance>> = set
            .variants
            .iter()
            .map(|variant| variant.significance)
            .collect();
        assert_eq!(
            classes,
            [Some(Significance::P), Some(Significance::Conflicting), None]
        );
        assert_eq!(set.variants[0].gene.as_deref(), Some("BRCA1"));
        assert_eq!(set.variants[1].stars, Some(1));
        assert_eq!(Significance::Lb.label(), Some(ClinicalLabel::Benign));
        assert_eq!(
            Significance::parse("drug_response", None),
            Significance::Other
        );
        assert!(
            require_some(&classes, "classes").is_ok()
                && require_some::<u8>(&[], "classes").is_err()
        );
    }

    #[test]
    fn variants_are_found_inside_a_span_under_any_contig_name() {
        let set = read(&[
            "chr1 5 . ACG A . . .",
            "chr1 5 . ACG A . . .",
            "chr1 9 . A C . . .",
            "chr2 5 . A C . . .",
        ]);
        let index = VariantIndex::new(&set.variants);
        let count = |contig: &str, start: u64, end: u64| {
            index
                .within(
                    contig,
                    Interval::new(BpOffset(start), BpOffset(end)).unwrap(),
                )
                .count()
        };
        assert_eq!(index.len(), 3);
        assert_eq!(
            (
                count("1", 4, 9),
                count("1", 4, 6),
                count("chr1", 5, 9),
                count("3", 0, 99)
            ),
            (2, 0, 1, 0)
        );
    }
}
