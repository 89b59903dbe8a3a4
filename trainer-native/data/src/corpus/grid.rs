//! Windows at regular places of a record.

use crate::bases::{self, below};
use crate::errors::input_error;
use crate::files::records::SequenceRecord;
use genolewm_core::Result;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::window::DEFAULT_WINDOW_BP;
use rand_chacha::ChaCha8Rng;

/// Bases at either end of a record that no window covers, where nothing else is asked for.
pub const DEFAULT_MARGIN_BP: usize = 256;

/// Bases from the start of a window to that of the next, where nothing else is asked for.
pub const DEFAULT_STRIDE_BP: usize = 8_192;

/// Where windows start: every stride, clear of a margin at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowGrid {
    window_bp: usize,
    margin_bp: usize,
    stride_bp: usize,
}

impl Default for WindowGrid {
    /// Windows of 12,288 bp, a margin of 256 and a stride of 8,192.
    fn default() -> Self {
        Self {
            window_bp: DEFAULT_WINDOW_BP,
            margin_bp: DEFAULT_MARGIN_BP,
            stride_bp: DEFAULT_STRIDE_BP,
        }
    }
}

impl WindowGrid {
    /// A grid of windows.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a window or a stride without bases.
    pub fn new(window_bp: usize, margin_bp: usize, stride_bp: usize) -> Result<Self> {
        if window_bp > 0 && stride_bp > 0 {
            return Ok(Self {
                window_bp,
                margin_bp,
                stride_bp,
            });
        }
        Err(
            input_error("a window and the stride between windows have at least one base")
                .with_detail("window_bp", window_bp)
                .with_detail("stride_bp", stride_bp)
                .with_remedy("give numbers above 0"),
        )
    }

    /// Length of a window in bp.
    #[must_use]
    pub const fn window_bp(&self) -> usize {
        self.window_bp
    }

    /// The windows of a record, from a random phase or, without `rng`, from the margin.
    pub fn windows<'a>(
        &self,
        record: &'a SequenceRecord,
        rng: Option<&mut ChaCha8Rng>,
    ) -> impl Iterator<Item = RecordWindow<'a>> + use<'a> {
        let [window_bp, margin_bp, stride_bp] =
            [self.window_bp, self.margin_bp, self.stride_bp].map(|bp| bp as u64);
        let record_bp = record.bases.len() as u64;
        let starts = window_starts(record_bp, window_bp, margin_bp, stride_bp, rng);
        let length = self.window_bp;
        starts.into_iter().map(move |start| {
            // A start inside a record that is in memory fits a usize.
            let offset = start.get() as usize;
            RecordWindow {
                record,
                offset,
                bases: &record.bases[offset..offset + length],
            }
        })
    }
}

/// A window of a record.
#[derive(Debug, Clone, Copy)]
pub struct RecordWindow<'a> {
    /// The record.
    pub record: &'a SequenceRecord,
    /// The first base, counted from the record's first.
    pub offset: usize,
    /// Codes of [`bases`].
    pub bases: &'a [u8],
}

impl<'a> RecordWindow<'a> {
    /// A record that is a window.
    #[must_use]
    pub fn whole(record: &'a SequenceRecord) -> Self {
        Self {
            record,
            offset: 0,
            bases: &record.bases,
        }
    }

    /// Where it lies on the record's contig, or on the record where that is not placed.
    #[must_use]
    pub fn span(&self) -> Interval {
        let start = self.record.start.saturating_add(self.offset as u64);
        Interval::at(start, self.bases.len() as u64)
    }

    /// The bases as upper-case letters.
    #[must_use]
    pub fn text(&self) -> String {
        bases::decode(self.bases)
    }

    /// The SHA-256 of the bases as hexadecimal digits, by which the Python package names windows.
    #[must_use]
    pub fn window_id(&self) -> String {
        crate::sha256::hex(&<sha2::Sha256 as sha2::Digest>::digest(self.text()))
    }
}

/// Starts of training windows on a record: every `stride_bp` from a random phase, `margin_bp` clear
/// of both ends. Without `rng` the phase is 0.
fn window_starts(
    record_bp: u64,
    window_bp: u64,
    margin_bp: u64,
    stride_bp: u64,
    rng: Option<&mut ChaCha8Rng>,
) -> Vec<BpOffset> {
    let Some(slack) = record_bp.checked_sub(window_bp + 2 * margin_bp) else {
        return Vec::new();
    };
    let stride_bp = stride_bp.max(1);
    let phase = rng.map_or(0, |rng| below(rng, stride_bp.min(slack + 1)));
    (phase..=slack)
        .step_by(usize::try_from(stride_bp).unwrap_or(usize::MAX))
        .map(|at| BpOffset(margin_bp + at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    fn record(sequence: &str) -> SequenceRecord {
        SequenceRecord {
            record_id: "x".to_owned(),
            source: None,
            bases: bases::encode(sequence),
            start: BpOffset(1_000),
            contig: None,
        }
    }

    /// Made with `geno_lewm.data.iter_record_windows` of geno-lewm 0.2.1: `ACGTN` eight times over,
    /// windows of 12, margin 2, stride 7.
    #[test]
    fn windows_are_those_of_the_python_package() {
        let record = record(&"ACGTN".repeat(8));
        let grid = WindowGrid::new(12, 2, 7).unwrap();
        let found: Vec<(usize, String, String)> = grid
            .windows(&record, None)
            .map(|window| (window.offset, window.text(), window.window_id()))
            .collect();
        let expected = [
            (
                2,
                "GTNACGTNACGT",
                "90636186810d3c6a1727ee6493cafc8b2091a406d21a895d858d313ff5f06598",
            ),
            (
                9,
                "NACGTNACGTNA",
                "d02ef53411db6e360c4c893cbdaa4edd72a72e08eaba75b9c7802b622ffe0f34",
            ),
            (
                16,
                "CGTNACGTNACG",
                "9017272469c0943d07583970403e3b6bfe6ddb7d35bead9a29a2b54d481824f3",
            ),
            (
                23,
                "TNACGTNACGTN",
                "d4d6150f6ee7be61ea9f31f1a52acb5dc4b681ee5653ad3ff74d1683e9de69c4",
            ),
        ];
        let expected = expected.map(|(at, text, id)| (at, text.to_owned(), id.to_owned()));
        assert_eq!(found, expected);
        let span = RecordWindow::whole(&record).span();
        assert_eq!((span.start, span.end), (BpOffset(1_000), BpOffset(1_040)));
    }

    /// Starts of `geno_lewm.data.iter_window_starts` of geno-lewm 0.2.1 without a generator.
    #[test]
    fn starts_are_those_of_the_python_package() {
        let starts = |length: usize| -> Vec<usize> {
            let record = record(&"A".repeat(length));
            let grid = WindowGrid::new(20, 5, 30).unwrap();
            grid.windows(&record, None)
                .map(|window| window.offset)
                .collect()
        };
        assert_eq!(starts(100), [5, 35, 65]);
        assert_eq!((starts(30), starts(29)), (vec![5], vec![]));
        assert!(WindowGrid::new(20, 5, 0).is_err() && WindowGrid::new(0, 5, 9).is_err());
    }

    #[test]
    fn window_starts_keep_margin_and_stride() {
        let starts = |record_bp| -> Vec<u64> {
            window_starts(record_bp, 100, 10, 50, None)
                .into_iter()
                .map(BpOffset::get)
                .collect()
        };
        assert_eq!(
            (starts(119), starts(120), starts(220)),
            (vec![], vec![10], vec![10, 60, 110])
        );
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..100 {
            let starts = window_starts(300, 100, 10, 50, Some(&mut rng));
            assert!(
                starts.len() >= 3 && starts.iter().all(|start| (10..=190).contains(&start.get()))
            );
        }
    }
}
