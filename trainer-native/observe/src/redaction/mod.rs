//! What every event passes before it is written anywhere: only fields that it has, and of each only what
//! its kind may hold ([`FieldKind`]).
//!
//! Strict, as it is unless somebody wishes otherwise, no free text is written at all: of an error its code
//! with the code's own sentence, of a path its extension. Otherwise texts are written, without DNA and
//! without paths in anybody's folder. The Python package fails when it finds such; logging must not fail
//! here, so what is found is dropped and [counted](redaction_stats).

mod text;
mod words;

pub use crate::held_back::{RedactionStats, redaction_stats};

use crate::events::{EventSpec, FieldKind};
use crate::held_back::{Why, held_back};
use genolewm_core::ErrorCode;
use serde_json::{Map, Value};
pub(crate) use text::has_dna;
use text::{Homes, without_dna};

/// Keys that say who somebody is, or what is in somebody's genome. The first nine are the Python package's.
pub const PERSONAL_DATA_FIELDS: [&str; 30] = [
    "sample_id",
    "vcf_content",
    "dob",
    "genotype",
    "birthdate",
    "user_email",
    "phone",
    "address",
    "email",
    "alleles",
    "alt",
    "bases",
    "family",
    "genotypes",
    "gt",
    "haplotype",
    "individual",
    "patient",
    "patient_id",
    "person",
    "proband",
    "ref",
    "rsid",
    "sample",
    "sample_name",
    "samples",
    "sequence",
    "user",
    "username",
    "window",
];

/// The fields of an event by name.
pub type Fields = Map<String, Value>;

/// Holds back what must not be written.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    lenient: bool,
    homes: Homes,
}

/// What an event says beside its own fields, by the names of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standard {
    pub(crate) step: Option<u64>,
    pub(crate) epoch: Option<u64>,
    pub(crate) phase: Option<String>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) error_code: Option<&'static str>,
}

impl Redactor {
    /// A redactor, strict or not, that knows this person's folder by the environment.
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Self {
            lenient: !strict,
            homes: Homes::of_environment(),
        }
    }

    /// What may be written of an event's fields.
    #[must_use]
    pub fn redact(&self, spec: &EventSpec, fields: Fields, code: Option<ErrorCode>) -> Fields {
        let mut kept = Fields::new();
        for (key, value) in fields {
            // `samples` is the number of them where an event has it, and their names elsewhere.
            let why = if is_personal(&key) {
                Why::Denied
            } else {
                Why::Key
            };
            let wanted = spec.field(&key).ok_or(why);
            match wanted.and_then(|kind| self.value(kind, &key, value, code)) {
                Ok(value) => drop(kept.insert(key, value)),
                Err(why) => held_back(why),
            }
        }
        kept
    }

    fn value(
        &self,
        kind: FieldKind,
        key: &str,
        value: Value,
        code: Option<ErrorCode>,
    ) -> Result<Value, Why> {
        let text = match (kind, value) {
            (FieldKind::Details, Value::Object(details)) => {
                return Ok(self.details(details).into());
            }
            (FieldKind::Figures(names), Value::Object(figures)) => {
                return Ok(figures_of(names, figures).into());
            }
            (FieldKind::Number | FieldKind::Word(_), Value::Number(number)) => {
                return Ok(number.into());
            }
            // What is no number in Rust either.
            (FieldKind::Number, Value::Null) => return Ok(Value::Null),
            (FieldKind::Flag, Value::Bool(flag)) => return Ok(flag.into()),
            (
                FieldKind::Number | FieldKind::Flag | FieldKind::Details | FieldKind::Figures(_),
                _,
            ) => return Err(Why::Type),
            (_, Value::String(text)) => text,
            _ => return Err(Why::Type),
        };
        let fits = match kind {
            FieldKind::Word(words) => words::is_word(words, &text),
            FieldKind::Hash => words::is_hash(&text),
            FieldKind::Row => words::is_row(&text),
            _ => false,
        };
        if fits {
            return Ok(text.into());
        }
        if self.lenient {
            return self.masked(&text);
        }
        match (kind, code) {
            (FieldKind::Path, _) => {
                held_back(Why::Text);
                Ok(words::path_kind(&text).into())
            }
            (FieldKind::Message, Some(code)) if key == "message" => {
                Ok(sentence(&text, code.summary()))
            }
            (FieldKind::Remedy, Some(code)) => Ok(sentence(&text, code.remedy())),
            _ if has_dna(&text) => Err(Why::Dna),
            _ => Err(Why::Text),
        }
    }

    /// A text without what it must not hold.
    fn masked(&self, text: &str) -> Result<Value, Why> {
        let plain = without_dna(text);
        if plain != text {
            held_back(Why::Dna);
        }
        let masked = self.homes.without(&plain);
        if masked != plain {
            held_back(Why::Text);
        }
        Ok(masked.into_owned().into())
    }

    /// Facts of an error.
    fn details(&self, details: Fields) -> Fields {
        let mut kept = Fields::new();
        for (key, value) in details {
            let value = match value {
                _ if is_personal(&key) || has_dna(&key) => Err(Why::Denied),
                value if words::is_plain_detail(&key, &value) => Ok(value),
                _ if !self.lenient => Err(Why::Text),
                Value::String(text) => self.masked(&text),
                Value::Number(_) | Value::Bool(_) => Ok(value),
                _ => Err(Why::Type),
            };
            match value {
                Ok(value) => drop(kept.insert(key, value)),
                Err(why) => held_back(why),
            }
        }
        kept
    }
}

/// Takes what stands in every record out of an event's fields.
pub(crate) fn standard(fields: &mut Fields) -> (Standard, Option<ErrorCode>) {
    let mut number = |key: &str| fields.remove(key).and_then(|value| value.as_u64());
    let (step, epoch, duration_ms) = (number("step"), number("epoch"), number("duration_ms"));
    let mut text = |key: &str| match fields.remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let phase = text("phase").filter(|phase| words::is_phase(phase));
    let code = text("error_code").and_then(|code| ErrorCode::by_name(&code));
    let standard = Standard {
        step,
        epoch,
        phase,
        duration_ms,
        error_code: code.map(ErrorCode::as_str),
    };
    (standard, code)
}

/// An identifier of a trace or span, where it is one.
pub(crate) fn id(text: Option<String>) -> Option<String> {
    text.filter(|text| words::is_id(text) && !has_dna(text))
}

/// The sentence of a code in place of an error's own, which may quote what was read.
fn sentence(own: &str, general: &'static str) -> Value {
    if own != general {
        held_back(Why::Text);
    }
    general.into()
}

fn figures_of(names: &[&str], figures: Fields) -> Fields {
    let mut kept = Fields::new();
    for (name, value) in figures {
        // What is no number in Rust either is null.
        match names.contains(&name.as_str()) && (value.is_number() || value.is_null()) {
            true => drop(kept.insert(name, value)),
            false => held_back(Why::Key),
        }
    }
    kept
}

/// Whether a key says who somebody is, however it is written.
fn is_personal(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
    PERSONAL_DATA_FIELDS.contains(&key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{ERROR, EVAL_END, EVENTS, RECEIPT_WRITE, SCORE_END};
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn no_event_has_a_personal_text() {
        for (key, kind) in EVENTS.iter().flat_map(|spec| spec.fields) {
            assert!(!is_personal(key) || *kind == FieldKind::Number, "{key}");
        }
    }

    #[test]
    fn strict_or_not_an_error_tells_of_its_code() {
        let error = json!({
            "message": "sample NA12878 is not in /home/anna/x.vcf",
            "remediation": "name ACGTACGTACGTACGTACGTACGT",
            "details": {"line": 7, "sample": "NA12878", "found": "0/1 in /home/anna/x.vcf", "GT": 1},
        });
        let code = Some(ErrorCode::InputGeneric);
        let strict = Redactor::new(true).redact(&ERROR, fields(error.clone()), code);
        assert_eq!(
            Value::from(strict),
            json!({
                "message": ErrorCode::InputGeneric.summary(),
                "remediation": ErrorCode::InputGeneric.remedy(),
                "details": {"line": 7},
            })
        );
        let lenient = Redactor::new(false).redact(&ERROR, fields(error), code);
        assert_eq!(
            Value::from(lenient),
            json!({
                "message": "sample NA12878 is not in [home]",
                "remediation": "name [DNA]",
                "details": {"line": 7, "found": "0/1 in [home]"},
            })
        );
    }

    #[test]
    fn a_figure_that_is_no_number_was_dropped_as_unknown() {
        let ended = json!({"benchmark": "eval", "metrics": {"auroc": f64::NAN, "accuracy": 0.5}});
        let kept = Redactor::new(true).redact(&EVAL_END, fields(ended.clone()), None);
        assert_eq!(Value::from(kept), ended);
    }

    #[test]
    fn what_is_held_back_is_counted() {
        let before = redaction_stats();
        let receipt = json!({"path": "/x/NA12878.jsonl", "n_outputs": "3", "genotype": "0/1", "x": 1, "model_id": "ACGTACGTACGTACGTACGT"});
        let kept = Redactor::new(true).redact(&RECEIPT_WRITE, fields(receipt), None);
        assert_eq!(Value::from(kept), json!({"path": "[path].jsonl"}));
        let row = json!({"variant_id": "chr1:5:A:T", "score": f64::NAN, "category": "SNV"});
        let kept = Redactor::new(true).redact(&SCORE_END, fields(row), None);
        assert_eq!(Value::from(kept), json!({"score": null, "category": "SNV"}));
        let after = redaction_stats();
        let more = |of: fn(&RedactionStats) -> u64| of(&after) - of(&before);
        assert!(more(|of| of.dropped_keys) >= 1 && more(|of| of.dropped_denied) >= 1);
        assert!(more(|of| of.dropped_dna) >= 1 && more(|of| of.dropped_type) >= 1);
        assert!(more(|of| of.masked_text) >= 2 && more(RedactionStats::total) >= 6);
    }
}
