//! Annotation of a genome: transcripts by place.

use crate::contig::common_form;
use crate::edit::EditSpec;
use crate::genome::consequence::Consequence;
use crate::genome::described::{Effect, NEARBY_BP};
use crate::genome::site::Change;
use crate::genome::transcript::{Strand, Transcript, TryFetch};
use crate::limits::MAX_TRANSCRIPTS_BP;
use crate::position::Interval;
use crate::{Error, Result};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

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

    /// Gives the transcripts around an edit their bases, as [`set_bases`](Self::set_bases). Only these
    /// and those of the last few hundred keep them: a genome's are gigabytes.
    ///
    /// # Errors
    /// `INPUT.GENERIC` where too many bases lie around it; what `fetch` returns, and then it can be
    /// asked again.
    pub fn load_bases(&mut self, edit: &EditSpec, fetch: TryFetch<'_>) -> Result<()> {
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
            return Err(Error::input(message)
                .with_detail("edit", edit)
                .with_detail("transcripts", indexes.len())
                .with_remedy("give annotation with fewer transcripts of a gene"));
        }
        for &index in &indexes {
            if !contig.transcripts[index].has_bases() {
                contig.transcripts[index].try_set_bases(fetch)?;
                self.with_bases.push_back((name.clone(), index));
            }
        }
        self.forget_oldest(&name, &indexes);
        Ok(())
    }

    /// Forgets bases of transcripts beyond those of an edit, which become the last to be forgotten.
    fn forget_oldest(&mut self, name: &str, indexes: &[usize]) {
        // Indexes are ascending; the sort keeps the order of equals.
        let is_of_edit = |(contig, index): &(String, usize)| {
            contig == name && indexes.binary_search(index).is_ok()
        };
        let kept = self.with_bases.make_contiguous();
        kept.sort_by_key(is_of_edit);
        // An edit's transcripts are below the limit on bases, however many there are.
        let most = KEPT_WITH_BASES.max(indexes.len());
        while self.with_bases.len() > most || self.bases_bp() > 2 * MAX_TRANSCRIPTS_BP {
            let oldest = self.with_bases.pop_front();
            let forgotten = oldest.and_then(|(name, index)| {
                let contig = self.by_contig.get_mut(&name)?;
                contig.transcripts.get_mut(index)
            });
            if let Some(transcript) = forgotten {
                transcript.forget_bases();
            }
        }
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

    /// What an edit does to the one transcript that names it, see [`Effect`]. Coding changes are read
    /// off the bases that [`load_bases`](Self::load_bases) gave.
    #[must_use]
    pub fn effect(&self, edit: &EditSpec) -> Effect {
        let around = Change::of(edit).touched().widened(NEARBY_BP);
        Effect::of(edit, self.overlapping(edit.chrom(), around))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bases::encode;
    use crate::genome::transcript::Standing;
    use crate::position::BpOffset;
    use alloc::string::ToString;

    /// Bases of an edit's own transcripts were forgotten when there were more than are kept, and so
    /// its consequence hung on what had been asked before.
    #[test]
    fn transcripts_of_the_edit_in_hand_lost_their_bases() {
        let exon = |start: u64| Interval::at(BpOffset(start), 9);
        let coding = |name: &str, start: u64| {
            let exons = [exon(start)].to_vec();
            let one = Transcript::new(name, "1", Strand::Forward, exons).unwrap();
            let mut one = one.named(name, Standing::None);
            one.set_coding(&[exon(start)], 0);
            one
        };
        let many = (0..KEPT_WITH_BASES + 9).map(|at| coding(&at.to_string(), 100));
        let others = (0..9).map(|at| coding(&format!("z{at}"), 10_000 + 50 * at));
        let mut annotation = Annotation::new(many.chain(others));
        let mut ask = |edit: &str| {
            let edit: EditSpec = edit.parse().unwrap();
            let mut fetch = |_: &str, _: Interval| Ok(Some(encode("ATGGCATAA")));
            annotation.load_bases(&edit, &mut fetch).unwrap();
            let told = (
                annotation.effect(&edit).consequence(),
                annotation.consequence(&edit),
            );
            let places: Vec<usize> = annotation.with_bases.iter().map(|kept| kept.1).collect();
            (told, places)
        };
        let (first, _) = ask("1:105:C:T");
        assert_eq!(first.0, "missense_variant");
        for at in 0..9 {
            let (_, kept) = ask(&format!("1:{}:C:T", 10_005 + 50 * at));
            assert_eq!(kept.len(), KEPT_WITH_BASES);
        }
        let (again, kept) = ask("1:105:C:T");
        assert_eq!(again, first);
        assert_eq!(kept.len(), KEPT_WITH_BASES + 9);
    }
}
