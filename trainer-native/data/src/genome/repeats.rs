//! Repeats of a genome from BED.

use crate::files::bed;
use genolewm_core::Result;
use genolewm_core::bytes::Held;
use genolewm_core::context::RepeatClass;
use genolewm_core::genome::repeats::Repeats;
use genolewm_core::position::Interval;
use std::path::Path;

/// Memory of a repeat.
const REPEAT_BYTES: usize = size_of::<(Interval, RepeatClass)>();

/// Reads a BED file of [rows](Repeats::add).
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` with the line when it is malformed.
pub fn read_repeats(path: &Path) -> Result<Repeats> {
    let (mut repeats, mut held) = (Repeats::default(), Held::of(path));
    bed::each_row(path, |columns| match repeats.add(columns)? {
        // Millions of rows: only a contig's first takes more than its place in the list.
        true => held.add(REPEAT_BYTES + columns[0].len()),
        false => held.add_bare(REPEAT_BYTES),
    })?;
    repeats
        .sorted()
        .map_err(|error| error.in_file(&path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use genolewm_core::position::BpOffset;

    fn read(text: &str) -> Result<Repeats> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_repeats(file.path())
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
