/** Rows between the run that makes them and the reader that takes them. */

/** Batches that wait for the reader; the run waits once there are that many. */
const LIMIT = 3;

/** A queue that holds its writer back. */
export class BatchQueue {
  #batches: string[] = [];
  #ended = false;
  #failure: { readonly reason: unknown } | null = null;
  #wakeReader: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;

  /** Adds rows, and waits until there is room for more. */
  async push(rows: string): Promise<void> {
    this.#batches.push(rows);
    this.#wakeReader?.();
    await this.#writable(() => this.#batches.length < LIMIT);
  }

  /** Says that no rows follow, and waits until the last were taken. */
  async finish(): Promise<void> {
    this.#ended = true;
    this.#wakeReader?.();
    await this.#writable(() => this.#batches.length === 0);
  }

  /** Ends both sides. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  /** The next rows; null when there are no more. One reader at a time. */
  async take(): Promise<string | null> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.reason;
      const rows = this.#batches.shift();
      if (rows !== undefined || this.#ended) {
        this.#wakeWriter?.();
        return rows ?? null;
      }
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  async #writable(ready: () => boolean): Promise<void> {
    while (this.#failure === null && !ready()) {
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
    if (this.#failure !== null) throw this.#failure.reason;
  }
}
