// Debian's Chromium, headless, in a fresh profile.

import { join } from "node:path";
import { chromium } from "playwright-core";

import { scratch } from "./paths.mjs";

const EXECUTABLE = process.env.GENOLEWM_CHROMIUM ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Memory that a page may measure, and a collector that a test may call.
  "--enable-precise-memory-info",
  "--js-flags=--expose-gc",
];

/**
 * Starts a browser. `webgpu` gives it the software adapter; without it `navigator.gpu` is there and
 * has no adapter, as on a machine whose GPU is not supported. Everything that a page or worker
 * writes to its console lands in `console`, uncaught errors in `errors`.
 */
export async function launch({ webgpu = false, viewport, args = [], ...context } = {}) {
  const browser = await chromium.launchPersistentContext(join(scratch("profile"), "profile"), {
    executablePath: EXECUTABLE,
    ignoreDefaultArgs: ["--disable-gpu"],
    args: [...FLAGS, ...(webgpu ? ["--enable-unsafe-webgpu"] : []), ...args],
    viewport: viewport ?? { width: 1280, height: 900 },
    acceptDownloads: true,
    ...context,
  });
  const spoken = [];
  const errors = [];
  browser.on("console", (message) => {
    // The harness's own doing, where a test runs without service workers.
    if (message.text() === "Service Worker registration blocked by Playwright") return;
    spoken.push(`${message.type()}: ${message.text()}`);
  });
  browser.on("weberror", (error) => errors.push(error.error()));
  return { context: browser, console: spoken, errors, close: () => browser.close() };
}

/** A page whose workers are heard too: what they log is in the browser's `console`. */
export async function openPage(browser, url) {
  const page = await browser.context.newPage();
  page.setDefaultTimeout(60_000);
  if (url) await page.goto(url);
  return page;
}
