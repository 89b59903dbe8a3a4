// Servers that are busy for a moment, and lines that drop.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchPatiently, fetchWhole, httpRange, httpStream } from "../dist/http.js";
import { serve } from "./support/server.js";

const DATA = Uint8Array.from({ length: 200_000 }, (_, place) => (place * 31) % 251);
const signal = new AbortController().signal;
const busy = (status, wait = "0") => ({ status, headers: { "Retry-After": wait } });

async function served(failing, work, habits = {}) {
  const server = await serve({ "/ref.fa": DATA }, { failing, ...habits });
  try {
    return await work(`${server.origin}/ref.fa`, server.log);
  } finally {
    await server.close();
  }
}

async function streamed(url) {
  const { pieces } = await httpStream(url, "ref.fa", signal);
  const parts = [];
  for await (const piece of pieces) parts.push(piece.slice());
  return new Uint8Array(Buffer.concat(parts));
}

test("a reference ended at a single 503", async () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    await served([busy(status), busy(status)], async (url, log) => {
      const range = await httpRange(url, "ref.fa", signal);
      assert.equal(range.size, DATA.length);
      assert.equal(log.length, 3, String(status));
    });
  }
});

test("a range in the middle, a model's file and a stream ended at a single 503", async () => {
  await served([], async (url, log) => {
    const range = await httpRange(url, "ref.fa", signal);
    log.length = 0;
    await served([busy(503)], async (other) => {
      assert.deepEqual(await fetchWhole(other, "manifest.json", signal), DATA);
    });
    assert.deepEqual(await range.read(150_000, 10), DATA.slice(150_000, 150_010));
  });
  const habits = { failing: [] };
  const server = await serve({ "/ref.fa": DATA }, habits);
  const url = `${server.origin}/ref.fa`;
  const range = await httpRange(url, "ref.fa", signal);
  habits.failing.push(busy(503), busy(429));
  assert.deepEqual(await range.read(150_000, 10), DATA.slice(150_000, 150_010));
  habits.failing.push(busy(503));
  assert.deepEqual(await streamed(url), DATA);
  habits.failing.push(busy(503));
  assert.ok((await fetchPatiently(url, "module")).ok);
  await server.close();
});

test("a line that drops in the middle is taken up where it was", async () => {
  await served(
    ["drop"],
    async (url, log) => {
      assert.deepEqual(await streamed(url), DATA);
      assert.equal(log.length, 2);
      assert.match(log[1].range, /^bytes=[1-9]\d*-$/);
    },
    { etag: () => '"one"' },
  );
  // Another file by now: what follows is not of the one that was begun.
  await served(["drop"], (url) => assert.rejects(streamed(url), { code: "RESOURCE.GENERIC" }), {
    etag: () => '"two"',
  });
});

test("a server that stays busy is an error with a remedy, after four tries", async () => {
  const failing = Array.from({ length: 9 }, () => busy(503));
  await served(failing, async (url, log) => {
    await assert.rejects(httpRange(url, "ref.fa", signal), {
      name: "GenoLeWMError",
      code: "RESOURCE.GENERIC",
      message: "ref.fa could not be fetched: the server answered 503.",
      remediation: "Try again later.",
    });
    assert.equal(log.length, 4);
  });
});

test("what will not pass is not tried again, nor waited for too long", async () => {
  for (const answer of [
    busy(404),
    busy(401),
    busy(503, "3600"),
    busy(503, "Fri, 31 Dec 2999 23:59:59 GMT"),
  ]) {
    await served([answer], async (url, log) => {
      await assert.rejects(httpRange(url, "ref.fa", signal), { code: "RESOURCE.GENERIC" });
      assert.equal(log.length, 1);
    });
  }
});

test("a wait ends with the signal", async () => {
  await served([busy(503, "20")], async (url) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(httpRange(url, "ref.fa", controller.signal), reason);
  });
});
