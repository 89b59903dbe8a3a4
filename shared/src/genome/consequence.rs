//! The one consequence of a variant that models are trained and measured by.

use crate::genome::term::Term;

/// The effect of a variant on one transcript, or on none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// The first two bases of an intron.
    SpliceDonor,
    /// The last two bases of an intron.
    SpliceAcceptor,
    /// Near an exon's end: `distance` 1 to 3 inside the exon, or 3 to 8 in the intron.
    SpliceRegion {
        /// Bases from the boundary, the one next to it 1.
        distance: u8,
        /// Whether it lies in the exon.
        exonic: bool,
    },
    /// A codon becomes a stop.
    StopGained,
    /// The stop codon is lost.
    StopLost,
    /// The start codon is lost.
    StartLost,
    /// An insertion or deletion shifts the reading frame.
    Frameshift,
    /// A change of several coding bases that keeps the frame.
    InframeChange,
    /// Another amino acid, with the BLOSUM62 score of the two.
    Missense {
        /// -4 (unlike) to 3 (alike).
        blosum62: i8,
    },
    /// The same amino acid.
    Synonymous,
    /// Before the start codon of a coding transcript.
    Utr5,
    /// After its stop codon.
    Utr3,
    /// In an exon whose reading frame is not known.
    Exon,
    /// In an intron, away from its ends.
    Intron,
    /// In no transcript.
    Intergenic,
}

impl Consequence {
    /// How much harm annotation alone would expect, 0 to 1; the order in which shift ranking is
    /// trained. Canonical splice sites and stops 1; near splice sites 0.45 falling to 0.1; missense
    /// 0.1 to 0.8, falling with the BLOSUM62 score; synonymous and intronic 0.02.
    #[must_use]
    pub fn severity(self) -> f64 {
        match self {
            Self::SpliceDonor | Self::SpliceAcceptor | Self::StopGained | Self::Frameshift => 1.0,
            Self::StartLost => 0.9,
            Self::StopLost => 0.8,
            Self::InframeChange => 0.5,
            Self::Missense { blosum62 } => (0.1 + 0.1 * f64::from(3 - blosum62)).clamp(0.1, 0.8),
            Self::SpliceRegion {
                distance,
                exonic: true,
            } => 0.45 - 0.15 * f64::from(distance.clamp(1, 3) - 1),
            Self::SpliceRegion {
                distance,
                exonic: false,
            } => 0.45 - 0.07 * f64::from(distance.clamp(3, 8) - 3),
            Self::Exon => 0.05,
            Self::Utr5 | Self::Utr3 => 0.03,
            Self::Synonymous | Self::Intron => 0.02,
            Self::Intergenic => 0.01,
        }
    }

    /// Whether annotation alone expects no harm: synonymous, intronic and intergenic changes, those of
    /// untranslated regions and of exons whose frame is not known.
    #[must_use]
    pub fn is_tolerated(self) -> bool {
        self.severity() <= 0.05
    }

    /// Its term. [`classify_region`](crate::context::classify_region) reads its name.
    #[must_use]
    pub const fn term(self) -> Term {
        match self {
            Self::SpliceDonor => Term::SpliceDonor,
            Self::SpliceAcceptor => Term::SpliceAcceptor,
            Self::SpliceRegion { .. } => Term::SpliceRegion,
            Self::StopGained => Term::StopGained,
            Self::StopLost => Term::StopLost,
            Self::StartLost => Term::StartLost,
            Self::Frameshift => Term::Frameshift,
            Self::InframeChange => Term::ProteinAltering,
            Self::Missense { .. } => Term::Missense,
            Self::Synonymous => Term::Synonymous,
            Self::Utr5 => Term::Utr5,
            Self::Utr3 => Term::Utr3,
            Self::Exon => Term::NonCodingExon,
            Self::Intron => Term::Intron,
            Self::Intergenic => Term::Intergenic,
        }
    }

    /// The more severe of two; the first of equals.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        if other.severity() > self.severity() {
            other
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{RegionClass, classify_region};

    #[test]
    fn severities_rank_as_annotation_does() {
        let region = |distance, exonic| Consequence::SpliceRegion { distance, exonic }.severity();
        let missense = |blosum62| Consequence::Missense { blosum62 }.severity();
        assert!((region(1, true) - 0.45).abs() < 1e-12 && (region(3, true) - 0.15).abs() < 1e-12);
        assert!((region(3, false) - 0.45).abs() < 1e-12 && (region(8, false) - 0.1).abs() < 1e-12);
        assert!(missense(-4) > missense(-1) && (missense(3) - 0.1).abs() < 1e-12);
        assert!(
            Consequence::StopGained.severity() > missense(-4)
                && missense(3) > Consequence::Synonymous.severity()
        );
        let worse = Consequence::Synonymous.or_worse(Consequence::SpliceRegion {
            distance: 1,
            exonic: true,
        });
        assert_eq!(worse.term(), Term::SpliceRegion);
    }

    #[test]
    fn terms_are_understood_as_region_classes() {
        for (consequence, class) in [
            (Consequence::SpliceDonor, RegionClass::Splice),
            (
                Consequence::SpliceRegion {
                    distance: 3,
                    exonic: false,
                },
                RegionClass::Splice,
            ),
            (Consequence::StopGained, RegionClass::CodingNonsense),
            (Consequence::Frameshift, RegionClass::CodingNonsense),
            (
                Consequence::Missense { blosum62: 0 },
                RegionClass::CodingMissense,
            ),
            (Consequence::InframeChange, RegionClass::CodingMissense),
            (Consequence::Synonymous, RegionClass::CodingSynonymous),
            (Consequence::Utr5, RegionClass::Utr5),
            (Consequence::Utr3, RegionClass::Utr3),
            (Consequence::Exon, RegionClass::Other),
            (Consequence::Intron, RegionClass::Intron),
            (Consequence::Intergenic, RegionClass::Intergenic),
        ] {
            assert_eq!(
                classify_region(Some(consequence.term().as_str())),
                class,
                "{consequence:?}"
            );
        }
    }
}
