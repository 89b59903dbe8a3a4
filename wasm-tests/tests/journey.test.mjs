// The whole way through the page by mouse: a file, a reference, the plan, the run, the results, a
// variant, the exports, the skipped ones, and receipts.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { accessibilityFaults } from "../lib/accessible.mjs";
import { openApp } from "../lib/app.mjs";
import { assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { dropFiles } from "../lib/drop.mjs";
import { example, someOfExample } from "../lib/fixtures.mjs";
import { builtinModel } from "../lib/model.mjs";
import { parseTsv, scoreFile, verify } from "../lib/native.mjs";
import { exportPath, scratch } from "../lib/paths.mjs";

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

for (const [device, viewport] of Object.entries(SIZES)) {
  describe(`the journey by mouse, ${device}`, { timeout: 600_000 }, () => {
    const vcf = someOfExample(12, `journey-${device}.vcf`);
    const native = scoreFile({ vcf, fasta: example.fasta() });
    const scored = native.rows.filter((row) => row.status === "scored");
    let opened, app, page;

    before(async () => {
      opened = await openApp({ viewport });
      ({ app, page } = opened);
      await app.ready();
    });
    after(() => opened.close());

    const picture = (name, options) => app.picture(`${device}-${name}`, options);

    async function assertSound(where) {
      assert.ok(await app.id("banner").isVisible(), `${where}: no banner`);
      assert.equal(await app.id("banner").getByRole("button").count(), 0, "a banner to dismiss");
      const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
      assert.ok(width <= viewport.width, `${where}: ${width} px wide`);
      assert.deepEqual(await accessibilityFaults(page), [], where);
    }

    test("the intake asks for a file", async () => {
      await assertSound("intake");
      await picture("intake");
    });

    test("a dropped file is recognised by its content", async () => {
      await dropFiles(app.id("file-drop"), vcf);
      await app.id("file-format").waitFor();
      assert.match(await app.text("file-format"), /VCF/);
      const records = readFileSync(vcf, "utf8").trimEnd().split("\n");
      const count = records.filter((line) => !line.startsWith("#")).length;
      assert.ok((await app.text("file-format")).includes(`${count} records`));
      assert.match(await app.text("file-build"), /GRCh37/);
      await assertSound("file");
    });

    test("the plan says what will be scored, skipped, and how long it takes", async () => {
      await app.chooseReference(example.fasta(), example.fai(), example.gzi());
      await app.id("start").waitFor();
      assert.ok((await app.text("plan-scored")).includes(String(scored.length)));
      assert.match(await app.text("plan-time"), /second/);
      assert.match(await app.text("plan-skipped"), /symbolic\s+1/);
      await assertSound("plan");
      await picture("plan", { fullPage: true });
    });

    test("results arrive while it runs", async () => {
      await app.id("start").click();
      await page.locator('#run[data-state="running"]').waitFor();
      await app.id("row-variants").first().waitFor();
      assert.equal(await page.locator("#run").getAttribute("data-state"), "running");
      await app.id("run-title").scrollIntoViewIfNeeded();
      await picture("run");
      assert.equal(await app.ended(), "done");
    });

    test("the sums add up to what the native program counts", async () => {
      assert.equal(await app.number("run-scored"), scored.length);
      assert.equal(await app.number("run-skipped"), native.rows.length - scored.length);
      assert.match(await app.text("run-account"), /Computed by cpu/);
      assert.equal(await app.text("run-share"), "100 %");
      await assertSound("results");
      await app.id("run-title").scrollIntoViewIfNeeded();
      await picture("results");
      await picture("results-whole", { fullPage: true });
    });

    test("the table sorts", async () => {
      await app.id("sort").selectOption("percentile down");
      const top = scored.toSorted((a, b) => b.sigma_calibrated - a.sigma_calibrated)[0];
      const place = `${top.chrom}:${top.pos.toLocaleString("en-GB")}`;
      await page
        .locator('[data-testid="row-variants"][data-position="0"]')
        .getByText(place)
        .waitFor();
    });

    test("the table filters", async () => {
      const filters = [
        [
          "filter-region",
          "chr17:41,200,000-41,250,000",
          (r) => r.pos >= 41_200_000 && r.pos <= 41_250_000,
        ],
        ["filter-percentile-from", "90", (r) => r.sigma_calibrated >= 0.9],
        ["filter-gene", "BRCA1", null],
      ];
      for (const [name, value, accepts] of filters) {
        await app.id(name).fill(value);
        await page.waitForFunction(() =>
          / of /.test(document.querySelector('[data-testid="shown"]').textContent),
        );
        const shown = Number((await app.text("shown")).replace(",", "").match(/^\d+/)[0]);
        const wanted = accepts ? scored.filter(accepts).length : genes(vcf, "BRCA1");
        assert.equal(shown, wanted, name);
        await app.id("filter-clear").click();
        await app
          .id("shown")
          .getByText(/^\d[\d,]* variants$/)
          .waitFor();
      }
    });

    test("a variant has its own view, with a receipt that holds", async () => {
      await app.id("row-variants").first().click();
      await app.id("detail-title").waitFor();
      assert.match(await app.text("detail-title"), /^chr17:41,\d{3},\d{3}$/);
      await app.id("bases").waitFor();
      assert.match(await app.text("detail"), /What it does not mean/i);
      await assertSound("detail");
      await picture("detail");
      await app.id("detail-receipt-check").click();
      await app.id("detail").getByTestId("verdict").waitFor();
      assert.equal(await app.id("detail").getByTestId("verdict").getAttribute("data-ok"), "true");
      await app.id("detail-next").click();
      await app.id("detail-close").click();
      await app.id("detail").waitFor({ state: "hidden" });
    });

    test("the exports hold the scores, and receipts verify natively", async () => {
      const tsv = await app.exported("tsv");
      assertSameRows(parseTsv(tsv.text), native.rows, TOLERANCE.cpu);
      const jsonl = (await app.exported("jsonl")).text.trimEnd().split("\n").map(JSON.parse);
      assert.equal(jsonl.length, scored.length);
      assert.equal(jsonl[0].generated_by, "geno-lewm-score");
      const records = (await app.exported("vcf")).text.split("\n");
      const body = records.filter((line) => line && !line.startsWith("#"));
      assert.ok(body.every((line) => line.includes("GLW_STATUS=")));
      assert.ok(records[0].startsWith("##fileformat=VCF"));
      const receipts = await app.exported("receipts");
      const verdict = verify(receipts.path, join(builtinModel(), "manifest.json"));
      assert.ok(verdict.ok, verdict.words);
    });

    test("skipped variants are listed with their reasons", async () => {
      await app.id("tab-skipped").click();
      await app.id("row-skipped").first().waitFor();
      const sums = await app.text("skipped-sums");
      const reasons = native.rows.filter((row) => row.status !== "scored").map((row) => row.status);
      for (const reason of reasons) assert.ok(sums.includes(reason), reason);
      await assertSound("skipped");
      await picture("skipped");
    });

    test("a dropped receipt is verified, and a changed one refused", async () => {
      await app.id("tab-receipts").click();
      const receipts = readFileSync(exportPath("genolewm-receipts.jsonl"), "utf8");
      const [receipt] = receipts.split("\n");
      const tampered = receipt.replace(/"sigma_raw":\s*0\./, '"sigma_raw":9.');
      assert.notEqual(tampered, receipt);
      for (const [name, content, ok] of [
        ["good.json", receipt, "true"],
        ["all.jsonl", receipts, "true"],
        ["bad.json", tampered, "false"],
      ]) {
        const path = join(scratch("receipt"), name);
        writeFileSync(path, content);
        await dropFiles(app.id("receipt-drop"), path);
        const verdict = app
          .id("panel-receipts")
          .locator(`[data-testid="verdict"][data-ok="${ok}"]`);
        await verdict.waitFor();
        if (name === "good.json") {
          await assertSound("receipt");
          await picture("receipt");
        }
      }
    });

    test("the report prints", async () => {
      await app.id("tab-score").click();
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      await page.emulateMedia({ media: "print" });
      assert.ok(await app.id("report").isVisible());
      assert.match(await app.text("report"), /not a diagnos/i);
      await page.pdf({ path: exportPath(`${device}-report.pdf`), format: "A4" });
      await page.emulateMedia({ media: "screen" });
    });

    test("dark colours, reduced motion and no complaint on the console", async () => {
      await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
      await assertSound("dark");
      await app.id("run-title").scrollIntoViewIfNeeded();
      await picture("dark");
      assert.deepEqual(opened.browser.console, []);
      assert.deepEqual(opened.browser.errors, []);
    });
  });
}

/** How many alleles of the file's scored records lie in a gene. */
function genes(vcf, gene) {
  const records = readFileSync(vcf, "utf8")
    .split("\n")
    .filter((line) => line.includes(`GENE=${gene}`));
  const alleles = records.flatMap((line) => line.split("\t")[4].split(","));
  return alleles.filter((alt) => !alt.startsWith("<")).length;
}
