//! Annotation of a genome: what variants do to its genes.

use crate::js_error::JsResult;
use genolewm::scorer::SharedPlaces;
use genolewm_core::genome::annotation;
use genolewm_core::genome::gff::read_transcripts;
use genolewm_core::genome::places::Places;
use genolewm_core::{Error, Result};
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use wasm_bindgen::prelude::*;

/// Transcripts of a GFF3 or GTF file. A run or an edit uses it up.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Annotation {
    places: SharedPlaces,
}

#[wasm_bindgen]
impl Annotation {
    /// Reads a file, plain or gzip; `name` is what errors call it.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a file that is malformed, or holds no transcript.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, bytes: Vec<u8>) -> JsResult<Annotation> {
        Ok(Self::read(name, bytes)?)
    }
}

impl Annotation {
    fn read(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let size = bytes.len() as u64;
        let transcripts = read_transcripts(Box::new(Cursor::new(bytes)), name, size)?;
        if transcripts.is_empty() {
            return Err(Error::input("there are no transcripts in the annotation")
                .in_file(name)
                .with_remedy("give GFF3 or GTF with exon and CDS rows"));
        }
        let annotation = annotation::Annotation::new(transcripts);
        let places = Places::new(Some(annotation), None);
        Ok(Self {
            places: Arc::new(Mutex::new(places)),
        })
    }

    /// What it says of places.
    pub(crate) fn places(self) -> SharedPlaces {
        self.places
    }
}
