// Files of every kind, by range and as streams.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { readAhead } from "../dist/bytes.js";
import { openFile } from "../dist/files.js";
import { openChunks, openRange, readAll, sourceOf } from "../dist/sources.js";
import { serve } from "./support/server.js";

const DATA = Uint8Array.from({ length: 200_000 }, (_, place) => (place * 31) % 251);
const signal = new AbortController().signal;
const NODE = { openFile };

async function served(habits, work) {
  const server = await serve({ "/ref.fa": DATA, "/empty": new Uint8Array() }, habits);
  try {
    return await work(server, (path) => sourceOf(server.origin + path, {}));
  } finally {
    await server.close();
  }
}

test("bytes, blobs, files, URLs and streams are read alike", async () => {
  const folder = mkdtempSync(join(tmpdir(), "genolewm-files-"));
  const path = join(folder, "ref.fa");
  writeFileSync(path, DATA);
  await served({}, async ({ origin }) => {
    const files = [
      DATA,
      DATA.buffer,
      new Blob([DATA]),
      new URL(`${origin}/ref.fa`),
      pathToFileURL(path),
      new Blob([DATA]).stream(),
      { name: "own", size: DATA.length, read: async (at, length) => DATA.slice(at, at + length) },
    ];
    for (const file of files) {
      assert.deepEqual(await readAll(await sourceOf(file, NODE), signal), DATA);
    }
    for (const file of files.filter((one) => !(one instanceof ReadableStream))) {
      const range = await openRange(await sourceOf(file, NODE), signal);
      assert.equal(range.size, DATA.length);
      assert.deepEqual(await range.read(150_000, 1000), DATA.slice(150_000, 151_000));
      assert.deepEqual(await range.read(199_990, 1000), DATA.slice(199_990));
      assert.equal((await range.read(200_000, 10)).length, 0);
    }
  });
  rmSync(folder, { recursive: true });
});

test("a URL is read by range, and what was read to open it is not asked for again", () =>
  served({}, async ({ log }, source) => {
    const range = await openRange(await source("/ref.fa"));
    await range.read(0, 1000);
    await range.read(150_000, 100);
    const asked = log.map((one) => one.range);
    assert.deepEqual(asked, ["bytes=0-65535", "bytes=150000-150099"]);
  }));

test("a server without ranges is read once, whole", () =>
  served({ ranges: false }, async ({ log }, source) => {
    const range = await openRange(await source("/ref.fa"));
    assert.deepEqual(await range.read(150_000, 100), DATA.slice(150_000, 150_100));
    assert.equal(log.length, 1);
  }));

test("a large file of a server without ranges is refused with a remedy", async () => {
  const large = new Uint8Array(65 * (1 << 20));
  const server = await serve({ "/large.fa": large }, { ranges: false });
  await assert.rejects(openRange(await sourceOf(`${server.origin}/large.fa`, {})), (error) => {
    assert.equal(error.code, "RESOURCE.GENERIC");
    assert.match(error.message, /does not answer range requests/);
    assert.match(error.remediation, /Accept-Ranges/);
    return true;
  });
  await server.close();
});

test("the size is asked for by HEAD where Content-Range is hidden", () =>
  served({ hideRange: true }, async ({ log }, source) => {
    assert.equal((await openRange(await source("/ref.fa"))).size, DATA.length);
    assert.deepEqual(
      log.map(({ method }) => method),
      ["GET", "HEAD"],
    );
  }));

test("an empty file is empty", () =>
  served({}, async (_, source) => {
    assert.equal((await openRange(await source("/empty"))).size, 0);
  }));

test("a file that changes on the server is noticed", () => {
  let version = 0;
  return served({ etag: () => `"${version++}"` }, async (_, source) => {
    const range = await openRange(await source("/ref.fa"));
    await assert.rejects(range.read(150_000, 10), { code: "RESOURCE.GENERIC", message: /changed/ });
  });
});

test("a missing file is an error that names its address without the query", () =>
  served({}, async ({ origin }, source) => {
    await assert.rejects(openRange(await source("/none?token=secret")), (error) => {
      assert.deepEqual(error.details, { url: `${origin}/none`, status: "404" });
      return true;
    });
  }));

test("a server that cannot be reached is an error with a remedy", async () => {
  const server = await serve({});
  await server.close();
  await assert.rejects(openRange(await sourceOf(`${server.origin}/x`, {})), {
    code: "RESOURCE.GENERIC",
    remediation: /CORS/,
  });
});

test("a body that breaks off is told as that, by range and as a stream", async () => {
  const server = await serve({ "/a": DATA }, { breakOff: true });
  const broken = { code: "RESOURCE.GENERIC", message: "a could not be fetched." };
  const spec = await sourceOf(`${server.origin}/a`, {});
  await assert.rejects(openRange(spec), broken);
  await assert.rejects(readAll(spec, signal), broken);
  await server.close();
});

test("the length of an encoded body is not taken for that of its bytes", async () => {
  const server = await serve({ "/a": gzipSync(DATA) }, { encode: "gzip" });
  const { size, pieces } = await openChunks(await sourceOf(`${server.origin}/a`, {}), signal);
  assert.equal(size, null);
  let read = 0;
  for await (const piece of pieces) read += piece.length;
  assert.equal(read, DATA.length);
  await server.close();
});

test("a signal ends a request, with its reason", () =>
  served({}, async (_, source) => {
    const range = await openRange(await source("/ref.fa"));
    const reason = new Error("enough");
    await assert.rejects(range.read(150_000, 10, AbortSignal.abort(reason)), reason);
  }));

test("a stream that is left early is cancelled", async () => {
  let cancelled = false;
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue(DATA.slice(0, 10)),
    cancel: () => void (cancelled = true),
  });
  const { pieces } = await openChunks(await sourceOf(stream, {}), signal);
  for await (const piece of pieces) {
    assert.equal(piece.length, 10);
    break;
  }
  assert.ok(cancelled);
});

test("the next piece is read while one is worked on, and not more", async () => {
  const asked = [];
  const source = {
    name: "own",
    size: 100,
    read: async (offset, length) => (asked.push(offset), DATA.slice(offset, offset + length)),
  };
  const pieces = readAhead(source, signal, 10);
  await pieces.next();
  assert.deepEqual(asked, [0, 10]);
  await pieces.next();
  assert.deepEqual(asked, [0, 10, 20]);
});

test("what is read whole keeps its bytes though pieces share a buffer", async () => {
  const bytes = new Uint8Array(2_500_000).map((_, at) => at % 251);
  const spec = await sourceOf(new Blob([bytes]), NODE);
  const { pieces } = await openChunks(spec, signal);
  let read = 0;
  for await (const piece of pieces) {
    assert.deepEqual(piece, bytes.subarray(read, read + piece.length));
    read += piece.length;
  }
  assert.equal(read, bytes.length);
  assert.deepEqual(await readAll(spec, signal), bytes);
});

test("a file that shrinks or changes on the disk is noticed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "genolewm-files-"));
  const path = join(folder, "ref.fa");
  writeFileSync(path, DATA);
  const range = await openFile(pathToFileURL(path));
  writeFileSync(path, DATA.slice(0, 10));
  await assert.rejects(range.read(0, 10), { message: /changed/ });
  rmSync(folder, { recursive: true });
});

test("what is no file is refused, and a path is told from a URL", async () => {
  await assert.rejects(sourceOf({}, {}), { code: "INPUT.GENERIC" });
  await assert.rejects(sourceOf("ref.fa", NODE), { remediation: /pathToFileURL/ });
  await assert.rejects(sourceOf("ftp://example.org/ref.fa", NODE), { message: /ftp:/ });
  await assert.rejects(sourceOf("file:///ref.fa", {}), { message: /file:/ });
});
