"""Sums up the summaries of all shards: report.py SHARDS.tsv LOGS VERIFIED > report.md"""

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


def main() -> None:
    table, logs, verified = map(Path, sys.argv[1:])
    shards = [line.split("\t") for line in table.read_text().splitlines()]
    sums, reasons, rates, receipts = Counter(), Counter(), [], 0
    lines = []
    for number, region, records in shards:
        log = (logs / f"{number}.log").read_text()
        shard = figures(log)
        if shard["records"] != int(records):
            sys.exit(f"shard {number} ({region}) has {records} records, of which {shard['records']:.0f} were read")
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
    print(f"{len(shards)} shards, {sums['records']:.0f} records, {sums['malformed']:.0f} not understood.\n")
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
