//! Which files a command reads and which it writes, told by its flags before anything is done; and that
//! none is written that is read, or written twice, whatever its names.

use super::logging::file_name as log_name;
use super::output::is_stdin_or_stdout;
use clap::ArgMatches;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::corpus::read_corpus_table;
use genolewm_observe::RunId;
use genolewm_report::output::link_target;
use std::any::TypeId;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// What is written at a flag's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// A file, and others whose names end in something more.
    File(&'static [&'static str]),
    /// A file, and another beside it.
    FileBeside(&'static str),
    /// These files in a folder, among others that no input has the names of.
    Folder(&'static [&'static str]),
    /// Nothing, and nothing is read there either.
    Nothing,
}

const PLAIN: Written = Written::File(&[]);
const EFFECTIVE: Written = Written::FileBeside("eval_config.effective.yaml");
const RUN: Written = Written::Folder(&[
    "config.package.yaml",
    "config.resolved.yaml",
    "curves.svg",
    "dataset_manifest.json",
    "metrics.jsonl",
    "metrics.prom",
    "run.lock",
    "timing.jsonl",
    "training_preflight_report.json",
    "training_run.json",
]);

/// Every flag at which something is written, by command; a path of any other flag is read.
const WRITTEN: [(&str, &str, Written); 29] = [
    (
        "score",
        "output",
        Written::File(&[RECEIPTS, ".journal", ".journal.old"]),
    ),
    ("score", "receipt", PLAIN),
    ("score", "skipped", PLAIN),
    ("import", "output", Written::File(&[".tbi"])),
    (
        "calibrate",
        "output",
        Written::File(&[".journal", ".journal.old"]),
    ),
    ("prepare-gnomad", "output", Written::Folder(&[])),
    ("prepare-clinvar", "output", Written::Folder(&[])),
    ("carbon-baseline", "output_scores", PLAIN),
    ("carbon-baseline", "metadata_output", PLAIN),
    ("carbon-baseline", "logp_cache_jsonl", PLAIN),
    ("carbon-baseline", "skipped", PLAIN),
    ("carbon-baseline", "artifact_root", Written::Nothing),
    ("train", "output", RUN),
    ("train", "run_dir", RUN),
    ("train", "preflight_output", PLAIN),
    ("curves", "output", PLAIN),
    ("evaluate", "output", PLAIN),
    (
        "evaluate",
        "report_dir",
        Written::Folder(&["clinvar_roc.svg", "evaluation.md", "percentiles.svg"]),
    ),
    ("eval", "output_metrics", EFFECTIVE),
    ("eval", "artifact_root", Written::Nothing),
    ("rollout", "output_metrics", EFFECTIVE),
    ("rollout", "output_examples", PLAIN),
    ("rollout", "output_states", PLAIN),
    ("rollout", "artifact_root", Written::Nothing),
    ("plan", "output", Written::File(&[PLAN_RECEIPT])),
    ("plan", "receipt", PLAIN),
    ("eval-all", "output_metrics", PLAIN),
    ("eval-all", "output_report", PLAIN),
    ("eval-all", "html", PLAIN),
];
/// The same of folders that are the command's own.
const FOLDERS: [(&str, &str, Written); 8] = [
    ("genolewm", "log_dir", Written::Folder(&["metrics.prom"])),
    (
        "export",
        "output_dir",
        Written::Folder(&["export_report.json"]),
    ),
    ("cache-windows", "cache_dir", Written::Folder(&[])),
    ("train", "cache_dir", Written::Folder(&[])),
    ("update", "install_root", Written::Folder(&[])),
    ("fetch", "output", Written::Folder(&[])),
    ("completions", "configuration", Written::Folder(&[])),
    ("completions", "man", Written::Folder(&[])),
];

const RECEIPTS: &str = ".receipts.jsonl";
const PLAN_RECEIPT: &str = ".receipt.json";
/// Tables that name files which are read.
const TABLES: [&str; 3] = ["corpus", "evaluation", "validation"];
/// What is read beside an input where it is there.
const INDEXES: [&str; 4] = [".fai", ".gzi", ".tbi", ".csi"];
/// Files that are named from `--artifact-root`, else from the folder of the metrics.
const ARTIFACTS: [&str; 6] = [
    "checkpoint",
    "config_artifact",
    "dataset_manifest",
    "efficiency_report",
    "rollout_state_examples_report",
    "rollout_state_rows_report",
];
/// Flags whose text may be the name of a file.
const LISTS_OR_FILES: [&str; 2] = ["protect", "regions"];
/// The most files of a folder that are looked at. Models have a few.
const MAX_FILES: usize = 10_000;

/// Refuses files that would be written over one that is read, or over each other.
///
/// # Errors
/// `INPUT.GENERIC`, naming both flags and the file.
pub fn check(matches: &ArgMatches, program: &clap::Command) -> Result<()> {
    let mut paths = Paths::default();
    let (mut matches, mut command) = (matches, program);
    // A subcommand's flags may be of the kind of its parent's: those of `train encoder`.
    let mut names = vec![command.get_name()];
    loop {
        for flag in command.get_arguments() {
            paths.add_flag(flag, &names, matches);
        }
        let Some((name, inner)) = matches.subcommand() else {
            break;
        };
        let Some(found) = command.find_subcommand(name) else {
            break;
        };
        names.push(found.get_name());
        (matches, command) = (inner, found);
    }
    paths.check()
}

/// What is written at a flag of a command; `None` where something is read.
fn written(commands: &[&str], flag: &str) -> Option<Written> {
    let table = || WRITTEN.iter().chain(&FOLDERS);
    let of = |command: &&str| table().find(|(name, id, _)| name == command && *id == flag);
    commands.iter().rev().find_map(of).map(|found| found.2)
}

/// The paths of a command, with the flags that they come from.
#[derive(Debug, Default)]
struct Paths {
    read: Vec<(String, PathBuf)>,
    written: Vec<(String, PathBuf)>,
    folders: Vec<(String, PathBuf)>,
}

impl Paths {
    fn add_flag(&mut self, flag: &clap::Arg, commands: &[&str], matches: &ArgMatches) {
        let id = flag.get_id().as_str();
        let name = flag.get_long().map_or_else(
            || flag.get_value_names().unwrap_or_default().join(" "),
            |long| format!("--{long}"),
        );
        let is_path = flag.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        if !is_path && !LISTS_OR_FILES.contains(&id) {
            return;
        }
        let values = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
        for path in values.map(PathBuf::from) {
            match written(commands, id) {
                None => {
                    if ARTIFACTS.contains(&id)
                        && let Some(root) = artifact_root(matches)
                    {
                        self.add_input(id, &name, root.join(&path));
                    }
                    self.add_input(id, &name, path);
                }
                Some(Written::Nothing) => {}
                Some(Written::File(endings)) => {
                    let is_set = |id| {
                        matches
                            .try_contains_id(id)
                            .is_ok_and(|_| given(matches, id))
                    };
                    let has_other = is_set("receipt") || is_set("no_receipt");
                    let endings = endings.iter();
                    let endings =
                        endings.filter(|end| ![RECEIPTS, PLAN_RECEIPT].contains(end) || !has_other);
                    for ending in endings.filter(|_| !is_stdin_or_stdout(&path)) {
                        self.written.push((name.clone(), longer(&path, ending)));
                    }
                    self.written.push((name.clone(), path));
                }
                Some(Written::FileBeside(file)) => {
                    self.written.push((name.clone(), path.with_file_name(file)));
                    self.written.push((name.clone(), path));
                }
                Some(Written::Folder(files)) => {
                    let run = (id == "log_dir")
                        .then(|| matches.get_one::<RunId>("run_id"))
                        .flatten();
                    let log = run.map(|run| path.join(log_name(&run.to_string())));
                    self.written.extend(log.map(|log| (name.clone(), log)));
                    let files = files.iter().map(|file| (name.clone(), path.join(file)));
                    self.written.extend(files);
                    self.folders.push((name.clone(), path));
                }
            }
        }
    }

    fn add_input(&mut self, id: &str, name: &str, path: PathBuf) {
        if TABLES.contains(&id) {
            // One that is not understood is refused when it is used.
            for source in read_corpus_table(&path).unwrap_or_default() {
                self.read.push((name.to_owned(), source.path));
                self.read
                    .extend(source.only.map(|bed| (name.to_owned(), bed)));
            }
        }
        for ending in INDEXES {
            self.read.push((name.to_owned(), longer(&path, ending)));
        }
        self.read.push((name.to_owned(), path));
    }

    fn check(&self) -> Result<()> {
        let place = |(name, path): &(String, PathBuf), output| {
            Some((name.clone(), Place::of(path, output)?))
        };
        let written: Vec<_> = self
            .written
            .iter()
            .filter_map(|file| place(file, true))
            .collect();
        let folders: Vec<_> = self
            .folders
            .iter()
            .filter_map(|file| place(file, true))
            .collect();
        for (index, (flag, output)) in written.iter().enumerate() {
            if let Some((other, _)) = written[..index].iter().find(|(_, other)| other.is(output)) {
                return Err(twice(other, flag, output));
            }
        }
        for (flag, path) in &self.read {
            let Some(input) = Place::of(path, false) else {
                continue;
            };
            let inside = if input.is_folder && !written.is_empty() {
                files_below(path)
            } else {
                Vec::new()
            };
            let read = inside.iter().filter_map(|path| Place::of(path, false));
            for input in read.chain([input]) {
                let outputs = written
                    .iter()
                    .chain(folders.iter().filter(|_| input.is_folder));
                for (output_flag, output) in outputs {
                    if output.is(&input) {
                        return Err(lost(flag, output_flag, &input));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The folder that artifacts are named from.
fn artifact_root(matches: &ArgMatches) -> Option<PathBuf> {
    let path = |id| matches.try_get_one::<PathBuf>(id).ok().flatten();
    let beside = || path("output_metrics")?.parent().map(Path::to_owned);
    path("artifact_root").cloned().or_else(beside)
}

/// Whether a flag was typed or configured.
fn given(matches: &ArgMatches, id: &str) -> bool {
    let source = matches.value_source(id);
    source.is_some_and(|source| source != clap::parser::ValueSource::DefaultValue)
}

fn longer(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn lost(read: &str, written: &str, place: &Place) -> Error {
    let message = format!("{written} would be written over what {read} reads");
    Error::new(ErrorCode::InputGeneric, message)
        .with_detail("path", place.name())
        .with_remedy(format!("give {written} another name"))
}

fn twice(first: &str, second: &str, place: &Place) -> Error {
    let message = if first == second {
        format!("two outputs of {first} have one name")
    } else {
        format!("{first} and {second} would be written to one place")
    };
    Error::new(ErrorCode::InputGeneric, message)
        .with_detail("path", place.name())
        .with_remedy("give each output another name")
}

/// Where a file is, or would be.
#[derive(Debug)]
struct Place {
    /// Device and number on it, which all names of a file share.
    inode: Option<(u64, u64)>,
    /// Without links, as far as it is there.
    path: PathBuf,
    is_folder: bool,
}

impl Place {
    /// `None` for what nothing is lost of: devices and pipes. Standard input and output may be files.
    fn of(path: &Path, output: bool) -> Option<Self> {
        if is_stdin_or_stdout(path) {
            let found = standard(output).and_then(|file| file.metadata()).ok();
            let inode = found
                .filter(Metadata::is_file)
                .and_then(|found| inode(&found));
            return (output || inode.is_some()).then(|| Self {
                inode,
                path: "-".into(),
                is_folder: false,
            });
        }
        let path = link_target(path).ok()?;
        let found = std::fs::metadata(&path).ok();
        if found
            .as_ref()
            .is_some_and(|found| !found.is_file() && !found.is_dir())
        {
            return None;
        }
        Some(Self {
            inode: found.as_ref().and_then(inode),
            is_folder: found.is_some_and(|found| found.is_dir()),
            path: canonical(&path),
        })
    }

    fn is(&self, other: &Self) -> bool {
        let folded = |place: &Self| place.path.to_string_lossy().to_lowercase();
        match (self.inode, other.inode) {
            (Some(one), Some(other)) => one == other,
            // There file systems seldom tell cases apart.
            _ if cfg!(any(windows, target_os = "macos")) => folded(self) == folded(other),
            _ => self.path == other.path,
        }
    }

    fn name(&self) -> String {
        super::output::display_name(&self.path)
    }
}

/// A path without links, though there may be nothing there yet.
fn canonical(path: &Path) -> PathBuf {
    let known = path.canonicalize().or_else(|_| {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.map_or_else(|| PathBuf::from("."), canonical);
        let folder = folder.canonicalize().unwrap_or(folder);
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok::<_, io::Error>(folder.join(name))
    });
    known.unwrap_or_else(|_| path.to_owned())
}

#[cfg(unix)]
fn standard(output: bool) -> io::Result<File> {
    use std::os::fd::AsFd;
    let (input, out) = (io::stdin(), io::stdout());
    let stream = if output { out.as_fd() } else { input.as_fd() };
    stream.try_clone_to_owned().map(File::from)
}

#[cfg(not(unix))]
fn standard(_: bool) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn inode(found: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// The files of a folder, a model's or a package's, up to [`MAX_FILES`].
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders, mut seen) = (Vec::new(), vec![folder.to_owned()], HashSet::new());
    while let Some(folder) = folders.pop() {
        // Links may lead round in a circle.
        if !seen.insert(canonical(&folder)) {
            continue;
        }
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if files.len() + folders.len() >= MAX_FILES {
                return files;
            }
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

#[cfg(test)]
#[path = "paths_tests.rs"]
mod tests;
