//! One pass over a file of variants, driven from outside.
//!
//! [`Run::next`] goes as far as it can and says what it needs: more of the input, bytes of the
//! reference, or an engine for a batch. Every step can be repeated after its need was met.

mod reading;
mod scoring;

use crate::js_error::{JsResult, from_json, json};
use crate::model::Model;
use crate::reference::{ReferenceFile, Shared};
use crate::rows::Counts;
use genolewm::format::{RunNote, vcf_header};
use genolewm::scorer::Regions;
use genolewm_core::Result;
use genolewm_core::reference::Pages;
use genolewm_core::source::Feed;
use js_sys::{Object, Reflect, Uint8Array};
use reading::{Next, Reading};
use scoring::Scoring;
pub(crate) use scoring::{now, receipt_builder};
use serde::Deserialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Alleles in one call of the model, unless told.
const BATCH_SIZE: usize = 32;

#[wasm_bindgen(typescript_custom_section)]
const STEP: &str = r#"/** What a run needs next. */
export type Step =
  | { kind: "input" }
  | { kind: "read"; offset: number; length: number }
  | { kind: "job"; ticket: number; bytes: Uint8Array; candidates: number }
  | { kind: "wait" }
  | { kind: "done" };"#;

/// How a file is scored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    #[serde(default)]
    regions: Option<String>,
    #[serde(default)]
    batch_size: Option<usize>,
    #[serde(default)]
    receipts: bool,
    #[serde(default)]
    annotate: bool,
}

/// A pass over one file.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Run {
    reading: Reading,
    scoring: Scoring,
    feed: Feed,
    pages: Pages,
    reference: Shared,
}

#[wasm_bindgen]
impl Run {
    /// A pass over the file that errors call `name`, with the options of JSON.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for regions that are none, or a reference that is not open.
    #[wasm_bindgen(constructor)]
    pub fn new(
        model: &Model,
        reference: &ReferenceFile,
        name: &str,
        options: &str,
    ) -> JsResult<Run> {
        let options: Options = from_json(options, "the options")?;
        let regions = options.regions.as_deref().map(Regions::parse).transpose()?;
        let feed = Feed::new(name);
        let shared = reference.shared()?;
        Ok(Self {
            reading: Reading::new(feed.clone(), regions, reference.name()),
            scoring: Scoring::new(
                Rc::clone(&model.info),
                options.batch_size.unwrap_or(BATCH_SIZE),
                options.receipts,
                options.annotate,
            ),
            feed,
            pages: reference.pages.clone(),
            reference: shared,
        })
    }

    /// Takes the next bytes of the input.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for compressed data that is damaged.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        self.scoring.count_input(chunk.len());
        Ok(self.feed.push(chunk)?)
    }

    /// Says that the input is at its end.
    pub fn end(&mut self) {
        self.feed.end();
    }

    /// Goes on, and says what is needed.
    ///
    /// # Errors
    /// `INPUT.*` for an input that cannot be read or belongs to another reference.
    #[wasm_bindgen(unchecked_return_type = "Step")]
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> JsResult<JsValue> {
        loop {
            if let Some(job) = self.scoring.full_batch()? {
                return job_step(&job);
            }
            let reference = &mut *self.reference.borrow_mut();
            let advanced = self.reading.advance(reference, &mut self.scoring);
            match advanced {
                Ok(Next::Added) => {}
                Ok(Next::Starved) => return Ok(step("input")),
                Ok(Next::End) => break,
                Err(error) => {
                    let want = crate::reference::want_or(&self.pages, error)?;
                    // The wanted range is a fresh object of ours.
                    let _ = Reflect::set(&want, &"kind".into(), &"read".into());
                    return Ok(want);
                }
            }
        }
        if let Some(job) = self.scoring.last_batch()? {
            return job_step(&job);
        }
        Ok(step(if self.scoring.is_idle() {
            "done"
        } else {
            "wait"
        }))
    }

    /// Takes what an engine answered to a job.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for answers that are no numbers, or too few.
    pub fn complete(
        &mut self,
        ticket: f64,
        results: &[f64],
        backend: &str,
        device: &str,
    ) -> JsResult<()> {
        Ok(self
            .scoring
            .complete(ticket as u64, results, backend, device)?)
    }

    /// The rows that are finished, as a JSON array; `undefined` when there are none.
    ///
    /// # Errors
    /// `INTERNAL.*` when they cannot be written.
    #[wasm_bindgen(js_name = takeRows)]
    pub fn take_rows(&mut self) -> JsResult<Option<String>> {
        let rows = self.scoring.take_rows();
        (!rows.is_empty()).then(|| json(&rows)).transpose()
    }

    /// The header of the annotated VCF, once the input's was read.
    #[wasm_bindgen(js_name = vcfHeader)]
    #[must_use]
    pub fn vcf_header(&self) -> Option<String> {
        let note = RunNote {
            command: concat!("@genolewm/runtime ", env!("CARGO_PKG_VERSION")).to_owned(),
            model_id: self.scoring.model_id().to_owned(),
        };
        self.reading
            .header()
            .map(|header| vcf_header(header, &note))
    }

    /// The accounts so far, as JSON.
    ///
    /// # Errors
    /// `INTERNAL.*` when they cannot be written.
    pub fn counts(&self) -> JsResult<String> {
        json(&self.account())
    }

    /// The accounts of the finished run, as JSON.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` when they do not add up.
    pub fn summary(&self) -> JsResult<String> {
        self.scoring.reconcile(self.reading.tally())?;
        json(&self.account())
    }

    /// What is odd about the input, as a JSON array of sentences.
    ///
    /// # Errors
    /// `INTERNAL.*` when they cannot be written.
    pub fn warnings(&self) -> JsResult<String> {
        let nothing = self.scoring.scored() == 0 && self.scoring.is_idle();
        json(&self.reading.warnings(nothing))
    }
}

impl Run {
    fn account(&self) -> Counts {
        self.scoring.counts(self.reading.tally())
    }
}

/// A batch for an engine.
struct Job {
    ticket: u64,
    bytes: Vec<u8>,
    candidates: usize,
}

fn step(kind: &str) -> JsValue {
    let step = Object::new();
    // Setting a property of a fresh plain object cannot fail.
    let _ = Reflect::set(&step, &"kind".into(), &kind.into());
    step.into()
}

fn job_step(job: &Job) -> JsResult<JsValue> {
    let step = step("job");
    let set = |key: &str, value: JsValue| {
        let _ = Reflect::set(&step, &key.into(), &value);
    };
    set("ticket", (job.ticket as f64).into());
    set("bytes", Uint8Array::from(job.bytes.as_slice()).into());
    set("candidates", (job.candidates as f64).into());
    Ok(step)
}

/// Keeps what a step made only when the step went well, so that it can be repeated.
fn transact<T: Clone>(state: &mut T, step: impl FnOnce(&mut T) -> Result<()>) -> Result<()> {
    let mut trial = state.clone();
    step(&mut trial)?;
    *state = trial;
    Ok(())
}
