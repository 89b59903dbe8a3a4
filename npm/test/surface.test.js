// The table of the Python package's names against what the built declarations export.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const table = readFileSync(join(root, "../docs/api/mapping.tsv"), "utf8");
const declarations = JSON.stringify(join(root, "dist/entry/default.js"));
const folder = mkdtempSync(join(tmpdir(), "surface-"));
after(() => rmSync(folder, { recursive: true }));

/** The cell of a row that lists names of the package. */
const JAVASCRIPT = 3;

/** Every name of the table with its line; `Type.member` or a name alone. */
function names() {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line, index) =>
      (line.split("\t")[JAVASCRIPT] ?? "-")
        .split(", ")
        .filter((name) => name !== "-")
        .map((name) => ({ name, line: index + 2 })),
    );
}

/** Names that the compiler does not find in the declarations. */
function missing(list) {
  const checks = list.map(({ name }, index) => {
    const [type, member] = name.split(".");
    // A class is a value too, with static members.
    const keys = `keyof api.${type}${type.startsWith("GenoLeWM") ? ` | keyof typeof api.${type}` : ""}`;
    return member === undefined
      ? `export type T${index} = api.${type};`
      : `export const t${index}: "${member}" extends ${keys} ? true : never = true;`;
  });
  const file = join(folder, "check.ts");
  writeFileSync(file, [`import type * as api from ${declarations};`, ...checks].join("\n"));
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--target",
    "es2022",
    "--module",
    "nodenext",
  ];
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout, error } = spawnSync(tsc, [...options, "--ignoreConfig", file], {
    encoding: "utf8",
  });
  assert.equal(error, undefined);
  const lines = [...stdout.matchAll(/check\.ts\((\d+),/g)].map(([, line]) => Number(line) - 2);
  assert.ok(lines.length > 0 || stdout === "", stdout);
  return [...new Set(lines)].map((index) => list[index]);
}

test("every JavaScript name of the table is exported", () => {
  const list = names();
  assert.ok(list.length > 100, `${list.length} names`);
  assert.deepEqual(missing(list), []);
});

test("a name that is not exported is found missing", () => {
  const gone = [{ name: "ScoredRow.gone" }, { name: "Gone" }, { name: "GenoLeWMRuntime.gone" }];
  const there = [{ name: "ScoredRow.receipt" }, { name: "Edit" }, { name: "GenoLeWMRuntime.load" }];
  assert.deepEqual(missing([...there, ...gone]), gone);
});
