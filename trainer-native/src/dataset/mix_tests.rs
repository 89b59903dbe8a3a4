use super::super::variants::LabelledVariant;
use super::*;
use genolewm_shared::edit::apply_edits;
use rand_core::SeedableRng;

const BASES: &str = "ACGTTGCAGGACGGTCATTTACCGATAGGCATTGACCATGGCATTACGATCAGT";

fn window() -> EditWindow<'static> {
    EditWindow {
        contig: "chr1",
        start: BpOffset(100),
        bases: BASES,
    }
}

fn index(edits: &[&str]) -> VariantIndex {
    let variants: Vec<LabelledVariant> = edits
        .iter()
        .map(|edit| LabelledVariant {
            edit: edit.parse().unwrap(),
            af: None,
            significance: None,
            gene: None,
            stars: None,
            passed: true,
        })
        .collect();
    VariantIndex::new(&variants)
}

fn sources(items: &[TrainingItem]) -> Vec<&str> {
    items.iter().map(|item| item.source.as_str()).collect()
}

#[test]
fn missing_sources_are_replaced_only_by_the_named_ones() {
    // Position 101 is the window's first base; the variant at 103 disagrees with the window.
    let (common, clinvar) = (
        index(&[
            "1:101:A:C",
            "1:102:C:G",
            "1:103:T:G",
            "1:154:T:A",
            "2:101:A:C",
        ]),
        index(&[]),
    );
    let holdout = HoldoutPolicy::none();
    let pool = EditPool {
        common: &common,
        clinvar: &clinvar,
        holdout: &holdout,
    };
    let mut mix = EditMix::default();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let items = mix.draw(window(), pool, &mut rng).unwrap();
    let three = ["synthetic_snv"; 3];
    assert_eq!(
        sources(&items[..3]),
        ["gnomad_common", "gnomad_common", "gnomad_common"]
    );
    assert_eq!(sources(&items[3..6]), three);
    assert_eq!(sources(&items[6..]), ["synthetic_indel", "synthetic_snv"]);
    mix.fallbacks.clear();
    let error = mix.draw(window(), pool, &mut rng).unwrap_err();
    assert_eq!(
        error.details().get("source").map(String::as_str),
        Some("clinvar")
    );
}

#[test]
fn items_apply_in_order_and_lengths_follow_the_mix() {
    let (none, holdout) = (index(&[]), HoldoutPolicy::none());
    let pool = EditPool {
        common: &none,
        clinvar: &none,
        holdout: &holdout,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut lengths = [0_u32; 3];
    for _ in 0..1_000 {
        for item in EditMix::default().draw(window(), pool, &mut rng).unwrap() {
            lengths[item.edits.len() - 1] += 1;
            for steps in 1..=item.edits.len() {
                assert_eq!(
                    apply_edits(BASES, &item.edits[..steps], true)
                        .unwrap()
                        .len(),
                    BASES.len()
                );
            }
        }
    }
    assert!(
        lengths[0].abs_diff(7_200) < 150 && lengths[1].abs_diff(400) < 100,
        "{lengths:?}"
    );
}

#[test]
fn held_out_edits_never_reach_the_trainer() {
    let common = index(&["1:101:A:C", "1:102:C:G", "1:120:T:G", "1:121:A:G"]);
    let mut holdout = HoldoutPolicy::none();
    holdout.add("chr1", Interval::new(BpOffset(110), BpOffset(140)).unwrap());
    let key: EditSpec = "chr1:101:A:C".parse().unwrap();
    holdout.add_edit(&key);
    let pool = EditPool {
        common: &common,
        clinvar: &common,
        holdout: &holdout,
    };
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for item in EditMix::default().draw(window(), pool, &mut rng).unwrap() {
            for edit in &item.edits {
                let first = 100 + edit.rel_pos().get();
                let last = first + edit.ref_bases().len() as u64;
                assert!(last <= 110 || first >= 140, "{edit:?}");
                assert!(!(first == 100 && edit.ref_bases() == "A" && edit.alt_bases() == "C"));
            }
        }
    }
}

#[test]
fn window_starts_keep_margin_and_stride() {
    let starts = |record_bp| -> Vec<u64> {
        window_starts(record_bp, 100, 10, 50, None)
            .into_iter()
            .map(BpOffset::get)
            .collect()
    };
    assert_eq!(
        (starts(119), starts(120), starts(220)),
        (vec![], vec![10], vec![10, 60, 110])
    );
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..100 {
        let starts = window_starts(300, 100, 10, 50, Some(&mut rng));
        assert!(starts.len() >= 3 && starts.iter().all(|start| (10..=190).contains(&start.get())));
    }
}
