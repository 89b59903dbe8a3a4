import assert from "node:assert/strict";
import { test } from "node:test";
import { GenoLeWMError } from "../dist/errors.js";

const THROWN_BY_WASM = {
  name: "GenoLeWMError",
  code: "INPUT.VCF_PARSE",
  message: "POS is not a position",
  details: { field: "POS" },
  remediation: "write POS as a whole number",
  location: { file: "in.vcf", line: 3, column: 3, text: "12x" },
};

test("what wasm throws becomes an error with every part", () => {
  const error = GenoLeWMError.from(THROWN_BY_WASM);
  assert.ok(error instanceof GenoLeWMError);
  assert.ok(error instanceof Error);
  assert.deepEqual(error.toJSON(), THROWN_BY_WASM);
});

test("an error survives the way between threads", () => {
  const sent = structuredClone(GenoLeWMError.from(THROWN_BY_WASM).toJSON());
  assert.deepEqual(new GenoLeWMError(sent).toJSON(), THROWN_BY_WASM);
});

test("an error is passed on as it is", () => {
  const error = GenoLeWMError.from(THROWN_BY_WASM);
  assert.equal(GenoLeWMError.from(error), error);
});

test("a file that was changed on the disk is told as that", () => {
  const error = GenoLeWMError.from(new DOMException("gone", "NotReadableError"));
  assert.equal(error.code, "RESOURCE.GENERIC");
  assert.match(error.message, /changed, moved or removed/);
  assert.ok(error.remediation);
});

test("anything else is a bug, with its cause", () => {
  const cause = new TypeError("x is undefined");
  const error = GenoLeWMError.from(cause);
  assert.equal(error.code, "INTERNAL.GENERIC");
  assert.equal(error.cause, cause);
  assert.equal(GenoLeWMError.from("words").message, "words");
});
