//! ClinVar: variants by what clinics say of them.

use super::columns::{Cell, Column, ColumnKind};
use super::prepare::{PrepareRequest, check_allele_limit, prepare};
use super::report::PrepareReport;
use super::rows::{Cells, Rows, ShardRow};
use super::significance::Significance;
use super::sites::{Rules, Skip, VcfSite};
use crate::errors::input_error;
use genolewm_core::edit::MAX_ALLELE_BP;
use genolewm_core::error::Location;
use genolewm_core::position::Position;
use genolewm_core::source::SourceLine;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// A row of a ClinVar shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClinvarVariant {
    /// The contig, without `chr`.
    pub chrom: String,
    /// Position of the first reference base.
    pub pos: Position,
    /// The reference allele.
    pub reference: String,
    /// The alternate allele.
    pub alternate: String,
    /// What clinics say.
    pub clinical_significance: Significance,
    /// How far that was reviewed, in ClinVar's words; `unknown` where the file does not say.
    pub review_status: String,
    /// Symbol of the first gene that is named.
    pub gene_symbol: Option<String>,
    /// ClinVar's number; 0 where the file has none.
    pub clinvar_id: i64,
}

/// What to do with a record that has no number of ClinVar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum MissingId {
    /// Fail at it, as the Python package does
    #[default]
    Refuse,
    /// Write 0
    Zero,
}

/// Which variants can be edits, and what release they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClinvarRules {
    /// Longest allele that is kept, in bp.
    pub max_allele_bp: usize,
    /// What to do without a number.
    pub missing_id: MissingId,
}

impl Default for ClinvarRules {
    fn default() -> Self {
        Self {
            max_allele_bp: MAX_ALLELE_BP,
            missing_id: MissingId::Refuse,
        }
    }
}

/// The rules, and the release that the header must not contradict.
struct Dated<'a> {
    rules: ClinvarRules,
    release: Option<&'a str>,
}

/// Normalises a VCF into `clinvar/RELEASE/variants.parquet` of a dataset. `stop` is asked after each
/// record whether to end early; the result is `None` then, and nothing is written.
///
/// # Errors
/// `INPUT.GENERIC` for rules or a release that make no sense, a release that is another date than the
/// header's `fileDate`, a record without a number (see [`MissingId`]) and a damaged shard that is
/// there; `INPUT.VCF_PARSE` where the VCF is malformed; `RESOURCE.*` when a file cannot be read or
/// written.
pub fn prepare_clinvar_shard(
    request: &PrepareRequest<'_>,
    rules: ClinvarRules,
    stop: &dyn Fn() -> bool,
) -> Result<Option<PrepareReport>> {
    check_allele_limit(rules.max_allele_bp)?;
    let release = Some(request.release);
    prepare(request, Dated { rules, release }, stop)
}

/// The variants of a VCF that a shard of it would hold.
///
/// # Errors
/// As [`prepare_clinvar_shard`], in the items too.
#[cfg(test)]
pub(super) fn iter_clinvar_vcf_variants(
    input_vcf: &Path,
    rules: ClinvarRules,
) -> Result<impl Iterator<Item = Result<ClinvarVariant>>> {
    check_allele_limit(rules.max_allele_bp)?;
    let release = None;
    super::sites::VcfRows::open(input_vcf, Dated { rules, release }).map(|rows| rows.all())
}

/// The rows of a shard. `code` is that of errors about its content.
///
/// # Errors
/// `code` for a file that is no such shard or is damaged, in the items too; `RESOURCE.GENERIC` when
/// it cannot be read.
pub fn iter_clinvar_shard(
    path: &Path,
    code: ErrorCode,
) -> Result<impl Iterator<Item = Result<ClinvarVariant>>> {
    Rows::<ClinvarVariant>::open(path, code)
}

/// The variants that take a side: P, LP, B and LB.
#[cfg(test)]
pub(super) fn label_set(variants: impl IntoIterator<Item = ClinvarVariant>) -> Vec<ClinvarVariant> {
    let sided = |variant: &ClinvarVariant| variant.clinical_significance.label().is_some();
    variants.into_iter().filter(sided).collect()
}

impl Rules for Dated<'_> {
    type Row = ClinvarVariant;
    const SKIPS: &'static [Skip] = &[Skip::Allele];

    fn check_header(&self, header: &[SourceLine], name: &str) -> Result<()> {
        let date = header
            .iter()
            .find_map(|line| line.strip_prefix("##fileDate="));
        match (self.release, date) {
            (Some(release), Some(date)) if is_another_date(release, date) => {
                Err(other_release(release, date, name))
            }
            _ => Ok(()),
        }
    }

    fn row(&self, site: &VcfSite<'_>, allele: usize) -> Result<Result<ClinvarVariant, Skip>> {
        if !site.has_bases(allele, self.rules.max_allele_bp) {
            return Ok(Err(Skip::Allele));
        }
        let clnsig = site.info_of(&["CLNSIG", "CLNSIGCONF"], allele);
        Ok(Ok(ClinvarVariant {
            chrom: site.contig.clone(),
            pos: site.pos,
            reference: site.reference.to_owned(),
            alternate: site.alternate(allele).to_owned(),
            clinical_significance: Significance::of_clnsig(clnsig.unwrap_or_default()),
            review_status: review_status(site),
            gene_symbol: gene(site),
            clinvar_id: self.id(site, allele)?,
        }))
    }
}

impl Dated<'_> {
    fn id(&self, site: &VcfSite<'_>, allele: usize) -> Result<i64> {
        let keys = ["CLNVID", "ALLELEID"].into_iter();
        let found = keys
            .filter_map(|key| site.info_of(&[key], allele))
            .chain(site.record.id.as_deref())
            .find_map(number);
        match (found, self.rules.missing_id) {
            (Some(id), _) => Ok(id),
            (None, MissingId::Zero) => Ok(0),
            (None, MissingId::Refuse) => Err(input_error(
                "the record has no number of ClinVar: no CLNVID, no ALLELEID, no numeric ID",
            )
            .at(site.location())
            .with_remedy("take ClinVar's own VCF, or write 0 with --missing-id zero")),
        }
    }
}

/// A number of ClinVar, as it is or as an accession such as `VCV000474907`.
fn number(text: &str) -> Option<i64> {
    let first = text.split([',', '|']).next()?;
    let accession = first.strip_prefix("VCV");
    let digits = accession.map_or(first, |number| number.split('.').next().unwrap_or(number));
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| are_digits)
}

fn review_status(site: &VcfSite<'_>) -> String {
    let status = site.info("CLNREVSTAT").filter(|text| !text.is_empty());
    status.map_or_else(|| "unknown".to_owned(), |text| text.replace("%20", "_"))
}

/// `BRCA1:672|NBR2:10230` names BRCA1.
fn gene(site: &VcfSite<'_>) -> Option<String> {
    let text = site.info("GENEINFO").filter(|text| *text != ".")?;
    let symbol = text.split(['|', ':']).next()?;
    (!symbol.is_empty()).then(|| symbol.to_owned())
}

/// Whether a release that is a date (`2026-04-15`, `2026-04`, `20260415`) is not that of the file.
fn is_another_date(release: &str, file: &str) -> bool {
    let digits = |text: &str| text.trim().replace('-', "");
    let (release, file) = (digits(release), digits(file));
    let is_date =
        |text: &str| matches!(text.len(), 6 | 8) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_date(&release) && is_date(&file) && !file.starts_with(&release)
}

fn other_release(release: &str, date: &str, name: &str) -> Error {
    let mut place = Location::line(name, 1);
    place.line = None;
    Error::new(ErrorCode::InputGeneric, "the file is of another release")
        .at(place)
        .with_detail("release", release)
        .with_detail("fileDate", date)
        .with_remedy("give the file's date with --release, or a label that is no date")
}

impl ShardRow for ClinvarVariant {
    const FOLDER: &'static str = "clinvar";
    const COLUMNS: &'static [Column] = &[
        Column::required("chrom", ColumnKind::Text),
        Column::required("pos", ColumnKind::Integer),
        Column::required("ref", ColumnKind::Text),
        Column::required("alt", ColumnKind::Text),
        Column::required("clinical_significance", ColumnKind::Text),
        Column::required("review_status", ColumnKind::Text),
        Column::optional("gene_symbol", ColumnKind::Text),
        Column::required("clinvar_id", ColumnKind::Integer),
        Column::required("schema_version", ColumnKind::Text),
    ];

    fn read(cells: &Cells<'_>) -> Result<Self> {
        Ok(Self {
            chrom: cells.text("chrom")?,
            pos: cells.position()?,
            reference: cells.text("ref")?,
            alternate: cells.text("alt")?,
            clinical_significance: cells.code("clinical_significance", Significance::by_name)?,
            review_status: cells.text("review_status")?,
            gene_symbol: cells.optional_text("gene_symbol"),
            clinvar_id: cells.integer("clinvar_id")?,
        })
    }

    fn allele(&self) -> (&str, Position, &str, &str) {
        (&self.chrom, self.pos, &self.reference, &self.alternate)
    }

    fn cell(&self, column: &str) -> Option<Cell> {
        match column {
            "clinical_significance" => Some(self.clinical_significance.as_str().into()),
            "review_status" => Some(self.review_status.as_str().into()),
            "gene_symbol" => self.gene_symbol.as_deref().map(Cell::from),
            "clinvar_id" => Some(Cell::Integer(self.clinvar_id)),
            _ => None,
        }
    }
}
