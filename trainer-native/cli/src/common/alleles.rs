//! In which form alleles are scored.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use genolewm_core::edit::AlleleForm;

/// The flag that chooses a form.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct AlleleArgs {
    /// Score the one form of all spellings of a change (canonical: trimmed, and left-aligned as
    /// bcftools norm does), or alleles as the file has them (as-given), like the Python package
    #[arg(long, value_name = "FORM", default_value_t, value_parser = parser())]
    pub alleles: AlleleForm,
}

fn parser() -> impl TypedValueParser<Value = AlleleForm> {
    let names = AlleleForm::ALL.iter().map(|form| form.as_str());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<AlleleForm>())
}
