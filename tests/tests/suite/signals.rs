//! Every signal that ends a run ends it in order, and nothing half-written stays.
#![cfg(unix)]
// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::{Dir, dir, genome, golden};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn signal(child: &Child, name: &str) {
    let mut kill = Command::new("kill");
    let killed = kill.args([name, &child.id().to_string()]).status();
    assert!(killed.expect("kill").success());
}

/// Waits until the run has an output open: under a hidden name, or without one.
fn wait_until_written(child: &mut Child, dir: &Dir) {
    let root = dir.path("").canonicalize().expect("the folder");
    let open = |child: &Child| {
        let files = std::fs::read_dir(format!("/proc/{}/fd", child.id()))
            .into_iter()
            .flatten();
        let mut links = files
            .flatten()
            .filter_map(|file| std::fs::read_link(file.path()).ok());
        links.any(|link| {
            let name = link.to_string_lossy();
            link.starts_with(&root) && (name.contains("(deleted)") || name.contains(".partial"))
        })
    };
    let started = Instant::now();
    while !open(child) {
        assert_eq!(
            child.try_wait().expect("a state"),
            None,
            "it ended by itself"
        );
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What is there but the journal, from which the run goes on.
fn names(dir: &Dir) -> Vec<String> {
    let names = dir.names().into_iter();
    names.filter(|name| name != "out.jsonl.journal").collect()
}

/// A run that lasts long, with outputs that are begun.
fn long_run(dir: &Dir) -> Child {
    golden::lay_out(dir);
    genome::write_reference(dir);
    dir.create("in.vcf", genome::vcf(1..=genome::CONTIG_BP));
    dir.create("out.jsonl", "old");
    let flags = "-o out.jsonl --skipped skipped.tsv";
    let run = format!(
        "score --vcf in.vcf --fasta ref.fa {} {flags}",
        golden::MODEL
    );
    let mut command = dir.run(&run).into_command();
    command.stderr(Stdio::null());
    let mut child = command.spawn().expect("a child");
    wait_until_written(&mut child, dir);
    std::thread::sleep(Duration::from_millis(200));
    child
}

#[cfg(target_os = "linux")]
#[test]
fn a_termination_left_half_written_files() {
    for (name, status) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let dir = dir!();
        let mut child = long_run(&dir);
        signal(&child, name);
        assert_eq!(
            child.wait().expect("its end").code(),
            Some(status),
            "{name}"
        );
        assert_eq!(dir.text("out.jsonl"), "old");
        assert_eq!(
            names(&dir),
            ["golden", "in.vcf", "out.jsonl", "ref.fa"],
            "{name}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_kill_left_hidden_files() {
    let dir = dir!();
    let mut child = long_run(&dir);
    child.kill().expect("a kill");
    child.wait().expect("its end");
    assert_eq!(dir.text("out.jsonl"), "old");
    assert_eq!(names(&dir), ["golden", "in.vcf", "out.jsonl", "ref.fa"]);
}

/// A command that never looks whether it is to stop: it waits for its input.
fn waiting(dir: &Dir, before: &str) -> Child {
    let program = dir.program().display();
    let mut command = Command::new("sh");
    command.current_dir(dir.path(""));
    let run = format!("{before} exec {program} import - --fasta ref.fa -o out.vcf");
    command
        .args(["-c", &run])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("a child");
    std::thread::sleep(Duration::from_millis(800));
    child
}

#[test]
fn a_command_that_waits_is_ended_by_every_signal() {
    let dir = dir!();
    genome::write_reference(&dir);
    for (name, status) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let mut child = waiting(&dir, "");
        let _open = child.stdin.take();
        signal(&child, name);
        assert_eq!(
            child.wait().expect("its end").code(),
            Some(status),
            "{name}"
        );
        assert_eq!(dir.names(), ["ref.fa"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_terminal_ended_a_run_under_nohup() {
    let dir = dir!();
    genome::write_reference(&dir);
    let mut child = waiting(&dir, "trap '' HUP;");
    let _open = child.stdin.take();
    signal(&child, "-HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(child.try_wait().expect("a state"), None);
    signal(&child, "-TERM");
    assert_eq!(child.wait().expect("its end").code(), Some(143));
}

/// Only a run with a journal was ended within a second; one to standard output waited for its batch.
#[cfg(target_os = "linux")]
#[test]
fn a_run_to_standard_output_waited_for_its_batch() {
    let dir = dir!();
    golden::lay_out(&dir);
    genome::write_reference(&dir);
    dir.create("in.vcf", genome::vcf(1..=genome::CONTIG_BP));
    for output in ["", "--skipped skipped.tsv"] {
        let run = format!(
            "score --vcf in.vcf --fasta ref.fa {} {output} --batch-size 4000 --threads 1",
            golden::MODEL
        );
        let mut command = dir.run(&run).into_command();
        let file = |name| std::fs::File::create(dir.path(name)).expect("a file");
        command.stdout(file("rows")).stderr(file("told"));
        let child = command.spawn().expect("a child");
        std::thread::sleep(Duration::from_millis(700));
        ends_soon(child, output);
        let told = dir.text("told");
        assert!(told.contains("interrupted: scores that were"), "{told}");
        let rows = dir.text("rows");
        assert!(rows.is_empty() || rows.ends_with('\n'), "{rows}");
        assert!(!dir.path("skipped.tsv").exists());
    }
}

/// Waits for the end after a signal, which takes well under a second.
#[cfg(target_os = "linux")]
fn ends_soon(mut child: Child, what: &str) {
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(child.try_wait().expect("a state"), None, "{what}");
    let sent = Instant::now();
    signal(&child, "-INT");
    assert_eq!(child.wait().expect("its end").code(), Some(130), "{what}");
    let took = sent.elapsed();
    assert!(took < Duration::from_millis(1_500), "{what}: {took:?}");
}

/// The flag was asked for, but nobody looked at it before all was read.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_waited_until_lists_and_annotation_were_read() {
    let dir = dir!();
    golden::lay_out(&dir);
    genome::write_reference(&dir);
    dir.create("in.vcf", genome::vcf(1..=9));
    dir.create("corpus.tsv", "ref.fa\t1\trecord\n");
    // What reads it waits for ever.
    for name in ["endless.gff3", "endless.bed", "endless.fa"] {
        let made = Command::new("mkfifo").arg(dir.path(name)).status();
        assert!(made.expect("mkfifo").success());
    }
    let score = format!("score --vcf in.vcf {} -o out.jsonl", golden::MODEL);
    for run in [
        format!("{score} --fasta ref.fa --annotation endless.gff3"),
        format!("{score} --fasta ref.fa --repeats endless.bed"),
        format!("{score} --fasta endless.fa"),
        "cache-windows --build --cache-dir cache --encoder-dir golden/encoder --corpus corpus.tsv \
         --window-bp 192 --margin 12 --stride 48 --holdout endless.bed"
            .to_owned(),
    ] {
        let mut command = dir.run(&run).into_command();
        command.stderr(Stdio::null()).stdout(Stdio::null());
        ends_soon(command.spawn().expect("a child"), &run);
    }
}

/// All alternates of a site were one call of the model, and a stop waited for its end.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_waited_for_a_site_of_many_alternates() {
    let dir = dir!();
    let fasta = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/brca1.hg19.fa.gz");
    let base = |place: usize| ["A", "C", "G", "T"][place % 4];
    let insertion = |n: usize| {
        (0..7)
            .map(|place| base(n >> (2 * place)))
            .collect::<String>()
    };
    let all: Vec<String> = (0..2_000).map(|n| format!("T{}", insertion(n))).collect();
    let site = format!("chr17\t41246481\t.\tT\t{}\t.\t.\t.\n", all.join(","));
    let head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    dir.create("in.vcf", format!("{head}{site}"));
    let run = format!("score --vcf in.vcf --fasta {fasta} -o out.jsonl --batch-size 4000");
    let mut command = dir.run(&run).into_command();
    command.stderr(Stdio::null());
    let mut child = command.spawn().expect("a child");
    wait_until_written(&mut child, &dir);
    ends_soon(child, "score");
    assert!(!dir.path("out.jsonl").exists());
}
