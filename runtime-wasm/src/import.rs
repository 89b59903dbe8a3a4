//! Consumer-array files to VCF.

use crate::js_error::{JsResult, json};
use crate::reference::{ReferenceFile, Shared, want_or};
use genolewm_shared::reference::Pages;
use genolewm_shared::source::{ImportOptions, convert_to_vcf};
use genolewm_shared::{Error, ErrorCode, Result};
use serde::Serialize;
use std::io::Cursor;
use wasm_bindgen::prelude::*;

/// Collects a file, and converts it when it is whole: array files are small, and their records are
/// sorted before the first is written.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Importer {
    name: String,
    sample_id: String,
    bytes: Vec<u8>,
    reference: Shared,
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
}

#[wasm_bindgen]
impl Importer {
    /// An importer of the file that errors call `name`, with alleles of an open reference.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a reference that is not open.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, reference: &ReferenceFile, sample_id: &str) -> JsResult<Importer> {
        Ok(Self {
            name: name.to_owned(),
            sample_id: sample_id.to_owned(),
            bytes: Vec::new(),
            reference: reference.shared()?,
            pages: reference.pages.clone(),
        })
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }

    /// The VCF and its counts as JSON, or the bytes that are wanted for it.
    ///
    /// # Errors
    /// As [`convert_to_vcf`].
    #[wasm_bindgen(unchecked_return_type = "string | Want")]
    pub fn finish(&self) -> JsResult<JsValue> {
        match self.convert() {
            Ok(imported) => Ok(json(&imported)?.into()),
            Err(error) => want_or(&self.pages, error),
        }
    }
}

impl Importer {
    fn convert(&self) -> Result<Imported> {
        let mut vcf = Vec::new();
        let options = ImportOptions {
            format: None,
            sample_id: self.sample_id.clone(),
            skip_unsupported: true,
        };
        let summary = convert_to_vcf(
            Box::new(Cursor::new(self.bytes.clone())),
            &self.name,
            &mut vcf,
            &mut |contig, pos| {
                let base = self.reference.borrow_mut().base(contig, pos)?;
                Ok(base.filter(|base| *base != 'N').map(String::from))
            },
            &options,
        )?;
        let vcf = String::from_utf8(vcf)
            .map_err(|_| Error::new(ErrorCode::InternalInvariantViolation, "a VCF is not UTF-8"))?;
        Ok(Imported {
            vcf,
            records_written: summary.records_written,
            ref_calls_skipped: summary.ref_calls_skipped,
            no_calls_skipped: summary.no_calls_skipped,
            unsupported_skipped: summary.unsupported_skipped,
        })
    }
}
