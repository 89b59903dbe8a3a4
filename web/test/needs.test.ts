import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

const SCRIPT = join(import.meta.dirname, "../../build/needs.mjs");
const MADE = [
  "npm/wasm/genolewm_bg.wasm",
  "npm/models/builtin/builtin.bin",
  "npm/dist/entry/browser.js",
  "web/node_modules/@genolewm/runtime",
];

test("a build without the module ended in errors of types", () => {
  const root = mkdtempSync(join(tmpdir(), "genolewm-needs-"));
  const needs = () => spawnSync(process.execPath, [SCRIPT, root], { encoding: "utf8" });
  const { status, stderr } = needs();
  assert.equal(status, 1);
  assert.match(stderr, /genolewm_bg\.wasm is missing: .*`cargo xtask build-wasm`/);
  assert.match(stderr, /`\(cd web && npm ci\)`/);
  for (const path of MADE) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
  assert.deepEqual([needs().status, needs().stderr], [0, ""]);
  rmSync(root, { recursive: true });
});
