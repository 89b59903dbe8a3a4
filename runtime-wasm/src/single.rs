//! One variant.

use crate::annotation::Annotation;
use crate::job::{read_answers, write_job};
use crate::js_error::{JsResult, from_json, json, misuse};
use crate::model::Model;
use crate::rank::Rank;
use crate::reference::{ReferenceFile, want_or};
use crate::rows::{Row, RowSubject};
use crate::run::{allele_form, now};
use genolewm::info::ModelInfo;
use genolewm::scorer::{
    Candidate, Placer, ScoreOptions, ScoredBy, SharedPlaces, Windows, calibrate, edit_among,
    given_window, refused,
};
use genolewm_core::Result;
use genolewm_core::edit::{AlleleForm, VariantSpelling};
use genolewm_core::position::Position;
use genolewm_core::provenance::{Receipt, ReceiptScope};
use serde::Deserialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// An edit on its way to a score.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Single {
    info: Rc<ModelInfo>,
    variant: VariantSpelling,
    form: AlleleForm,
    options: ScoreOptions,
    places: Option<SharedPlaces>,
    /// The edit that it is, in its window, once the bases around it are known.
    candidate: Option<Candidate>,
}

/// An edit by its parts.
#[derive(Deserialize)]
struct Parts {
    contig: String,
    pos: u64,
    #[serde(rename = "ref")]
    reference: String,
    alt: String,
}

/// How it is scored.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    alleles: Option<String>,
    rank: Rank,
}

#[wasm_bindgen]
impl Single {
    /// The edit of JSON, `"chr17:41197728:T:C"` or its parts, with the options of JSON.
    ///
    /// # Errors
    /// `INPUT.*` for an edit that cannot be scored.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &Model, edit: &str, options: &str) -> JsResult<Single> {
        let options: Options = from_json(options, "the options")?;
        let form = allele_form(options.alleles.as_deref())?;
        // A text is quoted.
        let variant: VariantSpelling = if edit.starts_with('"') {
            from_json::<String>(edit, "the edit")?.parse()?
        } else {
            let Parts {
                contig,
                pos,
                reference,
                alt,
            } = from_json(edit, "the edit")?;
            VariantSpelling::new(&contig, Position::new(pos)?.get(), &reference, &alt)?
        };
        variant.edit(form).map_err(refused)?;
        Ok(Self {
            info: Rc::clone(&model.info),
            variant,
            form,
            options: options.rank.options()?,
            places: None,
            candidate: None,
        })
    }

    /// The bases around it, from the offset `start` of the contig.
    ///
    /// # Errors
    /// `INPUT.*` for bases that are none, too many, or elsewhere.
    #[wasm_bindgen(js_name = withWindow)]
    pub fn with_window(&mut self, bases: &str, start: f64) -> JsResult<()> {
        let (start, window_bp) = (start as u64, self.info.config.window_bp);
        let edit = edit_among(bases, start, &self.variant, self.form)?;
        let window = given_window(bases, start, &edit, window_bp)?;
        self.candidate = Some(Candidate::new(edit, window));
        Ok(())
    }

    /// Has it placed in a genome of which this is known.
    pub fn among(&mut self, annotation: Annotation) {
        self.places = Some(annotation.places());
    }

    /// Cuts the window from a reference, or says which bytes are wanted for it.
    ///
    /// # Errors
    /// `INPUT.*` when the reference speaks against the edit.
    #[wasm_bindgen(js_name = withReference, unchecked_return_type = "Want | undefined")]
    pub fn with_reference(&mut self, reference: &ReferenceFile) -> JsResult<JsValue> {
        match self.place(reference) {
            Ok(candidate) => {
                self.candidate = Some(candidate);
                Ok(JsValue::UNDEFINED)
            }
            Err(error) => want_or(&reference.pages, error),
        }
    }

    /// Reads it in the views that the first of some receipts names.
    ///
    /// # Errors
    /// `INPUT.*` and `PROVENANCE.*` for what is no receipt.
    #[wasm_bindgen(js_name = readAs)]
    pub fn read_as(&mut self, receipts: &[u8]) -> JsResult<()> {
        let receipts = Receipt::parse_all(receipts, "the receipt")?;
        if let Some((_, receipt)) = receipts.first() {
            self.options = ScoreOptions {
                min_bucket_size: self.options.min_bucket_size,
                everywhere: self.options.everywhere,
                ..ScoreOptions::of_receipt(receipt, &self.info.config)?
            };
        }
        Ok(())
    }

    /// The job for an engine.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before there is a window.
    pub fn job(&self) -> JsResult<Vec<u8>> {
        Ok(write_job(&[self.candidate()?], &self.windows())?)
    }

    /// The row, of what an engine answered.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for answers that are no numbers.
    pub fn row(
        &self,
        results: &[f64],
        backend: &str,
        device: &str,
        receipt: bool,
    ) -> JsResult<String> {
        let candidate = self.candidate()?;
        let answer = read_answers(results, 1)?.pop();
        let answer = answer.ok_or_else(|| misuse("the answer is empty"))?;
        let scored = calibrate(&self.info, &self.options, &candidate, answer)?;
        let by = ScoredBy {
            backend: backend.to_owned(),
            device: device.to_owned(),
        };
        let receipt = receipt.then(|| {
            let builder = by.receipts(&self.info, self.windows().noted())?;
            scored.receipt(&builder, ReceiptScope::SingleVariant, &now())
        });
        let subject = RowSubject::Single(&self.variant);
        json(&Row::scored(subject, &scored, receipt.transpose()?)?)
    }
}

impl Single {
    fn place(&self, reference: &ReferenceFile) -> Result<Candidate> {
        let shared = reference.shared()?;
        let mut placer = Placer::of(&self.info)
            .of_alleles(self.form)
            .among(self.places.clone())
            .on_grid(self.options.window_stride_bp);
        placer.variant(&mut shared.borrow_mut(), &self.variant)
    }

    /// The windows that it is read in.
    pub(crate) fn windows(&self) -> Windows {
        self.options.windows(&self.info.config)
    }

    /// How distances become scores.
    pub(crate) const fn options(&self) -> &ScoreOptions {
        &self.options
    }

    /// The model.
    pub(crate) fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The edit in its window.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before there is one.
    pub(crate) fn candidate(&self) -> Result<Candidate> {
        let candidate = self.candidate.clone();
        candidate.ok_or_else(|| misuse("the edit has no window yet"))
    }
}
