use super::graph::{Attribute, OnnxGraph, Port, Size};
use super::proto::{DataType, Dimension, GraphProto, ValueInfoProto};
use super::*;
use genolewm::files::Directory;
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};

fn built_in() -> SourceModel {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/builtin");
    let files = Directory(path.into());
    SourceModel::read(&files).expect("its networks")
}

fn graph_of(artifact: &Artifact) -> GraphProto {
    let model = ModelProto::decode(artifact.bytes.as_slice()).expect("a message");
    model.graph.expect("a graph")
}

fn port(name: &'static str, shape: &'static [Size], doc: &'static str) -> Port<'static> {
    Port {
        name,
        kind: DataType::Int64,
        shape,
        doc,
    }
}

#[test]
fn a_tiny_graph_has_the_bytes_that_the_onnx_package_writes() {
    let mut graph = OnnxGraph::new("tiny");
    let x = graph.input(port("x", &[Size::Free("n")], "in"));
    let zero = graph.ints(&[0]);
    let y = graph.op("Concat", &[&x, &zero], &[Attribute::Int("axis", 0)]);
    graph.output(&y, port("y", &[Size::Fixed(3)], "out"));
    // GraphProto.SerializeToString() of onnx 1.23 for the same graph.
    let expected = b"\n8\n\x01x\n\nconstant_0\x12\x08Concat_0\x1a\x08Concat_0\"\x06Concat\
          *\x0b\n\x04axis\x18\x00\xa0\x01\x02\n#\n\x08Concat_0\x12\x01y\x1a\nIdentity_y\"\x08Identity\
          \x12\x04tiny*\x1a\x08\x01\x10\x07B\nconstant_0J\x08\0\0\0\0\0\0\0\0\
          Z\x14\n\x01x\x12\x0b\n\t\x08\x07\x12\x05\n\x03\x12\x01n\x1a\x02in\
          b\x14\n\x01y\x12\n\n\x08\x08\x07\x12\x04\n\x02\x08\x03\x1a\x03out";
    assert_eq!(graph.into_proto().encode_to_vec(), expected);
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let source = built_in();
    let once = export(&source).expect("files");
    assert_eq!(once, export(&source).expect("files again"));
}

#[test]
fn every_name_is_unique_and_defined_before_it_is_used() {
    for artifact in export(&built_in()).expect("files") {
        let graph = graph_of(&artifact);
        let mut known = BTreeSet::new();
        let given = graph.input.iter().map(|input| input.name.clone());
        let constants = graph.initializer.iter().map(|tensor| tensor.name.clone());
        for name in given.chain(constants).flatten() {
            assert!(known.insert(name.clone()), "{name} twice");
        }
        for node in &graph.node {
            assert!(
                node.input.iter().all(|name| known.contains(name)),
                "{node:?}"
            );
            for name in &node.output {
                assert!(known.insert(name.clone()), "{name} twice");
            }
        }
        let outputs: Vec<_> = graph
            .output
            .iter()
            .filter_map(|port| port.name.clone())
            .collect();
        assert!(outputs.iter().all(|name| known.contains(name)));
        assert_eq!(artifact.tensors, graph.initializer.len());
    }
}

/// The name and the sizes of a port, as a reader of the file sees them.
fn shown(port: &ValueInfoProto) -> String {
    let kind = port.r#type.clone().and_then(|kind| kind.tensor_type);
    let shape = kind.and_then(|tensor| tensor.shape).unwrap_or_default();
    let sizes = shape.dim.into_iter().map(|size| match size.value {
        Some(Dimension::Fixed(size)) => size.to_string(),
        Some(Dimension::Named(name)) => name,
        None => "?".to_owned(),
    });
    let sizes: Vec<String> = sizes.collect();
    format!(
        "{}[{}]",
        port.name.clone().unwrap_or_default(),
        sizes.join(",")
    )
}

#[test]
fn items_and_edits_are_as_many_as_the_caller_likes() {
    let [predictor, action] = export(&built_in())
        .expect("files")
        .map(|file| graph_of(&file));
    let shown = |ports: &[ValueInfoProto]| ports.iter().map(shown).collect::<Vec<_>>().join(" ");
    let d_state = match shown(&predictor.output).as_str() {
        text if text.starts_with("prediction[batch,k,") => text[19..text.len() - 1].to_owned(),
        other => panic!("{other}"),
    };
    assert_eq!(
        shown(&predictor.input),
        format!("state[batch,{d_state}] actions[batch,k,64] mask[batch,k]")
    );
    assert_eq!(
        shown(&action.input),
        "rel_pos[batch,k] edit_type[batch,k] ref_ids[batch,k,4] alt_ids[batch,k,4] mask[batch,k]"
    );
    assert_eq!(shown(&action.output), "actions[batch,k,64]");
}

#[test]
fn files_say_what_they_are() {
    let source = built_in();
    for artifact in export(&source).expect("files") {
        let model = ModelProto::decode(artifact.bytes.as_slice()).expect("a message");
        let entries = model.metadata_props.into_iter();
        let entries: BTreeMap<_, _> = entries.map(|entry| (entry.key, entry.value)).collect();
        let said = |key: &str| entries.get(&Some(key.to_owned())).cloned().flatten();
        assert_eq!(said("model_id"), Some(source.model_id.clone()));
        assert_eq!(said("window_bp"), Some(source.config.window_bp.to_string()));
        assert_eq!(said("notice").as_deref(), Some(NOTICE));
    }
}

#[test]
fn weights_that_scoring_refuses_are_not_exported() {
    let surplus = || {
        let tensor = NamedTensor {
            shape: vec![1],
            values: vec![0.0],
        };
        Weights::from_tensors("more", BTreeMap::from([("more".to_owned(), tensor)]))
    };
    let mut source = built_in();
    source.predictor.merge(surplus()).expect("another name");
    let error = export(&source).expect_err("a surplus tensor");
    assert_eq!(error.code(), ErrorCode::DeployExportFormat);
    let mut source = built_in();
    source
        .action
        .take("padding_embedding", &[64])
        .expect("a tensor");
    let error = export(&source).expect_err("a missing tensor");
    assert_eq!(error.code(), ErrorCode::DeployExportFormat);
    let mut source = built_in();
    source.config.predictor.n_heads = 7;
    let error = export(&source).expect_err("heads that do not fit");
    assert_eq!(error.code(), ErrorCode::ConfigGeneric);
}
