import assert from "node:assert/strict";
import { test } from "node:test";
import {
  elapsed,
  ordinal,
  percentile,
  plural,
  pythonFloat,
  roughly,
  sentence,
  size,
} from "../src/format.ts";

test("floats are written as Python's repr writes them", () => {
  const python: [number, string][] = [
    [0, "0.0"],
    [-0, "-0.0"],
    [1, "1.0"],
    [0.1, "0.1"],
    [1e-4, "0.0001"],
    [0.00012345, "0.00012345"],
    [0.00009, "9e-05"],
    [1.5e-7, "1.5e-07"],
    [123456789, "123456789.0"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    // biome-ignore lint/correctness/noPrecisionLoss: what a double makes of it is tested
    [12345678901234567, "1.2345678901234568e+16"],
    [1.2345e22, "1.2345e+22"],
    [1e-300, "1e-300"],
  ];
  for (const [value, text] of python) assert.equal(pythonFloat(value), text);
});

test("a percentile is 100 only where it is", () => {
  assert.equal(percentile(0.9999), "> 99.9");
  assert.equal(percentile(1), "100.0");
  // Floats a little under a round figure, which was shown as 56.0 beside "55th".
  assert.equal(percentile(0.5599999), "56.0");
  assert.deepEqual([0.5599999, 0.57].map(ordinal), ["56th", "57th"]);
  assert.equal(ordinal(0.9999), "99th");
  assert.deepEqual([0.01, 0.02, 0.03, 0.11, 0.12, 0.13, 0.21, 0.5].map(ordinal), [
    "1st",
    "2nd",
    "3rd",
    "11th",
    "12th",
    "13th",
    "21st",
    "50th",
  ]);
});

test("amounts are said as people say them", () => {
  assert.deepEqual(
    [1, 2, 4589].map((n) => plural(n, "variant")),
    ["1 variant", "2 variants", "4,589 variants"],
  );
  assert.deepEqual([3, 44, 300, 9000, 3e5].map(roughly), [
    "a few seconds",
    "about 45 seconds",
    "about 5 minutes",
    "about 3 hours",
    "about 3 days",
  ]);
  assert.deepEqual([0.5, 12, 61, 3700].map(elapsed), ["0.5 s", "12 s", "1 min 01 s", "1 h 1 min"]);
  assert.deepEqual([0, 999, 1500, 2.5e6].map(size), ["0 B", "999 B", "1.5 kB", "2.5 MB"]);
});

test("what the runtime says began in lower case and ended without a stop", () => {
  assert.equal(sentence("the text is not UTF-8"), "The text is not UTF-8.");
  assert.equal(sentence("only 31 % of 55 agree: why"), "Only 31 % of 55 agree: why.");
  assert.equal(sentence("The reference was closed."), "The reference was closed.");
  // Names are the file's.
  for (const text of ["ref.fa.gz: bytes follow.", "chr17 is not there.", "xym_2.fa: cut short."])
    assert.equal(sentence(text), text);
});
