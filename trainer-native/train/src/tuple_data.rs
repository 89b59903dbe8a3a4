//! Data settings of the stages that train a predictor: corpus, hold-outs, variants to draw edits from.

use super::pairs::PairSources;
use super::run_dir::DataFile;
use clap::Args;
use genolewm_core::Result;
use genolewm_data::corpus::{Corpus, read_corpus_table};
use genolewm_data::edits::annotated::{DeepIntrons, IntronEdits, synonymous};
use genolewm_data::edits::mix::{EditMix, EditProviders, EditSource, NamedCount, NamedFallback};
use genolewm_data::edits::provider::ObservedVariants;
use genolewm_data::edits::synthetic::SyntheticShape;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::holdout::lists::HoldoutFiles;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What windows and edits are drawn from, and what never is.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct TupleData {
    /// Table of sequence sources (path and weight)
    #[arg(long, value_name = "TSV")]
    pub corpus: PathBuf,
    /// Regions that must never be trained on
    #[arg(long, value_name = "BED")]
    pub holdout: PathBuf,
    /// Variants that must never be trained on, one chrom:pos:ref:alt a line
    #[arg(long, value_name = "FILE")]
    pub holdout_edits: Option<PathBuf>,
    /// Names of records that must never be trained on, one a line
    #[arg(long, value_name = "FILE")]
    pub holdout_records: Option<PathBuf>,
    /// Variants with allele frequencies, a VCF or a gnomAD shard, of which the common ones are drawn;
    /// may be repeated
    #[arg(long, value_name = "FILE")]
    pub common: Vec<PathBuf>,
    /// Variants with clinical significance, a VCF or a ClinVar shard, of which the pathogenic ones are
    /// drawn; may be repeated
    #[arg(long, value_name = "FILE")]
    pub clinvar: Vec<PathBuf>,
    /// Tables of exons, of which synonymous substitutions and edits deep in introns are made up; may be repeated
    #[arg(long, value_name = "TSV")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exons: Vec<PathBuf>,
    /// Alignments of Hsap, Ptro, Ggor and Ppyg (MAF), of which the substitutions that became fixed in human or
    /// chimpanzee are drawn; may be repeated
    #[arg(long, value_name = "MAF")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primates: Vec<PathBuf>,
    /// How often each source is drawn, as primate_fixed=3; may be repeated. By itself gnomad_common=3,
    /// synthetic_snv=3, synthetic_indel=1 and clinvar=1; others are primate_fixed, synonymous, intron_snv and
    /// intron_indel
    #[arg(long, value_name = "SOURCE=NUMBER")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mix: Vec<NamedCount>,
    /// What stands in where a window has too few edits of a source, as gnomad_common=synthetic_snv or
    /// clinvar=none; may be repeated. By itself synthetic_snv stands in for clinvar, and for
    /// gnomad_common in windows without a place on a contig
    #[arg(long, value_name = "SOURCE=SOURCE")]
    pub fallback: Vec<NamedFallback>,
    /// Bases at either end of a window that no synthetic edit touches
    #[arg(long, value_name = "BP", default_value_t = 0)]
    #[serde(default, skip_serializing_if = "is_zero")]
    pub edge_margin: usize,
}

/// Of settings that are as they always were nothing is noted, so that older runs go on.
fn is_zero(bases: &usize) -> bool {
    *bases == 0
}

impl TupleData {
    /// What steps are drawn from.
    ///
    /// # Errors
    /// As reading the files that the settings name.
    pub fn sources(&self) -> Result<PairSources> {
        let files = HoldoutFiles {
            regions: &self.holdout,
            edits: self.holdout_edits.as_deref(),
            records: self.holdout_records.as_deref(),
        };
        self.sources_of(&self.corpus, files.read()?)
    }

    /// The same of another table of sequence, with other hold-outs.
    ///
    /// # Errors
    /// As [`sources`](Self::sources).
    pub fn sources_of(&self, table: &Path, holdout: HoldoutPolicy) -> Result<PairSources> {
        let shape = SyntheticShape::default().with_edge_margin(self.edge_margin);
        let corpus = Corpus::from_sources(&read_corpus_table(table)?, &holdout)?;
        Ok(PairSources {
            providers: self.providers(&corpus, shape)?,
            corpus,
            mix: EditMix {
                shape,
                ..self.edit_mix()?
            },
            holdout,
        })
    }

    /// How often edits of each source are drawn.
    ///
    /// # Errors
    /// As [`EditMix::with_counts`].
    pub fn edit_mix(&self) -> Result<EditMix> {
        let mix = EditMix::default().with_counts(&self.mix)?;
        Ok(mix.with_fallbacks(&self.fallback))
    }

    fn providers(&self, corpus: &Corpus, shape: SyntheticShape) -> Result<EditProviders> {
        let mut providers = EditProviders::new(
            ObservedVariants::common(&self.common)?,
            ObservedVariants::pathogenic(&self.clinvar)?,
            shape,
        );
        let fixed = ObservedVariants::fixed_among_primates(&self.primates)?;
        providers.set(EditSource::PrimateFixed, fixed);
        let introns = Arc::new(DeepIntrons::read(&self.exons)?);
        providers.set(EditSource::Synonymous, synonymous(&self.exons, corpus)?);
        providers.set(EditSource::IntronSnv, IntronEdits::snv(&introns));
        providers.set(EditSource::IntronIndel, IntronEdits::indel(&introns));
        Ok(providers)
    }

    /// The files that a model's manifest notes the hashes of, by name.
    #[must_use]
    pub fn named_files(&self) -> Vec<(&'static str, &PathBuf)> {
        let optional = [
            ("holdout_edits", &self.holdout_edits),
            ("holdout_records", &self.holdout_records),
        ];
        let given = optional.into_iter();
        [("corpus", &self.corpus), ("holdout", &self.holdout)]
            .into_iter()
            .chain(given.filter_map(|(name, path)| Some((name, path.as_ref()?))))
            .collect()
    }

    /// Every file of the data.
    ///
    /// # Errors
    /// As [`DataFile::corpus`].
    pub fn data_files(&self) -> Result<Vec<DataFile>> {
        let mut files = DataFile::corpus("corpus", &self.corpus)?;
        files.push(DataFile::holdout(&self.holdout));
        for (role, paths) in [
            ("holdout_edits", self.holdout_edits.as_slice()),
            ("holdout_records", self.holdout_records.as_slice()),
            ("common", &self.common),
            ("clinvar", &self.clinvar),
            ("exons", &self.exons),
            ("primates", &self.primates),
        ] {
            files.extend(paths.iter().map(|path| DataFile::new(role, path)));
        }
        Ok(files)
    }
}
