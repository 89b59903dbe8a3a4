//! Standard output and standard error, as one value that is handed to whoever may speak.

use super::shared::LogLevel;
use genolewm_core::text::visible_lines;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// What the program is not, on standard error before anything else.
pub const BANNER: &str = concat!(
    "GenoLeWM ",
    env!("CARGO_PKG_VERSION"),
    ": research tool, not a diagnostic; a score is no statement about anybody's health"
);

/// The detail by which [`is_closed_pipe`] knows its error.
const CLOSED_PIPE: (&str, &str) = ("pipe", "closed");

/// Where results and messages go.
pub struct Terminal<'a> {
    out: Box<dyn Write + 'a>,
    err: Box<dyn Write + 'a>,
    interactive: bool,
    level: LogLevel,
}

impl Terminal<'static> {
    /// The process' own streams.
    #[must_use]
    pub fn standard() -> Self {
        let mut terminal = Self::new(io::stdout(), io::stderr());
        terminal.interactive = io::stderr().is_terminal();
        terminal
    }
}

impl<'a> Terminal<'a> {
    /// Any two streams; nothing is drawn that moves.
    pub fn new(out: impl Write + 'a, err: impl Write + 'a) -> Self {
        Self {
            out: Box::new(VisibleText::new(out)),
            err: Box::new(VisibleText::new(err)),
            interactive: false,
            level: LogLevel::Info,
        }
    }

    /// Sets how much is told.
    pub fn set_level(&mut self, level: LogLevel) {
        self.level = level;
    }

    /// Whether a progress bar may be drawn.
    #[must_use]
    pub fn shows_progress(&self) -> bool {
        self.interactive && self.level >= LogLevel::Info
    }

    /// Standard output.
    pub fn out(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// One line of the result.
    ///
    /// # Errors
    /// When standard output cannot be written; see [`write_error`].
    pub fn line(&mut self, text: impl Display) -> Result<()> {
        writeln!(self.out, "{text}").map_err(|error| write_error("standard output", &error))
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub fn flush(&mut self) -> Result<()> {
        self.out
            .flush()
            .map_err(|error| write_error("standard output", &error))
    }

    /// What was done.
    pub fn info(&mut self, text: impl Display) {
        if self.level >= LogLevel::Info {
            self.tell(text);
        }
    }

    /// How it was done.
    pub fn debug(&mut self, text: impl Display) {
        if self.level >= LogLevel::Debug {
            self.tell(format_args!("debug: {text}"));
        }
    }

    /// What may surprise.
    pub fn warn(&mut self, text: impl Display) {
        if self.level >= LogLevel::Warn {
            self.tell(format_args!("warning: {text}"));
        }
    }

    /// A failure: what, where, the facts and what to do.
    pub fn error(&mut self, error: &Error) {
        self.tell(format_args!(
            "error: {} [{}]",
            error.message(),
            error.code()
        ));
        if let Some(location) = error.location() {
            self.tell(format_args!("  at: {location}"));
        }
        for (key, value) in error.details() {
            self.tell(format_args!("  {key}: {value}"));
        }
        self.tell(format_args!("  remedy: {}", error.advice()));
    }

    /// A line on standard error, at every level. When even that fails there is nobody left to tell.
    pub fn tell(&mut self, text: impl Display) {
        let _ = writeln!(self.err, "{text}");
    }
}

/// Text for a terminal: whatever a stranger's file holds, it moves no cursor and hides nothing.
#[derive(Debug)]
pub struct VisibleText<W> {
    writer: W,
    /// The beginning of a character that is cut here.
    cut: Vec<u8>,
}

impl<W> VisibleText<W> {
    /// Writes to `writer`.
    #[must_use]
    pub const fn new(writer: W) -> Self {
        let cut = Vec::new();
        Self { writer, cut }
    }
}

impl<W: Write> Write for VisibleText<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        /// Bytes of the longest character.
        const LONGEST: usize = 4;
        let mut text = std::mem::take(&mut self.cut);
        text.extend_from_slice(bytes);
        let mut rest = text.len();
        for chunk in text.utf8_chunks() {
            self.writer
                .write_all(visible_lines(chunk.valid()).as_bytes())?;
            rest -= chunk.valid().len() + chunk.invalid().len();
            let invalid = chunk.invalid();
            if rest == 0 && invalid.len() < LONGEST && may_go_on(invalid) {
                self.cut = invalid.to_vec();
            } else if !invalid.is_empty() {
                let shown = String::from_utf8_lossy(invalid);
                self.writer.write_all(shown.as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Whether bytes begin a character that needs more of them.
fn may_go_on(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// A failed write as an error. A closed pipe is one, too, so that the work stops, but
/// [`is_closed_pipe`] tells it from a failure.
#[must_use]
pub fn write_error(name: &str, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        let (key, value) = CLOSED_PIPE;
        return Error::new(
            ErrorCode::ResourceGeneric,
            format!("{name}: the reader has gone"),
        )
        .with_detail(key, value);
    }
    io_error(name, error)
}

/// Whether the reader of our output has had enough, which is success: `genolewm … | head`.
#[must_use]
pub fn is_closed_pipe(error: &Error) -> bool {
    let (key, value) = CLOSED_PIPE;
    error.details().get(key).is_some_and(|found| found == value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::error::Location;

    #[test]
    fn an_error_shows_code_place_facts_and_remedy() {
        let mut err = Vec::new();
        let error = Error::new(ErrorCode::InputVcfParse, "POS is not a position")
            .with_detail("column", "POS")
            .with_remedy("write a whole number")
            .at(Location::line("in.vcf", 7));
        Terminal::new(io::sink(), &mut err).error(&error);
        assert_eq!(
            String::from_utf8_lossy(&err),
            "error: POS is not a position [INPUT.VCF_PARSE]\n  at: in.vcf:7\n  column: POS\n  \
             remedy: write a whole number\n"
        );
    }

    #[test]
    fn a_name_moved_the_cursor_and_turned_the_text_round() {
        let mut err = Vec::new();
        let mut terminal = Terminal::new(io::sink(), &mut err);
        terminal.warn("\u{1b}]0;pwned\u{7}\u{1b}[2J\r \u{202e}x\nä\tb");
        drop(terminal);
        assert_eq!(
            String::from_utf8_lossy(&err),
            "warning: \\u{1b}]0;pwned\\u{7}\\u{1b}[2J\\r \\u{202e}x\nä\tb\n"
        );
        let mut out = Vec::new();
        let mut writer = VisibleText::new(&mut out);
        for byte in "ä\u{9b}2J\u{202e}".bytes() {
            assert_eq!(writer.write(&[byte]).unwrap(), 1);
        }
        writer.write_all(b"\xff\xe2").unwrap();
        writer.write_all(b"x").unwrap();
        assert_eq!(
            String::from_utf8_lossy(&out),
            "ä\\u{9b}2J\\u{202e}\u{fffd}\u{fffd}x"
        );
    }

    #[test]
    fn the_level_decides_what_is_told() {
        let mut err = Vec::new();
        let mut terminal = Terminal::new(io::sink(), &mut err);
        terminal.set_level(LogLevel::Warn);
        terminal.info("no");
        terminal.debug("no");
        terminal.warn("yes");
        drop(terminal);
        assert_eq!(err, b"warning: yes\n");
    }

    #[test]
    fn only_a_closed_pipe_is_one() {
        let closed = write_error("x", &io::Error::from(io::ErrorKind::BrokenPipe));
        let full = write_error("x", &io::Error::from(io::ErrorKind::StorageFull));
        assert!(is_closed_pipe(&closed) && !is_closed_pipe(&full));
        assert_eq!(full.code(), ErrorCode::ResourceDiskFull);
    }
}
