//! What a command answers, and programs that are run on the way.

use std::path::Path;
use std::process::Command;

/// A line to print when all is well, or every fault that was found.
pub(crate) type Verdict = Result<String, Vec<String>>;

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
