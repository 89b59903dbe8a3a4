// Model directories for tests: the built-in one, the golden one unpacked, and a tiny one that is
// fast enough to score 100,000 alleles on any machine.

import { cpSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";

import { mustRun } from "./native.mjs";
import { inRoot, scratch } from "./paths.mjs";

/** The built-in model's folder. */
export const builtinModel = () => inRoot("models/builtin");

/** Bases of a window that it reads. */
export function builtinWindowBp() {
  const config = readFileSync(join(builtinModel(), "train_config.yaml"), "utf8");
  return Number(/^window_bp: (\d+)$/m.exec(config)?.[1]);
}

/** The golden model with the encoder inside it and its weights unpacked. */
export function goldenModel() {
  const folder = join(scratch("golden"), "model");
  cpSync(inRoot("tests/golden/pipeline/model"), folder, { recursive: true });
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".gz"))) {
    const packed = readFileSync(join(folder, name));
    writeFileSync(join(folder, name.slice(0, -3)), gunzipSync(packed));
  }
  cpSync(inRoot("tests/golden/pipeline/encoder"), join(folder, "encoder"), { recursive: true });
  return folder;
}

/** The built-in model as `genolewm export` packs it, within what it may lose. */
export function packedModel(dtype) {
  const folder = join(scratch("packed"), "model");
  const few = ["--budget-variants", "200"];
  mustRun(["export", "--dtype", dtype, ...few, "--output-dir", folder]);
  return folder;
}

/** The files that a model's manifest and encoder need, by name, as the runtime takes them. */
export function modelFiles(folder) {
  const files = new Map();
  for (const path of walk(folder)) {
    const name = relative(folder, path);
    if (/\.(json|safetensors|parquet|yaml)$/.test(name)) files.set(name, readFileSync(path));
  }
  return files;
}

/** A tar archive of files, as the package ships the built-in model. */
export function tar(files) {
  const blocks = [];
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    blocks.push(tarHeader(name, bytes.length), bytes);
    blocks.push(Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function tarHeader(name, size) {
  const header = Buffer.alloc(512);
  const octal = (value, width) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)} `, 148);
  return header;
}

function* walk(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* walk(path);
    else yield path;
  }
}

/**
 * A model of the built-in one's kind, with one layer of width 8 and random weights: about 200
 * times less work for an allele. Tokenizer, windows and calibration table are the built-in ones.
 */
export function tinyModel() {
  const folder = join(scratch("tiny-model"), "model");
  cpSync(builtinModel(), folder, { recursive: true });
  const random = weights(20261123);
  const width = 8;
  write(join(folder, "encoder/model.safetensors"), encoderShapes(width), random);
  write(join(folder, "predictor.safetensors"), predictorShapes(width), random);
  write(join(folder, "action_encoder.safetensors"), actionShapes(width), random);

  const config = JSON.parse(readFileSync(join(folder, "encoder/config.json"), "utf8"));
  Object.assign(config, {
    head_dim: width,
    hidden_size: width,
    intermediate_size: width,
    num_attention_heads: 1,
    num_hidden_layers: 1,
    num_key_value_heads: 1,
  });
  writeFileSync(join(folder, "encoder/config.json"), JSON.stringify(config, null, 2));
  const training = join(folder, "train_config.yaml");
  const yaml = readFileSync(training, "utf8").replace(/d_action: 64/g, `d_action: ${width}`);
  const ofOneLayer = yaml.replace(/state_layer: .*/, "state_layer: -1");
  writeFileSync(training, ofOneLayer.replace("n_heads: 4", "n_heads: 1"));
  mustRun(["train", "manifest", folder]);
  return folder;
}

/** Numbers from a seed, about normal, the same on every machine. */
function weights(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => uniform() + uniform() + uniform() + uniform() - 2;
}

/** Writes tensors of f32 with the given shapes; norms are ones, biases small. */
function write(path, shapes, random) {
  const header = {};
  const parts = [];
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const count = shape.reduce((product, n) => product * n, 1);
    const isNorm = /norm\w*\.weight$|layernorm\.weight$|mlp\.2\.weight$|projection\.2\.weight$/;
    // A prediction near the state, so that surprises fall among those of the calibration table.
    const small = name.endsWith("bias") || name.startsWith("output_mlp.3");
    const fill = isNorm.test(name) ? () => 1 : small ? () => random() / 50 : random;
    const values = Float32Array.from({ length: count }, fill);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + 4 * count] };
    parts.push(Buffer.from(values.buffer));
    offset += 4 * count;
  }
  const text = JSON.stringify(header);
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([length, Buffer.from(padded), ...parts]));
}

function encoderShapes(n) {
  const layer = "model.layers.0";
  const square = ["q_proj", "k_proj", "v_proj", "o_proj"].map((name) => `self_attn.${name}`);
  const names = [...square, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];
  return {
    "model.embed_tokens.weight": [4100, n],
    "model.norm.weight": [n],
    [`${layer}.input_layernorm.weight`]: [n],
    [`${layer}.post_attention_layernorm.weight`]: [n],
    ...Object.fromEntries(names.map((name) => [`${layer}.${name}.weight`, [n, n]])),
  };
}

const linear = (name, rows, columns) => ({
  [`${name}.weight`]: [rows, columns],
  [`${name}.bias`]: [rows],
});
const norm = (name, n) => ({ [`${name}.weight`]: [n], [`${name}.bias`]: [n] });
const attention = (name, n) => ({
  [`${name}.in_proj_weight`]: [3 * n, n],
  [`${name}.in_proj_bias`]: [3 * n],
  ...linear(`${name}.out_proj`, n, n),
});

function predictorShapes(n) {
  const block = (name, norms) => ({
    ...attention(`${name}.attn`, n),
    ...linear(`${name}.ffn.net.0`, n, n),
    ...linear(`${name}.ffn.net.2`, n, n),
    ...Object.assign({}, ...norms.map((each) => norm(`${name}.${each}`, n))),
  });
  return {
    "token_type_embedding.weight": [2, n],
    "step_position_embedding.weight": [17, n],
    ...block("cross_blocks.0", ["attn_norm", "ffn_norm"]),
    ...block("cross_blocks.1", ["query_norm", "memory_norm", "ffn_norm"]),
    ...block("self_blocks.0", ["attn_norm", "ffn_norm"]),
    ...linear("action_projection", n, n),
    ...linear("output_mlp.0", n, n),
    ...norm("output_mlp.2", n),
    ...linear("output_mlp.3", n, n),
  };
}

function actionShapes(n) {
  const position = 16;
  const layer = (at) => {
    const name = `seq_encoder.encoder.layers.${at}`;
    return {
      ...attention(`${name}.self_attn`, n),
      ...linear(`${name}.linear1`, n, n),
      ...linear(`${name}.linear2`, n, n),
      ...norm(`${name}.norm1`, n),
      ...norm(`${name}.norm2`, n),
    };
  };
  return {
    padding_embedding: [n],
    "type_embedding.weight": [6, n],
    "seq_encoder.token_embedding.weight": [4097, n],
    ...layer(0),
    ...layer(1),
    ...linear("projection.0", n, position + n + 2 * n),
    ...norm("projection.2", n),
    ...linear("projection.3", n, n),
  };
}
