//! Leaks: whether anything that is held out can be drawn.

use super::issue::{Drawn, Issue, Severity};
use crate::pairs::PairSources;
use crate::tuple_data::TupleData;
use genolewm_core::contig::common_form;
use genolewm_core::edit::{AlleleForm, EditSpec, RelEdit, TrimmedVariant};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::{ErrorCode, Result};
use genolewm_data::bases::N;
use genolewm_data::corpus::{Corpus, Piece, read_corpus_table};
use genolewm_data::edits::tuple::TrainingTuple;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::variants::read_variants;
use genolewm_data::window::WindowContext;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Windows that are drawn at most.
pub(crate) const MOST_WINDOWS: u64 = 200_000;
/// Leaks that are told of one by one; the others are counted.
const MOST_TOLD: usize = 5;

/// Compares what is drawn with what is held out.
pub(crate) struct Guard<'a> {
    holdout: &'a HoldoutPolicy,
    file: &'a Path,
    /// Variants of the run's files that are held out.
    variants: BTreeSet<TrimmedVariant>,
    told: Vec<String>,
    drawn: Drawn,
}

impl<'a> Guard<'a> {
    /// `file` is where `holdout` comes from.
    fn new(holdout: &'a HoldoutPolicy, file: &'a Path, corpus: &Corpus) -> Self {
        Self {
            holdout,
            file,
            variants: BTreeSet::new(),
            told: Vec::new(),
            drawn: Drawn {
                corpus_bp: corpus.len_bp(),
                ..Drawn::default()
            },
        }
    }

    /// Asks the corpus for every held-out base: it must know none. Hold-outs whose contig the corpus
    /// does not have are told of, since a name that is written in another way holds out nothing.
    fn regions(&mut self, corpus: &Corpus, issues: &mut Vec<Issue>) {
        if self.holdout.is_empty() {
            let message = "nothing is held out".to_owned();
            issues.push(self.issue(Severity::Warning, "holdout.empty", message));
        }
        let names: BTreeMap<String, &str> = corpus
            .contigs()
            .map(|(name, _)| (common_form(name), name))
            .collect();
        let bed = self.holdout.to_bed();
        let mut unknown = BTreeSet::new();
        for line in bed.lines() {
            let contig = line.split('\t').next().unwrap_or_default();
            let Some(length) = corpus.contig_len_bp(contig) else {
                if let Some(alias) = names.get(&common_form(contig)) {
                    let message = format!("{contig} is held out, and the corpus calls it {alias}");
                    issues.push(self.issue(Severity::Error, "holdout.contig_alias", message));
                } else if line.contains('\t') {
                    unknown.insert(contig.to_owned());
                }
                continue;
            };
            self.region(corpus, contig, length, line);
        }
        if !unknown.is_empty() {
            let count = unknown.len();
            let some: Vec<String> = unknown.into_iter().take(MOST_TOLD).collect();
            let some = some.join(", ");
            let message = format!("no contig of {count} hold-outs is in the corpus: {some}");
            issues.push(self.issue(Severity::Warning, "holdout.contig_unknown", message));
        }
    }

    fn issue(&self, severity: Severity, code: &str, message: String) -> Issue {
        Issue::new(severity, code, self.file, message)
    }

    fn region(&mut self, corpus: &Corpus, contig: &str, length: u64, line: &str) {
        let ends: Vec<u64> = line
            .split('\t')
            .skip(1)
            .filter_map(|end| end.parse().ok())
            .collect();
        let (start, end) = match ends[..] {
            [start, end] => (start.min(length), end.min(length)),
            _ => (0, length),
        };
        let span = Interval {
            start: BpOffset(start),
            end: BpOffset(end),
        };
        let known = corpus.fetch(contig, span).unwrap_or_default();
        self.drawn.holdout_bp_checked += known.len() as u64;
        let known = known.iter().filter(|&&code| code != N).count();
        if known > 0 {
            self.leak(format!("{contig}:{}-{end} can be drawn", start + 1));
        }
    }

    /// Notes that variants of a file are held out.
    fn variants<'v>(&mut self, edits: impl Iterator<Item = &'v EditSpec>) {
        let held = edits.filter(|edit| self.holdout.excludes_edit(edit));
        let held: Vec<TrimmedVariant> = held.map(TrimmedVariant::of).collect();
        self.variants.extend(held);
        self.drawn.held_out_variants = self.variants.len() as u64;
    }

    /// Looks at a window and the edits that are drawn for it.
    fn tuples(&mut self, window: &WindowContext, tuples: &[TrainingTuple]) {
        self.window(window.pieces());
        let edits = tuples.iter().flat_map(|tuple| &tuple.rel_edits);
        edits.for_each(|edit| self.edit(window, edit));
    }

    /// Looks at what a window is made of.
    pub(crate) fn window(&mut self, pieces: &[Piece]) {
        self.drawn.windows_checked += 1;
        let held = |piece: &&Piece| self.holdout.touches(&piece.contig, piece.span);
        let found = pieces.iter().find(held);
        if let Some(Piece { contig, span }) = found {
            let (start, end) = (span.start.position(), span.end);
            self.leak(format!("a window at {contig}:{start}-{end}"));
        }
    }

    /// Looks at an edit of a window.
    fn edit(&mut self, window: &WindowContext, edit: &RelEdit) {
        self.drawn.edits_checked += 1;
        let Some(on_record) = window.on_record(edit) else {
            return;
        };
        let listed = |place: &TrimmedVariant| self.variants.contains(place);
        if self.holdout.excludes_edit_of(window, edit) || window.places(edit).iter().any(listed) {
            self.leak(format!("the edit {on_record}"));
        }
    }

    fn leak(&mut self, what: String) {
        self.drawn.leaks += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(what);
        }
    }

    /// What was drawn; leaks become an issue.
    fn finish(self, issues: &mut Vec<Issue>) -> Drawn {
        if self.drawn.leaks > 0 {
            let told = self.told.join(", ");
            let message = format!("{} held-out places are drawn: {told}", self.drawn.leaks);
            issues.push(self.issue(Severity::Error, "holdout.leak", message));
        }
        self.drawn
    }
}

/// Looks at a corpus, its hold-outs, and the windows that `draw` draws from it.
///
/// # Errors
/// As reading the data, and those of `draw`.
pub(crate) fn check_corpus(
    table: &Path,
    holdout_file: &Path,
    issues: &mut Vec<Issue>,
    draw: impl FnOnce(&mut Guard<'_>, &Corpus) -> Result<()>,
) -> Result<Drawn> {
    let holdout = HoldoutPolicy::read(holdout_file)?;
    let corpus = Corpus::from_sources(&read_corpus_table(table)?, &holdout)?;
    let mut guard = Guard::new(&holdout, holdout_file, &corpus);
    guard.regions(&corpus, issues);
    draw(&mut guard, &corpus)?;
    Ok(guard.finish(issues))
}

/// What is drawn is handed to this, window by window.
pub(crate) type EachWindow<'a> = dyn FnMut(&WindowContext, &[TrainingTuple]) -> Result<()> + 'a;

/// Looks at the data of stages that train a predictor, and at the windows and edits that `draw`
/// draws from them.
///
/// # Errors
/// As [`check_corpus`].
pub(crate) fn check_tuples(
    data: &TupleData,
    issues: &mut Vec<Issue>,
    draw: impl FnOnce(&PairSources, &mut EachWindow<'_>) -> Result<()>,
) -> Result<Drawn> {
    let sources = data.sources()?;
    let mut guard = Guard::new(&sources.holdout, &data.holdout, &sources.corpus);
    guard.regions(&sources.corpus, issues);
    for path in data.common.iter().chain(&data.clinvar) {
        let read =
            read_variants(path, AlleleForm::Canonical, ErrorCode::TrainingDataloader)?.variants;
        guard.variants(read.iter().map(|variant| &variant.edit));
    }
    draw(&sources, &mut |window, tuples| {
        guard.tuples(window, tuples);
        Ok(())
    })?;
    Ok(guard.finish(issues))
}
