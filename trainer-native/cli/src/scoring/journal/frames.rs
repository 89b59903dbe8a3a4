//! The file below a journal: frames, each with a checksum, written one after the other.

use genolewm_core::limits::MAX_JOURNAL_FRAME_BYTES;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};

/// What every journal starts with; the number is the layout's.
const MAGIC: &[u8] = b"genolewm journal 1\n";
/// Length and checksum.
const FRAME_HEAD_BYTES: usize = 4 + 32;

/// A journal's file. Its first frame names the run, and is part of every other frame's checksum: frames
/// of one journal are none of another's.
#[derive(Debug)]
pub(super) struct Frames {
    file: File,
    /// The checksum of the first frame.
    bound_to: [u8; 32],
    /// Where the next frame goes.
    end: u64,
}

impl Frames {
    /// Whether a file is a journal at all, however little of it is there.
    pub(super) fn are_in(file: &mut File) -> io::Result<bool> {
        file.rewind()?;
        let mut head = Vec::new();
        file.take(MAGIC.len() as u64).read_to_end(&mut head)?;
        Ok(MAGIC.starts_with(&head))
    }

    /// Begins a journal in an empty file.
    pub(super) fn create(mut file: File, head: &[u8]) -> io::Result<Self> {
        file.write_all(MAGIC)?;
        let bound_to = checksum(MAGIC, head);
        let mut frames = Self {
            file,
            bound_to,
            end: MAGIC.len() as u64,
        };
        frames.put(head, bound_to)?;
        frames.file.sync_all()?;
        Ok(frames)
    }

    /// Opens a journal; `each` is told of every whole frame after the first, and where it lies. What
    /// follows the last whole one is cut off by the next that is [added](Self::add). `None` where
    /// not even the first is whole.
    pub(super) fn open(
        mut file: File,
        mut each: impl FnMut(u64, &[u8]),
    ) -> io::Result<Option<(Self, Vec<u8>)>> {
        if !Self::are_in(&mut file)? {
            return Ok(None);
        }
        let mut reader = BufReader::with_capacity(1 << 16, &file);
        let mut end = MAGIC.len() as u64;
        let Some((head, found)) = next_frame(&mut reader)? else {
            return Ok(None);
        };
        let bound_to = checksum(MAGIC, &head);
        if found != bound_to {
            return Ok(None);
        }
        end += (FRAME_HEAD_BYTES + head.len()) as u64;
        while let Some((payload, found)) = next_frame(&mut reader)?
            && found == checksum(&bound_to, &payload)
        {
            each(end, &payload);
            end += (FRAME_HEAD_BYTES + payload.len()) as u64;
        }
        let frames = Self {
            file,
            bound_to,
            end,
        };
        Ok(Some((frames, head)))
    }

    /// The frame at a place; an error where it is not whole any more.
    pub(super) fn read(&mut self, at: u64) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(at))?;
        match next_frame(&mut self.file)? {
            Some((payload, found)) if found == checksum(&self.bound_to, &payload) => Ok(payload),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Adds a frame, and says where it lies.
    pub(super) fn add(&mut self, payload: &[u8]) -> io::Result<u64> {
        let at = self.end;
        self.put(payload, checksum(&self.bound_to, payload))?;
        Ok(at)
    }

    /// Another handle, to wait for the disk.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    fn put(&mut self, payload: &[u8], sum: [u8; 32]) -> io::Result<()> {
        let too_long = |_| io::Error::from(ErrorKind::InvalidInput);
        let length = u32::try_from(payload.len()).map_err(too_long)?;
        let frame = [&length.to_le_bytes()[..], &sum, payload].concat();
        // What a write that failed left there goes with the next.
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&frame)?;
        self.end += frame.len() as u64;
        Ok(())
    }
}

/// The next frame and the checksum that it is said to have; `None` where none is whole.
fn next_frame(reader: &mut impl Read) -> io::Result<Option<(Vec<u8>, [u8; 32])>> {
    let mut head = Vec::with_capacity(FRAME_HEAD_BYTES);
    reader
        .by_ref()
        .take(FRAME_HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    let Some((length, sum)) = head.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let Ok(sum) = <[u8; 32]>::try_from(sum) else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_JOURNAL_FRAME_BYTES {
        return Ok(None);
    }
    let mut payload = Vec::new();
    reader.take(length as u64).read_to_end(&mut payload)?;
    Ok((payload.len() == length).then_some((payload, sum)))
}

fn checksum(bound_to: &[u8], payload: &[u8]) -> [u8; 32] {
    let sum = Sha256::new_with_prefix(bound_to);
    sum.chain_update(payload).finalize().into()
}
