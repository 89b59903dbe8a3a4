//! A panic while a log is kept. Alone in its program: hook and log are the process'.

use genolewm_observe::crash::guarded_program;
use genolewm_observe::{LogSettings, OpenRun, Severity, Sink};

#[test]
fn a_panic_logged_the_bases_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("logs/r.jsonl");
    let settings = LogSettings {
        run_id: "r".to_owned(),
        component: "test".to_owned(),
        level: Severity::Error,
        strict: true,
        sinks: vec![Sink::file(&log).unwrap()],
    };
    let bases = String::from("GATTACAGATTACAGATTACAGATTACAé");
    let ended = guarded_program(|| {
        let _run = OpenRun::begin(settings, log.parent().map(Into::into));
        let inner = std::thread::scope(|scope| scope.spawn(|| bases[..29].len()).join().is_err());
        assert!(inner);
        bases[..29].len()
    });
    assert_eq!(ended, None);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        !text.contains("GATTACA") && text.lines().count() == 2,
        "{text}"
    );
    for line in text.lines() {
        assert!(
            line.contains("\"error_code\": \"INTERNAL.GENERIC\""),
            "{line}"
        );
        assert!(
            line.contains("\"source\": \"trainer-native/observe/tests/crash.rs:"),
            "{line}"
        );
    }
    let metrics = std::fs::read_to_string(log.with_file_name("metrics.prom")).unwrap();
    assert!(
        metrics.contains("\ngeno_lewm_errors_raised 2.0\n"),
        "{metrics}"
    );
}
