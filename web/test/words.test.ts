import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bucketWords,
  consequenceWords,
  copiesWords,
  isAmongOthers,
  rankWords,
  repeatWords,
  severity,
} from "../src/results/words.ts";

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

test("a percentile is told among the common variants of its class", () => {
  assert.match(
    rankWords(0.934, "intron|mid|none"),
    /about 93 of 100 common variants in an intron\.$/,
  );
  assert.match(rankWords(0.934, "other|mid|none"), /93 of 100 common variants\.$/);
  assert.match(rankWords(0.934, "*"), /93 of 100 common variants\.$/);
  assert.match(rankWords(1, "splice"), /any of the common variants at a splice site/);
  assert.match(
    rankWords(0.934, "del_1bp|intron|mid|none"),
    /93 of 100 common deletions of one base in an intron\.$/,
  );
});

test("consequences are told by the most severe term", () => {
  assert.match(
    consequenceWords("BRCA1", "missense_variant&splice_region_variant") ?? "",
    /BRCA1: it swaps one or more amino acids/,
  );
  assert.equal(consequenceWords("BRCA1", ""), undefined);
  assert.ok(severity("stop_gained&splice_region_variant") < severity("missense_variant"));
  assert.ok(severity("intergenic_variant") < severity(""));
});
