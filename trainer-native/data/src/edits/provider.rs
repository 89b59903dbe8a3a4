//! Where the edits of training windows come from.

use crate::bases::{below, decode};
use crate::corpus::Corpus;
use crate::edits::synthetic::{SyntheticShape, synthetic_indel, synthetic_snv};
use crate::genome::primate::{Branch, PrimateAlignment, Substitution};
use crate::named::named;
use crate::shards::Significance;
use crate::variants::{LabelledVariant, VariantIndex, read_variants, require_some};
use crate::window::WindowContext;
use genolewm_core::edit::{AlleleForm, EditSpec, RelEdit};
use genolewm_core::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The kind of edit that a tuple shows first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditSource {
    /// An observed variant of at least [`COMMON_AF`](crate::variants::COMMON_AF).
    GnomadCommon,
    /// A random base change.
    SyntheticSnv,
    /// A random insertion or deletion.
    SyntheticIndel,
    /// A pathogenic or likely pathogenic ClinVar variant.
    Clinvar,
    /// A substitution that became fixed on the branch to human or to chimpanzee.
    PrimateFixed,
    /// A made-up substitution that changes no amino acid, away from splice sites.
    Synonymous,
    /// A made-up substitution deep in an intron.
    IntronSnv,
    /// A made-up insertion or deletion deep in an intron.
    IntronIndel,
}

named!(EditSource:
    GnomadCommon = "gnomad_common", SyntheticSnv = "synthetic_snv",
    SyntheticIndel = "synthetic_indel", Clinvar = "clinvar", PrimateFixed = "primate_fixed",
    Synonymous = "synonymous", IntronSnv = "intron_snv", IntronIndel = "intron_indel";
|text| {
    let names = EditSource::ALL.map(EditSource::as_str).join(", ");
    Error::new(ErrorCode::ConfigGeneric, "there is no such source of edits")
        .with_detail("source", text)
        .with_remedy(format!("use one of {names}"))
});

/// Gives edits of windows. What it gives is a function of the window and the state of `rng`.
pub trait EditProvider: fmt::Debug + Send + Sync {
    /// At most `count` edits in the window's coordinates, whose reference bases are the window's.
    /// Fewer mean that there are no others; hold-outs are applied to what is given.
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when none can be made.
    fn edits(
        &self,
        window: &WindowContext,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<RelEdit>>;

    /// One of all its edits, by its place on a chromosome of the corpus; none where it has no places of
    /// its own. What of them lies in the corpus is looked up once, so that each call is to name the same one.
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when none can be made.
    fn anywhere(&self, _: &Corpus, _: &mut ChaCha8Rng) -> Result<Option<EditSpec>> {
        Ok(None)
    }
}

/// Random edits of one kind, as many as are asked for.
#[derive(Debug, Clone, Copy)]
pub struct SyntheticEdits {
    draw: fn(&str, &SyntheticShape, &mut ChaCha8Rng) -> Result<RelEdit>,
    shape: SyntheticShape,
}

impl SyntheticEdits {
    /// Base changes.
    #[must_use]
    pub fn snv(shape: SyntheticShape) -> Self {
        let draw = synthetic_snv;
        Self { draw, shape }
    }

    /// Insertions and deletions, evenly.
    #[must_use]
    pub fn indel(shape: SyntheticShape) -> Self {
        let draw = synthetic_indel;
        Self { draw, shape }
    }
}

impl EditProvider for SyntheticEdits {
    fn edits(
        &self,
        window: &WindowContext,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<RelEdit>> {
        let mut draw = |_| (self.draw)(&window.bases, &self.shape, rng);
        (0..count).map(&mut draw).collect()
    }
}

/// Variants that were observed: those within a placed window that fit its bases, each once, in
/// random order. Windows without a place have none.
#[derive(Debug, Clone, Default)]
pub struct ObservedVariants {
    all: VariantIndex,
    /// Numbers of those whose reference bases the corpus has: of a small corpus a few among many.
    placed: OnceLock<Vec<usize>>,
}

impl ObservedVariants {
    /// Variants by place.
    #[must_use]
    pub const fn new(all: VariantIndex) -> Self {
        let placed = OnceLock::new();
        Self { all, placed }
    }

    fn placed_in(&self, corpus: &Corpus) -> Vec<usize> {
        let has = |edit: &EditSpec| {
            let stretch = corpus.stretch(edit.chrom(), edit.span());
            stretch.is_some_and(|(bases, _)| decode(&bases) == edit.reference())
        };
        let all = 0..self.all.len();
        all.filter(|&index| self.all.get(index).is_some_and(has))
            .collect()
    }

    /// The common variants of files that [`read_variants`] reads.
    ///
    /// # Errors
    /// As reading the files; `TRAINING.DATALOADER` where files are given and hold none.
    pub fn common(paths: &[PathBuf]) -> Result<Self> {
        Self::read(paths, "common variants", LabelledVariant::is_common)
    }

    /// The pathogenic and likely pathogenic variants of such files.
    ///
    /// # Errors
    /// As [`common`](Self::common).
    pub fn pathogenic(paths: &[PathBuf]) -> Result<Self> {
        let sided = |significance| matches!(significance, Significance::P | Significance::Lp);
        Self::read(paths, "pathogenic variants", |variant| {
            variant.significance.is_some_and(sided)
        })
    }

    /// The substitutions on the branches to human and chimpanzee of alignments that
    /// [`PrimateAlignment::read`] reads: the human base is replaced by the ape's.
    ///
    /// # Errors
    /// As reading the files; `TRAINING.DATALOADER` where files are given and hold none.
    pub fn fixed_among_primates(paths: &[PathBuf]) -> Result<Self> {
        let mut edits = Vec::new();
        for path in paths {
            let alignment = PrimateAlignment::read(path)?;
            for branch in Branch::ALL {
                let found = alignment.substitutions(branch);
                let found = found.iter().map(Substitution::edit);
                edits.extend(found.collect::<Result<Vec<_>>>()?);
            }
        }
        Self::indexed(paths, "substitutions of primates", edits)
    }

    fn read(
        paths: &[PathBuf],
        wanted: &str,
        is_wanted: impl Fn(&LabelledVariant) -> bool,
    ) -> Result<Self> {
        let mut edits = Vec::new();
        for path in paths {
            let read =
                read_variants(path, AlleleForm::Canonical, ErrorCode::TrainingDataloader)?.variants;
            let read = read.into_iter().filter(|variant| is_wanted(variant));
            edits.extend(read.map(|variant| variant.edit));
        }
        Self::indexed(paths, wanted, edits)
    }

    fn indexed(paths: &[PathBuf], wanted: &str, edits: Vec<EditSpec>) -> Result<Self> {
        let index = VariantIndex::of_edits(edits);
        // A file of the wrong kind would else leave all edits to chance without a word.
        if !paths.is_empty() {
            require_some(&index, wanted, ErrorCode::TrainingDataloader)?;
        }
        Ok(Self::new(index))
    }
}

impl EditProvider for ObservedVariants {
    fn edits(
        &self,
        window: &WindowContext,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<RelEdit>> {
        let span = window.span();
        let Some(contig) = &window.contig else {
            return Ok(Vec::new());
        };
        // In their canonical form two spellings of a variant are one.
        let mut seen = HashSet::new();
        let mut found: Vec<RelEdit> = self
            .all
            .within(contig, span)
            .filter_map(|edit| window.canonical(edit))
            .filter(|edit| seen.insert(edit.clone()))
            .collect();
        let mut drawn = Vec::new();
        while drawn.len() < count && !found.is_empty() {
            drawn.push(found.swap_remove(below(rng, found.len() as u64) as usize));
        }
        Ok(drawn)
    }

    fn anywhere(&self, corpus: &Corpus, rng: &mut ChaCha8Rng) -> Result<Option<EditSpec>> {
        let placed = self.placed.get_or_init(|| self.placed_in(corpus));
        let all = placed.len() as u64;
        Ok((all > 0)
            .then(|| below(rng, all))
            .and_then(|number| self.all.get(*placed.get(number as usize)?))
            .cloned())
    }
}

/// Providers by the source that they stand for.
#[derive(Debug, Default)]
pub struct EditProviders(BTreeMap<EditSource, Box<dyn EditProvider>>);

impl EditProviders {
    /// Synthetic edits of a shape, and the observed variants of two sources.
    #[must_use]
    pub fn new(
        common: ObservedVariants,
        pathogenic: ObservedVariants,
        shape: SyntheticShape,
    ) -> Self {
        let mut providers = Self::default();
        providers.set(EditSource::GnomadCommon, common);
        providers.set(EditSource::Clinvar, pathogenic);
        providers.set(EditSource::SyntheticSnv, SyntheticEdits::snv(shape));
        providers.set(EditSource::SyntheticIndel, SyntheticEdits::indel(shape));
        providers
    }

    /// Sets the provider of a source.
    pub fn set(&mut self, source: EditSource, provider: impl EditProvider + 'static) {
        self.0.insert(source, Box::new(provider));
    }

    /// The provider of a source, if there is one.
    #[must_use]
    pub fn get(&self, source: EditSource) -> Option<&dyn EditProvider> {
        self.0.get(&source).map(AsRef::as_ref)
    }
}
