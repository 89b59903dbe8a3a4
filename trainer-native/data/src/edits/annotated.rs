//! Made-up edits that annotation calls harmless: synonymous substitutions, and edits deep in introns.

use crate::bases::{N, below, decode, encode, letter};
use crate::corpus::Corpus;
use crate::edits::provider::{EditProvider, ObservedVariants};
use crate::edits::synthetic::{SyntheticShape, natural_indel, shaped_edit};
use crate::genome::exon_table::read_exon_table;
use crate::variants::VariantIndex;
use crate::window::WindowContext;
use genolewm_core::Result;
use genolewm_core::contig::common_form;
use genolewm_core::edit::{EditSpec, EditType, MAX_ALLELE_BP, RelEdit};
use genolewm_core::genome::annotation::Annotation;
use genolewm_core::genome::consequence::Consequence;
use genolewm_core::position::{BpOffset, Interval};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Bases between an exon and what counts as deep in an intron: what splicing reads lies nearer.
const DEEP_BP: u64 = 100;
/// Bases that an edit may touch from the one that is drawn on.
const REACH_BP: usize = 2 * MAX_ALLELE_BP;
/// Bases that an edit is drawn on at most: enough to have a long repeat among them.
const MOST_BP: usize = 512;
/// Bases that are tried for each edit that is asked for.
const TRIES: usize = 50;

/// Substitutions that change no amino acid of any transcript of the tables and lie near no splice site.
///
/// # Errors
/// As reading the tables.
pub fn synonymous(tables: &[PathBuf], corpus: &Corpus) -> Result<ObservedVariants> {
    let fetch = |contig: &str, span: Interval| Some(corpus.stretch(contig, span)?.0);
    let mut annotation = annotation(tables)?;
    annotation.set_bases(&fetch);
    let mut edits = Vec::new();
    for transcript in annotation.transcripts() {
        for snv in transcript.snvs(&fetch) {
            if snv.consequence != Consequence::Synonymous {
                continue;
            }
            let text = |code| letter(code).to_string();
            let (reference, alternate) = (text(snv.reference), text(snv.alternate));
            let position = snv.offset.position();
            let edit = EditSpec::new(transcript.contig(), position, &reference, &alternate)?;
            if annotation.consequence(&edit) == Consequence::Synonymous {
                edits.push(edit);
            }
        }
    }
    Ok(ObservedVariants::new(VariantIndex::of_edits(edits)))
}

fn annotation(tables: &[PathBuf]) -> Result<Annotation> {
    let transcripts = tables.iter().map(|path| read_exon_table(path));
    let transcripts = transcripts.collect::<Result<Vec<_>>>()?;
    Ok(Annotation::new(transcripts.into_iter().flatten()))
}

/// Introns without their ends, and without what lies near exons of other transcripts.
#[derive(Debug, Clone, Default)]
pub struct DeepIntrons {
    /// By contig and place, with the bases up to the end of each.
    stretches: Vec<(String, Interval, u64)>,
}

impl DeepIntrons {
    /// Those of the transcripts of exon tables.
    ///
    /// # Errors
    /// As reading the tables.
    pub fn read(tables: &[PathBuf]) -> Result<Self> {
        Ok(Self::of(&annotation(tables)?))
    }

    /// Those of transcripts.
    #[must_use]
    pub fn of(annotation: &Annotation) -> Self {
        let mut introns = Self::default();
        for transcript in annotation.transcripts() {
            for pair in transcript.exons().windows(2) {
                let start = pair[0].end.saturating_add(DEEP_BP);
                let end = pair[1].start.saturating_sub(DEEP_BP);
                for stretch in without_exons(annotation, transcript.contig(), start, end) {
                    introns.add(transcript.contig(), stretch, stretch);
                }
            }
        }
        introns
    }

    /// Adds the bases of a stretch from which all that an edit may touch lies in it and in `span`.
    fn add(&mut self, contig: &str, stretch: Interval, span: Interval) {
        let start = stretch.start.max(span.start);
        let end = stretch
            .end
            .min(span.end.saturating_sub(REACH_BP as u64 - 1));
        let Some(stretch) = Interval::new(start, end)
            .ok()
            .filter(|part| !part.is_empty())
        else {
            return;
        };
        let before = self.stretches.last().map_or(0, |&(_, _, upto)| upto);
        let upto = before + stretch.len_bp();
        self.stretches.push((contig.to_owned(), stretch, upto));
    }

    /// What of them lies in a span.
    fn within(&self, contig: &str, span: Interval) -> Self {
        let mut inside = Self::default();
        for (name, stretch, _) in &self.stretches {
            if stretch.intersects(span) && common_form(name) == common_form(contig) {
                inside.add(name, *stretch, span);
            }
        }
        inside
    }

    /// What of them a corpus has.
    fn known_to(&self, corpus: &Corpus) -> Self {
        let (mut known, mut inside) = (BTreeMap::new(), Self::default());
        for (contig, stretch, _) in &self.stretches {
            let known = known.entry(contig).or_insert_with(|| corpus.known(contig));
            for &span in known.iter() {
                inside.add(contig, *stretch, span);
            }
        }
        inside
    }

    /// A random base of them, and what an edit that begins there or after it may touch.
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<(&str, Interval)> {
        let &(_, _, all) = self.stretches.last()?;
        let ticket = below(rng, all);
        let index = self
            .stretches
            .partition_point(|&(_, _, upto)| upto <= ticket);
        let (contig, stretch, upto) = self.stretches.get(index)?;
        let start = stretch.end.saturating_sub(upto - ticket);
        let end = stretch.end.saturating_add(REACH_BP as u64 - 1);
        let end = end.min(start.saturating_add(MOST_BP as u64));
        Some((contig, Interval { start, end }))
    }
}

/// What of a stretch lies away from all exons.
fn without_exons(
    annotation: &Annotation,
    contig: &str,
    start: BpOffset,
    end: BpOffset,
) -> Vec<Interval> {
    let Ok(whole) = Interval::new(start, end) else {
        return Vec::new();
    };
    let near = annotation.overlapping(contig, whole.widened(DEEP_BP));
    let mut exons: Vec<Interval> = near
        .flat_map(|transcript| transcript.exons())
        .map(|exon| exon.widened(DEEP_BP))
        .filter(|exon| exon.intersects(whole))
        .collect();
    exons.sort_by_key(|exon| exon.start);
    let (mut from, mut stretches) = (start, Vec::new());
    for exon in exons {
        stretches.extend(Interval::new(from, exon.start));
        from = from.max(exon.end);
    }
    stretches.extend(Interval::new(from, end));
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}

/// Random edits deep in introns.
#[derive(Debug, Clone)]
pub struct IntronEdits {
    introns: Arc<DeepIntrons>,
    /// What of them the corpus has.
    known: OnceLock<DeepIntrons>,
    draw: fn(&str, &mut ChaCha8Rng) -> Result<RelEdit>,
}

impl IntronEdits {
    /// Base changes.
    #[must_use]
    pub fn snv(introns: &Arc<DeepIntrons>) -> Self {
        Self::of(introns, |bases, rng| {
            shaped_edit(&bases[..1], EditType::Snv, &SyntheticShape::default(), rng)
        })
    }

    /// Insertions and deletions, as [`natural_indel`] draws them.
    #[must_use]
    pub fn indel(introns: &Arc<DeepIntrons>) -> Self {
        Self::of(introns, natural_indel)
    }

    fn of(introns: &Arc<DeepIntrons>, draw: fn(&str, &mut ChaCha8Rng) -> Result<RelEdit>) -> Self {
        let (introns, known) = (Arc::clone(introns), OnceLock::new());
        Self {
            introns,
            known,
            draw,
        }
    }

    /// An edit of those of some bases that come before an unknown one; none where these are few.
    fn of_known(&self, bases: &[u8], rng: &mut ChaCha8Rng) -> Result<Option<RelEdit>> {
        let known = bases.iter().take_while(|&&base| base < N).count();
        (known >= REACH_BP)
            .then(|| (self.draw)(&decode(&bases[..known]), rng))
            .transpose()
    }
}

impl EditProvider for IntronEdits {
    fn edits(
        &self,
        window: &WindowContext,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<RelEdit>> {
        let Some(contig) = &window.contig else {
            return Ok(Vec::new());
        };
        let introns = self.introns.within(contig, window.span());
        let (bases, mut edits) = (encode(&window.bases), Vec::new());
        for _ in 0..count.saturating_mul(TRIES) {
            if edits.len() == count {
                break;
            }
            let Some((_, span)) = introns.draw(rng) else {
                break;
            };
            let Some(at) = span.start.since(window.start).map(BpOffset::index) else {
                break;
            };
            let here = bases.get(at..at + span.len_bp() as usize);
            let edit = self.of_known(here.unwrap_or_default(), rng)?;
            edits.extend(edit.map(|edit| edit.shifted(at as u64)));
        }
        Ok(edits)
    }

    fn anywhere(&self, corpus: &Corpus, rng: &mut ChaCha8Rng) -> Result<Option<EditSpec>> {
        let introns = self.known.get_or_init(|| self.introns.known_to(corpus));
        let Some((contig, span)) = introns.draw(rng) else {
            return Ok(None);
        };
        let known = corpus.stretch(contig, span);
        let bases = known.map_or_else(Vec::new, |(bases, _)| bases);
        let Some(edit) = self.of_known(&bases, rng)? else {
            return Ok(None);
        };
        let position = span.start.saturating_add(edit.rel_pos().get()).position();
        EditSpec::new(contig, position, edit.ref_bases(), edit.alt_bases()).map(Some)
    }
}

#[cfg(test)]
#[path = "annotated_tests.rs"]
mod tests;
