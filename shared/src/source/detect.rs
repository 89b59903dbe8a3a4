//! Sniffing: which format a source of variants has, told by its content.

use super::table::{self, TableLayout};
use crate::{Error, ErrorCode, Result};
use std::str::FromStr;

/// The formats that variants are read from.
///
/// The consumer-array formats are layouts: a file of another vendor that is laid out as
/// 23andMe's is read, and named, as that.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceFormat {
    /// VCF 4.x.
    Vcf,
    /// Tab- or space-separated rsid, chromosome, position, genotype.
    TwentyThreeAndMe,
    /// Tab- or space-separated rsid, chromosome, position and two allele columns.
    AncestryDna,
    /// Comma-separated and usually quoted rsid, chromosome, position, genotype.
    MyHeritage,
    /// A JSON list of variants, as Sequencing.com exports them.
    SequencingJson,
    /// Another table whose header names columns for chromosome, position and genotype.
    Table,
}

names! {
    /// The short name, as the command line takes it.
    SourceFormat:
    Vcf = "vcf",
    TwentyThreeAndMe = "23andme",
    AncestryDna = "ancestry",
    MyHeritage = "myheritage",
    SequencingJson = "sequencing",
    Table = "table",
}

impl SourceFormat {
    /// The provider's name, as an imported VCF's `SOURCE` key has it.
    #[must_use]
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Vcf => "VCF",
            Self::TwentyThreeAndMe => "23andMe",
            Self::AncestryDna => "AncestryDNA",
            Self::MyHeritage => "MyHeritage",
            Self::SequencingJson => "Sequencing.com",
            Self::Table => "table",
        }
    }
}

impl FromStr for SourceFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::by_name(text).ok_or_else(|| {
            Error::input(format!("{text:?} is no format of variants"))
                .with_remedy("give one of: vcf, 23andme, ancestry, myheritage, sequencing, table")
        })
    }
}

/// What the first bytes say, before anything is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    Vcf,
    Json,
    Table,
}

/// Tells VCF, JSON and tables apart, and refuses what is none of them.
///
/// # Errors
/// `INPUT.VCF_PARSE` for an empty file or one that is clearly something else, with a remedy.
pub(super) fn detect_kind(head: &[u8], name: &str) -> Result<SourceKind> {
    refuse_other_formats(head, name)?;
    let text = head.trim_ascii_start();
    if text.is_empty() {
        return Err(refusal(
            name,
            "the file is empty",
            "give a VCF or a raw-data file",
        ));
    }
    if looks_like_vcf(text) {
        return Ok(SourceKind::Vcf);
    }
    // `[Header]` and `[Data]` are sections of Illumina tables, not lists.
    let after = text.get(1..).unwrap_or_default().trim_ascii_start();
    match text.first() {
        Some(b'{') => Ok(SourceKind::Json),
        Some(b'[') if !after.first().is_some_and(u8::is_ascii_uppercase) => Ok(SourceKind::Json),
        _ => Ok(SourceKind::Table),
    }
}

fn looks_like_vcf(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n' || *byte == b'\r');
    lines.next().is_some_and(|first| {
        first
            .get(..13)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"##fileformat="))
            || first.starts_with(b"#CHROM")
    }) || (text.starts_with(b"##") && lines.any(|line| line.starts_with(b"#CHROM")))
}

/// Formats that people pass by mistake, by their first bytes.
const OTHERS: [(&[u8], &str, &str); 12] = [
    (
        b"PK\x03\x04",
        "a ZIP archive",
        "unpack it and give the file inside",
    ),
    (
        b"BAM\x01",
        "a BAM file of reads",
        "call variants first; a VCF is needed",
    ),
    (
        b"CRAM",
        "a CRAM file of reads",
        "call variants first; a VCF is needed",
    ),
    (
        b"BCF",
        "a BCF file",
        "convert it: bcftools view -O z -o out.vcf.gz",
    ),
    (
        b"\xff\xfe",
        "UTF-16 text",
        "convert it: iconv -f UTF-16 -t UTF-8",
    ),
    (
        b"\xfe\xff",
        "UTF-16 text",
        "convert it: iconv -f UTF-16 -t UTF-8",
    ),
    (
        b"\x1f\x8b",
        "compressed twice",
        "decompress it once: gunzip",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd",
        "decompress it: zstd -d",
    ),
    (b"\xfd7zXZ", "compressed with xz", "decompress it: xz -d"),
    (
        b"{\\rtf",
        "a document of a word processor (RTF)",
        "save it as plain text, or download the raw data again",
    ),
    (b"%PDF", "a PDF document", "download the raw data instead"),
    (
        b">",
        "a FASTA file",
        "give it as the reference, and variants as a VCF",
    ),
];

fn refuse_other_formats(head: &[u8], name: &str) -> Result<()> {
    for (magic, what, remedy) in OTHERS {
        if head.starts_with(magic) {
            return Err(refusal(
                name,
                &format!("this is {what}, not a variant file"),
                remedy,
            ));
        }
    }
    if head.contains(&0) {
        let remedy = "give a VCF or a raw-data text file";
        return Err(refusal(
            name,
            "this is a binary file, not a variant file",
            remedy,
        ));
    }
    Ok(())
}

fn refusal(name: &str, message: &str, remedy: &str) -> Error {
    Error::new(ErrorCode::InputVcfParse, message)
        .in_file(name)
        .with_remedy(remedy)
}

/// The format of a table, and why: a vendor's name in its comments, else its layout.
pub(super) fn name_table(layout: &TableLayout, comments: &[String]) -> (SourceFormat, String) {
    const VENDORS: [(&str, SourceFormat); 3] = [
        ("23andme", SourceFormat::TwentyThreeAndMe),
        ("ancestrydna", SourceFormat::AncestryDna),
        ("myheritage", SourceFormat::MyHeritage),
    ];
    for comment in comments {
        let lower = comment.to_ascii_lowercase();
        if let Some((word, format)) = VENDORS.iter().find(|(word, _)| lower.contains(word)) {
            return (*format, format!("a comment line says {word:?}"));
        }
    }
    let format = match (
        layout.is_plain(),
        layout.delimiter,
        layout.has_two_alleles(),
    ) {
        (true, table::Delimiter::Comma, false) => SourceFormat::MyHeritage,
        (true, table::Delimiter::Tab | table::Delimiter::Space, false) => {
            SourceFormat::TwentyThreeAndMe
        }
        (true, table::Delimiter::Tab | table::Delimiter::Space, true) => SourceFormat::AncestryDna,
        _ => SourceFormat::Table,
    };
    let evidence = match format {
        SourceFormat::Table => "the header names the columns".to_owned(),
        format => format!("the columns are those of {}", format.provider()),
    };
    (format, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let kind = |text: &str| detect_kind(text.as_bytes(), "x").ok();
        assert_eq!(kind("##fileformat=VCFv4.3\n"), Some(SourceKind::Vcf));
        assert_eq!(kind("##a\n##b\n#CHROM\tPOS\n"), Some(SourceKind::Vcf));
        assert_eq!(kind("#CHROM\tPOS\n"), Some(SourceKind::Vcf));
        assert_eq!(kind(" \n [ {"), Some(SourceKind::Json));
        assert_eq!(kind("{"), Some(SourceKind::Json));
        assert_eq!(kind("[Header]\n[Data]\n"), Some(SourceKind::Table));
        assert_eq!(kind("## 23andMe\nrs1\t1\t5\tAA\n"), Some(SourceKind::Table));
        assert_eq!(kind("PK\u{3}\u{4}"), None);
        assert_eq!(kind(" \n\n"), None);
        assert_eq!(kind("a\0b"), None);
        assert_eq!(kind("{\\rtf1\\ansi\n# rsid"), None);
    }
}
