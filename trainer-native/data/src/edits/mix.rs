//! Which edits a training window is shown with.

use crate::edits::provider::SyntheticEdits;
pub use crate::edits::provider::{EditProvider, EditProviders, EditSource};
use crate::edits::synthetic::SyntheticShape;
use crate::errors::{config_error, dataloader_error};
use crate::holdout::policy::HoldoutPolicy;
use crate::weighted::WeightedChoice;
use crate::window::WindowContext;
use genolewm_core::edit::RelEdit;
use genolewm_core::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Edits that a provider is asked for at most, where hold-outs refuse what it gives.
const MOST_ASKED: usize = 1_000;

/// What may stand in for a source that has too few edits for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// The source that stands in.
    pub source: EditSource,
    /// Whether it does so for placed windows too. Windows without a place have no observed variants
    /// at all; a placed one that lacks them may mean that the wrong files were given.
    pub placed: bool,
}

/// A fall-back as a user names it, for windows of either kind: `gnomad_common=synthetic_snv`, or
/// `clinvar=none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedFallback {
    /// The source that has too few edits.
    pub missing: EditSource,
    /// The source that stands in; with none, too few edits are an error.
    pub source: Option<EditSource>,
}

impl FromStr for NamedFallback {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |message: &str| {
            Error::new(ErrorCode::ConfigGeneric, message)
                .with_detail("text", text)
                .with_remedy("write it as gnomad_common=synthetic_snv or clinvar=none")
        };
        let (missing, source) = text
            .split_once('=')
            .ok_or_else(|| refused("a fall-back is not of the form source=source"))?;
        let missing = missing.parse()?;
        let source = match source {
            "none" => None,
            name => Some(name.parse()?),
        };
        if source == Some(missing) {
            return Err(refused("a source cannot stand in for itself"));
        }
        Ok(Self { missing, source })
    }
}

impl fmt::Display for NamedFallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source.map_or("none", EditSource::as_str);
        write!(f, "{}={source}", self.missing)
    }
}

/// Reads and writes types as the text that a user gives.
macro_rules! by_its_text {
    ($($type:ty),+) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(
                deserializer: D,
            ) -> core::result::Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(
                &self,
                serializer: S,
            ) -> core::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}

/// How often a source is drawn, as a user names it: `primate_fixed=3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedCount {
    /// The source.
    pub source: EditSource,
    /// Its edits in a window, or its weight where each window has one.
    pub count: usize,
}

impl FromStr for NamedCount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('=');
        let parsed = parts.and_then(|(name, count)| Some((name, count.parse::<u32>().ok()?)));
        let (name, count) = parsed.ok_or_else(|| {
            Error::new(
                ErrorCode::ConfigGeneric,
                "a share is not of the form source=number",
            )
            .with_detail("text", text)
            .with_remedy("write it as primate_fixed=3")
        })?;
        let source = name.parse()?;
        let count = count as usize;
        Ok(Self { source, count })
    }
}

impl fmt::Display for NamedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.source, self.count)
    }
}

by_its_text!(NamedFallback, NamedCount);

/// How many edits of each source a window gets, and what stands in for a source that has too few.
#[derive(Debug, Clone, PartialEq)]
pub struct EditMix {
    /// Edits a window, by source.
    pub counts: Vec<(EditSource, usize)>,
    /// The only replacements allowed; a source without one must deliver.
    pub fallbacks: BTreeMap<EditSource, Fallback>,
    /// Lengths of rollouts, by weight.
    pub rollouts: WeightedChoice<usize>,
    /// Of the further edits of a rollout.
    pub shape: SyntheticShape,
}

impl Default for EditMix {
    /// 3 common, 3 synthetic SNVs, 1 synthetic indel, 1 ClinVar; synthetic SNVs for
    /// missing ClinVar variants, and for missing common ones of windows without a place; rollouts of
    /// 1, 2, 3 steps at 0.90, 0.05, 0.05.
    fn default() -> Self {
        use EditSource::{Clinvar, GnomadCommon, SyntheticIndel, SyntheticSnv};
        let snv = |placed| Fallback {
            source: SyntheticSnv,
            placed,
        };
        Self {
            counts: vec![
                (GnomadCommon, 3),
                (SyntheticSnv, 3),
                (SyntheticIndel, 1),
                (Clinvar, 1),
            ],
            fallbacks: BTreeMap::from([(GnomadCommon, snv(false)), (Clinvar, snv(true))]),
            rollouts: WeightedChoice::of([(1, 0.90), (2, 0.05), (3, 0.05)]),
            shape: SyntheticShape::default(),
        }
    }
}

/// One training item: edits applied one after the other to one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingItem {
    /// Where the first edit comes from, after any fall-back; the further ones are synthetic SNVs.
    pub source: EditSource,
    /// Disjoint edits in window coordinates; target k is the window with the first k applied.
    pub edits: Vec<RelEdit>,
}

impl EditMix {
    /// The mix with fall-backs that a user names, in place of its own for these sources.
    #[must_use]
    pub fn with_fallbacks(mut self, named: &[NamedFallback]) -> Self {
        for &NamedFallback { missing, source } in named {
            match source {
                Some(source) => {
                    let fallback = Fallback {
                        source,
                        placed: true,
                    };
                    self.fallbacks.insert(missing, fallback);
                }
                None => {
                    self.fallbacks.remove(&missing);
                }
            }
        }
        self
    }

    /// The mix with the counts that a user names, in place of all of its own where there are some; those
    /// of one source are added up.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` where they come to nothing.
    pub fn with_counts(mut self, named: &[NamedCount]) -> Result<Self> {
        if named.is_empty() {
            return Ok(self);
        }
        self.counts.clear();
        for &NamedCount { source, count } in named {
            match self.counts.iter_mut().find(|(known, _)| *known == source) {
                Some((_, sum)) => *sum = sum.saturating_add(count),
                None => self.counts.push((source, count)),
            }
        }
        if self.counts.iter().all(|&(_, count)| count == 0) {
            return Err(config_error("a mix of edits has none of any source")
                .with_remedy("give a number above 0, as --mix synthetic_snv=3"));
        }
        Ok(self)
    }

    /// Draws the items of a window, in the order of [`EditMix::counts`].
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when a source has too few edits and nothing may stand in, or the window
    /// has no room for a synthetic one outside the hold-outs.
    pub fn draw(
        &self,
        window: &WindowContext,
        providers: &EditProviders,
        holdout: &HoldoutPolicy,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<TrainingItem>> {
        let mut items: Vec<TrainingItem> = Vec::new();
        let allowed = |edit: &RelEdit| !holdout.excludes_edit_of(window, edit);
        for &(source, count) in &self.counts {
            let mut wanted = Some(source);
            let mut missing = count;
            while missing > 0 {
                let Some(from) = wanted else {
                    return Err(too_few(source, missing, window));
                };
                let edits = match providers.get(from) {
                    Some(provider) => take(provider, missing, window, rng, allowed)?,
                    None => Vec::new(),
                };
                missing -= edits.len();
                items.extend(edits.into_iter().map(|edit| TrainingItem {
                    source: from,
                    edits: vec![edit],
                }));
                wanted = self.fallback(source, window).filter(|_| from == source);
            }
        }
        for item in &mut items {
            self.lengthen(item, window, rng, allowed)?;
        }
        Ok(items)
    }

    /// What may stand in for a source in a window.
    fn fallback(&self, source: EditSource, window: &WindowContext) -> Option<EditSource> {
        let fallback = self.fallbacks.get(&source)?;
        (fallback.placed || window.contig.is_none()).then_some(fallback.source)
    }

    /// Adds the further edits of a rollout.
    pub(super) fn lengthen(
        &self,
        item: &mut TrainingItem,
        window: &WindowContext,
        rng: &mut ChaCha8Rng,
        allowed: impl Fn(&RelEdit) -> bool,
    ) -> Result<()> {
        let steps = self.rollouts.draw(rng).unwrap_or(1);
        while item.edits.len() < steps {
            let fits = |edit: &RelEdit| {
                let is_apart = |other: &RelEdit| !other.span().intersects(edit.span());
                allowed(edit) && item.edits.iter().all(is_apart)
            };
            let further = take(&SyntheticEdits::snv(self.shape), 1, window, rng, fits)?;
            if further.is_empty() {
                return Err(too_few(EditSource::SyntheticSnv, 1, window));
            }
            item.edits.extend(further);
        }
        Ok(())
    }
}

/// Up to `count` allowed edits. A provider is asked for more while it gives as many as it is asked
/// for and too few of them are allowed.
fn take(
    provider: &dyn EditProvider,
    count: usize,
    window: &WindowContext,
    rng: &mut ChaCha8Rng,
    allowed: impl Fn(&RelEdit) -> bool,
) -> Result<Vec<RelEdit>> {
    let mut asked = count;
    loop {
        let mut edits = provider.edits(window, asked, rng)?;
        let is_all = edits.len() < asked;
        edits.retain(&allowed);
        if edits.len() >= count || is_all || asked >= MOST_ASKED {
            edits.truncate(count);
            return Ok(edits);
        }
        asked *= 2;
    }
}

fn too_few(source: EditSource, missing: usize, window: &WindowContext) -> Error {
    let remedy = match source {
        EditSource::SyntheticSnv | EditSource::SyntheticIndel => {
            "use longer windows, or hold out less of the sequence".to_owned()
        }
        _ => format!(
            "give variants that cover the corpus, cut the corpus to where they lie, or allow others \
             in their place: --fallback {source}=synthetic_snv"
        ),
    };
    dataloader_error("an edit source has too few edits for a window, and no fall-back")
        .with_detail("source", source)
        .with_detail("missing", missing)
        .with_detail(
            "record",
            window.contig.as_ref().unwrap_or(&window.record_id),
        )
        .with_detail("start_bp", window.start)
        .with_remedy(remedy)
}

#[cfg(test)]
#[path = "mix_tests.rs"]
mod tests;
