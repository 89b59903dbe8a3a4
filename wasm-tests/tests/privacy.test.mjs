// Nothing leaves the page, and nothing of a person's file stays behind.

import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";

import { openApp, serveApp } from "../lib/app.mjs";
import { launch, openPage } from "../lib/browser.mjs";
import { example, withGenotypes } from "../lib/fixtures.mjs";
import { between, netlog } from "../lib/netlog.mjs";
import { serve } from "../lib/server.mjs";

const SAMPLE = "NA-planted-sample-4711";
const FILE = "planted-file-name-4711.vcf";

/** The example with genotypes, under a name that can be searched for. */
function personalFile() {
  const path = withGenotypes(60, "personal.vcf", SAMPLE);
  const named = join(dirname(path), FILE);
  renameSync(path, named);
  return named;
}

/** What must be found nowhere: names, positions with genotypes, stretches of sequence. */
function secrets(vcf) {
  const records = readFileSync(vcf, "utf8")
    .split("\n")
    .filter((line) => line && line[0] !== "#");
  const ids = records.map((line) => line.split("\t")[2]).filter((id) => id !== ".");
  const places = records.map((line) => line.split("\t")[1]);
  return [SAMPLE, basename(vcf), "0|1", "1|1", ...ids, ...places, /[ACGT]{24}/];
}

function assertNone(text, words, where) {
  for (const word of words) {
    const found = word instanceof RegExp ? word.test(text) : text.includes(word);
    assert.ok(!found, `${where} holds ${word}`);
  }
}

/** Opens a file and a reference of the user's own and scores. */
async function scorePersonal(app, vcf) {
  await app.chooseFile(vcf);
  await app.chooseReference(example.fasta(), example.fai(), example.gzi());
  assert.equal(await app.run(), "done");
  await app.id("row-variants").first().click();
  await app.id("detail-receipt-check").click();
  await app.id("detail").getByTestId("verdict").waitFor();
  await app.id("detail-close").click();
}

/** Waits until a server was asked nothing for two seconds: the page has all that it keeps. */
async function quiet(server) {
  for (let asked = -1; asked !== server.requests.length; ) {
    asked = server.requests.length;
    await new Promise((done) => setTimeout(done, 2000));
  }
}

/** Everything that the page could keep, as text. Runs in the page. */
async function everythingKept() {
  const parts = [location.href, document.title, document.cookie, JSON.stringify(history.state)];
  for (const storage of [localStorage, sessionStorage]) parts.push(JSON.stringify({ ...storage }));
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done, fail) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result);
      request.onerror = fail;
    });
    parts.push(name);
    for (const store of database.objectStoreNames) {
      const values = await new Promise((done) => {
        const request = database.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => done(request.result);
      });
      parts.push(store, JSON.stringify(values));
    }
  }
  const copies = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) copies.push(new URL(request.url).pathname);
  }
  const files = [];
  const walk = async (folder) => {
    for await (const [name, handle] of folder.entries()) {
      files.push(name);
      if (handle.kind === "directory") await walk(handle);
    }
  };
  await walk(await navigator.storage.getDirectory());
  return { text: parts.join("\n"), copies, files };
}

describe("privacy", { timeout: 600_000 }, () => {
  test("once the model is loaded, scoring makes no request at all", async () => {
    const log = netlog();
    const opened = await openApp({ args: log.args, server: { pages: { "/blank": "" } } });
    const { app, browser, server } = opened;
    try {
      await app.ready();
      // Markers in the log, from another origin, where no service worker takes part.
      const other = await openPage(
        browser,
        `${server.url.replace("localhost", "127.0.0.1")}/blank`,
      );
      const mark = (name) => other.evaluate((name) => fetch(`/${name}`).then(() => null), name);
      await app.id("tab-privacy").click();
      await app.id("offline").getByText("Works offline").waitFor();
      await app.id("tab-score").click();
      await quiet(server);
      await mark("marker-begin");
      const asked = server.requests.length;
      await scorePersonal(app, personalFile());
      assert.deepEqual(server.requests.slice(asked), [], "the server was asked");
      await mark("marker-end");
    } finally {
      await opened.close();
    }
    const requests = log.requests();
    assert.ok(requests.length > 5, "the log does not have the page's own files");
    assert.deepEqual(between(requests, "/marker-begin", "/marker-end"), []);
  });

  test("the connection can be cut before a file is opened", async () => {
    const opened = await openApp();
    const { app, page, browser, server } = opened;
    try {
      await app.ready();
      await app.id("tab-privacy").click();
      await app.id("offline").getByText("Works offline").waitFor();
      await server.close();
      await browser.context.setOffline(true);
      await page.reload();
      await app.ready();
      await app.id("tab-score").click();
      await scorePersonal(app, personalFile());
      assert.match(await app.text("privacy-seal"), /No request/);
    } finally {
      await opened.close();
    }
  });

  test("nothing of a file is kept, told to the console, or in the address", async () => {
    const opened = await openApp();
    const { app, page, browser, server } = opened;
    try {
      await app.ready();
      await app.id("tab-privacy").click();
      await app.id("offline").getByText("Works offline").waitFor();
      await app.id("tab-score").click();
      const vcf = personalFile();
      const words = secrets(vcf);
      // The search would find them.
      assert.throws(() => assertNone(readFileSync(vcf, "utf8"), words, "the file itself"));
      await scorePersonal(app, vcf);
      const kept = await page.evaluate(everythingKept);
      assertNone(kept.text, words, "storage");
      assert.deepEqual(kept.files, [], "files in the origin's private folder");
      assert.ok(kept.copies.length > 3, "the page keeps no copy of itself");
      const shipped = new Set(server.requests.map(({ path }) => path));
      assert.deepEqual(
        kept.copies.filter((path) => !shipped.has(path)),
        [],
      );
      assert.deepEqual(browser.console, []);
      for (const { path } of server.requests) assertNone(path, words, "a request");
    } finally {
      await opened.close();
    }
  });

  test("errors tell nothing of a file's content to the console", async () => {
    const opened = await openApp();
    const { app, browser } = opened;
    try {
      await app.ready();
      const vcf = personalFile();
      await app.chooseFile(example.fasta());
      await app.id("problem").first().waitFor();
      await opened.page.reload();
      await app.ready();
      await app.chooseFile(vcf);
      await app.chooseReference(vcf);
      await app.id("problem").first().waitFor();
      assert.deepEqual(browser.console, []);
      assert.deepEqual(browser.errors, []);
    } finally {
      await opened.close();
    }
  });

  for (const bare of [false, true]) {
    const how = bare ? "a server that sends no headers" : "the page's own headers";
    test(`the policy blocks what is planted, with ${how}`, async () => {
      await assertPolicyHolds(bare);
    });
  }

  test("the page lists what it asked for and what was blocked", async () => {
    const opened = await openApp();
    const { app, page } = opened;
    try {
      await app.ready();
      await page.evaluate(() => fetch("https://example.invalid/steal").catch(() => null));
      await app.id("tab-privacy").click();
      await app.id("requests").getByText("example.invalid").waitFor();
      assert.match(await app.text("requests-sum"), /1 blocked by the policy/);
      assert.match(await app.text("requests"), /\.wasm/);
      assert.match(await app.text("policy"), /default-src 'none'/);
      await app.picture("desktop-privacy", { fullPage: true });
    } finally {
      await opened.close();
    }
  });

  test("requests to the page's own address were listed as copies on this device", async () => {
    const opened = await openApp();
    const { app, page } = opened;
    try {
      await app.ready();
      await app.id("tab-privacy").click();
      await app.id("offline").getByText("Works offline").waitFor();
      await app.id("tab-score").click();
      await app.chooseFile(personalFile());
      await app.id("file-format").waitFor();
      assert.match(await app.text("privacy-seal"), /No request/);
      await page.evaluate(async () => {
        await fetch("./?planted-get").then((answer) => answer.text());
        await fetch("./?planted-post", { method: "POST" }).then((answer) => answer.text());
      });
      await app.id("privacy-seal").getByText("2 requests since").waitFor();
      await app.id("tab-privacy").click();
      // The browser's own record comes with a delay.
      await page.waitForTimeout(1_000);
      for (const method of ["GET", "POST"]) {
        const row = app.id("request").filter({ hasText: `planted-${method.toLowerCase()}` });
        assert.equal(await row.count(), 1);
        assert.match(await row.innerText(), new RegExp(`${method} .*network`, "s"));
      }
      assert.match(await app.text("privacy-seal"), /2 requests since/);
    } finally {
      await opened.close();
    }
  });

  test("removing what is kept removed other pages' copies too", async () => {
    const opened = await openApp();
    const { app, page } = opened;
    try {
      await app.ready();
      await app.id("tab-privacy").click();
      await app.id("offline").getByText("Works offline").waitFor();
      await page.evaluate(async () => {
        const other = await caches.open("another-project");
        await other.put("./elsewhere", new Response("theirs"));
      });
      await app.id("forget").click();
      await app.id("stored").getByText("0 files of this page").waitFor();
      assert.deepEqual(await page.evaluate(() => caches.keys()), ["another-project"]);
    } finally {
      await opened.close();
    }
  });

  test("the build works in any folder of any file server", async () => {
    const server = await serveApp({ prefix: "/some/folder/", bare: true });
    const browser = await launch();
    try {
      const page = await openPage(browser, `${server.url}/some/folder/`);
      await page.locator("#engine-line[data-backend]").waitFor();
      const outside = server.requests.filter(({ path }) => !path.startsWith("/some/folder/"));
      assert.deepEqual(outside, []);
      assert.deepEqual(browser.console, []);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});

/** Plants what an attacker would, in page and worker, and expects that none of it gets out. */
async function assertPolicyHolds(bare) {
  const trap = await serve({
    pages: { "/": "caught" },
    headers: () => ({ "access-control-allow-origin": "*" }),
  });
  const opened = await openApp({ server: { bare } });
  const { app, page } = opened;
  try {
    await app.ready();
    const blocked = await page.evaluate(plant, trap.url);
    assert.deepEqual(trap.requests, [], "something got out");
    const directives = ["connect-src", "script-src", "img-src", "form-action"];
    for (const directive of [...directives, "require-trusted-types-for"]) {
      const seen = blocked.some((each) => each.startsWith(directive));
      assert.ok(seen, `${directive} blocked nothing: ${blocked}`);
    }
    assert.equal(
      await page.evaluate(() => globalThis.inlineRan),
      undefined,
      "an inline script ran",
    );
    assert.equal(await page.evaluate(() => globalThis.evalRan), undefined, "eval ran");
    const fromWorker = await page.workers()[0].evaluate(
      (url) =>
        fetch(url).then(
          () => "got out",
          () => "blocked",
        ),
      trap.url,
    );
    assert.equal(fromWorker, "blocked", "a worker's fetch");
    assert.deepEqual(trap.requests, [], "a worker's request got out");
  } finally {
    await opened.close();
    await trap.close();
  }
}

/** Runs in the page: tries every way out; the directives that blocked something. */
async function plant(trap) {
  const blocked = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) =>
    blocked.push(effectiveDirective),
  );
  await fetch(trap).catch(() => null);
  navigator.sendBeacon(trap, "x");
  new WebSocket(trap.replace("http", "ws")).onerror = () => null;
  const add = (name, properties) => {
    try {
      document.body.append(Object.assign(document.createElement(name), properties));
    } catch {
      // Trusted Types refuse a script's text and its address.
    }
  };
  await import(`${trap}/module.js`).catch(() => null);
  add("img", { src: `${trap}/image` });
  add("script", { textContent: "globalThis.inlineRan = true;" });
  add("script", { src: `${trap}/script.js` });
  add("iframe", { src: `${trap}/frame` });
  add("link", { rel: "stylesheet", href: `${trap}/style.css` });
  add("link", { rel: "prefetch", href: `${trap}/prefetch` });
  const form = Object.assign(document.createElement("form"), {
    action: `${trap}/form`,
    method: "post",
  });
  document.body.append(form);
  form.submit();
  try {
    new Worker(URL.createObjectURL(new Blob(["1"])));
  } catch {
    // Some browsers throw rather than report.
  }
  // Later, since the debugger's own call, which this is part of, may evaluate text.
  setTimeout(() => {
    new Function("globalThis.evalRan = true;")();
  });
  await new Promise((done) => setTimeout(done, 1500));
  return blocked;
}
