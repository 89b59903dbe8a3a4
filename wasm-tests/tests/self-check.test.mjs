// A backend that computes something else than the model says is an error and never a score.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { builtinModel } from "../lib/model.mjs";
import { inChromium, inNode, jobModel, packagePage } from "../lib/runtimes.mjs";

/** Code for the top of a worker's script: every shader of a kind computes a little too much. */
function skewed(find, replace) {
  return `
    if (typeof GPUDevice === "function") {
      const create = GPUDevice.prototype.createShaderModule;
      GPUDevice.prototype.createShaderModule = function (descriptor) {
        const code = descriptor.code.replace(${find}, ${JSON.stringify(replace)});
        if (code !== descriptor.code) globalThis.skewed = true;
        return create.call(this, { ...descriptor, code });
      };
    }
  `;
}

/** Loads the built-in model on WebGPU with a prefix for the workers' scripts. */
async function loadWith(prefix) {
  const rewrite = (path, bytes) =>
    /worker\/entry\.js$/.test(path) ? Buffer.concat([Buffer.from(prefix), bytes]) : bytes;
  const opened = await packagePage({ webgpu: true, rewrite });
  try {
    const outcome = await opened.page.evaluate(async () => {
      const { GenoLeWMRuntime, builtin } = globalThis;
      return GenoLeWMRuntime.load(builtin, { backend: "webgpu" }).then(
        (runtime) => ({ backend: runtime.backend }),
        ({ name, code, message }) => ({ name, code, message }),
      );
    });
    return outcome;
  } finally {
    await opened.close();
  }
}

describe("the self-check", { timeout: 600_000 }, () => {
  test("accepts the software adapter as it is", async () => {
    assert.deepEqual(await loadWith(""), { backend: "webgpu" });
  });

  test("refuses a GPU whose norms are 1 % off", async () => {
    const outcome = await loadWith(skewed(/1\.0 \/ sqrt\(/g, "1.01 / sqrt("));
    assert.equal(outcome.name, "GenoLeWMError", JSON.stringify(outcome));
    assert.equal(outcome.code, "DEPLOY.BACKEND_UNSUPPORTED");
    assert.match(outcome.message, /self-check/);
  });

  for (const [name, work] of Object.entries({ Chromium: inChromium, Node: inNode })) {
    test(`refuses a processor that contradicts the known answers, in ${name}`, async () => {
      const sealed = jobModel(builtinModel()).map(contradict);
      const load = { backend: "cpu", threads: 1 };
      await assert.rejects(work({ model: sealed, load }), /self_check\.json|PROVENANCE/);
      const model = sealed.filter((file) => file.name !== "seal.json");
      await assert.rejects(work({ model, load }), /self-check|DEPLOY/);
    });
  }
});

/** The model's known answers with one of them a percent larger. */
function contradict(file) {
  if (file.name !== "self_check.json") return file;
  const answers = JSON.parse(readFileSync(`${builtinModel()}/self_check.json`, "utf8"));
  answers.sigma_raw[0] *= 1.01;
  return { ...file, base64: Buffer.from(JSON.stringify(answers)).toString("base64") };
}
