//! Where edits lie, and what they do there: the classes of region and repeat that calibration buckets are
//! made of, and the effect that is told beside a score.

use crate::Result;
use crate::bases::encode;
use crate::context::{GenomicContext, RegionClass, classify_region};
use crate::edit::EditSpec;
use crate::genome::annotation::Annotation;
use crate::genome::consequence::Consequence;
use crate::genome::described::Effect;
use crate::genome::repeats::Repeats;
use crate::reference::{BaseSource, Reference};
use alloc::sync::Arc;

/// Bases before a transcript's start that count as its promoter.
const PROMOTER_BP: u64 = 1_000;

/// What is known of the place of an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// What percentiles are read off by.
    pub context: GenomicContext,
    /// What the edit does to a gene, where there is annotation.
    pub effect: Option<Arc<Effect>>,
}

/// Transcripts and repeats of a genome.
#[derive(Debug, Default)]
pub struct Places {
    annotation: Option<Annotation>,
    repeats: Option<Repeats>,
}

impl Places {
    /// Of the files that there are.
    #[must_use]
    pub const fn new(annotation: Option<Annotation>, repeats: Option<Repeats>) -> Self {
        Self {
            annotation,
            repeats,
        }
    }

    /// What is known of an edit's place; `None` for what no file tells. Coding changes are read off
    /// the reference's bases, which are fetched for the transcripts of the edit only.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`] and [`Annotation::load_bases`]; it can be asked again.
    pub fn of<S: BaseSource>(
        &mut self,
        edit: &EditSpec,
        reference: &mut Reference<S>,
    ) -> Result<Place> {
        let repeats = self.repeats.as_ref();
        let repeat = repeats.map(|repeats| repeats.at(edit.chrom(), edit.span()));
        let Some(annotation) = &mut self.annotation else {
            return Ok(Place {
                context: GenomicContext {
                    region: None,
                    repeat,
                },
                effect: None,
            });
        };
        annotation.load_bases(edit, &mut |contig, span| {
            // A contig that the reference lacks has no bases; that is no failure.
            let known = reference.contig(contig);
            if known.is_none_or(|contig| span.end.get() > contig.length_bp) {
                return Ok(None);
            }
            reference
                .fetch(contig, span)
                .map(|bases| Some(encode(&bases)))
        })?;
        Ok(Place {
            context: GenomicContext {
                region: Some(region_class(annotation, edit)),
                repeat,
            },
            effect: Some(Arc::new(annotation.effect(edit))),
        })
    }
}

/// The class of region that an edit lies in, by transcripts that have their bases.
#[must_use]
pub fn region_class(annotation: &Annotation, edit: &EditSpec) -> RegionClass {
    match annotation.consequence(edit) {
        Consequence::Intergenic if annotation.is_upstream(edit, PROMOTER_BP) => {
            RegionClass::Promoter
        }
        consequence => classify_region(Some(consequence.term().as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::transcript::{Strand, Transcript};
    use crate::position::{BpOffset, Interval};
    use crate::reference::FastaReference;

    fn at(start: u64, end: u64) -> Interval {
        Interval::new(BpOffset(start), BpOffset(end)).unwrap()
    }

    /// `chr1` with a coding exon ATG GCT … TAA from 3000, and a transcript of it.
    fn genome() -> (Reference<FastaReference<Vec<u8>>>, Annotation) {
        let mut bases = "ACGT".repeat(1_500);
        bases.replace_range(3_000..3_012, "ATGGCTCAATAA");
        let text = format!(">chr1\n{bases}\n").into_bytes();
        let fasta = FastaReference::open(text, None, None, "ref.fa").unwrap();
        let exons = vec![at(3_000, 3_012), at(3_100, 3_200)];
        let mut transcript = Transcript::new("G", "chr1", Strand::Forward, exons).unwrap();
        transcript.set_coding(&[at(3_000, 3_012)], 0);
        (Reference::new(fasta), Annotation::new([transcript]))
    }

    #[test]
    fn regions_follow_from_transcripts_and_bases() {
        let (mut reference, annotation) = genome();
        let mut places = Places::new(Some(annotation), None);
        for (edit, region) in [
            ("1:3004:G:A", RegionClass::CodingMissense),
            ("chr1:3006:T:C", RegionClass::CodingSynonymous),
            ("1:3007:C:T", RegionClass::CodingNonsense),
            ("1:3013:A:C", RegionClass::Splice),
            ("1:3050:C:A", RegionClass::Intron),
            ("1:3150:C:A", RegionClass::Utr3),
            ("1:2500:T:A", RegionClass::Promoter),
            ("1:1900:T:A", RegionClass::Intergenic),
            ("1:3205:A:C", RegionClass::Intergenic),
            ("2:3004:G:A", RegionClass::Intergenic),
        ] {
            let found = places.of(&edit.parse().unwrap(), &mut reference).unwrap();
            assert_eq!(
                (found.context.region, found.context.repeat),
                (Some(region), None),
                "{edit}"
            );
        }
    }

    #[test]
    fn what_no_file_tells_is_not_known() {
        let (mut reference, _) = genome();
        let found = Places::default().of(&"1:3004:G:A".parse().unwrap(), &mut reference);
        assert_eq!(found.unwrap(), Place::default());
    }
}
