//! VCF: the input's own lines with fields added to INFO.
//!
//! Columns are cut out of the input's text and never rendered again, so that everything but INFO
//! stays as it was, byte for byte.

use super::{scored_as, status};
use crate::scorer::{Outcome, Scored};
use genolewm_core::edit::AlleleForm;
use genolewm_core::genome::Effect;
use genolewm_core::source::{SourceLine, VariantRecord};
use genolewm_core::text::{is_hidden, visible};
use genolewm_core::{Error, Result};

/// What the added keys start with.
const PREFIX: &str = "GLW_";
const INFO_COLUMN: usize = 7;

/// ID, type and description of each field; each has one value for each alternate allele.
const FIELDS: [(&str, &str, &str); 8] = [
    (
        "GLW_RAW",
        "Float",
        "GenoLeWM raw surprise: distance between predicted and encoded edited state",
    ),
    (
        "GLW_PCT",
        "Float",
        "GenoLeWM percentile of the raw surprise in its calibration bucket, 0 to 1",
    ),
    (
        "GLW_DISP",
        "Float",
        "GenoLeWM displacement: 1 - cosine between predicted and reference state",
    ),
    (
        "GLW_CONF",
        "Float",
        "GenoLeWM confidence in the calibration bucket, 0 to 1",
    ),
    ("GLW_BUCKET", "String", "GenoLeWM calibration bucket"),
    (
        "GLW_EDIT",
        "String",
        "Edit that GenoLeWM scored, CHROM:POS:REF:ALT, where it is another spelling of the allele",
    ),
    (
        "GLW_REPEAT",
        "String",
        "Class of repeat at the place by annotation, else masked or unmasked by the reference's lower case",
    ),
    (
        "GLW_STATUS",
        "String",
        "scored, or why GenoLeWM did not score the allele",
    ),
];

/// Those of what an edit does to a gene, where annotation was given.
const EFFECT_FIELDS: [(&str, &str, &str); 3] = [
    (
        "GLW_GENE",
        "String",
        "Gene that the allele lies in or near, by annotation",
    ),
    (
        "GLW_TRANSCRIPT",
        "String",
        "Transcript of the gene that the consequence is told for",
    ),
    (
        "GLW_CSQ",
        "String",
        "Consequence in Sequence Ontology terms between &, the most severe first",
    ),
];

/// What a VCF's header says of the run.
#[derive(Debug, Clone)]
pub struct RunNote {
    /// The command line, or what stands for it.
    pub command: String,
    /// The model's hash.
    pub model_id: String,
    /// The form in which alleles were scored.
    pub alleles: AlleleForm,
    /// Whether annotation tells what alleles do.
    pub effects: bool,
}

/// The header lines of the annotated file: the input's (empty for what is no VCF), with ours before
/// the line of column names.
#[must_use]
pub fn vcf_header(input: &[SourceLine], note: &RunNote) -> Vec<SourceLine> {
    let mut header: Vec<SourceLine> = Vec::new();
    let (columns, lines) = match input.split_last() {
        Some((columns, lines)) => (columns.clone(), lines),
        None => (
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO".into(),
            &[][..],
        ),
    };
    if lines.is_empty() {
        header.push("##fileformat=VCFv4.3".into());
    }
    // A file that is scored a second time gets the fields' definitions once.
    header.extend(lines.iter().filter(|line| !defines_ours(line)).cloned());
    let of_effects = EFFECT_FIELDS.iter().filter(|_| note.effects);
    header.extend(
        FIELDS
            .iter()
            .chain(of_effects)
            .map(|(id, kind, description)| {
                format!("##INFO=<ID={id},Number=A,Type={kind},Description=\"{description}\">")
                    .into()
            }),
    );
    header.push(concat!("##genolewm_version=", env!("CARGO_PKG_VERSION")).into());
    header.push(format!("##genolewm_command={}", visible(&note.command)).into());
    header.push(format!("##genolewm_model_id={}", visible(&note.model_id)).into());
    header.push(format!("##genolewm_alleles={}", note.alleles).into());
    header.push(columns);
    header
}

fn defines_ours(line: &str) -> bool {
    line.strip_prefix("##INFO=<ID=").is_some_and(|rest| {
        FIELDS.iter().chain(&EFFECT_FIELDS).any(|(id, ..)| {
            rest.strip_prefix(id)
                .is_some_and(|rest| rest.starts_with(','))
        })
    })
}

/// A record's line without line end, with the outcomes of its alleles in INFO.
#[must_use]
pub fn vcf_line(record: &VariantRecord, outcomes: &[Outcome]) -> SourceLine {
    let added = info(record, outcomes);
    match &record.raw {
        Some(raw) => raw.with_text(with_info(raw, &added)),
        None => with_info(&plain_line(record), &added).into(),
    }
}

/// The fields of one record; empty for a record without alternate alleles, where one value for
/// each of them is none at all.
fn info(record: &VariantRecord, outcomes: &[Outcome]) -> String {
    if record.alternates.iter().all(|allele| allele == ".") {
        return String::new();
    }
    let scored = |figure: &dyn Fn(&Scored) -> String| -> Vec<String> {
        let value = |outcome: &Outcome| match outcome {
            Outcome::Scored(scored) => figure(scored),
            Outcome::Skipped(_) => ".".to_owned(),
        };
        outcomes.iter().map(value).collect()
    };
    let mut fields = Vec::new();
    if outcomes
        .iter()
        .any(|outcome| matches!(outcome, Outcome::Scored(_)))
    {
        fields.push(("GLW_RAW", scored(&|s| float(s.result.sigma_raw))));
        fields.push(("GLW_PCT", scored(&|s| float(s.result.sigma_calibrated))));
        fields.push(("GLW_DISP", scored(&|s| float(s.displacement))));
        fields.push(("GLW_CONF", scored(&|s| float(s.result.confidence))));
        fields.push((
            "GLW_BUCKET",
            scored(&|s| encoded(&s.result.bucket_id, INFO)),
        ));
        let repeats = scored(&|s| s.repeat_word().unwrap_or(".").to_owned());
        let told = |text: &dyn Fn(&Effect) -> Option<String>| {
            scored(&|s| {
                let text = s.effect.as_deref().and_then(text);
                text.map_or_else(|| ".".to_owned(), |text| encoded(&text, INFO))
            })
        };
        let optional = [
            ("GLW_EDIT", edits(record, outcomes)),
            ("GLW_REPEAT", repeats),
            ("GLW_GENE", told(&|is| is.gene().map(str::to_owned))),
            (
                "GLW_TRANSCRIPT",
                told(&|is| is.transcript().map(str::to_owned)),
            ),
            ("GLW_CSQ", told(&|is| Some(is.consequence()))),
        ];
        let any = |(_, values): &(_, Vec<String>)| values.iter().any(|value| value != ".");
        fields.extend(optional.into_iter().filter(any));
    }
    fields.push((
        "GLW_STATUS",
        outcomes
            .iter()
            .map(|outcome| status(outcome).to_owned())
            .collect(),
    ));
    let fields: Vec<String> = fields
        .into_iter()
        .map(|(id, values)| format!("{id}={}", values.join(",")))
        .collect();
    fields.join(";")
}

/// The edits that were scored; `.` for an allele whose own spelling was.
fn edits(record: &VariantRecord, outcomes: &[Outcome]) -> Vec<String> {
    let edit = |(allele, outcome): (usize, &Outcome)| match outcome {
        Outcome::Scored(scored) => scored_as(record, allele, scored),
        Outcome::Skipped(_) => None,
    };
    let edits = outcomes.iter().enumerate().map(edit);
    edits
        .map(|edit| edit.map_or_else(|| ".".to_owned(), |edit| encoded(&edit, INFO)))
        .collect()
}

/// VCF's Float has 32 bits; the shortest digits that give the same number back.
fn float(value: f64) -> String {
    format!("{}", value as f32)
}

/// The line with `added` at the end of its INFO column; earlier fields of ours go.
fn with_info(line: &str, added: &str) -> String {
    let mut columns: Vec<&str> = line.split('\t').collect();
    let Some(info) = columns.get_mut(INFO_COLUMN) else {
        return line.to_owned();
    };
    let rescored = info.split(';').any(|entry| entry.starts_with(PREFIX));
    let kept = if rescored {
        let others: Vec<&str> = info
            .split(';')
            .filter(|entry| !entry.starts_with(PREFIX))
            .collect();
        others.join(";")
    } else {
        (*info).to_owned()
    };
    let joined = match (kept.trim_end_matches(';'), added) {
        ("." | "", "") if rescored => ".".to_owned(),
        (_, "") => kept,
        ("." | "", added) => added.to_owned(),
        (kept, added) => format!("{kept};{added}"),
    };
    *info = &joined;
    columns.join("\t")
}

/// What INFO's values and identifiers must not hold, beside blanks.
const INFO: &[char] = &['%', ';', '=', ','];
const ID: &[char] = &['%'];

/// Text as VCF has it in a column: what would end the value is its bytes, as `%09`.
fn encoded(text: &str, reserved: &[char]) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || is_hidden(c) || reserved.contains(&c) {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).bytes();
            value.extend(bytes.map(|byte| format!("%{byte:02X}")));
        } else {
            value.push(c);
        }
    }
    value
}

/// The text of a value of one of our fields.
///
/// # Errors
/// `INPUT.GENERIC` where `%` is not followed by two hexadecimal digits, or the bytes are no text.
pub fn vcf_text(value: &str) -> Result<String> {
    let no_text = || {
        let error = Error::input("a value is no text as VCF encodes it");
        error.with_detail("value", value)
    };
    let mut bytes = Vec::with_capacity(value.len());
    let mut pieces = value.split('%');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(no_text)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| no_text())?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).map_err(|_| no_text())
}

/// A record of an input without VCF lines.
fn plain_line(record: &VariantRecord) -> String {
    let alternates = if record.alternates.is_empty() {
        ".".to_owned()
    } else {
        record.alternates.join(",")
    };
    format!(
        "{}\t{}\t{}\t{}\t{}\t.\t.\t.",
        record.contig,
        record.pos.map_or(0, |pos| pos.get()),
        encoded(record.id.as_deref().unwrap_or("."), ID),
        record.reference.as_deref().unwrap_or("N"),
        alternates
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_info_changes() {
        let line = "1\t5\trs1\tg\ta\t.\tPASS\tAC=1;DB\tGT:DP\t0/1:.";
        assert_eq!(
            with_info(line, "GLW_STATUS=scored"),
            line.replace("DB", "DB;GLW_STATUS=scored")
        );
        assert_eq!(
            with_info("1\t5\t.\tG\tA\t.\t.\t.", "X=1"),
            "1\t5\t.\tG\tA\t.\t.\tX=1"
        );
        assert_eq!(
            with_info("1\t5\t.\tG\tA\t.\t.\tAC=1;", "X=1"),
            "1\t5\t.\tG\tA\t.\t.\tAC=1;X=1"
        );
        assert_eq!(
            with_info("1\t5\t.\tG\t.\t.\t.\tEND=9;", ""),
            "1\t5\t.\tG\t.\t.\t.\tEND=9;"
        );
    }

    /// The buckets' names are those of a stranger's calibration table.
    #[test]
    fn a_bucket_planted_fields_in_info() {
        assert_eq!(encoded("other|low|none", INFO), "other|low|none");
        assert_eq!(
            encoded("x;GLW_PCT=0,1\t. \u{202e}%", INFO),
            "x%3BGLW_PCT%3D0%2C1%09.%20%E2%80%AE%25"
        );
        let planted = "x;GLW_PCT=0,1\t. \u{202e}%";
        assert!(vcf_text(&encoded(planted, INFO)).is_ok_and(|text| text == planted));
        for value in ["%", "%2", "%zz", "%ff", "%2ä"] {
            assert!(vcf_text(value).is_err(), "{value}");
        }
        assert_eq!(encoded("rs1;rs2", ID), "rs1;rs2");
    }

    #[test]
    fn a_contig_of_any_name_stays_inside_its_value() {
        assert_eq!(encoded("a;b=c,d%:5:A:C", INFO), "a%3Bb%3Dc%2Cd%25:5:A:C");
    }

    #[test]
    fn a_second_run_replaces_the_fields_of_the_first() {
        let once = "1\t5\t.\tG\tA\t.\t.\tAC=1;GLW_RAW=2;GLW_STATUS=scored;DB";
        assert_eq!(
            with_info(once, "GLW_STATUS=scored"),
            "1\t5\t.\tG\tA\t.\t.\tAC=1;DB;GLW_STATUS=scored"
        );
        assert!(defines_ours(
            "##INFO=<ID=GLW_RAW,Number=A,Type=Float,Description=\"x\">"
        ));
        assert!(!defines_ours(
            "##INFO=<ID=GLW_RAWER,Number=A,Type=Float,Description=\"x\">"
        ));
    }
}
