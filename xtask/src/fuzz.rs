//! libFuzzer over the targets of the crate `fuzz`, with the compiler that the project has.
//!
//! Coverage is asked of LLVM by flags that every release of rustc has, so neither a nightly compiler nor
//! another program is needed; a C++ compiler is, for libFuzzer itself.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Verdict};
use crate::files::fault;

/// What the instrumentation of libFuzzer comes to. Code generation units would hide calls from it.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg=fuzzing";

/// Seconds for each target, unless told.
const SECONDS: u64 = 60;

/// Memory that an input may make the program hold, seconds that it may take, and bytes that it has at
/// most: a megabyte of text unpacks to no more than this either.
const BUDGET: [&str; 3] = ["-rss_limit_mb=400", "-timeout=10", "-max_len=65536"];

/// Runs the targets that are named, or all; `--seconds N` for each, and `--list` names them.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Verdict {
    let (seconds, named) = flags(arguments).map_err(|fault| vec![fault])?;
    let seeds = root.join("fuzz/seeds");
    let known = targets(&seeds).map_err(|fault| vec![fault])?;
    if arguments.iter().any(|argument| argument == "--list") {
        return Ok(known.join("\n"));
    }
    let chosen = if named.is_empty() {
        known.clone()
    } else {
        named
    };
    if let Some(unknown) = chosen.iter().find(|name| !known.contains(name)) {
        return Err(vec![format!(
            "there is no target {unknown:?}; --list names them"
        )]);
    }
    let program = build(root).map_err(|fault| vec![fault])?;
    let mut faults = Vec::new();
    for target in &chosen {
        faults.extend(drive(root, &program, target, seconds).err());
    }
    command::verdict(
        faults,
        format!("{} targets, {seconds} s each, no fault", chosen.len()),
    )
}

fn flags(arguments: &[String]) -> Result<(u64, Vec<String>), String> {
    let (mut seconds, mut named) = (SECONDS, Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => {}
            "--seconds" => {
                let value = arguments.next().map(|value| value.parse());
                seconds = match value {
                    Some(Ok(value)) => value,
                    _ => return Err("--seconds takes a whole number".to_owned()),
                };
            }
            flag if flag.starts_with('-') => return Err(format!("there is no flag {flag}")),
            name => named.push(name.to_owned()),
        }
    }
    Ok((seconds, named))
}

/// The names of the targets: each has a folder of seeds, which a test of the crate holds.
fn targets(seeds: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(seeds).map_err(|error| fault(seeds, &error))?;
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
    let mut names: Vec<String> = entries.flatten().filter_map(name).collect();
    names.sort();
    Ok(names)
}

/// Builds the driver apart from everything else, for its flags are of no other build.
fn build(root: &Path) -> Result<PathBuf, String> {
    let version = command::output("rustc", &["-vV"], root)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("rustc -vV names no host")?;
    let folder = root.join("target/fuzz");
    let arguments = [
        "build",
        "--package",
        "genolewm-fuzz",
        "--features",
        "libfuzzer",
        "--bin",
        "fuzz",
    ];
    let status = Command::new("cargo")
        .args(arguments)
        // With a target, the flags below spare build scripts and macros.
        .args(["--target", host])
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .env("RUSTFLAGS", COVERAGE)
        .current_dir(root)
        .status();
    match status {
        Ok(status) if status.success() => Ok(folder.join(host).join("debug/fuzz")),
        Ok(status) => Err(format!("the driver was not built: {status}")),
        Err(error) => Err(format!("cargo: {error}")),
    }
}

/// Runs one target. What it finds new joins `target/fuzz/corpus`, what it breaks on `target/fuzz/faults`.
fn drive(root: &Path, program: &Path, target: &str, seconds: u64) -> Result<(), String> {
    let found = root.join("target/fuzz/corpus").join(target);
    let faults = root.join("target/fuzz/faults").join(target);
    for folder in [&found, &faults] {
        fs::create_dir_all(folder).map_err(|error| fault(folder, &error))?;
    }
    let dictionary = root.join(format!("fuzz/dictionaries/{target}.dict"));
    let mut run = Command::new(program);
    run.env("GENOLEWM_FUZZ_TARGET", target)
        .args(BUDGET)
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", faults.display()));
    if dictionary.exists() {
        run.arg(format!("-dict={}", dictionary.display()));
    }
    // In memory where there is such a folder: readers that take paths are given files.
    if Path::new("/dev/shm").is_dir() {
        run.env("TMPDIR", "/dev/shm");
    }
    let output = run
        .args([&found, &root.join("fuzz/seeds").join(target)])
        .current_dir(root)
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let figure = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("?", str::trim).to_owned()
    };
    let executed = figure("stat::number_of_executed_units:");
    let peak = figure("stat::peak_rss_mb:");
    // A reader that has gone away is no fault of a target.
    let _ = writeln!(
        io::stdout(),
        "{target}: {executed} executions, {peak} MB at most"
    );
    if output.status.success() {
        return Ok(());
    }
    let lines: Vec<&str> = said.lines().collect();
    let end = lines[lines.len().saturating_sub(30)..].join("\n");
    Err(format!(
        "{target} broke:\n{end}\n  help: the input is in {}",
        faults.display()
    ))
}
