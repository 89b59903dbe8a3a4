// The tab in which changes are planned: as a person uses it, by pointer, by keyboard, and in Firefox.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { accessibilityFaults } from "../lib/accessible.mjs";
import { openApp, serveApp } from "../lib/app.mjs";
import { launchFirefox, openReady, part, textOf } from "../lib/firefox.mjs";
import { example, exampleRegion } from "../lib/fixtures.mjs";
import { scratch } from "../lib/paths.mjs";

const QUICK = { horizon: "2", iterations: "2", samples: "32", reencode: "8" };
const LONG = { iterations: "500", samples: "20000", reencode: "0" };
const region = exampleRegion();
const WINDOW = region.bases.slice(100_000, 100_300);
const PLACE = `${region.contig}:${region.start + 100_001}-${region.start + 100_300}`;

describe("planning", { timeout: 600_000 }, () => {
  let opened, app, page;

  before(async () => {
    opened = await openApp();
    ({ app, page } = opened);
    await app.ready();
  });
  after(async () => {
    assert.deepEqual(opened.browser.errors, []);
    await opened.close();
  });

  /** The tab as a newcomer finds it, but for some settings. */
  async function fresh(settings = QUICK) {
    await page.reload();
    await app.ready();
    await app.id("tab-planning").click();
    for (const name of ["settings", "limits"])
      await app.id(`planning-${name}`).locator("summary").click();
    for (const [name, value] of Object.entries(settings))
      await app.id(`planning-${name}`).fill(value);
  }

  /** Waits for the end; how it ended. */
  async function ended(timeout = 120_000) {
    await page
      .locator('#planning-run:not([data-state="running"]):not([hidden])')
      .waitFor({ timeout });
    return page.locator("#planning-run").getAttribute("data-state");
  }

  /** Starts and waits for the end; the saved plan. */
  async function planned() {
    await app.id("planning-start").click();
    assert.equal(await ended(), "done", await app.text("planning-run"));
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      app.id("planning-save").click(),
    ]);
    assert.equal(download.suggestedFilename(), "genolewm-plan.json");
    const path = join(scratch("plans"), "plan.json");
    await download.saveAs(path);
    return JSON.parse(readFileSync(path, "utf8"));
  }

  test("a plan of the shipped piece is shown and saved, with what came of it", async () => {
    await fresh();
    assert.match(await app.text("planning-caution"), /research tool, never a diagnostic/);
    await app.id("planning-place").fill(PLACE);
    const plan = await planned();
    assert.equal(plan.start.bases, WINDOW);
    assert.deepEqual(plan.start.place, { contig: region.contig, start: region.start + 100_000 });
    assert.equal(plan.target.hidden.length, 12);
    assert.ok(plan.edits.length >= 1 && plan.edits.length <= 2);
    for (const { relPos, pos, contig, ref } of plan.edits) {
      assert.equal(WINDOW.slice(relPos, relPos + ref.length), ref);
      assert.deepEqual([contig, pos], [region.contig, region.start + 100_000 + relPos + 1]);
    }
    const rows = await app.id("planning-edits").locator("tbody tr").count();
    assert.equal(rows, plan.edits.length);
    const shown = await app.text("planning-distances");
    for (const figure of [plan.initialDistance, plan.predictedDistance, plan.realDistance]) {
      assert.ok(shown.includes(figure.toPrecision(4)), `${shown} lacks ${figure}`);
    }
    assert.ok(
      shown.includes(Math.abs(plan.predictedDistance - plan.realDistance).toPrecision(4)),
      shown,
    );
    assert.equal(plan.edits.at(-1).real, plan.realDistance);
    assert.ok(plan.edits.every(({ predicted, real }) => predicted > 0 && real > 0));
    const words = await app.text("planning-outcome");
    assert.match(words, plan.realDistance < plan.initialDistance ? /closer/ : /further/);
    assert.equal(await app.text("announcer"), words);
    assert.match(plan.notice, /never a diagnostic/);
    const report = createHash("sha256").update(plan.report).digest("hex");
    assert.equal(plan.receipt.output_commitment, `sha256:${report}`);
    // The same seed, the same plan.
    assert.deepEqual((await planned()).edits, plan.edits);
    await app.id("planning-seed").fill("7");
    assert.notDeepEqual((await planned()).target.hidden, plan.target.hidden);
  });

  test("what the plan may not do, it does not", async () => {
    await fresh();
    await app.id("planning-start-pasted").check();
    await app.id("planning-start-bases").fill(`>mine\n${WINDOW.toLowerCase()}\n`);
    await app.id("planning-target-pasted").check();
    await app.id("planning-target-bases").fill(WINDOW.replaceAll("TT", "GC"));
    await app.id("planning-within").fill("101-200");
    await app.id("planning-protect").fill("101-150, 160");
    await app.id("planning-forbid").fill("GATC");
    const plan = await planned();
    assert.equal(plan.start.bases, WINDOW);
    assert.equal(plan.start.place, null);
    assert.deepEqual(plan.settings.protect, [
      { start: 100, end: 150 },
      { start: 159, end: 160 },
    ]);
    assert.ok(plan.edits.length > 0);
    for (const { relPos } of plan.edits) assert.ok(relPos >= 150 && relPos < 200 && relPos !== 159);
    assert.match(await app.text("planning-edits"), /base 1\d\d/);
  });

  test("a place of one's own reference, and a target of a FASTA file", async () => {
    await fresh();
    const fasta = join(scratch("target"), "target.fa");
    writeFileSync(fasta, `>wanted\n${WINDOW.slice(0, 150)}\n${WINDOW.slice(0, 150)}\n`);
    await app.id("planning-start-own").check();
    await app
      .id("planning-reference")
      .setInputFiles([example.fasta(), example.fai(), example.gzi()]);
    await app.id("planning-place").fill(PLACE);
    await app.id("planning-target-file").check();
    await app.id("planning-target-input").setInputFiles(fasta);
    const plan = await planned();
    assert.equal(plan.start.bases, WINDOW);
    assert.equal(plan.target.bases, WINDOW.slice(0, 150).repeat(2));
    await app.id("tab-privacy").click();
    assert.match(await app.text("requests-sum"), /\b0 over the network since your file was opened/);
  });

  test("what cannot be planned is said in words, and may be mended", async () => {
    await fresh();
    const cases = [
      ["chr17:1,000,000", /not known \(N\)/],
      ["BRCA1", /no place/],
      ["chr99:41,246,481", /chr99/],
      ["chr17:41,200,000-41,280,000", /reads [\d,]+ at most/],
    ];
    for (const [place, words] of cases) {
      await app.id("planning-place").fill(place);
      await app.id("planning-start").click();
      assert.equal(await ended(), "failed", place);
      assert.match(await app.text("planning-problem"), words);
      assert.match(await app.text("announcer"), /cannot be planned/);
    }
    await app.id("planning-place").fill(PLACE);
    await app.id("planning-protect").fill("9-2");
    await app.id("planning-start").click();
    assert.equal(await ended(), "failed");
    assert.match(await app.text("planning-problem"), /“9-2” is no stretch/);
    await app.id("planning-protect").fill("1-300");
    await app.id("planning-start").click();
    assert.equal(await ended(), "failed");
    assert.match(await app.text("planning-problem"), /What you can do/);
    await app.id("planning-protect").fill("");
    await planned();
    assert.equal(await app.text("planning-problem"), "");
  });

  test("progress has an estimate, and cancelling takes effect at once", async () => {
    await fresh(LONG);
    await app.id("planning-start").click();
    const left = page.locator('[data-testid="planning-left"]', { hasText: /about|seconds/ });
    await left.waitFor();
    assert.match(await app.text("planning-looked"), /\d of 10,000,000/);
    const bar = app.id("planning-progress").getByRole("progressbar");
    assert.match(await bar.getAttribute("aria-valuenow"), /^\d+$/);
    await app.picture("planning-progress");
    await app.id("planning-cancel").click();
    assert.equal(await ended(10_000), "cancelled");
    // The runtime serves on.
    for (const [name, value] of Object.entries(QUICK)) await app.id(`planning-${name}`).fill(value);
    await planned();
  });

  test("by keyboard alone", async () => {
    await fresh(LONG);
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
    await app.id("planning-place").focus();
    await page.keyboard.press("Enter");
    await app.id("planning-cancel").waitFor();
    assert.equal(await focused(), "planning-cancel");
    await page.keyboard.press("Enter");
    assert.equal(await ended(10_000), "cancelled");
    assert.equal(await focused(), "planning-title");
    await page.keyboard.press("Tab");
  });

  for (const colours of ["light", "dark"]) {
    for (const width of [390, 1400]) {
      test(`the tab can be used at ${width} px in ${colours}`, async () => {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme: colours });
        await fresh();
        await app.id("planning-place").fill(PLACE);
        await planned();
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        assert.deepEqual(await accessibilityFaults(page), []);
        await app.picture(`planning-${width}-${colours}`, { fullPage: true });
      });
    }
  }
});

test("Firefox plans", { timeout: 300_000 }, async () => {
  const server = await serveApp();
  const browser = await launchFirefox();
  try {
    const open = await openReady(browser, server.url);
    await (await open.$(part("tab-planning"))).click();
    await (await open.$(`${part("planning-settings")} summary`)).click();
    for (const [name, value] of Object.entries(QUICK)) {
      await open.$eval(part(`planning-${name}`), (input, text) => (input.value = text), value);
    }
    await (await open.$(part("planning-start"))).click();
    const over = '#planning-run:not([data-state="running"]):not([hidden])';
    await open.waitForSelector(over, { timeout: 120_000 });
    assert.equal(await open.$eval("#planning-run", (run) => run.dataset.state), "done");
    assert.match(await textOf(open, "planning-outcome"), /closer|further/);
    assert.ok((await open.$$(`${part("planning-edits")} tbody tr`)).length >= 1);
  } finally {
    await browser.close();
    await server.close();
  }
});
