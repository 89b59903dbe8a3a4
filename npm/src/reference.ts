/** A reference genome: opened, indexed where it must be, and read by range. */

import { Turns } from "./abort.js";
import { GenoLeWMError } from "./errors.js";
import { whole } from "./http.js";
import type { CallContext, ProgressEvent, ReferenceParams, SourceSpec } from "./service.js";
import { openChunks, openRange, readAll } from "./sources.js";
import type { RangeSource } from "./types.js";
import { release, type Want, type Wasm, type WasmReference } from "./wasm.js";

/** The indexes of a FASTA file. */
interface Indexes {
  readonly fai: Uint8Array;
  readonly gzi?: Uint8Array | undefined;
}

/** Those that were made by reading the file through, and what was odd about it. */
interface BuiltIndexes extends Indexes {
  readonly warnings: readonly string[];
}

/** First bytes of gzip, and so of bgzip. */
const GZIP_MAGIC = [0x1f, 0x8b];

/** A reference that answers. */
export class OpenReference {
  readonly #file: WasmReference;
  readonly #source: RangeSource;
  #turn: Promise<unknown> = Promise.resolve();
  #warnings: readonly string[] = [];
  #closed = false;

  private constructor(file: WasmReference, source: RangeSource) {
    this.#file = file;
    this.#source = source;
  }

  /** The wasm side, for runs and imports. It is gone once the reference was closed. */
  get file(): WasmReference {
    if (this.#closed) throw closedReference();
    return this.#file;
  }

  /** What is odd about the file, a sentence each. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Opens a file; without an index one is looked for beside it, and made when there is none. */
  static async open(
    wasm: Wasm,
    sources: ReferenceParams["sources"],
    context: CallContext<ProgressEvent>,
  ): Promise<OpenReference> {
    const { signal } = context;
    const source = await openRange(sources.file, signal);
    const [fai, gzi] = await Promise.all(
      [sources.fai, sources.gzi].map((spec) => spec && readAll(spec, signal)),
    );
    const file = new wasm.ReferenceFile(source.name, source.size, fai, gzi);
    const reference = new OpenReference(file, source);
    try {
      await reference.#open(signal);
      if (file.needsIndex()) await reference.#index(wasm, sources.file, context);
      return reference;
    } catch (error) {
      reference.close();
      throw error;
    }
  }

  /** Reads the bytes that wasm asks for. */
  async supply(want: Want, signal: AbortSignal): Promise<void> {
    const bytes = await this.#source.read(want.offset, want.length, signal);
    signal.throwIfAborted();
    this.file.supply(want.offset, bytes);
  }

  /** Makes `step` until it needs no more bytes. */
  async supplied<T extends string | undefined>(
    step: () => T | Want,
    signal: AbortSignal,
  ): Promise<T> {
    const turns = new Turns();
    for (;;) {
      signal.throwIfAborted();
      const answer = step();
      if (typeof answer !== "object") return answer;
      // Not between the bytes and the next step, where others could push the bytes out.
      await turns.take();
      await this.supply(answer, signal);
    }
  }

  /** Bases of a contig. Calls take turns, so that one does not push out what another has read. */
  bases(contig: string, start: number, end: number, signal: AbortSignal): Promise<string> {
    const read = (): Promise<string> =>
      this.supplied(() => this.file.bases(contig, start, end), signal);
    const mine = this.#turn.then(read);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Gives the memory back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    release(this.#file);
  }

  async #open(signal: AbortSignal): Promise<void> {
    await this.supplied(() => this.file.open(), signal);
  }

  async #index(wasm: Wasm, spec: SourceSpec, context: CallContext<ProgressEvent>): Promise<void> {
    const beside = await this.#indexesBeside(spec, context.signal);
    if (beside !== null && (await this.#accepts(beside, context.signal))) return;
    const built = await buildIndexes(wasm, spec, context);
    this.#warnings = built.warnings;
    await this.#openWith(built, context.signal);
  }

  async #openWith({ fai, gzi }: Indexes, signal: AbortSignal): Promise<void> {
    this.file.setIndex(fai, gzi);
    await this.#open(signal);
  }

  /** What lies beside a URL may be another file's: then it counts as absent. */
  async #accepts(indexes: Indexes, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#openWith(indexes, signal);
      return true;
    } catch (error) {
      if (GenoLeWMError.from(error).code.startsWith("INPUT.")) return false;
      throw error;
    }
  }

  /** Where they cannot be had, for whatever reason, the file itself can be read through. */
  async #indexesBeside(spec: SourceSpec, signal: AbortSignal): Promise<Indexes | null> {
    if (spec.kind !== "url") return null;
    const beside = (suffix: string): Promise<Uint8Array | null> => {
      const url = new URL(spec.href);
      url.pathname += suffix;
      return whole(url.href, spec.name + suffix, signal).catch(() => {
        signal.throwIfAborted();
        return null;
      });
    };
    const start = await this.#source.read(0, GZIP_MAGIC.length, signal);
    const compressed = GZIP_MAGIC.every((byte, place) => start[place] === byte);
    const fai = await beside(".fai");
    if (fai === null || !compressed) return fai && { fai };
    const gzi = await beside(".gzi");
    return gzi && { fai, gzi };
  }
}

/** For what still uses a reference after it was closed. */
export function closedReference(): GenoLeWMError {
  return new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: "The reference was closed.",
    remediation: "Open it again.",
  });
}

/** Reads a FASTA file through once. */
async function buildIndexes(
  wasm: Wasm,
  spec: SourceSpec,
  { signal, emit }: CallContext<ProgressEvent>,
): Promise<BuiltIndexes> {
  const { size, pieces } = await openChunks(spec, signal);
  const totalBytes = Math.max(size ?? 1, 1);
  const builder = new wasm.IndexBuilder(spec.name);
  const turns = new Turns();
  let read = 0;
  const report = (doneBytes: number): void =>
    emit({
      kind: "progress",
      progress: { kind: "index", doneBytes, totalBytes, done: doneBytes, total: totalBytes },
    });
  try {
    for await (const piece of pieces) {
      builder.push(piece);
      read += piece.length;
      report(size === null ? 0 : Math.min(read, totalBytes));
      await turns.take();
    }
  } catch (error) {
    release(builder);
    throw error;
  }
  // Uses the builder up: it must not be freed after this.
  const indexes = builder.finish();
  report(totalBytes);
  return indexes;
}
