//! Tables of exons: transcripts without reading frames.

use crate::errors::input_error;
use crate::files::lines::each_line;
use genolewm_core::Result;
use genolewm_core::bytes::Held;
use genolewm_core::genome::transcript::{Strand, Transcript};
use genolewm_core::position::{BpOffset, Interval};
use std::mem::replace;
use std::path::Path;

/// The columns of an exon table.
const EXON_TABLE_HEADER: &str = "gene\tcontig\tstrand\ttx_start0\ttx_end\texon_starts0\texon_ends";

/// Reads a table of exons: one transcript a line with gene, contig, strand, its 0-based start, its
/// end, and the exons' 0-based starts and ends between commas. No reading frames.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` with the line when it is malformed.
pub fn read_exon_table(path: &Path) -> Result<Vec<Transcript>> {
    let (mut transcripts, mut has_header) = (Vec::new(), false);
    let mut held = Held::of(path);
    each_line(path, |line| {
        let line = line.trim_end();
        if replace(&mut has_header, true) {
            // An exon's ends take no more than the letters that they are written in, thrice.
            held.add(size_of::<Transcript>() + 3 * line.len())?;
            transcripts.push(parse_exon_line(line)?);
        } else if line != EXON_TABLE_HEADER {
            let error = input_error("the first line of an exon table must name its columns");
            return Err(error.with_remedy(format!("start it with {EXON_TABLE_HEADER:?}")));
        }
        Ok(())
    })?;
    Ok(transcripts)
}

fn parse_exon_line(line: &str) -> Result<Transcript> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[gene, contig, strand, _, _, starts, ends] = &fields[..] else {
        return Err(input_error("a line of an exon table has seven columns"));
    };
    let strand = Strand::parse(strand).ok_or_else(|| input_error("a strand is + or -"))?;
    let numbers = |text: &str| -> Result<Vec<BpOffset>> {
        let list = text.split(',').filter(|part| !part.is_empty());
        list.map(|part| {
            part.parse()
                .map(BpOffset)
                .map_err(|_| input_error("an exon coordinate is not a number"))
        })
        .collect()
    };
    let (starts, ends) = (numbers(starts)?, numbers(ends)?);
    if starts.len() != ends.len() {
        return Err(input_error("a transcript has as many exon starts as ends"));
    }
    let ends = starts.into_iter().zip(ends);
    let exons = ends.map(|(start, end)| Interval::new(start, end));
    Transcript::new(gene, contig, strand, exons.collect::<Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::genome::annotation::Annotation;
    use genolewm_core::genome::consequence::Consequence;

    fn table(text: &str) -> Result<Vec<Transcript>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_exon_table(file.path())
    }

    #[test]
    fn tables_give_transcripts_by_place() {
        let rows = "A\tchr1\t+\t10\t40\t10,30\t20,40\nB\tchr1\t-\t5\t1000\t5,900\t8,1000,\nC\t1\t+\t2000\t2010\t2000\t2010\n";
        let annotation = Annotation::new(table(&format!("{EXON_TABLE_HEADER}\n{rows}")).unwrap());
        let genes = |start, end| -> Vec<&str> {
            let span = Interval::new(BpOffset(start), BpOffset(end)).unwrap();
            annotation
                .overlapping("1", span)
                .map(Transcript::gene)
                .collect()
        };
        assert_eq!(genes(0, 3_000), ["B", "A", "C"]);
        assert_eq!(
            (genes(40, 41), genes(39, 40), genes(1_000, 1_001)),
            (vec!["B"], vec!["B", "A"], vec![])
        );
        let at = |text: &str| annotation.consequence(&text.parse().unwrap());
        // Position 21 is the first base of A's intron.
        assert_eq!(at("chr1:21:A:C"), Consequence::SpliceDonor);
        assert_eq!(at("chr1:500:A:C"), Consequence::Intron);
        assert_eq!(at("chr2:21:A:C"), Consequence::Intergenic);
        assert_eq!(at("1:2005:A:C"), Consequence::Exon);
        // Inside an exon of A, but seven bases from an exon of B.
        assert_eq!(
            at("1:15:A:C"),
            Consequence::SpliceRegion {
                distance: 7,
                exonic: false
            }
        );
    }

    #[test]
    fn malformed_tables_are_located() {
        for (row, text) in [
            (1, "gene\tcontig\n".to_owned()),
            (2, format!("{EXON_TABLE_HEADER}\nA\tchr1\t+\t1\n")),
            (
                2,
                format!("{EXON_TABLE_HEADER}\nA\tchr1\t*\t10\t40\t10\t20\n"),
            ),
            (
                2,
                format!("{EXON_TABLE_HEADER}\nA\tchr1\t+\t10\t40\t10,15\t20\n"),
            ),
            (
                2,
                format!("{EXON_TABLE_HEADER}\nA\tchr1\t+\t10\t40\t10,15\t20,30\n"),
            ),
        ] {
            assert_eq!(
                table(&text).unwrap_err().location().and_then(|at| at.line),
                Some(row),
                "{text}"
            );
        }
    }
}
