//! Configurations: the Python package's files, what a command prints, sources of values, and the pages that
//! are made of the definitions.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use clap::{Command, CommandFactory};
use genolewm_cli::Cli;
use genolewm_cli::common::terminal::Terminal;
use genolewm_tests::stages::PREDICTOR;
use genolewm_tests::{Dir, dir, genome, golden};
use std::collections::BTreeSet;
use std::path::Path;

const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/files/package_configs");
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
const DEFAULTS: [&str; 4] = ["train", "score", "eval", "plan"];

/// Every command that does something by itself, as it is typed.
fn commands() -> Vec<String> {
    let (program, mut commands) = (Cli::command(), Vec::new());
    let mut open: Vec<(String, &Command)> = vec![(String::new(), &program)];
    while let Some((name, command)) = open.pop() {
        for inner in command.get_subcommands() {
            open.push((
                format!("{name} {}", inner.get_name()).trim().to_owned(),
                inner,
            ));
        }
        if !command.is_subcommand_required_set() && !name.is_empty() {
            commands.push(name);
        }
    }
    assert!(commands.len() > 20, "{commands:?}");
    commands
}

/// Runs a command in this process, which must succeed, and returns what it printed.
fn here(args: &str) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal::new(&mut out, &mut err);
    let words = std::iter::once("genolewm").chain(args.split(' '));
    let status = genolewm_cli::run(words.map(Into::into).collect(), None, &mut terminal);
    drop(terminal);
    assert_eq!(status, 0, "{args}: {}", String::from_utf8_lossy(&err));
    String::from_utf8(out).expect("text")
}

#[test]
fn a_default_of_the_package_was_refused_by_a_command() {
    for command in commands() {
        for name in DEFAULTS {
            let config = format!("--config {PACKAGE}/{name}.yaml");
            let printed = here(&format!("{command} {config} --print-config"));
            assert!(
                printed.contains("\npool_radius: 8\n") || printed.contains("  pool_radius: 8\n")
            );
            let tree = here(&format!("{command} {config} --print-config-tree"));
            let place = format!("# {PACKAGE}/{name}.yaml:");
            assert!(tree.contains(&place), "{command}: {tree}");
        }
    }
}

#[test]
fn what_a_command_prints_is_read_by_every_command() {
    let dir = dir!();
    let mut all = String::new();
    for command in commands() {
        let printed = here(&format!("{command} --print-config"));
        let file = command.replace(' ', "-") + ".yaml";
        dir.create(&file, &printed);
        all.push_str(&format!(" --config {}", dir.path(&file).display()));
        let again = dir
            .run(&format!("{command} --config - --print-config"))
            .stdin(printed.as_str());
        assert_eq!(again.stdout(), printed, "{command}");
        // With comments on where each value is from it is the same configuration.
        let tree = here(&format!("{command} --print-config-tree"));
        dir.create("tree.yaml", &tree);
        let path = dir.path("tree.yaml");
        let again = here(&format!(
            "{command} --config {} --print-config",
            path.display()
        ));
        assert_eq!(again, printed, "{command}");
    }
    for command in commands() {
        let own = here(&format!("{command} --print-config"));
        let others = here(&format!("{command}{all} --print-config"));
        assert_eq!(others, own, "{command}");
    }
}

#[test]
fn a_misspelt_key_or_value_passed_in_some_command() {
    let dir = dir!();
    for command in ["score", "train predictor", "eval", "doctor"] {
        for (set, meant) in [
            ("encoder.dtypo=fp99", "did you mean dtype?"),
            ("phase=phase9", "phase2"),
            (
                "train.predictor.learning_rat=1",
                "did you mean learning_rate?",
            ),
            ("score.batch_size=0", "score.batch_size"),
            ("optimizer.schedule=linear", "one of: wsd, cosine, constant"),
        ] {
            let refused = dir
                .run(&format!("{command} --set {set}"))
                .fails("CONFIG.GENERIC", 3);
            assert!(refused.stderr().contains(meant), "{set}: {refused}");
        }
    }
    dir.create("c.toml", "seed = 1\n[train.predictor]\nbach = 3\n");
    let refused = dir.run("score --config c.toml").fails("CONFIG.GENERIC", 3);
    let told = refused.stderr();
    assert!(
        told.contains("c.toml:3") && told.contains("did you mean batch?"),
        "{refused}"
    );
}

#[test]
fn each_source_wins_over_those_below_it() {
    let dir = dir!();
    dir.create("a.yaml", "score: {batch_size: 1, threads: 1}\nseed: 1\n");
    dir.create("b.json", "{\"score\": {\"batch_size\": 2}}");
    dir.create("c.toml", "[score]\nbatch_size = 3\n");
    let files = "score --config a.yaml --config b.json --config c.toml --print-config-tree";
    let tree = |more: &str, variable: Option<&str>| {
        let mut command = dir.run(&format!("{files} {more}")).into_command();
        command.envs(variable.map(|value| ("GENO_LEWM_SCORE__BATCH_SIZE", value)));
        let output = command.output().expect("its output");
        String::from_utf8(output.stdout).expect("text")
    };
    let has = |tree: String, line: &str| assert!(tree.contains(line), "no {line} in\n{tree}");
    has(tree("", None), "\n  batch_size: 3  # c.toml:2\n");
    has(tree("", None), "\n  threads: 1  # a.yaml:1\n");
    has(tree("", None), "\n  strict: false  # default\n");
    let variable = "\n  batch_size: 4  # GENO_LEWM_SCORE__BATCH_SIZE\n";
    has(tree("", Some("4")), variable);
    let set = "--set score.batch_size=5";
    has(tree(set, Some("4")), "\n  batch_size: 5  # --set\n");
    let typed = format!("{set} --batch-size 6");
    has(
        tree(&typed, Some("4")),
        "\n  batch_size: 6  # command line\n",
    );
}

#[test]
fn keys_are_explained_from_their_flags() {
    let text = here("--explain score.batch_size");
    for part in [
        "Alleles in one call",
        "whole number",
        "--batch-size",
        "GENO_LEWM_SCORE__BATCH_SIZE",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(here("score --explain batch_size"), text);
    assert_eq!(here("score --explain=--batch-size"), text);
    let text = here("--explain optimizer.schedule");
    assert!(text.contains("wsd, cosine, constant"), "{text}");
    assert!(here("--explain encoder").contains("  state_layer: "));
    let refused = dir!()
        .run("--explain encoder.dtypo")
        .fails("CONFIG.GENERIC", 3);
    assert!(
        refused.stderr().contains("did you mean dtype?"),
        "{refused}"
    );
}

#[test]
fn a_model_that_the_configuration_contradicts_was_used_silently() {
    let dir = dir!();
    golden::lay_out(&dir);
    genome::write_reference(&dir);
    dir.create("in.vcf", genome::vcf([100]));
    let score = format!("score --vcf in.vcf --fasta ref.fa {}", golden::MODEL);
    let plain = dir.run(&score).stdout();
    let run = dir
        .run(&format!("{score} --config {PACKAGE}/score.yaml"))
        .ok();
    let told = run.stderr();
    for part in [
        "encoder.state_layer is ",
        "not 20",
        "score.yaml:17",
        "say nothing to `score`",
        "optimizer.lr",
    ] {
        assert!(told.contains(part), "no {part} in {run}");
    }
    assert_eq!(run.stdout(), plain);
    let refused = dir.run(&format!("{score} --set encoder.state_layer=20"));
    let refused = refused.fails("CONFIG.GENERIC", 3);
    assert!(
        refused.stderr().contains("encoder.state_layer"),
        "{refused}"
    );
    // What was printed scores the same.
    let printed = dir.run(&format!("{score} --print-config")).stdout();
    assert_eq!(dir.run("score --config -").stdin(printed).stdout(), plain);
}

#[test]
fn the_packages_training_keys_were_ignored() {
    let dir = PREDICTOR.prepared(dir!());
    let keys = "optimizer: {schedule: cosine, beta1: 0.5, beta2: 0.6, weight_decay: 0.2, grad_clip: 0.5}\n\
                predictor: {n_layers: 4}\ntraining: {collapse_log_every_steps: 2}\n";
    dir.create("keys.yaml", keys);
    let command = |output| {
        PREDICTOR
            .command(output, 4)
            .replace(" --collapse-every 7", "")
    };
    dir.run(&(command("plain") + " --collapse-every 2")).ok();
    dir.run(&(command("keys") + " --config keys.yaml")).ok();
    let resolved = dir.text("keys/config.resolved.yaml");
    for line in [
        "schedule: cosine",
        "beta1: 0.5",
        "beta2: 0.6",
        "weight_decay: 0.2",
        "clip: 0.5",
        "cross_blocks: 3",
        "self_blocks: 1",
        "collapse_every: 2",
    ] {
        assert!(resolved.contains(line), "no {line} in\n{resolved}");
    }
    // Flags mean the same, and the betas matter.
    let flags = " --collapse-every 2 --schedule cosine --beta2 0.6 --weight-decay 0.2 --clip 0.5 \
                 --cross-blocks 3 --self-blocks 1";
    dir.run(&(command("flags") + flags + " --beta1 0.5")).ok();
    PREDICTOR.assert_same(&dir, ("keys", "flags"), 4);
    dir.run(&(command("other") + flags)).ok();
    let weights = |run: &str| dir.bytes(&format!("{run}/model/predictor.safetensors"));
    assert!(
        weights("other") != weights("flags"),
        "beta1 changes nothing"
    );
    // Both layouts repeat the run.
    let again = "train predictor --config keys/config.resolved.yaml --output again";
    dir.run(again).ok();
    PREDICTOR.assert_same(&dir, ("keys", "again"), 4);
    dir.run(&(command("package") + " --config keys/config.package.yaml"))
        .ok();
    PREDICTOR.assert_same(&dir, ("keys", "package"), 4);
    let untold = dir.text("plain/config.resolved.yaml");
    assert!(
        !untold.contains("beta1"),
        "a checkpoint of before has no betas: {untold}"
    );
    for (set, reason) in [
        ("phase=phase2", "train joint"),
        ("encoder.pool_type=global_mean", "around the locus"),
        ("encoder.normalize=false", "length 1"),
        ("optimizer.name=sgd-momentum", "AdamW"),
        ("action.max_len=8", "16 bases"),
    ] {
        let refused = dir
            .run(&(command("no") + " --set " + set))
            .fails("CONFIG.GENERIC", 3);
        assert!(refused.stderr().contains(reason), "{set}: {refused}");
    }
}

#[test]
fn the_reference_of_the_configuration_drifted() {
    let dir = dir!();
    here(&format!(
        "completions --configuration {}",
        dir.path("").display()
    ));
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    };
    let docs = Path::new(DOCS);
    let files = names(&dir.path("config"));
    assert_eq!(names(&docs.join("config")), files);
    let files = files.iter().map(|name| format!("config/{name}"));
    let remedy = "run `genolewm completions --configuration docs`";
    for name in [
        "configuration.md".to_owned(),
        "config.schema.json".to_owned(),
    ]
    .into_iter()
    .chain(files)
    {
        let kept = std::fs::read_to_string(docs.join(&name)).unwrap_or_default();
        assert!(
            kept == dir.text(&name),
            "docs/{name} is not what the flags say: {remedy}"
        );
    }
    shipped_defaults_are_defaults(&dir);
}

/// Every file of defaults is read by its command and changes nothing.
fn shipped_defaults_are_defaults(dir: &Dir) {
    for command in commands() {
        let file = dir.path(format!("config/{}.yaml", command.replace(' ', "-")));
        if file.exists() {
            let plain = here(&format!("{command} --print-config"));
            let file = file.display();
            assert_eq!(
                here(&format!("{command} --config {file} --print-config")),
                plain
            );
        }
    }
}
