"""Window caches as the Python package's next version lays them out, by pyarrow: that version is not
released, so its layouts are written down here and judged by.

    cache.py make DIR     writes a cache of layout 3.0.0 with five windows in two shards
    cache.py make_2 DIR   writes one of layout 2.0.0 with three windows in one shard
    cache.py judge DIR    reads five windows from a cache of ours: the Arrow schema and every row exactly
"""

import struct
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

BLOCKS = {0: (1, 2, 3), 1: (4, 5)}
WIDTH = 3


def schema(version):
    three = version == "3.0.0"

    def field(name, kind, nullable=not three):
        return pa.field(name, kind, nullable=nullable)

    value = field("element", pa.float32() if three else pa.float16())
    fields = [
        field("chrom", pa.string()),
        field("start_bp", pa.int64()),
        field("end_bp", pa.int64()),
        field("window_hash", pa.binary(32)),
        field("encoder_hash", pa.binary(32)),
        field("state_layer", pa.int8()),
        field("pool_type", pa.string()),
        field("pool_radius", pa.int32()),
        field("center_token", pa.int32(), nullable=True),
        field("dtype", pa.string()),
        field("storage_dtype", pa.string()),
        field("embedding", pa.list_(value, WIDTH) if three else pa.list_(value)),
        field("untargeted", pa.bool_()),
        field("created_at", pa.int64()),
        field("schema_version", pa.string()),
    ]
    return pa.schema([one for one in fields if three or one.name != "storage_dtype"])


def row(number, version="3.0.0", center=None):
    """The rows of tests/tests/suite/cache.rs."""
    state = struct.unpack("<3f", struct.pack("<3f", number, 0.1, -2.5))
    if version == "2.0.0":
        state = struct.unpack("<3e", struct.pack("<3e", *state))
    one = {
        "chrom": "1",
        "start_bp": 96 * number,
        "end_bp": 96 * number + 192,
        "window_hash": bytes([number]) * 32,
        "encoder_hash": b"\xee" * 32,
        "state_layer": -1,
        "pool_type": "global_mean" if center is None else "centered_mean",
        "pool_radius": 0 if center is None else 8,
        "center_token": center,
        "dtype": "fp32",
        "storage_dtype": "fp32",
        "embedding": list(state),
        "untargeted": number % 2 == 0,
        "created_at": 1_700_000_000_000_000_000 + number,
        "schema_version": version,
    }
    return {name: one[name] for name in schema(version).names}


def write(path, rows, version):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=schema(version))
    pq.write_table(table, path, compression="zstd", compression_level=9, row_group_size=1024)


def shard(root, block):
    below = f"embeddings/v3/lab__encoder/{'ee' * 32}/fp32_as_fp32/-1/global_mean_0"
    return Path(root) / below / f"chr1_{block}.parquet"


def make(root):
    for block, numbers in BLOCKS.items():
        write(shard(root, block), [row(number) for number in numbers], "3.0.0")


def make_2(root):
    path = Path(root) / "embeddings/lab__encoder/-1/global_mean_0/chr1_0.parquet"
    rows = [row(1, "2.0.0"), row(2, "2.0.0"), row(3, "2.0.0", center=17)]
    write(path, rows, "2.0.0")


def judge(root):
    for block, numbers in BLOCKS.items():
        file = pq.ParquetFile(shard(root, block))
        assert file.schema_arrow.equals(schema("3.0.0"), check_metadata=True), file.schema_arrow
        assert set(file.metadata.metadata) == {b"ARROW:schema"}, file.metadata.metadata
        assert file.read().to_pylist() == [row(number) for number in numbers]


if __name__ == "__main__":
    {"make": make, "make_2": make_2, "judge": judge}[sys.argv[1]](sys.argv[2])
