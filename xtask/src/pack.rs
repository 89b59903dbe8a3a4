//! The npm package, as it is published: `npm/genolewm-runtime-VERSION.tgz`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::{Verdict, command, wasm};

const PACKAGE: &str = "npm";
const MODEL: &str = "models/builtin";
/// The model as one file, which every runtime can load without a listing.
const ARCHIVE: &str = "builtin.bin";
/// What a model directory is made of; documents and pictures stay outside the package.
const MODEL_FILES: [&str; 4] = ["json", "parquet", "safetensors", "yaml"];

/// Copies what the package carries into it, compiles it and packs it.
pub(crate) fn run(root: &Path, _: &[String]) -> Verdict {
    let steps = || -> Result<String, String> {
        let package = root.join(PACKAGE);
        if !root.join(wasm::OUT).join("genolewm_bg.wasm").exists() {
            return Err(format!(
                "{}: there is no module\n  help: cargo xtask build-wasm",
                wasm::OUT
            ));
        }
        copy_model(&root.join(MODEL), &package.join("models").join("builtin"))?;
        copy(&root.join("LICENSE"), &package.join("LICENSE"))?;
        install(&package)?;
        command::run("npm", &["run", "build"], &package)?;
        command::run("npm", &["pack", "--silent"], &package)?;
        command::run("npm", &["run", "--silent", "size"], &package)?;
        Ok("packed".to_owned())
    };
    steps().map_err(|fault| vec![fault])
}

/// The model's files, one by one and as an archive.
fn copy_model(from: &Path, to: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    collect(from, &mut files)?;
    files.sort();
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).map_err(|e| fault(to, &e))?;
    let archive = to.join(ARCHIVE);
    let mut tar = tar::Builder::new(File::create(&archive).map_err(|e| fault(&archive, &e))?);
    // The same bytes from every clone: no times, no owners.
    tar.mode(tar::HeaderMode::Deterministic);
    for file in files {
        let name = file.strip_prefix(from).unwrap_or(&file);
        tar.append_path_with_name(&file, name)
            .map_err(|e| fault(&archive, &e))?;
        copy(&file, &to.join(name))?;
    }
    tar.finish().map_err(|e| fault(&archive, &e))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|e| fault(folder, &e))? {
        let path = entry.map_err(|e| fault(folder, &e))?.path();
        let kind = path.extension().and_then(|kind| kind.to_str());
        if path.is_dir() {
            collect(&path, files)?;
        } else if kind.is_some_and(|kind| MODEL_FILES.contains(&kind)) {
            files.push(path);
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|e| fault(folder, &e))?;
    }
    fs::copy(from, to).map(|_| ()).map_err(|e| fault(from, &e))
}

/// Installs what a folder's lock file pins, unless it is there.
pub(crate) fn install(folder: &Path) -> Result<(), String> {
    if folder.join("node_modules").exists() {
        return Ok(());
    }
    command::run("npm", &["ci"], folder)
}

fn fault(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
