//! Buffers that are used again, so that scoring in a loop takes no more memory than one turn.

use super::fault::{Fault, Faults};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Submissions after which a buffer that nobody asked for is given back to the device.
const IDLE_SUBMISSIONS: u64 = 64;

/// The smallest buffer.
const LEAST_BYTES: u64 = 256;

/// Steps of size between two powers of two: a buffer is at most a sixteenth larger than asked for.
const STEPS_PER_DOUBLING: u64 = 16;

/// Free buffers by size.
#[derive(Debug)]
pub(super) struct Pool {
    device: wgpu::Device,
    faults: Arc<Faults>,
    max_bytes: u64,
    shelves: Mutex<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    /// Free for anything. With the number of the submission after which they were free.
    free: BTreeMap<u64, Vec<(wgpu::Buffer, u64)>>,
    /// Given back while commands that use them wait to be submitted. A later command may write
    /// them; the host may not, since its writes come before all waiting commands.
    released: BTreeMap<u64, Vec<wgpu::Buffer>>,
    submissions: u64,
}

/// Who writes a buffer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The host, at once.
    Host,
    /// A command that is recorded next.
    Command,
}

impl Pool {
    pub(super) fn new(device: wgpu::Device, faults: Arc<Faults>) -> Self {
        let limits = device.limits();
        let max_bytes = limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size);
        Self {
            device,
            faults,
            max_bytes,
            shelves: Mutex::default(),
        }
    }

    /// Bytes of the largest matrix that a kernel can see.
    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// A buffer of at least `bytes`, with anything in it.
    pub(super) fn take(&self, bytes: u64, writer: Writer) -> wgpu::Buffer {
        if bytes > self.max_bytes {
            self.faults.record(Fault::OutOfMemory(format!(
                "a matrix of {bytes} bytes, where the device takes {} at most",
                self.max_bytes
            )));
            return self.create(LEAST_BYTES);
        }
        let size = size_class(bytes)
            .min(self.max_bytes & !(LEAST_BYTES - 1))
            .max(bytes);
        let mut shelves = self.shelves();
        let released = (writer == Writer::Command)
            .then(|| shelves.released.get_mut(&size).and_then(Vec::pop))
            .flatten();
        let found = released.or_else(|| {
            let (buffer, _) = shelves.free.get_mut(&size)?.pop()?;
            Some(buffer)
        });
        drop(shelves);
        found.unwrap_or_else(|| self.create(size))
    }

    /// Takes a buffer back.
    pub(super) fn release(&self, buffer: &wgpu::Buffer) {
        let mut shelves = self.shelves();
        let shelf = shelves.released.entry(buffer.size()).or_default();
        shelf.push(buffer.clone());
    }

    /// All recorded commands have been submitted: what was released is free, and what has been
    /// free for long goes.
    pub(super) fn settle(&self) {
        let mut shelves = self.shelves();
        shelves.submissions += 1;
        let now = shelves.submissions;
        for (size, buffers) in std::mem::take(&mut shelves.released) {
            let shelf = shelves.free.entry(size).or_default();
            shelf.extend(buffers.into_iter().map(|buffer| (buffer, now)));
        }
        for shelf in shelves.free.values_mut() {
            shelf.retain(|(buffer, since)| {
                let keep = now - since < IDLE_SUBMISSIONS;
                if !keep {
                    buffer.destroy();
                }
                keep
            });
        }
        shelves.free.retain(|_, shelf| !shelf.is_empty());
    }

    /// Bytes of all buffers that nobody uses.
    #[cfg(all(test, feature = "native"))]
    pub(super) fn idle_bytes(&self) -> u64 {
        let shelves = self.shelves();
        let free = shelves
            .free
            .iter()
            .map(|(size, shelf)| size * shelf.len() as u64);
        let released = shelves
            .released
            .iter()
            .map(|(size, shelf)| size * shelf.len() as u64);
        free.chain(released).sum()
    }

    fn create(&self, size: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `bytes`, rounded up so that batches of nearly one size share buffers.
pub(super) fn size_class(bytes: u64) -> u64 {
    let step = bytes.next_power_of_two() / (2 * STEPS_PER_DOUBLING);
    bytes.max(1).next_multiple_of(step.max(LEAST_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_by_a_sixteenth_at_most() {
        assert_eq!(size_class(0), 256);
        assert_eq!(size_class(257), 512);
        assert_eq!(size_class(1 << 20), 1 << 20);
        for bytes in (1..3_000_000).step_by(997) {
            let size = size_class(bytes);
            assert!(size >= bytes && size.is_multiple_of(256));
            assert!(
                size <= (bytes + bytes / 16).max(bytes + 256),
                "{bytes}: {size}"
            );
        }
    }
}
