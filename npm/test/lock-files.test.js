// `npm ci` works in every folder, on every system: a lock file that was written on one of them with
// packages there already has left out those of the others.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LEFT_OUT = new Set(["node_modules", "target", ".git", "dist", "shared"]);

/** Folders of the project that hold a file of this name. */
function foldersWith(name, folder = ROOT) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isFile()) return entry.name === name ? [folder] : [];
    const inside = entry.isDirectory() && !LEFT_OUT.has(entry.name);
    return inside ? foldersWith(name, join(folder, entry.name)) : [];
  });
}

/** Where a package that `from` needs is found, as Node looks for it; undefined where it is nowhere. */
function found(packages, from, name) {
  for (let folder = from; ; folder = folder === "" ? undefined : parent(folder)) {
    if (folder === undefined) return undefined;
    const place = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (place in packages) return place;
  }
}

function parent(folder) {
  const cut = folder.lastIndexOf("/node_modules/");
  return cut < 0 ? "" : folder.slice(0, cut);
}

const folders = foldersWith("package-lock.json");

test("lock files lacked the packages of other systems", () => {
  assert.ok(folders.length >= 7, String(folders));
  for (const folder of folders) {
    const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const here = relative(ROOT, folder);
    for (const kind of ["dependencies", "devDependencies"]) {
      assert.deepEqual(packages[""][kind], manifest[kind], `${here}: ${kind}`);
    }
    for (const [place, entry] of Object.entries(packages)) {
      const { dependencies, devDependencies, optionalDependencies } = entry;
      const own = place === "" ? devDependencies : {};
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...own })) {
        assert.ok(found(packages, place, name), `${here} lacks ${name}, which ${place} asks for`);
      }
      const isOwn = place === "" || entry.link || !place.includes("node_modules/");
      if (!isOwn) assert.match(entry.integrity ?? "", /^sha512-/, `${here}: ${place}`);
      const from = entry.resolved?.startsWith("http") ? new URL(entry.resolved).host : null;
      assert.ok(from === null || from === "registry.npmjs.org", `${here}: ${from}`);
    }
  }
});

test("every package of this project that needs others has a lock file", () => {
  for (const folder of foldersWith("package.json")) {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const needs = { ...manifest.dependencies, ...manifest.devDependencies };
    if (Object.keys(needs).length === 0) continue;
    assert.ok(folders.includes(folder), `${relative(ROOT, dirname(join(folder, "x")))} has none`);
  }
});
