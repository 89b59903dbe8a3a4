/** A model's files by name, from wherever it comes. Nothing is trusted: wasm checks hashes. */

import { asBytes, isBlob, isUrl } from "./kinds.js";
import { GenoLeWMError } from "./errors.js";
import { fetchWhole } from "./http.js";
import { absoluteUrl, openRange, sourceOf } from "./sources.js";
import type { Platform } from "./platform.js";
import { untar } from "./tar.js";
import type { BuiltinModel, Bytes, ModelSource } from "./types.js";

const MANIFEST = "manifest.json";
const ENCODER = "encoder";
const SHARD_INDEX = `${ENCODER}/model.safetensors.index.json`;

/** What an encoder may have beside its weights. Which of them are needed, the tokenizer knows. */
const ENCODER_FILES = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "vocab.json",
  "added_tokens.json",
  "dna_config.json",
];

/** Answers that the model is known to give, for a backend to be checked with. */
const SELF_CHECK = "self_check.json";

/** Keys of the manifest under which a file is named. */
const ARTIFACTS = ["predictor", "action_encoder", "calibration", "eval"];

/** File names, `encoder/model.safetensors` and the like, and what they hold. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** Reads a model. */
export async function modelFiles(
  source: ModelSource,
  platform: Pick<Platform, "openFile">,
  signal: AbortSignal | undefined,
): Promise<ModelFiles> {
  if (typeof source === "string" || isUrl(source)) {
    return directoryFiles(reader(absoluteUrl(source), platform, signal));
  }
  if (typeof source !== "object" || source === null) throw noModel();
  if (isBuiltin(source)) return untar(await source.load(signal));
  if (isMap(source)) return named(source);
  if (isIterable(source)) return chosenFiles(source, signal);
  return named(Object.entries(source as Readonly<Record<string, Bytes>>));
}

function noModel(): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.MODEL_NOT_FOUND",
    message: "There is no model to load.",
    remediation:
      'Give the built-in one (import builtin from "@genolewm/runtime/models/builtin"), the URL of a model directory, or its files.',
  });
}

function isBuiltin(source: object): source is BuiltinModel {
  return "kind" in source && source.kind === "genolewm-builtin";
}

function isMap(source: object): source is ReadonlyMap<string, Bytes> {
  return "get" in source && "entries" in source && Symbol.iterator in source;
}

function isIterable(source: object): source is Iterable<File> {
  return Symbol.iterator in source;
}

function named(entries: Iterable<readonly [string, Bytes]>): ModelFiles {
  const files = new Map<string, Uint8Array>();
  for (const [name, given] of entries) {
    const bytes = asBytes(given);
    if (bytes === null) throw noFile(name);
    files.set(name, bytes);
  }
  if (!files.has(MANIFEST)) throw missing(MANIFEST);
  return files;
}

function noFile(name: string): GenoLeWMError {
  return new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: `What was given as ${name} of the model is no file.`,
    details: { file: name },
    remediation: "Give bytes by name, the File objects of a folder, or the URL of one.",
  });
}

/** Files of a chosen folder: their names are relative to the one that holds the manifest. */
async function chosenFiles(files: Iterable<File>, signal?: AbortSignal): Promise<ModelFiles> {
  const paths = [...files].map((file, place) => {
    if (!isBlob(file)) throw noFile(`entry ${place}`);
    return { file, path: file.webkitRelativePath || file.name };
  });
  const manifest = paths
    .filter(({ path }) => path === MANIFEST || path.endsWith(`/${MANIFEST}`))
    .sort((a, b) => a.path.length - b.path.length)[0];
  if (manifest === undefined) throw missing(MANIFEST);
  const root = manifest.path.slice(0, -MANIFEST.length);
  const found = new Map<string, Uint8Array>();
  for (const { file, path } of paths.filter(({ path }) => path.startsWith(root))) {
    signal?.throwIfAborted();
    found.set(path.slice(root.length), new Uint8Array(await file.arrayBuffer()));
  }
  return found;
}

/** Reads a file of a directory by its name; null when there is none. */
type Reader = (name: string) => Promise<Uint8Array | null>;

function reader(url: URL, platform: Pick<Platform, "openFile">, signal?: AbortSignal): Reader {
  const directory = url.pathname.endsWith("/") ? url : new URL(`${url.pathname}/`, url);
  return async (name) => {
    signal?.throwIfAborted();
    const file = new URL(name, directory);
    if (file.protocol !== "file:") return fetchWhole(file.href, name, signal);
    try {
      const range = await openRange(await sourceOf(file, platform), signal);
      return await range.read(0, range.size, signal);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return null;
      throw error;
    }
  };
}

/** The manifest first, then what it names. */
async function directoryFiles(read: Reader): Promise<ModelFiles> {
  const files = new Map<string, Uint8Array>();
  const require = async (name: string): Promise<Uint8Array> => {
    const bytes = await read(name);
    if (bytes === null) throw missing(name);
    files.set(name, bytes);
    return bytes;
  };
  const manifest = parse(await require(MANIFEST));
  await Promise.all(artifacts(manifest).map(require));
  const optional = [SELF_CHECK, ...ENCODER_FILES.map((name) => `${ENCODER}/${name}`)];
  await Promise.all(
    optional.map(async (name) => {
      const bytes = await read(name);
      if (bytes !== null) files.set(name, bytes);
    }),
  );
  await encoderWeights(read, require, files);
  return files;
}

async function encoderWeights(
  read: Reader,
  require: Reader,
  files: Map<string, Uint8Array>,
): Promise<void> {
  const single = `${ENCODER}/model.safetensors`;
  const weights = await read(single);
  if (weights !== null) {
    files.set(single, weights);
    return;
  }
  const index = await read(SHARD_INDEX);
  if (index === null) throw missing(single);
  files.set(SHARD_INDEX, index);
  const shards = new Set(Object.values(object(parse(index).weight_map)).filter(isText));
  for (const shard of shards) await require(inside(`${ENCODER}/${shard}`));
}

function artifacts(manifest: Record<string, unknown>): string[] {
  const names = ARTIFACTS.map((key) => object(manifest[key]).file);
  return [...names, object(manifest.training).config_file].filter(isText).map(inside);
}

/** A manifest may name no file outside its directory. */
function inside(name: string): string {
  const outside = name.startsWith("/") || name.includes("\\") || name.includes(":");
  if (!outside && !name.split("/").includes("..")) return name;
  throw new GenoLeWMError({
    code: "PROVENANCE.GENERIC",
    message: "The model names a file outside its directory.",
    details: { file: name },
  });
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    return object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new GenoLeWMError(
      { code: "DEPLOY.EXPORT_FORMAT", message: "A JSON file of the model cannot be read." },
      { cause },
    );
  }
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function missing(name: string): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.MODEL_NOT_FOUND",
    message: `The model has no ${name}.`,
    details: { file: name },
    remediation: "Give a complete model directory: manifest.json, what it names, and encoder/.",
  });
}
