"""Predictor and action encoder in float64, one item at a time, straight from the safetensors file.

It shares nothing with the graphs that it is compared with: no batches, no masks, no padding.
"""

import json
import math
import pathlib
import struct

import numpy as np

ALLELE_HEADS = 4


class Wrong(Exception):
    """What the judge does not accept."""


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        raw = data[start:end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, {"F32": np.float32, "F16": np.float16}[entry["dtype"]])
        tensors[name] = values.astype(np.float64).reshape(entry["shape"])
    return tensors


def erf(x):
    return np.vectorize(math.erf)(x)


class Plain:
    """Layers by the names of their tensors, on one item's rows."""

    def __init__(self, path):
        self.w = read_safetensors(path)

    def linear(self, x, name):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def gelu(self, x):
        return x * 0.5 * (1 + erf(x / np.sqrt(2)))

    def attention(self, name, queries, memory, heads, visible=None):
        parts = zip(
            (queries, memory, memory),
            np.split(self.w[f"{name}.in_proj_weight"], 3),
            np.split(self.w[f"{name}.in_proj_bias"], 3),
        )
        q, k, v = (rows @ weight.T + bias for rows, weight, bias in parts)
        width = q.shape[1] // heads
        mixed = np.empty_like(q)
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            scores = q[:, part] @ k[:, part].T / np.sqrt(width)
            if visible is not None:
                scores = np.where(visible, scores, -np.inf)
            shares = np.exp(scores - scores.max(1, keepdims=True))
            mixed[:, part] = shares / shares.sum(1, keepdims=True) @ v[:, part]
        return self.linear(mixed, f"{name}.out_proj")

    def count(self, kind):
        return len({name.split(".")[1] for name in self.w if name.startswith(f"{kind}.")})


class PlainPredictor(Plain):
    def __init__(self, path, heads):
        super().__init__(path)
        self.heads = heads
        self.d_state = self.w["output_mlp.3.bias"].shape[0]
        self.d_action = self.w["action_projection.weight"].shape[1]
        self.max_actions = len(self.w["step_position_embedding.weight"]) - 1

    def feed(self, x, block):
        inner = self.gelu(self.linear(self.norm(x, f"{block}.ffn_norm"), f"{block}.ffn.net.0"))
        return x + self.linear(inner, f"{block}.ffn.net.2")

    def item(self, state, actions, places):
        """One state under the actions that are there, which stand at `places`, from 1."""
        kinds = self.w["token_type_embedding.weight"]
        positions = self.w["step_position_embedding.weight"]
        projected = "state_projection.weight" in self.w
        s = self.linear(state[None], "state_projection") if projected else state[None]
        s = s + kinds[0] + positions[0]
        a = self.linear(actions, "action_projection") + kinds[1] + positions[places]
        earlier = np.tri(len(a), len(a) + 1, 1, dtype=bool)
        for index in range(self.count("cross_blocks")):
            block = f"cross_blocks.{index}"
            if index % 2 == 0:
                q, m = (self.norm(x, f"{block}.attn_norm") for x in (s, a))
                s = self.feed(s + self.attention(f"{block}.attn", q, m, self.heads), block)
            else:
                q = self.norm(a, f"{block}.query_norm")
                m = self.norm(np.vstack([s, a]), f"{block}.memory_norm")
                read = self.attention(f"{block}.attn", q, m, self.heads, earlier)
                a = self.feed(a + read, block)
        rows = np.vstack([s, a])
        for index in range(self.count("self_blocks")):
            block = f"self_blocks.{index}"
            q = self.norm(rows, f"{block}.attn_norm")
            rows = self.feed(rows + self.attention(f"{block}.attn", q, q, self.heads), block)
        inner = self.norm(self.gelu(self.linear(rows[1:], "output_mlp.0")), "output_mlp.2")
        moved = state + self.linear(inner, "output_mlp.3")
        return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)

    def __call__(self, state, actions, mask):
        out = np.zeros((*mask.shape, self.d_state))
        for item, there in enumerate(mask):
            if there.any():
                places = np.flatnonzero(there)
                out[item, places] = self.item(state[item], actions[item, places], places + 1)
        return out


class PlainActions(Plain):
    def __init__(self, path, max_window_bp, exported):
        super().__init__(path)
        self.d_action = len(self.w["padding_embedding"])
        width = self.w["seq_encoder.encoder.layers.0.norm1.bias"].shape[0]
        d_type = self.w["type_embedding.weight"].shape[1]
        self.half = (self.w["projection.0.weight"].shape[1] - d_type - 2 * width) // 2
        step = np.float32(-np.log(max_window_bp) / max(self.half - 1, 1))
        powers = np.arange(self.half, dtype=np.float32) * step
        # The last bit of a frequency moves an angle by 1e-4, and which bit training saw is its exp's
        # secret: the file's are taken if they are right up to that bit. The vectors hold them to it.
        frequencies = exported.constant("action_encoder", "position_frequencies")
        if not np.allclose(frequencies, np.exp(powers.astype(np.float64)), rtol=1.2e-7, atol=0):
            raise Wrong("the position frequencies are not those of the window")
        self.frequencies = frequencies

    def allele(self, ids):
        x = self.w["seq_encoder.token_embedding.weight"][ids]
        if "seq_encoder.token_projection.weight" in self.w:
            x = self.linear(x, "seq_encoder.token_projection")
        layers = {n.split(".")[3] for n in self.w if n.startswith("seq_encoder.encoder.layers.")}
        for index in range(len(layers)):
            layer = f"seq_encoder.encoder.layers.{index}"
            x = x + self.attention(f"{layer}.self_attn", x, x, ALLELE_HEADS)
            x = self.norm(x, f"{layer}.norm1")
            fed = self.linear(self.gelu(self.linear(x, f"{layer}.linear1")), f"{layer}.linear2")
            x = self.norm(x + fed, f"{layer}.norm2")
        return x.mean(0)

    def edit(self, rel_pos, kind, ref_ids, alt_ids):
        angles = (np.float32(rel_pos) * self.frequencies).astype(np.float64)
        kinds = self.w["type_embedding.weight"]
        parts = [np.sin(angles), np.cos(angles), kinds[kind]]
        parts += [self.allele(ids) for ids in (ref_ids, alt_ids)]
        inner = self.gelu(self.linear(np.concatenate(parts), "projection.0"))
        return self.linear(self.norm(inner, "projection.2"), "projection.3")

    def __call__(self, rel_pos, edit_type, ref_ids, alt_ids, mask):
        out = np.broadcast_to(self.w["padding_embedding"], (*mask.shape, self.d_action)).copy()
        for at in zip(*np.nonzero(mask)):
            out[at] = self.edit(rel_pos[at], edit_type[at], ref_ids[at], alt_ids[at])
        return out
