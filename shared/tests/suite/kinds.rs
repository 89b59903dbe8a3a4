//! Percentiles among edits of the same kind.
#![cfg(feature = "parquet")]
// A missing bucket must fail the test.
#![allow(clippy::expect_used)]

use genolewm_core::Result;
use genolewm_core::calibration::{
    BuildOptions, CalibrationExample, CalibrationTable, build_calibration_table,
    read_calibration_table, write_calibration_table,
};
use genolewm_core::context::DEFAULT_MIN_BUCKET_SIZE;
use genolewm_core::edit::EditKind;

const CONTEXT: &str = "intron|mid|none";
/// Kinds with how many common variants they have, and how far their surprises reach.
const BACKGROUND: [(EditKind, usize, f64); 6] = [
    (EditKind::Snv, 4_000, 1.0),
    (EditKind::Mnv, 60, 1.6),
    (EditKind::Ins2To5, 300, 1.8),
    (EditKind::Del1, 700, 2.3),
    (EditKind::Del2To5, 450, 2.0),
    (EditKind::DelFrom6, 40, 1.4),
];

/// Surprises that differ by kind in scale; the seed decides which.
fn surprises(rows: usize, scale: f64, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..rows).map(|_| scale * uniform().powi(2)).collect()
}

fn examples(id_of: impl Fn(EditKind) -> String) -> Vec<CalibrationExample> {
    let of_kind = |(seed, &(kind, rows, scale)): (usize, &(EditKind, usize, f64))| {
        let bucket_id = id_of(kind);
        let surprises = surprises(rows, scale, seed as u64 + 1).into_iter();
        surprises.map(move |sigma_raw| CalibrationExample {
            bucket_id: bucket_id.clone(),
            sigma_raw,
        })
    };
    BACKGROUND.iter().enumerate().flat_map(of_kind).collect()
}

fn table(id_of: impl Fn(EditKind) -> String) -> Result<CalibrationTable> {
    let built = build_calibration_table(examples(id_of), &BuildOptions::default())?;
    let read = read_calibration_table(&write_calibration_table(&built)?)?;
    let ids = |table: &CalibrationTable| -> Vec<String> {
        table.buckets().map(|b| b.bucket_id().to_owned()).collect()
    };
    assert_eq!(ids(&read), ids(&built));
    Ok(read)
}

/// The distance of fresh variants' percentiles from uniform, and the one that 95 % of pairs of samples of
/// these sizes stay within.
fn distance(table: &CalibrationTable, kind: EditKind, rows: usize, scale: f64) -> [f64; 2] {
    let id = table.id_of(kind, CONTEXT);
    let bucket = table.resolve(&id, DEFAULT_MIN_BUCKET_SIZE);
    let bucket = bucket.expect("a bucket");
    let drawn = surprises(rows, scale, 1_000 + kind as u64);
    let mut shares: Vec<f64> = drawn.iter().map(|&s| bucket.percentile(s)).collect();
    shares.sort_by(f64::total_cmp);
    let apart = |(index, &share): (usize, &f64)| {
        let [before, after] = [index, index + 1].map(|count| count as f64 / rows as f64);
        (after - share).max(share - before)
    };
    let distance = shares.iter().enumerate().map(apart).fold(0.0, f64::max);
    let [of_test, of_table] = [rows as f64, bucket.n_calibration() as f64];
    [distance, 1.358_1 * (1.0 / of_test + 1.0 / of_table).sqrt()]
}

#[test]
fn deletions_led_every_list_because_substitutions_move_states_less() -> Result<()> {
    let mixed = table(|_| CONTEXT.to_owned())?;
    let by_kind = table(|kind| format!("{kind}|{CONTEXT}"))?;
    assert!(by_kind.tells_kinds() && !mixed.tells_kinds());
    for (kind, rows, scale) in BACKGROUND {
        let [among_all, limit] = distance(&mixed, kind, rows, scale);
        if kind == EditKind::Del1 {
            assert!(among_all > 4.0 * limit, "{among_all}");
        }
        // The others are few: another kind stands in, and is said to.
        if rows >= 100 {
            let [among_kind, limit] = distance(&by_kind, kind, rows, scale);
            assert!(among_kind < limit, "{kind}: {among_kind} beyond {limit}");
        }
    }
    Ok(())
}

#[test]
fn kinds_with_few_variants_back_off_to_wider_ones_and_say_so() -> Result<()> {
    let table = table(|kind| format!("{kind}|{CONTEXT}"))?;
    let resolved = |kind: &str, least| table.resolve(&format!("{kind}|{CONTEXT}"), least);
    for (kind, bucket, rows) in [
        ("snv", "snv|intron|mid|none", 4_000),
        ("del_1bp", "del_1bp", 700),
        ("del_6bp_up", "del", 1_190),
        ("ins_1bp", "ins", 300),
        ("mnv", "*", 5_550),
    ] {
        let found = resolved(kind, DEFAULT_MIN_BUCKET_SIZE)?;
        assert_eq!((found.bucket_id(), found.n_calibration()), (bucket, rows));
    }
    assert_eq!(
        resolved("del_1bp", 500)?.bucket_id(),
        "del_1bp|intron|mid|none"
    );
    assert!(resolved("sv", 1).is_err() && table.resolve("snv|*", 1).is_err());
    let built = build_calibration_table(
        examples(|kind| format!("{kind}|{CONTEXT}")),
        &BuildOptions::default(),
    )?;
    let mnv = built
        .warnings()
        .iter()
        .find(|w| w.bucket_id.starts_with("mnv"));
    assert_eq!(mnv.expect("a warning").resolved_bucket_id, "*");
    Ok(())
}

/// Buckets of contexts are those of a table without kinds, so what reads no others reads them as before.
#[test]
fn buckets_of_contexts_keep_what_they_hold() -> Result<()> {
    let mixed = table(|_| CONTEXT.to_owned())?;
    let by_kind = table(|kind| format!("{kind}|{CONTEXT}"))?;
    for bucket in mixed.buckets() {
        assert_eq!(by_kind.get(bucket.bucket_id()), Some(bucket));
    }
    Ok(())
}

#[test]
fn what_a_table_was_made_for_is_kept() -> Result<()> {
    let table = table(|kind| format!("{kind}|{CONTEXT}"))?;
    assert_eq!(table.made_for(), None);
    let said = table.for_states(Some("{\"window_bp\":480}".to_owned()));
    let bytes = write_calibration_table(&said)?;
    assert_eq!(read_calibration_table(&bytes)?, said);
    Ok(())
}
