//! Bad snippets, and the words that they must be refused with.

use super::*;

const ROOT: &str = "pub mod error;\npub mod edit;\npub mod window;\npub use window::Window;\n";

fn layer(folder: &str) -> &'static Layer {
    LAYERS.iter().find(|layer| layer.folder == folder).unwrap()
}

fn faults_in(folder: &str, module: &str, source: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let module: Vec<String> = module.split("::").map(str::to_owned).collect();
    let code = scan::code_only(source);
    check_file(
        layer(folder),
        &Outline::of(ROOT),
        "x.rs",
        &module,
        &code,
        &mut faults,
    );
    faults
}

#[test]
fn a_later_module_may_use_an_earlier_one() {
    assert!(faults_in("shared", "window", "use crate::edit::EditSpec;\n").is_empty());
    assert!(faults_in("shared", "edit::spec", "use super::relative::RelEdit;\n").is_empty());
}

#[test]
fn an_earlier_module_must_not_use_a_later_one() {
    let faults = faults_in(
        "shared",
        "edit::spec",
        "use core::fmt;\n\nuse crate::window::X;\n",
    );
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("x.rs:3: `edit` uses `crate::window`"),
        "{}",
        faults[0]
    );
    assert!(faults[0].contains("help: "), "{}", faults[0]);
}

#[test]
fn neither_super_nor_a_reexport_is_a_way_around() {
    assert_eq!(
        faults_in("shared", "edit::spec", "use super::super::window::X;\n").len(),
        1
    );
    assert_eq!(faults_in("shared", "edit", "use crate::Window;\n").len(), 1);
    assert_eq!(
        faults_in("shared", "edit", "use crate::{error::E, window::X};\n").len(),
        1
    );
}

#[test]
fn crates_look_downwards_only() {
    let faults = faults_in("shared", "edit", "use genolewm_model::ops::Ops;\n");
    assert!(
        faults[0].contains("must not use genolewm_model"),
        "{}",
        faults[0]
    );
    assert!(faults_in("trainer-native", "edit", "use genolewm_model::ops::Ops;\n").is_empty());
}

#[test]
fn manifests_are_held_to_the_same() {
    let text =
        "[package]\nname = \"genolewm-shared\"\n[dependencies]\ngenolewm-model.workspace = true\n";
    let mut faults = Vec::new();
    check_manifest(layer("shared"), "shared/Cargo.toml", text, &mut faults);
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("shared/Cargo.toml:4: "),
        "{}",
        faults[0]
    );
    check_manifest(
        layer("shared"),
        "x",
        "[features]\ngenolewm-model = []\n",
        &mut faults,
    );
    assert_eq!(faults.len(), 1);
}

#[test]
fn the_tensor_library_stays_behind_ops() {
    assert_eq!(
        faults_in("model", "edit", "use burn::tensor::Tensor;\n").len(),
        1
    );
    assert!(faults_in("model", "ops::burn_ops", "use burn::tensor::Tensor;\n").is_empty());
}

#[test]
fn tables_are_read_and_written_through_shards() {
    let code = "use parquet::data_type::Int64Type;\n";
    assert_eq!(
        faults_in("trainer-native", "dataset::variants", code).len(),
        1
    );
    assert!(faults_in("trainer-native", "shards::table", code).is_empty());
}

#[test]
fn files_know_their_modules() {
    let path = |file: &str| module_path(Path::new(file)).join("::");
    assert_eq!(path("lib.rs"), "");
    assert_eq!(path("bin/tool.rs"), "");
    assert_eq!(path("window.rs"), "window");
    assert_eq!(path("edit/mod.rs"), "edit");
    assert_eq!(path("edit/spec.rs"), "edit::spec");
}
