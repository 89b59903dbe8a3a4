//! States of windows: encode, pool around the locus, normalise.

use super::config::resolve_layer;
use super::layout::{Branch, Branches, Layout};
use super::llama::{Beside, Llama, Past};
use super::plan::Sequence;
use crate::ops::{Ops, check_finite, not_finite};
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
        let layer = resolve_layer(spec.state_layer, llama.config.layers)?;
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
    /// for; where the edits of one fill several, these follow the one pass of their reference.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when a locus lies outside its window.
    pub fn encode<O: Ops<Matrix = M>>(&self, ops: &O, sites: &[Site<'_>]) -> Result<States<M>> {
        let tokens: Vec<Vec<Vec<u32>>> = sites.iter().map(|site| self.tokens(site)).collect();
        let most_rows = ops.most_values() / self.llama.config.widest_row();
        let mut passes = Passes::default();
        let mut layout = Layout::default();
        for (site, tokens) in sites.iter().zip(&tokens) {
            let branches = self.branches(site, tokens)?;
            let parts = branches.parts(most_rows);
            if parts.len() > 1 && layout.rows > 0 {
                self.run(ops, core::mem::take(&mut layout), &mut passes);
            }
            layout.push_reference(&branches);
            let (first, more) = parts.split_first().unwrap_or((&(0..0), &[]));
            layout.push_edits(&branches, first.clone(), None);
            if !more.is_empty() {
                let followed = self.run_kept(ops, core::mem::take(&mut layout), &mut passes);
                for part in more {
                    let mut layout = Layout::default();
                    layout.push_edits(&branches, part.clone(), Some(followed.rows));
                    self.run_after(ops, &layout, &followed, &mut passes);
                }
            } else if layout.rows >= most_rows {
                self.run(ops, core::mem::take(&mut layout), &mut passes);
            }
        }
        if passes.reference.is_empty() || layout.rows > 0 {
            self.run(ops, layout, &mut passes);
        }
        Ok(States {
            reference: ops.concat_rows(&passes.reference),
            edited: ops.concat_rows(&passes.edited),
        })
    }

    /// Tokens of the reference window, then of each edited one.
    fn tokens(&self, site: &Site<'_>) -> Vec<Vec<u32>> {
        let edited = site.edits.iter().map(|edit| edit.bases.as_str());
        core::iter::once(site.reference)
            .chain(edited)
            .map(|window| self.tokenizer.encode(window))
            .collect()
    }

    fn run<O: Ops<Matrix = M>>(&self, ops: &O, layout: Layout<'_>, passes: &mut Passes<M>) {
        let hidden = self.llama.hidden(ops, &layout.sequences, self.layer);
        passes.push(self, ops, &hidden, &layout);
    }

    /// A pass whose first sequence is a reference that other passes follow.
    fn run_kept<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        layout: Layout<'_>,
        passes: &mut Passes<M>,
    ) -> Followed<M> {
        let [rows, wanted] = layout.sequences.first().map_or([0, 0], |reference| {
            [reference.rows.len(), reference.wanted.len()]
        });
        let mut past = Past::of_first(rows);
        let beside = Beside::Keeps(&mut past);
        let hidden = self
            .llama
            .hidden_beside(ops, &layout.sequences, self.layer, beside);
        passes.push(self, ops, &hidden, &layout);
        Followed {
            hidden: ops.rows(&hidden, 0..wanted),
            rows: wanted,
            past,
        }
    }

    /// A pass of edits alone.
    fn run_after<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        layout: &Layout<'_>,
        followed: &Followed<M>,
        passes: &mut Passes<M>,
    ) {
        let beside = Beside::Follows(&followed.past);
        let hidden = self
            .llama
            .hidden_beside(ops, &layout.sequences, self.layer, beside);
        let hidden = ops.concat_rows(&[followed.hidden.clone(), hidden]);
        passes.push(self, ops, &hidden, layout);
    }

    /// Reads states back.
    ///
    /// # Errors
    /// As [`check`](Self::check); what the device reports.
    pub async fn read<O: Ops<Matrix = M>>(&self, ops: &O, states: &M) -> Result<Vec<f32>> {
        let states = ops.download(states).await?;
        self.check(&states)?;
        Ok(states)
    }

    /// Checks that states which were read back are finite and of the length that the contract says.
    ///
    /// # Errors
    /// `INPUT.GENERIC` as [`StateContract::check_state`]; for states of an earlier contract
    /// `INTERNAL.INVARIANT_VIOLATION`.
    pub fn check(&self, states: &[f32]) -> Result<()> {
        let contract = self.spec.contract;
        let mut each = states.chunks_exact(self.d_state());
        if contract.counts_tags() {
            return each.try_for_each(|state| contract.check_state(state));
        }
        check_finite(states)?;
        match !contract.normalizes() || each.all(|state| contract.check_state(state).is_ok()) {
            true => Ok(()),
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

    /// Which rows of a site's windows are run, and which are read.
    fn branches<'t>(&self, site: &Site<'_>, tokens: &'t [Vec<u32>]) -> Result<Branches<'t>> {
        let (reference, edited) = (&tokens[0], &tokens[1..=site.edits.len()]);
        let branch = |(own, edit): (&'t Vec<u32>, &EditedWindow)| {
            let span = self.span(site.reference, reference.len(), edit.locus)?;
            let changed = common_prefix(reference, own).min(span.end);
            Ok(Branch {
                tokens: own,
                span,
                changed,
            })
        };
        let edits = edited.iter().zip(&site.edits).map(branch);
        let edits = edits.collect::<Result<Vec<_>>>()?;
        let first = edits.iter().map(|edit| edit.span.start).min().unwrap_or(0);
        let last = edits.iter().map(|edit| edit.span.end).max().unwrap_or(0);
        Ok(Branches {
            reference,
            wanted: first..last,
            edits,
        })
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

/// What passes of a site's further edits follow.
struct Followed<M> {
    past: Past<M>,
    /// The reference's wanted rows.
    hidden: M,
    rows: usize,
}

/// The states of passes, one after another.
struct Passes<M> {
    reference: Vec<M>,
    edited: Vec<M>,
}

impl<M> Default for Passes<M> {
    fn default() -> Self {
        Self {
            reference: Vec::new(),
            edited: Vec::new(),
        }
    }
}

impl<M: Clone> Passes<M> {
    fn push<O: Ops<Matrix = M>>(
        &mut self,
        encoder: &StateEncoder<M>,
        ops: &O,
        hidden: &M,
        layout: &Layout<'_>,
    ) {
        // One that follows another has none.
        if !layout.reference_rows.is_empty() || layout.edited_rows.is_empty() {
            let states = encoder.pool(ops, hidden, &layout.reference_rows);
            self.reference.push(states);
        }
        self.edited
            .push(encoder.pool(ops, hidden, &layout.edited_rows));
    }
}

fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
