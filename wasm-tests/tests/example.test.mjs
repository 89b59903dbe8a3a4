// The example that needs no file: one press of a button, and all 4,589 alleles come out as the
// native program scores them.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { openApp } from "../lib/app.mjs";
import { assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { example } from "../lib/fixtures.mjs";
import { builtinModel } from "../lib/model.mjs";
import { parseTsv, scoreFile, verify } from "../lib/native.mjs";

const MINUTE_MS = 60_000;

test("the example, from the button to the receipts", { timeout: 30 * MINUTE_MS }, async (t) => {
  const [vcf, fasta, annotation] = [example.vcf(), example.fasta(), example.annotation()];
  const native = scoreFile({ vcf, fasta, annotation }).rows;
  const { app, browser, close } = await openApp();
  t.after(close);
  await app.ready();
  await app.id("example").click();
  assert.equal(await app.ended(25 * MINUTE_MS), "done");
  const { text } = await app.exported("tsv");
  const worst = assertSameRows(parseTsv(text), native, TOLERANCE.cpu);
  await app.id("filter-consequence").selectOption("missense_variant");
  const missense = native.filter(
    ({ consequence }) => consequence?.split("&")[0] === "missense_variant",
  );
  const shown = `${missense.length.toLocaleString("en-GB")} of`;
  await app.id("shown").getByText(shown).waitFor();
  await app.id("row-variants").first().click();
  assert.match(await app.text("detail-consequence"), /BRCA1: it swaps one or more amino acids/);
  assert.match(await app.text("detail-rank"), /of 100 common variants|than any of the common/);
  await app.id("detail-close").click();
  const receipts = await app.exported("receipts");
  const verdict = verify(receipts.path, join(builtinModel(), "manifest.json"));
  assert.ok(verdict.ok, verdict.words);
  assert.deepEqual(browser.console, []);
  t.diagnostic(`${native.length} alleles, at most ${worst.toExponential(1)} away from native`);
  t.diagnostic(`${await app.text("run-rate")} a second; took ${await app.text("run-left")}`);
});
