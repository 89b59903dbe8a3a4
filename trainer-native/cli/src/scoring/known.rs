//! `--known`: alleles that were scored before are answered from the files that hold their scores.
//!
//! An answer is found by the edit and by what its receipt's `input_commitment` begins with: a hash over
//! the window's bases, the edit, pooling and number formats. Another reference, another model or other
//! settings are therefore never answered from.

use super::flags::Args;
use super::receipts::beside;
use super::rows::{PARQUET, ScoredRow, each_row, next_line, unmatched};
use super::writer::{Format, PROGRAM, RECEIPT_HEAD, THIS_PROGRAM, prefix_of};
use crate::common::terminal::Terminal;
use genolewm::Runtime;
use genolewm::ops::NativeOps;
use genolewm::scorer::{Candidate, Distances, Regions, Scored, Workers, calibrate};
use genolewm_core::edit::EditSpec;
use genolewm_core::limits::MAX_BATCH_ALLELES;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::provenance::{Receipt, ReceiptBuilder, ReceiptDifference, ReceiptHead};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::files::lines::Lines;
use genolewm_data::shards::{known_scores, score_note};
use genolewm_report::output::{io_error_at, open};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Batches of the run that are looked up together, so that what is left of them fills a call of the model.
const LOOKED_UP_TOGETHER: usize = 4;
/// How far outside of the regions of a run an allele may lie that its file places inside.
const SHIFT_BP: u64 = 1_000;

/// Alleles that are looked up in one go.
#[must_use]
pub fn batch_size(args: &Args) -> NonZeroUsize {
    let (size, most) = (
        args.batch_size,
        MAX_BATCH_ALLELES.max(args.batch_size.get()),
    );
    if args.known.is_empty() {
        return size;
    }
    let several = size.get().saturating_mul(LOOKED_UP_TOGETHER).min(most);
    NonZeroUsize::new(several).unwrap_or(size)
}

/// How many digits of a figure there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Digits {
    None,
    Single,
    Double,
}

/// What a run needs of the scores that are known.
#[derive(Debug)]
pub struct Wanted<'a> {
    displacement: Digits,
    regions: Option<&'a Regions>,
}

impl<'a> Wanted<'a> {
    /// What an output in `format` needs, of alleles in `regions`.
    #[must_use]
    pub fn of(format: Option<Format>, regions: Option<&'a Regions>) -> Self {
        let displacement = match format {
            None | Some(Format::Jsonl | Format::Table) => Digits::None,
            Some(Format::Vcf) => Digits::Single,
            Some(Format::Tsv | Format::Csv | Format::Parquet) => Digits::Double,
        };
        Self {
            displacement,
            regions,
        }
    }

    /// Whether an edit may be asked for.
    fn holds(&self, edit: &EditSpec) -> bool {
        self.regions.is_none_or(|regions| {
            let span = edit.span();
            let start = span.start.get().saturating_sub(SHIFT_BP);
            let near = Interval::at(BpOffset(start), span.end.get() + SHIFT_BP - start);
            let intervals = regions.of_contig(edit.chrom());
            let first = intervals.partition_point(|interval| interval.end <= near.start);
            let first = intervals.get(first);
            first.is_some_and(|interval| interval.start < near.end)
        })
    }
}

/// What the model said of an allele.
#[derive(Debug, Clone, Copy)]
struct KnownAllele {
    key: u128,
    sigma_raw: f64,
    displacement: f64,
}

/// The scores of all files, sorted by key.
#[derive(Debug)]
pub struct Known {
    alleles: Vec<KnownAllele>,
    builder: ReceiptBuilder,
    batch_size: usize,
    found: Arc<AtomicU64>,
}

impl Known {
    /// Reads the files of `--known`, whose scores must be of the model and the settings of `builder`;
    /// `None` where none is named.
    ///
    /// # Errors
    /// `PROVENANCE.MANIFEST_HASH_MISMATCH` for scores of another model, `PROVENANCE.*` for those of other
    /// settings, `INPUT.GENERIC` for a file that does not say what made it, or lacks what is
    /// wanted; as [`each_row`].
    pub fn open(
        args: &Args,
        builder: &ReceiptBuilder,
        wanted: &Wanted<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Option<Self>> {
        if args.known.is_empty() {
            return Ok(None);
        }
        let mut alleles = Vec::new();
        for path in &args.known {
            read(path, builder, wanted, &mut alleles)?;
        }
        alleles
            .sort_unstable_by_key(|allele: &KnownAllele| (allele.key, allele.sigma_raw.to_bits()));
        alleles.dedup_by_key(|allele| allele.key);
        alleles.shrink_to_fit();
        terminal.info(format_args!("known: {} alleles", alleles.len()));
        Ok(Some(Self {
            alleles,
            builder: builder.clone(),
            batch_size: args.batch_size.get(),
            found: Arc::default(),
        }))
    }

    /// Alleles that were answered from them; goes on counting.
    #[must_use]
    pub fn found(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.found)
    }

    /// `workers`, which are asked for what is not known alone.
    pub fn over<'a, O: NativeOps>(
        &'a self,
        runtime: &'a Runtime<O>,
        workers: Workers<'a, Scored>,
    ) -> Workers<'a, Scored> {
        let answer = workers.answer;
        let answer = move |candidates: &[Candidate]| {
            let known = candidates.iter().map(|candidate| self.find(candidate));
            let known: Vec<Option<Distances>> = known.collect::<Result<_>>()?;
            let pairs = candidates.iter().zip(&known);
            let unknown = pairs.filter(|(_, known)| known.is_none());
            let unknown: Vec<Candidate> = unknown.map(|(candidate, _)| candidate.clone()).collect();
            let found = candidates.len() - unknown.len();
            self.found.fetch_add(found as u64, Ordering::Relaxed);
            let mut scored = Vec::with_capacity(unknown.len());
            for batch in unknown.chunks(self.batch_size) {
                scored.extend(answer(batch)?);
            }
            let mut scored = scored.into_iter();
            let options = runtime.scorer().options();
            let one = |(candidate, known): (&Candidate, Option<Distances>)| match known {
                Some(distances) => calibrate(runtime.info(), options, candidate, distances),
                None => scored
                    .next()
                    .ok_or_else(|| Error::invariant("an allele was not answered")),
            };
            candidates.iter().zip(known).map(one).collect()
        };
        Workers {
            answer: Box::new(answer),
            ..workers
        }
    }

    fn find(&self, Candidate { edit, window, .. }: &Candidate) -> Result<Option<Distances>> {
        let hash = self.builder.input_commitment(edit, window.sequence())?;
        let key = key(edit, prefix_of(&hash)?);
        let Ok(at) = self.alleles.binary_search_by_key(&key, |allele| allele.key) else {
            return Ok(None);
        };
        let allele = self.alleles.get(at);
        let distances = allele.map(|known| Distances::new(known.sigma_raw, known.displacement));
        distances.transpose()
    }
}

/// By what the scores of an edit are found whose input's hash begins with `prefix`.
fn key(edit: &EditSpec, prefix: i64) -> u128 {
    let hash = Sha256::digest(edit.to_string());
    let half = hash
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    u128::from(half) << 64 | u128::from(prefix.cast_unsigned())
}

/// Adds the scores of a file.
fn read(
    path: &Path,
    builder: &ReceiptBuilder,
    wanted: &Wanted<'_>,
    into: &mut Vec<KnownAllele>,
) -> Result<()> {
    let ours = ReceiptHead::of_builder(builder);
    let name = path.display().to_string();
    if starts_as_parquet(path)?
        && let Some(head) = score_note(path, RECEIPT_HEAD)?
    {
        check_head(&ReceiptHead::parse(&head, &name)?, &ours, &name)?;
        check_program(path, &name)?;
        for score in known_scores(path)? {
            let score = score?;
            if wanted.holds(&score.edit) {
                into.push(KnownAllele {
                    key: key(&score.edit, score.input_prefix),
                    sigma_raw: score.sigma_raw,
                    displacement: score.displacement,
                });
            }
        }
        return Ok(());
    }
    let Some(mut receipts) = Receipts::beside(path)? else {
        return Err(nameless(path));
    };
    each_row(path, &mut |row| {
        let (prefix, sigma_raw) = receipts.of(&row, &ours)?;
        if wanted.holds(&row.edit) {
            into.push(KnownAllele {
                key: key(&row.edit, prefix),
                sigma_raw,
                displacement: displacement(&row, wanted, &name)?,
            });
        }
        Ok(())
    })?;
    receipts.end()
}

fn starts_as_parquet(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    let start = open(path)?
        .take(PARQUET.len() as u64)
        .read_to_end(&mut head);
    start.map_err(io_error_at(path))?;
    Ok(head == PARQUET)
}

/// The displacement of a row, with as many digits as the output shows; 0 where it shows none.
fn displacement(row: &ScoredRow, wanted: &Wanted<'_>, name: &str) -> Result<f64> {
    let digits = match row.displacement {
        None => Digits::None,
        Some(_) if row.is_single() => Digits::Single,
        Some(_) => Digits::Double,
    };
    if digits >= wanted.displacement {
        return Ok(row.displacement.unwrap_or(0.0));
    }
    Err(Error::input("these scores lack what the output needs: the displacement")
        .in_file(name)
        .with_remedy(
            "give known scores in Parquet, TSV or CSV, which have all digits of it; those in JSONL \
             are enough for an output in JSONL, those in VCF for one in VCF",
        ))
}

/// The receipts of a file of scores, one by one.
struct Receipts {
    name: String,
    lines: Lines,
}

impl Receipts {
    /// Those that lie beside the file; `None` where there are none.
    fn beside(path: &Path) -> Result<Option<Self>> {
        let path = beside(path, ".receipts.jsonl");
        if !path.is_file() {
            return Ok(None);
        }
        let (name, lines) = (path.display().to_string(), Lines::open(&path)?);
        Ok(Some(Self { name, lines }))
    }

    /// The start of the input's hash and the raw surprise of the next receipt, which must be the row's.
    fn of(&mut self, row: &ScoredRow, ours: &ReceiptHead) -> Result<(i64, f64)> {
        let Some(line) = next_line(&mut self.lines)? else {
            return Err(unmatched("a row of scores has no receipt").in_file(&self.name));
        };
        let one = || -> Result<(i64, f64)> {
            let receipt = Receipt::parse(&line, &self.name)?;
            check_head(&ReceiptHead::of(&receipt), ours, &self.name)?;
            row.check(&receipt)?;
            Ok((
                prefix_of(&receipt.input_commitment)?,
                receipt.output.sigma_raw,
            ))
        };
        one().map_err(|error| self.lines.locate(error))
    }

    /// Refuses a receipt without a row.
    fn end(mut self) -> Result<()> {
        match next_line(&mut self.lines)? {
            None => Ok(()),
            Some(_) => Err(unmatched("a receipt has no row of scores").in_file(&self.name)),
        }
    }
}

/// Refuses scores of another model, another machine or other settings.
fn check_head(found: &ReceiptHead, ours: &ReceiptHead, name: &str) -> Result<()> {
    if found == ours {
        return Ok(());
    }
    let differences = found.differences(ours)?;
    let Some(first) = differences.first() else {
        return Ok(());
    };
    let model = differences.iter().find(|other| other.field == "model_id");
    let ReceiptDifference {
        field,
        receipt,
        anew,
    } = model.unwrap_or(first);
    let (code, message) = match model {
        Some(_) => (
            ErrorCode::ProvenanceManifestHashMismatch,
            "these scores were made with another model",
        ),
        None => (
            ErrorCode::ProvenanceGeneric,
            "these scores were made with other settings, or on another machine",
        ),
    };
    Err(Error::new(code, message)
        .in_file(name)
        .with_detail("field", field)
        .with_detail("known scores", receipt)
        .with_detail("this run", anew)
        .with_remedy(
            "leave this file out of --known, or score with the model and the backend that made it",
        ))
}

/// Other versions may differ in the last digits.
fn check_program(path: &Path, name: &str) -> Result<()> {
    let program = score_note(path, PROGRAM)?.unwrap_or_default();
    if program == THIS_PROGRAM {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::ProvenanceGeneric,
        "these scores were made by another version of the program",
    )
    .in_file(name)
    .with_detail("known scores", program)
    .with_detail("this run", THIS_PROGRAM)
    .with_remedy("score them once more with this version; its last digits may differ"))
}

fn nameless(path: &Path) -> Error {
    let receipts = beside(path, ".receipts.jsonl");
    Error::input("this file does not say which model made its scores")
        .in_file(&path.display().to_string())
        .with_remedy(format!(
            "give the Parquet that `genolewm score` writes, or put the receipts of these scores beside them \
             as {}",
            receipts.display()
        ))
}
