//! The WebAssembly module of the npm package: compiled, bound to JavaScript, and measured.
//!
//! The command-line part of wasm-bindgen is linked in as a library, so that its version is the one
//! of `Cargo.lock` and cannot drift from the macros' own.

use std::fs;
use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;

use crate::{Verdict, command};

const PACKAGE: &str = "genolewm-runtime-wasm";
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";
/// The name of the module's files.
const NAME: &str = "genolewm";
/// Where they go, from the root.
pub(crate) const OUT: &str = "npm/wasm";

/// Builds the module; `--names` keeps the functions' names, for profilers.
pub(crate) fn build(root: &Path, arguments: &[String]) -> Verdict {
    let names = match arguments {
        [] => false,
        [only] if only == "--names" => true,
        _ => return Err(vec!["build-wasm takes --names or nothing".to_owned()]),
    };
    let steps = || -> Result<String, String> {
        compile(root)?;
        let module = target_folder(root)
            .join(TARGET)
            .join(PROFILE)
            .join(PACKAGE.replace('-', "_"))
            .with_extension("wasm");
        bind(&module, &root.join(OUT), names)?;
        let bound = root.join(OUT).join(format!("{NAME}_bg.wasm"));
        let bytes = fs::metadata(&bound)
            .map_err(|e| format!("{}: {e}", bound.display()))?
            .len();
        Ok(format!("{OUT}/{NAME}_bg.wasm has {bytes} bytes"))
    };
    steps().map_err(|fault| vec![fault])
}

fn compile(root: &Path) -> Result<(), String> {
    let arguments = [
        "build",
        "--package",
        PACKAGE,
        "--target",
        TARGET,
        "--profile",
        PROFILE,
    ];
    command::run("cargo", &arguments, root).map_err(|error| {
        format!("{error}\n  help: rustup target add {TARGET}; zstd's C code needs clang")
    })
}

fn bind(module: &Path, out: &Path, names: bool) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name(NAME)
        .typescript(true)
        .remove_name_section(!names)
        .remove_producers_section(true);
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(out))
        .map_err(|e| format!("wasm-bindgen: {e:#}"))
}

/// Where cargo builds: `CARGO_TARGET_DIR` or `target`.
fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}
