//! The journal of a run: what the model answered so far, beside the output, so that a run that was
//! stopped goes on with the rest.
//!
//! A run that goes on is the whole run again, from the first byte of its input, but for the model: a batch
//! that it answered before is answered from the journal, to the last bit. So every format comes out as
//! if nothing had happened. An answer is found by a hash over the batch itself, edits and windows; a
//! journal that is damaged or of other variants can make a run slower, and never wrong.

mod frames;
mod run_identity;

use super::receipts::beside;
use super::session::NOTHING_KEPT;
use crate::common::command::{Context, Status};
use crate::common::output::is_stdin_or_stdout;
use crate::common::terminal::{Terminal, write_error};
use frames::Frames;
use genolewm::Runtime;
use genolewm::ops::NativeOps;
use genolewm::runtime::now;
use genolewm::scorer::{Candidate, Distances, Scored, Workers, calibrate_all};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{io_error_at, is_device, private_options};
use genolewm_train::files::internal;
use run_identity::{RunIdentity, check_same, run_identity};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long what is kept may wait for the disk. A process that is killed loses nothing; only a power cut
/// does.
const SYNC_EVERY: Duration = Duration::from_secs(5);

type BatchKey = [u8; 32];

/// What the first frame says.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    run: RunIdentity,
    command: String,
    begun: String,
}

/// The journal of one run.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    head: Head,
    kept: Mutex<Kept>,
    /// Alleles in it.
    alleles: AtomicU64,
    replayed: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Kept {
    frames: Frames,
    /// Where the answers to a batch lie.
    batches: HashMap<BatchKey, u64>,
    synced: Instant,
    /// Why nothing more is kept.
    failure: Option<Error>,
}

impl Journal {
    /// Opens the journal of a command that scores with `runtime` into `output`, to go on with what it
    /// keeps or to start anew, and says what becomes of one that is there; `None` where the output is
    /// no file that a journal could lie beside.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for the journal of another run, or a file of its name that is none;
    /// `RESOURCE.*` where it cannot be written, or another process writes it.
    pub fn beside<O: NativeOps>(
        output: Option<&Path>,
        resume: bool,
        context: &Context<'_>,
        runtime: &Runtime<O>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Option<Self>> {
        let Some(output) = output.filter(|output| can_lie_beside(output)) else {
            return Ok(None);
        };
        let run = run_identity(&context.settings, runtime.info(), &runtime.scored_by())?;
        let head = Head {
            run,
            command: context.command_line.clone(),
            begun: now()?,
        };
        Self::open(beside(output, ".journal"), resume, head, terminal).map(Some)
    }

    fn open(path: PathBuf, resume: bool, head: Head, terminal: &mut Terminal<'_>) -> Result<Self> {
        let named = path.display();
        let old = open_old(&path)?;
        let was_there = old.is_some();
        let old = old
            .map(|file| Self::read(&path, file))
            .transpose()?
            .flatten();
        match old {
            Some(old) if resume => {
                check_same(&old.head.run, &head.run, &path)?;
                terminal.info(format_args!(
                    "going on: {} alleles are kept in {named}",
                    old.alleles()
                ));
                return Ok(old);
            }
            Some(old) if old.alleles() > 0 => {
                let aside = old_name(&path);
                fs::rename(&path, &aside).map_err(io_error_at(&path))?;
                let (alleles, aside) = (old.alleles(), aside.display());
                terminal.warn(format_args!(
                    "{named} keeps {alleles} alleles of a run that was stopped; without --resume this \
                     one starts anew. Until it ends they stay in {aside}: to go on with them, stop, move \
                     it back to {named} and add --resume"
                ));
            }
            _ => {
                if was_there {
                    fs::remove_file(&path).map_err(io_error_at(&path))?;
                }
                if resume {
                    terminal.info(format_args!(
                        "{named} keeps nothing: starting from the beginning"
                    ));
                }
            }
        }
        Self::create(path, head)
    }

    fn create(path: PathBuf, head: Head) -> Result<Self> {
        let text = serde_json::to_vec(&head).map_err(|error| internal(&error))?;
        let begin = |file: File| {
            file.try_lock()?;
            Frames::create(file, &text)
        };
        let created = private().create_new(true).open(&path).and_then(|file| {
            // One that is cut would keep nothing.
            begin(file).inspect_err(|_| drop(fs::remove_file(&path)))
        });
        let failed = |error| write_error(&path.display().to_string(), &error);
        let frames = created.map_err(failed)?;
        Ok(Self::new(path, head, frames, HashMap::new(), 0))
    }

    /// What a file keeps; `None` where nothing in it is whole.
    fn read(path: &Path, file: File) -> Result<Option<Self>> {
        let (mut batches, mut alleles) = (HashMap::new(), 0);
        let opened = Frames::open(file, |at, payload| {
            if let Some((key, answers)) = payload.split_first_chunk() {
                batches.insert(*key, at);
                alleles += answers.len() as u64 / 16;
            }
        });
        let Some((frames, head)) = opened.map_err(io_error_at(path))? else {
            return Ok(None);
        };
        // Whole, yet not understood: another version's.
        let head = serde_json::from_slice(&head)
            .map_err(|error| no_journal(path).with_detail("why", error))?;
        Ok(Some(Self::new(
            path.to_owned(),
            head,
            frames,
            batches,
            alleles,
        )))
    }

    fn new(
        path: PathBuf,
        head: Head,
        frames: Frames,
        batches: HashMap<BatchKey, u64>,
        alleles: u64,
    ) -> Self {
        Self {
            path,
            head,
            kept: Mutex::new(Kept {
                frames,
                batches,
                synced: Instant::now(),
                failure: None,
            }),
            alleles: AtomicU64::new(alleles),
            replayed: Arc::default(),
        }
    }

    /// The command line with which the run began.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.head.command
    }

    /// When the run began, as receipts have it.
    #[must_use]
    pub fn begun(&self) -> &str {
        &self.head.begun
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Alleles that were answered from it; goes on counting.
    #[must_use]
    pub fn replayed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.replayed)
    }

    /// `workers`, which ask the journal first, and keep in it what they answer.
    pub fn over<'a, O: NativeOps>(
        &'a self,
        runtime: &'a Runtime<O>,
        workers: Workers<'a, Scored>,
    ) -> Workers<'a, Scored> {
        let answer = workers.answer;
        let answer = move |candidates: &[Candidate]| {
            let key = batch_key(candidates);
            if let Some(kept) = self.find(&key, candidates.len()) {
                self.replayed
                    .fetch_add(candidates.len() as u64, Ordering::Relaxed);
                let options = runtime.scorer().options();
                return calibrate_all(runtime.info(), options, candidates, kept);
            }
            let scored = answer(candidates)?;
            self.keep(&key, &scored);
            Ok(scored)
        };
        Workers {
            answer: Box::new(answer),
            ..workers
        }
    }

    /// Ends it as its run `ended`, and says what is kept: nothing after one that is done, or that
    /// scored nothing.
    pub fn close(journal: Option<Self>, ended: &Result<Status>, terminal: &mut Terminal<'_>) {
        let is_interrupted = matches!(ended, Ok(Status::Interrupted));
        let because = if is_interrupted { "interrupted: " } else { "" };
        let Some(journal) = journal else {
            if is_interrupted {
                terminal.warn(NOTHING_KEPT);
            }
            return;
        };
        let (alleles, path) = (journal.alleles(), journal.path.display());
        let mut kept = journal.kept();
        if let Some(error) = kept.failure.take() {
            terminal.warn(format_args!("not all scores could be kept: {error}"));
        }
        match ended {
            Ok(Status::Done) => {}
            _ if alleles > 0 => {
                // Where the disk fails, what is there is kept all the same.
                let _ = kept.frames.handle().and_then(|file| file.sync_data());
                terminal.warn(format_args!(
                    "{because}{alleles} scored alleles are kept in {path}; the same command with \
                     --resume goes on from there"
                ));
                return;
            }
            Ok(Status::Interrupted) => terminal.warn("interrupted: nothing was scored yet"),
            Err(_) => {}
        }
        drop(kept);
        journal.remove(ended, terminal);
    }

    /// Removes what nobody needs any more.
    fn remove(&self, ended: &Result<Status>, terminal: &mut Terminal<'_>) {
        let old = old_name(&self.path);
        let (path, removed) = match ended {
            Ok(Status::Done) => {
                let _ = fs::remove_file(old);
                (&self.path, fs::remove_file(&self.path))
            }
            // The older one is still the only one that keeps anything.
            _ if old.is_file() => (&self.path, fs::rename(&old, &self.path)),
            _ => (&self.path, fs::remove_file(&self.path)),
        };
        if let Err(error) = removed {
            terminal.warn(io_error_at(path)(error));
        }
    }

    fn alleles(&self) -> u64 {
        self.alleles.load(Ordering::Relaxed)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kept answers to a batch.
    fn find(&self, key: &BatchKey, candidates: usize) -> Option<Vec<Distances>> {
        let mut kept = self.kept();
        let at = *kept.batches.get(key)?;
        let payload = kept.frames.read(at).ok()?;
        drop(kept);
        let answers = payload.strip_prefix(key)?;
        let (numbers, _) = answers.as_chunks::<8>();
        let (pairs, _) = numbers.as_chunks::<2>();
        let distances = |[raw, displacement]: &[[u8; 8]; 2]| {
            Distances::new(f64::from_le_bytes(*raw), f64::from_le_bytes(*displacement)).ok()
        };
        let found: Vec<Distances> = pairs.iter().map(distances).collect::<Option<_>>()?;
        (found.len() == candidates).then_some(found)
    }

    /// Keeps the answers to a batch. Where that fails, the run itself does not: it goes on without.
    fn keep(&self, key: &BatchKey, scored: &[Scored]) {
        let mut payload = key.to_vec();
        for scored in scored {
            payload.extend(scored.result.sigma_raw.to_le_bytes());
            payload.extend(scored.displacement.to_le_bytes());
        }
        let mut kept = self.kept();
        if kept.failure.is_some() {
            return;
        }
        let due = kept.synced.elapsed() > SYNC_EVERY;
        let added = kept.frames.add(&payload).and_then(|at| {
            kept.batches.insert(*key, at);
            self.alleles
                .fetch_add(scored.len() as u64, Ordering::Relaxed);
            due.then(|| kept.frames.handle()).transpose()
        });
        let synced = match added {
            Ok(Some(file)) => {
                kept.synced = Instant::now();
                // The others need not wait for the disk.
                drop(kept);
                file.sync_data()
            }
            Ok(None) => return,
            Err(error) => {
                drop(kept);
                Err(error)
            }
        };
        if let Err(error) = synced {
            let name = self.path.display().to_string();
            self.kept().failure = Some(write_error(&name, &error));
        }
    }
}

/// Whether an output is a file, or will be one, beside which others may lie.
#[must_use]
pub fn can_lie_beside(output: &Path) -> bool {
    !is_stdin_or_stdout(output) && !is_device(output) && !output.is_dir()
}

/// Refuses to go on with what cannot have been kept.
///
/// # Errors
/// `INPUT.GENERIC` where the output is no file.
pub fn check_resumable(output: &Path) -> Result<()> {
    if can_lie_beside(output) {
        return Ok(());
    }
    let message = "--resume has nothing to go on with: the results go to no file";
    Err(Error::input(message).with_remedy(
        "name a file with --output: a run that is stopped keeps beside it what it has scored",
    ))
}

/// By what the answers to a batch are found: all that they depend on but the model.
fn batch_key(candidates: &[Candidate]) -> BatchKey {
    let mut hash = Sha256::new();
    for Candidate { edit, window, .. } in candidates {
        let sequence = window.sequence();
        let place = format!("{edit}\n{}\n{}\n", window.start().get(), sequence.len());
        hash.update(place);
        hash.update(sequence.as_bytes());
    }
    hash.finalize().into()
}

/// Opens a journal that is there, and takes it from other processes.
fn open_old(path: &Path) -> Result<Option<File>> {
    let mut file = match private().open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(io_error_at(path))?,
    };
    let is_file = file.metadata().map_err(io_error_at(path))?.is_file();
    if !is_file || !Frames::are_in(&mut file).map_err(io_error_at(path))? {
        return Err(no_journal(path));
    }
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Error::new(
            ErrorCode::ResourceGeneric,
            format!("another process is writing what {} is of", path.display()),
        )
        .with_remedy("wait until it ends, or name another --output")),
        Err(TryLockError::Error(error)) => Err(io_error_at(path)(error)),
    }
}

fn no_journal(path: &Path) -> Error {
    let message = format!("{} is no journal of this program", path.display());
    Error::new(ErrorCode::InputGeneric, message)
        .with_remedy("move it away, or name another --output: the journal of a run lies beside it")
}

/// Where a journal is kept that a new run has no use for.
fn old_name(path: &Path) -> PathBuf {
    beside(path, ".old")
}

/// It holds what a file of variants says.
fn private() -> OpenOptions {
    let mut options = private_options();
    options.read(true).write(true);
    options
}

#[cfg(test)]
mod tests;
