//! TensorBoard's event files: figures over steps, as messages in TFRecord frames.

use crate::output::{create_folder, io_error, io_error_at, private_options};
use genolewm_core::Result;
use prost::Message;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What readers know an event file by.
const PREFIX: &str = "events.out.tfevents.";
/// The layout of the events below.
const FILE_VERSION: &str = "brain.Event:2";
/// `SessionLog.SessionStatus.START`: readers drop what earlier files hold from this step on.
const SESSION_START: i32 = 1;

/// `tensorflow.Event`, under its field numbers.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Unix seconds.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<SummaryValue>,
}

#[derive(Clone, PartialEq, Message)]
struct SummaryValue {
    #[prost(string, tag = "1")]
    tag: String,
    /// Optional, so that a zero is written too: readers skip a value without one.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, optional, tag = "1")]
    status: Option<i32>,
}

/// One event file, to which scalars are appended while a run lasts.
#[derive(Debug)]
pub struct EventFile {
    file: File,
    name: String,
}

impl EventFile {
    /// Makes a further event file in `directory`. A run that goes on after `resumed_step` tells
    /// readers to drop what earlier files hold of later steps.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn create(directory: &Path, resumed_step: u64) -> Result<Self> {
        let (file, path) = create_after_others(directory).map_err(io_error_at(directory))?;
        let mut events = Self {
            file,
            name: path.display().to_string(),
        };
        let mut frames = frame(&encode(0, |event| {
            event.file_version = Some(FILE_VERSION.to_owned());
        }));
        if resumed_step > 0 {
            frames.extend(frame(&encode(resumed_step + 1, |event| {
                event.session_log = Some(SessionLog {
                    status: Some(SESSION_START),
                });
            })));
        }
        events.append(&frames)?;
        Ok(events)
    }

    /// Appends the figures of one step, by tag.
    ///
    /// # Errors
    /// `RESOURCE.*` when they cannot be written.
    pub fn scalars(&mut self, step: u64, figures: &[(&str, f64)]) -> Result<()> {
        let values = figures.iter().map(|(tag, figure)| SummaryValue {
            tag: (*tag).to_owned(),
            simple_value: Some(*figure as f32),
        });
        let summary = Summary {
            value: values.collect(),
        };
        self.append(&frame(&encode(step, |event| event.summary = Some(summary))))
    }

    /// One call, so that a run that is killed leaves at most one partial record.
    fn append(&mut self, frames: &[u8]) -> Result<()> {
        self.file
            .write_all(frames)
            .map_err(|error| io_error(&self.name, &error))
    }
}

fn encode(step: u64, fill: impl FnOnce(&mut Event)) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut event = Event {
        wall_time: now.map_or(0.0, |since| since.as_secs_f64()),
        step: i64::try_from(step).unwrap_or(i64::MAX),
        ..Event::default()
    };
    fill(&mut event);
    event.encode_to_vec()
}

/// Readers take the files of a directory in the order of their names, which is that of the seconds
/// in them: a run that was resumed within a second must not come before what it goes on from.
fn create_after_others(directory: &Path) -> io::Result<(File, PathBuf)> {
    create_folder(directory)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut second = now.map_or(0, |since| since.as_secs());
    for entry in std::fs::read_dir(directory)? {
        second = second.max(second_in(&entry?.file_name().to_string_lossy()).map_or(0, |s| s + 1));
    }
    loop {
        let path = directory.join(format!("{PREFIX}{second:010}.genolewm"));
        match private_options().append(true).create_new(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => second += 1,
            opened => return Ok((opened?, path)),
        }
    }
}

fn second_in(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
}

/// A record as TFRecord frames it: length, checksum of the length, bytes, checksum of the bytes,
/// numbers little-endian.
fn frame(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    let mut framed = Vec::with_capacity(record.len() + 16);
    framed.extend(length);
    framed.extend(masked_crc(&length).to_le_bytes());
    framed.extend(record);
    framed.extend(masked_crc(record).to_le_bytes());
    framed
}

/// CRC-32C, rotated and shifted, so that the checksum of data that hold checksums stays good.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads frames back; the length must fit the file to the byte.
    fn events(bytes: &[u8]) -> Vec<Event> {
        let mut rest = bytes;
        let mut found = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let crc = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            assert_eq!(crc(8), masked_crc(&rest[..8]));
            assert_eq!(crc(12 + length), masked_crc(&rest[12..12 + length]));
            found.push(Event::decode(&rest[12..12 + length]).unwrap());
            rest = &rest[16 + length..];
        }
        found
    }

    #[test]
    fn a_record_is_framed_as_tensorflow_frames_it() {
        // What RecordWriter of Python's tensorboard 2.21 writes for this event.
        const WRITTEN: &str = "11000000000000009d6db52e10071a0d627261696e2e4576656e743a3213b90ac3";
        let event = Event {
            step: 7,
            file_version: Some(FILE_VERSION.to_owned()),
            ..Event::default()
        };
        let hex: String = frame(&event.encode_to_vec())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, WRITTEN);
    }

    #[test]
    fn a_resumed_run_writes_a_later_file_that_purges() {
        let directory = tempfile::tempdir().unwrap();
        let mut first = EventFile::create(directory.path(), 0).unwrap();
        first.scalars(3, &[("loss", 0.5), ("rate", 0.0)]).unwrap();
        let mut second = EventFile::create(directory.path(), 3).unwrap();
        second.scalars(4, &[("loss", 0.25)]).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        assert_eq!(names.len(), 2);
        assert_eq!(names[1].display().to_string(), second.name);
        let first = events(&std::fs::read(&names[0]).unwrap());
        assert_eq!(first[0].file_version.as_deref(), Some(FILE_VERSION));
        assert!(first.iter().all(|event| event.session_log.is_none()));
        let values = &first[1].summary.as_ref().unwrap().value;
        assert_eq!((first[1].step, values.len()), (3, 2));
        assert_eq!(values[1].simple_value, Some(0.0));
        let second = events(&std::fs::read(&names[1]).unwrap());
        assert_eq!(second[1].step, 4);
        assert_eq!(
            second[1].session_log.as_ref().and_then(|log| log.status),
            Some(SESSION_START)
        );
        assert_eq!(second[2].summary.as_ref().unwrap().value[0].tag, "loss");
    }
}
