//! A reference genome whose bytes come from outside.

use crate::js_error::{JsResult, json, misuse, object};
use genolewm_core::bytes::take_oddities;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{self, AnyReference, Indexes, Pages, Reference, ReferenceOpener};
use genolewm_core::{Error, Result};
use js_sys::{Array, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// An open reference, shared with the runs that use it.
pub(crate) type SharedReference = Rc<RefCell<Reference<AnyReference<Pages>>>>;

/// A FASTA (plain or bgzip) or .2bit file.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ReferenceFile {
    name: String,
    pub(crate) pages: Pages,
    opener: ReferenceOpener<Pages>,
    open: Option<SharedReference>,
}

#[wasm_bindgen(typescript_custom_section)]
const WANT: &str = "/** Bytes that must be supplied before the call is made again. */
export interface Want { offset: number; length: number }";

#[wasm_bindgen]
impl ReferenceFile {
    /// A file of `size` bytes; `name` is what errors call it.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(name: &str, size: f64, fai: Option<Vec<u8>>, gzi: Option<Vec<u8>>) -> Self {
        let pages = Pages::new(name, size as u64);
        Self {
            name: name.to_owned(),
            opener: ReferenceOpener::new(pages.clone(), fai, gzi, name),
            pages,
            open: None,
        }
    }

    /// Opens the file as far as its bytes are there: returns those that are wanted, or `undefined`
    /// when it is open or [needs an index](Self::needs_index).
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a file that is no reference or does not fit its indexes.
    #[wasm_bindgen(unchecked_return_type = "Want | undefined")]
    pub fn open(&mut self) -> JsResult<JsValue> {
        Ok(match self.try_open() {
            Ok(()) => JsValue::UNDEFINED,
            Err(error) => want_or(&self.pages, error)?,
        })
    }

    /// Whether the file must be read through an [`IndexBuilder`] once.
    #[wasm_bindgen(js_name = needsIndex)]
    #[must_use]
    pub fn needs_index(&mut self) -> bool {
        self.open.is_none() && self.opener.needs_index().unwrap_or(false)
    }

    /// Takes the index that was built.
    #[wasm_bindgen(js_name = setIndex)]
    pub fn set_index(&mut self, fai: Vec<u8>, gzi: Option<Vec<u8>>) {
        self.opener.set_indexes(Indexes { fai, gzi });
    }

    /// Takes bytes that were wanted.
    ///
    /// # Errors
    /// As [`Pages::supply`].
    pub fn supply(&self, offset: f64, bytes: &[u8]) -> JsResult<()> {
        Ok(self.pages.supply(offset as u64, bytes)?)
    }

    /// The contigs as JSON.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before the file is open.
    pub fn contigs(&self) -> JsResult<String> {
        let reference = self.shared()?;
        json(&reference.borrow().contigs())
    }

    /// The build as JSON, where the contigs' lengths tell it.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before the file is open.
    pub fn assembly(&self) -> JsResult<Option<String>> {
        let guess = self.shared()?.borrow().assembly();
        guess.map(|guess| json(&guess)).transpose()
    }

    /// The bases `start .. end`, or the bytes that are wanted for them.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a contig that is not there, or an interval past its end.
    #[wasm_bindgen(unchecked_return_type = "string | Want")]
    pub fn bases(&self, contig: &str, start: f64, end: f64) -> JsResult<JsValue> {
        let reference = self.shared()?;
        let interval = Interval::new(BpOffset(start as u64), BpOffset(end as u64))?;
        let bases = reference.borrow_mut().fetch(contig, interval);
        match bases {
            Ok(bases) => Ok(bases.into()),
            Err(error) => want_or(&self.pages, error),
        }
    }
}

impl ReferenceFile {
    /// The open reference.
    pub(crate) fn shared(&self) -> Result<SharedReference> {
        self.open
            .as_ref()
            .map(Rc::clone)
            .ok_or_else(|| misuse("the reference is not open"))
    }

    /// What errors call the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn try_open(&mut self) -> Result<()> {
        if self.open.is_some() || self.opener.needs_index()? {
            return Ok(());
        }
        let source = self.opener.open()?;
        self.open = Some(Rc::new(RefCell::new(Reference::new(source))));
        Ok(())
    }
}

/// The bytes whose absence is behind an error; else the error itself.
pub(crate) fn want_or(pages: &Pages, error: Error) -> JsResult<JsValue> {
    wanted(pages).ok_or(error.into())
}

/// The bytes that the last failed read lacked.
pub(crate) fn wanted(pages: &Pages) -> Option<JsValue> {
    let (offset, length) = pages.take_wanted()?;
    let numbers = [("offset", offset as f64), ("length", length as f64)];
    Some(object(numbers.map(|(key, number)| (key, number.into()))))
}

/// Makes the indexes of a FASTA file that is streamed through it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct IndexBuilder(reference::IndexBuilder);

#[wasm_bindgen]
impl IndexBuilder {
    /// A builder; `name` is what errors call the file.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(reference::IndexBuilder::new(name))
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for what is no FASTA, or cannot be indexed.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        Ok(self.0.push(chunk)?)
    }

    /// The indexes, after the last byte, and what is odd about the file, in sentences.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a file that is cut short.
    #[wasm_bindgen(
        unchecked_return_type = "{ fai: Uint8Array; gzi?: Uint8Array; warnings: string[] }"
    )]
    pub fn finish(self) -> JsResult<JsValue> {
        let indexes = self.0.finish()?;
        let files = [("fai", Some(indexes.fai)), ("gzi", indexes.gzi)].into_iter();
        let files = files.filter_map(|(key, bytes)| Some((key, Uint8Array::from(&*bytes?).into())));
        // Nothing else ran since it was noted.
        let warnings = take_oddities().into_iter().map(JsValue::from);
        let warnings = warnings.collect::<Array>().into();
        Ok(object(files.chain([("warnings", warnings)])))
    }
}
