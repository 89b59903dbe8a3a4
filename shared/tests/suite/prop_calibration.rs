//! Properties of calibration tables, whole and damaged.
#![cfg(feature = "parquet")]
#![allow(clippy::expect_used)]

use genolewm_core::calibration::{
    BuildOptions, CalibrationExample, CalibrationTable, build_calibration_table,
    read_calibration_table, write_calibration_table,
};
use proptest::prelude::*;
use std::sync::LazyLock;

fn examples() -> impl Strategy<Value = Vec<CalibrationExample>> {
    let bucket = prop::sample::select(vec![
        "intron|mid|none",
        "splice|low|simple",
        "utr3|high",
        "*",
        "snv|intron|mid|none",
        "del_1bp|intron|mid|none",
    ]);
    let example = (bucket, 0.0..50.0_f64).prop_map(|(bucket, sigma_raw)| CalibrationExample {
        bucket_id: bucket.into(),
        sigma_raw,
    });
    prop::collection::vec(example, 1..200)
}

fn options(seed: u64, per_bucket_sample: usize) -> BuildOptions {
    BuildOptions {
        seed,
        per_bucket_sample,
        grid_size: 33,
        ..BuildOptions::default()
    }
}

proptest! {
    #[test]
    fn percentiles_rise_from_0_to_1(examples in examples(), at in prop::collection::vec(-1.0..60.0_f64, 2..20)) {
        let table = build_calibration_table(examples, &options(0, 10_000))?;
        let mut at = at;
        at.sort_by(f64::total_cmp);
        for bucket in table.buckets() {
            let shares: Vec<f64> = at.iter().map(|&sigma| bucket.percentile(sigma)).collect();
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            prop_assert!(shares.is_sorted());
            prop_assert_eq!(bucket.percentile(f64::INFINITY), 1.0);
            prop_assert!(bucket.percentile(f64::NAN).is_nan());
        }
    }

    #[test]
    fn every_context_resolves(examples in examples(), min_size in 1..300_u64) {
        let table = build_calibration_table(examples, &options(0, 10_000))?;
        for bucket in ["intron|mid|none", "promoter|low|none", "utr3", "*"] {
            let found = table.resolve(bucket, min_size)?;
            prop_assert!(found.n_calibration() >= min_size || found.bucket_id() == "*");
        }
    }

    #[test]
    fn samples_are_bounded_and_repeatable(examples in examples(), seed: u64, cap in 1..50_usize) {
        let table = build_calibration_table(examples.clone(), &options(seed, cap))?;
        prop_assert!(table.buckets().all(|bucket| bucket.n_calibration() <= cap as u64));
        prop_assert_eq!(&table, &build_calibration_table(examples.clone(), &options(seed, cap))?);
        // What a bucket keeps does not depend on its neighbours.
        let own: Vec<_> = examples.into_iter().filter(|e| e.bucket_id == "utr3|high").collect();
        if !own.is_empty() {
            let alone = build_calibration_table(own, &options(seed, cap))?;
            let cdf = |table: &CalibrationTable| table.get("utr3|high").map(|b| b.cdf().to_vec());
            prop_assert_eq!(cdf(&alone), cdf(&table));
        }
    }

    #[test]
    fn files_keep_everything_but_precision(examples in examples()) {
        let table = build_calibration_table(examples, &options(0, 10_000))?;
        let read = read_calibration_table(&write_calibration_table(&table)?)?;
        prop_assert_eq!(read.buckets().len(), table.buckets().len());
        for (read, built) in read.buckets().zip(table.buckets()) {
            prop_assert_eq!(read.bucket_id(), built.bucket_id());
            prop_assert_eq!(read.back_off_to(), built.back_off_to());
            prop_assert_eq!(read.n_calibration(), built.n_calibration());
            for (read, built) in read.cdf().iter().zip(built.cdf()) {
                prop_assert_eq!(*read as f32, *built as f32);
            }
        }
        // A second trip loses nothing more.
        prop_assert_eq!(&read_calibration_table(&write_calibration_table(&read)?)?, &read);
    }
}

static SOUND_FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let examples = (0..500).map(|i| CalibrationExample {
        bucket_id: ["snv|intron|mid|none", "splice|low|none"][i % 2].into(),
        sigma_raw: i as f64 * 0.01,
    });
    let table = build_calibration_table(examples, &options(0, 10_000)).expect("a table");
    write_calibration_table(&table).expect("a file")
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    // The result does not matter: a flipped bit in a value is a sound file. Only panics and
    // hangs fail here.
    #[test]
    fn damaged_files_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut bytes = SOUND_FILE.clone();
        for (at, value) in changes {
            *at.get_mut(&mut bytes) = value;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = read_calibration_table(&bytes);
    }

    // Most of what can go wrong is in the footer: aim there.
    #[test]
    fn damaged_footers_never_panic(at in any::<prop::sample::Index>(), values in prop::collection::vec(any::<u8>(), 1..6)) {
        let mut bytes = SOUND_FILE.clone();
        let tail: [u8; 4] = bytes[bytes.len() - 8..bytes.len() - 4].try_into().expect("4 bytes");
        let start = bytes.len() - 8 - u32::from_le_bytes(tail) as usize;
        let at = start + at.index(bytes.len() - start);
        for (byte, value) in bytes[at..].iter_mut().zip(values) {
            *byte = value;
        }
        let _ = read_calibration_table(&bytes);
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read_calibration_table(&bytes).is_err());
        let framed = [b"PAR1", &bytes[..], &(bytes.len() as u32).to_le_bytes(), b"PAR1"].concat();
        prop_assert!(read_calibration_table(&framed).is_err());
    }
}
