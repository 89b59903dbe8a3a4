//! Which files of a repository are wanted: those that an encoder needs, the tables of a data set, or what
//! the user names.

use super::listing::Listed;
use super::repository::Kind;
use genolewm_core::provenance::{
    ENCODER_INDEX, ENCODER_PREFIX, ENCODER_WEIGHTS, RUNTIME_FILES, is_model_path,
};
use genolewm_core::{Error, Result};
use genolewm_data::files::hub::{FETCH_RECORD, is_table};

/// What is wanted of a repository.
#[derive(Debug, Clone)]
pub enum Choice {
    /// What this program reads of its kind.
    Needed(Kind),
    /// The files that one of these patterns fits.
    Matching(Vec<String>),
    /// Everything.
    All,
}

impl Choice {
    /// The wanted files of a list, by their paths.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there are none, or one of them could leave the folder.
    pub fn of(&self, files: &[Listed]) -> Result<Vec<Listed>> {
        let mut chosen: Vec<Listed> = files
            .iter()
            .filter(|file| self.wants(&file.path, files))
            .cloned()
            .collect();
        chosen.sort_by(|one, other| one.path.cmp(&other.path));
        if let Some(file) = chosen
            .iter()
            .find(|file| !is_model_path(&file.path) || file.path == FETCH_RECORD)
        {
            return Err(Error::input(
                "a file of the repository could leave its folder, or has a name that we keep",
            )
            .with_detail("path", format!("{:?}", file.path))
            .with_remedy("leave it out: name the files that you want with --include"));
        }
        crate::staging::check_names(chosen.iter().map(|file| file.path.as_str())).map_err(
            |path| {
                Error::input("two files of the repository have one place")
                    .with_detail("path", path)
                    .with_remedy("name the one that you want with --include")
            },
        )?;
        self.check_whole(&chosen, files)?;
        Ok(chosen)
    }

    fn wants(&self, path: &str, files: &[Listed]) -> bool {
        match self {
            Self::All => true,
            Self::Matching(patterns) => patterns.iter().any(|pattern| fits(pattern, path)),
            Self::Needed(Kind::Dataset) => is_table(path),
            Self::Needed(Kind::Model) => is_of_encoder(path, files),
        }
    }

    fn check_whole(&self, chosen: &[Listed], files: &[Listed]) -> Result<()> {
        let is_weights = |file: &Listed| file.path.ends_with(".safetensors");
        let refused = match self {
            Self::Needed(Kind::Model) if !chosen.iter().any(is_weights) => {
                "the repository has no safetensors weights; others may run code, and are not read"
            }
            _ if chosen.is_empty() => "the repository has no file of those that are wanted",
            _ => return Ok(()),
        };
        let there = files
            .iter()
            .take(20)
            .map(|file| file.path.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        Err(Error::input(refused)
            .with_detail("files", there)
            .with_remedy(
                "check name and revision, or name files with --include; --dataset is for data sets",
            ))
    }
}

/// Whether an encoder is read from a file: its documents, and one file of weights, or the parts of a list
/// where there is no such file.
fn is_of_encoder(path: &str, files: &[Listed]) -> bool {
    let own = |name: &'static str| name.strip_prefix(ENCODER_PREFIX);
    let [weights, index] = [ENCODER_WEIGHTS, ENCODER_INDEX].map(|name| own(name).unwrap_or(name));
    let has_whole = files.iter().any(|file| file.path == weights);
    let is_part =
        path.starts_with("model-") && path.ends_with(".safetensors") && !path.contains('/');
    match path {
        _ if path == weights => true,
        _ if path == index || is_part => !has_whole,
        _ => RUNTIME_FILES.iter().any(|name| own(name) == Some(path)),
    }
}

/// Whether a pattern fits a path: `*` stands for any characters, `?` for one.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), path.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last star is, and what it stands for so far.
    let mut star: Option<(usize, usize)> = None;
    while read < path.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(c) if *c == '?' || *c == path[read] => (at, read) = (at + 1, read + 1),
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    (at, read) = (place + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Check;

    fn list(paths: &[&str]) -> Vec<Listed> {
        let listed = |path: &&str| Listed {
            path: (*path).to_owned(),
            length_bytes: 1,
            check: Check::GitBlob("0".repeat(40)),
        };
        paths.iter().map(listed).collect()
    }

    fn chosen(choice: &Choice, paths: &[&str]) -> Vec<String> {
        choice
            .of(&list(paths))
            .unwrap()
            .into_iter()
            .map(|file| file.path)
            .collect()
    }

    #[test]
    fn an_encoder_is_its_documents_and_one_kind_of_weights() {
        let needed = Choice::Needed(Kind::Model);
        let all = [
            ".gitattributes",
            "README.md",
            "config.json",
            "tokenizer.json",
            "modeling.py",
            "pytorch_model.bin",
            "model.safetensors.index.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "other/config.json",
        ];
        let parts = chosen(&needed, &all);
        assert_eq!(
            parts,
            [
                "config.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
                "tokenizer.json"
            ]
        );
        let whole = chosen(&needed, &[&all[..], &["model.safetensors"]].concat());
        assert_eq!(
            whole,
            ["config.json", "model.safetensors", "tokenizer.json"]
        );
        assert!(
            needed
                .of(&list(&["config.json", "pytorch_model.bin"]))
                .is_err()
        );
    }

    #[test]
    fn a_path_of_a_repository_left_the_folder() {
        let all = Choice::All;
        for bad in [
            "../x.parquet",
            "/x",
            "a//b",
            "a b",
            "a\\b",
            "C:x",
            FETCH_RECORD,
        ] {
            assert!(all.of(&list(&["config.json", bad])).is_err(), "{bad}");
        }
        // What nobody asked for does no harm.
        let table = Choice::Needed(Kind::Dataset);
        assert_eq!(
            chosen(&table, &["../x", "data/a.parquet", "b.jsonl.gz"]),
            ["b.jsonl.gz", "data/a.parquet"]
        );
        assert!(all.of(&list(&["a", "A"])).is_err());
    }

    #[test]
    fn patterns_fit() {
        for (pattern, path, fit) in [
            ("data/*.parquet", "data/train-0.parquet", true),
            ("*", "a/b", true),
            ("*0?.parquet", "x/00.parquet", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("data", "data/x", false),
            ("", "", true),
            ("**", "x", true),
        ] {
            assert_eq!(fits(pattern, path), fit, "{pattern} {path}");
        }
    }
}
