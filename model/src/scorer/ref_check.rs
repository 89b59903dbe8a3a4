//! Do the variants belong to the reference? A sample tells before anything is scored.
//!
//! A VCF of another build agrees with about a quarter of the reference's bases by chance, so its
//! scores would look like scores. They are refused, and the likely cause is named.

use genolewm_core::contig::{AssemblyGuess, guess_from_text};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::{ArrayCall, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeSet;

/// Fewer comparisons than this prove nothing.
const LEAST_COMPARED: u64 = 10;
/// The least share of agreeing records that passes for one build. Hits by chance give a quarter;
/// arrays, whose homozygous alternates disagree, stay above four fifths.
const LEAST_SHARE: f64 = 0.6;
/// The share at which another reading of the data explains the disagreement.
const EXPLAINED: f64 = 0.9;
/// Bases of a reference allele that are compared.
const COMPARED_BP: usize = 16;
/// Contig names that a message lists.
const NAMED: usize = 5;

/// How records and reference agree.
#[derive(Debug, Clone, Default)]
pub(super) struct RefCheck {
    matched: u64,
    mismatched: u64,
    /// Disagreeing records that would agree if REF and ALT changed places, …
    swapped: u64,
    /// … if positions counted from 0, …
    zero_based: u64,
    /// … or one further.
    one_too_far: u64,
    known_contigs: u64,
    unknown_contigs: u64,
    unknown_names: BTreeSet<String>,
}

impl RefCheck {
    /// Compares one record. After an error nothing of it is counted, and it can be compared again.
    ///
    /// # Errors
    /// As [`Reference::fetch`](genolewm_core::reference::Reference::fetch).
    pub(super) fn observe<S: BaseSource>(
        &mut self,
        record: &VariantRecord,
        reference: &mut Reference<S>,
    ) -> Result<()> {
        if reference.contig(&record.contig).is_none() {
            self.unknown_contigs += 1;
            if self.unknown_names.len() < NAMED {
                self.unknown_names
                    .insert(record.contig.chars().take(40).collect());
            }
            return Ok(());
        }
        let found = compare(record, reference)?;
        self.known_contigs += 1;
        match found {
            Comparison::Nothing => {}
            Comparison::Agrees => self.matched += 1,
            Comparison::Disagrees {
                swapped,
                zero_based,
                one_too_far,
            } => {
                self.mismatched += 1;
                self.swapped += u64::from(swapped);
                self.zero_based += u64::from(zero_based);
                self.one_too_far += u64::from(one_too_far);
            }
        }
        Ok(())
    }

    /// Records that were compared.
    #[must_use]
    pub(super) fn compared(&self) -> u64 {
        self.matched + self.mismatched
    }

    /// Refuses variants that do not belong to the reference.
    ///
    /// # Errors
    /// `INPUT.WINDOW_MISMATCH` with the share that agrees and the likely cause.
    pub(super) fn verdict(&self, builds: &Builds) -> Result<()> {
        let share = self.matched as f64 / self.compared().max(1) as f64;
        // Where file and reference say that they are of two builds, nothing has to be proved.
        let has_records = self.known_contigs + self.unknown_contigs > 0;
        let least = match builds.disagree() {
            Some(_) if has_records => 0,
            _ => LEAST_COMPARED,
        };
        if self.compared() < least || share >= LEAST_SHARE {
            return Ok(());
        }
        Err(self.refusal(builds))
    }

    /// What to say when nothing could be scored.
    #[must_use]
    pub(super) fn why_nothing(&self, builds: &Builds) -> Error {
        if self.mismatched > self.matched {
            return self.refusal(builds);
        }
        let error = Error::input("no allele could be scored");
        if self.known_contigs == 0 && self.unknown_contigs > 0 {
            let names: Vec<&str> = self.unknown_names.iter().map(String::as_str).collect();
            return error
                .with_detail(
                    "cause",
                    "the reference has none of the contigs of these variants",
                )
                .with_detail("contigs of the variants", names.join(", "))
                .with_detail("contigs of the reference", &builds.reference_contigs)
                .with_remedy("give the FASTA on whose contigs the variants were called");
        }
        error.with_remedy("--skipped FILE lists every allele with the reason in full")
    }

    fn refusal(&self, builds: &Builds) -> Error {
        let (compared, mismatched) = (self.compared(), self.mismatched as f64);
        let percent = 100.0 * self.matched as f64 / compared.max(1) as f64;
        let message = match compared {
            0 => "these variants belong to another reference".to_owned(),
            _ => format!(
                "only {percent:.0} % of {compared} sampled records agree with the reference: these variants belong to another one"
            ),
        };
        let causes = [
            (
                self.swapped,
                "REF and ALT have changed places",
                "restore them, for example with `bcftools norm --check-ref s`",
            ),
            (
                self.zero_based,
                "positions count from 0, where VCF counts from 1",
                "add 1 to every position",
            ),
            (
                self.one_too_far,
                "positions are 1 too large",
                "subtract 1 from every position",
            ),
        ];
        let explains = |count: u64| count as f64 >= EXPLAINED * mismatched;
        let explained = causes.into_iter().find(|(count, ..)| explains(*count));
        let (cause, remedy) = match (builds.disagree(), explained) {
            (Some(found), _) => {
                let remedy =
                    "give the reference of the variants' build, or lift the variants over first";
                (found, remedy)
            }
            (None, Some((_, cause, remedy))) => (cause.to_owned(), remedy),
            (None, None) => {
                let known = builds.known().map(|known| format!(" ({known})"));
                let cause = "the variants were called on another genome build".to_owned();
                let remedy = "give the FASTA on which they were called";
                (cause + &known.unwrap_or_default(), remedy)
            }
        };
        Error::new(ErrorCode::InputWindowMismatch, message)
            .with_detail("likely cause", cause)
            .with_detail("records that agree", self.matched)
            .with_detail("records that disagree", self.mismatched)
            .with_remedy(remedy)
    }
}

/// What the reference says of one record.
enum Comparison {
    Nothing,
    Agrees,
    /// It does not, but would if …
    Disagrees {
        swapped: bool,
        zero_based: bool,
        one_too_far: bool,
    },
}

fn compare<S: BaseSource>(
    record: &VariantRecord,
    reference: &mut Reference<S>,
) -> Result<Comparison> {
    let Some(pos) = record.pos else {
        return Ok(Comparison::Nothing);
    };
    if let Some(ArrayCall::Bases(bases)) = &record.call {
        let base = reference.base(&record.contig, pos)?;
        return Ok(match base.filter(|base| *base != 'N') {
            None => Comparison::Nothing,
            Some(base) if bases.contains(base) => Comparison::Agrees,
            Some(_) => Comparison::Disagrees {
                swapped: false,
                zero_based: false,
                one_too_far: false,
            },
        });
    }
    let Some(allele) = record.reference.as_deref().and_then(comparable) else {
        return Ok(Comparison::Nothing);
    };
    let at = pos.offset();
    let mut holds = |at: BpOffset, allele: &str| agrees(reference, record, at, allele);
    match holds(at, allele)? {
        None => return Ok(Comparison::Nothing),
        Some(true) => return Ok(Comparison::Agrees),
        Some(false) => {}
    }
    let alternate = record.alternates.first();
    let before = at.get().checked_sub(1).map(BpOffset);
    let mut would = |at: Option<BpOffset>, allele: Option<&str>| match (at, allele) {
        (Some(at), Some(allele)) => Ok(holds(at, allele)?.unwrap_or(false)),
        _ => Ok::<_, Error>(false),
    };
    Ok(Comparison::Disagrees {
        swapped: would(Some(at), alternate.and_then(|allele| comparable(allele)))?,
        zero_based: would(Some(BpOffset(at.get() + 1)), Some(allele))?,
        one_too_far: would(before, Some(allele))?,
    })
}

/// What is known of the builds of variants and reference.
#[derive(Debug, Clone, Default)]
pub(super) struct Builds {
    variants: Option<AssemblyGuess>,
    reference: Option<AssemblyGuess>,
    reference_contigs: String,
}

impl Builds {
    /// Gathers the evidence: headers, contig lengths and the reference's file name.
    #[must_use]
    pub(super) fn new<S: BaseSource>(
        variants: Option<AssemblyGuess>,
        reference: &Reference<S>,
        reference_name: &str,
    ) -> Self {
        let names: Vec<&str> = reference
            .contigs()
            .iter()
            .take(NAMED)
            .map(|contig| contig.name.as_str())
            .collect();
        let by_name = || {
            let guess = guess_from_text(reference_name)?;
            Some(AssemblyGuess {
                evidence: "the file's name says so".to_owned(),
                ..guess
            })
        };
        Self {
            variants,
            reference: reference.assembly().or_else(by_name),
            reference_contigs: names.join(", "),
        }
    }

    /// A sentence, where the builds are known to differ.
    fn disagree(&self) -> Option<String> {
        let (variants, reference) = (self.variants.as_ref()?, self.reference.as_ref()?);
        (variants.assembly != reference.assembly).then(|| {
            format!(
                "the variants are on {} ({}), the reference is {} ({})",
                variants.assembly, variants.evidence, reference.assembly, reference.evidence
            )
        })
    }

    fn known(&self) -> Option<String> {
        let say =
            |what, guess: &AssemblyGuess| format!("{what} {}: {}", guess.assembly, guess.evidence);
        let reference = self
            .reference
            .as_ref()
            .map(|guess| say("the reference is", guess));
        reference.or_else(|| self.variants.as_ref().map(|guess| say("they say", guess)))
    }
}

/// The first bases of an allele that is over ACGT.
fn comparable(allele: &str) -> Option<&str> {
    let plain = !allele.is_empty()
        && allele
            .bytes()
            .all(|base| matches!(base, b'A' | b'C' | b'G' | b'T'));
    plain.then(|| allele.get(..COMPARED_BP).unwrap_or(allele))
}

/// Whether the reference has these bases there; `None` beyond its end and where it is not known.
fn agrees<S: BaseSource>(
    reference: &mut Reference<S>,
    record: &VariantRecord,
    at: BpOffset,
    allele: &str,
) -> Result<Option<bool>> {
    let end = BpOffset(at.get() + allele.len() as u64);
    let inside = reference
        .contig(&record.contig)
        .is_some_and(|contig| end.get() <= contig.length_bp);
    if !inside {
        return Ok(None);
    }
    let bases = reference.fetch(&record.contig, Interval::new(at, end)?)?;
    Ok((!bases.contains('N')).then(|| bases == allele))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(matched: u64, mismatched: u64, swapped: u64) -> RefCheck {
        RefCheck {
            matched,
            mismatched,
            swapped,
            known_contigs: matched + mismatched,
            ..RefCheck::default()
        }
    }

    #[test]
    fn chance_is_told_from_agreement() {
        let builds = Builds::default();
        assert!(check(9, 0, 0).verdict(&builds).is_ok());
        assert!(check(0, 9, 0).verdict(&builds).is_ok(), "too few to tell");
        assert!(check(800, 200, 0).verdict(&builds).is_ok());
        let refused = check(250, 750, 0).verdict(&builds).err();
        assert_eq!(
            refused.map(|error| error.code()),
            Some(ErrorCode::InputWindowMismatch)
        );
    }

    #[test]
    fn a_file_that_names_another_build_was_run_to_its_end_for_nothing() {
        let builds = Builds {
            variants: guess_from_text("hg38"),
            reference: guess_from_text("hg19"),
            ..Builds::default()
        };
        assert!(check(0, 0, 0).verdict(&builds).is_ok(), "no records");
        assert!(
            check(3, 1, 0).verdict(&builds).is_ok(),
            "what agrees counts more"
        );
        assert!(check(1, 3, 0).verdict(&builds).is_err());
        let nowhere = RefCheck {
            known_contigs: 228,
            ..RefCheck::default()
        };
        let error = nowhere.verdict(&builds).err();
        let cause = error.and_then(|error| error.details().get("likely cause").cloned());
        assert!(cause.is_some_and(|cause| cause.contains("GRCh38") && cause.contains("GRCh37")));
        assert!(nowhere.verdict(&Builds::default()).is_ok());
    }

    #[test]
    fn the_likely_cause_is_named() {
        let guess = |text| guess_from_text(text);
        let builds = Builds {
            variants: guess("hg38"),
            reference: guess("hg19"),
            ..Builds::default()
        };
        let cause = |check: RefCheck, builds: &Builds| {
            check
                .why_nothing(builds)
                .details()
                .get("likely cause")
                .cloned()
        };
        assert!(cause(check(1, 30, 0), &builds).is_some_and(|cause| cause.contains("GRCh38")));
        let swapped = cause(check(1, 30, 29), &Builds::default());
        assert!(swapped.is_some_and(|cause| cause.contains("changed places")));
    }
}
