//! Genotypes: how an array's row says what was called, and how a JSON variant's becomes VCF's GT.

use super::record::{ArrayCall, is_base};
use serde_json::Value;

/// How strictly rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As the converters always were: a row with anything but one or two bases is an error.
    Strict,
    /// Indel codes and half calls are told apart and kept.
    Lenient,
}

/// Whether a genotype, or one allele of it, says that nothing was called. Besides vendors' spellings
/// there are those of the tools that wrote a table anew: R, spreadsheets, databases.
pub(super) fn is_no_call(text: &str) -> bool {
    const WORDS: [&str; 13] = [
        "NA",
        "N/A",
        "#N/A",
        "NAN",
        "NC",
        "NULL",
        "NONE",
        "NO CALL",
        "NO_CALL",
        "NO-CALL",
        "NOCALL",
        "-9",
        "UNDETERMINED",
    ];
    let mark = |c: char| matches!(c, '-' | '0' | 'N' | 'n' | '.' | '?' | '_' | '/' | '|' | ' ');
    text.chars().all(mark) || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Reads a genotype such as `AG`, `A/G`, `C`, `--`, `00` or `DI`, from one column or from one for each
/// allele.
pub(super) fn parse_call(columns: &[&str], reading: Reading) -> Result<ArrayCall, &'static str> {
    if reading == Reading::Lenient {
        return parse_call_leniently(columns);
    }
    let upper = columns.concat().to_ascii_uppercase();
    if matches!(upper.as_str(), "-" | "--" | "0" | "00" | "N" | "NN") {
        return Ok(ArrayCall::NoCall);
    }
    let alleles: String = upper.chars().filter(|c| !matches!(c, '/' | '|')).collect();
    match alleles.len() {
        1 | 2 if alleles.chars().all(is_base) => Ok(ArrayCall::Bases(alleles)),
        1 | 2 => Err("the genotype holds something other than A, C, G and T"),
        _ => Err("the genotype is not one or two alleles"),
    }
}

/// Each allele by itself: R's missing value `NA` is no half call of A.
fn parse_call_leniently(columns: &[&str]) -> Result<ArrayCall, &'static str> {
    let mut call = (String::new(), false);
    for text in columns.iter().map(|text| text.trim()) {
        if is_no_call(text) {
            continue;
        }
        let upper = text.to_ascii_uppercase();
        if upper.contains(SEPARATORS) {
            upper
                .split(SEPARATORS)
                .try_for_each(|one| add(&mut call, one))?;
        } else if columns.len() > 1 {
            add(&mut call, &upper)?;
        } else {
            let mut alleles = upper.char_indices();
            alleles.try_for_each(|(at, c)| {
                let one = upper.get(at..at + c.len_utf8()).unwrap_or_default();
                add(&mut call, one)
            })?;
        }
    }
    let (alleles, is_indel) = call;
    match alleles.len() {
        0 => Ok(ArrayCall::NoCall),
        1 | 2 if is_indel => Ok(ArrayCall::IndelCode),
        1 | 2 => Ok(ArrayCall::Bases(alleles)),
        _ => Err("the genotype is not one or two alleles"),
    }
}

/// What stands between two alleles in one column.
const SEPARATORS: [char; 3] = ['/', '|', ' '];

/// Adds an allele that was called: its first letter, and whether it is an insertion or deletion.
/// `AT` names bases, but not where they start.
fn add((alleles, is_indel): &mut (String, bool), allele: &str) -> Result<(), &'static str> {
    if is_no_call(allele) {
        return Ok(());
    }
    if !allele.chars().all(|c| is_base(c) || matches!(c, 'I' | 'D')) {
        return Err("the genotype holds something other than A, C, G, T, I and D");
    }
    *is_indel |= allele.len() > 1 || matches!(allele, "I" | "D");
    alleles.extend(allele.chars().next());
    Ok(())
}

/// A JSON genotype as VCF's GT: allele numbers, or alleles, separated by `/` or `|`; or one or two
/// bases together.
pub(super) fn json_genotype(
    value: Option<&Value>,
    alleles: &[&str],
) -> Result<String, &'static str> {
    const SHAPE: &str = "the genotype is written in a way that is not known";
    let calls: Vec<String> = match value {
        None | Some(Value::Null) => return Ok(".".to_owned()),
        Some(Value::Array(list)) if list.is_empty() => return Ok(".".to_owned()),
        Some(Value::Array(list)) => {
            let calls = list.iter().map(|call| call.as_str().map(str::to_owned));
            return spell(
                &calls.collect::<Option<Vec<_>>>().ok_or(SHAPE)?,
                "/",
                alleles,
            );
        }
        Some(Value::String(text)) => match text.trim() {
            "" | "." => return Ok(".".to_owned()),
            text if text.contains(['/', '|']) => {
                let separator = if text.contains('|') { "|" } else { "/" };
                let calls: Vec<String> = text.split(separator).map(str::to_owned).collect();
                return numbers(&calls, separator, alleles.len())
                    .map_or_else(|| spell(&calls, separator, alleles), Ok);
            }
            text if text.chars().count() > 2 => return Err(SHAPE),
            text => text.chars().map(String::from).collect(),
        },
        Some(_) => return Err(SHAPE),
    };
    match calls.as_slice() {
        [one] => numbers(&calls, "/", alleles.len())
            .map_or_else(|| spell(std::slice::from_ref(one), "/", alleles), Ok),
        _ => spell(&calls, "/", alleles),
    }
}

/// The calls as they are, if all of them are numbers of alleles.
fn numbers(calls: &[String], separator: &str, alleles: usize) -> Option<String> {
    let is_number = |call: &String| {
        call.bytes().all(|b| b.is_ascii_digit())
            && call.parse::<usize>().is_ok_and(|index| index < alleles)
    };
    calls.iter().all(is_number).then(|| calls.join(separator))
}

/// The numbers of the called alleles.
fn spell(calls: &[String], separator: &str, alleles: &[&str]) -> Result<String, &'static str> {
    let index = |call: &String| {
        let call = call.trim().to_ascii_uppercase();
        alleles
            .iter()
            .position(|allele| *allele == call)
            .map(|index| index.to_string())
    };
    let indices: Option<Vec<String>> = calls.iter().map(index).collect();
    Ok(indices
        .ok_or("the genotype names an allele that the variant does not have")?
        .join(separator))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn genotypes() {
        let bases = |text: &str| Ok(ArrayCall::Bases(text.to_owned()));
        let parse = |text, reading| parse_call(&[text], reading);
        for reading in [Reading::Strict, Reading::Lenient] {
            assert_eq!(parse("ag", reading), bases("AG"));
            assert_eq!(parse("A|G", reading), bases("AG"));
            assert_eq!(parse("T", reading), bases("T"));
            assert_eq!(parse("--", reading), Ok(ArrayCall::NoCall));
            assert_eq!(parse("00", reading), Ok(ArrayCall::NoCall));
            assert!(parse("ACG", reading).is_err());
            assert!(parse("AR", reading).is_err());
            assert_eq!(parse_call(&["A", "G"], reading), bases("AG"));
        }
        for text in ["DI", "A-", "0T", "./.", "AT/A"] {
            assert!(parse(text, Reading::Strict).is_err());
        }
        for text in ["DI", "AT/A", "I", "D/D"] {
            assert_eq!(parse(text, Reading::Lenient), Ok(ArrayCall::IndelCode));
        }
        for text in ["A-", "A/.", "-A", "A0", "AN", "A/NA"] {
            assert_eq!(parse(text, Reading::Lenient), bases("A"), "{text}");
        }
        let lenient = |columns: [&str; 2]| parse_call(&columns, Reading::Lenient);
        assert_eq!(lenient(["AT", "A"]), Ok(ArrayCall::IndelCode));
        assert_eq!(lenient(["A", "0"]), bases("A"));
    }

    #[test]
    fn a_missing_value_was_a_half_call_of_a() {
        for text in [
            "NA", "na", "N/A", "#N/A", "NC", "NaN", "--", "..", "00", "0/0", "./.", "NN", "-", "",
            "-/-", "??", "no call", "NA/NA", "0 0", "NULL", "-9",
        ] {
            let call = parse_call(&[text], Reading::Lenient);
            assert_eq!(call, Ok(ArrayCall::NoCall), "{text:?}");
            let call = parse_call(&[text, text], Reading::Lenient);
            assert_eq!(call, Ok(ArrayCall::NoCall), "{text:?} twice");
        }
    }

    #[test]
    fn json_genotypes() {
        let gt = |value: Value| json_genotype(Some(&value), &["AT", "A", "ATT"]).ok();
        for (value, want) in [
            (json!("1|2"), "1|2"),
            (json!("ATT/A"), "2/1"),
            (json!("aa"), "1/1"),
            (json!("A"), "1"),
            (json!("2"), "2"),
            (json!(["AT", "A"]), "0/1"),
            (json!(" "), "."),
            (json!(null), "."),
        ] {
            assert_eq!(gt(value).as_deref(), Some(want));
        }
        for value in [
            json!("0/3"),
            json!("12"),
            json!("ATT"),
            json!(1),
            json!("./."),
            json!("A/"),
        ] {
            assert_eq!(gt(value), None);
        }
    }
}
