//! Which files a run writes, and the files while it does.

use super::flags::OutputArgs;
use super::journal::{can_lie_beside, check_resumable};
use super::receipts::{self, ReceiptFile};
use super::top::Top;
use super::writer::{self, Compressed, Format, Origin, RunNote, ScoreWriter};
use crate::common::output::{Output, display_name, is_stdin_or_stdout};
use genolewm::scorer::RecordOutcome;
use genolewm_core::provenance::ReceiptBuilder;
use genolewm_core::{Error, ErrorCode, Result};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Rows of a table unless the user says otherwise.
const TABLE_ROWS: usize = 20;

/// Which files a run writes.
#[derive(Debug)]
pub struct Plan {
    /// `None` when only a table is printed.
    format: Option<Format>,
    compressed: Compressed,
    output: PathBuf,
    receipts: Option<PathBuf>,
    skipped: Option<PathBuf>,
    top: Option<usize>,
}

impl Plan {
    /// The files that the flags ask for.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for flags that contradict each other.
    pub fn new(args: &OutputArgs, no_receipt: bool) -> Result<Self> {
        let named = args.output.as_deref();
        let output = named.unwrap_or(Path::new("-"));
        let only_table = named.is_none() && args.top.is_some() && args.format.is_none();
        let table = args.format == Some(Format::Table) || only_table;
        let by_name = || match args.output_type {
            Some(_) => Ok(Format::Vcf),
            None => Format::of_name(output),
        };
        let format = match args.format.filter(|format| *format != Format::Table) {
            None if table && named.is_none() => None,
            chosen => Some(chosen.map_or_else(by_name, Ok)?),
        };
        let by_name = if is_gzip_name(output) {
            Compressed::Z
        } else {
            Compressed::V
        };
        let beside = named.filter(|path| can_lie_beside(path));
        let receipts = args.receipt.clone();
        let plan = Self {
            format,
            compressed: args.output_type.unwrap_or(by_name),
            receipts: receipts
                .or_else(|| beside.map(|path| receipts::beside(path, ".receipts.jsonl")))
                .filter(|_| !no_receipt),
            skipped: args.skipped.clone(),
            top: args
                .top
                .map(NonZeroUsize::get)
                .or(table.then_some(TABLE_ROWS)),
            output: output.to_owned(),
        };
        plan.check(args)?;
        Ok(plan)
    }

    /// The format of the scores; `None` when only a table is printed.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// Where the receipts go, if there are any.
    #[must_use]
    pub fn receipts(&self) -> Option<&Path> {
        self.receipts.as_deref()
    }

    /// Where the scores go; `None` when only a table is printed.
    #[must_use]
    pub fn scores_file(&self) -> Option<&Path> {
        self.format.map(|_| self.output.as_path())
    }

    fn check(&self, args: &OutputArgs) -> Result<()> {
        let refused = |message: &str, remedy: &str| {
            Err(Error::new(ErrorCode::InputGeneric, message).with_remedy(remedy))
        };
        let vcf = self.format == Some(Format::Vcf);
        if args.output_type.is_some() && !vcf {
            return refused(
                "-O is for VCF output",
                "leave -O out, or choose --format vcf",
            );
        }
        if is_gzip_name(&self.output) && !vcf {
            return refused(
                "only VCF output is compressed",
                "choose --format vcf, or a name without .gz",
            );
        }
        if args.resume {
            check_resumable(self.scores_file().unwrap_or(Path::new("-")))?;
        }
        if self.top.is_some() && self.format.is_some() && is_stdin_or_stdout(&self.output) {
            return refused(
                "table and scores would both go to standard output",
                "name a file with --output",
            );
        }
        let paths = [self.receipts.as_deref(), self.skipped.as_deref()];
        let to_stdout = paths
            .into_iter()
            .flatten()
            .find(|path| is_stdin_or_stdout(path));
        if to_stdout.is_some() && (self.top.is_some() || is_stdin_or_stdout(&self.output)) {
            return refused(
                "two outputs would both go to standard output",
                "name a file with --output, --receipt and --skipped",
            );
        }
        Ok(())
    }

    /// Opens the files of a run that began at `begun` and whose receipts `builder` makes.
    ///
    /// # Errors
    /// `RESOURCE.*` when one cannot be written.
    pub fn open(
        &self,
        origin: &Origin,
        note: &RunNote,
        begun: &str,
        builder: &ReceiptBuilder,
    ) -> Result<Files> {
        let writer = self.format.map(|format| {
            let output = Output::create_prompt(&self.output)?;
            writer::open(
                format,
                self.compressed,
                output,
                origin,
                note,
                builder.clone(),
            )
        });
        let writer = writer.transpose()?;
        let receipts = self.receipts.as_deref();
        let receipts = receipts.map(|path| ReceiptFile::create(path, builder.clone(), begun));
        Ok(Files {
            writer,
            receipts: receipts.transpose()?,
            top: self.top.map(Top::new),
        })
    }

    /// Where everything went, for people.
    #[must_use]
    pub fn places(&self) -> String {
        let places = [
            ("scores", self.format.map(|_| &self.output)),
            ("receipts", self.receipts.as_ref()),
            ("skipped", self.skipped.as_ref()),
        ];
        let given = places
            .into_iter()
            .filter_map(|(what, path)| Some(format!("{what}: {}", display_name(path?))));
        given.collect::<Vec<_>>().join("\n")
    }
}

/// The open files of a run.
pub struct Files {
    writer: Option<Box<dyn ScoreWriter>>,
    receipts: Option<ReceiptFile>,
    top: Option<Top>,
}

impl Files {
    /// Writes one record to each.
    ///
    /// # Errors
    /// `RESOURCE.*` when one cannot be written.
    pub fn record(&mut self, record: &RecordOutcome) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.site(&record.record, &record.outcomes)?;
        }
        if let Some(receipts) = &mut self.receipts {
            receipts.record(record)?;
        }
        if let Some(top) = &mut self.top {
            top.record(record);
        }
        Ok(())
    }

    /// Completes every file before the first gets its name; returns the table.
    ///
    /// # Errors
    /// `RESOURCE.*` when one cannot be completed; none has its name then.
    pub fn commit(self, skipped: Option<Output>) -> Result<Option<String>> {
        let scores = self.writer.map(ScoreWriter::finish).transpose()?;
        let receipts = self.receipts.map(|file| file.output);
        let mut outputs: Vec<Output> = [skipped, receipts, scores].into_iter().flatten().collect();
        outputs.iter_mut().try_for_each(Output::settle)?;
        outputs.into_iter().try_for_each(Output::commit)?;
        Ok(self.top.map(Top::render))
    }
}

fn is_gzip_name(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end == "gz" || end == "bgz")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> OutputArgs {
        OutputArgs {
            output: None,
            format: None,
            output_type: None,
            receipt: None,
            skipped: None,
            resume: false,
            allow_empty: false,
            top: None,
        }
    }

    #[test]
    fn names_choose_format_and_receipts() -> Result<()> {
        let plan = Plan::new(
            &OutputArgs {
                output: Some("a.vcf.gz".into()),
                ..args()
            },
            false,
        )?;
        assert_eq!(
            (plan.format, plan.compressed),
            (Some(Format::Vcf), Compressed::Z)
        );
        assert_eq!(
            plan.receipts.as_deref(),
            Some(Path::new("a.vcf.gz.receipts.jsonl"))
        );
        let plan = Plan::new(
            &OutputArgs {
                output: Some("a.tsv".into()),
                ..args()
            },
            true,
        )?;
        assert_eq!((plan.format, plan.receipts), (Some(Format::Tsv), None));
        let plan = Plan::new(
            &OutputArgs {
                top: NonZeroUsize::new(5),
                ..args()
            },
            false,
        )?;
        assert_eq!((plan.format, plan.top), (None, Some(5)));
        assert_eq!(Plan::new(&args(), false)?.format, Some(Format::Jsonl));
        Ok(())
    }

    #[test]
    fn contradictions_are_refused() {
        let twice = OutputArgs {
            skipped: Some("-".into()),
            ..args()
        };
        let mixed = OutputArgs {
            format: Some(Format::Jsonl),
            top: NonZeroUsize::new(5),
            ..args()
        };
        let gzip = OutputArgs {
            output: Some("a.tsv.gz".into()),
            format: Some(Format::Tsv),
            ..args()
        };
        let resume = OutputArgs {
            resume: true,
            ..args()
        };
        for args in [twice, mixed, gzip, resume] {
            assert!(Plan::new(&args, false).is_err());
        }
    }
}
