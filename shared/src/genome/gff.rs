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

/// What RefSeq puts before those of its transcripts.
const RNA_PREFIX: &str = "rna-";

/// An identifier with its place: genes that X and Y share may have one identifier.
type Key = (String, String, Strand);

/// What the rows of one transcript said.
struct Parts {
    order: usize,
    gene: Option<String>,
    /// Where it is not the identifier.
    name: Option<String>,
    standing: Standing,
    exons: Vec<Interval>,
    /// With the phase column.
    coding: Vec<(Interval, usize)>,
}

/// Reads the transcripts of a GFF3 or GTF file, plain or gzip, in its order: `exon` and `CDS` rows,
/// grouped by their parent (`transcript_id` in GTF); a stop codon with rows of its own counts as coding.
/// The gene is `gene_name`, `gene` or `gene_id`; in Ensembl's GFF3 the `Name` of the gene's own row or else
/// its identifier; where nothing says it, the transcript's name. What `tag` says of a transcript is its [`Standing`]. A transcript without exon
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
        by_key: BTreeMap::new(),
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

fn build((id, contig, strand): &Key, parts: Parts) -> Result<Transcript> {
    let name = parts.name.as_deref().unwrap_or_else(|| bare(id));
    let gene = parts.gene.as_deref().unwrap_or(name);
    let transcript = Transcript::new(gene, contig, *strand, parts.exons)?;
    let mut transcript = transcript.named(name, parts.standing);
    let five_prime = match strand {
        Strand::Forward => parts.coding.iter().min_by_key(|(part, _)| part.start),
        Strand::Reverse => parts.coding.iter().max_by_key(|(part, _)| part.start),
    };
    if let Some(&(_, phase)) = five_prime {
        let coding: Vec<Interval> = parts.coding.iter().map(|&(part, _)| part).collect();
        transcript.set_coding(&coding, phase);
    }
    Ok(transcript)
}

/// A transcript's identifier without what its source puts before it.
fn bare(id: &str) -> &str {
    let prefixes = [TRANSCRIPT_PREFIX, RNA_PREFIX];
    let bare = prefixes.iter().find_map(|prefix| id.strip_prefix(prefix));
    bare.unwrap_or(id)
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
    let names = attribute(record, "transcript_id");
    let parents = attribute(record, "Parent")
        .or_else(|| names.clone())
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
    let keys = ["gene_name", "gene", "gene_id"];
    let gene = keys.into_iter().find_map(|key| attribute(record, key));
    let gene = gene.map(|names| names.join(","));
    // Of several parents it is not known which one a name is of.
    let name = match (names.as_deref(), parents.as_slice()) {
        (Some([name]), [parent]) if name != parent => Some(name.as_str()),
        _ => None,
    };
    let standing = standing(record);
    let contig = record.reference_sequence_name().to_string();
    for parent in &parents {
        let key = (parent.clone(), contig.clone(), strand);
        let parts = transcripts.of(key, gene.as_deref(), name)?;
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
    by_key: BTreeMap<Key, Parts>,
    /// Symbols by the identifiers of Ensembl's genes.
    genes: BTreeMap<String, String>,
    /// The genes of Ensembl's transcripts, and what is said of these.
    ensembl: BTreeMap<String, (String, Standing)>,
    held: Held,
}

impl Transcripts {
    /// The transcripts in the file's order.
    fn built(self) -> Result<Vec<Transcript>> {
        let with_exons = self.by_key.into_iter();
        let with_exons = with_exons.filter(|(_, parts)| !parts.exons.is_empty());
        let mut parts: Vec<(Key, Parts)> = with_exons.collect();
        parts.sort_by_key(|(_, parts)| parts.order);
        let built = parts.into_iter().map(|(key, mut parts)| {
            if let Some((gene, standing)) = self.ensembl.get(&key.0) {
                let id = gene.strip_prefix(GENE_PREFIX).unwrap_or(gene);
                let id = Some(id.to_owned()).filter(|id| !id.is_empty());
                let symbol = self.genes.get(gene).cloned();
                parts.gene = symbol.or(parts.gene).or(id);
                parts.standing = parts.standing.min(*standing);
            }
            build(&key, parts)
        });
        built.collect()
    }

    /// What is known of a transcript, for one row more.
    fn of(&mut self, key: Key, gene: Option<&str>, name: Option<&str>) -> Result<&mut Parts> {
        let order = self.by_key.len();
        let parts = match self.by_key.entry(key) {
            Entry::Occupied(known) => {
                self.held.add_bare(ROW_BYTES)?;
                known.into_mut()
            }
            Entry::Vacant(new) => {
                let (id, contig, _) = new.key();
                let texts = 2 * id.len() + gene.unwrap_or(id).len() + contig.len();
                // Parts and transcript are there at once.
                let types = size_of::<Parts>() + size_of::<Transcript>();
                self.held.add(types + EXONS_BYTES + 2 * texts)?;
                new.insert(Parts {
                    order,
                    gene: gene.map(str::to_owned),
                    name: None,
                    standing: Standing::None,
                    exons: Vec::new(),
                    coding: Vec::new(),
                })
            }
        };
        if let (None, Some(name)) = (&parts.name, name) {
            self.held.add_bare(2 * name.len())?;
            parts.name = Some(name.to_owned());
        }
        Ok(parts)
    }
}

#[cfg(test)]
#[path = "gff_tests.rs"]
mod tests;
