/** Bytes in pieces: what every kind of source comes down to. */

import { GenoLeWMError } from "./errors.js";
import { asBytes } from "./kinds.js";
import type { RangeSource } from "./types.js";

/** Bytes that are read at once. */
const CHUNK_BYTES = 1 << 20;

/** A file as a sequence of pieces. */
export interface Chunks {
  /** Null where nobody knows. */
  readonly size: number | null;
  /**
   * Ends early when its iteration is left; nothing is read ahead then. A piece is valid until the
   * next one is asked for.
   */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** One array of several. */
export function concatenate(parts: readonly Uint8Array[], total: number): Uint8Array {
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Reads a file through, the next piece while the last one is worked on. */
export async function* readAhead(
  source: RangeSource,
  signal: AbortSignal,
  chunkBytes: number = CHUNK_BYTES,
): AsyncGenerator<Uint8Array, void, undefined> {
  const fetchAt = (offset: number): Promise<Uint8Array> | undefined => {
    if (offset >= source.size) return undefined;
    const piece = source.read(offset, Math.min(chunkBytes, source.size - offset), signal);
    // It may fail while nobody waits for it yet, or be left unread.
    piece.catch(() => undefined);
    return piece;
  };
  let offset = 0;
  let next = fetchAt(0);
  while (next !== undefined) {
    const piece = await next;
    signal.throwIfAborted();
    if (piece.length === 0) throw endedEarly(source.name);
    offset += piece.length;
    next = fetchAt(offset);
    yield piece;
  }
}

/**
 * Reads a blob through in one buffer, over and over: where each piece has its own, hundreds of
 * megabytes pile up before a collector looks.
 */
export async function* blobPieces(
  blob: Blob,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof blob.stream !== "function") return yield* readAhead(blobRange("input", blob), signal);
  const reader = byteReader(blob);
  if (reader === null) return yield* streamPieces(blob.stream(), signal);
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      signal.throwIfAborted();
      if (done) return;
      yield value;
      buffer = value.buffer as ArrayBuffer;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** A reader into buffers of ours, where blobs have one. */
function byteReader(blob: Blob): ReadableStreamBYOBReader | null {
  try {
    return blob.stream().getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

/** For a source that has fewer bytes than it said. */
export function endedEarly(name: string): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.GENERIC",
    message: `${name} ended before its size was reached: it was changed while it was read.`,
    remediation: "Open it again.",
  });
}

/** The pieces of a stream, which is cancelled when the iteration is left early. */
export async function* streamPieces(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  let whole = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      whole = done;
      if (done) break;
      yield bytesOf("The stream", value);
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", cancel);
    if (!whole) cancel();
    reader.releaseLock();
  }
}

/** A `Blob` by slices. */
export function blobRange(name: string, blob: Blob): RangeSource {
  return {
    name,
    size: blob.size,
    read: async (offset, length) =>
      new Uint8Array(await bufferOf(blob.slice(offset, offset + length))),
  };
}

/** What a source gave, as bytes. */
export function bytesOf(name: string, value: unknown): Uint8Array {
  const bytes = asBytes(value);
  if (bytes !== null) return bytes;
  throw new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: `${name} gave something that is no bytes.`,
    details: { type: typeof value },
    remediation: "Let it give a Uint8Array.",
  });
}

/** The bytes of a blob. Imitations of a page, such as jsdom, have blobs with an older way alone. */
function bufferOf(blob: Blob): Promise<ArrayBuffer> {
  if (typeof blob.arrayBuffer === "function") return blob.arrayBuffer();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(blob);
  });
}
