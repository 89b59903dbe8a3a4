"""The window cache between this program and the Python package: makes a small cache and judges one.

    cache.py make DIR           writes a cache of five windows in two shards
    cache.py judge DIR [N ...]  reads windows N (all by default) from a cache of the same rows, no others
    cache.py reindex DIR        builds the index again with the package
    cache.py repair DIR COUNT   repairs with the package, which must set COUNT shards aside
    cache.py same DIR DIR       the index of either has the same schema and rows
    cache.py built DIR ENCODER PACKAGE
                                every training window of a dataset package is read from a cache that
                                this program built, by the key that the package's trainer makes
"""

import json
import sqlite3
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

from geno_lewm.encoder.cache import (
    WindowCacheRecord,
    read_embedding,
    reindex_cache,
    repair_cache,
    write_shard,
)
from geno_lewm.training.real import _carbon_weights_hash as weights_hash
from geno_lewm.training.real import _dataset_files as dataset_files
from geno_lewm.training.real import _load_dataset_manifest as load_dataset_manifest
from geno_lewm.training.real import _load_windows as load_windows
from geno_lewm.training.trainer import _source_cache_key as source_cache_key

BLOCKS = {0: (1, 2, 3), 1: (4, 5)}


def row(number):
    """The rows of tests/tests/suite/cache.rs."""
    return WindowCacheRecord(
        chrom="1",
        start_bp=96 * number,
        end_bp=96 * number + 192,
        window_hash=bytes([number]) * 32,
        encoder_hash=b"\xee" * 32,
        state_layer=-1,
        pool_type="global_mean",
        pool_radius=0,
        dtype="fp32",
        embedding=(float(number), 0.1, -2.5),
        untargeted=number % 2 == 0,
        created_at=1_700_000_000_000_000_000 + number,
    )


def make(root):
    for block, numbers in BLOCKS.items():
        records = [row(number) for number in numbers]
        write_shard(
            root, encoder_id="lab/encoder", contig="1", stride_block=block, records=records
        )


def judge(root, *numbers):
    wanted = [int(number) for number in numbers] or [1, 2, 3, 4, 5]
    for number in range(1, 6):
        record = row(number)
        half = struct.unpack("<3e", struct.pack("<3e", *record.embedding))
        want = half if number in wanted else None
        got = read_embedding(root, record.key)
        assert got == want, f"window {number}: {got}, not {want}"


def repair(root, count):
    report = repair_cache(root)
    assert len(report.quarantined) == int(count), report


def content(root):
    with sqlite3.connect(f"file:{root}/embeddings/index.sqlite?mode=ro", uri=True) as index:
        schema = index.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        rows = index.execute("SELECT * FROM window_index ORDER BY shard_path, row_offset").fetchall()
        pragmas = [index.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "user_version")]
    return {"schema": schema, "rows": rows, "pragmas": pragmas}


def same(one, other):
    one, other = content(one), content(other)
    for what in one:
        assert one[what] == other[what], f"{what}:\n{one[what]}\n{other[what]}"


def built(root, encoder, package):
    manifest = load_dataset_manifest(Path(package))
    files = [entry for entry in dataset_files(manifest) if entry["split"] == "train"]
    windows = list(load_windows(Path(package), files))
    assert windows, "the package has no training windows"
    width = json.loads((Path(encoder) / "config.json").read_text())["hidden_size"]
    keyed = SimpleNamespace(
        encoder_hash=bytes.fromhex(weights_hash(Path(encoder)).removeprefix("sha256:")),
        state_layer=-1,
        dtype="fp32",
    )
    for window in windows:
        state = read_embedding(root, source_cache_key(keyed, window.sequence))
        assert state is not None, f"{window.record_id} is not cached"
        norm = sum(value * value for value in state)
        assert len(state) == width and abs(norm - 1) < 1e-2, f"{window.record_id}: {state}"
    report = repair_cache(root)
    assert not report.quarantined and report.reindex.indexed_rows == len(windows), report


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    tasks = {
        "make": make,
        "judge": judge,
        "reindex": reindex_cache,
        "repair": repair,
        "same": same,
        "built": built,
    }
    tasks[task](Path(arguments[0]), *arguments[1:])
