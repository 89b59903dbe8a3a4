//! Transcripts: exons on a contig, spliced sequence and reading frame.

use crate::bases;
use crate::errors::input_error;
use crate::genome::frame::longest_frame;
use core::ops::Range;
use genolewm_core::Result;
use genolewm_core::limits::{MAX_EXONS, MAX_TRANSCRIPT_BP};
use genolewm_core::position::{BpOffset, Interval};

/// The strand that a transcript is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strand {
    /// In the contig's own direction.
    Forward,
    /// Against it.
    Reverse,
}

impl Strand {
    /// Reads `+` or `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "+" => Some(Self::Forward),
            "-" => Some(Self::Reverse),
            _ => None,
        }
    }
}

/// A transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    gene: String,
    contig: String,
    pub(super) strand: Strand,
    /// Ascending on the contig, disjoint.
    pub(super) exons: Vec<Interval>,
    /// The reading frame, stop codon included, in spliced coordinates.
    pub(super) coding: Option<Range<usize>>,
    /// Spliced sequence, 5' to 3'; empty until bases are given.
    pub(super) spliced: Vec<u8>,
}

impl Transcript {
    /// A transcript from its exons, in any order.
    ///
    /// # Errors
    /// `INPUT.GENERIC` without exons, or when one is empty or overlaps another.
    pub fn new(gene: &str, contig: &str, strand: Strand, mut exons: Vec<Interval>) -> Result<Self> {
        exons.sort_by_key(|exon| exon.start);
        let overlap = exons.windows(2).any(|pair| pair[1].start < pair[0].end);
        if exons.is_empty() || overlap || exons.iter().any(|exon| exon.is_empty()) {
            return Err(
                input_error("a transcript's exons are missing, empty or overlapping")
                    .with_detail("gene", gene),
            );
        }
        let spliced_bp: u64 = exons.iter().map(|exon| exon.len_bp()).sum();
        if spliced_bp > MAX_TRANSCRIPT_BP || exons.len() > MAX_EXONS {
            let message = format!(
                "a transcript has more than {MAX_TRANSCRIPT_BP} bases or {MAX_EXONS} exons"
            );
            return Err(input_error(message)
                .with_detail("gene", gene)
                .with_detail("bp", spliced_bp)
                .with_remedy("check the ends of its exons"));
        }
        Ok(Self {
            gene: gene.to_owned(),
            contig: contig.to_owned(),
            strand,
            exons,
            coding: None,
            spliced: Vec::new(),
        })
    }

    /// The gene's symbol.
    #[must_use]
    pub fn gene(&self) -> &str {
        &self.gene
    }

    /// The contig.
    #[must_use]
    pub fn contig(&self) -> &str {
        &self.contig
    }

    /// The strand.
    #[must_use]
    pub const fn strand(&self) -> Strand {
        self.strand
    }

    /// The exons, ascending on the contig.
    #[must_use]
    pub fn exons(&self) -> &[Interval] {
        &self.exons
    }

    /// From the first exon's start to the last one's end.
    #[must_use]
    pub fn span(&self) -> Interval {
        Interval {
            start: self.exons[0].start,
            end: self.exons[self.exons.len() - 1].end,
        }
    }

    /// Length of the spliced transcript.
    #[must_use]
    pub fn spliced_bp(&self) -> usize {
        self.exons.iter().map(|exon| exon.len_bp() as usize).sum()
    }

    /// The reading frame in spliced coordinates, stop codon included, when it is known.
    #[must_use]
    pub fn coding(&self) -> Option<Range<usize>> {
        self.coding.clone()
    }

    /// Sets the frame from coding intervals on the contig, as GFF3's CDS rows give it; the stop
    /// codon counts as coding where the intervals include it. `phase` is that of the 5'-most row: the
    /// bases to drop before the first whole codon of a transcript whose start is not known.
    pub fn set_coding(&mut self, cds: &[Interval], phase: usize) {
        let ends = cds
            .iter()
            .flat_map(|part| [part.start, part.end.saturating_sub(1)]);
        let places: Vec<usize> = ends
            .filter_map(|offset| self.spliced_offset(offset))
            .collect();
        self.coding = match (places.iter().min(), places.iter().max()) {
            (Some(&first), Some(&last)) if first + phase <= last => Some(first + phase..last + 1),
            _ => None,
        };
    }

    /// Takes the bases of the exons from `fetch(contig, span)`, which gives codes or `None` where it
    /// has no such contig. Without a frame of its own the transcript takes the longest open one;
    /// unknown bases keep their places, so that a gap does not shift the frame.
    pub fn set_bases(&mut self, fetch: &dyn Fn(&str, Interval) -> Option<Vec<u8>>) {
        let unknown = |exon: &Interval| vec![bases::N; exon.len_bp() as usize];
        let exons = self.exons.iter();
        self.spliced = exons
            .flat_map(|exon| fetch(&self.contig, *exon).unwrap_or_else(|| unknown(exon)))
            .collect();
        if self.strand == Strand::Reverse {
            bases::reverse_complement(&mut self.spliced);
        }
        if self.coding.is_none() {
            self.coding = longest_frame(&self.spliced);
        }
    }

    /// Whether it was given bases.
    #[must_use]
    pub fn has_bases(&self) -> bool {
        !self.spliced.is_empty()
    }

    /// Gives the memory of its bases back; the frame stays.
    pub fn forget_bases(&mut self) {
        self.spliced = Vec::new();
    }

    /// The place of a contig's base in the spliced transcript.
    #[must_use]
    pub fn spliced_offset(&self, offset: BpOffset) -> Option<usize> {
        let index = self.exons.partition_point(|exon| exon.end <= offset);
        let within = offset.since(self.exons.get(index)?.start)?.get() as usize;
        let before: usize = self.exons[..index]
            .iter()
            .map(|exon| exon.len_bp() as usize)
            .sum();
        Some(match self.strand {
            Strand::Forward => before + within,
            Strand::Reverse => self.spliced_bp() - 1 - before - within,
        })
    }

    /// The contig's base at a place of the spliced transcript.
    #[cfg(test)]
    fn contig_offset(&self, spliced: usize) -> Option<BpOffset> {
        let mut left = match self.strand {
            Strand::Forward => spliced,
            Strand::Reverse => self.spliced_bp().checked_sub(spliced + 1)?,
        } as u64;
        for exon in &self.exons {
            if left < exon.len_bp() {
                return Some(exon.start.saturating_add(left));
            }
            left -= exon.len_bp();
        }
        None
    }
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
