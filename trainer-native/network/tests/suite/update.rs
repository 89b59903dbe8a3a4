//! `update` where the server behaves.

use super::program::{Program, contents, names};
use super::release::{Files, entry, list, release, serve, write};
use super::server::Server;
use genolewm_core::provenance::{Seal, sha256_prefixed};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use tempfile::{TempDir, tempdir};

/// A folder with the release `old` and a link `current` to it.
fn installed() -> TempDir {
    let folder = tempdir().unwrap();
    write(&folder.path().join("models/old"), &release("0.1", "old", 1));
    symlink("old", folder.path().join("models/current")).unwrap();
    folder
}

const INSTALLED: [&str; 6] = [
    "action_encoder.safetensors",
    "calibration.parquet",
    "eval_metrics.json",
    "manifest.json",
    "predictor.safetensors",
    "train_config.yaml",
];

#[test]
fn a_release_is_shown_installed_used_and_rolled_back() {
    let folder = installed();
    let models = folder.path().join("models");
    let new = release("0.2", "new", 9);
    let served = new.clone();
    let server = Server::start(move |asked, _| serve(&served, asked));
    let index = server.url("/index.json");
    let update = |more: &[&str]| {
        let args = [
            &["update", "--model-dir", "models/current", "--index", &index],
            more,
        ]
        .concat();
        Program::new(folder.path(), &args)
    };
    let before = contents(&models);

    let out = update(&["--check-only"]).succeeds();
    assert!(
        out.contains("  version=0.1 release_id=old\n")
            && out.contains("  version=0.2 release_id=new\n"),
        "{out}"
    );
    assert!(
        out.contains("Manifest diff:\n  model_version: 0.1 -> 0.2\n  release_id: old -> new\n"),
        "{out}"
    );
    assert!(
        out.ends_with("Check only: no files were installed.\n"),
        "{out}"
    );
    let err = update(&[]).fails("INPUT.GENERIC");
    assert!(err.contains("--yes"), "{err}");
    assert_eq!(contents(&models), before, "nothing was installed yet");

    let out = update(&["--yes"]).succeeds();
    assert!(
        out.contains("Installed update release_id=new artifacts=5 path=models/new\n"),
        "{out}"
    );
    assert_eq!(names(&models.join("new")), INSTALLED);
    assert_eq!(
        contents(&models.join("new")),
        new.into_iter().collect::<Vec<_>>()
    );
    assert_eq!(
        contents(&models.join("old")),
        contents_of(&before, "old/"),
        "the old one is as it was"
    );
    assert_eq!(
        fs::read_link(models.join("current")).unwrap().to_str(),
        Some("new")
    );
    assert!(
        update(&["--yes"])
            .succeeds()
            .contains("Already up to date.")
    );

    let rollback = || {
        Program::new(
            folder.path(),
            &["update", "--model-dir", "models/current", "--rollback"],
        )
    };
    let out = rollback().succeeds();
    assert!(out.contains("leads to old again: version=0.1"), "{out}");
    assert_eq!(
        fs::read_link(models.join("current")).unwrap().to_str(),
        Some("old")
    );
    let asked = server.asked().len();
    let out = update(&["--yes"]).succeeds();
    assert!(
        out.contains("Release already installed release_id=new path=models/new"),
        "{out}"
    );
    assert_eq!(
        fs::read_link(models.join("current")).unwrap().to_str(),
        Some("new")
    );
    let again: Vec<_> = server.asked().split_off(asked);
    assert!(
        !again
            .iter()
            .any(|asked| asked.path.ends_with(".safetensors")),
        "{again:?}"
    );
    rollback().succeeds();
    rollback().succeeds();
    assert_eq!(
        fs::read_link(models.join("current")).unwrap().to_str(),
        Some("new")
    );
}

fn contents_of(all: &[(String, Vec<u8>)], prefix: &str) -> Vec<(String, Vec<u8>)> {
    let inside = all
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix(prefix)?.to_owned(), bytes.clone())));
    inside.collect()
}

/// The very words of geno-lewm-update 0.2.1 for such releases.
#[test]
fn a_list_on_the_disk_is_used_as_the_python_package_uses_it() {
    let folder = tempdir().unwrap();
    let (old, new) = (release("0.1", "old", 1), release("0.2", "new", 9));
    write(&folder.path().join("m/old"), &old);
    write(&folder.path().join("site"), &new);
    let manifest = format!("file://{}/site/manifest.json", folder.path().display());
    let index = list(&[entry("0.2", "new", &manifest)]);
    fs::write(folder.path().join("index.json"), index).unwrap();
    let out = Program::new(
        folder.path(),
        &[
            "update",
            "--model-dir",
            "m/old",
            "--index-url",
            "index.json",
            "-y",
        ],
    )
    .succeeds();
    let id = |files: &Files| sha256_prefixed(&files["manifest.json"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[..8],
        [
            "Local model:",
            "  version=0.1 release_id=old",
            &format!("  model_id={}", id(&old)),
            "Remote model:",
            "  version=0.2 release_id=new",
            &format!("  model_id={}", id(&new)),
            "Manifest diff:",
            "  model_version: 0.1 -> 0.2",
        ]
    );
    assert_eq!(
        lines[lines.len() - 2..],
        [
            "Installed update release_id=new artifacts=5 path=m/new",
            "Previous version preserved at m/old",
        ]
    );
    assert_eq!(names(&folder.path().join("m/new")), INSTALLED);
    let err = Program::new(
        folder.path(),
        &["update", "--model-dir", "m/old", "--rollback"],
    )
    .fails("INPUT.GENERIC");
    assert!(err.contains("link"), "{err}");
}

#[test]
fn all_that_a_seal_lists_is_installed_and_nothing_else() {
    let folder = installed();
    let mut new = release("0.2", "new", 9);
    new.insert("encoder/config.json".to_owned(), b"{}".to_vec());
    new.insert("self_check.json".to_owned(), b"{\"x\":1}".to_vec());
    let hashes = new
        .iter()
        .map(|(name, bytes)| (name.clone(), sha256_prefixed(bytes)));
    let seal = Seal::new(hashes.collect()).unwrap().to_text().unwrap();
    new.insert("seal.json".to_owned(), seal.into_bytes());
    let mut served = new.clone();
    served.insert("surplus".to_owned(), b"x".to_vec());
    let server = Server::start(move |asked, _| serve(&served, asked));
    let index = server.url("/index.json");
    let args = [
        "update",
        "--model-dir",
        "models/old",
        "--index",
        &index,
        "--yes",
        "--install-root",
        "else/where",
    ];
    Program::new(folder.path(), &args).succeeds();
    assert_eq!(
        contents(&folder.path().join("else/where/new")),
        new.into_iter().collect::<Vec<_>>()
    );
}

#[test]
fn a_release_without_its_encoder_gets_the_same_one_that_is_installed() {
    let folder = installed();
    fs::create_dir(folder.path().join("models/old/encoder")).unwrap();
    fs::write(folder.path().join("models/old/encoder/config.json"), "{}").unwrap();
    let new = release("0.2", "new", 9);
    let server = Server::start(move |asked, _| serve(&new, asked));
    let args = [
        "update",
        "--model-dir",
        "models/old",
        "--index",
        &server.url("/index.json"),
        "--yes",
    ];
    Program::new(folder.path(), &args).succeeds();
    assert_eq!(
        fs::read(folder.path().join("models/new/encoder/config.json")).unwrap(),
        b"{}"
    );
}

#[test]
fn an_older_release_is_installed_only_when_it_is_named() {
    let folder = installed();
    write(&folder.path().join("models/old"), &release("0.3", "old", 1));
    let new = release("0.2", "new", 9);
    let server = Server::start(move |asked, _| serve(&new, asked));
    let index = server.url("/index.json");
    let args = [
        "update",
        "--model-dir",
        "models/old",
        "--index",
        &index,
        "--yes",
    ];
    let out = Program::new(folder.path(), &args).succeeds();
    assert!(
        out.contains("newer than any release") && !folder.path().join("models/new").exists(),
        "{out}"
    );
    let args = [&args[..], &["--target-version", "0.2"]].concat();
    Program::new(folder.path(), &args).succeeds();
    assert!(folder.path().join("models/new").exists());
}

#[test]
fn another_folder_of_the_releases_name_was_taken_for_it() {
    let folder = installed();
    let mut other = release("0.2", "new", 9);
    other.insert("predictor.safetensors".to_owned(), b"changed".to_vec());
    write(&folder.path().join("models/new"), &other);
    let before = contents(&folder.path().join("models"));
    let new = release("0.2", "new", 9);
    let server = Server::start(move |asked, _| serve(&new, asked));
    let args = [
        "update",
        "--model-dir",
        "models/current",
        "--index",
        &server.url("/index.json"),
        "--yes",
    ];
    Program::new(folder.path(), &args).fails("PROVENANCE.MANIFEST_HASH_MISMATCH");
    assert_eq!(contents(&folder.path().join("models")), before);
}

#[test]
fn the_environment_names_directory_and_list() {
    let folder = installed();
    let new = release("0.2", "new", 9);
    let server = Server::start(move |asked, _| serve(&new, asked));
    let program = Program::new(folder.path(), &["update", "--check-only"])
        .env("GENO_LEWM_MODEL_DIR", "models/current")
        .env("GENO_LEWM_UPDATE_INDEX_URL", &server.url("/index.json"));
    assert!(program.succeeds().contains("0.1 -> 0.2"));
    let err =
        Program::new(folder.path(), &["update", "--check-only"]).fails("RESOURCE.MODEL_NOT_FOUND");
    assert!(err.contains(".geno-lewm-models/current"), "{err}");
}

/// On a terminal that `script` makes, since only there anybody can be asked.
#[test]
fn a_user_is_asked_and_may_say_no() {
    let folder = installed();
    let new = release("0.2", "new", 9);
    let server = Server::start(move |asked, _| serve(&new, asked));
    let program = env!("CARGO_BIN_EXE_genolewm-network");
    let index = server.url("/index.json");
    let command = format!("{program} update --model-dir models/current --index {index}");
    for (answer, said, installed) in [
        ("n\n", "Update cancelled; no files were installed.", false),
        ("\n", "Update cancelled; no files were installed.", false),
        ("y\n", "Installed update release_id=new", true),
    ] {
        let mut script = Command::new("script");
        script
            .args(["-qec", &command, "/dev/null"])
            .current_dir(folder.path());
        let mut script = script
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keys = script.stdin.take().unwrap();
        keys.write_all(answer.as_bytes()).unwrap();
        let ended = script.wait_with_output().unwrap();
        drop(keys);
        let out = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && out.contains(said), "{out}");
        assert!(
            out.contains("0.1 -> 0.2, ") && out.contains("[y/N]"),
            "{out}"
        );
        assert_eq!(folder.path().join("models/new").exists(), installed);
    }
}
