//! What is new in a manifest, line by line, as the Python package tells it.

use genolewm_core::Result;
use genolewm_core::provenance::{Json, Manifest};
use std::collections::BTreeMap;

/// `key: old -> new` of every key that differs.
///
/// # Errors
/// None in practice, as of [`Manifest::to_canonical_json`].
pub fn differences(old: &Manifest, new: &Manifest) -> Result<Vec<String>> {
    let (old, new) = (leaves(old)?, leaves(new)?);
    let rank = |key: &str| {
        let top = key.split('.').next().unwrap_or(key);
        let place = Manifest::KEYS.iter().position(|known| *known == top);
        place.unwrap_or(Manifest::KEYS.len())
    };
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_by_key(|key| (rank(key), key.as_str()));
    keys.dedup();
    let shown = |leaves: &BTreeMap<String, String>, key: &str| {
        leaves
            .get(key)
            .cloned()
            .unwrap_or_else(|| "none".to_owned())
    };
    let line = |key: &&String| format!("{key}: {} -> {}", shown(&old, key), shown(&new, key));
    Ok(keys
        .iter()
        .filter(|key| old.get(**key) != new.get(**key))
        .map(line)
        .collect())
}

/// Every text of a manifest by its dotted key.
fn leaves(manifest: &Manifest) -> Result<BTreeMap<String, String>> {
    let text = manifest.to_canonical_json()?;
    let document = Json::parse(text.as_bytes(), "manifest.json")?;
    let mut leaves = BTreeMap::new();
    let mut open = vec![(String::new(), &document)];
    while let Some((name, value)) = open.pop() {
        match value {
            Json::Object(members) => open.extend(members.iter().map(|(key, value)| {
                let dot = if name.is_empty() { "" } else { "." };
                (format!("{name}{dot}{key}"), value)
            })),
            Json::String(text) => drop(leaves.insert(name, text.clone())),
            _ => {}
        }
    }
    Ok(leaves)
}
