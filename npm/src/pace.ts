/** How long an engine may take for what it does itself. */

import { LATE } from "./abort.js";

/** A limit for each stretch of work. It does not run while the engine waits for others: for weights that are fetched. */
export class Pace {
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Nothing is measured before {@link work}. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Aborted with {@link LATE} when a stretch was too long. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The engine has something to do from now on. */
  work(): void {
    this.rest();
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => this.stop(LATE), this.#limitMs);
  }

  /** It has not. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** Nobody wants the engine any more. */
  stop(reason: unknown): void {
    this.rest();
    this.#controller.abort(reason);
  }
}
