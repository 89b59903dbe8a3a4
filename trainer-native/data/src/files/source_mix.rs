//! The classes of sequence that the Carbon corpus is made of, and their shares.

use crate::errors::input_error;
use crate::named::named;
use crate::weighted::WeightedChoice;
use genolewm_core::{Error, Result};
use std::str::FromStr;

/// A class of sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceClass {
    /// Genes of eukaryotes with what surrounds them.
    EukaryoticGenes,
    /// Transcripts.
    Mrna,
    /// Transcripts rich in splice junctions.
    SpliceMrna,
    /// Genomes of bacteria and archaea.
    Gtdb,
}

// In the order of the Carbon corpus.
named!(SourceClass:
    EukaryoticGenes = "eukaryotic_genes", Mrna = "mrna", SpliceMrna = "splice_mrna", Gtdb = "gtdb");

impl FromStr for SourceClass {
    type Err = Error;

    /// Takes a class by its name or one of its aliases; case, `-`, `_`, `/` and runs of blanks do
    /// not matter.
    fn from_str(label: &str) -> Result<Self> {
        let plain = label.to_lowercase().replace(['-', '/', '_'], " ");
        let words: Vec<&str> = plain.split_whitespace().collect();
        match words.join(" ").as_str() {
            "eukaryotic genes" | "eukaryotic gene" | "generator" | "generator style annotated" => {
                Ok(Self::EukaryoticGenes)
            }
            "mrna" | "mrna transcripts" | "transcript" | "transcripts" => Ok(Self::Mrna),
            "splice mrna" | "splice enriched mrna" => Ok(Self::SpliceMrna),
            "gtdb" | "gtdb bacterial genomes" | "bacterial genomes" => Ok(Self::Gtdb),
            _ => Err(input_error("a source is not a class of the Carbon corpus")
                .with_detail("source", label)
                .with_remedy("use eukaryotic_genes, mrna, splice_mrna or gtdb")),
        }
    }
}

/// The shares of the Carbon corpus: 0.50, 0.25, 0.10 and 0.15.
#[must_use]
pub fn carbon_mix() -> WeightedChoice<SourceClass> {
    WeightedChoice::of(SourceClass::ALL.into_iter().zip([0.50, 0.25, 0.10, 0.15]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;
    use std::collections::BTreeMap;

    /// Labels and classes as `geno_lewm.data.normalize_source_label` of geno-lewm 0.2.1 has them;
    /// the last line's are refused there.
    #[test]
    fn labels_are_those_of_the_python_package() {
        let classes = [
            ("Generator", "eukaryotic_genes"),
            ("Eukaryotic-Genes", "eukaryotic_genes"),
            ("eukaryotic gene", "eukaryotic_genes"),
            ("eukaryotic/genes", "eukaryotic_genes"),
            (" mRNA ", "mrna"),
            ("mRNA/transcripts", "mrna"),
            ("transcript", "mrna"),
            ("splice-enriched mRNA", "splice_mrna"),
            ("  splice   enriched mrna", "splice_mrna"),
            ("GTDB/bacterial genomes", "gtdb"),
            ("bacterial genomes", "gtdb"),
        ];
        for (label, class) in classes {
            let found: SourceClass = label.parse().unwrap();
            assert_eq!(found.as_str(), class, "{label}");
        }
        for class in SourceClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
        }
        for label in ["", "bacterial", "foo", "splice-enriched", "annotated"] {
            let error = label.parse::<SourceClass>().unwrap_err();
            assert_eq!(error.code(), ErrorCode::InputGeneric, "{label}");
        }
    }

    /// How many of `n` draws fall on each class; every class of the mix is listed.
    fn draw_source_counts(
        n: usize,
        mix: &WeightedChoice<SourceClass>,
        rng: &mut ChaCha8Rng,
    ) -> BTreeMap<SourceClass, usize> {
        let listed = mix.entries().iter().map(|&(class, _)| (class, 0));
        let mut counts: BTreeMap<SourceClass, usize> = listed.collect();
        for class in (0..n).filter_map(|_| mix.draw(rng)) {
            *counts.entry(class).or_default() += 1;
        }
        counts
    }

    #[test]
    fn draws_follow_the_mix() {
        let mix = carbon_mix();
        assert!((mix.entries().iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
        let draw = || draw_source_counts(10_000, &mix, &mut ChaCha8Rng::seed_from_u64(1));
        let counts: Vec<usize> = draw().into_values().collect();
        let near = |(count, want): (usize, usize)| count.abs_diff(want) < 200;
        let wanted = [5_000, 2_500, 1_000, 1_500];
        assert!(counts.iter().copied().zip(wanted).all(near), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 10_000);
        assert_eq!(draw(), draw());
    }
}
