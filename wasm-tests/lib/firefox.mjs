// Debian's Firefox, headless, over WebDriver BiDi. Playwright knows only a Firefox of its own.

import puppeteer from "puppeteer-core";

const EXECUTABLE = process.env.GENOLEWM_FIREFOX ?? "/usr/bin/firefox-esr";

/** Starts a browser. */
export function launchFirefox() {
  return puppeteer.launch({ browser: "firefox", executablePath: EXECUTABLE, headless: true });
}

/** A part of the page by the name that tests know it by. */
export const part = (name) => `[data-testid="${name}"]`;

/** The text of a part. */
export function textOf(page, name) {
  return page.$eval(part(name), (element) => element.textContent);
}

/** Opens the page of `url` and waits until its model is loaded; the page. */
export async function openReady(browser, url, timeout = 60_000) {
  const page = await browser.newPage();
  page.setDefaultTimeout(timeout);
  await page.goto(url, { timeout });
  await page.waitForSelector("#engine-line[data-backend]", { timeout });
  return page;
}

/** Counts the workers that a page makes in `globalThis.workersMade`; for a new document. */
export function countWorkers() {
  globalThis.workersMade = 0;
  globalThis.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      globalThis.workersMade += 1;
    }
  };
}
