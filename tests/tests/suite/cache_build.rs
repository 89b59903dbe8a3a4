//! `cache-windows --build`: what it caches, killed, continued, and with hold-outs.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm::files::Directory;
use genolewm_core::state_contract::StateContract;
use genolewm_core::window::window_sha256;
use genolewm_data::cache::{
    CacheWindow, CachedDtype, CachedPool, Embedding, WindowCache, WindowCacheKey, cache_windows,
    cached_encoder_hash, repair_cache,
};
use genolewm_data::corpus::grid::WindowGrid;
use genolewm_data::corpus::read_corpus_table;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_tests::genome::write_reference;
use genolewm_tests::{Dir, dir, golden};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const GRID: [usize; 3] = [192, 12, 48];

/// The golden encoder, a genome of two contigs and its table.
fn laid_out() -> Dir {
    let dir = dir!();
    golden::lay_out(&dir);
    write_reference(&dir);
    dir.create("corpus.tsv", "ref.fa\t1\trecord\n");
    dir.create("holdout.bed", "chr1\t1000\t2000\n");
    dir
}

fn command(cache: &str, flags: &str) -> String {
    let [window_bp, margin, stride] = GRID;
    format!(
        "--no-banner cache-windows --build --cache-dir {cache} --encoder-dir golden/encoder \
         --corpus corpus.tsv --window-bp {window_bp} --margin {margin} --stride {stride} \
         --shard-windows 8 {flags}"
    )
}

fn windows(dir: &Dir, holdout: Option<&str>) -> Vec<CacheWindow> {
    let [window_bp, margin_bp, stride_bp] = GRID;
    let grid = WindowGrid::new(window_bp, margin_bp, stride_bp).expect("a grid");
    let sources = read_corpus_table(&dir.path("corpus.tsv")).expect("a table");
    let holdout = holdout.map(|name| HoldoutPolicy::read(&dir.path(name)).expect("hold-outs"));
    let holdout = holdout.unwrap_or_default();
    let windows = cache_windows(&sources, &holdout, grid);
    windows.map(|window| window.expect("a window")).collect()
}

fn key(dir: &Dir, window: &CacheWindow) -> WindowCacheKey {
    WindowCacheKey {
        window_hash: window_sha256(&window.bases).expect("bases"),
        encoder_hash: cached_encoder_hash(
            &Directory(dir.path("golden/encoder")),
            StateContract::default(),
        )
        .expect("an encoder"),
        state_layer: -1,
        pool_type: CachedPool::GlobalMean,
        pool_radius: 0,
        center_token: None,
        dtype: CachedDtype::Fp32,
    }
}

fn states(dir: &Dir, cache: &str, windows: &[CacheWindow]) -> Vec<Embedding> {
    let mut cache = WindowCache::new(dir.path(cache));
    let get = |window: &CacheWindow| {
        let found = cache.get(&key(dir, window)).expect("a sound cache");
        found.unwrap_or_else(|| panic!("{}:{} is not cached", window.contig, window.start_bp))
    };
    windows.iter().map(get).collect()
}

/// Shards below a folder, sorted.
fn shards(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                found.push(path.strip_prefix(root).expect("below").to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_window_is_cached_once_for_any_number_of_workers() {
    let dir = laid_out();
    let windows = windows(&dir, None);
    assert_eq!(windows.len(), 242);
    let said = dir.run(&command("one", "--workers 1")).stdout();
    let want = "built encoded_windows=242 cached_windows=0 repeated_windows=0 written_shards=32 \
                cache_dir=one\n";
    assert_eq!(said, want);
    dir.run(&command("three", "--workers 3")).ok();
    let one = states(&dir, "one", &windows);
    assert_eq!(one, states(&dir, "three", &windows));
    assert_eq!(shards(&dir.path("one")), shards(&dir.path("three")));
    // As they were pooled: whoever reads one normalises it.
    for state in &one {
        let norm: f32 = state.values().iter().map(|value| value * value).sum();
        assert!((norm - 1.0).abs() > 1e-2, "{norm}");
    }
    let again = dir.run(&command("one", "")).stdout();
    let want = "built encoded_windows=0 cached_windows=242 repeated_windows=0 written_shards=0 \
                cache_dir=one\n";
    assert_eq!(again, want);
    // Another pool has keys of its own.
    let centred = dir.run(&command("one", "--pool centered_mean --pool-radius 2"));
    assert!(centred.stdout().starts_with("built encoded_windows=242 "));
}

#[test]
fn what_is_held_out_is_not_cached() {
    let dir = laid_out();
    dir.run(&command("cache", "--holdout holdout.bed")).ok();
    let left = windows(&dir, Some("holdout.bed"));
    let touches = |window: &CacheWindow| {
        window.contig == "1" && window.start_bp < 2_000 && window.start_bp + 192 > 1_000
    };
    assert!(!left.iter().any(touches));
    states(&dir, "cache", &left);
    let mut cache = WindowCache::new(dir.path("cache"));
    let all = windows(&dir, None);
    let held: Vec<_> = all.iter().filter(|window| touches(window)).collect();
    assert_eq!(held.len() + left.len(), all.len());
    for window in held {
        assert_eq!(cache.contains(&key(&dir, window)), Ok(false));
    }
}

#[test]
fn a_killed_build_goes_on_and_ends_like_a_clean_one() {
    let dir = laid_out();
    let windows = windows(&dir, None);
    let started = Instant::now();
    dir.run(&command("clean", "--workers 2")).ok();
    let whole = started.elapsed();
    let (mut killed, mut progress) = (0, Vec::new());
    for round in 0..12_u32 {
        let mut build = dir.run(&command("cache", "--workers 2")).into_command();
        let quiet = build.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.spawn().expect("a build");
        // Different points of the run; each one starts from what the last one left.
        std::thread::sleep(whole / 16 * (1 + round % 6) + Duration::from_millis(round.into()));
        child.kill().expect("a kill");
        killed += u32::from(!child.wait().expect("an end").success());
        let cache = dir.path("cache");
        progress.push(if cache.exists() {
            shards(&cache).len()
        } else {
            0
        });
        if round % 3 == 2 && cache.exists() {
            assert_eq!(repair_cache(&cache).expect("a sound cache").quarantined, []);
        }
    }
    assert!(killed > 0, "no build was killed in time: {progress:?}");
    assert!(progress.is_sorted(), "{progress:?}");
    dir.run(&command("cache", "--workers 2")).ok();
    assert_eq!(shards(&dir.path("cache")), shards(&dir.path("clean")));
    assert_eq!(
        states(&dir, "cache", &windows),
        states(&dir, "clean", &windows)
    );
    let said = dir
        .run("--no-banner cache-windows --repair --cache-dir cache")
        .stdout();
    assert_eq!(
        said,
        "repaired checked_shards=32 quarantined=0 indexed_rows=242\n"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_build_leaves_a_sound_cache() {
    let dir = laid_out();
    let mut build = dir.run(&command("cache", "--workers 1")).into_command();
    let child = build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("a build");
    let cache = dir.path("cache");
    let started = Instant::now();
    while !cache.exists() && started.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupt.expect("kill").success());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("goes on where this one stopped"), "{told}");
    assert_eq!(repair_cache(&cache).expect("a sound cache").quarantined, []);
    dir.run(&command("cache", "")).ok();
    states(&dir, "cache", &windows(&dir, None));
}

#[test]
fn a_dataset_package_is_cached_as_it_is_cut() {
    let dir = laid_out();
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/corpus/package");
    let build = format!(
        "--no-banner cache-windows --build --cache-dir cache --encoder-dir golden/encoder \
         --encoder-id lab/golden --dataset-dir {package} --window-bp 120"
    );
    let said = dir.run(&build).stdout();
    assert!(said.starts_with("built encoded_windows=6 "), "{said}");
    let names = ["chr1_0.parquet", "chr2_0.parquet"];
    let written = shards(&dir.path("cache"));
    assert_eq!(written.len(), names.len());
    for (shard, name) in written.iter().zip(names) {
        assert!(shard.starts_with("embeddings/v3/lab__golden"), "{shard:?}");
        let below = Path::new("fp32_as_fp32/-1/global_mean_0").join(name);
        assert!(shard.ends_with(below), "{shard:?}");
    }
    let _ = dir
        .run(&build.replace("--window-bp 120", "--window-bp 96"))
        .fails("INPUT.GENERIC", 2);
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let dir = laid_out();
    for flags in [
        "--build",
        "--build --encoder-dir golden/encoder",
        "--build --corpus corpus.tsv",
    ] {
        let run = format!("cache-windows --cache-dir cache {flags}");
        let _ = dir.run(&run).finish().expect_status(2);
    }
    let _ = dir
        .run(&command("cache", "").replace("golden/encoder", "golden"))
        .fails("RESOURCE.MODEL_NOT_FOUND", 4);
    assert!(!dir.path("cache").exists());
}

/// Under one key lay the states of two rules, and of two tokenizers.
#[test]
fn states_of_another_contract_or_encoder_were_served() {
    let dir = laid_out();
    let encoded = |flags: &str| {
        let said = dir.run(&command("cache", flags)).stdout();
        said.starts_with("built encoded_windows=242 cached_windows=0 ")
    };
    let centred = "--pool centered_mean --pool-radius 2 --state-contract";
    assert!(encoded(&format!("{centred} l2_normalized_v2")));
    assert!(encoded(&format!("{centred} raw_v0_2_1")));
    assert!(encoded(&format!("{centred} legacy_raw_v1")));
    // The rows are the same, and are cached as they are pooled.
    assert!(!encoded(&format!("{centred} l2_old_row_v0_2_0")));
    assert!(!encoded(&format!("{centred} l2_normalized_v2")));
    let config = dir.text("golden/encoder/config.json");
    dir.create("golden/encoder/config.json", format!("{config} "));
    assert!(encoded(&format!("{centred} l2_normalized_v2")));
    // The Python package knows a model of before by its weights alone.
    assert!(!encoded(&format!("{centred} legacy_raw_v1")));
}

#[test]
fn requests_are_cached_around_their_loci() {
    let dir = laid_out();
    let windows = windows(&dir, None);
    let request = |id: usize, window: &CacheWindow, locus: &str| {
        let (start, end) = (window.start_bp, window.start_bp + window.bases.len() as u64);
        format!(
            "{{\"request_id\":\"r{id}\",\"chrom\":\"{}\",\"start_bp\":{start},\"end_bp\":{end},\
             \"window\":\"{}\",\"edit_locus\":{locus}}}\n",
            window.contig, window.bases
        )
    };
    let one = &windows[3];
    let lines = ["60", "62", "66", "null"].iter().enumerate();
    let lines: String = lines.map(|(id, locus)| request(id, one, locus)).collect();
    dir.create("requests.jsonl", &lines);
    let run = command(
        "cache",
        "--pool centered_mean --pool-radius 2 --created-at-ns 17",
    )
    .replace("--corpus corpus.tsv", "--requests-jsonl requests.jsonl");
    let said = dir.run(&run).stdout();
    // 60 and 62 lie in one six-mer.
    let want = "built encoded_windows=3 cached_windows=0 repeated_windows=1 written_shards=2 \
                cache_dir=cache\n";
    assert_eq!(said, want);
    let again = dir.run(&run).stdout();
    assert!(
        again.starts_with("built encoded_windows=0 cached_windows=4 "),
        "{again}"
    );
    let mut cache = WindowCache::new(dir.path("cache"));
    let mut state = |center: Option<u32>| {
        let mut key = key(&dir, one);
        if center.is_some() {
            (key.pool_type, key.pool_radius) = (CachedPool::CenteredMean, 2);
        }
        key.center_token = center;
        cache.get(&key).expect("a sound cache").expect("a state")
    };
    let states = [Some(11), Some(12), None].map(&mut state);
    assert!(states[0] != states[1] && states[1] != states[2]);
    let folder = shards(&dir.path("cache")).pop().expect("a shard");
    assert!(
        folder.to_string_lossy().contains("::requests::"),
        "{folder:?}"
    );
    dir.create("requests.jsonl", lines.replace("\"r1\"", "\"r0\""));
    let refused = dir.run(&run).fails("INPUT.GENERIC", 2);
    assert!(refused.stderr().contains("requests.jsonl:2"), "{refused}");
}
