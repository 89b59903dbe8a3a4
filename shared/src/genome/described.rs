//! What an edit does, in words that people know: gene, transcript and terms of the Sequence Ontology.

use crate::bases::{self, reverse_complement};
use crate::edit::EditSpec;
use crate::genome::protein::CodingChange;
use crate::genome::site::Change;
use crate::genome::term::Term;
use crate::genome::transcript::{Strand, Transcript};
use crate::position::{BpOffset, Interval};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::ops::Range;

/// How far before or after a transcript an edit still belongs to it, as in VEP.
pub(super) const NEARBY_BP: u64 = 5_000;

/// VEP takes shorter introns for errors of the annotation, and so for no introns.
const MIN_INTRON_BP: u64 = 13;

/// What an edit does to one transcript, or that none is near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The gene's symbol, and the transcript's name.
    gene: Option<(String, String)>,
    /// What it does there, the most severe first; at least one.
    terms: Vec<Term>,
}

impl Effect {
    /// The one that names an edit: of each gene the [principal](Transcript::preference) of the
    /// transcripts that the edit is in, else of those that it is near; of several genes one that the
    /// edit is in, one with coding sequence, the one that is worst off.
    pub(super) fn of<'a>(
        edit: &EditSpec,
        transcripts: impl Iterator<Item = &'a Transcript>,
    ) -> Self {
        let mut principal: Vec<Candidate<'_>> = Vec::new();
        let mut places = BTreeMap::new();
        for transcript in transcripts {
            let terms = transcript.terms(edit);
            let new = Candidate {
                is_near: terms.iter().all(|term| *term >= Term::Upstream),
                transcript,
                terms,
            };
            let place = *places.entry(transcript.gene()).or_insert(principal.len());
            match principal.get_mut(place) {
                Some(other) => {
                    let key = |one: &Candidate<'a>| (one.is_near, one.transcript.preference());
                    if key(&new) < key(other) {
                        *other = new;
                    }
                }
                None => principal.push(new),
            }
        }
        let worst = principal.into_iter().min_by(|one, other| {
            let key = |one: &Candidate<'a>| {
                let is_coding = one.transcript.given_coding().is_some();
                (
                    one.is_near,
                    !is_coding,
                    one.terms.clone(),
                    one.transcript.preference(),
                )
            };
            key(one).cmp(&key(other))
        });
        match worst {
            None => Self {
                gene: None,
                terms: [Term::Intergenic].to_vec(),
            },
            Some(Candidate {
                transcript, terms, ..
            }) => Self {
                gene: Some((transcript.gene().to_owned(), transcript.name().to_owned())),
                terms,
            },
        }
    }

    /// The gene's symbol.
    #[must_use]
    pub fn gene(&self) -> Option<&str> {
        self.gene.as_ref().map(|(gene, _)| gene.as_str())
    }

    /// The transcript's name.
    #[must_use]
    pub fn transcript(&self) -> Option<&str> {
        self.gene.as_ref().map(|(_, name)| name.as_str())
    }

    /// The terms between `&`, as VEP writes them.
    #[must_use]
    pub fn consequence(&self) -> String {
        let terms: Vec<&str> = self.terms.iter().map(|term| term.as_str()).collect();
        terms.join("&")
    }
}

/// A transcript that may name an edit.
struct Candidate<'a> {
    transcript: &'a Transcript,
    terms: Vec<Term>,
    /// Whether the edit is only near it.
    is_near: bool,
}

impl Transcript {
    /// The least stands for its gene: a MANE Select transcript, else Ensembl's canonical one, else
    /// APPRIS' principal one, else the one with the longest coding sequence, with the longest sequence,
    /// with the first name.
    fn preference(&self) -> impl Ord + '_ {
        let coding_bp = self.given_coding().map_or(0, |coding| coding.len());
        let lengths = (Reverse(coding_bp), Reverse(self.spliced_bp()));
        (self.standing(), lengths, self.name())
    }

    /// What an edit does to this transcript, the most severe first. Coding changes need its bases.
    #[must_use]
    pub fn terms(&self, edit: &EditSpec) -> Vec<Term> {
        let change = Change::of(edit);
        let (span, start) = (self.span(), change.span.start);
        // An insertion just outside touches the transcript's first base and is not in it.
        let is_outside = match change.is_insertion() {
            true => start <= span.start || span.end <= start,
            false => !change.span.intersects(span),
        };
        if is_outside {
            let is_before = (start <= span.start) == (self.strand() == Strand::Forward);
            return [if is_before {
                Term::Upstream
            } else {
                Term::Downstream
            }]
            .to_vec();
        }
        if change.span.covers(span) {
            return [Term::TranscriptAblation].to_vec();
        }
        let mut terms = self.intron_terms(&change);
        terms.extend(self.exon_terms(&change));
        if self.given_coding().is_none() && !terms.contains(&Term::NonCodingExon) {
            terms.push(Term::NonCodingTranscript);
        }
        if terms.is_empty() {
            terms.push(self.short_intron_term(start));
        }
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    /// Inside an intron that is too short to be one: by what lies around it.
    fn short_intron_term(&self, offset: BpOffset) -> Term {
        let before = self.exons.iter().filter(|exon| exon.end <= offset);
        let before: usize = before.map(|exon| exon.len_bp() as usize).sum();
        let place = match self.strand() {
            Strand::Forward => before,
            Strand::Reverse => self.spliced_bp() - before,
        };
        match self.coding_bases() {
            Some(coding) if place <= coding.start => Term::Utr5,
            Some(coding) if place >= coding.end => Term::Utr3,
            _ => Term::CodingSequence,
        }
    }

    fn intron_terms(&self, change: &Change) -> Vec<Term> {
        let mut terms = Vec::new();
        for pair in self.exons.windows(2) {
            let [before, after] = pair else { continue };
            let intron = Interval {
                start: before.end,
                end: after.start,
            };
            if intron.len_bp() < MIN_INTRON_BP {
                continue;
            }
            let parts = change.parts_of(intron);
            let (donor, acceptor) = match self.strand() {
                Strand::Forward => (parts.low, parts.high),
                Strand::Reverse => (parts.high, parts.low),
            };
            let is_site = donor || acceptor;
            terms.extend(donor.then_some(Term::SpliceDonor));
            terms.extend(acceptor.then_some(Term::SpliceAcceptor));
            terms.extend(parts.inner.then_some(Term::Intron));
            terms.extend((parts.region && !is_site).then_some(Term::SpliceRegion));
        }
        terms
    }

    fn exon_terms(&self, change: &Change) -> Vec<Term> {
        let touched = change.touched();
        let mut terms = Vec::new();
        for exon in self.exons.iter().filter(|exon| exon.intersects(touched)) {
            let part = Interval {
                start: exon.start.max(touched.start),
                end: exon.end.min(touched.end),
            };
            let Some(part) = self.spliced_range(part) else {
                continue;
            };
            terms.extend(match exon.covers(touched) {
                // The bases on both sides of an insertion are not changed themselves.
                true if change.is_insertion() => {
                    self.change_terms(part.start + 1..part.end - 1, change.inserted())
                }
                true => self.change_terms(part, change.inserted()),
                false => self.cut_terms(&part),
            });
        }
        terms
    }

    /// Of a change inside one exon.
    fn change_terms(&self, changed: Range<usize>, inserted: &str) -> Vec<Term> {
        let Some(coding) = self.given_coding() else {
            return [Term::NonCodingExon].to_vec();
        };
        let is_inside = match changed.is_empty() {
            true => coding.start < changed.start && changed.start < coding.end,
            false => coding.start <= changed.start && changed.end <= coding.end,
        };
        if !is_inside {
            return self.cut_terms(&changed);
        }
        let mut inserted = bases::encode(inserted);
        if self.strand() == Strand::Reverse {
            reverse_complement(&mut inserted);
        }
        let change = CodingChange {
            code: self.code,
            spliced: &self.spliced,
            has_start: self.has_start(),
            coding,
            changed,
            inserted: &inserted,
        };
        change.terms()
    }

    /// Of a change that leaves the coding part or its exon, by where its exonic bases lie.
    fn cut_terms(&self, part: &Range<usize>) -> Vec<Term> {
        let given = self.given_coding().and_then(|_| self.coding_bases());
        let Some(coding) = given else {
            return [Term::NonCodingExon].to_vec();
        };
        // An insertion at an end of the coding part is outside of it.
        let (first, end) = (part.start, part.end.max(part.start + 1));
        let mut terms = Vec::new();
        if first < coding.start || (part.is_empty() && first == coding.start) {
            terms.push(Term::Utr5);
        }
        if end > coding.end {
            terms.push(Term::Utr3);
        }
        let inside = first.max(coding.start)..part.end.min(coding.end);
        if !inside.is_empty() {
            let start = self.has_start() && inside.start < coding.start + 3;
            let stop = self.has_stop() && inside.end > coding.end - 3;
            terms.extend(start.then_some(Term::StartLost));
            terms.extend(stop.then_some(Term::StopLost));
            terms.extend((!start && !stop).then_some(Term::CodingSequence));
        } else if terms.is_empty() {
            // An insertion behind a first codon that is cut.
            terms.push(Term::CodingSequence);
        }
        terms
    }

    /// The place of a part of an exon in the spliced transcript.
    fn spliced_range(&self, part: Interval) -> Option<Range<usize>> {
        let ends = [part.start, part.last()?].map(|offset: BpOffset| self.spliced_offset(offset));
        let [Some(one), Some(other)] = ends else {
            return None;
        };
        Some(one.min(other)..one.max(other) + 1)
    }
}

#[cfg(test)]
#[path = "described_tests.rs"]
mod tests;
