import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRegions, parseStretch, plainContig, whyNowhere } from "../src/contigs.ts";

test("contigs are the same by any of their names", () => {
  assert.deepEqual(["chr17", "17", "chrM", "M", "MT", "chrx"].map(plainContig), [
    "17",
    "17",
    "MT",
    "MT",
    "MT",
    "X",
  ]);
});

test("names of RefSeq are chromosomes, as the runtime takes them", () => {
  assert.deepEqual(
    ["NC_000017.10", "nc_000001.11", "NC_000023.10", "NC_000024.9", "NC_012920.1"].map(plainContig),
    ["17", "1", "X", "Y", "MT"],
  );
  for (const other of ["NC_000025.1", "NC_17.1", "NC_000017", "NC_000017.a", "NT_000017.1"])
    assert.equal(plainContig(other), other.toUpperCase());
});

test("a stretch is read as people write it", () => {
  assert.deepEqual(parseStretch("chr17:41,196,312-41,277,500"), {
    contig: "chr17",
    first: 41196312,
    last: 41277500,
  });
  assert.deepEqual(parseStretch("41,200,000 - 41,300,000"), {
    contig: null,
    first: 41200000,
    last: 41300000,
  });
  assert.deepEqual(parseStretch("chr17:41197728"), {
    contig: "chr17",
    first: 41197728,
    last: 41197728,
  });
  assert.deepEqual(parseStretch("17"), { contig: "17", first: 1, last: Infinity });
  for (const wrong of ["chr17:9-3", "chr17:x-y", "a b", ""])
    assert.equal(parseStretch(wrong), undefined);
});

test("commas part regions, and thousands", () => {
  assert.equal(
    parseRegions("chr17:41,243,000-41,244,000, chr17:41197000-41197300"),
    "chr17:41243000-41244000,chr17:41197000-41197300",
  );
  assert.equal(parseRegions("17:1-2,18:3-4 X;Y"), "17:1-2,18:3-4,X,Y");
  assert.equal(parseRegions(" "), "");
  for (const wrong of ["chr1:5-4", "41,200,000-41,300,000", "chr1:a"])
    assert.equal(parseRegions(wrong), undefined);
});

test("a gene, an rs number and a chromosome that is not there passed for regions", () => {
  const reference = { contigs: [{ name: "chr17", lengthBp: 81_195_210 }] };
  for (const text of ["BRCA1", "rs8176320", "chr99:1-5", "chr17:1-5, chrX", "chr17:90,000,000"]) {
    const regions = parseRegions(text);
    assert.ok(regions === undefined || whyNowhere(regions, reference) !== undefined, text);
  }
  for (const text of ["", "17", "chr17:41,196,312-41,277,500 NC_000017.10:5"])
    assert.equal(whyNowhere(parseRegions(text) ?? "none", reference), undefined, text);
});
