/**
 * The side that works: it owns the wasm instance that parses, cuts windows and writes rows, and
 * the engines that compute. It lives in a worker, or on the caller's thread.
 */

import { linkSignals, Turns } from "./abort.js";
import { BatchQueue } from "./batch-queue.js";
import { LocalEngine, type Engine, type EngineStarter } from "./engines.js";
import { disposedError } from "./errors.js";
import { weightSources } from "./model-source.js";
import { PlanRun } from "./plan-run.js";
import { EnginePool, type Replace } from "./pool.js";
import { closedReference, OpenReference } from "./reference.js";
import { ScoreRun } from "./score-run.js";
import { selectEngines, startProcessors, type Selected } from "./selection.js";
import {
  LOAD_STAGES,
  loadBytes,
  loadStage,
  type CallContext,
  type CoordinatorApi,
  type FallbackEvent,
  type Handlers,
  type LoadParams,
  type OpenedReference,
  type ProgressEvent,
  type SourceSpec,
  type SubjectParams,
} from "./service.js";
import { openChunks, readAll } from "./sources.js";
import type { AssemblyGuess, BackendName, StateContract } from "./types.js";
import { release, type Wasm, type WasmAnnotation, type WasmModel } from "./wasm.js";
import { WeightFeed, type Pour, type WeightFile } from "./weight-feed.js";

type Single = InstanceType<Wasm["Single"]>;

/** Makes an engine, which has the weights poured into it; `signal` gives it up. */
type Starter = (backend: BackendName, pour: Pour, signal?: AbortSignal) => Promise<Engine>;

/** Makes engines elsewhere; where there is no such place they share the coordinator's thread. */
export type RemoteStarter = (model: Pick<LoadParams, "files" | "weights">) => Starter;

/** The methods of a coordinator, and what they work with. */
export class Coordinator {
  readonly #wasm: Wasm;
  readonly #remote: RemoteStarter | null;
  readonly #references = new Map<number, OpenReference>();
  readonly #runs = new Map<number, BatchQueue>();
  readonly #watchers = new Set<(event: FallbackEvent) => void>();
  #model: WasmModel | null = null;
  #pool: EnginePool | null = null;
  #nextReference = 0;
  #starting = false;
  readonly #life = new AbortController();
  #disposed = false;

  /** `remote` is null where there are no workers. */
  constructor(wasm: Wasm, remote: RemoteStarter | null) {
    this.#wasm = wasm;
    this.#remote = remote;
  }

  /** What {@link CoordinatorApi} asks for. */
  readonly handlers: Handlers<CoordinatorApi> = {
    /** Checks the model and starts engines. */
    load: async (params, { signal, emit }) => {
      const { files, weights, backend } = params;
      emit(loadStage("verify", 2));
      const model = this.#wasm.Model.load(new Map(files), new Map(weights));
      this.#model = model;
      signal.throwIfAborted();
      emit(loadStage("backend", 3));
      const context = { signal, emit };
      const { engines, probes, shortfall } = await this.#startEngines(model, params, context);
      signal.throwIfAborted();
      if (shortfall !== null) {
        emit({ kind: "notice", notice: { kind: "fewer-workers", message: shortfall } });
      }
      const { backend: used, device } = engines[0] as Engine;
      const missed = probes.find((one) => one.backend === "webgpu");
      if (backend === "auto" && used === "cpu" && missed !== undefined) {
        const message = `Scoring on the processor. ${missed.reason}`;
        emit({ kind: "notice", notice: { kind: "backend-fallback", message } });
      }
      emit(loadStage("ready", LOAD_STAGES));
      const { modelId, filesId, sealed, windowBp, stateWidth, manifest } = model;
      const stateContract = model.stateContract as StateContract;
      const windows = {
        windowBp,
        views: model.views,
        windowStrideBp: model.windowStrideBp ?? null,
      };
      const about = { modelId, filesId, sealed, stateContract, ...windows, stateWidth, manifest };
      return { ...about, backend: used, device, probes };
    },

    /** Tells of fall-backs until the caller has enough. */
    watch: (_, { signal, emit }) => {
      this.#watchers.add(emit);
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          this.#watchers.delete(emit);
          reject(signal.reason);
        });
      });
    },

    openReference: async ({ sources }, context) => {
      const reference = await OpenReference.open(this.#wasm, sources, context);
      if (this.#disposed || context.signal.aborted) {
        reference.close();
        throw this.#disposed ? disposedError() : context.signal.reason;
      }
      const id = this.#nextReference++;
      this.#references.set(id, reference);
      const assembly = reference.file.assembly();
      return {
        id,
        contigs: JSON.parse(reference.file.contigs()) as OpenedReference["contigs"],
        assembly: assembly === undefined ? null : (JSON.parse(assembly) as AssemblyGuess),
        warnings: reference.warnings,
      };
    },

    closeReference: async ({ id }) => {
      this.#references.get(id)?.close();
      this.#references.delete(id);
      return null;
    },

    bases: async ({ id, contig, start, end }, { signal }) =>
      this.#reference(id).bases(contig, start, end, signal),

    inspect: async ({ sources, options }, { signal }) => {
      const inspector = new this.#wasm.Inspector(sources.input.name, JSON.stringify(options));
      try {
        await pour(sources.input, inspector, signal);
        return inspector.finish();
      } finally {
        release(inspector);
      }
    },

    scoreVariant: async ({ receipt, sources, ...subject }, { signal }) => {
      const score = async (single: Single): Promise<string> => {
        const { results, backend, device } = await this.#engines().score(single.job(), signal);
        return single.row(results, backend, device, receipt);
      };
      return this.#placed(subject, signal, score, { annotation: sources.annotation });
    },

    score: async ({ run, sources, reference, options }, context) => {
      const queue = new BatchQueue();
      this.#runs.set(run, queue);
      const stop = (): void => queue.fail(context.signal.reason);
      context.signal.addEventListener("abort", stop);
      try {
        const open = this.#reference(reference);
        const pool = this.#engines();
        const name = sources.input.name;
        // Before the input is opened: options may be refused, and nobody would close it.
        const told = JSON.stringify(options);
        const annotation = await this.#annotation(sources.annotation, context.signal);
        const pass = new this.#wasm.Run(this.#loaded(), open.file, name, told, annotation);
        const input = await openChunks(sources.input, context.signal).catch((error: unknown) => {
          release(pass);
          throw error;
        });
        const parts = { run: pass, input, reference: open, pool, queue, context };
        return await new ScoreRun(parts).finish();
      } catch (error) {
        queue.fail(error);
        throw error;
      } finally {
        context.signal.removeEventListener("abort", stop);
        this.#runs.delete(run);
      }
    },

    rows: async ({ run }) => (await this.#runs.get(run)?.take()) ?? null,

    encodeWindow: async ({ window, editLocus }, { signal }) =>
      this.#engines().use((engine) => engine.encodeWindow(window, editLocus), signal),

    predict: async ({ state, edits }, { signal }) =>
      this.#engines().use((engine) => engine.predict(state, edits), signal),

    follow: async ({ state, edits, prediction }, { signal }) => {
      const asked = { state, sequences: `[${edits}]`, prediction, every: true };
      return this.#engines().use((engine) => engine.follow(asked), signal);
    },

    plan: async ({ window, options, ...ends }, context) => {
      const plan = new this.#wasm.Plan(this.#loaded(), window, options);
      return new PlanRun({ plan, window, ends, pool: this.#engines(), context }).finish();
    },

    importRaw: async ({ sources, reference, alleles, options }, { signal }) => {
      const { Importer } = this.#wasm;
      const { name } = sources.input;
      const told = JSON.stringify(options);
      const open = reference === null ? null : this.#reference(reference);
      const importer =
        open === null
          ? Importer.withAlleles(name, alleles ?? "", told)
          : new Importer(name, open.file, told);
      try {
        await pour(sources.input, importer, signal);
        if (open === null) return importer.finish() as string;
        return await open.supplied(() => importer.finish(), signal);
      } finally {
        release(importer);
      }
    },

    verifyReceipt: async ({ sources, of, rerun, tolerance }, { signal }) => {
      const text = await readAll(sources.input, signal);
      if (of === null) return this.#wasm.verifyReceipts(text, this.#loaded());
      const verify = async (single: Single): Promise<string> => {
        const answer = rerun ? await this.#engines().score(single.job(), signal) : null;
        return this.#wasm.verifyReceiptOf(text, single, answer?.results, tolerance);
      };
      return this.#placed(of, signal, verify, { receipts: text });
    },

    measure: async () => this.#engines().measure(),
  };

  /** Ends the engines and gives memory back. Calls that are under way have been aborted before. */
  dispose(): void {
    this.#disposed = true;
    // What is starting needs the model until it is there, and is ended then.
    if (this.#starting) return;
    const reason = disposedError();
    this.#life.abort(reason);
    this.#pool?.dispose(reason);
    for (const queue of this.#runs.values()) queue.fail(reason);
    for (const reference of this.#references.values()) reference.close();
    this.#references.clear();
    if (this.#model !== null) release(this.#model);
    this.#model = null;
  }

  async #startEngines(
    model: WasmModel,
    { backend, threads, ...given }: LoadParams,
    { signal, emit }: CallContext<ProgressEvent>,
  ): Promise<Selected> {
    const starter: Starter =
      this.#remote?.(given) ?? ((name, pour) => LocalEngine.start(this.#wasm, model, name, pour));
    const files = JSON.parse(model.weightFiles()) as WeightFile[];
    const sources = weightSources(
      files.map(({ path }) => path),
      given,
    );
    const feed = new WeightFeed(files, sources, everyPercent(emit));
    // Who takes the place of a lost engine is no longer the loading's.
    const loading = linkSignals(signal);
    const start: EngineStarter = (name, pace) => {
      const reading = this.#starting ? loading.controller.signal : this.#life.signal;
      return feed.start((pour) => starter(name, pour, pace?.signal), reading, pace);
    };
    const count = this.#remote === null ? 1 : threads;
    this.#starting = true;
    try {
      const selected = await selectEngines(backend, count, start);
      const replace: Replace = (lost, cause) => this.#replace(lost, cause, count, start);
      this.#pool = new EnginePool(selected.engines, replace);
      return selected;
    } finally {
      this.#starting = false;
      // What reads still reads for an engine that nobody waited for.
      loading.unlink();
      loading.controller.abort(disposedError());
      if (this.#disposed) this.dispose();
    }
  }

  /**
   * A lost GPU is replaced by the processor; a processor that broke by a fresh one in a worker, and
   * on this thread, where there is none, by nothing.
   */
  async #replace(
    lost: Engine,
    cause: unknown,
    threads: number,
    start: EngineStarter,
  ): Promise<readonly Engine[]> {
    if (lost.backend === "cpu") {
      if (this.#remote === null) throw cause;
      return (await startProcessors(1, start)).engines;
    }
    const { engines, shortfall } = await startProcessors(threads, start);
    const { backend, device } = engines[0];
    const message = `The graphics device was lost. Work goes on, on the processor. ${shortfall ?? ""}`;
    for (const tell of this.#watchers) {
      tell({
        kind: "fallback",
        notice: { kind: "backend-fallback", message: message.trim() },
        backend,
        device,
      });
    }
    return engines;
  }

  /** Does `work` with an edit in its window. */
  async #placed<T>(
    { edit, options, window, reference }: SubjectParams,
    signal: AbortSignal,
    work: (single: Single) => Promise<T>,
    known: { receipts?: Uint8Array; annotation?: SourceSpec | undefined } = {},
  ): Promise<T> {
    const single = new this.#wasm.Single(this.#loaded(), edit, JSON.stringify(options));
    try {
      // Before it is placed: receipts say on which grid windows lie.
      if (known.receipts !== undefined) single.readAs(known.receipts);
      const annotation = await this.#annotation(known.annotation, signal);
      if (annotation !== undefined) single.among(annotation);
      if (window !== null) {
        single.withWindow(window.bases, window.start);
      } else {
        const open = this.#reference(reference ?? -1);
        await open.supplied(() => single.withReference(open.file), signal);
      }
      return await work(single);
    } finally {
      release(single);
    }
  }

  /** The transcripts of a file. Whoever takes them uses them up. */
  async #annotation(
    file: SourceSpec | undefined,
    signal: AbortSignal,
  ): Promise<WasmAnnotation | undefined> {
    return file && new this.#wasm.Annotation(file.name, await readAll(file, signal));
  }

  #loaded(): WasmModel {
    if (this.#model !== null) return this.#model;
    throw disposedError();
  }

  #engines(): EnginePool {
    if (this.#pool !== null) return this.#pool;
    throw disposedError();
  }

  #reference(id: number): OpenReference {
    const reference = this.#references.get(id);
    if (reference !== undefined) return reference;
    throw closedReference();
  }
}

/** Tells of bytes as often as one would look. */
function everyPercent(
  emit: (event: ProgressEvent) => void,
): (doneBytes: number, totalBytes: number) => void {
  let last = -1;
  return (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent <= last) return;
    last = percent;
    emit(loadBytes(done, total));
  };
}

/** Pushes a file through something that reads it from front to back. */
async function pour(
  source: SourceSpec,
  into: { push(chunk: Uint8Array): void },
  signal: AbortSignal,
): Promise<void> {
  const { pieces } = await openChunks(source, signal);
  const turns = new Turns();
  for await (const piece of pieces) {
    signal.throwIfAborted();
    into.push(piece);
    await turns.take();
  }
}
