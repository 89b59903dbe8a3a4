//! What is known of the places of variants: `--annotation` and `--repeats`.

use crate::common::terminal::Terminal;
use genolewm::ops::NativeOps;
use genolewm::runtime::{NativeReference, Runtime};
use genolewm::scorer::{GenomicContext, Outcome};
use genolewm_core::edit::EditSpec;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::genome::annotation::Annotation;
use genolewm_data::genome::context::Contexts;
use genolewm_data::genome::gff::read_gff3;
use genolewm_data::genome::repeats::Repeats;
use std::path::PathBuf;

/// The flags that name annotation.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Context")]
pub struct AnnotationArgs {
    /// Transcripts (GFF3 or GTF, plain or gzip): percentiles among variants of the same region class
    #[arg(long, value_name = "FILE", requires = "fasta")]
    pub annotation: Option<PathBuf>,
    /// Repeats (BED of RepeatMasker): percentiles among variants in the same class of repeat
    #[arg(long, value_name = "BED", requires = "fasta")]
    pub repeats: Option<PathBuf>,
}

/// The files that were named; each edit is looked up in them.
#[derive(Debug, Default)]
pub struct Places {
    contexts: Option<Contexts>,
}

impl Places {
    /// Reads the files, and says how much there is in them.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a file that is malformed or empty, `RESOURCE.GENERIC` for one that cannot
    /// be read.
    pub fn open(args: &AnnotationArgs, terminal: &mut Terminal<'_>) -> Result<Self> {
        let empty = |path: &PathBuf, what: &str| {
            let message = format!("{}: there are no {what} in it", path.display());
            Error::new(ErrorCode::InputGeneric, message)
        };
        let mut annotation = None;
        if let Some(path) = &args.annotation {
            let transcripts = read_gff3(path)?;
            if transcripts.is_empty() {
                return Err(empty(path, "transcripts")
                    .with_remedy("give GFF3 or GTF with exon and CDS rows"));
            }
            terminal.info(format_args!(
                "annotation: {} transcripts",
                transcripts.len()
            ));
            annotation = Some(Annotation::new(transcripts));
        }
        let mut repeats = None;
        if let Some(path) = &args.repeats {
            let read = Repeats::read(path)?;
            if read.is_empty() {
                return Err(empty(path, "repeats").with_remedy("give BED of RepeatMasker"));
            }
            terminal.info(format_args!("repeats: {}", read.len()));
            if let (count @ 1.., names) = read.unknown() {
                terminal.warn(format_args!(
                    "{count} of them have names that are not known and count as mobile elements: {}",
                    names.join(", ")
                ));
            }
            repeats = Some(read);
        }
        let named = annotation.is_some() || repeats.is_some();
        Ok(Self {
            contexts: named.then(|| Contexts::new(annotation, repeats)),
        })
    }

    /// What is known of an edit's place.
    ///
    /// # Errors
    /// As [`Contexts::of`].
    pub fn of(
        &mut self,
        edit: &EditSpec,
        reference: &mut NativeReference,
    ) -> Result<GenomicContext> {
        let contexts = self.contexts.as_mut();
        contexts.map_or(Ok(GenomicContext::default()), |contexts| {
            contexts.of(edit, reference)
        })
    }

    /// Puts the scores among outcomes among the background of their places.
    ///
    /// # Errors
    /// As [`Contexts::of`] and [`Runtime::put`].
    pub fn put(
        &mut self,
        outcomes: &mut [Outcome],
        reference: &mut NativeReference,
        runtime: &Runtime<impl NativeOps>,
    ) -> Result<()> {
        if self.contexts.is_none() {
            return Ok(());
        }
        for outcome in outcomes {
            if let Outcome::Scored(scored) = outcome {
                let context = self.of(&scored.edit, reference)?;
                runtime.put(scored, &context)?;
            }
        }
        Ok(())
    }
}
