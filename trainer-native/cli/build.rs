//! Puts the built-in model into the program: every model file under `models/builtin`, by name.
//!
//! Without that directory the list is empty and the program asks for `--model-dir`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What a model directory is made of; documents and pictures stay outside the program.
const MODEL_FILES: [&str; 4] = ["json", "parquet", "safetensors", "yaml"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = here.join("../../models").join("builtin");
    println!("cargo::rerun-if-changed=build.rs");
    // The parent, too: the directory may come into being later.
    println!(
        "cargo::rerun-if-changed={}",
        here.join("../../models").display()
    );
    let mut files = Vec::new();
    if root.is_dir() {
        collect(&root, &root.canonicalize()?, &mut files)?;
    }
    files.sort();
    let mut code = String::from("&[");
    for (name, path) in files {
        // Escaped as Rust strings, so that a Windows path survives.
        let _ = write!(code, "\n    ({name:?}, include_bytes!({path:?})),");
    }
    code.push_str("\n]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("builtin_files.rs");
    fs::write(out, code)
}

/// Adds the model files under `directory` as (name below `root`, full path).
fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, String)>) -> io::Result<()> {
    let root = root.canonicalize()?;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let kind = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            collect(&root, &path, files)?;
        } else if MODEL_FILES.contains(&kind) {
            let name = path.strip_prefix(&root).unwrap_or(&path);
            let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            files.push((name.join("/"), path.display().to_string()));
        }
    }
    Ok(())
}
