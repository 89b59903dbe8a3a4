"""The figures of bench/all.sh, which builds what this runs and says what there is to say about it."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import sys

from figures import CARBON_500M, FASTA, Bench, Skipped, digest, parameters, score, scored

HERE = pathlib.Path(__file__).parent
VIEWS = {"one_view": "['+0']", "six_views": "['+0', '+2', '+4', '-0', '-2', '-4']"}
PRECISIONS = ["f32", "bf16", "int8"]
STATE_LAYER = 20
UNBUILT = "the package is not built: cargo xtask build-wasm && cargo xtask pack"
# Starts of windows for variants that lie near to each other.
STRIDE_BP = 3072
FULL = {"rounds": 9, "example": 100_000, "scattered": [1_000, 250_000], "carbon": 8, "dense": [1_000, 100_000], "peer": [1, 3],
        "batch": [64, 256], "peer_rounds": 30, "browser": 1_000}
# For a first look.
QUICK = {**FULL, "example": 2_000, "scattered": [1_000, 20_000], "carbon": 3, "dense": [100, 10_000], "peer": [1, 2], "browser": 500,
         "peer_rounds": 15}
TINY = {**QUICK, "rounds": 1, "example": 20, "scattered": [20, 100]}


def bounds(bench):
    """What one thread, and all at once, do at most: products and a copy, by billions a second."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    def run(_):
        text, _ = bench.run(bench.given.speed, "nothing", "--json", "--rounds", bench.sizes["rounds"])
        return {row["precision"]: row["value"] for row in map(json.loads, text.splitlines())}

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        each = list(pool.map(run, range(threads)))
    return {bound: {"value": sum(one[bound] for one in each), "threads": threads} for bound in each[0]}


def peaks(bench):
    """Those of all processors, in TFLOP/s; they are figures too."""
    found = {}

    def one(bound):
        def measure():
            found.update(found or bounds(bench))
            return {**found[bound], **({} if bound == "copy" else {"tera_flops": found[bound]["value"] / 1e3})}
        return measure

    units = {"f32": "GFLOP/s", "bf16": "GFLOP/s", "int8": "GOP/s", "copy": "GB/s"}
    rows = {bound: bench.figure(f"peak/{bound}", unit, 5, one(bound), bound) for bound, unit in units.items()}
    return {bound: rows[bound].get("tera_flops") for bound in PRECISIONS}


def cpu(bench, peak):
    """Parts of the network and readers, in one thread each."""
    found = {}

    def measure(name):
        if not found:
            text, _ = bench.run(bench.given.speed, "--json", "--rounds", bench.sizes["rounds"])
            found.update({row["name"]: row for row in map(json.loads, text.splitlines())})
        row = found[name]
        tera = {} if row["precision"] == "copy" else {"tera_flops": row["value"] / 1e3, "peak_tera_flops": row["peak"] / 1e3}
        return {**row, **tera, "share_of_peak": row["share"]}

    for name in bench.run(bench.given.speed, "--list")[0].split():
        bench.figure(name, "", 30, lambda: measure(name), "")


def builtin(bench):
    """Operations of the built-in encoder for a row."""
    config = json.loads(pathlib.Path("models/builtin/encoder/config.json").read_text())
    keys = {"hidden-size": "hidden_size", "intermediate-size": "intermediate_size", "layers": "num_hidden_layers",
            "heads": "num_attention_heads", "kv-heads": "num_key_value_heads"}
    return parameters({ours: config[theirs] for ours, theirs in keys.items()})


def short(bench, views):
    """The built-in model with windows of 480 bp and these views; its table is of another."""
    folder = bench.work / f"short-{views}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree("models/builtin", part)
        path = part / "train_config.yaml"
        text = path.read_text().replace("\nwindow_bp: 4096", f"\nwindow_bp: 480\nviews: {VIEWS[views]}")
        path.write_text(text)
        bench.genolewm("train", "manifest", part)
        part.rename(folder)
    return folder


def example(bench, peak):
    """The example's variants with the built-in model."""
    rows, each = bench.sizes["example"], builtin(bench)
    bench.figure("example/as_shipped/f32", "alleles/s", 60, lambda: score(bench, rows // 10 or 1, each), "f32", peak["f32"])
    for views in VIEWS:
        for precision in PRECISIONS:
            measure = lambda: score(bench, rows, each, "--model-dir", short(bench, views), backend=backend(precision))
            bench.figure(f"example/{views}/{precision}", "alleles/s", 20, measure, precision, peak[precision])


def backend(precision):
    return "cpu" if precision == "f32" else f"cpu:{precision}"


def scattered(bench, peak):
    """As many changes as a person's array file has, all over a reference, with short windows."""
    def measure(rows):
        path = made(bench, f"scattered-{rows}.vcf", "--rows", rows)
        return scored(bench, path, bench.given.fasta, builtin(bench), "--model-dir", short(bench, "one_view"))

    few, many = bench.sizes["scattered"]
    first = bench.figure(f"scattered/{few}", "alleles/s", 10, lambda: measure(few), "f32", peak["f32"])
    last = bench.figure(f"scattered/{many}", "alleles/s", many / 1000, lambda: measure(many), "f32", peak["f32"])

    def more():
        if "peak_mb" not in first or "peak_mb" not in last:
            raise Skipped("one of both was not measured")
        return {"value": last["peak_mb"] - first["peak_mb"]}

    bench.figure("scattered/memory_of_more", "MB", 0, more, "")


def made(bench, name, *flags):
    """A file of random changes."""
    path = bench.work / name
    if not path.exists():
        text, _ = bench.run(sys.executable, HERE / "make_vcf.py", "--fasta", bench.given.fasta, *flags)
        path.write_text(text)
    return path


def venv(bench):
    """The Python of a virtual environment with the package, torch and ONNX Runtime."""
    if bench.given.venv is None:
        raise Skipped("there is no --venv")
    return bench.given.venv / "bin/python"


def random_model(bench, layers):
    folder = bench.work / f"carbon-{layers}"
    if not folder.exists():
        bench.run(venv(bench), HERE / "make_model.py", "--program", bench.given.program, "--output", folder, "--layers", layers,
                  "--state-layer", min(layers, STATE_LAYER))
    return folder


def package(bench, folder, vcf, fasta):
    """Seconds of the Python package, whose encoder is found from its working directory."""
    _, seconds = bench.run(bench.given.venv.absolute() / "bin/geno-lewm-score", "--vcf", vcf.absolute(), "--fasta",
                           pathlib.Path(fasta).absolute(), "--model-dir", ".", "--output", bench.work.absolute() / "theirs.jsonl",
                           "--no-progress", cwd=folder)
    return seconds


def carbon(bench, peak):
    """An encoder of Carbon-500M's shape, its state at layer 20: scattered variants, and many near to each other."""
    each = parameters({**CARBON_500M, "layers": STATE_LAYER})

    def theirs():
        folder = random_model(bench, CARBON_500M["layers"])
        few, many = bench.sizes["peer"]
        paths = [made(bench, f"scattered-{rows}.vcf", "--rows", rows) for rows in (few, many)]
        seconds = [package(bench, folder, path, bench.given.fasta) for path in paths]
        return {"value": (many - few) / (seconds[1] - seconds[0]), "alleles": many, "start_seconds": seconds[0]}

    peer = bench.figure("carbon/package/bf16", "alleles/s", 90, theirs, "bf16")

    def ours(precision, path, *flags):
        found = scored(bench, path, bench.given.fasta, each, "--model-dir", random_model(bench, CARBON_500M["layers"]), *flags,
                       backend=backend(precision))
        return found | ({"times_package": found["value"] / peer["value"]} if peer["value"] else {})

    for precision in PRECISIONS:
        rows = bench.sizes["carbon"]
        measure = lambda: ours(precision, made(bench, f"scattered-{rows}.vcf", "--rows", rows))
        bench.figure(f"carbon/scattered/{precision}", "alleles/s", 60, measure, precision, peak[precision])
    rows, within = bench.sizes["dense"]
    for precision in PRECISIONS[1:]:
        measure = lambda: ours(precision, made(bench, f"dense-{rows}.vcf", "--rows", rows, "--within", within),
                               "--window-stride-bp", STRIDE_BP)
        bench.figure(f"carbon/{rows}_within_{within}_bp/{precision}", "alleles/s", 120, measure, precision, peak[precision])


def predictor(bench, peak):
    """The predictor at its default size, beside torch and ONNX Runtime, natively and in Node; ours in one thread
    natively is among the parts."""
    batches, rounds = ",".join(map(str, bench.sizes["batch"])), bench.sizes["peer_rounds"]
    onnx = bench.work / "onnx"
    lines = {}

    def of(text):
        return {f"{row['name']}/{row['threads']}_threads": row
                for row in map(json.loads, filter(lambda line: line.startswith("{"), text.splitlines()))}

    def peers():
        text, _ = bench.run(venv(bench), HERE / "peers.py", "--model", random_model(bench, 1), "--onnx", onnx, "--batch", batches,
                            "--rounds", rounds)
        lines.update(of(text))
        return {"value": len(lines)}

    def node():
        if not (onnx / "single.onnx").exists():
            raise Skipped("there are no graphs: the peers above make them")
        if not pathlib.Path("npm/wasm/genolewm_bg.wasm").exists():
            raise Skipped(UNBUILT)
        text, _ = bench.run("node", HERE / "browser/node.mjs", "--model", random_model(bench, 1), "--onnx", onnx, "--batch", batches,
                            "--rounds", rounds)
        lines.update(of(text))
        return {"value": len(of(text))}

    for batch in bench.sizes["batch"]:
        text = lambda: bench.run(bench.given.speed, f"predictor/batch_{batch}", "--json", "--rounds", rounds)[0]
        row = lambda: json.loads(text().splitlines()[-1])
        bench.figure(f"predictor/native/{batch}", "GFLOP/s", 5, lambda: flops(row()["value"] / 1e3), "f32", peak["f32"])
    bench.figure("predictor/peers", "figures", 60, peers, "")
    bench.figure("predictor/node", "figures", 60, node, "")
    for name, row in lines.items():
        bench.figure(name, "GFLOP/s", 0, lambda row=row: flops(row["tera_flops"], ms=row["ms"]), row.get("precision", "f32"),
                     peak["bf16" if "bf16" in name else "f32"])


def flops(tera, **more):
    return {"value": tera * 1e3, "tera_flops": tera, **more}


def golden(bench, peak):
    """The golden pipeline, process start included, beside the package."""
    found = {}

    def measure(name):
        if not found:
            venv(bench)
            text, _ = bench.run(HERE / "score_vs_python.sh", "--venv", bench.given.venv)
            for line in re.findall(r"^\| (\S+\.vcf) \|(.*)\|$", text, re.MULTILINE):
                found[line[0]] = [float(cell) for cell in line[1].split("|")]
        alleles, _, rate, _, theirs, times = found[name]
        return {"value": rate, "alleles": int(alleles), "package": theirs, "times_package": times}

    for name in ["in.vcf", "sites.vcf"]:
        bench.figure(f"golden/{name}", "alleles/s", 60, lambda: measure(name))


def browser(bench, peak):
    """The package in Chromium."""
    found = {}

    def measure(name):
        if not pathlib.Path("npm/wasm/genolewm_bg.wasm").exists():
            raise Skipped(UNBUILT)
        if not found:
            flags = [flag for views in VIEWS for flag in ("--model", f"{views}={short(bench, views).absolute()}")]
            text, _ = bench.run("node", HERE / "browser/run.mjs", "--json", "--threads", 2, "--variants", bench.sizes["browser"], *flags)
            found.update({row["name"]: row for row in map(json.loads, filter(lambda line: line.startswith("{"), text.splitlines()))})
        return {"value": found[name]["perSecond"], "load_ms": found[name]["loadMs"], "alleles": found[name]["scored"]}

    for name in ["builtin", *VIEWS]:
        for threads in (1, 2):
            bench.figure(f"chromium/{name}/{threads}_threads", "alleles/s", 60, lambda: measure(f"{name}/{threads}"))


PARTS = [cpu, example, scattered, golden, predictor, browser, carbon]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--speed", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--venv", type=pathlib.Path)
    parser.add_argument("--fasta", default=FASTA)
    parser.add_argument("--seconds", type=float, default=3600)
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true")
    sizes.add_argument("--tiny", action="store_true")
    parser.add_argument("parts", nargs="*", metavar="PART")
    given = parser.parse_args()
    given.backend = "cpu"
    parts = {part.__name__: part for part in PARTS}
    if unknown := set(given.parts) - set(parts):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    chosen = [part for name, part in parts.items() if not given.parts or name in given.parts]
    settings = {"speed": digest(given.speed), "quick": given.quick, "fasta": digest(given.fasta)}
    bench = Bench("all", given, TINY if given.tiny else QUICK if given.quick else FULL, settings)
    peak = peaks(bench)
    for part in chosen:
        part(bench, peak)
    sys.exit(any(row["status"] == "failed" for row in bench.figures))


main()
