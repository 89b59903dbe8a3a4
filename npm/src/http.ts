/** Files behind a URL: by `Range` requests where the server answers them, as a stream else. */

import { GenoLeWMError } from "./errors.js";
import { concatenate, endedEarly, streamPieces, type Chunks } from "./bytes.js";
import type { RangeSource } from "./types.js";

/** What the first request asks for: enough to tell a format, and to see whether ranges work. */
const FIRST_BYTES = 1 << 16;

/** A file whose server knows no ranges is held in memory up to this size. */
const HELD_LIMIT_BYTES = 64 * (1 << 20);

/**
 * A URL that is read by range. Asks for the first bytes: that shows whether the server knows ranges,
 * and the file's size.
 */
export async function httpRange(
  href: string,
  name: string,
  signal?: AbortSignal,
): Promise<RangeSource> {
  const response = await request(href, name, signal, `bytes=0-${FIRST_BYTES - 1}`);
  const known = response.headers.get("etag");
  const [first, size] = await beginning(response, href, name, signal);
  const read: RangeSource["read"] = async (offset, length, signal) => {
    const end = Math.min(offset + length, size);
    if (end <= offset) return new Uint8Array();
    if (end <= first.length) return first.slice(offset, end);
    const response = await request(href, name, signal, `bytes=${offset}-${end - 1}`);
    const etag = response.headers.get("etag");
    const changed = known !== null && etag !== null && etag !== known;
    if (response.status !== 206 || changed) {
      await response.body?.cancel();
      throw endedEarly(name);
    }
    const bytes = await bytesOf(response, href, name, signal);
    if (bytes.length !== end - offset) throw endedEarly(name);
    return bytes;
  };
  return { name, size, read };
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
  const response = await request(href, name, signal);
  // The length of an encoded body is not that of the bytes that arrive.
  const encoded = response.headers.get("content-encoding") !== null;
  const length = response.headers.get("content-length");
  const size = encoded || length === null ? null : Number(length);
  return { size, pieces: piecesOf(response, href, name, signal) };
}

/** The whole body of a small file, or null when there is none at this address. */
export async function fetchWhole(
  href: string,
  name: string,
  signal?: AbortSignal,
): Promise<Uint8Array | null> {
  const response = await attempt(href, name, signal);
  // Servers of single-page applications answer a missing file with their page.
  const page = response.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (response.status === 404 || response.status === 403 || page) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) throw refused(href, name, response.status);
  return bytesOf(response, href, name, signal);
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
  await response.body?.cancel();
  throw refused(href, name, response.status);
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
function unfetched(href: string, name: string, cause: unknown): GenoLeWMError {
  return new GenoLeWMError(
    {
      code: "RESOURCE.GENERIC",
      message: `${name} could not be fetched.`,
      details: { url: withoutQuery(href) },
      remediation:
        "See that the address is right and reachable, that its site lets this one read it (CORS), and that .gz files are served as they are, without Content-Encoding.",
    },
    { cause },
  );
}

function refused(href: string, name: string, status: number): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.GENERIC",
    message: `${name} could not be fetched: the server answered ${status}.`,
    details: { url: withoutQuery(href), status: String(status) },
    remediation: "See whether the address is right.",
  });
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
  throw new GenoLeWMError({
    code: "RESOURCE.GENERIC",
    message: `The server does not tell how long ${name} is.`,
    details: { url: withoutQuery(href) },
    remediation: "Let it send Access-Control-Expose-Headers: Content-Range.",
  });
}

/** The body of a server that ignores `Range`, while it is small enough. */
async function hold(
  response: Response,
  href: string,
  name: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const piece of piecesOf(response, href, name, signal)) {
    total += piece.length;
    if (total > HELD_LIMIT_BYTES) throw noRanges(name);
    parts.push(piece);
  }
  return concatenate(parts, total);
}

function noRanges(name: string): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.GENERIC",
    message: `The server of ${name} does not answer range requests, and the file is too large to be held in memory.`,
    details: { limitBytes: String(HELD_LIMIT_BYTES) },
    remediation: "Serve it with range requests (Accept-Ranges: bytes), or give the file itself.",
  });
}
