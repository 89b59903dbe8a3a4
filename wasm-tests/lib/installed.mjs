// The package as a user has it: packed by `npm pack`, installed in an empty folder.

import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { built, inRoot, scratch } from "./paths.mjs";

let packed;
let project;

/** Runs npm without its remarks. */
export function npm(args, cwd) {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier"];
  return execFileSync("npm", [...args, ...quiet], { cwd, encoding: "utf8", stdio: "pipe" });
}

/** The tarball that `npm pack` makes. `GENOLEWM_TARBALL` names one that is there. */
export function tarball() {
  if (packed) return packed;
  if (process.env.GENOLEWM_TARBALL) return (packed = process.env.GENOLEWM_TARBALL);
  built("cargo xtask build-wasm", "npm/wasm/genolewm_bg.wasm");
  built("cargo xtask pack", "npm/models/builtin/builtin.bin");
  built("cargo xtask pack", "npm/dist");
  const folder = scratch("tarball");
  npm(["pack", "--pack-destination", folder], inRoot("npm"));
  const [name] = readdirSync(folder).filter((each) => each.endsWith(".tgz"));
  return (packed = join(folder, name));
}

/** A new project with the package installed, and the drivers beside it. */
export function installed() {
  if (project) return project;
  const folder = scratch("installed");
  writeFileSync(join(folder, "package.json"), '{"private": true, "type": "module"}');
  npm(["install", tarball()], folder);
  const found = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
  if (found.join() !== "@genolewm") throw new Error(`the package brought ${found} along`);
  cpSync(inRoot("wasm-tests/drivers"), join(folder, "drivers"), { recursive: true });
  return (project = folder);
}

/** The package's folder in {@link installed}. */
export const packageFolder = () => join(installed(), "node_modules/@genolewm/runtime");
