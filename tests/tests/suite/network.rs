//! What needs a network is another program, which lies beside this one.

use genolewm_tests::dir;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

const OTHER: &str = "#!/bin/sh\nprintf '%s|' \"$@\"\necho\nexit 7\n";

#[test]
fn update_and_fetch_hand_over_to_the_program_that_has_a_network() {
    let dir = dir!();
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(dir.path(program));
        command
            .args(args)
            .current_dir(dir.path("."))
            .output()
            .expect("it runs")
    };
    fs::copy(dir.program(), dir.path("genolewm")).expect("a copy of the program");
    fs::create_dir(dir.path("links")).expect("a folder");
    symlink("../genolewm", dir.path("links/geno-lewm-update")).expect("a link");

    let alone = run("genolewm", &["fetch", "a/b"]);
    let said = String::from_utf8_lossy(&alone.stderr);
    assert_eq!(alone.status.code(), Some(4), "{said}");
    assert!(
        said.contains("[RESOURCE.RUNTIME_SETUP]") && said.contains("remedy: put genolewm-network"),
        "{said}"
    );

    dir.create("genolewm-network", OTHER);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dir.path("genolewm-network"), executable).expect("a program");
    for (program, args, told) in [
        (
            "genolewm",
            &["--quiet", "fetch", "a/b", "--set", "fetch.yes=true"][..],
            "--quiet|fetch|a/b|--set|fetch.yes=true|\n",
        ),
        (
            "links/geno-lewm-update",
            &["--yes", "--model-dir", "m d"],
            "update|--yes|--model-dir|m d|\n",
        ),
    ] {
        let ended = run(program, args);
        assert_eq!(String::from_utf8_lossy(&ended.stdout), told);
        assert_eq!(ended.status.code(), Some(7));
    }
    // Two logs were kept: one here, which stayed empty, and the other program's.
    run("genolewm", &["fetch", "a/b", "--log-dir", "logs"]);
    assert!(!dir.path("logs").exists());
    // What is wrong with the flags is said here, before anything is started.
    let wrong = run("genolewm", &["update", "--rollback", "--yes"]);
    assert_eq!(wrong.status.code(), Some(2));
    let printed = run("genolewm", &["fetch", "a/b", "--print-config"]);
    assert!(String::from_utf8_lossy(&printed.stdout).contains("  revision: main\n"));
}
