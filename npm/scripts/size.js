// What the package weighs, as it is and as a server compresses it. Fails when the module is too large.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const LIMIT_BYTES = 2_000_000;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MODULE = "wasm/genolewm_bg.wasm";

/** Files below a folder. */
function below(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => statSync(join(ROOT, name)).isFile());
}

const scripts = below("dist").filter((name) => name.endsWith(".js"));
const parts = {
  "wasm module": [MODULE],
  "its JavaScript": ["wasm/genolewm.js"],
  "the package's JavaScript": scripts,
  "built-in model": ["models/builtin/builtin.bin"],
};

/** Bytes, gzip at level 9, brotli at level 11; files one by one, as they are served. */
function weigh(names) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  return names
    .map((name) => readFileSync(join(ROOT, name)))
    .map((bytes) => [
      bytes.length,
      gzipSync(bytes, { level: 9 }).length,
      brotliCompressSync(bytes, { params }).length,
    ])
    .reduce((sum, one) => sum.map((total, column) => total + one[column]), [0, 0, 0]);
}

const cells = (name, ...values) =>
  name.padEnd(26) + values.map((value) => String(value).padStart(12)).join("");

console.log(cells("bytes", "raw", "gzip", "brotli"));
for (const [name, files] of Object.entries(parts)) console.log(cells(name, ...weigh(files)));

const [, , brotli] = weigh([MODULE]);
if (brotli > LIMIT_BYTES) {
  console.error(`${MODULE}: ${brotli} bytes after brotli; the limit is ${LIMIT_BYTES}`);
  process.exitCode = 1;
}
