//! Canonical JSON against the golden vectors.

use crate::common::{cases, golden_json, text};
use genolewm_core::Result;
use genolewm_core::provenance::{Json, sha256_prefixed};

#[test]
fn golden_canonical_json_and_hashes() -> Result<()> {
    for case in cases(&golden_json("canonical_json.json")) {
        let value = Json::parse(text(case, "value_json").as_bytes(), "value_json")?;
        let canonical = value.canonical()?;
        assert_eq!(canonical, text(case, "canonical"));
        assert_eq!(sha256_prefixed(canonical.as_bytes()), text(case, "sha256"));
        assert_eq!(value.sha256()?, text(case, "sha256"));
    }
    Ok(())
}
