import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { untar } from "../dist/tar.js";

const folder = mkdtempSync(join(tmpdir(), "genolewm-tar-"));
after(() => rmSync(folder, { recursive: true }));

const WEIGHTS = Uint8Array.from({ length: 1300 }, (_, place) => place % 251);
mkdirSync(join(folder, "encoder"));
writeFileSync(join(folder, "encoder/model.safetensors"), WEIGHTS);
writeFileSync(join(folder, "manifest.json"), "{}");
writeFileSync(join(folder, "empty"), "");
const archive = new Uint8Array(
  execFileSync("tar", ["--format=ustar", "-C", folder, "-cf", "-", "."], { maxBuffer: 1 << 24 }),
);

test("the files of an archive that tar has written, by name", () => {
  const files = untar(archive);
  assert.deepEqual([...files.keys()].sort(), [
    "empty",
    "encoder/model.safetensors",
    "manifest.json",
  ]);
  assert.deepEqual(files.get("encoder/model.safetensors"), WEIGHTS);
  assert.equal(new TextDecoder().decode(files.get("manifest.json")), "{}");
  assert.equal(files.get("empty").length, 0);
});

test("an archive that was cut anywhere is refused", () => {
  for (const length of [0, 100, 512, 1024, archive.indexOf(WEIGHTS[1]) + 700]) {
    assert.throws(() => untar(archive.subarray(0, length)), { code: "RESOURCE.CACHE_CORRUPT" });
  }
});

test("a header whose checksum is wrong is refused", () => {
  const broken = archive.slice();
  broken[0] ^= 1;
  assert.throws(() => untar(broken), { message: /checksum/ });
});
