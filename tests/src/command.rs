//! A run of the program.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A command that is about to run.
#[derive(Debug)]
pub struct Program {
    command: Command,
    stdin: Vec<u8>,
}

impl Program {
    /// The program at `path`, run in `directory`.
    #[must_use]
    pub fn new(path: &Path, directory: &Path) -> Self {
        let mut command = Command::new(path);
        command.current_dir(directory);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            stdin: Vec::new(),
        }
    }

    /// Adds one argument, blanks and all.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        self.command.args(args);
        self
    }

    /// What it reads on standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The command itself, for what this type does not offer.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Starts it, waits until `when` holds, and kills it.
    ///
    /// # Panics
    /// When it ends by itself before, or does not come so far in two minutes.
    pub fn kill_when(mut self, mut when: impl FnMut() -> bool) {
        let name = format!("{:?}", self.command);
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let started = Instant::now();
        while !when() {
            let ended = run.try_wait().expect("the program can be watched");
            assert!(ended.is_none(), "{name} ended by itself");
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "{name}: no progress"
            );
            std::thread::sleep(Duration::from_micros(500));
        }
        // It may have ended by itself by now.
        let _ = run.kill();
        run.wait().expect("the program ends");
    }

    /// Runs it to its end, whatever that is.
    #[must_use]
    pub fn finish(mut self) -> Finished {
        let name = format!("{:?}", self.command);
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut pipe = child.stdin.take().expect("a pipe to the program");
        let stdin = self.stdin;
        // From a thread of its own, so that neither side waits for the other. A program that does
        // not read its input is no fault.
        let writer = std::thread::spawn(move || {
            let _ = pipe.write_all(&stdin);
        });
        let output = child.wait_with_output().expect("the program's output");
        writer.join().expect("the writing thread");
        Finished { name, output }
    }

    /// Runs it and returns standard output.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn stdout(self) -> String {
        self.finish().expect_status(0).stdout()
    }

    /// Runs it for what it writes.
    ///
    /// # Panics
    /// When it fails.
    pub fn ok(self) -> Finished {
        self.finish().expect_status(0)
    }

    /// Runs it, and checks that it fails with a code and that code's exit status.
    ///
    /// # Panics
    /// When it succeeds, or fails in another way.
    pub fn fails(self, code: &str, status: i32) -> Finished {
        let finished = self.finish().expect_status(status);
        let marker = format!("[{code}]");
        assert!(
            finished.stderr().contains(&marker),
            "no {marker} in\n{finished}"
        );
        finished
    }
}

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    name: String,
    output: Output,
}

impl Finished {
    /// Standard output.
    #[must_use]
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Standard output as it is.
    #[must_use]
    pub fn stdout_bytes(&self) -> &[u8] {
        &self.output.stdout
    }

    /// Standard error.
    #[must_use]
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The exit status; `None` after a signal.
    #[must_use]
    pub fn status(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Itself, if it ended with this status.
    ///
    /// # Panics
    /// When it did not.
    pub fn expect_status(self, status: i32) -> Self {
        assert_eq!(self.status(), Some(status), "{self}");
        self
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, status) = (&self.name, self.output.status);
        write!(
            f,
            "{name}\n{status}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout(),
            self.stderr()
        )
    }
}
