//! Transcripts with coding sequence from GFF3 and GTF.

use crate::bytes::{Held, LineReader, SourceLine, Unpacked, note_oddity};
use crate::error::Location;
use crate::genome::transcript::{Standing, Strand, Transcript};
use crate::limits::{MAX_EXONS, MAX_LISTED_LINE_BYTES, MAX_UNPACKED_BYTES, MAX_UNPACKED_FOLD};
use crate::position::{BpOffset, Interval, Position};
use crate::{Error, Result};
use noodles_gff as gff;
use noodles_gff::feature::Record;
use noodles_gff::feature::record::{Phase, Strand as RowStrand};
use noodles_gtf as gtf;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Read};

/// Memory of a row, in a list that grows.
const ROW_BYTES: usize = 2 * size_of::<(Interval, usize)>();

/// Memory of a transcript's first exons.
const EXONS_BYTES: usize = 128;

/// What Ensembl puts before the identifiers of its genes and transcripts in GFF3.
const GENE_PREFIX: &str = "gene:";
const TRANSCRIPT_PREFIX: &str = "transcript:";

/// What the rows of one transcript said.
struct Parts {
    order: usize,
    gene: String,
    contig: String,
    strand: Strand,
    standing: Standing,
    exons: Vec<Interval>,
    /// With the phase column.
    coding: Vec<(Interval, usize)>,
}

/// Reads the transcripts of a GFF3 or GTF file, plain or gzip, in its order: `exon` and `CDS` rows,
/// grouped by their parent (`transcript_id` in GTF); a stop codon with rows of its own counts as coding.
/// The gene is `gene_name` or `gene`, else the parent's identifier; in Ensembl's GFF3 it is the `Name` of
/// the gene's own row. What `tag` says of a transcript is its [`Standing`]. A transcript without exon
/// rows is left out. `name` is what errors call the file, and `size` its bytes.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` with the line when it is malformed.
pub fn read_transcripts(
    file: Box<dyn Read + Send>,
    name: &str,
    size: u64,
) -> Result<Vec<Transcript>> {
    let mut transcripts = Transcripts {
        by_name: BTreeMap::new(),
        genes: BTreeMap::new(),
        ensembl: BTreeMap::new(),
        held: Held::of_size(size),
    };
    let unpacked = Unpacked::bytes(MAX_UNPACKED_BYTES as u64, MAX_UNPACKED_FOLD as u64);
    let mut lines = LineReader::open_list(file, name, unpacked)?;
    let mut number = 0;
    while let Some(line) = lines.next_bytes(MAX_LISTED_LINE_BYTES)? {
        let line = SourceLine::of(line);
        if line.is_latin1() {
            note_oddity(
                name,
                "the text is not UTF-8; such lines are read as Latin-1",
            );
        }
        number += 1;
        if line.starts_with("##FASTA") {
            break;
        }
        if !line.is_empty() && !line.starts_with('#') {
            read_row(&line, &mut transcripts)
                .map_err(|error| error.at(Location::line(name, number)))?;
        }
    }
    transcripts.built()
}

fn build(name: &str, parts: Parts) -> Result<Transcript> {
    let transcript = Transcript::new(&parts.gene, &parts.contig, parts.strand, parts.exons)?;
    let mut transcript = transcript.named(name, parts.standing);
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
fn read_row(text: &str, transcripts: &mut Transcripts) -> Result<()> {
    let wrong = |error: io::Error| {
        Error::input("this is no row of GFF3 or GTF, of nine columns").with_detail("cause", error)
    };
    let text = text.trim_end();
    let kind = match text.split('\t').nth(2) {
        Some("exon") => RowKind::Exon,
        Some("CDS" | "stop_codon") => RowKind::Coding,
        _ => RowKind::Other,
    };
    let attributes = text.rsplit('\t').next().unwrap_or_default();
    let parted = attributes.find(['=', ' ']).map(|at| &attributes[at..=at]);
    if parted == Some(" ") {
        let mut line = gtf::Line::default();
        let read = gtf::io::Reader::new(text.as_bytes()).read_line(&mut line);
        read.map_err(wrong)?;
        let record = line.as_record().transpose().map_err(wrong)?;
        if let Some(record) = record.filter(|_| kind != RowKind::Other) {
            // Through the trait, attributes that make no sense would end the program.
            record.attributes().map_err(wrong)?;
            add_row(&record, kind, transcripts)?;
        }
        return Ok(());
    }
    let mut line = gff::Line::default();
    let read = gff::io::Reader::new(text.as_bytes()).read_line(&mut line);
    read.map_err(wrong)?;
    let record = line.as_record().transpose().map_err(wrong)?;
    match (record, kind) {
        (None, _) => Ok(()),
        (Some(record), RowKind::Other) => add_names(&record, transcripts),
        (Some(record), kind) => add_row(&record, kind, transcripts),
    }
}

/// What a row says of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowKind {
    Exon,
    Coding,
    Other,
}

/// The values of an attribute, if a row has it.
fn attribute(record: &dyn Record, key: &str) -> Option<Vec<String>> {
    let attributes = record.attributes();
    let mut known = attributes.iter().map_while(io::Result::ok);
    let (_, value) = known.find(|(name, _)| name.trim_ascii() == key.as_bytes())?;
    let values = value.iter().map_while(io::Result::ok);
    Some(values.map(|value| value.to_string()).collect())
}

fn standing(record: &dyn Record) -> Standing {
    let tags = attribute(record, "tag").unwrap_or_default();
    let standings = tags.iter().map(|tag| Standing::of_tag(tag));
    standings.min().unwrap_or_default()
}

/// Takes what Ensembl's GFF3 says in the rows of genes and transcripts alone.
fn add_names(record: &dyn Record, transcripts: &mut Transcripts) -> Result<()> {
    let first = |key| attribute(record, key).and_then(|values| values.into_iter().next());
    let Some(id) = first("ID") else {
        return Ok(());
    };
    if id.starts_with(GENE_PREFIX) {
        if let Some(name) = first("Name") {
            transcripts.held.add(id.len() + name.len())?;
            transcripts.genes.insert(id, name);
        }
    } else if id.starts_with(TRANSCRIPT_PREFIX) {
        let gene = first("Parent").unwrap_or_default();
        transcripts.held.add(id.len() + gene.len())?;
        transcripts.ensembl.insert(id, (gene, standing(record)));
    }
    Ok(())
}

fn add_row(record: &dyn Record, kind: RowKind, transcripts: &mut Transcripts) -> Result<()> {
    let parents = attribute(record, "Parent")
        .or_else(|| attribute(record, "transcript_id"))
        .ok_or_else(|| Error::input("an exon or CDS row names no Parent and no transcript_id"))?;
    let ends = record.feature_start().ok().zip(record.feature_end().ok());
    let (first, last) = ends.ok_or_else(|| Error::input("a coordinate is no number above 0"))?;
    let interval = Interval::new(
        Position::new(first.get() as u64)?.offset(),
        BpOffset(last.get() as u64),
    )?;
    let strand = match record.strand() {
        Ok(RowStrand::Forward) => Strand::Forward,
        Ok(RowStrand::Reverse) => Strand::Reverse,
        _ => return Err(Error::input("an exon's strand is neither + nor -")),
    };
    let phase = match record.phase().transpose() {
        Ok(None | Some(Phase::Zero)) => 0,
        Ok(Some(Phase::One)) => 1,
        Ok(Some(Phase::Two)) => 2,
        Err(_) => return Err(Error::input("a phase is 0, 1, 2 or .")),
    };
    let gene = attribute(record, "gene_name").or_else(|| attribute(record, "gene"));
    let gene = gene.map(|names| names.join(","));
    let standing = standing(record);
    let contig = record.reference_sequence_name().to_string();
    for parent in parents {
        let parts = transcripts.of(parent, gene.as_deref(), &contig, strand)?;
        parts.standing = parts.standing.min(standing);
        let rows = match kind {
            RowKind::Exon => {
                parts.exons.push(interval);
                parts.exons.len()
            }
            _ => {
                parts.coding.push((interval, phase));
                parts.coding.len()
            }
        };
        if rows > MAX_EXONS {
            let message = format!("a transcript has more than {MAX_EXONS} exons");
            return Err(Error::input(message).with_remedy("check the identifiers of its rows"));
        }
    }
    Ok(())
}

/// The transcripts as far as the file was read.
struct Transcripts {
    by_name: BTreeMap<String, Parts>,
    /// Symbols by the identifiers of Ensembl's genes.
    genes: BTreeMap<String, String>,
    /// The genes of Ensembl's transcripts, and what is said of these.
    ensembl: BTreeMap<String, (String, Standing)>,
    held: Held,
}

impl Transcripts {
    /// The transcripts in the file's order.
    fn built(self) -> Result<Vec<Transcript>> {
        let with_exons = self.by_name.into_iter();
        let with_exons = with_exons.filter(|(_, parts)| !parts.exons.is_empty());
        let mut parts: Vec<(String, Parts)> = with_exons.collect();
        parts.sort_by_key(|(_, parts)| parts.order);
        let built = parts.into_iter().map(|(id, mut parts)| {
            if let Some((gene, standing)) = self.ensembl.get(&id) {
                let gene = self.genes.get(gene);
                gene.into_iter()
                    .for_each(|name| parts.gene.clone_from(name));
                parts.standing = parts.standing.min(*standing);
            }
            let name = id.strip_prefix(TRANSCRIPT_PREFIX).unwrap_or(&id);
            build(name, parts)
        });
        built.collect()
    }

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
                let texts = 2 * new.key().len() + gene.len() + contig.len();
                // Parts and transcript are there at once.
                let types = size_of::<Parts>() + size_of::<Transcript>();
                self.held.add(types + EXONS_BYTES + 2 * texts)?;
                new.insert(Parts {
                    order,
                    gene,
                    contig: contig.to_owned(),
                    strand,
                    standing: Standing::None,
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
        let bytes = io::Cursor::new(text.to_owned().into_bytes());
        read_transcripts(Box::new(bytes), "a.gff3", text.len() as u64)
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
    fn ensembl_names_genes_and_transcripts_in_rows_of_their_own() -> Result<()> {
        let row = |kind: &str, attributes: &str| {
            format!("17\t.\t{kind}\t11\t40\t.\t-\t.\t{attributes}\n")
        };
        let text = [
            row("gene", "ID=gene:ENSG1;Name=BRCA1;biotype=protein_coding"),
            row(
                "mRNA",
                "ID=transcript:ENST1;Parent=gene:ENSG1;tag=basic,Ensembl_canonical",
            ),
            row("exon", "Parent=transcript:ENST1;Name=ENSE1"),
            row("CDS", "ID=CDS:ENSP1;Parent=transcript:ENST1"),
            row("exon", "Parent=transcript:ENST2;Name=ENSE1"),
        ];
        let transcripts = read(&text.concat())?;
        let names = |at: usize| (transcripts[at].gene(), transcripts[at].name());
        assert_eq!(names(0), ("BRCA1", "ENST1"));
        assert_eq!(names(1), ("transcript:ENST2", "ENST2"));
        assert!(transcripts[0].is_before(&transcripts[1]));
        Ok(())
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
