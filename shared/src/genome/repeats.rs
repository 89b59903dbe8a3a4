//! Repeats of a genome, as RepeatMasker names them.

use crate::bed::stretch;
use crate::context::{RepeatClass, classify_repeat};
use crate::contig::common_form;
use crate::genome::repeat_names::class_of_name;
use crate::position::Interval;
use crate::{Error, Result};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

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
    /// Adds a row: contig, 0-based start, end, and what the repeat is. That is the first of the
    /// columns after the end, and of their parts between `/`, that names a class, as UCSC's `rmsk`
    /// (`L1HS` with `LINE` and `L1` in further columns) and RepeatMasker (`SINE/Alu`) write it; else the
    /// first name that is known for one (`AluSx`, `(CA)n`). Others count as mobile elements, as most
    /// repeats with a name are; [`unknown`](Self::unknown) tells how many. Returns whether it is the
    /// first of its contig.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when it is malformed.
    pub fn add(&mut self, columns: &[&str]) -> Result<bool> {
        let [contig, start, end, names @ ..] = columns else {
            return Err(Error::input("a repeat has a contig, a start and an end"));
        };
        let span = stretch(start, end)
            .ok_or_else(|| Error::input("a repeat's start and end are no numbers in this order"))?;
        let class = class_of(names).unwrap_or_else(|| {
            self.note_unknown(names);
            RepeatClass::Transposon
        });
        self.longest_bp = self.longest_bp.max(span.len_bp());
        self.len += 1;
        let contigs = self.by_contig.len();
        let of_contig = self.by_contig.entry(common_form(contig)).or_default();
        of_contig.push((span, class));
        Ok(self.by_contig.len() > contigs)
    }

    /// Brings the rows that were added in order.
    ///
    /// # Errors
    /// `INPUT.GENERIC` where none of their names is that of a repeat.
    pub fn sorted(mut self) -> Result<Self> {
        if self.len > 0 && self.unknown.0 == self.len {
            let names = self.unknown.1.join(", ");
            return Err(Error::input("none of its names is that of a repeat")
                .with_detail("names", names)
                .with_remedy(
                    "give RepeatMasker's names or classes after the end: AluSx, (CA)n, SINE/Alu, \
                     Simple_repeat, Low_complexity, Satellite",
                ));
        }
        for contig in self.by_contig.values_mut() {
            contig.sort_by_key(|(span, _)| (span.start, span.end));
        }
        Ok(self)
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
