//! The kind of an edit: what it does to the bases, and to how many. States move by kind of edit
//! first, so percentiles are taken among edits of one kind.

use super::canonical::SharedEnds;
use super::relative::RelEdit;
use super::spec::EditSpec;

/// What a change does, whatever its spelling, and the wider kinds that rare ones are counted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKind {
    /// One base for another.
    Snv,
    /// Several bases for as many others.
    Mnv,
    /// One base more.
    Ins1,
    /// Two to five bases more.
    Ins2To5,
    /// Six bases more, or above.
    InsFrom6,
    /// One base less.
    Del1,
    /// Two to five bases less.
    Del2To5,
    /// Six bases less, or more.
    DelFrom6,
    /// Insertions of all lengths.
    Ins,
    /// Deletions of all lengths.
    Del,
    /// Insertions and deletions.
    Indel,
}

names! {
    /// The name in bucket ids and reports.
    EditKind:
    Snv = "snv",
    Mnv = "mnv",
    Ins1 = "ins_1bp",
    Ins2To5 = "ins_2to5bp",
    InsFrom6 = "ins_6bp_up",
    Del1 = "del_1bp",
    Del2To5 = "del_2to5bp",
    DelFrom6 = "del_6bp_up",
    Ins = "ins",
    Del = "del",
    Indel = "indel",
}

impl EditKind {
    /// The kind of a pair of alleles, by the bases that they do not share. Where some bases become
    /// another number of others, the difference decides.
    ///
    /// ```
    /// use genolewm_core::edit::EditKind;
    /// assert_eq!(EditKind::of("GA", "GT"), EditKind::Snv);
    /// assert_eq!(EditKind::of("GATT", "GCT"), EditKind::Del1);
    /// ```
    #[must_use]
    pub fn of(reference: &str, alternate: &str) -> Self {
        let SharedEnds { prefix, suffix } = SharedEnds::of(reference, alternate);
        let [deleted, inserted] = [reference, alternate].map(|bases| bases.len() - prefix - suffix);
        let of_length = |bp: usize, kinds: [Self; 3]| match bp {
            1 => kinds[0],
            2..=5 => kinds[1],
            _ => kinds[2],
        };
        match inserted.checked_sub(deleted) {
            Some(0) if deleted < 2 => Self::Snv,
            Some(0) => Self::Mnv,
            Some(bp) => of_length(bp, [Self::Ins1, Self::Ins2To5, Self::InsFrom6]),
            None => {
                let kinds = [Self::Del1, Self::Del2To5, Self::DelFrom6];
                of_length(deleted - inserted, kinds)
            }
        }
    }

    /// The kind that this one is counted with where it is rare.
    #[must_use]
    pub const fn wider(self) -> Option<Self> {
        match self {
            Self::Ins1 | Self::Ins2To5 | Self::InsFrom6 => Some(Self::Ins),
            Self::Del1 | Self::Del2To5 | Self::DelFrom6 => Some(Self::Del),
            Self::Ins | Self::Del => Some(Self::Indel),
            Self::Snv | Self::Mnv | Self::Indel => None,
        }
    }

    /// Whether it is this kind, or one that is counted with it.
    #[must_use]
    pub fn is_in(self, kind: Self) -> bool {
        let kinds = core::iter::successors(Some(self), |kind| kind.wider());
        kinds.into_iter().any(|of| of == kind)
    }
}

impl EditSpec {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> EditKind {
        EditKind::of(self.reference(), self.alternate())
    }
}

impl RelEdit {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> EditKind {
        EditKind::of(self.ref_bases(), self.alt_bases())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_kinds_are_counted_with_wider_ones() {
        let inside = |kind: EditKind, of| kind.is_in(of);
        assert!(inside(EditKind::Del1, EditKind::Indel) && inside(EditKind::Del1, EditKind::Del1));
        assert!(!inside(EditKind::Del1, EditKind::Ins) && !inside(EditKind::Indel, EditKind::Del));
        assert!(!inside(EditKind::Mnv, EditKind::Indel));
    }

    #[test]
    fn spelling_decides_nothing() {
        for (reference, alternate, kind) in [
            ("A", "C", "snv"),
            ("GATG", "GACG", "snv"),
            ("AT", "CG", "mnv"),
            ("ATA", "CTG", "mnv"),
            ("A", "AC", "ins_1bp"),
            ("AT", "ACT", "ins_1bp"),
            ("A", "ACGCGC", "ins_2to5bp"),
            ("A", "ACGCGCG", "ins_6bp_up"),
            ("AC", "A", "del_1bp"),
            ("ACGCGC", "A", "del_2to5bp"),
            ("TACGCGCG", "T", "del_6bp_up"),
            ("ACG", "TT", "del_1bp"),
        ] {
            assert_eq!(EditKind::of(reference, alternate).as_str(), kind);
        }
    }
}
