//! Transcripts from GFF3 and GTF files.

use genolewm_core::Result;
use genolewm_core::genome::gff::read_transcripts;
use genolewm_core::genome::transcript::Transcript;
use genolewm_report::output::open;
use std::path::Path;

/// Reads the transcripts of a GFF3 or GTF file, see [`read_transcripts`].
///
/// # Errors
/// As [`read_transcripts`].
pub fn read_gff3(path: &Path) -> Result<Vec<Transcript>> {
    let size = path.metadata().map_or(0, |found| found.len());
    read_transcripts(Box::new(open(path)?), &path.display().to_string(), size)
}
