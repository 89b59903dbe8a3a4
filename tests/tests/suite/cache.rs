//! The window cache: damaged, killed, written twice, and in the hands of the Python package.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_core::ErrorCode;
use genolewm_data::cache::{
    CachedDtype, CachedPool, Embedding, ShardPlace, WindowCache, WindowCacheKey, WindowCacheRecord,
    reindex_cache, repair_cache,
};
use genolewm_tests::{Dir, dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Names the cache that [`writer`] fills, and by the other one with how many shards.
const TARGET: &str = "GENOLEWM_TEST_CACHE";
const SHARDS: &str = "GENOLEWM_TEST_CACHE_SHARDS";

const SHARD: &str = "cache/embeddings/v3/lab__encoder/\
    eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee/fp32_as_fp32/-1/global_mean_0/\
    chr1_0.parquet";
const INDEX: &str = "cache/embeddings/index.sqlite";

/// The rows of `tests/oracle/cache.py`.
fn record(number: u8) -> WindowCacheRecord {
    let start_bp = i64::from(number) * 96;
    WindowCacheRecord {
        chrom: "1".to_owned(),
        start_bp,
        end_bp: start_bp + 192,
        key: WindowCacheKey {
            window_hash: [number; 32],
            encoder_hash: [0xee; 32],
            state_layer: -1,
            pool_type: CachedPool::GlobalMean,
            pool_radius: 0,
            center_token: None,
            dtype: CachedDtype::Fp32,
        },
        embedding: Embedding::new(vec![f32::from(number), 0.1, -2.5]).expect("a state"),
        untargeted: number.is_multiple_of(2),
        created_at: 1_700_000_000_000_000_000 + i64::from(number),
    }
}

fn write(root: &Path, stride_block: u64, records: &[WindowCacheRecord]) -> PathBuf {
    try_write(root, stride_block, records).expect("a shard")
}

fn try_write(
    root: &Path,
    stride_block: u64,
    records: &[WindowCacheRecord],
) -> genolewm_core::Result<PathBuf> {
    let place = ShardPlace {
        encoder_id: "lab/encoder",
        contig: "1",
        stride_block,
    };
    WindowCache::new(root).write_shard(&place, records)
}

/// The cache of `cache.py make`.
fn fill(root: &Path) {
    write(root, 0, &[record(1), record(2), record(3)]);
    write(root, 1, &[record(4), record(5)]);
}

fn filled() -> Dir {
    let dir = dir!();
    fill(&dir.path("cache"));
    dir
}

/// Checks that these windows are cached as they should be, and no others of the first 9.
#[track_caller]
fn assert_cached(root: &Path, numbers: &[u8]) {
    let mut cache = WindowCache::new(root);
    for number in 1..=9 {
        let record = record(number);
        let want = numbers.contains(&number).then_some(record.embedding);
        assert_eq!(cache.get(&record.key), Ok(want), "window {number}");
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cache")).join(name)
}

/// Files below a folder by path, sorted; bytes, not permissions.
fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(root).expect("a path below the root");
                found.push((below.to_owned(), fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

fn shards(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = files(root);
    found.retain(|(path, _)| path.extension().is_some_and(|ending| ending == "parquet"));
    found
}

fn copy(from: &Path, to: &Path) {
    for (below, bytes) in files(from) {
        let path = to.join(below);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
}

#[test]
fn a_corrupt_shard_is_set_aside_and_the_rest_is_read() {
    let dir = filled();
    let bytes = dir.bytes(SHARD);
    dir.create(SHARD, &bytes[..bytes.len() / 2]);
    let index = dir.bytes(INDEX);
    let refused = dir
        .run("cache-windows --cache-dir cache --reindex")
        .fails("RESOURCE.CACHE_CORRUPT", 4);
    assert!(refused.stderr().contains("--repair"), "{refused}");
    assert_eq!(dir.bytes(INDEX), index);
    let repaired = dir.run("cache-windows --cache-dir cache --repair").ok();
    let want = "repaired checked_shards=2 quarantined=1 indexed_rows=2\n";
    assert_eq!(repaired.stdout(), want);
    let aside = SHARD.replace("embeddings/", "embeddings/.quarantine/");
    assert!(repaired.stderr().contains(&aside), "{repaired}");
    assert_eq!(dir.bytes(&aside), &bytes[..bytes.len() / 2]);
    assert_cached(&dir.path("cache"), &[4, 5]);
}

#[test]
fn an_index_is_built_again() {
    let dir = filled();
    for lost in [false, true] {
        if lost {
            fs::remove_file(dir.path(INDEX)).expect("an index");
        }
        let out = dir
            .run("cache-windows --cache-dir cache --reindex")
            .stdout();
        let want = format!("reindexed indexed_shards=2 indexed_rows=5 index_path={INDEX}\n");
        assert_eq!(out, want);
        assert_cached(&dir.path("cache"), &[1, 2, 3, 4, 5]);
    }
}

#[test]
fn the_cache_is_named_by_flag_or_environment_and_the_task_by_one_flag() {
    let dir = filled();
    let repair = |name: &str| {
        let mut command = dir.run("cache-windows --repair").into_command();
        command.env("GENO_LEWM_CACHE", name);
        command.output().expect("a run of the program")
    };
    assert!(repair("cache").status.success());
    assert_eq!(repair("misspelt").status.code(), Some(4));
    assert!(!dir.path("misspelt").exists());
    for flags in ["", "--reindex --repair"] {
        let run = format!("cache-windows --cache-dir cache {flags}");
        let _ = dir.run(&run).finish().expect_status(2);
    }
}

#[test]
fn an_unindexed_shard_is_adopted() {
    let dir = filled();
    let root = dir.path("cache");
    fs::remove_file(dir.path(INDEX)).expect("an index");
    assert_cached(&root, &[]);
    write(&root, 2, &[record(6)]);
    assert_cached(&root, &[1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_shard_is_never_changed() {
    let dir = filled();
    let root = dir.path("cache");
    let before = shards(&root);
    write(&root, 0, &[record(1), record(2), record(3)]);
    let other = try_write(&root, 0, &[record(1), record(7)]);
    let code = other.map_err(|error| error.code());
    assert_eq!(code, Err(ErrorCode::ResourceCacheCorrupt));
    assert_eq!(shards(&root), before);
    assert_cached(&root, &[1, 2, 3, 4, 5]);
}

/// Not a test: the process that others kill, and what writes `fixtures/cache/genolewm`.
#[test]
#[ignore = "a helper that other tests start"]
fn writer() {
    let Some(root) = std::env::var_os(TARGET).map(PathBuf::from) else {
        return;
    };
    match std::env::var(SHARDS).map(|count| count.parse()) {
        Ok(Ok(count)) => write_many(&root, count),
        _ => fill(&root),
    }
}

/// Writes shards of one row each.
fn write_many(root: &Path, count: u8) {
    for number in 1..=count {
        write(root, number.into(), &[record(number)]);
    }
}

const MANY: u8 = 40;

fn start_writer(root: &Path) -> Child {
    let program = std::env::current_exe().expect("this program");
    Command::new(program)
        .args(["--exact", "cache::writer", "--ignored"])
        .env(TARGET, root)
        .env(SHARDS, MANY.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("a writer")
}

#[test]
fn a_killed_writer_leaves_nothing_half_made() {
    let (dir, clean) = (dir!(), dir!());
    let root = dir.path("cache");
    // There before the first writer, who may be killed before it makes anything.
    fs::create_dir(&root).expect("a folder");
    write_many(&clean.path("cache"), MANY);
    let mut killed = 0;
    for round in 0..20 {
        let mut writer = start_writer(&root);
        std::thread::sleep(Duration::from_millis(5 + 7 * round));
        writer.kill().expect("a kill");
        let status = writer.wait().expect("an end");
        killed += u32::from(!status.success());
        // What is under its name is complete.
        for shard in shards(&root) {
            assert!(
                shards(&clean.path("cache")).contains(&shard),
                "{:?}",
                shard.0
            );
        }
        // In every other round the next writer finds what the killed one left.
        if round % 2 == 1 {
            let report = repair_cache(&root).expect("a repaired cache");
            assert_eq!(report.quarantined, []);
            let left = files(&root);
            let partial = |path: &Path| path.to_string_lossy().contains(".partial-");
            assert!(!left.iter().any(|(path, _)| partial(path)), "{left:?}");
        }
    }
    assert!(killed > 0, "no writer was killed in time");
    assert!(start_writer(&root).wait().expect("an end").success());
    assert_eq!(shards(&root), shards(&clean.path("cache")));
    assert_cached(&root, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let rows = reindex_cache(&root).expect("an index").indexed_rows;
    assert_eq!(rows, usize::from(MANY));
}

#[test]
fn two_writers_of_the_same_rows_agree() {
    let dir = dir!();
    let root = dir.path("cache");
    let writers = [start_writer(&root), start_writer(&root)];
    for mut writer in writers {
        assert!(writer.wait().expect("an end").success());
    }
    assert_eq!(shards(&root).len(), usize::from(MANY));
    let report = repair_cache(&root).expect("a repaired cache");
    assert_eq!(report.quarantined, []);
    assert_eq!(report.reindex.indexed_rows, usize::from(MANY));
}

/// A cache of version 0.2.1 of the Python package, and of this program before contracts.
#[test]
fn states_of_another_locus_were_read_from_a_cache_of_1_0_0() {
    for name in ["python", "genolewm_1_0_0"] {
        let dir = dir!();
        let root = dir.path("cache");
        copy(&fixture(name), &root);
        let refused = dir
            .run("cache-windows --cache-dir cache --reindex")
            .fails("RESOURCE.CACHE_CORRUPT", 4);
        let told = refused.stderr();
        assert!(told.contains("1.0.0") && told.contains("--build"), "{told}");
        if dir.path(INDEX).exists() {
            let code = WindowCache::new(&root).get(&record(1).key);
            let error = code.expect_err("an index of before");
            assert_eq!(error.code(), ErrorCode::ResourceCacheCorrupt);
            assert!(
                error
                    .remedy()
                    .is_some_and(|remedy| remedy.contains("--build"))
            );
        }
        let out = dir.run("cache-windows --cache-dir cache --repair").stdout();
        let want = "repaired checked_shards=2 quarantined=2 indexed_rows=0\n";
        assert_eq!(out, want);
        fill(&root);
        assert_cached(&root, &[1, 2, 3, 4, 5]);
    }
}

/// `fixtures/cache/2_0_0` is a cache by pyarrow in the layout between: states of f16.
#[test]
fn shards_of_2_0_0_are_indexed_and_read_where_they_are_asked_for() {
    let dir = dir!();
    let root = dir.path("cache");
    copy(&fixture("2_0_0"), &root);
    let out = dir
        .run("cache-windows --cache-dir cache --reindex")
        .stdout();
    let want = format!("reindexed indexed_shards=1 indexed_rows=3 index_path={INDEX}\n");
    assert_eq!(out, want);
    assert_cached(&root, &[]);
    let old = WindowCache::new(&root).reading_v2().get(&record(2).key);
    let old = old.expect("a sound cache").expect("a state");
    assert_eq!(old.values(), [2.0, 0.099_975_586, -2.5]);
    let mut centred = record(3).key;
    centred.pool_type = CachedPool::CenteredMean;
    (centred.pool_radius, centred.center_token) = (8, Some(17));
    let old = WindowCache::new(&root).reading_v2().get(&centred);
    assert!(old.expect("a sound cache").is_some());
    // Exact states lie beside them, and are preferred.
    fill(&root);
    assert_cached(&root, &[1, 2, 3, 4, 5]);
    let new = WindowCache::new(&root).reading_v2().get(&record(2).key);
    assert_eq!(new, Ok(Some(record(2).embedding)));
}

/// `fixtures/cache/pyarrow` has the same rows as ours, by pyarrow with the Arrow schema of the
/// Python package's next version.
#[test]
fn shards_of_3_0_0_by_another_writer_are_read() {
    let dir = dir!();
    let root = dir.path("cache");
    copy(&fixture("pyarrow"), &root);
    let report = reindex_cache(&root).expect("an index");
    assert_eq!((report.indexed_shards, report.indexed_rows), (2, 5));
    assert_cached(&root, &[1, 2, 3, 4, 5]);
    // Its rows are ours, whatever its encoder made of them.
    fill(&root);
    write(&root, 2, &[record(6)]);
    assert_cached(&root, &[1, 2, 3, 4, 5, 6]);
}

/// `tests/oracle/cache.sh` lets pyarrow judge these shards, and so what is written today.
#[test]
fn shards_are_those_that_pyarrow_judges() {
    let dir = filled();
    let (ours, judged) = (shards(&dir.path("cache")), shards(&fixture("genolewm")));
    assert_eq!(judged.len(), 2);
    assert!(
        ours == judged,
        "write the fixture again, as its README says, if this was meant"
    );
}
