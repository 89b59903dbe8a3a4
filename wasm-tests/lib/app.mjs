// The page, as a person uses it.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { launch, openPage } from "./browser.mjs";
import { artifact, built, exportPath, inRoot } from "./paths.mjs";
import { serve } from "./server.mjs";

const dist = () =>
  process.env.GENOLEWM_WEB_DIST ?? built("npm ci && npm run build (in web/)", "web/dist");

/** Serves the built page with the headers that it ships for static hosts. */
export async function serveApp({ prefix = "/", bare = false, ...options } = {}) {
  const { headersFor, parseHeaders } = await import(inRoot("web/headers.mjs"));
  const rules = parseHeaders(readFileSync(join(dist(), "_headers"), "utf8"));
  const headers = bare ? undefined : (path) => headersFor(rules, path);
  return serve({ mounts: { [prefix]: dist() }, headers, ...options });
}

/**
 * Opens the page in a new browser and waits until its model is loaded. `server` are options for
 * {@link serveApp}, `init` runs in the page before anything of its own.
 */
export async function openApp({ server: serverOptions, init, path = "/", ...options } = {}) {
  const server = await serveApp(serverOptions);
  const browser = await launch(options);
  const page = await openPage(browser);
  if (init) await page.addInitScript(init);
  await page.goto(server.url + path);
  const app = new App(page);
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { app, page, browser, server, close };
}

/** The page's parts by what they are called there. */
export class App {
  constructor(page) {
    this.page = page;
  }

  /** A part by its name. */
  id(name) {
    return this.page.getByTestId(name);
  }

  /** The text of a part. */
  text(name) {
    return this.id(name).innerText();
  }

  /** A number that stands in a part. */
  async number(name) {
    return Number((await this.text(name)).replace(/[^\d.]/g, ""));
  }

  /** Waits until the model is loaded; the backend. */
  async ready() {
    await this.page.locator("#engine-line[data-backend]").waitFor();
    return this.page.locator("#engine-line").getAttribute("data-backend");
  }

  /** Chooses the file of variants. */
  async chooseFile(...paths) {
    await this.id("file-input").setInputFiles(paths);
  }

  /** Chooses the reference, with its indexes beside it. */
  async chooseReference(...paths) {
    await this.id("reference-input").setInputFiles(paths);
  }

  /** Starts and waits for the end; how it ended. */
  async run() {
    await this.id("start").click();
    return this.ended();
  }

  /** Waits for the end of a run: `done`, `cancelled` or `failed`. */
  async ended(timeout = 300_000) {
    await this.page.locator('#run:not([data-state="running"])').waitFor({ timeout });
    return this.page.locator("#run").getAttribute("data-state");
  }

  /** The lines of what an export button saves. */
  async exported(name) {
    const [download] = await Promise.all([
      this.page.waitForEvent("download"),
      this.id(`export-${name}`).click(),
    ]);
    const path = exportPath(download.suggestedFilename());
    await download.saveAs(path);
    return { path, text: readFileSync(path, "utf8") };
  }

  /** Keeps a picture of what is in view. */
  async picture(name, options = {}) {
    const path = artifact("screenshots", `${name}.png`);
    await this.page.screenshot({ path, ...options });
    return path;
  }
}

/**
 * A script for `init`: counts tasks of 50 ms or more of the page's main thread in
 * `globalThis.longTasks`.
 */
export function watchLongTasks() {
  globalThis.longTasks = [];
  const keep = (list) => {
    for (const { startTime, duration } of list.getEntries()) {
      globalThis.longTasks.push({ startTime, duration });
    }
  };
  new PerformanceObserver(keep).observe({ type: "longtask", buffered: true });
}
