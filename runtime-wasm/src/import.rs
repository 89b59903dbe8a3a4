//! Consumer-array files to VCF.

use crate::js_error::{JsResult, json};
use crate::reference::{ReferenceFile, SharedReference, want_or};
use genolewm_core::position::Position;
use genolewm_core::reference::Pages;
use genolewm_core::source::{ImportOptions, ReferenceLookup, convert_to_vcf};
use genolewm_core::{Error, Result};
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
    reference: SharedReference,
    pages: Pages,
    /// Where the file asks for the reference, in its own order; once that was looked through.
    places: Option<ReferencePlaces>,
    /// What the reference answered so far.
    bases: Vec<Option<char>>,
}

/// Places by the hundred thousand, on a few contigs.
#[derive(Debug, Default)]
struct ReferencePlaces {
    contigs: Vec<String>,
    all: Vec<(usize, Position)>,
}

impl ReferencePlaces {
    fn add(&mut self, contig: &str, pos: Position) {
        let known = self.contigs.iter().rposition(|known| known == contig);
        let index = known.unwrap_or_else(|| {
            self.contigs.push(contig.to_owned());
            self.contigs.len() - 1
        });
        self.all.push((index, pos));
    }

    fn get(&self, index: usize) -> Option<(&str, Position)> {
        let (contig, pos) = self.all.get(index)?;
        Some((self.contigs.get(*contig)?, *pos))
    }
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
            places: None,
            bases: Vec::new(),
        })
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }

    /// The VCF and its counts as JSON, or the bytes that are wanted for it. No base is read twice:
    /// a genome's places lie on more pages than are kept.
    ///
    /// # Errors
    /// As [`convert_to_vcf`].
    #[wasm_bindgen(unchecked_return_type = "string | Want")]
    pub fn finish(&mut self) -> JsResult<JsValue> {
        match self.read_bases() {
            Ok(()) => Ok(json(&self.imported()?)?.into()),
            Err(error) => want_or(&self.pages, error),
        }
    }
}

impl Importer {
    /// Reads the base of every place that has none yet.
    fn read_bases(&mut self) -> Result<()> {
        let places = match self.places.take() {
            Some(places) => places,
            None => self.look_through()?,
        };
        let places = self.places.insert(places);
        while let Some((contig, pos)) = places.get(self.bases.len()) {
            let base = self.reference.borrow_mut().base(contig, pos)?;
            self.bases.push(base.filter(|base| *base != 'N'));
        }
        Ok(())
    }

    /// The places that a conversion asks for: a row whose base is not known is skipped.
    fn look_through(&self) -> Result<ReferencePlaces> {
        let mut places = ReferencePlaces::default();
        self.convert(&mut |contig, pos| {
            places.add(contig, pos);
            Ok(None)
        })?;
        Ok(places)
    }

    /// The conversion, when every base is there.
    fn imported(&self) -> Result<Imported> {
        let mut bases = self.bases.iter();
        self.convert(&mut |_, _| Ok(bases.next().copied().flatten().map(String::from)))
    }

    fn convert(&self, reference: &mut ReferenceLookup<'_>) -> Result<Imported> {
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
            reference,
            &options,
        )?;
        let vcf = String::from_utf8(vcf).map_err(|_| Error::invariant("a VCF is not UTF-8"))?;
        Ok(Imported {
            vcf,
            records_written: summary.records_written,
            ref_calls_skipped: summary.ref_calls_skipped,
            no_calls_skipped: summary.no_calls_skipped,
            unsupported_skipped: summary.unsupported_skipped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// More pages of the reference than are kept.
    const PAGES: usize = 70;
    const PAGE_BP: usize = 256 * 1024;

    /// Supplies what is wanted; passes on any other error.
    fn supply(pages: &Pages, fasta: &[u8], error: Error) -> Result<()> {
        let (offset, length) = pages.take_wanted().ok_or(error)?;
        let bytes = fasta.get(offset as usize..offset as usize + length);
        pages.supply(offset, bytes.unwrap_or_default())
    }

    #[test]
    fn an_import_over_more_pages_than_are_kept_comes_to_its_end() -> Result<()> {
        let length = PAGES * PAGE_BP;
        let fasta = [b">1\n".as_slice(), &vec![b'A'; length], b"\n"].concat();
        let fai = format!("1\t{length}\t3\t{length}\t{}\n", length + 1).into_bytes();
        let mut file = ReferenceFile::new("ref.fa", fasta.len() as f64, Some(fai), None);
        while let Err(error) = file.try_open() {
            supply(&file.pages, &fasta, error)?;
        }
        let mut rows = String::from("# rsid\tchromosome\tposition\tgenotype\n");
        for page in 0..PAGES {
            let _ = writeln!(rows, "rs{page}\t1\t{}\tAG", page * PAGE_BP + 1_000);
        }
        let mut importer = Importer::new("raw.txt", &file, "sample").map_err(|error| error.0)?;
        importer.push(rows.as_bytes());
        let mut reads = 0;
        while let Err(error) = importer.read_bases() {
            supply(&file.pages, &fasta, error)?;
            reads += 1;
            assert!(reads <= PAGES, "the same pages are read again and again");
        }
        let imported = importer.imported()?;
        assert_eq!(imported.records_written, PAGES as u64);
        assert!(imported.vcf.contains("\t1000\trs0\tA\tG\t"));
        Ok(())
    }
}
