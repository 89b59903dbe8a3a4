// Rows of one runtime against rows of another.

import assert from "node:assert/strict";

/** How far a runtime may be from the native program, relative. */
export const TOLERANCE = { cpu: 1e-4, webgpu: 1e-3 };

/**
 * Distance relative to `b`; a raw surprise near 0 is judged against `floor`, since f32 vectors of
 * length 1 are no finer than that.
 */
export function relative(a, b, floor = 1e-4) {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  return Math.abs(a - b) / Math.max(Math.abs(b), floor);
}

/** The largest relative distance between vectors, by the length of the second. */
export function vectorDistance(a, b) {
  assert.equal(a.length, b.length, "vectors of different widths");
  let difference = 0;
  let length = 0;
  for (let at = 0; at < a.length; at += 1) {
    difference += (a[at] - b[at]) ** 2;
    length += b[at] ** 2;
  }
  return Math.sqrt(difference / length);
}

/** A row of the package's API under the names of the native TSV. */
export function asNative(row) {
  const place = { chrom: row.contig, pos: row.pos, ref: row.ref, alt: row.alt };
  if (row.status === "skipped") return { ...place, status: row.reason };
  return {
    ...place,
    status: "scored",
    sigma_raw: row.sigmaRaw,
    sigma_calibrated: row.sigmaCalibrated,
    displacement: row.displacement,
    bucket_id: row.bucketId,
    confidence: row.confidence,
    scored_as: row.scoredAs ?? "",
    ...(row.consequence === undefined ? {} : effectOf(row)),
  };
}

/** A gene that the file names, where annotation names none, is not in the native column. */
function effectOf({ gene, transcript, consequence }) {
  const named = transcript === undefined ? "" : gene;
  return { gene: named, transcript: transcript ?? "", consequence };
}

/**
 * Expects the same alleles with the same outcomes in the same order, and figures within
 * `tolerance` of those of the native program. Returns the largest distance of a raw surprise.
 */
export function assertSameRows(actual, native, tolerance) {
  assert.ok(native.length > 0, "nothing to compare with");
  const names = (rows) => rows.map((r) => [r.chrom, r.pos, r.ref, r.alt, r.status].join(" "));
  assert.deepEqual(names(actual), names(native));
  let worst = 0;
  native.forEach((want, at) => {
    if (want.status !== "scored") return;
    const got = actual[at];
    const name = `${want.chrom}:${want.pos}:${want.ref}:${want.alt}`;
    // Rows of JSON have it only where it differs.
    assert.equal(got.scored_as ?? "", want.scored_as ?? "", name);
    for (const told of ["gene", "transcript", "consequence"]) {
      assert.equal(got[told], want[told], name);
    }
    const distance = relative(got.sigma_raw, want.sigma_raw);
    assert.ok(
      distance <= tolerance,
      `${name}: sigma_raw ${got.sigma_raw}, native ${want.sigma_raw}: ${distance} apart`,
    );
    worst = Math.max(worst, distance);
    assertCalibrated(got, want, tolerance, name);
  });
  return worst;
}

/** The figures that follow from the raw one. */
function assertCalibrated(got, want, tolerance, name) {
  // The percentile is a step function in some tables: a small step in sigma may be a larger one
  // in it, so it is absolute and wider.
  const percentile = Math.abs(got.sigma_calibrated - want.sigma_calibrated);
  assert.ok(percentile <= 10 * tolerance, `${name}: percentile ${percentile} apart`);
  // 1 - cos of unit vectors in f32: absolute.
  const displacement = Math.abs(got.displacement - want.displacement);
  assert.ok(displacement <= tolerance, `${name}: displacement ${displacement} apart`);
  assert.equal(got.bucket_id, want.bucket_id, name);
  assert.equal(got.confidence, want.confidence, name);
}

/** Expects rows and summary of one run to add up. */
export function assertReconciled(rows, summary) {
  const scored = rows.filter((row) => row.status === "scored").length;
  const malformed = rows.filter((row) => row.reason === "malformed").length;
  const skipped = rows.length - scored - malformed;
  assert.equal(summary.scored, scored, "scored");
  assert.equal(summary.skipped, skipped, "skipped");
  assert.equal(summary.malformed, malformed, "malformed");
  assert.equal(summary.alleles, scored + skipped, "alleles");
  const reasons = Object.values(summary.reasons).reduce((sum, n) => sum + n, 0);
  assert.equal(reasons, skipped, "reasons");
  const backends = Object.values(summary.backends).reduce((sum, n) => sum + n, 0);
  assert.equal(backends, scored, "backends");
}
