// The journey by keyboard alone: nothing here moves a pointer or names a place on the screen.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { openApp } from "../lib/app.mjs";
import { example, someOfExample } from "../lib/fixtures.mjs";

/** More tab stops than the page has. */
const MANY = 120;

describe("the journey by keyboard alone", { timeout: 600_000 }, () => {
  const vcf = someOfExample(60, "keyboard.vcf");
  let opened, app, page;

  before(async () => {
    opened = await openApp();
    ({ app, page } = opened);
    // The dialog is caught from here on: who begins to listen when the key is pressed may be late.
    page.on("filechooser", () => undefined);
    await app.ready();
  });
  after(() => opened.close());

  /** What has the keyboard. */
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-testid"));

  /** Presses Tab until a part has the keyboard, and expects that it can be seen to have it. */
  async function tabTo(name, key = "Tab") {
    for (let stops = 0; stops < MANY; stops += 1) {
      if ((await focused()) === name) return assertFocusShows(name);
      await page.keyboard.press(key);
    }
    assert.fail(`${name} cannot be reached with ${key}`);
  }

  async function assertFocusShows(name) {
    const shows = await page.evaluate(() => {
      const marked = (element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
        return outlined || boxShadow !== "none";
      };
      // A file input is unseen: its label stands for it.
      const element = document.activeElement;
      return marked(element) || marked(element.closest("label") ?? element);
    });
    assert.ok(shows, `nothing shows that ${name} has the keyboard`);
  }

  /** Presses a key on a file input and answers the dialog that opens. */
  async function choose(paths) {
    const [dialog] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.keyboard.press("Enter"),
    ]);
    await dialog.setFiles(paths);
  }

  test("the first stop skips to the content", async () => {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#main");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  });

  test("a file and a reference are chosen", async () => {
    await tabTo("file-input");
    await choose([vcf]);
    await app.id("reference-input").waitFor({ state: "attached" });
    await tabTo("reference-input");
    await choose([example.fasta(), example.fai(), example.gzi()]);
    await app.id("start").waitFor();
  });

  test("the run starts and ends", async () => {
    await tabTo("start");
    await page.keyboard.press("Enter");
    assert.equal(await app.ended(), "done");
    assert.match(await app.text("announcer"), /scored/);
  });

  test("the table is sorted, walked through and filtered", async () => {
    await tabTo("sort-percentile");
    await page.keyboard.press("Enter");
    await page.locator('[aria-sort="descending"]').waitFor();
    await tabTo("grid-variants", "Shift+Tab");
    const active = () => app.id("grid-variants").getAttribute("aria-activedescendant");
    const first = await active();
    await page.keyboard.press("ArrowDown");
    assert.notEqual(await active(), first);
    await page.keyboard.press("End");
    assert.equal(await active(), `variants-row-${(await app.number("run-scored")) - 1}`);
    await page.keyboard.press("Home");
    assert.equal(await active(), first);
  });

  test("a variant's view opens, steps on, and gives the keyboard back", async () => {
    await page.keyboard.press("Enter");
    await app.id("detail-title").waitFor();
    const title = await app.text("detail-title");
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await app.text("detail-title"), title);
    await tabTo("detail-receipt-check");
    await page.keyboard.press("Enter");
    await app.id("detail").getByTestId("verdict").waitFor();
    await page.keyboard.press("Escape");
    await app.id("detail").waitFor({ state: "hidden" });
    assert.equal(await focused(), "grid-variants");
  });

  test("a file is saved", async () => {
    await tabTo("export-tsv");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.keyboard.press("Enter"),
    ]);
    assert.equal(download.suggestedFilename(), "genolewm-scores.tsv");
  });

  test("the tabs follow the arrow keys", async () => {
    await tabTo("tab-score", "Shift+Tab");
    for (const name of ["skipped", "receipts", "planning", "privacy", "score"]) {
      await page.keyboard.press("ArrowRight");
      assert.equal(await focused(), `tab-${name}`);
      assert.ok(await app.id(`panel-${name}`).isVisible(), name);
    }
  });

  test("a run is cancelled", async () => {
    await page.reload();
    await app.ready();
    await tabTo("example");
    await page.keyboard.press("Enter");
    await app.id("row-variants").first().waitFor();
    await tabTo("cancel");
    await page.keyboard.press("Enter");
    assert.equal(await app.ended(10_000), "cancelled");
    assert.deepEqual(opened.browser.console, []);
  });
});
