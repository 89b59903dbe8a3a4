// Plans and rollouts with the wasm module, in Node.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

const WINDOW = bases(600);
const TARGET = `${WINDOW.slice(0, 300)}${other(WINDOW[300])}${WINDOW.slice(301)}`;
const QUICK = {
  horizon: 2,
  samples: 150,
  elite: 10,
  iterations: 2,
  seed: 5,
  edgeMargin: 16,
  stoppingEps: 0,
};

/** Made-up bases, the same in every run. */
function bases(count) {
  let state = 12345;
  const next = () => (state = (state * 1103515245 + 12345) % 2147483648);
  return Array.from({ length: count }, () => "ACGT"[Math.floor(next() / 65536) % 4]).join("");
}

function other(base) {
  return base === "A" ? "C" : "A";
}

function distance(a, b) {
  return Math.sqrt(a.reduce((sum, value, at) => sum + (value - b[at]) ** 2, 0));
}

let runtime;
before(async () => (runtime = await GenoLeWMRuntime.load(builtin)));
after(() => runtime.dispose());

test("the same seed gives the same plan, made for real", async () => {
  const options = { ...QUICK, targetWindow: TARGET, editTypes: ["snv", "mnv"], locus: 300 };
  const plan = await runtime.plan(WINDOW, options);
  const again = await runtime.plan(WINDOW, options);
  assert.equal(again.report, plan.report);
  assert.notDeepEqual((await runtime.plan(WINDOW, { ...options, seed: 6 })).edits, plan.edits);
  assert.equal(plan.evaluations, 300);
  assert.equal(plan.rounds.length, 2);
  let edited = WINDOW;
  for (const { relPos, ref, alt } of plan.edits) {
    assert.equal(WINDOW.slice(relPos, relPos + ref.length), ref);
    edited = edited.slice(0, relPos) + alt + edited.slice(relPos + alt.length);
  }
  assert.equal(plan.editedWindow, edited);
  const [real, target] = [
    await runtime.encodeWindow(edited, 300),
    await runtime.encodeWindow(TARGET, 300),
  ];
  assert.deepEqual(plan.realState, real);
  assert.ok(Math.abs(plan.realDistance - distance(real, target)) < 1e-6);
  assert.ok(Math.abs(plan.predictionErrorL2 - distance(plan.predictedState, real)) < 1e-6);
  const predicted = await runtime.predict(await runtime.encodeWindow(WINDOW, 300), plan.edits);
  assert.ok(distance(predicted, plan.predictedState) < 1e-4);
  const receipt = JSON.parse(plan.receipt);
  assert.equal(receipt.model_id, runtime.model.modelId);
  const hash = createHash("sha256").update(plan.report).digest("hex");
  assert.equal(receipt.output_commitment, `sha256:${hash}`);
});

test("a plan keeps to its constraints and tells how far it is", async () => {
  const steps = [];
  const plan = await runtime.plan(WINDOW, {
    ...QUICK,
    targetState: await runtime.encodeWindow(TARGET),
    editTypes: ["snv", "ins", "del"],
    protect: [{ start: 100, end: 280 }],
    within: { start: 200, end: 400 },
    keepFrame: true,
    forbid: ["GATC"],
    prediction: "stepwise",
    onProgress: (progress) => steps.push(progress),
  });
  for (const { relPos, ref, alt } of plan.edits) {
    assert.ok(relPos >= 279 && relPos + ref.length <= 400, `${relPos}`);
    assert.equal(Math.abs(alt.length - ref.length) % 3, 0);
  }
  assert.ok(steps.every(({ kind, total }) => kind === "plan" && total === 300));
  const done = steps.map((step) => step.done);
  assert.deepEqual(
    done,
    [...done].sort((a, b) => a - b),
  );
  assert.equal(done.at(-1), 300);
  assert.equal(steps.at(-1).rounds, 2);
});

test("a plan stops when it is told to", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const options = {
    targetWindow: TARGET,
    samples: 5000,
    iterations: 100,
    patience: 100,
    stoppingEps: 0,
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  };
  const started = performance.now();
  await assert.rejects(runtime.plan(WINDOW, options), reason);
  assert.ok(performance.now() - started < 20_000);
  // The runtime serves on.
  await runtime.plan(WINDOW, { ...QUICK, targetWindow: TARGET });
});

test("a rollout gives every state, each from the one before", async () => {
  const state = await runtime.encodeWindow(WINDOW, 300);
  const edits = [290, 300, 310].map((relPos) => ({
    relPos,
    ref: WINDOW[relPos],
    alt: other(WINDOW[relPos]),
  }));
  const states = await runtime.rollout(state, edits);
  assert.equal(states.length, 3);
  let before = state;
  for (const [step, edit] of edits.entries()) {
    const after = await runtime.predict(before, [edit]);
    assert.ok(distance(after, states[step]) < 1e-4, `step ${step}`);
    before = after;
  }
  const together = await runtime.predict(state, edits, { every: true });
  assert.equal(together.length, 3);
  assert.ok(distance(together[2], await runtime.predict(state, edits)) < 1e-4);
  assert.ok(distance(together[2], states[2]) > 0);
  await assert.rejects(runtime.rollout(state, []), { code: "INPUT.GENERIC" });
  await assert.rejects(runtime.rollout(state.slice(1), edits), { code: "INPUT.GENERIC" });
});

test("what cannot be planned is refused", async () => {
  const target = { targetWindow: TARGET };
  for (const [window, options, words] of [
    [7, target, /window must be/],
    [WINDOW, {}, /plan needs one target/],
    [WINDOW, { ...target, targetState: new Float32Array(3) }, /plan needs one target/],
    [WINDOW, { targetState: [1, 2] }, /targetState must be a Float32Array/],
    [WINDOW, { targetState: new Float32Array(3) }, /same width/],
    [WINDOW, { ...target, horizon: 0 }, /horizon must be/],
    [WINDOW, { ...target, horizon: 5000 }, /horizon is/],
    [WINDOW, { ...target, editTypes: ["sv"] }, /editTypes\[0\] must be "snv"/],
    [WINDOW, { ...target, distance: "far" }, /distance must be "l2" or "cosine"/],
    [WINDOW, { ...target, within: { start: 0, end: 9000 } }, /does not lie in the window/],
    [WINDOW, { ...target, forbid: ["GAXTC"] }, /unknown letter/],
    [WINDOW, { ...target, sample: 5 }, /no option sample/],
    [bases(runtime.model.windowBp + 1), target, /longer than/],
    ["ACGX", target, /is not a base/],
  ]) {
    await assert.rejects(runtime.plan(window, options), (error) => {
      assert.match(error.message, words);
      assert.ok(error.remediation.length > 0);
      return true;
    });
  }
});
