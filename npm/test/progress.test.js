import assert from "node:assert/strict";
import { test } from "node:test";
import { ScoreProgress } from "../dist/progress.js";

/** Progress with a clock of its own. */
function clocked(size) {
  let now = 0;
  const progress = new ScoreProgress(size, () => now);
  const at = (seconds, inputBytesDone, scored) => {
    now = seconds * 1000;
    return progress.update({ inputBytesDone, scored, skipped: 0 });
  };
  return { at, progress };
}

test("the rate is that of the last seconds, and the estimate follows it", () => {
  const { at } = clocked(1000);
  assert.equal(at(0.5, 10, 5).secondsLeft, null);
  assert.equal(at(2, 100, 100).secondsLeft, 18);
  at(10, 500, 500);
  const later = at(14, 600, 600);
  assert.equal(later.allelesPerSecond, 500 / 12);
  const slower = at(19, 650, 625);
  assert.equal(slower.allelesPerSecond, 5);
  assert.equal(slower.secondsLeft, 35);
});

test("the rate of scored alleles counts no skipped ones", () => {
  let now = 0;
  const progress = new ScoreProgress(1000, () => now);
  now = 4000;
  const { allelesPerSecond } = progress.update({ inputBytesDone: 900, scored: 8, skipped: 400 });
  assert.equal(allelesPerSecond, 2);
});

test("progress never falls, and never passes its total before or at the end", () => {
  const { at, progress } = clocked(100);
  assert.equal(at(1, 60, 1).done, 60);
  assert.equal(at(2, 50, 2).done, 60);
  assert.equal(at(3, 500, 3).done, 100);
  const last = progress.finish({ inputBytesDone: 90, scored: 3, skipped: 1 });
  assert.deepEqual([last.done, last.total, last.secondsLeft], [100, 100, 0]);
});

test("an empty file ends too", () => {
  const { progress } = clocked(0);
  const last = progress.finish({ inputBytesDone: 0, scored: 0, skipped: 0 });
  assert.deepEqual([last.done, last.total], [1, 1]);
});
