#!/usr/bin/env python3
"""Writes a model directory with random weights: an encoder of Carbon-500M's shape in bf16, and action encoder and
predictor of their default sizes. For measurements; what it says of variants is noise.

    bench/make_model.py --program target/release/genolewm --output DIR [--layers 28] [--state-layer 20]

The Python package (geno-lewm 0.2.1, with torch) makes action encoder and predictor and takes the directory too,
where it is the working directory. The tokenizer, the calibration and all else are those of the golden pipeline; the
program hashes the files and writes the answers to its self-check, which takes it a minute.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess

import torch
from geno_lewm.action import ActionEncoder
from geno_lewm.config import load_config
from geno_lewm.predictor import build_predictor
from safetensors.torch import save_file

GOLDEN = pathlib.Path(__file__).parent.parent / "tests/golden/pipeline"
HIDDEN, INNER, HEADS, KV_HEADS, HEAD_WIDTH, VOCABULARY = 1024, 3072, 16, 8, 64, 155_776


def encoder(folder, layers):
    """Config and weights of an encoder; its tokenizer has fewer tokens than its table."""
    folder.mkdir()
    for name in ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(GOLDEN / "encoder" / name, folder)
    config = json.loads((GOLDEN / "encoder/config.json").read_text())
    config |= {"hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": layers, "num_attention_heads": HEADS,
               "num_key_value_heads": KV_HEADS, "head_dim": HEAD_WIDTH, "vocab_size": VOCABULARY, "torch_dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps(config))
    matrix = lambda *shape: torch.randn(*shape, dtype=torch.bfloat16) * 0.02
    one = lambda: torch.ones(HIDDEN, dtype=torch.bfloat16)
    tensors = {"model.embed_tokens.weight": matrix(VOCABULARY, HIDDEN), "model.norm.weight": one()}
    for layer in range(layers):
        at = f"model.layers.{layer}"
        tensors |= {f"{at}.input_layernorm.weight": one(), f"{at}.post_attention_layernorm.weight": one()}
        queries, keys = HEADS * HEAD_WIDTH, KV_HEADS * HEAD_WIDTH
        shapes = {"self_attn.q_proj": (queries, HIDDEN), "self_attn.k_proj": (keys, HIDDEN),
                  "self_attn.v_proj": (keys, HIDDEN), "self_attn.o_proj": (HIDDEN, queries),
                  "mlp.gate_proj": (INNER, HIDDEN), "mlp.up_proj": (INNER, HIDDEN), "mlp.down_proj": (HIDDEN, INNER)}
        tensors |= {f"{at}.{name}.weight": matrix(*shape) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def config(text, state_layer, pool_radius):
    """The golden configuration with other sizes."""
    for key, value in {"state_layer": state_layer, "pool_radius": pool_radius, "d_action": 512, "d_state": 1024, "n_heads": 8,
                       "n_layers": 4}.items():
        text, found = re.subn(rf"^(\s*{key}:) .*$", rf"\1 {value}", text, flags=re.MULTILINE)
        assert found, key
    return re.sub(r"^(encoder:\n  dtype:) .*$", r"\1 bf16", text, flags=re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument("--state-layer", type=int, default=20)
    parser.add_argument("--pool-radius", type=int, default=8)
    args = parser.parse_args()

    # Under another name until it is whole.
    part = args.output.with_name(f".{args.output.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    torch.manual_seed(0)
    encoder(part / "encoder", args.layers)
    text = (GOLDEN / "model/train_config.yaml").read_text()
    (part / "train_config.yaml").write_text(config(text, args.state_layer, args.pool_radius))
    for name in ["calibration.parquet", "eval_metrics.json", "manifest.json"]:
        shutil.copy(GOLDEN / "model" / name, part)
    loaded = load_config(part / "train_config.yaml")
    modules = {"predictor": build_predictor(loaded), "action_encoder": ActionEncoder(d_action=loaded.action.d_action)}
    for name, module in modules.items():
        tensors = {key: value.to(torch.bfloat16).contiguous() for key, value in module.state_dict().items()}
        save_file(tensors, part / f"{name}.safetensors")
    subprocess.run([args.program, "train", "manifest", part], check=True)
    shutil.rmtree(args.output, ignore_errors=True)
    part.rename(args.output)


if __name__ == "__main__":
    main()
