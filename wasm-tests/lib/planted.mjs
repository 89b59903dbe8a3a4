// Run by `tests/sealed.test.mjs` as a program of its own, `planted.mjs HOST OTHER`: serves the page
// without a header at HOST, with a request planted in its workers' script that asks OTHER, and prints as
// JSON what became of it in each browser.

import { readdirSync } from "node:fs";

import { serveApp } from "./app.mjs";
import { launch, openPage } from "./browser.mjs";
import { launchFirefox } from "./firefox.mjs";
import { inRoot } from "./paths.mjs";
import { serve } from "./server.mjs";

const [host, otherHost] = process.argv.slice(2);
const READY = "#engine-line[data-backend]";
const SCRIPT = /\/assets\/entry-[^/]*\.js$/;

/** What is planted: every way out that a worker has. What became of each is told to the page. */
const planted = (trap) => `
;(async () => {
  const out = (work) => Promise.race([
    work.then(() => "out", () => "kept"),
    new Promise((done) => setTimeout(done, 3000, "no answer")),
  ]);
  const socket = () => new Promise((yes, no) => Object.assign(new WebSocket("${trap}".replace("http", "ws")), { onopen: yes, onerror: no }));
  const request = () => new Promise((yes, no) => {
    const asked = new XMLHttpRequest();
    Object.assign(asked, { onload: yes, onerror: no }).open("POST", "${trap}/xhr");
    asked.send("x");
  });
  const ways = {
    fetch: () => fetch("${trap}/fetch", { mode: "no-cors" }),
    import: () => import("${trap}/import.js"),
    request,
    socket,
    events: () => new Promise((yes, no) => Object.assign(new EventSource("${trap}/events"), { onopen: yes, onerror: no })),
  };
  const found = {};
  for (const [name, way] of Object.entries(ways)) found[name] = await out((async () => way())());
  new BroadcastChannel("planted").postMessage(found);
})();`;

/** Runs in the page: keeps what its workers tell. */
function listen() {
  globalThis.planted = [];
  const channel = new BroadcastChannel("planted");
  channel.onmessage = ({ data }) => globalThis.planted.push(data);
}

/** The same of Chromium's driver and Firefox's. */
const BROWSERS = {
  async chromium() {
    const browser = await launch();
    const open = async (url) => {
      const page = await openPage(browser);
      await page.addInitScript(listen);
      await page.goto(url);
      return { page, until: (work, given) => page.waitForFunction(work, given) };
    };
    return { open, close: () => browser.close() };
  },
  async firefox() {
    const browser = await launchFirefox();
    const open = async (url) => {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(listen);
      await page.goto(url);
      return {
        page,
        until: (work, given) => page.waitForFunction(work, { timeout: 60_000 }, given),
      };
    };
    return { open, close: () => browser.close() };
  },
};

const trap = await serve({
  host: otherHost,
  pages: { "/fetch": "caught", "/xhr": "caught", "/import.js": "export {};" },
  headers: () => ({ "access-control-allow-origin": "*" }),
});
const script = readdirSync(inRoot("web/dist/assets")).find((name) =>
  SCRIPT.test(`/assets/${name}`),
);
const plant = (path, bytes) =>
  SCRIPT.test(path) ? Buffer.concat([bytes, Buffer.from(planted(trap.url))]) : bytes;
const unsealed = (path, bytes) =>
  path === "/"
    ? String(bytes).replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
    : bytes;
// The same script, started by its address, as a page without a policy would.
const control = `<!doctype html><title>control</title><script type="module">new Worker("/assets/${script}", { type: "module" });</script>`;

const page = await serveApp({ bare: true, host, rewrite: plant });
const bare = await serveApp({ bare: true, host, rewrite: unsealed });
const direct = await serve({
  host,
  mounts: { "/": inRoot("web/dist") },
  pages: { "/control.html": control },
  rewrite: plant,
});

/** What the trap has caught since the last call. */
const caught = () => trap.requests.splice(0).map(({ method, path }) => `${method} ${path}`);

const found = {};
for (const [name, start] of Object.entries(BROWSERS)) {
  const browser = await start();
  const sealed = await browser.open(page.url);
  await sealed.until((ready) => document.querySelector(ready) !== null, READY);
  const cores = await sealed.page.evaluate(() => [navigator.hardwareConcurrency, isSecureContext]);
  const workers = 1 + Math.min(cores[0], 4);
  await sealed.until((workers) => globalThis.planted.length >= workers, workers);
  const told = await sealed.page.evaluate(() => globalThis.planted);
  const escaped = caught();
  const open = await browser.open(`${direct.url}/control.html`);
  await open.until(() => globalThis.planted.length > 0);
  const control = { told: await open.page.evaluate(() => globalThis.planted), caught: caught() };
  const without = await browser.open(bare.url);
  await without.until(() => /not loaded/.test(document.querySelector("#engine-line").textContent));
  found[name] = { secure: cores[1], workers, told, escaped, control, without: "refused" };
  await browser.close();
}
console.log(JSON.stringify(found));
for (const server of [trap, page, bare, direct]) await server.close();
