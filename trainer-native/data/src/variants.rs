//! Variants with what is known about them: how common they are, and what clinics say.

use crate::shards::{ShardKind, Significance, iter_clinvar_shard, iter_gnomad_shard, shard_kind};
use genolewm_core::bytes::Held;
use genolewm_core::contig::common_form;
use genolewm_core::edit::{AlleleForm, EditSpec, SkipReason, edit_of};
use genolewm_core::position::{Interval, Position};
use genolewm_core::source::{AlleleOutcome, VariantReader, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::open;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// From this frequency on a variant counts as common.
pub const COMMON_AF: f64 = 0.01;

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
    /// A variant of which nothing is known but that nothing speaks against it.
    fn of(edit: EditSpec) -> Self {
        Self {
            edit,
            af: None,
            significance: None,
            gene: None,
            stars: None,
            passed: true,
        }
    }

    fn held_bytes(&self) -> usize {
        let edit = &self.edit;
        let texts = edit.chrom().len() + edit.reference().len() + edit.alternate().len();
        size_of::<Self>() + texts + self.gene.as_ref().map_or(0, String::len)
    }

    /// Whether it may serve as a common, presumably harmless variant.
    #[must_use]
    pub fn is_common(&self) -> bool {
        self.is_at_least(COMMON_AF)
    }

    /// Whether nothing speaks against it and its frequency is known to be `af` or more.
    #[must_use]
    pub fn is_at_least(&self, af: f64) -> bool {
        self.passed && self.af.is_some_and(|known| known >= af)
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

/// Reads a VCF, plain, gzip or bgzip, with the frequencies and classes of its INFO column, or a
/// shard of gnomAD or ClinVar, with alleles in this form, as far as that takes no reference. `code` is
/// that of errors about a shard's content.
///
/// Frequency: `AF`; else 1000 Genomes' `MAF_1kg` through `MA_1kg`; else gnomAD's `AF_gnomADe`; else
/// the mean over `AF_1kg_*`. Class: `CLNSIG` and `CLASS`. Gene: `GENEINFO` up to its colon.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.VCF_PARSE` where a VCF is malformed, `code`
/// where a shard is damaged or has not the columns.
pub fn read_variants(path: &Path, form: AlleleForm, code: ErrorCode) -> Result<VariantSet> {
    match shard_kind(path, code)? {
        None => {
            let held = Held::of_variants(path);
            read_vcf_within(
                Box::new(open(path)?),
                &path.display().to_string(),
                form,
                held,
            )
        }
        Some(ShardKind::Gnomad) => read_gnomad(path, form, code),
        Some(ShardKind::Clinvar) => read_clinvar(path, form, code),
    }
}

/// As [`read_variants`] reads a VCF, from wherever it comes; `name` is what errors call it.
///
/// # Errors
/// `INPUT.VCF_PARSE` where it is malformed.
pub fn read_vcf(vcf: Box<dyn Read + Send>, name: &str, form: AlleleForm) -> Result<VariantSet> {
    read_vcf_within(vcf, name, form, Held::of_variants(Path::new(name)))
}

fn read_vcf_within(
    vcf: Box<dyn Read + Send>,
    name: &str,
    form: AlleleForm,
    mut held: Held,
) -> Result<VariantSet> {
    let mut reader = VariantReader::open(vcf, name)?;
    let mut set = VariantSet::default();
    while let Some(record) = reader.next_record()? {
        for (index, outcome) in record.alleles(form).into_iter().enumerate() {
            let outcome = match outcome {
                AlleleOutcome::Candidate(edit) => Ok(edit),
                AlleleOutcome::Skipped(reason) => Err(reason),
            };
            set.add(&mut held, outcome, |edit| labelled(&record, index, edit))?;
        }
    }
    Ok(set)
}

fn read_gnomad(path: &Path, form: AlleleForm, code: ErrorCode) -> Result<VariantSet> {
    let (mut set, mut held) = (VariantSet::default(), Held::of_variants(path));
    for row in iter_gnomad_shard(path, code)? {
        let row = row?;
        let outcome = edit_of(&row.chrom, row.pos, &row.reference, &row.alternate, form);
        set.add(&mut held, outcome, |edit| LabelledVariant {
            af: Some(row.af_global),
            passed: matches!(row.filter.as_str(), "PASS" | "."),
            ..LabelledVariant::of(edit)
        })?;
    }
    Ok(set)
}

fn read_clinvar(path: &Path, form: AlleleForm, code: ErrorCode) -> Result<VariantSet> {
    let (mut set, mut held) = (VariantSet::default(), Held::of_variants(path));
    for row in iter_clinvar_shard(path, code)? {
        let row = row?;
        let outcome = edit_of(&row.chrom, row.pos, &row.reference, &row.alternate, form);
        set.add(&mut held, outcome, |edit| LabelledVariant {
            significance: Some(row.clinical_significance),
            gene: row.gene_symbol,
            ..LabelledVariant::of(edit)
        })?;
    }
    Ok(set)
}

impl VariantSet {
    fn add(
        &mut self,
        held: &mut Held,
        outcome: Result<EditSpec, SkipReason>,
        label: impl FnOnce(EditSpec) -> LabelledVariant,
    ) -> Result<()> {
        match outcome {
            Ok(edit) => {
                let variant = label(edit);
                held.add(variant.held_bytes())?;
                self.variants.push(variant);
            }
            Err(reason) => {
                *self.skipped.entry(reason.as_str()).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// An allele of a record, counted from 0, with what the INFO column says of it; see
/// [`read_variants`].
#[must_use]
pub fn labelled(record: &VariantRecord, allele: usize, edit: EditSpec) -> LabelledVariant {
    let filter = record
        .raw
        .as_deref()
        .and_then(|line| line.split('\t').nth(6))
        .unwrap_or(".");
    LabelledVariant {
        af: frequency(record, allele),
        significance: of_allele(record, allele, "CLNSIG")
            .map(|text| Significance::summarised(text, of_allele(record, allele, "CLASS"))),
        gene: record
            .info("GENEINFO")
            .map(|text| text.split([':', '|']).next().unwrap_or(text).to_owned()),
        stars: record.info("STARS").and_then(|text| text.parse().ok()),
        passed: matches!(filter, "PASS" | "."),
        edit,
    }
}

/// What a field says of one allele: its own entry where there is one for each, else all of it, since
/// ClinVar has commas inside its terms too. Nothing for an entry of `.`.
fn of_allele<'r>(record: &'r VariantRecord, allele: usize, key: &str) -> Option<&'r str> {
    let text = record.info(key)?;
    let each = record.alternates.len() > 1 && text.split(',').count() == record.alternates.len();
    let own = if each {
        text.split(',').nth(allele)?
    } else {
        text
    };
    (own != ".").then_some(own)
}

fn frequency(record: &VariantRecord, allele: usize) -> Option<f64> {
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|af| (0.0..=1.0).contains(af))
    };
    let of_allele = |key: &str| record.info(key)?.split(',').nth(allele).and_then(number);
    let minor = || {
        let maf = record.info("MAF_1kg").and_then(number)?;
        let minor = record.info("MA_1kg")?;
        let is = |allele: Option<&String>| allele.is_some_and(|allele| allele == minor);
        match record.alternates.len() {
            _ if is(record.alternates.get(allele)) => Some(maf),
            1 if is(record.reference.as_ref()) => Some(1.0 - maf),
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
        Self::of_edits(variants.into_iter().map(|variant| variant.edit.clone()))
    }

    /// The same of edits of which nothing else is known.
    #[must_use]
    pub fn of_edits(edits: impl IntoIterator<Item = EditSpec>) -> Self {
        let mut by_contig: BTreeMap<String, Vec<EditSpec>> = BTreeMap::new();
        for edit in edits {
            by_contig
                .entry(common_form(edit.chrom()))
                .or_default()
                .push(edit);
        }
        for edits in by_contig.values_mut() {
            fn key(edit: &EditSpec) -> (Position, &str, &str) {
                (edit.pos(), edit.reference(), edit.alternate())
            }
            edits.sort_by(|a, b| key(a).cmp(&key(b)));
            edits.dedup_by(|a, b| key(a) == key(b));
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
            .filter(move |edit| span.covers(edit.span()))
    }

    /// The variant of this number, counted by contig and place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&EditSpec> {
        self.by_contig.values().flatten().nth(index)
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

/// Refuses an index that holds nothing to work with, naming what was looked for.
///
/// # Errors
/// `code` when `variants` is empty.
pub fn require_some(variants: &VariantIndex, wanted: &str, code: ErrorCode) -> Result<()> {
    if variants.is_empty() {
        return Err(
            Error::new(code, format!("the files hold no {wanted}")).with_remedy(
                "check the INFO fields AF, CLNSIG and CLASS of the variant files, and which kind of \
                 shard they are",
            ),
        );
    }
    Ok(())
}

#[cfg(test)]
#[path = "variants_tests.rs"]
mod tests;
