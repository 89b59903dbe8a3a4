//! The items that steps draw from: those of the newest generations, balanced by type or not.

use crate::pairs::{StateItem, StatePairs};
use genolewm_core::edit::RelEdit;
use genolewm_data::bases::below;
use genolewm_data::edits::synthetic::default_edit_types;
use genolewm_data::weighted::WeightedChoice;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// The newest generations, oldest first.
pub(super) struct GenerationPool {
    generations: VecDeque<StatePairs>,
    kept: usize,
    /// The number of the generation that comes next.
    next: u64,
    /// Items by the type of their first edit, as generation and index, in the order of
    /// [`default_edit_types`]; rebuilt as generations come.
    by_type: Vec<Vec<(usize, usize)>>,
    balance: bool,
}

impl GenerationPool {
    /// An empty pool that keeps `kept` generations, of which `first` comes first. With `balance`
    /// items are drawn by the type of their first edit, else all alike.
    pub(super) fn new(kept: usize, first: u64, balance: bool) -> Self {
        Self {
            generations: VecDeque::new(),
            kept,
            next: first,
            by_type: Vec::new(),
            balance,
        }
    }

    /// Whether generation `number` is still to come.
    pub(super) fn lacks(&self, number: u64) -> bool {
        self.next <= number
    }

    /// Takes the next generation in, and lets the oldest go where there are too many.
    pub(super) fn push(&mut self, pairs: StatePairs) {
        self.generations.push_back(pairs);
        if self.generations.len() > self.kept {
            self.generations.pop_front();
        }
        self.next += 1;
        if self.balance {
            self.sort_by_type();
        }
    }

    fn sort_by_type(&mut self) {
        let types = default_edit_types();
        self.by_type = vec![Vec::new(); types.entries().len()];
        for (generation, pairs) in self.generations.iter().enumerate() {
            for (index, item) in pairs.items.iter().enumerate() {
                let of_item = item.edits.first().map(RelEdit::edit_type);
                let mut kinds = types.entries().iter().zip(&mut self.by_type);
                if let Some((_, items)) = kinds.find(|((kind, _), _)| Some(*kind) == of_item) {
                    items.push((generation, index));
                }
            }
        }
    }

    /// Draws a batch, those of fewer edits first; empty only where the pool is.
    pub(super) fn draw(&self, batch: usize, rng: &mut ChaCha8Rng) -> Vec<StateItem<'_>> {
        let weights = self.weights();
        let mut items: Vec<StateItem<'_>> = (0..batch)
            .filter_map(|_| match &weights {
                Some(weights) => self.draw_balanced(weights, rng),
                None => self.draw_any(rng),
            })
            .collect();
        items.sort_by_key(|item| item.steps());
        items
    }

    /// The types that there are, as indices into `by_type`.
    fn weights(&self) -> Option<WeightedChoice<usize>> {
        self.balance.then(|| {
            let types = default_edit_types();
            let kinds = types.entries().iter().zip(&self.by_type).enumerate();
            let there = kinds.filter(|(_, (_, items))| !items.is_empty());
            WeightedChoice::of(there.map(|(at, (&(_, weight), _))| (at, weight)))
        })
    }

    fn draw_balanced(
        &self,
        weights: &WeightedChoice<usize>,
        rng: &mut ChaCha8Rng,
    ) -> Option<StateItem<'_>> {
        let items = self.by_type.get(weights.draw(rng)?)?;
        let &(generation, index) = items.get(below(rng, items.len() as u64) as usize)?;
        Some(self.generations.get(generation)?.item(index))
    }

    fn draw_any(&self, rng: &mut ChaCha8Rng) -> Option<StateItem<'_>> {
        let len = |pairs: &StatePairs| pairs.items.len();
        let count: usize = self.generations.iter().map(len).sum();
        if count == 0 {
            return None;
        }
        let mut index = below(rng, count as u64) as usize;
        for pairs in &self.generations {
            if index < len(pairs) {
                return Some(pairs.item(index));
            }
            index -= len(pairs);
        }
        None
    }
}
