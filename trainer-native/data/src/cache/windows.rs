//! Which windows of a corpus are cached.

use crate::corpus::grid::{RecordWindow, WindowGrid};
use crate::corpus::stored::is_known;
use crate::corpus::{CorpusSource, Joining};
use crate::errors::input_error;
use crate::files::package::open_records;
use crate::files::records::SequenceRecord;
use crate::holdout::kept::kept;
use crate::holdout::policy::HoldoutPolicy;
use genolewm_core::Result;
use genolewm_core::contig::common_form;
use genolewm_core::position::BpOffset;
use std::ops::Range;

/// The group of windows that lie on no contig and have no class of source.
const UNPLACED: &str = "unplaced";

/// A window that is to be cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheWindow {
    /// The contig in common form, or what windows without a place are grouped under.
    pub contig: String,
    /// 0-based offset of the first base on the contig, or on the record.
    pub start_bp: u64,
    /// Upper-case bases.
    pub bases: String,
    /// Where a centred pool is, from the window's start; without one the whole window is pooled.
    pub locus: Option<BpOffset>,
    /// Whether no edit is expected there.
    pub untargeted: bool,
    /// Whether `contig` is one.
    pub placed: bool,
}

/// The windows of a corpus in the order of its files: those of the grid on every record that are
/// known (at most 2 % N) and touch nothing that is held out; of a dataset package its windows, less
/// those that touch something held out.
///
/// # Errors
/// As opening the files, when the iterator comes to them; `INPUT.GENERIC` for a ready-cut window
/// longer than the grid's, which the encoder is not loaded for.
pub fn cache_windows<'a>(
    sources: &'a [CorpusSource],
    holdout: &'a HoldoutPolicy,
    grid: WindowGrid,
) -> impl Iterator<Item = Result<CacheWindow>> + 'a {
    sources.iter().flat_map(move |source| {
        of_source(source, holdout, grid)
            .unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
    })
}

type Windows<'a> = Box<dyn Iterator<Item = Result<CacheWindow>> + 'a>;

fn of_source<'a>(
    source: &'a CorpusSource,
    holdout: &'a HoldoutPolicy,
    grid: WindowGrid,
) -> Result<Windows<'a>> {
    let only = source
        .only
        .as_deref()
        .map(HoldoutPolicy::read)
        .transpose()?;
    let ready_cut = source.path.is_dir();
    let records = open_records(&source.path, &source.records)?;
    let pieces = source.joining == Joining::File;
    Ok(Box::new(records.flat_map(move |record| {
        let cut = record.and_then(|record| {
            let parts = kept(&record, holdout, only.as_ref());
            let inside = |window: &RecordWindow<'_>| {
                let end = window.offset + window.bases.len();
                let holds = |part: &Range<usize>| part.start <= window.offset && end <= part.end;
                parts.iter().any(holds)
            };
            let ranges: Vec<Range<usize>> = if ready_cut {
                check_length(&record, grid.window_bp())?;
                let whole = RecordWindow::whole(&record);
                Vec::from_iter(inside(&whole).then(|| range(&whole)))
            } else {
                let known = |window: &RecordWindow<'_>| is_known(window.bases) && inside(window);
                let windows = grid.windows(&record, None).filter(known);
                windows.map(|window| range(&window)).collect()
            };
            Ok((record, ranges))
        });
        on_record(cut, pieces)
    })))
}

fn range(window: &RecordWindow<'_>) -> Range<usize> {
    window.offset..window.offset + window.bases.len()
}

/// The windows one at a time: those of a chromosome together would be larger than it.
fn on_record(
    cut: Result<(SequenceRecord, Vec<Range<usize>>)>,
    pieces: bool,
) -> Box<dyn Iterator<Item = Result<CacheWindow>>> {
    match cut {
        Ok((record, ranges)) => Box::new(ranges.into_iter().map(move |range| {
            let window = RecordWindow {
                record: &record,
                offset: range.start,
                bases: &record.bases[range],
            };
            Ok(cache_window(&window, pieces))
        })),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

fn cache_window(window: &RecordWindow<'_>, pieces: bool) -> CacheWindow {
    let record = window.record;
    let contig = record.contig.as_deref().filter(|_| !pieces);
    CacheWindow {
        contig: contig.map_or_else(|| group(record), common_form),
        start_bp: window.span().start.get(),
        bases: window.text(),
        locus: Some(BpOffset(window.bases.len() as u64 / 2)),
        untargeted: true,
        placed: contig.is_some(),
    }
}

/// What a record without a contig is grouped under: a shard for each would hold a row or two.
fn group(record: &SequenceRecord) -> String {
    let class = record.class().map(|class| class.to_string());
    class.unwrap_or_else(|| UNPLACED.to_owned())
}

fn check_length(record: &SequenceRecord, window_bp: usize) -> Result<()> {
    if record.bases.len() <= window_bp {
        return Ok(());
    }
    Err(
        input_error("a window of the dataset is longer than --window-bp")
            .with_detail("record_id", &record.record_id)
            .with_detail("length_bp", record.bases.len())
            .with_remedy("give --window-bp the length of the longest window"),
    )
}
