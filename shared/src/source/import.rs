//! Converts consumer-array files and Sequencing.com's JSON to VCF, byte for byte as the Python
//! package does.

use super::array::{ArrayReader, contig_name};
use super::detect::{SourceFormat, SourceKind, detect_kind};
use super::genotype::Reading;
use super::json::JsonReader;
use super::record::{VariantRecord, is_base};
use super::vcf_table::{BAD_IDENTIFIER, Imported, VcfTable, imported};
use crate::bytes::{ByteStream, LineReader};
use crate::error::Location;
use crate::position::Position;
use crate::{Error, ErrorCode, Result};
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
    /// Rows that were not understood. Always 0 for [`convert_to_vcf`], where they are errors.
    pub malformed_skipped: u64,
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
///     Box::new(&b"# 23andMe\nrsid\tchromosome\tposition\tgenotype\nrs1\t1\t1010\tAC\n"[..]),
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
    let table = VcfTable::new(&options.sample_id)?;
    let lines = LineReader::open(ByteStream::open(input, name, None)?, name)?;
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
    let mut conversion = Conversion::new(name, options, table);
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

struct Conversion<'a> {
    file: &'a str,
    options: &'a ImportOptions,
    provider: &'static str,
    table: VcfTable,
    summary: VcfConversionSummary,
}

impl<'a> Conversion<'a> {
    fn new(file: &'a str, options: &'a ImportOptions, table: VcfTable) -> Self {
        Self {
            file,
            options,
            provider: SourceFormat::SequencingJson.provider(),
            table,
            summary: VcfConversionSummary::default(),
        }
    }

    fn read_rows(
        &mut self,
        mut reader: ArrayReader,
        reference: &mut ReferenceLookup<'_>,
    ) -> Result<()> {
        while let Some(mut row) = reader.next_record()? {
            if row.needs_reference()
                && let Some(pos) = row.pos
                && let Some(allele) = reference(&row.contig, pos)?
            {
                row.set_reference(allele);
            }
            self.add(&row)?;
        }
        Ok(())
    }

    fn read_json(&mut self, mut reader: JsonReader) -> Result<()> {
        while let Some(variant) = reader.next_record()? {
            self.add(&variant)?;
        }
        Ok(())
    }

    fn add(&mut self, row: &VariantRecord) -> Result<()> {
        let reason = match imported(row) {
            Imported::ReferenceCall => {
                self.summary.ref_calls_skipped += 1;
                return Ok(());
            }
            Imported::NoCall => {
                self.summary.no_calls_skipped += 1;
                return Ok(());
            }
            Imported::Unsupported(reason) => reason,
            Imported::Variant(genotype) => {
                // Read strictly, an identifier is one.
                let id = row.id.as_deref().unwrap_or_default();
                if !self.options.skip_unsupported && id.contains([',', ';']) {
                    BAD_IDENTIFIER
                } else {
                    match self.table.push(row, &genotype, self.provider) {
                        Ok(()) => return Ok(()),
                        Err(reason) => reason,
                    }
                }
            }
        };
        if self.options.skip_unsupported {
            self.summary.unsupported_skipped += 1;
            return Ok(());
        }
        let mut place = Location::line(self.file, row.line);
        place.column = Some(1);
        Err(Error::new(ErrorCode::InputVcfParse, reason)
            .at(place)
            .with_remedy("correct or remove the row, or have such rows left out and counted"))
    }

    fn write(&mut self, output: &mut dyn Write) -> Result<()> {
        self.summary.records_written = self.table.len() as u64;
        let text = self.table.to_text(rank, |_| None);
        let written = output.write_all(text.as_bytes());
        written.and_then(|()| output.flush()).map_err(|error| {
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
}

/// Where a contig comes in the output: by number, with X, Y, XY and MT as 23 to 26.
fn rank(contig: &str) -> Option<usize> {
    match contig {
        "X" => Some(23),
        "Y" => Some(24),
        "XY" => Some(25),
        "MT" => Some(26),
        _ => contig.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contigs_come_in_karyotype_order() {
        let mut contigs = ["PAR", "MT", "XY", "10", "X", "2", "Y", "100", "GL1"];
        contigs.sort_by_key(|contig| (rank(contig).unwrap_or(usize::MAX), *contig));
        assert_eq!(
            contigs,
            ["2", "10", "X", "Y", "XY", "MT", "100", "GL1", "PAR"]
        );
    }
}
