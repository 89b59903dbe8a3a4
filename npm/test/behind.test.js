// Bytes behind a packed reference: read all the same, and said, as the native program says it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

const read = (name) => readFileSync(new URL(`../../examples/${name}`, import.meta.url));
const genome = read("brca1.hg19.fa.gz");
const behind = Buffer.concat([genome, Buffer.from("left over")]);
const WORDS = /bytes that are no gzip follow the compressed data/;
const [CONTIG, POS] = ["chr17", 41_246_481];
const vcf = Buffer.from(
  `##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n${CONTIG}\t${POS}\t.\tT\tC\t.\t.\t.\n`,
);

let runtime;
before(async () => (runtime = await GenoLeWMRuntime.load(builtin)));
after(() => runtime.dispose());

test("nobody said that bytes follow a packed reference", async () => {
  const reference = await runtime.openReference(behind);
  assert.equal(reference.warnings.length, 1);
  assert.match(reference.warnings[0], WORDS);
  const whole = await runtime.openReference(genome);
  assert.deepEqual(whole.warnings, []);
  const at = [reference.contigs[0].name, POS - 20, POS + 20];
  assert.equal(await reference.bases(...at), await whole.bases(...at));
});

test("calls that open the reference themselves say it too", async () => {
  const notices = [];
  const onNotice = (notice) => notices.push(notice);
  const stream = runtime.scoreVcf(vcf, { reference: behind, onNotice });
  assert.equal((await stream.summary).scored, 1);
  const [told] = notices.filter(({ message }) => WORDS.test(message));
  assert.equal(told.kind, "input-warning");
  const { warnings } = await runtime.importRaw(read("brca1.23andme.txt"), { reference: behind });
  assert.equal(warnings.filter((warning) => WORDS.test(warning)).length, 1);
  const padded = Buffer.concat([genome, Buffer.alloc(512)]);
  assert.deepEqual((await runtime.openReference(padded)).warnings, []);
});
