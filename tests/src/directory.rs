//! A test's own directory.

use crate::Program;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory that goes away with the test; every command runs in it.
#[derive(Debug)]
pub struct Dir {
    root: TempDir,
    program: PathBuf,
}

impl Dir {
    /// A fresh directory; see [`dir!`](crate::dir!). `GENOLEWM_BIN` names another program to test,
    /// a release build as a rule.
    #[must_use]
    pub fn new(program: &str) -> Self {
        Self {
            root: tempfile::tempdir().expect("a temporary directory"),
            program: std::env::var_os("GENOLEWM_BIN")
                .unwrap_or_else(|| program.into())
                .into(),
        }
    }

    /// The full path of a file in it.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(name)
    }

    /// The program itself.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Writes a file.
    pub fn create(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// The same directory with one more file.
    #[must_use]
    pub fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.create(name, content);
        self
    }

    /// The bytes of a file, which must be there.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The text of a file, which must be there.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of everything in it, sorted: also of what should not be there.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path()).expect("a readable directory");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// Checks that a failed or interrupted run left nothing of the given outputs, and nothing under
    /// a temporary name.
    pub fn assert_no_output(&self, names: &[&str]) {
        let found = self.names();
        let left = |name: &&String| names.contains(&name.as_str()) || name.starts_with(".partial");
        let left: Vec<&String> = found.iter().filter(left).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    /// The program with arguments separated by blanks; paths are relative to this directory.
    #[must_use]
    pub fn run(&self, args: &str) -> Program {
        Program::new(&self.program, self.root.path()).args(args.split_whitespace())
    }
}
