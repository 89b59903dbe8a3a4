//! The native tests that took longest, told before the runner's own summary.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command;

const SHOWN: usize = 10;

/// Runs `cargo nextest` in `folder`. At a terminal, where it draws a bar, its words go there as they
/// are.
///
/// # Errors
/// A line that says what was run and how it ended.
pub(crate) fn nextest(arguments: &[&str], folder: &Path) -> Result<(), String> {
    let mut all = vec!["nextest"];
    all.extend(arguments);
    if io::stderr().is_terminal() {
        return command::run("cargo", &all, folder);
    }
    let shown = format!("cargo {}", all.join(" "));
    let fault = |e: io::Error| format!("{shown}: {e}");
    let mut runner = Command::new("cargo");
    runner.args(&all).current_dir(folder).stderr(Stdio::piped());
    let mut child = runner.spawn().map_err(fault)?;
    if let Some(words) = child.stderr.take() {
        pass_on(&mut BufReader::new(words), &mut io::stderr()).map_err(fault)?;
    }
    let status = child.wait().map_err(fault)?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown}: {status}"))
    }
}

/// Copies the runner's words, with the slowest tests before its summary.
fn pass_on(words: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<()> {
    let mut tests = Vec::new();
    let mut line = Vec::new();
    while words.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        tests.extend(timed(&text));
        if text.trim_start().starts_with("Summary [") {
            tests.sort_by(|(a, _), (b, _)| f64::total_cmp(b, a));
            writeln!(out, "slowest tests")?;
            for (seconds, name) in tests.drain(..).take(SHOWN) {
                writeln!(out, "{seconds:>7.1} s  {name}")?;
            }
        }
        out.write_all(&line)?;
        line.clear();
    }
    Ok(())
}

/// Seconds and name in a line such as `PASS [   0.012s] (3/9) crate module::test`.
fn timed(line: &str) -> Option<(f64, String)> {
    let line = line.trim();
    let rest = line
        .strip_prefix("PASS [")
        .or_else(|| line.strip_prefix("FAIL ["))?;
    let (seconds, name) = rest.split_once("s] ")?;
    Some((seconds.trim().parse().ok()?, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_stand_before_the_summary_slowest_first() {
        let words = "  Starting 3 tests\n        PASS [   0.004s] (1/3) a one\n\
                     \x20       PASS [  12.500s] (2/3) a two\n        FAIL [   3.000s] (3/3) b three\n\
                     ------------\n     Summary [  13.0s] 3 tests run\n        FAIL [   3.000s] b three\n";
        let mut out = Vec::new();
        pass_on(&mut words.as_bytes(), &mut out).unwrap();
        let told = "slowest tests\n   12.5 s  (2/3) a two\n    3.0 s  (3/3) b three\n    0.0 s  (1/3) a one\n";
        let wanted = words.replace("     Summary", &format!("{told}     Summary"));
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }
}
