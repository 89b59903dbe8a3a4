//! The order of versions.

use std::cmp::Ordering;

/// Compares two versions: their numbers, of which missing ones are 0, then a pre-release (`-rc1`) before
/// its release. A `v` in front means nothing; what follows a `+` neither.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (Version::of(one), Version::of(other));
    let length = one.numbers.len().max(other.numbers.len());
    let number = |version: &Version<'_>, at: usize| version.numbers.get(at).copied().unwrap_or(0);
    let numbers = |version: &Version<'_>| {
        (0..length)
            .map(|at| number(version, at))
            .collect::<Vec<u64>>()
    };
    let ranks = numbers(&one).cmp(&numbers(&other));
    ranks.then_with(|| match (one.early, other.early) {
        ("", "") => Ordering::Equal,
        ("", _) => Ordering::Greater,
        (_, "") => Ordering::Less,
        (one, other) => compare_early(one, other),
    })
}

struct Version<'a> {
    numbers: Vec<u64>,
    early: &'a str,
}

impl<'a> Version<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim().trim_start_matches('v');
        let text = text.split('+').next().unwrap_or_default();
        let (numbers, early) = text.split_once('-').unwrap_or((text, ""));
        Self {
            numbers: numbers
                .split('.')
                .map(|part| part.parse().unwrap_or(0))
                .collect(),
            early,
        }
    }
}

/// Dotted parts: numbers by value and before words, words by their letters.
fn compare_early(one: &str, other: &str) -> Ordering {
    let key = |part: &str| {
        (
            part.parse::<u64>().is_err(),
            part.parse::<u64>().unwrap_or(0),
            part.to_owned(),
        )
    };
    let keys = |text: &str| text.split('.').map(key).collect::<Vec<_>>();
    keys(one).cmp(&keys(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let ascending = [
            "",
            "0.2",
            "0.9",
            "0.10",
            "1.0-alpha.2",
            "1.0-alpha.10",
            "1.0-rc1",
            "v1.0.0",
            "1.0.1",
        ];
        for (at, one) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&other_at), "{one} {other}");
            }
        }
        assert_eq!(compare("1.0", "v1.0.0+build"), Ordering::Equal);
    }
}
