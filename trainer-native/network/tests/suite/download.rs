//! Servers that stall, stop, lie and lead astray.

use super::program::{Ended, Program, contents, ended, names};
use super::release::{Files, release, serve, write};
use super::server::{Asked, Reply, Server, Then};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

const LARGEST: &str = "/new/predictor.safetensors";

fn installed() -> TempDir {
    let folder = tempdir().unwrap();
    write(&folder.path().join("old"), &release("0.1", "old", 1));
    folder
}

fn update(folder: &Path, server: &Server, more: &[&str]) -> Program {
    let index = server.url("/index.json");
    Program::new(
        folder,
        &[
            &["update", "--model-dir", "old", "--index", &index, "--yes"],
            more,
        ]
        .concat(),
    )
}

/// A server of a good release, but for what `bad` makes of the answers about the largest file.
fn server(bad: impl Fn(&Asked, usize, Reply) -> Reply + Send + Sync + 'static) -> (Server, Files) {
    let new = release("0.2", "new", 9);
    let served = new.clone();
    let server = Server::start(move |asked, before| {
        let reply = serve(&served, asked);
        match asked.path == LARGEST && asked.method == "GET" {
            true => bad(asked, before, reply),
            false => reply,
        }
    });
    (server, new)
}

#[track_caller]
fn assert_installed(folder: &Path, new: Files) {
    assert_eq!(
        contents(&folder.join("new")),
        new.into_iter().collect::<Vec<_>>()
    );
    let left = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_connection_that_closed_in_the_middle_began_anew() {
    let (server, new) = server(|_, before, reply| match before {
        0 => reply.then(Then::CloseAfter(100_000)),
        1 => reply.then(Then::CloseAfter(90_000)),
        _ => reply,
    });
    let folder = installed();
    update(folder.path(), &server, &[]).succeeds();
    assert_installed(folder.path(), new);
    let asked = server.asked_of(LARGEST);
    let from: Vec<_> = asked.iter().map(Asked::from).collect();
    assert_eq!(from, [None, Some(100_000), Some(190_000)]);
    assert_eq!(asked[1].header("if-range"), Some("\"300000\""));
}

#[test]
fn a_file_that_changed_meanwhile_was_put_together_of_two() {
    let (server, new) = server(|asked, before, reply| match before {
        0 => Reply::bytes(&[7; 300_000])
            .header("ETag", "\"other\"")
            .then(Then::CloseAfter(100_000)),
        _ => {
            assert_eq!(asked.header("if-range"), Some("\"other\""));
            reply
        }
    });
    let folder = installed();
    update(folder.path(), &server, &[]).succeeds();
    assert_installed(folder.path(), new);
}

#[test]
fn a_server_that_ignores_if_range_spoilt_the_file() {
    let (server, new) = server(|asked, before, reply| match before {
        0 => Reply::bytes(&[7; 300_000])
            .header("ETag", "\"other\"")
            .then(Then::CloseAfter(100_000)),
        1 => {
            let mut asked = asked.clone();
            asked.headers.remove("if-range");
            serve(&release("0.2", "new", 9), &asked)
        }
        _ => reply,
    });
    let folder = installed();
    update(folder.path(), &server, &[]).succeeds();
    assert_installed(folder.path(), new);
    assert_eq!(
        server.asked_of(LARGEST).last().unwrap().from(),
        None,
        "from its start again"
    );
}

#[test]
fn a_server_that_was_busy_for_a_moment_was_given_up() {
    let (server, new) = server(|_, before, reply| match before {
        0 => Reply::status(503).header("Retry-After", "1"),
        1 => Reply::status(429),
        _ => reply,
    });
    let folder = installed();
    let start = Instant::now();
    update(folder.path(), &server, &[]).succeeds();
    assert!(
        start.elapsed() > Duration::from_secs(1),
        "it was told to wait"
    );
    assert_installed(folder.path(), new);
}

#[test]
fn a_server_that_is_always_busy_is_given_up() {
    let (server, _) = server(|_, _, _| Reply::status(503));
    let folder = installed();
    let err = update(folder.path(), &server, &[]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(
        err.contains("attempts: 5") && err.contains("status: 503"),
        "{err}"
    );
    assert_eq!(server.asked_of(LARGEST).len(), 5);
    assert!(!folder.path().join("new").exists());
}

#[test]
fn a_server_that_stalls_was_waited_for_for_ever() {
    let (server, new) = server(|_, before, reply| match before {
        0 => reply.then(Then::StallAfter(80_000)),
        1 => reply.then(Then::StallAfter(0)),
        _ => reply,
    });
    let folder = installed();
    update(folder.path(), &server, &["--timeout", "0.5"]).succeeds();
    assert_installed(folder.path(), new);
    assert_eq!(server.asked_of(LARGEST)[2].from(), Some(80_000));
}

#[test]
fn a_server_that_sends_a_byte_at_a_time_held_the_program_for_ever() {
    let slow = |reply: Reply| reply.then(Then::Trickle(Duration::from_millis(40)));
    let (server, _) = server(move |_, _, reply| slow(reply));
    let folder = installed();
    let start = Instant::now();
    let err = update(folder.path(), &server, &["--timeout", "1"]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("stopped answering"), "{err}");
    assert!(start.elapsed() < Duration::from_secs(25));
}

#[test]
fn a_file_of_another_hash_was_installed() {
    let (server, _) = server(|_, _, _| Reply::bytes(&[7; 300_000]));
    let folder = installed();
    let before = contents(folder.path());
    let err = update(folder.path(), &server, &[]).fails("PROVENANCE.MANIFEST_HASH_MISMATCH");
    assert!(err.contains("file: predictor.safetensors"), "{err}");
    assert!(!folder.path().join("new").exists());
    assert_eq!(
        contents(&folder.path().join("old")),
        before
            .iter()
            .map(|(name, bytes)| { (name.strip_prefix("old/").unwrap().to_owned(), bytes.clone()) })
            .collect::<Vec<_>>()
    );
    // The good files that came before it are kept, the bad one is not.
    assert!(
        !names(folder.path())
            .iter()
            .any(|name| name.ends_with(".part")),
        "{:?}",
        names(folder.path())
    );
}

#[test]
fn a_server_that_sends_less_than_it_says_is_asked_again() {
    let (server, new) = server(|_, before, reply| match before {
        0 => reply.told(400_000),
        _ => reply,
    });
    let folder = installed();
    update(folder.path(), &server, &[]).succeeds();
    assert_installed(folder.path(), new);
}

#[test]
fn a_file_beyond_the_limit_filled_the_disk() {
    let (server, _) = server(|_, _, reply| reply.told(usize::MAX >> 1).then(Then::StallAfter(10)));
    let folder = installed();
    let err = update(folder.path(), &server, &[]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("limit_bytes: 68719476736"), "{err}");
}

#[test]
fn a_list_that_never_ends_is_refused() {
    let server = Server::start(|_, _| Reply::bytes(&vec![b' '; 17 << 20]));
    let folder = installed();
    let err = update(folder.path(), &server, &[]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("limit_bytes: 16777216"), "{err}");
}

#[test]
fn a_file_that_nobody_asked_to_be_packed_is_refused() {
    let (server, _) = server(|_, _, reply| reply.header("Content-Encoding", "gzip"));
    let folder = installed();
    let err = update(folder.path(), &server, &[]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("packs"), "{err}");
}

#[test]
fn redirects_in_a_circle_or_out_of_encryption_were_followed() {
    for (location, says) in [
        (LARGEST, "again and again"),
        ("http://genolewm.example/x", "does not follow|do not follow"),
        ("ftp://127.0.0.1/x", "do not follow"),
        ("file:///etc/passwd", "do not follow"),
        ("http://user:secret@127.0.0.1/x", "do not follow"),
    ] {
        let (server, _) = server(move |_, _, _| Reply::redirect(302, location));
        let folder = installed();
        let err = update(folder.path(), &server, &[]).fails("RESOURCE.RUNTIME_SETUP");
        assert!(
            says.split('|').any(|says| err.contains(says)),
            "{location}: {err}"
        );
        assert!(!err.contains("secret"), "{err}");
        assert!(server.asked_of(LARGEST).len() <= 6);
    }
}

#[test]
fn a_redirect_to_another_server_is_followed_and_its_file_checked() {
    let new = release("0.2", "new", 9);
    let bytes = new["predictor.safetensors"].clone();
    let other = Server::start(move |asked, _| Reply::file(asked, &bytes, "\"x\""));
    let location = other.url("/blob?signature=secret");
    let (server, new) = server(move |_, _, _| Reply::redirect(307, &location));
    let folder = installed();
    update(folder.path(), &server, &[]).succeeds();
    assert_installed(folder.path(), new);
    assert_eq!(other.asked_of("/blob?signature=secret").len(), 1);
    // Where it is lost, the signature is not told.
    let location = other.url("/blob?signature=secret");
    drop(other);
    let gone = Server::start(|_, _| Reply::status(403));
    let location = location.replace(
        location.split('/').nth(2).unwrap(),
        &gone.address["http://".len()..],
    );
    let (server, _) = self::server(move |_, _, _| Reply::redirect(307, &location));
    let err = update(installed().path(), &server, &[]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("/blob") && !err.contains("secret"), "{err}");
}

/// Presses Ctrl-C.
fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn what_a_stopped_update_had_fetched_was_lost() {
    let (server, new) = server(|_, before, reply| match before {
        0 => reply.then(Then::StallAfter(150_000)),
        _ => reply,
    });
    let folder = installed();
    let child = update(folder.path(), &server, &[]).start();
    let end = Instant::now() + Duration::from_secs(20);
    let has_come = || {
        contents(folder.path())
            .iter()
            .any(|(name, bytes)| name.ends_with(".part") && bytes.len() == 150_000)
    };
    while !has_come() {
        assert!(Instant::now() < end, "nothing came");
        std::thread::sleep(Duration::from_millis(20));
    }
    interrupt(&child);
    let Ended { status, err, .. } = ended(child);
    assert_eq!(status, 130, "{err}");
    assert!(
        err.contains("are kept in") && err.contains("goes on from there"),
        "{err}"
    );
    assert!(!folder.path().join("new").exists());
    update(folder.path(), &server, &[]).succeeds();
    assert_installed(folder.path(), new);
    assert_eq!(
        server.asked_of(LARGEST).last().unwrap().from(),
        Some(150_000)
    );
}

#[test]
fn two_updates_at_once_spoilt_each_other() {
    let (server, new) = server(|_, before, reply| match before {
        0 => reply.then(Then::StallAfter(100_000)),
        _ => reply,
    });
    let folder = installed();
    let first = update(folder.path(), &server, &[]).start();
    while server.asked_of(LARGEST).is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let err = update(folder.path(), &server, &[]).fails("INPUT.GENERIC");
    assert!(err.contains("another process"), "{err}");
    interrupt(&first);
    assert_eq!(ended(first).status, 130);
    update(folder.path(), &server, &[]).succeeds();
    assert_installed(folder.path(), new);
}

#[test]
fn a_manifest_of_another_release_than_the_list_names_is_refused() {
    let wrong = release("0.2", "another", 9);
    let server = Server::start(move |asked, _| serve(&wrong, asked));
    let err = update(installed().path(), &server, &[]).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("do not fit together"), "{err}");
}

#[test]
fn a_release_led_out_of_its_folder() {
    let mut new = release("0.2", "new", 9);
    let manifest = String::from_utf8(new["manifest.json"].clone()).unwrap();
    new.insert(
        "manifest.json".to_owned(),
        manifest
            .replace("predictor.safetensors", "../../predictor")
            .into_bytes(),
    );
    let server = Server::start(move |asked, _| serve(&new, asked));
    let folder = installed();
    let err = update(folder.path(), &server, &[]).fails("INPUT.GENERIC");
    assert!(err.contains("../../predictor"), "{err}");
    assert_eq!(names(folder.path()).len(), 6);
}
