//! A configuration file: YAML, TOML or JSON, as a list of keys and values.

use crate::files::{internal, read_text};
use genolewm::yaml;
use genolewm_core::error::Location;
use genolewm_core::limits::MAX_YAML_BYTES;
use genolewm_core::{Error, ErrorCode, Result};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_yaml_ng::{Mapping, Value};
use std::fmt;
use std::path::Path;

/// The error of a key that was looked for.
const HERE: &str = "the key stands here";

/// A key, by its sections, and its value.
pub type Leaf = (Vec<String>, Value);

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Toml,
    Json,
}

/// What was read of a document.
#[derive(Debug, Clone)]
pub struct Document {
    /// What errors call it.
    pub name: String,
    text: String,
    format: Format,
}

impl Document {
    /// Reads a file, by its extension TOML, JSON or else YAML.
    ///
    /// # Errors
    /// `CONFIG.MISSING_FIELD` where there is none, as in the Python package; `RESOURCE.GENERIC` where
    /// it cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        if !path.try_exists().unwrap_or(true) {
            let message = format!("{name}: there is no such configuration");
            return Err(Error::new(ErrorCode::ConfigMissingField, message)
                .with_remedy("check the path of the configuration"));
        }
        Ok(Self::new(name, read_text(path)?))
    }

    /// A document that is at hand.
    #[must_use]
    pub fn new(name: String, text: String) -> Self {
        let extension = Path::new(&name).extension().unwrap_or_default();
        let format = match extension.to_ascii_lowercase().to_str() {
            Some("toml") => Format::Toml,
            Some("json") => Format::Json,
            _ => Format::Yaml,
        };
        Self { name, text, format }
    }

    /// Every key with its value, section by section; a section that is empty has its own name and null.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` with the place for what is malformed, too much, or no mapping.
    pub fn leaves(&self) -> Result<Vec<Leaf>> {
        let mut leaves = Vec::new();
        match self.value()? {
            Value::Mapping(root) => flatten(&mut Vec::new(), root, &mut leaves)
                .map_err(|error| error.at(Location::file(&self.name)))?,
            Value::Null => {}
            _ => return Err(self.refused("the configuration is not a mapping", None)),
        }
        Ok(leaves)
    }

    /// The line of a key, from 1.
    #[must_use]
    pub fn line_of(&self, key: &[String]) -> Option<u64> {
        let place = Place(key);
        let is_here = |error: &dyn fmt::Display| error.to_string().contains(HERE);
        let line = match self.format {
            Format::Yaml => {
                let yaml = serde_yaml_ng::Deserializer::from_str(&self.text);
                let error = place.deserialize(yaml).err().filter(|e| is_here(e))?;
                error.location()?.line() as u64
            }
            Format::Json => {
                let mut json = serde_json::Deserializer::from_str(&self.text);
                let error = place.deserialize(&mut json).err().filter(|e| is_here(e))?;
                error.line() as u64
            }
            Format::Toml => {
                let toml = toml::Deserializer::parse(&self.text).ok()?;
                let error = place.deserialize(toml).err().filter(|e| is_here(e))?;
                self.line_at(error.span()?.start)
            }
        };
        (line > 0).then_some(line)
    }

    /// Where a key stands, as far as that can be told.
    #[must_use]
    pub fn place_of(&self, key: &[String]) -> Location {
        self.place(self.line_of(key))
    }

    fn value(&self) -> Result<Value> {
        if self.text.len() > MAX_YAML_BYTES {
            let kib = MAX_YAML_BYTES >> 10;
            let message = format!("the configuration is larger than {kib} KiB");
            return Err(self.refused(&message, None));
        }
        match self.format {
            Format::Yaml => yaml::parse(&self.text).map_err(|error| {
                self.refused(&format!("the configuration is not YAML: {error}"), None)
            }),
            Format::Json => {
                let mut json = serde_json::Deserializer::from_str(&self.text);
                let value = yaml::read(&mut json).and_then(|value| json.end().map(|()| value));
                value.map_err(|error| {
                    let message = format!("the configuration is not JSON: {error}");
                    self.refused(&message, Some(error.line() as u64))
                })
            }
            Format::Toml => toml::Deserializer::parse(&self.text)
                .and_then(yaml::read)
                .map_err(|error| {
                    let line = error.span().map(|span| self.line_at(span.start));
                    let message = format!("the configuration is not TOML: {}", error.message());
                    self.refused(&message, line)
                }),
        }
    }

    fn line_at(&self, offset: usize) -> u64 {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count() as u64
    }

    fn place(&self, line: Option<u64>) -> Location {
        match line {
            Some(line) => Location::line(&self.name, line),
            None => Location::file(&self.name),
        }
    }

    fn refused(&self, message: &str, line: Option<u64>) -> Error {
        let place = self.place(line.filter(|line| *line > 0));
        Error::new(ErrorCode::ConfigGeneric, message).at(place)
    }
}

/// The keys of a mapping that stands at a key, with their values.
///
/// # Errors
/// `CONFIG.GENERIC` for a key that is no name.
pub fn flatten(at: &mut Vec<String>, from: Mapping, to: &mut Vec<Leaf>) -> Result<()> {
    for (key, value) in from {
        let Value::String(key) = key else {
            let shown = serde_yaml_ng::to_string(&key).map_err(|error| internal(&error))?;
            let message = "a key of the configuration is not a name";
            return Err(Error::new(ErrorCode::ConfigGeneric, message)
                .with_detail("key", shown.trim())
                .with_detail("section", at.join("."))
                .with_remedy("write it in quotation marks"));
        };
        at.push(key);
        match value {
            Value::Mapping(inner) if !inner.is_empty() => flatten(at, inner, to)?,
            Value::Mapping(_) => to.push((at.clone(), Value::Null)),
            value => to.push((at.clone(), value)),
        }
        at.pop();
    }
    Ok(())
}

/// Fails at a key, so that the format's own error tells where that is.
#[derive(Clone, Copy)]
struct Place<'k>(&'k [String]);

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((name, rest)) = self.0.split_first() else {
            return Ok(());
        };
        let fails = rest.is_empty();
        while let Some(found) = map.next_key_seed(Name { name, fails })? {
            if found {
                return map.next_value_seed(Place(rest));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Whether a key has this name; where it `fails`, that is an error.
struct Name<'k> {
    name: &'k str,
    fails: bool,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<bool, E> {
        let is_it = text == self.name;
        if is_it && self.fails {
            return Err(E::custom(HERE));
        }
        Ok(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "# first\nscore:\n  strict: true\n\n  threads: 2\nencoder: {dtype: bf16,\n  \
                        pool_radius: 8}\nlist:\n- a\n";
    const TOML: &str = "list = [\"a\"]\n[score]\nstrict = true\n\nthreads = 2\n[encoder]\n\
                        dtype = \"bf16\"\npool_radius = 8\n";
    const JSON: &str = "{\"score\": {\n\"strict\": true,\n\"threads\": 2},\n\
                        \"encoder\": {\"dtype\": \"bf16\", \"pool_radius\": 8},\n\"list\": [\"a\"]}";

    fn key(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn document(name: &str, text: &str) -> Document {
        Document::new(name.to_owned(), text.to_owned())
    }

    #[test]
    fn three_formats_hold_the_same_and_tell_where() {
        let sorted = |name: &str, text: &str| {
            let mut leaves = document(name, text).leaves().unwrap();
            leaves.sort_by(|a, b| a.0.cmp(&b.0));
            leaves
        };
        let yaml = sorted("c.yaml", YAML);
        assert_eq!(yaml.len(), 5);
        assert_eq!(yaml[0], (key("encoder.dtype"), "bf16".into()));
        assert_eq!(sorted("c.toml", TOML), yaml);
        assert_eq!(sorted("c.JSON", JSON), yaml);
        // JSON is YAML, too.
        assert_eq!(sorted("-", JSON), yaml);
        for (name, text, lines) in [
            ("c.yaml", YAML, [3, 5, 6, 7, 8]),
            ("c.toml", TOML, [3, 5, 7, 8, 1]),
            ("c.json", JSON, [2, 3, 4, 4, 5]),
        ] {
            let document = document(name, text);
            let keys = "score.strict score.threads encoder.dtype encoder.pool_radius list";
            let found = keys.split(' ').map(|at| document.line_of(&key(at)));
            let found: Vec<_> = found.collect();
            assert_eq!(found, lines.map(Some), "{name}");
            assert_eq!(document.line_of(&key("score.no")), None);
            assert_eq!(document.line_of(&key("list.no")), None);
        }
    }

    #[test]
    fn what_is_malformed_or_too_much_is_refused_in_every_format() {
        let deep = |open: &str| open.repeat(100_000);
        let many = vec!["1"; 70_000].join(",");
        for (name, text) in [
            ("c.yaml", "- 1".to_owned()),
            ("c.yaml", "a: [".to_owned()),
            ("c.yaml", "1: 2".to_owned()),
            ("c.toml", "a = ".to_owned()),
            ("c.toml", "a = 1\na = 2".to_owned()),
            ("c.json", "{\"a\": 1} x".to_owned()),
            ("c.json", "{\"a\": 1, \"a\": 2}".to_owned()),
            ("c.yaml", deep("[")),
            ("c.toml", format!("a = {}", deep("["))),
            ("c.json", deep("[")),
            ("c.yaml", format!("a: [{many}]")),
            ("c.toml", format!("a = [{many}]")),
            ("c.json", format!("{{\"a\": [{many}]}}")),
            ("c.toml", " ".repeat(MAX_YAML_BYTES + 1)),
            ("c.json", " ".repeat(MAX_YAML_BYTES + 1)),
        ] {
            let error = document(name, &text).leaves().unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric);
            assert!(error.location().is_some(), "{error}");
        }
        assert!(document("c.yaml", "").leaves().unwrap().is_empty());
    }
}
