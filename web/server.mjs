#!/usr/bin/env node
/**
 * Serves `dist` on this machine only, with the headers of `_headers`.
 *
 *     node server.mjs [--port 8317] [--dir dist]
 *
 * Any other file server does as well: the page carries its policy itself.
 */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { headersFor, parseHeaders } from "./headers.mjs";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** Here the next build shall show at the next visit; elsewhere an hour may pass. */
const NEXT_BUILD_AT_ONCE = { "Cache-Control": "no-cache" };

const { values } = parseArgs({
  options: { port: { type: "string", default: "8317" }, dir: { type: "string" } },
});
const root = values.dir ?? fileURLToPath(new URL("dist", import.meta.url));
const rules = parseHeaders(
  await readFile(join(root, "_headers"), "utf8").catch(() => {
    console.error(`${root} holds no build: run \`npm run build\` first`);
    process.exit(1);
  }),
);

/** The file that a request path means, or undefined: nothing outside the folder, no folder listing. */
async function fileFor(path) {
  const name = normalize(join(root, path.endsWith("/") ? `${path}index.html` : path));
  if (!name.startsWith(root + sep)) return undefined;
  const found = await stat(name).catch(() => undefined);
  return found?.isFile() ? { name, size: found.size } : undefined;
}

/** The path of a request without its query; undefined where it is not one. */
function pathOf(request) {
  try {
    return decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  } catch {
    return undefined;
  }
}

async function answer(request, response) {
  const path = pathOf(request);
  const headers = headersFor(rules, path ?? "/");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { ...headers, Allow: "GET, HEAD" }).end();
    return;
  }
  const file = path === undefined ? undefined : await fileFor(path);
  if (file === undefined) {
    response.writeHead(404, { ...headers, "Content-Type": "text/plain" }).end("not found\n");
    return;
  }
  response.writeHead(200, {
    "Cache-Control": "no-cache",
    ...headers,
    ...(path === "/sw.js" && NEXT_BUILD_AT_ONCE),
    "Content-Type": TYPES[extname(file.name)] ?? "application/octet-stream",
    "Content-Length": file.size,
  });
  if (request.method === "HEAD") response.end();
  else createReadStream(file.name).pipe(response);
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.on("error", (error) => {
  console.error(
    error.code === "EADDRINUSE"
      ? `port ${values.port} is taken: choose another with --port`
      : error.message,
  );
  process.exit(1);
});
server.listen(Number(values.port), "127.0.0.1", () => {
  console.log(
    `GenoLeWM is at http://localhost:${server.address().port}/ and reachable from this machine only`,
  );
});
