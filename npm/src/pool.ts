/** Engines that share the work, and what happens when one is lost. */

import { rate, type Engine } from "./engines.js";
import type { BackendName } from "./types.js";

/** Results of a job, and who computed them. */
export interface Scored {
  readonly results: Float64Array;
  readonly backend: BackendName;
  readonly device: string;
}

/** Makes engines in the place of one that was lost; rejects when there is no other way. */
export type Replace = (lost: Engine, cause: unknown) => Promise<readonly Engine[]>;

interface Waiting {
  readonly start: (engine: Engine) => void;
  readonly reject: (reason: unknown) => void;
}

/** A pool. Work goes to the engine with the least of it, and waits while all are full. */
export class EnginePool {
  #engines: Engine[];
  readonly #load = new WeakMap<Engine, number>();
  readonly #waiting: Waiting[] = [];
  readonly #replace: Replace;
  #replacing: Promise<void> | null = null;
  #last = -1;
  #closed: { readonly reason: unknown } | null = null;

  /** Engines of one backend. */
  constructor(engines: readonly Engine[], replace: Replace) {
    this.#engines = [...engines];
    this.#replace = replace;
  }

  /** Jobs that are worth having under way at once. */
  get capacity(): number {
    return this.#engines.reduce((total, engine) => total + engine.capacity, 0);
  }

  /** Scores a job. One whose engine is lost meanwhile is scored again by another. */
  score(job: Uint8Array, signal?: AbortSignal): Promise<Scored> {
    return this.use(async (engine) => {
      const results = await engine.score(job);
      return { results, backend: engine.backend, device: engine.device };
    }, signal);
  }

  /** Does `work` with an engine: again with another, should that one be a lost GPU. */
  async use<T>(work: (engine: Engine) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let broken = 0; ; ) {
      const engine = await this.#acquire(signal);
      try {
        return await work(engine);
      } catch (error) {
        if (this.#closed !== null || !(await engine.lost())) throw error;
        await this.#drop(engine, error);
        // What breaks two processors would break all of them.
        broken += engine.backend === "cpu" ? 1 : 0;
        if (broken > 1) throw error;
      } finally {
        this.#release(engine);
      }
    }
  }

  /** Alleles a second with every engine at work. */
  async measure(): Promise<number> {
    const probes = this.#engines.map(() => () => this.use((engine) => engine.probe()));
    return (await rate(probes)).perSecond;
  }

  /** Ends the engines; what waits is rejected. */
  dispose(reason: unknown): void {
    this.#closed ??= { reason };
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    for (const engine of this.#engines.splice(0)) engine.dispose();
  }

  #acquire(signal: AbortSignal | undefined): Promise<Engine> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed.reason);
      if (signal?.aborted) return reject(signal.reason);
      const waiting: Waiting = {
        start: (engine) => {
          signal?.removeEventListener("abort", stop);
          resolve(engine);
        },
        reject,
      };
      const stop = (): void => {
        const place = this.#waiting.indexOf(waiting);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.#waiting.push(waiting);
      this.#distribute();
    });
  }

  #release(engine: Engine): void {
    this.#load.set(engine, (this.#load.get(engine) ?? 1) - 1);
    this.#distribute();
  }

  /** Gives what waits to engines that have room, in the order in which it came. */
  #distribute(): void {
    while (this.#waiting.length > 0) {
      const engine = this.#roomiest();
      if (engine === undefined) return;
      this.#load.set(engine, (this.#load.get(engine) ?? 0) + 1);
      this.#waiting.shift()?.start(engine);
    }
  }

  /** The engine with the least to do; among equals, the one after the last that was taken. */
  #roomiest(): Engine | undefined {
    const count = this.#engines.length;
    let best: { readonly place: number; readonly load: number } | undefined;
    for (let step = 1; step <= count; step += 1) {
      const place = (this.#last + step) % count;
      const engine = this.#engines[place] as Engine;
      const load = this.#load.get(engine) ?? 0;
      if (load < engine.capacity && load < (best?.load ?? Infinity)) best = { place, load };
    }
    if (best === undefined) return undefined;
    this.#last = best.place;
    return this.#engines[best.place];
  }

  /**
   * Takes an engine out, and puts others in its place: a processor's at once, for a GPU when it was
   * the last. Once, however many jobs it had.
   */
  async #drop(engine: Engine, cause: unknown): Promise<void> {
    if (this.#engines.includes(engine)) {
      this.#engines = this.#engines.filter((other) => other !== engine);
      engine.dispose();
      if (this.#engines.length === 0 || engine.backend === "cpu") {
        this.#replacing = this.#refill(engine, cause);
      }
    }
    await this.#replacing;
  }

  async #refill(lost: Engine, cause: unknown): Promise<void> {
    try {
      const engines = await this.#replace(lost, cause);
      if (this.#closed !== null) engines.forEach((engine) => engine.dispose());
      else this.#engines.push(...engines);
    } catch (error) {
      // Those that are left go on.
      if (this.#engines.length === 0) {
        this.dispose(error);
        throw error;
      }
    }
    this.#distribute();
  }
}
