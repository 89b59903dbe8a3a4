// Scoring again does not take more memory, and dispose() gives it back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { openApp } from "../../lib/app.mjs";
import { example, someOfExample } from "../../lib/fixtures.mjs";
import { installed } from "../../lib/installed.mjs";
import {
  MEMORY_FLAGS,
  pageMegabytes,
  wasmMegabytes,
  watchMemories,
  watchRenderer,
} from "../../lib/memory.mjs";
import { jobFile, packagePage, run } from "../../lib/runtimes.mjs";

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
    const rewrite = watchMemories;
    opened = await packagePage({ isolated: true, args: MEMORY_FLAGS, pages, rewrite });
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
    const held = { wasm: [], page: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const scored = await page.evaluate(scoreOnce);
      assert.ok(scored > 40, `${scored} alleles were scored`);
      held.wasm.push(sum(await wasmMegabytes(page)));
      held.page.push(await pageMegabytes(page));
    }
    for (const [what, all] of Object.entries(held)) {
      t.diagnostic(`${what}, MB after each round: ${all.map((mb) => mb.toFixed(1)).join(", ")}`);
    }
    assert.ok(held.wasm[0] > 10, "the wasm memories cannot be seen");
    // The first round warms up; from then on it stays.
    assert.equal(held.wasm.at(-1), held.wasm[1]);
    assert.ok(held.page.at(-1) - held.page[1] <= NOISE_MB);
    await page.evaluate(() => globalThis.runtime.dispose());
  });

  test("dispose() gives it back", async (t) => {
    const { page, browser } = opened;
    // Chromium keeps what a page has fetched for some minutes; that is its own, and so it is fetched
    // once.
    await page.evaluate(async () => {
      const archive = await globalThis.builtin.load();
      globalThis.model = { ...globalThis.builtin, load: async () => archive.slice() };
    });
    const watch = await watchRenderer(page, browser);
    const held = { before: watch.now(), during: [], after: [] };
    for (let round = 0; round < 4; round += 1) {
      await page.evaluate(async () => {
        const { GenoLeWMRuntime, model, job } = globalThis;
        globalThis.runtime = await GenoLeWMRuntime.load(model, job.load);
      });
      await page.evaluate(scoreOnce);
      assert.ok(page.workers().length > 1, "no workers");
      held.during.push(watch.now());
      await page.evaluate(() => globalThis.runtime.dispose());
      await assert.doesNotReject(
        until(() => page.workers().length === 0),
        "workers are left",
      );
      await page.evaluate(() => gc());
      held.after.push(watch.now());
    }
    watch.stop();
    t.diagnostic(`private memory of the renderer, MB: ${JSON.stringify(held)}`);
    const taken = held.during[0] - held.before;
    assert.ok(taken > 30, `a loaded model cannot be seen: ${taken} MB`);
    // The allocator keeps some pages; what must not be is that rounds add up.
    assert.ok(held.after.at(-1) - held.after[0] <= taken / 10, JSON.stringify(held));
    assert.ok(held.after[0] - held.before <= taken / 2, JSON.stringify(held));
  });

  test("a disposed runtime answers with an error", async () => {
    const code = await opened.page.evaluate(async () => {
      const { runtime } = globalThis;
      return runtime.encodeWindow("ACGT".repeat(1024)).then(
        () => "an answer",
        (error) => `${error.name} ${error.code}`,
      );
    });
    // Disposing is an abort to what is under way and to what comes after.
    assert.match(code, /^(AbortError|GenoLeWMError) RESOURCE\./);
  });
});

test("scoring file after file on the page does not grow it", { timeout: 600_000 }, async (t) => {
  const { app, page, close } = await openApp({ args: MEMORY_FLAGS });
  t.after(close);
  await app.ready();
  const held = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await app.chooseFile(someOfExample(100));
    await app.chooseReference(example.fasta(), example.fai(), example.gzi());
    assert.equal(await app.run(), "done");
    await app.id("row-variants").first().click();
    await app.id("detail-close").click();
    await app.id("again").click();
    held.push(await pageMegabytes(page));
  }
  t.diagnostic(`MB after each round: ${held.map((mb) => mb.toFixed(1)).join(", ")}`);
  assert.ok(held.at(-1) - held[1] <= NOISE_MB / 2, held.join(", "));
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

const sum = (numbers) => numbers.reduce((total, n) => total + n, 0);

/** Waits until something holds. */
async function until(holds) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("it never came to hold");
}

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
