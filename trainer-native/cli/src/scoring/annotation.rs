//! What is known of the places of variants: `--annotation` and `--repeats`.

use crate::common::terminal::Terminal;
use genolewm::scorer::SharedPlaces;
use genolewm_core::genome::annotation::Annotation;
use genolewm_core::genome::places::Places;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::genome::gff::read_gff3;
use genolewm_data::genome::repeats::read_repeats;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The flags that name annotation.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Context")]
pub struct AnnotationArgs {
    /// Transcripts (GFF3 or GTF, plain or gzip): percentiles among variants of the same region class;
    /// scores name gene, transcript and consequence
    #[arg(long, value_name = "FILE", requires = "fasta")]
    pub annotation: Option<PathBuf>,
    /// Repeats (BED of RepeatMasker): percentiles among variants in the same class of repeat
    #[arg(long, value_name = "BED", requires = "fasta")]
    pub repeats: Option<PathBuf>,
}

impl AnnotationArgs {
    /// Reads the files that were named, and says how much there is in them; `None` where none was.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a file that is malformed or empty, `RESOURCE.GENERIC` for one that cannot
    /// be read.
    pub fn open(&self, terminal: &mut Terminal<'_>) -> Result<Option<SharedPlaces>> {
        let empty = |path: &PathBuf, what: &str| {
            let message = format!("{}: there are no {what} in it", path.display());
            Error::new(ErrorCode::InputGeneric, message)
        };
        let mut annotation = None;
        if let Some(path) = &self.annotation {
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
        if let Some(path) = &self.repeats {
            let read = read_repeats(path)?;
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
        let is_named = annotation.is_some() || repeats.is_some();
        Ok(is_named.then(|| Arc::new(Mutex::new(Places::new(annotation, repeats)))))
    }
}
