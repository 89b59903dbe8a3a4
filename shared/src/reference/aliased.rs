//! A reference that answers to any spelling of a contig's name, and cuts windows.

use super::base_source::{BaseSource, ContigInfo, unknown_contig};
use crate::contig::{
    AssemblyGuess, ContigAliases, NC_001807_BP, RCRS_BP, guess_from_lengths, is_mitochondrion,
    mitochondrion_bp,
};
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
    /// The contigs that are mitochondria, of one sequence or of several.
    mitochondria: Vec<usize>,
    aligner: LeftAligner,
}

impl<S: BaseSource> Reference<S> {
    /// Puts aliases on a source.
    pub fn new(source: S) -> Self {
        let names = source.contigs().iter().map(|contig| contig.name.clone());
        let aliases = ContigAliases::new(names.collect::<Vec<_>>());
        let contigs = source.contigs().iter().enumerate();
        let mitochondria = contigs.filter(|(_, contig)| is_mitochondrion(&contig.name));
        Self {
            mitochondria: mitochondria.map(|(index, _)| index).collect(),
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
        self.contig(contig).map(|contig| contig.name.as_str())
    }

    /// The contig that a name means.
    #[must_use]
    pub fn contig(&self, contig: &str) -> Option<&ContigInfo> {
        self.source.contigs().get(self.index_of(contig)?)
    }

    /// The position, in the reference's order, of the contig that a name means. Of several
    /// mitochondria it is the one of the length that the name means; `chrM` is the contig of that
    /// name, else the rCRS.
    #[must_use]
    pub fn index_of(&self, contig: &str) -> Option<usize> {
        if self.mitochondria.is_empty() || !is_mitochondrion(contig) {
            return self.aliases.index_of(contig);
        }
        if let Some(length_bp) = mitochondrion_bp(contig) {
            let known = |index: &usize| {
                let length_bp = self.length_bp(*index);
                [RCRS_BP, NC_001807_BP].contains(&length_bp)
            };
            // A reference of another species, or a piece of one.
            let only = match self.mitochondria.as_slice() {
                [only] if !known(only) => Some(*only),
                _ => None,
            };
            return self.mitochondrion(length_bp).or(only);
        }
        let exact = |index: &usize| {
            let info = self.source.contigs().get(*index);
            info.is_some_and(|info| info.name == contig)
        };
        let mut all = self.mitochondria.iter().copied();
        let found = all
            .clone()
            .find(exact)
            .or_else(|| self.mitochondrion(RCRS_BP));
        found.or_else(|| all.next())
    }

    /// The name by which a file's mitochondrion is to be looked up, where its header declares a length
    /// that is not of the contig that the name alone would find.
    #[must_use]
    pub fn mitochondrion_of(&self, contig: &str, declared_bp: u64) -> Option<String> {
        let found = self.contig(contig).map(|info| info.length_bp);
        if self.mitochondria.is_empty() || !is_mitochondrion(contig) || found == Some(declared_bp) {
            return None;
        }
        let known = match declared_bp {
            RCRS_BP => "NC_012920.1",
            NC_001807_BP => "NC_001807.4",
            _ => return None,
        };
        let there = self.mitochondrion(declared_bp);
        let there = there.and_then(|index| self.source.contigs().get(index));
        Some(there.map_or(known, |info| info.name.as_str()).to_owned())
    }

    /// Why there is no contig of this name.
    #[must_use]
    pub fn why_unknown(&self, contig: &str) -> SkipReason {
        if !self.mitochondria.is_empty() && is_mitochondrion(contig) {
            SkipReason::OtherMitochondrion
        } else {
            SkipReason::ContigUnknown
        }
    }

    /// The mitochondrion of this length.
    fn mitochondrion(&self, length_bp: u64) -> Option<usize> {
        let mut all = self.mitochondria.iter().copied();
        all.find(|index| self.length_bp(*index) == length_bp)
    }

    fn length_bp(&self, index: usize) -> u64 {
        let info = self.source.contigs().get(index);
        info.map_or(0, |info| info.length_bp)
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
            return Ok(Some(self.why_unknown(contig)));
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
