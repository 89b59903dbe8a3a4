//! Variants that are pushed in pieces, whose length the first byte says, read as those of a file.
#![no_main]

use genolewm_core::Result;
use genolewm_core::source::{Feed, VariantReader, VariantRecord};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

type Records = Vec<Result<VariantRecord>>;

fn directly(data: &[u8]) -> Result<Records> {
    let mut reader = VariantReader::open(Box::new(Cursor::new(data.to_vec())), "fuzz")?;
    Ok(std::iter::from_fn(|| reader.next_record().transpose()).collect())
}

fn in_pieces(data: &[u8], piece: usize) -> Result<Records> {
    let feed = Feed::new("fuzz");
    let mut pieces = data.chunks(piece);
    let mut push = || match pieces.next() {
        Some(piece) => feed.push(piece).unwrap(),
        None => feed.end(),
    };
    let mut reader = loop {
        match feed.open() {
            Err(error) if error.is_starved() => push(),
            opened => break opened?,
        }
    };
    let mut records = Vec::new();
    loop {
        match reader.next_record() {
            Err(error) if error.is_starved() => push(),
            Ok(None) => return Ok(records),
            Ok(Some(record)) => records.push(Ok(record)),
            Err(error) => records.push(Err(error)),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((piece, data)) = data.split_first() else {
        return;
    };
    let piece = usize::from(*piece).max(data.len() / 64).max(1);
    assert_eq!(in_pieces(data, piece), directly(data));
});
