//! An LRU cache: a few values by number, of which the one longest unused makes room.

use std::collections::BTreeMap;

/// At most `capacity` values, by number.
#[derive(Debug)]
pub(super) struct Lru<T> {
    capacity: usize,
    entries: BTreeMap<u64, Kept<T>>,
    clock: u64,
}

#[derive(Debug)]
struct Kept<T> {
    last_used: u64,
    value: T,
}

impl<T> Lru<T> {
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: BTreeMap::new(),
            clock: 0,
        }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether a value is there. Does not count as a use.
    pub(super) fn contains(&self, key: u64) -> bool {
        self.entries.contains_key(&key)
    }

    /// The numbers of what is there, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = u64> {
        self.entries.keys().copied()
    }

    pub(super) fn get(&mut self, key: u64) -> Option<&T> {
        self.clock += 1;
        let entry = self.entries.get_mut(&key)?;
        entry.last_used = self.clock;
        Some(&entry.value)
    }

    /// Keeps a value, in place of any of the same number.
    pub(super) fn insert(&mut self, key: u64, value: T) {
        if self.entries.len() >= self.capacity && !self.contains(key) {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.entries.remove(&oldest);
            }
        }
        self.clock += 1;
        let last_used = self.clock;
        self.entries.insert(key, Kept { last_used, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_longest_unused_makes_room() {
        let mut lru = Lru::new(2);
        lru.insert(1, 'a');
        lru.insert(2, 'b');
        assert_eq!(lru.get(1), Some(&'a'));
        lru.insert(3, 'c');
        assert_eq!(lru.keys().collect::<Vec<_>>(), [1, 3]);
        lru.insert(3, 'd');
        assert_eq!(lru.get(3), Some(&'d'));
        assert!(lru.contains(1) && !lru.contains(2));
    }
}
