//! What the bases around a substitution alone tell: a table of log-odds.

use crate::scores::{Score, sides};
use crate::states::Item;
use genolewm_data::bases::{N, complement, encode};
use serde::{Deserialize, Serialize};

/// Bases to either side of a substitution whose GC share is taken.
pub const GC_REACH_BP: usize = 100;
/// Bins of the GC share.
const GC_BINS: usize = 10;
/// Bases, neighbours and replacements of a substitution, each strand as the one with a pyrimidine.
const CHANGES: usize = 96;
/// Added to every count.
const PSEUDO_COUNT: f64 = 1.0;

/// Log-odds of the positive side by substitution within its trinucleotide and by GC share: the sum of
/// two tables, as if the two were independent on either side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextTable {
    /// What the positives and negatives are.
    pub fitted_to: String,
    /// Edits on the positive side.
    pub positive: usize,
    /// Edits on the negative side.
    pub negative: usize,
    /// By substitution: base before, base (C, T), base after, replacement, the last fastest.
    pub by_change: Vec<f64>,
    /// By share of G and C within [`GC_REACH_BP`], in tenths.
    pub by_gc: Vec<f64>,
}

/// Where a substitution lies; `None` for what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Surroundings {
    change: Option<usize>,
    gc: Option<usize>,
}

impl ContextTable {
    /// Counts substitutions of both sides.
    #[must_use]
    pub fn fit(fitted_to: &str, items: &[Item], positive: &[bool]) -> Self {
        let places: Vec<Surroundings> = items.iter().map(Surroundings::of).collect();
        let [positives, negatives] = sides(positive);
        Self {
            fitted_to: fitted_to.to_owned(),
            positive: positives,
            negative: negatives,
            by_change: log_odds(places.iter().map(|place| place.change), positive, CHANGES),
            by_gc: log_odds(places.iter().map(|place| place.gc), positive, GC_BINS),
        }
    }

    /// The log-odds of substitutions; what is not known of one counts for nothing.
    #[must_use]
    pub fn score(&self, items: &[Item]) -> Score {
        let look_up = |table: &[f64], index: Option<usize>| {
            let found = index.and_then(|index| table.get(index).copied());
            found.unwrap_or(0.0)
        };
        let of = |place: Surroundings| {
            look_up(&self.by_change, place.change) + look_up(&self.by_gc, place.gc)
        };
        Score::new(
            "context",
            items.iter().map(|item| of(Surroundings::of(item))),
        )
    }
}

impl Surroundings {
    fn of(item: &Item) -> Self {
        let at = item.edit.rel_pos().index();
        let bases = encode(&item.sequence);
        let alternate = encode(item.edit.alt_bases());
        let around =
            &bases[at.saturating_sub(GC_REACH_BP)..(at + GC_REACH_BP + 1).min(bases.len())];
        let known = around.iter().filter(|&&base| base < N).count();
        let gc = around
            .iter()
            .filter(|&&base| base == 1 || base == 2)
            .count();
        Self {
            change: alternate
                .first()
                .and_then(|&alternate| change(&bases, at, alternate)),
            gc: (known > 0).then(|| (gc * GC_BINS / known).min(GC_BINS - 1)),
        }
    }
}

/// The number of a substitution, 0..96: both strands are the same.
fn change(bases: &[u8], at: usize, alternate: u8) -> Option<usize> {
    let triplet = bases.get(at.checked_sub(1)?..at + 2)?;
    let [mut before, mut base, mut after] = *triplet else {
        return None;
    };
    let mut alternate = alternate;
    if [before, base, after, alternate]
        .iter()
        .any(|&base| base >= N)
        || base == alternate
    {
        return None;
    }
    if base == 0 || base == 2 {
        (before, after) = (complement(after), complement(before));
        (base, alternate) = (complement(base), complement(alternate));
    }
    // The replacement among the three others, in order.
    let other = usize::from(alternate) - usize::from(alternate > base);
    let pyrimidine = usize::from(base == 3);
    Some(((usize::from(before) * 2 + pyrimidine) * 4 + usize::from(after)) * 3 + other)
}

fn log_odds(
    places: impl Iterator<Item = Option<usize>>,
    positive: &[bool],
    size: usize,
) -> Vec<f64> {
    let mut counts = vec![[PSEUDO_COUNT; 2]; size];
    for (place, &positive) in places.zip(positive) {
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            count[usize::from(positive)] += 1.0;
        }
    }
    let total = |side: usize| counts.iter().map(|count| count[side]).sum::<f64>();
    let totals = [total(0), total(1)];
    let share = |count: &[f64; 2], side: usize| count[side] / totals[side];
    counts
        .iter()
        .map(|count| (share(count, 1) / share(count, 0)).ln())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::edit::RelEdit;
    use genolewm_core::position::BpOffset;

    fn item(sequence: &str, at: u64, reference: &str, alternate: &str) -> Item {
        Item {
            sequence: sequence.into(),
            edit: RelEdit::new(BpOffset(at), reference, alternate).unwrap(),
        }
    }

    #[test]
    fn there_are_ninety_six_changes_and_strands_agree() {
        let mut seen = std::collections::BTreeSet::new();
        for bits in 0..256 {
            let [before, base, after, alternate] =
                [bits >> 6 & 3, bits >> 4 & 3, bits >> 2 & 3, bits & 3].map(|code| code as u8);
            let forward = change(&[before, base, after], 1, alternate);
            let pair = complement;
            let reverse = change(&[pair(after), pair(base), pair(before)], 1, pair(alternate));
            assert_eq!(forward, reverse);
            assert_eq!(forward.is_none(), base == alternate);
            seen.extend(forward);
        }
        assert_eq!(
            seen.into_iter().collect::<Vec<_>>(),
            (0..CHANGES).collect::<Vec<_>>()
        );
        assert_eq!(change(&[0, 1], 0, 2), None);
        assert_eq!(change(&[0, 1, N], 1, 2), None);
    }

    #[test]
    fn what_is_frequent_on_a_side_scores_so() {
        let items = [
            item("ACGAA", 1, "C", "T"),
            item("TTCGT", 3, "G", "A"),
            item("AATAA", 2, "T", "G"),
            item("AATAA", 2, "T", "G"),
        ];
        let table = ContextTable::fit("a test", &items, &[true, true, false, false]);
        let scores = table.score(&items).values;
        // ACG>ATG and, on the other strand, CGT is the same change; shares of (2 + 1) and (0 + 1) of
        // 98 each, and GC shares of 2 and 2 of 5 against 0.
        let expected = (3.0_f64 / 1.0).ln() + (3.0_f64 / 1.0).ln();
        assert!((scores[0] - expected).abs() < 1e-12, "{scores:?}");
        assert_eq!(scores[0], scores[1]);
        assert!((scores[2] + expected).abs() < 1e-12, "{scores:?}");
    }
}
