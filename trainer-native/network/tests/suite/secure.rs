//! Encryption: whose certificates are believed, and that it is not given up.

use super::program::Program;
use super::release::{release, serve, write};
use super::server::{Reply, Server};
use tempfile::{TempDir, tempdir};

fn installed() -> TempDir {
    let folder = tempdir().unwrap();
    write(&folder.path().join("old"), &release("0.1", "old", 1));
    folder
}

fn update(folder: &TempDir, server: &Server) -> Program {
    let index = server.url("/index.json");
    Program::new(
        folder.path(),
        &["update", "--model-dir", "old", "--index", &index, "--yes"],
    )
}

/// One that believes this server alone.
fn believing_update(folder: &TempDir, server: &Server) -> Program {
    let path = folder.path().join("server.pem");
    std::fs::write(&path, &server.certificate).unwrap();
    update(folder, server).env("SSL_CERT_FILE", path.to_str().unwrap())
}

#[test]
fn a_server_that_nobody_vouches_for_was_believed() {
    let new = release("0.2", "new", 9);
    let server = Server::start_secure(move |asked, _| {
        let mut reply = serve(&new, asked);
        let plain = String::from_utf8_lossy(&reply.body).replace("http://", "https://");
        if asked.path == "/index.json" {
            reply.body = plain.into_bytes();
        }
        reply
    });
    let folder = installed();
    let err = update(&folder, &server).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.to_lowercase().contains("certificate"), "{err}");
    assert!(server.asked().is_empty(), "nothing was asked of it");
    believing_update(&folder, &server).succeeds();
    assert!(folder.path().join("new/manifest.json").exists());
    let none = format!("{}/old/train_config.yaml", folder.path().display());
    update(&folder, &server)
        .env("SSL_CERT_FILE", &none)
        .fails("CONFIG.GENERIC");
}

#[test]
fn a_redirect_gave_up_encryption() {
    let plain = Server::start(|_, _| Reply::json("{}"));
    let location = plain.url("/index.json");
    let server = Server::start_secure(move |_, _| Reply::redirect(302, &location));
    let err = believing_update(&installed(), &server).fails("RESOURCE.RUNTIME_SETUP");
    assert!(err.contains("not be encrypted"), "{err}");
    assert!(plain.asked().is_empty());
}

#[test]
fn a_list_on_the_network_named_a_file_of_this_machine() {
    let list = r#"{"releases":[{"model_version":"9","release_id":"x","manifest_url":"file:///etc/hostname"}]}"#;
    let server = Server::start_secure(move |_, _| Reply::json(list));
    let err = believing_update(&installed(), &server).fails("INPUT.GENERIC");
    assert!(err.contains("a file of this machine"), "{err}");
}
