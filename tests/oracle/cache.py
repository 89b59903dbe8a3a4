"""The window cache between this program and the Python package: makes a small cache and judges one.

    cache.py make DIR           writes a cache of five windows in two shards
    cache.py judge DIR [N ...]  reads windows N (all by default) from a cache of the same rows, no others
    cache.py reindex DIR        builds the index again with the package
    cache.py repair DIR COUNT   repairs with the package, which must set COUNT shards aside
    cache.py same DIR DIR       the index of either has the same schema and rows
"""

import sqlite3
import struct
import sys
from pathlib import Path

from geno_lewm.encoder.cache import (
    WindowCacheRecord,
    read_embedding,
    reindex_cache,
    repair_cache,
    write_shard,
)

BLOCKS = {0: (1, 2, 3), 1: (4, 5)}


def row(number):
    """The rows of tests/tests/cache.rs."""
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


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    tasks = {"make": make, "judge": judge, "reindex": reindex_cache, "repair": repair, "same": same}
    tasks[task](Path(arguments[0]), *arguments[1:])
