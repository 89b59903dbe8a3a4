//! Pages: bytes by offset that somebody else fetches, the other side of an asynchronous file.

use super::lru::Lru;
use super::range::RangeRead;
use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes are asked for, and kept, in pages of this size.
const PAGE_BYTES: u64 = 256 * 1024;

/// Pages kept unless told otherwise: 16 MiB.
const DEFAULT_PAGES: usize = 64;

/// Fewer pages than these would not hold what one read takes.
const LEAST_PAGES: usize = 4;

/// The bytes of a file, as pages that are supplied from outside.
///
/// Reading what is not there fails with an error that [`Error::is_starved`]
/// tells, and leaves a note of what is wanted. The caller fetches it, supplies it and asks again;
/// everything in [`reference`](crate::reference) can be asked again so. Clones share the pages.
///
/// ```
/// use genolewm_core::bytes::{Pages, RangeRead};
/// let file = b"some file";
/// let mut pages = Pages::new("file", 9);
/// let mut bytes = [0; 4];
/// assert!(pages.read_at(5, &mut bytes).is_err());
/// assert_eq!(pages.take_wanted(), Some((0, 9)));
/// pages.supply(0, file)?;
/// assert_eq!(pages.read_at(5, &mut bytes)?, 4);
/// assert_eq!(&bytes, b"file");
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Pages(Arc<Mutex<PagesState>>);

struct PagesState {
    name: String,
    len: u64,
    pages: Lru<Vec<u8>>,
    /// The pages that the last read lacked.
    wanted: Option<Range<u64>>,
}

impl Pages {
    /// The pages of a file of `len_bytes`, none of them there yet. `name` is what errors call it.
    #[must_use]
    pub fn new(name: &str, len_bytes: u64) -> Self {
        Self::with_capacity(name, len_bytes, DEFAULT_PAGES)
    }

    /// Like [`new`](Self::new), keeping at most `pages` pages of 256 KiB, and at least four.
    #[must_use]
    pub fn with_capacity(name: &str, len_bytes: u64, pages: usize) -> Self {
        Self(Arc::new(Mutex::new(PagesState {
            name: name.to_owned(),
            len: len_bytes,
            pages: Lru::new(pages.max(LEAST_PAGES)),
            wanted: None,
        })))
    }

    /// The offset and length of the bytes that the last failed read lacked, once: whole pages,
    /// except at the end of the file.
    #[must_use]
    pub fn take_wanted(&self) -> Option<(u64, usize)> {
        let mut state = self.state();
        let Range { start, end } = state.wanted.take()?;
        let (start, end) = (start * PAGE_BYTES, (end * PAGE_BYTES).min(state.len));
        Some((start, usize::try_from(end - start).ok()?))
    }

    /// Takes in bytes of the file, from `offset`. The pages that they hold in full are kept, and
    /// those longest unused make room.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when they hold no page in full or reach past the file's end: fewer bytes
    /// came than were wanted, as when the file has changed.
    pub fn supply(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        let end = offset.saturating_add(bytes.len() as u64);
        let first = offset.div_ceil(PAGE_BYTES);
        let after = if end == state.len {
            end.div_ceil(PAGE_BYTES)
        } else {
            end / PAGE_BYTES
        };
        if first >= after || end > state.len {
            return Err(state.changed().with_detail("offset", offset));
        }
        let mut rest = usize::try_from(first * PAGE_BYTES - offset)
            .ok()
            .and_then(|skipped| bytes.get(skipped..))
            .unwrap_or_default();
        for index in first..after {
            let (page, following) = rest.split_at(rest.len().min(PAGE_BYTES as usize));
            state.pages.insert(index, page.to_vec());
            rest = following;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, PagesState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PagesState {
    /// Copies from pages that are all there, or notes the run of them from the first to the last
    /// that is not.
    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        // More than half of the pages at once could drive out what the caller needs besides.
        let most = (self.pages.capacity() / 2) as u64 * PAGE_BYTES;
        let end = self
            .len
            .min(offset.saturating_add(most.min(buffer.len() as u64)));
        if offset >= end {
            return Ok(0);
        }
        let asked = offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES);
        let mut missing = asked.clone().filter(|index| !self.pages.contains(*index));
        if let Some(first) = missing.next() {
            self.wanted = Some(first..missing.next_back().unwrap_or(first) + 1);
            return Err(Error::starved(&self.name));
        }
        let mut read = 0;
        for index in asked {
            let Some(page) = self.pages.get(index) else {
                break;
            };
            let skipped = offset.saturating_sub(index * PAGE_BYTES) as usize;
            let from = page.get(skipped..).unwrap_or_default();
            let rest = buffer.get_mut(read..).unwrap_or_default();
            let count = from.len().min(rest.len());
            for (to, from) in rest.iter_mut().zip(from) {
                *to = *from;
            }
            read += count;
        }
        Ok(read)
    }

    fn changed(&self) -> Error {
        let message = "other bytes came than were asked for; the file may have changed";
        Error::new(ErrorCode::ResourceGeneric, message)
            .in_file(&self.name)
            .with_remedy("choose the file again")
    }
}

impl RangeRead for Pages {
    fn len(&self) -> Result<u64> {
        Ok(self.state().len)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.state().read(offset, buffer)
    }
}

/// The pages' numbers, not their bytes.
impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Pages")
            .field("name", &state.name)
            .field("len", &state.len)
            .field("pages", &state.pages.keys().collect::<Vec<_>>())
            .field("wanted", &state.wanted)
            .finish_non_exhaustive()
    }
}
