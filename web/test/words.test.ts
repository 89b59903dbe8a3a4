import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketWords, copiesWords, isAmongOthers, repeatWords } from "../src/results/words.ts";

test("a place was said to lie outside repeats where nothing is known of it", () => {
  assert.doesNotMatch(bucketWords("other|mid|none"), /repeat/);
  assert.match(bucketWords("intron|low|simple"), /simple repeat/);
  assert.match(repeatWords(""), /^not known/);
  assert.match(repeatWords("masked"), /^in a repeat/);
  assert.match(repeatWords("unmasked"), /^outside/);
});

test("a change is compared with those of its kind, where the model's table tells kinds", () => {
  assert.match(
    bucketWords("del_1bp|intron|low"),
    /^common deletions of one base in an intron, few/,
  );
  assert.equal(bucketWords("indel"), "common insertions and deletions");
  assert.match(bucketWords("intron|low"), /^common variants in an intron/);
  assert.deepEqual(
    [
      isAmongOthers("AC", "A", "other|mid|none"),
      isAmongOthers("AC", "A", "*"),
      isAmongOthers("AC", "A", "del_1bp|other"),
      isAmongOthers("A", "C", "*"),
    ],
    [true, true, false, false],
  );
});

test("copies are told of one person only", () => {
  assert.equal(copiesWords(""), "");
  assert.equal(copiesWords("homozygous"), "on every copy");
});
