//! The golden pipeline: a whole model with inputs and expected outputs.

use crate::{Dir, genome};
use flate2::read::GzDecoder;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Flags that choose the golden model, once [`lay_out`] has put it into a test's directory.
pub const MODEL: &str = "--model-dir golden/model --encoder-dir golden/encoder";

/// The directory of the golden vectors: `GENOLEWM_GOLDEN`, else the project's own copy.
#[must_use]
pub fn source() -> PathBuf {
    std::env::var_os("GENOLEWM_GOLDEN").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden")),
        PathBuf::from,
    )
}

/// Copies the golden pipeline to `golden/` in the test's directory, with packed weights unpacked.
///
/// # Panics
/// When it is not there: a test without its fixture must not pass.
pub fn lay_out(dir: &Dir) {
    copy(&source().join("pipeline"), &dir.path("golden"));
}

/// A test's directory with the golden pipeline, and the made-up genome as `ref.fa`.
#[must_use]
pub fn with_reference(dir: Dir) -> Dir {
    lay_out(&dir);
    genome::write_reference(&dir);
    dir
}

/// The same with `in.vcf`.
#[must_use]
pub fn prepared(dir: Dir, vcf: impl AsRef<[u8]>) -> Dir {
    with_reference(dir).with("in.vcf", vcf)
}

/// A file of the golden pipeline as text.
#[must_use]
pub fn text(name: &str) -> String {
    let path = source().join("pipeline").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A JSON lines file of the golden pipeline; never empty.
#[must_use]
pub fn rows(name: &str) -> Vec<serde_json::Value> {
    let rows = json_lines(&text(name));
    assert!(!rows.is_empty(), "{name} is empty and would test nothing");
    rows
}

/// JSON lines as values.
#[must_use]
pub fn json_lines(text: &str) -> Vec<serde_json::Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(parse).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new directory");
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            unpack(&path, &to.join(path.file_stem().expect("a name")));
        } else {
            // Bytes, not permissions: the source may be read-only.
            fs::write(to.join(name), fs::read(&path).expect("a readable file")).expect("a copy");
        }
    }
}

fn unpack(from: &Path, to: &Path) {
    let packed = fs::read(from).expect("a readable file");
    let mut bytes = Vec::new();
    GzDecoder::new(packed.as_slice())
        .read_to_end(&mut bytes)
        .unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    fs::write(to, bytes).expect("an unpacked file");
}
