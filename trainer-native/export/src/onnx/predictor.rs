//! The predictor as an ONNX graph: `state`, `actions` and `mask` give `prediction`.
//!
//! Where the program leaves rows of padding out, the graph keeps and masks them, since its shapes
//! are the caller's: their products get [`MASKED`] added, and their predictions are 0.

use super::graph::{Attribute, OnnxGraph, Port, Size, Value};
use super::layers::Network;
use super::proto::DataType;
use genolewm::predictor::PredictorSizes;
use genolewm::weights::Weights;
use genolewm_core::Result;

/// Added to the product of a query and a key that it may not read. Finite, so that a state without
/// any action gives numbers that nobody reads, and not NaN.
const MASKED: f32 = -1e30;

const BATCH: Size = Size::Free("batch");
const EDITS: Size = Size::Free("k");

/// What may not be read.
struct Masks {
    /// `[batch, 1, 1, k]`: padding.
    actions: Value,
    /// `[batch, 1, 1, 1 + k]`: the same after the state, which all may read.
    rows: Value,
    /// `[batch, 1, k, 1 + k]`: padding, and for an action what comes later.
    earlier: Value,
    /// `[batch, k, 1]`: where there is an action.
    there: Value,
}

/// Rows of the states, `[batch, 1, d_hidden]`, and of the actions, `[batch, k, d_hidden]`.
struct Hidden {
    state: Value,
    actions: Value,
}

/// Builds the graph.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` when a tensor is missing, surplus or misshapen.
pub(super) fn build(weights: Weights, sizes: &PredictorSizes, heads: usize) -> Result<OnnxGraph> {
    let mut net = Network {
        graph: OnnxGraph::new("predictor"),
        weights,
        heads,
    };
    let [state, actions, mask] = inputs(&mut net.graph, sizes);
    let state = net.graph.unsqueeze(&state, &[1]);
    let places = places(&mut net.graph, &actions);
    let masks = masks(&mut net.graph, &mask, &places);
    let actions = absent_as_zero(&mut net.graph, &masks.there, &actions);
    let mut rows = embed(&mut net, &state, &actions, &places)?;
    for index in 0..sizes.cross_blocks {
        cross_block(&mut net, &mut rows, index, &masks)?;
    }
    let actions = read_all(&mut net, rows, sizes.self_blocks, &masks)?;
    let moved = moved(&mut net, &state, &actions)?;
    let prediction = absent_as_zero(&mut net.graph, &masks.there, &moved);
    net.graph.output(
        &prediction,
        Port {
            name: "prediction",
            kind: DataType::Float,
            shape: &[BATCH, EDITS, Size::Fixed(sizes.d_state)],
            doc: "row i: the state after the edits 0..=i, of length 1; 0 where mask is false",
        },
    );
    net.weights.finish()?;
    Ok(net.graph)
}

fn inputs(graph: &mut OnnxGraph, sizes: &PredictorSizes) -> [Value; 3] {
    [
        Port {
            name: "state",
            kind: DataType::Float,
            shape: &[BATCH, Size::Fixed(sizes.d_state)],
            doc: "the state of each reference window",
        },
        Port {
            name: "actions",
            kind: DataType::Float,
            shape: &[BATCH, EDITS, Size::Fixed(sizes.d_action)],
            doc: "the edits of each window, encoded, in the order in which they are made",
        },
        Port {
            name: "mask",
            kind: DataType::Bool,
            shape: &[BATCH, EDITS],
            doc: "true where there is an edit, false for padding",
        },
    ]
    .map(|port| graph.input(port))
}

/// `1..=k` as indices, which are the actions' places in the sequence. Indices, unlike a slice of a
/// table, fail when there are more actions than the model has places for.
fn places(graph: &mut OnnxGraph, actions: &Value) -> Value {
    let second = [Attribute::Int("start", 1), Attribute::Int("end", 2)];
    let count = graph.op("Shape", &[actions], &second);
    let axis = graph.ints(&[0]);
    let count = graph.op("Squeeze", &[&count, &axis], &[]);
    let one = graph.int(1);
    let past = graph.add(&count, &one);
    graph.op("Range", &[&one, &past, &one], &[])
}

fn masks(graph: &mut OnnxGraph, mask: &Value, places: &Value) -> Masks {
    let there = graph.unsqueeze(mask, &[2]);
    let open = graph.scalar(0.0);
    let shut = graph.scalar(MASKED);
    let padding = graph.op("Where", &[mask, &open, &shut], &[]);
    let actions = graph.unsqueeze(&padding, &[1, 2]);
    let batch = graph.op("Shape", &[mask], &[Attribute::Int("end", 1)]);
    let ones = graph.ints(&[1, 1, 1]);
    let shape = graph.concat(&[&batch, &ones], 0);
    let state = graph.op("Expand", &[&open, &shape], &[]);
    let rows = graph.concat(&[&state, &actions], 3);
    let first = graph.ints(&[0]);
    let keys = graph.concat(&[&first, places], 0);
    let queries = graph.unsqueeze(places, &[1]);
    let earlier = graph.op("LessOrEqual", &[&keys, &queries], &[]);
    let earlier = graph.op("Where", &[&earlier, &open, &shut], &[]);
    let earlier = graph.add(&rows, &earlier);
    Masks {
        actions,
        rows,
        earlier,
        there,
    }
}

/// Whatever stands in padding is replaced: even NaN must not reach a sum, where a share of 0 would
/// not silence it.
fn absent_as_zero(graph: &mut OnnxGraph, there: &Value, rows: &Value) -> Value {
    let zero = graph.scalar(0.0);
    graph.op("Where", &[there, rows, &zero], &[])
}

/// Projects both to the blocks' width and marks them with their kind and place.
fn embed(net: &mut Network, state: &Value, actions: &Value, places: &Value) -> Result<Hidden> {
    let state = match net.weights.shape("state_projection.weight").is_some() {
        true => net.linear(state, "state_projection")?,
        false => state.clone(),
    };
    let actions = net.linear(actions, "action_projection")?;
    let kinds = net.weight::<2>("token_type_embedding.weight")?;
    let positions = net.weight::<2>("step_position_embedding.weight")?;
    let first = net.graph.ints(&[0]);
    let mut mark = |rows: &Value, kind: i64, places: &Value| {
        let graph = &mut net.graph;
        let kind = graph.ints(&[kind]);
        let kind = graph.op("Gather", &[&kinds, &kind], &[]);
        let place = graph.op("Gather", &[&positions, places], &[]);
        let rows = graph.add(rows, &kind);
        graph.add(&rows, &place)
    };
    Ok(Hidden {
        state: mark(&state, 0, &first),
        actions: mark(&actions, 1, places),
    })
}

/// A block in which either the states read the actions, or the actions what came before them.
fn cross_block(net: &mut Network, rows: &mut Hidden, index: usize, masks: &Masks) -> Result<()> {
    let block = format!("cross_blocks.{index}");
    if index.is_multiple_of(2) {
        let norm = net.take_norm(&format!("{block}.attn_norm"))?;
        let queries = net.normalize(&rows.state, &norm);
        let memory = net.normalize(&rows.actions, &norm);
        rows.state = read(
            net,
            &block,
            &rows.state,
            [&queries, &memory],
            &masks.actions,
        )?;
    } else {
        let all = net.graph.concat(&[&rows.state, &rows.actions], 1);
        let queries = net.norm(&rows.actions, &format!("{block}.query_norm"))?;
        let memory = net.norm(&all, &format!("{block}.memory_norm"))?;
        rows.actions = read(
            net,
            &block,
            &rows.actions,
            [&queries, &memory],
            &masks.earlier,
        )?;
    }
    Ok(())
}

/// The blocks in which all rows read all rows; what they leave of the actions.
fn read_all(net: &mut Network, rows: Hidden, blocks: usize, masks: &Masks) -> Result<Value> {
    if blocks == 0 {
        return Ok(rows.actions);
    }
    let mut all = net.graph.concat(&[&rows.state, &rows.actions], 1);
    for index in 0..blocks {
        let block = format!("self_blocks.{index}");
        let normed = net.norm(&all, &format!("{block}.attn_norm"))?;
        all = read(net, &block, &all, [&normed, &normed], &masks.rows)?;
    }
    let graph = &mut net.graph;
    let [start, end, axis] = [1, i64::MAX, 1].map(|value| graph.ints(&[value]));
    Ok(graph.op("Slice", &[&all, &start, &end, &axis], &[]))
}

/// What all blocks do: `rows` and what their queries read in the memory, then the feed-forward.
fn read(
    net: &mut Network,
    block: &str,
    rows: &Value,
    [queries, memory]: [&Value; 2],
    bias: &Value,
) -> Result<Value> {
    let found = net.attention(&format!("{block}.attn"), queries, memory, Some(bias))?;
    let rows = net.graph.add(rows, &found);
    feed(net, &rows, block)
}

fn feed(net: &mut Network, x: &Value, block: &str) -> Result<Value> {
    let normed = net.norm(x, &format!("{block}.ffn_norm"))?;
    let names = ["ffn.net.0", "ffn.net.2"].map(|name| format!("{block}.{name}"));
    let fed = net.feed_forward(&normed, names)?;
    Ok(net.graph.add(x, &fed))
}

/// The state before all edits plus the predicted change, with length 1.
fn moved(net: &mut Network, state: &Value, actions: &Value) -> Result<Value> {
    let inner = net.linear(actions, "output_mlp.0")?;
    let inner = net.gelu(&inner);
    let inner = net.norm(&inner, "output_mlp.2")?;
    let change = net.linear(&inner, "output_mlp.3")?;
    let graph = &mut net.graph;
    let moved = graph.add(state, &change);
    let axis = graph.ints(&[-1]);
    let length = graph.op("ReduceL2", &[&moved, &axis], &[]);
    let floor = graph.scalar(1e-12);
    let length = graph.op("Max", &[&length, &floor], &[]);
    Ok(graph.op("Div", &[&moved, &length], &[]))
}
