//! Flags, names, notices and exit statuses.

use genolewm_tests::{dir, genome, golden};
use std::process::Stdio;

const BANNER: &str = "research tool, not a diagnostic";

#[test]
fn version_and_help_go_to_standard_output() {
    let dir = dir!();
    let version = dir.run("--version").ok();
    assert!(version.stdout().starts_with("genolewm "), "{version}");
    assert!(dir.run("score --version").ok().stdout().contains(' '));
    let help = dir.run("--help").ok().stdout();
    for command in [
        "score",
        "verify",
        "import",
        "calibrate",
        "cache-windows",
        "train",
        "doctor",
        "completions",
    ] {
        assert!(help.contains(command), "{command} is missing in\n{help}");
    }
    assert!(help.contains("143 after a termination"), "{help}");
    let help = dir.run("score --help").ok().stdout();
    for flag in [
        "--vcf",
        "--fasta",
        "--model-dir",
        "--regions",
        "--no-receipt",
        "--set",
        "--strict",
    ] {
        assert!(help.contains(flag), "{flag} is missing in\n{help}");
    }
}

#[test]
fn wrong_flags_end_with_the_status_of_input() {
    let dir = dir!();
    for args in [
        "",
        "nonsense",
        "score --nonsense",
        "score --vcf",
        "score --format x --vcf y",
    ] {
        assert_eq!(dir.run(args).finish().status(), Some(2), "{args}");
    }
    dir.create("in.vcf", genome::vcf([100]));
    dir.run("score").fails("INPUT.GENERIC", 2);
    let finished = dir.run("score --vcf in.vcf").fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("remedy: "), "{finished}");
    dir.run("score --variant 1:0:A:C --window ACGT")
        .fails("INPUT.INVALID_EDIT", 2);
    dir.run("score --variant nonsense --window ACGT")
        .fails("INPUT.INVALID_EDIT", 2);
}

#[test]
fn only_both_flags_together_silence_the_notice() {
    let dir = dir!();
    let notice = |flags: &str| {
        dir.run(&format!("completions bash {flags}"))
            .ok()
            .stderr()
            .contains(BANNER)
    };
    assert!(notice("") && notice("--quiet") && notice("--no-banner"));
    assert!(!notice("--quiet --no-banner"));
}

#[test]
fn an_unknown_backend_is_a_deployment_error() {
    let dir = dir!();
    dir.create("in.vcf", genome::vcf([100]));
    for backend in ["cuda", "onnx", "coreml", "abacus"] {
        let run = format!("score --vcf in.vcf --fasta ref.fa --backend {backend}");
        dir.run(&run).fails("DEPLOY.BACKEND_UNSUPPORTED", 7);
    }
    let onnx = dir.run("score --vcf in.vcf --fasta ref.fa --backend onnx");
    let onnx = onnx.fails("DEPLOY.BACKEND_UNSUPPORTED", 7);
    assert!(onnx.stderr().contains("export --format onnx"), "{onnx}");
    let coreml = dir.run("doctor --backend coreml");
    let coreml = coreml.fails("DEPLOY.BACKEND_UNSUPPORTED", 7);
    assert!(coreml.stderr().contains("Metal"), "{coreml}");
}

#[test]
fn a_receipt_that_is_asked_for_and_left_out_was_left_out() {
    let dir = dir!();
    dir.create("in.vcf", genome::vcf([100]));
    for what in [
        "--vcf in.vcf --fasta ref.fa",
        "--variant chr1:1:A:C --window ACGT",
    ] {
        dir.run(&format!("score {what} --receipt r.json --no-receipt"))
            .fails("INPUT.GENERIC", 2);
    }
    assert_eq!(dir.names(), ["in.vcf"]);
}

#[test]
fn the_name_of_the_program_is_a_command() {
    let dir = dir!();
    for (name, flag) in [
        ("geno-lewm-score", "--vcf"),
        ("geno-lewm-verify", "--manifest"),
    ] {
        std::fs::hard_link(dir.program(), dir.path(name))
            .or_else(|_| std::fs::copy(dir.program(), dir.path(name)).map(drop))
            .expect("a second name for the program");
        let finished = genolewm_tests::Program::new(&dir.path(name), &dir.path(""));
        let help = finished.arg("--help").stdout();
        assert!(help.contains(flag), "{help}");
    }
}

#[test]
fn completions_exist_for_every_shell() {
    let dir = dir!();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = dir.run(&format!("completions {shell}")).stdout();
        assert!(script.contains("calibrate"), "{shell}");
    }
}

#[test]
fn man_pages_exist_for_every_command() {
    let dir = dir!();
    dir.run("completions --man .").ok();
    assert!(dir.text("genolewm.1").contains("calibrate"));
    assert!(dir.text("genolewm-score.1").contains("regions"));
    dir.run("completions --man nowhere")
        .fails("RESOURCE.GENERIC", 4);
}

#[test]
fn a_printed_configuration_reads_back_the_same() {
    let dir = dir!();
    let flags = "score --vcf in.vcf --batch-size 7 --strict --seed 3 --print-config";
    let printed = dir.run(flags).stdout();
    for line in [
        "seed: 3",
        "  batch_size: 7",
        "  strict: true",
        "  vcf: in.vcf",
    ] {
        assert!(printed.contains(line), "{line} is missing in\n{printed}");
    }
    dir.create("config.yaml", &printed);
    assert_eq!(
        dir.run("score --config config.yaml --print-config")
            .stdout(),
        printed
    );
}

#[test]
fn typed_flags_win_over_settings_and_settings_over_files() {
    let dir = dir!();
    dir.create(
        "c.yaml",
        "score:\n  batch_size: 2\n  threads: 2\n  vcf: a.vcf\nlog_level: warn\n",
    );
    let run = "score --config c.yaml --set score.threads=3 --threads 4 --print-config";
    let printed = dir.run(run).stdout();
    for line in ["  batch_size: 2", "  threads: 4", "log_level: warn"] {
        assert!(printed.contains(line), "{line} is missing in\n{printed}");
    }
}

#[test]
fn wrong_configurations_are_configuration_errors() {
    let dir = dir!();
    dir.create("top.yaml", "nonsense: 1\n");
    dir.run("score --vcf x --config top.yaml")
        .fails("CONFIG.UNKNOWN_TOP_LEVEL_KEY", 3);
    dir.create("key.yaml", "score: {nonsense: 1}\n");
    dir.run("score --vcf x --config key.yaml")
        .fails("CONFIG.GENERIC", 3);
    dir.create("version.yaml", "schema_version: 2.0.0\n");
    dir.run("score --vcf x --config version.yaml")
        .fails("CONFIG.SCHEMA_INCOMPAT", 3);
    dir.create("list.yaml", "- 1\n");
    dir.run("score --vcf x --config list.yaml")
        .fails("CONFIG.GENERIC", 3);
    dir.run("score --vcf x --set score.batch_size=no")
        .fails("CONFIG.GENERIC", 3);
    dir.run("score --vcf x --config absent.yaml")
        .fails("CONFIG.MISSING_FIELD", 3);
}

#[test]
fn a_reader_that_leaves_early_is_success() {
    let dir = golden::prepared(dir!(), genome::vcf([100]));
    let score = format!("score --vcf in.vcf --fasta ref.fa {}", golden::MODEL);
    for run in [score.as_str(), "completions bash", "--help"] {
        let mut command = dir.run(run).into_command();
        let mut child = command.stderr(Stdio::null()).spawn().expect("a child");
        // Before the first byte, so that every write fails.
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("its end").code(), Some(0), "{run}");
    }
}

#[test]
fn doctor_checks_the_model() {
    let dir = dir!();
    golden::lay_out(&dir);
    let out = dir.run(&format!("doctor {}", golden::MODEL)).stdout();
    for part in [
        "threads",
        "simd",
        "memory",
        "backend cpu",
        "backend cuda",
        "hashes ok",
    ] {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
}

#[test]
fn calibration_tables_are_written_and_shown() {
    let dir = golden::prepared(dir!(), genome::vcf((100..160).step_by(3)));
    let run = format!(
        "calibrate --vcf in.vcf --fasta ref.fa {} -o table.parquet",
        golden::MODEL
    );
    let finished = dir.run(&run).ok();
    assert!(finished.stdout().contains("other|low|none"), "{finished}");
    assert!(dir.bytes("table.parquet").starts_with(b"PAR1"));
    assert_eq!(dir.names(), ["golden", "in.vcf", "ref.fa", "table.parquet"]);
}
