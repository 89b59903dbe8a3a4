//! `--regions`: a list of places or a BED file.

use genolewm::scorer::Regions;
use genolewm_core::{Error, Result};
use genolewm_data::files::lines::each_line;
use std::path::Path;

/// Reads `CHROM[:START-END],…` (1-based, both ends included) or the BED file of that name (0-based,
/// end excluded; plain or gzip).
///
/// # Errors
/// `INPUT.GENERIC` for what is neither, `RESOURCE.GENERIC` for a file that cannot be read.
pub fn read_regions(text: &str) -> Result<Regions> {
    let path = Path::new(text);
    let name = text.to_ascii_lowercase();
    let is_bed = [".bed", ".bed.gz", ".bed.bgz"]
        .iter()
        .any(|end| name.ends_with(end));
    if is_bed || path.is_file() {
        let mut regions = Regions::default();
        each_line(path, |line| regions.add_bed_line(line))?;
        if regions.is_empty() {
            return Err(Error::input("there are no regions in it")
                .in_file(text)
                .with_remedy("write contig, 0-based start and end, one region a line"));
        }
        return Ok(regions.merged());
    }
    Regions::parse(text).map_err(|error| {
        error
            .with_remedy("for example --regions chr17:41196312-41277500, or the name of a BED file")
    })
}
