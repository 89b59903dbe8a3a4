//! Annotated substitutions (SNVs) of the corpus by kind: those that are drawn, and those that are only
//! measured.

use super::RankingSettings;
use genolewm_core::genome::annotation::Annotation;
use genolewm_core::genome::consequence::Consequence;
use genolewm_core::genome::effect::TranscriptSnv;
use genolewm_core::position::Interval;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::corpus::Corpus;
use genolewm_data::corpus::local::{LocalRecord, fetch_chromosome};
use genolewm_data::genome::exon_table::read_exon_table;

/// Bases of the blocks that are measured or drawn from as a whole: longer than most genes, so that
/// a measured substitution has no neighbours among those that were trained on.
const BLOCK_BP: u64 = 100_000;

/// A substitution, with the index of its contig.
pub(super) type Snv = (usize, TranscriptSnv);

/// Substitutions by [`kind`], each sorted by place.
pub(super) type Kinds = [Vec<Snv>; 4];

/// Kinds that annotation is sure of: severe, and mild.
pub(super) const SURE: &[usize] = &[0, 3];
/// All kinds: severe, splice region, missense, mild.
pub(super) const ALL: &[usize] = &[0, 1, 2, 3];

/// All substitutions of the transcripts, and the transcripts.
pub(super) struct SnvPools {
    /// Names of the contigs.
    pub(super) contigs: Vec<String>,
    /// What steps are drawn from.
    pub(super) training: Kinds,
    /// What is measured and never drawn: one block in `settings.validation_share`.
    pub(super) validation: Kinds,
    /// The transcripts, without their bases.
    pub(super) annotation: Annotation,
}

impl SnvPools {
    /// Reads the transcripts and lists every substitution whose effect is known.
    ///
    /// # Errors
    /// As reading the tables; `TRAINING.DATALOADER` when some kind is missing on a side.
    pub(super) fn open(
        settings: &RankingSettings,
        corpus: &Corpus,
        pieces: &[LocalRecord],
    ) -> Result<Self> {
        let mut pools = Self {
            contigs: Vec::new(),
            training: Kinds::default(),
            validation: Kinds::default(),
            annotation: Annotation::default(),
        };
        let mut transcripts = Vec::new();
        let fetch = |contig: &str, span: Interval| {
            fetch_chromosome(contig, span, pieces, &|name, span| corpus.fetch(name, span))
        };
        for path in &settings.exons {
            for mut transcript in read_exon_table(path)? {
                transcript.set_bases(&fetch);
                let contig = pools.contig(transcript.contig());
                for snv in transcript.snvs(&fetch) {
                    pools.add(contig, snv, settings.validation_share);
                }
                transcript.forget_bases();
                transcripts.push(transcript);
            }
        }
        pools.annotation = Annotation::new(transcripts);
        let needed: &mut [&mut Kinds] = match settings.validation_share {
            0 => &mut [&mut pools.training],
            _ => &mut [&mut pools.training, &mut pools.validation],
        };
        needed.iter_mut().try_for_each(|kinds| sorted(kinds))?;
        Ok(pools)
    }

    fn contig(&mut self, name: &str) -> usize {
        let known = self.contigs.iter().position(|contig| contig == name);
        known.unwrap_or_else(|| {
            self.contigs.push(name.to_owned());
            self.contigs.len() - 1
        })
    }

    fn add(&mut self, contig: usize, snv: TranscriptSnv, validation_share: u64) {
        let block = snv.offset.get() / BLOCK_BP;
        let measured = validation_share > 0 && block.is_multiple_of(validation_share);
        let side = if measured {
            &mut self.validation
        } else {
            &mut self.training
        };
        side[kind(snv.consequence)].push((contig, snv));
    }
}

/// Puts each kind in the order of places, each substitution once.
fn sorted(kinds: &mut Kinds) -> Result<()> {
    for kind in kinds {
        kind.sort_by_key(|(contig, snv)| (*contig, snv.offset, snv.alternate));
        kind.dedup_by_key(|(contig, snv)| (*contig, snv.offset, snv.alternate));
        if kind.is_empty() {
            return Err(Error::new(
                ErrorCode::TrainingDataloader,
                "the exons give no substitutions of some kind",
            )
            .with_remedy(
                "give exon tables whose contigs are in the corpus and not held out, or \
                 --validation-share 0 for a corpus of few genes",
            ));
        }
    }
    Ok(())
}

fn kind(consequence: Consequence) -> usize {
    match consequence {
        Consequence::SpliceRegion { .. } => 1,
        Consequence::Missense { .. } => 2,
        other if other.severity() >= 0.8 => 0,
        _ => 3,
    }
}

/// The substitutions of `kinds` within five bases of another one.
pub(super) fn near<'a>(
    pool: &'a Kinds,
    kinds: &'a [usize],
    (contig, snv): &'a Snv,
) -> impl Iterator<Item = Snv> + 'a {
    let (from, to) = (
        snv.offset.get().saturating_sub(5),
        snv.offset.get().saturating_add(5),
    );
    kinds.iter().flat_map(move |&kind| {
        let kind = &pool[kind];
        let low = kind.partition_point(|(c, snv)| (*c, snv.offset.get()) < (*contig, from));
        kind[low..]
            .iter()
            .take_while(move |(c, snv)| c == contig && snv.offset.get() <= to)
            .copied()
    })
}
