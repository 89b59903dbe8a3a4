//! The action encoder as an ONNX graph: positions, types and six-mer ids of edits give `actions`.

use super::graph::{Attribute, OnnxGraph, Port, Size, Value};
use super::layers::Network;
use super::proto::DataType;
use genolewm::action::{ALLELE_HEADS, SLOTS};
use genolewm::weights::Weights;
use genolewm_core::Result;

const BATCH: Size = Size::Free("batch");
const EDITS: Size = Size::Free("k");
const PREFIX: &str = "seq_encoder";

/// What the weights do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct ActionShape<'a> {
    /// Width of an action.
    pub d_action: usize,
    /// Angle per base of each pair of position features.
    pub frequencies: &'a [f32],
}

/// The inputs.
struct Edits {
    rel_pos: Value,
    kinds: Value,
    alleles: [Value; 2],
    mask: Value,
}

/// Builds the graph.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` when a tensor is missing, surplus or misshapen.
pub(super) fn build(weights: Weights, shape: ActionShape<'_>) -> Result<OnnxGraph> {
    let mut net = Network {
        graph: OnnxGraph::new("action_encoder"),
        weights,
        heads: ALLELE_HEADS,
    };
    let edits = inputs(&mut net.graph);
    let mut parts = Vec::with_capacity(3);
    if !shape.frequencies.is_empty() {
        parts.push(positions(&mut net.graph, &edits.rel_pos, shape.frequencies));
    }
    let kinds = net.weight::<2>("type_embedding.weight")?;
    parts.push(net.graph.op("Gather", &[&kinds, &edits.kinds], &[]));
    parts.push(alleles(&mut net, &edits)?);
    let features = net.graph.concat(&parts.iter().collect::<Vec<_>>(), 2);
    let inner = net.linear(&features, "projection.0")?;
    let inner = net.gelu(&inner);
    let inner = net.norm(&inner, "projection.2")?;
    let actions = net.linear(&inner, "projection.3")?;
    let padding = net.weight::<1>("padding_embedding")?;
    let there = net.graph.unsqueeze(&edits.mask, &[2]);
    let actions = net.graph.op("Where", &[&there, &actions, &padding], &[]);
    net.graph.output(
        &actions,
        Port {
            name: "actions",
            kind: DataType::Float,
            shape: &[BATCH, EDITS, Size::Fixed(shape.d_action)],
            doc: "the edits encoded; the learned padding where mask is false",
        },
    );
    net.weights.finish()?;
    Ok(net.graph)
}

fn inputs(graph: &mut OnnxGraph) -> Edits {
    let mut ids = |name, shape: &[Size], doc| {
        graph.input(Port {
            name,
            kind: DataType::Int64,
            shape,
            doc,
        })
    };
    let each = [BATCH, EDITS];
    let slots = [BATCH, EDITS, Size::Fixed(SLOTS)];
    Edits {
        rel_pos: ids(
            "rel_pos",
            &each,
            "0-based offset of the edit in its window, in bp",
        ),
        kinds: ids(
            "edit_type",
            &each,
            "0 SNV, 1 INS, 2 DEL, 3 MNV, 4 INDEL, 5 SV",
        ),
        alleles: ["ref_ids", "alt_ids"].map(|name| {
            let doc = "six-mers of the allele, from the left; 4096 is an empty slot";
            ids(name, &slots, doc)
        }),
        mask: graph.input(Port {
            name: "mask",
            kind: DataType::Bool,
            shape: &each,
            doc: "true where there is an edit, false for padding",
        }),
    }
}

/// Sines, then cosines of each position.
fn positions(graph: &mut OnnxGraph, rel_pos: &Value, frequencies: &[f32]) -> Value {
    let float = [Attribute::Int("to", DataType::Float as i64)];
    let bases = graph.op("Cast", &[rel_pos], &float);
    let bases = graph.unsqueeze(&bases, &[2]);
    let frequencies = graph.tensor("position_frequencies", &[frequencies.len()], frequencies);
    let angles = graph.op("Mul", &[&bases, &frequencies], &[]);
    let sines = graph.op("Sin", &[&angles], &[]);
    let cosines = graph.op("Cos", &[&angles], &[]);
    graph.concat(&[&sines, &cosines], 2)
}

/// The vectors of both alleles side by side, `[batch, k, 2 * width]`.
fn alleles(net: &mut Network, edits: &Edits) -> Result<Value> {
    let layers = format!("{PREFIX}.encoder.layers");
    let [_, width] = net
        .weights
        .dims(&format!("{layers}.0.self_attn.in_proj_weight"))?;
    let count = (0..)
        .map(|index| format!("{layers}.{index}.self_attn.in_proj_weight"))
        .take_while(|name| net.weights.shape(name).is_some())
        .count();
    let [from, to] = edits
        .alleles
        .each_ref()
        .map(|ids| net.graph.unsqueeze(ids, &[2]));
    let slots = net.graph.concat(&[&from, &to], 2);
    let slots = net.graph.reshape(&slots, &[-1, SLOTS as i64]);
    let table = net.weight::<2>(&format!("{PREFIX}.token_embedding.weight"))?;
    let mut x = net.graph.op("Gather", &[&table, &slots], &[]);
    let projection = format!("{PREFIX}.token_projection");
    if net.weights.shape(&format!("{projection}.weight")).is_some() {
        x = net.linear(&x, &projection)?;
    }
    for index in 0..count {
        x = post_norm_layer(net, &x, &format!("{layers}.{index}"))?;
    }
    let graph = &mut net.graph;
    // Empty slots take part in the mean, as they did in training.
    let axis = graph.ints(&[1]);
    let means = graph.op("ReduceMean", &[&x, &axis], &[Attribute::Int("keepdims", 0)]);
    let sizes = graph.op("Shape", &[&edits.rel_pos], &[]);
    let width = graph.ints(&[2 * width as i64]);
    let shape = graph.concat(&[&sizes, &width], 0);
    Ok(graph.op("Reshape", &[&means, &shape], &[]))
}

/// A transformer encoder layer that normalises after each sum.
fn post_norm_layer(net: &mut Network, x: &Value, layer: &str) -> Result<Value> {
    let read = net.attention(&format!("{layer}.self_attn"), x, x, None)?;
    let mixed = net.graph.add(x, &read);
    let x = net.norm(&mixed, &format!("{layer}.norm1"))?;
    let names = ["linear1", "linear2"].map(|name| format!("{layer}.{name}"));
    let fed = net.feed_forward(&x, names)?;
    let fed = net.graph.add(&x, &fed);
    net.norm(&fed, &format!("{layer}.norm2"))
}
