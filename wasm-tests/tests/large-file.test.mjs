// 100,000 rows: the page never freezes, shows them all, and loses none.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { openApp, watchLongTasks } from "../lib/app.mjs";
import { assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { example, manyRows } from "../lib/fixtures.mjs";
import { modelFiles, tar, tinyModel } from "../lib/model.mjs";
import { parseTsv, scoreFile } from "../lib/native.mjs";

const ROWS = 100_000;
const LONGEST_MS = 50;

describe("a file of 100,000 rows", { timeout: 1_200_000 }, () => {
  const vcf = manyRows(ROWS);
  const model = tinyModel();
  let opened, app, page, native;

  before(async () => {
    native = scoreFile({ vcf, fasta: example.fasta(), model }).rows;
    // The page loads a model of the built-in one's kind that is some 100 times quicker: what is
    // tested is the page, the workers and all that lies between.
    const archive = tar(modelFiles(model));
    const rewrite = (path, bytes) => (/builtin[^/]*\.bin$/.test(path) ? archive : bytes);
    const server = { rewrite };
    // The service worker would refuse another model than that of its build.
    opened = await openApp({ server, init: watchLongTasks, serviceWorkers: "block" });
    ({ app, page } = opened);
    await app.ready();
  });
  after(() => opened.close());

  const longTasks = () =>
    page.evaluate(() => globalThis.longTasks.splice(0).map(({ duration }) => duration));

  test("it is scored without a task of 50 ms on the main thread", async (t) => {
    await app.chooseFile(vcf);
    await app.id("file-format").waitFor();
    await app.chooseReference(example.fasta(), example.fai(), example.gzi());
    await app.id("start").waitFor();
    await longTasks();
    const began = Date.now();
    assert.equal(await app.run(), "done");
    const seconds = (Date.now() - began) / 1000;
    const long = await longTasks();
    t.diagnostic(`${ROWS} rows in ${seconds.toFixed(0)} s; long tasks: ${long.join(", ") || "none"}`);
    assert.deepEqual(long.filter((ms) => ms >= LONGEST_MS), []);
    const scored = native.filter((row) => row.status === "scored").length;
    assert.equal(await app.number("run-scored"), scored);
    assert.equal(await app.number("run-skipped"), ROWS - scored);
  });

  test("the table holds them all, in few elements, and stays quick", async () => {
    const rows = native.filter((row) => row.status === "scored");
    assert.ok((await app.id("row-variants").count()) < 100, "the table is not virtual");
    await app.id("grid-variants").focus();
    await page.keyboard.press("End");
    const last = rows.at(-1).pos.toLocaleString("en-GB");
    await page.locator("#variants-row-" + (rows.length - 1)).getByText(last).waitFor();
    await app.id("sort").selectOption("percentile down");
    await page.locator('[data-testid="row-variants"][data-position="0"]').waitFor();
    await app.id("filter-percentile-from").fill("99");
    await page.waitForFunction(
      () => / of /.test(document.querySelector('[data-testid="shown"]').textContent),
    );
    const wanted = rows.filter((row) => row.sigma_calibrated >= 0.99).length;
    const shown = Number((await app.text("shown")).replaceAll(",", "").match(/^\d+/)[0]);
    assert.ok(Math.abs(shown - wanted) <= rows.length / 1e4, `${shown} shown, native ${wanted}`);
    await app.id("filter-clear").click();
    assert.deepEqual((await longTasks()).filter((ms) => ms >= LONGEST_MS), []);
    await app.picture("desktop-100000-rows");
  });

  test("the exported table has every allele that the native program has", async () => {
    const { text } = await app.exported("tsv");
    assertSameRows(parseTsv(text), native, TOLERANCE.cpu);
    assert.deepEqual(opened.browser.console, []);
    assert.deepEqual(opened.browser.errors, []);
  });
});
