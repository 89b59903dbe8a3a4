//! The rehearsal: a few steps that a run's time, disk space and memory are judged by.

use super::machine::{available_memory, free_bytes, own_memory};
use super::stage::{Growth, Preflight};
use crate::driver::train;
use crate::files::{files_below, unreadable};
use crate::run::{StopFlag, TrainingHost};
use crate::run_dir::{CheckpointFolder, DataManifest, LOCK_FILE};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::metrics::{read_metrics, series};
use genolewm_report::output::FileLock;
use std::path::{Path, PathBuf};

/// Steps that are done; the first one is not timed.
const STEPS: u64 = 7;
/// What the name of a rehearsal's place begins with.
const PLACE: &str = ".preflight-";
/// What a rehearsal took, and what the run will.
#[derive(Debug)]
pub(super) struct Rehearsed {
    /// The data.
    pub(super) manifest: DataManifest,
    /// A checkpoint's size.
    pub(super) checkpoint_bytes: u64,
    /// The result's size.
    pub(super) result_bytes: u64,
    /// Size of the lines and events of one step that is logged.
    pub(super) logged_bytes: u64,
    /// Bytes that may still be written.
    pub(super) free_bytes: Option<u64>,
    /// Memory that the run will hold at most.
    pub(super) peak_bytes: Option<u64>,
    /// Memory that it may hold.
    pub(super) available_bytes: Option<u64>,
    /// Mean of a step, long ones by their share.
    pub(super) step_seconds: f64,
    /// Time before the first step.
    pub(super) before_seconds: f64,
    /// Steps that the run's directory has already.
    pub(super) steps_done: u64,
}

/// Removes the places of rehearsals that were killed: nobody holds the lock of a run in them.
fn tidy(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let lock = entry.path().join(LOCK_FILE);
        let is_place = entry.file_name().to_string_lossy().starts_with(PLACE);
        if is_place && lock.is_file() && FileLock::try_take(&lock).is_ok_and(|it| it.is_some()) {
            // What cannot be removed is in nobody's way.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Rehearses a run beside its directory, so that its file system is tried too.
///
/// # Errors
/// As the run; `RESOURCE.*` when nothing can be written there.
pub(super) fn rehearse(settings: &impl Preflight, stop: &StopFlag) -> Result<Rehearsed> {
    let run = settings.run();
    let beside = existing(&run.output);
    tidy(&beside);
    let place = tempfile::Builder::new()
        .prefix(PLACE)
        .tempdir_in(&beside)
        .map_err(|error| unreadable(&beside, &error))?;
    let directory = place.path();
    let mut few = settings.clone();
    few.adapt(STEPS);
    few.run_mut().shorten(STEPS, directory.to_owned());
    let mut host = TrainingHost {
        stop,
        quiet: true,
        warn: &mut |_| {},
    };
    train(&few, &mut host)?;
    if stop.is_set() {
        return Err(Error::new(
            ErrorCode::TrainingGeneric,
            "the rehearsal was interrupted",
        ));
    }
    let Growth { bytes, seconds } = settings.growth()?;
    let timing = read_metrics(&directory.join("timing.jsonl"))?;
    let sizes = |names: &[&str]| -> Result<u64> {
        names.iter().map(|name| size(&directory.join(name))).sum()
    };
    let own = own_memory();
    let folder = CheckpointFolder::of(&run.output);
    Ok(Rehearsed {
        manifest: DataManifest::read(directory)?,
        checkpoint_bytes: sizes(&["checkpoints"])?,
        result_bytes: sizes(&["encoder", "model", "lora.safetensors"])?,
        logged_bytes: sizes(&["metrics.jsonl", "timing.jsonl", "tb"])? / STEPS,
        free_bytes: free_bytes(&beside),
        peak_bytes: own.map(|(peak, _)| peak + bytes),
        available_bytes: available_memory()
            .zip(own)
            .map(|(free, (_, now))| free + now),
        step_seconds: step_seconds(
            &series(&timing, "step", "steps_per_second"),
            settings.long_every(),
        )
        .ok_or_else(|| Error::new(ErrorCode::InternalGeneric, "the rehearsal has no times"))?,
        before_seconds: seconds,
        steps_done: folder.steps()?.pop().unwrap_or(0),
    })
}

/// The directory itself, or the nearest one above it that there is.
fn existing(directory: &Path) -> PathBuf {
    let found = directory.ancestors().find(|path| path.is_dir());
    found.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Bytes of a file, or of all files below a directory; 0 where there is none.
fn size(path: &Path) -> Result<u64> {
    if !path.exists() {
        return Ok(0);
    }
    let length = |file: &PathBuf| {
        let about = std::fs::metadata(file).map_err(|error| unreadable(file, &error))?;
        Ok(about.len())
    };
    files_below(path)?.iter().map(length).sum()
}

/// Seconds of a step from the mean rates after each step. Where the run has long steps, every second
/// one was long.
fn step_seconds(rates: &[(f64, f64)], long_every: u64) -> Option<f64> {
    let ended: Vec<f64> = rates.iter().map(|(step, rate)| step / rate).collect();
    let mean = |first: usize, every: usize| {
        let taken: Vec<f64> = ended.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let taken: Vec<f64> = taken.into_iter().skip(first).step_by(every).collect();
        (!taken.is_empty()).then(|| taken.iter().sum::<f64>() / taken.len() as f64)
    };
    if long_every == 0 {
        return mean(0, 1);
    }
    // The first step that is timed is the second one, a long one.
    let share = 1.0 / long_every as f64;
    Some(share * mean(0, 2)? + (1.0 - share) * mean(1, 2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_steps_count_by_their_share() {
        // Steps of 9, then 4, 1, 4, 1 seconds.
        let ended = [9.0, 13.0, 14.0, 18.0, 19.0];
        let rates: Vec<(f64, f64)> = ended
            .iter()
            .enumerate()
            .map(|(index, ended)| (index as f64 + 1.0, (index as f64 + 1.0) / ended))
            .collect();
        let near = |found: Option<f64>, wanted: f64| (found.unwrap() - wanted).abs() < 1e-9;
        assert!(near(step_seconds(&rates, 0), 2.5));
        assert!(near(step_seconds(&rates, 1), 4.0));
        assert!(near(step_seconds(&rates, 4), 1.75));
        assert_eq!(step_seconds(&rates[..1], 0), None);
    }

    #[test]
    fn a_killed_rehearsal_left_its_place_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let place = directory.path().join(name);
            std::fs::create_dir(&place).unwrap();
            std::fs::write(place.join(LOCK_FILE), "").unwrap();
            place
        };
        let (left, live, other) = (place(".preflight-a"), place(".preflight-b"), place("run"));
        let held = FileLock::try_take(&live.join(LOCK_FILE)).unwrap();
        assert!(held.is_some());
        tidy(directory.path());
        assert!(!left.exists() && live.exists() && other.exists());
    }

    #[test]
    fn a_directory_that_is_not_there_yet_has_one_above_it() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(existing(&directory.path().join("a/b")), directory.path());
        assert_eq!(existing(Path::new("not-there")), Path::new("."));
        std::fs::create_dir(directory.path().join("x")).unwrap();
        std::fs::write(directory.path().join("x/y"), "12345").unwrap();
        std::fs::write(directory.path().join("z"), "1").unwrap();
        assert_eq!(size(directory.path()).unwrap(), 6);
    }
}
