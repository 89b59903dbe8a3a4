import assert from "node:assert/strict";
import { test } from "node:test";
import type { Inspection } from "@genolewm/runtime";
import { Pace, type ScoreProgress } from "../src/progress.ts";
import { Words } from "../src/results/columns.ts";
import { Parts } from "../src/results/parts.ts";

const told = (scored: number, skipped: number): ScoreProgress => ({
  kind: "score",
  done: 1,
  total: 1,
  scored,
  skipped,
  allelesPerSecond: 0,
  secondsLeft: 0,
});

test("progress follows alleles, where the file's bytes were read at once", () => {
  const found = { candidates: 90, reasons: { symbolic: 10 } } as unknown as Inspection;
  const pace = Pace.of(found, "");
  assert.deepEqual(pace.update(told(9, 1), 0), { share: 0.1, perSecond: null, secondsLeft: null });
  assert.deepEqual(pace.update(told(45, 5), 4000), { share: 0.5, perSecond: 9, secondsLeft: 5 });
  assert.equal(Pace.of(found, "chr1").update(told(9, 1), 0).share, 1);
});

test("a rate is that of the last seconds", () => {
  const pace = new Pace(1000);
  for (let second = 0; second <= 20; second += 1) pace.update(told(second, 0), second * 1000);
  for (let second = 21; second <= 31; second += 1)
    pace.update(told(20 + (second - 20) * 10, 0), second * 1000);
  const { perSecond } = pace.update(told(140, 0), 32_000);
  assert.ok(perSecond !== null && Math.abs(perSecond - 10) < 0.5, String(perSecond));
});

test("a growing file gives its pieces back by offset", async () => {
  const parts = new Parts("text/plain");
  const places: { offset: number; length: number; text: string }[] = [];
  for (let i = 0; i < 4000; i += 1) {
    const text = `${"é".repeat(i % 5)}${"x".repeat(i % 300)} ${i}\n`;
    const offset = parts.sizeBytes;
    places.push({ offset, length: parts.append(text), text });
  }
  for (const { offset, length, text } of [places[0], places[1717], places[3999]].filter(
    (place) => place !== undefined,
  )) {
    assert.equal(await parts.read(offset, length), text);
  }
  assert.equal(parts.blob().size, parts.sizeBytes);
  assert.equal(await parts.blob().text(), places.map(({ text }) => text).join(""));
});

test("words are ranked as people order names with numbers", () => {
  const words = new Words();
  const [ten, two] = [words.number("chr10"), words.number("chr2")];
  assert.equal(words.number("chr10"), ten);
  assert.ok(words.rank(two) < words.rank(ten));
  const one = words.number("chr1");
  assert.ok(words.rank(one) < words.rank(two));
});

test("bytes of a file that is not UTF-8 stay as they are", async () => {
  const parts = new Parts("text/x-vcf");
  const latin1 = Uint8Array.from([0x23, 0x4d, 0xfc, 0x0a]);
  const text = parts.append("é\n");
  assert.equal(parts.append(latin1), 4);
  assert.equal(parts.sizeBytes, text + 4);
  const bytes = new Uint8Array(await parts.blob().arrayBuffer());
  assert.deepEqual([...bytes], [0xc3, 0xa9, 0x0a, ...latin1]);
});
