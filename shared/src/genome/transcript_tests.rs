use super::*;
use crate::bases::complement;
use crate::genome::consequence::Consequence;
use std::collections::BTreeMap;

/// Three exons of a transcript with a frame of 60 codons, on a contig whose other bases are A.
/// Exon bounds fall inside codons.
struct Genome {
    contig: Vec<u8>,
    exons: Vec<Interval>,
    mrna: String,
}

fn span(start: u64, end: u64) -> Interval {
    Interval::new(BpOffset(start), BpOffset(end)).unwrap()
}

fn genome(strand: Strand) -> Genome {
    let mrna = format!("CCCCCATG{}TGGTAA{}", "GCA".repeat(60), "C".repeat(20));
    let mut exons = vec![span(100, 150), span(200, 261)];
    exons.push(span(300, 300 + (mrna.len() - 111) as u64));
    let mut codes = bases::encode(&mrna);
    if strand == Strand::Reverse {
        bases::reverse_complement(&mut codes);
    }
    let mut contig = vec![0; 600];
    let mut left = codes.as_slice();
    for exon in &exons {
        let (here, rest) = left.split_at(exon.len_bp() as usize);
        contig[exon.start.get() as usize..exon.end.get() as usize].copy_from_slice(here);
        left = rest;
    }
    Genome {
        contig,
        exons,
        mrna,
    }
}

fn transcript(strand: Strand) -> (Genome, Transcript) {
    let genome = genome(strand);
    let mut transcript = Transcript::new("G", "c", strand, genome.exons.clone()).unwrap();
    transcript.set_bases(&fetch(&genome));
    (genome, transcript)
}

fn fetch(genome: &Genome) -> impl Fn(&str, Interval) -> Option<Vec<u8>> + '_ {
    |_, span| {
        genome
            .contig
            .get(span.start.get() as usize..span.end.get() as usize)
            .map(<[u8]>::to_vec)
    }
}

#[test]
fn splicing_goes_both_ways_and_finds_the_frame() {
    for strand in [Strand::Forward, Strand::Reverse] {
        let (genome, transcript) = transcript(strand);
        assert_eq!(bases::decode(&transcript.spliced), genome.mrna);
        assert_eq!(transcript.coding(), Some(5..5 + 3 + 180 + 6));
        for at in 0..transcript.spliced_bp() {
            let offset = transcript.contig_offset(at).unwrap();
            assert_eq!(transcript.spliced_offset(offset), Some(at));
        }
        assert_eq!(transcript.contig_offset(transcript.spliced_bp()), None);
        assert_eq!(transcript.spliced_offset(BpOffset(150)), None);
        assert_eq!(transcript.spliced_offset(BpOffset(5_000)), None);
    }
}

/// Consequence of putting `base` (of the transcript's strand) at a place of the spliced transcript.
fn at_spliced(transcript: &Transcript, at: usize, base: char) -> Consequence {
    let mut code = bases::code(base as u8);
    if transcript.strand() == Strand::Reverse {
        code = complement(code);
    }
    transcript.snv_consequence(transcript.contig_offset(at).unwrap(), code)
}

#[test]
fn substitutions_have_their_consequences_on_both_strands() {
    for strand in [Strand::Forward, Strand::Reverse] {
        let (_, transcript) = transcript(strand);
        // Spliced: five untranslated bases, ATG, 60 GCA (Ala), TGG (Trp), TAA, 20 untranslated.
        assert_eq!(at_spliced(&transcript, 1, 'A'), Consequence::Utr5);
        assert_eq!(at_spliced(&transcript, 5, 'G'), Consequence::StartLost);
        assert_eq!(at_spliced(&transcript, 8 + 2, 'T'), Consequence::Synonymous);
        assert_eq!(
            at_spliced(&transcript, 8 + 1, 'A'),
            Consequence::Missense { blosum62: -1 }
        );
        assert_eq!(
            at_spliced(&transcript, 8 + 180 + 2, 'A'),
            Consequence::StopGained
        );
        assert_eq!(
            at_spliced(&transcript, 8 + 180 + 3, 'C'),
            Consequence::StopLost
        );
        assert_eq!(
            at_spliced(&transcript, 8 + 180 + 3 + 1, 'G'),
            Consequence::Synonymous
        );
        assert_eq!(
            at_spliced(&transcript, 8 + 180 + 10, 'A'),
            Consequence::Utr3
        );
    }
}

#[test]
fn splice_sites_are_named_by_strand_and_distance() {
    let (_, forward) = transcript(Strand::Forward);
    let (_, reverse) = transcript(Strand::Reverse);
    let both = |offset: u64| {
        [&forward, &reverse].map(|transcript| transcript.snv_consequence(BpOffset(offset), 1))
    };
    let region = |distance| Consequence::SpliceRegion {
        distance,
        exonic: false,
    };
    let (donor, acceptor) = (Consequence::SpliceDonor, Consequence::SpliceAcceptor);
    assert_eq!(
        [both(150), both(151), both(198), both(199)],
        [
            [donor, acceptor],
            [donor, acceptor],
            [acceptor, donor],
            [acceptor, donor]
        ]
    );
    assert_eq!(
        (both(152), both(157), both(158), both(192)),
        (
            [region(3); 2],
            [region(8); 2],
            [Consequence::Intron; 2],
            [region(8); 2]
        )
    );
    assert_eq!([both(99), both(599)], [[Consequence::Intergenic; 2]; 2]);
    // An exon's end that meets no intron is no splice site.
    assert!(matches!(
        forward.snv_consequence(BpOffset(100), 0),
        Consequence::Utr5
    ));
    // A synonymous change is worse for lying next to a splice site.
    let last = forward.snv_consequence(BpOffset(149), 3);
    assert!(
        matches!(
            last,
            Consequence::SpliceRegion {
                distance: 1,
                exonic: true
            }
        ),
        "{last:?}"
    );
}

#[test]
fn longer_edits_shift_the_frame_or_keep_it() {
    let (_, transcript) = transcript(Strand::Forward);
    let at = |text: &str| transcript.consequence(&text.parse().unwrap());
    assert_eq!(at("c:120:GC:G"), Consequence::Frameshift);
    assert_eq!(at("c:120:GCAG:G"), Consequence::InframeChange);
    assert_eq!(at("c:120:G:GA"), Consequence::Frameshift);
    assert_eq!(at("c:120:GCA:GTT"), Consequence::InframeChange);
    // From the exon's last base into the splice site.
    assert_eq!(at("c:150:GAA:G"), Consequence::SpliceDonor);
    assert_eq!(at("c:170:AA:A"), Consequence::Intron);
    assert_eq!(at("c:101:CC:C"), Consequence::Utr5);
    assert_eq!(at("c:50:AA:A"), Consequence::Intergenic);
}

#[test]
fn all_substitutions_of_a_transcript_are_listed_once() {
    for strand in [Strand::Forward, Strand::Reverse] {
        let (genome, transcript) = transcript(strand);
        let snvs = transcript.snvs(&fetch(&genome));
        // Every exonic base, and eight bases at each end of two introns, three ways.
        assert_eq!(snvs.len(), 3 * (transcript.spliced_bp() + 4 * 8));
        let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for snv in &snvs {
            assert_eq!(genome.contig[snv.offset.get() as usize], snv.reference);
            assert_ne!(snv.reference, snv.alternate);
            assert_eq!(
                transcript.snv_consequence(snv.offset, snv.alternate),
                snv.consequence
            );
            *by_kind.entry(snv.consequence.term().as_str()).or_default() += 1;
        }
        assert_eq!(
            (
                by_kind["splice_donor_variant"],
                by_kind["splice_acceptor_variant"]
            ),
            (12, 12)
        );
        // TGG becomes a stop in two ways, GCA in none.
        assert_eq!(by_kind["stop_gained"], 2);
        assert_eq!(snvs.iter().filter(|snv| snv.codon == Some(0)).count(), 9);
    }
}

#[test]
fn unknown_bases_leave_the_frame_but_no_consequence() {
    let mut genome = genome(Strand::Forward);
    genome.contig[210..240].fill(bases::N);
    let mut transcript = Transcript::new("G", "c", Strand::Forward, genome.exons.clone()).unwrap();
    transcript.set_bases(&fetch(&genome));
    assert_eq!(transcript.coding(), Some(5..194));
    assert_eq!(
        transcript.snv_consequence(BpOffset(220), 1),
        Consequence::Exon
    );
    assert!(
        transcript
            .snvs(&fetch(&genome))
            .iter()
            .all(|snv| !(210..240).contains(&snv.offset.get()))
    );
}

#[test]
fn impossible_exons_are_refused() {
    for exons in [vec![], vec![span(5, 5)], vec![span(5, 9), span(8, 12)]] {
        assert!(Transcript::new("G", "c", Strand::Forward, exons).is_err());
    }
}
