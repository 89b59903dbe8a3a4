//! Sniffing: which format a source of variants has, told by its content.

use super::table::{Delimiter, TableLayout};
use crate::bytes::packed_otherwise;
use crate::{Error, ErrorCode, Result};
use std::str::FromStr;

/// The formats that variants are read from.
///
/// A company is named where the file does so, or where its layout is that of no other. What only
/// looks like one company's file is a [`Table`](Self::Table).
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
    /// `FamilyTreeDNA`: as `MyHeritage`, without its comments.
    FamilyTreeDna,
    /// Living DNA: as 23andMe.
    LivingDna,
    /// A JSON list of variants, as Sequencing.com exports them.
    SequencingJson,
    /// Another table with columns for chromosome, position and genotype.
    Table,
}

names! {
    /// The short name, as the command line takes it.
    SourceFormat:
    Vcf = "vcf",
    TwentyThreeAndMe = "23andme",
    AncestryDna = "ancestry",
    MyHeritage = "myheritage",
    FamilyTreeDna = "familytreedna",
    LivingDna = "livingdna",
    SequencingJson = "sequencing",
    Table = "table",
}

impl SourceFormat {
    /// Whether the rows are calls of a genotype array, without reference alleles.
    #[must_use]
    pub const fn is_array(self) -> bool {
        !matches!(self, Self::Vcf | Self::SequencingJson)
    }

    /// The provider's name, as an imported VCF's `SOURCE` key has it.
    #[must_use]
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Vcf => "VCF",
            Self::TwentyThreeAndMe => "23andMe",
            Self::AncestryDna => "AncestryDNA",
            Self::MyHeritage => "MyHeritage",
            Self::FamilyTreeDna => "FamilyTreeDNA",
            Self::LivingDna => "LivingDNA",
            Self::SequencingJson => "Sequencing.com",
            Self::Table => "table",
        }
    }
}

impl SourceFormat {
    /// How people call such a file.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::LivingDna => "Living DNA",
            Self::Table => "raw-data table",
            named => named.provider(),
        }
    }
}

impl FromStr for SourceFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::by_name(text).ok_or_else(|| {
            Error::input(format!("{text:?} is no format of variants"))
                .with_remedy("give one of: vcf, 23andme, ancestry, myheritage, familytreedna, livingdna, sequencing, table")
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

/// Whether the text begins as a VCF, or as what a spreadsheet made of one. `##fileformat` alone says
/// nothing: other companies' files have it, too.
fn looks_like_vcf(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n' || *byte == b'\r');
    let starts = |line: &[u8], word: &str| {
        let line = line.strip_prefix(b"\"").unwrap_or(line);
        let start = line.get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    lines.next().is_some_and(|first| {
        starts(first, "##fileformat=VCF")
            || starts(first, "#CHROM")
            || (starts(first, "##") && lines.any(|line| starts(line, "#CHROM")))
    })
}

/// Formats that people pass by mistake, by their first bytes.
const OTHERS: [(&[u8], &str, &str); 6] = [
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
    let other = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic));
    let other = other.map(|(_, what, remedy)| (*what, *remedy));
    if let Some((what, remedy)) = other.or_else(|| packed_otherwise(head)) {
        let message = format!("this is {what}, not a variant file");
        return Err(refusal(name, &message, remedy));
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

/// The format of a table, and why: a company's name in its comments, else a layout of one company
/// alone. `header` is the line that names the columns.
pub(super) fn name_table(
    layout: &TableLayout,
    comments: &[String],
    header: &str,
) -> (SourceFormat, String) {
    const COMPANIES: [(&str, SourceFormat); 10] = [
        ("familytreedna", SourceFormat::FamilyTreeDna),
        ("family tree dna", SourceFormat::FamilyTreeDna),
        ("ftdna", SourceFormat::FamilyTreeDna),
        ("famfinder", SourceFormat::FamilyTreeDna),
        ("living dna", SourceFormat::LivingDna),
        ("livingdna", SourceFormat::LivingDna),
        ("myheritage", SourceFormat::MyHeritage),
        ("ancestrydna", SourceFormat::AncestryDna),
        ("ancestry.com", SourceFormat::AncestryDna),
        ("23andme", SourceFormat::TwentyThreeAndMe),
    ];
    for comment in comments {
        let lower = comment.to_ascii_lowercase();
        // Such as: not from 23andMe, but in its layout.
        let denies = lower.contains(" not from ");
        let named = COMPANIES.iter().find(|(word, _)| lower.contains(word));
        if let Some((word, format)) = named.filter(|_| !denies) {
            return (*format, format!("a comment line says {word:?}"));
        }
    }
    let columns: String = header
        .chars()
        .filter(|c| *c != '"')
        .map(|c| if c == ';' { ',' } else { c })
        .collect();
    if comments.is_empty() && columns.trim_end_matches(',') == "RSID,CHROMOSOME,POSITION,RESULT" {
        let evidence = "the columns are those of FamilyTreeDNA, which writes no comments";
        return (SourceFormat::FamilyTreeDna, evidence.to_owned());
    }
    let like = match (
        layout.is_plain(),
        layout.delimiter,
        layout.has_two_alleles(),
    ) {
        (true, Delimiter::Comma | Delimiter::Semicolon, false) => Some(SourceFormat::MyHeritage),
        (true, Delimiter::Tab | Delimiter::Space, false) => Some(SourceFormat::TwentyThreeAndMe),
        (true, Delimiter::Tab | Delimiter::Space, true) => Some(SourceFormat::AncestryDna),
        _ => None,
    };
    let evidence = like.map_or_else(
        || "the header names the columns".to_owned(),
        |like| {
            let provider = like.provider();
            format!("the columns are as in files of {provider}, but no company is named")
        },
    );
    (SourceFormat::Table, evidence)
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
        let resaved = "##fileformat=VCFv4.2,,\n\"##contig=<ID=1,length=9>\",,\n#CHROM,POS,ID\n";
        assert_eq!(kind(resaved), Some(SourceKind::Vcf));
        assert_eq!(kind(" \n [ {"), Some(SourceKind::Json));
        assert_eq!(kind("{"), Some(SourceKind::Json));
        assert_eq!(kind("[Header]\n[Data]\n"), Some(SourceKind::Table));
        assert_eq!(kind("## 23andMe\nrs1\t1\t5\tAA\n"), Some(SourceKind::Table));
        assert_eq!(kind(" \n\n"), None);
        assert_eq!(kind("a\0b"), None);
        assert_eq!(kind("{\\rtf1\\ansi\n# rsid"), None);
    }

    #[test]
    fn a_file_format_of_another_company_was_vcf() {
        let text = b"##fileformat=MyHeritage\n##format=MHv1.0\nRSID,CHROMOSOME,POSITION,RESULT\n";
        assert_eq!(detect_kind(text, "x").ok(), Some(SourceKind::Table));
    }

    #[test]
    fn companies_were_called_by_the_names_of_others() {
        let name = |comments: &[&str], header: &str| {
            let layout = TableLayout::of_header(header).unwrap();
            let comments: Vec<String> = comments.iter().map(|text| (*text).to_owned()).collect();
            name_table(&layout, &comments, header).0
        };
        let tabs = "rsid\tchromosome\tposition\tgenotype";
        let commas = "RSID,CHROMOSOME,POSITION,RESULT";
        assert_eq!(name(&[], commas), SourceFormat::FamilyTreeDna);
        let heritage = name(&[" MyHeritage DNA raw data."], commas);
        assert_eq!(heritage, SourceFormat::MyHeritage);
        let living = " Living DNA customer genotype data download file version: 1.0.2";
        assert_eq!(name(&[living], tabs), SourceFormat::LivingDna);
        assert_eq!(name(&[" Genes for Good"], tabs), SourceFormat::Table);
        assert_eq!(name(&[], tabs), SourceFormat::Table);
        let denied = " This data file is NOT from 23andMe: made in its layout";
        assert_eq!(name(&[denied], tabs), SourceFormat::Table);
        let generated = " This data file generated by 23andMe at: Mon Feb 03";
        assert_eq!(name(&[generated], tabs), SourceFormat::TwentyThreeAndMe);
    }
}
