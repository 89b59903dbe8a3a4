// Files as people have them, through the real module: archives, spreadsheets' text, UTF-16.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

const CASES = new URL("../../tests/cases/web/", import.meta.url);
const read = (name) => readFile(new URL(name, CASES));

test("files as companies and spreadsheets make them are told apart and read", async (t) => {
  const runtime = await GenoLeWMRuntime.load(builtin);
  t.after(() => runtime.dispose());
  for (const [name, format, compression] of [
    ["zip/genome_HG00099_v5_Full.zip", "table", "zip"],
    ["utf16/utf16le.txt", "table", "plain"],
    ["semicolon/excel_semicolon.csv", "myheritage", "plain"],
    ["misnamed/ftdna.csv", "familytreedna", "plain"],
    ["misnamed/livingdna.txt", "livingdna", "plain"],
  ]) {
    const found = await runtime.inspect(await read(name));
    assert.deepEqual([name, found.format, found.compression], [name, format, compression]);
    assert.ok(found.records > 10 && found.malformed === 0, name);
  }
  const archive = await read("zip/genome_HG00099_v5_Full.zip");
  const options = { member: "another.txt" };
  await assert.rejects(runtime.inspect(new Blob([archive]), options), (error) => {
    assert.match(error.details.members, /genome_HG00099_v5_Full\.txt/);
    return error.code === "INPUT.GENERIC" && error.remediation.length > 0;
  });
});
