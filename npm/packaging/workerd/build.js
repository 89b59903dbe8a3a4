// What Cloudflare's tool does before it uploads a worker: one bundle, wasm and data beside it.

import { build } from "esbuild";

await build({
  entryPoints: ["worker.js"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  conditions: ["workerd", "worker", "browser"],
  loader: { ".wasm": "copy", ".bin": "copy" },
  assetNames: "[name]",
  logLevel: "warning",
});
