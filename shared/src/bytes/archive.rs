//! ZIP archives, as testing companies deliver their files: the one data file inside, as a stream.
//!
//! The table of contents stands at the end, so an archive is taken into memory whole, compressed as
//! it is; its file is then decompressed as it is read.

use crate::limits::{MAX_ARCHIVE_BYTES, MAX_ARCHIVE_FILES, MAX_ARCHIVED_FILE_BYTES, MAX_INFLATION};
use crate::{Error, Result};
use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};
use std::fmt::Display;
use std::io::{Cursor, Read};
use std::sync::Arc;

/// File names that a message lists.
const LISTED: usize = 20;

/// Whether a file that begins so is a ZIP archive: one with files, without, or in parts.
pub(super) fn is_archive(head: &[u8]) -> bool {
    [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"]
        .iter()
        .any(|signature| head.starts_with(*signature))
}

/// The bytes of an archive, shared by its table of contents and the reader of a file.
#[derive(Clone)]
struct ArchiveBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for ArchiveBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A file in an archive, as its table of contents has it.
struct ArchivedFile {
    name: String,
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    is_encrypted: bool,
}

/// The data file of the archive that `reader` gives: the only one, or the one named `member`.
///
/// # Errors
/// `INPUT.GENERIC` for an archive that is damaged, beyond the limits, encrypted or no archive of data,
/// and for one with several data files when none is named; as `read` for bytes that cannot be read.
pub(super) fn open_file(
    reader: impl Read,
    name: &str,
    member: Option<&str>,
    read: impl Fn(std::io::Error) -> Error,
) -> Result<Box<dyn Read + Send>> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(MAX_ARCHIVE_BYTES as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() > MAX_ARCHIVE_BYTES {
        let mib = MAX_ARCHIVE_BYTES >> 20;
        return Err(
            refusal(name, format!("the ZIP archive is larger than {mib} MiB")).with_remedy(UNPACK),
        );
    }
    let bytes = ArchiveBytes(Arc::new(bytes));
    let archive = ZipArchive::from_slice(bytes.clone()).map_err(|error| damaged(name, error))?;
    let files = list(&archive, name)?;
    refuse_documents(&files, name)?;
    let file = choose(&files, name, member)?;
    check(file, name)?;
    let entry = archive.get_entry(file.place);
    let entry = entry.map_err(|error| damaged(name, error))?;
    let (start, end) = entry.compressed_data_range();
    let mut compressed = Cursor::new(bytes);
    compressed.set_position(start);
    let compressed = compressed.take(end.saturating_sub(start));
    Ok(if file.method == CompressionMethod::STORE {
        Box::new(entry.verifying_reader(compressed))
    } else {
        Box::new(entry.verifying_reader(DeflateDecoder::new(compressed)))
    })
}

/// The files of the archive, folders left out.
fn list(archive: &ZipSliceArchive<ArchiveBytes>, name: &str) -> Result<Vec<ArchivedFile>> {
    let mut files = Vec::new();
    for entry in archive.entries() {
        let entry = entry.map_err(|error| damaged(name, error))?;
        if files.len() == MAX_ARCHIVE_FILES {
            let message = format!("the ZIP archive has more than {MAX_ARCHIVE_FILES} files");
            return Err(refusal(name, message).with_remedy(UNPACK));
        }
        if !entry.is_dir() {
            let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
            files.push(ArchivedFile {
                name: path.replace(char::is_control, "\u{fffd}"),
                place: entry.wayfinder(),
                method: entry.compression_method(),
                is_encrypted: entry.flags().is_encrypted(),
            });
        }
    }
    Ok(files)
}

/// Documents that are archives inside, and what they are.
fn refuse_documents(files: &[ArchivedFile], name: &str) -> Result<()> {
    let has = |start: &str| files.iter().any(|file| file.name.starts_with(start));
    let (what, is_table) = if has("[Content_Types].xml") && has("xl/") {
        ("an Excel workbook", true)
    } else if has("Index/") && files.iter().any(|file| file.name.ends_with(".iwa")) {
        ("a document of Apple's Numbers or Pages", true)
    } else if has("mimetype") && has("content.xml") {
        ("an OpenDocument spreadsheet or text", true)
    } else if has("[Content_Types].xml") {
        ("an Office document", false)
    } else {
        return Ok(());
    };
    let remedy = if is_table {
        "give the file as it was downloaded; or save the sheet as tab-delimited text"
    } else {
        "give the file as it was downloaded"
    };
    Err(refusal(name, format!("this is {what}, not a text file")).with_remedy(remedy))
}

/// The file that is named, or the only one that may hold data.
fn choose<'a>(
    files: &'a [ArchivedFile],
    name: &str,
    member: Option<&str>,
) -> Result<&'a ArchivedFile> {
    if let Some(member) = member {
        let mut named = files.iter().filter(|file| file.name == member);
        let first = named.next();
        if named.next().is_some() {
            let message = format!("the ZIP archive has two files {member:?}");
            return Err(refusal(name, message).with_remedy(UNPACK));
        }
        return first.ok_or_else(|| {
            refusal(name, format!("the ZIP archive has no file {member:?}"))
                .with_detail("members", listed(files.iter()))
                .with_remedy("name one of its files: --member NAME")
        });
    }
    let mut data = files.iter().filter(|file| may_hold_data(&file.name));
    let Some(first) = data.next() else {
        return Err(refusal(name, "the ZIP archive has no data file")
            .with_detail("members", listed(files.iter()))
            .with_remedy("give the archive as it was downloaded, or the file inside"));
    };
    if data.next().is_none() {
        return Ok(first);
    }
    let data = files.iter().filter(|file| may_hold_data(&file.name));
    Err(refusal(name, "the ZIP archive has several data files")
        .with_detail("members", listed(data))
        .with_remedy("name the one that is meant: --member NAME"))
}

/// Names, one a line.
fn listed<'a>(files: impl Iterator<Item = &'a ArchivedFile>) -> String {
    let names: Vec<&str> = files.take(LISTED).map(|file| file.name.as_str()).collect();
    names.join("\n")
}

/// Whether a file is neither packing, a picture nor something to be read by people.
fn may_hold_data(path: &str) -> bool {
    const PAPERS: [&str; 15] = [
        ".pdf", ".html", ".htm", ".rtf", ".doc", ".docx", ".md", ".png", ".jpg", ".jpeg", ".tbi",
        ".csi", ".url", ".webloc", ".md5",
    ];
    const NOTES: [&str; 7] = [
        "readme",
        "read_me",
        "read me",
        "license",
        "licence",
        "terms",
        "instructions",
    ];
    let packing = |part: &str| part.starts_with('.') || part == "__MACOSX";
    let lower = path.to_ascii_lowercase();
    let file = lower.rsplit('/').next().unwrap_or_default();
    !path.split('/').any(packing)
        && !PAPERS.iter().any(|end| file.ends_with(end))
        && !NOTES.iter().any(|start| file.starts_with(start))
        && !matches!(file, "thumbs.db" | "desktop.ini")
}

/// Refuses what cannot be read, and what grows beyond measure.
fn check(file: &ArchivedFile, name: &str) -> Result<()> {
    let refused = |message: &str| refusal(name, message).with_detail("member", &file.name);
    if file.is_encrypted {
        return Err(refused("the file in the ZIP archive is encrypted")
            .with_remedy("unpack it with its password, and give the file inside"));
    }
    if ![CompressionMethod::STORE, CompressionMethod::DEFLATE].contains(&file.method) {
        let message = "the file in the ZIP archive is compressed in a way that is not read";
        return Err(refused(message).with_remedy(UNPACK));
    }
    let (packed, bytes) = (
        file.place.compressed_size_hint(),
        file.place.uncompressed_size_hint(),
    );
    if bytes > MAX_ARCHIVED_FILE_BYTES || bytes / MAX_INFLATION > packed.max(1) {
        return Err(refused("the file in the ZIP archive grows beyond measure")
            .with_detail("compressed_bytes", packed)
            .with_detail("bytes", bytes)
            .with_remedy(UNPACK));
    }
    Ok(())
}

/// For an archive in an archive.
pub(super) fn nested(name: &str) -> Error {
    refusal(name, "the ZIP archive holds another archive").with_remedy(UNPACK)
}

/// For a reference, which is read from the middle.
pub(crate) fn archive_refusal(name: &str) -> Error {
    refusal(
        name,
        "this is a ZIP archive, which a reference cannot be read from",
    )
    .with_remedy("unpack it and give the FASTA inside, plain or compressed with bgzip")
}

fn refusal(name: &str, message: impl Into<String>) -> Error {
    Error::input(message.into()).in_file(name)
}

fn damaged(name: &str, error: impl Display) -> Error {
    refusal(
        name,
        format!("the ZIP archive is cut short or damaged: {error}"),
    )
    .with_remedy("copy or download the file again; `unzip -t` tells whether it is whole")
}

const UNPACK: &str = "unpack it, and give the file inside";
