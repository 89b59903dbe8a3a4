//! Repeats of a genome, from what RepeatMasker found, as BED.

use crate::errors::input_error;
use crate::files::bed;
use crate::files::held::Held;
use crate::genome::repeat_names::class_of_name;
use genolewm_core::Result;
use genolewm_core::bed::stretch;
use genolewm_core::context::{RepeatClass, classify_repeat};
use genolewm_core::contig::common_form;
use genolewm_core::position::Interval;
use std::collections::BTreeMap;
use std::mem::replace;
use std::path::Path;

/// Memory of a repeat.
const REPEAT_BYTES: usize = size_of::<(Interval, RepeatClass)>();

/// Repeats by place. Contig names are compared in their common form (`chr17` is `17`).
#[derive(Debug, Clone, Default)]
pub struct Repeats {
    /// By start.
    by_contig: BTreeMap<String, Vec<(Interval, RepeatClass)>>,
    /// Of the longest repeat of any contig.
    longest_bp: u64,
    len: usize,
    /// How many have names of which nothing is known, and the first of those.
    unknown: (usize, Vec<String>),
}

/// Unknown names that a message lists.
const NAMED: usize = 5;

impl Repeats {
    /// Reads a BED file: contig, 0-based start, end, and what the repeat is. That is the first of the
    /// columns after the end, and of their parts between `/`, that names a class, as UCSC's `rmsk`
    /// (`L1HS` with `LINE` and `L1` in further columns) and RepeatMasker (`SINE/Alu`) write it; else the
    /// first name that is known for one (`AluSx`, `(CA)n`). Others count as mobile elements, as most
    /// repeats with a name are; [`unknown`](Self::unknown) tells how many.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` with the line when it is malformed.
    pub fn read(path: &Path) -> Result<Self> {
        let mut repeats = Self::default();
        let (mut held, mut contigs) = (Held::of(path), 0);
        bed::each_row(path, |columns| {
            repeats.add(columns)?;
            // Millions of rows: only a contig's first takes more than its place in the list.
            match replace(&mut contigs, repeats.by_contig.len()) < contigs {
                true => held.add(REPEAT_BYTES + columns[0].len()),
                false => held.add_bare(REPEAT_BYTES),
            }
        })?;
        if repeats.len > 0 && repeats.unknown.0 == repeats.len {
            let names = repeats.unknown.1.join(", ");
            return Err(input_error("none of its names is that of a repeat")
                .in_file(&path.display().to_string())
                .with_detail("names", names)
                .with_remedy(
                    "give RepeatMasker's names or classes after the end: AluSx, (CA)n, SINE/Alu, \
                     Simple_repeat, Low_complexity, Satellite",
                ));
        }
        for contig in repeats.by_contig.values_mut() {
            contig.sort_by_key(|(span, _)| (span.start, span.end));
        }
        Ok(repeats)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// How many have a name that is not known, and the first of those names.
    #[must_use]
    pub fn unknown(&self) -> (usize, &[String]) {
        (self.unknown.0, &self.unknown.1)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The class of the repeat at an interval; where several lie there, of the one that starts last.
    #[must_use]
    pub fn at(&self, contig: &str, span: Interval) -> RepeatClass {
        let Some(repeats) = self.by_contig.get(&common_form(contig)) else {
            return RepeatClass::None;
        };
        let earliest = span.start.get().saturating_sub(self.longest_bp);
        let after = repeats.partition_point(|(repeat, _)| repeat.start < span.end);
        repeats[..after]
            .iter()
            .rev()
            .take_while(|(repeat, _)| repeat.start.get() >= earliest)
            .find(|(repeat, _)| repeat.intersects(span))
            .map_or(RepeatClass::None, |(_, class)| *class)
    }

    fn add(&mut self, columns: &[&str]) -> Result<()> {
        let [contig, start, end, names @ ..] = columns else {
            return Err(input_error("a repeat has a contig, a start and an end"));
        };
        let span = stretch(start, end)
            .ok_or_else(|| input_error("a repeat's start and end are no numbers in this order"))?;
        let class = class_of(names).unwrap_or_else(|| {
            self.note_unknown(names);
            RepeatClass::Transposon
        });
        self.longest_bp = self.longest_bp.max(span.len_bp());
        self.len += 1;
        let of_contig = self.by_contig.entry(common_form(contig)).or_default();
        of_contig.push((span, class));
        Ok(())
    }

    fn note_unknown(&mut self, names: &[&str]) {
        let (count, first) = &mut self.unknown;
        *count += 1;
        let name = names.iter().find(|name| is_name(name)).unwrap_or(&"(none)");
        if first.len() < NAMED && !first.iter().any(|known| known == name) {
            first.push((*name).to_owned());
        }
    }
}

fn class_of(names: &[&str]) -> Option<RepeatClass> {
    let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    let parts = || names.iter().flat_map(|name| name.split('/').chain([*name]));
    let said = |name| {
        classify_repeat(Some(name))
            .ok()
            .filter(|class| *class != RepeatClass::None)
    };
    // What RepeatMasker finds and is none of these: DNA transposons, RNA genes, unknown.
    let other = ["dna", "rc", "rna", "unknown", "other", "retroposon"];
    let is_other = |name: &str| {
        other
            .iter()
            .any(|word| name.to_ascii_lowercase().ends_with(word))
    };
    parts()
        .filter(|name| is_name(name))
        .find_map(said)
        .or_else(|| parts().any(is_other).then_some(RepeatClass::Transposon))
        .or_else(|| names.iter().find_map(|name| class_of_name(name)))
}

/// Scores and strands name nothing.
fn is_name(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use genolewm_core::position::BpOffset;

    fn read(text: &str) -> Result<Repeats> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Repeats::read(file.path())
    }

    fn span(start: u64, end: u64) -> Interval {
        Interval::new(BpOffset(start), BpOffset(end)).unwrap()
    }

    #[test]
    fn repeats_are_found_by_place_under_any_name_of_the_contig() -> Result<()> {
        let repeats = read(
            "#chrom\nchr17\t100\t900\tAluY\t0\t+\tSINE\tAlu\nchr17\t400\t420\tSimple_repeat\n\
             17\t2000\t2010\tLow_complexity/Low_complexity\nchr1\t0\t5\t(TA)n\t12\t+\tSatellite\n",
        )?;
        assert_eq!(repeats.len(), 4);
        for (contig, start, end, class) in [
            ("17", 100, 101, RepeatClass::Transposon),
            ("chr17", 99, 100, RepeatClass::None),
            ("17", 410, 411, RepeatClass::Simple),
            ("17", 500, 501, RepeatClass::Transposon),
            ("17", 899, 2001, RepeatClass::LowComplexity),
            ("chr1", 4, 5, RepeatClass::Simple),
            ("chr2", 4, 5, RepeatClass::None),
        ] {
            assert_eq!(
                repeats.at(contig, span(start, end)),
                class,
                "{contig}:{start}"
            );
        }
        Ok(())
    }

    #[test]
    fn lines_without_a_place_are_refused_with_their_number() {
        for line in ["chr1\t5", "chr1\t5\tx\tLINE", "chr1\t9\t5\tLINE"] {
            let error = read(&format!("chr1\t1\t5\tLINE/L1\n{line}\n")).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InputGeneric, "{line}");
            assert_eq!(error.location().and_then(|at| at.line), Some(2), "{line}");
        }
    }

    #[test]
    fn ucsc_names_in_the_fourth_column_were_refused() -> Result<()> {
        let repeats =
            read("chr17\t0\t9\tAluSx\nchr17\t9\t20\t(CA)n\t5\t+\nchr17\t20\t30\tBRCA1\n")?;
        assert_eq!(repeats.at("17", span(3, 4)), RepeatClass::Transposon);
        assert_eq!(repeats.at("17", span(9, 10)), RepeatClass::Simple);
        assert_eq!(repeats.at("17", span(20, 21)), RepeatClass::Transposon);
        assert_eq!(repeats.unknown(), (1, &["BRCA1".to_owned()][..]));
        let genes = read("chr17\t0\t9\tBRCA1\nchr17\t9\t20\n").unwrap_err();
        assert!(genes.remedy().is_some() && genes.message().contains("none of its names"));
        Ok(())
    }
}
