//! Training windows as variants are scored: each around one edit, read in one of the model's views.

use crate::bases::{N, encode};
use crate::edits::mix::TrainingItem;
use crate::edits::provider::{EditProvider, EditSource, SyntheticEdits};
use crate::edits::tuple::{TrainingTuple, TupleFeed};
use crate::errors::dataloader_error;
use crate::weighted::WeightedChoice;
use crate::window::WindowContext;
use genolewm_core::edit::{EditSpec, MAX_ALLELE_BP, RelEdit, apply_edits_on_right};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::view::{View, Views};
use genolewm_core::window::TOKEN_BP;
use genolewm_core::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;

/// Edits of a source that are tried before it is said to have none.
const TRIES: usize = 2_000;
/// Bases that an insertion or deletion may be moved to the left by at most, in its repeat.
const SLACK_BP: usize = 64;

/// How a model reads its windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoredWindows {
    /// The views, each as often as the others.
    pub views: Views,
    /// What is kept right of an edit where a window that it makes shorter or longer is mended.
    pub right_bp: usize,
}

/// Windows of a corpus with one item each.
#[derive(Debug)]
pub struct CentredFeed<'a> {
    /// What is drawn from; the counts of its mix are shares.
    pub from: TupleFeed<'a>,
    /// How the model reads what is drawn.
    pub read: ScoredWindows,
}

impl CentredFeed<'_> {
    /// Draws the next window, of the forward strand: an edit in its middle, and what a rollout adds to it.
    ///
    /// # Errors
    /// As [`TupleFeed::draw`]; `TRAINING.DATALOADER` where a source has no edit and nothing may stand in.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Result<(WindowContext, TrainingTuple)> {
        let mix = self.from.mix;
        let shares = mix.counts.iter();
        let shares = WeightedChoice::of(shares.map(|&(source, count)| (source, count as f64)));
        let wanted = shares.draw(rng).unwrap_or(EditSource::SyntheticSnv);
        let stand_in = mix.fallbacks.get(&wanted);
        let stand_in = stand_in.filter(|fallback| fallback.placed);
        let sources = [Some(wanted), stand_in.map(|fallback| fallback.source)];
        for source in sources.into_iter().flatten() {
            for _ in 0..TRIES {
                if let Some((window, edit)) = self.around(source, rng)?
                    && let Some(item) = self.item(source, &window, edit, rng)?
                {
                    let tuple = TrainingTuple::new(&window, &window.window_id()?.into(), item)?;
                    return Ok((window, tuple));
                }
            }
        }
        Err(nothing_of(wanted))
    }

    /// The item that begins with an edit; none where that or its window is held out.
    fn item(
        &self,
        source: EditSource,
        window: &WindowContext,
        edit: RelEdit,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<TrainingItem>> {
        let holdout = self.from.holdout;
        if holdout.excludes_window(window) || holdout.excludes_edit_of(window, &edit) {
            return Ok(None);
        }
        let margin = self.read.right_bp.max(TOKEN_BP) as u64;
        let inside = margin..=(window.bases.len() as u64).saturating_sub(margin);
        // The base that an insertion or deletion is written with lies on its other side on the other strand.
        let reach = edit.span().widened(1);
        let fits = |further: &RelEdit| {
            let span = further.span();
            [span.start, span.end]
                .iter()
                .all(|end| inside.contains(&end.get()))
                && !reach.intersects(span)
                && !holdout.excludes_edit_of(window, further)
        };
        let edits = vec![edit];
        let mut item = TrainingItem { source, edits };
        self.from.mix.lengthen(&mut item, window, rng, fits)?;
        Ok(Some(item))
    }

    /// An edit of a source in the middle of its window, canonical as scored ones are; none where the
    /// one that is drawn has no known window.
    fn around(
        &self,
        source: EditSource,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<(WindowContext, RelEdit)>> {
        let Some(provider) = self.from.providers.get(source) else {
            return Ok(None);
        };
        // The margin of made-up edits is that of whole windows, not of the bases that they are drawn on.
        let shape = self.from.mix.shape.with_edge_margin(0);
        let drawn = match source {
            EditSource::SyntheticSnv => self.made_up(SyntheticEdits::snv(shape), rng)?,
            EditSource::SyntheticIndel => self.made_up(SyntheticEdits::indel(shape), rng)?,
            _ => match provider.anywhere(self.from.corpus, rng)? {
                Some(edit) => self.placed(&edit)?,
                None => None,
            },
        };
        Ok(drawn.and_then(|(wide, edit)| self.centred(&wide, &edit)))
    }

    /// Bases on each side of the one that an edit is drawn at, as far as it may move.
    const fn reach(&self) -> usize {
        self.from.window_bp / 2 + SLACK_BP
    }

    /// Bases that a window is cut from.
    const fn wide_bp(&self) -> usize {
        self.from.window_bp + 2 * SLACK_BP
    }

    /// The bases around an edit of a chromosome, if the corpus has them.
    fn placed(&self, edit: &EditSpec) -> Result<Option<(WindowContext, RelEdit)>> {
        let reach = self.reach() as u64;
        let start = edit.pos().offset().since(BpOffset(reach));
        let stretch = |start| {
            let span = Interval::at(start, self.wide_bp() as u64);
            self.from.corpus.stretch(edit.chrom(), span)
        };
        let known = start.and_then(stretch);
        let wide = known.and_then(|(codes, piece)| WindowContext::of_pieces(&codes, vec![piece]));
        let edit = RelEdit::new(BpOffset(reach), edit.reference(), edit.alternate())?;
        Ok(wide.map(|wide| (wide, edit)))
    }

    /// A random place of the corpus with an edit in its middle; none where no base is known there.
    fn made_up(
        &self,
        edits: SyntheticEdits,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<(WindowContext, RelEdit)>> {
        let window = self.from.corpus.sample_window(rng, self.wide_bp())?;
        let is_forward = !window.reverse_complemented;
        let wide = WindowContext::of_pieces(&window.bases, window.pieces).filter(|_| is_forward);
        let reach = self.reach();
        let Some(wide) = wide else {
            return Ok(None);
        };
        let Some(middle) = wide.part(reach, 2 * MAX_ALLELE_BP) else {
            return Ok(None);
        };
        match edits.edits(&middle, 1, rng) {
            Ok(drawn) => {
                let edit = drawn.into_iter().next();
                Ok(edit.map(|edit| (wide, edit.shifted(reach as u64))))
            }
            Err(error) if error.code() == ErrorCode::TrainingDataloader => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The part of a window that has an edit's canonical form in its middle.
    fn centred(&self, wide: &WindowContext, edit: &RelEdit) -> Option<(WindowContext, RelEdit)> {
        let edit = wide.aligned(edit)?;
        let half = self.from.window_bp / 2;
        let from = edit.rel_pos().index().checked_sub(half)?;
        let window = wide.part(from, self.from.window_bp)?;
        let known = encode(&window.bases).iter().all(|&base| base < N);
        let edit = RelEdit::new(BpOffset(half as u64), edit.ref_bases(), edit.alt_bases());
        known.then_some((window, edit.ok()?))
    }
}

impl TrainingTuple {
    /// The same as one of the views has it: the bases that are read, and the tuple in their coordinates.
    ///
    /// # Errors
    /// As [`View::place`], for an edit that is none of the window.
    pub fn in_view(
        mut self,
        window: &WindowContext,
        view: View,
        read: ScoredWindows,
    ) -> Result<(String, Self)> {
        let mut left_out = 0;
        for edit in &mut self.rel_edits {
            (left_out, *edit) = view.place(&window.bases, edit)?;
        }
        let bases = view.bases(&window.bases, left_out).into_owned();
        let after = |steps| apply_edits_on_right(&bases, &self.rel_edits[..steps], read.right_bp);
        self.targets = (1..=self.rel_edits.len())
            .map(after)
            .collect::<Result<_>>()?;
        Ok((bases, self))
    }
}

fn nothing_of(source: EditSource) -> Error {
    dataloader_error("an edit source has no edit in the corpus, and no fall-back")
        .with_detail("source", source)
        .with_remedy(format!(
            "give files whose edits lie in the corpus, on pieces of one assembly, and are not held out, or \
             allow others in their place: --fallback {source}=synthetic_snv"
        ))
}

#[cfg(test)]
#[path = "centred_tests.rs"]
mod tests;
