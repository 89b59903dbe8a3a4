import assert from "node:assert/strict";
import { test } from "node:test";
import { Pairs } from "../src/pairs.ts";

const URL = "https://page.example/?rs123=AG";

test("a request that the service worker passed on was listed as a copy on this device", () => {
  const pairs = new Pairs<string>();
  assert.equal(pairs.recorded(URL, "copy", 0), true, "nothing is known yet");
  assert.equal(pairs.told(URL, 20), "copy", "the row was listed too early");
  assert.equal(pairs.told(URL, 30), undefined);
  assert.equal(pairs.recorded(`${URL}#there`, "copy", 40), false, "the worker's word is listed");
  assert.equal(pairs.recorded(URL, "copy", 50), true);
});

test("copies of the same address from before stay listed", () => {
  const pairs = new Pairs<string>();
  pairs.recorded(URL, "old copy", 0);
  assert.equal(pairs.told(URL, 60_000), undefined);
  assert.equal(pairs.told("https://page.example/other", 1), undefined);
});
