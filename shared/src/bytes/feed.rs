//! A feed: a source whose bytes are pushed. In a browser they arrive when they arrive.

use super::compression::Compression;
use crate::limits::MAX_ARCHIVE_BYTES;
use crate::{Error, Result};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Fewer consumed bytes than these are not worth moving the others for.
const COMPACT_BYTES: usize = 64 * 1024;

/// A file that is pushed in pieces of any size, as it is: compressed or not.
///
/// A reader over it is [starved](Error::is_starved) where it needs more than was pushed, and goes on
/// when it was. Clones share the bytes. What was read is dropped, so memory stays bounded
/// as long as the caller stops pushing while much is [`pending`](Self::pending).
///
/// ```
/// use genolewm_core::bytes::Feed;
/// let feed = Feed::new("genome.txt");
/// feed.push(b"# rsid\tchromosome\tposition\tgeno")?;
/// assert!(feed.open().is_err_and(|error| error.is_starved()));
/// feed.push(b"type\nrs1\t17\t41196408\tAG\n")?;
/// feed.end();
/// let mut reader = feed.open()?;
/// assert_eq!(reader.next_record()?.map(|record| record.contig).as_deref(), Some("17"));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Feed(Arc<Mutex<FeedState>>);

struct FeedState {
    name: String,
    /// Which file of a ZIP archive is read.
    member: Option<String>,
    /// The first bytes, which tell the compression.
    head: Vec<u8>,
    /// What was pushed, less what was dropped.
    bytes: Vec<u8>,
    /// How many of `bytes` are read.
    at: usize,
    /// How many bytes were dropped before `bytes`.
    dropped: u64,
    committed: bool,
    ended: bool,
}

impl Feed {
    /// A feed without bytes. `name` is what errors call the source.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::new(Mutex::new(FeedState {
            name: name.to_owned(),
            member: None,
            head: Vec::new(),
            bytes: Vec::new(),
            at: 0,
            dropped: 0,
            committed: false,
            ended: false,
        })))
    }

    /// Of a ZIP archive, reads the file of this name.
    #[must_use]
    pub fn with_member(self, member: Option<&str>) -> Self {
        self.state().member = member.map(str::to_owned);
        self
    }

    /// Adds the next bytes of the file.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` after [`end`](Self::end).
    pub fn push(&self, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        if state.ended {
            let message = "bytes were pushed after the end of the source";
            return Err(Error::invariant(message));
        }
        let lacking = Compression::HEAD_BYTES - state.head.len();
        let head = bytes.get(..lacking).unwrap_or(bytes);
        state.head.extend_from_slice(head);
        state.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Says that no bytes follow. What is wrong with the file's end, such as a cut in compressed
    /// data, the reader reports when it comes to it.
    pub fn end(&self) {
        self.state().ended = true;
    }

    /// How many bytes wait to be read.
    #[must_use]
    pub fn pending(&self) -> usize {
        let state = self.state();
        state.bytes.len() - state.at
    }

    /// How many bytes were read so far, from the start of the file; for progress.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        let state = self.state();
        state.dropped + state.at as u64
    }

    /// How the file is compressed; `None` while too little was pushed to tell.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        let state = self.state();
        let known = state.ended || state.head.len() == Compression::HEAD_BYTES;
        known.then(|| Compression::of(&state.head))
    }

    /// Goes back to the start of the file, for a reader that was starved while it was opened.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` after [`commit`](Self::commit), which lets go of the start.
    pub fn rewind(&self) -> Result<()> {
        let mut state = self.state();
        if state.committed {
            let message = "a source whose start is dropped cannot be read again";
            return Err(Error::invariant(message));
        }
        state.at = 0;
        Ok(())
    }

    /// From now on drops what is read; until then everything is kept for [`rewind`](Self::rewind).
    pub fn commit(&self) {
        let mut state = self.state();
        state.committed = true;
        state.drop_read();
    }

    /// Which file of a ZIP archive is read.
    pub(crate) fn member(&self) -> Option<String> {
        self.state().member.clone()
    }

    /// Whether this is an archive whose table of contents, at its end, is still to come.
    pub(crate) fn waits_for_end(&self) -> bool {
        let state = self.state();
        !state.ended
            && Compression::of(&state.head) == Compression::Zip
            && state.bytes.len() <= MAX_ARCHIVE_BYTES
    }

    /// What errors call the source.
    pub(crate) fn name(&self) -> String {
        self.state().name.clone()
    }

    fn state(&self) -> MutexGuard<'_, FeedState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FeedState {
    /// Drops what is read, where that pays or nothing else is left.
    fn drop_read(&mut self) {
        let (at, len) = (self.at, self.bytes.len());
        if at == len || (at >= COMPACT_BYTES && at >= len - at) {
            self.bytes.drain(..at);
            self.dropped += at as u64;
            self.at = 0;
        }
    }
}

/// The bytes as they were pushed; `WouldBlock` where none are there and the end is not known.
impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let mut rest = state.bytes.get(state.at..).unwrap_or_default();
        if rest.is_empty() && !state.ended && !buffer.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = rest.read(buffer)?;
        state.at += read;
        if state.committed {
            state.drop_read();
        }
        Ok(read)
    }
}

/// No bytes: they may hold genotypes.
impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Feed")
            .field("name", &state.name)
            .field("pending", &(state.bytes.len() - state.at))
            .finish_non_exhaustive()
    }
}
