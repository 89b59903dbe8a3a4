//! States of windows: encode, pool around the locus, normalise.

use super::config::resolve_layer;
use super::llama::Llama;
use super::plan::Sequence;
use crate::ops::{Ops, not_finite};
use crate::tokenizer::SixMerTokenizer;
use core::ops::Range;
use genolewm_core::pooling::{PoolType, pool_span};
use genolewm_core::position::BpOffset;
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, Result};

/// What a state is: the layer, and how its rows are pooled.
#[derive(Debug, Clone, PartialEq)]
pub struct StateSpec {
    /// Index into `hidden_states`; negative counts from the end.
    pub state_layer: i64,
    /// How rows are pooled.
    pub pool_type: PoolType,
    /// Rows on each side of the locus' own.
    pub pool_radius_tokens: usize,
    /// Which rows they are, and what becomes of them.
    pub contract: StateContract,
}

/// A reference window and the edited windows that are compared with it.
#[derive(Debug, Clone)]
pub struct Site<'a> {
    /// The reference window.
    pub reference: &'a str,
    /// The edits of it.
    pub edits: Vec<EditedWindow>,
}

/// An edited window and the locus at which it and its reference are pooled.
#[derive(Debug, Clone)]
pub struct EditedWindow {
    /// The window after the edit.
    pub bases: String,
    /// The locus, from the window's start; without one the whole window is pooled.
    pub locus: Option<BpOffset>,
}

/// States of all edits of all sites, in order, `[edits, d_state]` each.
#[derive(Debug, Clone)]
pub struct States<M> {
    /// The reference window, pooled at each edit's locus.
    pub reference: M,
    /// The edited window, pooled at the same locus.
    pub edited: M,
}

impl<M: Clone> States<M> {
    /// The states of all passes, one pass after another.
    fn joined<O: Ops<Matrix = M>>(ops: &O, passes: Vec<Self>) -> Self {
        let (reference, edited): (Vec<M>, Vec<M>) = passes
            .into_iter()
            .map(|pass| (pass.reference, pass.edited))
            .unzip();
        Self {
            reference: ops.concat_rows(&reference),
            edited: ops.concat_rows(&edited),
        }
    }
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
        let layer = resolve_layer(spec.state_layer, llama.layers.len())?;
        Ok(Self {
            llama,
            tokenizer,
            spec,
            layer,
        })
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

    /// The state of one window.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when the locus lies outside the window.
    pub fn encode_window<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        window: &str,
        locus: Option<BpOffset>,
    ) -> Result<M> {
        let tokens = self.tokenizer.encode(window);
        let span = self.span(window, tokens.len(), locus)?;
        let sequence = Sequence {
            tokens: &tokens,
            rows: 0..span.end,
            prefix: None,
            wanted: span.clone(),
        };
        let hidden = self.llama.hidden(ops, &[sequence], self.layer);
        Ok(self.pool(ops, &hidden, &[[0..0, 0..span.len()]]))
    }

    /// States of all edits and of their references.
    ///
    /// Only rows that can change a state are run: none right of the pooling spans (the model is
    /// causal), each reference window once, and of an edited window none before the first token
    /// that differs. Sites go through the network in as many passes as [`Ops::most_values`] asks
    /// for.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when a locus lies outside its window.
    pub fn encode<O: Ops<Matrix = M>>(&self, ops: &O, sites: &[Site<'_>]) -> Result<States<M>> {
        let tokens: Vec<Vec<Vec<u32>>> = sites.iter().map(|site| self.tokens(site)).collect();
        let most_rows = ops.most_values() / self.llama.config.widest_row();
        let mut passes = Vec::new();
        let mut layout = Layout::default();
        for (site, tokens) in sites.iter().zip(&tokens) {
            self.lay_out(site, tokens, &mut layout)?;
            // A site is never parted, so that its edits share its reference.
            if layout.rows >= most_rows {
                passes.push(self.run(ops, &core::mem::take(&mut layout)));
            }
        }
        if passes.is_empty() || layout.rows > 0 {
            passes.push(self.run(ops, &layout));
        }
        Ok(States::joined(ops, passes))
    }

    /// Tokens of the reference window, then of each edited one.
    fn tokens(&self, site: &Site<'_>) -> Vec<Vec<u32>> {
        let edited = site.edits.iter().map(|edit| edit.bases.as_str());
        core::iter::once(site.reference)
            .chain(edited)
            .map(|window| self.tokenizer.encode(window))
            .collect()
    }

    fn run<O: Ops<Matrix = M>>(&self, ops: &O, layout: &Layout<'_>) -> States<M> {
        let hidden = self.llama.hidden(ops, &layout.sequences, self.layer);
        States {
            reference: self.pool(ops, &hidden, &layout.reference_rows),
            edited: self.pool(ops, &hidden, &layout.edited_rows),
        }
    }

    /// Reads states back, which are finite and of the length that the contract says, or an error.
    ///
    /// # Errors
    /// `INPUT.GENERIC` as [`StateContract::check_state`]; for states of an earlier contract
    /// `INTERNAL.INVARIANT_VIOLATION`; what the device reports.
    pub async fn read<O: Ops<Matrix = M>>(&self, ops: &O, states: &M) -> Result<Vec<f32>> {
        let contract = self.spec.contract;
        if contract.counts_tags() {
            let states = ops.download(states).await?;
            let mut each = states.chunks_exact(self.d_state());
            each.try_for_each(|state| contract.check_state(state))?;
            return Ok(states);
        }
        let states = ops.read(states).await?;
        let mut each = states.chunks_exact(self.d_state());
        match !contract.normalizes() || each.all(|state| contract.check_state(state).is_ok()) {
            true => Ok(states),
            false => Err(not_finite()),
        }
    }

    fn span(&self, window: &str, rows: usize, locus: Option<BpOffset>) -> Result<Range<usize>> {
        // The last six-mer may be longer than the window: a row, and no locus.
        let outside = locus.filter(|locus| locus.index() >= window.len());
        if let Some(locus) = outside.filter(|_| self.spec.contract.counts_tags()) {
            return Err(Error::input("the locus lies outside of the window")
                .with_detail("edit_locus", locus)
                .with_detail("window_bp", window.len()));
        }
        Ok(pool_span(
            self.spec.contract,
            rows,
            locus,
            self.spec.pool_type,
            self.spec.pool_radius_tokens,
        )?
        .rows())
    }

    fn pool<O: Ops<Matrix = M>>(&self, ops: &O, hidden: &M, rows: &[[Range<usize>; 2]]) -> M {
        pool_states(ops, self.spec.contract, hidden, rows)
    }

    /// Adds the sequences of one site: its reference, then its edits.
    fn lay_out<'t>(
        &self,
        site: &Site<'_>,
        tokens: &'t [Vec<u32>],
        layout: &mut Layout<'t>,
    ) -> Result<()> {
        let (reference, edited) = (&tokens[0], &tokens[1..=site.edits.len()]);
        let spans = site
            .edits
            .iter()
            .map(|edit| self.span(site.reference, reference.len(), edit.locus))
            .collect::<Result<Vec<_>>>()?;
        let first = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let last = spans.iter().map(|span| span.end).max().unwrap_or(0);
        let prefix = layout.sequences.len();
        let base = layout.push(Sequence {
            tokens: reference,
            rows: 0..last,
            prefix: None,
            wanted: first..last,
        });
        for (own, span) in edited.iter().zip(spans) {
            let changed = common_prefix(reference, own).min(span.end);
            let wanted = changed.max(span.start)..span.end;
            let in_reference =
                |rows: Range<usize>| base + rows.start - first..base + rows.end - first;
            layout
                .reference_rows
                .push([in_reference(span.clone()), 0..0]);
            let shared = in_reference(span.start..wanted.start);
            let count = wanted.len();
            let offset = layout.push(Sequence {
                tokens: own,
                rows: changed..span.end,
                prefix: Some(prefix),
                wanted,
            });
            layout.edited_rows.push([shared, offset..offset + count]);
        }
        Ok(())
    }
}

/// The states of spans of hidden rows, by the rule of a contract.
pub fn pool_states<O: Ops>(
    ops: &O,
    contract: StateContract,
    hidden: &O::Matrix,
    rows: &[[Range<usize>; 2]],
) -> O::Matrix {
    match (contract.sums_in_f64(), contract.normalizes()) {
        (true, false) => ops.mean_rows_in_f64(hidden, rows),
        (true, true) => ops.unit_rows(&ops.mean_rows_in_f64(hidden, rows)),
        (false, false) => ops.mean_rows(hidden, rows),
        (false, true) => ops.normalize_rows(&ops.mean_rows(hidden, rows)),
    }
}

/// Sequences of a batch, and where each state's rows lie among the wanted ones.
#[derive(Default)]
struct Layout<'t> {
    sequences: Vec<Sequence<'t>>,
    rows: usize,
    wanted_rows: usize,
    reference_rows: Vec<[Range<usize>; 2]>,
    /// What an edited window shares with its reference, then its own rows.
    edited_rows: Vec<[Range<usize>; 2]>,
}

impl<'t> Layout<'t> {
    /// Adds a sequence; returns where its wanted rows start.
    fn push(&mut self, sequence: Sequence<'t>) -> usize {
        let offset = self.wanted_rows;
        self.rows += sequence.rows.len();
        self.wanted_rows += sequence.wanted.len();
        self.sequences.push(sequence);
        offset
    }
}

fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
