//! Transcripts with coding sequence from GFF3 and GTF.

use crate::files::fasta::open_text;
use crate::genome::annotation::malformed;
use crate::genome::transcript::{Strand, Transcript};
use genolewm_core::Result;
use genolewm_core::error::Location;
use genolewm_core::position::{BpOffset, Interval, Position};
use genolewm_report::output::io_error;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

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
    let name = path.display().to_string();
    let mut transcripts: BTreeMap<String, Parts> = BTreeMap::new();
    for (index, line) in open_text(path)?.lines().enumerate() {
        let line = line.map_err(|error| io_error(&name, &error))?;
        if line.starts_with("##FASTA") {
            break;
        }
        if !line.is_empty() && !line.starts_with('#') {
            let at =
                |error: genolewm_core::Error| error.at(Location::line(&name, index as u64 + 1));
            add_row(&line, &mut transcripts).map_err(at)?;
        }
    }
    let mut parts: Vec<Parts> = transcripts
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

fn add_row(line: &str, transcripts: &mut BTreeMap<String, Parts>) -> Result<()> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[contig, _, kind, first, last, _, strand, phase, attributes] = &fields[..] else {
        return Err(malformed("a GFF3 row has nine columns"));
    };
    if !matches!(kind, "exon" | "CDS" | "stop_codon") {
        return Ok(());
    }
    let attribute = |key: &str| {
        attributes
            .split(';')
            .filter_map(|entry| named(entry.trim()))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    };
    let parents = attribute("Parent")
        .or_else(|| attribute("transcript_id"))
        .ok_or_else(|| malformed("an exon or CDS row names no Parent and no transcript_id"))?;
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| malformed("a GFF3 coordinate is not a number"))
    };
    let interval = Interval::new(
        Position::new(number(first)?)?.offset(),
        BpOffset(number(last)?),
    )?;
    let strand =
        Strand::parse(strand).ok_or_else(|| malformed("an exon's strand is neither + nor -"))?;
    let phase = match phase {
        "." => 0,
        text => text
            .parse()
            .ok()
            .filter(|&phase| phase < 3)
            .ok_or_else(|| malformed("a phase is 0, 1, 2 or ."))?,
    };
    for parent in parents.split(',') {
        let order = transcripts.len();
        let parts = transcripts
            .entry(parent.to_owned())
            .or_insert_with(|| Parts {
                order,
                gene: attribute("gene_name").unwrap_or(parent).to_owned(),
                contig: contig.to_owned(),
                strand,
                exons: Vec::new(),
                coding: Vec::new(),
            });
        if kind == "exon" {
            parts.exons.push(interval);
        } else {
            parts.coding.push((interval, phase));
        }
    }
    Ok(())
}

/// An attribute as GFF3 (`key=value`) or GTF (`key "value"`) writes it.
fn named(entry: &str) -> Option<(&str, &str)> {
    entry.split_once('=').or_else(|| {
        let (key, value) = entry.split_once(' ')?;
        Some((key, value.trim().trim_matches('"')))
    })
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
