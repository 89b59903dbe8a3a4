//! Every test, from a fresh clone: unpacks the golden vectors that are stored compressed, builds
//! the programs and packages that the end-to-end tests drive, and hands over to the test runners.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::files::fault;
use crate::{command, pack, slowest, wasm};

/// Where golden weights are stored with a `.gz` behind their names: mostly zeros, tenfold smaller.
const PACKED: &str = "tests/golden/pipeline/model";

/// Runs every test; `arguments` go to the native runner, which has the last word.
pub(crate) fn all(root: &Path, arguments: &[String]) -> Result<String, String> {
    web(root, &[])?;
    native(root, arguments)
}

/// Runs the tests of browsers and edge runtimes: the module, the package and the page are built,
/// and judged by the native program.
pub(crate) fn web(root: &Path, _: &[String]) -> Result<String, String> {
    wasm::build(root, &[])?;
    pack::run(root, &[])?;
    build_program(root)?;
    command::run("npm", &["test", "--silent"], &root.join("npm"))?;
    for folder in ["web", "wasm-tests"] {
        pack::install(&root.join(folder))?;
    }
    let page = root.join("web");
    command::run("npm", &["run", "--silent", "build"], &page)?;
    command::run("npm", &["test", "--silent"], &page)?;
    command::run("npm", &["test", "--silent"], &root.join("wasm-tests"))?;
    Ok(String::new())
}

/// Not a release build: this one shares its dependencies with the native tests.
fn build_program(root: &Path) -> Result<(), String> {
    // With the tests, or features that only they ask of dependencies would build burn twice.
    command::run(
        "cargo",
        &["build", "--workspace", "--bins", "--tests"],
        root,
    )
}

/// Runs the tests of the workspace; `arguments` go to the runner.
pub(crate) fn native(root: &Path, arguments: &[String]) -> Result<String, String> {
    let with = |first: &[&'static str]| -> Vec<&str> {
        let more = arguments.iter().map(String::as_str);
        first.iter().copied().chain(more).collect()
    };
    unpack(&root.join(PACKED))?;
    if command::output("cargo", &["nextest", "--version"], root).is_ok() {
        command::run("cargo", &["test", "--workspace", "--doc"], root)?;
        slowest::nextest(&with(&["run", "--workspace"]), root)?;
    } else {
        command::run("cargo", &with(&["test", "--workspace"]), root)?;
    }
    Ok(String::new())
}

/// Unpacks every `NAME.gz` of a folder into `NAME`, unless it is there already and no older.
fn unpack(folder: &Path) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| fault(folder, &e))?;
    for packed in entries.flatten().map(|entry| entry.path()) {
        if packed.extension() == Some(OsStr::new("gz")) && is_stale(&packed) {
            gunzip(&packed)?;
        }
    }
    Ok(())
}

fn is_stale(packed: &Path) -> bool {
    let modified = |path: PathBuf| fs::metadata(path).and_then(|meta| meta.modified());
    match (
        modified(packed.to_owned()),
        modified(packed.with_extension("")),
    ) {
        (Ok(packed), Ok(unpacked)) => unpacked < packed,
        _ => true,
    }
}

/// Unpacks a file, under another name until it is whole.
fn gunzip(packed: &Path) -> Result<(), String> {
    let fault = |e| fault(packed, &e);
    let whole = packed.with_extension("");
    let partial = packed.with_extension("partial");
    let mut bytes = GzDecoder::new(File::open(packed).map_err(fault)?);
    let mut out = File::create(&partial).map_err(fault)?;
    std::io::copy(&mut bytes, &mut out).map_err(fault)?;
    fs::rename(&partial, &whole).map_err(fault)
}
