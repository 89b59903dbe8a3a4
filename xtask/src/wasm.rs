//! The WebAssembly module of the npm package: compiled, bound to JavaScript, and measured.
//!
//! The command-line part of wasm-bindgen is linked in as a library, so that its version is the one
//! of `Cargo.lock` and cannot drift from the macros' own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wasm_bindgen_cli_support::Bindgen;

use crate::command;
use crate::files::fault;

const PACKAGE: &str = "genolewm-runtime-wasm";
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";
/// The name of the module's files.
const NAME: &str = "genolewm";
/// Where they go, from the root.
pub(crate) const OUT: &str = "npm/wasm";

/// Builds the module; `--names` keeps the functions' names, for profilers.
pub(crate) fn build(root: &Path, arguments: &[String]) -> Result<String, String> {
    let names = match arguments {
        [] => false,
        [only] if only == "--names" => true,
        _ => return Err("build-wasm takes --names or nothing".to_owned()),
    };
    prepared(root)?;
    compile(root)?;
    let module = target_folder(root)
        .join(TARGET)
        .join(PROFILE)
        .join(PACKAGE.replace('-', "_"))
        .with_extension("wasm");
    bind(&module, &root.join(OUT), names)?;
    let bound = root.join(OUT).join(format!("{NAME}_bg.wasm"));
    let bytes = fs::metadata(&bound).map_err(|e| fault(&bound, &e))?.len();
    Ok(format!("{OUT}/{NAME}_bg.wasm has {bytes} bytes"))
}

/// Whether target and C compiler are there: without one of them the build fails after minutes.
fn prepared(root: &Path) -> Result<(), String> {
    let asked = ["--print", "target-libdir", "--target", TARGET];
    let library = command::output("rustc", &asked, root)?;
    if !Path::new(library.trim()).is_dir() {
        return Err(format!(
            "the target {TARGET} is not installed\n  help: rustup target add {TARGET}"
        ));
    }
    let chosen = ["CC_wasm32_unknown_unknown", "TARGET_CC", "CC"];
    let mut clang = Command::new("clang");
    clang.arg("--version").stdout(Stdio::null());
    if chosen.iter().all(|name| std::env::var_os(name).is_none()) && clang.status().is_err() {
        return Err("there is no clang, which compiles zstd's C code\n  help: apt-get install clang, or name a compiler for wasm32 in TARGET_CC".to_owned());
    }
    Ok(())
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
    command::run("cargo", &arguments, root)
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
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}
