//! Counts what becomes of each allele of a VCF or raw-data file, with reasons.
//!
//! `cargo run -p genolewm-core --example read_variants -- examples/brca1.vcf.gz`

use genolewm_core::edit::AlleleForm;
use genolewm_core::source::{AlleleOutcome, VariantReader};
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;
use std::fs::File;

fn main() -> Result<()> {
    let path = std::env::args()
        .nth(1)
        .ok_or_else(|| Error::input("name a file of variants"))?;
    let file = File::open(&path).map_err(|error| Error::input(format!("{path}: {error}")))?;
    let mut reader = VariantReader::open(Box::new(file), &path)?;
    let mut counts = BTreeMap::<_, u64>::new();
    while let Some(record) = reader.next_record()? {
        for allele in record.alleles(AlleleForm::Canonical) {
            let outcome = match allele {
                AlleleOutcome::Candidate(_) => "candidate",
                AlleleOutcome::Skipped(reason) => reason.as_str(),
            };
            *counts.entry(outcome).or_default() += 1;
        }
    }
    #[allow(clippy::print_stdout)]
    for (outcome, count) in counts {
        println!("{count:8} {outcome}");
    }
    Ok(())
}
