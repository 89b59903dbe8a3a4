//! Whether anything that is held out can be drawn.

use super::report::{Drawn, Issue, Severity};
use genolewm_core::contig::common_form;
use genolewm_core::edit::{EditSpec, RelEdit};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_data::bases::N;
use genolewm_data::corpus::{Corpus, Piece};
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::trimmed_variant::TrimmedVariant;
use genolewm_data::window::WindowContext;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Leaks that are told of one by one; the others are counted.
const MOST_TOLD: usize = 5;

/// Compares what is drawn with what is held out.
pub(super) struct Guard<'a> {
    holdout: &'a HoldoutPolicy,
    file: &'a Path,
    /// Variants of the run's files that are held out.
    variants: BTreeSet<TrimmedVariant>,
    told: Vec<String>,
    drawn: Drawn,
}

impl<'a> Guard<'a> {
    /// `file` is where `holdout` comes from.
    pub(super) fn new(holdout: &'a HoldoutPolicy, file: &'a Path, corpus: &Corpus) -> Self {
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
    pub(super) fn regions(&mut self, corpus: &Corpus, issues: &mut Vec<Issue>) {
        if self.holdout.is_empty() {
            let message = "nothing is held out".to_owned();
            issues.push(Issue::new(
                Severity::Warning,
                "holdout.empty",
                self.file,
                message,
            ));
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
                let alias = names.get(&common_form(contig));
                if let Some(alias) = alias {
                    let message = format!("{contig} is held out, and the corpus calls it {alias}");
                    let code = "holdout.contig_alias";
                    issues.push(Issue::new(Severity::Error, code, self.file, message));
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
            let message = format!(
                "no contig of {count} hold-outs is in the corpus: {}",
                some.join(", ")
            );
            let code = "holdout.contig_unknown";
            issues.push(Issue::new(Severity::Warning, code, self.file, message));
        }
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
    pub(super) fn variants<'v>(&mut self, edits: impl Iterator<Item = &'v EditSpec>) {
        let held = edits.filter(|edit| self.holdout.excludes_edit(edit));
        let held: Vec<TrimmedVariant> = held.map(TrimmedVariant::of).collect();
        self.variants.extend(held);
        self.drawn.held_out_variants = self.variants.len() as u64;
    }

    /// Looks at what a window is made of.
    pub(super) fn window(&mut self, pieces: &[Piece]) {
        self.drawn.windows_checked += 1;
        let held = |piece: &&Piece| self.holdout.touches(&piece.contig, piece.span);
        let found = pieces.iter().find(held);
        if let Some(Piece { contig, span }) = found {
            self.leak(format!(
                "a window at {contig}:{}-{}",
                span.start.position(),
                span.end
            ));
        }
    }

    /// Looks at an edit of a window.
    pub(super) fn edit(&mut self, window: &WindowContext, edit: &RelEdit) {
        self.drawn.edits_checked += 1;
        let Some(edit) = window.on_record(edit) else {
            return;
        };
        if self.holdout.excludes_edit(&edit) || self.variants.contains(&TrimmedVariant::of(&edit)) {
            self.leak(format!("the edit {edit}"));
        }
    }

    fn leak(&mut self, what: String) {
        self.drawn.leaks += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(what);
        }
    }

    /// What was drawn; leaks become an issue.
    pub(super) fn finish(self, issues: &mut Vec<Issue>) -> Drawn {
        if self.drawn.leaks > 0 {
            let told = self.told.join(", ");
            let message = format!("{} held-out places are drawn: {told}", self.drawn.leaks);
            issues.push(Issue::new(
                Severity::Error,
                "holdout.leak",
                self.file,
                message,
            ));
        }
        self.drawn
    }
}
