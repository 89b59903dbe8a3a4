//! The table that says which sequence files a corpus is made of.

use super::fasta::open_text;
use crate::output::io_error;
use genolewm_shared::error::Location;
use genolewm_shared::{Error, ErrorCode, Result};
use std::io::BufRead;
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

/// One sequence file of a corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct CorpusSource {
    /// FASTA, plain, gzip or bgzip.
    pub path: PathBuf,
    /// How often a position of this file is drawn, against one of a file of weight 1.
    pub weight: f64,
    /// What windows may run across.
    pub joining: Joining,
    /// A BED file; only what it lists is used (for validation on held-out regions).
    pub only: Option<PathBuf>,
}

/// Reads a corpus table: tab-separated path, weight, `record` or `file`, and optionally the BED
/// file of the parts to use (`.` for all). `#` starts a comment.
///
/// Relative paths of sequence files start from `$GENOLEWM_DATA` when it is set, else from the
/// table's directory; those of BED files always from the table's directory.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read, `CONFIG.GENERIC` with the line when it is malformed
/// or lists nothing.
pub fn read_corpus_table(path: &Path) -> Result<Vec<CorpusSource>> {
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let data =
        std::env::var_os(DATA_DIRECTORY_VARIABLE).map_or_else(|| beside.clone(), PathBuf::from);
    let name = path.display().to_string();
    let mut sources = Vec::new();
    for (index, line) in open_text(path)?.lines().enumerate() {
        let line = line.map_err(|error| io_error(&name, &error))?;
        let line = line.split('#').next().unwrap_or_default().trim_end();
        if line.is_empty() {
            continue;
        }
        sources.push(parse_line(line, &data, &beside).ok_or_else(|| {
            Error::new(
                ErrorCode::ConfigGeneric,
                "a corpus line is not `path weight record|file [bed]`",
            )
            .at(Location::line(&name, index as u64 + 1).column(1, line))
            .with_remedy("separate the columns by tabs; the weight is a positive number")
        })?);
    }
    if sources.is_empty() {
        return Err(Error::new(
            ErrorCode::ConfigGeneric,
            format!("{name}: the corpus lists no files"),
        ));
    }
    Ok(sources)
}

fn parse_line(line: &str, data: &Path, beside: &Path) -> Option<CorpusSource> {
    let mut fields = line.split('\t');
    let path = data.join(fields.next()?);
    let weight = fields
        .next()?
        .parse()
        .ok()
        .filter(|weight: &f64| weight.is_finite() && *weight > 0.0)?;
    let joining = match fields.next()? {
        "record" => Joining::Record,
        "file" => Joining::File,
        _ => return None,
    };
    let only = fields
        .next()
        .filter(|&bed| bed != ".")
        .map(|bed| beside.join(bed));
    fields.next().is_none().then_some(CorpusSource {
        path,
        weight,
        joining,
        only,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (2.0, Joining::Record)
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
