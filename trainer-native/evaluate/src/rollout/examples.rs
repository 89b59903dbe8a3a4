//! Examples of rollouts: the cached states of a window before and after some edits, and states to find the
//! true one among. They are those of the Python package's next version (1.3.0; 1.2.0, which does not name
//! how states are stored, is read too).

use super::fidelity::{rank_among, unit};
use super::follow::Networks;
use super::haplotypes::Haplotype;
use super::made::{Made, ModelStates};
use super::rows::StateRow;
use crate::score_files::jsonl::{JsonRow, ROW_BYTES, each_row_of_states};
use crate::states::MeasuredModel;
use genolewm::config::EncoderSection;
use genolewm::ops::Ops;
use genolewm_core::edit::{RelEdit, apply_edits, check_edits};
use genolewm_core::pooling::PoolType;
use genolewm_core::position::BpOffset;
use genolewm_core::provenance::sha256_prefixed;
use genolewm_core::state_contract::{STATE_CONTRACT_KEY, StateContract};
use genolewm_core::{Error, Result};
use genolewm_data::edits::synthetic::pooling_locus;
use genolewm_report::json::typed;
use genolewm_report::python::json::json_line;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

const SCHEMA_VERSION: &str = "1.3.0";
/// Without `cache_physical_encoding`; the rows are otherwise alike.
const SCHEMA_VERSION_BEFORE: &str = "1.2.0";
/// By this name the Python package knows the rows.
const GENERATED_BY: &str = "tools.release.rollout_state_examples";
const CACHE_VERSION: &str = "3.0.0";
const ENCODING: &str = "fixed_size_list<float32>";
const CACHED_VALUES: &str = "raw_pooled_v1";
/// Examples in one call of the model.
const BATCH: usize = 16;
/// Most states of an example that are written to find its target among.
const MOST_CANDIDATES: usize = 64;

/// One example.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Unique in its file.
    pub id: String,
    /// Name of the evaluated split.
    pub split: String,
    /// The rule by which its states were made of what was cached.
    pub contract: StateContract,
    /// How they were made.
    made: Made,
    /// Disjoint edits in the window's coordinates.
    pub edits: Vec<RelEdit>,
    /// The state of the window without any edit.
    pub source: Vec<f64>,
    /// That of the window with all edits.
    pub target: Vec<f64>,
    /// States to find the target among, itself among them.
    pub candidates: Vec<Vec<f64>>,
    /// Which of them it is.
    pub target_candidate: usize,
}

#[derive(Serialize, Deserialize)]
struct Line {
    schema_version: String,
    generated_by: String,
    cache_schema_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_physical_encoding: Option<String>,
    cached_state_value_contract: String,
    materialized_state_contract: StateContract,
    id: String,
    split: String,
    normalize: bool,
    source_state_key: StateKey,
    target_state_key: StateKey,
    source_state: Vec<f64>,
    target_state: Vec<f64>,
    target_candidate_id: String,
    edits: Vec<Edit>,
    candidates: Vec<Candidate>,
}

#[derive(Serialize, Deserialize)]
struct Candidate {
    id: String,
    state_key: StateKey,
    state: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct Edit {
    rel_pos: u64,
    edit_type: usize,
    ref_bases: String,
    alt_bases: String,
}

/// What a cached state is found by. Where it is pooled differs from state to state.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct StateKey {
    window_hash: String,
    #[serde(deserialize_with = "Option::deserialize")]
    center_token: Option<u32>,
    #[serde(flatten)]
    made: Made,
}

/// Reads a file of examples, plain or gzip.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read; `INPUT.GENERIC` with file and line for a row that is none,
/// whose parts do not fit each other, or whose id was there before, and for a file without rows;
/// `INPUT.OVERLAPPING_EDITS` for edits that are not apart.
pub fn read_examples(path: &Path) -> Result<Vec<Example>> {
    let (mut examples, mut seen) = (Vec::new(), HashSet::new());
    each_row_of_states(path, |row| {
        let example = Example::parse(row)?;
        if !seen.insert(example.id.clone()) {
            return Err(refused("an id is there a second time").with_detail("id", &example.id));
        }
        let kept = example.numbers() * size_of::<f64>();
        examples.push(example);
        Ok(ROW_BYTES + kept)
    })?;
    Ok(examples)
}

/// How many examples name another encoder by its hash than this one.
#[must_use]
pub fn of_another_hash(examples: &[Example], encoder_hash: &str) -> usize {
    let is_other = |one: &&Example| one.made.encoder_hash != encoder_hash;
    examples.iter().filter(is_other).count()
}

/// What the model predicts of every example, beside what became of it. The encoder's states are cached by
/// the hash, in hexadecimal digits.
///
/// # Errors
/// `INPUT.GENERIC` for states of another contract, encoder, layer or pooling than the model's, or of
/// another width; `INPUT.OUT_OF_WINDOW` for an edit beyond its windows; those of the model.
pub fn predict(
    model: &MeasuredModel<impl Ops>,
    encoder_hash: &str,
    examples: &[Example],
    done: &mut dyn FnMut(usize),
) -> Result<Vec<StateRow>> {
    let states = ModelStates::of(model, encoder_hash);
    examples.iter().try_for_each(|one| one.check(states))?;
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&at| examples[at].edits.len());
    let mut rows = vec![None; examples.len()];
    let mut predicted = 0;
    for alike in order.chunk_by(|&a, &b| examples[a].edits.len() == examples[b].edits.len()) {
        for batch in alike.chunks(BATCH) {
            let chosen: Vec<&Example> = batch.iter().map(|&at| &examples[at]).collect();
            let narrow = |one: &&Example| one.source.iter().map(|&value| value as f32).collect();
            let sources: Vec<Vec<f32>> = chosen.iter().map(narrow).collect();
            let edits: Vec<&[RelEdit]> = chosen.iter().map(|one| &*one.edits).collect();
            let states = Networks::of(&model.ops, &model.bundle).predict(&sources, &edits)?;
            for ((&at, one), steps) in batch.iter().zip(chosen).zip(states) {
                rows[at] = steps.last().map(|state| one.row(state));
            }
            predicted += batch.len();
            done(predicted);
        }
    }
    Ok(rows.into_iter().flatten().collect())
}

/// The measured states of haplotypes as lines of examples, made one by one. A target is to be found among up to 64 of those
/// after as many edits, itself the first.
///
/// # Errors
/// `INPUT.GENERIC` for states of a contract that the package does not know.
pub fn example_lines<'a>(
    haplotypes: &'a [Haplotype],
    rows: &'a [StateRow],
    encoder: &EncoderSection,
    encoder_hash: &str,
) -> Result<impl Iterator<Item = Result<String>> + use<'a>> {
    let contract = encoder.contract;
    if !contract.counts_tags() {
        return Err(
            Error::input("the Python package knows no states of this model's contract")
                .with_detail(STATE_CONTRACT_KEY, contract)
                .with_remedy("leave --output-examples out, or train under l2_normalized_v2"),
        );
    }
    let is_centred = encoder.pool_type == PoolType::CenteredMean;
    let hash = |bases: &str| {
        sha256_prefixed(bases.as_bytes())
            .trim_start_matches("sha256:")
            .to_owned()
    };
    let made = Made::of(encoder, encoder_hash);
    let key = move |bases: &str, locus: Option<BpOffset>| StateKey {
        window_hash: hash(bases),
        center_token: locus
            .filter(|_| is_centred)
            .and_then(|locus| u32::try_from(contract.center_row(locus)).ok()),
        made: made.clone(),
    };
    // Rows stand by haplotype, and there by the number of edits.
    let steps = haplotypes
        .iter()
        .flat_map(|of| (1..=of.edits.len()).map(move |k| (of, k)));
    let mut keys = Vec::with_capacity(rows.len());
    let mut alike: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, ((of, k), row)) in steps.clone().zip(rows).enumerate() {
        let target = apply_edits(&of.window, &of.edits[..k], true)?;
        keys.push(key(&target, pooling_locus(&of.edits)));
        alike.entry(row.k).or_default().push(at);
    }
    let line = move |(at, (of, k)): (usize, (&Haplotype, usize))| {
        let row = &rows[at];
        let group = alike.get(&row.k).map_or(&[][..], Vec::as_slice);
        let own = group.iter().position(|&other| other == at).unwrap_or(0);
        let candidates = group
            .iter()
            .cycle()
            .skip(own)
            .take(group.len().min(MOST_CANDIDATES));
        let candidate = |&other: &usize| Candidate {
            id: rows[other].id.clone(),
            state_key: keys[other].clone(),
            state: rows[other].target.clone(),
        };
        json_line(&Line {
            schema_version: SCHEMA_VERSION.to_owned(),
            generated_by: GENERATED_BY.to_owned(),
            cache_schema_version: CACHE_VERSION.to_owned(),
            cache_physical_encoding: Some(ENCODING.to_owned()),
            cached_state_value_contract: CACHED_VALUES.to_owned(),
            materialized_state_contract: contract,
            id: row.id.clone(),
            split: row.split.clone(),
            normalize: contract.normalizes(),
            source_state_key: key(&of.window, pooling_locus(&of.edits)),
            target_state_key: keys[at].clone(),
            source_state: row.source.clone(),
            target_state: row.target.clone(),
            target_candidate_id: row.id.clone(),
            edits: of.edits[..k].iter().map(Edit::of).collect(),
            candidates: candidates.map(candidate).collect(),
        })
    };
    Ok(steps.enumerate().take(rows.len()).map(line))
}

impl Example {
    fn parse(row: &JsonRow<'_>) -> Result<Self> {
        row.check_maker(Some(GENERATED_BY))?;
        let line: Line = typed(row.value).map_err(|error| {
            refused("a row is no example of a rollout").with_detail("cause", error.message())
        })?;
        line.check_versions()?;
        let edits = line
            .edits
            .iter()
            .map(Edit::read)
            .collect::<Result<Vec<_>>>()?;
        // What the windows' length is, no example says.
        check_edits(&edits, usize::MAX)?;
        if let Some(wrong) = line.wrong() {
            return Err(refused(wrong).with_detail("id", line.id));
        }
        let is_target = |one: &Candidate| one.id == line.target_candidate_id;
        Ok(Self {
            target_candidate: line
                .candidates
                .iter()
                .position(is_target)
                .unwrap_or_default(),
            id: line.id,
            split: line.split,
            contract: line.materialized_state_contract,
            made: line.source_state_key.made,
            edits,
            source: line.source_state,
            target: line.target_state,
            candidates: line.candidates.into_iter().map(|one| one.state).collect(),
        })
    }

    /// Refuses states that the model does not make, and edits beyond its windows.
    fn check(&self, states: ModelStates<'_>) -> Result<()> {
        let id = |error: Error| error.with_detail("id", &self.id);
        match states.other(self.contract, self.source.len(), &self.made) {
            None => check_edits(&self.edits, states.window_bp).map_err(id),
            Some([part, found, wanted]) => {
                let error = refused("an example's states are not those of this model");
                let error = error.with_detail("part", part).with_detail("found", found);
                Err(id(error).with_detail("the model's", wanted))
            }
        }
    }

    /// Of all its states.
    fn numbers(&self) -> usize {
        (2 + self.candidates.len()) * self.target.len()
    }

    fn row(&self, predicted: &[f32]) -> StateRow {
        let predicted: Vec<f64> = predicted.iter().copied().map(f64::from).collect();
        let candidates: Vec<Vec<f64>> = self.candidates.iter().map(|one| unit(one)).collect();
        let rank = |state: &[f64]| rank_among(state, self.target_candidate, &candidates);
        StateRow {
            id: self.id.clone(),
            split: self.split.clone(),
            k: self.edits.len() as u64,
            target_rank: rank(&predicted),
            baseline_target_rank: rank(&self.source),
            source: self.source.clone(),
            predicted,
            target: self.target.clone(),
        }
    }
}

impl Line {
    fn check_versions(&self) -> Result<()> {
        let is_read = match self.schema_version.as_str() {
            SCHEMA_VERSION => self.cache_physical_encoding.as_deref() == Some(ENCODING),
            SCHEMA_VERSION_BEFORE => self.cache_physical_encoding.is_none(),
            _ => false,
        };
        let normalizes = match self.materialized_state_contract {
            StateContract::L2NormalizedV2 => Some(true),
            StateContract::LegacyRawV1 => Some(false),
            _ => None,
        };
        if is_read
            && self.cache_schema_version == CACHE_VERSION
            && self.cached_state_value_contract == CACHED_VALUES
            && normalizes == Some(self.normalize)
        {
            return Ok(());
        }
        Err(refused("examples of this version or contract are not read")
            .with_detail("schema_version", &self.schema_version)
            .with_detail("cache_schema_version", &self.cache_schema_version)
            .with_detail(
                "materialized_state_contract",
                self.materialized_state_contract,
            )
            .with_detail("normalize", self.normalize))
    }

    /// What does not fit, if anything.
    fn wrong(&self) -> Option<&'static str> {
        let Self {
            candidates,
            source_state_key: source,
            target_state_key: target,
            ..
        } = self;
        let ids: HashSet<&str> = candidates.iter().map(|one| one.id.as_str()).collect();
        let is_target = |one: &&Candidate| one.id == self.target_candidate_id;
        let is_itself = candidates
            .iter()
            .find(is_target)
            .is_some_and(|one| one.state_key == *target && one.state == self.target_state);
        let mut keys = candidates.iter().map(|one| &one.state_key).chain([target]);
        let states = candidates.iter().map(|one| &one.state);
        let mut states = states.chain([&self.source_state, &self.target_state]);
        if self.id.trim().is_empty() || self.split.trim().is_empty() {
            return Some("id or split has no text");
        }
        if self.edits.is_empty() {
            return Some("an example has no edits");
        }
        if !is_itself || ids.len() != candidates.len() {
            return Some("target_candidate_id does not name one candidate that is the target");
        }
        if !keys.all(|key| key.made == source.made) {
            return Some("the states of an example were not made alike");
        }
        let all_hold = states.all(|state| self.holds(state));
        (!all_hold).then_some("a state has another width, or is none by its contract")
    }

    fn holds(&self, state: &[f64]) -> bool {
        let narrow: Vec<f32> = state.iter().map(|&value| value as f32).collect();
        state.len() == self.target_state.len()
            && self
                .materialized_state_contract
                .check_state(&narrow)
                .is_ok()
    }
}

impl Edit {
    fn of(edit: &RelEdit) -> Self {
        Self {
            rel_pos: edit.rel_pos().get(),
            edit_type: edit.edit_type().index(),
            ref_bases: edit.ref_bases().to_owned(),
            alt_bases: edit.alt_bases().to_owned(),
        }
    }

    fn read(&self) -> Result<RelEdit> {
        let edit = RelEdit::new(BpOffset(self.rel_pos), &self.ref_bases, &self.alt_bases)?;
        match edit.edit_type().index() == self.edit_type {
            true => Ok(edit),
            false => Err(refused("an edit is of another type than it says")
                .with_detail("edit_type", self.edit_type)),
        }
    }
}

fn refused(message: &str) -> Error {
    Error::input(message).with_remedy(
        "make the examples again with `genolewm rollout --output-examples`, or with the Python package from \
         states of layout 3.0.0, of the model that is measured",
    )
}

#[cfg(test)]
#[path = "examples_tests.rs"]
mod tests;
