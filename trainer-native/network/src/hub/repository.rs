//! A repository of a hub, and the addresses of what is in it.

use crate::web::{Address, Source};
use genolewm_core::provenance::is_model_path;
use genolewm_core::{Error, Result};

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A model: an encoder.
    Model,
    /// A data set.
    Dataset,
}

impl Kind {
    /// Its name in a record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
        }
    }
}

/// A repository at a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    endpoint: Address,
    /// What it holds.
    pub kind: Kind,
    /// Its name: `owner/name`.
    pub id: String,
}

impl Repository {
    /// The repository of a name.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a name that could be something else in an address.
    pub fn new(endpoint: Address, kind: Kind, id: &str) -> Result<Self> {
        let segments = id.split('/').count();
        if !is_model_path(id)
            || segments > 2
            || id.split('/').any(|segment| segment.starts_with('.'))
        {
            return Err(Error::input("this is no name of a repository")
                .with_detail("repository", format!("{id:?}"))
                .with_remedy("give OWNER/NAME, such as HuggingFaceBio/Carbon-500M"));
        }
        Ok(Self {
            endpoint,
            kind,
            id: id.to_owned(),
        })
    }

    /// Its name without the owner's.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }

    fn api(&self) -> Address {
        let kinds = match self.kind {
            Kind::Model => "models",
            Kind::Dataset => "datasets",
        };
        self.endpoint
            .below(["api", kinds])
            .below(self.id.split('/'))
    }

    /// What is said about a revision: a branch, a tag or a commit.
    #[must_use]
    pub fn about(&self, revision: &str) -> Address {
        self.api().below(["revision", revision])
    }

    /// The list of all files of a commit.
    #[must_use]
    pub fn tree(&self, commit: &str) -> Address {
        self.api()
            .below(["tree", commit])
            .with_query("recursive=true&expand=false")
    }

    /// A file of a commit.
    #[must_use]
    pub fn file(&self, commit: &str, path: &str) -> Source {
        let start = match self.kind {
            Kind::Model => self.endpoint.clone(),
            Kind::Dataset => self.endpoint.below(["datasets"]),
        };
        let folder = start.below(self.id.split('/')).below(["resolve", commit]);
        Source::Web(folder.below(path.split('/')))
    }
}

/// Whether a text is the full name of a commit.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    text.len() == 40
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_hub() {
        let hub = || Address::parse("https://hub.example/").unwrap();
        let model = Repository::new(hub(), Kind::Model, "HuggingFaceBio/Carbon-500M").unwrap();
        assert_eq!(
            model.about("refs/pr/1").to_string(),
            "https://hub.example/api/models/HuggingFaceBio/Carbon-500M/revision/refs%2Fpr%2F1"
        );
        let data = Repository::new(hub(), Kind::Dataset, "o/n").unwrap();
        assert_eq!(
            data.file("c", "data/a.parquet").to_string(),
            "https://hub.example/datasets/o/n/resolve/c/data/a.parquet"
        );
        for bad in [
            "",
            "..",
            "a/b/c",
            "a/..",
            "../a",
            "a b",
            "https://h/x",
            "a/.b",
        ] {
            assert!(Repository::new(hub(), Kind::Model, bad).is_err(), "{bad}");
        }
        assert!(is_commit(&"0a".repeat(20)) && !is_commit("main") && !is_commit(&"0A".repeat(20)));
    }
}
