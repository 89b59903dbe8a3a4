//! Bad imports, planted in a small repository on disk, and the words that they must be refused
//! with.

use super::*;

const ROOT: &str = "pub mod error;\npub mod edit;\npub mod window;\npub use window::Window;\n";

/// A repository of three crates and one package without a fault.
const CLEAN: [(&str, &str); 17] = [
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"shared\", \"model\", \"runtime-wasm\", \"trainer-native/data\"]\n",
    ),
    ("shared/Cargo.toml", "[package]\nname = \"genolewm-core\"\n"),
    ("shared/src/lib.rs", ROOT),
    ("shared/src/error.rs", "pub struct E;\n"),
    (
        "shared/src/edit/mod.rs",
        "pub mod spec;\npub mod relative;\npub struct X;\n",
    ),
    ("shared/src/edit/spec.rs", ""),
    ("shared/src/edit/relative.rs", "use super::spec;\n"),
    ("shared/src/window.rs", "pub struct Window;\n"),
    (
        "model/Cargo.toml",
        "[package]\nname = \"genolewm\"\n[dependencies]\ngenolewm-core.workspace = true\n",
    ),
    ("model/src/lib.rs", "mod ops;\nmod edit;\n"),
    ("model/src/ops.rs", "use burn::tensor::Tensor;\n"),
    ("model/src/edit.rs", ""),
    (
        "runtime-wasm/Cargo.toml",
        "[package]\nname = \"genolewm-runtime-wasm\"\n",
    ),
    ("runtime-wasm/src/lib.rs", ""),
    (
        "trainer-native/data/Cargo.toml",
        "[package]\nname = \"genolewm-data\"\n",
    ),
    (
        "trainer-native/data/src/lib.rs",
        "mod shards;\nmod dataset;\n",
    ),
    ("npm/src/errors.ts", ""),
];

/// What is said about the clean repository with more files, or others, planted in it.
fn faults_with(planted: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let modules = [
        ("trainer-native/data/src/shards.rs", ""),
        ("trainer-native/data/src/dataset.rs", ""),
    ];
    for (file, text) in CLEAN.iter().chain(&modules).chain(planted) {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    check(root.path()).err().unwrap_or_default()
}

/// The one fault that a planted file makes, which must start so.
fn assert_fault(planted: &[(&str, &str)], start: &str) {
    let faults = faults_with(planted);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with(start), "{}", faults[0]);
    assert!(faults[0].contains("help: "), "{}", faults[0]);
}

#[test]
fn a_later_module_may_use_an_earlier_one() {
    assert_eq!(faults_with(&[]), Vec::<String>::new());
    let use_edit = (
        "shared/src/window.rs",
        "use crate::edit::X;\npub struct Window;\n",
    );
    assert!(faults_with(&[use_edit]).is_empty());
}

#[test]
fn an_earlier_module_must_not_use_a_later_one() {
    assert_fault(
        &[(
            "shared/src/edit/spec.rs",
            "use core::fmt;\n\nuse crate::window::X;\n",
        )],
        "shared/src/edit/spec.rs:3: `edit` uses `crate::window`",
    );
}

#[test]
fn nested_modules_keep_the_order_of_their_parent() {
    let relative = ("shared/src/edit/relative.rs", "");
    assert_fault(
        &[
            relative,
            (
                "shared/src/edit/spec.rs",
                "fn f() -> u8 {\n    super::relative::g()\n}\n",
            ),
        ],
        "shared/src/edit/spec.rs:2: `edit::spec` uses `crate::edit::relative`",
    );
    // Files below them are held to it as well.
    assert_fault(
        &[
            relative,
            ("shared/src/edit/spec.rs", "mod inner;\n"),
            (
                "shared/src/edit/spec/inner.rs",
                "use crate::edit::relative::{self};\n",
            ),
        ],
        "shared/src/edit/spec/inner.rs:1: `edit::spec` uses `crate::edit::relative`",
    );
}

#[test]
fn neither_super_nor_a_reexport_is_a_way_around() {
    let edit = "pub mod spec;\npub mod relative;\npub use relative::Rel;\npub struct X;\n";
    let relative = ("shared/src/edit/relative.rs", "pub struct Rel;\n");
    for planted in [
        "use super::super::window::X;\n",
        "use crate::Window;\n",
        "use crate::{error::E, window::X};\n",
        "use crate as root;\nfn f(_: root::window::X) {}\n",
        "fn f() { println!(\"{}\", crate::window::X) }\n",
        "fn f() { vec![(1, crate::Window::new())]; }\n",
        "use super::super::*;\nfn f(_: Window) {}\n",
        "use super::Rel;\n",
        "impl From<super::Rel> for u8 {}\n",
        "mod inline {\n    use super::super::relative::Rel;\n}\n",
        "#[derive(Clone)]\nstruct S {\n    field: Vec<crate::window::X>,\n}\n",
    ] {
        let spec = ("shared/src/edit/spec.rs", planted);
        let faults = faults_with(&[("shared/src/edit/mod.rs", edit), relative, spec]);
        assert_eq!(faults.len(), 1, "{planted} {faults:?}");
    }
}

#[test]
fn a_parent_may_use_its_children_or_serve_them_but_not_both() {
    let serves = (
        "shared/src/edit/spec.rs",
        "use super::X;\npub struct Spec;\n",
    );
    let hands_on = "pub mod spec;\npub mod relative;\npub use spec::Spec;\npub struct X;\n";
    assert!(faults_with(&[serves, ("shared/src/edit/mod.rs", hands_on)]).is_empty());
    let uses = "pub mod spec;\npub mod relative;\npub struct X;\nfn f(_: spec::Spec) {}\n";
    assert_fault(
        &[serves, ("shared/src/edit/mod.rs", uses)],
        "shared/src/edit/mod.rs: files use each other: shared/src/edit/mod.rs → \
         shared/src/edit/spec.rs → shared/src/edit/mod.rs\n",
    );
}

#[test]
fn comments_literals_tests_and_visibility_say_nothing() {
    let spec = concat!(
        "// crate::window::b\n/* crate::window /* crate::window */ crate::window */\n",
        "const S: &str = \"crate::window \\\" crate::window\";\n",
        "const R: &str = r#\"crate::window \" crate::window\"#;\nconst Q: char = '\"';\n",
        "fn f<'a>(x: &'a str) {}\npub(in crate::window) fn g() {}\npub(super) fn h() {}\n",
        "#[cfg(test)]\nmod tests;\n#[cfg(all(test, unix))]\nuse crate::window::X;\n",
        "impl X {\n    #[cfg(test)]\n    fn f() { crate::window::f() }\n}\n",
    );
    let tests = ("shared/src/edit/spec/tests.rs", "use crate::window::X;\n");
    assert!(faults_with(&[("shared/src/edit/spec.rs", spec), tests]).is_empty());
}

#[test]
fn crates_look_downwards_only() {
    assert_fault(
        &[("shared/src/edit/spec.rs", "use genolewm::ops::Ops;\n")],
        "shared/src/edit/spec.rs:1: genolewm-core must not use genolewm\n",
    );
    let use_model = "use genolewm::ops::Ops;\n";
    assert!(faults_with(&[("trainer-native/data/src/dataset.rs", use_model)]).is_empty());
    // The native side and the browser's know nothing of each other.
    assert_fault(
        &[(
            "trainer-native/data/src/dataset.rs",
            "use genolewm_runtime_wasm::Run;\n",
        )],
        "trainer-native/data/src/dataset.rs:1: genolewm-data must not use genolewm_runtime_wasm",
    );
}

#[test]
fn manifests_are_held_to_the_same() {
    let text = "[package]\nname = \"genolewm-core\"\n[dependencies]\ngenolewm.workspace = true\n";
    assert_fault(&[("shared/Cargo.toml", text)], "shared/Cargo.toml:4: ");
    let feature = "[package]\nname = \"genolewm-core\"\n[features]\ngenolewm = []\n";
    assert!(faults_with(&[("shared/Cargo.toml", feature)]).is_empty());
}

#[test]
fn a_crate_without_a_layer_is_a_fault() {
    let members = "[workspace]\nmembers = [\"shared\", \"other\"]\n";
    assert_fault(
        &[("Cargo.toml", members)],
        "other/Cargo.toml: this crate has no layer",
    );
}

#[test]
fn the_tensor_library_stays_behind_ops() {
    assert_fault(
        &[("model/src/edit.rs", "use burn::tensor::Tensor;\n")],
        "model/src/edit.rs:1: `burn` is named outside model/src/ops",
    );
}

#[test]
fn tables_are_read_and_written_through_shards() {
    let code = "use parquet::data_type::Int64Type;\n";
    assert_fault(
        &[("trainer-native/data/src/dataset.rs", code)],
        "trainer-native/data/src/dataset.rs:1: `parquet` is named outside ",
    );
    assert!(faults_with(&[("trainer-native/data/src/shards.rs", code)]).is_empty());
}

#[test]
fn scripts_import_in_no_circle() {
    let errors = (
        "npm/src/errors.ts",
        "import type { Row } from \"./types.js\";\n",
    );
    assert!(faults_with(&[errors, ("npm/src/types.ts", "")]).is_empty());
    assert_fault(
        &[
            errors,
            (
                "npm/src/types.ts",
                "export type { Code } from \"./errors.js\";\n",
            ),
        ],
        "npm/src/errors.ts: files use each other: npm/src/errors.ts → npm/src/types.ts → ",
    );
}

#[test]
fn scripts_keep_the_order_of_folders() {
    let host = (
        "npm/src/worker/host.ts",
        "import { E } from \"../errors.js\";\n",
    );
    assert!(faults_with(&[host]).is_empty());
    let errors = "\nconst host = await import(\"./worker/host.js\");\n";
    assert_fault(
        &[
            ("npm/src/worker/host.ts", ""),
            ("npm/src/errors.ts", errors),
        ],
        "npm/src/errors.ts:2: imports `npm/src/worker/host.ts`",
    );
}
