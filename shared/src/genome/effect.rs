//! What an edit does to a transcript.

use crate::bases::{self, complement};
use crate::edit::{EditSpec, EditType};
use crate::genome::codon::{STOP, blosum62, translate};
use crate::genome::consequence::Consequence;
use crate::genome::site::{
    Change, SPLICE_REGION_EXONIC_BP, SPLICE_REGION_INTRONIC_BP, SPLICE_SITE_BP,
};
use crate::genome::transcript::{Strand, Transcript};
use crate::position::{BpOffset, Interval};
use alloc::vec::Vec;
use core::ops::Range;

/// A substitution with its consequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TranscriptSnv {
    /// Where, on the contig.
    pub offset: BpOffset,
    /// The code of the reference base, forward strand.
    pub reference: u8,
    /// The code of the new base, forward strand.
    pub alternate: u8,
    /// What it does.
    pub consequence: Consequence,
    /// The codon, counted from 0, for a coding base.
    pub codon: Option<usize>,
}

impl Transcript {
    /// What an edit does to this transcript. Of the bases that it changes the worst counts; an edit
    /// outside is intergenic.
    #[must_use]
    pub fn consequence(&self, edit: &EditSpec) -> Consequence {
        if edit.edit_type() == EditType::Snv {
            let alternate = bases::encode(edit.alternate());
            return self.snv_consequence(edit.pos().offset(), alternate[0]);
        }
        let changed = Change::of(edit).touched();
        let (before, after) = (edit.reference().len(), edit.alternate().len());
        let shifts = !before.abs_diff(after).is_multiple_of(3);
        let coding = if shifts {
            Consequence::Frameshift
        } else {
            Consequence::InframeChange
        };
        (changed.start.get()..changed.end.get())
            .map(|offset| match self.place(BpOffset(offset)) {
                TranscriptSite::Exon { spliced, near } if self.is_coding(spliced) => {
                    near.map_or(coding, |near| coding.or_worse(near))
                }
                place => self.outside_coding(place),
            })
            .fold(Consequence::Intergenic, Consequence::or_worse)
    }

    /// What a substitution does to this transcript; `alternate` is the code of the new base on the
    /// forward strand.
    #[must_use]
    pub fn snv_consequence(&self, offset: BpOffset, alternate: u8) -> Consequence {
        let place = self.place(offset);
        let TranscriptSite::Exon { spliced, near } = place else {
            return self.outside_coding(place);
        };
        let new = if self.strand == Strand::Forward {
            alternate
        } else {
            complement(alternate)
        };
        let coding = self
            .coding_change(spliced, new)
            .unwrap_or_else(|| self.outside_coding(place));
        near.map_or(coding, |near| coding.or_worse(near))
    }

    /// Every substitution of a known exonic base, and of intronic bases near splice sites when
    /// `fetch` knows them; by place.
    #[must_use]
    pub fn snvs(&self, fetch: &dyn Fn(&str, Interval) -> Option<Vec<u8>>) -> Vec<TranscriptSnv> {
        let mut found = Vec::new();
        for exon in &self.exons {
            let span = exon.widened(SPLICE_REGION_INTRONIC_BP);
            let Some(known) = fetch(self.contig(), span) else {
                continue;
            };
            for (offset, &reference) in (span.start.get()..).map(BpOffset).zip(&known) {
                let inside = exon.contains(offset)
                    || matches!(self.place(offset), TranscriptSite::Splice(_));
                if reference < bases::N && inside {
                    found.extend(self.substitutions(offset, reference));
                }
            }
        }
        found.sort_by_key(|snv| (snv.offset, snv.alternate));
        // Splice sites of a short intron are near two exons.
        found.dedup();
        found
    }

    fn substitutions(
        &self,
        offset: BpOffset,
        reference: u8,
    ) -> impl Iterator<Item = TranscriptSnv> + '_ {
        let place = self.spliced_offset(offset);
        let codon = place.and_then(|at| Some((at - self.coding_at(at)?.start) / 3));
        (0..bases::N)
            .filter(move |&alternate| alternate != reference)
            .map(move |alternate| TranscriptSnv {
                offset,
                reference,
                alternate,
                consequence: self.snv_consequence(offset, alternate),
                codon,
            })
    }

    /// Whether a place of the spliced transcript is in the coding sequence or in a cut first codon.
    fn is_coding(&self, spliced: usize) -> bool {
        let coding = self.coding_bases();
        coding.is_some_and(|coding| coding.contains(&spliced))
    }

    /// The reading frame, if a place of the spliced transcript is in it.
    fn coding_at(&self, spliced: usize) -> Option<&Range<usize>> {
        self.coding
            .as_ref()
            .filter(|coding| coding.contains(&spliced))
    }

    /// The change of amino acid by a new base (on the transcript's strand); `None` outside the frame
    /// or where bases are unknown.
    fn coding_change(&self, spliced: usize, new: u8) -> Option<Consequence> {
        let coding = self.coding_at(spliced)?;
        let phase = (spliced - coding.start) % 3;
        let mut codon: [u8; 3] = self
            .spliced
            .get(spliced - phase..spliced - phase + 3)?
            .try_into()
            .ok()?;
        let begins = spliced - phase == coding.start && self.has_start();
        let old = translate(&codon, self.code)?;
        codon[phase] = new;
        let new = translate(&codon, self.code)?;
        Some(match (old, new) {
            _ if begins && !self.code.is_start(&codon) => Consequence::StartLost,
            (old, new) if begins || old == new => Consequence::Synonymous,
            (_, STOP) => Consequence::StopGained,
            (STOP, _) => Consequence::StopLost,
            (old, new) => Consequence::Missense {
                blosum62: blosum62(old, new)?,
            },
        })
    }

    fn outside_coding(&self, place: TranscriptSite) -> Consequence {
        match place {
            TranscriptSite::Outside => Consequence::Intergenic,
            TranscriptSite::Intron => Consequence::Intron,
            TranscriptSite::Splice(consequence) => consequence,
            TranscriptSite::Exon { spliced, near } => {
                let untranslated = match &self.coding {
                    Some(_) if self.is_coding(spliced) => Consequence::Exon,
                    Some(coding) if spliced < coding.start => Consequence::Utr5,
                    Some(coding) if spliced >= coding.end => Consequence::Utr3,
                    _ => Consequence::Exon,
                };
                near.map_or(untranslated, |near| untranslated.or_worse(near))
            }
        }
    }

    fn place(&self, offset: BpOffset) -> TranscriptSite {
        let index = self.exons.partition_point(|exon| exon.end <= offset);
        let Some(exon) = self.exons.get(index) else {
            return TranscriptSite::Outside;
        };
        if let Some(spliced) = self.spliced_offset(offset) {
            // Only an end that meets an intron is a splice site.
            let from_start = (index > 0).then(|| offset.get() - exon.start.get() + 1);
            let to_end = (index + 1 < self.exons.len()).then(|| exon.end.get() - offset.get());
            let nearest = from_start
                .into_iter()
                .chain(to_end)
                .min()
                .filter(|&bp| bp <= SPLICE_REGION_EXONIC_BP);
            let near = nearest.map(|bp| Consequence::SpliceRegion {
                distance: bp as u8,
                exonic: true,
            });
            return TranscriptSite::Exon { spliced, near };
        }
        let Some(before) = index.checked_sub(1).and_then(|index| self.exons.get(index)) else {
            return TranscriptSite::Outside;
        };
        let after_left = offset.get() - before.end.get() + 1;
        let before_right = exon.start.get() - offset.get();
        let left_is_donor = self.strand == Strand::Forward;
        let (distance, donor) = if after_left <= before_right {
            (after_left, left_is_donor)
        } else {
            (before_right, !left_is_donor)
        };
        match distance {
            ..=SPLICE_SITE_BP if donor => TranscriptSite::Splice(Consequence::SpliceDonor),
            ..=SPLICE_SITE_BP => TranscriptSite::Splice(Consequence::SpliceAcceptor),
            _ if distance <= SPLICE_REGION_INTRONIC_BP => {
                TranscriptSite::Splice(Consequence::SpliceRegion {
                    distance: distance as u8,
                    exonic: false,
                })
            }
            _ => TranscriptSite::Intron,
        }
    }
}

/// Where a base lies in a transcript.
#[derive(Debug, Clone, Copy)]
enum TranscriptSite {
    Outside,
    Intron,
    /// In an intron, at or near its end.
    Splice(Consequence),
    Exon {
        spliced: usize,
        near: Option<Consequence>,
    },
}
