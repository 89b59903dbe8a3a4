//! Models as ONNX files, for runtimes that are not ours. All is f32; the number of items and of
//! edits is the caller's choice. [`docs/formats.md`] says what goes in and comes out.
//!
//! [`docs/formats.md`]: https://github.com/genolewm/genolewm/blob/main/docs/formats.md

mod proto;
mod graph;
mod layers;
mod predictor;
mod action;

use super::source::SourceModel;
use super::{Artifact, GENERATED_BY, NOTICE};
use action::ActionShape;
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::ops::CpuOps;
use genolewm::predictor::Predictor;
use genolewm_core::Result;
use graph::OnnxGraph;
use prost::Message;
use proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};

/// The version of ONNX's operators: the first that knows GELU.
pub const OPSET: i64 = 20;
/// The version of the file format that came with [`OPSET`].
const IR_VERSION: i64 = 9;

/// The predictor and the action encoder of a model, one file each.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` when a tensor is missing, surplus or misshapen; `CONFIG.GENERIC` when
/// the config's heads do not fit.
pub fn export(source: &SourceModel) -> Result<[Artifact; 2]> {
    Ok([predictor_file(source)?, action_file(source)?])
}

/// The weights are loaded as for scoring first: what is refused there has to be refused here.
fn predictor_file(source: &SourceModel) -> Result<Artifact> {
    let heads = source.config.predictor.n_heads;
    let loaded = Predictor::load(&CpuOps::new(), source.predictor.clone(), heads)?;
    let sizes = loaded.sizes();
    let graph = predictor::build(source.predictor.clone(), sizes, heads)?;
    let more = [("max_actions", sizes.max_actions.to_string())];
    Ok(file("predictor", "predictor.onnx", graph, source, &more))
}

fn action_file(source: &SourceModel) -> Result<Artifact> {
    let weights = &source.action;
    let max_window_bp = source.config.max_window_bp;
    let cpu = CpuOps::new();
    let loaded = ActionEncoder::load(&cpu, weights.clone(), ALLELE_HEADS, max_window_bp)?;
    let shape = ActionShape {
        d_action: loaded.d_action(),
        frequencies: loaded.position_frequencies(),
    };
    let graph = action::build(weights.clone(), shape)?;
    let more = [("max_window_bp", max_window_bp.to_string())];
    let file_name = "action_encoder.onnx";
    Ok(file("action_encoder", file_name, graph, source, &more))
}

fn file(
    component: &'static str,
    name: &str,
    graph: OnnxGraph,
    source: &SourceModel,
    more: &[(&str, String)],
) -> Artifact {
    let graph = graph.into_proto();
    let tensors = graph.initializer.len();
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("genolewm".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        doc_string: Some(NOTICE.to_owned()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: metadata(source, more),
    };
    Artifact {
        component,
        file: name.to_owned(),
        bytes: model.encode_to_vec(),
        tensors,
    }
}

/// What the file says of itself, so that it can be told from others once it lies elsewhere.
fn metadata(source: &SourceModel, more: &[(&str, String)]) -> Vec<StringStringEntryProto> {
    let manifest = &source.manifest;
    let common = [
        ("model_id", source.model_id.clone()),
        ("model_name", manifest.model_name.clone()),
        ("model_version", manifest.model_version.clone()),
        ("release_id", manifest.release_id.clone()),
        ("window_bp", source.config.window_bp.to_string()),
        ("notice", NOTICE.to_owned()),
        ("generated_by", GENERATED_BY.to_owned()),
    ];
    common
        .iter()
        .chain(more)
        .map(|(key, value)| StringStringEntryProto {
            key: Some((*key).to_owned()),
            value: Some(value.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests;
