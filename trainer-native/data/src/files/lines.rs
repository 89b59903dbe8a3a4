//! Text files line by line, plain, gzip or bgzip by content.

use flate2::read::MultiGzDecoder;
use genolewm_core::Result;
use genolewm_report::output::io_error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Opens a text file, unpacking it when it is gzip or bgzip.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read.
pub fn open_text(path: &Path) -> Result<Box<dyn BufRead>> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| io_error(&name, &error))?;
    let mut plain = BufReader::with_capacity(1 << 18, file);
    let packed = plain
        .fill_buf()
        .map_err(|error| io_error(&name, &error))?
        .starts_with(&[0x1f, 0x8b]);
    Ok(if packed {
        Box::new(BufReader::with_capacity(
            1 << 18,
            MultiGzDecoder::new(plain),
        ))
    } else {
        Box::new(plain)
    })
}
