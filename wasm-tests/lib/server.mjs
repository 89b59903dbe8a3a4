// A file server on localhost, for tests: byte ranges, right MIME types, and a record of what was
// asked for.

import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * Serves `mounts`, folders by URL prefix, the first that fits. `pages` are texts by path;
 * `isolated` sends the headers that shared memory needs; `headers` gives those of a path. `rewrite`
 * may give other bytes for a file: `(path, bytes) => bytes`. `host` is another address of this machine:
 * none but localhost is trusted without https. Returns `{url, requests, close}`;
 * `requests` grows with each request, of whatever status.
 */
export async function serve({
  mounts = {},
  pages = {},
  isolated,
  headers,
  rewrite,
  host = "127.0.0.1",
} = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    requests.push({ method: request.method, path, range: request.headers.range ?? null });
    response.setHeader("cache-control", "no-store");
    for (const [name, value] of Object.entries(headers?.(path) ?? {})) {
      response.setHeader(name, value);
    }
    if (isolated) {
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
    }
    if (path in pages) return sendText(response, path, pages[path]);
    const file = find(mounts, path);
    if (file === null) return response.writeHead(404).end();
    if (rewrite) return sendRewritten(response, file, rewrite(path, readFileSync(file)));
    return sendFile(request, response, file);
  });
  await new Promise((done) => server.listen(0, host, done));
  const name = host === "127.0.0.1" ? "localhost" : host;
  return {
    url: `http://${name}:${server.address().port}`,
    requests,
    close: () => new Promise((done) => server.close(done).closeAllConnections()),
  };
}

function find(mounts, path) {
  for (const [prefix, folder] of Object.entries(mounts)) {
    if (!path.startsWith(prefix)) continue;
    // normalize() keeps `..` inside the folder.
    let file = join(folder, normalize(`/${path.slice(prefix.length)}`));
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
    if (existsSync(file)) return file;
  }
  return null;
}

function sendText(response, path, text) {
  const type = TYPES[extname(path)] ?? TYPES[".html"];
  response.writeHead(200, { "content-type": type }).end(text);
}

function sendRewritten(response, file, bytes) {
  const type = TYPES[extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "content-length": bytes.length }).end(bytes);
}

function sendFile(request, response, file) {
  const { size } = statSync(file);
  response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
  response.setHeader("accept-ranges", "bytes");
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  if (start > end && size > 0) {
    return response.writeHead(416, { "content-range": `bytes */${size}` }).end();
  }
  response.setHeader("content-length", size === 0 ? 0 : end - start + 1);
  if (range) response.setHeader("content-range", `bytes ${start}-${end}/${size}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === "HEAD" || size === 0) return response.end();
  return createReadStream(file, { start, end }).pipe(response);
}
