//! How a JSON variant's genotype becomes VCF's GT.

use serde_json::Value;

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
