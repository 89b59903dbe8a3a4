import { GenoLeWMRuntime } from "@genolewm/runtime/slim";
import wasm from "@genolewm/runtime/genolewm.wasm";
import model from "@genolewm/runtime/models/builtin/builtin.bin";

const here = (path) => new URL(path, import.meta.url);
const builtin = {
  kind: "genolewm-builtin",
  load: async () => new Uint8Array(await (await fetch(here(model))).arrayBuffer()),
};
const runtime = await GenoLeWMRuntime.load(builtin, {
  wasm: here(wasm),
  startWorker: () => new Worker(here("./worker.js"), { type: "module" }),
});

const query = new URLSearchParams(location.search);
const [vcf, reference] = ["vcf", "reference"].map((name) => new URL(query.get(name), location));
const rows = [];
for await (const row of runtime.scoreVcf(vcf, { reference })) rows.push(row);
await runtime.dispose();
console.log(JSON.stringify(rows));
