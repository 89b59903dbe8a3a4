/** The caller's side of a run: rows by iteration, a summary behind them. */

import { nextTask } from "./abort.js";
import { GenoLeWMError } from "./errors.js";
import type { Row, ScoreStream, ScoreSummary } from "./types.js";

/** Where rows come from. */
export interface RowSource {
  /** The next rows as JSON; null when there are no more. */
  rows(): Promise<string | null>;
  readonly summary: Promise<ScoreSummary>;
  readonly vcfHeader: Promise<string>;
  /** Ends the run. */
  stop(reason: GenoLeWMError): void;
}

/** A run that is read once. */
export class RowStream implements ScoreStream {
  readonly vcfHeader: Promise<string>;
  readonly #source: RowSource;
  #read = false;

  /** Rows of `source`. */
  constructor(source: RowSource) {
    this.#source = source;
    this.vcfHeader = source.vcfHeader;
    // The iteration rejects with the same; who only iterates must not be told twice.
    source.summary.catch(() => undefined);
    this.vcfHeader.catch(() => undefined);
  }

  /** Who asks for it and reads no rows wants the run all the same: it would wait for a reader. */
  get summary(): Promise<ScoreSummary> {
    // Whoever asks for both begins to read in this turn.
    void nextTask().then(() => this.#runUnread());
    return this.#source.summary;
  }

  async *batches(): AsyncGenerator<readonly Row[], void, undefined> {
    this.#begin();
    let whole = false;
    try {
      for (let rows = await this.#source.rows(); rows !== null; rows = await this.#source.rows()) {
        yield JSON.parse(rows) as readonly Row[];
      }
      await this.#source.summary;
      whole = true;
    } finally {
      if (!whole) this.#source.stop(left());
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }

  async #runUnread(): Promise<void> {
    if (this.#read) return;
    this.#read = true;
    try {
      while ((await this.#source.rows()) !== null);
    } catch {
      // The summary rejects with it.
    }
  }

  #begin(): void {
    if (this.#read) {
      throw new GenoLeWMError({
        code: "INPUT.GENERIC",
        message: "The rows of a run can be read once.",
        remediation:
          "Keep them, or call scoreVcf again. Asking for summary before rows are read means that nobody reads them.",
      });
    }
    this.#read = true;
  }
}

function left(): GenoLeWMError {
  return new GenoLeWMError({
    name: "AbortError",
    code: "RESOURCE.GENERIC",
    message: "The run was left before its last row.",
  });
}
