//! Several references as one.

use genolewm::runtime::{NativeReference, open_reference};
use genolewm::scorer::{Placed, Placer};
use genolewm_core::Result;
use genolewm_core::edit::{EditSpec, SkipReason};
use genolewm_core::genome::annotation::Annotation;
use genolewm_core::position::Interval;
use genolewm_core::reference::ContigInfo;
use genolewm_data::bases::encode;
use genolewm_data::corpus::local::{LocalRecord, fetch_chromosome};
use genolewm_data::genome::exon_table::read_exon_table;
use genolewm_data::genome::gff::read_gff3;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// References, of which the first with a contig answers for it.
#[derive(Debug)]
pub(crate) struct References {
    open: Vec<NativeReference>,
}

impl References {
    /// Opens files.
    ///
    /// # Errors
    /// As [`open_reference`].
    pub(crate) fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self> {
        let open = paths.into_iter().map(|path| open_reference(path.as_ref()));
        Ok(Self {
            open: open.collect::<Result<_>>()?,
        })
    }

    /// The window of an edit.
    ///
    /// # Errors
    /// As [`Placer::place`].
    pub(crate) fn place(&mut self, placer: &mut Placer, edit: &EditSpec) -> Result<Placed> {
        match self.with(edit.chrom()) {
            Some(reference) => placer.place(reference, edit),
            None => Ok(Placed::Skipped(SkipReason::ContigUnknown)),
        }
    }

    fn with(&mut self, contig: &str) -> Option<&mut NativeReference> {
        self.open
            .iter_mut()
            .find(|one| one.contig(contig).is_some())
    }

    fn contigs(&self) -> impl Iterator<Item = &ContigInfo> {
        self.open.iter().flat_map(|one| one.contigs())
    }
}

/// Transcripts with the bases of the references, by which those without a frame are given one.
///
/// # Errors
/// `INPUT.GENERIC` for a malformed file, `RESOURCE.GENERIC` for one that cannot be read.
pub(crate) fn annotation(
    paths: &[PathBuf],
    references: &RefCell<References>,
) -> Result<Annotation> {
    let mut transcripts = Vec::new();
    for path in paths {
        let name = path.to_string_lossy();
        let is_gff = [".gff3", ".gff", ".gff3.gz", ".gff.gz"]
            .iter()
            .any(|end| name.ends_with(end));
        transcripts.extend(if is_gff {
            read_gff3(path)?
        } else {
            read_exon_table(path)?
        });
    }
    let mut annotation = Annotation::new(transcripts);
    let pieces: Vec<LocalRecord> = references
        .borrow()
        .contigs()
        .filter_map(|contig| LocalRecord::parse(&contig.name))
        .collect();
    let fetch = |contig: &str, span: Interval| {
        let mut references = references.borrow_mut();
        let bases = references.with(contig)?.fetch(contig, span).ok()?;
        Some(encode(&bases))
    };
    annotation.set_bases(&|contig, span| fetch_chromosome(contig, span, &pieces, &fetch));
    Ok(annotation)
}
