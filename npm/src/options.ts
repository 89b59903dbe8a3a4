/** What callers give, checked where it comes in: JavaScript has no compiler that would. */

import { GenoLeWMError } from "./errors.js";
import { object } from "./kinds.js";
import type {
  CallOptions,
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
} from "./types.js";

/** A kind of value: what is of it, and what it is called. */
interface Kind {
  readonly words: string;
  is(value: unknown): boolean;
}

/** The kinds of all options there are: the compiler sees that none is left out. */
type Shape<T> = { readonly [K in keyof Required<T>]: Kind };

const TEXT: Kind = { words: "a string", is: (value) => typeof value === "string" };
const FLAG: Kind = { words: "true or false", is: (value) => typeof value === "boolean" };
const CALLBACK: Kind = { words: "a function", is: (value) => typeof value === "function" };
const COUNT: Kind = {
  words: "a whole number above 0",
  is: (value) => Number.isSafeInteger(value) && (value as number) > 0,
};
const SIGNAL: Kind = {
  words: "an AbortSignal",
  is: (value) => typeof object<AbortSignal>(value)?.addEventListener === "function",
};
const BACKEND: Kind = {
  words: '"auto", "cpu" or "webgpu"',
  is: (value) => value === "auto" || value === "cpu" || value === "webgpu",
};
const ALLELES: Kind = {
  words: '"canonical" or "as-given"',
  is: (value) => value === "canonical" || value === "as-given",
};
const AGGREGATION: Kind = {
  words: '"mean", "max" or "median"',
  is: (value) => value === "mean" || value === "max" || value === "median",
};
const WINDOW: Kind = {
  words: "an object with bases, a string, and start, a whole number from 0",
  is: (value) => {
    const { bases, start } = object<{ bases: unknown; start: unknown }>(value) ?? {};
    return typeof bases === "string" && isOffset(start);
  },
};
/** Whoever reads it knows what it may be. */
const FILE: Kind = { words: "a file", is: (value) => value !== null };

const SAMPLE: Kind = {
  words: "the name of a sample, or an array of names",
  is: (value) => [value].flat().every((name) => typeof name === "string"),
};

const NUMBER: Kind = {
  words: "a number from 0",
  is: (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
};
const OFFSET: Kind = { words: "a whole number from 0", is: isOffset };
const TEXTS: Kind = {
  words: "an array of strings",
  is: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
};
const STATE: Kind = { words: "a Float32Array, as encodeWindow gives it", is: isState };
const STRETCH: Kind = {
  words: "an object with start and end, whole numbers from 0",
  is: (value) => {
    const { start, end } = object<{ start: unknown; end: unknown }>(value) ?? {};
    return isOffset(start) && isOffset(end);
  },
};
const STRETCHES: Kind = {
  words: "an array of objects with start and end, whole numbers from 0",
  is: (value) => Array.isArray(value) && value.every(STRETCH.is),
};

const CALL: Shape<CallOptions> = { signal: SIGNAL };
const PREDICT: Shape<PredictOptions> = { every: FLAG, signal: SIGNAL };
const PLAN: Shape<PlanOptions> = {
  targetWindow: TEXT,
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
  cost: TEXT,
  costWeight: NUMBER,
  distance: TEXT,
  editTypes: TEXTS,
  edgeMargin: OFFSET,
  positionBinBp: COUNT,
  prediction: TEXT,
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
const TOLERANCE: Kind = {
  words: "a number from 0",
  is: (value) => typeof value === "number" && value >= 0,
};
const OBJECT: Kind = { words: "an object", is: (value) => object(value) !== undefined };
const VERIFY: Shape<VerifyReceiptOptions> = {
  input: OBJECT,
  rerun: FLAG,
  tolerance: TOLERANCE,
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
  aggregation: AGGREGATION,
};
const SCORE_VARIANT: Shape<ScoreVariantOptions> = {
  window: WINDOW,
  reference: FILE,
  alleles: ALLELES,
  receipt: FLAG,
  signal: SIGNAL,
  ...RANK,
};
const SCORE_VCF: Shape<ScoreVcfOptions> = {
  reference: FILE,
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
      isOffset(pos) &&
      typeof allele === "string" &&
      !/\s/.test(contig + allele);
    required("importRaw", "referenceAlleles", PLACES.words, fits, place);
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
  if ((options.targetWindow === undefined) !== (options.targetState === undefined)) return options;
  throw refused(
    "plan needs one target.",
    "targetWindow",
    options.targetWindow,
    "Give { targetWindow }, the wanted bases, or { targetState }.",
  );
};

/** A parameter of `call` that has no options' name. */
export function required<T>(call: string, name: string, words: string, fits: boolean, value: T): T {
  if (fits) return value;
  throw refused(`${call}: ${name} must be ${words}.`, name, value, `Give ${words}.`);
}

/** A state. */
export function isState(value: unknown): value is Float32Array {
  return Object.prototype.toString.call(value) === "[object Float32Array]";
}

/** A whole number from 0. */
export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checked<T extends object>(call: string, given: unknown, shape: Shape<T>): T {
  const known = `The options of ${call} are ${Object.keys(shape).join(", ")}.`;
  if (given !== undefined && (object(given) === undefined || Array.isArray(given))) {
    throw refused(`${call}: the options must be an object.`, "options", given, known);
  }
  const options = { ...(given as Record<string, unknown> | undefined) };
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(shape, name) ? shape[name as keyof T] : undefined;
    if (kind === undefined) throw refused(`${call} has no option ${name}.`, name, value, known);
    if (value !== undefined && !kind.is(value)) {
      throw refused(`${name} must be ${kind.words}.`, name, value, `Give ${kind.words}.`);
    }
  }
  return options as T;
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

function refused(
  message: string,
  name: string,
  value: unknown,
  remediation: string,
): GenoLeWMError {
  const details = { [name]: described(value) };
  return new GenoLeWMError({ code: "INPUT.GENERIC", message, details, remediation });
}

/** Longest piece of a value that an error repeats. */
const SHOWN = 40;

/** A value as an error names it; not what an object holds, which may be a person's. */
function described(value: unknown): string {
  return ["string", "number", "boolean", "bigint", "undefined"].includes(typeof value)
    ? String(value).slice(0, SHOWN)
    : value === null
      ? "null"
      : typeof value;
}
