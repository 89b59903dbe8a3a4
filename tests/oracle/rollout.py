"""Rollouts of both programs: the states that ours measures with the built-in model are read by the
Python package, and both make the same metrics of them.

    rollout.py PROGRAM WORK_DIRECTORY

tests/oracle/verify.sh runs this with the Python that has geno-lewm.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

program, work = sys.argv[1], Path(sys.argv[2])
work.mkdir()
fasta = Path("examples/brca1.hg19.fa.gz").resolve()
program = str(Path(program).resolve())
theirs = os.path.join(os.path.dirname(sys.executable), "geno-lewm-rollout")

IDENTITY = (
    "--recall-k 5 --model-id sha256:00 --model-release r1 --dataset-snapshot d1 --commit c1 "
    "--hardware cpu --checkpoint c.safetensors --config-artifact train_config.yaml "
    "--dataset-manifest d.json --efficiency-report e.json --quiet --no-banner"
).split()


def run(command):
    subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL)


def metrics(command, name):
    run([*command, "--states-jsonl", "states.jsonl", "--output-metrics", name, *IDENTITY])
    payload = json.loads((work / name).read_text(encoding="utf-8"))
    del payload["generated_at"]
    return payload


def compare(ours, other, path=""):
    """Equal, but for the last digits of a sum: Python adds floats as its version does."""
    if isinstance(ours, dict) and isinstance(other, dict):
        assert ours.keys() == other.keys(), path
        for key in ours:
            compare(ours[key], other[key], f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(other, list):
        assert len(ours) == len(other), path
        for index, pair in enumerate(zip(ours, other)):
            compare(*pair, f"{path}/{index}")
    elif isinstance(ours, float) and isinstance(other, float):
        assert math.isclose(ours, other, rel_tol=1e-12, abs_tol=1e-12), (path, ours, other)
    else:
        assert ours == other, (path, ours, other)


measure = (
    "rollout --regions chr17:41196312-41277500 --windows 12 --max-edits 3 "
    "--output-states states.jsonl --output-metrics m.json"
)
run([program, *measure.split(), "--fasta", str(fasta), "--quiet"])
ours = metrics([program, "rollout"], "ours.json")
compare(ours, metrics([theirs], "theirs.json"))
measured = json.loads((work / "m.json").read_text(encoding="utf-8"))
assert [step["k"] for step in measured["rollout_stratification"]] == [1, 2, 3]
assert [step["n"] for step in measured["rollout_stratification"]] == [12, 12, 12]
print(f"oracle: both programs make the same {len(ours['metrics'])} metrics of our rollouts")
