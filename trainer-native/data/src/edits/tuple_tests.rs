use super::*;
use crate::bases::{below, letter};
use crate::corpus::{CorpusSource, Joining, SourceWeight};
use crate::edits::provider::ObservedVariants;
use crate::edits::synthetic::SyntheticShape;
use crate::variants::{LabelledVariant, VariantIndex};
use genolewm_core::ErrorCode;
use genolewm_core::edit::{EditSpec, TrimmedVariant};
use genolewm_core::position::{Interval, Position};
use proptest::prelude::*;
use rand_core::SeedableRng;
use std::collections::BTreeSet;

/// A held-out stretch: record, start, size.
type Span = (usize, u64, u64);

/// A small world, by numbers that are taken modulo what there is.
#[derive(Debug, Clone)]
struct Case {
    lengths: Vec<usize>,
    spans: Vec<Span>,
    record: Option<usize>,
    /// Variants: record, offset, reference length, alternate allele.
    variants: Vec<(usize, u64, usize, String)>,
    /// Which variants are held out as edits.
    keys: Vec<usize>,
    joining: Joining,
    window_bp: usize,
    seed: u64,
}

prop_compose! {
    fn case()(
        lengths in prop::collection::vec(40_usize..600, 1..5),
        spans in prop::collection::vec((0_usize..5, 0_u64..600, 1_u64..120), 0..4),
        record in prop::option::of(0_usize..8),
        variants in prop::collection::vec((0_usize..5, 0_u64..600, 1_usize..4, "[ACGT]{1,3}"), 0..80),
        keys in prop::collection::vec(0_usize..80, 0..30),
        joined in any::<bool>(),
        window_bp in 30_usize..120,
        seed in any::<u64>(),
    ) -> Case {
        let joining = if joined { Joining::File } else { Joining::Record };
        Case { lengths, spans, record, variants, keys, joining, window_bp, seed }
    }
}

/// A case's records, hold-outs and variants, and what is held out of them in the plainest form.
struct World {
    records: Vec<String>,
    holdout: HoldoutPolicy,
    variants: Vec<EditSpec>,
    /// Held-out bases by record and offset.
    bases: BTreeSet<(usize, u64)>,
    /// Held-out edits: record, 1-based position, alleles.
    keys: BTreeSet<(usize, u64, String, String)>,
}

fn name(record: usize) -> String {
    format!("chr{}", record + 1)
}

impl World {
    fn new(case: &Case) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(case.seed);
        let random = |&length: &usize| -> String {
            let mut base = || letter(below(&mut rng, 4) as u8);
            (0..length).map(|_| base()).collect()
        };
        let mut world = Self {
            records: case.lengths.iter().map(random).collect(),
            holdout: HoldoutPolicy::none(),
            variants: Vec::new(),
            bases: BTreeSet::new(),
            keys: BTreeSet::new(),
        };
        for &(record, start, size) in &case.spans {
            let end = start + size;
            let span = Interval::new(BpOffset(start), BpOffset(end)).unwrap();
            world.holdout.add(&name(record), span);
            world.bases.extend((start..end).map(|at| (record, at)));
        }
        if let Some(record) = case.record {
            world.holdout.add_record(&name(record));
            world.bases.extend((0..600).map(|at| (record, at)));
        }
        for variant in &case.variants {
            world.add_variant(variant);
        }
        for &key in &case.keys {
            world.hold_out_variant(key);
        }
        world
    }

    /// Variants are named without `chr`, as many files do.
    fn add_variant(&mut self, (record, at, size, alternate): &(usize, u64, usize, String)) {
        let at = *at as usize;
        let bases = self.records.get(*record);
        let Some(reference) = bases.and_then(|bases| bases.get(at..at + size)) else {
            return;
        };
        let contig = (record + 1).to_string();
        let position = Position::new(at as u64 + 1).unwrap();
        if let Ok(edit) = EditSpec::new(&contig, position, reference, alternate) {
            self.variants.push(edit);
        }
    }

    fn hold_out_variant(&mut self, index: usize) {
        let Some(edit) = self.variants.get(index) else {
            return;
        };
        self.holdout.add_edit(edit);
        let record = edit.chrom().parse::<usize>().unwrap() - 1;
        let alleles = (edit.reference().to_owned(), edit.alternate().to_owned());
        self.keys
            .insert((record, edit.pos().get(), alleles.0, alleles.1));
    }

    fn corpus(&self, joining: Joining) -> Result<Corpus> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let records = self.records.iter().enumerate();
        let text: String = records
            .map(|(record, bases)| format!(">{}\n{bases}\n", name(record)))
            .collect();
        std::fs::write(file.path(), text).unwrap();
        let source = CorpusSource::new(file.path().to_owned(), SourceWeight::Fixed(1.0), joining);
        Corpus::from_sources(&[source], &self.holdout)
    }

    fn providers(&self) -> EditProviders {
        let labelled: Vec<LabelledVariant> = self
            .variants
            .iter()
            .map(|edit| LabelledVariant {
                edit: edit.clone(),
                af: None,
                significance: None,
                gene: None,
                stars: None,
                passed: true,
            })
            .collect();
        let observed = ObservedVariants::new(VariantIndex::new(&labelled));
        EditProviders::new(observed.clone(), observed, SyntheticShape::default())
    }

    /// Where each base of a window lies, by record and offset, from its pieces alone; checked
    /// against the records' letters.
    fn places(&self, window: &WindowContext) -> Vec<(usize, u64)> {
        let mut places = Vec::new();
        for piece in window.pieces() {
            let record = piece.contig["chr".len()..].parse::<usize>().unwrap() - 1;
            let (start, end) = (piece.span.start.get(), piece.span.end.get());
            places.extend((start..end).map(|at| (record, at)));
        }
        let letters: String = places
            .iter()
            .map(|&(record, at)| char::from(self.records[record].as_bytes()[at as usize]))
            .collect();
        assert_eq!(letters, window.bases);
        places
    }
}

/// What the cases drew, so that a test that draws nothing cannot pass.
#[derive(Debug, Default)]
struct Seen {
    windows: u32,
    observed: u32,
    joined: u32,
    several: u32,
}

/// Draws from a case's feed and holds everything that comes out against the hold-outs.
fn check(case: &Case, seen: &mut Seen) {
    let world = World::new(case);
    let Ok(corpus) = world.corpus(case.joining) else {
        return;
    };
    let (providers, named) = (world.providers(), "gnomad_common=synthetic_snv".parse());
    let mix = EditMix::default().with_fallbacks(&[named.unwrap()]);
    let feed = TupleFeed {
        corpus: &corpus,
        providers: &providers,
        mix: &mix,
        holdout: &world.holdout,
        window_bp: case.window_bp,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(case.seed);
    for _ in 0..4 {
        let mut again = rng.clone();
        let Ok((window, tuples)) = feed.draw(&mut rng) else {
            return;
        };
        let places = world.places(&window);
        assert!(places.iter().all(|place| !world.bases.contains(place)));
        assert_eq!(window.contig.is_some(), window.pieces().len() == 1);
        assert_eq!(tuples.len(), 8);
        for tuple in &tuples {
            check_tuple(&world, &window, &places, tuple);
            seen.observed += u32::from(!tuple.edit_source.as_str().starts_with("synthetic"));
            seen.several += u32::from(tuple.rel_edits.len() > 1);
        }
        seen.windows += 1;
        seen.joined += u32::from(window.contig.is_none());
        assert_eq!(feed.draw(&mut again).unwrap(), (window, tuples));
    }
}

fn check_tuple(
    world: &World,
    window: &WindowContext,
    places: &[(usize, u64)],
    tuple: &TrainingTuple,
) {
    assert_eq!(tuple.source_record_id, window.record_id);
    assert_eq!(tuple.window_start, window.start);
    assert_eq!(*tuple.window_id, window.window_id().unwrap());
    assert_eq!(tuple.targets.len(), tuple.rel_edits.len());
    for (index, edit) in tuple.rel_edits.iter().enumerate() {
        let target = apply_edits(&window.bases, &tuple.rel_edits[..=index], true).unwrap();
        assert_eq!(target, tuple.targets[index]);
        assert_eq!(target.len(), window.bases.len());
        let (record, at) = places[edit.rel_pos().get() as usize];
        let alleles = (edit.ref_bases().to_owned(), edit.alt_bases().to_owned());
        assert!(!world.keys.contains(&(record, at + 1, alleles.0, alleles.1)));
    }
    if !tuple.edit_source.as_str().starts_with("synthetic") {
        let places = window.places(&tuple.rel_edits[0]);
        let is_known = |known: &EditSpec| places.contains(&TrimmedVariant::of(known));
        assert!(world.variants.iter().any(is_known));
    }
}

#[test]
fn nothing_held_out_is_ever_emitted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let seen = std::cell::RefCell::new(Seen::default());
    runner
        .run(&case(), |case| {
            check(&case, &mut seen.borrow_mut());
            Ok(())
        })
        .unwrap();
    let seen = seen.into_inner();
    assert!(
        seen.windows > 500 && seen.observed > 100 && seen.joined > 50 && seen.several > 200,
        "{seen:?}"
    );
}

/// A corpus that was loaded without the hold-outs, as by mistake: the feed must not rely on it.
#[test]
fn windows_are_held_against_the_hold_outs_again() {
    let mut world = World::new(&Case {
        lengths: vec![400, 400],
        spans: Vec::new(),
        record: None,
        variants: Vec::new(),
        keys: Vec::new(),
        joining: Joining::File,
        window_bp: 50,
        seed: 3,
    });
    let corpus = world.corpus(Joining::File).unwrap();
    world.holdout.add_record("chr2");
    let (providers, mut rng) = (world.providers(), ChaCha8Rng::seed_from_u64(3));
    let mix = EditMix::default().with_fallbacks(&["gnomad_common=synthetic_snv".parse().unwrap()]);
    let feed = |holdout| {
        let feed = TupleFeed {
            corpus: &corpus,
            providers: &providers,
            mix: &mix,
            holdout,
            window_bp: 50,
        };
        feed.draw(&mut rng)
    };
    let mut feed = feed;
    for _ in 0..200 {
        let (window, _) = feed(&world.holdout).unwrap();
        assert!(window.pieces().iter().all(|piece| &*piece.contig == "chr1"));
    }
    let mut all = world.holdout.clone();
    all.add_record("chr1");
    assert_eq!(
        feed(&all).unwrap_err().code(),
        ErrorCode::TrainingDataloader
    );
}

#[test]
fn a_held_out_window_has_no_tuples_and_a_foreign_edit_is_refused() {
    #[derive(Debug)]
    struct Foreign;
    impl crate::edits::provider::EditProvider for Foreign {
        fn edits(&self, _: &WindowContext, _: usize, _: &mut ChaCha8Rng) -> Result<Vec<RelEdit>> {
            RelEdit::new(BpOffset(0), "T", "G").map(|edit| vec![edit; 3])
        }
    }
    let window = WindowContext::placed("r1", "chr1", BpOffset(5), "ACGT".repeat(10));
    let mut providers = EditProviders::default();
    providers.set(EditSource::GnomadCommon, Foreign);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut build = |holdout: &HoldoutPolicy| {
        let mix = EditMix {
            counts: vec![(EditSource::GnomadCommon, 3)],
            ..EditMix::default()
        };
        build_training_tuples(&window, &providers, &mix, holdout, &mut rng)
    };
    let mut by_record = HoldoutPolicy::none();
    by_record.add_record("r1");
    let mut by_base = HoldoutPolicy::none();
    by_base.add("chr1", Interval::new(BpOffset(44), BpOffset(45)).unwrap());
    assert!(build(&by_record).unwrap().is_empty() && build(&by_base).unwrap().is_empty());
    let error = build(&HoldoutPolicy::none()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputWindowMismatch);
}
