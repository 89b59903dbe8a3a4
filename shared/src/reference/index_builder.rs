//! Building the FASTA index (`.fai`) and the BGZF index (`.gzi`) from bytes as they come by.

use super::index;
use super::scanner::Scanner;
use crate::Result;
use crate::bytes::{
    BGZF_EOF, BlockBuffer, Compression, GARBAGE_BEHIND_GZIP, RangeRead, archive_refusal, damaged,
    gzip_refusal, note_oddity,
};
use std::fmt;

/// The indexes of a FASTA file, as `samtools faidx` writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexes {
    /// The content of the `.fai` file.
    pub fai: Vec<u8>,
    /// The content of the `.gzi` file; `None` for a FASTA that is not compressed.
    pub gzi: Option<Vec<u8>>,
}

/// Makes the indexes of a plain or bgzip FASTA whose bytes are pushed in pieces of any size.
///
/// Memory stays bounded whatever the size of the file: one block, and the indexes.
///
/// ```
/// use genolewm_core::reference::IndexBuilder;
/// let mut builder = IndexBuilder::new("ref.fa");
/// for piece in b">chr1 test\nACGTN\nacgt\n".chunks(4) {
///     builder.push(piece)?;
/// }
/// let indexes = builder.finish()?;
/// assert_eq!(indexes.fai, b"chr1\t9\t11\t5\t6\n");
/// assert_eq!(indexes.gzi, None);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub struct IndexBuilder {
    name: String,
    input: Content,
    scanner: Scanner,
}

/// What the bytes are, as far as it is known.
enum Content {
    /// Too few to tell.
    Head(Vec<u8>),
    Plain,
    Bgzip(Box<Blocks>),
}

/// The blocks of a BGZF file.
#[derive(Default)]
struct Blocks {
    block: BlockBuffer,
    /// Where the current block starts, in the file and in the decompressed bytes.
    compressed: u64,
    plain: u64,
    /// The starts of the blocks that hold something.
    starts: Vec<(u64, u64)>,
    inflated: Vec<u8>,
    /// Whether the last block is the one that ends a complete file.
    is_complete: bool,
    tail: Tail,
}

/// What follows a complete file and is no block.
#[derive(Default, PartialEq, Eq)]
enum Tail {
    /// Nothing, so far.
    #[default]
    None,
    /// Zeros, as tapes and some downloads add them.
    Padding,
    /// Anything else: no part of the file.
    Garbage,
}

impl IndexBuilder {
    /// A builder that has seen no bytes. `name` is what errors call the file.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            input: Content::Head(Vec::new()),
            scanner: Scanner::default(),
        }
    }

    /// Takes in the next bytes of the file.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for what is no FASTA, is gzip but not bgzip, is damaged, or has sequences
    /// that cannot be indexed. Nothing can follow an error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.input {
            Content::Head(head) => {
                head.extend_from_slice(bytes);
                if head.len() < Compression::HEAD_BYTES {
                    return Ok(());
                }
                let head = std::mem::take(head);
                self.start(&head)
            }
            Content::Plain => {
                let scanned = self.scanner.push(bytes);
                scanned.map_err(|error| error.in_file(&self.name))
            }
            Content::Bgzip(blocks) => blocks.push(bytes, &mut self.scanner, &self.name),
        }
    }

    /// The indexes of what was pushed.
    ///
    /// # Errors
    /// As [`push`](Self::push), and for a file that is cut short or has no contigs.
    pub fn finish(mut self) -> Result<Indexes> {
        if let Content::Head(head) = &mut self.input {
            let head = std::mem::take(head);
            self.start(&head)?;
        }
        let gzi = match &self.input {
            Content::Bgzip(blocks) => {
                let cut = |_| damaged(&self.name, blocks.compressed);
                blocks.block.end().map_err(cut)?;
                if blocks.tail == Tail::Garbage {
                    note_oddity(&self.name, GARBAGE_BEHIND_GZIP);
                }
                Some(blocks.gzi())
            }
            Content::Head(_) | Content::Plain => None,
        };
        let entries = self.scanner.finish();
        let entries = entries.map_err(|error| error.in_file(&self.name))?;
        Ok(Indexes {
            fai: index::write(&entries).into_bytes(),
            gzi,
        })
    }

    /// Tells what the bytes are by the first of them, and takes these in.
    fn start(&mut self, head: &[u8]) -> Result<()> {
        self.input = match Compression::of(head) {
            Compression::Bgzip => Content::Bgzip(Box::default()),
            Compression::Gzip => return Err(gzip_refusal(&self.name)),
            Compression::Zip => return Err(archive_refusal(&self.name)),
            Compression::Plain => Content::Plain,
        };
        self.push(head)
    }
}

impl Blocks {
    fn push(&mut self, mut bytes: &[u8], scanner: &mut Scanner, name: &str) -> Result<()> {
        while let Some(next) = bytes.first() {
            let is_at_end = self.is_complete && self.block.bytes().is_empty();
            if self.tail != Tail::None || is_at_end && *next != BGZF_EOF[0] {
                let is_padding = self.tail != Tail::Garbage && bytes.iter().all(|byte| *byte == 0);
                self.tail = match is_padding {
                    true => Tail::Padding,
                    false => Tail::Garbage,
                };
                break;
            }
            let damaged = |_| damaged(name, self.compressed);
            if !self.block.fill(&mut bytes).map_err(damaged)? {
                break;
            }
            let size = self.block.bytes().len() as u64;
            self.is_complete = self.block.bytes() == BGZF_EOF;
            self.inflated.clear();
            self.block.inflate(&mut self.inflated).map_err(damaged)?;
            if !self.inflated.is_empty() {
                self.starts.push((self.compressed, self.plain));
            }
            self.compressed += size;
            self.plain += self.inflated.len() as u64;
            let scanned = scanner.push(&self.inflated);
            scanned.map_err(|error| error.in_file(name))?;
        }
        Ok(())
    }

    /// The index as htslib lays it out: the count, then where each block starts, in the file and in
    /// the decompressed bytes. A block at the very start goes without saying.
    fn gzi(&self) -> Vec<u8> {
        let starts = match self.starts.as_slice() {
            [(0, 0), rest @ ..] => rest,
            all => all,
        };
        let numbers = starts
            .iter()
            .flat_map(|(compressed, plain)| [*compressed, *plain]);
        let numbers = std::iter::once(starts.len() as u64).chain(numbers);
        numbers.flat_map(u64::to_le_bytes).collect()
    }
}

/// Indexes data by reading it through once.
pub(super) fn index_all<R: RangeRead>(data: &mut R, name: &str) -> Result<Indexes> {
    let mut builder = IndexBuilder::new(name);
    let mut buffer = vec![0; 64 * 1024];
    let mut offset = 0;
    loop {
        let read = data.read_at(offset, &mut buffer)?;
        if read == 0 {
            return builder.finish();
        }
        builder.push(buffer.get(..read).unwrap_or_default())?;
        offset += read as u64;
    }
}

impl fmt::Debug for IndexBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
