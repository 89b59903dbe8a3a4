//! The list of a repository's files, with their sizes and hashes.

use super::repository::{Repository, is_commit};
use crate::halt::{Halt, failure};
use crate::transfer::{Check, Wanted};
use crate::web::{Address, Client};
use genolewm_core::limits::{MAX_FETCHED_FILES, MAX_LISTING_BYTES};
use genolewm_core::provenance::is_sha256;
use genolewm_core::{Error, Result};
use serde_json::Value;

/// A file of a repository. Its path is the server's word, and has not been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path.
    pub path: String,
    /// Its size.
    pub length_bytes: u64,
    /// Its hash.
    pub check: Check,
}

/// The commit that a revision names.
///
/// # Errors
/// When there is none.
pub fn commit(repository: &Repository, revision: &str, client: &Client) -> Result<String, Halt> {
    if is_commit(revision) {
        return Ok(revision.to_owned());
    }
    let address = repository.about(revision);
    let (_, bytes) = client.document(&address, MAX_LISTING_BYTES)?;
    let about = json(&bytes, &address)?;
    let commit = about
        .get("sha")
        .and_then(Value::as_str)
        .filter(|text| is_commit(text));
    let commit =
        commit.ok_or_else(|| wrong("the hub names no commit of this revision", &address))?;
    Ok(commit.to_owned())
}

/// Every file of a commit.
///
/// # Errors
/// When the list cannot be had, is none, or is too long.
pub fn files(repository: &Repository, commit: &str, client: &Client) -> Result<Vec<Listed>, Halt> {
    let mut files = Vec::new();
    let mut next = Some(repository.tree(commit));
    let mut pages = 0;
    while let Some(address) = next {
        let (head, bytes) = client.document(&address, MAX_LISTING_BYTES)?;
        let page = json(&bytes, &address)?;
        let entries = page
            .as_array()
            .ok_or_else(|| wrong("the hub's list of files is none", &address))?;
        for entry in entries {
            files.extend(listed(entry).map_err(|error| error.with_detail("url", &address))?);
        }
        pages += 1;
        if files.len() > MAX_FETCHED_FILES || pages > MAX_FETCHED_FILES {
            return Err(wrong("the repository has too many files", &address).into());
        }
        next = head
            .next_page()
            .map(|next| address.beside(next))
            .transpose()?;
    }
    Ok(files)
}

/// A file of the list; none for a folder.
fn listed(entry: &Value) -> Result<Option<Listed>> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text(entry, "type");
    if kind.as_deref() != Some("file") {
        return Ok(None);
    }
    let path = text(entry, "path").unwrap_or_default();
    let broken = |what: &str| {
        failure(format!("the hub's list of files gives no {what} of a file"))
            .with_detail("path", format!("{path:?}"))
            .with_remedy("check the endpoint; it must answer as Hugging Face's hub does")
    };
    let large = entry.get("lfs").filter(|lfs| lfs.is_object());
    let check = match large {
        Some(lfs) => {
            let hash = text(lfs, "oid")
                .or_else(|| text(lfs, "sha256"))
                .unwrap_or_default();
            let hash = format!("sha256:{}", hash.trim_start_matches("sha256:"));
            is_sha256(&hash).then_some(Check::Sha256(hash))
        }
        None => text(entry, "oid")
            .filter(|hash| is_commit(hash))
            .map(Check::GitBlob),
    };
    let length = large.unwrap_or(entry).get("size").and_then(Value::as_u64);
    Ok(Some(Listed {
        length_bytes: length.ok_or_else(|| broken("size"))?,
        check: check.ok_or_else(|| broken("hash"))?,
        path,
    }))
}

impl Listed {
    /// The file as it is fetched.
    #[must_use]
    pub fn wanted(&self, repository: &Repository, commit: &str) -> Wanted {
        Wanted {
            path: self.path.clone(),
            source: repository.file(commit, &self.path),
            check: self.check.clone(),
            length_bytes: Some(self.length_bytes),
        }
    }
}

fn json(bytes: &[u8], address: &Address) -> Result<Value> {
    serde_json::from_slice(bytes)
        .map_err(|error| wrong("the hub's answer is not JSON", address).with_detail("cause", error))
}

fn wrong(message: &str, address: &Address) -> Error {
    failure(message)
        .with_detail("url", address)
        .with_remedy("check the endpoint; it must answer as Hugging Face's hub does")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn large_files_have_a_sha256_and_small_ones_gits_hash() {
        let (git, sha) = ("1".repeat(40), "2".repeat(64));
        let small = json!({"type": "file", "path": "config.json", "oid": git, "size": 7});
        let small = listed(&small).unwrap().unwrap();
        assert_eq!(
            (small.check, small.length_bytes),
            (Check::GitBlob(git.clone()), 7)
        );
        let large = json!({"type": "file", "path": "x", "oid": git, "size": 130,
            "lfs": {"oid": sha, "size": 9, "pointerSize": 130}});
        let large = listed(&large).unwrap().unwrap();
        assert_eq!(
            (large.check, large.length_bytes),
            (Check::Sha256(format!("sha256:{sha}")), 9)
        );
        assert_eq!(
            listed(&json!({"type": "directory", "path": "x"})).unwrap(),
            None
        );
        for bad in [
            json!({"type": "file", "path": "x", "oid": "../../x", "size": 1}),
            json!({"type": "file", "path": "x", "oid": git}),
            json!({"type": "file", "path": "x", "oid": git, "size": -1}),
            json!({"type": "file", "path": "x", "oid": git, "size": 1, "lfs": {"oid": "z", "size": 1}}),
        ] {
            assert!(listed(&bad).is_err(), "{bad}");
        }
    }
}
