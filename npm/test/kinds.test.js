// Files of another realm, as an iframe's or jsdom's are: no instanceof of this one's classes.

import assert from "node:assert/strict";
import vm from "node:vm";
import { test } from "node:test";
import { modelFiles } from "../dist/model-source.js";
import { openChunks, openRange, readAll, sourceOf } from "../dist/sources.js";

const DATA = Uint8Array.of(1, 2, 3, 4, 5, 6);
const signal = new AbortController().signal;
const elsewhere = vm.createContext({});
const foreign = (code) => vm.runInContext(code, elsewhere);

/** A file as jsdom has it: slices, and FileReader for their bytes. */
class OldFile {
  type = "";
  name = "old.vcf";
  constructor(bytes) {
    this.bytes = bytes;
    this.size = bytes.length;
  }
  slice(start = 0, end = this.size) {
    return new OldFile(this.bytes.slice(start, end));
  }
}
class OldFileReader {
  readAsArrayBuffer({ bytes }) {
    this.result = bytes.slice().buffer;
    setTimeout(() => this.onload());
  }
}

/** A stream with another class. */
function likeStream() {
  const own = new Blob([DATA]).stream();
  return { getReader: () => own.getReader(), cancel: () => own.cancel(), locked: false };
}

test("files of an iframe and of jsdom were no files", async () => {
  globalThis.FileReader = OldFileReader;
  const files = {
    Uint8Array: foreign("Uint8Array.of(1, 2, 3, 4, 5, 6)"),
    ArrayBuffer: foreign("Uint8Array.of(1, 2, 3, 4, 5, 6).buffer"),
    DataView: new DataView(DATA.buffer),
    SharedArrayBuffer: foreign(
      "const s = new SharedArrayBuffer(6); new Uint8Array(s).set([1, 2, 3, 4, 5, 6]); s",
    ),
    "File of jsdom": new OldFile(DATA),
    stream: likeStream(),
  };
  for (const [name, file] of Object.entries(files)) {
    assert.ok(!(file instanceof Uint8Array && name !== "DataView"), name);
    assert.deepEqual(await readAll(await sourceOf(file, {}), signal), DATA, name);
  }
  delete globalThis.FileReader;
});

test("a file of jsdom is read by range, and has its name", async () => {
  globalThis.FileReader = OldFileReader;
  const range = await openRange(await sourceOf(new OldFile(DATA), {}));
  assert.deepEqual([range.name, range.size], ["old.vcf", 6]);
  assert.deepEqual(await range.read(2, 3), Uint8Array.of(3, 4, 5));
  delete globalThis.FileReader;
});

test("the URL of another realm was no URL", async () => {
  const { href, protocol } = new URL("https://example.org/in.vcf");
  const source = await sourceOf({ href, protocol, pathname: "/in.vcf" }, {});
  assert.deepEqual(source, { kind: "url", name: "in.vcf", href });
});

test("a model's files of another realm were taken for something else", async () => {
  const bytes = foreign("Uint8Array.of(123, 125)");
  const wanted = new Map([["manifest.json", Uint8Array.of(123, 125)]]);
  for (const source of [
    foreign('new Map([["manifest.json", Uint8Array.of(123, 125)]])'),
    { "manifest.json": bytes.buffer },
    { "manifest.json": bytes },
  ]) {
    const files = await modelFiles(source, {}, undefined);
    assert.deepEqual(new Uint8Array(files.get("manifest.json")), wanted.get("manifest.json"));
  }
});

test("a source of the caller's that gives no bytes is told as that", async () => {
  const wrong = { name: "own", size: 4, read: async () => "ACGT" };
  const range = await openRange(await sourceOf(wrong, {}));
  await assert.rejects(range.read(0, 4), { code: "INPUT.GENERIC", message: /own gave something/ });
  const texts = new ReadableStream({ start: (it) => (it.enqueue("text"), it.close()) });
  await assert.rejects(readAll(await sourceOf(texts, {}), signal), { code: "INPUT.GENERIC" });
  const { pieces } = await openChunks(
    await sourceOf({ ...wrong, read: async () => DATA.buffer, size: 6 }, {}),
    signal,
  );
  for await (const piece of pieces) assert.deepEqual(piece, DATA);
});
