//! Disks that are full, allow no more or fail, and memory that is not there: the old files stay or the
//! new ones are whole, nothing half-written stays, and the error says what to do.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used)]

use genolewm_tests::{Dir, Finished, Program, dir, genome, golden};
use std::collections::BTreeMap;
use std::path::Path;

fn prepared() -> Dir {
    let dir = golden::prepared(dir!(), genome::vcf((100..400).step_by(10)));
    let row = |pos| {
        let base = genome::base(1, pos);
        format!("rs{pos}\t1\t{pos}\t{base}{}\n", genome::other(base))
    };
    let rows: String = (100..130).map(row).collect();
    dir.create("raw.txt", format!("# 23andMe\n{rows}"));
    dir
}

/// Every output of every command that is quick.
const OUTPUTS: [(&str, &str); 9] = [
    (
        "score --vcf in.vcf --fasta ref.fa MODEL --format jsonl -o",
        "out",
    ),
    (
        "score --vcf in.vcf --fasta ref.fa MODEL --format tsv -o",
        "out",
    ),
    (
        "score --vcf in.vcf --fasta ref.fa MODEL --format vcf -o",
        "out",
    ),
    (
        "score --vcf in.vcf --fasta ref.fa MODEL --format vcf -O z -o",
        "out",
    ),
    (
        "score --vcf in.vcf --fasta ref.fa MODEL --format parquet -o",
        "out",
    ),
    (
        "score --vcf in.vcf --fasta ref.fa MODEL -o whole --receipt",
        "out",
    ),
    (
        "score --vcf in.vcf --fasta ref.fa MODEL -o whole --skipped",
        "out",
    ),
    ("import raw.txt --fasta ref.fa -o", "out"),
    (
        "calibrate --vcf in.vcf --fasta ref.fa MODEL --min-bucket-size 1 -o",
        "out",
    ),
];

/// What is there but journals: what was scored is kept whatever becomes of the outputs.
fn names(dir: &Dir) -> Vec<String> {
    let names = dir.names().into_iter();
    names.filter(|name| !name.contains(".journal")).collect()
}

fn command(pattern: &str, output: &str) -> String {
    format!("{} {output}", pattern.replace("MODEL", golden::MODEL))
}

/// The program, with no file larger than `bytes`.
fn limited(dir: &Dir, bytes: u64, args: &str) -> Finished {
    let program = Program::new(Path::new("prlimit"), &dir.path(""));
    let limit = [
        format!("--fsize={bytes}"),
        dir.program().display().to_string(),
    ];
    program.args(limit).args(args.split_whitespace()).finish()
}

fn assert_whole_or_old(dir: &Dir, before: &[String], finished: &Finished) {
    assert_eq!(finished.status(), Some(4), "{finished}");
    let told = finished.stderr();
    assert!(
        told.contains("[RESOURCE.") && told.contains("remedy: "),
        "{finished}"
    );
    assert_eq!(names(dir), before, "{finished}");
    assert_eq!(dir.text("out"), "old", "{finished}");
}

#[test]
fn a_file_that_may_not_grow_ended_the_program() {
    let dir = prepared();
    dir.create("out", "old");
    let before = names(&dir);
    for (pattern, output) in OUTPUTS {
        let args = command(pattern, output);
        for bytes in [0, 1, 100] {
            let finished = limited(&dir, bytes, &args);
            // The scores themselves may be larger than the limit, or smaller.
            assert_whole_or_old(&dir, &before, &finished);
            assert!(finished.stderr().contains("ulimit -f"), "{finished}");
        }
    }
}

#[test]
fn a_full_device_is_told_as_a_full_disk() {
    let dir = prepared();
    for (pattern, _) in OUTPUTS {
        let before = names(&dir);
        let finished = dir
            .run(&command(pattern, "/dev/full"))
            .fails("RESOURCE.DISK_FULL", 4);
        assert!(
            finished.stderr().contains("remedy: free some space"),
            "{finished}"
        );
        assert_eq!(names(&dir), before, "{pattern}");
    }
    let score = command("score --vcf in.vcf --fasta ref.fa MODEL --format tsv", "");
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("the device");
    let mut run = dir.run(&score).into_command();
    let ended = run.stdout(full).output().expect("the program runs");
    assert_eq!(ended.status.code(), Some(4));
}

/// Calls that change a file, or what a folder says of it; a name that a processor lacks is passed over.
const CALLS: [&str; 14] = [
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fchmod",
    "linkat",
    "?link",
    "?rename",
    "?renameat",
    "renameat2",
    "?unlink",
    "unlinkat",
];

/// A command that reads little, and the files that it writes.
struct Writing {
    args: String,
    files: &'static [&'static str],
}

impl Writing {
    fn new(args: &str, files: &'static [&'static str]) -> Self {
        let args = command(args, "--quiet");
        Self { args, files }
    }

    fn score(flags: &str, files: &'static [&'static str]) -> Self {
        Self::new(
            &format!("score --vcf few.vcf --fasta ref.fa MODEL {flags}"),
            files,
        )
    }

    /// Puts files of an earlier run where the outputs will be.
    fn lay_old(&self, dir: &Dir) {
        for file in self.files {
            if let Some((folder, _)) = file.split_once('/') {
                std::fs::create_dir_all(dir.path(folder)).expect("a folder");
            }
            dir.create(file, "old");
        }
    }

    /// What a run without a fault writes.
    fn whole(&self, dir: &Dir) -> BTreeMap<&'static str, Vec<u8>> {
        self.lay_old(dir);
        dir.run(&self.args).ok();
        let files = self.files.iter();
        files.map(|file| (*file, dated_alike(dir, file))).collect()
    }

    /// Each file is old or whole, and of a run that says that it is done whole; there are no others but
    /// a journal, with which a later run comes to its end.
    fn check(&self, dir: &Dir, whole: &BTreeMap<&str, Vec<u8>>, others: &[String], run: &Finished) {
        for (file, expected) in whole {
            let found = dated_alike(dir, file);
            let is_old = found == b"old";
            assert!(is_old || found == *expected, "{file} is cut: {run}");
            let is_done = run.status() == Some(0);
            assert!(!is_done || !is_old, "{file} was not written: {run}");
        }
        assert_eq!(names(dir), others, "{run}");
        let journals = dir.names().into_iter();
        for journal in journals.filter(|name| name.contains(".journal")) {
            // A program that was ended could not tidy up.
            let is_ended = !matches!(run.status(), Some(0 | 4));
            assert!(
                is_ended || keeps_something(&dir.bytes(&journal)),
                "{journal}: {run}"
            );
            dir.run(&format!("{} --resume", self.args)).ok();
            for (file, expected) in whole {
                assert_eq!(dated_alike(dir, file), *expected, "{file}: {run}");
            }
            assert!(!dir.path(&journal).exists(), "{journal} stays");
        }
    }
}

/// Whether there is a frame behind the first of a journal, which only names the run.
fn keeps_something(journal: &[u8]) -> bool {
    const MAGIC: &[u8] = b"genolewm journal 1\n";
    const CHECKSUM_BYTES: usize = 32;
    let frames = journal.strip_prefix(MAGIC).expect("a journal");
    let (length, rest) = frames.split_first_chunk().expect("a frame");
    rest.len() > CHECKSUM_BYTES + u32::from_le_bytes(*length) as usize
}

/// The bytes of a file, receipts without their times.
fn dated_alike(dir: &Dir, file: &str) -> Vec<u8> {
    let bytes = dir.bytes(file);
    if !file.ends_with(".receipts.jsonl") || bytes == b"old" {
        return bytes;
    }
    let cut = |line: &str| {
        let date = line.find("\"timestamp\"").expect("a receipt with a time");
        format!("{}\n", &line[..date])
    };
    assert!(bytes.ends_with(b"\n"), "{file} is cut");
    dir.text(file).lines().map(cut).collect::<String>().into()
}

fn few() -> Dir {
    let dir = prepared();
    let skipped = "1\t350\t.\tN\t<DEL>\t.\t.\t.\tGT\t0/1\n";
    dir.create("few.vcf", genome::vcf([200, 300]) + skipped);
    dir
}

/// A command whose calls fail, and what it writes when none does.
struct Failing<'a> {
    dir: &'a Dir,
    writing: &'a Writing,
    whole: BTreeMap<&'static str, Vec<u8>>,
    others: Vec<String>,
}

impl Failing<'_> {
    /// Every call of one name fails once, the first, the second and so on, until a run has no more of
    /// them; how many did.
    fn fail_each(&self, call: &str, fault: &str) -> usize {
        let logs = dir!();
        let log = logs.path("log");
        let mut number = 1;
        loop {
            assert!(number < 200, "{call} fails without an end");
            self.writing.lay_old(self.dir);
            let flags = [
                "-fqq".to_owned(),
                "--seccomp-bpf".to_owned(),
                "-o".to_owned(),
                log.display().to_string(),
                format!("-etrace={call}"),
                format!("-einject={call}:{fault}:when={number}"),
                self.dir.program().display().to_string(),
            ];
            let traced = Program::new(Path::new("strace"), &self.dir.path("")).args(flags);
            let run = traced.args(self.writing.args.split_whitespace()).finish();
            let calls = std::fs::read_to_string(&log).expect("the log of strace");
            let Some(failed) = calls.lines().find(|line| line.contains("(INJECTED)")) else {
                run.expect_status(0);
                return number - 1;
            };
            let is_told = run.stderr().contains("[RESOURCE.") && run.stderr().contains("remedy: ");
            assert!(
                run.status() == Some(0)
                    || run.status() == Some(4) && (is_told || failed.contains("write(2,")),
                "{failed}: {run}"
            );
            self.writing
                .check(self.dir, &self.whole, &self.others, &run);
            number += 1;
        }
    }
}

fn fail_everywhere(dir: &Dir, calls: &[&str], writing: &Writing) {
    let whole = writing.whole(dir);
    let others = names(dir);
    let failing = Failing {
        dir,
        writing,
        whole,
        others,
    };
    let faults = calls
        .iter()
        .map(|call| failing.fail_each(call, "error=EIO"));
    let faults: usize = faults.sum();
    // A device that takes nothing, and says so as if that were well.
    let faults = faults + failing.fail_each("write", "retval=0");
    assert!(faults > 5, "{}: only {faults} calls failed", writing.args);
}

#[test]
fn a_disk_that_fails_left_scores_half_written() {
    let dir = few();
    let files: &[_] = &["out.jsonl", "out.jsonl.receipts.jsonl", "skipped.tsv"];
    let score = Writing::score("-o out.jsonl --skipped skipped.tsv", files);
    fail_everywhere(&dir, &CALLS, &score);
}

#[test]
fn a_disk_that_fails_left_formats_half_written() {
    let dir = few();
    for file in ["out.tsv", "out.csv", "out.vcf", "out.vcf.gz", "out.parquet"] {
        let files = Vec::leak(vec![file]);
        let score = Writing::score(&format!("--no-receipt -o {file}"), files);
        // The same files take their names in the same way.
        fail_everywhere(&dir, &["write", "fsync", "linkat"], &score);
    }
}

#[test]
fn a_disk_that_fails_left_other_commands_half_written() {
    let dir = few();
    let calibrate =
        "calibrate --vcf few.vcf --fasta ref.fa MODEL --min-bucket-size 1 -o out.parquet";
    let export = "export --format onnx --output-dir out --overwrite MODEL";
    let exported = &[
        "out/action_encoder.onnx",
        "out/export_report.json",
        "out/predictor.onnx",
    ];
    for writing in [
        Writing::new("import raw.txt --fasta ref.fa -o out.vcf", &["out.vcf"]),
        Writing::new(calibrate, &["out.parquet"]),
        Writing::new(export, exported),
    ] {
        fail_everywhere(&dir, &CALLS, &writing);
    }
}

/// A program without memory may abort; what it leaves is whole or old.
#[test]
fn memory_that_was_not_there_left_half_a_file() {
    let dir = few();
    let files: &[_] = &["out.vcf.gz", "out.vcf.gz.receipts.jsonl", "skipped.tsv"];
    let score = Writing::score("-o out.vcf.gz --skipped skipped.tsv", files);
    let whole = score.whole(&dir);
    let others = names(&dir);
    let program = dir.program().display().to_string();
    let mut ends = Vec::new();
    for mib in (20..).step_by(30) {
        assert!(mib < 4_000, "never enough: {ends:?}");
        score.lay_old(&dir);
        let limited = Program::new(Path::new("prlimit"), &dir.path(""))
            .args([format!("--as={}", mib << 20), program.clone()]);
        let run = limited.args(score.args.split_whitespace()).finish();
        score.check(&dir, &whole, &others, &run);
        ends.push(run.status());
        if run.status() == Some(0) {
            break;
        }
    }
    assert!(ends.len() > 2, "the limits were too high: {ends:?}");
}
