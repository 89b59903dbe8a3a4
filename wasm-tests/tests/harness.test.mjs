// The harness itself: what it would miss, the tests that stand on it would miss too.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertSameRows, relative } from "../lib/compare.mjs";
import { launch, openPage } from "../lib/browser.mjs";
import { inRoot } from "../lib/paths.mjs";
import { between, netlog } from "../lib/netlog.mjs";
import { serve } from "../lib/server.mjs";

const NESTED = 'fetch("/from-nested").then(() => postMessage(1), () => postMessage(0));';
const WORKER = `
  const nested = new Worker("/nested.js");
  nested.onmessage = () => fetch("/from-worker").finally(() => postMessage("done"));
`;
const SERVICE = `
  self.addEventListener("install", (event) => event.waitUntil(fetch("/from-service")));
`;

let server;
before(async () => {
  const pages = { "/": "<!doctype html><title>x</title>" };
  Object.assign(pages, { "/worker.js": WORKER, "/nested.js": NESTED, "/service.js": SERVICE });
  server = await serve({ mounts: { "/examples": inRoot("examples") }, pages, isolated: true });
});
after(() => server.close());

test("the browser's log has requests of pages, workers, nested and service workers", async () => {
  const log = netlog();
  const browser = await launch({ args: log.args });
  try {
    const page = await openPage(browser, server.url);
    await page.evaluate(async () => {
      await fetch("/start");
      await fetch("/from-page");
      const worker = new Worker("/worker.js");
      await new Promise((done) => (worker.onmessage = done));
      await navigator.serviceWorker.register("/service.js");
      await navigator.serviceWorker.ready;
      navigator.sendBeacon("/from-beacon", "x");
      const image = new Image();
      image.src = "/from-image";
      await new Promise((done) => (image.onerror = done));
      await fetch("http://127.0.0.1:9/elsewhere").catch(() => null);
      await new Promise((done) => (new WebSocket("ws://127.0.0.1:9/socket").onerror = done));
      await fetch("/end");
    });
  } finally {
    await browser.close();
  }
  const seen = between(log.requests(), "/start", "/end").map((url) => new URL(url).pathname);
  for (const path of ["page", "worker", "nested", "service", "beacon", "image"]) {
    assert.ok(seen.includes(`/from-${path}`), `/from-${path} is not among ${seen}`);
  }
  assert.ok(seen.includes("/elsewhere"), "a request to another origin");
  assert.ok(seen.includes("/socket"), "a socket");
});

test("the browser has the software adapter only when told to", async () => {
  for (const webgpu of [true, false]) {
    const browser = await launch({ webgpu });
    const page = await openPage(browser, server.url);
    const adapter = await page.evaluate(async () => {
      const found = await navigator.gpu.requestAdapter();
      return found?.info.architecture ?? null;
    });
    await browser.close();
    assert.equal(adapter, webgpu ? "swiftshader" : null);
  }
});

test("the server answers ranges, types and isolation as a file server does", async () => {
  const url = `${server.url}/examples/brca1.hg19.fa.gz.fai`;
  const whole = await (await fetch(url)).text();
  const part = await fetch(url, { headers: { range: "bytes=3-7" } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get("content-range"), `bytes 3-7/${whole.length}`);
  assert.equal(await part.text(), whole.slice(3, 8));
  const behind = await fetch(url, { headers: { range: `bytes=${whole.length}-` } });
  assert.equal(behind.status, 416);
  assert.equal((await fetch(`${server.url}/examples/../Cargo.toml`)).status, 404);
  const page = await fetch(server.url);
  assert.match(page.headers.get("content-type"), /^text\/html/);
  assert.equal(page.headers.get("cross-origin-embedder-policy"), "require-corp");
});

test("the comparison finds a wrong figure, a lost row and a swapped one", () => {
  const row = (pos, sigma) => ({
    ...{ chrom: "1", pos, ref: "A", alt: "C", status: "scored", bucket_id: "*" },
    ...{ sigma_raw: sigma, sigma_calibrated: 0.5, displacement: 0.1, confidence: 1 },
  });
  const native = [row(1, 0.5), row(2, 0.25)];
  assert.equal(assertSameRows([row(1, 0.5), row(2, 0.25)], native, 1e-4), 0);
  assert.ok(assertSameRows([row(1, 0.50001), row(2, 0.25)], native, 1e-4) > 1e-5);
  assert.throws(() => assertSameRows([row(1, 0.5001), row(2, 0.25)], native, 1e-4), /apart/);
  assert.throws(() => assertSameRows([row(1, 0.5), row(2, NaN)], native, 1e-4), /apart/);
  assert.throws(() => assertSameRows([row(1, 0.5)], native, 1e-4));
  assert.throws(() => assertSameRows([row(2, 0.25), row(1, 0.5)], native, 1e-4));
  assert.throws(() => assertSameRows([], [], 1e-4), /nothing/);
  assert.equal(relative(1, NaN), Infinity);
});
