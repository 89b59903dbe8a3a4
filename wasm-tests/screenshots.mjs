#!/usr/bin/env node
/**
 * Takes the pictures of the page for `docs/screenshots`: the shipped example from intake to receipt,
 * at the width of a desktop and of a phone. `npm run screenshots`
 */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openApp } from "./lib/app.mjs";
import { dropFiles } from "./lib/drop.mjs";
import { ROOT, scratch } from "./lib/paths.mjs";

const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 360, height: 740 } };
const LIMIT_BYTES = 300_000;
const folder = join(ROOT, "docs/screenshots");
mkdirSync(folder, { recursive: true });

const { app, page, close } = await openApp({ reducedMotion: "reduce" });

/**
 * A picture at each width, with a part of the page at the upper edge: for the phone, where less of
 * the page fits, it may be another one. `height` is the desktop's.
 */
async function pictures(name, { part, phone = part, height = SIZES.desktop.height } = {}) {
  for (const [device, { width, ...size }] of Object.entries(SIZES)) {
    await page.setViewportSize({ width, height: device === "phone" ? size.height : height });
    // Plots and table follow the width on the next frames.
    await page.waitForTimeout(600);
    const upper = device === "phone" ? phone : part;
    if (upper) await upper.evaluate((element) => element.scrollIntoView({ block: "start" }));
    else await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(200);
    const path = join(folder, `${name}-${device}.png`);
    await page.screenshot({ path });
    const bytes = statSync(path).size;
    if (bytes > LIMIT_BYTES) throw new Error(`${path}: ${bytes} bytes`);
    console.log(`${path}: ${Math.round(bytes / 1000)} kB`);
  }
  await page.setViewportSize(SIZES.desktop);
}

try {
  await app.ready();
  await pictures("intake");
  await app.id("example").click();
  await page.waitForFunction(
    () => parseInt(document.querySelector('[data-testid="run-share"]').textContent, 10) >= 30,
    undefined,
    { timeout: 900_000 },
  );
  await pictures("run");
  if ((await app.ended(1_800_000)) !== "done") throw new Error("the example did not finish");
  await app.id("sort").selectOption("percentile down");
  await pictures("results", { part: page.locator("#results-title"), height: 1180 });
  await app.id("filter-kind").selectOption("substitution");
  await page.locator('[data-testid="row-variants"][data-position="2"]').click();
  await app.id("bases").waitFor();
  await pictures("detail");
  await app.id("detail-close").click();
  const { text } = await app.exported("receipts");
  const receipt = join(scratch("receipt"), "receipt.json");
  writeFileSync(receipt, text.split("\n")[0]);
  await app.id("tab-receipts").click();
  await dropFiles(app.id("receipt-drop"), receipt);
  await app.id("panel-receipts").getByTestId("verdict").waitFor();
  await pictures("receipt", { phone: app.id("receipt-outcome") });
  await app.id("tab-planning").click();
  await app.id("planning-start").click();
  await app.id("planning-outcome").waitFor();
  await pictures("planning", { part: app.id("planning-run"), height: 1000 });
} finally {
  await close();
}
