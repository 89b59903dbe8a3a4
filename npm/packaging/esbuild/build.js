import { build } from "esbuild";

await build({
  entryPoints: ["main.js", "worker.js"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  loader: { ".wasm": "file", ".bin": "file" },
  logLevel: "warning",
});
