//! What the program says of itself: its help, its man pages and completions, from one definition.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::dir;

/// A terminal as it opens on most machines, and no more lines than fit one that was made larger.
const COLUMNS: usize = 100;
const LINES: usize = 40;

#[test]
fn the_help_of_the_program_took_three_screens() {
    let dir = dir!();
    for ask in ["--help", "-h", "help"] {
        let help = dir.run(ask).ok().stdout();
        let lines: Vec<&str> = help.lines().collect();
        assert!(lines.len() <= LINES, "{} lines\n{help}", lines.len());
        let wide = lines.iter().find(|line| line.chars().count() > COLUMNS);
        assert_eq!(wide, None);
    }
}

/// Text without what shells and man pages need around apostrophes and hyphens.
fn plain(text: &str) -> String {
    let text = text.replace("'\\''", "'").replace("\\*(Aq", "'");
    text.replace('\\', "")
}

/// Each command stands in the help once, with the first line of its own help, which is that of its
/// man page and of the completions.
#[test]
fn a_command_described_itself_with_the_text_of_the_program() {
    let dir = dir!();
    let help = dir.run("--help").ok().stdout();
    dir.run("completions --man .").ok();
    let scripts = ["zsh", "fish"].map(|shell| dir.run(&format!("completions {shell}")).stdout());
    let pages = dir.names();
    let commands = pages
        .iter()
        .filter_map(|name| name.strip_prefix("genolewm-")?.strip_suffix(".1"))
        .filter(|name| !name.starts_with("train-"));
    let mut seen = 0;
    for command in commands {
        seen += 1;
        let own = dir.run(&format!("{command} --help")).ok().stdout();
        let about = own.lines().next().expect("a first line").to_owned();
        let listed = help.lines().filter(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            line.starts_with("  ") && words.first() == Some(&command)
        });
        let listed: Vec<&str> = listed.collect();
        assert_eq!(listed.len(), 1, "{command} in\n{help}");
        assert!(listed[0].ends_with(&about), "{} is not {about}", listed[0]);
        let page = plain(&dir.text(&format!("genolewm-{command}.1")));
        assert!(
            page.contains(&format!("genolewm-{command} - {about}")),
            "{page}"
        );
        for script in &scripts {
            assert!(
                plain(script).contains(&about),
                "{about} of {command} is missing"
            );
        }
    }
    assert!(seen >= 15, "{pages:?}");
}
