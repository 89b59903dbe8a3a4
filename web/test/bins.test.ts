import assert from "node:assert/strict";
import { test } from "node:test";
import { BINS, between, binOf, edgesOf } from "../src/plot/bins.ts";

test("a click on a bar showed rows on its upper edge, which the next bar counts", () => {
  const shares = Array.from({ length: 2001 }, (_, i) => i / 2000);
  for (let bin = 0; bin < BINS; bin += 1) {
    assert.deepEqual(
      shares.filter(between(...edgesOf(bin))),
      shares.filter((share) => binOf(share) === bin),
      `bar ${bin}`,
    );
  }
});
