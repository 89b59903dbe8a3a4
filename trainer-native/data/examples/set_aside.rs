//! Substitutions of genes that `train ranking` set aside, labelled by their consequence, to choose a state and
//! views by: what `evaluate --clinvar` reads, with the blocks for its `--holdout`.
//!
//! `cargo run --release -p genolewm-data --example set_aside -- CORPUS.tsv HOLDOUT.bed OUTPUT.vcf OUTPUT.bed EXONS.tsv…`
#![forbid(unsafe_code)]

use genolewm_core::genome::consequence::Consequence;
use genolewm_core::genome::effect::TranscriptSnv;
use genolewm_core::position::Interval;
use genolewm_core::{Error, Result};
use genolewm_data::bases::{below, letter, stream};
use genolewm_data::corpus::Corpus;
use genolewm_data::genome::exon_table::read_exon_table;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Blocks that `train ranking` measures by itself: one of these lengths in ten.
const BLOCK_BP: u64 = 100_000;
const SHARE: u64 = 10;
/// Substitutions of each consequence and side at most.
const MOST: usize = 300;

/// A substitution: contig, offset, the codes of the base and of the new one.
type Snv = (String, u64, u8, u8);

/// What evaluation reads of a consequence: its class, and whether it counts as harmful; none for those in between.
fn side(consequence: Consequence) -> Option<(&'static str, bool)> {
    use Consequence::{Missense, SpliceRegion, Synonymous};
    match consequence {
        Missense { blosum62: -4..=-2 } => Some(("missense", true)),
        Missense { blosum62: 1..=3 } => Some(("missense", false)),
        SpliceRegion {
            distance: 1..=4, ..
        } => Some(("splice", true)),
        SpliceRegion {
            distance: 7..=8, ..
        } => Some(("splice", false)),
        Synonymous => Some((consequence.term().as_str(), false)),
        harmful if harmful.severity() >= 1.0 => Some((consequence.term().as_str(), true)),
        _ => None,
    }
}

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [corpus, holdout, vcf, bed, exons @ ..] = &arguments[..] else {
        return Err(Error::input(
            "give a corpus, hold-outs, two outputs, and tables of exons",
        ));
    };
    let corpus = Corpus::open(corpus, holdout)?;
    let fetch = |contig: &str, span: Interval| Some(corpus.stretch(contig, span)?.0);
    let mut found: BTreeMap<(&str, bool), BTreeSet<Snv>> = BTreeMap::new();
    for table in exons {
        for mut transcript in read_exon_table(table)? {
            transcript.set_bases(&fetch);
            for TranscriptSnv {
                offset,
                reference,
                alternate,
                consequence,
                ..
            } in transcript.snvs(&fetch)
            {
                let is_aside = (offset.get() / BLOCK_BP).is_multiple_of(SHARE);
                if let Some(side) = side(consequence).filter(|_| is_aside) {
                    let contig = transcript.contig().to_owned();
                    found.entry(side).or_default().insert((
                        contig,
                        offset.get(),
                        reference,
                        alternate,
                    ));
                }
            }
        }
    }
    let mut rng = stream(0, 0);
    let (mut rows, mut blocks) = (BTreeSet::new(), BTreeSet::new());
    for ((_, harmful), all) in found {
        let mut all: Vec<_> = all.into_iter().collect();
        for _ in 0..MOST.min(all.len()) {
            let (contig, at, from, to) =
                all.swap_remove(below(&mut rng, all.len() as u64) as usize);
            blocks.insert((contig.clone(), at / BLOCK_BP * BLOCK_BP));
            rows.insert((contig, at, from, to, harmful));
        }
    }
    let mut text =
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
    for (contig, at, from, to, harmful) in rows {
        let significance = if harmful { "Pathogenic" } else { "Benign" };
        let (at, from, to) = (at + 1, letter(from), letter(to));
        text.push_str(&format!(
            "{contig}\t{at}\t.\t{from}\t{to}\t.\t.\tCLNSIG={significance}\n"
        ));
    }
    write(vcf, &text)?;
    let blocks: String = blocks
        .iter()
        .map(|(contig, start)| format!("{contig}\t{start}\t{}\n", start + BLOCK_BP))
        .collect();
    write(bed, &blocks)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::input(format!("{}: {error}", path.display())))
}
