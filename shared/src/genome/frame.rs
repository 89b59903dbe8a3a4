//! Reading frames of spliced transcripts.

use crate::genome::codon::{GeneticCode, STOP, translate};
use core::ops::Range;

/// Fewer codons than this are found by chance.
const MIN_CODONS: usize = 50;

/// The open reading frame, start to stop inclusive, with the most codons whose bases are known, at
/// least 50; the first of equals. Codons with unknown bases neither count nor end a frame.
#[must_use]
pub fn longest_frame(spliced: &[u8], code: GeneticCode) -> Option<Range<usize>> {
    let mut best: Option<(usize, Range<usize>)> = None;
    for phase in 0..3 {
        let mut start = None;
        let mut known = 0;
        for at in (phase..spliced.len().saturating_sub(2)).step_by(3) {
            let codon = &spliced[at..at + 3];
            let acid = translate(codon, code);
            if start.is_none() && code.is_start(codon) {
                (start, known) = (Some(at), 0);
            }
            known += usize::from(acid.is_some());
            let Some(from) = start.filter(|_| acid == Some(STOP)) else {
                continue;
            };
            start = None;
            let better = best.as_ref().is_none_or(|(most, other)| {
                known > *most || (known == *most && from < other.start)
            });
            if better {
                best = Some((known, from..at + 3));
            }
        }
    }
    best.filter(|(known, _)| *known >= MIN_CODONS)
        .map(|(_, frame)| frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bases;

    fn frame(dna: &str) -> Option<Range<usize>> {
        longest_frame(&bases::encode(dna), GeneticCode::Standard)
    }

    #[test]
    fn the_longest_frame_runs_from_start_to_stop() {
        let body = "GCA".repeat(60);
        assert_eq!(
            frame(&format!("CC{}ATG{body}TAACCATG", "")),
            Some(2..2 + 3 + 180 + 3)
        );
        // A start without a stop is no frame, and neither is a short one.
        assert_eq!(frame(&format!("ATG{body}")), None);
        assert_eq!(frame("ATGGCATAA"), None);
        assert_eq!(frame(""), None);
    }

    #[test]
    fn gaps_keep_the_frame_and_do_not_lengthen_it() {
        let (short, long) = ("GCA".repeat(55), "GCA".repeat(58));
        let gapped = format!("ATG{short}{}TAA", "N".repeat(300));
        let dna = format!("{gapped}CATG{long}TGA");
        assert_eq!(frame(&dna), Some(gapped.len() + 1..dna.len()));
        assert_eq!(frame(&gapped), Some(0..gapped.len()));
    }
}
