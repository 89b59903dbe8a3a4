//! What makes a score checkable: hashes of the model, of the input and of the output, and the
//! receipt that binds them (`docs/formats.md`, "Receipts").
//!
//! Everything is hashed in one [canonical form](canonical_json()), so that two programs that agree
//! on a value agree on its hash.

mod json;
mod canonical_json;
mod commitment;
mod json_parse;
mod model_path;
mod manifest;
mod model_files;
mod encoder_identity;
mod timestamp;
mod receipt;
mod receipt_parse;
mod receipt_check;
mod receipt_head;

pub(crate) use canonical_json::json_string;
pub use canonical_json::{
    Sha256Stream, canonical_json, is_sha256, python_float_repr, sha256_prefixed,
};
pub use commitment::{DtypeConfig, InputCommitment, PoolingConfig, WindowsConfig};
pub use encoder_identity::{
    EncoderSeal, IDENTITY_FILES, IMPLEMENTATION_FILES, KNOWN_BUILDS, PackageBuild, build_of,
    encoder_hash, encoder_runtime_hash, own_runtime_hash, weight_bundle_hash,
};
pub use json::Json;
pub use manifest::{
    ArtifactRef, MANIFEST_SCHEMA_VERSION, Manifest, ManifestArtifact, ManifestEncoder,
    ManifestTraining,
};
pub use model_files::{
    ENCODER_INDEX, ENCODER_PREFIX, ENCODER_WEIGHTS, FileHashes, MANIFEST_FILE, MODEL_FILES_DETAIL,
    RUNTIME_FILES, RuntimeFiles, SEAL_FILE, SELF_CHECK_FILE, Seal,
};
pub use model_path::is_model_path;
pub use receipt::{
    GENO_LEWM_VERSION, INPUT_COMMITMENT_SCHEMA, PROVENANCE_KIND, RECEIPT_SCHEMA_VERSION,
    RECEIPT_STREAM, Receipt, ReceiptBuilder, ReceiptProvenance, ReceiptScope, RuntimeMetadata,
    SurpriseResult, verify_receipt,
};
pub use receipt_check::{
    ReceiptComparison, ReceiptDifference, check_date, check_row_numbers, check_settings,
    compare_receipts,
};
pub use receipt_head::ReceiptHead;
pub use receipt_parse::parse_receipt_payload;
use timestamp::is_rfc3339_utc;
pub use timestamp::rfc3339_utc;
