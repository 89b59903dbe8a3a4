//! BED: stretches of contigs, one a line, 0-based and half-open.

use crate::position::{BpOffset, Interval};

/// Whether a line lists a stretch: it is not blank, no comment, and not meant for a browser.
#[must_use]
pub fn lists(line: &str) -> bool {
    let heading = ["#", "track", "browser"];
    !line.trim().is_empty() && !heading.iter().any(|word| line.starts_with(word))
}

/// The stretch that the second and third column name; `None` where they are no numbers, or the end
/// lies before the start.
///
/// ```
/// let stretch = genolewm_core::bed::stretch("41196311", "41277500");
/// assert_eq!(stretch.map(|stretch| stretch.len_bp()), Some(81_189));
/// assert_eq!(genolewm_core::bed::stretch("9", "5"), None);
/// ```
#[must_use]
pub fn stretch(start: &str, end: &str) -> Option<Interval> {
    let number = |text: &str| text.parse().ok().map(BpOffset);
    Interval::new(number(start)?, number(end)?).ok()
}
