//! Variants without the bases that their alleles share: what makes two variants the same one.

use genolewm_core::contig::common_form;
use genolewm_core::edit::EditSpec;
use genolewm_core::position::{BpOffset, Position};

/// A variant in a form in which files of different habits agree: the contig in its common form
/// (`chr17` is `17`), and the alleles without the bases that they share at their ends, so that
/// `A>AC` is the `AT>ACT` at the same place. Alleles are not shifted along repeats: that takes the
/// reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrimmedVariant {
    contig: String,
    position: Position,
    reference: String,
    alternate: String,
}

impl TrimmedVariant {
    /// The key of a variant.
    #[must_use]
    pub fn of(edit: &EditSpec) -> Self {
        let (reference, alternate) = (edit.reference(), edit.alternate());
        let suffix = shared(reference.bytes().rev(), alternate.bytes().rev());
        let (reference, alternate) = (
            &reference[..reference.len() - suffix],
            &alternate[..alternate.len() - suffix],
        );
        let prefix = shared(reference.bytes(), alternate.bytes());
        let offset = edit.pos().offset().get() + prefix as u64;
        Self {
            contig: common_form(edit.chrom()),
            position: BpOffset(offset).position(),
            reference: reference[prefix..].to_owned(),
            alternate: alternate[prefix..].to_owned(),
        }
    }
}

/// Bases that two alleles have in common before they part.
pub(crate) fn shared(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_different_habits_agree() {
        let key = |text: &str| TrimmedVariant::of(&text.parse().unwrap());
        for (one, other) in [
            ("chr17:100:A:C", "17:100:A:C"),
            ("chrM:100:A:C", "MT:100:A:C"),
            ("1:100:A:AC", "1:100:AT:ACT"),
            ("1:100:GA:GC", "1:101:A:C"),
            ("1:100:TAC:T", "1:100:TACG:TG"),
            ("1:100:CA:C", "1:100:CAA:CA"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        for (one, other) in [
            ("1:100:A:C", "1:100:A:G"),
            ("1:100:A:C", "1:101:A:C"),
            ("1:100:A:C", "2:100:A:C"),
            ("1:100:A:AC", "1:100:A:C"),
        ] {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }
}
