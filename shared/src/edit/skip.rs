//! Every reason for which an allele of the input is not scored.
//!
//! No allele vanishes: each gets a score or one of these reasons, and the counts add up.

macro_rules! reasons {
    ($($variant:ident = $id:literal, $text:literal;)+) => {
        /// Why an allele is not scored. The list is closed: adding a reason is a change of format.
        ///
        /// ```
        /// use genolewm_core::edit::SkipReason;
        /// assert_eq!(SkipReason::RefMismatch.as_str(), "ref_mismatch");
        /// assert_eq!("ref_mismatch".parse(), Ok(SkipReason::RefMismatch));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SkipReason {
            $(
                #[doc = concat!("`", $id, "`: ", $text, ".")]
                $variant,
            )+
        }

        names! {
            /// The stable name that files and receipts use. Reasons are reported in the list's order.
            SkipReason: $($variant = $id),+
        }

        impl SkipReason {
            /// One line for people, without a full stop.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

reasons! {
    // What the record says about the allele.
    Symbolic = "symbolic", "a symbolic allele such as `<DEL>` names no bases";
    Breakend = "breakend", "a breakend joins two places and is no local edit";
    Overlapping = "overlapping_deletion", "the allele * only marks a deletion that another record describes";
    MissingAlt = "missing_alt", "the record has no alternate allele";
    NonAcgt = "non_acgt", "an allele holds something other than A, C, G and T";
    TooLong = "too_long", "an allele is longer than 16 bp: a structural variant";
    SameAsRef = "same_as_ref", "the alternate allele equals the reference allele";
    Duplicate = "duplicate_allele", "the record lists the same alternate allele twice";
    NotCarried = "not_carried", "no sample that was asked for carries the allele";
    // What only genotype arrays say.
    NoCall = "no_call", "the array made no call at this site";
    IndelCode = "indel_code", "the array writes I or D without the bases";
    NoReferenceAllele = "no_reference_allele", "the file does not say which allele is the reference";
    // What the reference says about the place.
    ContigUnknown = "contig_unknown", "the reference has no such contig";
    OtherMitochondrion = "other_mitochondrion", "the reference has another mitochondrial sequence than the file means";
    OutOfContig = "out_of_contig", "the position lies beyond the end of the contig";
    ReferenceN = "reference_n", "the reference is not known here (N)";
    RefMismatch = "ref_mismatch", "the reference has other bases at this position";
}

parse_by_name!(
    SkipReason,
    "this is no reason for skipping an allele",
    "text"
);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn names_are_unique_snake_case_and_parse_back() {
        let names: BTreeSet<_> = SkipReason::ALL.iter().map(|r| r.as_str()).collect();
        assert_eq!(names.len(), SkipReason::ALL.len());
        for &reason in SkipReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert!(
                reason
                    .as_str()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_')
            );
            assert!(!reason.describe().is_empty() && !reason.describe().ends_with('.'));
        }
        assert!("nothing".parse::<SkipReason>().is_err());
    }
}
