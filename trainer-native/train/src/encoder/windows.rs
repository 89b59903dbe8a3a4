//! The windows of a step, drawn from the corpus: a function of seed, step and batch number.

use super::EncoderSettings;
use crate::encoder_dir::tokens;
use genolewm_core::Result;
use genolewm_data::corpus::{Corpus, SampledWindow};
use genolewm_report::output::io_error;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The batch of a number, of the step after `step`, as tokens.
///
/// # Errors
/// As [`Corpus::sample_window`].
pub(super) fn batch(
    settings: &EncoderSettings,
    corpus: &Corpus,
    step: u64,
    number: u64,
) -> Result<Vec<Vec<u32>>> {
    let windows = windows(settings, corpus, step, number)?;
    Ok(windows.iter().map(|window| tokens(&window.bases)).collect())
}

/// The windows of such a batch.
///
/// # Errors
/// As [`batch`].
pub(super) fn windows(
    settings: &EncoderSettings,
    corpus: &Corpus,
    step: u64,
    number: u64,
) -> Result<Vec<SampledWindow>> {
    let stream = (settings.run.seed(), number + 1);
    sample(
        corpus,
        stream,
        settings.window_tokens_of(step),
        settings.batch_windows(step),
    )
}

/// The windows that are measured, the same at every look.
///
/// # Errors
/// As [`batch`].
pub(super) fn validation_batch(settings: &EncoderSettings) -> Result<Option<Vec<Vec<u32>>>> {
    let Some(table) = &settings.validation else {
        return Ok(None);
    };
    let nothing =
        tempfile::NamedTempFile::new().map_err(|error| io_error("temporary file", &error))?;
    let corpus = Corpus::open(table, nothing.path())?;
    let windows = sample(&corpus, (u64::MAX, 1), settings.window_tokens, 64)?;
    Ok(Some(
        windows.iter().map(|window| tokens(&window.bases)).collect(),
    ))
}

fn sample(
    corpus: &Corpus,
    (seed, stream): (u64, u64),
    window_tokens: usize,
    windows: usize,
) -> Result<Vec<SampledWindow>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    let mut batch = Vec::new();
    while batch.len() < windows {
        let window = corpus.sample_window(&mut rng, window_tokens * 6)?;
        if window.bases.iter().all(|&base| base < 4) {
            batch.push(window);
        }
    }
    Ok(batch)
}
