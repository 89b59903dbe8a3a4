// Files as they really come, and what goes wrong: each is told in words, and nothing vanishes.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { openApp } from "../lib/app.mjs";
import { assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { dropGoneFile } from "../lib/drop.mjs";
import {
  arrayWithCrlf,
  example,
  notGenomic,
  someOfExample,
  truncatedGzip,
  wrongBuild,
} from "../lib/fixtures.mjs";
import { parseTsv, scoreFile } from "../lib/native.mjs";

describe("files as they come", { timeout: 600_000 }, () => {
  const reference = [example.fasta(), example.fai(), example.gzi()];
  let opened, app, page;

  before(async () => {
    opened = await openApp();
    ({ app, page } = opened);
    assert.equal(await app.ready(), "cpu");
  });
  afterEach(async () => {
    assert.deepEqual(opened.browser.errors, []);
    assert.deepEqual(opened.browser.console, []);
    await page.reload();
    await app.ready();
  });
  after(() => opened.close());

  test("without a GPU adapter the processor is used, and that is said", async () => {
    assert.equal(await app.ready(), "cpu");
    assert.match(await app.text("engine"), /processor/);
  });

  test("asking for a GPU where there is none says so, and leaves a way back", async () => {
    await app.chooseFile(someOfExample(400, "gpu.vcf"));
    await app.chooseReference(...reference);
    await app.id("start").waitFor();
    await app.id("plan").locator("details.settings summary").click();
    await app.id("plan-backend").selectOption("webgpu");
    await app.id("plan-apply").click();
    await app.id("notice").waitFor();
    assert.match(await app.text("notice"), /WebGPU.*adapter/);
    assert.doesNotMatch(await app.text("notice"), /\.\./, "two full stops");
    await app.id("start").waitFor();
    assert.equal(await app.id("plan-backend").inputValue(), "auto");
    assert.equal(await app.run(), "done");
    assert.match(await app.text("run-account"), /Computed by cpu/);
    await app.picture("desktop-no-gpu");
  });

  test("an array file with Windows line ends scores as the native program does", async () => {
    const file = arrayWithCrlf();
    await app.chooseFile(file);
    await app.id("file-format").waitFor();
    assert.match(await app.text("file-format"), /raw-data table/);
    await app.chooseReference(...reference);
    assert.equal(await app.run(), "done");
    const native = scoreFile({ vcf: file, fasta: example.fasta() });
    const { text } = await app.exported("tsv");
    assertSameRows(parseTsv(text), native.rows, TOLERANCE.cpu);
  });

  test("a truncated gzip is told, and what was scored before stays", async () => {
    await app.chooseFile(truncatedGzip());
    const problem = app.id("problem").first();
    const format = app.id("file-format");
    await Promise.race([problem.waitFor(), format.waitFor()]);
    if (await format.isVisible()) {
      await app.chooseReference(...reference);
      await Promise.race([problem.waitFor(), app.id("start").waitFor()]);
      if (await app.id("start").isEnabled()) assert.equal(await app.run(), "failed");
    }
    await problem.waitFor();
    const said = await problem.innerText();
    assert.match(said, /truncat|cut off|ends (too )?early|ends in the middle|incomplete|damaged/i);
    assert.match(await problem.getAttribute("data-code"), /^INPUT\./);
  });

  test("a file of another build is refused before anything is scored", async () => {
    await app.chooseFile(wrongBuild());
    await app.id("file-build").getByText("GRCh38").waitFor();
    await app.chooseReference(...reference);
    const problem = app.id("plan").getByTestId("problem");
    await problem.waitFor();
    assert.equal(await problem.getAttribute("data-code"), "INPUT.WINDOW_MISMATCH");
    assert.match(await problem.innerText(), /agree with the reference/);
    assert.ok(await app.id("start").isDisabled());
    assert.match(await app.text("build-mismatch"), /GRCh38.*GRCh37/s);
  });

  test("a file without variants is refused", async () => {
    await app.chooseFile(notGenomic());
    await app.id("problem").waitFor();
    assert.ok(await app.id("file-change").isVisible());
  });

  test("a file that has gone left the page reading for ever", async () => {
    await dropGoneFile(app.id("file-drop"));
    await app.id("problem").getByText("cannot be read").waitFor();
    await app.id("file-change").click();
    await app.chooseFile(someOfExample(400, "gone.vcf"));
    await app.id("reference-drop").waitFor();
    await dropGoneFile(app.id("reference-drop"));
    await app.id("problem").getByText("cannot be read").waitFor();
    await app.id("reference-change").click();
    await app.chooseReference(example.fai());
    await app.id("problem").getByText("An index alone").waitFor();
    await app.id("reference-change").click();
    await app.chooseReference(...reference);
    await app.id("start").waitFor();
  });

  test("a reference for the next file was lost where the last file had asked for one", async () => {
    await app.chooseFile(someOfExample(10));
    await app.id("reference-input").waitFor({ state: "attached" });
    // A file that is read for as long as the page is left open.
    await page.evaluate(() => {
      Blob.prototype.stream = () => new ReadableStream({ pull: () => new Promise(() => {}) });
      Blob.prototype.arrayBuffer = () => new Promise(() => {});
    });
    await app.id("file-change").click();
    await app.chooseFile(someOfExample(10));
    await app.id("file-cancel").waitFor();
    assert.equal(await app.id("reference-input").count(), 0);
  });

  test("the receipts were not counted while a run went on", async () => {
    await app.id("example").click();
    await page.locator('#run[data-state="running"]').waitFor();
    await app.id("tab-receipts").click();
    await app.id("receipts-have").getByText("one for each score").waitFor();
    const before = await app.number("receipts-have");
    await page.waitForFunction((before) => {
      const text = document.querySelector('[data-testid="receipts-have"]').textContent;
      return Number(text.replace(/[^\d]/g, "")) > before;
    }, before);
    assert.ok(await app.id("receipts-save").isEnabled());
    await app.id("tab-score").click();
    await app.id("cancel").click();
    await app.ended();
  });

  test("a run that is cancelled keeps what was scored, and says that it is a part", async () => {
    await app.id("example").click();
    await app.id("row-variants").first().waitFor();
    const began = Date.now();
    await app.id("cancel").click();
    assert.equal(await app.ended(10_000), "cancelled");
    assert.ok(Date.now() - began < 5_000, "cancelling took longer than a batch");
    const scored = await app.number("run-scored");
    assert.ok(scored > 0 && scored < 4585, `${scored} scored`);
    const { text, path } = await app.exported("tsv");
    assert.match(path, /partial/);
    const rows = parseTsv(text).filter((row) => row.status === "scored");
    assert.equal(rows.length, scored);
    // Nothing goes on behind the page's back.
    await page.waitForTimeout(1_500);
    assert.equal(await app.number("run-scored"), scored);
  });
});

describe("pages that are not as usual", { timeout: 600_000 }, () => {
  const reference = [example.fasta(), example.fai(), example.gzi()];

  /** Runs `use` with a page of its own, and expects no error that nobody caught. */
  async function withApp(options, use) {
    const opened = await openApp(options);
    try {
      await use(opened);
      assert.deepEqual(opened.browser.errors, []);
    } finally {
      await opened.close();
    }
  }

  test("without https the page has no service worker, and could not load its model", async () => {
    const args = ["--host-resolver-rules=MAP page.test 127.0.0.1"];
    await withApp({ args }, async ({ app, page, server }) => {
      await page.goto(server.url.replace("localhost", "page.test"));
      assert.equal(await page.evaluate(() => "serviceWorker" in navigator), false);
      await app.ready();
      await app.chooseFile(someOfExample(400, "insecure.vcf"));
      await app.chooseReference(...reference);
      assert.equal(await app.run(), "done");
      await app.id("tab-privacy").click();
      await app.id("offline").getByText("Not kept").waitFor();
      await app.id("forget").click();
      await app.id("stored").getByText("0 files of this page").waitFor();
    });
  });

  test("reading a file could not be cancelled", async () => {
    await withApp({ serviceWorkers: "block" }, async ({ app, page }) => {
      await app.ready();
      let release;
      const held = new Promise((done) => (release = done));
      await page.route("**/*.wasm", (route) => held.then(() => route.continue()));
      await page.reload();
      await app.chooseFile(someOfExample(400, "cancelled.vcf"));
      await app.id("file-cancel").click();
      await app.id("file-drop").waitFor();
      release();
      await app.ready();
      assert.ok(await app.id("file-drop").isVisible());
      assert.equal(await app.id("file-format").count(), 0);
    });
  });

  test("the example with another reference was scored without showing the plan", async () => {
    const pages = { "/example/brca1.hg19.fa.bgz": "no reference at all" };
    await withApp({ serviceWorkers: "block", server: { pages } }, async ({ app, page }) => {
      await app.ready();
      await app.id("example").click();
      await app.id("reference-found").getByTestId("problem").waitFor();
      await app.id("reference-change").click();
      await app.chooseReference(...reference);
      await app.id("start").waitFor();
      assert.ok(await page.locator("#run").isHidden());
    });
  });

  test("choosing a file took the offer of a newer version away", async () => {
    let newer = "";
    const rewrite = (path, bytes) =>
      path === "/sw.js" ? Buffer.concat([bytes, Buffer.from(newer)]) : bytes;
    // Without the page's headers, which let a browser keep the script for an hour.
    await withApp({ server: { rewrite, bare: true } }, async ({ app, page }) => {
      await app.ready();
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
      newer = "// newer";
      await page.evaluate(() =>
        navigator.serviceWorker.ready
          .then((registration) => registration.update())
          .then(() => null),
      );
      const offer = app.id("notice").getByText("newer version");
      await offer.waitFor();
      await app.chooseFile(someOfExample(400, "offer.vcf"));
      await app.id("file-format").waitFor();
      assert.ok(await offer.isVisible());
    });
  });
});
