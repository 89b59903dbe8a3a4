import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsOf } from "../src/planning/limits.ts";
import { edgeMargin, pasted, withHiddenEdits } from "../src/planning/windows.ts";

const none = { protect: "", within: "", forbid: "", keepFrame: false };

test("limits are counted from 1 by people and from 0 by the runtime", () => {
  assert.deepEqual(limitsOf({ ...none, protect: "1-100, 250;7 – 9" }), {
    protect: [
      { start: 0, end: 100 },
      { start: 249, end: 250 },
      { start: 6, end: 9 },
    ],
    keepFrame: false,
  });
  const rest = limitsOf({ ...none, within: "150-250", forbid: "gaattc, GGNCC", keepFrame: true });
  assert.deepEqual(rest, {
    within: { start: 149, end: 250 },
    forbid: ["GAATTC", "GGNCC"],
    keepFrame: true,
  });
  assert.deepEqual(limitsOf(none), { keepFrame: false });
});

test("a stretch that is none is named", () => {
  for (const protect of ["0-5", "9-2", "x", "1-", "-4"]) {
    assert.throws(() => limitsOf({ ...none, protect }), { message: new RegExp(`“${protect}”`) });
  }
  assert.throws(() => limitsOf({ ...none, within: "1-5, 9-12" }), /one stretch/);
});

test("bases are pasted as they come: bare, in FASTA, numbered, in lower case", () => {
  for (const text of ["ACGT\nacg", " acgtacg ", ">x y\nACG\nTACG\n", "1 acgt\r\n5 acg"]) {
    assert.equal(pasted(text), "ACGTACG");
  }
  assert.equal(pasted(">a\nACG\n>b\nTTT"), "ACG");
  assert.equal(pasted(""), "");
});

test("hidden changes are those of their seed, and lie away from the ends", () => {
  const bases = "ACGT".repeat(100);
  const one = withHiddenEdits(bases, 12, 5);
  assert.deepEqual(withHiddenEdits(bases, 12, 5), one);
  assert.notDeepEqual(withHiddenEdits(bases, 12, 6).hidden, one.hidden);
  const changed = [...bases].flatMap((base, at) => (base === one.bases[at] ? [] : [at]));
  assert.deepEqual(changed, one.hidden);
  assert.equal(changed.length, 12);
  const margin = edgeMargin(bases.length);
  assert.ok(changed.every((at) => at >= margin && at < bases.length - margin));
  assert.equal(withHiddenEdits("A".repeat(40), 1000, 0).hidden.length, 30);
});
