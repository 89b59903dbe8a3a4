import assert from "node:assert/strict";
import { test } from "node:test";
import type { Inspection, Reference } from "@genolewm/runtime";
import { type Trial, forecast } from "../src/trial.ts";

type Contig = Inspection["contigs"][number];

const chr17 = { contigs: [{ name: "chr17", lengthBp: 81195210 }] } as unknown as Reference;

/** A file by its contigs, as the inspection tells it. */
function file(format: string, contigs: readonly Contig[], reasons = {}): Inspection {
  const candidates = contigs.reduce((sum, contig) => sum + contig.candidates, 0);
  return { format, contigs, reasons, candidates } as unknown as Inspection;
}

function trial(scored: number, reasons: Record<string, number>, complete = false): Trial {
  const skipped = Object.values(reasons).reduce((sum, rows) => sum + rows, 0);
  const perSecond = scored === 0 ? null : 80;
  return { perSecond, scored, skipped, reasons: new Map(Object.entries(reasons)), complete };
}

test("the plan said nothing of a file with RefSeq names could be scored", () => {
  const found = file("vcf", [{ name: "NC_000017.10", records: 1000, candidates: 1000 }]);
  const { alleles, exact, reasons } = forecast(found, chr17, trial(160, {}));
  assert.deepEqual({ alleles, exact, reasons }, { alleles: 1000, exact: true, reasons: [] });
});

test("records on other contigs that hold nothing to score were taken from what can be scored", () => {
  const contigs = [
    { name: "chr17", records: 10, candidates: 10 },
    { name: "chrX", records: 100, candidates: 0 },
    { name: "chrUn", records: 2, candidates: 3 },
  ];
  const found = file("vcf", contigs, { symbolic: 100 });
  const { alleles, exact, reasons } = forecast(found, chr17, trial(10, { symbolic: 100 }, true));
  assert.deepEqual({ alleles, exact }, { alleles: 10, exact: false });
  assert.deepEqual(Object.fromEntries(reasons), { symbolic: 100, contig_unknown: 3 });
});

const array = file(
  "23andme",
  [
    { name: "1", records: 582_000, candidates: 570_000 },
    { name: "17", records: 18_000, candidates: 17_600 },
  ],
  { no_call: 12_400 },
);

test("rows of an array file on contigs that the reference lacks made the plan say nothing", () => {
  const met = trial(12, { contig_unknown: 500_000, no_call: 10_500, same_as_ref: 28 });
  assert.equal(forecast(array, chr17, met).alleles, Math.round((17_600 * 12) / 40));
});

test("a trial that ended before its first score made the plan say nothing", () => {
  const cut = trial(0, { contig_unknown: 500_000, same_as_ref: 3 });
  assert.equal(forecast(array, chr17, cut).alleles, 17_600);
  assert.equal(forecast(array, chr17, { ...cut, complete: true }).alleles, 0);
});

test("what the trial has scored is not less than what will be scored", () => {
  const found = file("23andme", [{ name: "17", records: 50, candidates: 40 }]);
  assert.equal(forecast(found, chr17, trial(30, { same_as_ref: 20 }, true)).alleles, 30);
});
