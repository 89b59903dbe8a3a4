use super::*;
use crate::bases;
use crate::corpus::Joining;
use crate::holdout::policy::parse_region;
use genolewm_core::ErrorCode;
use genolewm_core::position::BpOffset;
use rand_core::SeedableRng;
use std::path::PathBuf;

fn source(path: PathBuf, joining: Joining) -> CorpusSource {
    CorpusSource::new(path, SourceWeight::Fixed(1.0), joining)
}

/// A corpus of one file, which need not outlive the call: it is read whole.
fn corpus(text: &str, joining: Joining, holdout: &HoldoutPolicy) -> Result<Corpus> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Corpus::from_sources(&[source(file.path().to_owned(), joining)], holdout)
}

fn random_bases(seed: u64, length: usize) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..length)
        .map(|_| bases::letter(below(&mut rng, 4) as u8))
        .collect()
}

fn span(start: u64, end: u64) -> Interval {
    Interval::new(BpOffset(start), BpOffset(end)).unwrap()
}

/// Held-out bases are written as G into sequence without any G or C, so that a window that reached
/// one could not hide it, whatever its coordinates claim.
#[test]
fn no_window_touches_what_is_held_out() {
    let mut sampled = 0;
    for case in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(case);
        let records = 1 + below(&mut rng, 5);
        let whole = below(&mut rng, 8);
        let (mut holdout, mut text) = (HoldoutPolicy::none(), String::new());
        for index in 0..records {
            let name = format!("record{index}");
            let length = 1 + below(&mut rng, 1_500);
            let letters = random_bases(case + 1_000 * index, length as usize)
                .replace('G', "A")
                .replace('C', "T");
            let mut letters = letters.into_bytes();
            for _ in 0..below(&mut rng, 4) {
                let (start, size) = (below(&mut rng, 1_500), below(&mut rng, 400));
                holdout.add(&name, span(start, start + size));
                letters
                    .iter_mut()
                    .skip(start as usize)
                    .take(size as usize)
                    .for_each(|base| *base = b'G');
            }
            if index == whole {
                holdout.add_record(&name);
                letters.fill(b'G');
            }
            text.push_str(&format!(
                ">{name}\n{}\n",
                String::from_utf8(letters).unwrap()
            ));
        }
        let joining = if case % 2 == 0 {
            Joining::File
        } else {
            Joining::Record
        };
        let Ok(corpus) = corpus(&text, joining, &holdout) else {
            continue;
        };
        let len_bp = 1 + below(&mut rng, 80);
        for _ in 0..50 {
            let Ok(window) = corpus.sample_window(&mut rng, len_bp as usize) else {
                break;
            };
            assert!(
                window.bases.iter().all(|&code| code == 0 || code == 3),
                "{window:?}"
            );
            assert!(
                window
                    .pieces
                    .iter()
                    .all(|piece| !holdout.touches(&piece.contig, piece.span)),
                "{window:?}"
            );
            assert_eq!(
                window
                    .pieces
                    .iter()
                    .map(|piece| piece.span.len_bp())
                    .sum::<u64>(),
                len_bp
            );
            assert!(joining == Joining::File || window.pieces.len() == 1);
            sampled += 1;
        }
        for index in 0..records {
            let fetched = corpus
                .fetch(&format!("record{index}"), span(0, 1_600))
                .unwrap_or_default();
            assert!(fetched.iter().all(|&code| code != 2));
        }
    }
    assert!(sampled > 5_000, "{sampled}");
}

/// What a window says it is can be fetched again, and the same seed draws it again.
#[test]
fn windows_are_where_they_say() {
    for seed in 0..200 {
        let bases_of = |part, length| random_bases(4 * seed + part, length);
        let (gap, long_gap) = ("NNN", "N".repeat(150));
        let text = format!(
            ">a\n{}{gap}{}\n>b\n{}{long_gap}{}\n",
            bases_of(0, 500),
            bases_of(1, 400),
            bases_of(2, 450),
            bases_of(3, 301),
        );
        let joining = if seed % 2 == 0 {
            Joining::File
        } else {
            Joining::Record
        };
        let corpus = corpus(&text, joining, &HoldoutPolicy::none()).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut again = rng.clone();
        let len_bp = 1 + (seed as usize * 37) % 300;
        let window = corpus.sample_window(&mut rng, len_bp).unwrap();
        let mut fetched: Vec<u8> = window
            .pieces
            .iter()
            .flat_map(|piece| corpus.fetch(&piece.contig, piece.span).unwrap())
            .collect();
        if window.reverse_complemented {
            bases::reverse_complement(&mut fetched);
        }
        assert_eq!(fetched, window.bases);
        assert_eq!(
            (&window.contig, window.start),
            (&window.pieces[0].contig, window.pieces[0].span.start)
        );
        assert!(fetched.iter().filter(|&&code| code == bases::N).count() * 50 <= len_bp);
        assert_eq!(corpus.sample_window(&mut again, len_bp).unwrap(), window);
    }
}

#[test]
fn positions_phases_strands_and_weights_are_even() {
    let directory = tempfile::tempdir().unwrap();
    let mut sources = Vec::new();
    for (name, weight, seed) in [("a", 3.0, 1), ("b", 1.0, 2)] {
        let path = directory.path().join(name);
        std::fs::write(&path, format!(">{name}\n{}\n", random_bases(seed, 2_000))).unwrap();
        sources.push(CorpusSource {
            weight: SourceWeight::Fixed(weight),
            ..source(path, Joining::Record)
        });
    }
    let corpus = Corpus::from_sources(&sources, &HoldoutPolicy::none()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut of_a, mut reverse, mut first_half, mut phases) = (0, 0, 0, [0; 6]);
    for _ in 0..12_000 {
        let window = corpus.sample_window(&mut rng, 200).unwrap();
        of_a += u32::from(&*window.contig == "a");
        reverse += u32::from(window.reverse_complemented);
        first_half += u32::from(window.start.get() < 900);
        phases[(window.start.get() % 6) as usize] += 1;
    }
    assert!((8_700..9_300).contains(&of_a), "{of_a}");
    assert!((5_700..6_300).contains(&reverse), "{reverse}");
    assert!((5_700..6_300).contains(&first_half), "{first_half}");
    assert!(
        phases.iter().all(|count| (1_800..2_200).contains(count)),
        "{phases:?}"
    );
}

#[test]
fn unknown_and_held_out_bases_are_fetched_as_n() {
    let mut holdout = HoldoutPolicy::none();
    let (contig, interval) = parse_region("a:3-4").unwrap();
    holdout.add(&contig, interval);
    let corpus = corpus(
        &format!(">a\nacGTAC{}TT\n", "N".repeat(100)),
        Joining::Record,
        &holdout,
    )
    .unwrap();
    assert_eq!(
        bases::decode(&corpus.fetch("a", span(0, 7)).unwrap()),
        "ACNNACN"
    );
    assert_eq!(
        bases::decode(&corpus.fetch("a", span(105, 110)).unwrap()),
        "NTTNN"
    );
    assert_eq!((corpus.len_bp(), corpus.contig_len_bp("a")), (6, Some(108)));
    assert!(corpus.fetch("b", span(0, 1)).is_none());
}

#[test]
fn an_edit_lay_on_a_piece_of_another_assembly() {
    let of = |names: [&str; 2]| {
        let bases = |seed| random_bases(seed, 100);
        let [one, other] = names;
        let text = format!(">{one}\n{}\n>{other}\n{}\n", bases(1), bases(2));
        corpus(&text, Joining::Record, &HoldoutPolicy::none()).unwrap()
    };
    let record = |corpus: &Corpus, at: u64| {
        let stretch = corpus.stretch("chr4", span(at, at + 10));
        stretch.map(|(_, piece)| piece.contig.to_string())
    };
    let two = of(["hg19_chr4_101_200", "mm10_chr4_201_300"]);
    assert_eq!((record(&two, 120), record(&two, 220)), (None, None));
    assert!(two.known("4").is_empty());
    let one = of(["hg19_chr4_101_200", "hg19_chr4_201_300"]);
    assert_eq!(record(&one, 220).as_deref(), Some("hg19_chr4_201_300"));
    assert_eq!(one.known("4"), [span(100, 200), span(200, 300)]);
    // A record of the chromosome's name is what an edit names.
    let whole = of(["hg19_chr4_1_100", "chr4"]);
    assert_eq!(record(&whole, 20).as_deref(), Some("chr4"));
}

#[test]
fn a_repeated_record_counts_once_and_only_restricts() {
    let directory = tempfile::tempdir().unwrap();
    let (path, bed) = (
        directory.path().join("in.fa"),
        directory.path().join("only.bed"),
    );
    std::fs::write(&path, ">a\nACGTACGT\n>b\nACGTACGT\n>c\nTTTT\n").unwrap();
    let mut whole = source(path, Joining::Record);
    let none = HoldoutPolicy::none();
    assert_eq!(
        Corpus::from_sources(std::slice::from_ref(&whole), &none)
            .unwrap()
            .len_bp(),
        12
    );
    std::fs::write(&bed, "a\t2\t5\nc\n").unwrap();
    whole.only = Some(bed);
    let corpus = Corpus::from_sources(&[whole], &none).unwrap();
    assert_eq!(corpus.len_bp(), 7);
    assert_eq!(
        bases::decode(&corpus.fetch("a", span(0, 8)).unwrap()),
        "NNGTANNN"
    );
}

#[test]
fn too_long_windows_and_empty_corpora_are_errors() {
    let corpus = corpus(">a\nACGT\n", Joining::Record, &HoldoutPolicy::none()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    assert_eq!(
        corpus.sample_window(&mut rng, 5).unwrap_err().code(),
        ErrorCode::TrainingDataloader
    );
    assert!(super::tests::corpus(">a\nNNNN\n", Joining::Record, &HoldoutPolicy::none()).is_err());
}

/// Writes rows as JSONL and loads them.
fn rows(text: &str, weight: SourceWeight, holdout: &HoldoutPolicy) -> Result<Corpus> {
    let file = tempfile::Builder::new()
        .suffix(".jsonl")
        .tempfile()
        .unwrap();
    std::fs::write(file.path(), text).unwrap();
    let source = CorpusSource::new(file.path().to_owned(), weight, Joining::Record);
    Corpus::from_sources(&[source], holdout)
}

#[test]
fn placed_rows_keep_their_places_and_hold_outs() {
    let bases = random_bases(1, 400);
    let row = |at: usize| {
        let sequence = &bases[at..at + 200];
        format!(
            "{{\"sequence\": \"{sequence}\", \"source\": \"mrna\", \"chrom\": \"chr1\", \
             \"start_bp\": {}}}\n",
            1_000 + at
        )
    };
    let mut holdout = HoldoutPolicy::none();
    holdout.add("1", span(1_250, 1_260));
    let text = row(0) + &row(200);
    let corpus = rows(&text, SourceWeight::Fixed(1.0), &holdout).unwrap();
    assert_eq!(corpus.len_bp(), 390);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..200 {
        let mut window = corpus.sample_window(&mut rng, 40).unwrap();
        let at = window.start.get();
        assert!(at + 40 <= 1_250 || at >= 1_260, "{at}");
        if window.reverse_complemented {
            bases::reverse_complement(&mut window.bases);
        }
        let from = at as usize - 1_000;
        assert_eq!(bases::decode(&window.bases), bases[from..from + 40]);
    }
}

#[test]
fn classes_follow_the_mix_whatever_they_hold() {
    let row = |class: &str, seed: u64, length: usize| {
        let sequence = random_bases(seed, length);
        format!(
            "{{\"sequence\": \"{sequence}\", \"source\": \"{class}\", \"id\": \"{class}{seed}\"}}\n"
        )
    };
    // One class is split over two records, one is missing.
    let text = row("mrna", 1, 4_000)
        + &row("gtdb", 2, 500)
        + &row("mrna", 3, 4_000)
        + &row("generator", 4, 1_000);
    let corpus = rows(&text, SourceWeight::Mix, &HoldoutPolicy::none()).unwrap();
    assert_eq!(corpus.source_len_bp(), [1_000, 8_000, 500]);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut drawn = std::collections::BTreeMap::new();
    for _ in 0..9_000 {
        let window = corpus.sample_window(&mut rng, 1).unwrap();
        *drawn.entry(window.contig.to_string()).or_insert(0_u32) += 1;
    }
    let drawn: Vec<u32> = drawn.into_values().collect();
    // Of 0.50, 0.25 and 0.15, in the order of names: generator, gtdb, mrna twice.
    let wanted = [5_000, 1_500, 1_250, 1_250];
    let near = |(count, want): (&u32, u32)| count.abs_diff(want) < 150;
    assert!(drawn.iter().zip(wanted).all(near), "{drawn:?}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), ">a\nACGT\n").unwrap();
    let classless = CorpusSource::new(file.path().to_owned(), SourceWeight::Mix, Joining::Record);
    let error = Corpus::from_sources(&[classless], &HoldoutPolicy::none()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TrainingDataloader);
}
