// The package where pages differ from the simplest: from another site, under headers of all kinds, in
// a service worker, with files of an iframe.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { after, before, describe, test } from "node:test";

import { launch, openPage } from "../lib/browser.mjs";
import { example, someOfExample } from "../lib/fixtures.mjs";
import { packageFolder } from "../lib/installed.mjs";
import { serve } from "../lib/server.mjs";

const vcf = someOfExample(400, "places.vcf");
const mounts = { "/example/": dirname(example.fasta()), "/vcf/": dirname(vcf) };
const page = (script) => `<!doctype html><meta charset="utf-8"><title>place</title>
<link rel="icon" href="data:,"><script type="module">${script}</script>`;

/** Scores the file with the package of `base`; `result` is what became of it. */
const scoring = (base, options = "{}") => `
  const told = ({ name, code, message, remediation }) => ({ name, code, message, remediation });
  try {
    const { GenoLeWMRuntime } = await import("${base}/dist/entry/browser.js");
    const { default: builtin } = await import("${base}/dist/builtin/browser.js");
    const runtime = await GenoLeWMRuntime.load(builtin, ${options});
    const reference = new URL("/example/brca1.hg19.fa.gz", location);
    const rows = [];
    for await (const row of runtime.scoreVcf(new URL("/vcf/places.vcf", location), { reference })) rows.push(row);
    await runtime.dispose();
    globalThis.result = { rows: rows.length, probes: runtime.probes };
  } catch (error) {
    globalThis.result = { error: told(error) };
  }`;

const resultOf = async (open) => {
  await open.waitForFunction(() => globalThis.result, undefined, { timeout: 60_000 });
  return open.evaluate(() => globalThis.result);
};

describe("places", { timeout: 300_000 }, () => {
  let browser;
  let rows;
  const servers = [];
  const serving = async (options) => {
    const server = await serve(options);
    servers.push(server);
    return server;
  };
  /** What became of the job on a page of its own. */
  const run = async (options, path = "/") => {
    const server = await serving({
      mounts: { ...mounts, "/package": packageFolder() },
      ...options,
    });
    const opened = await openPage(browser, server.url + path);
    const result = await resultOf(opened);
    await opened.close();
    return result;
  };

  before(async () => {
    browser = await launch();
    const plain = await run({ pages: { "/": page(scoring("/package")) } });
    assert.ok(plain.rows > 10, JSON.stringify(plain));
    rows = plain.rows;
  });
  after(async () => {
    await browser?.close();
    for (const server of servers) await server.close();
  });

  test("a package of another site could start no worker", async () => {
    const cors = () => ({ "access-control-allow-origin": "*" });
    const other = await serving({ mounts: { "/package": packageFolder() }, headers: cors });
    const base = `${other.url}/package`;
    const found = await run({ pages: { "/": page(scoring(base, "{ threads: 2 }")) } });
    assert.equal(found.rows, rows, JSON.stringify(found));
    assert.match(found.probes[0].reason, /2 instances\.$/);
  });

  test("an embedder policy on the page alone kept its workers from starting", async () => {
    const headers = (path) =>
      path === "/" ? { "cross-origin-embedder-policy": "require-corp" } : {};
    const found = await run({ headers, pages: { "/": page(scoring("/package")) } });
    assert.equal(found.rows, rows, JSON.stringify(found));
  });

  test("a policy that allows no worker is an error with a remedy", async () => {
    const headers = () => ({ "content-security-policy": "worker-src 'none'" });
    const { error } = await run({ headers, pages: { "/": page(scoring("/package")) } });
    assert.deepEqual([error.name, error.code], ["GenoLeWMError", "RESOURCE.RUNTIME_SETUP"]);
    assert.match(error.remediation, /worker-src/);
    const alone = page(scoring("/package", "{ worker: false }"));
    assert.equal((await run({ headers, pages: { "/": alone } })).rows, rows);
  });

  test("Trusted Types are met, by way of a blob", async () => {
    const headers = () => ({
      "content-security-policy":
        "require-trusted-types-for 'script'; trusted-types genolewm; worker-src 'self' blob:",
    });
    const found = await run({ headers, pages: { "/": page(scoring("/package")) } });
    assert.equal(found.rows, rows, JSON.stringify(found));
  });

  test("a service worker got a TypeError without a remedy; the slim entry works there", async () => {
    const head = `self.onactivate = (event) => event.waitUntil(clients.claim());
      const answer = (work) => (self.onmessage = (event) => event.waitUntil((async () => event.source.postMessage(await work()))()));
      const told = ({ name, code, message, remediation }) => ({ error: { name, code, message, remediation } });
      const file = (path) => new URL(path, location);`;
    const full = `import { GenoLeWMRuntime } from "/package/dist/entry/browser.js";
      import builtin from "/package/dist/builtin/browser.js";
      ${head} answer(() => GenoLeWMRuntime.load(builtin).then(() => ({}), told));`;
    const slim = `import { GenoLeWMRuntime } from "/package/dist/entry/slim.js";
      import builtin from "/package/dist/builtin/browser.js";
      ${head} answer(async () => {
        const runtime = await GenoLeWMRuntime.load(builtin, { wasm: fetch("/package/wasm/genolewm_bg.wasm") });
        const reference = file("/example/brca1.hg19.fa.gz");
        const { alleles } = await runtime.scoreVcf(file("/vcf/places.vcf"), { reference }).summary;
        return { rows: alleles };
      });`;
    const asking = (name) =>
      page(`navigator.serviceWorker.onmessage = ({ data }) => (globalThis.result = data);
        await navigator.serviceWorker.register("/${name}", { type: "module" });
        (await navigator.serviceWorker.ready).active.postMessage("go");`);
    const ask = (name, text) =>
      run({ pages: { [`/${name}`]: text, [`/${name}.html`]: asking(name) } }, `/${name}.html`);
    const { error } = await ask("full.js", full);
    assert.deepEqual([error.name, error.code], ["GenoLeWMError", "DEPLOY.BACKEND_UNSUPPORTED"]);
    assert.match(error.remediation, /@genolewm\/runtime\/slim/);
    assert.equal((await ask("slim.js", slim)).rows, rows);
  });

  test("files of an iframe were no files", async () => {
    const script = `
      import { GenoLeWMRuntime } from "/package/dist/entry/browser.js";
      import builtin from "/package/dist/builtin/browser.js";
      const frame = document.body.appendChild(document.createElement("iframe"));
      const there = frame.contentWindow;
      const text = await (await fetch("/vcf/places.vcf")).text();
      const bytes = there.Uint8Array.from(new TextEncoder().encode(text));
      const reference = new there.URL("/example/brca1.hg19.fa.gz", location.href);
      const inputs = {
        File: new there.File([text], "a.vcf"),
        Uint8Array: bytes,
        ArrayBuffer: bytes.buffer,
        DataView: new there.DataView(bytes.buffer),
        URL: new there.URL("/vcf/places.vcf", location.href),
        stream: new there.Blob([text]).stream(),
      };
      const runtime = await GenoLeWMRuntime.load(builtin);
      const rows = {};
      for (const [name, input] of Object.entries(inputs)) {
        rows[name] = await runtime.scoreVcf(input, { reference }).summary.then(({ alleles }) => alleles, String);
      }
      await runtime.dispose();
      globalThis.result = rows;`;
    const found = await run({ pages: { "/": `<body>${page(script)}` } });
    const names = ["File", "Uint8Array", "ArrayBuffer", "DataView", "URL", "stream"];
    assert.deepEqual(found, Object.fromEntries(names.map((name) => [name, rows])));
  });
});
