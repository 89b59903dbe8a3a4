#!/usr/bin/env bash
# The Python package's load_config reads the train_config.yaml of a model with windows of 12,288 bp, as
# the contract has them, and the config.package.yaml of a run, and finds the values that were used.
#
# tests/oracle/verify.sh runs this. Alone, it needs GENOLEWM_ORACLE_VENV, a virtual environment with
# geno-lewm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=$(realpath "${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/debug/genolewm}")
python=${GENOLEWM_ORACLE_VENV:?names no virtual environment}/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$program" train --fixture-smoke --run-dir run --steps 2 --quiet --no-banner >report.json
"$program" train predictor --encoder run/encoder/encoder --corpus run/data/corpus.tsv \
    --holdout run/data/holdout.bed --output contract --window-bp 12288 --generation-windows 2 --validation-windows 1 --steps 1 \
    --batch 4 --d-hidden 16 --d-action 8 --n-heads 2 --pool-radius 5 --train-seed 9 \
    --fallback gnomad_common=synthetic_snv --quiet --no-banner
"$python" - contract/model/train_config.yaml run/predictor/model/train_config.yaml \
    contract/config.package.yaml <<'PYTHON'
import sys

from geno_lewm.config import load_config

config = load_config(sys.argv[1])
found = (config.seed, config.encoder.pool_radius, config.encoder.pool_type, config.predictor.n_heads,
         config.predictor.d_action, config.action.d_action)
assert found == (9, 5, "centered_mean", 2, 8, 8), found
# Windows of another length are none of the package's: it refuses them and does not misread them.
try:
    load_config(sys.argv[2])
except Exception as error:
    assert "window_bp" in str(error) + repr(getattr(error, "details", "")), repr(error)
else:
    raise SystemExit("oracle: a model with other windows was accepted")
# The settings of a run in the package's layout.
run = load_config(sys.argv[3])
found = (run.optimizer.lr, run.optimizer.schedule, run.optimizer.grad_clip, run.predictor.n_layers,
         run.training.max_steps, run.data.batch_size, run.seed, run.encoder.pool_radius)
assert found == (0.001, "wsd", 1.0, 3, 1, 4, 9, 5), found
PYTHON
printf 'oracle: the package reads the config of a model with windows of 12,288 bp\n'
