"""Reads TensorBoard event files with a CRC-32C and a protobuf reader of their own, and holds them
against the lines of metrics.

    tensorboard.py RUN_DIRECTORY

The `tensorboard` package is large; what its reader asks of a file is asked here.
"""

import json
import struct
import sys
from pathlib import Path

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    while data:
        length, length_crc = struct.unpack_from("<QI", data)
        record, (crc,) = data[12 : 12 + length], struct.unpack_from("<I", data, 12 + length)
        assert length_crc == masked_crc(data[:8]) and crc == masked_crc(record), "checksum"
        yield record
        data = data[16 + length :]


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """Field numbers and values: integers, floats, or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            size, code = {1: (8, "<d"), 5: (4, "<f")}[kind]
            (value,), at = struct.unpack_from(code, data, at), at + size
        yield key >> 3, value


def read(directory):
    """Scalars by tag and step; a session that starts drops later steps, as TensorBoard does."""
    scalars = {}
    for path in sorted(directory.glob("*tfevents*")):
        events = [list(fields(record)) for record in records(path.read_bytes())]
        assert dict(events[0])[3] == b"brain.Event:2", "the first event is the version"
        for event in map(dict, events[1:]):
            step = event.get(2, 0)
            if dict(fields(event.get(7, b""))).get(1) == 1:
                scalars = {key: value for key, value in scalars.items() if key[1] < step}
            for _, value in fields(event.get(5, b"")):
                value = dict(fields(value))
                scalars[value[1].decode(), step] = value[2]
    return scalars


def main():
    assert masked_crc(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF
    run = Path(sys.argv[1])
    scalars = read(run / "tb")
    compared = 0
    for name in ("metrics.jsonl", "timing.jsonl"):
        for row in map(json.loads, (run / name).read_text().splitlines()):
            step = row.pop("step")
            for tag, value in row.items():
                if isinstance(value, (int, float)):
                    assert scalars.pop((tag, step)) == struct.unpack("<f", struct.pack("<f", value))[0], tag
                    compared += 1
    assert compared and not scalars, f"{compared} compared, {len(scalars)} too many: {list(scalars)[:3]}"
    print(f"oracle: {compared} figures of a resumed run stand in its TensorBoard files")


if __name__ == "__main__":
    main()
