"""Removes what earlier shards left, in the folder of the run: tidy.py SHARDS.tsv

Outputs of numbers that are no longer there would be read as part of the cohort (scores/*.parquet), and journals
are of shards as they were cut before.
"""

import re
import sys
from pathlib import Path

FOLDERS = ["scores", "receipts", "skipped", "annotated", "logs", "verified"]


def main() -> None:
    numbers = {line.split("\t")[0] for line in Path(sys.argv[1]).read_text().splitlines()}
    for folder in map(Path, FOLDERS):
        for path in folder.glob("*"):
            ours = re.match(r"(\d{6,})\.", path.name)
            if ours and (ours[1] not in numbers or ".journal" in path.name):
                path.unlink()


main()
