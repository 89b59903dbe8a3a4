//! The rules of the cache, on the library.

use super::*;
use crate::cache::record::tests::record;
use crate::cache::{CachedDtype, CachedPool, INDEX_NAME, reindex_cache, repair_cache};
use std::fs;

const PLACE: ShardPlace<'static> = ShardPlace {
    encoder_id: "lab/encoder",
    contig: "1",
    stride_block: 0,
};

fn at(stride_block: u64) -> ShardPlace<'static> {
    ShardPlace {
        stride_block,
        ..PLACE
    }
}

/// A cache with rows 1 to 3 in block 0 and rows 4 and 5 in block 1, and their paths.
fn two_shards(root: &Path) -> [PathBuf; 2] {
    let mut cache = WindowCache::new(root);
    let first = cache.write_shard(&at(0), &[record(1), record(2), record(3)]);
    let second = cache.write_shard(&at(1), &[record(4), record(5)]);
    [first.unwrap(), second.unwrap()]
}

fn read(root: &Path, number: u8) -> Result<Option<Embedding>> {
    WindowCache::new(root).get(&record(number).key)
}

fn index_rows(root: &Path) -> Vec<(String, String, i64, i64)> {
    Index::open_existing(&paths::index(root))
        .unwrap()
        .unwrap()
        .rows()
}

#[track_caller]
fn assert_fails<T>(result: Result<T>, code: ErrorCode) {
    let error = result.err().expect("an error");
    assert_eq!(error.code(), code, "{error}");
    assert!(error.remedy().is_some(), "no remedy: {error}");
}

#[track_caller]
fn assert_corrupt<T>(result: Result<T>) {
    assert_fails(result, ErrorCode::ResourceCacheCorrupt);
}

#[test]
fn what_was_written_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = two_shards(dir.path());
    let below = format!(
        "embeddings/v3/lab__encoder/{}/fp32_as_fp32/-1/global_mean_0/chr1_0.parquet",
        "ee".repeat(32)
    );
    assert_eq!(first, dir.path().join(below));
    for number in 1..=5 {
        let want = Some(record(number).embedding);
        assert_eq!(read(dir.path(), number), Ok(want), "{number}");
    }
    assert_eq!(read(dir.path(), 9), Ok(None));
    let shard = decode::read(&first).unwrap();
    assert_eq!(shard.format, ShardFormat::V3);
    assert_eq!(shard.records, [record(1), record(2), record(3)]);
    assert!(
        WindowCache::new(dir.path())
            .contains(&record(5).key)
            .unwrap()
    );
}

#[test]
fn reading_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("none");
    assert_eq!(read(&root, 1), Ok(None));
    assert!(!root.exists());
}

#[test]
fn the_same_rows_again_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = two_shards(dir.path());
    let (bytes, index) = (fs::read(&first).unwrap(), index_rows(dir.path()));
    // A part of them, made at another time, is no other content.
    let mut again = [record(2), record(3)];
    again[0].created_at = 0;
    let mut cache = WindowCache::new(dir.path());
    assert_eq!(cache.write_shard(&PLACE, &again), Ok(first.clone()));
    assert_eq!(fs::read(&first).unwrap(), bytes);
    assert_eq!(index_rows(dir.path()), index);
}

#[test]
fn a_shard_that_is_there_is_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = two_shards(dir.path());
    let bytes = fs::read(&first).unwrap();
    let mut cache = WindowCache::new(dir.path());
    assert_corrupt(cache.write_shard(&PLACE, &[record(1), record(7)]));
    let mut other = record(1);
    other.embedding = Embedding::new(vec![9.0]).unwrap();
    assert_corrupt(cache.write_shard(&PLACE, &[other]));
    assert_eq!(fs::read(&first).unwrap(), bytes);
    assert_eq!(index_rows(dir.path()).len(), 5);
}

#[test]
fn a_key_lies_in_one_shard_only() {
    let dir = tempfile::tempdir().unwrap();
    two_shards(dir.path());
    let mut cache = WindowCache::new(dir.path());
    assert_corrupt(cache.write_shard(&at(2), &[record(6), record(5)]));
    assert_eq!(paths::list(dir.path()).unwrap().shards.len(), 2);
    assert_eq!(read(dir.path(), 6), Ok(None));
}

#[test]
fn what_is_no_shard_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("cache");
    let refuses = |place: &ShardPlace<'_>, rows: &[WindowCacheRecord]| {
        let written = WindowCache::new(&root).write_shard(place, rows);
        assert_fails(written, ErrorCode::InputGeneric);
    };
    let changed = |change: fn(&mut WindowCacheRecord)| {
        let mut row = record(2);
        change(&mut row);
        [record(1), row]
    };
    refuses(&PLACE, &[]);
    refuses(&PLACE, &[record(1), record(1)]);
    refuses(&PLACE, &changed(|row| row.chrom = "2".to_owned()));
    refuses(&PLACE, &changed(|row| row.key.state_layer = 0));
    refuses(&PLACE, &changed(|row| row.key.pool_radius = 8));
    refuses(&PLACE, &changed(|row| row.key.encoder_hash = [1; 32]));
    refuses(&PLACE, &changed(|row| row.key.dtype = CachedDtype::Bf16));
    refuses(
        &PLACE,
        &changed(|row| {
            row.key.pool_type = CachedPool::Attention;
            row.key.center_token = Some(0);
        }),
    );
    refuses(
        &PLACE,
        &changed(|row| row.embedding = Embedding::new(vec![1.0]).unwrap()),
    );
    refuses(&PLACE, &changed(|row| row.end_bp = row.start_bp));
    let parent = ShardPlace {
        encoder_id: "..",
        ..PLACE
    };
    refuses(&parent, &[record(1)]);
    assert!(!root.exists());
}

#[test]
fn rows_without_a_time_get_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = [record(1), record(2)];
    rows[1].created_at = 0;
    let path = WindowCache::new(dir.path())
        .write_shard(&PLACE, &rows)
        .unwrap();
    let times: Vec<i64> = decode::read(&path)
        .unwrap()
        .records
        .iter()
        .map(|row| row.created_at)
        .collect();
    assert_eq!(times[0], record(1).created_at);
    assert!(times[1] > times[0]);
    assert_eq!(index_rows(dir.path())[1].3, times[1]);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let rows = [record(1), record(2)];
    assert_eq!(shard::encode(&rows), shard::encode(&rows));
}

#[test]
fn a_new_index_equals_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    two_shards(dir.path());
    let before = index_rows(dir.path());
    let report = reindex_cache(dir.path()).unwrap();
    assert_eq!((report.indexed_shards, report.indexed_rows), (2, 5));
    assert_eq!(index_rows(dir.path()), before);
    fs::remove_file(&report.index_path).unwrap();
    reindex_cache(dir.path()).unwrap();
    assert_eq!(index_rows(dir.path()), before);
}

#[test]
fn reindexing_keeps_the_old_index_when_a_shard_is_bad() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = two_shards(dir.path());
    let before = index_rows(dir.path());
    fs::write(&first, "damaged").unwrap();
    assert_corrupt(reindex_cache(dir.path()));
    assert_eq!(index_rows(dir.path()), before);
    assert_corrupt(read(dir.path(), 1));
    assert_eq!(read(dir.path(), 4), Ok(Some(record(4).embedding)));
}

#[test]
fn an_index_that_is_none_is_replaced_with_its_journal() {
    let dir = tempfile::tempdir().unwrap();
    two_shards(dir.path());
    let before = index_rows(dir.path());
    let index = paths::index(dir.path());
    fs::write(&index, "no database ".repeat(500)).unwrap();
    let journal = index.with_file_name(format!("{INDEX_NAME}-journal"));
    fs::write(&journal, "of a database that is gone").unwrap();
    assert_corrupt(read(dir.path(), 1));
    assert_corrupt(WindowCache::new(dir.path()).write_shard(&at(2), &[record(6)]));
    reindex_cache(dir.path()).unwrap();
    assert_eq!(index_rows(dir.path()), before);
    assert!(!journal.exists());
}

#[test]
fn repair_sets_aside_what_cannot_be_read_and_deletes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second] = two_shards(dir.path());
    let below = first
        .strip_prefix(paths::embeddings(dir.path()))
        .unwrap()
        .to_owned();
    let damage = |text: &str| {
        fs::write(&first, text).unwrap();
        let report = repair_cache(dir.path()).unwrap();
        assert_eq!((report.checked_shards, report.reindex.indexed_rows), (2, 2));
        assert_eq!(report.quarantined.len(), 1);
        report.quarantined[0].0.clone()
    };
    let aside = damage("damaged");
    assert_eq!(
        aside,
        paths::embeddings(dir.path())
            .join(".quarantine")
            .join(&below)
    );
    assert_eq!(read(dir.path(), 1), Ok(None));
    assert_eq!(read(dir.path(), 5), Ok(Some(record(5).embedding)));
    // A second one of that name lies beside the first.
    let beside = damage("again");
    let name = beside.file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with("chr1_0.parquet.") && name.ends_with(".bad"),
        "{name}"
    );
    assert_eq!(fs::read(&aside).unwrap(), b"damaged");
    assert_eq!(fs::read(&beside).unwrap(), b"again");
    assert!(second.exists());
    // What was lost can be written again.
    let written = WindowCache::new(dir.path()).write_shard(&PLACE, &[record(1)]);
    assert_eq!(written, Ok(first));
}

#[test]
fn repair_keeps_the_first_of_two_shards_with_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second] = two_shards(dir.path());
    fs::copy(&first, first.with_file_name("chr1_7.parquet")).unwrap();
    assert_corrupt(reindex_cache(dir.path()));
    let report = repair_cache(dir.path()).unwrap();
    assert_eq!((report.checked_shards, report.quarantined.len()), (3, 1));
    assert_eq!(report.reindex.indexed_rows, 5);
    assert!(first.exists() && second.exists());
}

#[test]
fn a_cache_that_is_not_there_is_not_made_by_repair() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("misspelt");
    assert_fails(repair_cache(&root), ErrorCode::ResourceGeneric);
    assert_fails(reindex_cache(&root), ErrorCode::ResourceGeneric);
    assert!(!root.exists());
    assert_eq!(reindex_cache(dir.path()).unwrap().indexed_shards, 0);
}

#[test]
fn a_shard_that_was_not_indexed_is_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = two_shards(dir.path());
    let before = index_rows(dir.path());
    let forget = || fs::remove_file(paths::index(dir.path())).unwrap();
    // By the next write of another shard,
    forget();
    let mut cache = WindowCache::new(dir.path());
    cache.write_shard(&at(2), &[record(6)]).unwrap();
    assert_eq!(index_rows(dir.path())[..5], before);
    // which therefore knows its keys,
    forget();
    let mut cache = WindowCache::new(dir.path());
    assert_corrupt(cache.write_shard(&at(3), &[record(1)]));
    // by a write of the same rows, and by --reindex.
    forget();
    assert_eq!(cache.write_shard(&PLACE, &[record(1)]), Ok(first));
    assert_eq!(index_rows(dir.path()).len(), 3);
    reindex_cache(dir.path()).unwrap();
    assert_eq!(index_rows(dir.path())[..5], before);
}

#[test]
fn what_a_killed_writer_began_is_no_shard_and_is_removed_by_repair() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = two_shards(dir.path());
    let half = first.with_file_name(".partial-x7Yq");
    let bytes = fs::read(&first).unwrap();
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(read(dir.path(), 1), Ok(Some(record(1).embedding)));
    let report = repair_cache(dir.path()).unwrap();
    assert!(report.quarantined.is_empty());
    assert!(!half.exists());
}

#[test]
fn an_index_that_leads_elsewhere_is_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second] = two_shards(dir.path());
    // The shard of other rows under this name.
    fs::copy(&second, &first).unwrap();
    assert_corrupt(read(dir.path(), 1));
    assert_corrupt(read(dir.path(), 3));
    fs::remove_file(&first).unwrap();
    assert_corrupt(read(dir.path(), 1));
    // A path out of the cache.
    let mut index = Index::open(&paths::index(dir.path())).unwrap();
    let outside = Shard {
        format: ShardFormat::V3,
        records: vec![record(8)],
    };
    index.insert("../../outside.parquet", &outside).unwrap();
    assert_corrupt(read(dir.path(), 8));
}

#[test]
fn whatever_is_damaged_in_a_shard_it_reads_or_is_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chr1_0.parquet");
    let bytes = shard::encode(&[record(1), record(2), record(3)]).unwrap();
    let check = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let code = decode::read(&path).map_err(|error| error.code());
        let corrupt = code == Err(ErrorCode::ResourceCacheCorrupt);
        assert!(corrupt || code.is_ok(), "{code:?}");
        corrupt
    };
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= [0x01, 0x80, 0xff][index % 3];
        check(&damaged);
    }
    for length in (0..bytes.len()).step_by(7) {
        assert!(check(&bytes[..length]), "{length} bytes pass for a shard");
    }
}

/// States of two windows that are equal were one, wherever they were pooled.
#[test]
fn states_of_two_loci_had_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let centred = |center: u32| {
        let mut row = record(1);
        row.key.pool_type = CachedPool::CenteredMean;
        (row.key.pool_radius, row.key.center_token) = (8, Some(center));
        row.embedding = Embedding::new(vec![center as f32, 1.0]).unwrap();
        row
    };
    let rows = [centred(3), centred(4)];
    let mut cache = WindowCache::new(dir.path());
    cache.write_shard(&PLACE, &rows).unwrap();
    for row in rows {
        assert_eq!(cache.get(&row.key), Ok(Some(row.embedding)));
    }
    assert_eq!(cache.get(&centred(5).key), Ok(None));
}

#[test]
fn shards_of_many_rows_are_read_group_by_group() {
    let dir = tempfile::tempdir().unwrap();
    let row = |number: u32| {
        let mut row = record(1);
        row.key.window_hash[..4].copy_from_slice(&number.to_le_bytes());
        row.embedding = Embedding::new(vec![number as f32; 5]).unwrap();
        row
    };
    let rows: Vec<_> = (0..2_500).map(row).collect();
    let path = WindowCache::new(dir.path())
        .write_shard(&PLACE, &rows)
        .unwrap();
    let file = parquet::file::reader::SerializedFileReader::new(fs::File::open(&path).unwrap());
    let groups = parquet::file::reader::FileReader::num_row_groups(&file.unwrap());
    assert_eq!(groups, 3);
    assert_eq!(decode::read(&path).unwrap().records, rows);
}
