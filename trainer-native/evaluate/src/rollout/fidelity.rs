//! Fidelity of rollouts: mean cosine, Euclidean distance and recall@k over measured states, and ranks
//! among targets.

use super::rows::StateRow;
use genolewm_core::provenance::sha256_prefixed;
use std::collections::BTreeMap;

/// A figure of the prediction, and the same of the source state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// Of the prediction.
    pub value: f64,
    /// Of the source state, which foretells that nothing changes.
    pub baseline: f64,
}

/// Means over the rows of a split, or over those of one `k` of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fidelity {
    /// Name of the split.
    pub split: String,
    /// Number of edits; `None` for all rows of the split.
    pub k: Option<u64>,
    /// Rows.
    pub rows: usize,
    /// Says exactly which rows these are.
    pub row_identity: String,
    /// Cosine with the target.
    pub cosine: Beside,
    /// Euclidean distance to the target.
    pub l2: Beside,
    /// Share of rows whose target is among the first so many.
    pub recall: Beside,
}

/// The means of every split, then of every `k` of every split, both in order.
#[must_use]
pub fn fidelities(rows: &[StateRow], recall_k: u64) -> (Vec<Fidelity>, Vec<Fidelity>) {
    let mut splits: BTreeMap<&str, Vec<&StateRow>> = BTreeMap::new();
    let mut steps: BTreeMap<(&str, u64), Vec<&StateRow>> = BTreeMap::new();
    for row in rows {
        splits.entry(&row.split).or_default().push(row);
        steps.entry((&row.split, row.k)).or_default().push(row);
    }
    let splits = splits.into_iter();
    let steps = steps.into_iter();
    (
        splits
            .map(|(split, rows)| Fidelity::of(split, None, &rows, recall_k))
            .collect(),
        steps
            .map(|((split, k), rows)| Fidelity::of(split, Some(k), &rows, recall_k))
            .collect(),
    )
}

impl Fidelity {
    fn of(split: &str, k: Option<u64>, rows: &[&StateRow], recall_k: u64) -> Self {
        let beside = |of: &dyn Fn(&StateRow, &[f64], u64) -> f64| Beside {
            value: mean(rows, |row| of(row, &row.predicted, row.target_rank)),
            baseline: mean(rows, |row| of(row, &row.source, row.baseline_target_rank)),
        };
        Self {
            split: split.to_owned(),
            k,
            rows: rows.len(),
            row_identity: identity(split, k, rows),
            cosine: beside(&|row, state, _| cosine(state, &row.target)),
            l2: beside(&|row, state, _| l2(state, &row.target)),
            recall: beside(&|_, _, rank| f64::from(u8::from(rank <= recall_k))),
        }
    }
}

fn mean(rows: &[&StateRow], of: impl Fn(&StateRow) -> f64) -> f64 {
    rows.iter().map(|row| of(row)).sum::<f64>() / rows.len() as f64
}

fn identity(split: &str, k: Option<u64>, rows: &[&StateRow]) -> String {
    let mut ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    ids.sort_unstable();
    let k = k.map_or("*".to_owned(), |k| k.to_string());
    let parts = [split, &k].into_iter().chain(ids);
    sha256_prefixed(parts.collect::<Vec<_>>().join("\n").as_bytes())
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())
}

fn l2(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Gives every row its two ranks. Targets that are as similar as the row's own stand before it, so
/// that a model whose targets are all alike finds none.
pub fn rank(rows: &mut [StateRow]) {
    let mut groups: BTreeMap<(String, u64), Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let group = groups.entry((row.split.clone(), row.k)).or_default();
        group.push(index);
    }
    for group in groups.values() {
        let targets: Vec<Vec<f64>> = group.iter().map(|&at| unit(&rows[at].target)).collect();
        for (own, &at) in group.iter().enumerate() {
            rows[at].target_rank = rank_among(&rows[at].predicted, own, &targets);
            rows[at].baseline_target_rank = rank_among(&rows[at].source, own, &targets);
        }
    }
}

pub(super) fn unit(state: &[f64]) -> Vec<f64> {
    let norm = dot(state, state).sqrt();
    state.iter().map(|value| value / norm).collect()
}

pub(super) fn rank_among(state: &[f64], own: usize, targets: &[Vec<f64>]) -> u64 {
    let similar = |target: &Vec<f64>| dot(state, target);
    let least = targets.get(own).map_or(f64::INFINITY, similar);
    let as_similar = targets.iter().filter(|target| similar(target) >= least);
    as_similar.count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, k: u64, [predicted, target]: [[f64; 2]; 2]) -> StateRow {
        StateRow {
            id: id.to_owned(),
            split: "s".to_owned(),
            k,
            source: vec![1.0, 0.0],
            predicted: predicted.to_vec(),
            target: target.to_vec(),
            target_rank: 1,
            baseline_target_rank: 1,
        }
    }

    #[test]
    fn targets_are_ranked_within_their_step() {
        let mut rows = vec![
            row("a", 1, [[1.0, 0.1], [1.0, 0.0]]),
            row("b", 1, [[1.0, 0.1], [0.0, 2.0]]),
            row("c", 2, [[0.0, 1.0], [0.0, 1.0]]),
        ];
        rank(&mut rows);
        let ranks: Vec<_> = rows
            .iter()
            .map(|row| (row.target_rank, row.baseline_target_rank))
            .collect();
        assert_eq!(ranks, [(1, 1), (2, 2), (1, 1)]);
    }

    #[test]
    fn equal_targets_are_not_found() {
        let mut rows: Vec<StateRow> = (0..12)
            .map(|at| row(&at.to_string(), 1, [[1.0, 1.0]; 2]))
            .collect();
        rank(&mut rows);
        assert!(rows.iter().all(|row| row.target_rank == 12));
        let (splits, _) = fidelities(&rows, 10);
        assert_eq!(splits[0].recall.value, 0.0);
    }

    #[test]
    fn means_stand_beside_those_of_the_source() {
        let rows = [
            row("a", 1, [[0.0, 1.0], [0.0, 1.0]]),
            row("b", 2, [[3.0, 4.0], [0.0, 0.5]]),
        ];
        let (splits, steps) = fidelities(&rows, 1);
        assert_eq!((splits.len(), steps.len(), splits[0].k), (1, 2, None));
        assert_eq!(splits[0].cosine.value, f64::midpoint(1.0, 0.8));
        assert_eq!(splits[0].cosine.baseline, 0.0);
        assert_eq!(steps[0].l2.value, 0.0);
        assert_eq!(steps[0].l2.baseline, 2.0_f64.sqrt());
        assert_ne!(steps[0].row_identity, splits[0].row_identity);
    }
}
