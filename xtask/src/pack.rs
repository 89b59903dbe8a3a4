//! The npm package, as it is published: `npm/genolewm-runtime-VERSION.tgz`.

use std::fs::{self, File};
use std::path::Path;

use crate::files::{self, fault};
use crate::{command, wasm};

const PACKAGE: &str = "npm";
const MODEL: &str = "models/builtin";
/// The model as one file, which every runtime can load without a listing.
const ARCHIVE: &str = "builtin.bin";
/// What a model directory is made of; documents and pictures stay outside the package.
const MODEL_FILES: [&str; 4] = ["json", "parquet", "safetensors", "yaml"];

/// Copies what the package carries into it, compiles it and packs it.
pub(crate) fn run(root: &Path, _: &[String]) -> Result<String, String> {
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
}

/// The model's files, one by one and as an archive.
fn copy_model(from: &Path, to: &Path) -> Result<(), String> {
    let files = files::below(from, |path| {
        let kind = path.extension().and_then(|kind| kind.to_str());
        kind.is_some_and(|kind| MODEL_FILES.contains(&kind))
    })?;
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
