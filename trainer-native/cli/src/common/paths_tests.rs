//! The table of what is written, held to the flags that there are.

use super::*;
use crate::Cli;
use clap::CommandFactory;

/// Every flag with a path, by the commands that have it.
fn path_flags(command: &clap::Command, above: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let mut names = above.to_vec();
    names.push(command.get_name().to_owned());
    for flag in command.get_arguments() {
        if flag.get_value_parser().type_id() == TypeId::of::<PathBuf>() {
            found.push((names.clone(), flag.get_id().to_string()));
        }
    }
    for inner in command.get_subcommands() {
        path_flags(inner, &names, found);
    }
}

fn all() -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    path_flags(&Cli::command(), &[], &mut found);
    found
}

/// What is read at a path. A new flag belongs here or into [`WRITTEN`].
const READ: &[&str] = &[
    "annotation",
    "baseline_scores_jsonl",
    "budget_fasta",
    "budget_vcf",
    "calibration",
    "carbon_model_dir",
    "checkpoint",
    "clinvar",
    "clinvar_fasta",
    "common",
    "common_fasta",
    "common_regions",
    "config",
    "config_artifact",
    "corpus",
    "dataset_dir",
    "dataset_manifest",
    "directory",
    "efficiency_report",
    "encoder",
    "encoder_dir",
    "evaluation",
    "examples_jsonl",
    "exons",
    "fasta",
    "holdout",
    "holdout_edits",
    "holdout_records",
    "init",
    "initial_state",
    "input",
    "input_vcf",
    "known",
    "labels_jsonl",
    "manifest",
    "metrics",
    "metrics_json",
    "model_config",
    "model_dir",
    "plan",
    "predictor",
    "primates",
    "primates_fasta",
    "receipt",
    "reference_alleles",
    "repeats",
    "requests_jsonl",
    "resume_from",
    "rollout_state_examples_report",
    "rollout_state_rows_report",
    "scores",
    "scores_jsonl",
    "states_jsonl",
    "target_fasta",
    "target_state",
    "training_config",
    "validation",
    "vcf",
    "window_fasta",
];

#[test]
fn a_new_flag_could_write_over_what_is_read() {
    for (commands, flag) in all() {
        let names: Vec<&str> = commands.iter().map(String::as_str).collect();
        assert!(
            written(&names, &flag).is_some() || READ.contains(&flag.as_str()),
            "whether --{flag} of {names:?} is read or written is not known"
        );
    }
    let all = all();
    for (command, flag, _) in WRITTEN.iter().chain(&FOLDERS) {
        let is =
            |(names, id): &(Vec<String>, String)| id == flag && names.iter().any(|n| n == command);
        assert!(all.iter().any(is), "{command} has no --{flag}");
    }
}
