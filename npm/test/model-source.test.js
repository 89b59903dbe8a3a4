// A model's files, from a server, a folder and a map.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { openFile } from "../dist/files.js";
import * as limits from "../dist/limits.js";
import { isModelPath, modelFiles, RUNTIME_FILES } from "../dist/model-source.js";
import { instantiate } from "../dist/wasm.js";
import { serve } from "./support/server.js";

const BUILTIN = new URL("../../models/builtin/", import.meta.url);
const NAMES = [
  "action_encoder.safetensors",
  "calibration.parquet",
  "encoder/config.json",
  "encoder/model.safetensors",
  "encoder/special_tokens_map.json",
  "encoder/tokenizer.json",
  "encoder/tokenizer_config.json",
  "eval_metrics.json",
  "manifest.json",
  "predictor.safetensors",
  "seal.json",
  "self_check.json",
  "train_config.yaml",
];

const PATHS = JSON.parse(readFileSync(new URL("model-paths.json", import.meta.url), "utf8"));

const read = (name) => new Uint8Array(readFileSync(new URL(name, BUILTIN)));
const names = (files) => [...files.keys()].sort();

test("a model directory behind a URL: the manifest, and what it names", async () => {
  const files = Object.fromEntries(NAMES.map((name) => [`/model/${name}`, read(name)]));
  for (const habits of [{}, { page: true }]) {
    const server = await serve(files, habits);
    const found = await modelFiles(`${server.origin}/model`, {});
    assert.deepEqual(names(found), NAMES);
    assert.deepEqual(found.get("calibration.parquet"), read("calibration.parquet"));
    assert.equal(server.log[0].path, "/model/manifest.json");
    await server.close();
  }
});

test("nothing that a seal does not list is asked for", async () => {
  const files = Object.fromEntries(NAMES.map((name) => [`/${name}`, read(name)]));
  files["/encoder/vocab.json"] = Buffer.from("{}");
  const server = await serve(files);
  assert.deepEqual(names(await modelFiles(server.origin, {})), NAMES);
  const asked = server.log.map(({ path }) => path.slice(1));
  assert.deepEqual([...new Set(asked)].sort(), NAMES);
  await server.close();
});

test("without a seal every file that may decide scores is asked for", async () => {
  const unsealed = NAMES.filter((name) => name !== "seal.json");
  const files = Object.fromEntries(unsealed.map((name) => [`/${name}`, read(name)]));
  files["/encoder/dna_config.json"] = Buffer.from("{}");
  const server = await serve(files);
  const found = names(await modelFiles(server.origin, {}));
  assert.deepEqual(found, [...unsealed, "encoder/dna_config.json"].sort());
  await server.close();
});

test("a model directory on the disk", async () => {
  assert.deepEqual(names(await modelFiles(BUILTIN, { openFile })), NAMES);
});

test("an encoder in shards", async () => {
  const index = {
    weight_map: { a: "model-1.safetensors", b: "model-2.safetensors", c: "model-1.safetensors" },
  };
  const server = await serve({
    "/manifest.json": Buffer.from("{}"),
    "/encoder/model.safetensors.index.json": Buffer.from(JSON.stringify(index)),
    "/encoder/model-1.safetensors": Buffer.from("1"),
    "/encoder/model-2.safetensors": Buffer.from("2"),
  });
  assert.deepEqual(names(await modelFiles(server.origin, {})), [
    "encoder/model-1.safetensors",
    "encoder/model-2.safetensors",
    "encoder/model.safetensors.index.json",
    "manifest.json",
  ]);
  await server.close();
});

test("a file that a manifest names must be there, and inside the directory", async () => {
  const refused = async (manifest) => {
    const server = await serve({ "/manifest.json": Buffer.from(JSON.stringify(manifest)) });
    const outcome = await modelFiles(server.origin, {}).catch((error) => error.code);
    await server.close();
    return outcome;
  };
  assert.equal(await refused({ eval: { file: "eval.json" } }), "RESOURCE.MODEL_NOT_FOUND");
  for (const file of PATHS.bad.filter((path) => path !== "")) {
    assert.equal(await refused({ predictor: { file } }), "PROVENANCE.GENERIC", file);
  }
});

test("a manifest, a seal or a list of shards reached other hosts", async () => {
  const other = await serve({ "/x": Buffer.from("x") });
  const host = new URL(other.origin).host;
  const elsewhere = [` //${host}/x`, `\t//${host}/x`, `//${host}/x`, `${other.origin}/x`];
  for (const file of [...elsewhere, "%2e%2e/x"]) {
    const manifest = JSON.stringify({ eval: { file } });
    const seal = JSON.stringify({ files: [{ path: file }] });
    const index = JSON.stringify({ weight_map: { a: file } });
    for (const files of [
      { "/m/manifest.json": manifest },
      { "/m/manifest.json": "{}", "/m/seal.json": seal },
      { "/m/manifest.json": "{}", "/m/encoder/model.safetensors.index.json": index },
    ]) {
      const bytes = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]);
      const server = await serve({ ...Object.fromEntries(bytes), "/x": Buffer.from("x") });
      await assert.rejects(modelFiles(`${server.origin}/m/`, {}), { code: "PROVENANCE.GENERIC" });
      assert.deepEqual(
        server.log.filter(({ path }) => !path.startsWith("/m/")),
        [],
        file,
      );
      await server.close();
    }
  }
  assert.deepEqual(other.log, []);
  await other.close();
});

test("wasm and the package have one rule for paths, and one list of files", async () => {
  const bytes = readFileSync(new URL("../wasm/genolewm_bg.wasm", import.meta.url));
  const wasm = await instantiate(await WebAssembly.compile(bytes));
  for (const [kind, expected] of [
    ["good", true],
    ["bad", false],
  ]) {
    for (const path of PATHS[kind]) {
      assert.equal(isModelPath(path), expected, JSON.stringify(path));
      assert.equal(wasm.isModelPath(path), expected, JSON.stringify(path));
    }
  }
  assert.deepEqual([...wasm.runtimeFiles()], RUNTIME_FILES);
});

test("the files of a chosen folder, relative to its manifest", async () => {
  const chosen = (path, text) => {
    const file = new Blob([text]);
    file.webkitRelativePath = path;
    return file;
  };
  const found = await modelFiles(
    [
      chosen("models/mine/encoder/config.json", "c"),
      chosen("models/mine/encoder/model.safetensors", "w"),
      chosen("models/mine/manifest.json", "{}"),
      chosen("models/other.txt", "o"),
      chosen("models/mine/deep/manifest.json", "not this one"),
    ],
    {},
  );
  assert.deepEqual(names(found), [
    "encoder/config.json",
    "encoder/model.safetensors",
    "manifest.json",
  ]);
  await assert.rejects(modelFiles([chosen("a/b.txt", "")], {}), {
    code: "RESOURCE.MODEL_NOT_FOUND",
  });
});

test("bytes by name, in a map or an object", async () => {
  const bytes = Uint8Array.of(1);
  const name = "manifest.json";
  assert.deepEqual((await modelFiles(new Map([[name, bytes.buffer]]), {})).get(name), bytes);
  assert.deepEqual((await modelFiles({ [name]: bytes }, {})).get(name), bytes);
});

test("every file of the built-in model's encoder is asked for", () => {
  const wanted = NAMES.filter((name) => name.startsWith("encoder/")).map((name) => name.slice(8));
  assert.deepEqual(readdirSync(new URL("encoder/", BUILTIN)).sort(), wanted.sort());
});

test("a file of a model was read on however long it was", async () => {
  const documented = readFileSync(new URL("../../docs/limits.md", import.meta.url), "utf8");
  for (const [name, bytes] of Object.entries(limits).filter(([name]) => name.startsWith("MAX_")))
    assert.match(documented, new RegExp(`\\| \`${name}\` \\| ${bytes / (1 << 20)} MiB \\|`));
  const long = Buffer.alloc(limits.MAX_DOCUMENT_BYTES + 1, " ");
  const server = await serve({ "/manifest.json": long });
  await assert.rejects(modelFiles(server.origin, {}), /manifest.json is larger than 16 MiB/);
  await server.close();
  const endless = createServer((_, response) => {
    const more = () => response.destroyed || response.write(long.subarray(0, 1 << 20), more);
    more();
  });
  await once(endless.listen(0), "listening");
  const origin = `http://localhost:${endless.address().port}/`;
  await assert.rejects(modelFiles(origin, {}), /manifest.json is larger than 16 MiB/);
  endless.closeAllConnections();
  endless.close();
  const folder = [new File([long], "manifest.json")];
  await assert.rejects(modelFiles(folder, {}), /manifest.json is larger than 16 MiB/);
});
