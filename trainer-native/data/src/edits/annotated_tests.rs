use super::*;
use crate::corpus::{CorpusSource, Joining, SourceWeight};
use crate::holdout::HoldoutPolicy;
use genolewm_core::genome::transcript::{Strand, Transcript};
use rand_core::SeedableRng;

fn span(start: u64, end: u64) -> Interval {
    Interval::new(BpOffset(start), BpOffset(end)).unwrap()
}

fn corpus(text: &str) -> Corpus {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let weight = SourceWeight::Fixed(1.0);
    let source = CorpusSource::new(file.path().to_owned(), weight, Joining::Record);
    Corpus::from_sources(&[source], &HoldoutPolicy::none()).unwrap()
}

/// An intron of 1,000 bases, another gene's exon in its middle.
fn introns() -> DeepIntrons {
    let transcript =
        |gene: &str, exons| Transcript::new(gene, "chr1", Strand::Forward, exons).unwrap();
    let outer = transcript("A", vec![span(0, 200), span(1_200, 1_300)]);
    let inner = transcript("B", vec![span(650, 700)]);
    DeepIntrons::of(&Annotation::new([outer, inner]))
}

#[test]
fn introns_keep_away_from_every_exon() {
    let stretches: Vec<_> = introns()
        .stretches
        .iter()
        .map(|&(_, span, _)| span)
        .collect();
    // An edit reaches 31 bases beyond the one that it is drawn at.
    assert_eq!(stretches, [span(300, 519), span(800, 1_069)]);
    let inside = introns().within("1", span(500, 900));
    let stretches: Vec<_> = inside.stretches.iter().map(|&(_, span, _)| span).collect();
    assert_eq!(stretches, [span(500, 519), span(800, 869)]);
    assert!(
        introns()
            .within("chr2", span(500, 900))
            .stretches
            .is_empty()
    );
}

#[test]
fn edits_lie_deep_in_introns_and_have_the_bases_that_are_there() {
    // The corpus has the chromosome as a piece that begins at its base 101.
    let bases = "ACGTTGCAGG".repeat(200);
    let corpus = corpus(&format!(">hg19_chr1_101_2100\n{bases}\n"));
    let introns = Arc::new(introns());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for provider in [IntronEdits::snv(&introns), IntronEdits::indel(&introns)] {
        let mut places = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let edit = provider.anywhere(&corpus, &mut rng).unwrap().unwrap();
            let at = edit.pos().offset();
            let deep = [span(300, 550), span(800, 1_100)];
            assert!(deep.iter().any(|deep| deep.covers(edit.span())), "{edit}");
            let local = at.get() as usize - 100;
            assert!(bases[local..].starts_with(edit.reference()), "{edit}");
            places.insert(at);
        }
        assert!(places.len() > 200, "{}", places.len());
        let window = WindowContext::placed("chr1", "chr1", BpOffset(400), "ACGTTGCAGG".repeat(30));
        let inside = provider.edits(&window, 20, &mut rng).unwrap();
        assert_eq!(inside.len(), 20);
        for edit in inside {
            assert!(window.bases[edit.rel_pos().index()..].starts_with(edit.ref_bases()));
        }
    }
    let elsewhere = corpus_of_another_contig();
    let snv = IntronEdits::snv(&introns);
    assert_eq!(snv.anywhere(&elsewhere, &mut rng).unwrap(), None);
}

#[test]
fn fewer_edits_than_were_asked_for_came_from_a_window_with_a_gap() {
    let bases = format!("{}{}", "N".repeat(100), "ACGTTGCAGG".repeat(10));
    let window = WindowContext::placed("chr1", "chr1", BpOffset(319), bases);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for provider in [IntronEdits::snv, IntronEdits::indel] {
        let edits = provider(&Arc::new(introns())).edits(&window, 8, &mut rng);
        assert_eq!(edits.unwrap().len(), 8);
    }
}

#[test]
fn introns_that_a_small_corpus_lacks_were_drawn() {
    // Of both introns' 488 bases it has the last 40, of which an edit reaches over 31.
    let corpus = corpus(&format!(
        ">hg19_chr1_1061_1200\n{}\n",
        "ACGTTGCA".repeat(20)
    ));
    let snv = IntronEdits::snv(&Arc::new(introns()));
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..100 {
        let edit = snv.anywhere(&corpus, &mut rng).unwrap().unwrap();
        assert!(
            (1_060..1_069).contains(&edit.pos().offset().get()),
            "{edit}"
        );
    }
}

fn corpus_of_another_contig() -> Corpus {
    corpus(&format!(">chr2\n{}\n", "ACGT".repeat(400)))
}

#[test]
fn synonymous_edits_change_no_amino_acid() {
    // ATG, then 60 codons GCA (alanine: any third base), then a stop.
    let coding = format!("ATG{}TAA", "GCA".repeat(60));
    let corpus = corpus(&format!(
        ">chr1\n{}{coding}{}\n",
        "C".repeat(50),
        "C".repeat(50)
    ));
    let table = tempfile::NamedTempFile::new().unwrap();
    let header = "gene\tcontig\tstrand\ttx_start0\ttx_end\texon_starts0\texon_ends";
    let row = format!("A\tchr1\t+\t50\t{0}\t50\t{0}", 50 + coding.len());
    std::fs::write(table.path(), format!("{header}\n{row}\n")).unwrap();
    let found = synonymous(&[table.path().to_owned()], &corpus).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        let edit = found.anywhere(&corpus, &mut rng).unwrap().unwrap();
        // The stop's TAA may become TGA or TAG.
        let inside = edit.pos().offset().get() - 50;
        assert!(inside % 3 == 2 || inside == 184, "{edit}");
        seen.insert(edit.to_string());
    }
    // Three at each of sixty codons, and two of the stop.
    assert_eq!(seen.len(), 182);
    let none = synonymous(&[], &corpus).unwrap();
    assert_eq!(none.anywhere(&corpus, &mut rng).unwrap(), None);
}
