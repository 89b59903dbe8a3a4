//! `genolewm update`: a newer release of a model, shown, asked about, and installed beside the old one.

use crate::halt::{Halt, failure};
use crate::release::contents::Contents;
use crate::release::current::{Current, manifest};
use crate::release::difference::differences;
use crate::release::index::{self, Release};
use crate::release::version::compare;
use crate::session::{Session, ask};
use crate::staging::Staging;
use crate::transfer::Wanted;
use crate::web::{Client, Source};
use genolewm_cli::common::command::{Context, Status};
use genolewm_cli::common::terminal::Terminal;
use genolewm_cli::network::UpdateArgs;
use genolewm_core::limits::MAX_DOCUMENT_BYTES;
use genolewm_core::provenance::{ENCODER_PREFIX, MANIFEST_FILE, Manifest, SEAL_FILE};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{create_folder, io_error_at, write_atomically};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};

/// Names the list of releases, as for the Python package.
const INDEX: &str = "GENO_LEWM_UPDATE_INDEX_URL";
/// The list that the Python package asks for.
const DEFAULT_INDEX: &str = "https://huggingface.co/AbdelStark/geno-lewm-v0.1.0-carbon-500m-r1-deploy/resolve/main/releases.json";
/// Names the model directory, as for the Python package.
const MODEL_DIR: &str = "GENO_LEWM_MODEL_DIR";
/// The model directory that the Python package assumes.
const DEFAULT_MODEL_DIR: &str = ".geno-lewm-models/current";

/// Runs the command.
///
/// # Errors
/// When the list or the release cannot be had, or is not what it should be. What is installed is
/// unchanged then.
pub fn run(args: &UpdateArgs, _: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let given = args
        .model_dir
        .clone()
        .or_else(|| set(MODEL_DIR).map(PathBuf::from));
    let model_dir = given.unwrap_or_else(|| DEFAULT_MODEL_DIR.into());
    if args.rollback {
        return roll_back(&model_dir, terminal);
    }
    let local = manifest(&model_dir)?;
    let index = args
        .index
        .clone()
        .or_else(|| set(INDEX).and_then(|text| text.into_string().ok()));
    let index = Source::parse(index.as_deref().unwrap_or(DEFAULT_INDEX))?;
    let client = Client::new(args.timeout, None)?;
    let mut update = Update {
        args,
        client,
        model_dir,
        local,
        terminal,
    };
    match update.run(&index) {
        Ok(()) => Ok(Status::Done),
        Err(Halt::Declined) => {
            update
                .terminal
                .line("Update cancelled; no files were installed.")?;
            Ok(Status::Done)
        }
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::Stopped) => Ok(Status::Interrupted),
    }
}

/// A variable of the environment that is not empty.
fn set(variable: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

fn roll_back(model_dir: &Path, terminal: &mut Terminal<'_>) -> Result<Status> {
    let current = Current::at(model_dir).ok_or_else(|| {
        Error::input("only a link to a model directory can be rolled back")
            .with_detail("model_dir", model_dir.display())
            .with_remedy("releases lie side by side: give the older one's directory as --model-dir where it is used")
    })?;
    let (old, new) = current.roll_back()?;
    let model = manifest(model_dir)?;
    terminal.line(format_args!(
        "{} leads to {} again: version={} release_id={}",
        model_dir.display(),
        new.display(),
        model.model_version,
        model.release_id
    ))?;
    terminal.line(format_args!(
        "{} is kept; --rollback once more goes back to it",
        old.display()
    ))?;
    Ok(Status::Done)
}

struct Update<'a, 'b> {
    args: &'a UpdateArgs,
    client: Client,
    model_dir: PathBuf,
    local: Manifest,
    terminal: &'a mut Terminal<'b>,
}

impl Update<'_, '_> {
    fn run(&mut self, index: &Source) -> Result<(), Halt> {
        let bytes = self.client.read(index, MAX_DOCUMENT_BYTES)?;
        let releases = index::parse(&bytes, index)?;
        let release = index::choose(&releases, self.args.target_version.as_deref())?;
        release.check_name()?;
        let contents = Contents::read(release, &self.client)?;
        self.show(&contents.manifest)?;
        if contents.manifest.model_id()? == self.local.model_id()? {
            self.terminal.line("Already up to date.")?;
            return Ok(());
        }
        let is_older = compare(&release.model_version, &self.local.model_version) == Ordering::Less;
        if is_older && self.args.target_version.is_none() {
            self.terminal.line("The installed model is newer than any release in the list; --target-version installs an older one.")?;
            return Ok(());
        }
        if self.args.check_only {
            self.terminal.line("Check only: no files were installed.")?;
            return Ok(());
        }
        let target = self.install_root().join(&release.release_id);
        if target.symlink_metadata().is_ok() {
            self.check_installed(&target, release, &contents)?;
            self.terminal.line(format_args!(
                "Release already installed release_id={} path={}",
                release.release_id,
                target.display()
            ))?;
            if Current::at(&self.model_dir).is_some() {
                self.confirm(release, None)?;
            }
        } else {
            self.install(release, &contents, &target)?;
        }
        self.use_release(&target)
    }

    /// Both models, and what differs, as the Python package shows them.
    fn show(&mut self, remote: &Manifest) -> Result<()> {
        for (name, manifest) in [("Local", &self.local), ("Remote", remote)] {
            let (version, release) = (&manifest.model_version, &manifest.release_id);
            self.terminal.line(format_args!("{name} model:"))?;
            self.terminal
                .line(format_args!("  version={version} release_id={release}"))?;
            self.terminal
                .line(format_args!("  model_id={}", manifest.model_id()?))?;
        }
        let lines = differences(&self.local, remote)?;
        if !lines.is_empty() {
            self.terminal.line("Manifest diff:")?;
        }
        for line in lines {
            self.terminal.line(format_args!("  {line}"))?;
        }
        Ok(())
    }

    /// Where releases lie side by side.
    fn install_root(&self) -> PathBuf {
        let beside = || match self.model_dir.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        self.args.install_root.clone().unwrap_or_else(beside)
    }

    fn confirm(&mut self, release: &Release, size: Option<u64>) -> Result<(), Halt> {
        let (old, new) = (&self.local.model_version, &release.model_version);
        let size = size.map_or_else(String::new, |size| {
            format!(", {}", indicatif::HumanBytes(size))
        });
        let question = format!("Apply this model update? {old} -> {new}{size}");
        ask(&question, self.args.yes, self.terminal)
    }

    fn install(
        &mut self,
        release: &Release,
        contents: &Contents,
        target: &Path,
    ) -> Result<(), Halt> {
        let (mut files, seal) = contents.files(release, &self.client)?;
        let size = self.lengths(&mut files)?;
        self.confirm(release, size)?;
        let root = self.install_root();
        create_folder(&root).map_err(io_error_at(&root))?;
        let staging = Staging::open(target)?;
        let mut session = Session {
            client: &self.client,
            terminal: self.terminal,
        };
        session.bring(&files, size, &staging)?;
        let mut paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let own = [
            (MANIFEST_FILE, Some(&contents.manifest_bytes)),
            (SEAL_FILE, seal.as_ref()),
        ];
        for (name, bytes) in own
            .iter()
            .filter_map(|(name, bytes)| Some((name, (*bytes)?)))
        {
            write_atomically(&staging.files().join(name), bytes)?;
            paths.push((*name).to_owned());
        }
        let brings_encoder = paths.iter().any(|path| path.starts_with(ENCODER_PREFIX));
        if !brings_encoder && seal.is_none() {
            paths.extend(self.keep_encoder(&contents.manifest, &staging)?);
        }
        staging.put(target, paths.iter().map(String::as_str))?;
        self.terminal.line(format_args!(
            "Installed update release_id={} artifacts={} path={}",
            release.release_id,
            files.len(),
            target.display()
        ))?;
        Ok(())
    }

    /// Asks how long files are, and adds up what is told of all of them.
    fn lengths(&self, files: &mut [Wanted]) -> Result<Option<u64>, Halt> {
        let mut sum = Some(0_u64);
        for file in files {
            let length = self.client.length_bytes(&file.source)?;
            sum = sum
                .zip(length)
                .and_then(|(sum, length)| sum.checked_add(length));
        }
        Ok(sum)
    }

    /// Copies the encoder of the installed model to the new one, where both have the same. What is
    /// copied is checked when the model is loaded, as ever.
    fn keep_encoder(&mut self, remote: &Manifest, staging: &Staging) -> Result<Vec<String>> {
        let folder = self.model_dir.join(ENCODER_PREFIX);
        if remote.encoder != self.local.encoder || !folder.is_dir() {
            return Ok(Vec::new());
        }
        let to = staging.files().join(ENCODER_PREFIX);
        create_folder(&to).map_err(io_error_at(&to))?;
        let mut copied = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(io_error_at(&folder))? {
            let entry = entry.map_err(io_error_at(&folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_file() {
                std::fs::copy(entry.path(), to.join(&name)).map_err(io_error_at(&to))?;
                copied.push(format!("{ENCODER_PREFIX}{name}"));
            }
        }
        self.terminal
            .info("the encoder is the same, and was copied from the installed model");
        Ok(copied)
    }

    /// A folder of the release's name must be that release, whole; it is not touched in any case.
    fn check_installed(
        &self,
        target: &Path,
        release: &Release,
        contents: &Contents,
    ) -> Result<(), Halt> {
        let other = || {
            Error::new(
                ErrorCode::ProvenanceManifestHashMismatch,
                "there is something else where the release would be installed",
            )
            .with_detail("path", target.display())
            .with_remedy("move it away, or choose another folder with --install-root")
        };
        let installed = manifest(target).map_err(|error| other().with_detail("cause", error))?;
        if installed.model_id()? != contents.manifest.model_id()? {
            return Err(other().into());
        }
        for file in contents.files(release, &self.client)?.0 {
            if !file.is_in(target, &self.client)? {
                return Err(other().with_detail("file", &file.path).into());
            }
        }
        Ok(())
    }

    /// Switches a link to the new release, or tells where it is.
    fn use_release(&mut self, target: &Path) -> Result<(), Halt> {
        let old = &self.model_dir;
        match Current::at(old) {
            Some(current) => {
                let before = std::fs::read_link(old).map_err(io_error_at(old))?;
                current.switch(target)?;
                self.terminal
                    .line(format_args!("{} leads to it now", old.display()))?;
                self.terminal.line(format_args!(
                    "Previous version preserved at {}; --rollback goes back to it",
                    old.with_file_name(before).display()
                ))?;
            }
            None => {
                self.terminal.line(format_args!(
                    "Previous version preserved at {}",
                    old.display()
                ))?;
                self.terminal
                    .info(format_args!("use it with --model-dir {}", target.display()));
            }
        }
        // What is said is not to be lost in a pipe that nobody reads.
        match self.terminal.flush() {
            Ok(()) => Ok(()),
            Err(error) => Err(failure("the release is installed")
                .with_detail("cause", error)
                .into()),
        }
    }
}
