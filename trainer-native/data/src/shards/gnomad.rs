//! gnomAD: variants by how common they are.

use super::columns::{Cell, Column, ColumnKind};
use super::prepare::{PrepareRequest, check_allele_limit, prepare};
use super::report::PrepareReport;
use super::rows::{Cells, Rows, ShardRow};
use super::sites::{Rules, Skip, VcfSite};
use genolewm_core::edit::MAX_ALLELE_BP;
use genolewm_core::position::Position;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// The populations whose frequencies a shard has, in its order.
pub const POPULATIONS: [&str; 9] = [
    "afr", "ami", "amr", "asj", "eas", "fin", "nfe", "oth", "sas",
];

/// Their columns.
const POPULATION_COLUMNS: [&str; 9] = [
    "af_afr", "af_ami", "af_amr", "af_asj", "af_eas", "af_fin", "af_nfe", "af_oth", "af_sas",
];

/// FILTER of a site that passed. `.`, not filtered at all, does not count.
const PASS: &str = "PASS";

/// A row of a gnomAD shard.
#[derive(Debug, Clone, PartialEq)]
pub struct GnomadVariant {
    /// The contig, without `chr`.
    pub chrom: String,
    /// Position of the first reference base.
    pub pos: Position,
    /// The reference allele.
    pub reference: String,
    /// The alternate allele.
    pub alternate: String,
    /// Frequency in everybody, 0 to 1.
    pub af_global: f64,
    /// Frequency in each of [`POPULATIONS`], 0 to 1, where it is known.
    pub populations: [Option<f64>; 9],
    /// FILTER, which is `PASS`.
    pub filter: String,
}

/// Which variants are common enough, and can be edits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GnomadRules {
    /// Lowest frequency that is kept.
    pub min_af: f64,
    /// Longest allele that is kept, in bp.
    pub max_allele_bp: usize,
}

impl Default for GnomadRules {
    fn default() -> Self {
        Self {
            min_af: 0.01,
            max_allele_bp: MAX_ALLELE_BP,
        }
    }
}

impl GnomadRules {
    fn check(self) -> Result<Self> {
        check_allele_limit(self.max_allele_bp)?;
        if (0.0..=1.0).contains(&self.min_af) {
            return Ok(self);
        }
        Err(
            Error::new(ErrorCode::InputGeneric, "a frequency is between 0 and 1")
                .with_detail("min_af", self.min_af)
                .with_remedy("give --min-af as a fraction such as 0.01"),
        )
    }
}

/// Filters a VCF into `gnomad/RELEASE/variants.parquet` of a dataset. `stop` is asked after each
/// record whether to end early; the result is `None` then, and nothing is written.
///
/// # Errors
/// `INPUT.GENERIC` for rules or a release that make no sense and for a damaged shard that is there;
/// `INPUT.VCF_PARSE` where the VCF is malformed; `RESOURCE.*` when a file cannot be read or written.
pub fn prepare_gnomad_shard(
    request: &PrepareRequest<'_>,
    rules: GnomadRules,
    stop: &dyn Fn() -> bool,
) -> Result<Option<PrepareReport>> {
    prepare(request, rules.check()?, stop)
}

/// The variants of a VCF that a shard of it would hold.
///
/// # Errors
/// As [`prepare_gnomad_shard`], in the items too.
#[cfg(test)]
pub(super) fn iter_gnomad_vcf_variants(
    input_vcf: &Path,
    rules: GnomadRules,
) -> Result<impl Iterator<Item = Result<GnomadVariant>>> {
    super::sites::VcfRows::open(input_vcf, rules.check()?).map(|rows| rows.all())
}

/// The rows of a shard. `code` is that of errors about its content.
///
/// # Errors
/// `code` for a file that is no such shard or is damaged, in the items too; `RESOURCE.GENERIC` when
/// it cannot be read.
pub fn iter_gnomad_shard(
    path: &Path,
    code: ErrorCode,
) -> Result<impl Iterator<Item = Result<GnomadVariant>>> {
    Rows::<GnomadVariant>::open(path, code)
}

impl Rules for GnomadRules {
    type Row = GnomadVariant;
    const SKIPS: &'static [Skip] = &[Skip::Filter, Skip::Allele, Skip::Af];

    fn row(&self, site: &VcfSite<'_>, allele: usize) -> Result<Result<GnomadVariant, Skip>> {
        if site.filter != PASS {
            return Ok(Err(Skip::Filter));
        }
        if !site.has_bases(allele, self.max_allele_bp) {
            return Ok(Err(Skip::Allele));
        }
        let af = frequency(site, &["AF", "AF_global", "AF_GLOBAL"], allele);
        let Some(af_global) = af.filter(|af| *af >= self.min_af) else {
            return Ok(Err(Skip::Af));
        };
        Ok(Ok(GnomadVariant {
            chrom: site.contig.clone(),
            pos: site.pos,
            reference: site.reference.to_owned(),
            alternate: site.alternate(allele).to_owned(),
            af_global,
            populations: POPULATIONS.map(|population| {
                let upper = format!("AF_{}", population.to_ascii_uppercase());
                frequency(site, &[&format!("AF_{population}"), &upper], allele)
            }),
            filter: site.filter.to_owned(),
        }))
    }
}

/// The frequency of an allele; `None` where it is missing or none.
fn frequency(site: &VcfSite<'_>, keys: &[&str], allele: usize) -> Option<f64> {
    let af: f64 = site.info_of(keys, allele)?.parse().ok()?;
    (0.0..=1.0).contains(&af).then_some(af)
}

impl ShardRow for GnomadVariant {
    const FOLDER: &'static str = "gnomad";
    const COLUMNS: &'static [Column] = &[
        Column::required("chrom", ColumnKind::Text),
        Column::required("pos", ColumnKind::Integer),
        Column::required("ref", ColumnKind::Text),
        Column::required("alt", ColumnKind::Text),
        Column::required("af_global", ColumnKind::Number),
        Column::optional("af_afr", ColumnKind::Number),
        Column::optional("af_ami", ColumnKind::Number),
        Column::optional("af_amr", ColumnKind::Number),
        Column::optional("af_asj", ColumnKind::Number),
        Column::optional("af_eas", ColumnKind::Number),
        Column::optional("af_fin", ColumnKind::Number),
        Column::optional("af_nfe", ColumnKind::Number),
        Column::optional("af_oth", ColumnKind::Number),
        Column::optional("af_sas", ColumnKind::Number),
        Column::required("filter", ColumnKind::Text),
        Column::required("schema_version", ColumnKind::Text),
    ];

    fn read(cells: &Cells<'_>) -> Result<Self> {
        let mut populations = [None; 9];
        for (af, column) in populations.iter_mut().zip(POPULATION_COLUMNS) {
            *af = cells.optional_frequency(column)?;
        }
        Ok(Self {
            chrom: cells.text("chrom")?,
            pos: cells.position()?,
            reference: cells.text("ref")?,
            alternate: cells.text("alt")?,
            af_global: cells.frequency("af_global")?,
            populations,
            filter: cells.text("filter")?,
        })
    }

    fn allele(&self) -> (&str, Position, &str, &str) {
        (&self.chrom, self.pos, &self.reference, &self.alternate)
    }

    fn cell(&self, column: &str) -> Option<Cell> {
        let population = POPULATION_COLUMNS.iter().position(|name| *name == column);
        match (column, population) {
            ("af_global", _) => Some(Cell::Number(self.af_global)),
            ("filter", _) => Some(self.filter.as_str().into()),
            (_, Some(index)) => self.populations[index].map(Cell::Number),
            _ => None,
        }
    }
}
