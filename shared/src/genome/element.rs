//! What a stretch of sequence is part of: exon by reading frame, intron, splice site.

use crate::genome::annotation::Annotation;
use crate::genome::transcript::{Strand, Transcript};
use crate::position::Interval;

/// What a stretch is part of, as seen along one direction of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// In no transcript.
    Intergenic,
    /// Inside an intron.
    Intron {
        /// Whether the transcript runs in the direction of reading.
        sense: bool,
    },
    /// In an exon, outside the reading frame.
    Untranslated {
        /// Whether the transcript runs in the direction of reading.
        sense: bool,
    },
    /// In the reading frame.
    Coding {
        /// Whether the transcript runs in the direction of reading.
        sense: bool,
        /// Of the stretch's first base in its codon, 0 to 2, along the transcript.
        phase: u8,
    },
    /// Holds the end of an exon and the start of an intron, along the transcript.
    Donor {
        /// Whether the transcript runs in the direction of reading.
        sense: bool,
    },
    /// Holds the end of an intron and the start of an exon, along the transcript.
    Acceptor {
        /// Whether the transcript runs in the direction of reading.
        sense: bool,
    },
}

impl Element {
    /// How many there are.
    pub const COUNT: usize = 15;

    /// Its number, below [`COUNT`](Self::COUNT).
    #[must_use]
    pub fn index(self) -> usize {
        let (kind, sense) = match self {
            Self::Intergenic => return 0,
            Self::Intron { sense } => (0, sense),
            Self::Untranslated { sense } => (1, sense),
            Self::Coding { sense, phase } => (2 + usize::from(phase % 3), sense),
            Self::Donor { sense } => (5, sense),
            Self::Acceptor { sense } => (6, sense),
        };
        1 + 2 * kind + usize::from(sense)
    }
}

impl Annotation {
    /// What `span` of a contig is part of when it is read along `reading`; of several transcripts
    /// the last in the order of [`Element`] counts. `None` where a transcript's exon has no known
    /// reading frame.
    #[must_use]
    pub fn element(&self, contig: &str, span: Interval, reading: Strand) -> Option<Element> {
        self.overlapping(contig, span)
            .map(|transcript| transcript.element(span, reading))
            .try_fold(Element::Intergenic, |found, element| {
                Some(found.max(element?))
            })
    }
}

impl Transcript {
    fn element(&self, span: Interval, reading: Strand) -> Option<Element> {
        let sense = self.strand() == reading;
        let last = span.last()?;
        let (first, last) = match reading {
            Strand::Forward => (span.start, last),
            Strand::Reverse => (last, span.start),
        };
        let within = self.span();
        if !(within.contains(first) && within.contains(last)) {
            return Some(Element::Intergenic);
        }
        let exonic = [first, last].map(|offset| self.spliced_offset(offset));
        Some(match exonic {
            [None, None] => Element::Intron { sense },
            // Against the transcript's direction, an exon that ends is an acceptor.
            [Some(_), None] if sense => Element::Donor { sense },
            [None, Some(_)] if !sense => Element::Donor { sense },
            [Some(_), None] | [None, Some(_)] => Element::Acceptor { sense },
            [Some(spliced), Some(_)] => {
                let coding = self.coding()?;
                if coding.contains(&spliced) {
                    let phase = ((spliced - coding.start) % 3) as u8;
                    Element::Coding { sense, phase }
                } else {
                    Element::Untranslated { sense }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::BpOffset;

    /// Exons 100..115 and 130..145, coding 103..115 and 130..139.
    fn annotation(strand: Strand) -> Annotation {
        let exons = [(100, 115), (130, 145)].map(|(start, end)| Interval {
            start: BpOffset(start),
            end: BpOffset(end),
        });
        let coding = [(103, 115), (130, 139)].map(|(start, end)| Interval {
            start: BpOffset(start),
            end: BpOffset(end),
        });
        let mut transcript = Transcript::new("gene", "chr1", strand, exons.to_vec()).unwrap();
        transcript.set_coding(&coding, 0);
        Annotation::new([transcript])
    }

    fn element(annotation: &Annotation, start: u64, reading: Strand) -> Option<Element> {
        let span = Interval {
            start: BpOffset(start),
            end: BpOffset(start + 6),
        };
        annotation.element("1", span, reading)
    }

    #[test]
    fn elements_follow_the_direction_of_reading() {
        use Element::{Acceptor, Coding, Donor, Intergenic, Intron, Untranslated};
        let forward = annotation(Strand::Forward);
        let read = |start| element(&forward, start, Strand::Forward);
        let sense = true;
        assert_eq!(read(80), Some(Intergenic));
        assert_eq!(read(100), Some(Untranslated { sense }));
        assert_eq!(read(104), Some(Coding { sense, phase: 1 }));
        assert_eq!(read(111), Some(Donor { sense }));
        assert_eq!(read(118), Some(Intron { sense }));
        assert_eq!(read(126), Some(Acceptor { sense }));
        assert_eq!(read(130), Some(Coding { sense, phase: 0 }));
        let back = |start| element(&forward, start, Strand::Reverse);
        let sense = false;
        assert_eq!(back(111), Some(Donor { sense }));
        assert_eq!(back(126), Some(Acceptor { sense }));
        assert_eq!(back(104), Some(Coding { sense, phase: 0 }));
        let reverse = annotation(Strand::Reverse);
        let read = |start| element(&reverse, start, Strand::Reverse);
        let sense = true;
        assert_eq!(read(126), Some(Donor { sense }));
        assert_eq!(read(111), Some(Acceptor { sense }));
    }

    #[test]
    fn every_element_has_its_own_number() {
        use Element::{Acceptor, Coding, Donor, Intergenic, Intron, Untranslated};
        let mut numbers = vec![Intergenic.index()];
        for sense in [false, true] {
            numbers.extend([
                Intron { sense }.index(),
                Untranslated { sense }.index(),
                Donor { sense }.index(),
                Acceptor { sense }.index(),
            ]);
            numbers.extend((0..3).map(|phase| Coding { sense, phase }.index()));
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..Element::COUNT).collect::<Vec<_>>());
    }

    #[test]
    fn an_exon_without_a_frame_is_unknown() {
        let exons = vec![Interval {
            start: BpOffset(10),
            end: BpOffset(60),
        }];
        let transcript = Transcript::new("gene", "chr1", Strand::Forward, exons).unwrap();
        let annotation = Annotation::new([transcript]);
        assert_eq!(element(&annotation, 20, Strand::Forward), None);
        assert_eq!(
            element(&annotation, 70, Strand::Forward),
            Some(Element::Intergenic)
        );
    }
}
