//! Disks that are full, or allow no more: the old files stay, nothing half-written does, and the error
//! says what to do.
#![cfg(target_os = "linux")]

use genolewm_tests::{Dir, Finished, Program, dir, genome, golden};
use std::path::Path;

fn prepared() -> Dir {
    let dir = dir!();
    golden::lay_out(&dir);
    genome::write_reference(&dir);
    dir.create("in.vcf", genome::vcf((100..400).step_by(10)));
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
