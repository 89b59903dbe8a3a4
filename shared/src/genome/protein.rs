//! What a change of coding bases does to the protein, in VEP's terms.

use crate::bases::N;
use crate::genome::codon::{GeneticCode, STOP, translate};
use crate::genome::term::Term;
use alloc::vec::Vec;
use core::ops::Range;

/// A coding sequence, and a change inside it.
#[derive(Debug)]
pub(super) struct CodingChange<'a> {
    /// The code that it is read by.
    pub(super) code: GeneticCode,
    /// The spliced transcript.
    pub(super) spliced: &'a [u8],
    /// Its coding part, stop codon included.
    pub(super) coding: Range<usize>,
    /// Whether it begins with the start codon, as far as is known.
    pub(super) has_start: bool,
    /// The bases that go, of the coding part; empty for an insertion before its start.
    pub(super) changed: Range<usize>,
    /// The new bases, on the transcript's strand.
    pub(super) inserted: &'a [u8],
}

impl CodingChange<'_> {
    /// The terms, in no order.
    pub(super) fn terms(&self) -> Vec<Term> {
        let (origin, changed) = (self.coding.start, &self.changed);
        let first = origin + (changed.start - origin) / 3 * 3;
        let last = origin + (changed.end - origin).div_ceil(3) * 3;
        let lost = changed.len();
        let shifts = !lost.abs_diff(self.inserted.len()).is_multiple_of(3);
        if last > self.coding.end {
            return [Term::IncompleteTerminalCodon, Term::CodingSequence].to_vec();
        }
        let unknown = match (shifts, self.inserted.len().cmp(&lost)) {
            (true, _) => Term::Frameshift,
            (false, core::cmp::Ordering::Greater) => Term::InframeInsertion,
            (false, core::cmp::Ordering::Less) => Term::InframeDeletion,
            (false, core::cmp::Ordering::Equal) => Term::CodingSequence,
        };
        let bases = |range: Range<usize>| self.spliced.get(range).unwrap_or_default();
        let old = bases(first..last);
        // Where the transcript ends, what follows is unknown.
        let behind = bases(last..(last + self.inserted.len() + 6).min(self.spliced.len()));
        let new = [
            bases(first..changed.start),
            self.inserted,
            bases(changed.end..last),
        ]
        .concat();
        if old.len() != last - first || old.contains(&N) || self.inserted.contains(&N) {
            return [unknown].to_vec();
        }
        let read_on = [&new, behind].concat();
        let is_first = first == origin && self.has_start && !old.is_empty();
        if is_first && !self.code.is_start(read_on.get(..3).unwrap_or_default()) {
            return match shifts {
                true => [Term::Frameshift, Term::StartLost].to_vec(),
                false => [Term::StartLost].to_vec(),
            };
        }
        let acids = |bases: &[u8]| self.acids(bases, is_first);
        let (old_acids, new_acids, read_on) = (acids(old), acids(&new), acids(&read_on));
        let is_same = old_acids == new_acids;
        if old_acids.contains(&STOP) {
            // Whether the protein ends where it did.
            return match (read_on.starts_with(&old_acids), shifts) {
                (true, _) => [Term::StopRetained].to_vec(),
                (false, true) => [Term::Frameshift, Term::StopLost].to_vec(),
                (false, false) if new_acids.contains(&STOP) => self.in_frame(old, &new, is_same),
                (false, false) => [Term::StopLost].to_vec(),
            };
        }
        let mut terms = match shifts {
            true => [Term::Frameshift].to_vec(),
            false => self.in_frame(old, &new, is_same),
        };
        if new_acids.contains(&STOP) {
            terms.retain(|term| *term != Term::Missense);
            terms.push(Term::StopGained);
        }
        terms
    }

    /// Of a change that keeps the frame, and maybe the amino acids.
    fn in_frame(&self, old: &[u8], new: &[u8], is_same: bool) -> Vec<Term> {
        let keeps = |long: &[u8], short: &[u8]| long.starts_with(short) || long.ends_with(short);
        let term = match new.len().cmp(&old.len()) {
            core::cmp::Ordering::Equal if is_same => Term::Synonymous,
            core::cmp::Ordering::Equal => Term::Missense,
            core::cmp::Ordering::Greater if keeps(new, old) => Term::InframeInsertion,
            core::cmp::Ordering::Less if self.inserted.is_empty() || keeps(old, new) => {
                Term::InframeDeletion
            }
            _ => Term::ProteinAltering,
        };
        [term].to_vec()
    }

    /// The amino acids of the whole codons; `X` for one with an unknown base. The protein's first codon
    /// is a start, and so a methionine.
    fn acids(&self, bases: &[u8], is_first: bool) -> Vec<u8> {
        let codons = bases.chunks_exact(3);
        codons
            .enumerate()
            .map(|(at, codon)| match is_first && at == 0 {
                true => b'M',
                false => translate(codon, self.code).unwrap_or(b'X'),
            })
            .collect()
    }
}
