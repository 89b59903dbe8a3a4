import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Plugin } from "vite";
import { pageHeaders } from "./policy.ts";

/** The place for the list, in whichever quotes minification leaves it. */
const PLACE = /["'`]%PRECACHE%["'`]/;

/** Not kept for use offline: the worker itself, and what only servers read. */
const LEFT_OUT = new Set(["sw.js", "_headers"]);

/**
 * Tells the service worker what to keep: every file of the build with its hash, as an integrity
 * string that browsers check themselves.
 */
export function offline(): Plugin {
  let folder = "";
  return {
    name: "genolewm:offline",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      const worker = join(folder, "sw.js");
      const script = readFileSync(worker, "utf8");
      if (/^\s*import\b/m.test(script))
        throw new Error("sw.js imports something: it has to be one script");
      const parts = script.split(PLACE);
      if (parts.length !== 2)
        throw new Error("sw.js has not exactly one place for the list of files");
      writeFileSync(worker, parts.join(JSON.stringify(precache(folder))));
    },
  };
}

function precache(folder: string) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((name) => !LEFT_OUT.has(name))
    .sort()
    .map((name) => ({ path: addressOf(name), ...hashed(join(folder, name)) }));
  const headers = pageHeaders();
  const version = digest(JSON.stringify({ files, headers }), "hex").slice(0, 16);
  return { version, headers, files };
}

/** The page is asked for by its folder: some servers redirect `index.html`. */
function addressOf(name: string): string {
  return name === "index.html" ? "./" : `./${name}`;
}

function hashed(path: string) {
  const bytes = readFileSync(path);
  return { sizeBytes: bytes.length, integrity: `sha256-${digest(bytes, "base64")}` };
}

function digest(data: string | Buffer, encoding: "hex" | "base64"): string {
  return createHash("sha256").update(data).digest(encoding);
}
