// What the package declared in an earlier version is declared still: `docs/api/typescript.txt` lists it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { declarations, LIST } from "../scripts/declarations.js";

const listed = readFileSync(LIST, "utf8").trim().split("\n");
const declared = new Set(declarations());

test("nothing that was declared is gone or another", () => {
  // More breaks nobody's program: it is listed when somebody writes the list anew.
  const gone = listed.filter((line) => !declared.has(line));
  assert.deepEqual(gone, [], "keep it, deprecated; or npm run declarations, and a major version");
});

test("the list has the members of every kind of declaration", () => {
  for (const line of [
    'BackendName: "cpu"',
    "ScoredRow: readonly sigmaRaw: number;",
    "GenoLeWMRuntime: dispose(): Promise<void>;",
    'ErrorCode: "INPUT.VCF_PARSE"',
    "SlimLoadOptions: wasm: WasmSource | Promise<WasmSource>;",
  ]) {
    assert.ok(listed.includes(line), line);
  }
  assert.ok(listed.length > 200, `${listed.length} lines`);
  assert.equal(listed.filter((line) => /#private|protected|\*/.test(line)).length, 0);
});
