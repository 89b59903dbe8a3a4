// An annotated VCF has the bytes of the file that was scored, whatever encoding they are of.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { openApp } from "../lib/app.mjs";
import { example } from "../lib/fixtures.mjs";
import { mustRun } from "../lib/native.mjs";
import { inRoot, scratch } from "../lib/paths.mjs";
import { inNode, jobFile } from "../lib/runtimes.mjs";

const CASES = {
  "a header line": inRoot("tests/cases/files/vcf-tolerances/latin1hdr.vcf"),
  "a record": inRoot("tests/cases/files/vcf-output-one-bad-line/v35_latin1.vcf"),
  "either beside UTF-8": mixed(),
};

/** Header lines and records of both encodings. */
function mixed() {
  const file = readFileSync(inRoot("tests/cases/files/vcf-tolerances/latin1hdr.vcf"));
  const [head, ...rest] = file.toString("latin1").split("\n");
  const utf8 = Buffer.from("Sjögren 名").toString("latin1");
  const [last, ...records] = rest.splice(-4, 3);
  const odd = [last, ...records].map((record, at) =>
    record.replace("DP=3", `DP=3;CLNDN=${["Sj\xf6gren", utf8, "\x80\xff"][at]}`),
  );
  const path = join(scratch("latin1"), "mixed.vcf");
  const lines = [head, `##note=${utf8}`, ...rest.slice(0, -1), ...odd, ""];
  writeFileSync(path, Buffer.from(lines.join("\n"), "latin1"));
  return path;
}

/** The native program's output for a file. */
function native(vcf) {
  const output = join(scratch("latin1-native"), "out.vcf");
  mustRun(["score", "--vcf", vcf, "--fasta", example.fasta(), "--no-receipt", "-o", output]);
  return readFileSync(output);
}

/** Bytes as letters, without the command that made them and the last digits of figures. */
function comparable(bytes) {
  return bytes
    .toString("latin1")
    .replace(/^##genolewm_command=.*$/m, "")
    .replace(/(GLW_(?:RAW|PCT|DISP)=)([\d.e,-]+)/g, (_, key, figures) =>
      key.concat(figures.split(",").map((figure) => Number(figure).toFixed(3))),
    );
}

describe("package and page wrote Latin-1 as UTF-8", { timeout: 600_000 }, () => {
  let opened, app, page;
  before(async () => {
    opened = await openApp();
    ({ app, page } = opened);
    await app.ready();
  });
  after(() => opened.close());

  for (const [name, vcf] of Object.entries(CASES)) {
    test(`in ${name}`, async () => {
      const want = native(vcf);
      assert.throws(() => new TextDecoder("utf-8", { fatal: true }).decode(want));
      const { scores } = await inNode({
        load: { backend: "cpu", threads: 1 },
        reference: {
          file: jobFile(example.fasta()),
          fai: jobFile(example.fai()),
          gzi: jobFile(example.gzi()),
        },
        vcf: jobFile(vcf),
        score: { annotate: true },
      });
      const records = scores.rows.flatMap(({ record, recordBytes }) => {
        if (record === undefined) return [];
        // Over JSON, bytes are an object of numbers.
        const bytes =
          recordBytes === undefined ? record : Uint8Array.from(Object.values(recordBytes));
        return [Buffer.from(bytes), Buffer.from("\n")];
      });
      const header = Buffer.from(scores.headerBytes);
      const packaged = Buffer.concat([header, ...records]);
      assert.equal(comparable(packaged), comparable(want), "the package");

      await app.chooseFile(vcf);
      await app.chooseReference(example.fasta(), example.fai(), example.gzi());
      await app.id("start").waitFor();
      assert.equal(await app.run(), "done");
      const { path } = await app.exported("vcf");
      assert.equal(comparable(readFileSync(path)), comparable(want), "the page");
      await page.reload();
      await app.ready();
    });
  }
});
