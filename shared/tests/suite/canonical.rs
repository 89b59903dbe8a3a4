//! One change of DNA, one edit, whatever its spelling.
#![cfg(feature = "std")]
#![allow(clippy::expect_used)]

use genolewm_core::edit::{AlleleForm, EditSpec, SkipReason, VariantSpelling};
use genolewm_core::reference::{AnyReference, BaseSource, FastaReference, Reference};
use genolewm_core::source::VariantReader;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/norm");
    Path::new(folder).join(name)
}

/// The variants of a VCF of single alternates, by ID.
fn variants(name: &str) -> BTreeMap<String, VariantSpelling> {
    let file = File::open(fixture(name)).expect("the fixture");
    let mut reader = VariantReader::open(Box::new(file), name).expect("a VCF");
    let records = std::iter::from_fn(|| reader.next_record().expect("a record"));
    records
        .map(|record| {
            let variant = record.spelling(0).expect("two alleles");
            (record.id.expect("an ID"), variant)
        })
        .collect()
}

fn canonical<S: BaseSource>(
    reference: &mut Reference<S>,
    variant: &VariantSpelling,
) -> Result<EditSpec, SkipReason> {
    let edit = reference.edit_of(variant, AlleleForm::Canonical);
    edit.expect("a reference that can be read")
}

#[test]
fn spellings_come_to_what_bcftools_norm_makes_of_them() {
    let mut reference = AnyReference::open_path(&fixture("ref.fa"))
        .map(Reference::new)
        .expect("the reference");
    let (given, wanted) = (variants("spellings.vcf"), variants("normalised.vcf"));
    assert_eq!(given.len(), 500);
    assert!(given.keys().eq(wanted.keys()));
    let mut changed = 0;
    for (id, variant) in &given {
        let edit = canonical(&mut reference, variant).expect("a scored edit");
        assert_eq!(edit.to_string(), wanted[id].to_string(), "{id}: {variant}");
        changed += usize::from(*variant != edit);
    }
    assert!(changed > 250, "{changed} of them had another form");
}

/// A contig of repeats and other bases.
fn bases() -> impl Strategy<Value = String> {
    let repeat = ("[ACGT]{1,4}", 1_usize..8).prop_map(|(unit, times)| unit.repeat(times));
    let parts = prop::collection::vec(prop_oneof![repeat, "[ACGT]{1,12}"], 4..12);
    parts.prop_map(|parts| parts.concat())
}

/// What a contig becomes by a change.
fn changed(bases: &str, at: usize, deleted: usize, inserted: &str) -> String {
    [&bases[..at], inserted, &bases[at + deleted..]].concat()
}

/// Every way to write, within a stretch, what makes `after` of `before`: one base more on either side each
/// time, and an insertion or deletion at every place that gives the same.
fn spellings(before: &str, at: usize, deleted: usize, inserted: &str) -> Vec<VariantSpelling> {
    let after = changed(before, at, deleted, inserted);
    let mut found = Vec::new();
    let net = inserted.len() as i64 - deleted as i64;
    for start in 0..before.len() {
        for end in start + 1..=before.len().min(start + 40) {
            let length = (end - start) as i64 + net;
            let Ok(length @ 1..) = usize::try_from(length) else {
                continue;
            };
            let alternate = &after[start..start + length];
            if changed(before, start, end - start, alternate) == after {
                let reference = &before[start..end];
                let pos = start as u64 + 1;
                found
                    .push(VariantSpelling::new("1", pos, reference, alternate).expect("a variant"));
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Thousands of spellings in all: each change has hundreds.
    #[test]
    fn every_spelling_of_a_change_is_one_edit(
        bases in bases(),
        place in 0.0..1.0,
        deleted in 0_usize..6,
        inserted in "[ACGT]{0,6}",
    ) {
        let at = (place * bases.len() as f64) as usize;
        let deleted = deleted.min(bases.len() - at);
        prop_assume!(changed(&bases, at, deleted, &inserted) != bases);
        let fasta = format!(">1\n{bases}\n");
        let fasta = FastaReference::open(fasta.as_bytes(), None, None, "ref.fa").expect("a FASTA");
        let mut reference = Reference::new(fasta);
        let spellings = spellings(&bases, at, deleted, &inserted);
        prop_assert!(!spellings.is_empty());
        let first = canonical(&mut reference, &spellings[0]).expect("an edit");
        let after = changed(&bases, at, deleted, &inserted);
        let (pos, length) = (first.pos().offset().index(), first.reference().len());
        prop_assert_eq!(changed(&bases, pos, length, first.alternate()), after);
        for spelling in &spellings {
            let edit = canonical(&mut reference, spelling);
            prop_assert_eq!(edit.as_ref(), Ok(&first), "{}", spelling);
        }
        // It is its own canonical form.
        let again = canonical(&mut reference, &VariantSpelling::from(&first));
        prop_assert_eq!(again, Ok(first));
    }
}

#[test]
fn the_whole_reference_allele_must_be_there() {
    let fasta = &b">1\nTGAAACGTNNACRT\n"[..];
    let mut reference =
        Reference::new(FastaReference::open(fasta, None, None, "ref.fa").expect("a FASTA"));
    let mut edit = |text: &str| canonical(&mut reference, &text.parse().expect("a variant"));
    let ok = |text: &str| Ok(text.parse().expect("an edit"));
    assert_eq!(edit("1:3:AAAC:GAAC"), ok("1:3:A:G"));
    // What is trimmed off is no less wrong.
    assert_eq!(edit("1:3:AAAG:GAAG"), Err(SkipReason::RefMismatch));
    assert_eq!(edit("1:2:CAAA:CGAA"), Err(SkipReason::RefMismatch));
    // N agrees with N, and any letter that is no base stands for N, there as here.
    assert_eq!(edit("1:10:NAC:NGC"), ok("1:11:A:G"));
    assert_eq!(edit("1:11:ACR:GCR"), ok("1:11:A:G"));
    assert_eq!(edit("1:11:ACN:GCN"), ok("1:11:A:G"));
    assert_eq!(edit("1:10:CAC:CGC"), Err(SkipReason::ReferenceN));
    assert_eq!(edit("1:7:NT:NG"), Err(SkipReason::RefMismatch));
    assert_eq!(edit("1:11:ACRTG:GCRTG"), Err(SkipReason::OutOfContig));
    assert_eq!(edit("2:1:A:C"), Err(SkipReason::ContigUnknown));
}
