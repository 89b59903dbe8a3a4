// The programs of the documentation's page about JavaScript run as they stand there.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(new URL("../../docs/first-hour-javascript.md", import.meta.url), "utf8");

/** Every program with the reason for which it does not run here, if there is one. */
const programs = [...page.matchAll(/(?:<!-- not run: ([^\n]+) -->\n)?```js\n(.*?)```/gs)];

for (const [index, [, reason, code]] of programs.entries()) {
  const title = `program ${index + 1} of the page ${reason === undefined ? "runs" : `parses (${reason})`}`;
  test(title, () => {
    // Beside the package, whose name it imports.
    const file = fileURLToPath(new URL(`./page-${index}.tmp.mjs`, import.meta.url));
    writeFileSync(file, code);
    try {
      const flags = reason === undefined ? [file] : ["--check", file];
      const { status, stdout, stderr } = spawnSync(process.execPath, flags, {
        cwd: root,
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
      assert.equal(stdout !== "", reason === undefined, stdout);
    } finally {
      rmSync(file);
    }
  });
}

test("the page has programs that run", () => {
  assert.ok(programs.filter(([, reason]) => reason === undefined).length >= 3);
});
