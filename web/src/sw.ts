/**
 * The service worker: keeps the files of this build, checked by their hashes, so that the page works
 * offline; tells the page of every request that its workers make; and puts the page's headers on
 * what it serves, so that the policy holds on servers that send none. It keeps nothing else.
 */
import type { RequestTold, TakeOver } from "./messages.ts";

interface Precache {
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly files: readonly {
    readonly path: string;
    readonly integrity: string;
    readonly sizeBytes: number;
  }[];
}

const scope = self as unknown as ServiceWorkerGlobalScope;
// Written in by the build.
const precache = "%PRECACHE%" as unknown as Precache;
// The same stands in `offline.ts`.
const PREFIX = "genolewm-";
const cacheName = PREFIX + precache.version;
const addresses = new Map(
  precache.files.map((file) => [new URL(file.path, scope.registration.scope).href, file]),
);

scope.addEventListener("install", (event) => event.waitUntil(keepAll()));
scope.addEventListener("activate", (event) => event.waitUntil(takeOver()));
scope.addEventListener(
  "message",
  ({ data }) => data === ("take-over" satisfies TakeOver) && void scope.skipWaiting(),
);
scope.addEventListener("fetch", (event) => event.respondWith(answer(event)));

/** Fetches every file. The browser compares each with its hash and refuses what differs. */
async function keepAll(): Promise<void> {
  const cache = await caches.open(cacheName);
  await Promise.all(
    [...addresses].map(([url, file]) => keep(cache, url, file.integrity, file.sizeBytes)),
  );
}

async function keep(
  cache: Cache,
  url: string,
  integrity: string,
  sizeBytes: number,
): Promise<void> {
  const told = { url, method: "GET", by: "offline", sizeBytes, at: Date.now() } as const;
  try {
    const response = await fetch(url, { integrity, credentials: "omit" });
    if (!response.ok) throw new TypeError(`HTTP ${response.status}`);
    await cache.put(url, await withHeaders(response));
    await tell({ ...told, from: "network" });
  } catch (error) {
    await tell({ ...told, from: "failed" });
    throw error;
  }
}

/** Drops the copies of former builds, and serves the page that is open already. */
async function takeOver(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function answer(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const url = new URL(request.url);
  url.hash = "";
  // The page's policy lets nothing ask elsewhere; neither does this.
  if (url.origin !== scope.location.origin) {
    event.waitUntil(report(event, "failed"));
    return Response.error();
  }
  const known = request.method === "GET" && addresses.has(url.href);
  const copy = known ? await (await caches.open(cacheName)).match(url.href) : undefined;
  if (copy !== undefined) {
    event.waitUntil(report(event, "copy"));
    return copy;
  }
  try {
    const response = await fetch(request);
    event.waitUntil(report(event, "network"));
    return response;
  } catch {
    event.waitUntil(report(event, "failed"));
    return Response.error();
  }
}

/** A response is made anew: a redirected one may not answer a navigation, and headers cannot be set. */
async function withHeaders(response: Response): Promise<Response> {
  const headers = new Headers(precache.headers);
  const type = response.headers.get("Content-Type");
  if (type !== null) headers.set("Content-Type", type);
  return new Response(await response.arrayBuffer(), { headers });
}

async function report(event: FetchEvent, from: RequestTold["from"]): Promise<void> {
  const at = Date.now();
  const navigates = event.request.mode === "navigate";
  const id = navigates ? event.resultingClientId : event.clientId;
  const client = id === "" ? undefined : await scope.clients.get(id);
  const by = client?.type === "window" || navigates ? "page" : "worker";
  const url = new URL(event.request.url).href;
  const sizeBytes = addresses.get(url)?.sizeBytes ?? null;
  // What a page asked for is told to that page alone: another window lists its own.
  const pages = by === "page" && client !== undefined ? [client] : undefined;
  await tell({ at, url, method: event.request.method, by, from, sizeBytes }, pages);
}

/** Tells some pages of a request, or all that are open. */
async function tell(request: Omit<RequestTold, "kind">, some?: readonly Client[]): Promise<void> {
  const told: RequestTold = { kind: "request", ...request };
  const pages =
    some ?? (await scope.clients.matchAll({ type: "window", includeUncontrolled: true }));
  for (const page of pages) page.postMessage(told);
}
