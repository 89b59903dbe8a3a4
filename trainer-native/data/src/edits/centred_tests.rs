use super::*;
use crate::bases::{below, letter};
use crate::corpus::{Corpus, CorpusSource, Joining, SourceWeight};
use crate::edits::mix::EditMix;
use crate::edits::provider::{EditProviders, ObservedVariants};
use crate::edits::synthetic::SyntheticShape;
use crate::holdout::HoldoutPolicy;
use crate::variants::VariantIndex;
use crate::weighted::WeightedChoice;
use genolewm::config::ModelConfig;
use genolewm::scorer::Windows;
use genolewm_core::ErrorCode;
use genolewm_core::edit::EditSpec;
use rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::sync::Arc;

const WINDOW_BP: usize = 120;

struct World {
    bases: String,
    corpus: Corpus,
    providers: EditProviders,
    holdout: HoldoutPolicy,
}

/// A chromosome of 4,000 bases with runs of one base, a variant at every 20th, and a held-out stretch.
fn world() -> World {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut bases = String::new();
    while bases.len() < 4_000 {
        let run = 1 + below(&mut rng, 4) as usize;
        let base = letter(below(&mut rng, 4) as u8).to_string();
        bases.push_str(&base.repeat(run));
    }
    bases.truncate(4_000);
    let mut holdout = HoldoutPolicy::none();
    holdout.add(
        "chr1",
        Interval::new(BpOffset(1_000), BpOffset(1_500)).unwrap(),
    );
    let corpus = corpus("chr1", &bases, &holdout);
    let variants = (1_u64..200).map(|at| {
        let offset = BpOffset(20 * at);
        let reference = &bases[offset.index()..offset.index() + 1];
        let other = if reference == "A" { "G" } else { "A" };
        EditSpec::new("1", offset.position(), reference, other).unwrap()
    });
    let observed = ObservedVariants::new(VariantIndex::of_edits(variants));
    let none = ObservedVariants::default();
    World {
        providers: EditProviders::new(observed, none, SyntheticShape::default()),
        bases,
        corpus,
        holdout,
    }
}

fn corpus(name: &str, bases: &str, holdout: &HoldoutPolicy) -> Corpus {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!(">{name}\n{bases}\n")).unwrap();
    let weight = SourceWeight::Fixed(1.0);
    let source = CorpusSource::new(file.path().to_owned(), weight, Joining::Record);
    Corpus::from_sources(&[source], holdout).unwrap()
}

fn config() -> ModelConfig {
    let text = format!(
        "encoder: {{model_id: e, state_layer: -1, pool_radius: 1}}\npredictor: {{n_heads: 4}}\n\
         window_bp: {WINDOW_BP}\nviews: ['+0', '+3', '-0', '-5']\n"
    );
    ModelConfig::parse(&text).unwrap()
}

fn read() -> ScoredWindows {
    let windows = Windows::of_model(&config());
    ScoredWindows {
        views: windows.views,
        right_bp: windows.right_bp().unwrap(),
    }
}

fn mix(counts: &[&str], rollouts: WeightedChoice<usize>) -> EditMix {
    let counts: Vec<_> = counts.iter().map(|text| text.parse().unwrap()).collect();
    EditMix {
        rollouts,
        ..EditMix::default().with_counts(&counts).unwrap()
    }
}

fn feed<'a>(world: &'a World, mix: &'a EditMix) -> CentredFeed<'a> {
    let World {
        corpus,
        providers,
        holdout,
        ..
    } = world;
    let from = TupleFeed {
        corpus,
        providers,
        mix,
        holdout,
        window_bp: WINDOW_BP,
    };
    CentredFeed { from, read: read() }
}

#[test]
fn windows_lie_around_an_edit_as_scoring_places_them() {
    let world = world();
    let counts = ["gnomad_common=2", "synthetic_snv=1", "synthetic_indel=1"];
    let mix = mix(&counts, WeightedChoice::of([(1, 1.0)]));
    let feed = feed(&world, &mix);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut sources = BTreeMap::new();
    for _ in 0..400 {
        let mut again = rng.clone();
        let (window, tuple) = feed.draw(&mut rng).unwrap();
        assert_eq!(
            feed.draw(&mut again).unwrap(),
            (window.clone(), tuple.clone())
        );
        *sources.entry(tuple.edit_source).or_insert(0) += 1;
        let start = window.start.index();
        assert_eq!(window.bases, world.bases[start..start + WINDOW_BP]);
        assert!(start + WINDOW_BP <= 1_000 || start >= 1_500, "{start}");
        let [edit] = &tuple.rel_edits[..] else {
            panic!("{tuple:?}")
        };
        assert_eq!(edit.rel_pos().index(), WINDOW_BP / 2);
        assert_eq!(window.aligned(edit).as_ref(), Some(edit));
        if tuple.edit_source == EditSource::GnomadCommon {
            assert_eq!((start + WINDOW_BP / 2) % 20, 0);
        }
        is_read_as_scored(&window, tuple);
    }
    // By their shares: two, one and one of four.
    let wanted = [
        EditSource::GnomadCommon,
        EditSource::SyntheticSnv,
        EditSource::SyntheticIndel,
    ];
    for (source, wanted) in wanted.into_iter().zip([200_i32, 100, 100]) {
        assert!((sources[&source] - wanted).abs() < 40, "{sources:?}");
    }
}

/// Every view gives the bases and the edit that the scorer encodes.
fn is_read_as_scored(window: &WindowContext, tuple: TrainingTuple) {
    let windows = Windows::of_model(&config());
    let bases: Arc<str> = window.bases.as_str().into();
    for &view in windows.views.as_slice() {
        let scored = windows
            .viewed(view, [(&bases, &tuple.rel_edits[0])])
            .unwrap();
        let (ours, read) = tuple.clone().in_view(window, view, read()).unwrap();
        let sites = scored.sites();
        assert_eq!(
            (ours.as_str(), &read.rel_edits),
            (sites[0].reference, &scored.edits())
        );
        assert_eq!(read.targets, [sites[0].edits[0].bases.clone()]);
    }
}

#[test]
fn further_edits_keep_clear_of_the_ends() {
    let world = world();
    let mix = mix(&["synthetic_snv=1"], WeightedChoice::of([(3, 1.0)]));
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..100 {
        let (window, tuple) = feed(&world, &mix).draw(&mut rng).unwrap();
        assert_eq!(tuple.rel_edits.len(), 3);
        for edit in &tuple.rel_edits {
            assert!((12..WINDOW_BP as u64 - 12).contains(&edit.rel_pos().get()));
        }
        let (bases, read) = tuple
            .in_view(&window, "-5".parse().unwrap(), read())
            .unwrap();
        for (steps, target) in read.targets.iter().enumerate() {
            let differ = bases.bytes().zip(target.bytes()).filter(|(a, b)| a != b);
            assert_eq!(differ.count(), steps + 1);
        }
    }
}

#[test]
fn a_further_edit_shared_the_base_of_an_insertion_on_the_other_strand() {
    let world = world();
    let mix = mix(&["synthetic_indel=1"], WeightedChoice::of([(3, 1.0)]));
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..1_000 {
        let (window, tuple) = feed(&world, &mix).draw(&mut rng).unwrap();
        for &view in read().views.as_slice() {
            tuple.clone().in_view(&window, view, read()).unwrap();
        }
    }
}

/// Of a million variants a small corpus had none in as many tries as there were.
#[test]
fn a_small_corpus_among_many_variants_had_no_edit() {
    let mut world = world();
    let here = EditSpec::new("1", BpOffset(20).position(), &world.bases[20..21], "ACG").unwrap();
    let near = here.clone();
    let elsewhere = (1_u64..100_000)
        .map(|at| EditSpec::new("chr9", BpOffset(at).position(), "A", "C").unwrap());
    let observed = ObservedVariants::new(VariantIndex::of_edits(elsewhere.chain([here])));
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for _ in 0..10 {
        let drawn = observed.anywhere(&world.corpus, &mut rng).unwrap();
        assert_eq!(drawn.as_ref(), Some(&near));
    }
    world.corpus = corpus("chr2", &world.bases, &world.holdout);
    let mix = mix(&["gnomad_common=1"], WeightedChoice::of([(1, 1.0)]));
    let error = feed(&world, &mix).draw(&mut rng).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TrainingDataloader);
}

#[test]
fn a_wide_margin_or_a_gap_ended_a_run() {
    let mut world = world();
    let (left, right) = (&world.bases[..1_000], &world.bases[2_000..3_000]);
    let gapped = format!("{left}{}{right}", "N".repeat(40));
    world.corpus = corpus("chr3", &gapped, &world.holdout);
    let mut mix = mix(
        &["synthetic_snv=1", "synthetic_indel=1"],
        WeightedChoice::of([(1, 1.0)]),
    );
    mix.shape = SyntheticShape::default().with_edge_margin(40);
    let none = ObservedVariants::default();
    world.providers = EditProviders::new(none.clone(), none, mix.shape);
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    for _ in 0..2_000 {
        let (window, _) = feed(&world, &mix).draw(&mut rng).unwrap();
        assert!(!window.bases.contains('N'));
    }
}

#[test]
fn a_source_without_edits_needs_a_fall_back() {
    let world = world();
    let mut mix = mix(&["primate_fixed=1"], WeightedChoice::of([(1, 1.0)]));
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let error = feed(&world, &mix).draw(&mut rng).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TrainingDataloader);
    assert_eq!(error.details()["source"], "primate_fixed");
    mix = mix.with_fallbacks(&["primate_fixed=synthetic_indel".parse().unwrap()]);
    let (_, tuple) = feed(&world, &mix).draw(&mut rng).unwrap();
    assert_eq!(tuple.edit_source, EditSource::SyntheticIndel);
}
