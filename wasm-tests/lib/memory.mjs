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
  const worker = /worker\/entry\.js$/.test(path);
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

/** Time that the processor spent on a process, in ticks of the system's clock. */
function ticks(pid) {
  // Behind the name, which is in brackets and may hold blanks: user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** The process that shows a page: the renderer that is busy while the page is. */
async function rendererOf(page, browser) {
  const session = await browser.context.browser().newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  // Others may still be busy with their own start.
  for (let tries = 0; tries < 10; tries += 1) {
    const before = new Map(renderers.map((pid) => [pid, ticks(pid)]));
    await page.evaluate(() => {
      for (const end = performance.now() + 500; performance.now() < end; );
    });
    const busy = (pid) => ticks(pid) - before.get(pid);
    const [[first, most], [, next] = [0, 0]] = renderers
      .map((pid) => [pid, busy(pid)])
      .toSorted(([, a], [, b]) => b - a);
    if (most >= 10 && next < most / 3) return first;
  }
  throw new Error("no renderer, or more than one, was busy with its page");
}

/**
 * Watches the private memory of the process that shows a page, while something runs:
 * `{now(), peak, stop()}`.
 */
export async function watchRenderer(page, browser) {
  const pid = await rendererOf(page, browser);
  await collect(page);
  const watch = { peak: 0, now: () => privateMegabytes(pid), stop: () => clearInterval(timer) };
  const look = () => {
    try {
      watch.peak = Math.max(watch.peak, watch.now());
    } catch {
      // The browser was closed while nobody waits for figures any more.
      watch.stop();
    }
  };
  const timer = setInterval(look, 10);
  timer.unref();
  return watch;
}
