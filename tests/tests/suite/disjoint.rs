//! What is trained on, what calibrates and what is measured: three parts of the genome that share no
//! base, by the built-in model's own files.

// All of this file is test code, its helpers too.
#![allow(clippy::panic, clippy::expect_used)]

use genolewm_core::ErrorCode;
use genolewm_core::edit::{AlleleForm, EditSpec};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_data::corpus::Corpus;
use genolewm_data::corpus::local::LocalRecord;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::variants::{LabelledVariant, read_variants};
use genolewm_evaluate::measure::clinvar::selected;
use genolewm_evaluate::variants::{Bounds, Side};
use genolewm_tests::{Dir, dir, genome};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Bases of a window of the built-in model, and of its blocks of calibration and percentile test.
const WINDOW_BP: u64 = 4_096;
const BLOCK_BP: u64 = 50_000;
/// The files whose regions are kept apart from training, and from one another.
const MEASURED: [&str; 4] = [
    "calibration.bed",
    "percentile_test.bed",
    "evaluation.bed",
    "validation.bed",
];

/// A line of a BED file; a record without a span is held out whole.
#[derive(Debug, Clone, PartialEq)]
struct Region {
    contig: String,
    span: Option<Interval>,
}

fn builtin(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../models/builtin")
        .join(name)
}

/// The lines of one of the built-in model's files: read here, not by the code under test.
fn regions(name: &str) -> Vec<Region> {
    let text = std::fs::read_to_string(builtin(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let regions: Vec<Region> = lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let number = |index: usize| BpOffset(fields[index].parse().expect("a number"));
            Region {
                contig: fields[0].to_owned(),
                span: (fields.len() > 1).then(|| Interval {
                    start: number(1),
                    end: number(2),
                }),
            }
        })
        .collect();
    assert!(
        !regions.is_empty(),
        "{name} is empty and would test nothing"
    );
    regions
}

/// On its chromosome, where a region is a record cut from one.
fn on_chromosome(region: &Region) -> Region {
    match LocalRecord::parse(&region.contig) {
        Some(local) => Region {
            contig: local.contig,
            span: Some(local.span),
        },
        None => region.clone(),
    }
}

fn share_a_base(a: &Region, b: &Region) -> bool {
    let spans = a.span.zip(b.span);
    a.contig == b.contig && spans.is_none_or(|(a, b)| a.intersects(b))
}

fn window_around(at: u64) -> Interval {
    Interval {
        start: BpOffset(at.saturating_sub(WINDOW_BP / 2)),
        end: BpOffset(at + WINDOW_BP / 2),
    }
}

#[test]
fn every_region_that_is_measured_is_held_out() {
    let held = regions("holdout.bed");
    for file in MEASURED {
        for region in regions(file) {
            let is_held = held.iter().any(|held| {
                held.contig == region.contig
                    && match (held.span, region.span) {
                        (None, _) => true,
                        (Some(_), None) => false,
                        (Some(held), Some(span)) => {
                            held.start <= span.start && span.end <= held.end
                        }
                    }
            });
            assert!(is_held, "{file}: {region:?} may be trained on");
        }
    }
}

#[test]
fn calibration_test_evaluation_and_validation_share_no_base() {
    for (index, one) in MEASURED.iter().enumerate() {
        for other in &MEASURED[index + 1..] {
            for a in regions(one).iter().map(on_chromosome) {
                for b in regions(other).iter().map(on_chromosome) {
                    assert!(!share_a_base(&a, &b), "{one} {a:?}, {other} {b:?}");
                }
            }
        }
    }
}

#[test]
fn blocks_follow_their_rule_and_a_third_stays_for_training() {
    for (file, remainder) in [("calibration.bed", 1), ("percentile_test.bed", 2)] {
        let blocks = regions(file);
        assert!(blocks.len() >= 13, "{file}");
        for block in blocks {
            let span = block.span.expect("a block has a span");
            let index = span.start.get() / BLOCK_BP;
            assert_eq!(
                (span.len_bp(), index % 3),
                (BLOCK_BP, remainder),
                "{block:?}"
            );
            assert_eq!(span.start.get() % BLOCK_BP, 0, "{block:?}");
        }
    }
    let holdout = HoldoutPolicy::read(&builtin("holdout.bed")).expect("a hold-out");
    let third = Interval::new(BpOffset(1_050_000), BpOffset(1_100_000)).expect("a span");
    assert!(!holdout.touches("chr20", third));
}

/// Sequence under the contigs' real names and coordinates, as far as chr22:22.1 Mb: G and C where it
/// is measured or otherwise held out, A and T where it may train, N elsewhere.
fn marked_genome(dir: &Dir) {
    let held = regions("holdout.bed");
    let mut fasta = String::new();
    for (contig, end_bp) in [
        ("chr20", 2_100_000),
        ("chr21", 26_100_000),
        ("chr22", 22_100_000),
    ] {
        let mut bases = vec![b'N'; end_bp];
        let spans: Vec<Interval> = held
            .iter()
            .filter(|region| region.contig == contig)
            .filter_map(|region| region.span)
            .filter(|span| span.end.get() <= end_bp as u64)
            .collect();
        for span in &spans {
            let around = span.start.get() as usize - 60_000..span.end.get() as usize + 60_000;
            let last = around.end.min(end_bp);
            for (index, base) in bases[around.start..last].iter_mut().enumerate() {
                *base = b"AT"[(index * index / 7) % 2];
            }
        }
        for span in &spans {
            let span = span.start.get() as usize..span.end.get() as usize;
            for (index, base) in bases[span].iter_mut().enumerate() {
                *base = b"GC"[(index * index / 7) % 2];
            }
        }
        let _ = writeln!(fasta, ">{contig}\n{}", String::from_utf8_lossy(&bases));
    }
    let records = held.iter().filter(|region| region.span.is_none());
    for (index, record) in records.enumerate().filter(|(index, _)| index % 50 == 0) {
        let bases = "GC".repeat(3_000 + index);
        let _ = writeln!(fasta, ">{}\n{bases}", record.contig);
    }
    dir.create("marked.fa", fasta);
    dir.create(
        "corpus.tsv",
        format!("{}\t1\trecord\n", dir.path("marked.fa").display()),
    );
}

#[test]
fn the_corpus_emits_no_base_that_is_held_out() {
    let dir = dir!();
    marked_genome(&dir);
    let corpus = Corpus::open(&dir.path("corpus.tsv"), &builtin("holdout.bed")).expect("a corpus");
    let contigs: Vec<(String, u64)> = corpus
        .contigs()
        .map(|(name, length_bp)| (name.to_owned(), length_bp))
        .collect();
    assert_eq!(contigs.len(), 3, "a held-out record was read: {contigs:?}");
    // All that is stored, and with it all that a window can be drawn from.
    let mut stored = 0;
    for (contig, length_bp) in &contigs {
        let whole = Interval::new(BpOffset(0), BpOffset(*length_bp)).expect("a span");
        let bases = corpus.fetch(contig, whole).expect("a contig");
        let held = bases.iter().position(|&base| base == 1 || base == 2);
        assert_eq!(held, None, "{contig}");
        stored += bases.iter().filter(|&&base| base == 0 || base == 3).count() as u64;
    }
    assert_eq!(stored, corpus.len_bp());
    assert!(
        stored > 14 * BLOCK_BP,
        "{stored}: too little is left to test anything"
    );
}

/// Edits and windows at every edge of every held-out region, on either side of it.
#[test]
fn what_ensembles_are_fitted_to_touches_nothing_held_out() {
    let holdout = HoldoutPolicy::read(&builtin("holdout.bed")).expect("a hold-out");
    let bounds = Bounds {
        holdout: &holdout,
        calibration: None,
    };
    let held = regions("holdout.bed");
    let (mut training, mut measured) = (0, 0);
    for region in held.iter().filter(|region| region.span.is_some()) {
        let span = region.span.expect("a span");
        let edges = [span.start.get(), span.end.get()];
        let near = edges.iter().flat_map(|edge| {
            [
                -4_096_i64, -2_049, -2_048, -1, 0, 1, 2_047, 2_048, 2_049, 4_096,
            ]
            .map(|offset| edge.saturating_add_signed(offset))
        });
        for at in near {
            let window = window_around(at);
            let edit = edit(&region.contig, at);
            let place = Region {
                contig: region.contig.clone(),
                span: Some(window),
            };
            let touches = held.iter().any(|held| share_a_base(held, &place));
            let against = |side| bounds.speaks_against(side, &edit, Some(window));
            assert_eq!(against(Side::Training).is_none(), !touches, "{edit}");
            if against(Side::HeldOut(None)).is_none() {
                assert!(touches, "{edit}");
                measured += 1;
            }
            training += u64::from(!touches);
        }
    }
    assert!(training > 50 && measured > 50, "{training} {measured}");
}

fn edit(contig: &str, at: u64) -> EditSpec {
    EditSpec::new(contig, BpOffset(at).position(), "A", "C").expect("an edit")
}

/// The real files, where `GENOLEWM_DATA` says that they are; their absence elsewhere leaves the tests
/// above, which need none.
#[test]
fn the_real_files_keep_apart_too() {
    let Some(data) = std::env::var_os("GENOLEWM_DATA").map(PathBuf::from) else {
        return;
    };
    let corpus = Corpus::open(&builtin("corpus.tsv"), &builtin("holdout.bed")).expect("a corpus");
    for region in regions("holdout.bed") {
        match region.span {
            None => assert_eq!(corpus.contig_len_bp(&region.contig), None, "{region:?}"),
            Some(span) => {
                let bases = corpus.fetch(&region.contig, span).unwrap_or_default();
                assert!(bases.iter().all(|&base| base > 3), "{region:?} is emitted");
            }
        }
    }
    let holdout = HoldoutPolicy::read(&builtin("holdout.bed")).expect("a hold-out");
    let bounds = Bounds {
        holdout: &holdout,
        calibration: None,
    };
    let vcf = data.join("clinvar/clinvar_20170404.hg19.local.vcf.gz");
    let set = read_variants(&vcf, AlleleForm::Canonical, ErrorCode::EvalDataset).expect("variants");
    let held = regions("holdout.bed");
    let (mut fitted, mut measured) = (0, 0);
    for LabelledVariant { edit, .. } in set.variants.into_iter().filter(selected) {
        let window = window_around(edit.pos().offset().get());
        let place = on_this_chromosome(&edit, window);
        let touches = held
            .iter()
            .any(|held| share_a_base(&on_chromosome(held), &place));
        let on = |side| bounds.speaks_against(side, &edit, Some(window)).is_none();
        assert!(
            !on(Side::Training) || !touches,
            "{edit} is held out and fitted to"
        );
        assert!(
            !on(Side::HeldOut(None)) || touches,
            "{edit} is measured and trained on"
        );
        assert!(!(on(Side::HeldOut(None)) && on(Side::Training)), "{edit}");
        fitted += u64::from(on(Side::Training));
        measured += u64::from(on(Side::HeldOut(None)));
    }
    assert!(fitted > 500 && measured > 2_000, "{fitted} {measured}");
}

/// A window on the chromosome that an edit's record may be a piece of.
fn on_this_chromosome(edit: &EditSpec, window: Interval) -> Region {
    let local = LocalRecord::parse(edit.chrom());
    let shift = local.as_ref().map_or(0, |local| local.span.start.get());
    Region {
        contig: local.map_or_else(|| edit.chrom().to_owned(), |local| local.contig),
        span: Some(Interval {
            start: BpOffset(window.start.get() + shift),
            end: BpOffset(window.end.get() + shift),
        }),
    }
}

#[test]
fn a_table_is_made_from_whole_windows_of_common_variants_in_several_references() {
    let dir = dir!();
    genome::write_reference(&dir);
    let head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let row = |contig: u64, pos: usize, filter: &str, af: &str| {
        let base = genome::base(contig, pos);
        let other = genome::other(base);
        format!("chr{contig}\t{pos}\t.\t{base}\t{other}\t.\t{filter}\tAF={af}\n")
    };
    // In the first 5,000 bases: one whose window does not leave them, one whose window does, one that
    // is rare and one that a filter speaks against.
    let one = row(1, 100, "PASS", "0.2") + &row(1, 200, ".", "0.001");
    let one = one + &row(1, 300, "q10", "0.3") + &row(1, 4_900, "PASS", "0.2");
    dir.create("one.vcf", format!("{head}{one}"));
    let two = row(2, 100, "PASS", "0.01") + &row(2, 700, "PASS", "0.5");
    dir.create("two.vcf", format!("{head}{two}"));
    dir.create("regions.bed", "chr1\t0\t5000\nchr2\t0\t6000\n");
    let run = "calibrate --vcf one.vcf --fasta ref.fa --vcf two.vcf --fasta ref.fa --min-af 0.01 \
               --regions regions.bed --min-bucket-size 1 -o table.parquet";
    let variants = |flags: &str| -> String {
        let table = dir.run(&format!("{run} {flags}")).ok().stdout();
        let all = table
            .lines()
            .find(|line| line.trim_start().starts_with('*'));
        let all = all.unwrap_or_else(|| panic!("{table}"));
        all.split_whitespace().nth(1).expect("a count").to_owned()
    };
    assert_eq!(variants("--whole-windows"), "3");
    assert_eq!(variants(""), "4");
    let one_reference = run.replace("--vcf two.vcf --fasta ref.fa", "--vcf two.vcf");
    dir.run(&one_reference).fails("INPUT.GENERIC", 2);
}
