//! Annotation of a genome: transcripts by place, from exon tables and GFF3.

use crate::errors::input_error;
use crate::files::held::Held;
use crate::files::lines::each_line;
use crate::genome::consequence::Consequence;
use crate::genome::transcript::{Strand, Transcript};
use genolewm_core::Result;
use genolewm_core::contig::common_form;
use genolewm_core::edit::EditSpec;
use genolewm_core::limits::MAX_TRANSCRIPTS_BP;
use genolewm_core::position::{BpOffset, Interval};
use std::collections::{BTreeMap, VecDeque};
use std::mem::replace;
use std::path::Path;

/// The columns of an exon table.
const EXON_TABLE_HEADER: &str = "gene\tcontig\tstrand\ttx_start0\ttx_end\texon_starts0\texon_ends";

/// Transcripts that keep the bases that they were given for an edit.
const KEPT_WITH_BASES: usize = 512;

/// Transcripts by place. Contig names are compared in their common form (`chr17` is `17`).
#[derive(Debug, Clone, Default)]
pub struct Annotation {
    by_contig: BTreeMap<String, ContigTranscripts>,
    /// Which have bases by [`load_bases`](Self::load_bases), by contig and place; the last came last.
    with_bases: VecDeque<(String, usize)>,
}

#[derive(Debug, Clone, Default)]
struct ContigTranscripts {
    /// By start.
    transcripts: Vec<Transcript>,
    longest_bp: u64,
}

impl Annotation {
    /// Sorts transcripts by place.
    #[must_use]
    pub fn new(transcripts: impl IntoIterator<Item = Transcript>) -> Self {
        let mut by_contig: BTreeMap<String, ContigTranscripts> = BTreeMap::new();
        for transcript in transcripts {
            let contig = by_contig
                .entry(common_form(transcript.contig()))
                .or_default();
            contig.longest_bp = contig.longest_bp.max(transcript.span().len_bp());
            contig.transcripts.push(transcript);
        }
        for contig in by_contig.values_mut() {
            contig
                .transcripts
                .sort_by(|a, b| (a.span().start, a.gene()).cmp(&(b.span().start, b.gene())));
        }
        Self {
            by_contig,
            ..Self::default()
        }
    }

    /// Gives every transcript its bases, and a frame to those without one; see
    /// [`Transcript::set_bases`].
    pub fn set_bases(&mut self, fetch: &dyn Fn(&str, Interval) -> Option<Vec<u8>>) {
        for transcript in self
            .by_contig
            .values_mut()
            .flat_map(|contig| &mut contig.transcripts)
        {
            transcript.set_bases(fetch);
        }
    }

    /// Gives the transcripts around an edit their bases, as [`set_bases`](Self::set_bases). Only those
    /// of the last few hundred keep them: a genome's are gigabytes.
    ///
    /// # Errors
    /// `INPUT.GENERIC` where too many bases lie around it.
    pub fn load_bases(
        &mut self,
        edit: &EditSpec,
        fetch: &dyn Fn(&str, Interval) -> Option<Vec<u8>>,
    ) -> Result<()> {
        let name = common_form(edit.chrom());
        let Some(contig) = self.by_contig.get_mut(&name) else {
            return Ok(());
        };
        let indexes = contig.overlapping(touched(edit));
        let bases = indexes
            .iter()
            .map(|&index| contig.transcripts[index].spliced_bp());
        if bases.sum::<usize>() > MAX_TRANSCRIPTS_BP {
            let message = format!("transcripts of more than {MAX_TRANSCRIPTS_BP} bases lie here");
            return Err(input_error(message)
                .with_detail("edit", edit)
                .with_detail("transcripts", indexes.len())
                .with_remedy("give annotation with fewer transcripts of a gene"));
        }
        for index in indexes {
            if !contig.transcripts[index].has_bases() {
                contig.transcripts[index].set_bases(fetch);
                self.with_bases.push_back((name.clone(), index));
            }
        }
        while self.with_bases.len() > KEPT_WITH_BASES || self.bases_bp() > 2 * MAX_TRANSCRIPTS_BP {
            let oldest = self.with_bases.pop_front();
            let forgotten = oldest.and_then(|(name, index)| {
                let contig = self.by_contig.get_mut(&name)?;
                contig.transcripts.get_mut(index)
            });
            if let Some(transcript) = forgotten {
                transcript.forget_bases();
            }
        }
        Ok(())
    }

    /// Bases that are kept.
    fn bases_bp(&self) -> usize {
        let transcript =
            |(name, index): &(String, usize)| self.by_contig.get(name)?.transcripts.get(*index);
        let kept = self.with_bases.iter().filter_map(transcript);
        kept.map(Transcript::spliced_bp).sum()
    }

    /// Whether an edit lies up to `reach_bp` before the start of a transcript, in its direction.
    #[must_use]
    pub fn is_upstream(&self, edit: &EditSpec, reach_bp: u64) -> bool {
        let span = touched(edit);
        let around = span.widened(reach_bp);
        self.overlapping(edit.chrom(), around)
            .any(|transcript| match transcript.strand() {
                Strand::Forward => span.start < transcript.span().start,
                Strand::Reverse => span.start >= transcript.span().end,
            })
    }

    /// All transcripts, by contig and place.
    pub fn transcripts(&self) -> impl Iterator<Item = &Transcript> {
        self.by_contig
            .values()
            .flat_map(|contig| &contig.transcripts)
    }

    /// The transcripts that share a base with `span` of a contig, by place.
    pub fn overlapping(&self, contig: &str, span: Interval) -> impl Iterator<Item = &Transcript> {
        let contig = self.by_contig.get(&common_form(contig));
        let places = contig.map_or_else(Vec::new, |contig| contig.overlapping(span));
        let transcripts = contig.map_or(&[][..], |contig| &contig.transcripts);
        places.into_iter().map(|index| &transcripts[index])
    }

    /// The worst that an edit does to any transcript.
    #[must_use]
    pub fn consequence(&self, edit: &EditSpec) -> Consequence {
        self.overlapping(edit.chrom(), touched(edit))
            .map(|transcript| transcript.consequence(edit))
            .fold(Consequence::Intergenic, Consequence::or_worse)
    }
}

impl ContigTranscripts {
    /// Places of the transcripts that share a base with `span`.
    fn overlapping(&self, span: Interval) -> Vec<usize> {
        let earliest = span.start.saturating_sub(self.longest_bp);
        let first = self
            .transcripts
            .partition_point(|transcript| transcript.span().start < earliest);
        (first..)
            .zip(&self.transcripts[first..])
            .take_while(|(_, transcript)| transcript.span().start < span.end)
            .filter(|(_, transcript)| transcript.span().intersects(span))
            .map(|(index, _)| index)
            .collect()
    }
}

/// The bases that an edit may touch. One more than it replaces: an insertion at an exon's last base
/// also touches the next one.
fn touched(edit: &EditSpec) -> Interval {
    Interval {
        end: edit.span().end.saturating_add(1),
        ..edit.span()
    }
}

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
