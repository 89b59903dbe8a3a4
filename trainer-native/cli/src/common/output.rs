//! Output files that appear complete or not at all.

use super::terminal::{VisibleText, write_error};
use genolewm_core::Result;
use genolewm_report::output::{StagedFile, open_device};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 1 << 16;

/// Something that is written: a file under a temporary name until [`commit`](Self::commit),
/// standard output, or a device or pipe that cannot be renamed over.
#[derive(Debug)]
pub struct Output {
    name: String,
    writer: BufWriter<Inner>,
}

#[derive(Debug)]
enum Inner {
    Staged(StagedFile),
    Direct(File),
    Stdout(io::Stdout),
    Terminal(VisibleText<io::Stdout>),
}

impl Output {
    /// Opens `path`, or standard output for `-`. Nothing is visible under `path` before
    /// [`commit`](Self::commit); a value that is dropped leaves nothing behind.
    ///
    /// # Errors
    /// `RESOURCE.*` when the directory cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        Self::buffered(path, BUFFER_BYTES)
    }

    /// As [`create`](Self::create), but what goes to standard output goes there line by line, as it comes:
    /// an end without order loses none of it.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_prompt(path: &Path) -> Result<Self> {
        let is_stdout = is_stdin_or_stdout(path);
        // Standard output itself holds a line back until it ends.
        Self::buffered(path, if is_stdout { 0 } else { BUFFER_BYTES })
    }

    fn buffered(path: &Path, bytes: usize) -> Result<Self> {
        let name = display_name(path);
        let inner = open(path).map_err(|error| write_error(&name, &error))?;
        Ok(Self {
            name,
            writer: BufWriter::with_capacity(bytes, inner),
        })
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// As [`create`](Self::create) and [`commit`](Self::commit).
    pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
        let mut output = Self::create(path)?;
        let written = output.write_all(bytes);
        written.map_err(|error| write_error(&output.name, &error))?;
        output.commit()
    }

    /// Writes a text as it is.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub fn text(&mut self, text: &str) -> Result<()> {
        let written = self.writer.write_all(text.as_bytes());
        written.map_err(|error| write_error(&self.name, &error))
    }

    /// Writes a line.
    ///
    /// # Errors
    /// `RESOURCE.DISK_FULL` or `RESOURCE.GENERIC`.
    pub fn line(&mut self, text: impl Display) -> Result<()> {
        let written = writeln!(self.writer, "{text}");
        written.map_err(|error| write_error(&self.name, &error))
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is standard output.
    #[must_use]
    pub fn is_stdout(&self) -> bool {
        matches!(self.writer.get_ref(), Inner::Stdout(_) | Inner::Terminal(_))
    }

    /// Writes everything out, as far as the disk, under the temporary name. What follows cannot
    /// fail for want of space.
    ///
    /// # Errors
    /// `RESOURCE.DISK_FULL` or `RESOURCE.GENERIC`.
    pub fn settle(&mut self) -> Result<()> {
        let settled = self
            .writer
            .flush()
            .and_then(|()| match self.writer.get_ref() {
                Inner::Staged(file) => file.settle(),
                _ => Ok(()),
            });
        settled.map_err(|error| write_error(&self.name, &error))
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// As [`settle`](Self::settle), which it calls first.
    pub fn commit(mut self) -> Result<()> {
        self.settle()?;
        let inner = self
            .writer
            .into_inner()
            .map_err(|error| write_error(&self.name, error.error()))?;
        match inner {
            Inner::Staged(file) => file
                .commit()
                .map_err(|error| write_error(&self.name, &error)),
            _ => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Write for Inner {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Staged(file) => file.write(bytes),
            Self::Direct(file) => file.write(bytes),
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Terminal(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Staged(file) => file.flush(),
            Self::Direct(file) => file.flush(),
            Self::Stdout(stdout) => stdout.flush(),
            Self::Terminal(stdout) => stdout.flush(),
        }
    }
}

fn open(path: &Path) -> io::Result<Inner> {
    if is_stdin_or_stdout(path) {
        let stdout = io::stdout();
        return Ok(match stdout.is_terminal() {
            true => Inner::Terminal(VisibleText::new(stdout)),
            false => Inner::Stdout(stdout),
        });
    }
    if let Some(device) = open_device(path)? {
        return Ok(Inner::Direct(device));
    }
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    StagedFile::create(path).map(Inner::Staged)
}

/// Whether a path argument means standard input or output.
#[must_use]
pub fn is_stdin_or_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What an output is called in messages.
#[must_use]
pub fn display_name(path: &Path) -> String {
    if is_stdin_or_stdout(path) {
        "standard output".to_owned()
    } else {
        path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_output_leaves_nothing_and_a_committed_one_is_whole()
    -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("out.txt");
        let mut dropped = Output::create(&path)?;
        dropped.write_all(b"half")?;
        drop(dropped);
        assert_eq!(std::fs::read_dir(directory.path())?.count(), 0);
        let mut kept = Output::create(&path)?;
        kept.write_all(b"whole")?;
        assert!(!path.exists());
        kept.commit()?;
        assert_eq!(std::fs::read(&path)?, b"whole");
        assert_eq!(std::fs::read_dir(directory.path())?.count(), 1);
        Ok(())
    }
}
