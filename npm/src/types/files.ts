/** Files, wherever they are. */

/** Bytes in memory. */
export type Bytes = Uint8Array | ArrayBuffer;

/**
 * A file whose bytes are read by range and never held as a whole. `Blob` and `File` fit as they
 * are; so does anything that implements {@link RangeSource}.
 */
export type FileLike = Blob | RangeSource | Bytes | URL | string;

/** Variants may also come as a stream, which is read once from front to back. */
export type InputLike = FileLike | ReadableStream<Uint8Array>;

/** Bytes by offset: what a `File` is to a browser, for any other place. */
export interface RangeSource {
  /** What errors call it. Never a path that tells about a person. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** The bytes `offset .. offset + length`, fewer only at the end. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}
