//! Held-out sequence, and the Markov model that it is also measured with.

use crate::errors::dataset_error;
use genolewm_core::Result;
use genolewm_core::position::Interval;
use genolewm_data::bases::{N, stream};
use genolewm_data::corpus::{Corpus, SampledWindow, read_corpus_table};
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::markov::MarkovModel;
use std::path::Path;

/// Order of the Markov model.
pub const MARKOV_ORDER: usize = 5;
/// Bases of one draw that the Markov model is fitted to.
const MARKOV_WINDOW_BP: usize = 2_048;
/// Streams of one seed.
const MARKOV_STREAM: u64 = 1;
const WINDOW_STREAM: u64 = 2;

/// Fits the Markov model to `bases_bp` drawn as the encoder's training draws them: from the training
/// corpus without its hold-outs, by the same weights. Returns it with the number of bases drawn.
///
/// # Errors
/// As [`Corpus::open`].
pub fn fit_markov(
    corpus: &Path,
    holdout: &Path,
    bases_bp: usize,
    seed: u64,
) -> Result<(MarkovModel, u64)> {
    let corpus = Corpus::open(corpus, holdout)?;
    let mut rng = stream(seed, MARKOV_STREAM);
    let mut chain = MarkovModel::new(MARKOV_ORDER)?;
    let mut drawn = 0;
    for _ in 0..bases_bp.div_ceil(MARKOV_WINDOW_BP) {
        let window = corpus.sample_window(&mut rng, MARKOV_WINDOW_BP)?;
        drawn += window.bases.len() as u64;
        chain.add(&window.bases);
    }
    Ok((chain, drawn))
}

/// Draws `count` windows without unknown bases from the sources of a table, all of which must lie
/// inside what `holdout` keeps out of training. As codes of [`genolewm_data::bases`].
///
/// # Errors
/// `EVAL.DATASET` when a window lies outside the hold-outs; else as [`Corpus::from_sources`].
pub fn held_out_windows(
    table: &Path,
    holdout: &HoldoutPolicy,
    window_bp: usize,
    count: usize,
    seed: u64,
) -> Result<Vec<Vec<u8>>> {
    let corpus = Corpus::from_sources(&read_corpus_table(table)?, &HoldoutPolicy::none())?;
    let mut rng = stream(seed, WINDOW_STREAM);
    let mut windows = Vec::with_capacity(count);
    let mut rejected = 0;
    while windows.len() < count {
        let window = corpus.sample_window(&mut rng, window_bp)?;
        check_held_out(holdout, &window)?;
        if window.bases.iter().all(|&base| base < N) {
            windows.push(window.bases);
        } else {
            rejected += 1;
        }
        if rejected > 100 * (count + 1) {
            return Err(dataset_error(
                "the evaluation regions hold too few windows without unknown bases",
            )
            .with_detail("window_bp", window_bp)
            .with_remedy("choose regions with longer stretches of known sequence"));
        }
    }
    Ok(windows)
}

fn check_held_out(holdout: &HoldoutPolicy, window: &SampledWindow) -> Result<()> {
    let outside = window
        .pieces
        .iter()
        .find(|piece| !holds(holdout, &piece.contig, piece.span));
    outside.map_or(Ok(()), |piece| {
        Err(
            dataset_error("an evaluation region is not kept out of training")
                .with_detail("contig", &piece.contig)
                .with_detail("start", piece.span.start)
                .with_detail("end", piece.span.end)
                .with_remedy(
                    "name it in the hold-outs of the training, or take it out of --evaluation",
                ),
        )
    })
}

/// Whether all of a span is held out.
pub(super) fn holds(holdout: &HoldoutPolicy, contig: &str, span: Interval) -> bool {
    let within = |held: &Interval| held.start <= span.start && span.end <= held.end;
    holdout.holds_record(contig) || holdout.intervals(contig).iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use genolewm_core::position::BpOffset;

    #[test]
    fn only_what_is_wholly_held_out_is_evaluated() {
        let span = |start, end| Interval::new(BpOffset(start), BpOffset(end)).unwrap();
        let mut holdout = HoldoutPolicy::none();
        holdout.add("chr1", span(100, 200));
        holdout.add_record("piece");
        assert!(holds(&holdout, "chr1", span(100, 200)));
        assert!(!holds(&holdout, "chr1", span(150, 201)));
        assert!(holds(&holdout, "piece", span(0, 9)) && !holds(&holdout, "chr2", span(0, 9)));
    }

    #[test]
    fn windows_outside_the_holdouts_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let table = directory.path().join("evaluation.tsv");
        let fasta = directory.path().join("a.fa");
        std::fs::write(&fasta, format!(">held\n{}\n", "ACGTTGCA".repeat(100))).unwrap();
        std::fs::write(&table, format!("{}\t1\trecord\n", fasta.display())).unwrap();
        let error = held_out_windows(&table, &HoldoutPolicy::none(), 96, 2, 0).unwrap_err();
        assert_eq!(error.code(), ErrorCode::EvalDataset);
        let mut holdout = HoldoutPolicy::none();
        holdout.add_record("held");
        let windows = held_out_windows(&table, &holdout, 96, 2, 0).unwrap();
        assert_eq!(windows.len(), 2);
        assert_eq!(
            windows,
            held_out_windows(&table, &holdout, 96, 2, 0).unwrap()
        );
    }
}
