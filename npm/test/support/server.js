// A web server on this machine with the habits that tests need.

import { createServer } from "node:http";

/**
 * Serves `files` by path. What each request asked for is noted in `log`. `habits`: `ranges` (true
 * unless told), `hideRange` leaves Content-Range out, `etag` is a function that names the version,
 * `page` answers missing files with a page, `encode` claims an encoding, `breakOff` ends in the middle,
 * `failing` is a list of what the first requests get instead: headers with a `status`, or "drop".
 */
export async function serve(files, habits = {}) {
  const log = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const range = request.headers.range ?? null;
    log.push({ method: request.method, path, range });
    const failing = habits.failing?.shift();
    if (failing === "drop") return dropAfterSome(response, files[path]);
    if (failing) return response.writeHead(failing.status, failing.headers).end("busy");
    answer(request, response, files[path], range, habits);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { origin, log, close };
}

function answer(request, response, body, range, habits) {
  if (habits.etag) response.setHeader("ETag", habits.etag());
  if (body === undefined) return missing(response, habits);
  if (habits.encode) response.setHeader("Content-Encoding", habits.encode);
  if (habits.breakOff) {
    response.setHeader("Content-Length", body.length);
    return response.write(body.subarray(0, 1000), () => response.destroy());
  }
  if (range === null || habits.ranges === false) {
    response.setHeader("Content-Length", body.length);
    return response.end(request.method === "HEAD" ? undefined : body);
  }
  const [, from, to] = /bytes=(\d+)-(\d*)/.exec(range);
  const first = Number(from);
  const end = to === "" ? body.length : Math.min(Number(to) + 1, body.length);
  if (first >= body.length) return response.writeHead(416).end();
  if (!habits.hideRange) {
    response.setHeader("Content-Range", `bytes ${first}-${end - 1}/${body.length}`);
  }
  return response.writeHead(206).end(body.subarray(first, end));
}

function dropAfterSome(response, body) {
  response.setHeader("Content-Length", body.length);
  response.setHeader("ETag", '"one"');
  response.write(body.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
}

function missing(response, { page }) {
  if (!page) return response.writeHead(404).end();
  return response
    .writeHead(200, { "Content-Type": "text/html; charset=utf-8" })
    .end("<!doctype html>");
}
