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

/**
 * Code for the top of a worker's script: keeps hold of the memories of the wasm instances there,
 * which no page can see from outside and no measure of the browser's counts.
 */
const WATCH = `
  globalThis.wasmMemories = [];
  const watched = ({ instance, exports } = {}) => {
    const memory = (instance ?? { exports }).exports?.memory;
    if (memory) globalThis.wasmMemories.push(new WeakRef(memory));
  };
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const made = await original.apply(WebAssembly, args);
      watched(made);
      return made;
    };
  }
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args) {
      const made = new target(...args);
      watched(made);
      return made;
    },
  });
`;

/** A `rewrite` for the server: watches the wasm memories of the package's workers. */
export function watchMemories(path, bytes) {
  const worker = /worker\/(engine-)?entry\.js$/.test(path);
  return worker ? Buffer.concat([Buffer.from(WATCH), bytes]) : bytes;
}

/** MB of each wasm memory in the page's workers. */
export async function wasmMegabytes(page) {
  const all = await Promise.all(
    page.workers().map((worker) =>
      worker.evaluate(
        (mb) =>
          globalThis.wasmMemories.flatMap((each) => {
            const memory = each.deref();
            return memory ? [memory.buffer.byteLength / mb] : [];
          }),
        MB,
      ),
    ),
  );
  return all.flat();
}

/** Private memory of a process, in MB, as the system counts it. */
function privateMegabytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)[1]) / 1024;
}

/**
 * Watches the private memory of the process that shows a page, while something runs. The renderer
 * is that which grows with a page that allocates; `{now(), peak, stop()}`.
 */
export async function watchRenderer(page, browser) {
  const session = await browser.context.browser().newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const pids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  const before = new Map(pids.map((pid) => [pid, privateMegabytes(pid)]));
  await page.evaluate(() => {
    globalThis.ballast = new Uint8Array(64 * 1024 * 1024).fill(1);
  });
  const grown = (pid) => privateMegabytes(pid) - before.get(pid);
  const [pid] = pids.toSorted((a, b) => grown(b) - grown(a));
  if (grown(pid) < 32) throw new Error("no renderer grew with its page");
  await page.evaluate(() => delete globalThis.ballast);
  await collect(page);
  const watch = { peak: 0, now: () => privateMegabytes(pid), stop: () => clearInterval(timer) };
  const timer = setInterval(() => (watch.peak = Math.max(watch.peak, watch.now())), 10);
  timer.unref();
  return watch;
}
