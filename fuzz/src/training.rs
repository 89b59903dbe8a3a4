//! What is trained and evaluated on, and the program's own files.

use crate::reader::{Read, judge, with_file};
use clap::CommandFactory;
use genolewm_cli::Cli;
use genolewm_cli::common::config;
use genolewm_core::edit::{AlleleForm, VariantSpelling};
use genolewm_core::{ErrorCode, Result};
use genolewm_data::cache::{CachedDtype, CachedPool, WindowCache, WindowCacheKey};
use genolewm_data::corpus::table::read_corpus_table;
use genolewm_data::files::fasta::each_record;
use genolewm_data::files::maf::each_block;
use genolewm_data::files::package::DatasetPackage;
use genolewm_data::files::records::{RecordOptions, RecordReader};
use genolewm_data::genome::exon_table::read_exon_table;
use genolewm_data::genome::gff::read_gff3;
use genolewm_data::genome::repeats::read_repeats;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::variants::read_variants;
use genolewm_evaluate::score_files::jsonl::{LabelKind, read_labels, read_scores};
use genolewm_export::torch::TorchCheckpoint;
use genolewm_report::metrics::read_metrics;
use genolewm_train::package::{Training, definition, read};
use genolewm_train::run_dir::Checkpoint;
use std::path::Path;

pub(crate) const TARGETS: &[(&str, Read)] = &[
    ("fasta", |bytes| {
        with_file("a.fa", bytes, |path| each_record(path, |_, _| Ok(())))
    }),
    ("records_jsonl", |bytes| {
        with_file("a.jsonl", bytes, records)
    }),
    ("records_parquet", |bytes| {
        with_file("a.parquet", bytes, records)
    }),
    ("alignment", |bytes| with_file("a.maf", bytes, alignment)),
    ("gff", |bytes| {
        with_file("a.gff3", bytes, |path| read_gff3(path).map(drop))
    }),
    ("gtf", |bytes| {
        with_file("a.gtf", bytes, |path| read_gff3(path).map(drop))
    }),
    ("exons", |bytes| {
        with_file("exons.tsv", bytes, |path| read_exon_table(path).map(drop))
    }),
    ("holdout", |bytes| {
        with_file("a.bed", bytes, |path| HoldoutPolicy::read(path).map(drop))
    }),
    ("repeats", |bytes| {
        with_file("a.bed", bytes, |path| read_repeats(path).map(drop))
    }),
    ("corpus", |bytes| {
        with_file("corpus.tsv", bytes, |path| {
            read_corpus_table(path).map(drop)
        })
    }),
    ("common_variants", |bytes| {
        with_file("a.vcf", bytes, common_variants)
    }),
    ("shard", |bytes| {
        with_file("a.parquet", bytes, common_variants)
    }),
    ("package", |bytes| {
        with_file("dataset_manifest.json", bytes, package)
    }),
    ("cache_index", |bytes| {
        with_file("embeddings/index.sqlite", bytes, cache_index)
    }),
    ("labels", |bytes| with_file("a.jsonl", bytes, labels)),
    ("checkpoint", |bytes| {
        with_file("a.safetensors", bytes, |path| {
            Checkpoint::load(path).map(drop)
        })
    }),
    ("torch_checkpoint", |bytes| {
        TorchCheckpoint::parse(bytes).map(drop)
    }),
    ("python_config", |bytes| {
        with_file("a.yaml", bytes, |path| {
            Training::of(&read(path)?, None).map(drop)
        })
    }),
    ("configuration", |bytes| {
        let written = ["a.yaml", "a.toml", "a.json"];
        let answers = written.map(|name| with_file(name, bytes, configuration));
        let judged = answers.into_iter().inspect(|answer| {
            answer.as_ref().err().map(judge);
        });
        judged.reduce(Result::or).unwrap_or(Ok(()))
    }),
    ("metrics", |bytes| {
        with_file("metrics.jsonl", bytes, |path| read_metrics(path).map(drop))
    }),
];

fn records(path: &Path) -> Result<()> {
    let lenient = RecordOptions {
        skip_invalid: true,
        ..RecordOptions::default()
    };
    RecordReader::open(path, &lenient)?.try_for_each(|record| record.map(drop))?;
    RecordReader::open(path, &RecordOptions::default())?.try_for_each(|record| record.map(drop))
}

fn alignment(path: &Path) -> Result<()> {
    each_block(path, |rows| {
        rows.iter().try_for_each(|row| row.forward().map(drop))
    })
}

fn common_variants(path: &Path) -> Result<()> {
    read_variants(path, AlleleForm::Canonical, ErrorCode::TrainingDataloader).map(drop)
}

fn package(path: &Path) -> Result<()> {
    DatasetPackage::open(path.parent().unwrap_or(path)).map(drop)
}

/// The index of a window cache, which is asked for a key.
fn cache_index(path: &Path) -> Result<()> {
    let key = WindowCacheKey {
        window_hash: [0; 32],
        encoder_hash: [0; 32],
        state_layer: -1,
        pool_type: CachedPool::CenteredMean,
        pool_radius: 8,
        center_token: Some(1),
        dtype: CachedDtype::Fp32,
    };
    let root = path.ancestors().nth(2).unwrap_or(path);
    WindowCache::new(root).get(&key).map(drop)
}

fn labels(path: &Path) -> Result<()> {
    let change = &mut |variant: &VariantSpelling| Ok(variant.trimmed());
    let clinical = read_labels(path, LabelKind::Clinical, change).map(drop);
    let labels = read_labels(path, LabelKind::Number("score"), change)?;
    read_scores(path, &["score"], &labels, None, change).map(drop)?;
    clinical
}

/// A configuration of the command line, in the format that its name tells.
fn configuration(path: &Path) -> Result<()> {
    let args = [
        "genolewm".into(),
        "score".into(),
        "--config".into(),
        path.into(),
    ];
    let (program, package) = (Cli::command(), definition());
    let definitions = config::Definitions::of(&program, &package);
    let (path, none) = (["score".to_owned()], std::iter::empty());
    config::Configuration::load(&args, none, &path, &program, &definitions)?
        .flags()
        .map(drop)
}
