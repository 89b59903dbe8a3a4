//! States of windows: encode, pool around the locus, normalise.

use super::llama::Llama;
use super::plan::Sequence;
use crate::ops::Ops;
use crate::tokenizer::SixMerTokenizer;
use core::ops::Range;
use genolewm_shared::pooling::{PoolType, pool_span};
use genolewm_shared::{Error, ErrorCode, Result};
use genolewm_shared::position::BpOffset;

/// What a state is: the layer, and how its rows are pooled.
#[derive(Debug, Clone, PartialEq)]
pub struct StateSpec {
    /// Index into `hidden_states`; negative counts from the end.
    pub state_layer: i64,
    /// How rows are pooled.
    pub pool_type: PoolType,
    /// Rows on each side of the locus' own.
    pub pool_radius_tokens: usize,
    /// Whether the pooled vector is divided by its L2 norm.
    pub normalize: bool,
}

/// A reference window and the edited windows that are compared with it, all pooled at one locus.
#[derive(Debug, Clone)]
pub struct EncodedSite<'a> {
    /// The reference window.
    pub reference: &'a str,
    /// The same window under each edit.
    pub edited: Vec<String>,
    /// The pooling locus, from the window's start.
    pub locus: Option<BpOffset>,
}

/// Encoder, tokenizer and the meaning of a state.
#[derive(Debug)]
pub struct StateEncoder<M> {
    /// The network.
    pub llama: Llama<M>,
    /// Bases to tokens.
    pub tokenizer: SixMerTokenizer,
    /// What a state is.
    pub spec: StateSpec,
    /// `spec.state_layer`, counted from the start.
    layer: usize,
}

impl<M: Clone> StateEncoder<M> {
    /// Puts the parts together.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` when the encoder has no such layer.
    pub fn new(llama: Llama<M>, tokenizer: SixMerTokenizer, spec: StateSpec) -> Result<Self> {
        let count = llama.layers.len() as i64 + 1;
        let layer = if spec.state_layer < 0 { spec.state_layer + count } else { spec.state_layer };
        if !(0..count).contains(&layer) {
            return Err(Error::new(ErrorCode::ConfigGeneric, format!("state_layer {} does not exist", spec.state_layer))
                .with_detail("layers", count - 1)
                .with_remedy("choose a layer of this encoder, or -1 for the last"));
        }
        Ok(Self { llama, tokenizer, spec, layer: layer as usize })
    }

    /// Width of a state.
    #[must_use]
    pub fn d_state(&self) -> usize {
        self.llama.config.hidden_size
    }

    /// The layer whose hidden states are pooled, counted from the embedding.
    #[must_use]
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// States of all sites: for each site its reference, then its edits, in order:
    /// `[sites + edits, d_state]`.
    ///
    /// Only rows that can change a state are run: none right of the pooling span (the model is
    /// causal), and of an edited window none before the first token that differs.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when a locus lies outside its window.
    pub fn encode<O: Ops<Matrix = M>>(&self, ops: &O, sites: &[EncodedSite<'_>]) -> Result<M> {
        let tokens: Vec<Vec<u32>> = sites
            .iter()
            .flat_map(|site| core::iter::once(site.reference).chain(site.edited.iter().map(String::as_str)))
            .map(|window| self.tokenizer.encode(window))
            .collect();
        let (sequences, spans) = self.sequences(sites, &tokens)?;
        let hidden = self.llama.hidden(ops, &sequences, self.layer);
        let pooled = ops.mean_rows(&hidden, &pooled_rows(&sequences, &spans));
        Ok(if self.spec.normalize { ops.normalize_rows(&pooled) } else { pooled })
    }

    fn sequences<'t>(&self, sites: &[EncodedSite<'_>], tokens: &'t [Vec<u32>]) -> Result<(Vec<Sequence<'t>>, Vec<Range<usize>>)> {
        let mut sequences = Vec::with_capacity(tokens.len());
        let mut spans = Vec::with_capacity(tokens.len());
        for site in sites {
            let reference = sequences.len();
            for member in 0..=site.edited.len() {
                let own = &tokens[reference + member];
                let span = pool_span(own.len(), site.locus, self.spec.pool_type, self.spec.pool_radius_tokens)?.rows();
                let first = if member == 0 { 0 } else { common_prefix(&tokens[reference], own).min(span.end) };
                sequences.push(Sequence {
                    tokens: own,
                    rows: first..span.end,
                    prefix: (member > 0).then_some(reference),
                    wanted: first.max(span.start)..span.end,
                });
                spans.push(span);
            }
        }
        Ok((sequences, spans))
    }
}

/// Where each state's rows lie among the wanted rows: the part that it shares with its reference,
/// then its own.
fn pooled_rows(sequences: &[Sequence<'_>], spans: &[Range<usize>]) -> Vec<[Range<usize>; 2]> {
    let mut offset = 0;
    let mut offsets = Vec::with_capacity(sequences.len());
    let mut rows = Vec::with_capacity(sequences.len());
    for (sequence, span) in sequences.iter().zip(spans) {
        offsets.push(offset);
        let own = offset..offset + sequence.wanted.len();
        let shared = sequence.prefix.map_or(0..0, |reference| {
            let start = offsets[reference];
            start..start + (sequence.wanted.start - span.start)
        });
        rows.push([shared, own]);
        offset += sequence.wanted.len();
    }
    rows
}

fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
