//! What is written: never over what is read, private, and where it was asked for.
#![cfg(unix)]
// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::{Dir, dir, genome, golden};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

const VCF: &str = include_str!("../../cases/files/output-over-input/small.vcf");
const FASTA: &str = include_str!("../../cases/files/output-over-input/ref.fa");

/// The input and reference of the case, and files that other commands read.
fn prepared() -> Dir {
    dir!()
        .with("small.vcf", VCF)
        .with("ref.fa", FASTA)
        .with("ref.fa.fai", "of another file")
        .with("other", "read by some command")
}

/// Refused before anything is written, with every file as it was.
fn refused(dir: &Dir, command: &str) {
    let all = |dir: &Dir| {
        let names = dir.names().into_iter();
        let files = names.filter(|name| dir.path(name).is_file());
        files
            .map(|name| (dir.bytes(&name), name))
            .collect::<Vec<_>>()
    };
    let before = all(dir);
    let finished = dir.run(command).fails("INPUT.GENERIC", 2);
    let told = finished.stderr();
    let why = [
        "would be written over",
        "would be written to one place",
        "have one name",
    ];
    assert!(why.iter().any(|why| told.contains(why)), "{finished}");
    assert!(told.contains("remedy: give"), "{finished}");
    assert!(before == all(dir), "{command} changed a file");
}

/// `cases/files/output-over-input`
#[test]
fn an_output_destroyed_the_input_by_any_of_its_names() {
    let dir = prepared();
    fs::create_dir(dir.path("folder")).expect("a folder");
    for file in ["small.vcf", "ref.fa"] {
        symlink(file, dir.path(format!("soft-{file}"))).expect("a link");
        symlink(
            format!("../soft-{file}"),
            dir.path(format!("folder/deep-{file}")),
        )
        .expect("a link");
        fs::hard_link(dir.path(file), dir.path(format!("hard-{file}"))).expect("a link");
    }
    symlink(".", dir.path("here")).expect("a link");
    for file in ["small.vcf", "ref.fa"] {
        for prefix in [
            "",
            "./",
            "here/",
            "folder/../",
            "soft-",
            "hard-",
            "folder/deep-",
        ] {
            for flag in ["-o", "--skipped", "--receipt"] {
                let other = if flag == "-o" { "" } else { "-o out.tsv" };
                refused(
                    &dir,
                    &format!(
                        "score --vcf small.vcf --fasta ref.fa --format tsv {other} {flag} {prefix}{file}"
                    ),
                );
            }
            // Also where the input goes by the other name.
            refused(
                &dir,
                &format!("score --vcf {prefix}small.vcf --fasta {prefix}ref.fa -o {file}"),
            );
        }
    }
    refused(&dir, "score --vcf small.vcf --fasta ref.fa -o ref.fa.fai");
}

#[test]
fn an_output_destroyed_what_any_command_reads() {
    let dir = prepared();
    golden::lay_out(&dir);
    let score = "score --vcf small.vcf --fasta ref.fa";
    dir.create("corpus.tsv", "ref.fa\t1\trecord\tother\n");
    fs::create_dir_all(dir.path("folder")).expect("a folder");
    dir.create("folder/deep.bin", "an artifact, named from its root");
    for command in [
        "import other -o other",
        "import small.vcf --fasta ref.fa -o ref.fa",
        "import small.vcf --reference-alleles other -o other",
        "calibrate --vcf small.vcf --fasta ref.fa -o small.vcf",
        "calibrate --vcf small.vcf --fasta ref.fa --annotation other -o other",
        "carbon-baseline --vcf small.vcf --fasta ref.fa --carbon-model-dir golden/encoder -o small.vcf",
        "carbon-baseline --vcf small.vcf --fasta ref.fa --carbon-model-dir golden/encoder -o golden/encoder/config.json",
        "carbon-baseline --vcf small.vcf --fasta ref.fa --carbon-model-dir golden/encoder -o out --logp-cache-jsonl small.vcf",
        "carbon-baseline --vcf small.vcf --fasta ref.fa --carbon-model-dir golden/encoder -o out --metadata-output out",
        "evaluate --corpus corpus.tsv --holdout small.vcf --evaluation corpus.tsv -o ref.fa",
        "evaluate --corpus corpus.tsv --holdout small.vcf --evaluation corpus.tsv -o other",
        "evaluate --corpus corpus.tsv --holdout small.vcf --evaluation corpus.tsv -o corpus.tsv",
        "eval --scores-jsonl other --labels-jsonl small.vcf --output-metrics other",
        "eval --scores-jsonl other --labels-jsonl small.vcf --output-metrics eval_config.effective.yaml",
        "eval --scores-jsonl small.vcf --labels-jsonl ref.fa --checkpoint other --artifact-root . -o other",
        "eval --scores-jsonl small.vcf --labels-jsonl ref.fa --checkpoint deep.bin -o folder/deep.bin",
        "rollout --states-jsonl small.vcf --dataset-manifest deep.bin -o folder/deep.bin",
        "plan --window-fasta ref.fa --target-fasta ref.fa --protect other -o other",
        "plan --window-fasta ref.fa --target-fasta ref.fa --protect other --receipt ./other",
        "rollout --states-jsonl other --output-metrics other",
        "eval-all --metrics-json other --output-metrics all.json --output-report other",
        "eval-all --metrics-json other --output-metrics same --output-report ./same",
        "train curves other --y loss -o other",
        "train joint --model-dir golden/model --corpus corpus.tsv --holdout small.vcf --output golden/model",
        "export --model-dir golden/model --output-dir golden/model --overwrite",
        "--config other score --vcf small.vcf --fasta ref.fa -o other",
    ] {
        if command.starts_with("--config") {
            dir.create("other", "score: {batch_size: 8}\n");
        }
        refused(&dir, command);
    }
    for flags in [
        "--regions other -o other",
        "--annotation other -o other",
        "--repeats other --skipped other",
        "--model-dir golden/model --encoder-dir golden/encoder -o golden/encoder/config.json",
        "-o a --skipped a",
        "-o a --receipt ./a",
        "-o a --skipped a.receipts.jsonl",
        "-o new --skipped folder/../new",
    ] {
        fs::create_dir_all(dir.path("folder")).expect("a folder");
        refused(&dir, &format!("{score} {flags}"));
    }
    // Names of files that are not there yet.
    symlink("not-yet", dir.path("link")).expect("a link");
    refused(&dir, &format!("{score} -o not-yet --skipped link"));
}

#[test]
fn a_redirected_input_was_destroyed() {
    let dir = prepared();
    let open = |name: &str| {
        File::options()
            .read(true)
            .append(true)
            .open(dir.path(name))
            .expect("a file")
    };
    for (args, input, output) in [
        (
            "score --vcf - --fasta ref.fa -o small.vcf",
            Some("small.vcf"),
            None,
        ),
        (
            "score --vcf small.vcf --fasta ref.fa",
            None,
            Some("small.vcf"),
        ),
        (
            "score --vcf small.vcf --fasta ref.fa -o -",
            None,
            Some("ref.fa"),
        ),
    ] {
        let mut command = dir.run(args).into_command();
        command.stdin(input.map_or_else(Stdio::null, |name| open(name).into()));
        command.stdout(output.map_or_else(Stdio::null, |name| open(name).into()));
        let ended = command.output().expect("the program runs");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{args}\n{told}");
        assert!(
            dir.text("small.vcf") == VCF && dir.text("ref.fa") == FASTA,
            "{args}"
        );
    }
}

fn small_run() -> (Dir, String) {
    let dir = golden::prepared(dir!(), genome::vcf([100, 200]));
    let run = format!("score --vcf in.vcf --fasta ref.fa {}", golden::MODEL);
    (dir, run)
}

fn mode(dir: &Dir, name: &str) -> u32 {
    let found = fs::metadata(dir.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    found.permissions().mode() & 0o777
}

#[test]
fn everybody_could_read_scores_and_receipts() {
    let (dir, run) = small_run();
    let files = ["out.jsonl", "out.jsonl.receipts.jsonl", "skipped.tsv"];
    let run = format!("{run} -o out.jsonl --skipped skipped.tsv");
    dir.run(&run).ok();
    assert_eq!(files.map(|name| mode(&dir, name)), [0o600; 3]);
    fs::set_permissions(dir.path(files[0]), Permissions::from_mode(0o640)).expect("permissions");
    dir.run(&run).ok();
    assert_eq!(files.map(|name| mode(&dir, name)), [0o640, 0o600, 0o600]);
    for name in files {
        fs::remove_file(dir.path(name)).expect("a file");
    }
    let wished = |umask: &str| {
        let mut command = dir.run(&run).into_command();
        command
            .env("GENOLEWM_UMASK", umask)
            .output()
            .expect("the program runs")
    };
    assert!(wished("027").status.success());
    assert_eq!(files.map(|name| mode(&dir, name)), [0o640; 3]);
    let senseless = wished("rw-r-----");
    assert_eq!(senseless.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&senseless.stderr).contains("GENOLEWM_UMASK"));
}

/// `cases/files/cli`
#[test]
fn a_link_was_replaced_by_the_output() {
    let (dir, run) = small_run();
    fs::create_dir(dir.path("kept")).expect("a folder");
    symlink("kept/scores.tsv", dir.path("out.tsv")).expect("a link");
    for _ in 0..2 {
        dir.run(&format!("{run} -o out.tsv")).ok();
        assert!(dir.path("out.tsv").is_symlink());
        assert_eq!(dir.text("kept/scores.tsv").lines().count(), 3);
    }
    // Receipts lie beside the name that was given.
    assert!(dir.path("out.tsv.receipts.jsonl").is_file());
    assert_eq!(fs::read_dir(dir.path("kept")).expect("a folder").count(), 1);
}

/// `cases/files/cli`
#[test]
fn receipts_lay_beside_a_device() {
    let (dir, run) = small_run();
    let before = dir.names();
    for device in ["/dev/null", "/dev/stdout", "/dev/fd/1"] {
        dir.run(&format!("{run} --format tsv -o {device}")).ok();
        let receipts = format!("{device}.receipts.jsonl");
        assert!(!std::path::Path::new(&receipts).exists(), "{receipts}");
    }
    assert_eq!(before, dir.names());
    // Where standard output is a file, that is written, after what it has.
    dir.create("all.tsv", "before\n");
    let all = File::options()
        .append(true)
        .open(dir.path("all.tsv"))
        .expect("a file");
    let mut command = dir
        .run(&format!("{run} --format tsv -o /dev/stdout"))
        .into_command();
    assert!(
        command
            .stdout(all)
            .status()
            .expect("the program runs")
            .success()
    );
    assert_eq!(dir.text("all.tsv").lines().count(), 4);
    assert!(dir.text("all.tsv").starts_with("before\nchrom\t"));
}

/// `cases/files/cli`
#[test]
fn completions_had_the_help_of_the_program() {
    let help = dir!().run("completions --help").stdout();
    assert!(
        help.starts_with("Print the completion script of a shell"),
        "{help}"
    );
}
