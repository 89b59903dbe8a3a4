//! Which rows belong together: items with one state and one or more actions each.

use crate::ops::{AttentionSegment, AttentionSpec, Mask, Ops};
use core::ops::Range;

/// The items of one call, and who reads whom.
///
/// States are one row an item; actions lie one item after another. Interleaved, an item's state
/// comes right before its actions, so that a uniform batch stays one plain product.
#[derive(Debug)]
pub(super) struct Batch {
    /// The item of each action row.
    pub(super) item_of_action: Vec<usize>,
    /// Whether every item has one action.
    pub(super) single: bool,
    /// Each state reads its item's actions.
    pub(super) states_read: AttentionSpec,
    /// Each action reads its state and the actions up to itself, in interleaved rows.
    pub(super) actions_read: AttentionSpec,
    /// Each interleaved row reads all rows of its item.
    pub(super) all_read: AttentionSpec,
    /// Each action reads all interleaved rows of its item.
    pub(super) actions_read_all: AttentionSpec,
    /// Rows of states, then of actions, in interleaved order.
    interleaved: Vec<usize>,
    /// The actions among the interleaved rows.
    action_rows: Vec<usize>,
}

impl Batch {
    /// Items with `counts` actions each, at least one.
    pub(super) fn new(counts: Vec<usize>, heads: usize, head_width: usize) -> Self {
        let items = counts.len();
        let actions: usize = counts.iter().sum();
        let spec = |segments| AttentionSpec {
            heads,
            kv_heads: heads,
            head_width,
            segments,
        };
        let mut places = Vec::with_capacity(items);
        let mut interleaved = Vec::with_capacity(items + actions);
        let mut action_rows = Vec::with_capacity(actions);
        let mut item_of_action = Vec::with_capacity(actions);
        let mut first = 0;
        for (item, &count) in counts.iter().enumerate() {
            let place = ItemRows {
                state: item..item + 1,
                actions: first..first + count,
                item,
            };
            interleaved.push(item);
            interleaved.extend(place.actions.clone().map(|action| items + action));
            action_rows.extend(place.all().skip(1));
            item_of_action.extend(core::iter::repeat_n(item, count));
            places.push(place);
            first += count;
        }
        let all =
            |one: fn(&ItemRows) -> AttentionSegment| places.iter().map(one).collect::<Vec<_>>();
        Self {
            single: counts.iter().all(|&count| count == 1),
            states_read: spec(all(|at| segment(&at.state, &at.actions, Mask::Full))),
            actions_read: spec(all(|at| {
                segment(&at.actions, &at.all(), Mask::Causal { first_visible: 1 })
            })),
            all_read: spec(all(|at| segment(&at.all(), &at.all(), Mask::Full))),
            actions_read_all: spec(all(|at| segment(&at.actions, &at.all(), Mask::Full))),
            interleaved,
            action_rows,
            item_of_action,
        }
    }

    /// Each item's state, then its actions.
    pub(super) fn interleave<O: Ops>(
        &self,
        ops: &O,
        states: &O::Matrix,
        actions: &O::Matrix,
    ) -> O::Matrix {
        ops.gather(
            &ops.concat_rows(&[states.clone(), actions.clone()]),
            &self.interleaved,
        )
    }

    /// The actions of interleaved rows.
    pub(super) fn actions_of<O: Ops>(&self, ops: &O, interleaved: &O::Matrix) -> O::Matrix {
        ops.gather(interleaved, &self.action_rows)
    }
}

/// The rows of one item.
struct ItemRows {
    item: usize,
    state: Range<usize>,
    actions: Range<usize>,
}

impl ItemRows {
    /// All rows of the item, interleaved.
    fn all(&self) -> Range<usize> {
        self.actions.start + self.item..self.actions.end + self.item + 1
    }
}

fn segment(queries: &Range<usize>, keys: &Range<usize>, mask: Mask) -> AttentionSegment {
    AttentionSegment {
        queries: queries.clone(),
        keys: [0..0, keys.clone()],
        mask,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_two_unequal_items() {
        let batch = Batch::new(vec![2, 1], 1, 4);
        assert_eq!(batch.interleaved, [0, 2, 3, 1, 4]);
        assert_eq!(batch.action_rows, [1, 2, 4]);
        assert_eq!(batch.item_of_action, [0, 0, 1]);
        assert_eq!(batch.actions_read.segments[1].queries, 2..3);
        assert_eq!(batch.actions_read.segments[1].keys[1], 3..5);
        assert_eq!(batch.states_read.segments[1].keys[1], 2..3);
        assert!(!batch.single);
    }
}
