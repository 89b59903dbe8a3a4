//! Windows with several edits: drawn at random, or neighbouring variants of a VCF.

use crate::errors::dataset_error;
use crate::variants::Locate;
use genolewm::scorer::{Candidate, Placed, Regions};
use genolewm_core::Result;
use genolewm_core::edit::{EditSpec, RelEdit};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_data::bases::below;
use genolewm_data::edits::synthetic::{default_edit_types, synthetic_edit};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::collections::{BTreeMap, HashSet};

/// Windows drawn in vain, for each that is wanted, before the regions are said to hold too few.
const MAX_TRIES: usize = 100;

/// A window and edits of it, by position and without overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Haplotype {
    /// Says which it is, alone in its set.
    pub id: String,
    /// The window's bases.
    pub window: String,
    /// The edits, in the coordinates of the unedited window.
    pub edits: Vec<RelEdit>,
}

/// How haplotypes are made.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Bases of a window.
    pub window_bp: usize,
    /// Most edits of one haplotype.
    pub edits: usize,
    /// From the first base of the first edit, within which all of them lie.
    pub span_bp: usize,
}

/// Draws windows without unknown bases inside the regions, evenly over their bases, with
/// `shape.edits` edits each near the window's middle, of the types that training draws.
///
/// # Errors
/// `EVAL.DATASET` when the regions hold too few such windows.
pub fn synthetic<S: BaseSource>(
    reference: &mut Reference<S>,
    regions: &Regions,
    shape: Shape,
    count: usize,
    seed: u64,
) -> Result<Vec<Haplotype>> {
    let spans = spans(reference, regions, shape.window_bp as u64);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut haplotypes = Vec::with_capacity(count);
    for _ in 0..MAX_TRIES * (count + 1) {
        if haplotypes.len() == count {
            return Ok(haplotypes);
        }
        let Some((contig, span)) = draw(&spans, shape.window_bp as u64, &mut rng) else {
            break;
        };
        let window = reference.fetch(contig, span)?;
        if window.contains('N') {
            continue;
        }
        if let Some(edits) = draw_edits(&window, shape, &mut rng)? {
            haplotypes.push(Haplotype {
                id: format!(
                    "{contig}:{}:{}",
                    span.start.position(),
                    haplotypes.len() + 1
                ),
                window,
                edits,
            });
        }
    }
    Err(
        dataset_error("the regions hold too few windows without unknown bases")
            .with_detail("window_bp", shape.window_bp)
            .with_remedy("name regions of the FASTA with longer stretches of known sequence"),
    )
}

/// The regions that have room for a window, by contig of the reference.
fn spans<S: BaseSource>(
    reference: &Reference<S>,
    regions: &Regions,
    window_bp: u64,
) -> Vec<(String, Interval)> {
    let mut spans = Vec::new();
    for contig in reference.contigs() {
        for interval in regions.of_contig(&contig.name) {
            let end = interval.end.min(BpOffset(contig.length_bp));
            let start = interval.start;
            if start.saturating_add(window_bp) <= end {
                spans.push((contig.name.clone(), Interval { start, end }));
            }
        }
    }
    spans
}

fn draw<'a>(
    spans: &'a [(String, Interval)],
    window_bp: u64,
    rng: &mut ChaCha8Rng,
) -> Option<(&'a str, Interval)> {
    let starts = |span: &Interval| span.len_bp() - window_bp + 1;
    let total: u64 = spans.iter().map(|(_, span)| starts(span)).sum();
    if total == 0 {
        return None;
    }
    let mut place = below(rng, total);
    for (contig, span) in spans {
        if place < starts(span) {
            let start = span.start.saturating_add(place);
            return Some((contig, Interval::at(start, window_bp)));
        }
        place -= starts(span);
    }
    None
}

/// Edits that do not touch, by position; `None` when they find no room beside each other.
fn draw_edits(window: &str, shape: Shape, rng: &mut ChaCha8Rng) -> Result<Option<Vec<RelEdit>>> {
    let first = window.len() / 2;
    let Some(stretch) = window.get(first..(first + shape.span_bp).min(window.len())) else {
        return Ok(None);
    };
    let mut edits: Vec<RelEdit> = Vec::with_capacity(shape.edits);
    for _ in 0..MAX_TRIES {
        if edits.len() == shape.edits {
            edits.sort_by_key(RelEdit::rel_pos);
            return Ok(Some(edits));
        }
        let Some(edit_type) = default_edit_types().draw(rng) else {
            break;
        };
        let edit = synthetic_edit(stretch, edit_type, rng)?.shifted(first as u64);
        let is_apart = |other: &RelEdit| {
            other.span().end < edit.rel_pos() || edit.span().end < other.rel_pos()
        };
        if edits.iter().all(is_apart) {
            edits.push(edit);
        }
    }
    Ok(None)
}

/// Haplotypes of variants, and why others are in none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// By place.
    pub haplotypes: Vec<Haplotype>,
    /// Alleles in none, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// The ids, so that a haplotype that both copies of a genome share is there once.
    ids: HashSet<String>,
}

/// Joins neighbours among the variants of one copy of a genome, sorted by place: from the first on
/// as many as the shape allows, then from the next. One that overlaps those before it is left out, and
/// one that would have to be moved past another to be left-aligned stays where it is.
///
/// # Errors
/// What `place` returns.
pub fn join(
    variants: &[EditSpec],
    shape: Shape,
    place: &mut Locate<'_>,
    observed: &mut Observed,
) -> Result<()> {
    let mut next = 0;
    while let Some(first) = variants.get(next) {
        next += 1;
        let Candidate {
            edit: first,
            window,
            ..
        } = match place(first)? {
            Placed::Candidate(placed) => placed,
            Placed::Skipped(reason) => {
                observed.leave_out(reason.as_str());
                continue;
            }
        };
        let reach = first.span().start.saturating_add(shape.span_bp as u64);
        let mut edits = vec![window.place(&first)?];
        let mut group = vec![first];
        while edits.len() < shape.edits
            && let Some(edit) = variants.get(next)
            && group
                .first()
                .is_some_and(|first| first.chrom() == edit.chrom())
            && edit.span().end <= reach
        {
            next += 1;
            let is_behind = |edit: &EditSpec| {
                let last = group.last();
                last.is_none_or(|last| edit.span().start >= last.span().end)
            };
            if !is_behind(edit) {
                observed.leave_out("overlapping");
                continue;
            }
            let edit = match place(edit)? {
                Placed::Candidate(placed) if is_behind(&placed.edit) => placed.edit,
                Placed::Candidate(_) => edit.clone(),
                Placed::Skipped(reason) => {
                    observed.leave_out(reason.as_str());
                    continue;
                }
            };
            match window.place(&edit) {
                Ok(relative) => {
                    edits.push(relative);
                    group.push(edit);
                }
                Err(_) => observed.leave_out("out_of_window"),
            }
        }
        let names: Vec<String> = group.iter().map(ToString::to_string).collect();
        let id = names.join(",");
        if observed.ids.insert(id.clone()) {
            let window = window.sequence().to_string();
            observed.haplotypes.push(Haplotype { id, window, edits });
        }
    }
    Ok(())
}

impl Observed {
    /// Counts an allele that is in no haplotype.
    pub fn leave_out(&mut self, reason: &'static str) {
        *self.left_out.entry(reason).or_default() += 1;
    }

    /// Refuses to go on with nothing.
    ///
    /// # Errors
    /// `EVAL.DATASET` when there is no haplotype.
    pub fn check(&self) -> Result<()> {
        if !self.haplotypes.is_empty() {
            return Ok(());
        }
        let error = dataset_error("no variant of the file can be measured").with_remedy(
            "give variants of the FASTA's contigs, in --regions and, with samples, phased",
        );
        let reasons = self.left_out.iter();
        Err(reasons.fold(error, |error, (reason, count)| {
            error.with_detail(reason, count)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use genolewm_core::edit::apply_edits;
    use genolewm_core::reference::FastaReference;

    #[test]
    fn random_edits_lie_apart_within_the_span() {
        let fasta = format!(">chr1\n{}{}\n", "ACGTTGCA".repeat(50), "N".repeat(300));
        let fasta = FastaReference::open(fasta.as_bytes(), None, None, "ref.fa").unwrap();
        let mut reference = Reference::new(fasta);
        let regions = Regions::parse("1").unwrap();
        let shape = Shape {
            window_bp: 120,
            edits: 3,
            span_bp: 48,
        };
        let drawn = synthetic(&mut reference, &regions, shape, 20, 5).unwrap();
        assert_eq!(drawn.len(), 20);
        for haplotype in &drawn {
            assert!(!haplotype.window.contains('N') && haplotype.window.len() == 120);
            assert_eq!(haplotype.edits.len(), 3);
            apply_edits(&haplotype.window, &haplotype.edits, true).unwrap();
            for edit in &haplotype.edits {
                let at = edit.rel_pos().get();
                assert!(
                    at >= 60 && at + edit.ref_bases().len() as u64 <= 108,
                    "{edit:?}"
                );
            }
        }
        let again = synthetic(&mut reference, &regions, shape, 20, 5).unwrap();
        assert_eq!(drawn, again);
        let regions = Regions::parse("1:401-700").unwrap();
        let error = synthetic(&mut reference, &regions, shape, 2, 5).unwrap_err();
        assert_eq!(error.code(), ErrorCode::EvalDataset);
    }
}
