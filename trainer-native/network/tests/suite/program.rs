//! The built program, in a folder and an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A command line of the program.
pub(super) struct Program {
    command: Command,
}

/// How it ended, and what it said.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Program {
    /// `genolewm-network` with arguments, run in a folder.
    pub(super) fn new(folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genolewm-network"));
        command.args(args).current_dir(folder).stdin(Stdio::null());
        for variable in [
            "HF_TOKEN",
            "HF_ENDPOINT",
            "SSL_CERT_FILE",
            "GENO_LEWM_MODEL_DIR",
            "GENO_LEWM_UPDATE_INDEX_URL",
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
        ] {
            command.env_remove(variable);
        }
        Self { command }
    }

    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it; it must end within half a minute.
    pub(super) fn run(self) -> Ended {
        let child = self.start();
        ended(child)
    }

    pub(super) fn start(mut self) -> Child {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().unwrap()
    }

    /// Runs it, which must succeed.
    #[track_caller]
    pub(super) fn succeeds(self) -> String {
        let ended = self.run();
        assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
        ended.out
    }

    /// Runs it, which must fail with a code; what it said of that.
    #[track_caller]
    pub(super) fn fails(self, code: &str) -> String {
        let ended = self.run();
        let family = code.split('.').next().unwrap();
        let status = match family {
            "INPUT" => 2,
            "CONFIG" => 3,
            "RESOURCE" => 4,
            "PROVENANCE" => 8,
            other => panic!("{other}"),
        };
        assert_eq!(ended.status, status, "{}{}", ended.out, ended.err);
        assert!(ended.err.contains(&format!("[{code}]")), "{}", ended.err);
        assert!(ended.err.contains("remedy: "), "{}", ended.err);
        ended.err
    }
}

/// Waits for a process to end.
pub(super) fn ended(mut child: Child) -> Ended {
    let end = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("the program did not end: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Ended {
        status: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// Every file below a folder, by its path, with its bytes; links by where they lead.
pub(super) fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut files, mut open): (_, Vec<PathBuf>) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap().flatten() {
            let path = entry.path();
            let name = path
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if let Ok(target) = std::fs::read_link(&path) {
                files.push((name, target.to_str().unwrap().as_bytes().to_vec()));
            } else if path.is_dir() {
                open.push(path);
            } else {
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The names alone.
pub(super) fn names(folder: &Path) -> Vec<String> {
    contents(folder).into_iter().map(|(name, _)| name).collect()
}
