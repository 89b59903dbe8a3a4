//! The direction of imports. Data flows source → edit → window → state → prediction → surprise →
//! receipt, and code is read in that order: a crate uses only crates before it, a module only
//! modules that its crate's root declares above it, and a heavy dependency is named only where it
//! is at home.

mod scan;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Verdict;

/// A crate and the other crates of this workspace that it may use.
struct Layer {
    folder: &'static str,
    name: &'static str,
    may_use: &'static [&'static str],
}

/// Every crate of the workspace, from the first layer to the last.
const LAYERS: &[Layer] = &[
    Layer {
        folder: "shared",
        name: "genolewm-shared",
        may_use: &[],
    },
    Layer {
        folder: "model",
        name: "genolewm-model",
        may_use: &["genolewm-shared"],
    },
    Layer {
        folder: "runtime-wasm",
        name: "genolewm-runtime-wasm",
        may_use: &["genolewm-shared", "genolewm-model"],
    },
    Layer {
        folder: "trainer-native",
        name: "genolewm",
        may_use: &["genolewm-shared", "genolewm-model"],
    },
    Layer {
        folder: "tests",
        name: "genolewm-tests",
        may_use: &["genolewm-shared", "genolewm"],
    },
    Layer {
        folder: "wasm-tests",
        name: "genolewm-wasm-tests",
        may_use: &["genolewm-runtime-wasm"],
    },
    Layer {
        folder: "xtask",
        name: "xtask",
        may_use: &[],
    },
];

/// A dependency (all whose name starts so) that only some modules of a crate may name.
struct Home {
    folder: &'static str,
    dependency: &'static str,
    modules: &'static [&'static str],
    why: &'static str,
}

const HOMES: &[Home] = &[
    Home {
        folder: "shared",
        dependency: "noodles",
        modules: &["source", "reference"],
        why: "only what reads files needs std; the rest of the crate is no_std",
    },
    Home {
        folder: "shared",
        dependency: "parquet",
        modules: &["calibration"],
        why: "the table's file format stays behind CalibrationTable",
    },
    Home {
        folder: "model",
        dependency: "burn",
        modules: &["ops", "loss", "collapse"],
        why: "layers are written over the trait Ops, so that every backend can run them",
    },
    Home {
        folder: "trainer-native",
        dependency: "parquet",
        modules: &["shards", "cache", "cli"],
        why: "tables are read and written through shards; cli has the one of the scores",
    },
    Home {
        folder: "trainer-native",
        dependency: "prost",
        modules: &["report", "export"],
        why: "messages of foreign file formats stay beside their writers",
    },
    Home {
        folder: "trainer-native",
        dependency: "rusqlite",
        modules: &["cache"],
        why: "the index's file format stays behind WindowCache",
    },
];

/// Checks every crate of the workspace at `root`.
pub(crate) fn check(root: &Path) -> Verdict {
    let mut faults = unknown_members(root);
    let mut files = 0;
    for layer in LAYERS
        .iter()
        .filter(|layer| root.join(layer.folder).join("Cargo.toml").exists())
    {
        let manifest = format!("{}/Cargo.toml", layer.folder);
        match fs::read_to_string(root.join(&manifest)) {
            Ok(text) => check_manifest(layer, &manifest, &text, &mut faults),
            Err(e) => faults.push(format!("{manifest}: {e}")),
        }
        match check_sources(root, layer, &mut faults) {
            Ok(count) => files += count,
            Err(e) => faults.push(e),
        }
    }
    if files == 0 && faults.is_empty() {
        faults.push("no source file found\n  help: run this in the repository".to_owned());
    }
    if faults.is_empty() {
        Ok(format!("{files} source files import in one direction"))
    } else {
        Err(faults)
    }
}

/// A crate that no rule speaks of would be free to import anything.
fn unknown_members(root: &Path) -> Vec<String> {
    let Ok(folders) = fs::read_dir(root) else {
        return vec![format!("{}: cannot be listed", root.display())];
    };
    let with_manifest = folders
        .flatten()
        .filter(|f| f.path().join("Cargo.toml").exists());
    let mut names: Vec<_> = with_manifest
        .map(|folder| folder.file_name().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| LAYERS.iter().all(|layer| layer.folder != name));
    names.sort();
    let fault = |name| {
        format!(
            "{name}/Cargo.toml: this crate has no layer\n  \
             help: say in LAYERS (xtask/src/layers/mod.rs) which crates it may use"
        )
    };
    names.into_iter().map(fault).collect()
}

/// Checks the crates of this workspace that a manifest names as dependencies.
fn check_manifest(layer: &Layer, file: &str, text: &str, faults: &mut Vec<String>) {
    let mut in_dependencies = false;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
            continue;
        }
        let name = line
            .split(['.', '=', ' '])
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        let ours = LAYERS.iter().any(|other| other.name == name);
        if in_dependencies && ours && !layer.may_use.contains(&name) {
            faults.push(format!(
                "{file}:{}: {} must not depend on {name}\n  help: {}",
                number + 1,
                layer.name,
                allowed(layer)
            ));
        }
    }
}

fn allowed(layer: &Layer) -> String {
    match layer.may_use {
        [] => format!(
            "{} uses no other crate of the workspace; move the code down",
            layer.name
        ),
        crates => format!(
            "it may use {} only; move what it needs there",
            crates.join(" and ")
        ),
    }
}

/// What a crate's root says about its modules.
struct Outline {
    /// Modules in order of declaration: a later one may use an earlier one.
    order: Vec<String>,
    /// Items named from the root, with the modules that they live in.
    reexports: HashMap<String, String>,
}

impl Outline {
    fn of(code: &str) -> Self {
        Self {
            order: scan::declared_modules(code),
            reexports: scan::reexports(code).into_iter().collect(),
        }
    }

    /// The rank of the module that a name below `crate::` belongs to, if it is in one.
    fn rank(&self, name: &str) -> Option<usize> {
        let module = self.reexports.get(name).map_or(name, String::as_str);
        self.order.iter().position(|declared| declared == module)
    }
}

fn check_sources(root: &Path, layer: &Layer, faults: &mut Vec<String>) -> Result<usize, String> {
    let source = Path::new(layer.folder).join("src");
    let mut files = Vec::new();
    rust_files(&root.join(&source), &mut files)?;
    files.sort();
    let read = |file: &Path| {
        let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        Ok::<_, String>(scan::code_only(&text))
    };
    let lib = root.join(&source).join("lib.rs");
    let crate_root = if lib.exists() {
        lib
    } else {
        root.join(&source).join("main.rs")
    };
    let outline = Outline::of(&read(&crate_root)?);
    for file in &files {
        let shown = file
            .strip_prefix(root)
            .unwrap_or(file)
            .to_string_lossy()
            .into_owned();
        let module = module_path(file.strip_prefix(root.join(&source)).unwrap_or(file));
        check_file(layer, &outline, &shown, &module, &read(file)?, faults);
    }
    Ok(files.len())
}

/// Checks one file's code. `module` is its path below the crate's root, empty for a root itself.
fn check_file(
    layer: &Layer,
    outline: &Outline,
    file: &str,
    module: &[String],
    code: &str,
    faults: &mut Vec<String>,
) {
    let own = module.first().map(String::as_str);
    let own_rank = own.and_then(|name| outline.rank(name));
    for scan::Mention {
        line,
        path: (root, name),
    } in scan::mentions(code, module.len())
    {
        let at = format!("{file}:{line}");
        if root == "crate" {
            let (Some(own), Some(own_rank)) = (own, own_rank) else {
                continue;
            };
            if outline.rank(&name).is_some_and(|rank| rank > own_rank) {
                faults.push(upward(layer, &at, own, &name));
            }
            continue;
        }
        let home = HOMES.iter().find(|home| {
            home.folder == layer.folder && root.starts_with(home.dependency) && own.is_some()
        });
        if let Some(home) = home.filter(|home| !own.is_some_and(|own| home.modules.contains(&own)))
        {
            faults.push(format!(
                "{at}: `{root}` is named outside {}\n  help: {}",
                home.modules.join(", "),
                home.why
            ));
        }
        let foreign = LAYERS
            .iter()
            .find(|other| other.name.replace('-', "_") == root);
        if foreign
            .is_some_and(|other| other.name != layer.name && !layer.may_use.contains(&other.name))
        {
            faults.push(format!(
                "{at}: {} must not use {root}\n  help: {}",
                layer.name,
                allowed(layer)
            ));
        }
    }
}

fn upward(layer: &Layer, at: &str, own: &str, name: &str) -> String {
    format!(
        "{at}: `{own}` uses `crate::{name}`, which is declared below it\n  \
         help: move the shared part into a module above both, or, if `{name}` needs nothing of \
         `{own}`, declare it earlier in {}/src/lib.rs",
        layer.folder
    )
}

/// The module path of a file below `src`: `edit/mod.rs` is `edit`, `lib.rs` is the root.
fn module_path(file: &Path) -> Vec<String> {
    let mut path: Vec<String> = file
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    // Binaries are roots of their own, on top of the library.
    let is_binary = path.first().is_some_and(|first| first == "bin");
    if is_binary || matches!(path.as_slice(), [only] if only == "lib" || only == "main") {
        return Vec::new();
    }
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// Collects the Rust files below `folder`. Files of unit tests are left out: they sit above all.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default();
        if stem == "tests" {
            continue;
        }
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
