/** The caller's side of a run: rows by iteration, a summary behind them. */

import { nextTask } from "./abort.js";
import { GenoLeWMError } from "./errors.js";
import type { AnnotatedHeader } from "./service.js";
import type { Row, ScoreStream, ScoreSummary } from "./types.js";

/** Where rows come from. */
export interface RowSource {
  /** The next rows as JSON; null when there are no more. */
  rows(): Promise<string | null>;
  readonly summary: Promise<ScoreSummary>;
  readonly header: Promise<AnnotatedHeader>;
  /** Ends the run. */
  stop(reason: GenoLeWMError): void;
}

/** Rows that nobody reads yet, kept for who comes later: this many characters of JSON at most. */
const KEPT_CHARACTERS = 4 * (1 << 20);

/** A promise that tells when somebody waits for its value; who only catches does not. */
class AwaitedPromise<T> extends Promise<T> {
  onAwaited: () => void = () => undefined;

  /** What is made of one is a promise as all others. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise.
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (fulfilled) this.onAwaited();
    return super.then(fulfilled, rejected);
  }
}

/** A run that is read once. */
export class RowStream implements ScoreStream {
  readonly summary: Promise<ScoreSummary>;
  readonly vcfHeader: Promise<string>;
  readonly vcfHeaderBytes: Promise<Uint8Array>;
  readonly #source: RowSource;
  #read = false;
  #unread: Promise<void> | null = null;
  /** Null once there were too many. */
  #kept: string[] | null = [];

  /** Rows of `source`. */
  constructor(source: RowSource) {
    this.#source = source;
    const summary = new AwaitedPromise<ScoreSummary>((resolve, reject) => {
      source.summary.then(resolve, reject);
    });
    // A run waits for its reader. Where the summary is all that is wanted, there is none.
    summary.onAwaited = () => {
      this.#unread ??= this.#runUnread();
    };
    this.summary = summary;
    this.vcfHeader = source.header.then(({ text }) => text);
    this.vcfHeaderBytes = source.header.then(({ bytes }) => bytes);
    // The iteration rejects with the same; who only iterates must not be told twice.
    for (const one of [this.summary, this.vcfHeader, this.vcfHeaderBytes]) {
      one.catch(() => undefined);
    }
  }

  async *batches(): AsyncGenerator<readonly Row[], void, undefined> {
    const kept = this.#begin();
    let whole = false;
    try {
      await this.#unread;
      for (let rows = await this.#next(kept); rows !== null; rows = await this.#next(kept)) {
        yield parsed(rows);
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

  async #next(kept: string[]): Promise<string | null> {
    return kept.shift() ?? this.#source.rows();
  }

  /** Lets the run go on until somebody reads. */
  async #runUnread(): Promise<void> {
    let characters = 0;
    // Whoever asks for both begins to read in this turn.
    await nextTask();
    try {
      while (!this.#read) {
        const rows = await this.#source.rows();
        if (rows === null) return;
        characters += rows.length;
        if (characters <= KEPT_CHARACTERS) this.#kept?.push(rows);
        else this.#kept = null;
      }
    } catch {
      // The summary rejects with it.
    }
  }

  /** Rows that were kept for the one reader. */
  #begin(): string[] {
    if (this.#read || this.#kept === null) {
      throw new GenoLeWMError({
        code: "INPUT.GENERIC",
        message: "The rows of a run can be read once.",
        remediation: this.#read
          ? "Keep them, or call scoreVcf again."
          : "Begin to read them before the summary is awaited, or call scoreVcf again.",
      });
    }
    this.#read = true;
    return this.#kept;
  }
}

/** Rows of JSON, in which bytes are numbers. */
function parsed(rows: string): readonly Row[] {
  const all = JSON.parse(rows) as Row[];
  return all.map((row) =>
    row.recordBytes === undefined ? row : { ...row, recordBytes: Uint8Array.from(row.recordBytes) },
  );
}

function left(): GenoLeWMError {
  return new GenoLeWMError({
    name: "AbortError",
    code: "RESOURCE.GENERIC",
    message: "The run was left before its last row.",
  });
}
