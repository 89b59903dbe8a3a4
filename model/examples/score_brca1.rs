//! Scores the shipped example and prints the five variants that surprise the model most.
//!
//! `cargo run --release -p genolewm --features native --example score_brca1`

use genolewm::Runtime;
use genolewm::scorer::{Delivery, Outcome};
use genolewm_core::Result;
use std::path::Path;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let runtime = Runtime::open(root.join("models/builtin"))?;
    let examples = root.join("examples");
    let mut scores = Vec::new();
    let file =
        runtime
            .score_vcf(
                examples.join("brca1.vcf.gz"),
                examples.join("brca1.hg19.fa.gz"),
            )
            .run(|delivery, _| {
                if let Delivery::Record(record) = delivery {
                    scores.extend(record.outcomes.into_iter().filter_map(
                        |outcome| match outcome {
                            Outcome::Scored(scored) => Some(scored),
                            Outcome::Skipped(_) => None,
                        },
                    ));
                }
                Ok(())
            })?;
    scores.sort_by(|a, b| b.result.sigma_raw.total_cmp(&a.result.sigma_raw));
    #[allow(clippy::print_stdout)]
    for scored in scores.iter().take(5) {
        let (edit, result) = (&scored.edit, &scored.result);
        println!(
            "{edit}\t{:.4}\t{:.4}",
            result.sigma_raw, result.sigma_calibrated
        );
    }
    #[allow(clippy::print_stdout)]
    {
        println!(
            "{} of {} alleles scored",
            file.tally.scored, file.tally.alleles
        );
    }
    Ok(())
}
