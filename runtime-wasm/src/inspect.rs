//! What a file of variants is, before anything is scored.

use crate::js_error::{JsResult, from_json, json, misuse};
use crate::rows::reasons;
use genolewm_core::contig::AssemblyGuess;
use genolewm_core::edit::{AlleleForm, SkipReason};
use genolewm_core::source::{AlleleOutcome, Carriers, Feed, VariantReader, VariantRecord, Whose};
use genolewm_core::{ErrorCode, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// Contigs that are listed; files of scaffolds have hundreds of thousands.
const MOST_CONTIGS: usize = 1_000;

/// How a file is looked at.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Options {
    samples: Vec<String>,
    all_alleles: bool,
    /// The file inside a ZIP archive.
    member: Option<String>,
}

/// Counts what a file holds while it streams through.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Inspector {
    feed: Feed,
    whose: Whose,
    reader: Option<VariantReader>,
    carriers: Carriers,
    counts: FileCounts,
}

#[derive(Debug, Default)]
struct FileCounts {
    records: u64,
    candidates: u64,
    malformed: u64,
    skipped: BTreeMap<SkipReason, u64>,
    /// In the order of the file.
    contigs: Vec<Contig>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection<'a> {
    format: &'static str,
    format_name: &'static str,
    evidence: &'a str,
    compression: &'static str,
    samples: Vec<&'a str>,
    assembly: Option<AssemblyGuess>,
    records: u64,
    candidates: u64,
    reasons: BTreeMap<&'static str, u64>,
    malformed: u64,
    contigs: &'a [Contig],
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Contig {
    name: String,
    records: u64,
    candidates: u64,
}

#[wasm_bindgen]
impl Inspector {
    /// An inspector of the file that errors call `name`, with the options of JSON.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for options that are none.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, options: &str) -> JsResult<Inspector> {
        let options: Options = from_json(options, "the options")?;
        Ok(Self {
            feed: Feed::new(name).with_member(options.member.as_deref()),
            whose: Whose::of(options.samples, options.all_alleles),
            reader: None,
            carriers: Carriers::default(),
            counts: FileCounts::default(),
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `INPUT.*` for what is no file of variants, or is damaged.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        self.feed.push(chunk)?;
        Ok(self.read()?)
    }

    /// What the file is, as JSON, after its last byte.
    ///
    /// # Errors
    /// As [`push`](Self::push); `INPUT.GENERIC` for a file that is cut short.
    pub fn finish(&mut self) -> JsResult<String> {
        self.feed.end();
        self.read()?;
        let reader = self
            .reader
            .as_ref()
            .ok_or_else(|| misuse("the input has not ended"))?;
        let counts = &self.counts;
        json(&Inspection {
            format: reader.format().as_str(),
            format_name: reader.format().title(),
            evidence: reader.evidence(),
            compression: reader.compression().as_str(),
            samples: reader.samples(),
            assembly: reader.assembly(),
            records: counts.records,
            candidates: counts.candidates,
            reasons: reasons(&counts.skipped),
            malformed: counts.malformed,
            contigs: &counts.contigs,
            warnings: reader
                .warnings()
                .into_iter()
                .map(|warning| warning.message)
                .collect(),
        })
    }
}

impl Inspector {
    fn read(&mut self) -> Result<()> {
        if self.reader.is_none() {
            match self.feed.open() {
                Ok(reader) => {
                    self.carriers = Carriers::new(&reader, &self.whose)?;
                    self.reader = Some(reader);
                }
                Err(error) if error.is_starved() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let Some(reader) = &mut self.reader else {
            return Ok(());
        };
        loop {
            match reader.next_record() {
                Ok(Some(record)) => self.counts.add(&record, &self.carriers),
                Ok(None) => return Ok(()),
                Err(error) if error.is_starved() => return Ok(()),
                Err(error) if error.code() == ErrorCode::InputVcfParse => {
                    self.counts.malformed += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl FileCounts {
    fn add(&mut self, record: &VariantRecord, carriers: &Carriers) {
        self.records += 1;
        let candidates = self.candidates_of(record, carriers);
        self.candidates += candidates;
        if let Some(contig) = self.contig(&record.contig) {
            contig.records += 1;
            contig.candidates += candidates;
        }
    }

    /// How many alleles of a record may be scored; the others are counted by their reasons.
    fn candidates_of(&mut self, record: &VariantRecord, carriers: &Carriers) -> u64 {
        if record.needs_reference() {
            return 1;
        }
        let mut candidates = 0;
        let carried = carriers.carried(record);
        let alleles = record.alleles(AlleleForm::Canonical);
        for (index, allele) in alleles.into_iter().enumerate() {
            let is_carried = carried.as_ref().and_then(|carried| carried.get(index));
            let reason = match allele {
                AlleleOutcome::Skipped(reason) => reason,
                AlleleOutcome::Candidate(_) if is_carried == Some(&false) => SkipReason::NotCarried,
                AlleleOutcome::Candidate(_) => {
                    candidates += 1;
                    continue;
                }
            };
            *self.skipped.entry(reason).or_default() += 1;
        }
        candidates
    }

    /// The entry of a contig, most often the last; none beyond [`MOST_CONTIGS`].
    fn contig(&mut self, name: &str) -> Option<&mut Contig> {
        let known = self.contigs.iter().rposition(|known| known.name == name);
        let index = match known {
            Some(index) => index,
            None if self.contigs.len() < MOST_CONTIGS => {
                self.contigs.push(Contig {
                    name: name.to_owned(),
                    records: 0,
                    candidates: 0,
                });
                self.contigs.len() - 1
            }
            None => return None,
        };
        self.contigs.get_mut(index)
    }
}
