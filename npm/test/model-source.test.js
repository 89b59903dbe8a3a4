// A model's files, from a server, a folder and a map.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { openFile } from "../dist/files.js";
import { modelFiles } from "../dist/model-source.js";
import { serve } from "./support/server.js";

const BUILTIN = new URL("../../models/builtin/", import.meta.url);
const NAMES = [
  "action_encoder.safetensors",
  "calibration.parquet",
  "encoder/config.json",
  "encoder/model.safetensors",
  "encoder/tokenizer.json",
  "encoder/tokenizer_config.json",
  "eval_metrics.json",
  "manifest.json",
  "predictor.safetensors",
  "self_check.json",
  "train_config.yaml",
];

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
  for (const file of ["../x", "/x", "a/../../x", "https://example.org/x", "..\\x"]) {
    assert.equal(await refused({ predictor: { file } }), "PROVENANCE.GENERIC", file);
  }
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
      chosen("models/mine/manifest.json", "{}"),
      chosen("models/other.txt", "o"),
      chosen("models/mine/deep/manifest.json", "not this one"),
    ],
    {},
  );
  assert.deepEqual(names(found), ["deep/manifest.json", "encoder/config.json", "manifest.json"]);
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

test("every file of the built-in model that its encoder has is asked for or known to be spare", () => {
  const spare = ["special_tokens_map.json"];
  const wanted = NAMES.filter((name) => name.startsWith("encoder/")).map((name) => name.slice(8));
  assert.deepEqual(readdirSync(new URL("encoder/", BUILTIN)).sort(), [...wanted, ...spare].sort());
});
