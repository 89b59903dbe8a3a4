//! The list of releases, in the layout of the Python package's.

use super::version::compare;
use crate::halt::failure;
use crate::web::Source;
use genolewm_core::provenance::{Json, is_model_path};
use genolewm_core::{Error, Result};
use std::cmp::Ordering;

/// A release in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The model's version.
    pub model_version: String,
    /// The release's name, which its folder gets.
    pub release_id: String,
    /// Where its manifest is.
    pub manifest: Source,
    /// The folder of its files.
    pub files: Source,
}

impl Release {
    /// Whether its name may be a folder's: one segment of a model's path, and not hidden.
    ///
    /// # Errors
    /// `INPUT.GENERIC`.
    pub fn check_name(&self) -> Result<()> {
        let id = &self.release_id;
        let is_name = is_model_path(id) && !id.contains('/') && !id.starts_with('.');
        match is_name {
            true => Ok(()),
            false => Err(Error::input("the name of a release is no name of a folder")
                .with_detail("release_id", format!("{id:?}"))
                .with_remedy(
                    "ask whoever publishes the list: letters, digits, '.', '_' and '-' are names",
                )),
        }
    }
}

/// Reads a list that came from `index`.
///
/// # Errors
/// `RESOURCE.RUNTIME_SETUP` for what is no list; `INPUT.GENERIC` for an address that must not be asked.
pub fn parse(bytes: &[u8], index: &Source) -> Result<Vec<Release>> {
    let name = index.to_string();
    let wrong = |message: &str| {
        failure(format!("the list of releases {message}"))
            .with_detail("url", &name)
            .with_remedy("check --index; docs/formats.md says what a list of releases is")
    };
    let document = Json::parse(bytes, &name)
        .map_err(|error| wrong("is not JSON").with_detail("cause", error))?;
    let members = document
        .as_object()
        .ok_or_else(|| wrong("is no JSON object"))?;
    let Some(Json::Array(items)) = members.get("releases") else {
        return Err(wrong("has no list \"releases\""));
    };
    if items.is_empty() {
        return Err(wrong("is empty"));
    }
    let release = |(number, item): (usize, &Json)| {
        let members = item
            .as_object()
            .ok_or_else(|| wrong("has an entry that is no object").with_detail("index", number))?;
        let text = |key: &str| match members.get(key).and_then(Json::as_str) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(wrong("has an entry without a text of its own")
                .with_detail("index", number)
                .with_detail("field", key)),
        };
        let manifest = address(&text("manifest_url")?, index)?;
        let files = match members.get("artifact_base_url") {
            None | Some(Json::Null) => manifest.folder(),
            Some(_) => address(&text("artifact_base_url")?, index)?,
        };
        Ok(Release {
            model_version: text("model_version")?,
            release_id: text("release_id")?,
            manifest,
            files,
        })
    };
    items.iter().enumerate().map(release).collect()
}

/// An address of the list. Only a list on a disk may name files there.
fn address(text: &str, index: &Source) -> Result<Source> {
    match (Source::parse_address(text)?, index) {
        (Source::File(_), Source::Web(_)) => Err(Error::input(
            "a list on the network names a file of this machine",
        )
        .with_detail("url", text)
        .with_remedy("ask whoever publishes the list")),
        (source, _) => Ok(source),
    }
}

/// The release that `target` names by version or name, else the one of the highest version; of equal ones
/// the first.
///
/// # Errors
/// `INPUT.GENERIC` when there is none.
pub fn choose<'a>(releases: &'a [Release], target: Option<&str>) -> Result<&'a Release> {
    let chosen = match target {
        Some(target) => releases
            .iter()
            .find(|release| release.model_version == target || release.release_id == target),
        None => releases.iter().reduce(|best, release| {
            match compare(&release.model_version, &best.model_version) {
                Ordering::Greater => release,
                _ => best,
            }
        }),
    };
    let known = || {
        releases
            .iter()
            .map(|release| release.model_version.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    chosen.ok_or_else(|| {
        Error::input("the list of releases has no such version")
            .with_detail("target_version", target.unwrap_or_default())
            .with_detail("known", known())
            .with_remedy("give a version or a name that is listed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;

    fn read(text: &str) -> Result<Vec<Release>> {
        parse(text.as_bytes(), &Source::File("index.json".into()))
    }

    /// Errors and statuses of geno-lewm-update 0.2.1 on these lists.
    #[test]
    fn lists_that_the_python_package_refuses_are_refused_with_its_status() {
        for bad in [
            "[]",
            "{}",
            r#"{"releases":[]}"#,
            r#"{"releases":[{}]}"#,
            r#"{"releases":[5]}"#,
            r#"{"releases":"#,
            r#"{"releases":[{"model_version":"1","release_id":"a"}]}"#,
        ] {
            assert_eq!(
                read(bad).unwrap_err().code(),
                ErrorCode::ResourceRuntimeSetup,
                "{bad}"
            );
        }
        for url in ["manifest.json", "/a/manifest.json", "http://example.org/m"] {
            let list = format!(
                r#"{{"releases":[{{"model_version":"1","release_id":"a","manifest_url":"{url}"}}]}}"#
            );
            assert_eq!(
                read(&list).unwrap_err().code(),
                ErrorCode::InputGeneric,
                "{url}"
            );
        }
    }

    #[test]
    fn files_lie_beside_the_manifest_unless_the_list_says_otherwise() {
        let list = r#"{"releases":[
            {"model_version":"1","release_id":"a","manifest_url":"https://h/a/b/manifest.json?x=1"},
            {"model_version":"2","release_id":"b","manifest_url":"https://h/m","artifact_base_url":"https://h/f","more":0}]}"#;
        let releases = read(list).unwrap();
        let below = |at: usize| releases[at].files.below("p/q.x").to_string();
        assert_eq!(
            [below(0), below(1)],
            ["https://h/a/b/p/q.x", "https://h/f/p/q.x"]
        );
        assert_eq!(choose(&releases, None).unwrap().release_id, "b");
        assert_eq!(choose(&releases, Some("a")).unwrap().model_version, "1");
        assert_eq!(
            choose(&releases, Some("3")).unwrap_err().code(),
            ErrorCode::InputGeneric
        );
    }

    #[test]
    fn a_list_on_the_network_named_files_of_the_machine() {
        let list = r#"{"releases":[{"model_version":"1","release_id":"a","manifest_url":"file:///etc/passwd"}]}"#;
        assert!(read(list).is_ok());
        let web = Source::parse("https://h/index.json").unwrap();
        assert_eq!(
            parse(list.as_bytes(), &web).unwrap_err().code(),
            ErrorCode::InputGeneric
        );
    }

    #[test]
    fn the_name_of_a_release_led_out_of_the_folder() {
        let list = r#"{"releases":[{"model_version":"1","release_id":"NAME","manifest_url":"https://h/m"}]}"#;
        let name = |name: &str| read(&list.replace("NAME", name)).unwrap()[0].check_name();
        for bad in ["..", "../x", "a/b", ".hidden", "a b", "C:x", "x.", "."] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert!(name("golden-1").is_ok());
    }
}
