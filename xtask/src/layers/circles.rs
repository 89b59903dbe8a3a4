//! Circles of files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

/// Which files a file uses.
type Graph<P> = BTreeMap<P, BTreeSet<P>>;

/// Names the shortest circle through each file that is in one, and in none that was named already.
pub(super) fn check<P: AsRef<Path> + Ord>(graph: &Graph<P>, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for start in graph.keys() {
        if seen.contains(start) {
            continue;
        }
        let circle = circle(graph, start);
        seen.extend(circle.iter().copied());
        let names: Vec<_> = circle
            .iter()
            .map(|file| file.as_ref().display().to_string())
            .collect();
        if let Some(first) = names.first() {
            faults.push(format!(
                "{first}: files use each other: {}\n  \
                 help: move what they share into a file of its own",
                names.join(" → ")
            ));
        }
    }
}

/// The shortest way from a file back to itself, which stands at both ends; empty where none leads
/// back.
fn circle<'a, P: Ord>(graph: &'a Graph<P>, start: &'a P) -> Vec<&'a P> {
    let mut came_from: BTreeMap<&P, &P> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in graph.get(file).into_iter().flatten() {
            if came_from.contains_key(next) {
                continue;
            }
            came_from.insert(next, file);
            queue.push_back(next);
            if next == start {
                let mut way = vec![start];
                let before = |at: &&P| came_from.get(*at).copied().filter(|&file| file != start);
                way.extend(std::iter::successors(before(&start), before));
                way.push(start);
                way.reverse();
                return way;
            }
        }
    }
    Vec::new()
}
