//! Corpus tables: which sequence files a corpus is made of, and how often each is drawn from.

use crate::errors::config_error;
use crate::files::lines::each_line;
use crate::files::records::RecordOptions;
use crate::files::source_mix::SourceClass;
use crate::files::subset::Subset;
use genolewm_core::bytes::Held;
use genolewm_core::{Error, Result};
use std::path::{Path, PathBuf};

/// The directory that the paths of a corpus table start from, where the environment names one.
pub const DATA_DIRECTORY_VARIABLE: &str = "GENOLEWM_DATA";

/// What a sampled window may run across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// Nothing: it lies inside one record, on known sequence.
    Record,
    /// The ends of records: they are pieces, in order or unrelated, shorter than a window.
    File,
}

/// How often a position of a file is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SourceWeight {
    /// So often, against one of a file of weight 1.
    Fixed(f64),
    /// As often as gives each class of source its share of the Carbon mix.
    Mix,
}

/// One sequence file of a corpus, or a dataset package.
#[derive(Debug, Clone, PartialEq)]
pub struct CorpusSource {
    /// FASTA or JSONL, plain, gzip or bgzip; Parquet; the directory of a dataset package.
    pub path: PathBuf,
    /// How often a position of it is drawn.
    pub weight: SourceWeight,
    /// What windows may run across.
    pub joining: Joining,
    /// A BED file; only what it lists is used (for validation on held-out regions).
    pub only: Option<PathBuf>,
    /// How its records are read.
    pub records: RecordOptions,
}

impl CorpusSource {
    /// All of a file, with the options that tables start from.
    #[must_use]
    pub fn new(path: PathBuf, weight: SourceWeight, joining: Joining) -> Self {
        Self {
            path,
            weight,
            joining,
            only: None,
            records: RecordOptions::default(),
        }
    }
}

/// Reads a corpus table: tab-separated path, weight (a number or `mix`), `record` or `file`, and
/// optionally the BED file of the parts to use (`.` for all) and options, each a column of its own:
///
/// | option | |
/// |---|---|
/// | `source=CLASS` | class of source of FASTA records and of rows without one |
/// | `subset=SHARE[:SEED]` | the share of the records that is used, chosen by their names |
/// | `invalid=skip` | invalid rows are left out |
/// | `sequence_field=`, `source_field=`, `id_field=` | names of columns in JSONL and Parquet |
///
/// `#` starts a comment. Relative paths of sequence files start from `$GENOLEWM_DATA` when it is
/// set, else from the table's directory; those of BED files always from the table's directory.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read, `CONFIG.GENERIC` with the line when it is malformed,
/// lists nothing, or has numbers and `mix` as weights.
pub fn read_corpus_table(path: &Path) -> Result<Vec<CorpusSource>> {
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let data =
        std::env::var_os(DATA_DIRECTORY_VARIABLE).map_or_else(|| beside.clone(), PathBuf::from);
    let mut sources: Vec<CorpusSource> = Vec::new();
    let mut held = Held::of(path);
    each_line(path, |line| {
        let line = line.split('#').next().unwrap_or_default().trim_end();
        if line.is_empty() {
            return Ok(());
        }
        let source = parse_line(line, &data, &beside)?;
        held.add(size_of::<CorpusSource>() + 2 * line.len())?;
        let by_mix = |source: &CorpusSource| source.weight == SourceWeight::Mix;
        let other = sources.last();
        if other.is_some_and(|other| by_mix(other) != by_mix(&source)) {
            return Err(config_error("a corpus has numbers and `mix` as weights")
                .with_remedy("use `mix` in every line or in none"));
        }
        sources.push(source);
        Ok(())
    })?;
    if sources.is_empty() {
        return Err(config_error(format!(
            "{}: the corpus lists no files",
            path.display()
        )));
    }
    Ok(sources)
}

fn parse_line(line: &str, data: &Path, beside: &Path) -> Result<CorpusSource> {
    let mut fields = line.split('\t').peekable();
    let mut next = || fields.next().ok_or_else(malformed);
    let path = data.join(next()?);
    let weight = parse_weight(next()?).ok_or_else(malformed)?;
    let joining = match next()? {
        "record" => Joining::Record,
        "file" => Joining::File,
        _ => return Err(malformed()),
    };
    let mut source = CorpusSource::new(path, weight, joining);
    if let Some(bed) = fields.next_if(|field| !is_option(field)) {
        source.only = (bed != ".").then(|| beside.join(bed));
    }
    for field in fields {
        let (key, value) = field.split_once('=').ok_or_else(malformed)?;
        set_option(&mut source.records, key, value)?;
    }
    Ok(source)
}

fn parse_weight(text: &str) -> Option<SourceWeight> {
    if text == "mix" {
        return Some(SourceWeight::Mix);
    }
    let weight: f64 = text.parse().ok()?;
    (weight.is_finite() && weight > 0.0).then_some(SourceWeight::Fixed(weight))
}

/// Whether a column is an option and not the name of a BED file.
fn is_option(field: &str) -> bool {
    let keys = ["source", "subset", "invalid"];
    let key = field.split_once('=').map(|(key, _)| key);
    key.is_some_and(|key| keys.contains(&key) || key.ends_with("_field"))
}

fn set_option(records: &mut RecordOptions, key: &str, value: &str) -> Result<()> {
    let wrong = || {
        config_error("an option of a corpus line is not known")
            .with_detail("option", format!("{key}={value}"))
            .with_remedy(
                "use source=CLASS, subset=SHARE[:SEED], invalid=skip, or sequence_field=, \
                 source_field= or id_field= with a column's name",
            )
    };
    let name = || match value {
        "" => Err(wrong()),
        name => Ok(name.to_owned()),
    };
    match key {
        "source" => {
            let class = value.parse::<SourceClass>().map_err(|_| wrong())?;
            records.default_source = Some(class);
        }
        "subset" => records.subset = Some(parse_subset(value).ok_or_else(wrong)?),
        "invalid" if value == "skip" => records.skip_invalid = true,
        "sequence_field" => records.fields.sequence = name()?,
        "source_field" => records.fields.source = name()?,
        "id_field" => records.fields.id = name()?,
        _ => return Err(wrong()),
    }
    Ok(())
}

fn parse_subset(text: &str) -> Option<Subset> {
    let (share, seed) = text.split_once(':').unwrap_or((text, "0"));
    Subset::new(share.parse().ok()?, seed.parse().ok()?).ok()
}

fn malformed() -> Error {
    config_error("a corpus line is not `path weight record|file [bed] [option=value …]`")
        .with_remedy("separate the columns by tabs; the weight is a positive number or `mix`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;

    fn table(text: &str) -> Result<Vec<CorpusSource>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("corpus.tsv");
        std::fs::write(&path, text).unwrap();
        read_corpus_table(&path)
    }

    #[test]
    fn options_follow_the_columns() {
        let text = "/a.jsonl\tmix\trecord\tsource=transcripts\tsubset=0.1:7\n\
                    /b.parquet\tmix\trecord\t.\tinvalid=skip\tsequence_field=text\n";
        let sources = table(text).unwrap();
        let [first, second] = [&sources[0].records, &sources[1].records];
        assert_eq!(sources[0].weight, SourceWeight::Mix);
        assert_eq!(first.default_source, Some(SourceClass::Mrna));
        assert_eq!(first.subset, Some(Subset::new(0.1, 7).unwrap()));
        assert_eq!((second.skip_invalid, first.skip_invalid), (true, false));
        assert_eq!(second.fields.sequence, "text");
        for bad in [
            "/a\t1\trecord\tsource=moss",
            "/a\t1\trecord\tsubset=2",
            "/a\t1\trecord\tinvalid=stop",
            "/a\t1\trecord\t.\tcolour=red",
            "/a\t1\trecord\tid_field=",
            "/a\t1\trecord\n/b\tmix\trecord",
        ] {
            let error = table(bad).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric, "{bad}");
            assert!(error.location().is_some(), "{bad}");
        }
    }

    #[test]
    fn tables_name_files_weights_and_joining() {
        let directory = tempfile::tempdir().unwrap();
        let table = directory.path().join("corpus.tsv");
        std::fs::write(
            &table,
            "# comment\n/a.fa\t2\trecord\n\n/b.fa.gz\t0.5\tfile\tpart.bed # why\n",
        )
        .unwrap();
        let sources = read_corpus_table(&table).unwrap();
        assert_eq!(sources.len(), 2);
        assert_eq!(
            (sources[0].weight, sources[0].joining),
            (SourceWeight::Fixed(2.0), Joining::Record)
        );
        assert_eq!(
            sources[1].only.as_deref(),
            Some(directory.path().join("part.bed").as_path())
        );
        for bad in [
            "/a.fa\t0\trecord",
            "/a.fa\t1",
            "/a.fa\tx\tfile",
            "/a.fa\t1\tboth",
            "# nothing",
        ] {
            std::fs::write(&table, bad).unwrap();
            assert_eq!(
                read_corpus_table(&table).unwrap_err().code(),
                ErrorCode::ConfigGeneric,
                "{bad}"
            );
        }
    }
}
