//! What a command answers, and programs that are run on the way.

use std::path::Path;
use std::process::Command;

/// A line to print when all is well, or every fault that was found.
pub(crate) type Verdict = Result<String, Vec<String>>;

/// The verdict of a check that may find many faults.
pub(crate) fn verdict(faults: Vec<String>, good: String) -> Verdict {
    if faults.is_empty() {
        Ok(good)
    } else {
        Err(faults)
    }
}

/// Runs a program in a folder and waits for it; its words go where ours go.
///
/// # Errors
/// A line that says what was run and how it ended.
pub(crate) fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<(), String> {
    let shown = format!("{program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown}: {status}")),
        Err(e) => Err(format!("{shown}: {e}\n  help: install {program}")),
    }
}

/// What a program prints.
///
/// # Errors
/// A line that says what was run and what it said.
pub(crate) fn output(program: &str, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let shown = format!("{program} {}", arguments.join(" "));
    let done = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|e| format!("{shown}: {e}\n  help: install {program}"))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{shown}: {}", said.trim()))
}
