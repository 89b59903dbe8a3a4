// Where the wasm module comes from, and how it is told that it does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../dist/compile.js";

/** The smallest module there is. */
const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const WASM = { headers: { "content-type": "application/wasm" } };

test("a module from a response, with the right type or without", async () => {
  for (const init of [WASM, {}]) {
    const module = await compile(Promise.resolve(new Response(MODULE, init)), undefined);
    assert.ok(module instanceof WebAssembly.Module);
  }
});

test("a module that could not be fetched was told as one that needs SIMD", async () => {
  const unread = { code: "RESOURCE.RUNTIME_SETUP", message: "The wasm module could not be read." };
  const offline = Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(compile(offline, undefined), unread);
  const broken = (init) => {
    const pull = (controller) => controller.error(new TypeError("network error"));
    return new Response(new ReadableStream({ pull }), init);
  };
  await assert.rejects(compile(broken({}), undefined), unread);
  await assert.rejects(compile(broken(WASM), undefined), unread);
});

test("a page in the place of the module is a module that is not there", async () => {
  const page = new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
  await assert.rejects(compile(page, undefined), { message: /not where it should be/ });
  const missing = new Response("", { status: 404 });
  await assert.rejects(compile(missing, undefined), { message: /not where it should be/ });
});

test("a module that is none, or not allowed, is told with what it needs", async () => {
  for (const init of [WASM, {}]) {
    await assert.rejects(compile(new Response("no wasm", init), undefined), {
      code: "RESOURCE.RUNTIME_SETUP",
      remediation: /SIMD/,
    });
  }
});

test("a signal that ends the fetching is the reason", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(compile(Promise.reject(reason), signal), reason);
});
