/** A model's files by name, from wherever it comes. Nothing is trusted: wasm checks hashes. */

import { asBytes, isBlob, isUrl } from "./kinds.js";
import { GenoLeWMError } from "./errors.js";
import { fetchWhole, sizeAt } from "./http.js";
import { MAX_WEIGHTS_BYTES, mostOfModel, tooLarge } from "./limits.js";
import { absoluteUrl, openRange, sourceOf } from "./sources.js";
import type { Platform } from "./platform.js";
import type { LoadParams, SourceSpec } from "./service.js";
import { untar } from "./tar.js";
import type { BuiltinModel, Bytes, ModelSource } from "./types.js";

const MANIFEST = "manifest.json";
const SEAL = "seal.json";
const ENCODER = "encoder";
const WEIGHTS = `${ENCODER}/model.safetensors`;
const SHARD_INDEX = `${WEIGHTS}.index.json`;

/**
 * What a model without a seal may have beside the files that its manifest names. They are part of
 * what it is, so wasm hashes each, and a test holds this list to wasm's own.
 */
export const RUNTIME_FILES = [
  ...[
    "config.json",
    "tokenizer_config.json",
    "tokenizer.py",
    "added_tokens.json",
    "dna_config.json",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "vocab.json",
  ].map((name) => `${ENCODER}/${name}`),
  SHARD_INDEX,
  "self_check.json",
];

/** Keys of the manifest under which a file is named. */
const ARTIFACTS = ["predictor", "action_encoder", "calibration", "eval"];

/** Those of them that are weights, whatever their files are called. */
const WEIGHT_ARTIFACTS = ["predictor", "action_encoder"];

/** A file of weights, which is read when an engine takes it. */
export interface Weights {
  readonly size: number;
  readonly source: SourceSpec;
}

/** File names, `encoder/model.safetensors` and the like, and what they hold. */
export type ModelFiles = ReadonlyMap<string, Uint8Array | Weights>;

/** The files as a coordinator takes them. Weights of another name that are held already stay files. */
export function split(files: ModelFiles): Pick<LoadParams, "files" | "weights" | "sources"> {
  const small = new Map<string, Uint8Array>();
  const weights = new Map<string, number>();
  const sources: Record<string, SourceSpec> = {};
  for (const [name, file] of files) {
    const bytes = asBytes(file);
    if (bytes !== null && !isWeights(name)) small.set(name, bytes);
    else {
      const { size, source } = bytes === null ? (file as Weights) : held(name, bytes);
      weights.set(name, size);
      sources[name] = source;
    }
  }
  return { files: small, weights, sources };
}

function isWeights(name: string): boolean {
  return name.endsWith(".safetensors");
}

function held(name: string, bytes: Uint8Array): Weights {
  return { size: bytes.length, source: { kind: "bytes", name, bytes } };
}

/** What of a model's files weights are read from, each where it is. */
export function weightSources(
  paths: readonly string[],
  { files, sources }: Pick<LoadParams, "files" | "sources">,
): Record<string, SourceSpec> {
  const found = paths.map((path) => {
    const bytes = files.get(path);
    const source = sources[path] ?? (bytes === undefined ? null : held(path, bytes).source);
    if (source === null) throw missing(path);
    return [path, source] as const;
  });
  return Object.fromEntries(found);
}

/** How much a file may have that is weights, or is not. */
function mostOf(name: string, weights: boolean): number {
  return weights ? MAX_WEIGHTS_BYTES : mostOfModel(name);
}

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
  const found = new Map<string, File>();
  for (const { file, path } of paths)
    if (path.startsWith(root)) found.set(path.slice(root.length), file);
  return directoryFiles(async (name, weights) => {
    signal?.throwIfAborted();
    const file = found.get(name);
    if (file === undefined) return null;
    const most = mostOf(name, weights);
    if (file.size > most) throw tooLarge(name, most);
    if (weights) return { size: file.size, source: { kind: "blob", name, blob: file } };
    return new Uint8Array(await file.arrayBuffer());
  });
}

/** Reads a file of a directory by its name, or where it is weights its size; null when there is none. */
type Reader = (name: string, weights: boolean) => Promise<Uint8Array | Weights | null>;

function reader(url: URL, platform: Pick<Platform, "openFile">, signal?: AbortSignal): Reader {
  const directory = url.pathname.endsWith("/") ? url : new URL(`${url.pathname}/`, url);
  return async (name, weights) => {
    signal?.throwIfAborted();
    const file = new URL(name, directory);
    if (file.protocol !== "file:") return fetched(file.href, name, weights, signal);
    try {
      const range = await openRange(await sourceOf(file, platform), signal);
      const most = mostOf(name, weights);
      if (range.size > most) throw tooLarge(name, most);
      if (weights) return { size: range.size, source: { kind: "range", name, source: range } };
      return await range.read(0, range.size, signal);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return null;
      throw error;
    }
  };
}

/** A file of a server: of weights its size alone, where the server tells. */
async function fetched(
  href: string,
  name: string,
  weights: boolean,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | Weights | null> {
  const most = mostOf(name, weights);
  const size = weights ? await sizeAt(href, name, signal) : null;
  if (size === null) return fetchWhole(href, name, signal, most);
  if (size > most) throw tooLarge(name, most);
  return { size, source: { kind: "url", name, href } };
}

/** The manifest and the seal first, then what they name; nothing else where there is a seal. */
async function directoryFiles(read: Reader): Promise<ModelFiles> {
  const files = new Map<string, Uint8Array | Weights>();
  const called = new Set<unknown>();
  const require = async (name: string): Promise<Uint8Array | Weights> => {
    const bytes = await read(name, isWeights(name) || called.has(name));
    if (bytes === null) throw missing(name);
    files.set(name, bytes);
    return bytes;
  };
  const manifest = parse(await require(MANIFEST));
  for (const key of WEIGHT_ARTIFACTS) called.add(object(manifest[key]).file);
  const seal = await read(SEAL, false);
  if (seal !== null) {
    files.set(SEAL, seal);
    await Promise.all(sealed(parse(seal)).map(require));
    return files;
  }
  await Promise.all(artifacts(manifest).map(require));
  await Promise.all(
    [...RUNTIME_FILES, WEIGHTS].map(async (name) => {
      const bytes = await read(name, isWeights(name));
      if (bytes !== null) files.set(name, bytes);
    }),
  );
  if (files.has(WEIGHTS)) return files;
  const names = shards(files.get(SHARD_INDEX));
  names.forEach((name) => called.add(name));
  await Promise.all(names.map(require));
  return files;
}

/** The files that a seal lists, but the manifest, which was read. */
function sealed(seal: Record<string, unknown>): string[] {
  const files: readonly unknown[] = Array.isArray(seal.files) ? seal.files : [];
  const names = files.map((file) => object(file).path).filter(isText);
  return names.map(inside).filter((name) => name !== MANIFEST);
}

/** The files that the list of an encoder's weights names. */
function shards(index: Uint8Array | Weights | undefined): string[] {
  if (index === undefined) throw missing(WEIGHTS);
  const names = new Set(Object.values(object(parse(index).weight_map)).filter(isText));
  return [...names].map((name) => inside(`${ENCODER}/${name}`));
}

function artifacts(manifest: Record<string, unknown>): string[] {
  const names = ARTIFACTS.map((key) => object(manifest[key]).file);
  return [...names, object(manifest.training).config_file].filter(isText).map(inside);
}

/**
 * Whether a model may name a file so: segments of letters, digits, `.`, `_` and `-`, with `/` between
 * them, none of which ends in a dot. The rule is wasm's, which checks again what was fetched; a test
 * holds the two together.
 */
export function isModelPath(name: string): boolean {
  return name.split("/").every((segment) => /^[A-Za-z0-9._-]*[A-Za-z0-9_-]$/.test(segment));
}

/** A model may name no file outside its directory: what it names is joined to a URL. */
function inside(name: string): string {
  if (isModelPath(name)) return name;
  throw new GenoLeWMError({
    code: "PROVENANCE.GENERIC",
    message: "The model names a file that could lie outside its directory.",
    details: { file: JSON.stringify(name) },
    remediation: "Give a model whose files have names of letters, digits, '.', '_' and '-'.",
  });
}

function parse(bytes: Uint8Array | Weights): Record<string, unknown> {
  try {
    return object(JSON.parse(new TextDecoder().decode(asBytes(bytes) ?? undefined)));
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
