//! What every reader stands on: bytes of files, wherever they are and however they are compressed.
//!
//! Files are read in two ways. As a stream: [`Feed`] takes bytes that are pushed, plain, gzip and
//! BGZF are decompressed by content, and lines are of bounded length. By offset: [`RangeRead`] is a
//! file or memory, [`Pages`] are bytes that somebody else fetches.
//!
//! Where bytes have not arrived yet, reading fails with an error that
//! [`Error::is_starved`](crate::Error::is_starved) tells, loses nothing and can be repeated.

mod held;
mod lru;
mod bgzf;
mod archive;
mod compression;
mod gzip;
mod packed;
mod oddities;
mod stream;
mod utf16;
mod source_line;
mod lines;
mod feed;
mod range;
mod pages;
mod store;

pub(crate) use archive::archive_refusal;
pub(crate) use bgzf::{BGZF_EOF, BlockBuffer};
pub use compression::Compression;
pub use feed::Feed;
pub(crate) use gzip::GARBAGE_BEHIND_GZIP;
pub use held::Held;
pub use lines::LineReader;
pub use oddities::{note_oddity, take_oddities};
pub use packed::packed_otherwise;
pub use pages::Pages;
pub use range::RangeRead;
pub(crate) use range::read_full;
pub use source_line::SourceLine;
pub(crate) use store::{ByteStore, damaged, gzip_refusal, wrong};
pub(crate) use stream::ByteStream;
pub use stream::Unpacked;
pub use utf16::decoded;
