/**
 * Weights on their way to the engines: each file is read once for all engines that start together, piece by
 * piece, and none is held as a whole.
 */

import { abortable, Turns } from "./abort.js";
import type { Pace } from "./pace.js";
import type { SourceSpec } from "./service.js";
import { openChunks } from "./sources.js";

/** A file of weights, in the order in which a loader takes them. */
export interface WeightFile {
  readonly path: string;
  readonly size: number;
}

/** Takes the next bytes, which it may not keep. */
export type Push = (piece: Uint8Array) => Promise<void>;

/** Has all weights pushed; settles when they are. */
export type Pour = (push: Push) => Promise<void>;

/** Time for which an engine that is ready waits for the others: as long as an adapter has to get ready. */
const PATIENCE_MS = 2_000;

interface Engine {
  readonly push: Push;
  /** Aborted when nobody wants the engine any more. */
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The weights of a model. */
export class WeightFeed {
  readonly #files: readonly WeightFile[];
  readonly #sources: Readonly<Record<string, SourceSpec>>;
  readonly #tell: (doneBytes: number, totalBytes: number) => void;
  /** Engines that start and have not asked yet. */
  #expected = 0;
  #waiting: Engine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `tell` hears how far a reading is. */
  constructor(
    files: readonly WeightFile[],
    sources: Readonly<Record<string, SourceSpec>>,
    tell: (doneBytes: number, totalBytes: number) => void,
  ) {
    this.#files = files;
    this.#sources = sources;
    this.#tell = tell;
  }

  /**
   * Starts an engine with what pours the weights into it. `signal` ends the reading; one that does not keep its
   * `pace` is left behind by it.
   */
  async start<T>(work: (pour: Pour) => Promise<T>, signal: AbortSignal, pace?: Pace): Promise<T> {
    let expected = true;
    this.#expected += 1;
    const arrive = (): void => {
      if (expected) this.#expected -= 1;
      expected = false;
      if (this.#expected === 0) this.#begin(signal);
    };
    pace?.signal.addEventListener("abort", arrive, { once: true });
    const ask: Pour = (push) =>
      new Promise((resolve, reject) => {
        this.#waiting.push({ push, signal: pace?.signal, resolve, reject });
        this.#timer ??= setTimeout(() => this.#begin(signal), PATIENCE_MS);
        arrive();
      });
    return work(pace === undefined ? ask : paced(ask, pace)).finally(arrive);
  }

  #begin(signal: AbortSignal): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const engines = this.#waiting.splice(0).filter(isWanted);
    if (engines.length === 0) return;
    this.#read(engines, signal).then(
      () => engines.forEach(({ resolve }) => resolve()),
      (error: unknown) => engines.forEach(({ reject }) => reject(error)),
    );
  }

  async #read(engines: readonly Engine[], signal: AbortSignal): Promise<void> {
    const total = this.#files.reduce((sum, { size }) => sum + size, 0);
    const turns = new Turns();
    let taking = engines;
    let done = 0;
    for (const { path } of this.#files) {
      const { pieces } = await openChunks(this.#sources[path] as SourceSpec, signal);
      for await (const piece of pieces) {
        signal.throwIfAborted();
        taking = await pushed(taking, piece);
        if (taking.length === 0) return;
        done += piece.length;
        this.#tell(done, total);
        await turns.take();
      }
    }
  }
}

function isWanted({ signal }: Engine): boolean {
  return signal?.aborted !== true;
}

/** Pours for an engine whose own time does not run while it waits for weights. */
function paced(pour: Pour, pace: Pace): Pour {
  return async (push) => {
    pace.signal.throwIfAborted();
    const timed: Push = async (piece) => {
      pace.work();
      await push(piece);
      pace.rest();
    };
    pace.rest();
    await abortable(pour(timed), pace.signal).finally(() => pace.work());
  };
}

/** The engines that took a piece: one that cannot, or is not wanted, has failed, and the others go on. */
async function pushed(engines: readonly Engine[], piece: Uint8Array): Promise<Engine[]> {
  const wanted = engines.filter(isWanted);
  const took = await Promise.all(
    wanted.map(({ push, signal, reject }) =>
      abortable(push(piece), signal).then(
        () => true,
        (error: unknown) => (reject(error), false),
      ),
    ),
  );
  return wanted.filter((_, place) => took[place]);
}
