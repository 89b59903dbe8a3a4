/** What callers give, checked where it comes in: JavaScript has no compiler that would. */

import { object } from "./kinds.js";
import {
  arrayOf,
  BASES,
  CALLBACK,
  checked,
  COUNT,
  either,
  FLAG,
  NUMBER,
  OFFSET,
  oneOf,
  partsOf,
  refused,
  required,
  SIGNAL,
  STATE,
  TEXT,
  type Kind,
  type Shape,
} from "./shapes.js";
import type {
  CallOptions,
  Edit,
  ImportOptions,
  InspectOptions,
  LoadOptions,
  OpenReferenceOptions,
  PlanOptions,
  PredictOptions,
  RankOptions,
  ReceiptInput,
  ReferenceAllele,
  ScoreVariantOptions,
  ScoreVcfOptions,
  VerifyReceiptOptions,
  WindowEdit,
} from "./types.js";

/** Whoever reads it knows what it may be. */
const FILE: Kind = { words: "a file", is: (value) => value !== null };
const OBJECT: Kind = { words: "an object", is: (value) => object(value) !== undefined };
const BACKEND = oneOf("auto", "cpu", "webgpu");
const ALLELES = oneOf("canonical", "as-given");
const AGGREGATION = oneOf("mean", "max", "median", "state_mean");
const EDIT_TYPE = oneOf("snv", "ins", "del", "mnv", "indel");
const TEXTS = arrayOf(TEXT, "strings");
const SAMPLE: Kind = {
  words: "the name of a sample, or an array of names",
  is: (value) => [value].flat().every(TEXT.is),
};
const WINDOW = partsOf(
  { bases: TEXT, start: OFFSET },
  'an object with bases and start, such as { bases: "ACGT…", start: 41244433 }',
);
const STRETCH = partsOf(
  { start: OFFSET, end: OFFSET },
  "an object with start and end, such as { start: 100, end: 280 }",
);
const STRETCHES = arrayOf(STRETCH, "objects with start and end, such as { start: 100, end: 280 }");
const EDIT = either(
  { words: '"chr17:41246481:T:C"', is: TEXT.is },
  partsOf(
    { contig: TEXT, pos: OFFSET, ref: TEXT, alt: TEXT },
    'its parts, { contig: "chr17", pos: 41246481, ref: "T", alt: "C" }',
  ),
);
const EDITS = arrayOf(
  partsOf({ relPos: OFFSET, ref: TEXT, alt: TEXT }, "an edit of a window"),
  'edits of a window, such as [{ relPos: 2048, ref: "T", alt: "C" }]',
);

const CALL: Shape<CallOptions> = { signal: SIGNAL };
const PREDICT: Shape<PredictOptions> = { every: FLAG, signal: SIGNAL };
const PLAN: Shape<PlanOptions> = {
  targetWindow: BASES,
  targetState: STATE,
  initialState: STATE,
  locus: OFFSET,
  horizon: COUNT,
  iterations: COUNT,
  samples: COUNT,
  elite: COUNT,
  stoppingEps: NUMBER,
  patience: COUNT,
  smoothing: NUMBER,
  cost: oneOf("count", "bp", "weighted_type"),
  costWeight: NUMBER,
  distance: oneOf("l2", "cosine"),
  editTypes: arrayOf(EDIT_TYPE, `kinds, each ${EDIT_TYPE.words}`),
  edgeMargin: OFFSET,
  positionBinBp: COUNT,
  prediction: oneOf("together", "stepwise"),
  reencode: OFFSET,
  seed: OFFSET,
  protect: STRETCHES,
  within: STRETCH,
  keepFrame: FLAG,
  forbid: TEXTS,
  onProgress: CALLBACK,
  signal: SIGNAL,
};
const INSPECT: Shape<InspectOptions> = {
  sample: SAMPLE,
  allAlleles: FLAG,
  member: TEXT,
  signal: SIGNAL,
};
const LOAD: Shape<LoadOptions> = {
  backend: BACKEND,
  threads: COUNT,
  worker: FLAG,
  startWorker: CALLBACK,
  onProgress: CALLBACK,
  onNotice: CALLBACK,
  signal: SIGNAL,
};
const VERIFY: Shape<VerifyReceiptOptions> = {
  input: OBJECT,
  rerun: FLAG,
  tolerance: NUMBER,
  signal: SIGNAL,
};
const RECEIPT_INPUT: Shape<ReceiptInput> = {
  edit: FILE,
  window: WINDOW,
  reference: FILE,
  alleles: ALLELES,
};
const OPEN: Shape<OpenReferenceOptions> = { onProgress: CALLBACK, signal: SIGNAL };
const RANK: Shape<RankOptions> = {
  region: TEXT,
  repeat: TEXT,
  minBucketSize: COUNT,
  views: TEXT,
  aggregation: AGGREGATION,
};
const SCORE_VARIANT: Shape<ScoreVariantOptions> = {
  window: WINDOW,
  reference: FILE,
  annotation: FILE,
  alleles: ALLELES,
  receipt: FLAG,
  signal: SIGNAL,
  ...RANK,
};
const SCORE_VCF: Shape<ScoreVcfOptions> = {
  reference: FILE,
  annotation: FILE,
  regions: TEXT,
  sample: SAMPLE,
  allAlleles: FLAG,
  member: TEXT,
  alleles: ALLELES,
  batchSize: COUNT,
  receipts: FLAG,
  annotate: FLAG,
  signal: SIGNAL,
  onProgress: CALLBACK,
  onNotice: CALLBACK,
  ...RANK,
};
const FORMATS = ["23andme", "ancestry", "myheritage", "familytreedna", "livingdna", "sequencing"];
const FORMAT: Kind = {
  words: `one of ${FORMATS.join(", ")}`,
  is: (value) => FORMATS.some((format) => format === value),
};
const PLACES: Kind = {
  words: "an array of [contig, position, allele]",
  is: (value) => typeof object<Iterable<unknown>>(value)?.[Symbol.iterator] === "function",
};
const IMPORT: Shape<ImportOptions> = {
  reference: FILE,
  referenceAlleles: PLACES,
  format: FORMAT,
  sampleId: TEXT,
  member: TEXT,
  signal: SIGNAL,
};

/** Options of `GenoLeWMRuntime.load`. */
export const loadOptions = (given: unknown): LoadOptions => checked("load", given, LOAD);
/** Options of calls that take a signal alone. */
export const callOptions = (call: string, given: unknown): CallOptions =>
  checked(call, given, CALL);
/** Options of `inspect`. */
export const inspectOptions = (given: unknown): InspectOptions =>
  checked("inspect", given, INSPECT);
/** Options of `openReference`. */
export const openOptions = (given: unknown): OpenReferenceOptions =>
  checked("openReference", given, OPEN);
/** Options of `verifyReceipt`, with those of its input. */
export const verifyOptions = (given: unknown): VerifyReceiptOptions => {
  const options = checked("verifyReceipt", given, VERIFY);
  if (options.input !== undefined)
    checked("the input of verifyReceipt", options.input, RECEIPT_INPUT);
  if (options.rerun !== true || options.input !== undefined) return options;
  const remedy = "Give { input: { edit, window } }, or a reference in place of the window.";
  throw refused("verifyReceipt scores again what it is given.", "input", undefined, remedy);
};
/** Options of `scoreVariant`. */
export const variantOptions = (given: unknown): ScoreVariantOptions =>
  checked("scoreVariant", given, SCORE_VARIANT);
/** Options of `scoreVcf`. */
export const vcfOptions = (given: unknown): ScoreVcfOptions =>
  withReference("scoreVcf", checked("scoreVcf", given, SCORE_VCF));
/** Options of `importRaw`. */
export const importOptions = (given: unknown): ImportOptions => {
  const options = checked("importRaw", given, IMPORT);
  if (options.referenceAlleles === undefined) return withReference("importRaw", options);
  if (options.reference === undefined) return options;
  const remedy = "Give one of reference and referenceAlleles.";
  throw refused("importRaw takes alleles from one place.", "reference", "both", remedy);
};

/** A table of reference alleles, as the module reads it. */
export function alleleTable(alleles: Iterable<ReferenceAllele>): string {
  const lines: string[] = [];
  for (const place of alleles as Iterable<unknown>) {
    const [contig, pos, allele] = Array.isArray(place) ? (place as unknown[]) : [];
    const fits =
      typeof contig === "string" &&
      OFFSET.is(pos) &&
      typeof allele === "string" &&
      !/\s/.test(contig + allele);
    required("importRaw", "referenceAlleles", { ...PLACES, is: () => fits }, place);
    lines.push(`${contig}\t${pos}\t${allele}`);
  }
  return lines.join("\n");
}

/** Of options, those that say among what variants are ranked. */
export function rankOf(options: RankOptions): RankOptions {
  const named = Object.keys(RANK).filter(
    (name) => options[name as keyof RankOptions] !== undefined,
  );
  return Object.fromEntries(named.map((name) => [name, options[name as keyof RankOptions]]));
}

/** Options of `predict`. */
export const predictOptions = (given: unknown): PredictOptions =>
  checked("predict", given, PREDICT);
/** Options of `plan`, which has one target. */
export const planOptions = (given: unknown): PlanOptions => {
  const options = checked("plan", given, PLAN);
  const { samples = 1024, elite = 64 } = options;
  if (elite > samples) {
    const remedy = `Give { elite }, at most ${samples}: it is 64 unless told.`;
    throw refused("plan: elite must be no more than samples.", "elite", elite, remedy);
  }
  if ((options.targetWindow === undefined) !== (options.targetState === undefined)) return options;
  throw refused(
    "plan needs one target.",
    "targetWindow",
    options.targetWindow,
    "Give { targetWindow }, the wanted bases, or { targetState }.",
  );
};

/** A window of bases. */
export const givenWindow = (call: string, given: string): string =>
  required(call, "the window", BASES, given);
/** A place in a window, or none. */
export const givenLocus = (call: string, given: number | null): number | null =>
  given === null ? given : required(call, "editLocus", LOCUS, given);
const LOCUS: Kind = { words: `${OFFSET.words}, or null`, is: OFFSET.is };
/** An edit of a contig, as wasm takes it. */
export const givenEdit = (call: string, given: Edit): string =>
  JSON.stringify(required(call, "the edit", EDIT, given));
/** A state and edits of its window, as wasm takes them. */
export function givenSteps(
  call: string,
  state: Float32Array,
  edits: readonly WindowEdit[],
): { readonly state: Float32Array; readonly edits: string } {
  required(call, "the state", STATE, state);
  return { state, edits: JSON.stringify(required(call, "the edits", EDITS, edits)) };
}

function withReference<T extends { reference?: unknown }>(call: string, options: T): T {
  if (options.reference !== undefined) return options;
  throw refused(
    `${call} needs a reference genome.`,
    "reference",
    undefined,
    "Give { reference }: the genome on which the file was called, as FASTA or .2bit.",
  );
}
