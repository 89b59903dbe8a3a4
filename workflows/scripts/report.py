"""Sums up the summaries of all shards, in the folder of the run.

usage: report.py SHARDS.tsv [--other-machine] > report.md

Shards of different models, settings or machines are refused; with --other-machine, machines may differ.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from statistics import median


def figures(log: str) -> dict[str, float]:
    """The counts of a run's summary."""
    found = {}
    for name, pattern in {
        "records": r"records read: (\d+)",
        "malformed": r"records not understood: (\d+)",
        "alleles": r"alleles: (\d+) = ",
        "scored": r"= (\d+) scored",
        "skipped": r"\+ (\d+) skipped",
        "known": r"answered from --known: (\d+)",
        "resumed": r"scored before this run was resumed: (\d+)",
        "seconds": r"time: ([\d.]+) s",
        "rate": r"s, ([\d.]+) alleles scored a second",
    }.items():
        match = re.search(pattern, log)
        found[name] = float(match[1]) if match else 0.0
    return found


def origin(receipts: Path, machines: bool) -> dict[str, object] | None:
    """What all receipts of a cohort share; a shard without scores has none."""
    with receipts.open() as lines:
        line = next(lines, None)
    if line is None:
        return None
    receipt = json.loads(line)
    details = receipt["provenance"]["details"]
    shared = {key: receipt[key] for key in ("model_id", "calibration_hash")}
    shared |= {key: details.get(key) for key in ("dtype_config", "pooling_config", "state_contract_version")}
    shared["model_files"] = details.get("model_files", {}).get("sha256")
    return shared | receipt["runtime"] if machines else shared


def refuse_mixture(origins: dict[str, dict[str, object]]) -> None:
    """All shards must be made by one model, in one way."""
    first, *others = origins or [None]
    for number in others:
        for key, value in origins[first].items():
            if origins[number][key] != value:
                sys.exit(
                    f"shard {number} has another {key} than shard {first}: {origins[number][key]}, not {value};"
                    f" remove scores/{number}.parquet, and the same command scores it anew"
                )


def main() -> None:
    table = Path(sys.argv[1])
    machines = "--other-machine" not in sys.argv[2:]
    logs, verified = Path("logs"), Path("verified")
    table_lines = table.read_text().splitlines()
    left_out = [line.removeprefix("# ") for line in table_lines if line[0] == "#"]
    shards = [line.split("\t") for line in table_lines if line[0] != "#"]
    origins = {row[0]: origin(Path("receipts") / f"{row[0]}.jsonl", machines) for row in shards}
    refuse_mixture({number: made for number, made in origins.items() if made})
    sums, reasons, rates, receipts = Counter(), Counter(), [], 0
    lines = []
    for number, contig, start, last, records in shards:
        region = f"{contig}:{start}-{last}"
        log = (logs / f"{number}.log").read_text()
        shard = figures(log)
        read = shard["records"] + shard["malformed"]
        if read != int(records):
            sys.exit(f"shard {number} ({region}) has {records} records, of which {read:.0f} were read")
        said = re.search(r"^ok: (\d+) receipt", (verified / f"{number}.txt").read_text(), re.MULTILINE)
        if not said:
            sys.exit(f"shard {number} ({region}): its receipts were not verified")
        receipts += int(said[1])
        sums.update(shard)
        reasons.update({reason: int(count) for count, reason in re.findall(r"^  (\d+) (\w+): ", log, re.MULTILINE)})
        if shard["scored"] > shard["known"] + shard["resumed"]:
            rates.append(shard["rate"])
        lines.append(
            f"| {number} | {region} | {records} | {shard['scored']:.0f} | {shard['known']:.0f}"
            f" | {shard['seconds']:.1f} | {shard['rate']:.1f} |"
        )
    print("# Scores of a cohort\n")
    print(f"{len(shards)} shards, {sums['records']:.0f} records, {sums['malformed']:.0f} more not understood.\n")
    for line in left_out:
        print(f"{line}.\n")
    print(
        f"{sums['alleles']:.0f} alleles: {sums['scored']:.0f} scored"
        f" ({sums['known']:.0f} of them known, {sums['resumed']:.0f} before a job was resumed),"
        f" {sums['skipped']:.0f} skipped.\n"
    )
    for reason, count in reasons.most_common():
        print(f"- {count} {reason}")
    print(f"\n{receipts} receipts of the sample were verified by scoring once more.\n")
    if rates:
        print(
            f"Alleles a second in a shard: median {median(rates):.1f},"
            f" lowest {min(rates):.1f}, highest {max(rates):.1f}; {sums['seconds']:.0f} s of jobs in all.\n"
        )
    print("| shard | region | records | scored | known | seconds | alleles a second |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(lines))


main()
