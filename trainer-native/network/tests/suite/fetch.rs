//! `fetch` from a hub that behaves, and from others.

use super::program::{Program, contents, names};
use super::release::{Files, noise};
use super::server::{Asked, Reply, Server, Then};
use genolewm_core::provenance::sha256_prefixed;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::path::Path;
use tempfile::tempdir;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const RECORD: &str = ".genolewm-fetch.json";

fn encoder() -> Files {
    let mut files = Files::new();
    files.insert("config.json".to_owned(), b"{\"layers\": 1}".to_vec());
    files.insert("tokenizer.json".to_owned(), b"{}".to_vec());
    files.insert("README.md".to_owned(), b"# A model".to_vec());
    files.insert("model.safetensors".to_owned(), noise(3, 250_000));
    files.insert("pytorch_model.bin".to_owned(), noise(4, 1_000));
    files
}

fn git_blob(bytes: &[u8]) -> String {
    let mut digest = Sha1::new();
    digest.update(format!("blob {}\0", bytes.len()));
    digest.update(bytes);
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An entry of the hub's list; files of more than 500 bytes are large ones.
fn listed(path: &str, bytes: &[u8]) -> Value {
    let mut entry =
        json!({"type": "file", "path": path, "size": bytes.len(), "oid": git_blob(bytes)});
    if bytes.len() > 500 {
        let hash = sha256_prefixed(bytes);
        entry["lfs"] =
            json!({"oid": hash.strip_prefix("sha256:"), "size": bytes.len(), "pointerSize": 134});
    }
    entry
}

/// Answers as Hugging Face's hub does: the list in pages of two entries, large files elsewhere.
fn hub(files: &Files, repository: &str, large: &str, asked: &Asked) -> Reply {
    let host = asked.header("host").unwrap();
    let api = if repository.contains("data") {
        "datasets"
    } else {
        "models"
    };
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    if path == format!("/api/{api}/{repository}/revision/main") {
        return Reply::json(&json!({"sha": COMMIT, "id": repository}).to_string());
    }
    if path == format!("/api/{api}/{repository}/tree/{COMMIT}") {
        let mut entries: Vec<Value> = files
            .iter()
            .map(|(path, bytes)| listed(path, bytes))
            .collect();
        entries.push(json!({"type": "directory", "path": "data", "oid": "0", "size": 0}));
        let page: usize = query
            .rsplit_once("cursor=")
            .map_or(0, |(_, page)| page.parse().unwrap());
        let pages: Vec<_> = entries.chunks(2).collect();
        let reply = Reply::json(&Value::from(pages[page].to_vec()).to_string());
        let next = format!(
            "<http://{host}{path}?recursive=true&cursor={}>; rel=\"next\"",
            page + 1
        );
        return if page + 1 < pages.len() {
            reply.header("Link", &next)
        } else {
            reply
        };
    }
    let start = if api == "datasets" { "/datasets" } else { "" };
    let name = path.strip_prefix(&format!("{start}/{repository}/resolve/{COMMIT}/"));
    match name.and_then(|name| Some((name, files.get(name)?))) {
        Some((name, bytes)) if bytes.len() > 500 => {
            Reply::redirect(302, &format!("{large}/{name}?signature=s"))
        }
        Some((_, bytes)) => Reply::file(asked, bytes, "\"small\""),
        None => Reply::status(404),
    }
}

/// A hub, and the other server that it keeps large files on.
fn servers(repository: &'static str, files: &Files) -> (Server, Server) {
    let (small, large) = (files.clone(), files.clone());
    let store = Server::start(move |asked, before| {
        let name = asked
            .path
            .trim_start_matches('/')
            .split('?')
            .next()
            .unwrap();
        let reply = Reply::file(asked, &large[name], "\"large\"");
        match before {
            0 if large[name].len() > 200_000 => reply.then(Then::CloseAfter(100_000)),
            _ => reply,
        }
    });
    let address = store.address.clone();
    (
        Server::start(move |asked, _| hub(&small, repository, &address, asked)),
        store,
    )
}

fn fetch(folder: &Path, hub: &Server, args: &[&str]) -> Program {
    let args = [&["fetch", "--endpoint", &hub.address], args].concat();
    Program::new(folder, &args)
}

#[test]
fn an_encoder_is_shown_and_fetched_whole() {
    let (hub, store) = servers("owner/enc", &encoder());
    let folder = tempdir().unwrap();
    let out = fetch(folder.path(), &hub, &["owner/enc", "--check-only"]).succeeds();
    assert!(
        out.contains(&format!("owner/enc revision={COMMIT}")) && out.contains("3 of 5 files"),
        "{out}"
    );
    let err = fetch(folder.path(), &hub, &["owner/enc"]).fails("INPUT.GENERIC");
    assert!(err.contains("--yes"), "{err}");
    assert!(names(folder.path()).is_empty());
    let out = fetch(folder.path(), &hub, &["owner/enc", "--yes"]).succeeds();
    assert!(out.ends_with("Fetched 3 files to enc\n"), "{out}");
    let fetched = contents(&folder.path().join("enc"));
    let expected = encoder();
    for (name, bytes) in &fetched[1..] {
        assert_eq!(bytes, &expected[name], "{name}");
    }
    assert_eq!(
        names(&folder.path().join("enc")),
        [RECORD, "config.json", "model.safetensors", "tokenizer.json"]
    );
    let record: Value = serde_json::from_slice(&fetched[0].1).unwrap();
    assert_eq!(record["revision"], COMMIT);
    assert_eq!(
        record["files"]["config.json"]["git_blob_sha1"],
        git_blob(&expected["config.json"])
    );
    assert_eq!(
        record["files"]["model.safetensors"]["sha256"],
        sha256_prefixed(&expected["model.safetensors"])
    );
    let parts: Vec<_> = store
        .asked_of("/model.safetensors?signature=s")
        .iter()
        .map(Asked::from)
        .collect();
    assert_eq!(parts, [None, Some(100_000)]);
    let out = fetch(folder.path(), &hub, &["owner/enc", "--yes"]).succeeds();
    assert!(out.contains("Already there: enc"), "{out}");
    assert_eq!(store.asked().len(), 2);
}

#[test]
fn a_token_went_to_the_server_that_was_redirected_to() {
    let (hub, store) = servers("owner/enc", &encoder());
    let folder = tempdir().unwrap();
    let ended = fetch(
        folder.path(),
        &hub,
        &["owner/enc", "--yes", "--log-level", "debug"],
    )
    .env("HF_TOKEN", "hf_secret")
    .run();
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert!(
        hub.asked()
            .iter()
            .all(|asked| asked.header("authorization") == Some("Bearer hf_secret"))
    );
    assert!(!store.asked().is_empty());
    assert!(
        store
            .asked()
            .iter()
            .all(|asked| asked.header("authorization").is_none())
    );
    assert!(!(ended.out + &ended.err).contains("hf_secret"));
    for (name, bytes) in contents(folder.path()) {
        assert!(
            !bytes.windows(9).any(|window| window == b"hf_secret"),
            "{name}"
        );
    }
    let err = fetch(folder.path(), &hub, &["owner/enc"])
        .env("HF_TOKEN", "a b\r\nX: hf_secret")
        .fails("CONFIG.GENERIC");
    assert!(!err.contains("hf_secret"), "{err}");
}

#[test]
fn a_data_set_is_fetched_in_parts_and_never_of_two_revisions() {
    let mut files = Files::new();
    for shard in 0..3 {
        files.insert(format!("data/train-{shard}.parquet"), noise(shard, 2_000));
    }
    files.insert("README.md".to_owned(), b"x".to_vec());
    let (hub, store) = servers("owner/data", &files);
    let folder = tempdir().unwrap();
    let get = |more: &[&str]| {
        fetch(
            folder.path(),
            &hub,
            &[&["owner/data", "--dataset", "--yes", "-o", "d"], more].concat(),
        )
    };
    get(&["--include", "data/train-0*"]).succeeds();
    get(&["--include", "*-1.parquet", "--include", "README*"]).succeeds();
    assert_eq!(
        names(&folder.path().join("d")),
        [
            RECORD,
            "README.md",
            "data/train-0.parquet",
            "data/train-1.parquet"
        ]
    );
    get(&[]).succeeds();
    assert_eq!(names(&folder.path().join("d")).len(), 5);
    assert_eq!(store.asked().len(), 3, "each once");
    let record: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("d").join(RECORD)).unwrap())
            .unwrap();
    assert_eq!(record["files"].as_object().unwrap().len(), 4);

    let changed = folder.path().join("d/README.md");
    std::fs::write(&changed, "mine").unwrap();
    assert!(
        get(&["--all"])
            .fails("INPUT.GENERIC")
            .contains("was changed")
    );
    assert_eq!(std::fs::read(&changed).unwrap(), b"mine");
    let text = std::fs::read_to_string(folder.path().join("d").join(RECORD)).unwrap();
    std::fs::write(
        folder.path().join("d").join(RECORD),
        text.replace(COMMIT, &"f".repeat(40)),
    )
    .unwrap();
    assert!(
        get(&[])
            .fails("INPUT.GENERIC")
            .contains("another repository or revision")
    );
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    let err = fetch(
        folder.path(),
        &hub,
        &["owner/data", "--dataset", "--yes", "-o", "mine"],
    )
    .fails("INPUT.GENERIC");
    assert!(err.contains("was not fetched"), "{err}");
}

#[test]
fn a_small_file_of_another_hash_or_length_was_taken() {
    for (body, code, says) in [
        (
            &b"{\"layers\": 2}"[..],
            "PROVENANCE.MANIFEST_HASH_MISMATCH",
            "config.json is not the file",
        ),
        (
            &b"{\"layers\": 10}"[..],
            "RESOURCE.RUNTIME_SETUP",
            "another length",
        ),
        (&b"{}"[..], "RESOURCE.RUNTIME_SETUP", "another length"),
    ] {
        let files = encoder();
        let server = Server::start(move |asked, _| match asked.path.ends_with("/config.json") {
            true => Reply::bytes(body),
            false => hub(&files, "owner/enc", "http://127.0.0.1:1", asked),
        });
        let folder = tempdir().unwrap();
        let err = fetch(
            folder.path(),
            &server,
            &["owner/enc", "--yes", "--include", "config.json"],
        )
        .fails(code);
        assert!(err.contains(says), "{err}");
        assert!(!folder.path().join("enc").exists());
    }
}

#[test]
fn a_list_of_the_hub_led_out_of_the_folder() {
    for path in [
        "../../config.json",
        "/etc/config.json",
        "a\\config.json",
        ".genolewm-fetch.json",
    ] {
        let entry = listed(path, b"x");
        let server = Server::start(move |asked, _| match asked.path.contains("/tree/") {
            true => Reply::json(&json!([entry]).to_string()),
            false => Reply::bytes(b"x"),
        });
        let folder = tempdir().unwrap();
        let err = fetch(
            folder.path(),
            &server,
            &["owner/enc", "--revision", COMMIT, "--all", "--yes"],
        )
        .fails("INPUT.GENERIC");
        assert!(err.contains("could leave its folder"), "{err}");
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn a_list_went_on_at_another_server_for_ever() {
    let elsewhere = Reply::json("[]").header("Link", "<http://127.0.0.1:1/x>; rel=\"next\"");
    let server = Server::start(move |_, _| elsewhere.clone());
    let folder = tempdir().unwrap();
    let get = |server: &Server| {
        fetch(
            folder.path(),
            server,
            &["owner/enc", "--revision", COMMIT, "--yes"],
        )
    };
    let err = get(&server).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("at another server"), "{err}");
    for (answer, says) in [
        ("{}", "is none"),
        ("[", "not JSON"),
        ("[{\"type\":\"file\"}]", "gives no"),
    ] {
        let server = Server::start(move |_, _| Reply::json(answer));
        let err = get(&server).fails("RESOURCE.RUNTIME_SETUP");
        assert!(err.contains(says), "{err}");
    }
}

#[test]
fn what_is_missing_or_closed_is_said() {
    let server = Server::start(|asked, _| {
        Reply::status(if asked.path.contains("closed") {
            401
        } else {
            404
        })
    });
    let folder = tempdir().unwrap();
    let err = fetch(folder.path(), &server, &["owner/closed"]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(
        err.contains("HF_TOKEN") && err.contains("status: 401"),
        "{err}"
    );
    let err = fetch(folder.path(), &server, &["owner/none"]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("nothing at this address"), "{err}");
    for bad in ["..", "a/b/c", "https://h/x"] {
        fetch(folder.path(), &server, &[bad]).fails("INPUT.GENERIC");
    }
    let err = Program::new(
        folder.path(),
        &["fetch", "a/b", "--endpoint", "http://hub.example"],
    )
    .fails("INPUT.GENERIC");
    assert!(err.contains("https://"), "{err}");
    let gone = server.address.clone();
    drop(server);
    let err = Program::new(folder.path(), &["fetch", "a/b", "--timeout", "0"])
        .env("HF_ENDPOINT", &gone)
        .fails("INPUT.GENERIC");
    assert!(err.contains("--timeout"), "{err}");
}
