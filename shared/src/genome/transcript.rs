//! Transcripts: exons on a contig, spliced sequence and reading frame.

use crate::bases;
use crate::genome::codon::{GeneticCode, STOP, translate};
use crate::genome::frame::longest_frame;
use crate::limits::{MAX_EXONS, MAX_TRANSCRIPT_BP};
use crate::position::{BpOffset, Interval};
use crate::{Error, Result};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// Bases from the first exon to the last of a transcript whose sequence is read; the longest human gene
/// has 2.5 million. Of a file that is read page by page all pages of a transcript have to stay in memory.
const MAX_SPAN_BP: u64 = 8_000_000;

/// The strand that a transcript is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// Who says that a transcript stands for its gene, the best first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// MANE Select: RefSeq and Ensembl agree on it.
    ManeSelect,
    /// Ensembl's canonical one.
    EnsemblCanonical,
    /// The principal isoform by APPRIS.
    Appris,
    /// Nobody.
    #[default]
    None,
}

impl Standing {
    /// What a `tag` of GENCODE, Ensembl or RefSeq says.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        match tag {
            "MANE_Select" | "MANE Select" => Self::ManeSelect,
            "Ensembl_canonical" => Self::EnsemblCanonical,
            tag if tag.starts_with("appris_principal") => Self::Appris,
            _ => Self::None,
        }
    }
}

/// Where bases come from: codes, or `None` where there is no such contig.
pub type TryFetch<'a> = &'a mut dyn FnMut(&str, Interval) -> Result<Option<Vec<u8>>>;

/// A transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    gene: String,
    name: String,
    standing: Standing,
    contig: String,
    pub(super) code: GeneticCode,
    pub(super) strand: Strand,
    /// Ascending on the contig, disjoint.
    pub(super) exons: Vec<Interval>,
    /// The reading frame, stop codon included, in spliced coordinates.
    pub(super) coding: Option<Range<usize>>,
    /// Whether annotation gives the frame: the longest open one is a guess.
    has_given_coding: bool,
    /// Coding bases before the frame, of a codon whose other bases are not known.
    cut_bp: usize,
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
                Error::input("a transcript's exons are missing, empty or overlapping")
                    .with_detail("gene", gene),
            );
        }
        let spliced_bp: u64 = exons.iter().map(|exon| exon.len_bp()).sum();
        if spliced_bp > MAX_TRANSCRIPT_BP || exons.len() > MAX_EXONS {
            let message = format!(
                "a transcript has more than {MAX_TRANSCRIPT_BP} bases or {MAX_EXONS} exons"
            );
            return Err(Error::input(message)
                .with_detail("gene", gene)
                .with_detail("bp", spliced_bp)
                .with_remedy("check the ends of its exons"));
        }
        Ok(Self {
            gene: gene.to_owned(),
            name: String::new(),
            standing: Standing::None,
            contig: contig.to_owned(),
            code: GeneticCode::of_contig(contig),
            strand,
            exons,
            coding: None,
            has_given_coding: false,
            cut_bp: 0,
            spliced: Vec::new(),
        })
    }

    /// The same under its own name, with what annotation says of it.
    #[must_use]
    pub fn named(mut self, name: &str, standing: Standing) -> Self {
        (self.name, self.standing) = (name.to_owned(), standing);
        self
    }

    /// Its own name, as `ENST00000357654.3`; empty where nothing says it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn standing(&self) -> Standing {
        self.standing
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
        self.has_given_coding = self.coding.is_some();
        // A guessed frame begins with a start codon.
        self.cut_bp = if self.has_given_coding { phase } else { 0 };
    }

    /// The reading frame that annotation gives, which a [guess](Self::set_bases) does not replace.
    pub(super) fn given_coding(&self) -> Option<Range<usize>> {
        self.coding.clone().filter(|_| self.has_given_coding)
    }

    /// All coding bases: the reading frame, and what is there of a codon that the transcript's start cuts.
    pub(super) fn coding_bases(&self) -> Option<Range<usize>> {
        let coding = self.coding.as_ref()?;
        Some(coding.start.saturating_sub(self.cut_bp)..coding.end)
    }

    /// Whether the frame begins with a start codon, by the bases.
    pub(super) fn has_start(&self) -> bool {
        let codon = self.codon(|coding| coding.start);
        self.cut_bp == 0 && codon.is_some_and(|codon| self.code.is_start(codon))
    }

    /// Whether it ends with a stop codon, by the bases.
    pub(super) fn has_stop(&self) -> bool {
        let is_whole = |coding: &Range<usize>| coding.len().is_multiple_of(3);
        self.coding.as_ref().is_some_and(is_whole)
            && self
                .codon(|coding| coding.end.saturating_sub(3))
                .is_some_and(|codon| translate(codon, self.code) == Some(STOP))
    }

    fn codon(&self, at: impl Fn(&Range<usize>) -> usize) -> Option<&[u8]> {
        let start = at(self.coding.as_ref()?);
        self.spliced.get(start..start + 3)
    }

    /// Takes the bases of the exons from `fetch(contig, span)`, which gives codes or `None` where it
    /// has no such contig. Without a frame of its own the transcript takes the longest open one;
    /// unknown bases keep their places, so that a gap does not shift the frame. Bases of a transcript
    /// across more than 8 Mb stay unknown.
    pub fn set_bases(&mut self, fetch: &dyn Fn(&str, Interval) -> Option<Vec<u8>>) {
        // What cannot fail does not.
        let _ = self.try_set_bases(&mut |contig, span| Ok(fetch(contig, span)));
    }

    /// As [`set_bases`](Self::set_bases); after an error it can be asked again.
    ///
    /// # Errors
    /// What `fetch` returns.
    pub fn try_set_bases(&mut self, fetch: TryFetch<'_>) -> Result<()> {
        let is_far = self.span().len_bp() > MAX_SPAN_BP;
        let mut spliced = Vec::with_capacity(self.spliced_bp());
        for exon in &self.exons {
            let unknown = || vec![bases::N; exon.len_bp() as usize];
            let known = match is_far {
                true => None,
                false => fetch(&self.contig, *exon)?,
            };
            spliced.extend(known.unwrap_or_else(unknown));
        }
        if self.strand == Strand::Reverse {
            bases::reverse_complement(&mut spliced);
        }
        self.spliced = spliced;
        if self.coding.is_none() {
            self.coding = longest_frame(&self.spliced, self.code);
        }
        Ok(())
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
