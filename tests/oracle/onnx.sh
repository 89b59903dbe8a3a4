#!/usr/bin/env bash
# Lets ONNX Runtime judge what `genolewm export --format onnx` writes; see onnx_judge.py.
#
#   tests/oracle/onnx.sh              needs target/debug/genolewm and PyPI
#
# GENOLEWM_ONNX_VENV names a virtual environment to make or use again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/debug/genolewm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=${GENOLEWM_ONNX_VENV:-$work/venv}

if [ ! -x "$venv/bin/onnxruntime_test" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        "numpy==2.4.6" "onnx==1.23.2" "onnxruntime==1.32.0"
fi
"$venv/bin/python" tests/oracle/onnx_judge.py "$program"
