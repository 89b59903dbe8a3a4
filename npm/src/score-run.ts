/** Drives one pass over a file: input and reference in, batches to the engines, rows out. */

import { Turns } from "./abort.js";
import type { BatchQueue } from "./batch-queue.js";
import type { Chunks } from "./bytes.js";
import type { EnginePool } from "./pool.js";
import { ScoreProgress, type Counts } from "./progress.js";
import type { OpenReference } from "./reference.js";
import type { CoordinatorApi, CallContext } from "./service.js";
import type { ScoreSummary } from "./types.js";
import { release, type Step, type WasmRun } from "./wasm.js";

type Job = Extract<Step, { kind: "job" }>;

/** The accounts of a run as wasm keeps them. */
type Accounts = Counts & Omit<ScoreSummary, "seconds">;

/** What a run needs. */
export interface RunParts {
  readonly run: WasmRun;
  readonly input: Chunks;
  readonly reference: OpenReference;
  readonly pool: EnginePool;
  readonly queue: BatchQueue;
  readonly context: CallContext<CoordinatorApi["score"]["event"]>;
}

/** A run. {@link ScoreRun.finish} may be called once. */
export class ScoreRun {
  readonly #parts: RunParts;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #progress: ScoreProgress;
  readonly #outstanding = new Set<Promise<void>>();
  readonly #start = performance.now();
  /** Where neither files nor workers are waited for, nobody else would get the thread. */
  readonly #turns = new Turns();
  #failure: { readonly reason: unknown } | null = null;
  #over = false;
  #headerSent = false;
  #warningsSent = 0;

  /** Begins with {@link ScoreRun.finish}. */
  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#pieces = parts.input.pieces[Symbol.asyncIterator]();
    this.#progress = new ScoreProgress(parts.input.size);
  }

  /** Works until the last row was taken. */
  async finish(): Promise<ScoreSummary> {
    const { run, queue } = this.#parts;
    try {
      while (await this.#step()) {
        await this.#flush();
        await this.#turns.take();
      }
      await this.#flush();
      const summary = this.#summary();
      this.#emitProgress(this.#progress.finish(this.#counts()));
      await queue.finish();
      return summary;
    } finally {
      this.#over = true;
      void this.#pieces.return?.().catch(() => undefined);
      release(run);
    }
  }

  /** One step of the state machine; false after the last. */
  async #step(): Promise<boolean> {
    const { run, reference, context } = this.#parts;
    context.signal.throwIfAborted();
    if (this.#failure !== null) throw this.#failure.reason;
    const step = run.next();
    switch (step.kind) {
      case "input":
        await this.#feed();
        return true;
      case "read":
        await reference.supply(step, context.signal);
        return true;
      case "job":
        await this.#dispatch(step);
        return true;
      case "wait":
        await Promise.race(this.#outstanding);
        return true;
      // Rows are ready, and others may have their turn.
      case "again":
        return true;
      case "done":
        return false;
    }
  }

  async #feed(): Promise<void> {
    const { run, context } = this.#parts;
    const { done, value } = await this.#pieces.next();
    context.signal.throwIfAborted();
    if (done) run.end();
    else run.push(value);
  }

  /** Hands a batch to the engines; waits while they have enough. */
  async #dispatch(job: Job): Promise<void> {
    const scored = this.#score(job).catch((reason: unknown) => {
      this.#failure ??= { reason };
    });
    const entry = scored.finally(() => this.#outstanding.delete(entry));
    this.#outstanding.add(entry);
    while (this.#outstanding.size >= Math.max(1, this.#parts.pool.capacity)) {
      await Promise.race(this.#outstanding);
    }
  }

  async #score({ ticket, bytes }: Job): Promise<void> {
    const { run, pool, context } = this.#parts;
    const { results, backend, device } = await pool.score(bytes, context.signal);
    if (!this.#over) run.complete(ticket, results, backend, device);
  }

  /** Passes on what is new: header, warnings, rows and how far things are. */
  async #flush(): Promise<void> {
    const { run, queue, context } = this.#parts;
    const header = this.#headerSent ? undefined : run.vcfHeader();
    if (header !== undefined) {
      this.#headerSent = true;
      context.emit({ kind: "header", header });
    }
    for (let rows = run.takeRows(); rows !== undefined; rows = run.takeRows()) {
      const counts = this.#counts();
      // Until there is a score, one of the warnings is that there is none.
      if (counts.scored > 0) this.#emitWarnings();
      this.#emitProgress(this.#progress.update(counts));
      await queue.push(rows);
    }
  }

  #emitWarnings(): void {
    const warnings = JSON.parse(this.#parts.run.warnings()) as readonly string[];
    for (const message of warnings.slice(this.#warningsSent)) {
      this.#parts.context.emit({ kind: "notice", notice: { kind: "input-warning", message } });
    }
    this.#warningsSent = warnings.length;
  }

  #emitProgress(progress: ReturnType<ScoreProgress["finish"]>): void {
    this.#parts.context.emit({ kind: "progress", progress });
  }

  #counts(): Counts {
    return JSON.parse(this.#parts.run.counts()) as Counts;
  }

  #summary(): ScoreSummary {
    this.#emitWarnings();
    const { inputBytesDone: _, ...counts } = JSON.parse(this.#parts.run.summary()) as Accounts;
    return { ...counts, seconds: (performance.now() - this.#start) / 1000 };
  }
}
