#!/usr/bin/env python3
"""Lets ONNX Runtime judge what `genolewm export --format onnx` writes.

    onnx_judge.py PROGRAM        in the repository's root

Exports the built-in model, the golden pipeline's and those of the golden vectors; the checker of
`onnx` must accept each file, and ONNX Runtime must come within 1e-4 of the golden vectors, and of a
plain implementation in float64 that is held to the same vectors and knows neither masks nor batches.
"""

import gzip
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx_plain import PlainActions, PlainPredictor, Wrong

TOLERANCE = 1e-4
# What the plain implementation is held to, as our own tests are.
GOLDEN_TOLERANCE = 2e-5
GOLDEN = pathlib.Path("tests/golden")
SLOTS, EMPTY = 4, 4096
NOTICE = "research tool, not a diagnostic"


class Worst:
    """The largest difference of each kind."""

    def __init__(self):
        self.by_kind = {}

    def compare(self, kind, got, want, tolerance=TOLERANCE):
        got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
        if got.shape != want.shape:
            raise Wrong(f"{kind}: shape {got.shape}, not {want.shape}")
        difference = float(np.abs(got - want).max())
        # Written so that NaN is refused.
        if not difference <= tolerance:
            raise Wrong(f"{kind}: {difference:.3g} off, allowed are {tolerance}")
        self.by_kind[kind] = max(self.by_kind.get(kind, 0.0), difference)


# ---- the inputs, as docs/formats.md describes them ----


def allele_ids(bases):
    chunks = [bases[start : start + 6].ljust(6, "A") for start in range(0, len(bases), 6)]
    ids = [sum("ACGT".index(base) << (10 - 2 * n) for n, base in enumerate(c)) for c in chunks]
    return ids + [EMPTY] * (SLOTS - len(ids))


def edit_inputs(items, k):
    """Inputs of the action encoder for items of several edits, padded to `k`."""
    shape = (len(items), k)
    inputs = {name: np.zeros(shape, np.int64) for name in ("rel_pos", "edit_type")}
    inputs |= {name: np.zeros((*shape, SLOTS), np.int64) for name in ("ref_ids", "alt_ids")}
    inputs["mask"] = np.zeros(shape, bool)
    for row, item in enumerate(items):
        for column, edit in enumerate(item):
            at = row, column
            inputs["rel_pos"][at], inputs["edit_type"][at] = edit["rel_pos"], edit["edit_type"]
            inputs["ref_ids"][at] = allele_ids(edit["ref"])
            inputs["alt_ids"][at] = allele_ids(edit["alt"])
            inputs["mask"][at] = True
    return inputs


def random_edits(rng, count, window_bp):
    kinds = [(1, 1), (1, 9), (12, 1), (3, 3), (24, 7)]
    edits = []
    for _ in range(count):
        kind = int(rng.integers(len(kinds)))
        ref, alt = ("".join(rng.choice(list("ACGT"), length)) for length in kinds[kind])
        place = int(rng.integers(window_bp))
        edits.append({"rel_pos": place, "edit_type": kind, "ref": ref, "alt": alt})
    return edits


# ---- exported files ----


def session(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


class Exported:
    """The files of one model, checked, and ready to run."""

    def __init__(self, program, model_dir, output):
        command = [program, "export", "--format", "onnx", "--output-dir", output]
        command += ["--model-dir", model_dir] if model_dir else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        report = json.loads((output / "export_report.json").read_text())
        self.models = {}
        for artifact in report["artifacts"]:
            data = (output / artifact["file"]).read_bytes()
            model = onnx.load_model_from_string(data)
            onnx.checker.check_model(model, full_check=True)
            self.check_report(report, artifact, data, model)
            self.models[artifact["component"]] = model
        if sorted(self.models) != ["action_encoder", "predictor"]:
            raise Wrong(f"the report names {sorted(self.models)}")
        self.sessions = {name: session(model) for name, model in self.models.items()}

    def check_report(self, report, artifact, data, model):
        props = {entry.key: entry.value for entry in model.metadata_props}
        same = [
            (artifact["sha256"], "sha256:" + hashlib.sha256(data).hexdigest()),
            (artifact["size_bytes"], len(data)),
            (artifact["tensors"], len(model.graph.initializer)),
            (report["opset"], model.opset_import[0].version),
            (report["generated_by"], f"{model.producer_name} {model.producer_version}"),
            (report["model"]["model_id"], props["model_id"]),
            (report["model"]["model_version"], props["model_version"]),
            (props["notice"], NOTICE),
        ]
        for said, found in same:
            if said != found:
                raise Wrong(f"{artifact['file']}: {said!r} is said, {found!r} is found")
        if int(props["window_bp"]) <= 0:
            raise Wrong(f"{artifact['file']}: window_bp is {props['window_bp']}")

    def constant(self, component, name):
        (found,) = (c for c in self.models[component].graph.initializer if c.name == name)
        return numpy_helper.to_array(found)

    def actions(self, inputs):
        return self.sessions["action_encoder"].run(["actions"], inputs)[0]

    def predict(self, state, actions, mask):
        inputs = {
            "state": np.asarray(state, np.float32),
            "actions": np.asarray(actions, np.float32),
            "mask": mask,
        }
        return self.sessions["predictor"].run(["prediction"], inputs)[0]


def sha256(path):
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def golden_directory(case, config, output):
    """A model directory around the weights of a golden case; what export does not read is absent."""
    output.mkdir()
    for name in ("predictor", "action_encoder"):
        shutil.copyfile(GOLDEN / f"{name}_{case}.safetensors", output / f"{name}.safetensors")
    window = config["action_encoder"]["max_window_bp"]
    (output / "train_config.yaml").write_text(
        f'schema_version: "1.0.0"\nencoder: {{model_id: encoder, state_layer: -1}}\n'
        f"predictor: {{n_heads: {config['n_heads']}}}\n"
        f"window_bp: {window}\nmax_window_bp: {window}\n"
    )
    absent = "sha256:" + "0" * 64
    manifest = {
        "schema_version": "1.0.0",
        "model_name": f"golden-{case}",
        "model_version": "0.0.1",
        "release_id": "golden",
        "encoder": {"id": "encoder", "revision": "main", "hash": absent},
        "training": {
            "config_file": "train_config.yaml",
            "data_snapshot": {},
            "hash": sha256(output / "train_config.yaml"),
        },
    }
    for name in ("predictor", "action_encoder"):
        file = f"{name}.safetensors"
        manifest[name] = {
            "dtype": "fp32",
            "file": file,
            "hash": sha256(output / file),
            "version": None,
        }
    for name, file in (("calibration", "calibration.parquet"), ("eval", "eval_metrics.json")):
        manifest[name] = {"dtype": None, "file": file, "hash": absent, "version": None}
    (output / "manifest.json").write_text(json.dumps(manifest))
    return output


def unpacked_pipeline(output):
    shutil.copytree(GOLDEN / "pipeline/model", output, copy_function=shutil.copyfile)
    for packed in output.glob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    return output


# ---- the judgement ----


def golden_case(program, path, work, worst, export=Exported):
    case, name = json.loads(path.read_text()), path.stem.removeprefix("predictor_")
    config = case["config"]
    directory = golden_directory(name, config, work / name)
    exported = export(program, directory, work / f"{name}-onnx")
    mask = np.asarray(case["mask"], bool)
    batch, k = mask.shape
    floats = lambda key, *shape: np.asarray(case[key], np.float32).reshape(shape)
    actions, state = floats("actions", batch, k, -1), floats("state", batch, -1)
    prediction = floats("prediction", batch, k, -1)
    plain = PlainPredictor(directory / "predictor.safetensors", config["n_heads"])
    window = config["action_encoder"]["max_window_bp"]
    plain_actions = PlainActions(directory / "action_encoder.safetensors", window, exported)
    inputs = edit_inputs(case["edits"], k)
    if not (inputs["mask"] == mask).all():
        raise Wrong(f"{path}: edits and mask differ")
    worst.compare(
        "plain action encoder, golden", plain_actions(**inputs), actions, GOLDEN_TOLERANCE
    )
    plain_prediction = plain(state, actions, mask)
    worst.compare("plain predictor, golden", plain_prediction, prediction, GOLDEN_TOLERANCE)
    for size in (1, 3, batch):
        for start in range(0, batch - size + 1):
            rows = slice(start, start + size)
            part = {key: values[rows] for key, values in inputs.items()}
            worst.compare("action encoder, golden", exported.actions(part), actions[rows])
            got = exported.predict(state[rows], actions[rows], mask[rows])
            worst.compare("predictor, golden", got, prediction[rows])
            paddings(exported, worst, state[rows], actions[rows], mask[rows], prediction[rows])
    for prefix in ("", "long_"):
        golden_rollout(exported, worst, case, prefix, state)
    against_plain(exported, plain, plain_actions, worst, window)


def paddings(exported, worst, state, actions, mask, prediction):
    """The same in as few and in more columns than the vectors have, up to five."""
    longest = int(mask.sum(1).max())
    most = min(5, places(exported))
    for k in range(longest, most + 1):
        extra = max(0, k - mask.shape[1])
        widen = lambda x, value: np.concatenate(
            [x[:, :k], np.full((len(x), extra, *x.shape[2:]), value, x.dtype)], axis=1
        )
        # Nothing that stands in padding may matter.
        got = exported.predict(state, widen(actions, np.nan), widen(mask, False))
        worst.compare("predictor, golden, K 1..5", got, widen(prediction, 0))


def places(exported):
    props = {entry.key: entry.value for entry in exported.models["predictor"].metadata_props}
    return int(props["max_actions"])


def golden_rollout(exported, worst, case, prefix, state):
    if case[f"{prefix}rollout"] is None:
        return
    batch = len(state)
    steps = np.asarray(case[f"{prefix}rollout_actions"], np.float32)
    steps = steps.reshape(len(steps), batch, 1, -1)
    wanted = np.asarray(case[f"{prefix}rollout"], np.float32).reshape(batch, len(steps), -1)
    for step, action in enumerate(steps):
        state = exported.predict(state, action, np.ones((batch, 1), bool))[:, 0]
        worst.compare("predictor, golden rollout, K 1", state, wanted[:, step])


def against_plain(exported, plain, plain_actions, worst, window_bp):
    rng = np.random.default_rng(7)
    for batch in (1, 3):
        for k in range(1, min(5, plain.max_actions) + 1):
            inputs = edit_inputs([random_edits(rng, k, window_bp) for _ in range(batch)], k)
            # Padding in any place, and an item of nothing else.
            for mask in (np.ones((batch, k), bool), rng.random((batch, k)) < 0.6):
                inputs["mask"] = mask
                actions = exported.actions(inputs)
                worst.compare("action encoder, plain", actions, plain_actions(**inputs))
                state = rng.normal(size=(batch, plain.d_state)).astype(np.float32)
                state /= np.linalg.norm(state, axis=1, keepdims=True)
                got = exported.predict(state, actions, mask)
                worst.compare("predictor, plain", got, plain(state, actions, mask))
    refuses_too_many(exported, plain)
    every_position(exported, plain_actions, worst, window_bp)


def refuses_too_many(exported, plain):
    k = plain.max_actions + 1
    state, actions = np.ones((1, plain.d_state)), np.ones((1, k, plain.d_action))
    try:
        exported.predict(state, actions, np.ones((1, k), bool))
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument:
        return
    except Exception as error:  # the class differs between releases
        if "indices" in str(error):
            return
        raise
    raise Wrong(f"{k} edits are taken by a predictor for {plain.max_actions}")


def every_position(exported, plain_actions, worst, window_bp):
    """Large angles are where implementations of the sine differ."""
    positions = np.unique(np.linspace(0, window_bp - 1, 400).astype(np.int64))
    edits = [[{"rel_pos": p, "edit_type": 0, "ref": "A", "alt": "G"}] for p in positions]
    inputs = edit_inputs(edits, 1)
    got = exported.actions(inputs)
    worst.compare("action encoder, plain, positions", got, plain_actions(**inputs))


def model_case(program, model_dir, weights, heads, window_bp, work, worst):
    exported = Exported(program, model_dir, work)
    plain = PlainPredictor(weights / "predictor.safetensors", heads)
    plain_actions = PlainActions(weights / "action_encoder.safetensors", window_bp, exported)
    against_plain(exported, plain, plain_actions, worst, window_bp)


def must_notice(work, judge):
    """A judge that accepts anything would prove nothing: with one bias off it has to refuse."""
    for component in ("predictor", "action_encoder"):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            judge(work, Tampered(component))
        except Wrong:
            continue
        raise Wrong(f"a {component} with a wrong bias was accepted")


class Tampered:
    """An exporter whose file of one component has a bias off by 0.001."""

    def __init__(self, component):
        self.component = component

    def __call__(self, *args):
        exported = Exported(*args)
        name = f"{'output_mlp' if self.component == 'predictor' else 'projection'}.3.bias"
        model = exported.models[self.component]
        (bias,) = (c for c in model.graph.initializer if c.name == name)
        values = numpy_helper.to_array(bias).copy()
        values[0] += 1e-3
        bias.CopyFrom(numpy_helper.from_array(values, name))
        exported.sessions[self.component] = session(model)
        return exported


def config_of(directory):
    """Heads and window of a train_config.yaml, of which no more than this is read."""
    text = (directory / "train_config.yaml").read_text()
    number = lambda key, default: next(
        (
            int(line.split(":")[1])
            for line in text.splitlines()
            if line.strip().startswith(f"{key}:")
        ),
        default,
    )
    return number("n_heads", None), number("max_window_bp", 12288)


def main():
    program, worst = sys.argv[1], Worst()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        cases = sorted(GOLDEN.glob("predictor_*.json"))
        if not cases:
            raise Wrong(f"{GOLDEN}: no golden cases")
        for path in cases:
            golden_case(program, path, work, worst)
        built_in = pathlib.Path("models/builtin")
        model_case(program, None, built_in, *config_of(built_in), work / "builtin-onnx", worst)
        pipeline = unpacked_pipeline(work / "pipeline")
        model_case(program, pipeline, pipeline, *config_of(pipeline), work / "pipeline-onnx", worst)
        judge = lambda work, export: golden_case(program, cases[0], work, Worst(), export)
        must_notice(work / "tampered", judge)
    for kind, difference in sorted(worst.by_kind.items()):
        print(f"  {difference:.2e}  {kind}")
    print(
        f"onnx: ONNX Runtime agrees with {len(cases) + 2} models, and two wrong ones were noticed"
    )


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"onnx: {wrong}")
