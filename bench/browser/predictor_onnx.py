#!/usr/bin/env python3
"""Writes a predictor as ONNX, to race ONNX Runtime Web with.

    predictor_onnx.py models/builtin/predictor.safetensors --heads 4 --output predictor.onnx
    predictor_onnx.py models/builtin/predictor.safetensors --heads 4 --single --output single.onnx
    predictor_onnx.py --check tests/golden

The first is the whole network, as an exporter would write it: `state` [batch, d_state], `actions`
[batch, k, d_action] and `mask` [batch, k] give `prediction` [batch, k, d_state]. The second knows
that each state has one action, and leaves out what the program leaves out then: attention over one
key, and the state's row in the last block. `--check` compares both with the golden vectors.
"""

import argparse
import json
import pathlib
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
EPSILON = 1e-5
MASKED = np.float32(-1e30)


def read_safetensors(path):
    """Tensors by name, widened to f32."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        kind = {"F32": np.float32, "F16": np.float16}[entry["dtype"]]
        values = np.frombuffer(data[start:end], kind).astype(np.float32)
        tensors[name] = values.reshape(entry["shape"])
    return tensors


class Graph:
    """Nodes and constants in the making; every method returns the name of its result."""

    def __init__(self, weights, heads):
        self.weights, self.heads = weights, heads
        self.nodes, self.constants, self.unused = [], {}, set(weights)
        self.width = weights["token_type_embedding.weight"].shape[1]
        self.d_state = weights["output_mlp.3.weight"].shape[0]
        self.d_action = weights["action_projection.weight"].shape[1]

    def op(self, kind, *inputs, **attributes):
        result = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], **attributes))
        return result

    def constant(self, value):
        value = np.asarray(value)
        name = f"c{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(value, name)
        return name

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def unsqueeze(self, x, *axes):
        return self.op("Unsqueeze", x, self.ints(*axes))

    def weight(self, name):
        self.unused.discard(name)
        return self.weights[name]

    def product(self, x, weight, bias):
        return self.op(
            "Add", self.op("MatMul", x, self.constant(weight.T.copy())), self.constant(bias)
        )

    def linear(self, x, name):
        return self.product(x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"))

    def norm(self, x, name):
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        inputs = [x, self.constant(scale), self.constant(bias)]
        return self.op("LayerNormalization", *inputs, axis=-1, epsilon=EPSILON)

    def gelu(self, x):
        return self.op("Gelu", x, approximate="none")

    def feed(self, x, block):
        inner = self.gelu(self.linear(self.norm(x, f"{block}.ffn_norm"), f"{block}.ffn.net.0"))
        return self.op("Add", x, self.linear(inner, f"{block}.ffn.net.2"))

    def projections(self, block):
        """Weights and biases of queries, keys and values."""
        weight = self.weight(f"{block}.attn.in_proj_weight")
        bias = self.weight(f"{block}.attn.in_proj_bias")
        return list(zip(np.split(weight, 3), np.split(bias, 3)))

    def split_heads(self, x, transposed=False):
        """[batch, rows, width] as [batch, heads, rows, width of a head], or keys transposed."""
        shape = self.ints(0, 0, self.heads, self.width // self.heads)
        order = [0, 2, 3, 1] if transposed else [0, 2, 1, 3]
        return self.op("Transpose", self.op("Reshape", x, shape), perm=order)

    def attention(self, block, queries, memory, bias=None):
        """Rows of `queries` read rows of `memory`; `bias` is added to the products."""
        q, k, v = (
            self.product(rows, *part)
            for rows, part in zip([queries, memory, memory], self.projections(block))
        )
        scale = self.constant(np.float32((self.width // self.heads) ** -0.5))
        scaled = self.op("Mul", self.split_heads(q), scale)
        scores = self.op("MatMul", scaled, self.split_heads(k, transposed=True))
        if bias is not None:
            scores = self.op("Add", scores, bias)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), self.split_heads(v))
        joined = self.op("Transpose", mixed, perm=[0, 2, 1, 3])
        joined = self.op("Reshape", joined, self.ints(0, 0, self.width))
        return self.linear(joined, f"{block}.attn.out_proj")

    def attention_to_one(self, block, memory):
        """The same over a single key, whose weight is 1."""
        _, _, value = self.projections(block)
        return self.linear(self.product(memory, *value), f"{block}.attn.out_proj")

    def read_all(self, block, rows, bias=None):
        """A self block: each row reads all rows."""
        normed = self.norm(rows, f"{block}.attn_norm")
        read = self.attention(block, normed, normed, bias)
        return self.feed(self.op("Add", rows, read), block)

    def count(self, kind):
        names = {name.split(".")[1] for name in self.weights if name.startswith(kind)}
        return len(names)

    def embed(self, x, projection, kind, position):
        if f"{projection}.weight" in self.weights:
            x = self.linear(x, projection)
        marks = self.weight("token_type_embedding.weight")[kind]
        return self.op("Add", self.op("Add", x, self.constant(marks)), position)

    def first(self, rows, count_of):
        """The first rows of a table, as many as `count_of` has in its second dimension."""
        shape = self.op("Shape", count_of, start=1, end=2)
        return self.op("Slice", rows, self.ints(0), shape, self.ints(0))

    def finish(self, state, actions):
        """The change of the state, and the new state with length 1."""
        inner = self.norm(self.gelu(self.linear(actions, "output_mlp.0")), "output_mlp.2")
        moved = self.op("Add", state, self.linear(inner, "output_mlp.3"))
        length = self.op("ReduceL2", moved, self.ints(-1), keepdims=1)
        floor = self.op("Max", length, self.constant(np.float32(1e-12)))
        return self.op("Div", moved, floor)

    def model(self, inputs, prediction, prediction_shape):
        if self.unused:
            sys.exit(f"tensors that the graph does not use: {sorted(self.unused)}")
        self.nodes.append(helper.make_node("Identity", [prediction], ["prediction"]))
        output = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, prediction_shape)
        constants = list(self.constants.values())
        graph = helper.make_graph(self.nodes, "predictor", inputs, [output], constants)
        imports = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        return model


def float_input(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def masks(g, most):
    """What may not be read: padding among actions, the same after a state, and what comes later."""
    # [batch, 1, 1, k]: what nobody may read.
    absent = g.op("Where", "mask", g.constant(np.float32(0)), g.constant(MASKED))
    padding = g.unsqueeze(absent, 1, 2)
    first = g.op("Slice", padding, g.ints(0), g.ints(1), g.ints(3))
    never = g.op("Mul", first, g.constant(np.float32(0)))
    with_state = g.op("Concat", never, padding, axis=3)
    # Action k sees the state and actions 1 to k.
    sees = g.constant(np.triu(np.full((most, most + 1), MASKED, np.float32), 2)[None, None])
    k = g.op("Shape", "actions", start=1, end=2)
    ends = g.op("Concat", k, g.op("Add", k, g.ints(1)), axis=0)
    causal = g.op("Slice", sees, g.ints(0, 0), ends, g.ints(2, 3))
    return padding, with_state, g.op("Add", causal, with_state)


def whole(weights, heads):
    """The network for any number of actions, some of them padding."""
    g = Graph(weights, heads)
    d_state, d_action = g.d_state, g.d_action
    positions = g.weight("step_position_embedding.weight")
    padding, with_state, causal = masks(g, len(positions) - 1)
    start = g.unsqueeze("state", 1)
    state = g.embed(start, "state_projection", 0, g.constant(positions[0]))
    steps = g.first(g.constant(positions[1:]), "actions")
    actions = g.embed("actions", "action_projection", 1, steps)
    there = g.unsqueeze("mask", 2)
    for index in range(g.count("cross_blocks")):
        block = f"cross_blocks.{index}"
        if index % 2 == 0:
            queries, memory = (g.norm(rows, f"{block}.attn_norm") for rows in (state, actions))
            read = g.attention(block, queries, memory, padding)
            state = g.feed(g.op("Add", state, read), block)
        else:
            memory = g.norm(g.op("Concat", state, actions, axis=1), f"{block}.memory_norm")
            read = g.attention(block, g.norm(actions, f"{block}.query_norm"), memory, causal)
            actions = g.op("Where", there, g.feed(g.op("Add", actions, read), block), actions)
    rows = g.op("Concat", state, actions, axis=1)
    for index in range(g.count("self_blocks")):
        rows = g.read_all(f"self_blocks.{index}", rows, with_state)
    only_actions = g.op("Slice", rows, g.ints(1), g.ints(np.iinfo(np.int64).max), g.ints(1))
    predicted = g.op("Where", there, g.finish(start, only_actions), g.constant(np.float32(0)))
    mask = helper.make_tensor_value_info("mask", TensorProto.BOOL, ["batch", "k"])
    states = float_input("state", ["batch", d_state])
    inputs = [states, float_input("actions", ["batch", "k", d_action]), mask]
    return g.model(inputs, predicted, ["batch", "k", d_state])


def single(weights, heads):
    """The network for one action a state, with nothing computed that does not matter then."""
    g = Graph(weights, heads)
    positions = g.weight("step_position_embedding.weight")
    state = g.embed("state", "state_projection", 0, g.constant(positions[0]))
    action = g.embed("actions", "action_projection", 1, g.constant(positions[1]))

    def pair():
        return g.op("Concat", g.unsqueeze(state, 1), g.unsqueeze(action, 1), axis=1)

    def read_pair(block, query_norm, memory_norm):
        memory = g.norm(pair(), f"{block}.{memory_norm}")
        query = g.unsqueeze(g.norm(action, f"{block}.{query_norm}"), 1)
        read = g.op("Squeeze", g.attention(block, query, memory), g.ints(1))
        return g.feed(g.op("Add", action, read), block)

    for index in range(g.count("cross_blocks")):
        block = f"cross_blocks.{index}"
        if index % 2 == 0:
            read = g.attention_to_one(block, g.norm(action, f"{block}.attn_norm"))
            state = g.feed(g.op("Add", state, read), block)
        else:
            action = read_pair(block, "query_norm", "memory_norm")
    *others, last = range(g.count("self_blocks"))
    for index in others:
        rows = g.read_all(f"self_blocks.{index}", pair())
        state, action = (g.op("Gather", rows, g.constant(np.int64(n)), axis=1) for n in (0, 1))
    # Nothing reads the state after the last block.
    action = read_pair(f"self_blocks.{last}", "attn_norm", "attn_norm")
    inputs = [float_input("state", ["batch", g.d_state])]
    inputs.append(float_input("actions", ["batch", g.d_action]))
    return g.model(inputs, g.finish("state", action), ["batch", g.d_state])


def compare(name, got, want, tolerance=2e-5):
    difference = float(np.abs(got - want).max())
    if not difference <= tolerance:
        sys.exit(f"{name}: {difference} away from the golden vectors")
    print(f"{name}: at most {difference:.1e} away from the golden vectors")


def run(model, **inputs):
    """A model's output."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)[0]


def check(folder):
    """Runs both graphs on the golden cases."""
    cases = sorted(pathlib.Path(folder).glob("predictor_*.json"))
    if not cases:
        sys.exit(f"{folder}: no golden cases")
    for path in cases:
        case = json.loads(path.read_text())
        heads = case["config"]["n_heads"]
        weights = read_safetensors(path.with_suffix(".safetensors"))
        mask = np.asarray(case["mask"], bool)
        batch, k = mask.shape
        actions, state = (np.asarray(case[key], np.float32) for key in ("actions", "state"))
        actions, state = actions.reshape(batch, k, -1), state.reshape(batch, -1)
        got = run(whole(weights, heads), state=state, actions=actions, mask=mask)
        wanted = np.asarray(case["prediction"], np.float32).reshape(got.shape)
        compare(f"{path.stem}, whole", got, wanted)
        # Step after step, one action each: what the second graph is for.
        steps = np.asarray(case["rollout"], np.float32).reshape(batch, k, -1)
        chosen = np.asarray(case["rollout_actions"], np.float32).reshape(k, batch, -1)
        for step, action in enumerate(chosen):
            state = run(single(weights, heads), state=state, actions=action)
            compare(f"{path.stem}, single, step {step}", state, steps[:, step])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("weights", nargs="?")
    parser.add_argument("--heads", type=int)
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--output")
    parser.add_argument("--check", metavar="GOLDEN")
    args = parser.parse_args()
    if args.check:
        check(args.check)
    if args.weights:
        build = single if args.single else whole
        onnx.save(build(read_safetensors(args.weights), args.heads), args.output)


if __name__ == "__main__":
    main()
