//! Header lines that the specification allows and noodles does not take.

/// Values of Number beside whole numbers, those of VCF 4.4 and 4.5 among them.
const NUMBERS: [&str; 9] = [".", "A", "R", "G", "LA", "LR", "LG", "P", "M"];
/// Values of Type.
const TYPES: [&str; 5] = ["Integer", "Float", "Flag", "Character", "String"];

/// Whether a `##` line says what the specification lets it say, of whatever version.
pub(super) fn is_valid(text: &str) -> bool {
    let Some((key, value)) = text
        .strip_prefix("##")
        .and_then(|line| line.split_once('='))
    else {
        return false;
    };
    if !value.starts_with('<') {
        return !key.is_empty() && !value.is_empty();
    }
    let Some(fields) = fields(value) else {
        return false;
    };
    let has = |wanted: &str, is_right: &dyn Fn(&str) -> bool| {
        let mut named = fields.iter().filter(|(key, _)| *key == wanted);
        named.next().is_some_and(|(_, value)| is_right(value)) && named.next().is_none()
    };
    let has_id = || has("ID", &|id| !id.is_empty());
    match key {
        "contig" => {
            let is_name = |id: &str| {
                let odd = |c: char| c.is_whitespace() || "<>\"'(),[]{}\\".contains(c);
                !id.is_empty() && !id.starts_with(['*', '=']) && !id.contains(odd)
            };
            let lengths = fields.iter().filter(|(key, _)| *key == "length");
            has("ID", &is_name) && lengths.into_iter().all(|(_, bp)| bp.parse::<u64>().is_ok())
        }
        "INFO" | "FORMAT" => {
            let is_number =
                |number: &str| NUMBERS.contains(&number) || number.parse::<u32>().is_ok();
            has_id() && has("Number", &is_number) && has("Type", &|kind| TYPES.contains(&kind))
        }
        "FILTER" | "ALT" | "META" | "SAMPLE" => has_id(),
        _ => !fields.is_empty(),
    }
}

/// The fields of `<KEY=VALUE,…>`; commas may stand in quotes and in brackets. `None` for anything else.
fn fields(value: &str) -> Option<Vec<(&str, &str)>> {
    let inner = value.trim_end().strip_prefix('<')?.strip_suffix('>')?;
    let (mut quoted, mut escaped, mut brackets) = (false, false, 0_i32);
    let part = |c: char| {
        match c {
            '"' if !escaped => quoted = !quoted,
            '[' if !quoted => brackets += 1,
            ']' if !quoted => brackets -= 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        c == ',' && !quoted && brackets == 0
    };
    let parts: Vec<&str> = inner.split(part).collect();
    parts.into_iter().map(field).collect()
}

fn field(part: &str) -> Option<(&str, &str)> {
    let (key, value) = part.split_once('=')?;
    let key = key.trim_start();
    let closed = value.starts_with('"') == (value.ends_with('"') && value.len() > 1);
    let is_field = closed && !key.is_empty() && !key.contains(['"', ' ']);
    is_field.then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_header_lines_were_warned_of() {
        for line in [
            "##PEDIGREE=<Name_0=Something,Name_1=Something_else,Name_2=Something.more>",
            "##PEDIGREE=<Child=CHILD-GENOME-ID,Mother=MOTHER-GENOME-ID,Father=FATHER-GENOME-ID>",
            "##FORMAT=<ID=LEC,Number=LA,Type=Integer,Description=\"Local-allele representation of EC\">",
            "##FORMAT=<ID=PSL,Number=P,Type=String,Description=\"Phase set list\">",
            "##FORMAT=<ID=M5mC,Number=M,Type=Float,Description=\"Methylation, \\\"5mC\\\"\">",
            "##INFO=<ID=ID3,Number=A,Type=Flag,Description=\"\">",
            "##META=<ID=Assay,Type=String,Number=.,Values=[WholeGenome, Exome]>",
            "##SAMPLE=<ID=Blood,Genomes=Germline;Tumor,Mixture=.3;.7,Description=\"a, b\">",
            "##ALT=<ID=INS:ME:ALU>",
            "##GATKCommandLine=<ID=HaplotypeCaller,CommandLine=\"-I a,b\">",
            "##pedigreeDB=http://123.0.1.2:8080/valid/host/to/file.db",
        ] {
            assert!(is_valid(line), "{line}");
        }
    }

    #[test]
    fn lines_that_are_none_are_told() {
        for line in [
            "##fileformat",
            "##=x",
            "##pedigreeDB=",
            "##pedigreeDB=<>",
            "##FORMAT=<ID=a,Number=Q,Type=Integer,Description=\"x\">",
            "##FORMAT=<ID=a,Number=1,Type=Word,Description=\"x\">",
            "##INFO=<Number=1,Type=Integer,Description=\"x\">",
            "##INFO=<ID=a,Number=1,Type=Integer,Description=\"x>",
            "##SAMPLE=<Genomes=a>",
            "##contig=<ID=1,length=x>",
            "##FILTER=<ID=a,Description=\"x\"",
        ] {
            assert!(!is_valid(line), "{line}");
        }
    }
}
