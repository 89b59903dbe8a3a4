#!/usr/bin/env python3
"""Seconds a step of predictor training in PyTorch, with the public Python package's own modules.

Prints the median over the steps after a warm-up. Sizes are those of `genolewm train predictor`'s
defaults, but for what the package fixes. Needs geno-lewm 0.2.1 and torch.

    bench/train_vs_torch.py [--steps 60] [--batch 256] [--threads 2]
"""

import argparse
import random
import statistics
import time

import torch
from geno_lewm.action import ActionEncoder, EditType, RelEdit
from geno_lewm.predictor import Predictor, prediction_loss

D_STATE, D_ACTION, WINDOW_BP = 128, 64, 4096


def edit(numbers: random.Random) -> RelEdit:
    """A random substitution."""
    ref, alt = numbers.sample("ACGT", 2)
    return RelEdit(rel_pos=numbers.randrange(WINDOW_BP), edit_type=EditType.SNV, ref_bases=ref, alt_bases=alt)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    flags = parser.parse_args()
    torch.set_num_threads(flags.threads)
    torch.manual_seed(0)
    numbers = random.Random(0)
    predictor = Predictor(
        d_state=D_STATE, d_action=D_ACTION, d_hidden=128, n_heads=4, n_cross_layers=2, n_self_layers=1, ffn_dim=128
    )
    actions = ActionEncoder(d_action=D_ACTION, d_pos=32, d_type=16, d_seq=32, max_window_bp=WINDOW_BP)
    parameters = [*predictor.parameters(), *actions.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.05)
    mask = torch.ones(flags.batch, 1, dtype=torch.bool)
    taken = []
    for _ in range(flags.steps):
        edits = [edit(numbers) for _ in range(flags.batch)]
        before = torch.nn.functional.normalize(torch.randn(flags.batch, D_STATE), dim=-1)
        after = torch.nn.functional.normalize(before + 0.1 * torch.randn_like(before), dim=-1).unsqueeze(1)
        started = time.perf_counter()
        encoded = actions(edits).reshape(flags.batch, 1, D_ACTION)
        loss = prediction_loss(predictor(before, encoded, mask), after)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        taken.append(time.perf_counter() - started)
    count = sum(parameter.numel() for parameter in parameters)
    print(f"torch {torch.__version__}: {count} parameters, median {statistics.median(taken[10:]) * 1e3:.1f} ms a step")


if __name__ == "__main__":
    main()
