//! Random access to the bases of a reference genome, in bounded memory.
//!
//! [`FastaReference`] reads plain or bgzip FASTA, and [`TwoBitReference`] .2bit, from anything that
//! offers byte ranges ([`RangeRead`]): a file here, [`Pages`] of a `Blob` in a browser.
//! [`AnyReference`] tells them by their content. [`Reference`] puts contig aliases on top and cuts
//! the windows that are scored.

mod any;
mod decode;
mod fasta;
mod index;
mod index_builder;
mod kind;
mod long_fetch;
mod pages;
mod range;
mod scanner;
mod store;
mod twobit;

pub use any::{AnyReference, ReferenceOpener};
pub use fasta::FastaReference;
pub use index_builder::{IndexBuilder, Indexes};
pub use kind::{ReferenceKind, sniff};
pub use pages::Pages;
pub use range::RangeRead;
pub use twobit::TwoBitReference;

use crate::contig::{AssemblyGuess, ContigAliases, guess_from_lengths};
use crate::edit::{EditSpec, SkipReason};
use crate::position::{BpOffset, Interval, Position};
use crate::window::{ExtractedWindow, window_from_slice, window_start};
use crate::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// A contig of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContigInfo {
    /// The name as the reference has it.
    pub name: String,
    /// Its length in bp.
    pub length_bp: u64,
}

/// Something that bases are fetched from.
pub trait BaseSource {
    /// The contigs, in the source's order.
    fn contigs(&self) -> &[ContigInfo];

    /// The bases of `interval` on the contig with exactly this name: upper-case A, C, G, T, and N
    /// for everything else that a reference may hold.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a contig that is not there, an interval that reaches past its end, or
    /// data that is not what the index says; `RESOURCE.GENERIC` when reading fails.
    fn fetch(&mut self, contig: &str, interval: Interval) -> Result<String>;
}

impl<S: BaseSource + ?Sized> BaseSource for Box<S> {
    fn contigs(&self) -> &[ContigInfo] {
        (**self).contigs()
    }

    fn fetch(&mut self, contig: &str, interval: Interval) -> Result<String> {
        (**self).fetch(contig, interval)
    }
}

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
        let interval = Interval::new(at, BpOffset(at.get() + 1))?;
        Ok(self.source.fetch(&name, interval)?.chars().next())
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
        let start = edit.pos().offset();
        let end = BpOffset(start.get().saturating_add(edit.reference().len() as u64));
        if end.get() > info.length_bp {
            return Ok(Some(SkipReason::OutOfContig));
        }
        let name = info.name.clone();
        let bases = self.source.fetch(&name, Interval::new(start, end)?)?;
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
        let end = BpOffset(start.get().saturating_add(window_bp as u64).min(length_bp));
        let bases = self.source.fetch(&name, Interval::new(start, end)?)?;
        window_from_slice(&bases, start, locus, window_bp)
    }

    fn known(&self, contig: &str) -> Result<&ContigInfo> {
        self.contig(contig).ok_or_else(|| unknown_contig(contig))
    }
}

/// The index and length of the contig that an interval is asked of, which must lie inside.
fn locate(
    contig: &str,
    interval: Interval,
    by_name: &BTreeMap<String, usize>,
    contigs: &[ContigInfo],
) -> Result<(usize, u64)> {
    let index = *by_name.get(contig).ok_or_else(|| unknown_contig(contig))?;
    let length_bp = contigs.get(index).map_or(0, |info| info.length_bp);
    let end = interval.end.get();
    if end <= length_bp {
        return Ok((index, length_bp));
    }
    Err(Error::new(
        ErrorCode::InputGeneric,
        format!("the interval reaches past the end of {contig:?}"),
    )
    .with_detail("end_bp", end)
    .with_detail("contig_bp", length_bp))
}

fn unknown_contig(contig: &str) -> Error {
    Error::new(
        ErrorCode::InputGeneric,
        format!("the reference has no contig {contig:?}"),
    )
    .with_remedy("check that the variants and the reference are of one genome build")
}
