//! A reference that answers to any spelling of a contig's name, and cuts windows.

use super::base_source::{BaseSource, ContigInfo, unknown_contig};
use crate::contig::{AssemblyGuess, ContigAliases, guess_from_lengths};
use crate::edit::{AlleleForm, EditSpec, LeftAligner, SkipReason, VariantSpelling};
use crate::position::{BpOffset, Interval, Position};
use crate::window::{ExtractedWindow, window_from_slice, window_start};
use crate::{Error, ErrorCode, Result};

/// A reference that answers to any spelling of its contigs' names.
///
/// ```
/// use genolewm_core::edit::SkipReason;
/// use genolewm_core::position::Position;
/// use genolewm_core::reference::{FastaReference, Reference};
/// let fasta = FastaReference::open(&b">chr1 test\nACGTN\nacgt\n"[..], None, None, "ref.fa")?;
/// let mut reference = Reference::new(fasta);
/// assert_eq!(reference.resolve("1"), Some("chr1"));
/// let mut check = |pos, bases| reference.check("1", Position::new(pos)?, bases);
/// assert_eq!(check(2, "C")?, None);
/// assert_eq!(check(2, "G")?, Some(SkipReason::RefMismatch));
/// assert_eq!(check(5, "G")?, Some(SkipReason::ReferenceN));
/// assert_eq!(check(9, "TA")?, Some(SkipReason::OutOfContig));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Reference<S> {
    source: S,
    aliases: ContigAliases,
    aligner: LeftAligner,
}

impl<S: BaseSource> Reference<S> {
    /// Puts aliases on a source.
    pub fn new(source: S) -> Self {
        let names = source.contigs().iter().map(|contig| contig.name.clone());
        let aliases = ContigAliases::new(names.collect::<Vec<_>>());
        Self {
            source,
            aliases,
            aligner: LeftAligner::default(),
        }
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
        Ok(self
            .source
            .fetch(&name, Interval::at(at, 1))?
            .chars()
            .next())
    }

    /// Why the reference speaks against scoring a variant; `None` when its bases are the variant's
    /// whole reference allele. A letter of it that is no base stands for bases that are not known (N),
    /// as one of the reference does.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn check(
        &mut self,
        contig: &str,
        pos: Position,
        allele: &str,
    ) -> Result<Option<SkipReason>> {
        let Some(info) = self.contig(contig) else {
            return Ok(Some(SkipReason::ContigUnknown));
        };
        let span = Interval::at(pos.offset(), allele.len() as u64);
        if span.end.get() > info.length_bp {
            return Ok(Some(SkipReason::OutOfContig));
        }
        let name = info.name.clone();
        let bases = self.source.fetch(&name, span)?;
        let known = |letter| match letter {
            b'A' | b'C' | b'G' | b'T' => letter,
            _ => b'N',
        };
        Ok(if bases.bytes().eq(allele.bytes().map(known)) {
            None
        } else if bases.contains('N') {
            Some(SkipReason::ReferenceN)
        } else {
            Some(SkipReason::RefMismatch)
        })
    }

    /// An edit whose reference allele is there, with an insertion or deletion at the left end of the
    /// repeat that it lies in: its canonical form.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn left_aligned(&mut self, edit: &EditSpec) -> Result<EditSpec> {
        let name = self.known(edit.chrom())?.name.clone();
        let source = &mut self.source;
        self.aligner
            .align(edit, |interval| source.fetch(&name, interval))
    }

    /// The edit that a variant is, or why it is not scored.
    ///
    /// ```
    /// use genolewm_core::edit::{AlleleForm, SkipReason};
    /// use genolewm_core::reference::{FastaReference, Reference};
    /// let fasta = FastaReference::open(&b">chr1\nTGAAACGT\n"[..], None, None, "ref.fa")?;
    /// let mut reference = Reference::new(fasta);
    /// let mut edit = |text: &str| reference.edit_of(&text.parse()?, AlleleForm::Canonical);
    /// assert_eq!(edit("1:4:AACGT:ACGT")?, Ok("1:2:GA:G".parse()?));
    /// assert_eq!(edit("1:4:AACGG:ACGG")?, Err(SkipReason::RefMismatch));
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn edit_of(
        &mut self,
        variant: &VariantSpelling,
        form: AlleleForm,
    ) -> Result<Result<EditSpec, SkipReason>> {
        let edit = match variant.edit(form) {
            Ok(edit) => edit,
            Err(reason) => return Ok(Err(reason)),
        };
        let objection = self.check(variant.chrom(), variant.pos(), variant.reference())?;
        Ok(match (objection, form) {
            (Some(reason), _) => Err(reason),
            (None, AlleleForm::Canonical) => Ok(self.left_aligned(&edit)?),
            (None, AlleleForm::AsGiven) => Ok(edit),
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
