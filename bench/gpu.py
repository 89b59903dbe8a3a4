"""The figures of bench/gpu.sh, which builds what this runs and says what there is to say about it."""

import argparse
import gzip
import json
import pathlib
import re
import shutil
import sys

from figures import (CARBON_500M, FASTA, Bench, Failed, Skipped, digest, flags, parameters, score, variants)

GOLDEN = "tests/golden/pipeline"
# Relative distances at which figures of the golden vectors may count as equal, the strictest first.
TOLERANCES = ["1e-5", "1e-4", "1e-3", "1e-2"]
# The published sizes of the predictor over it.
PREDICTOR = {"d-hidden": 768, "ffn-dim": 768, "d-action": 512, "n-heads": 8, "cross-blocks": 4, "self-blocks": 2,
             "d-pos": 128, "d-type": 64, "d-seq": 256, "action-inner": 1024}
FULL = {
    "product": 8192, "product_seconds": 2, "score_rows": 4000, "predictor_steps": 60, "encoder": CARBON_500M,
    "encoder_steps": 12, "batch_tokens": [16384, 4096], "window_tokens": 2048, "predictor": PREDICTOR, "window_bp": 12288,
    "encoder_rows": 64,
}
TINY = {
    "product": 128, "product_seconds": 0.1, "score_rows": 20, "predictor_steps": 4,
    "encoder": {"hidden-size": 32, "layers": 2, "heads": 2, "kv-heads": 1, "intermediate-size": 64},
    "encoder_steps": 4, "batch_tokens": [512], "window_tokens": 128,
    "predictor": {"d-hidden": 32, "ffn-dim": 32, "d-action": 16, "n-heads": 2, "cross-blocks": 1, "self-blocks": 1,
                  "d-pos": 8, "d-type": 8, "d-seq": 16, "action-inner": 32},
    "window_bp": 4096, "encoder_rows": 4,
}


def products(bench, device):
    """The peak: a plain product, in each of the numbers that there are."""
    sizes, found = bench.sizes, {}

    def all_of_it():
        if not found:
            text, _ = bench.run(bench.given.products, device, sizes["product"], sizes["product_seconds"])
            for line in filter(lambda line: line.startswith("{"), text.splitlines()):
                row = json.loads(line)
                found[row["precision"]] = row["product"]
        return found

    def one(precision):
        def measure():
            asked = "bf16" if precision == "bf16" else "f32"
            product = all_of_it().get(asked, {"why": "the program said nothing of it"})
            if "why" in product:
                raise Skipped(product["why"])
            if product["computed_in"] != precision:
                raise Skipped(f"products in {asked} are computed in {product['computed_in']} here: the library chooses")
            flops = product["tera_flops"]
            return {"value": flops, "tera_flops": flops, "relative_error": product["relative_error"]}
        return measure

    rows = {name: bench.figure(f"product/{device}/{name}", "TFLOP/s", 15, one(name), name) for name in ["f32", "tf32", "bf16"]}
    value = lambda name: rows[name]["value"]
    return {"f32": value("f32") or value("tf32"), "bf16": value("bf16")}, "f32" if value("f32") else "tf32"


def golden(bench):
    """The scores and receipts of the Python package, made again; the strictest tolerance that they hold."""
    case = bench.work / "golden"
    shutil.copytree(GOLDEN, case, dirs_exist_ok=True)
    for packed in case.glob("model/*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    inputs = ["--manifest", case / "model/manifest.json", "--scores", case / "expected_scores.jsonl", "--fasta",
              case / "ref.fa", "--model-dir", case / "model", "--encoder-dir", case / "encoder"]
    for tolerance in TOLERANCES:
        try:
            text, _ = bench.genolewm("verify", case / "expected_receipts.jsonl", "--rerun", "--other-machine",
                                     "--tolerance", tolerance, "--backend", bench.given.backend, *inputs)
        except Failed as reason:
            failed = reason
            continue
        return {"value": float(tolerance), "receipts": int(re.search(r"ok: (\d+) receipts", text).group(1))}
    raise failed


def self_check(bench):
    text, _ = bench.genolewm("doctor", "--backend", bench.given.backend)
    found = re.search(r"hashes ok, (self-check ok), a score takes ([\d.]+) ms", text)
    return {"value": float(found.group(2)), "answers": found.group(1)}


def marginal(few, many, start, whole):
    """The rate without the start, which a run of few took; with it where that is nearly all of the time."""
    with_start = whole < 1.1 * start
    seconds, counted = (whole, many) if with_start else (whole - start, many - few)
    return {"value": counted / seconds, "alleles": many, "start_seconds": start, "with_start": with_start}, seconds


def steps(bench, name, stage, device, precision, count, *more):
    """Steps a second over the second half of a run: kernels are compiled and chosen in the first."""
    run = bench.work / name
    shutil.rmtree(run, ignore_errors=True)
    corpus, holdout = bench.work / "corpus.tsv", bench.work / "holdout.bed"
    corpus.write_text(f"{pathlib.Path(FASTA).resolve()}\t1\trecord\n")
    holdout.write_text("chr17\t41270000\t41280000\n")
    bench.genolewm("train", stage, "--corpus", corpus, "--holdout", holdout, "--output", run, "--device", device,
                   "--precision", precision, "--steps", count, "--warmup-steps", 1, "--log-every", 1,
                   "--checkpoint-every", count, *more)
    timing = {row["step"]: row["steps_per_second"] for row in map(json.loads, open(run / "timing.jsonl"))
              if "steps_per_second" in row}
    last, middle = max(timing), max(timing) // 2
    seconds = last / timing[last] - middle / timing[middle]
    shutil.rmtree(run / "checkpoints", ignore_errors=True)
    return (last - middle) / seconds


def predictor_steps(bench, device, precision, devices=1):
    """The default predictor over the built-in encoder, nothing encoded meanwhile."""
    sizes = bench.sizes
    rate = steps(bench, f"predictor-{devices}-{precision}", "predictor", device, precision, sizes["predictor_steps"],
                 "--encoder", "models/builtin/encoder", "--fallback", "gnomad_common=synthetic_snv",
                 "--generation-windows", 64 if not bench.given.tiny else 8, "--generation-steps",
                 sizes["predictor_steps"], "--validation-windows", 1, "--accumulate", devices)
    return {"value": rate * devices, "ms_per_batch": 1e3 / rate / devices}


def encoder_steps(bench, device, precision):
    sizes = bench.sizes
    for tokens in sizes["batch_tokens"]:
        try:
            rate = steps(bench, f"encoder-{precision}", "encoder", device, precision, sizes["encoder_steps"],
                         "--batch-tokens", tokens, "--window-tokens", sizes["window_tokens"], "--long-every", 0,
                         *flags(sizes["encoder"]))
        except Failed as reason:
            # As a rule its memory is too small.
            failed = reason
            continue
        flops = 6 * parameters(sizes["encoder"]) * rate * tokens
        return {"value": rate * tokens, "batch_tokens": tokens, "tera_flops": flops / 1e12}
    raise failed


def trained_encoder(bench):
    for precision in ["f32", "bf16"]:
        encoder = bench.work / f"encoder-{precision}" / "encoder"
        if encoder.exists():
            return encoder
    raise Skipped("no encoder was made: its training is above")


def likelihoods(bench, precision):
    """Rows of whole windows a second, through the encoder as a language model."""
    encoder = trained_encoder(bench)
    rows = bench.sizes["encoder_rows"]
    window = bench.sizes["window_bp"]

    def run(rows):
        _, seconds = bench.genolewm("carbon-baseline", "--vcf", variants(bench, rows), "--fasta", FASTA,
                                    "--carbon-model-dir", encoder, "--output-scores", bench.work / "carbon.jsonl",
                                    "--window-bp", window, "--backend", bench.given.backend, "--dtype",
                                    {"f32": "fp32"}.get(precision, precision), "--no-progress")
        return len(open(bench.work / "carbon.jsonl").readlines()), seconds

    (few, start), (many, whole) = run(1), run(rows)
    return marginal(few, many, start, whole)[0]


def score_large(bench):
    """Surprise with the encoder, under a predictor of the published sizes that two steps have trained."""
    sizes = bench.sizes
    encoder = trained_encoder(bench)
    run = bench.work / "predictor-large"
    if not (run / "model/manifest.json").exists():
        steps(bench, run.name, "predictor", bench.given.backend, "f32", 2, "--encoder", encoder, "--fallback",
              "gnomad_common=synthetic_snv", "--generation-windows", 2, "--generation-steps", 2,
              "--validation-windows", 1, "--window-bp", sizes["window_bp"], "--batch", 4, *flags(sizes["predictor"]))
    return score(bench, sizes["encoder_rows"], parameters(sizes["encoder"]), "--model-dir", run / "model",
                 "--encoder-dir", encoder)


def several(bench):
    count = len(bench.machine["gpus"])
    if bench.given.backend == "cuda" and count > 1:
        return ",".join(f"cuda:{index}" for index in range(count)), count
    if bench.given.backend == "cpu":
        return "cpu,cpu", 2
    raise Skipped(f"there are not several devices: {count} of NVIDIA's")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--products", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--backend", choices=["cuda", "wgpu", "cpu"], default="cuda")
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args()
    bench = Bench("gpu", given, TINY if given.tiny else FULL, {"products": digest(given.products)})
    device = {"cuda": "cuda:0"}.get(bench.given.backend, bench.given.backend)

    # First whether it is right, then what is soon known, then what takes long.
    bench.figure("golden_vectors", "relative tolerance", 20, lambda: golden(bench))
    bench.figure("self_check", "ms a score", 10, lambda: self_check(bench))
    peak, whole = products(bench, device)
    shape = {"f32": whole, "bf16": "bf16"}
    builtin = json.loads(pathlib.Path("models/builtin/encoder/config.json").read_text())
    builtin = parameters({"hidden-size": builtin["hidden_size"], "intermediate-size": builtin["intermediate_size"],
                          "layers": builtin["num_hidden_layers"], "heads": builtin["num_attention_heads"],
                          "kv-heads": builtin["num_key_value_heads"]})
    bench.figure("score/builtin", "alleles/s", 30, lambda: score(bench, bench.sizes["score_rows"], builtin), whole,
                 peak["f32"])
    for precision in ["f32", "bf16"]:
        bench.figure(f"train/predictor/{precision}", "batches/s", 30,
                     lambda: predictor_steps(bench, device, precision), shape[precision], peak[precision])
    bench.figure("train/predictor/several_devices", "batches/s", 30,
                 lambda: predictor_steps(bench, several(bench)[0], "f32", several(bench)[1]), whole, peak["f32"])
    for precision in ["bf16", "f32"]:
        bench.figure(f"train/encoder_500m/{precision}", "tokens/s", 60,
                     lambda: encoder_steps(bench, device, precision), shape[precision], peak[precision])
        bench.figure(f"likelihood/encoder_500m/{precision}", "alleles/s", 40,
                     lambda: likelihoods(bench, precision), shape[precision], peak[precision])
    bench.figure("score/encoder_500m", "alleles/s", 120, lambda: score_large(bench), whole, peak["f32"])
    sys.exit(any(row["status"] == "failed" for row in bench.figures))


main()
