//! Blocks, repeats and interruptions, with an encoder that counts bases.

use super::super::paths;
use super::super::repair::{reindex_cache, repair_cache};
use super::*;
use genolewm_core::position::BpOffset;
use std::path::Path;

/// Encodes a window as its length and its number of As, and stops after so many batches.
struct Counting {
    batches_left: usize,
    encoded: Vec<String>,
}

impl Counting {
    fn new(batches_left: usize) -> Self {
        Self {
            batches_left,
            encoded: Vec::new(),
        }
    }
}

impl BuildHost for Counting {
    fn encode(&mut self, windows: &[&CacheWindow]) -> Result<Vec<Vec<f32>>> {
        self.batches_left -= 1;
        self.encoded
            .extend(windows.iter().map(|window| window.bases.clone()));
        Ok(windows.iter().map(|window| state(&window.bases)).collect())
    }

    fn goes_on(&mut self, _: &CacheBuildReport) -> bool {
        self.batches_left > 0
    }
}

fn state(window: &str) -> Vec<f32> {
    let count = window.bytes().filter(|&base| base == b'A').count();
    vec![window.len() as f32, count as f32]
}

const ALL: usize = 1_000;

fn build() -> CacheBuild {
    CacheBuild {
        encoder_id: "lab/counting".to_owned(),
        encoder_hash: [7; 32],
        state_layer: -1,
        pool_type: CachedPool::GlobalMean,
        pool_radius: 0,
        contract: StateContract::LegacyRawV1,
        dtype: CachedDtype::Fp32,
        stride_bp: 10,
        created_at: 0,
        shard_windows: 4,
        batch_windows: 3,
    }
}

/// A window whose bases tell its number.
fn window(contig: &str, number: u64) -> CacheWindow {
    let bases = (0..8).map(|bit| if number >> bit & 1 == 1 { 'C' } else { 'A' });
    CacheWindow {
        contig: contig.to_owned(),
        start_bp: number * 10,
        bases: bases.collect(),
        locus: Some(BpOffset(4)),
        untargeted: true,
        placed: contig != "mrna",
    }
}

fn run(root: &Path, windows: &[CacheWindow], batches: usize) -> (CacheBuildReport, Vec<String>) {
    let mut host = Counting::new(batches);
    let given = windows.iter().cloned().map(Ok);
    let mut cache = WindowCache::new(root);
    let report = build_cache(&mut cache, &build(), given, &mut host).unwrap();
    (report, host.encoded)
}

#[track_caller]
fn assert_cached(root: &Path, windows: &[CacheWindow]) {
    let mut cache = WindowCache::new(root);
    for window in windows {
        let key = WindowCacheKey {
            window_hash: Sha256::digest(&window.bases).into(),
            encoder_hash: [7; 32],
            state_layer: -1,
            pool_type: CachedPool::GlobalMean,
            pool_radius: 0,
            center_token: None,
            dtype: CachedDtype::Fp32,
        };
        let found = cache
            .get(&key)
            .unwrap()
            .map(|found| found.values().to_vec());
        assert_eq!(found, Some(state(&window.bases)), "{window:?}");
    }
    let repaired = repair_cache(root).unwrap();
    assert_eq!(repaired.quarantined, []);
}

fn shards(root: &Path) -> Vec<String> {
    let listed = paths::list(root).unwrap().shards;
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    listed.iter().map(name).collect()
}

#[test]
fn windows_go_to_the_block_of_their_place_and_each_is_encoded_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut windows: Vec<_> = (0..10).map(|n| window("1", n)).collect();
    windows.extend((20..26).map(|n| window("mrna", n)));
    // Equal to one of contig 1, at another place.
    windows.push(CacheWindow {
        start_bp: 5_000,
        ..window("2", 3)
    });
    let (report, encoded) = run(dir.path(), &windows, ALL);
    let want = CacheBuildReport {
        encoded_windows: 16,
        repeated_windows: 1,
        written_shards: 5,
        ..CacheBuildReport::default()
    };
    assert_eq!((report, encoded.len()), (want, 16));
    let names = ["chr1_0", "chr1_1", "chr1_2", "chrmrna_0", "chrmrna_1"];
    assert_eq!(
        shards(dir.path()),
        names.map(|name| format!("{name}.parquet"))
    );
    assert_cached(dir.path(), &windows);
    let (again, encoded) = run(dir.path(), &windows, ALL);
    let want = CacheBuildReport {
        cached_windows: 17,
        ..CacheBuildReport::default()
    };
    assert_eq!((again, encoded), (want, Vec::new()));
}

#[test]
fn a_block_whose_place_is_taken_goes_to_a_spare_one() {
    let dir = tempfile::tempdir().unwrap();
    let first: Vec<_> = (0..4).map(|n| window("1", n)).collect();
    run(dir.path(), &first, ALL);
    // Other windows of the same place, as another stride would cut them.
    let other: Vec<_> = (40..43)
        .map(|n| CacheWindow {
            start_bp: 3,
            ..window("1", n)
        })
        .collect();
    let both = [first, other].concat();
    let (report, _) = run(dir.path(), &both, ALL);
    assert_eq!((report.cached_windows, report.encoded_windows), (4, 3));
    assert_eq!(
        shards(dir.path()),
        ["chr1_0.parquet", "chr1_1000000.parquet"]
    );
    assert_cached(dir.path(), &both);
}

#[test]
fn a_build_that_is_stopped_keeps_what_it_encoded_and_goes_on() {
    let windows: Vec<_> = (0..30).map(|n| window("1", n)).collect();
    for batches in 1..20 {
        let dir = tempfile::tempdir().unwrap();
        let (stopped, encoded) = run(dir.path(), &windows, batches);
        assert_eq!(stopped.interrupted, batches < 16, "{batches}");
        assert_cached(dir.path(), &windows[..encoded.len()]);
        let (rest, more) = run(dir.path(), &windows, ALL);
        assert_eq!(encoded.len() + more.len(), 30, "{batches}");
        assert_eq!(rest.cached_windows, encoded.len() as u64);
        assert_cached(dir.path(), &windows);
    }
}

#[test]
fn a_shard_that_no_index_knows_is_not_encoded_again() {
    let dir = tempfile::tempdir().unwrap();
    let windows: Vec<_> = (0..8).map(|n| window("1", n)).collect();
    run(dir.path(), &windows, ALL);
    std::fs::remove_file(paths::index(dir.path())).unwrap();
    let (report, encoded) = run(dir.path(), &windows, ALL);
    assert_eq!((report.cached_windows, encoded.len()), (8, 0));
    assert_eq!(reindex_cache(dir.path()).unwrap().indexed_rows, 8);
}

#[test]
fn states_that_are_not_finite_are_refused() {
    struct Broken;
    impl BuildHost for Broken {
        fn encode(&mut self, windows: &[&CacheWindow]) -> Result<Vec<Vec<f32>>> {
            Ok(vec![vec![f32::NAN]; windows.len()])
        }
        fn goes_on(&mut self, _: &CacheBuildReport) -> bool {
            true
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut cache = WindowCache::new(dir.path());
    let built = build_cache(&mut cache, &build(), [Ok(window("1", 1))], &mut Broken);
    assert!(built.is_err());
    assert_eq!(shards(dir.path()), Vec::<String>::new());
}

/// One window asked for at loci of two rows, twice at one of them, and as a whole.
#[test]
fn requests_of_one_window_at_two_loci_were_one() {
    let dir = tempfile::tempdir().unwrap();
    let at = |locus: Option<u64>| CacheWindow {
        locus: locus.map(BpOffset),
        untargeted: locus.is_none(),
        ..window("1", 5)
    };
    let build = CacheBuild {
        pool_type: CachedPool::CenteredMean,
        pool_radius: 2,
        created_at: 17,
        ..build()
    };
    let asked = [Some(1), Some(5), Some(7), None].map(|locus| Ok(at(locus)));
    let (mut cache, mut host) = (WindowCache::new(dir.path()), Counting::new(ALL));
    let report = build_cache(&mut cache, &build, asked, &mut host).unwrap();
    assert_eq!((report.encoded_windows, report.repeated_windows), (3, 1));
    assert_eq!(report.written_shards, 2);
    let key = |pool_type, pool_radius, center_token| WindowCacheKey {
        window_hash: Sha256::digest(&window("1", 5).bases).into(),
        encoder_hash: [7; 32],
        state_layer: -1,
        pool_type,
        pool_radius,
        center_token,
        dtype: CachedDtype::Fp32,
    };
    for key in [
        key(CachedPool::CenteredMean, 2, Some(1)),
        key(CachedPool::CenteredMean, 2, Some(2)),
        key(CachedPool::GlobalMean, 0, None),
    ] {
        assert_eq!(cache.contains(&key), Ok(true), "{key:?}");
    }
    assert_eq!(repair_cache(dir.path()).unwrap().quarantined, []);
}
