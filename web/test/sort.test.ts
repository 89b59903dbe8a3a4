import assert from "node:assert/strict";
import { test } from "node:test";

import { sortFiles } from "../src/intake/sort.ts";

test("a second file of genes was taken for variants", async () => {
  const file = (name: string, text: string) => new File([text], name);
  const sorted = await sortFiles([
    file("a.gff3.gz", "##gff-version 3\n"),
    file("b.gtf", "#!genome-build\n"),
    file("c.fa.fai", "chr1\t4\t6\t4\t5\n"),
    file("d.fa.fai", "chr1\t4\t6\t4\t5\n"),
    file("e.vcf", "##fileformat=VCFv4.3\n"),
    file("d.fa", ">chr1\nACGT\n"),
  ]);
  const names = Object.entries(sorted).map(([part, found]) => [part, found?.name]);
  assert.deepEqual(Object.fromEntries(names), {
    variants: "e.vcf",
    reference: "d.fa",
    fai: "c.fa.fai",
    gzi: undefined,
    annotation: "a.gff3.gz",
  });
});
