import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketWords, copiesWords, repeatWords } from "../src/results/words.ts";

test("a place was said to lie outside repeats where nothing is known of it", () => {
  assert.doesNotMatch(bucketWords("other|mid|none"), /repeat/);
  assert.match(bucketWords("intron|low|simple"), /simple repeat/);
  assert.match(repeatWords(""), /^not known/);
  assert.match(repeatWords("masked"), /^in a repeat/);
  assert.match(repeatWords("unmasked"), /^outside/);
});

test("copies are told of one person only", () => {
  assert.equal(copiesWords(""), "");
  assert.equal(copiesWords("homozygous"), "on every copy");
});
