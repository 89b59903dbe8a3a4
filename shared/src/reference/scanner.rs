//! Where the lines of a FASTA text begin and end, for its index (`.fai`). By hand: noodles builds one
//! from a reader, and here the bytes are pushed.

use super::base_source::within_limits;
use super::index::FaiEntry;
use crate::error::Location;
use crate::limits::MAX_CONTIG_NAME_BYTES;
use crate::text::is_plain;
use crate::{Error, Result};
use std::collections::BTreeSet;

/// Finds the contigs in FASTA text that comes in pieces of any size.
///
/// All lines of a contig but the last must be equally long, in bases and in bytes; that is what
/// makes random access possible.
#[derive(Default)]
pub(super) struct Scanner {
    /// Of the next byte.
    offset: u64,
    part: TextPart,
    /// Line ends so far, and those before the end of the line with the contig's name.
    lines: u64,
    name_line: u64,
    name: Vec<u8>,
    sequence: ScannedSequence,
    /// The line so far, without its LF.
    line: Lengths,
    ends_in_cr: bool,
    entries: Vec<FaiEntry>,
    names: BTreeSet<String>,
    names_bytes: usize,
}

/// What the next byte is part of.
#[derive(Default, Clone, Copy)]
enum TextPart {
    #[default]
    Start,
    Name,
    Description,
    Sequence,
}

/// The lengths of a line.
#[derive(Default, Clone, Copy)]
struct Lengths {
    bases: u64,
    width: u64,
}

/// The sequence that is being read.
#[derive(Default)]
struct ScannedSequence {
    offset: u64,
    bases: u64,
    /// The first line; the others are measured by it.
    first: Option<Lengths>,
    /// The line before this one, when it is not the first: it may be shorter if it is the last.
    before: Option<Lengths>,
}

impl Scanner {
    /// Takes in the next piece of the text. The errors lack the file's name.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<()> {
        while let Some(first) = piece.first() {
            let taken = match self.part {
                TextPart::Start => self.start(*first)?,
                TextPart::Name => self.take_name(piece)?,
                TextPart::Description => self.take_description(piece)?,
                TextPart::Sequence if *first == b'>' && self.line.width == 0 => {
                    self.end_sequence()?;
                    self.start(*first)?
                }
                TextPart::Sequence => self.take_line(piece)?,
            };
            piece = piece.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// The contigs, when no text follows.
    pub(super) fn finish(mut self) -> Result<Vec<FaiEntry>> {
        match self.part {
            TextPart::Start => return Err(no_fasta()),
            TextPart::Name | TextPart::Description => {
                self.lines += 1;
                self.start_sequence()?;
            }
            TextPart::Sequence if self.line.width > 0 => self.end_line()?,
            TextPart::Sequence => {}
        }
        self.end_sequence()?;
        Ok(self.entries)
    }

    fn start(&mut self, first: u8) -> Result<usize> {
        if first != b'>' {
            return Err(no_fasta());
        }
        self.part = TextPart::Name;
        self.offset += 1;
        Ok(1)
    }

    fn take_name(&mut self, piece: &[u8]) -> Result<usize> {
        let end = piece.iter().position(u8::is_ascii_whitespace);
        let taken = end.unwrap_or(piece.len());
        self.name
            .extend_from_slice(piece.get(..taken).unwrap_or_default());
        if self.name.len() > MAX_CONTIG_NAME_BYTES {
            let kib = MAX_CONTIG_NAME_BYTES >> 10;
            return Err(
                Error::input(format!("a contig's name is longer than {kib} KiB"))
                    .with_remedy("check that this is a reference genome"),
            );
        }
        if end.is_some() {
            self.part = TextPart::Description;
        }
        self.offset += taken as u64;
        Ok(taken)
    }

    fn take_description(&mut self, piece: &[u8]) -> Result<usize> {
        let end = piece.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(piece.len(), |end| end + 1);
        self.offset += taken as u64;
        if end.is_some() {
            self.lines += 1;
            self.start_sequence()?;
        }
        Ok(taken)
    }

    fn start_sequence(&mut self) -> Result<()> {
        self.name_line = self.lines;
        if self.name.is_empty() {
            let message = "a '>' is followed by no contig name";
            let remedy = "write the name right after '>': >chr17";
            return Err(self.wrong(self.name_line, message, remedy));
        }
        self.part = TextPart::Sequence;
        self.sequence = ScannedSequence {
            offset: self.offset,
            ..ScannedSequence::default()
        };
        Ok(())
    }

    fn take_line(&mut self, piece: &[u8]) -> Result<usize> {
        if self.line.width == 0
            && let Some(before) = self.sequence.before.take()
        {
            self.check(before, false)?;
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let line = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        if let Some(last) = line.last() {
            self.ends_in_cr = *last == b'\r';
        }
        self.line.bases += line.len() as u64;
        let taken = line.len() + usize::from(end.is_some());
        self.line.width += taken as u64;
        self.offset += taken as u64;
        if end.is_some() {
            self.end_line()?;
        }
        Ok(taken)
    }

    fn end_line(&mut self) -> Result<()> {
        self.lines += 1;
        let mut line = std::mem::take(&mut self.line);
        line.bases -= u64::from(std::mem::take(&mut self.ends_in_cr));
        self.sequence.bases += line.bases;
        if self.sequence.first.is_some() {
            self.sequence.before = Some(line);
        } else if line.bases == 0 {
            return Err(self.empty());
        } else {
            self.sequence.first = Some(line);
        }
        Ok(())
    }

    fn end_sequence(&mut self) -> Result<()> {
        let Some(first) = self.sequence.first else {
            return Err(self.empty());
        };
        if let Some(last) = self.sequence.before {
            self.check(last, true)?;
        }
        let name = String::from_utf8(self.name.clone())
            .map_err(|error| Error::input("a contig's name is not UTF-8").with_source(error))?;
        if !is_plain(&name) {
            let message = format!("a contig's name holds a hidden character: {name:?}");
            return Err(
                Error::input(message).with_remedy("rename the contig in the FASTA's header line")
            );
        }
        self.names_bytes += name.len();
        within_limits(self.names.len() + 1, self.names_bytes)?;
        if !self.names.insert(name.clone()) {
            let message = format!("two contigs are called {name:?}");
            let remedy = "leave one of them out: samtools faidx FASTA CONTIG writes a single one";
            return Err(self.wrong(self.name_line, &message, remedy));
        }
        self.entries.push(FaiEntry {
            name,
            length: self.sequence.bases,
            offset: self.sequence.offset,
            line_bases: first.bases,
            line_width: first.width,
        });
        self.name.clear();
        Ok(())
    }

    /// Checks a line that is not the first of its sequence.
    fn check(&self, line: Lengths, is_last: bool) -> Result<()> {
        let want = self.sequence.first.unwrap_or_default();
        let short = is_last && line.bases <= want.bases && line.width <= want.width;
        if short || (line.bases == want.bases && line.width == want.width) {
            return Ok(());
        }
        let message = match line.bases == want.bases {
            true => "the lines of a sequence end in different ways (LF and CR LF)".to_owned(),
            false => format!(
                "a line of a sequence has {} bases where its first has {}",
                line.bases, want.bases
            ),
        };
        let remedy = "write all lines of a sequence equally long: seqkit seq -w 60";
        Err(self.wrong(self.lines, &message, remedy))
    }

    fn empty(&self) -> Error {
        let message = format!("the contig {:?} has no bases", self.current_name());
        let remedy = "check that the FASTA is whole, has no blank lines and lines that end in LF or CR LF, \
                      and leave out contigs without bases";
        self.wrong(self.name_line, &message, remedy)
    }

    fn current_name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// An error at a line of a file that the caller names.
    fn wrong(&self, line: u64, message: &str, remedy: &str) -> Error {
        let error = Error::input(message).with_remedy(remedy);
        let error = error.at(Location::line("", line));
        match self.name.is_empty() {
            true => error,
            false => error.with_detail("contig", self.current_name()),
        }
    }
}

fn no_fasta() -> Error {
    Error::input("this is not a FASTA file: it does not begin with '>'")
        .with_remedy("give the reference genome as FASTA, plain or bgzip, or .2bit")
}
