/**
 * What a thing is, by what it can do: what an iframe, or a test's imitation of a page, has made is no
 * `instanceof` of this side's classes.
 */

/** Bytes of any view or buffer, without a copy; null for what is neither. */
export function asBytes(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return isBuffer(value) ? new Uint8Array(value) : null;
}

function isBuffer(value: unknown): value is ArrayBuffer {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

/** A `Blob` or a `File`. */
export function isBlob(value: unknown): value is Blob {
  const blob = object<Blob>(value);
  return typeof blob?.size === "number" && typeof blob.slice === "function" && "type" in blob;
}

/** A `ReadableStream`. */
export function isStream(value: unknown): value is ReadableStream<Uint8Array> {
  const stream = object<ReadableStream>(value);
  return typeof stream?.getReader === "function" && typeof stream.cancel === "function";
}

/** A `URL`. */
export function isUrl(value: unknown): value is URL {
  const url = object<URL>(value);
  return typeof url?.href === "string" && typeof url.protocol === "string";
}

/** A `Response`. */
export function isResponse(value: unknown): value is Response {
  const response = object<Response>(value);
  return typeof response?.arrayBuffer === "function" && typeof response.status === "number";
}

/** A compiled module. */
export function isModule(value: unknown): value is WebAssembly.Module {
  return Object.prototype.toString.call(value) === "[object WebAssembly.Module]";
}

/** `value` as an object of whose parts nothing is known; undefined where it is none. */
export function object<T extends object>(value: unknown): Partial<T> | undefined {
  return typeof value === "object" && value !== null ? value : undefined;
}
