#!/usr/bin/env python3
"""The predictor at its default size, and a plain product, as others compute them here: PyTorch with the public Python
package's own module, and ONNX Runtime with the graphs of browser/predictor_onnx.py. One line of JSON for each.

    bench/peers.py --model DIR --onnx DIR [--batch 64,256] [--threads 1,2] [--rounds 30]

DIR is what make_model.py writes; the graphs are left in that of --onnx. Needs geno-lewm 0.2.1, torch, onnx and
onnxruntime.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

import onnx
import onnxruntime
import torch
from geno_lewm.config import load_config
from geno_lewm.predictor import build_predictor
from safetensors.torch import load_file

sys.path.append(str(pathlib.Path(__file__).parent / "browser"))
import predictor_onnx  # noqa: E402

PRODUCT = 1024


def median_seconds(run, rounds):
    for _ in range(3):
        run()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def say(name, seconds, operations, threads):
    print(json.dumps({"name": name, "threads": threads, "ms": seconds * 1e3, "tera_flops": operations / seconds / 1e12}), flush=True)


def products(threads, rounds):
    """What torch's plain product of large square matrices reaches."""
    for name, dtype in {"f32": torch.float32, "bf16": torch.bfloat16}.items():
        left = torch.randn(PRODUCT, PRODUCT).to(dtype)
        say(f"torch/product/{name}", median_seconds(lambda: left @ left, rounds), 2 * PRODUCT**3, threads)


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--onnx", type=pathlib.Path, required=True)
    parser.add_argument("--batch", default="64,256")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()

    config = load_config(args.model / "train_config.yaml")
    predictor = build_predictor(config).eval()
    tensors = {name: tensor.float() for name, tensor in load_file(args.model / "predictor.safetensors").items()}
    predictor.load_state_dict(tensors)
    weights = {name: tensor.numpy() for name, tensor in tensors.items()}
    args.onnx.mkdir(parents=True, exist_ok=True)
    onnx.save(predictor_onnx.whole(weights, config.predictor.n_heads), args.onnx / "whole.onnx")
    onnx.save(predictor_onnx.single(weights, config.predictor.n_heads), args.onnx / "single.onnx")
    # A row an item and weight, as our own figures count.
    each = 2 * sum(tensor.numel() for tensor in tensors.values() if tensor.dim() == 2)

    for threads in map(int, args.threads.split(",")):
        torch.set_num_threads(threads)
        products(threads, args.rounds)
        graphs = {name: session(args.onnx / f"{name}.onnx", threads) for name in ["whole", "single"]}
        for batch in map(int, args.batch.split(",")):
            state = torch.nn.functional.normalize(torch.randn(batch, config.predictor.d_state), dim=-1)
            actions = torch.randn(batch, 1, config.action.d_action)
            mask = torch.ones(batch, 1, dtype=torch.bool)
            with torch.inference_mode():
                predicted = predictor(state, actions, mask)
                seconds = median_seconds(lambda: predictor(state, actions, mask), args.rounds)
            say(f"torch/predictor/{batch}", seconds, batch * each, threads)
            feeds = {"whole": {"state": state.numpy(), "actions": actions.numpy(), "mask": mask.numpy()},
                     "single": {"state": state.numpy(), "actions": actions[:, 0].numpy()}}
            for name, graph in graphs.items():
                got = torch.from_numpy(graph.run(None, feeds[name])[0])
                away = float((got.reshape(batch, -1) - predicted.reshape(batch, -1)).abs().max())
                if not away < 1e-3:
                    sys.exit(f"the graph {name} is {away} away from torch")
                seconds = median_seconds(lambda: graph.run(None, feeds[name]), args.rounds)
                say(f"onnxruntime_{name}/predictor/{batch}", seconds, batch * each, threads)


if __name__ == "__main__":
    main()
