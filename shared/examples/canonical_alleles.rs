//! Prints the canonical form of every allele of a VCF: ID, then `CHROM:POS:REF:ALT` of what is scored, or
//! the reason why it is not.
//!
//! `cargo run -p genolewm-core --example canonical_alleles -- examples/brca1.vcf.gz examples/brca1.hg19.fa.gz`

use genolewm_core::edit::AlleleForm;
use genolewm_core::reference::{AnyReference, Reference};
use genolewm_core::source::{AlleleOutcome, VariantReader};
use genolewm_core::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;

fn main() -> Result<()> {
    let mut paths = std::env::args().skip(1);
    let (Some(vcf), Some(fasta)) = (paths.next(), paths.next()) else {
        return Err(Error::input("name a file of variants and its reference"));
    };
    let file = File::open(&vcf).map_err(|error| Error::input(format!("{vcf}: {error}")))?;
    let mut reader = VariantReader::open(Box::new(file), &vcf)?;
    let mut reference = AnyReference::open_path(Path::new(&fasta)).map(Reference::new)?;
    let mut output = BufWriter::new(stdout().lock());
    while let Some(record) = reader.next_record()? {
        let id = record.id.as_deref().unwrap_or(".");
        let outcomes = record.alleles(AlleleForm::Canonical);
        for (allele, outcome) in outcomes.into_iter().enumerate() {
            let outcome = match (outcome, record.spelling(allele)) {
                (AlleleOutcome::Candidate(_), Some(spelling)) => {
                    reference.edit_of(&spelling, AlleleForm::Canonical)?
                }
                (AlleleOutcome::Skipped(reason), _) => Err(reason),
                (AlleleOutcome::Candidate(edit), None) => Ok(edit),
            };
            let text = outcome.map_or_else(|reason| reason.to_string(), |edit| edit.to_string());
            writeln!(output, "{id}\t{text}").map_err(|error| Error::input(error.to_string()))?;
        }
    }
    Ok(())
}
