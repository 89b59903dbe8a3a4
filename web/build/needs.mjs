/** Says what the build needs and does not find, and which command makes it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is made by commands of the project, from its root. */
const MADE = [
  ["npm/wasm/genolewm_bg.wasm", "cargo xtask build-wasm"],
  ["npm/models/builtin/builtin.bin", "cargo xtask pack"],
  ["npm/dist/entry/browser.js", "cargo xtask pack"],
  ["web/node_modules/@genolewm/runtime", "(cd web && npm ci)"],
];

const root = process.argv[2] ?? fileURLToPath(new URL("../..", import.meta.url));
const missing = MADE.filter(([path]) => !existsSync(join(root, path)));
for (const [path, command] of missing) {
  console.error(`${path} is missing: run \`${command}\` first, in the project's root`);
}
process.exit(missing.length === 0 ? 0 : 1);
