// How much memory a tab holds.

import { readFileSync } from "node:fs";

const MB = 1024 * 1024;

/** Flags with which a page answers at once when it measures itself. */
export const MEMORY_FLAGS = ["--enable-blink-features=ForceEagerMeasureMemory"];

/** Collects garbage in the page and its workers, and in the browser's own words all of it. */
export async function collect(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.detach();
  for (const worker of page.workers()) await worker.evaluate(() => globalThis.gc?.());
}

/**
 * What the browser says that the page holds, workers and wasm memories included, in MB. The page
 * must be cross-origin isolated.
 */
export async function pageMegabytes(page) {
  await collect(page);
  return page.evaluate(
    async (mb) => (await performance.measureUserAgentSpecificMemory()).bytes / mb,
    MB,
  );
}

/** Process ids of the browser's renderers. */
async function renderers(browser) {
  const session = await browser.context.browser().newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

/**
 * What the operating system says that the renderers hold for themselves, in MB: now, and the most
 * since {@link resetPeaks}.
 */
export async function rendererMegabytes(browser) {
  const field = (pid, name) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)[1]) / 1024;
  };
  const pids = await renderers(browser);
  if (pids.length === 0) throw new Error("the browser has no renderer");
  const sum = (name) => pids.reduce((total, pid) => total + field(pid, name), 0);
  return { now: sum("RssAnon"), resident: sum("VmRSS"), peak: sum("VmHWM") };
}
