//! Experimental: candidates of a plan from a Monte-Carlo tree search (UCT with progressive widening).

use super::ActionSampler;
use super::config::PlannerKind;
use super::sampler::DrawnSequences;
use crate::edit::RelEdit;
use crate::experimental::first_use;
use crate::limits::MAX_PLAN_SAMPLES;
use alloc::vec;
use alloc::vec::Vec;

/// What a rarely tried edit is worth beside a good one: the constant of UCB1. Rewards of many edits
/// together lie close to each other, so less than the usual root of 2.
const EXPLORATION: f64 = 0.5;

const ROOT: usize = 0;

/// One edit, behind those of its parents.
#[derive(Debug, Clone, Default)]
struct Node {
    /// None at the root.
    edit: Option<RelEdit>,
    children: Vec<usize>,
    /// Sequences drawn through it. Those that are not judged yet count as bad ones, so that the
    /// candidates of one round differ.
    visits: usize,
    judged: usize,
    /// Sum of the objectives of those that were judged.
    sum: f64,
}

/// Edits that were tried, and what came of them.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The way down to each candidate of this round.
    paths: Vec<Vec<usize>>,
    least: f64,
    most: f64,
}

impl Tree {
    /// A tree, where it is what candidates come from.
    pub(super) fn of(planner: PlannerKind) -> Option<Self> {
        if planner != PlannerKind::TreeSearch {
            return None;
        }
        first_use("the planner mcts");
        Some(Self {
            nodes: vec![Node::default()],
            paths: Vec::new(),
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        })
    }

    /// Up to `n` sequences of `horizon` edits: each goes down the tree to a new edit, and on by chance.
    pub(super) fn draw(
        &mut self,
        sampler: &mut ActionSampler,
        n: usize,
        horizon: usize,
    ) -> DrawnSequences {
        let mut left = sampler.draws_for(n, horizon);
        let mut sequences = Vec::new();
        self.paths.clear();
        for _ in 0..n {
            if left == 0 {
                break;
            }
            let (path, mut edits) = self.descend(sampler, horizon, &mut left);
            while edits.len() < horizon
                && let Ok(edit) = sampler.sample_after(&edits, &mut left)
            {
                edits.push(edit);
            }
            if edits.len() == horizon {
                self.paths.push(path);
                sequences.push(edits);
            }
        }
        DrawnSequences {
            dropped: n - sequences.len(),
            sequences,
        }
    }

    /// Takes the objectives of this round's candidates, in the order of their draw.
    pub(super) fn learn(&mut self, objectives: impl Iterator<Item = f64>) {
        for (path, objective) in core::mem::take(&mut self.paths).iter().zip(objectives) {
            self.least = self.least.min(objective);
            self.most = self.most.max(objective);
            for &at in path {
                self.nodes[at].judged += 1;
                self.nodes[at].sum += objective;
            }
        }
    }

    /// The way to an edit that was never tried here, or to all edits but the last.
    fn descend(
        &mut self,
        sampler: &mut ActionSampler,
        horizon: usize,
        left: &mut usize,
    ) -> (Vec<usize>, Vec<RelEdit>) {
        let (mut path, mut edits, mut at) = (vec![ROOT], Vec::new(), ROOT);
        loop {
            self.nodes[at].visits += 1;
            let is_new = at != ROOT && self.nodes[at].visits == 1;
            // A last edit has nothing behind it that could be learned: it is drawn.
            if is_new || edits.len() + 1 >= horizon {
                return (path, edits);
            }
            let wider = self.widened(at, &edits, sampler, left);
            let Some(next) = wider.or_else(|| self.most_promising(at)) else {
                return (path, edits);
            };
            edits.extend(self.nodes[next].edit.clone());
            path.push(next);
            at = next;
        }
    }

    /// An edit by chance, where a node has fewer children than the root of its visits.
    fn widened(
        &mut self,
        at: usize,
        edits: &[RelEdit],
        sampler: &mut ActionSampler,
        left: &mut usize,
    ) -> Option<usize> {
        let Node {
            children, visits, ..
        } = &self.nodes[at];
        let is_full = children.len().pow(2) >= *visits || self.nodes.len() > MAX_PLAN_SAMPLES;
        if is_full {
            return None;
        }
        let edit = Some(sampler.sample_after(edits, left).ok()?);
        if let Some(&known) = children
            .iter()
            .find(|&&child| self.nodes[child].edit == edit)
        {
            return Some(known);
        }
        let new = self.nodes.len();
        self.nodes[at].children.push(new);
        self.nodes.push(Node {
            edit,
            ..Node::default()
        });
        Some(new)
    }

    fn most_promising(&self, at: usize) -> Option<usize> {
        let visits = self.nodes[at].visits;
        let promise = |child: usize| ucb1(self.reward(child), self.nodes[child].visits, visits);
        let children = self.nodes[at].children.iter().copied();
        children.max_by(|&a, &b| promise(a).total_cmp(&promise(b)))
    }

    /// 1 where all through a node were as good as the best seen, 0 where they were as bad as the worst.
    fn reward(&self, at: usize) -> f64 {
        let Node { judged, sum, .. } = self.nodes[at];
        if judged == 0 || self.most <= self.least {
            return 0.0;
        }
        (self.most - sum / judged as f64) / (self.most - self.least)
    }
}

/// What a child promises: its reward, and more the less it was tried.
fn ucb1(reward: f64, visits: usize, parent_visits: usize) -> f64 {
    reward + EXPLORATION * libm::sqrt(libm::log(parent_visits as f64) / visits as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Result;
    use crate::planning::{PlanningConfig, SamplerOptions, plan};

    fn sampler() -> Result<ActionSampler> {
        ActionSampler::new(&"ACGTTGCA".repeat(40), SamplerOptions::default())
    }

    fn tree() -> Tree {
        Tree::of(PlannerKind::TreeSearch).unwrap_or_else(|| unreachable!())
    }

    /// Judges a sequence that went through the root and one of its children.
    fn judge(tree: &mut Tree, child: usize, objective: f64) {
        tree.nodes[ROOT].visits += 1;
        tree.nodes[child].visits += 1;
        tree.paths = vec![vec![ROOT, child]];
        tree.learn([objective].into_iter());
    }

    /// Worked by hand. Of three sequences two went through A, with objectives 1 and 3, one through B, with
    /// 4: the rewards are (4 - 2) / 3 = 0.6667 and 0, and A promises 0.6667 + 0.5 sqrt(ln 3 / 2) = 1.0372,
    /// B 0.5 sqrt(ln 3) = 0.5241. Three more through A with 4 leave it (4 - 3.2) / 3 = 0.2667, which
    /// promises 0.2667 + 0.5 sqrt(ln 6 / 5) = 0.5660, less than B's 0.5 sqrt(ln 6) = 0.6693.
    #[test]
    fn a_tree_goes_where_it_was_good_and_then_where_it_seldom_was() {
        let mut tree = tree();
        tree.nodes.resize(3, Node::default());
        tree.nodes[ROOT].children = vec![1, 2];
        for (child, objective) in [(1, 1.0), (1, 3.0), (2, 4.0)] {
            judge(&mut tree, child, objective);
        }
        assert!((ucb1(tree.reward(1), 2, 3) - 1.037_243).abs() < 1e-6);
        assert!((ucb1(tree.reward(2), 1, 3) - 0.524_074).abs() < 1e-6);
        assert_eq!(tree.most_promising(ROOT), Some(1));
        for _ in 0..3 {
            judge(&mut tree, 1, 4.0);
        }
        assert!((ucb1(tree.reward(1), 5, 6) - 0.565_980).abs() < 1e-6);
        assert!((ucb1(tree.reward(2), 1, 6) - 0.669_283).abs() < 1e-6);
        assert_eq!(tree.most_promising(ROOT), Some(2));
    }

    /// Worked by hand: a node has the root of its visits of children, rounded up. Ten sequences of two
    /// edits make one at the first, second, fifth and tenth. Last edits are drawn anew each time.
    #[test]
    fn a_tree_grows_with_the_root_of_its_visits() -> Result<()> {
        let (mut tree, mut sampler) = (tree(), sampler()?);
        let mut grown = Vec::new();
        for _ in 0..10 {
            while tree.draw(&mut sampler, 1, 2).sequences.is_empty() {
                tree.nodes[ROOT].visits -= 1;
            }
            tree.learn([1.0].into_iter());
            grown.push(tree.nodes.len() - 1);
        }
        assert_eq!(grown, [1, 2, 2, 2, 3, 3, 3, 3, 3, 4]);
        Ok(())
    }

    #[test]
    fn a_tree_search_comes_closer_than_chance_and_is_the_same_each_time() -> Result<()> {
        let sampler = sampler()?;
        let config = |planner, n_iterations, seed| PlanningConfig {
            planner,
            horizon: 4,
            n_iterations,
            n_samples: 3_200 / n_iterations,
            n_elite: 1,
            patience: 1_000,
            stopping_eps: 0.0,
            seed: Some(seed),
            ..Default::default()
        };
        let off = |edits: &[RelEdit]| {
            let off = |edit: &RelEdit| edit.rel_pos().get().abs_diff(100) as f64;
            Ok(edits.iter().map(off).sum::<f64>().into())
        };
        let mut distances = [0.0; 2];
        for seed in 0..4 {
            let guided = config(PlannerKind::TreeSearch, 100, seed);
            let found = plan(off, &sampler, &guided, None)?;
            assert_eq!(plan(off, &sampler, &guided, None)?, found);
            assert_eq!(found.n_evaluations + found.dropped, 3_200);
            distances[0] += found.best_distance;
            // One round of the sampler is chance.
            let by_chance = config(PlannerKind::CrossEntropy, 1, seed);
            distances[1] += plan(off, &sampler, &by_chance, None)?.best_distance;
        }
        assert!(distances[0] < 0.8 * distances[1], "{distances:?}");
        Ok(())
    }
}
