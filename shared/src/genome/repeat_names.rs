//! Repeats by the names that RepeatMasker gives them, where no column says the class.

use crate::context::RepeatClass;

/// How names of mobile elements begin, in lower case: the families of Repbase and Dfam that the human
/// genome holds, and RNA genes, of which RepeatMasker finds copies. Their classes are one here.
const MOBILE: &[&str] = &[
    // SINE and what is composed of them.
    "alu",
    "flam",
    "fram",
    "fam",
    "mir",
    "ther",
    "amnsine",
    "lfsine",
    "mamsine",
    "sva",
    // LINE.
    "l1",
    "l2",
    "l3",
    "l4",
    "l5",
    "hal1",
    "cr1",
    "rte",
    "mamrte",
    "x1_line",
    "x2_line",
    "plat_l3",
    // Endogenous retroviruses and their long terminal repeats.
    "ltr",
    "mlt",
    "mst",
    "the1",
    "erv",
    "herv",
    "huers",
    "pabl",
    "prima",
    "harlequin",
    "mamgyp",
    "lor1",
    // DNA transposons.
    "mer",
    "tigger",
    "charlie",
    "made",
    "cheshire",
    "zaphod",
    "blackjack",
    "arthur",
    "golem",
    "hsmar",
    "hstc",
    "kanga",
    "looper",
    "mamrep",
    "marna",
    "orsl",
    "ricksha",
    "ucon",
    "eulor",
    "eutr",
    "hat-",
    "helitron",
    "zombi",
    "fordprefect",
    "chap1",
    "chompy",
    "chessie",
    "mariner",
    "polinton",
    // RNA genes.
    "trna",
    "7sl",
    "7sk",
    "5s",
    "ssu-rrna",
    "lsu-rrna",
];

/// How names of satellites begin.
const SATELLITES: &[&str] = &[
    "alr", "bsr", "gsat", "hsat", "satr", "sst1", "msr1", "lsau", "cer", "rep522", "tar1", "acro1",
    "d20s16", "subtel", "sar", "sn5",
];

/// The class of a repeat of this name; `None` for a name that is not known. `(CA)n` and satellites are
/// simple repeats, `GA-rich` and its like have low complexity, all else is a mobile element.
#[must_use]
pub(super) fn class_of_name(name: &str) -> Option<RepeatClass> {
    let name = name.to_ascii_lowercase();
    let unit = name
        .strip_prefix('(')
        .and_then(|name| name.strip_suffix(")n"));
    if unit.is_some_and(|unit| !unit.is_empty() && unit.bytes().all(|b| b.is_ascii_alphabetic())) {
        return Some(RepeatClass::Simple);
    }
    let poor = ["-rich", "_rich", "polypurine", "polypyrimidine"];
    if poor.iter().any(|end| name.ends_with(end)) {
        return Some(RepeatClass::LowComplexity);
    }
    let begins = |with: &[&str]| with.iter().any(|start| name.starts_with(start));
    if begins(SATELLITES) {
        return Some(RepeatClass::Simple);
    }
    // U1 to U17 and HY1 to HY5, small RNA.
    let number = name.strip_prefix("hy").or_else(|| name.strip_prefix('u'));
    let numbered = number.is_some_and(|number| {
        matches!(number.len(), 1 | 2) && number.bytes().all(|b| b.is_ascii_digit())
    });
    (numbered || begins(MOBILE)).then_some(RepeatClass::Transposon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repeats_said_nothing() {
        for (name, class) in [
            ("AluSx", RepeatClass::Transposon),
            ("AluJb", RepeatClass::Transposon),
            ("L1PA4", RepeatClass::Transposon),
            ("L1ME4a", RepeatClass::Transposon),
            ("MIR", RepeatClass::Transposon),
            ("MIRb", RepeatClass::Transposon),
            ("MLT1A0", RepeatClass::Transposon),
            ("MER5A", RepeatClass::Transposon),
            ("THE1B-int", RepeatClass::Transposon),
            ("Tigger3a", RepeatClass::Transposon),
            ("SVA_D", RepeatClass::Transposon),
            ("HERVK-int", RepeatClass::Transposon),
            ("tRNA-Ala-GCA", RepeatClass::Transposon),
            ("U6", RepeatClass::Transposon),
            ("(CA)n", RepeatClass::Simple),
            ("(TTAGGG)n", RepeatClass::Simple),
            ("ALR/Alpha", RepeatClass::Simple),
            ("GSATII", RepeatClass::Simple),
            ("GA-rich", RepeatClass::LowComplexity),
            ("AT_rich", RepeatClass::LowComplexity),
        ] {
            assert_eq!(class_of_name(name), Some(class), "{name}");
        }
        for name in ["", "BRCA1", "NM_007294", "chr1", "()n", "peak_1", "U6ATAC9"] {
            assert_eq!(class_of_name(name), None, "{name}");
        }
    }
}
