//! Consumer-array files to VCF.

use crate::js_error::{JsResult, json, misuse};
use crate::reference::{ReferenceFile, SharedReference, wanted};
use genolewm::scorer::{Import, ImportRequest, Intake, Need, Selection};
use genolewm_core::reference::Pages;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Converts a file that is pushed to it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Importer {
    /// None once it was finished.
    import: Option<Import>,
    reference: SharedReference,
    pages: Pages,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Imported {
    vcf: String,
    records_written: u64,
    ref_calls_skipped: u64,
    no_calls_skipped: u64,
    unsupported_skipped: u64,
    malformed_skipped: u64,
    warnings: Vec<String>,
}

#[wasm_bindgen]
impl Importer {
    /// An importer of the file that errors call `name`, with alleles of an open reference; of a ZIP
    /// archive, of the file `member`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a reference that is not open, `INPUT.VCF_PARSE` for a bad sample name.
    #[wasm_bindgen(constructor)]
    pub fn new(
        name: &str,
        reference: &ReferenceFile,
        sample_id: &str,
        member: Option<String>,
    ) -> JsResult<Importer> {
        let selection = Selection {
            member,
            ..Selection::default()
        };
        let request = ImportRequest {
            sample_id: sample_id.to_owned(),
            format: None,
            strict: false,
        };
        let intake = Intake::new(name, reference.name(), selection);
        Ok(Self {
            import: Some(Import::new(intake, request)?),
            reference: reference.shared()?,
            pages: reference.pages.clone(),
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` after its end.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        Ok(self.open()?.intake_mut().push(chunk)?)
    }

    /// The VCF and its counts as JSON, or the bytes of the reference that are wanted for it.
    ///
    /// # Errors
    /// As [`Import::next`].
    #[wasm_bindgen(unchecked_return_type = "string | Want")]
    pub fn finish(&mut self) -> JsResult<JsValue> {
        let reference = self.reference.clone();
        let mut reference = reference.borrow_mut();
        let import = self.open()?;
        import.intake_mut().end();
        match import.next(&mut reference)? {
            Some(Need::Reference) => {
                Ok(wanted(&self.pages).ok_or_else(|| misuse("no bytes are wanted"))?)
            }
            Some(Need::Input) => Err(misuse("the input has not ended").into()),
            None => {
                let import = self.import.take().ok_or_else(|| misuse(OVER))?;
                let (vcf, counts, warnings) = import.finish(&reference)?;
                Ok(json(&Imported {
                    vcf,
                    records_written: counts.records_written,
                    ref_calls_skipped: counts.ref_calls_skipped,
                    no_calls_skipped: counts.no_calls_skipped,
                    unsupported_skipped: counts.unsupported_skipped,
                    malformed_skipped: counts.malformed_skipped,
                    warnings,
                })?
                .into())
            }
        }
    }

    fn open(&mut self) -> JsResult<&mut Import> {
        Ok(self.import.as_mut().ok_or_else(|| misuse(OVER))?)
    }
}

const OVER: &str = "the import is over";
