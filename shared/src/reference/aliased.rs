//! A reference that answers to any spelling of a contig's name, and cuts windows.

use super::base_source::{BaseSource, ContigInfo, unknown_contig};
use crate::contig::{AssemblyGuess, ContigAliases, guess_from_lengths};
use crate::edit::{EditSpec, SkipReason};
use crate::position::{BpOffset, Interval, Position};
use crate::window::{ExtractedWindow, window_from_slice, window_start};
use crate::{Error, ErrorCode, Result};

/// A reference that answers to any spelling of its contigs' names.
///
/// ```
/// use genolewm_core::edit::SkipReason;
/// use genolewm_core::reference::{FastaReference, Reference};
/// let fasta = FastaReference::open(&b">chr1 test\nACGTN\nacgt\n"[..], None, None, "ref.fa")?;
/// let mut reference = Reference::new(fasta);
/// assert_eq!(reference.resolve("1"), Some("chr1"));
/// assert_eq!(reference.check(&"1:2:C:T".parse()?)?, None);
/// assert_eq!(reference.check(&"1:2:G:T".parse()?)?, Some(SkipReason::RefMismatch));
/// assert_eq!(reference.check(&"1:5:G:T".parse()?)?, Some(SkipReason::ReferenceN));
/// assert_eq!(reference.check(&"1:9:TA:T".parse()?)?, Some(SkipReason::OutOfContig));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Reference<S> {
    source: S,
    aliases: ContigAliases,
}

impl<S: BaseSource> Reference<S> {
    /// Puts aliases on a source.
    pub fn new(source: S) -> Self {
        let names = source.contigs().iter().map(|contig| contig.name.clone());
        let aliases = ContigAliases::new(names.collect::<Vec<_>>());
        Self { source, aliases }
    }

    /// The contigs, in the reference's order.
    #[must_use]
    pub fn contigs(&self) -> &[ContigInfo] {
        self.source.contigs()
    }

    /// The reference's own spelling of a contig's name.
    #[must_use]
    pub fn resolve(&self, contig: &str) -> Option<&str> {
        self.aliases.resolve(contig)
    }

    /// The contig that a name means.
    #[must_use]
    pub fn contig(&self, contig: &str) -> Option<&ContigInfo> {
        self.source.contigs().get(self.aliases.index_of(contig)?)
    }

    /// The build, by the contigs' lengths.
    #[must_use]
    pub fn assembly(&self) -> Option<AssemblyGuess> {
        guess_from_lengths(
            self.contigs()
                .iter()
                .map(|c| (c.name.as_str(), c.length_bp)),
        )
    }

    /// The bases of an interval.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn fetch(&mut self, contig: &str, interval: Interval) -> Result<String> {
        let name = self.known(contig)?.name.clone();
        self.source.fetch(&name, interval)
    }

    /// The bases of an interval, in lower case where the reference marks a repeat so.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String> {
        let name = self.known(contig)?.name.clone();
        self.source.fetch_soft_masked(&name, interval)
    }

    /// The base at a position, upper-case; `None` for a contig that is not there or a position past
    /// its end.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn base(&mut self, contig: &str, pos: Position) -> Result<Option<char>> {
        let at = pos.offset();
        let Some(info) = self.contig(contig).filter(|info| at.get() < info.length_bp) else {
            return Ok(None);
        };
        let name = info.name.clone();
        Ok(self
            .source
            .fetch(&name, Interval::at(at, 1))?
            .chars()
            .next())
    }

    /// Why the reference speaks against scoring an edit; `None` when its bases are the edit's
    /// reference allele.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn check(&mut self, edit: &EditSpec) -> Result<Option<SkipReason>> {
        let Some(info) = self.contig(edit.chrom()) else {
            return Ok(Some(SkipReason::ContigUnknown));
        };
        if edit.span().end.get() > info.length_bp {
            return Ok(Some(SkipReason::OutOfContig));
        }
        let name = info.name.clone();
        let bases = self.source.fetch(&name, edit.span())?;
        Ok(if bases == edit.reference() {
            None
        } else if bases.contains('N') {
            Some(SkipReason::ReferenceN)
        } else {
            Some(SkipReason::RefMismatch)
        })
    }

    /// The window of `window_bp` around `locus` (the contig's middle when there is none).
    ///
    /// # Errors
    /// As [`BaseSource::fetch`]; `INPUT.OUT_OF_WINDOW` for a locus past the contig's end;
    /// `INPUT.GENERIC` for a window length that is not canonical.
    pub fn window(
        &mut self,
        contig: &str,
        locus: Option<BpOffset>,
        window_bp: usize,
    ) -> Result<ExtractedWindow> {
        let info = self.known(contig)?;
        let (name, length_bp) = (info.name.clone(), info.length_bp);
        if let Some(locus) = locus.filter(|locus| locus.get() >= length_bp) {
            return Err(Error::new(
                ErrorCode::InputOutOfWindow,
                format!("{name} ends before the position"),
            )
            .with_detail("locus_bp", locus)
            .with_detail("contig_bp", length_bp));
        }
        let start = window_start(length_bp, locus, window_bp as u64);
        let end = start
            .saturating_add(window_bp as u64)
            .min(BpOffset(length_bp));
        let bases = self.source.fetch(&name, Interval::new(start, end)?)?;
        window_from_slice(&bases, start, locus, window_bp)
    }

    fn known(&self, contig: &str) -> Result<&ContigInfo> {
        self.contig(contig).ok_or_else(|| unknown_contig(contig))
    }
}
