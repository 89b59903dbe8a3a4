//! The encoder as a language model: perplexity, bits per base and accuracy, against a Markov chain over
//! bases.

use crate::states::MeasuredModel;
use genolewm::encoder::Sequence;
use genolewm::ops::transpose;
use genolewm::ops::{Linear, Ops};
use genolewm::tokenizer::{SIX_MERS, six_mer_code};
use genolewm_core::Result;
use genolewm_core::window::TOKEN_BP;
use genolewm_data::bases::decode;
use genolewm_data::markov::{MarkovFigures, MarkovModel};
use genolewm_train::lm_loss::{LmLoss, lm_loss};
use serde::{Deserialize, Serialize};

/// Rows whose logits are held at once.
const ROWS_AT_ONCE: usize = 256;
const BASES: usize = 4;

/// Figures of the language model. A perplexity is that of a six-mer given the sequence before it:
/// 4,096 for a uniform guess.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Language {
    /// Windows measured.
    pub windows: usize,
    /// Bases of each that are measured: whole six-mers.
    pub window_bp: usize,
    /// Six-mers predicted.
    pub six_mers: u64,
    /// Perplexity, the probabilities being taken over six-mers alone.
    pub six_mer_perplexity: f64,
    /// Mean `-log2 p` of a base.
    pub bits_per_base: f64,
    /// Share of bases that were the most probable one at their place of the six-mer, the earlier
    /// bases of the six-mer unknown.
    pub base_accuracy: f64,
    /// The Markov chain on the same bases.
    pub markov: MarkovLanguage,
}

/// Figures of the Markov chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkovLanguage {
    /// Bases that it sees.
    pub order: usize,
    /// Bases that it was fitted to.
    pub fitted_to_bp: u64,
    /// Perplexity of a six-mer by the chain rule: a proper probability of the six-mer, comparable.
    pub six_mer_perplexity: f64,
    /// Mean `-log2 p` of a base.
    pub bits_per_base: f64,
    /// Accuracy when each base is predicted from the true bases before it, those of its own six-mer
    /// included: easier than what the encoder does.
    pub base_accuracy_true_context: f64,
    /// Accuracy when only bases before the six-mer are seen, as the encoder does it. A window's first
    /// six-mer, before which there is nothing, is left out.
    pub base_accuracy_six_ahead: f64,
}

/// Measures both on windows of base codes without unknown bases.
///
/// # Errors
/// What the backend reports.
pub fn measure(
    model: &MeasuredModel<impl Ops>,
    chain: &MarkovModel,
    fitted_to_bp: u64,
    windows: &[Vec<u8>],
) -> Result<Language> {
    let mut encoder = MarkovFigures::default();
    let mut markov = MarkovFigures::default();
    let mut ahead = MarkovFigures::default();
    let head = six_mer_head(model)?;
    let six_ahead = SixAhead::new(chain);
    for window in windows {
        let whole = &window[..window.len() / TOKEN_BP * TOKEN_BP];
        add(&mut encoder, encoder_figures(model, &head, whole)?);
        add(&mut markov, chain.measure(whole));
        add(&mut ahead, six_ahead.measure(whole));
    }
    Ok(Language {
        windows: windows.len(),
        window_bp: windows.first().map_or(0, Vec::len) / TOKEN_BP * TOKEN_BP,
        six_mers: encoder.bases / TOKEN_BP as u64,
        six_mer_perplexity: encoder.six_mer_perplexity(),
        bits_per_base: encoder.bits_per_base(),
        base_accuracy: encoder.base_accuracy(),
        markov: MarkovLanguage {
            order: chain.order(),
            fitted_to_bp,
            six_mer_perplexity: markov.six_mer_perplexity(),
            bits_per_base: markov.bits_per_base(),
            base_accuracy_true_context: markov.base_accuracy(),
            base_accuracy_six_ahead: ahead.base_accuracy(),
        },
    })
}

fn add(sum: &mut MarkovFigures, figures: MarkovFigures) {
    sum.bases += figures.bases;
    sum.right += figures.right;
    sum.nats += figures.nats;
}

/// The output head over the six-mers alone, which come first among the loaded rows, by their code.
fn six_mer_head<O: Ops>(model: &MeasuredModel<O>) -> Result<Linear<O::Matrix>> {
    let llama = &model.bundle.encoder.llama;
    let rows = model
        .ops
        .rows(llama.head.as_ref().unwrap_or(&llama.embedding), 0..SIX_MERS);
    let width = llama.config.hidden_size;
    let values = transpose(&model.read(&rows)?, SIX_MERS, width);
    Ok(Linear {
        weight: model.ops.matrix(values, width, SIX_MERS),
        bias: None,
    })
}

fn encoder_figures<O: Ops>(
    model: &MeasuredModel<O>,
    head: &Linear<O::Matrix>,
    window: &[u8],
) -> Result<MarkovFigures> {
    let text = decode(window);
    let encoder = &model.bundle.encoder;
    let tokens = encoder.tokenizer.encode(&text);
    let targets: Vec<u16> = text
        .as_bytes()
        .chunks(TOKEN_BP)
        .filter_map(|six_mer| u16::try_from(six_mer_code(six_mer)?).ok())
        .collect();
    // Row i predicts six-mer i: the first row is the tag before the sequence.
    let sequence = Sequence {
        tokens: &tokens,
        rows: 0..targets.len(),
        prefix: None,
        wanted: 0..targets.len(),
    };
    let hidden = encoder
        .llama
        .hidden(&model.ops, &[sequence], encoder.llama.config.layers);
    let mut figures = MarkovFigures::default();
    for (block, targets) in targets.chunks(ROWS_AT_ONCE).enumerate() {
        let first = block * ROWS_AT_ONCE;
        let rows = model.ops.rows(&hidden, first..first + targets.len());
        let logits = model.read(&model.ops.linear(&rows, head))?;
        let step = lm_loss(&logits, targets, 0, SIX_MERS, LmLoss::CrossEntropy);
        figures.bases += (targets.len() * TOKEN_BP) as u64;
        figures.right += step.right_bases;
        figures.nats += step.six_mer_nats;
    }
    Ok(figures)
}

/// The chain's most probable base at each of the six places after a context, the places between
/// summed over.
struct SixAhead {
    order: usize,
    best: Vec<[u8; TOKEN_BP]>,
}

impl SixAhead {
    fn new(chain: &MarkovModel) -> Self {
        let order = chain.order();
        let contexts = BASES.pow(order as u32);
        let next: Vec<[f64; BASES]> = (0..contexts)
            .map(|context| probabilities(chain, context))
            .collect();
        let best = (0..contexts)
            .map(|context| most_probable(&next, context))
            .collect();
        Self { order, best }
    }

    /// All six-mers with a full context; perplexity is not measured so, and stays 0.
    fn measure(&self, codes: &[u8]) -> MarkovFigures {
        let mut figures = MarkovFigures::default();
        let first = self.order.next_multiple_of(TOKEN_BP);
        for at in (first..codes.len().saturating_sub(TOKEN_BP - 1)).step_by(TOKEN_BP) {
            let context = codes[at - self.order..at]
                .iter()
                .fold(0, |context, &base| context * BASES + usize::from(base));
            let six_mer = &codes[at..at + TOKEN_BP];
            figures.bases += TOKEN_BP as u64;
            figures.right += six_mer
                .iter()
                .zip(self.best[context])
                .filter(|&(&is, best)| is == best)
                .count() as u64;
        }
        figures
    }
}

/// The chain's probabilities of the next base, from the likelihoods with and without it.
fn probabilities(chain: &MarkovModel, context: usize) -> [f64; BASES] {
    let order = chain.order();
    let mut codes: Vec<u8> = (0..order)
        .map(|place| (context >> (2 * (order - 1 - place)) & 3) as u8)
        .collect();
    let before = chain.log_likelihood(&codes);
    codes.push(0);
    core::array::from_fn(|base| {
        codes[order] = base as u8;
        (chain.log_likelihood(&codes) - before).exp()
    })
}

fn most_probable(next: &[[f64; BASES]], context: usize) -> [u8; TOKEN_BP] {
    let mut weights = vec![0.0; next.len()];
    weights[context] = 1.0;
    core::array::from_fn(|_| {
        let mut marginal = [0.0; BASES];
        let mut after = vec![0.0; next.len()];
        for (context, &weight) in weights
            .iter()
            .enumerate()
            .filter(|&(_, &weight)| weight > 0.0)
        {
            for (base, p) in next[context].iter().enumerate() {
                marginal[base] += weight * p;
                after[(context * BASES + base) % next.len()] += weight * p;
            }
        }
        weights = after;
        (1..BASES).fold(0, |best, base| {
            if marginal[base] > marginal[best] {
                base
            } else {
                best
            }
        }) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_data::bases::encode;

    #[test]
    fn a_cycle_is_foreseen_six_bases_ahead() {
        let mut chain = MarkovModel::new(5).unwrap();
        chain.add(&encode(&"ACGTA".repeat(2_000)));
        let six_ahead = SixAhead::new(&chain);
        let figures = six_ahead.measure(&encode(&"ACGTA".repeat(60)));
        assert_eq!((figures.bases, figures.right), (294, 294));
        let next = probabilities(&chain, 0b00_01_10_11_00);
        assert!(
            (next.iter().sum::<f64>() - 1.0).abs() < 1e-9 && next[0] > 0.99,
            "{next:?}"
        );
    }
}
