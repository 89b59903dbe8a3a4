// A graphics device that goes away in the middle: announced, and finished on the processor with
// the right numbers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openApp } from "../lib/app.mjs";
import { assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { example, someOfExample } from "../lib/fixtures.mjs";
import { parseTsv, scoreFile } from "../lib/native.mjs";

/**
 * Code that goes before every script: destroys a worker's graphics device after so many
 * submissions once it was told to, as a driver's reset would.
 */
function saboteur(submissions) {
  return `
    if (typeof GPUAdapter === "function" && typeof WorkerGlobalScope === "function") {
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...args) {
        const device = await request.apply(this, args);
        const channel = new BroadcastChannel("saboteur");
        let left = Infinity;
        channel.onmessage = () => (left = ${submissions});
        const submit = device.queue.submit.bind(device.queue);
        device.queue.submit = (buffers) => {
          submit(buffers);
          left -= 1;
          if (left === 0) {
            device.destroy();
            channel.postMessage("destroyed");
          }
        };
        return device;
      };
    }
  `;
}

/** While the software adapter computes, a busy machine lets the page wait. */
const SLOW_MS = 300_000;

test("a device lost in the middle", { timeout: 900_000 }, async (t) => {
  const vcf = someOfExample(45, "lost.vcf");
  const native = scoreFile({ vcf, fasta: example.fasta() });
  const script = Buffer.from(saboteur(1));
  const rewrite = (path, bytes) => (path.endsWith(".js") ? Buffer.concat([script, bytes]) : bytes);
  const opened = await openApp({ server: { rewrite }, webgpu: true, serviceWorkers: "block" });
  t.after(() => opened.close());
  const { app, page } = opened;
  page.setDefaultTimeout(SLOW_MS);
  await app.ready();
  await app.chooseFile(vcf);
  await app.chooseReference(example.fasta(), example.fai(), example.gzi());
  await app.id("start").waitFor();
  await app.id("plan").locator("details.settings summary").click();
  await app.id("plan-backend").selectOption("webgpu");
  await app.id("plan-apply").click();
  await page.locator('#engine-line[data-backend="webgpu"]').waitFor();
  await app.id("start").waitFor();
  await page.evaluate(() => {
    const channel = new BroadcastChannel("saboteur");
    channel.onmessage = () => (globalThis.destroyed = true);
    globalThis.sabotage = () => channel.postMessage("now");
  });

  await app.id("start").click();
  await app.id("row-variants").first().waitFor();
  await page.evaluate(() => globalThis.sabotage());
  assert.equal(await app.ended(), "done");
  assert.ok(await page.evaluate(() => globalThis.destroyed), "the device was not lost");
  assert.match(await app.text("notice"), /processor/i);
  assert.match(await app.text("run-account"), /webgpu \d+ and cpu \d+|cpu \d+ and webgpu \d+/);
  const { text } = await app.exported("tsv");
  assertSameRows(parseTsv(text), native.rows, TOLERANCE.webgpu);
  const receipts = (await app.exported("receipts")).text.trimEnd().split("\n");
  const named = (name) => receipts.filter((line) => line.includes(`"${name}`)).length;
  t.diagnostic(`receipts: ${named("webgpu")} name WebGPU, ${named("cpu")} the processor`);
  assert.ok(named("webgpu") > 0 && named("cpu") > 0, "receipts do not name who computed");
  await app.picture("desktop-device-lost");
});
