//! Paths of artifacts as a report may name them: below one root, and nothing about the machine.

use genolewm_core::{Error, ErrorCode, Result};
use std::path::{Component, Path, PathBuf};

/// The path of an artifact below `root`, with `/` between its parts. A relative path is taken as it
/// is; an absolute one must lie inside the root, symbolic links followed.
///
/// # Errors
/// `INPUT.GENERIC` for a path that is empty, a URL, leads upwards, or lies outside.
pub fn package_path(label: &str, path: &Path, root: &Path) -> Result<String> {
    let refused = |message: &str| {
        Error::new(ErrorCode::InputGeneric, message)
            .with_detail("artifact", label)
            .with_remedy("keep the artifacts under one directory and name it with --artifact-root")
    };
    if path.to_string_lossy().contains("://") {
        return Err(refused("an artifact is named by a path, not by a URL"));
    }
    let relative = if path.is_absolute() {
        let inside = resolved(path);
        let inside = inside.strip_prefix(resolved(root));
        inside
            .map(Path::to_owned)
            .map_err(|_| refused("an artifact lies outside the artifact root"))?
    } else {
        path.to_owned()
    };
    let mut parts = Vec::new();
    for part in relative.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            _ => return Err(refused("an artifact's path leads out of the artifact root")),
        }
    }
    if parts.is_empty() {
        return Err(refused("an artifact has no path"));
    }
    Ok(parts.join("/"))
}

/// The path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = path.ancestors().find_map(|ancestor| {
        let real = ancestor.canonicalize().ok()?;
        let rest = path.strip_prefix(ancestor).ok()?;
        Some(if rest.as_os_str().is_empty() {
            real
        } else {
            real.join(rest)
        })
    });
    found.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let path = |path: &Path| package_path("scores", path, root);
        assert_eq!(path(Path::new("./a//b.json")).unwrap(), "a/b.json");
        assert_eq!(path(&root.join("new/b.json")).unwrap(), "new/b.json");
        for bad in ["", "../b.json", "a/../../b", "https://x/y"] {
            assert_eq!(
                path(Path::new(bad)).unwrap_err().code(),
                ErrorCode::InputGeneric,
                "{bad}"
            );
        }
        assert!(path(root).is_err() && path(Path::new("/elsewhere/b")).is_err());
    }
}
