//! Carbon's zero-shot baseline of variants in a file: log-likelihoods of whole windows, before and after
//! each edit, by the encoder as a language model.

use crate::baselines::likelihood::sequences;
use crate::states::Item;
use genolewm::encoder::Llama;
use genolewm::ops::Ops;
use genolewm::scorer::Candidate;
use genolewm::tokenizer::SixMerTokenizer;
use genolewm_core::edit::{VariantSpelling, apply_edit};
use genolewm_core::error::Location;
use genolewm_core::window::window_sha256;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::json;
use genolewm_report::python::json::json_line;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the rows' and the cache's format.
const SCHEMA_VERSION: &str = "1.0.0";
/// What the rows say wrote them: the Python package's readers ask for this name.
pub const GENERATED_BY: &str = "geno-lewm-carbon-baseline";

/// One allele.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaselineRow {
    alt: String,
    alternate_window_sha256: String,
    carbon_alt_log_likelihood: f64,
    carbon_alt_minus_ref_log_likelihood: f64,
    carbon_ref_log_likelihood: f64,
    carbon_zero_shot_score: f64,
    chrom: String,
    generated_by: &'static str,
    pos: u64,
    #[serde(rename = "ref")]
    reference: String,
    reference_window_sha256: String,
    schema_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scored_as: Option<String>,
    window_bp: usize,
    window_start_bp: u64,
}

impl BaselineRow {
    /// The score.
    #[must_use]
    pub const fn zero_shot_score(&self) -> f64 {
        self.carbon_zero_shot_score
    }

    /// The row of a variant that is written like this, without a line end: as the Python package writes
    /// it, with `scored_as` where another spelling was scored.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for a figure that JSON cannot hold.
    pub fn to_json_line(&self, variant: &VariantSpelling) -> Result<String> {
        let scored =
            VariantSpelling::new(&self.chrom, self.pos, &self.reference, &self.alt)?.to_string();
        json_line(&Self {
            alt: variant.alternate().to_owned(),
            chrom: variant.chrom().to_owned(),
            pos: variant.pos().get(),
            reference: variant.reference().to_owned(),
            scored_as: (variant.to_string() != scored).then_some(scored),
            ..self.clone()
        })
    }
}

/// Which model log-likelihoods are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarbonIdentity {
    /// The encoder, as the user names it.
    pub carbon_model: String,
    /// Its revision.
    pub carbon_revision: String,
}

/// What was done, as `carbon-baseline` tells it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CarbonRun {
    /// The form in which alleles were scored, unless as the file has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alleles: Option<String>,
    /// The encoder.
    pub carbon_model: String,
    /// Its revision.
    pub carbon_revision: String,
    /// The reference.
    pub fasta: String,
    /// When it was done.
    pub generated_at: String,
    /// [`GENERATED_BY`].
    pub generated_by: String,
    /// Nothing was fetched.
    pub local_files_only: bool,
    /// The cache, where there is one.
    pub logp_cache: Option<String>,
    /// Log-likelihoods in it.
    pub logp_cache_entries: usize,
    /// How many of them are new.
    pub new_logp_evaluations: usize,
    /// The scores.
    pub output_scores: String,
    /// Rows of scores.
    pub records: u64,
    /// Their field.
    pub score_field: String,
    /// The variants.
    pub vcf: String,
    /// Bases of a window.
    pub window_bp: usize,
}

/// A line of the cache.
#[derive(Serialize, Deserialize)]
struct CacheRow {
    carbon_model: String,
    carbon_revision: String,
    #[serde(default)]
    generated_by: String,
    log_likelihood: f64,
    #[serde(default)]
    schema_version: String,
    sequence_sha256: String,
}

/// Log-likelihoods by the SHA-256 of their sequence, in hexadecimal digits.
#[derive(Debug, Default)]
pub struct Known(BTreeMap<String, f64>);

impl Known {
    /// Reads a cache; lines of another model or revision are left out.
    ///
    /// # Errors
    /// `INPUT.GENERIC` with file and line for what is no line of a cache, or comes twice.
    pub fn parse(text: &str, name: &str, identity: &CarbonIdentity) -> Result<Self> {
        let mut known = BTreeMap::new();
        for (line, row) in (1..).zip(text.lines()) {
            if row.trim().is_empty() {
                continue;
            }
            let broken = |why: &str| {
                Error::new(
                    ErrorCode::InputGeneric,
                    format!("no line of a cache: {why}"),
                )
                .at(Location::line(name, line))
                .with_remedy("name another file with --logp-cache-jsonl, or remove the line")
            };
            let row: CacheRow =
                json::parse(row.as_bytes(), name).map_err(|error| broken(error.message()))?;
            if row.carbon_model != identity.carbon_model
                || row.carbon_revision != identity.carbon_revision
            {
                continue;
            }
            if known
                .insert(row.sequence_sha256, row.log_likelihood)
                .is_some()
            {
                return Err(broken("this sequence has one already"));
            }
        }
        Ok(Self(known))
    }

    /// The cache's lines, in the order of the hashes.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for a figure that JSON cannot hold.
    pub fn to_json_lines(&self, identity: &CarbonIdentity) -> Result<String> {
        let line = |(hash, log_likelihood): (&String, &f64)| {
            let row = CacheRow {
                carbon_model: identity.carbon_model.clone(),
                carbon_revision: identity.carbon_revision.clone(),
                generated_by: GENERATED_BY.to_owned(),
                log_likelihood: *log_likelihood,
                schema_version: SCHEMA_VERSION.to_owned(),
                sequence_sha256: hash.clone(),
            };
            Ok(json_line(&row)? + "\n")
        };
        self.0.iter().map(line).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, hash: &str) -> Result<f64> {
        self.0.get(hash).copied().ok_or_else(|| {
            let message = "a window has no log-likelihood";
            Error::new(ErrorCode::InternalInvariantViolation, message)
        })
    }
}

/// An encoder as a language model, and what it said already.
#[derive(Debug)]
pub struct CarbonScorer<O: Ops> {
    ops: O,
    llama: Llama<O::Matrix>,
    tokenizer: SixMerTokenizer,
    known: Known,
}

/// A reference window with what edits make of it, by hash.
struct WindowGroup {
    reference: (String, Arc<str>),
    edited: Vec<(String, String)>,
}

impl<O: Ops> CarbonScorer<O> {
    /// A baseline that begins with what is known.
    #[must_use]
    pub fn new(
        ops: O,
        (llama, tokenizer): (Llama<O::Matrix>, SixMerTokenizer),
        known: Known,
    ) -> Self {
        Self {
            ops,
            llama,
            tokenizer,
            known,
        }
    }

    /// What is known by now.
    #[must_use]
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The rows of a batch, in its order. Windows are read once, and an edited one from the first
    /// token that differs.
    ///
    /// # Errors
    /// `INPUT.OUT_OF_WINDOW` and `INPUT.WINDOW_MISMATCH` for an edit that does not fit its window,
    /// and what the device reports.
    pub fn rows(&mut self, batch: &[Candidate]) -> Result<Vec<BaselineRow>> {
        let mut groups: Vec<WindowGroup> = Vec::new();
        let mut places = Vec::with_capacity(batch.len());
        for (index, candidate) in batch.iter().enumerate() {
            let shares = index.checked_sub(1).and_then(|before| batch.get(before));
            if !shares.is_some_and(|before| Arc::ptr_eq(&before.window, &candidate.window)) {
                groups.push(WindowGroup {
                    reference: hashed(Arc::clone(candidate.window.sequence()))?,
                    edited: Vec::new(),
                });
            }
            if let Some(group) = groups.last_mut() {
                let edited = hashed(edited(candidate)?)?;
                places.push((group.reference.0.clone(), edited.0.clone()));
                group.edited.push(edited);
            }
        }
        self.learn(&groups)?;
        let row = |(candidate, place): (&Candidate, (String, String))| self.row(candidate, place);
        batch.iter().zip(places).map(row).collect()
    }

    /// Computes what is not known of the groups.
    fn learn(&mut self, groups: &[WindowGroup]) -> Result<()> {
        let (mut tokens, mut hashes) = (Vec::new(), Vec::new());
        for WindowGroup { reference, edited } in groups {
            let unknown = |hash: &String| !self.known.0.contains_key(hash);
            let new: Vec<_> = edited.iter().filter(|(hash, _)| unknown(hash)).collect();
            if new.is_empty() && !unknown(&reference.0) {
                continue;
            }
            hashes.push(&reference.0);
            hashes.extend(new.iter().map(|(hash, _)| hash));
            let windows = std::iter::once(&*reference.1).chain(new.iter().map(|(_, own)| &**own));
            tokens.push(
                windows
                    .map(|own| self.tokenizer.encode(own))
                    .collect::<Vec<_>>(),
            );
        }
        let sequences = sequences(&tokens);
        let likelihoods = self.llama.log_likelihoods(&self.ops, &sequences);
        for (hash, likelihood) in hashes.into_iter().zip(pollster::block_on(likelihoods)?) {
            self.known.0.entry(hash.clone()).or_insert(likelihood.total);
        }
        Ok(())
    }

    fn row(
        &self,
        candidate: &Candidate,
        (reference, edited): (String, String),
    ) -> Result<BaselineRow> {
        let Candidate { edit, window, .. } = candidate;
        let (before, after) = (self.known.get(&reference)?, self.known.get(&edited)?);
        Ok(BaselineRow {
            alt: edit.alternate().to_owned(),
            alternate_window_sha256: edited,
            carbon_alt_log_likelihood: after,
            carbon_alt_minus_ref_log_likelihood: after - before,
            carbon_ref_log_likelihood: before,
            carbon_zero_shot_score: before - after,
            chrom: edit.chrom().to_owned(),
            generated_by: GENERATED_BY,
            pos: edit.pos().get(),
            reference: edit.reference().to_owned(),
            reference_window_sha256: reference,
            schema_version: SCHEMA_VERSION,
            scored_as: None,
            window_bp: window.window_bp(),
            window_start_bp: window.start().get(),
        })
    }
}

fn edited(candidate: &Candidate) -> Result<String> {
    let item = Item::of(&candidate.edit, &candidate.window)?;
    apply_edit(&item.sequence, &item.edit, true)
}

fn hashed<S: AsRef<str>>(sequence: S) -> Result<(String, S)> {
    let digest = window_sha256(sequence.as_ref())?;
    let hash = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hash, sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> CarbonIdentity {
        CarbonIdentity {
            carbon_model: "carbon".to_owned(),
            carbon_revision: "main".to_owned(),
        }
    }

    #[test]
    fn caches_come_back_and_those_of_other_models_are_left_out() -> Result<()> {
        let known = Known([("ab".to_owned(), -1.5), ("aa".to_owned(), -2.0)].into());
        let text = known.to_json_lines(&identity())?;
        assert!(text.starts_with(r#"{"carbon_model": "carbon", "carbon_revision": "main", "#));
        assert!(text.find("aa") < text.find("ab"));
        assert_eq!(Known::parse(&text, "cache", &identity())?.0, known.0);
        let other = CarbonIdentity {
            carbon_revision: "v2".to_owned(),
            ..identity()
        };
        assert!(Known::parse(&text, "cache", &other)?.is_empty());
        Ok(())
    }

    #[test]
    fn a_cache_that_says_a_thing_twice_is_refused_with_its_line() -> Result<()> {
        let text = Known([("ab".to_owned(), -1.5)].into()).to_json_lines(&identity())?;
        for text in [text.repeat(2), format!("{text}\n{{}}\n")] {
            let error = Known::parse(&text, "cache", &identity()).expect_err("a broken cache");
            assert_eq!(error.code(), ErrorCode::InputGeneric);
            assert!(
                error
                    .location()
                    .and_then(|at| at.line)
                    .is_some_and(|line| line >= 2)
            );
        }
        Ok(())
    }
}
