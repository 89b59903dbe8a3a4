//! The folder of a run's checkpoints: the newest whole one, and the retention of older ones.

use super::checkpoint::Checkpoint;
use crate::files::unreadable;
use crate::settings::Retention;
use genolewm_core::{Error, ErrorCode, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The folder's name in a run's directory.
pub const CHECKPOINTS: &str = "checkpoints";
const PREFIX: &str = "step_";
const EXTENSION: &str = "safetensors";
/// What a checkpoint that cannot be read is renamed to.
const DAMAGED: &str = "damaged";

/// The checkpoints of one run.
#[derive(Debug)]
pub struct CheckpointFolder(PathBuf);

impl CheckpointFolder {
    /// The folder in a run's directory.
    #[must_use]
    pub fn of(run: &Path) -> Self {
        Self(run.join(CHECKPOINTS))
    }

    /// The file of a step.
    #[must_use]
    pub fn file(&self, step: u64) -> PathBuf {
        self.0.join(base_name(step))
    }

    /// Steps that have a file, ascending. A folder that is not there has none.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be listed.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let names = self.names()?;
        let mut steps: Vec<u64> = names.iter().filter_map(|path| step_of(path)).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The newest checkpoint that is whole. Newer ones that are not are told of through `warn` and
    /// renamed, so that they count no more.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when there are checkpoints and none is whole: starting over would
    /// throw a run away. `RESOURCE.GENERIC` when a file cannot be read.
    pub fn newest(&self, warn: &mut dyn FnMut(&str)) -> Result<Option<Checkpoint>> {
        let mut damaged: Vec<(PathBuf, Error)> = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            let path = self.file(step);
            match Checkpoint::load(&path) {
                Ok(checkpoint) => {
                    for (path, error) in &damaged {
                        set_aside(path)?;
                        let (why, step) = (error.message(), checkpoint.step);
                        warn(&format!("{why}; the run goes on from step {step}"));
                    }
                    return Ok(Some(checkpoint));
                }
                Err(error) if error.code() == ErrorCode::DeployExportFormat => {
                    damaged.push((path, error));
                }
                Err(error) => return Err(error),
            }
        }
        match damaged.into_iter().next() {
            None => Ok(None),
            Some((_, error)) => Err(error
                .with_detail("checkpoints", self.0.display())
                .with_remedy(
                    "no checkpoint is whole: remove this folder to train from the beginning",
                )),
        }
    }

    /// Removes what `retention` does not keep, and what a killed run left half-written.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when a file cannot be removed.
    pub fn prune(&self, retention: Retention) -> Result<()> {
        let steps = self.steps()?;
        let keep = usize::try_from(retention.keep).unwrap_or(usize::MAX);
        let old = &steps[..steps.len().saturating_sub(keep)];
        let kept =
            |step: u64| retention.keep_every > 0 && step.is_multiple_of(retention.keep_every);
        for &step in old.iter().filter(|&&step| !kept(step)) {
            remove(&self.file(step))?;
        }
        let names = self.names()?;
        let partial = |path: &&PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(".partial-"))
        };
        let mut partial = names.iter().filter(partial);
        partial.try_for_each(|path| remove(path))
    }

    fn names(&self) -> Result<Vec<PathBuf>> {
        let failed = |error| unreadable(&self.0, &error);
        match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => entries
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
                .map_err(failed),
        }
    }
}

/// A checkpoint's name below the run's directory.
#[must_use]
pub(super) fn file_name(step: u64) -> String {
    format!("{CHECKPOINTS}/{}", base_name(step))
}

fn base_name(step: u64) -> String {
    format!("{PREFIX}{step:08}.{EXTENSION}")
}

fn step_of(path: &Path) -> Option<u64> {
    let stem = path
        .file_stem()
        .filter(|_| path.extension() == Some(OsStr::new(EXTENSION)));
    stem?.to_str()?.strip_prefix(PREFIX)?.parse().ok()
}

fn set_aside(path: &Path) -> Result<()> {
    let to = path.with_extension(format!("{EXTENSION}.{DAMAGED}"));
    std::fs::rename(path, &to).map_err(|error| unreadable(path, &error))
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|error| unreadable(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm::weights::NamedTensor;

    fn saved(folder: &CheckpointFolder, step: u64) {
        let weights = [("w".to_owned(), tensor(step as f32))].into();
        let checkpoint = Checkpoint {
            step,
            weights,
            ..Checkpoint::default()
        };
        checkpoint.save(&folder.file(step)).unwrap();
    }

    fn tensor(value: f32) -> NamedTensor {
        NamedTensor {
            shape: vec![2, 3],
            values: vec![value; 6],
        }
    }

    fn folder(steps: &[u64]) -> (tempfile::TempDir, CheckpointFolder) {
        let directory = tempfile::tempdir().unwrap();
        let folder = CheckpointFolder::of(directory.path());
        for &step in steps {
            saved(&folder, step);
        }
        (directory, folder)
    }

    fn resumed(folder: &CheckpointFolder) -> (u64, Vec<String>) {
        let mut warnings = Vec::new();
        let newest = folder.newest(&mut |text| warnings.push(text.to_owned()));
        (newest.unwrap().unwrap().step, warnings)
    }

    #[test]
    fn the_newest_and_every_nth_are_kept() {
        let (_directory, folder) = folder(&[5, 10, 15, 20, 25, 30]);
        std::fs::write(folder.0.join(".partial-x"), "half").unwrap();
        std::fs::write(folder.0.join("notes.txt"), "mine").unwrap();
        let keep_two = |keep_every| Retention {
            keep: 2,
            keep_every,
        };
        folder.prune(keep_two(10)).unwrap();
        assert_eq!(folder.steps().unwrap(), [10, 20, 25, 30]);
        folder.prune(keep_two(0)).unwrap();
        assert_eq!(folder.steps().unwrap(), [25, 30]);
        assert!(!folder.0.join(".partial-x").exists());
        assert!(folder.0.join("notes.txt").exists());
    }

    #[test]
    fn a_torn_checkpoint_gives_way_to_the_one_before() {
        let (_directory, folder) = folder(&[5, 10, 15]);
        assert_eq!(resumed(&folder), (15, Vec::new()));
        // Cut short, and at full length with a page of zeros: what a power cut leaves.
        let mut bytes = std::fs::read(folder.file(15)).unwrap();
        std::fs::write(folder.file(15), &bytes[..bytes.len() / 2]).unwrap();
        let end = bytes.len();
        bytes[end - 8..].fill(0);
        std::fs::write(folder.file(10), &bytes).unwrap();
        let (step, warnings) = resumed(&folder);
        assert_eq!((step, warnings.len()), (5, 2));
        assert!(warnings[0].contains("step_00000015") && warnings[0].contains("step 5"));
        assert_eq!(folder.steps().unwrap(), [5]);
        assert_eq!(resumed(&folder), (5, Vec::new()), "it is warned of once");
    }

    #[test]
    fn a_folder_without_a_whole_checkpoint_is_refused() {
        let (_directory, folder) = folder(&[5]);
        std::fs::write(folder.file(5), "torn").unwrap();
        let error = folder.newest(&mut |_| {}).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DeployExportFormat);
        assert!(folder.file(5).exists(), "nothing is moved");
        let empty = tempfile::tempdir().unwrap();
        assert!(
            CheckpointFolder::of(empty.path())
                .newest(&mut |_| {})
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_checkpoint_comes_back_as_it_was_saved() {
        let (_directory, folder) = folder(&[]);
        let identity = super::super::checkpoint::RunIdentity {
            run_id: "encoder-1".to_owned(),
            stage: "encoder".to_owned(),
            architecture: "{\"layers\":2}".to_owned(),
            settings: "{\"rate\":0.002}".to_owned(),
            dataset_snapshot_id: "sha256:00".to_owned(),
        };
        let state = burn::tensor::TensorData::new(vec![1.5f32, -2.0], [1, 2]);
        let checkpoint = Checkpoint {
            identity: identity.clone(),
            step: 7,
            weights: [("w".to_owned(), tensor(0.25))].into(),
            state: [("moment_1.w".to_owned(), state.clone())].into(),
        };
        checkpoint.save(&folder.file(7)).unwrap();
        let back = Checkpoint::load(&folder.file(7)).unwrap();
        assert_eq!((back.identity, back.step), (identity, 7));
        assert_eq!(back.weights["w"].values, [0.25; 6]);
        assert_eq!(back.weights["w"].shape, [2, 3]);
        assert_eq!(back.state["moment_1.w"], state);
    }
}
