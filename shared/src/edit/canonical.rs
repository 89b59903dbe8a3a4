//! One change of DNA, one edit: what the alleles of a file come to.
//!
//! Callers write one change in many ways: `A>G`, `ATTT>GTTT` and, one base to the left, `GA>GG`. An
//! edit's spelling decides its window and what the model sees of it, so that every spelling is
//! brought to one form before it is judged: upper case, without the bases that the alleles share
//! (at their ends first, then at their starts, one base of each kept), and with insertions and
//! deletions as far left as their bases repeat ([`LeftAligner`](super::LeftAligner)): what
//! `bcftools norm` makes of it.

use super::alleles::MAX_ALLELE_BP;
use super::skip::SkipReason;
use super::spec::EditSpec;
use crate::contig::common_form;
use crate::position::{BpOffset, Interval, Position};
use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// In which form alleles are scored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum AlleleForm {
    /// The one form of all spellings of a change.
    #[default]
    Canonical,
    /// As the file has them, for comparison with programs that do the same: other spellings of one
    /// change have other scores.
    AsGiven,
}

names! {
    /// The name on the command line.
    AlleleForm:
    Canonical = "canonical",
    AsGiven = "as-given",
}

parse_by_name!(
    AlleleForm,
    "alleles are scored in the form canonical or as-given",
    "alleles"
);

/// The edit that a pair of alleles is, or why it cannot be one, whatever the reference says. In the
/// canonical form it is trimmed, and not yet [left-aligned](super::LeftAligner), which takes the
/// reference. Alleles may be of any length and hold anything.
///
/// ```
/// use genolewm_core::edit::{AlleleForm, SkipReason, edit_of};
/// use genolewm_core::position::Position;
/// let pos = Position::new(101)?;
/// let edit = edit_of("1", pos, "GATCTTT", "gacctTT", AlleleForm::Canonical);
/// assert_eq!(edit, Ok("1:103:T:C".parse()?));
/// let same = edit_of("1", pos, "GA", "GA", AlleleForm::Canonical);
/// assert_eq!(same, Err(SkipReason::SameAsRef));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
///
/// # Errors
/// The reason.
pub fn edit_of(
    chrom: &str,
    pos: Position,
    reference: &str,
    alternate: &str,
    form: AlleleForm,
) -> Result<EditSpec, SkipReason> {
    if let Some(reason) = names_no_bases(alternate) {
        return Err(reason);
    }
    let (reference, alternate) = (upper_case(reference), upper_case(alternate));
    let (mut pos, mut reference, mut alternate) = (pos, &*reference, &*alternate);
    if form == AlleleForm::Canonical {
        let shared = SharedEnds::of(reference, alternate);
        if shared.prefix == reference.len() && reference.len() == alternate.len() {
            return Err(SkipReason::SameAsRef);
        }
        let kept = shared.keeping_a_base(reference, alternate);
        pos = pos.offset().saturating_add(kept.prefix as u64).position();
        (reference, alternate) = (kept.trim(reference), kept.trim(alternate));
    }
    if !is_bases(reference) || !is_bases(alternate) {
        return Err(SkipReason::NonAcgt);
    }
    if reference.len() > MAX_ALLELE_BP || alternate.len() > MAX_ALLELE_BP {
        return Err(SkipReason::TooLong);
    }
    if reference == alternate {
        return Err(SkipReason::SameAsRef);
    }
    // All that it refuses was told apart before, but for a contig without a name.
    EditSpec::new(chrom, pos, reference, alternate).map_err(|_| SkipReason::ContigUnknown)
}

/// The bases at their ends that two alleles have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedEnds {
    /// Bases at the start.
    pub prefix: usize,
    /// Bases at the end, which are counted first; none of them is counted twice.
    pub suffix: usize,
}

impl SharedEnds {
    /// Those of two alleles.
    #[must_use]
    pub fn of(reference: &str, alternate: &str) -> Self {
        let (reference, alternate) = (reference.as_bytes(), alternate.as_bytes());
        if reference == alternate {
            return Self {
                prefix: reference.len(),
                suffix: 0,
            };
        }
        let shared = |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| {
            pairs.take_while(|(one, other)| one == other).count()
        };
        let suffix = shared(&mut reference.iter().rev().zip(alternate.iter().rev()));
        let left = reference.len().min(alternate.len()) - suffix;
        let prefix = shared(&mut reference.iter().zip(alternate).take(left));
        Self { prefix, suffix }
    }

    /// As many as leave one base of each allele: of a shorter allele that is shared as a whole, the
    /// last one of its start, or the first of its end.
    fn keeping_a_base(self, reference: &str, alternate: &str) -> Self {
        let shorter = reference.len().min(alternate.len());
        if self.prefix + self.suffix < shorter {
            return self;
        }
        match self.prefix {
            0 => Self {
                suffix: self.suffix.saturating_sub(1),
                ..self
            },
            prefix => Self {
                prefix: prefix - 1,
                ..self
            },
        }
    }

    fn trim(self, allele: &str) -> &str {
        let end = allele.len().saturating_sub(self.suffix);
        allele.get(self.prefix..end).unwrap_or(allele)
    }
}

/// A variant without any base that its alleles share: what makes two of them the same one where
/// there is no reference. The contig is in its common form (`chr17` is `17`), and `A>AC` is the
/// `AT>ACT` at the same place. Alleles are not moved along repeats: see
/// [`LeftAligner`](super::LeftAligner).
///
/// ```
/// use genolewm_core::edit::{EditSpec, TrimmedVariant};
/// let key = |text: &str| text.parse().map(|edit: EditSpec| TrimmedVariant::of(&edit));
/// assert_eq!(key("chr1:100:TAC:T")?, key("1:100:TACG:TG")?);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrimmedVariant {
    contig: String,
    start: u64,
    pub(super) deleted: String,
    pub(super) inserted: String,
}

impl TrimmedVariant {
    /// The key of an edit.
    #[must_use]
    pub fn of(edit: &EditSpec) -> Self {
        Self::of_alleles(edit.chrom(), edit.pos(), edit.reference(), edit.alternate())
    }

    /// The key of upper-case alleles, which may hold anything.
    #[must_use]
    pub fn of_alleles(chrom: &str, pos: Position, reference: &str, alternate: &str) -> Self {
        let shared = SharedEnds::of(reference, alternate);
        Self {
            contig: common_form(chrom),
            start: pos.offset().saturating_add(shared.prefix as u64).get(),
            deleted: shared.trim(reference).into(),
            inserted: shared.trim(alternate).into(),
        }
    }

    /// It and, for an insertion or deletion, every other place at which it could be written, as far as
    /// `base` knows the contig and its bases repeat.
    ///
    /// ```
    /// use genolewm_core::edit::{EditSpec, TrimmedVariant};
    /// let deletion: EditSpec = "1:4:AA:A".parse()?;
    /// let places = TrimmedVariant::of(&deletion).places(|at| "TGAAAC".bytes().nth(at.index()));
    /// assert_eq!(places.len(), 3);
    /// assert!(places.contains(&TrimmedVariant::of(&"1:2:GA:G".parse()?)));
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    #[must_use]
    pub fn places(&self, base: impl Fn(BpOffset) -> Option<u8>) -> Vec<Self> {
        let mut places = vec![self.clone()];
        let (unit, is_deletion) = match (self.deleted.as_str(), self.inserted.as_str()) {
            (unit, "") => (unit.as_bytes(), true),
            ("", unit) => (unit.as_bytes(), false),
            _ => return places,
        };
        let mut place = |start: u64, unit: &VecDeque<u8>| {
            let unit: String = unit.iter().copied().map(char::from).collect();
            let mut place = self.clone();
            place.start = start;
            match is_deletion {
                true => place.deleted = unit,
                false => place.inserted = unit,
            }
            places.push(place);
        };
        let (mut turned, mut start) = (VecDeque::from_iter(unit.iter().copied()), self.start);
        while let Some(before) = start.checked_sub(1)
            && base(BpOffset(before)).is_some_and(|base| turned.back() == Some(&base))
        {
            turned.rotate_right(1);
            start = before;
            place(start, &turned);
        }
        (turned, start) = (VecDeque::from_iter(unit.iter().copied()), self.start);
        let taken = if is_deletion { unit.len() as u64 } else { 0 };
        while base(BpOffset(start.saturating_add(taken)))
            .is_some_and(|base| turned.front() == Some(&base))
        {
            turned.rotate_left(1);
            start += 1;
            place(start, &turned);
        }
        places
    }

    /// The bases that are replaced or deleted; of an insertion none, before the base that it starts at.
    #[must_use]
    pub const fn span(&self) -> Interval {
        Interval::at(BpOffset(self.start), self.deleted.len() as u64)
    }

    /// The bases in their place; of a deletion none.
    #[must_use]
    pub fn inserted(&self) -> &str {
        &self.inserted
    }
}

/// Why an alternate allele is no sequence of bases, by the way it is written.
fn names_no_bases(alternate: &str) -> Option<SkipReason> {
    match alternate {
        "." | "" => return Some(SkipReason::MissingAlt),
        "*" => return Some(SkipReason::Overlapping),
        _ => {}
    }
    if alternate.contains(['[', ']']) || alternate.starts_with('.') || alternate.ends_with('.') {
        return Some(SkipReason::Breakend);
    }
    // `<DEL>`, gVCF's `<NON_REF>` and `<*>`, and `C<ctg1>`, an inserted assembly contig.
    alternate.contains('<').then_some(SkipReason::Symbolic)
}

fn upper_case(allele: &str) -> Cow<'_, str> {
    match allele.bytes().any(|byte| byte.is_ascii_lowercase()) {
        true => Cow::Owned(allele.to_ascii_uppercase()),
        false => Cow::Borrowed(allele),
    }
}

fn is_bases(allele: &str) -> bool {
    let is_base = |base| matches!(base, b'A' | b'C' | b'G' | b'T');
    !allele.is_empty() && allele.bytes().all(is_base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Result;

    fn trimmed(reference: &str, alternate: &str) -> core::result::Result<String, SkipReason> {
        let pos = Position::new(100).map_err(|_| SkipReason::OutOfContig)?;
        let edit = edit_of("1", pos, reference, alternate, AlleleForm::Canonical)?;
        Ok(alloc::format!("{edit}"))
    }

    #[test]
    fn a_padded_snv_had_another_percentile() {
        for (reference, alternate, want) in [
            ("A", "G", "1:100:A:G"),
            ("ATTT", "GTTT", "1:100:A:G"),
            ("GA", "GG", "1:101:A:G"),
            ("gatTT", "gGtTT", "1:101:A:G"),
            // A shared base in the middle makes no two edits.
            ("ACG", "TCT", "1:100:ACG:TCT"),
            // GATK's records of several alleles.
            ("GAAAA", "AAAAA", "1:100:G:A"),
            ("GAAAA", "GAAAAT", "1:104:A:AT"),
            ("GGCATGATCATAGCTCACTA", "AGCATGATCATAGCTCACTA", "1:100:G:A"),
            // What is shared goes from the end first: both ends of ATAT.
            ("TATA", "TA", "1:100:TAT:T"),
            ("TA", "TATA", "1:100:T:TAT"),
            // No base to the left is shared: one to the right stays.
            ("GA", "A", "1:100:GA:A"),
            ("A", "CA", "1:100:A:CA"),
            ("AC", "GAC", "1:100:A:GA"),
            ("CTTA", "CA", "1:100:CTT:C"),
        ] {
            assert_eq!(trimmed(reference, alternate).as_deref(), Ok(want));
        }
    }

    #[test]
    fn an_allele_is_judged_by_what_is_left_of_it() {
        let flank = "ACGTTGCAACGTTGCAACGT";
        let long = alloc::format!("G{flank}");
        assert_eq!(
            trimmed(&long, &alloc::format!("C{flank}")).as_deref(),
            Ok("1:100:G:C")
        );
        assert_eq!(trimmed("G", &long), Err(SkipReason::TooLong));
        assert_eq!(trimmed("NAR", "NGR").as_deref(), Ok("1:101:A:G"));
        assert_eq!(trimmed("NA", "N"), Err(SkipReason::NonAcgt));
        assert_eq!(trimmed("AN", "AR"), Err(SkipReason::NonAcgt));
        assert_eq!(trimmed("NAN", "nan"), Err(SkipReason::SameAsRef));
        assert_eq!(trimmed("", "A"), Err(SkipReason::NonAcgt));
        assert_eq!(trimmed("A", ""), Err(SkipReason::MissingAlt));
        assert_eq!(trimmed("A", "é"), Err(SkipReason::NonAcgt));
        // Two letters that share a byte.
        assert_eq!(trimmed("Aé", "Aè"), Err(SkipReason::NonAcgt));
    }

    #[test]
    fn as_given_nothing_is_trimmed() -> Result<()> {
        let pos = Position::new(100)?;
        let given = |reference: &str, alternate: &str| {
            edit_of("1", pos, reference, alternate, AlleleForm::AsGiven)
        };
        assert_eq!(given("ATTT", "GTTT"), Ok("1:100:ATTT:GTTT".parse()?));
        let long = "ACGTTGCAACGTTGCAACGT";
        assert_eq!(
            given(long, &long.replacen('A', "G", 1)),
            Err(SkipReason::TooLong)
        );
        assert_eq!(given("NA", "NG"), Err(SkipReason::NonAcgt));
        Ok(())
    }

    #[test]
    fn files_of_different_habits_agree() -> Result<()> {
        let key = |text: &str| -> Result<_> { Ok(TrimmedVariant::of(&text.parse()?)) };
        for (one, other) in [
            ("chr17:100:A:C", "17:100:A:C"),
            ("chrM:100:A:C", "MT:100:A:C"),
            ("1:100:A:AC", "1:100:AT:ACT"),
            ("1:100:GA:GC", "1:101:A:C"),
            ("1:100:TAC:T", "1:100:TACG:TG"),
            ("1:100:CA:C", "1:100:CAA:CA"),
            ("1:100:GA:A", "1:99:TG:T"),
        ] {
            assert_eq!(key(one)?, key(other)?, "{one} {other}");
        }
        for (one, other) in [
            ("1:100:A:C", "1:100:A:G"),
            ("1:100:A:C", "1:101:A:C"),
            ("1:100:A:C", "2:100:A:C"),
            ("1:100:A:AC", "1:100:A:C"),
        ] {
            assert_ne!(key(one)?, key(other)?, "{one} {other}");
        }
        Ok(())
    }
}
