/**
 * Files behind a URL: by `Range` requests where the server answers them, as a stream else. What passes,
 * a busy server or a line that drops, is tried again.
 */

import { pause } from "./abort.js";
import { GenoLeWMError, type ErrorParts } from "./errors.js";
import { MAX_INDEX_BYTES, tooLarge } from "./limits.js";
import { concatenate, endedEarly, streamPieces, type Chunks } from "./bytes.js";
import { tensorFileSize } from "./tensor-file.js";
import type { RangeSource } from "./types.js";

/** What the first request asks for: enough to tell a format, and to see whether ranges work. */
const FIRST_BYTES = 1 << 16;

/** Waits before a request is made again. */
const BACK_OFF_MS = [500, 1_000, 2_000];

/** A server may ask for a longer wait; who asks for more than this is not waited for. */
const LONGEST_WAIT_MS = 30_000;

/** Answers that may be others a moment later. */
const PASSING_STATUS = [408, 429, 500, 502, 503, 504];

/** A failure that may pass, with the wait that the server asked for. */
class Passing extends GenoLeWMError {
  readonly waitMs: number | null;

  constructor(parts: ErrorParts, waitMs: number | null, options?: ErrorOptions) {
    super(parts, options);
    this.waitMs = waitMs;
  }
}

/** Does `work`, and again while its failure may pass. */
async function patiently<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  backOff: readonly number[] = BACK_OFF_MS,
): Promise<T> {
  for (const wait of backOff) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const asked = error instanceof Passing ? (error.waitMs ?? wait) : Infinity;
      if (asked > LONGEST_WAIT_MS) throw error;
      await pause(asked, signal);
    }
  }
  return work();
}

/**
 * A URL that is read by range. Asks for the first bytes: that shows whether the server knows ranges,
 * and the file's size.
 */
export async function httpRange(
  href: string,
  name: string,
  signal?: AbortSignal,
): Promise<RangeSource> {
  const { known, first, size } = await patiently(signal, async () => {
    const response = await request(href, name, signal, `bytes=0-${FIRST_BYTES - 1}`);
    const [first, size] = await beginning(response, href, name, signal);
    return { known: response.headers.get("etag"), first, size };
  });
  const read: RangeSource["read"] = async (offset, length, signal) => {
    const end = Math.min(offset + length, size);
    if (end <= offset) return new Uint8Array();
    if (end <= first.length) return first.slice(offset, end);
    return patiently(signal, async () => {
      const response = await request(href, name, signal, `bytes=${offset}-${end - 1}`);
      if (response.status !== 206 || isAnother(response, known)) {
        await response.body?.cancel();
        throw endedEarly(name);
      }
      const bytes = await bytesOf(response, href, name, signal);
      if (bytes.length !== end - offset) throw endedEarly(name);
      return bytes;
    });
  };
  return { name, size, read };
}

/** Whether what answers is no longer the file that was opened, as far as the server tells. */
function isAnother(response: Response, known: string | null): boolean {
  const etag = response.headers.get("etag");
  return known !== null && etag !== null && etag !== known;
}

/** The bytes that the first request brought, and the size of the file. */
async function beginning(
  response: Response,
  href: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<readonly [first: Uint8Array, size: number]> {
  if (response.status === 200) {
    const whole = await hold(response, href, name, signal);
    return [whole, whole.length];
  }
  // An empty file has no first byte.
  if (response.status === 416) return [new Uint8Array(), 0];
  const first = await bytesOf(response, href, name, signal);
  return [first, sizeOf(response) ?? (await headSize(href, name, signal))];
}

/** A URL that is read from front to back, which every server can do. */
export async function httpStream(href: string, name: string, signal: AbortSignal): Promise<Chunks> {
  const response = await patiently(signal, () => request(href, name, signal));
  // The length of an encoded body is not that of the bytes that arrive.
  const encoded = response.headers.get("content-encoding") !== null;
  const length = response.headers.get("content-length");
  const size = encoded || length === null ? null : Number(length);
  return { size, pieces: resumed(response, { href, name, encoded, signal }) };
}

interface Stream {
  readonly href: string;
  readonly name: string;
  readonly encoded: boolean;
  readonly signal: AbortSignal;
}

/** A body piece by piece; where it breaks off, the rest is asked for, if that can be had. */
async function* resumed(
  begun: Response,
  { href, name, encoded, signal }: Stream,
): AsyncGenerator<Uint8Array, void, undefined> {
  const known = begun.headers.get("etag");
  let response = begun;
  for (let done = 0; ; ) {
    const start = done;
    try {
      for await (const piece of piecesOf(response, href, name, signal)) {
        done += piece.length;
        yield piece;
      }
      return;
    } catch (error) {
      // Without a tag nobody knows whether the rest is of the same file.
      if (!(error instanceof Passing) || encoded || known === null || done === start) throw error;
      response = await patiently(signal, () => request(href, name, signal, `bytes=${done}-`));
      if (response.status === 206 && !isAnother(response, known)) continue;
      await response.body?.cancel();
      throw error;
    }
  }
}

/**
 * The number of bytes that will arrive, or null where it is not known. The length of an encoded body is another
 * one, and another site's answer shows its length, but not that it is encoded.
 */
function lengthOf(response: Response): number | null {
  const length = response.headers.get("content-length");
  const encoded = response.type === "cors" || response.headers.get("content-encoding") !== null;
  return encoded || length === null ? null : Number(length);
}

/** Servers of single-page applications answer a missing file with their page. */
function isPage(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/html") ?? false;
}

/**
 * How long the file of tensors at an address is, or null where nobody says so for sure: there may be none. Where the
 * server's word will not do the file's beginning tells.
 */
export async function sizeAt(
  href: string,
  name: string,
  signal?: AbortSignal,
): Promise<number | null> {
  const response = await patiently(signal, () => attempt(href, name, signal, undefined, "HEAD"));
  if (!response.ok || isPage(response)) return null;
  return lengthOf(response) ?? patiently(signal, () => toldSize(href, name, signal));
}

/** The size that a file of tensors gives itself in its table of contents: {@link sizeAt} without its server. */
async function toldSize(
  href: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const response = await request(href, name, signal);
  const until = signal ?? new AbortController().signal;
  let begun: Uint8Array = new Uint8Array();
  for await (const piece of piecesOf(response, href, name, until)) {
    begun = concatenate([begun, piece], begun.length + piece.length);
    const size = tensorFileSize(begun);
    if (size !== undefined) return size;
  }
  return null;
}

/** The whole body of a small file, or null when there is none at this address. */
export function fetchWhole(
  href: string,
  name: string,
  signal?: AbortSignal,
  most: number = MAX_INDEX_BYTES,
): Promise<Uint8Array | null> {
  return patiently(signal, () => whole(href, name, signal, most));
}

/** {@link fetchWhole} for a file that may as well not be there: it is asked for once. */
export async function whole(
  href: string,
  name: string,
  signal?: AbortSignal,
  most: number = MAX_INDEX_BYTES,
): Promise<Uint8Array | null> {
  const response = await attempt(href, name, signal);
  const page = isPage(response);
  if (response.status === 404 || response.status === 403 || (page && response.ok)) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) throw await refused(href, name, response);
  return bounded(response, href, name, signal, most);
}

/** A whole body, which may have so many bytes: what a server says it sends, and else what arrives. */
async function bounded(
  response: Response,
  href: string,
  name: string,
  signal: AbortSignal | undefined,
  most: number,
): Promise<Uint8Array> {
  const length = lengthOf(response);
  if (length !== null) {
    if (length <= most) return bytesOf(response, href, name, signal);
    await response.body?.cancel();
    throw tooLarge(name, most);
  }
  return gathered(response, href, name, signal, most, () => tooLarge(name, most));
}

/** A response of whatever status, but none that may pass. */
export function fetchPatiently(
  href: string,
  name: string,
  signal?: AbortSignal,
): Promise<Response> {
  return patiently(signal, async () => {
    const response = await attempt(href, name, signal);
    if (PASSING_STATUS.includes(response.status)) throw await refused(href, name, response);
    return response;
  });
}

/** A body piece by piece. */
async function* piecesOf(
  response: Response,
  href: string,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (response.body === null) return;
  try {
    yield* streamPieces(response.body, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw unfetched(href, name, cause);
  }
}

async function bytesOf(
  response: Response,
  href: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    signal?.throwIfAborted();
    throw unfetched(href, name, cause);
  }
}

/** A response that is 200, or 206 or 416 where a range was asked for. */
async function request(
  href: string,
  name: string,
  signal: AbortSignal | undefined,
  range?: string,
): Promise<Response> {
  const response = await attempt(href, name, signal, range);
  if (response.ok || (range !== undefined && response.status === 416)) return response;
  throw await refused(href, name, response);
}

async function attempt(
  href: string,
  name: string,
  signal: AbortSignal | undefined,
  range?: string,
  method = "GET",
): Promise<Response> {
  const init: RequestInit = { method };
  if (range !== undefined) init.headers = { Range: range };
  if (signal !== undefined) init.signal = signal;
  try {
    return await fetch(href, init);
  } catch (cause) {
    signal?.throwIfAborted();
    throw unfetched(href, name, cause);
  }
}

/** Requests that fail, and bodies that break off. */
function unfetched(href: string, name: string, cause: unknown): Passing {
  return new Passing(
    {
      code: "RESOURCE.GENERIC",
      message: `${name} could not be fetched.`,
      details: { url: withoutQuery(href) },
      remediation:
        "See that the address is right and reachable, that its site lets this one read it (CORS), and that .gz files are served as they are, without Content-Encoding.",
    },
    null,
    { cause },
  );
}

/** Answers that are none. The response is done with. */
async function refused(href: string, name: string, response: Response): Promise<GenoLeWMError> {
  await response.body?.cancel();
  const { status } = response;
  const passes = PASSING_STATUS.includes(status);
  const parts: ErrorParts = {
    code: "RESOURCE.GENERIC",
    message: `${name} could not be fetched: the server answered ${status}.`,
    details: { url: withoutQuery(href), status: String(status) },
    remediation: passes ? "Try again later." : "See whether the address is right.",
  };
  return passes ? new Passing(parts, retryAfter(response)) : new GenoLeWMError(parts);
}

/** `Retry-After`, in seconds or as a date; other sites' are hidden unless they show it. */
function retryAfter(response: Response): number | null {
  const text = response.headers.get("retry-after");
  if (text === null) return null;
  const wait = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

/** Queries carry tokens, which have no place in an error. */
function withoutQuery(href: string): string {
  const { protocol, host, pathname } = new URL(href);
  return `${protocol}//${host}${pathname}`;
}

/** The size in `Content-Range: bytes 0-65535/3100000000`. */
function sizeOf(response: Response): number | null {
  const total = response.headers.get("content-range")?.split("/")[1];
  return total !== undefined && /^\d+$/.test(total) ? Number(total) : null;
}

/** The size by a request of its own, for a site that does not show `Content-Range` to other sites. */
async function headSize(href: string, name: string, signal?: AbortSignal): Promise<number> {
  const response = await attempt(href, name, signal, undefined, "HEAD");
  const length = response.headers.get("content-length");
  if (response.ok && length !== null) return Number(length);
  if (PASSING_STATUS.includes(response.status)) throw await refused(href, name, response);
  throw new GenoLeWMError({
    code: "RESOURCE.GENERIC",
    message: `The server does not tell how long ${name} is.`,
    details: { url: withoutQuery(href) },
    remediation: "Let it send Access-Control-Expose-Headers: Content-Range.",
  });
}

/** The body of a server that ignores `Range`, while it is small enough. */
function hold(
  response: Response,
  href: string,
  name: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return gathered(response, href, name, signal, MAX_INDEX_BYTES, () => noRanges(name));
}

/** A body in one piece; as soon as more than `most` bytes came, the rest is not taken. */
async function gathered(
  response: Response,
  href: string,
  name: string,
  signal: AbortSignal | undefined,
  most: number,
  beyond: () => GenoLeWMError,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  const until = signal ?? new AbortController().signal;
  for await (const piece of piecesOf(response, href, name, until)) {
    total += piece.length;
    if (total > most) throw beyond();
    parts.push(piece);
  }
  return concatenate(parts, total);
}

function noRanges(name: string): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.GENERIC",
    message: `The server of ${name} does not answer range requests, and the file is too large to be held in memory.`,
    details: { limitBytes: String(MAX_INDEX_BYTES) },
    remediation: "Serve it with range requests (Accept-Ranges: bytes), or give the file itself.",
  });
}
