//! Consumer-array files to VCF.

use crate::js_error::{JsResult, from_json, json, misuse};
use crate::reference::{ReferenceFile, SharedReference, wanted};
use genolewm::scorer::{Import, ImportRequest, Intake, Need, Selection};
use genolewm_core::Result;
use genolewm_core::reference::{AlleleTable, BaseSource, Pages, Reference};
use genolewm_core::source::VcfConversionSummary;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// Converts a file that is pushed to it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Importer {
    /// None once it was finished.
    import: Option<Import>,
    alleles: Alleles,
}

/// Where reference alleles come from.
#[derive(Debug)]
enum Alleles {
    Genome(SharedReference, Pages),
    Table(Box<Reference<AlleleTable>>),
}

/// How it is converted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    sample_id: String,
    member: Option<String>,
    format: Option<String>,
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
    /// An importer of the file that errors call `name`, with alleles of an open reference and the
    /// options of JSON.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a reference that is not open or options that are none, `INPUT.VCF_PARSE`
    /// for a bad sample name.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, reference: &ReferenceFile, options: &str) -> JsResult<Importer> {
        let alleles = Alleles::Genome(reference.shared()?, reference.pages.clone());
        Self::open(name, reference.name(), alleles, options)
    }

    /// The same with the alleles of a table: contig, 1-based position and allele on each line.
    ///
    /// # Errors
    /// As [`new`](Self::new), and for a table that is none.
    #[wasm_bindgen(js_name = withAlleles)]
    pub fn with_alleles(name: &str, alleles: &str, options: &str) -> JsResult<Importer> {
        let table = AlleleTable::parse(alleles, "referenceAlleles")?;
        let alleles = Alleles::Table(Box::new(Reference::new(table)));
        Self::open(name, "", alleles, options)
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` after its end.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        let import = self.import.as_mut().ok_or_else(|| misuse(OVER))?;
        Ok(import.intake_mut().push(chunk)?)
    }

    /// The VCF and its counts as JSON, or the bytes of the reference that are wanted for it.
    ///
    /// # Errors
    /// As [`Import::next`].
    #[wasm_bindgen(unchecked_return_type = "string | Want")]
    pub fn finish(&mut self) -> JsResult<JsValue> {
        let done = match &mut self.alleles {
            Alleles::Genome(shared, _) => finish(&mut self.import, &mut shared.borrow_mut())?,
            Alleles::Table(table) => finish(&mut self.import, table)?,
        };
        match (done, &self.alleles) {
            (Some((vcf, counts, warnings)), _) => Ok(json(&Imported {
                vcf,
                records_written: counts.records_written,
                ref_calls_skipped: counts.ref_calls_skipped,
                no_calls_skipped: counts.no_calls_skipped,
                unsupported_skipped: counts.unsupported_skipped,
                malformed_skipped: counts.malformed_skipped,
                warnings,
            })?
            .into()),
            (None, Alleles::Genome(_, pages)) => {
                Ok(wanted(pages).ok_or_else(|| misuse("no bytes are wanted"))?)
            }
            (None, Alleles::Table(_)) => Err(misuse("a table has all its bytes").into()),
        }
    }
}

impl Importer {
    fn open(name: &str, reference: &str, alleles: Alleles, options: &str) -> JsResult<Self> {
        let options: Options = from_json(options, "the options")?;
        let selection = Selection {
            member: options.member,
            ..Selection::default()
        };
        let format = options.format.as_deref().map(str::parse);
        let request = ImportRequest {
            sample_id: options.sample_id,
            format: format.transpose()?,
            strict: false,
        };
        let intake = Intake::new(name, reference, selection);
        Ok(Self {
            import: Some(Import::new(intake, request)?),
            alleles,
        })
    }
}

/// Goes on to the end; `None` where bytes of the reference are wanted.
fn finish<S: BaseSource>(
    import: &mut Option<Import>,
    reference: &mut Reference<S>,
) -> Result<Option<(String, VcfConversionSummary, Vec<String>)>> {
    let open = import.as_mut().ok_or_else(|| misuse(OVER))?;
    open.intake_mut().end();
    match open.next(reference)? {
        Some(Need::Reference) => Ok(None),
        Some(Need::Input) => Err(misuse("the input has not ended")),
        None => {
            let import = import.take().ok_or_else(|| misuse(OVER))?;
            import.finish(reference).map(Some)
        }
    }
}

const OVER: &str = "the import is over";
