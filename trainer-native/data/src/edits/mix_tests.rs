use super::*;
use crate::edits::provider::ObservedVariants;
use crate::variants::{LabelledVariant, VariantIndex};
use genolewm_core::edit::EditSpec;
use genolewm_core::position::{BpOffset, Interval};
use rand_core::SeedableRng;

const BASES: &str = "ACGTTGCAGGACGGTCATTTACCGATAGGCATTGACCATGGCATTACGATCAGT";

fn placed() -> WindowContext {
    WindowContext::placed("record", "chr1", BpOffset(100), BASES.to_owned())
}

fn unplaced() -> WindowContext {
    WindowContext::unplaced("record", BpOffset(100), BASES.to_owned())
}

fn observed(edits: &[&str]) -> ObservedVariants {
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
    ObservedVariants::new(VariantIndex::new(&variants))
}

fn providers(common: &[&str], clinvar: &[&str]) -> EditProviders {
    EditProviders::new(
        observed(common),
        observed(clinvar),
        SyntheticShape::default(),
    )
}

fn draw(
    mix: &EditMix,
    window: &WindowContext,
    providers: &EditProviders,
) -> Result<Vec<&'static str>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let items = mix.draw(window, providers, &HoldoutPolicy::none(), &mut rng)?;
    Ok(items.iter().map(|item| item.source.as_str()).collect())
}

/// Position 101 is the window's first base; the variant at 103 disagrees with the window.
const COMMON: [&str; 5] = [
    "1:101:A:C",
    "1:102:C:G",
    "1:103:T:G",
    "1:154:T:A",
    "2:101:A:C",
];

#[test]
fn missing_clinvar_variants_are_replaced_and_only_these() {
    let drawn = draw(&EditMix::default(), &placed(), &providers(&COMMON, &[])).unwrap();
    let (common, snv) = ("gnomad_common", "synthetic_snv");
    assert_eq!(
        drawn,
        [
            common,
            common,
            common,
            snv,
            snv,
            snv,
            "synthetic_indel",
            snv
        ]
    );
    let drawn = draw(
        &EditMix::default(),
        &placed(),
        &providers(&COMMON, &["1:101:A:C"]),
    );
    assert_eq!(drawn.unwrap()[7], "clinvar");
    let strict = EditMix::default().with_fallbacks(&["clinvar=none".parse().unwrap()]);
    let error = draw(&strict, &placed(), &providers(&COMMON, &[])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TrainingDataloader);
    assert_eq!(error.details()["source"], "clinvar");
}

#[test]
fn common_variants_may_be_lacking_only_where_none_can_be_or_by_name() {
    let mix = EditMix::default();
    let drawn = draw(&mix, &unplaced(), &providers(&COMMON, &[])).unwrap();
    assert_eq!(drawn[..6], ["synthetic_snv"; 6]);
    let error = draw(&mix, &placed(), &providers(&COMMON[..2], &[])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TrainingDataloader);
    let detail = |key: &str| error.details()[key].clone();
    assert_eq!(
        [
            detail("source"),
            detail("missing"),
            detail("record"),
            detail("start_bp")
        ],
        ["gnomad_common", "1", "chr1", "100"]
    );
    let named = "--fallback gnomad_common=synthetic_snv";
    assert!(error.remedy().is_some_and(|remedy| remedy.contains(named)));
    let named = mix.with_fallbacks(&["gnomad_common=synthetic_indel".parse().unwrap()]);
    let drawn = draw(&named, &placed(), &providers(&COMMON[..2], &[])).unwrap();
    assert_eq!(
        drawn[..4],
        [
            "gnomad_common",
            "gnomad_common",
            "synthetic_indel",
            "synthetic_snv"
        ]
    );
}

#[test]
fn fall_backs_are_written_as_they_are_read() {
    for text in ["gnomad_common=synthetic_snv", "clinvar=none"] {
        let named: NamedFallback = text.parse().unwrap();
        assert_eq!(serde_json::to_value(named).unwrap(), text);
    }
    for text in ["clinvar", "clinvar=clinvar", "clinvar=snv", "snv=none", "="] {
        let error = text.parse::<NamedFallback>().unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigGeneric, "{text}");
    }
}

#[test]
fn a_mix_of_nothing_trained_on_something_else() {
    let mix = |texts: &[&str]| {
        let named: Vec<NamedCount> = texts.iter().map(|text| text.parse().unwrap()).collect();
        EditMix::default().with_counts(&named)
    };
    let error = mix(&["clinvar=0", "synthetic_snv=0"]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigGeneric);
    assert!(error.remedy().is_some());
    let twice = mix(&["clinvar=2", "synthetic_snv=0", "clinvar=1"]).unwrap();
    let counts = [(EditSource::Clinvar, 3), (EditSource::SyntheticSnv, 0)];
    assert_eq!(twice.counts, counts);
    assert_eq!(mix(&[]).unwrap(), EditMix::default());
    assert!("clinvar=4294967296".parse::<NamedCount>().is_err());
}

#[test]
fn lengths_of_rollouts_follow_the_mix() {
    let none = providers(&[], &[]);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut lengths = [0_u32; 3];
    for _ in 0..1_000 {
        let items = EditMix::default()
            .draw(&unplaced(), &none, &HoldoutPolicy::none(), &mut rng)
            .unwrap();
        for item in items {
            lengths[item.edits.len() - 1] += 1;
        }
    }
    assert!(
        lengths[0].abs_diff(7_200) < 150
            && lengths[1].abs_diff(400) < 100
            && lengths[2].abs_diff(400) < 100,
        "{lengths:?}"
    );
}

/// A provider that is no part of the mix's own: the first base, in all ways.
#[derive(Debug)]
struct FirstBase;

impl EditProvider for FirstBase {
    fn edits(&self, _: &WindowContext, count: usize, _: &mut ChaCha8Rng) -> Result<Vec<RelEdit>> {
        let edits = ["C", "G", "T"].map(|alt| RelEdit::new(BpOffset(0), "A", alt));
        edits.into_iter().take(count).collect()
    }
}

/// With one of three edits held out, the other two are found although one was asked for first.
#[test]
fn a_provider_is_asked_again_where_hold_outs_refuse() {
    let mut providers = EditProviders::default();
    providers.set(EditSource::Clinvar, FirstBase);
    let mut mix = EditMix::default().with_fallbacks(&["clinvar=none".parse().unwrap()]);
    mix.counts = vec![(EditSource::Clinvar, 1)];
    let mut holdout = HoldoutPolicy::none();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (key, next) in [("1:101:A:C", "G"), ("chr1:101:A:G", "T")] {
        holdout.add_edit(&key.parse::<EditSpec>().unwrap());
        let items = mix.draw(&placed(), &providers, &holdout, &mut rng).unwrap();
        assert_eq!(items[0].edits[0].alt_bases(), next);
    }
    holdout.add("chr1", Interval::new(BpOffset(100), BpOffset(101)).unwrap());
    let error = mix
        .draw(&placed(), &providers, &holdout, &mut rng)
        .unwrap_err();
    assert_eq!(error.details()["missing"], "1");
}
