// Scoring again does not take more memory, and dispose() gives it back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { example, someOfExample } from "../lib/fixtures.mjs";
import { installed } from "../lib/installed.mjs";
import { MEMORY_FLAGS, pageMegabytes, rendererMegabytes } from "../lib/memory.mjs";
import { jobFile, packagePage, run } from "../lib/runtimes.mjs";

/** What may come and go between two equal moments: the collector is not exact. */
const NOISE_MB = 6;
const ROUNDS = 6;

function job() {
  return {
    load: { backend: "cpu", threads: 2 },
    reference: {
      file: jobFile(example.fasta()),
      fai: jobFile(example.fai()),
      gzi: jobFile(example.gzi()),
    },
    vcf: jobFile(someOfExample(100)),
    score: { receipts: true },
  };
}

describe("memory of a tab", { timeout: 600_000 }, () => {
  let opened;
  before(async () => {
    const pages = { "/job.json": JSON.stringify(job()) };
    opened = await packagePage({ isolated: true, args: MEMORY_FLAGS, pages });
    await opened.page.evaluate(async () => {
      const { bytesOf } = await import("/drivers/work.mjs");
      globalThis.job = await (await fetch("/job.json")).json();
      globalThis.file = ({ name, base64 }) => new File([bytesOf(base64)], name);
    });
  });
  after(() => opened.close());

  test("scoring again does not grow it", async (t) => {
    const { page } = opened;
    await page.evaluate(async () => {
      const { GenoLeWMRuntime, builtin, job, file } = globalThis;
      globalThis.runtime = await GenoLeWMRuntime.load(builtin, job.load);
      const { file: fasta, fai, gzi } = job.reference;
      globalThis.reference = { file: file(fasta), fai: file(fai), gzi: file(gzi) };
    });
    const held = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const scored = await page.evaluate(scoreOnce);
      assert.ok(scored > 40, `${scored} alleles were scored`);
      held.push(await pageMegabytes(page));
    }
    t.diagnostic(`MB after each round: ${held.map((mb) => mb.toFixed(1)).join(", ")}`);
    // The first round warms up; from then on it stays.
    assert.ok(held.at(-1) - held[1] <= NOISE_MB, held.join(", "));
    await page.evaluate(() => globalThis.runtime.dispose());
  });

  test("dispose() gives it back", async (t) => {
    const { page, browser } = opened;
    const held = { before: await pageMegabytes(page) };
    const system = { before: (await rendererMegabytes(browser)).now };
    await page.evaluate(async () => {
      const { GenoLeWMRuntime, builtin, job } = globalThis;
      globalThis.runtime = await GenoLeWMRuntime.load(builtin, job.load);
    });
    await page.evaluate(scoreOnce);
    held.during = await pageMegabytes(page);
    system.during = (await rendererMegabytes(browser)).now;
    assert.ok(held.during - held.before > 10, `a loaded model cannot be seen: ${held.during}`);
    assert.ok(page.workers().length > 0, "no worker");
    await page.evaluate(() => globalThis.runtime.dispose());
    await page.waitForFunction(() => true);
    held.after = await pageMegabytes(page);
    system.after = (await rendererMegabytes(browser)).now;
    t.diagnostic(`as the page measures, MB: ${JSON.stringify(held)}`);
    t.diagnostic(`as the system measures, MB: ${JSON.stringify(system)}`);
    assert.equal(page.workers().length, 0, "workers are left");
    assert.ok(held.after - held.before <= NOISE_MB, JSON.stringify(held));
  });

  test("a disposed runtime answers with an error", async () => {
    const code = await opened.page.evaluate(async () => {
      const { runtime } = globalThis;
      return runtime.encodeWindow("ACGT".repeat(1024)).then(
        () => "an answer",
        (error) => `${error.name} ${error.code}`,
      );
    });
    assert.match(code, /^GenoLeWMError /);
  });
});

test("loading and disposing in Node, again and again, does not grow it", async (t) => {
  const code = `
    import { GenoLeWMRuntime } from "@genolewm/runtime";
    import builtin from "@genolewm/runtime/models/builtin";
    const held = [];
    for (let round = 0; round < 8; round += 1) {
      const runtime = await GenoLeWMRuntime.load(builtin, { backend: "cpu" });
      await runtime.encodeWindow("ACGT".repeat(1024), 2048);
      await runtime.dispose();
      await new Promise((done) => setTimeout(done, 50));
      gc();
      await new Promise((done) => setTimeout(done, 50));
      gc();
      held.push(process.memoryUsage.rss() / 1048576);
    }
    console.log(JSON.stringify(held));
  `;
  const args = ["--expose-gc", "--input-type=module", "--eval", code];
  const ended = await run(process.execPath, args, { cwd: installed() });
  assert.equal(ended.stderr, "");
  const held = JSON.parse(ended.stdout);
  t.diagnostic(`MB after each round: ${held.map((mb) => mb.toFixed(0)).join(", ")}`);
  assert.ok(held.at(-1) - held[2] <= 2 * NOISE_MB, held.join(", "));
});

/** Runs in the page: scores the example's variants and says how many had a score. */
async function scoreOnce() {
  const { runtime, reference, job, file } = globalThis;
  const stream = runtime.scoreVcf(file(job.vcf), {
    reference: reference ?? file(job.reference.file),
    ...job.score,
  });
  let scored = 0;
  for await (const row of stream) scored += row.status === "scored" ? 1 : 0;
  await stream.summary;
  return scored;
}
