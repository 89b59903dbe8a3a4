use super::*;
use crate::genome::consequence::Consequence;
use crate::genome::transcript::Standing;
use std::collections::BTreeSet;

fn span(start: u64, end: u64) -> Interval {
    Interval::new(BpOffset(start), BpOffset(end)).unwrap()
}

/// A transcript of a contig that is `dna`.
fn transcript(
    contig: &str,
    strand: Strand,
    exons: &[Interval],
    (coding, phase): (Interval, usize),
    dna: &str,
) -> Transcript {
    let mut transcript = Transcript::new("G", contig, strand, exons.to_vec()).unwrap();
    transcript.set_coding(&[coding], phase);
    let codes = bases::encode(dna);
    transcript.set_bases(&|_, span: Interval| {
        let bases = codes.get(span.start.get() as usize..span.end.get() as usize);
        bases.map(<[u8]>::to_vec)
    });
    transcript
}

fn told(transcript: &Transcript, edit: &str) -> String {
    let effect = Effect::of(&edit.parse().unwrap(), [transcript].into_iter());
    effect.consequence()
}

fn consequence(transcript: &Transcript, edit: &str) -> Consequence {
    transcript.consequence(&edit.parse().unwrap())
}

#[test]
fn an_edit_in_an_intron_under_13_bases_had_no_term() {
    let dna = "A".repeat(100);
    // Introns 20..30 before the coding part, 40..45 in it, 60..72 behind it.
    let exons = [span(10, 20), span(30, 40), span(45, 60), span(72, 90)];
    for (strand, before, behind) in [
        (
            Strand::Forward,
            "5_prime_UTR_variant",
            "3_prime_UTR_variant",
        ),
        (
            Strand::Reverse,
            "3_prime_UTR_variant",
            "5_prime_UTR_variant",
        ),
    ] {
        let coding = transcript("1", strand, &exons, (span(30, 60), 0), &dna);
        for edit in ["1:25:A:C", "1:25:A:AC", "1:24:AA:A"] {
            assert_eq!(told(&coding, edit), before, "{edit}");
        }
        assert_eq!(told(&coding, "1:43:A:C"), "coding_sequence_variant");
        assert_eq!(told(&coding, "1:42:A:AC"), "coding_sequence_variant");
        assert_eq!(told(&coding, "1:65:A:C"), behind);
        let other = Transcript::new("G", "1", strand, exons.to_vec()).unwrap();
        assert_eq!(told(&other, "1:43:A:C"), "non_coding_transcript_variant");
    }
}

#[test]
fn bases_of_a_cut_first_codon_were_told_as_untranslated() {
    let dna = "A".repeat(60);
    for (strand, coding, cut, first, outside) in [
        // Positions of the cut codon's bases, of the first whole codon, and of what lies before.
        (Strand::Forward, span(20, 40), [21, 22], 23, 20),
        (Strand::Reverse, span(20, 40), [40, 39], 38, 41),
    ] {
        let exons = [span(10, 50)];
        let transcript = transcript("1", strand, &exons, (coding, 2), &dna);
        for at in cut {
            let edit = format!("1:{at}:A:C");
            assert_eq!(told(&transcript, &edit), "coding_sequence_variant");
            assert_eq!(consequence(&transcript, &edit), Consequence::Exon);
        }
        let edit = format!("1:{outside}:A:C");
        assert_eq!(told(&transcript, &edit), "5_prime_UTR_variant");
        assert_eq!(consequence(&transcript, &edit), Consequence::Utr5);
        assert_eq!(
            told(&transcript, &format!("1:{first}:A:C")),
            "missense_variant"
        );
        // Between the cut codon and the whole one.
        let anchor = first.min(cut[1]);
        let insertion = format!("1:{anchor}:A:AC");
        assert_eq!(told(&transcript, &insertion), "coding_sequence_variant");
        assert_eq!(
            consequence(&transcript, &insertion),
            Consequence::Frameshift
        );
    }
}

#[test]
fn mitochondrial_genes_were_told_by_the_code_of_chromosomes() {
    // Methionine, tryptophan, methionine, threonine, stop: ATA TGA ATG ACC AGA.
    let dna = format!("CC{}CC", "ATATGAATGACCAGA");
    let of = |contig: &str| {
        let whole = (span(2, 17), 0);
        transcript(contig, Strand::Forward, &[span(0, 19)], whole, &dna)
    };
    let mitochondrion = of("chrM");
    for (edit, terms) in [
        // To ATG, to ATC, which begins proteins too, and to ACA.
        ("M:5:A:G", "synonymous_variant"),
        ("M:5:A:C", "synonymous_variant"),
        ("M:4:T:C", "start_lost"),
        // TGA to TGG and to TAA.
        ("M:8:A:G", "synonymous_variant"),
        ("M:7:G:A", "stop_gained"),
        // ATG to ATA and to ATT.
        ("M:11:G:A", "synonymous_variant"),
        ("M:11:G:T", "missense_variant"),
        // AGA to AGG and to ACA.
        ("M:17:A:G", "stop_retained_variant"),
        ("M:16:G:C", "stop_lost"),
    ] {
        assert_eq!(told(&mitochondrion, edit), terms, "{edit}");
        let one = consequence(&mitochondrion, edit).term();
        let same = one.as_str() == terms || terms == "stop_retained_variant";
        assert!(same, "{edit} {one:?}");
    }
    let chromosome = of("1");
    assert_eq!(told(&chromosome, "1:8:A:G"), "stop_lost");
    assert_eq!(told(&chromosome, "1:17:A:G"), "synonymous_variant");
}

#[test]
fn an_insertion_before_a_contigs_first_base_was_told_inside_its_first_transcript() {
    let dna = "A".repeat(40);
    for (strand, terms) in [
        (Strand::Forward, "upstream_gene_variant"),
        (Strand::Reverse, "downstream_gene_variant"),
    ] {
        let first = transcript("1", strand, &[span(0, 30)], (span(0, 30), 0), &dna);
        assert_eq!(told(&first, "1:1:A:CA"), terms);
        let later = transcript("1", strand, &[span(4, 30)], (span(4, 30), 0), &dna);
        assert_eq!(told(&later, "1:5:A:CA"), terms);
    }
}

#[test]
fn many_genes_near_an_edit_were_searched_one_by_one() {
    // Eight transcripts of each of 20,000 genes: the search compared names 1.6 billion times.
    let genes: Vec<Transcript> = (0..160_000)
        .map(|at| {
            let (gene, name) = (format!("G{:05}", at / 8), format!("T{at:06}"));
            let exons = [span(100, 200)].to_vec();
            let transcript = Transcript::new(&gene, "1", Strand::Forward, exons).unwrap();
            transcript.named(&name, Standing::None)
        })
        .collect();
    let names: BTreeSet<&str> = genes.iter().map(Transcript::gene).collect();
    assert_eq!(names.len(), 20_000);
    let effect = Effect::of(&"1:150:A:C".parse().unwrap(), genes.iter().rev());
    assert_eq!(
        (effect.gene(), effect.transcript()),
        (Some("G00000"), Some("T000000"))
    );
}

#[test]
fn a_transcript_whose_exons_are_far_apart_was_fetched_for_ever() {
    let exons = [span(10, 20), span(9_000_000, 9_000_010)].to_vec();
    let mut far = Transcript::new("G", "1", Strand::Forward, exons).unwrap();
    far.set_coding(&[span(10, 20)], 0);
    let mut fetched = 0;
    far.try_set_bases(&mut |_, _| {
        fetched += 1;
        Ok(None)
    })
    .unwrap();
    assert!(far.has_bases());
    assert_eq!(fetched, 0);
    assert_eq!(told(&far, "1:12:A:C"), "coding_sequence_variant");
    assert_eq!(told(&far, "1:5000:A:C"), "intron_variant");
}
