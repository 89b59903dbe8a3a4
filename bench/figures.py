"""What scripts that measure this program share: figures beside what a machine does at most, in a report that is
written after each of them."""

import gzip
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

SCHEMA_VERSION = "1.1.0"
FASTA = "examples/brca1.hg19.fa.gz"
VCF = "examples/brca1.vcf.gz"
# Carbon-500M: hidden width, layers, heads, key-value heads, feed-forward width.
CARBON_500M = {"hidden-size": 1024, "layers": 28, "heads": 16, "kv-heads": 8, "intermediate-size": 3072}


class Skipped(Exception):
    """Why a figure is not measured."""


class Failed(Exception):
    """What a command said when it failed."""


class Bench:
    """A report, `name` and its settings, in the folder `out`. `sizes` are what its figures are measured with."""

    def __init__(self, name, given, sizes, settings):
        self.name, self.given, self.sizes, self.out = name, given, sizes, pathlib.Path(given.out)
        self.end = time.monotonic() + given.seconds
        self.machine = machine(given.backend)
        # What was measured on another machine, or by another program, is measured again.
        self.settings = {**settings, "backend": given.backend, "tiny": given.tiny, "program": digest(given.program),
                         "cpu": self.machine["cpu"], "gpus": self.machine["gpus"]}
        self.figures = []
        before = self.out / f"{name}.json"
        report = json.loads(before.read_text()) if before.exists() else {}
        same = report.get("settings") == self.settings
        self.before = {row["name"]: row for row in report.get("figures", []) if same}
        if not same:
            shutil.rmtree(self.out / "work", ignore_errors=True)
        self.work = self.out / "work"
        self.work.mkdir(parents=True, exist_ok=True)
        build = self.out / "build_seconds"
        self.machine["build_seconds"] = int(build.read_text()) if build.exists() else None

    def left(self):
        return self.end - time.monotonic()

    def run(self, *command, **options):
        """What a command wrote, and how many seconds it took."""
        used = self.used(*command, **options)
        return used["text"], used["seconds"]

    def used(self, *command, **options):
        """What a command wrote and used: seconds, seconds of the processors, and memory at its peak."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            started = time.monotonic()
            child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err, stdin=subprocess.DEVNULL, **options)
            status, usage = self.ended(child)
            seconds = time.monotonic() - started
            said = []
            for file in (out, err):
                file.seek(0)
                said.append(file.read().decode(errors="replace"))
        if status:
            why = (said[1] or said[0]).strip()
            raise Failed(why[max(why.find("error: "), 0):] or f"{command[0]}: status {status}")
        # Linux counts in KiB, macOS in bytes.
        unit = 1 if sys.platform == "darwin" else 1024
        return {"text": said[0] + said[1], "seconds": seconds, "processor_seconds": usage.ru_utime + usage.ru_stime,
                "peak_mb": usage.ru_maxrss * unit / 1e6}

    def ended(self, child):
        """Status of a child, and what it used, once it has ended, of itself or because the time is up."""
        given = None
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                break
            if given is None and self.left() <= 0:
                # It may leave its files in order.
                child.terminate()
                given = time.monotonic()
            elif given is not None and time.monotonic() - given > 10:
                child.kill()
            time.sleep(0.005)
        if given is not None:
            raise Skipped("the time was up before it ended")
        return child.returncode, usage

    def genolewm(self, *command):
        return self.run(self.given.program, *command)

    def figure(self, name, unit, needs_seconds, measure, precision="f32", peak=None):
        """Measures once; `measure` gives the value and whatever else is known."""
        row = self.before.get(name)
        if row is None or row["status"] != "measured":
            row = {"name": name, "unit": unit, "precision": precision, "status": "measured", "value": None, "why": None}
            started = time.monotonic()
            try:
                needs = 0 if self.given.tiny else needs_seconds
                if self.left() < max(needs, 1):
                    raise Skipped(f"{max(self.left(), 0):.0f} s were left, and it needs about {needs_seconds}")
                row.update(measure())
            except Skipped as reason:
                row.update(status="skipped", why=str(reason))
            except Failed as reason:
                row.update(status="failed", why=str(reason))
            except Exception as reason:
                # Output of another form, a file that is not there: the other figures are measured all the same.
                row.update(status="failed", why=f"{type(reason).__name__}: {reason}")
            row["seconds"] = round(time.monotonic() - started, 2)
        if peak and row["status"] == "measured":
            row["peak_tera_flops"] = peak
            if row.get("tera_flops"):
                row["share_of_peak"] = row["tera_flops"] / peak
        self.figures.append(row)
        print(f"{name}: {shown(row)}", flush=True)
        self.write()
        return row

    def write(self):
        """The report, with figures of before that were not asked for now."""
        now = {row["name"] for row in self.figures}
        kept = [row for name, row in self.before.items() if name not in now]
        report = {"schema_version": SCHEMA_VERSION, "settings": self.settings, "machine": self.machine,
                  "figures": self.figures + kept}
        for name, text in [(f"{self.name}.json", json.dumps(report, indent=2) + "\n"), (f"{self.name}.md", table(report))]:
            part = self.out / f".{name}.part"
            part.write_text(text)
            part.rename(self.out / name)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def machine(backend):
    """What the figures are of."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text()) if sys.platform == "linux" else None
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    load = [round(value, 2) for value in os.getloadavg()]
    found = {"system": platform.platform(), "load": load, "cpu": model.group(1) if model else platform.processor(),
             "commit": commit.stdout.strip() or None, "gpus": []}
    if backend == "cuda" and shutil.which("nvidia-smi"):
        asked = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        found["gpus"] = told.stdout.strip().splitlines() if told.returncode == 0 else []
    return found


def shown(row):
    if row["status"] != "measured":
        return f"{row['status']}: {row['why'].splitlines()[0]}"
    value = row["value"]
    return f"{value:.4g} {row['unit']}" if isinstance(value, float) else f"{value} {row['unit']}"


# What else the table tells where a figure has it.
ALSO = {"times_package": "{:.1f} times the Python package", "peak_mb": "{:.0f} MB", "ms": "{:.2f} ms",
        "ready_after_seconds": "ready after {:.2f} s"}


def table(report):
    lines = ["# Figures of a machine", ""]
    machine = report["machine"]
    lines += [f"- {key}: {value}" for key, value in machine.items()]
    lines += ["", "| figure | numbers | value | TFLOP/s | a plain product, TFLOP/s | share of it | also |",
              "|---|---|---|---:|---:|---:|---|"]
    for row in report["figures"]:
        number = lambda key, form: form.format(row[key]) if row.get(key) else ""
        also = [number(key, form) for key, form in ALSO.items()]
        cells = [row["name"], row["precision"], shown(row), number("tera_flops", "{:.3g}"),
                 number("peak_tera_flops", "{:.3g}"), number("share_of_peak", "{:.1%}"), ", ".join(filter(None, also))]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def flags(sizes):
    return [word for name, value in sizes.items() for word in (f"--{name}", value)]


def variants(bench, rows):
    path = bench.work / f"in-{rows}.vcf"
    with gzip.open(VCF, "rt") as file, open(path, "w") as cut:
        left = rows
        for line in file:
            left -= not line.startswith("#")
            if left >= 0:
                cut.write(line)
    return path


def parameters(encoder):
    """Numbers that a token is multiplied by, embedding and head left out."""
    width, feed_forward = encoder["hidden-size"], encoder["intermediate-size"]
    keys = width * encoder["kv-heads"] // encoder["heads"]
    return encoder["layers"] * (2 * width * width + 2 * width * keys + 3 * width * feed_forward)


def score(bench, rows, parameters, *model, backend=None):
    """Alleles a second once the model is ready, of so many records of the example."""
    return scored(bench, variants(bench, rows), FASTA, parameters, *model, backend=backend)


def scored(bench, vcf, fasta, parameters, *model, backend=None):
    """Alleles a second of a file once the model is ready; operations as if every row passed all layers that are
    run, which those of the last one that nobody reads do not."""
    used = bench.used(bench.given.program, "score", "--vcf", vcf, "--fasta", fasta, "--backend",
                      backend or bench.given.backend, "--no-receipt", "--output", bench.work / "scores.jsonl", "--log-level", "debug", *model)
    found = lambda pattern: re.search(pattern, used["text"]).group(1)
    alleles, rows = int(found(r"= (\d+) scored")), int(found(r"encoder rows run: (\d+)"))
    ready = float(found(r"ready after ([\d.]+) s"))
    seconds = used["seconds"] - ready
    return {"value": alleles / seconds, "alleles": alleles, "ready_after_seconds": ready, "peak_mb": used["peak_mb"],
            "processor_seconds": used["processor_seconds"], "tera_flops": 2 * parameters * rows / seconds / 1e12}
