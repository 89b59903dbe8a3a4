//! `genolewm fetch`: an encoder or a data set from a hub.

use crate::halt::Halt;
use crate::hub::choice::Choice;
use crate::hub::listing::{self, Listed};
use crate::hub::record::Record;
use crate::hub::repository::{Kind, Repository};
use crate::session::{Session, ask};
use crate::staging::Staging;
use crate::transfer::Wanted;
use crate::web::{Address, Client, Token};
use genolewm_cli::common::command::{Context, Status};
use genolewm_cli::common::terminal::Terminal;
use genolewm_cli::network::FetchArgs;
use genolewm_core::{Error, Result};
use genolewm_data::files::hub::FETCH_RECORD;
use genolewm_report::output::{create_folder, io_error_at};
use indicatif::HumanBytes;
use std::path::{Path, PathBuf};

/// Names the hub, as for Hugging Face's own tools.
const ENDPOINT: &str = "HF_ENDPOINT";
const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Runs the command.
///
/// # Errors
/// When the repository cannot be had, or a file is not what the hub lists; the folder has not appeared
/// then.
pub fn run(args: &FetchArgs, _: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let set = || std::env::var(ENDPOINT).ok().filter(|text| !text.is_empty());
    let endpoint = args.endpoint.clone().or_else(set);
    let endpoint = Address::parse(endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT))?;
    let kind = if args.dataset {
        Kind::Dataset
    } else {
        Kind::Model
    };
    let token = Token::from_environment(&endpoint)?;
    let repository = Repository::new(endpoint, kind, &args.repository)?;
    let fetch = Fetch {
        args,
        client: Client::new(args.timeout, token)?,
        target: args
            .output
            .clone()
            .unwrap_or_else(|| repository.name().into()),
        repository,
    };
    match fetch.run(terminal) {
        Ok(()) => Ok(Status::Done),
        Err(Halt::Declined) => {
            terminal.line("Cancelled; no files were fetched.")?;
            Ok(Status::Done)
        }
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::Stopped) => Ok(Status::Interrupted),
    }
}

struct Fetch<'a> {
    args: &'a FetchArgs,
    client: Client,
    repository: Repository,
    target: PathBuf,
}

impl Fetch<'_> {
    fn run(&self, terminal: &mut Terminal<'_>) -> Result<(), Halt> {
        let commit = listing::commit(&self.repository, &self.args.revision, &self.client)?;
        terminal.line(format_args!("{} revision={commit}", self.repository.id))?;
        let files = listing::files(&self.repository, &commit, &self.client)?;
        let chosen = self.choice().of(&files)?;
        let sum = chosen
            .iter()
            .map(|file| file.length_bytes)
            .fold(0_u64, u64::saturating_add);
        for file in &chosen {
            terminal.line(format_args!(
                "  {}  {}",
                file.path,
                HumanBytes(file.length_bytes)
            ))?;
        }
        terminal.line(format_args!(
            "{} of {} files, {}",
            chosen.len(),
            files.len(),
            HumanBytes(sum)
        ))?;
        if self.args.check_only {
            terminal.line("Check only: no files were fetched.")?;
            return Ok(());
        }
        let wanted: Vec<Wanted> = chosen
            .iter()
            .map(|file| file.wanted(&self.repository, &commit))
            .collect();
        let mut record = Record::new(&self.repository, &commit);
        let there = self.files_there(&mut record)?;
        let missing = self.missing(&wanted, there)?;
        if missing.is_empty() {
            terminal.line(format_args!("Already there: {}", self.target.display()))?;
            return Ok(());
        }
        let sum = missing
            .iter()
            .filter_map(|file| file.length_bytes)
            .fold(0, u64::saturating_add);
        let question = format!(
            "Fetch {} files, {}, to {}?",
            missing.len(),
            HumanBytes(sum),
            self.target.display()
        );
        ask(&question, self.args.yes, terminal)?;
        self.bring(&missing, sum, &chosen, record, there, terminal)?;
        terminal.line(format_args!(
            "Fetched {} files to {}",
            missing.len(),
            self.target.display()
        ))?;
        Ok(())
    }

    fn choice(&self) -> Choice {
        match &*self.args.include {
            _ if self.args.all => Choice::All,
            [] => Choice::Needed(self.repository.kind),
            patterns => Choice::Matching(patterns.to_vec()),
        }
    }

    /// Whether there are files of this commit already; takes over what is noted of them.
    fn files_there(&self, record: &mut Record) -> Result<bool> {
        let Some(old) = Record::read(&self.target)? else {
            return Ok(false);
        };
        if !old.is_of(record) {
            return Err(
                Error::input("the folder holds another repository or revision")
                    .with_detail("path", self.target.display())
                    .with_detail("repository", &old.repository)
                    .with_detail("revision", &old.revision)
                    .with_remedy("give another --output, so that revisions are not mixed"),
            );
        }
        *record = old;
        Ok(true)
    }

    fn missing(&self, wanted: &[Wanted], there: bool) -> Result<Vec<Wanted>, Halt> {
        let mut missing = Vec::new();
        for file in wanted {
            if !there || !file.is_in(&self.target, &self.client)? {
                if there && self.target.join(&file.path).exists() {
                    return Err(Error::input("a fetched file was changed")
                        .with_detail("path", self.target.join(&file.path).display())
                        .with_remedy("move it away, and run the command again")
                        .into());
                }
                missing.push(file.clone());
            }
        }
        Ok(missing)
    }

    fn bring(
        &self,
        missing: &[Wanted],
        sum_bytes: u64,
        chosen: &[Listed],
        mut record: Record,
        there: bool,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), Halt> {
        let folder = self
            .target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        create_folder(folder).map_err(io_error_at(folder))?;
        let staging = Staging::open(&self.target)?;
        let mut session = Session {
            client: &self.client,
            terminal,
        };
        session.bring(missing, Some(sum_bytes), &staging)?;
        record.add(chosen);
        let paths = missing.iter().map(|file| file.path.as_str());
        if there {
            staging.add(&self.target, paths)?;
            record.write(&self.target)?;
        } else {
            record.write(&staging.files())?;
            staging.put(&self.target, paths.chain([FETCH_RECORD]))?;
        }
        Ok(())
    }
}
