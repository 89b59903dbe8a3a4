/** Helpers around promises and `AbortSignal`. */

/** Settles as `work` does, or rejects with the signal's reason as soon as it is aborted. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/**
 * A signal that is aborted when any of `signals` is. Unlike `AbortSignal.any`, which browsers have
 * only since 2024, it must be let go with `unlink` when its work is over.
 */
export function linkSignals(...signals: readonly (AbortSignal | undefined)[]): {
  readonly controller: AbortController;
  readonly unlink: () => void;
} {
  const controller = new AbortController();
  const links = signals.map((signal) => {
    const stop = (): void => controller.abort(signal?.reason);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop);
    return () => signal?.removeEventListener("abort", stop);
  });
  return { controller, unlink: () => links.forEach((unlink) => unlink()) };
}

/** What {@link within} answers when time is up. */
export const LATE = Symbol("late");

/** The value of `work`, or `LATE` when it takes longer. */
export function within<T>(work: Promise<T>, milliseconds: number): Promise<T | typeof LATE> {
  work.catch(() => undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Waits, unless `signal` is aborted before. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await abortable(over, signal).finally(() => clearTimeout(timer));
}

/** Waits for a turn of the event loop, so that timers, messages and clicks are seen. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Time after which timers and messages get their turn, where nothing else lets them. */
const TURN_MS = 25;

/** Turns of the event loop for the others, taken in work that may never wait for anything. */
export class Turns {
  #last = performance.now();

  /** Waits for a turn, if the last one was a while ago. */
  async take(): Promise<void> {
    if (performance.now() - this.#last < TURN_MS) return;
    await nextTask();
    this.#last = performance.now();
  }
}

/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** One that is not settled yet. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}
