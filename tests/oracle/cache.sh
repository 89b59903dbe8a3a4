#!/usr/bin/env bash
# The window cache in both directions: the Python package reads, indexes and repairs the shards that
# this program writes (tests/fixtures/cache/genolewm, which a test holds equal to what it writes), and
# this program indexes and repairs a cache that the package made; the indexes do not differ.
#
# tests/oracle/verify.sh runs this. Alone, it needs GENOLEWM_ORACLE_VENV, a virtual environment with
# geno-lewm and pyarrow.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/debug/genolewm}
python=${GENOLEWM_ORACLE_VENV:?names no virtual environment}/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shard=embeddings/lab__encoder/-1/global_mean_0/chr1_0.parquet

package() { "$python" tests/oracle/cache.py "$@"; }
# Runs cache-windows and compares what it says with the rest of the line.
ours() {
    local task=$1 cache=$2 want=$3 got
    got=$("$program" cache-windows "--$task" --cache-dir "$cache" --quiet --no-banner)
    [ "$got" = "$want" ] || { printf 'oracle: %s\n  not: %s\n' "$got" "$want" >&2; exit 1; }
}
damage() { truncate --size=1000 "$1/$shard"; }

# The package's cache, in our hands.
theirs=$work/theirs
package make "$theirs"
cp -r "$theirs" "$work/made"
ours reindex "$theirs" \
    "reindexed indexed_shards=2 indexed_rows=5 index_path=$theirs/embeddings/index.sqlite"
package same "$theirs" "$work/made"
package judge "$theirs"
ours repair "$theirs" "repaired checked_shards=2 quarantined=0 indexed_rows=5"
package same "$theirs" "$work/made"
damage "$theirs"
ours repair "$theirs" "repaired checked_shards=2 quarantined=1 indexed_rows=2"
package judge "$theirs" 4 5
package repair "$theirs" 0

# Our cache, in the package's.
mine=$work/mine
cp -r tests/fixtures/cache/genolewm "$mine"
ours reindex "$mine" \
    "reindexed indexed_shards=2 indexed_rows=5 index_path=$mine/embeddings/index.sqlite"
package judge "$mine"
package same "$mine" "$work/made"
package reindex "$mine"
package same "$mine" "$work/made"
package repair "$mine" 0
damage "$mine"
package repair "$mine" 1
package judge "$mine" 4 5
ours repair "$mine" "repaired checked_shards=1 quarantined=0 indexed_rows=2"

# A cache that --build filled, in the package's.
encoder=tests/golden/pipeline/encoder
dataset=tests/fixtures/corpus/package
"$program" cache-windows --build --cache-dir "$work/built" --encoder-dir "$encoder" \
    --dataset-dir "$dataset" --window-bp 120 --quiet --no-banner >"$work/said"
grep -q '^built encoded_windows=6 ' "$work/said" || { cat "$work/said" >&2; exit 1; }
package built "$work/built" "$encoder" "$dataset"

printf 'oracle: window caches are read, indexed and repaired in both directions\n'
