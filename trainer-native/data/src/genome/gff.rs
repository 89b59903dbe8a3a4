//! Transcripts with coding sequence from GFF3 and GTF.

use crate::errors::input_error;
use crate::files::held::Held;
use crate::files::lines::Lines;
use crate::genome::transcript::{Strand, Transcript};
use genolewm_core::Result;
use genolewm_core::limits::MAX_EXONS;
use genolewm_core::position::{BpOffset, Interval, Position};
use noodles_gff as gff;
use noodles_gff::feature::Record;
use noodles_gff::feature::record::{Phase, Strand as RowStrand};
use noodles_gtf as gtf;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::Path;

/// Memory of a row, in a list that grows.
const ROW_BYTES: usize = 2 * size_of::<(Interval, usize)>();

/// Memory of a transcript's first exons.
const EXONS_BYTES: usize = 128;

/// What the rows of one transcript said.
struct Parts {
    order: usize,
    gene: String,
    contig: String,
    strand: Strand,
    exons: Vec<Interval>,
    /// With the phase column.
    coding: Vec<(Interval, usize)>,
}

/// Reads the transcripts of a GFF3 or GTF file, in its order: `exon` and `CDS` rows, grouped by their
/// parent (`transcript_id` in GTF); a stop codon with rows of its own counts as coding. The gene is
/// `gene_name`, else the parent's identifier. A transcript without exon rows is left out.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` with the line when it is malformed.
pub fn read_gff3(path: &Path) -> Result<Vec<Transcript>> {
    let mut transcripts = Read {
        by_name: BTreeMap::new(),
        held: Held::of(path),
    };
    let mut lines = Lines::open(path)?;
    while let Some(line) = lines.next_text()? {
        if line.starts_with("##FASTA") {
            break;
        }
        if !line.is_empty() && !line.starts_with('#') {
            read_row(line, &mut transcripts).map_err(|error| lines.locate(error))?;
        }
    }
    let mut parts: Vec<Parts> = transcripts
        .by_name
        .into_values()
        .filter(|parts| !parts.exons.is_empty())
        .collect();
    parts.sort_by_key(|parts| parts.order);
    parts.into_iter().map(build).collect()
}

fn build(parts: Parts) -> Result<Transcript> {
    let mut transcript = Transcript::new(&parts.gene, &parts.contig, parts.strand, parts.exons)?;
    let five_prime = match parts.strand {
        Strand::Forward => parts.coding.iter().min_by_key(|(part, _)| part.start),
        Strand::Reverse => parts.coding.iter().max_by_key(|(part, _)| part.start),
    };
    if let Some(&(_, phase)) = five_prime {
        let coding: Vec<Interval> = parts.coding.iter().map(|&(part, _)| part).collect();
        transcript.set_coding(&coding, phase);
    }
    Ok(transcript)
}

/// Reads a row as GTF where a blank parts the first attribute's key from its value, else as GFF3.
fn read_row(text: &str, transcripts: &mut Read) -> Result<()> {
    let wrong = |error: io::Error| {
        input_error("this is no row of GFF3 or GTF, of nine columns").with_detail("cause", error)
    };
    let text = text.trim_end();
    let is_exon = match text.split('\t').nth(2) {
        Some("exon") => Some(true),
        Some("CDS" | "stop_codon") => Some(false),
        _ => None,
    };
    let attributes = text.rsplit('\t').next().unwrap_or_default();
    let parted = attributes.find(['=', ' ']).map(|at| &attributes[at..=at]);
    if parted == Some(" ") {
        let mut line = gtf::Line::default();
        let read = gtf::io::Reader::new(text.as_bytes()).read_line(&mut line);
        read.map_err(wrong)?;
        let record = line.as_record().transpose().map_err(wrong)?;
        if let Some((record, is_exon)) = record.zip(is_exon) {
            // Through the trait, attributes that make no sense would end the program.
            record.attributes().map_err(wrong)?;
            add_row(&record, is_exon, transcripts)?;
        }
        return Ok(());
    }
    let mut line = gff::Line::default();
    let read = gff::io::Reader::new(text.as_bytes()).read_line(&mut line);
    read.map_err(wrong)?;
    let record = line.as_record().transpose().map_err(wrong)?;
    record.zip(is_exon).map_or(Ok(()), |(record, is_exon)| {
        add_row(&record, is_exon, transcripts)
    })
}

fn add_row(record: &dyn Record, is_exon: bool, transcripts: &mut Read) -> Result<()> {
    let attributes = record.attributes();
    let attribute = |key: &str| -> Option<Vec<String>> {
        let mut known = attributes.iter().map_while(io::Result::ok);
        let (_, value) = known.find(|(name, _)| name.trim_ascii() == key.as_bytes())?;
        let values = value.iter().map_while(io::Result::ok);
        Some(values.map(|value| value.to_string()).collect())
    };
    let parents = attribute("Parent")
        .or_else(|| attribute("transcript_id"))
        .ok_or_else(|| input_error("an exon or CDS row names no Parent and no transcript_id"))?;
    let ends = record.feature_start().ok().zip(record.feature_end().ok());
    let (first, last) = ends.ok_or_else(|| input_error("a coordinate is no number above 0"))?;
    let interval = Interval::new(
        Position::new(first.get() as u64)?.offset(),
        BpOffset(last.get() as u64),
    )?;
    let strand = match record.strand() {
        Ok(RowStrand::Forward) => Strand::Forward,
        Ok(RowStrand::Reverse) => Strand::Reverse,
        _ => return Err(input_error("an exon's strand is neither + nor -")),
    };
    let phase = match record.phase().transpose() {
        Ok(None | Some(Phase::Zero)) => 0,
        Ok(Some(Phase::One)) => 1,
        Ok(Some(Phase::Two)) => 2,
        Err(_) => return Err(input_error("a phase is 0, 1, 2 or .")),
    };
    let gene = attribute("gene_name").map(|names| names.join(","));
    let contig = record.reference_sequence_name().to_string();
    for parent in parents {
        let parts = transcripts.of(parent, gene.as_deref(), &contig, strand)?;
        let rows = match is_exon {
            true => {
                parts.exons.push(interval);
                parts.exons.len()
            }
            false => {
                parts.coding.push((interval, phase));
                parts.coding.len()
            }
        };
        if rows > MAX_EXONS {
            let message = format!("a transcript has more than {MAX_EXONS} exons");
            return Err(input_error(message).with_remedy("check the identifiers of its rows"));
        }
    }
    Ok(())
}

/// The transcripts as far as the file was read.
struct Read {
    by_name: BTreeMap<String, Parts>,
    held: Held,
}

impl Read {
    /// What is known of a transcript, for one row more.
    fn of(
        &mut self,
        name: String,
        gene: Option<&str>,
        contig: &str,
        strand: Strand,
    ) -> Result<&mut Parts> {
        let order = self.by_name.len();
        Ok(match self.by_name.entry(name) {
            Entry::Occupied(known) => {
                self.held.add_bare(ROW_BYTES)?;
                known.into_mut()
            }
            Entry::Vacant(new) => {
                let gene = gene.unwrap_or(new.key()).to_owned();
                let texts = new.key().len() + gene.len() + contig.len();
                // Parts and transcript are there at once.
                let types = size_of::<Parts>() + size_of::<Transcript>();
                self.held.add(types + EXONS_BYTES + 2 * texts)?;
                new.insert(Parts {
                    order,
                    gene,
                    contig: contig.to_owned(),
                    strand,
                    exons: Vec::new(),
                    coding: Vec::new(),
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Transcript>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_gff3(file.path())
    }

    #[test]
    fn coding_rows_set_the_frame() {
        let row = |kind: &str, first: u64, last: u64, parent: &str| {
            format!("chr1\t.\t{kind}\t{first}\t{last}\t.\t-\t.\tID=x;Parent={parent};gene_name=G\n")
        };
        let text = [
            "##gff-version 3\n".to_owned(),
            row("gene", 1, 99, "g"),
            row("exon", 51, 60, "t1,t2"),
            row("exon", 11, 30, "t1"),
            row("CDS", 16, 30, "t1"),
            row("CDS", 51, 53, "t1"),
            row("stop_codon", 13, 15, "t1"),
        ]
        .concat();
        let transcripts = read(&text).unwrap();
        assert_eq!(transcripts.len(), 2);
        let transcript = &transcripts[0];
        assert_eq!(
            (
                transcript.gene(),
                transcript.spliced_bp(),
                transcript.exons().len()
            ),
            ("G", 30, 2)
        );
        // On the reverse strand the first coding base is position 53, the eighth of the exon.
        assert_eq!(transcript.coding(), Some(7..7 + 3 + 15 + 3));
        assert_eq!(transcripts[1].coding(), None);
        // A transcript whose start is not known begins within a codon.
        let cut = text.replace(".\tCDS\t51\t53\t.\t-\t.", ".\tCDS\t51\t53\t.\t-\t2");
        assert_ne!(cut, text);
        assert_eq!(read(&cut).unwrap()[0].coding(), Some(9..28));
    }

    #[test]
    fn gtf_gives_the_same_transcripts() -> Result<()> {
        let row = |kind: &str, first: u64, last: u64, phase: &str, attributes: &str| {
            format!("chr1\t.\t{kind}\t{first}\t{last}\t.\t+\t{phase}\t{attributes}\n")
        };
        let file = |attributes: &str| {
            [
                row("exon", 11, 30, ".", attributes),
                row("CDS", 16, 30, "0", attributes),
            ]
            .concat()
        };
        let gff3 = read(&file("ID=x;Parent=t1;gene_name=G"))?;
        let gtf = read(&file(r#"gene_id "g1"; transcript_id "t1"; gene_name "G";"#))?;
        assert_eq!(gtf, gff3);
        assert_eq!(gtf[0].coding(), Some(5..20));
        Ok(())
    }

    /// Identifiers and names were taken as they stand, with `%2C` for a comma.
    #[test]
    fn percent_encoded_attributes_were_never_decoded() {
        let row = |kind: &str, attributes: &str| {
            format!("chr%31\t.\t{kind}\t11\t40\t.\t+\t.\t{attributes}\n")
        };
        let text = row(
            "exon",
            "ID=e;Parent=t%2C1,t%3B2; gene_name=HLA%2DA %26 friends",
        ) + &row("CDS", "Parent=t%2C1;Note=100%25 = all");
        let transcripts = read(&text).unwrap();
        let genes: Vec<&str> = transcripts.iter().map(Transcript::gene).collect();
        assert_eq!(genes, ["HLA-A & friends", "HLA-A & friends"]);
        assert_eq!(transcripts[0].contig(), "chr1");
        assert_eq!(transcripts[0].coding(), Some(0..30));
        assert_eq!(transcripts[1].coding(), None);
        let text = row("exon", "Parent=NM_1%2E2");
        assert_eq!(read(&text).unwrap()[0].gene(), "NM_1.2");
    }

    #[test]
    fn malformed_rows_are_located() {
        for row in [
            "chr1\t.\texon\t1",
            "chr1\t.\texon\t0\t5\t.\t+\t.\tParent=t",
            "chr1\t.\texon\t1\t5\t.\t+\t.\tID=t",
            "chr1\t.\texon\t1\t5\t.\t.\t.\tParent=t",
        ] {
            assert_eq!(
                read(&format!("##gff\n{row}\n"))
                    .unwrap_err()
                    .location()
                    .and_then(|at| at.line),
                Some(2),
                "{row}"
            );
        }
    }
}
