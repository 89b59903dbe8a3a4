//! The reader of variants, whatever the format.

use super::array::ArrayReader;
use super::detect::{SourceFormat, SourceKind, detect_kind};
use super::genotype::Reading;
use super::json::JsonReader;
use super::record::{SourceWarning, VariantRecord};
use super::vcf::VcfReader;
use crate::bytes::{ByteStream, Compression, Feed, LineReader, SourceLine};
use crate::contig::{AssemblyGuess, guess_assembly};
use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::io::Read;

/// Reads variants from any supported format, record by record.
///
/// ```
/// use genolewm_core::source::{SourceFormat, VariantReader};
/// let raw = "# 23andMe\n# rsid\tchromosome\tposition\tgenotype\nrs1\t17\t41196408\tAG\n";
/// let mut reader = VariantReader::open(Box::new(raw.as_bytes()), "genome.txt")?;
/// assert_eq!(reader.format(), SourceFormat::TwentyThreeAndMe);
/// while let Some(mut record) = reader.next_record()? {
///     record.set_reference_base('G');
///     assert_eq!(record.alternates, ["A"]);
/// }
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub struct VariantReader {
    inner: FormatReader,
    format: SourceFormat,
    evidence: String,
    /// Set at the end and by an error that nothing can follow.
    finished: bool,
}

enum FormatReader {
    Vcf(VcfReader),
    Array(ArrayReader),
    Json(JsonReader),
}

impl VariantReader {
    /// Opens a source and reads its header. `name` is what errors call it, `-` for standard input.
    ///
    /// # Errors
    /// `INPUT.VCF_PARSE` for content that is no variant file (with what it seems to be) and for a
    /// header that cannot be used; `INPUT.GENERIC` for damaged compressed data; `RESOURCE.GENERIC`
    /// when reading fails.
    pub fn open(reader: Box<dyn Read + Send>, name: &str) -> Result<Self> {
        Self::open_member(reader, name, None)
    }

    /// As [`open`](Self::open); of a ZIP archive, the file named `member`.
    ///
    /// # Errors
    /// As [`open`](Self::open); `INPUT.GENERIC` for an archive without that file.
    pub fn open_member(
        reader: Box<dyn Read + Send>,
        name: &str,
        member: Option<&str>,
    ) -> Result<Self> {
        Self::of_lines(LineReader::open(
            ByteStream::open(reader, name, member)?,
            name,
        )?)
    }

    /// As [`open`](Self::open), of lines of which none was read yet.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_lines(lines: LineReader) -> Result<Self> {
        let (inner, format, evidence) = match detect_kind(lines.peek(), lines.name())? {
            SourceKind::Vcf => {
                let evidence = "the first line begins as a VCF's".to_owned();
                (
                    FormatReader::Vcf(VcfReader::open(lines)?),
                    SourceFormat::Vcf,
                    evidence,
                )
            }
            SourceKind::Json => {
                let evidence = "the content is JSON".to_owned();
                (
                    FormatReader::Json(JsonReader::open(lines)?),
                    SourceFormat::SequencingJson,
                    evidence,
                )
            }
            SourceKind::Table => {
                let array = ArrayReader::detect(lines, Reading::Lenient)?;
                let (format, evidence) = array.format();
                (FormatReader::Array(array), format, evidence)
            }
        };
        Ok(Self {
            inner,
            format,
            evidence,
            finished: false,
        })
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> SourceFormat {
        self.format
    }

    /// What told the format, as a phrase for people.
    #[must_use]
    pub fn evidence(&self) -> &str {
        &self.evidence
    }

    /// How the source is compressed.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        self.lines().compression()
    }

    /// The name that errors give the source.
    #[must_use]
    pub fn name(&self) -> &str {
        self.lines().name()
    }

    /// A VCF's header lines without line ends, the `#CHROM` line last; empty for other formats.
    #[must_use]
    pub fn header(&self) -> &[SourceLine] {
        match &self.inner {
            FormatReader::Vcf(vcf) => vcf.header(),
            FormatReader::Array(_) | FormatReader::Json(_) => &[],
        }
    }

    /// The names of a VCF's samples, in the order of their columns; none for other formats.
    #[must_use]
    pub fn samples(&self) -> Vec<&str> {
        let columns = self.header().last();
        columns.map_or_else(Vec::new, |line| line.split('\t').skip(9).collect())
    }

    /// The contigs that a VCF's header declares, with their lengths in bp where it gives them.
    #[must_use]
    pub fn contigs(&self) -> &[(String, Option<u64>)] {
        match &self.inner {
            FormatReader::Vcf(vcf) => vcf.contigs(),
            FormatReader::Array(_) | FormatReader::Json(_) => &[],
        }
    }

    /// The build that the header or the comments speak of, by contig lengths or by name.
    #[must_use]
    pub fn assembly(&self) -> Option<AssemblyGuess> {
        let lengths = self
            .contigs()
            .iter()
            .filter_map(|(name, bp)| Some((name.as_str(), (*bp)?)));
        let lines: Vec<&str> = match &self.inner {
            FormatReader::Vcf(vcf) => vcf.header().iter().map(SourceLine::as_str).collect(),
            FormatReader::Array(array) => array.comments().iter().map(String::as_str).collect(),
            FormatReader::Json(_) => Vec::new(),
        };
        // Command lines in a VCF's header name files of all builds; only these say what it is on.
        let relevant = |line: &&str| {
            !line.starts_with("##")
                || ["##reference", "##assembly", "##contig"]
                    .iter()
                    .any(|key| line.starts_with(key))
        };
        let lines = lines.into_iter().filter(relevant);
        guess_assembly(lengths, lines.filter(|line| !line.starts_with("#CHROM")))
    }

    /// What is odd about the source so far; what follows or lacks at the end of
    /// compressed data is known only there.
    #[must_use]
    pub fn warnings(&self) -> Vec<SourceWarning> {
        let mut warnings = match &self.inner {
            FormatReader::Vcf(vcf) => vcf.warnings().to_vec(),
            FormatReader::Array(_) | FormatReader::Json(_) => Vec::new(),
        };
        warnings.extend(self.lines().first_latin1().map(|line| SourceWarning {
            line: Some(line),
            message: "the text is not UTF-8; such lines are read as Latin-1".into(),
        }));
        warnings.extend(self.lines().oddity().map(|message| SourceWarning {
            line: None,
            message: message.into(),
        }));
        warnings
    }

    /// The next record; `None` at the end.
    ///
    /// After `INPUT.VCF_PARSE` the caller may ask again for the record after the bad one, and after
    /// a source that has no bytes yet ([starved](Error::is_starved)) for the same one. Any other error is final:
    /// the next call returns `None`.
    ///
    /// # Errors
    /// `INPUT.VCF_PARSE` for a malformed record, with file, line, column and remedy;
    /// `INPUT.GENERIC` for compressed data that is cut or damaged; `RESOURCE.GENERIC` when reading
    /// fails.
    pub fn next_record(&mut self) -> Result<Option<VariantRecord>> {
        if self.finished {
            return Ok(None);
        }
        let next = match &mut self.inner {
            FormatReader::Vcf(vcf) => vcf.next_record(),
            FormatReader::Array(array) => array.next_record(),
            FormatReader::Json(json) => json.next_record(),
        };
        let recoverable =
            |error: &Error| error.code() == ErrorCode::InputVcfParse || error.is_starved();
        self.finished = match &next {
            Ok(record) => record.is_none(),
            Err(error) => !recoverable(error),
        };
        next
    }

    const fn lines(&self) -> &LineReader {
        match &self.inner {
            FormatReader::Vcf(vcf) => vcf.lines(),
            FormatReader::Array(array) => array.lines(),
            FormatReader::Json(json) => json.lines(),
        }
    }
}

impl Feed {
    /// Opens a reader of the variants: [`rewind`](Self::rewind), [`VariantReader::open`] and, when
    /// that succeeds, [`commit`](Self::commit). A starved call is made again when more was pushed;
    /// an open reader needs the first 128 KiB of text, all of a VCF's header, or the whole file: always
    /// of a ZIP archive.
    ///
    /// # Errors
    /// As [`VariantReader::open`]; [starved](Error::is_starved) where more bytes are needed;
    /// `INTERNAL.INVARIANT_VIOLATION` when a reader is open already.
    pub fn open(&self) -> Result<VariantReader> {
        self.rewind()?;
        if self.waits_for_end() {
            return Err(Error::starved(&self.name()));
        }
        let member = self.member();
        let source = Box::new(self.clone());
        let reader = VariantReader::open_member(source, &self.name(), member.as_deref())?;
        self.commit();
        Ok(reader)
    }
}

impl fmt::Debug for VariantReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VariantReader")
            .field("name", &self.name())
            .field("format", &self.format)
            .field("compression", &self.compression())
            .finish_non_exhaustive()
    }
}
