import assert from "node:assert/strict";
import { test } from "node:test";
import { cell } from "../src/results/cell.ts";

test("an identifier opened as a formula", () => {
  assert.equal(cell('=HYPERLINK("http://x")'), '\'=HYPERLINK("http://x")');
  for (const text of ["+1", "-rs1", "@SUM(A1)", "'=1", "''", "\uff1d1"])
    assert.equal(cell(text), `'${text}`);
  for (const text of ["", "-", "'", "=", "rs1", "a=b", ".", "ä"]) assert.equal(cell(text), text);
});

test("an identifier planted a row", () => {
  assert.equal(cell("rs1\t.\nchr17"), "rs1\\t.\\nchr17");
  assert.equal(cell("\u001b[2J\u009b\u202e\r\u{e0001}"), "\\u{1b}[2J\\u{9b}\\u{202e}\\r\\u{e0001}");
});
