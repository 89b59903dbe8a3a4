// Where things are, from the root of the repository.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");

/** What a run leaves behind for people: screenshots, tables. */
export const ARTIFACTS = join(ROOT, "wasm-tests/artifacts");

/** A path below the root that must be there: a missing fixture fails. */
export function inRoot(...parts) {
  const path = join(ROOT, ...parts);
  if (!existsSync(path)) throw new Error(`${path} is missing`);
  return path;
}

/** A path below the root that a command makes; says which command when it is missing. */
export function built(command, ...parts) {
  const path = join(ROOT, ...parts);
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`${command}\` first`);
  return path;
}

/** A path in `wasm-tests/artifacts`, with its folder made. */
export function artifact(...parts) {
  const path = join(ARTIFACTS, ...parts);
  mkdirSync(resolve(path, ".."), { recursive: true });
  return path;
}

/** A file that a page saves, in a folder of its own for each file of tests: two run at a time. */
export function exportPath(name) {
  return artifact("exports", basename(process.argv[1] ?? "", ".test.mjs"), name);
}

const scratched = [];
process.on("exit", () => {
  for (const folder of scratched) rmSync(folder, { recursive: true, force: true });
});

/** A new folder that is gone when the process is. */
export function scratch(name) {
  const folder = mkdtempSync(join(tmpdir(), `genolewm-${name}-`));
  scratched.push(folder);
  return folder;
}
