//! Where edits lie: the classes of region and repeat that calibration buckets are made of.

use crate::bases::encode;
use crate::genome::annotation::Annotation;
use crate::genome::consequence::Consequence;
use crate::genome::repeats::Repeats;
use genolewm::scorer::GenomicContext;
use genolewm_core::Result;
use genolewm_core::context::{RegionClass, classify_region};
use genolewm_core::edit::EditSpec;
use genolewm_core::reference::{BaseSource, Reference};
use std::cell::RefCell;

/// Bases before a transcript's start that count as its promoter.
const PROMOTER_BP: u64 = 1_000;

/// Transcripts and repeats of a genome.
#[derive(Debug, Default)]
pub struct Contexts {
    annotation: Option<Annotation>,
    repeats: Option<Repeats>,
}

impl Contexts {
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
    /// As [`BaseSource::fetch`].
    pub fn of<S: BaseSource>(
        &mut self,
        edit: &EditSpec,
        reference: &mut Reference<S>,
    ) -> Result<GenomicContext> {
        let repeats = self.repeats.as_ref();
        let repeat = repeats.map(|repeats| repeats.at(edit.chrom(), edit.span()));
        let Some(annotation) = &mut self.annotation else {
            return Ok(GenomicContext {
                region: None,
                repeat,
            });
        };
        load_bases(annotation, edit, reference)?;
        Ok(GenomicContext {
            region: Some(region_class(annotation, edit)),
            repeat,
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
        consequence => classify_region(Some(consequence.term())),
    }
}

/// Gives the transcripts around an edit their bases.
fn load_bases<S: BaseSource>(
    annotation: &mut Annotation,
    edit: &EditSpec,
    reference: &mut Reference<S>,
) -> Result<()> {
    let failed = RefCell::new(None);
    let reference = RefCell::new(reference);
    annotation.load_bases(edit, &|contig, span| {
        let mut reference = reference.borrow_mut();
        // A contig that the reference lacks has no bases; that is no failure.
        let contig_bp = reference.contig(contig)?.length_bp;
        if span.end.get() > contig_bp {
            return None;
        }
        match reference.fetch(contig, span) {
            Ok(bases) => Some(encode(&bases)),
            Err(error) => {
                *failed.borrow_mut() = Some(error);
                None
            }
        }
    })?;
    failed.into_inner().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::transcript::{Strand, Transcript};
    use genolewm_core::position::{BpOffset, Interval};
    use genolewm_core::reference::FastaReference;

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
        let mut contexts = Contexts::new(Some(annotation), None);
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
            let found = contexts.of(&edit.parse().unwrap(), &mut reference).unwrap();
            assert_eq!((found.region, found.repeat), (Some(region), None), "{edit}");
        }
    }

    #[test]
    fn what_no_file_tells_is_not_known() {
        let (mut reference, _) = genome();
        let found = Contexts::default().of(&"1:3004:G:A".parse().unwrap(), &mut reference);
        assert_eq!(found.unwrap(), GenomicContext::default());
    }
}
