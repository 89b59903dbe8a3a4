//! What is committed for the fuzz targets: every seed is answered, whole and damaged.

#![allow(clippy::expect_used, clippy::panic)]

use genolewm_fuzz::Target;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Targets whose seeds name other files, which are not there.
const INCOMPLETE: [&str; 1] = ["package"];

/// A seed and its target.
struct Seed {
    target: Target,
    path: PathBuf,
    bytes: Vec<u8>,
}

static SEEDS: LazyLock<Vec<Seed>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let seeds = |target: Target| {
        let mut paths = files(&folder.join(target.name));
        paths.sort();
        paths.into_iter().map(move |path| {
            let bytes = std::fs::read(&path).expect("a readable seed");
            Seed {
                target,
                path,
                bytes,
            }
        })
    };
    Target::all().flat_map(seeds).collect()
});

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

#[test]
fn every_target_has_a_seed_that_it_reads() {
    for target in Target::all() {
        let mut seeds = SEEDS.iter().filter(|seed| seed.target.name == target.name);
        let is_read = seeds.any(|seed| target.run(&seed.bytes).is_ok());
        let name = target.name;
        assert!(
            is_read || INCOMPLETE.contains(&name),
            "{name} reads none of its seeds"
        );
    }
}

#[test]
fn every_folder_of_seeds_and_every_dictionary_has_a_target() {
    for kind in ["seeds", "dictionaries"] {
        for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)) {
            let name = path.file_stem().and_then(|name| name.to_str());
            let target = name.and_then(Target::named);
            assert!(target.is_some(), "{} is no target's", path.display());
        }
    }
}

#[test]
fn every_seed_is_answered() {
    for seed in SEEDS.iter() {
        let answered = std::panic::catch_unwind(|| drop(seed.target.run(&seed.bytes)));
        assert!(answered.is_ok(), "{}", seed.path.display());
    }
}

/// Bytes that mean something to one of the formats.
const MARKS: &[u8] = b"\t\n\r,;:=+-.\"{}[]<>#0123456789NACGT\0\xff";

#[derive(Debug, Clone)]
enum Damage {
    Change(u8),
    Insert(u8),
    Cut(usize),
    End,
}

/// A damage, and where: a place of the file, modulo its length.
fn damage() -> impl Strategy<Value = (usize, Damage)> {
    let byte = || prop_oneof![proptest::sample::select(MARKS), any::<u8>()];
    let damage = prop_oneof![
        byte().prop_map(Damage::Change),
        byte().prop_map(Damage::Insert),
        (1..12usize).prop_map(Damage::Cut),
        Just(Damage::End),
    ];
    (any::<usize>(), damage)
}

fn apply(bytes: &mut Vec<u8>, (at, damage): &(usize, Damage)) {
    let at = at % (bytes.len() + 1);
    match *damage {
        Damage::Change(byte) => {
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        Damage::Insert(byte) => bytes.insert(at, byte),
        Damage::Cut(count) => {
            let end = (at + count).min(bytes.len());
            bytes.drain(at..end);
        }
        Damage::End => bytes.truncate(at),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn damaged_seeds_are_answered(
        seed in 0..SEEDS.len(),
        damages in proptest::collection::vec(damage(), 1..6),
    ) {
        let seed = &SEEDS[seed];
        let mut bytes = seed.bytes.clone();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        drop(seed.target.run(&bytes));
    }
}
