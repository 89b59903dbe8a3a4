//! Converts consumer-array files and Sequencing.com's JSON to VCF, byte for byte as the Python
//! package does.

use super::array::{ArrayReader, Reading, contig_name};
use super::detect::{SourceFormat, SourceKind, detect_kind};
use super::genotype::json_genotype;
use super::json::JsonReader;
use super::record::{ArrayCall, VariantRecord, is_base};
use crate::bytes::{ByteStream, LineReader};
use crate::error::Location;
use crate::position::Position;
use crate::{Error, ErrorCode, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};

/// What a conversion did with the rows of its input; the counts add up to the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VcfConversionSummary {
    /// Variants written.
    pub records_written: u64,
    /// Rows whose every base is the reference's.
    pub ref_calls_skipped: u64,
    /// Rows without a call.
    pub no_calls_skipped: u64,
    /// Rows left out because a VCF record cannot be made of them: indel codes, and sites where the
    /// reference is not known. Always 0 unless [`ImportOptions::skip_unsupported`] is set.
    pub unsupported_skipped: u64,
}

/// How to convert.
///
/// ```
/// use genolewm_core::source::ImportOptions;
/// assert_eq!(ImportOptions::default().sample_id, "sample");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// The format; `None` to tell it by the content.
    pub format: Option<SourceFormat>,
    /// The sample's name in the VCF.
    pub sample_id: String,
    /// Leave out, and count, indel codes and sites whose reference base is not known, where they
    /// are errors otherwise. Real array files are full of them.
    pub skip_unsupported: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            format: None,
            sample_id: "sample".to_owned(),
            skip_unsupported: false,
        }
    }
}

/// Finds the reference allele at a place, in upper case; `None` where it is not known.
pub type ReferenceLookup<'a> = dyn FnMut(&str, Position) -> Result<Option<String>> + 'a;

/// A map of reference alleles by contig and position, for inputs that carry none.
#[derive(Debug, Clone, Default)]
pub struct ReferenceAlleles(BTreeMap<(String, u64), String>);

impl ReferenceAlleles {
    /// A map of the given places and alleles; contigs in any spelling.
    ///
    /// # Errors
    /// `INPUT.VCF_PARSE` for an allele that is empty or not over ACGT.
    pub fn new<I, S>(alleles: I) -> Result<Self>
    where
        I: IntoIterator<Item = (S, u64, S)>,
        S: AsRef<str>,
    {
        let mut map = BTreeMap::new();
        for (contig, pos, allele) in alleles {
            let allele = allele.as_ref().to_ascii_uppercase();
            if allele.is_empty() || !allele.chars().all(is_base) {
                let message = "a reference allele is not over A, C, G and T";
                return Err(Error::new(ErrorCode::InputVcfParse, message)
                    .with_detail("contig", contig.as_ref())
                    .with_detail("pos", pos)
                    .with_remedy("correct the map of reference alleles"));
            }
            map.insert(
                (contig_name(contig.as_ref(), pos, Reading::Strict), pos),
                allele,
            );
        }
        Ok(Self(map))
    }

    /// The allele at a place.
    #[must_use]
    pub fn get(&self, contig: &str, pos: Position) -> Option<&str> {
        let contig = contig_name(contig, pos.get(), Reading::Strict);
        self.0.get(&(contig, pos.get())).map(String::as_str)
    }
}

/// Converts `input` to VCF text in `output`, sorted by contig, position and identifier.
///
/// Nothing is written before all of the input is read, so a bad row leaves `output` empty. The
/// records are kept in memory meanwhile: about 100 bytes each.
///
/// ```
/// use genolewm_core::source::{ImportOptions, ReferenceAlleles, convert_to_vcf};
/// let alleles = ReferenceAlleles::new([("1", 1010, "A")])?;
/// let mut vcf = Vec::new();
/// let summary = convert_to_vcf(
///     Box::new(&b"rsid\tchromosome\tposition\tgenotype\nrs1\t1\t1010\tAC\n"[..]),
///     "raw.txt",
///     &mut vcf,
///     &mut |contig, pos| Ok(alleles.get(contig, pos).map(str::to_owned)),
///     &ImportOptions::default(),
/// )?;
/// assert_eq!(summary.records_written, 1);
/// assert!(vcf.ends_with(b"1\t1010\trs1\tA\tC\t.\tPASS\tSOURCE=23andMe\tGT\t0/1\n"));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
///
/// # Errors
/// `INPUT.VCF_PARSE` with file, line and column for a row that cannot be converted, or a bad sample
/// name; `INPUT.GENERIC` for damaged compressed input; `RESOURCE.GENERIC` when reading or writing
/// fails; whatever `reference` returns.
pub fn convert_to_vcf(
    input: Box<dyn Read + Send>,
    name: &str,
    output: &mut dyn Write,
    reference: &mut ReferenceLookup<'_>,
    options: &ImportOptions,
) -> Result<VcfConversionSummary> {
    let bad_name = |c: char| c.is_whitespace() || c.is_control();
    if options.sample_id.is_empty() || options.sample_id.contains(bad_name) {
        return Err(Error::new(
            ErrorCode::InputVcfParse,
            "the sample's name is empty or holds a blank",
        )
        .with_remedy("give a sample name without blanks"));
    }
    let lines = LineReader::open(ByteStream::open(input, name)?, name)?;
    let reading = if options.skip_unsupported {
        Reading::Lenient
    } else {
        Reading::Strict
    };
    let format = match options.format {
        Some(format) => Some(format),
        None => match detect_kind(lines.peek(), name)? {
            SourceKind::Json => Some(SourceFormat::SequencingJson),
            SourceKind::Vcf => Some(SourceFormat::Vcf),
            SourceKind::Table => None,
        },
    };
    let mut conversion = Conversion::new(name, options);
    match format {
        Some(SourceFormat::SequencingJson) => conversion.read_json(JsonReader::open(lines)?)?,
        Some(SourceFormat::Vcf) => {
            return Err(
                Error::new(ErrorCode::InputVcfParse, "the input is a VCF already")
                    .in_file(name)
                    .with_remedy("score it as it is"),
            );
        }
        Some(SourceFormat::Table) | None => {
            let reader = ArrayReader::detect(lines, reading)?;
            conversion.provider = reader.format().0.provider();
            conversion.read_rows(reader, reference)?;
        }
        Some(format) => {
            conversion.provider = format.provider();
            conversion.read_rows(ArrayReader::strict(lines, format, reading), reference)?;
        }
    }
    conversion.write(output)?;
    Ok(conversion.summary)
}

/// A record on its way to the output. It holds a genotype, so it has no `Debug`.
struct OutRecord {
    contig: String,
    pos: u64,
    id: String,
    reference: String,
    alternates: String,
    genotype: String,
}

struct Conversion<'a> {
    file: &'a str,
    options: &'a ImportOptions,
    provider: &'static str,
    records: Vec<OutRecord>,
    summary: VcfConversionSummary,
}

impl<'a> Conversion<'a> {
    fn new(file: &'a str, options: &'a ImportOptions) -> Self {
        Self {
            file,
            options,
            provider: SourceFormat::SequencingJson.provider(),
            records: Vec::new(),
            summary: VcfConversionSummary::default(),
        }
    }

    fn read_rows(
        &mut self,
        mut reader: ArrayReader,
        reference: &mut ReferenceLookup<'_>,
    ) -> Result<()> {
        while let Some(row) = reader.next_record()? {
            match &row.call {
                Some(ArrayCall::NoCall) | None => self.summary.no_calls_skipped += 1,
                Some(ArrayCall::IndelCode) => self.skip_unsupported(row.line, INDEL_CODE)?,
                Some(ArrayCall::Bases(bases)) => self.add_row(&row, bases, reference)?,
            }
        }
        Ok(())
    }

    fn add_row(
        &mut self,
        row: &VariantRecord,
        bases: &str,
        reference: &mut ReferenceLookup<'_>,
    ) -> Result<()> {
        let Some(pos) = row.pos else {
            return self.skip_unsupported(row.line, "the row has no position");
        };
        let Some(reference) = reference(&row.contig, pos)? else {
            return self.skip_unsupported(row.line, "the reference allele here is not known");
        };
        let mut alleles = vec![reference];
        let mut genotype = Vec::new();
        for base in bases.chars().map(String::from) {
            let index = alleles.iter().position(|allele| *allele == base);
            genotype.push(index.unwrap_or(alleles.len()).to_string());
            if index.is_none() {
                alleles.push(base);
            }
        }
        let reference = alleles.remove(0);
        if alleles.is_empty() {
            self.summary.ref_calls_skipped += 1;
            return Ok(());
        }
        self.records.push(OutRecord {
            contig: row.contig.clone(),
            pos: pos.get(),
            id: self.identifier(row)?,
            reference,
            alternates: alleles.join(","),
            genotype: genotype.join("/"),
        });
        Ok(())
    }

    fn read_json(&mut self, mut reader: JsonReader) -> Result<()> {
        while let Some((variant, genotype)) = reader.next_variant()? {
            match self.json_record(&variant, genotype.as_ref()) {
                Ok(record) => self.records.push(record),
                Err(message) => self.skip_unsupported(variant.line, message)?,
            }
        }
        Ok(())
    }

    fn json_record(
        &self,
        variant: &VariantRecord,
        genotype: Option<&Value>,
    ) -> Result<OutRecord, &'static str> {
        let reference = variant.reference.clone().unwrap_or_default();
        let alleles = std::iter::once(&reference).chain(&variant.alternates);
        let alleles: Vec<&str> = alleles.map(String::as_str).collect();
        if alleles.iter().any(|allele| !allele.chars().all(is_base)) {
            return Err("an allele holds something other than A, C, G and T");
        }
        if variant.alternates.contains(&reference) {
            return Err("an alternate allele equals the reference allele");
        }
        Ok(OutRecord {
            contig: variant.contig.clone(),
            pos: variant.pos.map_or(0, Position::get),
            id: self.identifier(variant).map_err(|_| BAD_IDENTIFIER)?,
            alternates: variant.alternates.join(","),
            genotype: json_genotype(genotype, &alleles)?,
            reference,
        })
    }

    /// The identifier as VCF allows it. Several, joined by commas, become VCF's list when rows are
    /// read leniently; otherwise an identifier that VCF does not allow is an error.
    fn identifier(&self, record: &VariantRecord) -> Result<String> {
        let id = record.id.as_deref().unwrap_or(".");
        let id = if self.options.skip_unsupported {
            id.replace(',', ";")
        } else {
            id.to_owned()
        };
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '=' | ',');
        let list = !self.options.skip_unsupported && id.contains(';');
        if id.contains(forbidden) || list {
            return Err(self.wrong(record.line, BAD_IDENTIFIER));
        }
        Ok(id)
    }

    fn skip_unsupported(&mut self, line: u64, message: &str) -> Result<()> {
        if !self.options.skip_unsupported {
            return Err(self.wrong(line, message));
        }
        self.summary.unsupported_skipped += 1;
        Ok(())
    }

    fn wrong(&self, line: u64, message: &str) -> Error {
        let mut place = Location::line(self.file, line);
        place.column = Some(1);
        Error::new(ErrorCode::InputVcfParse, message)
            .at(place)
            .with_remedy("correct or remove the row, or have such rows left out and counted")
    }

    fn write(&mut self, output: &mut dyn Write) -> Result<()> {
        self.records
            .sort_by(|a, b| (rank(&a.contig), a.pos, &a.id).cmp(&(rank(&b.contig), b.pos, &b.id)));
        self.summary.records_written = self.records.len() as u64;
        self.write_text(output).map_err(|error| {
            let code = match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ErrorCode::ResourceDiskFull,
                _ => ErrorCode::ResourceGeneric,
            };
            let remedy = "free some space, allow larger files (`ulimit -f`), or write elsewhere; \
                          nothing was left half-written";
            Error::new(code, format!("writing the VCF failed: {error}"))
                .with_remedy(remedy)
                .with_source(error)
        })
    }

    fn write_text(&self, output: &mut dyn Write) -> std::io::Result<()> {
        output.write_all(HEADER.as_bytes())?;
        writeln!(output, "{COLUMNS}\t{}", self.options.sample_id)?;
        for record in &self.records {
            let OutRecord {
                contig,
                pos,
                id,
                reference,
                alternates,
                genotype,
            } = record;
            let provider = self.provider;
            writeln!(
                output,
                "{contig}\t{pos}\t{id}\t{reference}\t{alternates}\t.\tPASS\tSOURCE={provider}\tGT\t{genotype}"
            )?;
        }
        output.flush()
    }
}

const INDEL_CODE: &str = "the genotype is an insertion or deletion whose bases the file omits";
const BAD_IDENTIFIER: &str = "the identifier holds a blank, semicolon, equals sign or comma";
const HEADER: &str = "##fileformat=VCFv4.2\n\
    ##source=GenoLeWM-personal-genome-import\n\
    ##INFO=<ID=SOURCE,Number=1,Type=String,Description=\"Local raw-data provider\">\n\
    ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n";
const COLUMNS: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT";

/// Where a contig comes in the output: by number, with X, Y, XY and MT as 23 to 26, then by name.
fn rank(contig: &str) -> (u64, &str) {
    match contig {
        "X" => (23, ""),
        "Y" => (24, ""),
        "XY" => (25, ""),
        "MT" => (26, ""),
        _ => contig
            .parse()
            .map_or((u64::MAX, contig), |number| (number, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contigs_come_in_karyotype_order() {
        let mut contigs = ["PAR", "MT", "XY", "10", "X", "2", "Y", "100", "GL1"];
        contigs.sort_by_key(|contig| rank(contig));
        assert_eq!(
            contigs,
            ["2", "10", "X", "Y", "XY", "MT", "100", "GL1", "PAR"]
        );
    }
}
