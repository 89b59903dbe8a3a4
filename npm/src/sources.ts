/**
 * Files, wherever they are: read by range for a reference, as a stream for variants. Nothing here
 * holds a file as a whole but {@link readAll}, which is for small ones.
 */

import {
  blobPieces,
  blobRange,
  bytesOf,
  concatenate,
  readAhead,
  streamPieces,
  type Chunks,
} from "./bytes.js";
import { GenoLeWMError } from "./errors.js";
import { httpRange, httpStream } from "./http.js";
import { asBytes, isBlob, isStream, isUrl, object } from "./kinds.js";
import type { Platform } from "./platform.js";
import type { ReferenceParams, SourceSpec } from "./service.js";
import { onlyParts } from "./shapes.js";
import type { FileLike, InputLike, RangeSource, ReferenceFiles } from "./types.js";

/** Indexes and receipts are small; what is larger than this is something else. */
const WHOLE_LIMIT_BYTES = 512 * (1 << 20);

/** {@link sourceOf} for a caller of the package: a file that is not there is told as that. */
export async function givenSource(
  file: InputLike,
  platform: Pick<Platform, "openFile">,
): Promise<SourceSpec> {
  try {
    return await sourceOf(file, platform);
  } catch (error) {
    throw GenoLeWMError.from(error);
  }
}

/** {@link givenSource} for a reference with the indexes that were given with it. */
export async function referenceSources(
  input: FileLike | ReferenceFiles,
  platform: Pick<Platform, "openFile">,
): Promise<ReferenceParams["sources"]> {
  const set = object<ReferenceFiles>(input);
  const isSet = set !== undefined && ["file", "fai", "gzi"].some((name) => name in set);
  if (isSet) onlyParts("A reference", set, ["file", "fai", "gzi"]);
  const { file, fai, gzi } = isSet ? (set as ReferenceFiles) : ({ file: input } as ReferenceFiles);
  const open = (one: FileLike) => givenSource(one, platform);
  return {
    file: await open(file),
    ...(fai === undefined ? {} : { fai: await open(fai) }),
    ...(gzi === undefined ? {} : { gzi: await open(gzi) }),
  };
}

/** Cancels a stream that nobody reads: its sender must not wait for ever. */
export function discard(spec: SourceSpec): void {
  if (spec.kind !== "stream" || spec.stream.locked) return;
  spec.stream.cancel().catch(() => undefined);
}

/** What was given as a file, told apart. */
export async function sourceOf(
  file: InputLike,
  platform: Pick<Platform, "openFile">,
): Promise<SourceSpec> {
  const bytes = asBytes(file);
  if (bytes !== null) return { kind: "bytes", name: "input", bytes };
  if (typeof file === "string" || isUrl(file)) return urlSource(file, platform);
  if (isStream(file)) return { kind: "stream", name: "input", stream: file };
  if (isBlob(file)) {
    const name = "name" in file && typeof file.name === "string" ? file.name : "input";
    return { kind: "blob", name, blob: file };
  }
  if (isRangeSource(file)) {
    const source = ownRange(file);
    return { kind: "range", name: source.name, source };
  }
  throw new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: "This is no file that can be read.",
    details: { type: file === null ? "null" : typeof file },
    remediation: "Give a File, a Blob, a URL, bytes, or an object with name, size and read().",
  });
}

/** A caller's own source: what it gives is looked at. */
function ownRange(own: RangeSource): RangeSource {
  const name = typeof own.name === "string" ? own.name : "input";
  return {
    name,
    size: own.size,
    read: async (offset, length, signal) => bytesOf(name, await own.read(offset, length, signal)),
  };
}

function isRangeSource(file: unknown): file is RangeSource {
  const { size, read } = object<RangeSource>(file) ?? {};
  return typeof size === "number" && typeof read === "function";
}

async function urlSource(
  file: string | URL,
  platform: Pick<Platform, "openFile">,
): Promise<SourceSpec> {
  const url = absoluteUrl(file);
  const name = fileName(url);
  if (url.protocol === "http:" || url.protocol === "https:") {
    return { kind: "url", name, href: url.href };
  }
  if (url.protocol === "blob:" || url.protocol === "data:") {
    return { kind: "blob", name: "input", blob: await fetchBlob(url) };
  }
  if (url.protocol === "file:" && platform.openFile !== undefined) {
    return { kind: "range", name, source: await platform.openFile(url) };
  }
  throw new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: `Files cannot be read from ${url.protocol} here.`,
    details: { protocol: url.protocol },
    remediation: "Give an http or https URL, a File, a Blob, or bytes.",
  });
}

async function fetchBlob(url: URL): Promise<Blob> {
  try {
    return await (await fetch(url)).blob();
  } catch (cause) {
    throw new GenoLeWMError(
      {
        code: "RESOURCE.GENERIC",
        message: `There is nothing at this ${url.protocol} address.`,
        details: { protocol: url.protocol },
        remediation: "Give the Blob or the bytes themselves.",
      },
      { cause },
    );
  }
}

/** A URL, relative to the page where there is one. */
export function absoluteUrl(text: string | URL): URL {
  if (typeof text !== "string") return new URL(text.href);
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  try {
    return new URL(text, base);
  } catch (cause) {
    throw new GenoLeWMError(
      {
        code: "INPUT.GENERIC",
        message: "A string names a file by its URL, and this is none.",
        remediation:
          "For a path on a disk give pathToFileURL(path) of node:url, or the Blob of openAsBlob(path) of node:fs.",
      },
      { cause },
    );
  }
}

function fileName(url: URL): string {
  const last = url.pathname.split("/").pop() ?? "";
  try {
    return decodeURIComponent(last) || "input";
  } catch {
    return last;
  }
}

/** Opens a file for reading by range. */
export async function openRange(spec: SourceSpec, signal?: AbortSignal): Promise<RangeSource> {
  switch (spec.kind) {
    case "blob":
      return blobRange(spec.name, spec.blob);
    case "bytes":
      return bytesRange(spec.name, spec.bytes);
    case "url":
      return httpRange(spec.href, spec.name, signal);
    case "range":
      return spec.source;
    case "stream":
      throw new GenoLeWMError({
        code: "INPUT.GENERIC",
        message: "A stream cannot be read by range.",
        remediation: "Give the reference as a File, a Blob, a URL or bytes.",
      });
  }
}

/** Opens a file for reading from front to back. */
export async function openChunks(spec: SourceSpec, signal: AbortSignal): Promise<Chunks> {
  if (spec.kind === "stream") return { size: null, pieces: streamPieces(spec.stream, signal) };
  if (spec.kind === "url") return httpStream(spec.href, spec.name, signal);
  if (spec.kind === "blob") {
    return { size: spec.blob.size, pieces: blobPieces(spec.blob, signal) };
  }
  const range = await openRange(spec, signal);
  return { size: range.size, pieces: readAhead(range, signal) };
}

/** The bytes of a small file. */
export async function readAll(spec: SourceSpec, signal: AbortSignal): Promise<Uint8Array> {
  const { pieces } = await openChunks(spec, signal);
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const piece of pieces) {
    total += piece.length;
    if (total > WHOLE_LIMIT_BYTES) throw tooLarge(spec.name, WHOLE_LIMIT_BYTES);
    parts.push(piece.slice());
  }
  return concatenate(parts, total);
}

/** For files that would have to be held whole, and are too large for that. */
function tooLarge(name: string, limitBytes: number): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.GENERIC",
    message: `${name} is larger than ${limitBytes >> 20} MiB, the most that is read at once.`,
    details: { limitBytes: String(limitBytes) },
  });
}

function bytesRange(name: string, bytes: Uint8Array): RangeSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}
