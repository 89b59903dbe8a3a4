#!/usr/bin/env bash
# The Python package's load_config (0.2.1) refuses the train_config.yaml of a model of ours by its state
# contract, which it does not know; without it, of a model with windows of 12,288 bp, it finds the values that the model
# was trained with. So it does of a run's config.package.yaml.
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
for model in contract/model run/predictor/model; do
    sed -e 's/^schema_version: 1.1.0/schema_version: 1.0.0/' -e '/state_contract_version/d' \
        "$model/train_config.yaml" >"$model/unnamed.yaml"
done
sed -e 's/^schema_version: 1.1.0/schema_version: 1.0.0/' -e '/state_contract_version/d' \
    contract/config.package.yaml >contract/unnamed.yaml
"$python" - contract/model/unnamed.yaml run/predictor/model/unnamed.yaml contract/model/train_config.yaml \
    contract/unnamed.yaml <<'PYTHON'
import sys

from geno_lewm.config import load_config

config = load_config(sys.argv[1])
found = (config.seed, config.encoder.pool_radius, config.encoder.pool_type, config.predictor.n_heads,
         config.predictor.d_action, config.action.d_action)
assert found == (9, 5, "centered_mean", 2, 8, 8), found
# Windows of another length and states of another contract are none of the package's: it refuses them and
# does not misread them.
for path, word in [(sys.argv[2], "window_bp"), (sys.argv[3], "state_contract_version")]:
    try:
        load_config(path)
    except Exception as error:
        assert word in str(error) + repr(getattr(error, "details", "")), repr(error)
    else:
        raise SystemExit(f"oracle: a model with {word} was accepted")
# The settings of a run in the package's layout.
run = load_config(sys.argv[4])
found = (run.optimizer.lr, run.optimizer.schedule, run.optimizer.grad_clip, run.predictor.n_layers,
         run.training.max_steps, run.data.batch_size, run.seed, run.encoder.pool_radius)
assert found == (0.001, "wsd", 1.0, 3, 1, 4, 9, 5), found
PYTHON
printf 'oracle: the package reads the config of a model with windows of 12,288 bp\n'
