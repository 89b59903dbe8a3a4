//! `--regions`: a list of places or a BED file.

use genolewm::scorer::Regions;
use genolewm_core::Result;
use genolewm_train::files::read_text;
use std::path::Path;

/// Reads `CHROM[:START-END],…` (1-based, both ends included) or the BED file of that name (0-based,
/// end excluded).
///
/// # Errors
/// `INPUT.GENERIC` for what is neither, `RESOURCE.GENERIC` for a file that cannot be read.
pub fn read_regions(text: &str) -> Result<Regions> {
    let path = Path::new(text);
    let is_bed = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("bed"));
    if is_bed || path.is_file() {
        return Regions::parse_bed(text, &read_text(path)?);
    }
    Regions::parse(text).map_err(|error| {
        error
            .with_remedy("for example --regions chr17:41196312-41277500, or the name of a BED file")
    })
}
