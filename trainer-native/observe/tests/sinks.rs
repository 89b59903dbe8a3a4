//! What reaches a sink, whatever is thrown at a log.
//!
//! Each test keeps a log of its own thread: `tracing` has one of the process, and tests share it.

// All of this file is test code, its helpers too.
#![allow(clippy::panic, clippy::unwrap_used)]

use genolewm_core::error::Location;
use genolewm_core::{Error, ErrorCode};
use genolewm_observe::events::{self, EVENTS, FieldKind};
use genolewm_observe::{
    Log, LogFormat, LogSettings, Severity, Sink, TraceContext, current_trace_context, emit,
    logged_run, report_error, set_trace_context, tracing,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

/// A stream that is looked at.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What `act` makes of a log, as JSON lines and for people.
fn logged(strict: bool, act: impl FnOnce()) -> [String; 2] {
    let (lines, pretty) = (Seen::default(), Seen::default());
    let log = Log::new(LogSettings {
        run_id: "r".to_owned(),
        component: "test".to_owned(),
        level: Severity::Debug,
        strict,
        sinks: vec![
            Sink::stream("lines", LogFormat::Jsonl, lines.clone()),
            Sink::stream("pretty", LogFormat::Pretty, pretty.clone()),
        ],
    });
    tracing::dispatcher::with_default(&log.dispatch(), act);
    assert_eq!(log.failure(), None);
    [lines.text(), pretty.text()]
}

fn records(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Emits an event by name, with one field, as a text, a shown value or an object.
fn throw(event: &str, key: &str, secret: &str, how: u8) {
    macro_rules! with {
        ($($key:literal),+) => {
            match (key, how) {
                $(
                    ($key, 0) => tracing::error!(target: "genolewm", event, $key = secret),
                    ($key, 1) => tracing::error!(target: "genolewm", event, $key = %secret),
                    ($key, _) => {
                        let object = json!({"sample": secret, secret: 1, "line": secret, "x": [secret]});
                        tracing::error!(target: "genolewm", event, $key = %object);
                    }
                )+
                _ => panic!("no such key: {key}"),
            }
        };
    }
    with!(
        "git_sha",
        "device",
        "model_id",
        "world_size",
        "config_path",
        "best_step",
        "best_loss",
        "reason",
        "loss",
        "grad_norm",
        "loss_pred",
        "loss_reg",
        "lr",
        "samples",
        "tag",
        "size_bytes",
        "path",
        "threshold",
        "value",
        "criterion",
        "kind",
        "name",
        "unit",
        "dataset",
        "n_items",
        "benchmark",
        "elapsed_s",
        "metrics",
        "delta",
        "baseline",
        "current",
        "metric",
        "shard_id",
        "key",
        "n_rows",
        "variant_id",
        "score",
        "category",
        "n",
        "batch_id",
        "throughput_per_s",
        "url_host",
        "operation",
        "n_outputs",
        "ok",
        "expected",
        "got",
        "details",
        "message",
        "remediation",
        "step",
        "epoch",
        "phase",
        "duration_ms",
        "error_code",
        "trace_id",
        "span_id",
        "genotype",
        "sample_id",
        "sequence",
        "anything"
    );
}

const STANDARD: [&str; 11] = [
    "step",
    "epoch",
    "phase",
    "duration_ms",
    "error_code",
    "trace_id",
    "span_id",
    "genotype",
    "sample_id",
    "sequence",
    "anything",
];

/// Sequences, genotypes, variants, names of samples, and paths.
fn secrets() -> impl Strategy<Value = String> {
    let name = "(NA|HG|patient_|Anna )[1-9][0-9]{3,6}";
    prop_oneof![
        "[ACGT]{20,60}",
        "[acgtn]{20,60}",
        "([ACGT]{10}\n){2,4}",
        "[01][/|][01]:[0-9]{2}",
        "chr[0-9]{1,2}:[0-9]{5,8}:[ACGT]{1,5}:[ACGT]{1,5}",
        "rs[0-9]{6,9}",
        name,
        "(/home/|/Users/|C:\\\\Users\\\\)anna/[a-z ]{3,9}\\.vcf",
        "/data/NA[0-9]{5}/calls\\.vcf\\.gz",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_field_let_through_what_says_who_somebody_is(secret in secrets(), before in "[ -~]{0,9}", how in 0u8..3) {
        let thrown = [secret.clone(), format!("{before} {secret}: no")];
        let texts = logged(true, || {
            for spec in EVENTS {
                let keys = spec.fields.iter().map(|(key, _)| *key);
                for key in keys.chain(STANDARD) {
                    thrown.iter().for_each(|text| throw(spec.name, key, text, how));
                }
            }
            thrown.iter().for_each(|text| throw(text, "message", text, how));
        });
        for text in texts {
            prop_assert!(!text.is_empty());
            prop_assert!(!text.contains(&secret), "{secret:?} in\n{text}");
            let shown = json!(secret).to_string();
            prop_assert!(!text.contains(shown.trim_matches('"')), "{shown} in\n{text}");
        }
    }

    #[test]
    fn an_error_let_through_what_it_quoted(secret in secrets(), key in "[a-z]{3,9}") {
        let error = Error::new(ErrorCode::InputVcfParse, format!("{secret} is malformed"))
            .with_detail(&key, &secret)
            .with_detail(&secret, 3)
            .with_remedy(format!("leave {secret} out"))
            .at(Location::line(&secret, 7).column(3, &secret));
        let texts = logged(true, || {
            report_error(&error);
            let ended = logged_run("inner", || Err::<(), _>(error.clone()));
            assert_eq!(ended, Err(error.clone()));
        });
        for text in &texts {
            prop_assert!(!text.contains(&secret), "{secret:?} in\n{text}");
        }
        let data = &records(&texts[0])[0];
        prop_assert_eq!(&data["error_code"], "INPUT.VCF_PARSE");
        prop_assert_eq!(&data["data"]["details"], &json!({"line": 7, "column": 3}));
    }

    #[test]
    fn without_strictness_bases_and_homes_stay_out(secret in "[ACGT]{20,60}|/home/anna/[a-z ]{3,9}\\.vcf") {
        let texts = logged(false, || {
            for spec in EVENTS {
                for (key, _) in spec.fields {
                    throw(spec.name, key, &format!("{secret} and more"), 0);
                }
            }
        });
        for text in texts {
            prop_assert!(!text.contains(&secret), "{secret:?} in\n{text}");
        }
    }
}

/// A value that each kind of field takes.
fn good(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Number => json!(1.5),
        FieldKind::Flag => json!(true),
        FieldKind::Word(words) => json!(words[0]),
        FieldKind::Hash => json!(format!("sha256:{}", "0a".repeat(32))),
        FieldKind::Row => json!("3.1"),
        FieldKind::Path => json!("[path].jsonl"),
        FieldKind::Message => json!(ErrorCode::InputGeneric.summary()),
        FieldKind::Remedy => json!(ErrorCode::InputGeneric.remedy()),
        FieldKind::Details => json!({"line": 3}),
        FieldKind::Figures(names) => json!({ names[0]: 0.5 }),
    }
}

#[test]
fn what_fields_are_for_gets_through() {
    use genolewm_observe::Redactor;
    let redactor = Redactor::new(true);
    for spec in EVENTS {
        let fields: Map<String, Value> = spec
            .fields
            .iter()
            .map(|(key, kind)| ((*key).to_owned(), good(*kind)))
            .collect();
        let kept = redactor.redact(spec, fields.clone(), Some(ErrorCode::InputGeneric));
        assert_eq!(kept, fields, "{}", spec.name);
    }
}

#[test]
fn records_are_the_python_packages() {
    /// What `geno_lewm.observability` 0.2.1 wrote for the same calls, but for the time.
    const PYTHON: &str = include_str!("../../../tests/fixtures/observability/log.jsonl");
    let [lines, pretty] = logged(true, || {
        emit!(
            events::BATCH_END,
            n = 3,
            batch_id = 7,
            throughput_per_s = 3.5,
            step = 4,
            duration_ms = 4
        );
        let context = TraceContext {
            trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
            span_id: Some("00f067aa0b9902b7".to_owned()),
        };
        let _set = set_trace_context(&context);
        assert_eq!(current_trace_context(), context);
        emit!(
            events::TRAINING_STEP,
            loss = 0.25,
            step = 2,
            epoch = 1,
            phase = "phase1"
        );
        emit!(
            events::VERIFY_MISMATCH,
            kind = "manifest_hash",
            expected = "0a".repeat(32),
            error_code = "PROVENANCE.MANIFEST_HASH_MISMATCH"
        );
    });
    let mut ours = records(&lines);
    assert!(
        ours[0]["trace_id"]
            .as_str()
            .is_some_and(|id| id.len() == 32)
    );
    for key in ["trace_id", "span_id"] {
        ours[0].as_object_mut().unwrap().remove(key);
    }
    let mut theirs = records(PYTHON);
    for record in ours.iter_mut().chain(&mut theirs) {
        let time = record.as_object_mut().unwrap().remove("ts").unwrap();
        let time = time.as_str().unwrap();
        assert!(
            time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.',
            "{time}"
        );
    }
    assert_eq!(ours, theirs);
    // The same order of keys, and blanks after commas and colons.
    let start = |text: &str| {
        text.lines()
            .next()
            .unwrap()
            .split("\"ts\"")
            .next()
            .unwrap()
            .to_owned()
    };
    assert!(
        start(PYTHON)
            .starts_with("{\"component\": \"test\", \"data\": {\"batch_id\": 7, \"n\": 3, ")
    );
    assert!(
        lines.starts_with("{\"component\": \"test\", \"data\": {\"batch_id\": 7, \"n\": 3, "),
        "{lines}"
    );
    assert!(
        pretty.contains(" | INFO  | inference.batch.end | test | {\"batch_id\": 7"),
        "{pretty}"
    );
}

#[test]
fn a_run_has_one_trace_and_spans_of_its_own() {
    let [lines, _] = logged(true, || {
        let outer = logged_run("outer", || {
            emit!(events::EVAL_START, benchmark = "eval");
            logged_run("inner", || {
                emit!(events::EVAL_START, benchmark = "eval");
                Ok(())
            })?;
            emit!(events::EVAL_END, benchmark = "eval");
            Ok(())
        });
        assert_eq!(outer, Ok(()));
        emit!(events::EVAL_END);
    });
    let records = records(&lines);
    let of = |key: &str| -> Vec<&str> {
        records
            .iter()
            .map(|record| record[key].as_str().unwrap())
            .collect()
    };
    assert_eq!(of("component"), ["outer", "inner", "outer", "test"]);
    let (traces, spans) = (of("trace_id"), of("span_id"));
    assert!(traces[0] == traces[1] && traces[1] == traces[2] && traces[2] == traces[3]);
    assert!(spans[0] == spans[2] && spans[0] != spans[1] && spans[0] != spans[3]);
}

#[test]
fn the_level_decides_what_is_written_and_other_programs_events_are_not() {
    let seen = Seen::default();
    let log = Log::new(LogSettings {
        run_id: "r".to_owned(),
        component: "test".to_owned(),
        level: Severity::Warn,
        strict: true,
        sinks: vec![Sink::stream("lines", LogFormat::Jsonl, seen.clone())],
    });
    tracing::dispatcher::with_default(&log.dispatch(), || {
        emit!(events::BATCH_END, n = 1);
        emit!(events::COLLAPSE_ALERT, value = 1.0);
        tracing::error!(event = "error", message = "NA12878");
        tracing::error!(target: "genolewm", event = "nonsense", message = "NA12878");
    });
    let events: Vec<Value> = records(&seen.text())
        .into_iter()
        .map(|mut one| one["event"].take())
        .collect();
    assert_eq!(events, ["training.collapse.alert"]);
}

/// A stream that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A value that cannot be shown.
struct Fails;

impl std::fmt::Display for Fails {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        emit!(events::ERROR, error_code = "INTERNAL.GENERIC");
        panic!("NA12878")
    }
}

#[test]
fn logging_failed_what_was_logged() {
    let log = Log::new(LogSettings {
        run_id: "r".to_owned(),
        component: "test".to_owned(),
        level: Severity::Debug,
        strict: true,
        sinks: vec![Sink::stream("full", LogFormat::Jsonl, Full)],
    });
    tracing::dispatcher::with_default(&log.dispatch(), || {
        emit!(events::BATCH_END, n = 1);
        emit!(events::BATCH_END, n = %Fails);
        emit!(events::BATCH_END, n = 2);
    });
    assert_eq!(
        log.failure().map(Error::code),
        Some(ErrorCode::ResourceDiskFull)
    );
    let [lines, _] = logged(true, || {
        emit!(events::BATCH_END, n = %Fails);
        emit!(events::BATCH_END, n = 2);
    });
    assert_eq!(records(&lines).len(), 1, "{lines}");
}
