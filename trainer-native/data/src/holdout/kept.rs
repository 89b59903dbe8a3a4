//! What is left of a record when the hold-outs are cut away.

use crate::files::records::SequenceRecord;
use crate::holdout::policy::HoldoutPolicy;
use core::ops::Range;
use genolewm_core::contig::common_form;
use genolewm_core::position::Interval;

/// The parts of a record that may be used, counted from its first base, in order and apart: what
/// `only` lists, all of it without, less what `holdout` names. Hold-outs name contigs and records.
///
/// A FASTA record goes by its name, exactly. The contig of a row goes by every spelling too (`17`
/// and `chr17`): the row and the hold-outs were written by different programs.
#[must_use]
pub fn kept(
    record: &SequenceRecord,
    holdout: &HoldoutPolicy,
    only: Option<&HoldoutPolicy>,
) -> Vec<Range<usize>> {
    let names = names(record);
    if holds(holdout, &names) {
        return Vec::new();
    }
    let whole = 0..record.bases.len();
    let listed = match only {
        Some(only) if !holds(only, &names) => covered(only, &names, record),
        _ => Vec::from([whole]),
    };
    let held = covered(holdout, &names, record);
    let cut = |part| without(part, &held);
    listed.into_iter().flat_map(cut).collect()
}

/// Every name that hold-outs may know a record by.
fn names(record: &SequenceRecord) -> Vec<String> {
    let mut names = vec![record.record_id.clone()];
    let contig = record.contig.as_ref();
    if let Some(contig) = contig.filter(|name| **name != record.record_id) {
        let common = common_form(contig);
        names.extend([contig.clone(), format!("chr{common}"), common]);
    }
    names
}

fn holds(policy: &HoldoutPolicy, names: &[String]) -> bool {
    names.iter().any(|name| policy.holds_record(name))
}

/// Sorted, disjoint ranges of the record that a policy's intervals cover.
fn covered(policy: &HoldoutPolicy, names: &[String], record: &SequenceRecord) -> Vec<Range<usize>> {
    let of = |name: &String| policy.intervals(name).iter().copied();
    let mut intervals: Vec<Interval> = names.iter().flat_map(of).collect();
    intervals.sort_by_key(|interval| interval.start);
    merged(&intervals, record.start.get(), record.bases.len())
}

/// Sorted, disjoint ranges within `0..length` that cover the intervals, which count from `origin`
/// bases further left.
fn merged(intervals: &[Interval], origin: u64, length: usize) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for interval in intervals {
        let clip = |at: u64| {
            let at = at.saturating_sub(origin);
            usize::try_from(at).unwrap_or(length).min(length)
        };
        let range = clip(interval.start.get())..clip(interval.end.get());
        match ranges.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => ranges.push(range),
        }
    }
    ranges
}

/// `part` without the sorted, disjoint ranges `held`.
fn without(part: Range<usize>, held: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut left = Vec::new();
    let mut start = part.start;
    for range in held {
        if range.start.min(part.end) > start {
            left.push(start..range.start.min(part.end));
        }
        start = start.max(range.end);
    }
    if start < part.end {
        left.push(start..part.end);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::BpOffset;

    fn row(contig: &str, start: u64, length: usize) -> SequenceRecord {
        SequenceRecord {
            record_id: "row".to_owned(),
            source: None,
            bases: vec![0; length],
            start: BpOffset(start),
            contig: Some(contig.to_owned()),
        }
    }

    fn policy(contig: &str, start: u64, end: u64) -> HoldoutPolicy {
        let mut policy = HoldoutPolicy::none();
        policy.add(
            contig,
            Interval::new(BpOffset(start), BpOffset(end)).unwrap(),
        );
        policy
    }

    /// First and last of each part that is left.
    fn parts(
        record: &SequenceRecord,
        holdout: &HoldoutPolicy,
        only: Option<&HoldoutPolicy>,
    ) -> Vec<(usize, usize)> {
        let kept = kept(record, holdout, only).into_iter();
        kept.map(|part| (part.start, part.end)).collect()
    }

    #[test]
    fn hold_outs_are_cut_where_the_row_lies() {
        let held = policy("chr17", 120, 130);
        for contig in ["17", "chr17", "NC_000017.11"] {
            assert_eq!(
                parts(&row(contig, 100, 50), &held, None),
                [(0, 20), (30, 50)]
            );
        }
        assert_eq!(parts(&row("chr1", 100, 50), &held, None), [(0, 50)]);
        assert_eq!(parts(&row("17", 125, 50), &held, None), [(5, 50)]);
        assert_eq!(parts(&row("17", 130, 50), &held, None), [(0, 50)]);
        assert_eq!(
            parts(&row("17", 100, 50), &HoldoutPolicy::none(), Some(&held)),
            [(20, 30)]
        );
    }

    #[test]
    fn whole_records_go_by_name_or_contig() {
        for name in ["row", "17", "chr17"] {
            let mut held = HoldoutPolicy::none();
            held.add_record(name);
            assert_eq!(parts(&row("chr17", 0, 9), &held, None), [], "{name}");
        }
        // A FASTA record has one name, and no other is guessed.
        let mut held = HoldoutPolicy::none();
        held.add_record("17");
        let mut fasta = row("chr17", 0, 9);
        fasta.record_id = "chr17".to_owned();
        assert_eq!(parts(&fasta, &held, None), [(0, 9)]);
    }
}
