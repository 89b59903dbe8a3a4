// What the page asks before it starts, and what it must not take for an answer.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { openApp } from "../lib/app.mjs";
import { example } from "../lib/fixtures.mjs";
import { inRoot } from "../lib/paths.mjs";

const CASES = "tests/cases/web";
const five = inRoot(`${CASES}/nobody-carries-it/five_samples.vcf`);
const homref = inRoot(`${CASES}/nobody-carries-it/five_homref.vcf`);
const hg38 = inRoot(`${CASES}/hg38-on-hg19/hg38.vcf`);

describe("questions before the start", { timeout: 600_000 }, () => {
  const reference = [example.fasta(), example.fai(), example.gzi()];
  let opened, app, page;

  before(async () => {
    opened = await openApp();
    ({ app, page } = opened);
    await app.ready();
  });
  afterEach(async () => {
    assert.deepEqual(opened.browser.errors, []);
    await page.reload();
    await app.ready();
  });
  after(() => opened.close());

  test("five people who carried nothing had 300 changes", async () => {
    await app.chooseFile(homref);
    await app.chooseReference(...reference);
    await app.id("start").waitFor();
    assert.match(await app.text("plan-scored"), /Nothing.*genotypes/);
    assert.match(await app.text("plan-skipped"), /not_carried\s+300/);
    assert.ok(await app.id("start").isDisabled());
    await app.picture("nobody-carries-it");
  });

  test("the page asks whose changes are meant, and says on how many copies they are", async () => {
    await app.chooseFile(five);
    await app.chooseReference(...reference);
    await app.id("start").waitFor();
    const anyone = await app.number("plan-scored");
    await app.id("file-sample").selectOption({ label: "ALICE" });
    await page.waitForFunction((before) => {
      const shown = document.querySelector('[data-testid="plan-scored"]')?.textContent;
      return shown !== undefined && !shown.startsWith(`${before} `);
    }, String(anyone));
    const hers = await app.number("plan-scored");
    assert.ok(hers > 0 && hers < anyone, `${hers} of ${anyone}`);
    await app.picture("whose");
    assert.equal(await app.run(), "done");
    assert.equal(await app.number("run-scored"), hers);
    assert.equal(await app.number("run-skipped"), 300 - hers);
    await app.id("row-variants").getByText("on every copy").first().waitFor();
    await app.id("row-variants").first().click();
    assert.match(await app.text("detail-copies"), /copy/);
    assert.match(await app.text("detail-repeat"), /lower case/);
    assert.doesNotMatch(await app.text("detail"), /known repeats/);
    await app.picture("copies");
  });

  test("a gene, an rs number and a chromosome that is not there passed for regions", async () => {
    await app.chooseFile(five);
    await app.chooseReference(...reference);
    await app.id("start").waitFor();
    await app.id("plan").locator("details.settings summary").click();
    for (const nowhere of ["BRCA1", "rs8176320", "chr99:1-5"]) {
      await app.id("plan-regions").fill(nowhere);
      await app.id("plan-regions-problem").getByText("chromosome").waitFor();
      assert.ok(await app.id("start").isDisabled(), nowhere);
      await app.id("plan-apply").click();
      assert.ok(await app.id("start").isDisabled(), nowhere);
    }
    await app.picture("regions");
    await app.id("plan-regions").fill("chr17:41,200,000-41,210,000");
    await app.id("plan-apply").click();
    await page.locator('[data-testid="start"]:enabled').waitFor();
    assert.equal(await app.run(), "done");
  });

  test("an hg38 file was started on the hg19 piece and ended with nothing", async () => {
    await app.chooseFile(hg38);
    await app.chooseReference(...reference);
    const problem = app.id("plan").getByTestId("problem");
    await problem.waitFor();
    assert.match(await problem.innerText(), /What you can do/);
    assert.match(await app.text("build-mismatch"), /GRCh38.*GRCh37/s);
    assert.match(await app.text("plan-scored"), /^0/);
    assert.ok(await app.id("start").isDisabled());
    await app.picture("hg38-on-hg19");
  });
});
