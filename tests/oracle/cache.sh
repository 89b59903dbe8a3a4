#!/usr/bin/env bash
# The window cache beside pyarrow, which writes and judges the layouts of the Python package's next version
# (tests/oracle/cache.py; that version is not released): it reads the shards that this program writes
# (tests/fixtures/cache/genolewm, which a test holds equal to what it writes), Arrow schema and rows exactly, and
# this program indexes and repairs a cache that pyarrow made.
#
# tests/oracle/verify.sh runs this. Alone, it needs GENOLEWM_ORACLE_VENV, a virtual environment with
# pyarrow.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/debug/genolewm}
python=${GENOLEWM_ORACLE_VENV:?names no virtual environment}/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pyarrow() { "$python" tests/oracle/cache.py "$@"; }
# Runs cache-windows and compares what it says with the rest of the line.
ours() {
    local task=$1 cache=$2 want=$3 got
    got=$("$program" cache-windows "--$task" --cache-dir "$cache" --quiet --no-banner)
    [ "$got" = "$want" ] || { printf 'oracle: %s\n  not: %s\n' "$got" "$want" >&2; exit 1; }
}

# Its cache, in our hands.
theirs=$work/theirs
pyarrow make "$theirs"
ours reindex "$theirs" \
    "reindexed indexed_shards=2 indexed_rows=5 index_path=$theirs/embeddings/index.sqlite"
truncate --size=1000 "$(find "$theirs" -name chr1_0.parquet)"
ours repair "$theirs" "repaired checked_shards=2 quarantined=1 indexed_rows=2"
pyarrow make_2 "$work/older"
ours reindex "$work/older" \
    "reindexed indexed_shards=1 indexed_rows=3 index_path=$work/older/embeddings/index.sqlite"

# Our cache, in its.
pyarrow judge tests/fixtures/cache/genolewm

printf 'oracle: window caches of layouts 2.0.0 and 3.0.0 are those of pyarrow\n'
