/** Which backend is taken, and why. */

import { abortable, LATE, within } from "./abort.js";
import { rate, type Engine, type EngineStarter } from "./engines.js";
import { GenoLeWMError } from "./errors.js";
import { Pace } from "./pace.js";
import type { BackendName, BackendProbe } from "./types.js";

/**
 * Time that `auto` gives an adapter to get ready, to take a piece of the weights, and, when it has all, to
 * pass its self-check; the fetching of weights does not count. One that takes longer may still be asked for by name.
 */
const SETUP_LIMIT_MS = 2_000;

/** Time in which an adapter must answer at all: a driver that hangs must not hang loading. */
const ANSWER_LIMIT_MS = 5_000;

/** Engines that were chosen. */
export interface Selected {
  readonly engines: readonly Engine[];
  readonly probes: readonly BackendProbe[];
  /** A sentence, where fewer instances work than were asked for. */
  readonly shortfall: string | null;
}

/** Instances on the processor, one at least. */
interface Processors {
  readonly engines: readonly [Engine, ...Engine[]];
  /** As in {@link Selected}. */
  readonly shortfall: string | null;
}

/** What a look at the machine found, before anything is computed. */
type Adapter =
  | { readonly found: true; readonly name: string; readonly software: boolean }
  | { readonly found: false; readonly reason: string };

/** Starts engines on `requested`, or on the better of the two. */
export function selectEngines(
  requested: "auto" | BackendName,
  threads: number,
  start: EngineStarter,
): Promise<Selected> {
  switch (requested) {
    case "cpu":
      return processor(threads, start, "Not tried: the processor was asked for.");
    case "webgpu":
      return graphics(start);
    case "auto":
      return better(threads, start);
  }
}

/** Whether each backend can be expected to work here. Nothing is computed. */
export async function probeBackends(): Promise<readonly BackendProbe[]> {
  const adapter = await findAdapter();
  return [
    probe("cpu", true, "WebAssembly runs here."),
    adapter.found
      ? probe("webgpu", true, `An adapter answered: ${adapter.name}.`)
      : probe("webgpu", false, adapter.reason),
  ];
}

/** Instances on the processor. Fewer will do, where memory has no room for all. */
export async function startProcessors(threads: number, start: EngineStarter): Promise<Processors> {
  const settled = await Promise.allSettled(Array.from({ length: threads }, () => start("cpu")));
  const [first, ...others] = settled.flatMap((one) =>
    one.status === "fulfilled" ? [one.value] : [],
  );
  const failed = settled.find((one) => one.status === "rejected");
  if (first === undefined) throw failed?.reason;
  try {
    // Each for itself, which also brings each up to speed.
    await Promise.all([first, ...others].map((engine) => engine.selfCheck()));
  } catch (error) {
    disposeAll([first, ...others]);
    throw error;
  }
  const engines = [first, ...others] as const;
  return { engines, shortfall: failed ? missing(threads, engines.length, failed.reason) : null };
}

function missing(asked: number, started: number, why: unknown): string {
  const { message } = GenoLeWMError.from(why);
  return `${asked - started} of ${asked} instances did not start; work goes on with ${instances(started)}. (${message})`;
}

/** The processor, with what kept the other. */
async function processor(threads: number, start: EngineStarter, why: string): Promise<Selected> {
  return usedProcessors(await startProcessors(threads, start), why);
}

function usedProcessors({ engines, shortfall }: Processors, why: string): Selected {
  const used = probe("cpu", true, worded(`Used, with ${instances(engines.length)}.`, shortfall));
  return { engines, probes: [used, probe("webgpu", false, why)], shortfall };
}

function worded(sentence: string, shortfall: string | null): string {
  return shortfall === null ? sentence : `${sentence} ${shortfall}`;
}

async function graphics(start: EngineStarter): Promise<Selected> {
  const adapter = await findAdapter();
  if (!adapter.found) throw unsupported(adapter.reason);
  const engine = await start("webgpu").catch((error: unknown) => {
    throw unsupported(GenoLeWMError.from(error).message, error);
  });
  try {
    await engine.selfCheck();
  } catch (error) {
    engine.dispose();
    throw unsupported(checkFailed(adapter.name, error), error);
  }
  return {
    engines: [engine],
    probes: [
      probe("cpu", true, "Not tried: WebGPU was asked for."),
      probe("webgpu", true, `Used, on ${adapter.name}.`),
    ],
    shortfall: null,
  };
}

async function better(threads: number, start: EngineStarter): Promise<Selected> {
  const adapter = await findAdapter();
  if (!adapter.found) return processor(threads, start, adapter.reason);
  if (adapter.software) {
    const reason = `${adapter.name} is no graphics processor but a program on this one.`;
    return processor(threads, start, reason);
  }
  const pace = new Pace(SETUP_LIMIT_MS);
  const [processors, ready] = await both(
    startProcessors(threads, start),
    prepare(adapter.name, start, pace),
    pace,
  );
  if ("reason" in ready) return usedProcessors(processors, ready.reason);
  return race(processors, ready.engine, adapter.name).catch((error: unknown) => {
    disposeAll([...processors.engines, ready.engine]);
    throw error;
  });
}

/** Both at once: the one is busy on the processor, the other with the driver. */
async function both(
  starting: Promise<Processors>,
  preparing: ReturnType<typeof prepare>,
  pace: Pace,
): Promise<readonly [Processors, Awaited<ReturnType<typeof prepare>>]> {
  try {
    return await Promise.all([starting, preparing]);
  } catch (error) {
    pace.stop(error);
    const ready = await preparing;
    if ("engine" in ready) ready.engine.dispose();
    throw error;
  }
}

/** A GPU engine that is ready and right, or what kept it. */
async function prepare(
  name: string,
  start: EngineStarter,
  pace: Pace,
): Promise<{ readonly engine: Engine } | { readonly reason: string }> {
  const { signal } = pace;
  let engine: Engine | null = null;
  const ready = async (): Promise<Engine> => {
    engine = await start("webgpu", pace);
    if (signal.aborted) engine.dispose();
    else await engine.selfCheck();
    return engine;
  };
  pace.work();
  try {
    return { engine: await abortable(ready(), signal) };
  } catch (error) {
    const started = engine as Engine | null;
    started?.dispose();
    if (signal.reason === LATE) {
      return { reason: `${name} was not ready within ${SETUP_LIMIT_MS / 1000} s.` };
    }
    const { message } = GenoLeWMError.from(error);
    return { reason: started === null ? message : checkFailed(name, error) };
  } finally {
    pace.rest();
  }
}

/**
 * Measures both on the same batch; their self-checks have warmed them up. The adapter has as long
 * as it could need and still win.
 */
async function race(
  { engines, shortfall }: Processors,
  graphics: Engine,
  name: string,
): Promise<Selected> {
  const cpu = await rate(engines.map((engine) => () => engine.probe()));
  const limit = (cpu.batch / cpu.perSecond) * 1000;
  const gpu = await timed(graphics, limit);
  const faster = gpu.perSecond !== null && gpu.perSecond > cpu.perSecond;
  disposeAll(faster ? engines : [graphics]);
  const verdict = faster ? "and is faster than the processor" : gpu.shortfall;
  return {
    engines: faster ? [graphics] : engines,
    probes: [
      probe(
        "cpu",
        true,
        worded(`Measured with ${instances(engines.length)}.`, shortfall),
        cpu.perSecond,
      ),
      probe("webgpu", true, `${name} passed its self-check ${verdict}.`, gpu.perSecond),
    ],
    shortfall: faster ? null : shortfall,
  };
}

/** The rate of an adapter, and what speaks against it. */
async function timed(
  graphics: Engine,
  limit: number,
): Promise<{ readonly perSecond: number | null; readonly shortfall: string }> {
  const shortfall = "but is slower than the processor";
  try {
    const gpu = await within(rate([() => graphics.probe()]), limit);
    return { perSecond: gpu === LATE ? null : gpu.perSecond, shortfall };
  } catch (error) {
    const { message } = GenoLeWMError.from(error);
    return { perSecond: null, shortfall: `but failed while it was measured (${message})` };
  }
}

async function findAdapter(): Promise<Adapter> {
  const gpu = globalThis.navigator?.gpu as GPU | undefined;
  if (gpu === undefined) {
    const insecure = globalThis.isSecureContext === false;
    const reason = insecure ? "WebGPU needs https, or localhost." : "There is no WebGPU here.";
    return { found: false, reason };
  }
  const adapter = await within(gpu.requestAdapter(), ANSWER_LIMIT_MS).catch(() => null);
  if (adapter === null || adapter === LATE) {
    return { found: false, reason: "WebGPU is there, but no graphics adapter answered." };
  }
  return { found: true, ...described(adapter) };
}

/** Browsers before 2024 give an adapter no `info`, and have the flag on the adapter itself. */
function described(
  adapter: Partial<Pick<GPUAdapter, "info">> & { readonly isFallbackAdapter?: boolean },
): { readonly name: string; readonly software: boolean } {
  const info: Partial<GPUAdapterInfo> = adapter.info ?? {};
  const name = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ");
  const software = info.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  return { name: name || "a graphics adapter", software };
}

function probe(
  backend: BackendName,
  available: boolean,
  reason: string,
  allelesPerSecond: number | null = null,
): BackendProbe {
  return { backend, available, reason, allelesPerSecond };
}

function instances(count: number): string {
  return count === 1 ? "one instance" : `${count} instances`;
}

function disposeAll(engines: readonly Engine[]): void {
  engines.forEach((engine) => engine.dispose());
}

function checkFailed(name: string, error: unknown): string {
  return `${name} did not pass its self-check: ${GenoLeWMError.from(error).message}`;
}

function unsupported(reason: string, cause?: unknown): GenoLeWMError {
  // What the device itself said is too long for a sentence.
  const { reason: device } = cause === undefined ? {} : GenoLeWMError.from(cause).details;
  return new GenoLeWMError(
    {
      code: "DEPLOY.BACKEND_UNSUPPORTED",
      message: `WebGPU cannot be used here: ${reason}`,
      details: { backend: "webgpu", reason, ...(device === undefined ? {} : { device }) },
      remediation: 'Take backend: "auto", which falls back to the processor.',
    },
    { cause },
  );
}
