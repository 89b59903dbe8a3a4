/**
 * Everything that `@genolewm/runtime` takes and gives, as types.
 *
 * GenoLeWM is a research tool. A score is not a diagnosis, and nothing here says whether a variant
 * causes a disease.
 *
 * @packageDocumentation
 */

/** Where a model's arithmetic runs. */
export type BackendName = "cpu" | "webgpu";

/** Bytes in memory. */
export type Bytes = Uint8Array | ArrayBuffer;

/**
 * A file whose bytes are read by range and never held as a whole. `Blob` and `File` fit as they
 * are; so does anything that implements {@link RangeSource}.
 */
export type FileLike = Blob | RangeSource | Bytes | URL | string;

/** Variants may also come as a stream, which is read once from front to back. */
export type InputLike = FileLike | ReadableStream<Uint8Array>;

/** Bytes by offset: what a `File` is to a browser, for any other place. */
export interface RangeSource {
  /** What errors call it. Never a path that tells about a person. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** The bytes `offset .. offset + length`, fewer only at the end. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/**
 * A model: the built-in one (`import builtin from "@genolewm/runtime/models/builtin"`), the URL of
 * a model directory, the files of one (from `<input webkitdirectory>` or a drop), or its bytes by
 * name, `encoder/model.safetensors` and the like.
 */
export type ModelSource =
  | BuiltinModel
  | URL
  | string
  | Iterable<File>
  | ReadonlyMap<string, Bytes>
  | Readonly<Record<string, Bytes>>;

/** The model that the package carries, resolved by the package itself. */
export interface BuiltinModel {
  /** Marks it. */
  readonly kind: "genolewm-builtin";
  /** Its files, packed as one tar archive. */
  load(signal?: AbortSignal): Promise<Uint8Array>;
}

/** How a runtime is started. */
export interface LoadOptions {
  /** `auto` (the default) takes WebGPU where it is there, right and faster, and the processor else. */
  backend?: "auto" | BackendName;
  /**
   * Instances of the model on the processor, each on a core. The default is the number of cores,
   * four at most; 1 where there are no workers.
   */
  threads?: number;
  /**
   * Whether work runs off the calling thread. The default is true where there are Web Workers and
   * a document (a page), and false in Node, Deno and Cloudflare Workers.
   */
  worker?: boolean;
  /**
   * Starts the script `@genolewm/runtime/worker` as a module worker, once for each that is needed:
   * for pages whose bundler, origin or policy does not let the package start it by itself. `worker`
   * is true then.
   */
  startWorker?: () => Worker;
  /** Told of every step of loading. What a callback throws is uncaught, and stops nothing. */
  onProgress?: (progress: Progress) => void;
  /** Told of what went otherwise than asked, such as a fall-back to the processor. */
  onNotice?: (notice: Notice) => void;
  /** Stops loading. */
  signal?: AbortSignal;
}

/** What a runtime is doing. `done` never falls, `total` never changes, and the last has `done === total`. */
export type Progress =
  | {
      readonly kind: "load";
      readonly stage: LoadStage;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: "index";
      readonly doneBytes: number;
      readonly totalBytes: number;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: "score";
      /** Share of the input that is finished, in units of which there are `total`. */
      readonly done: number;
      readonly total: number;
      /** Alleles with a score so far. */
      readonly scored: number;
      /** Alleles without one so far. */
      readonly skipped: number;
      /** Alleles scored a second, over the last seconds. */
      readonly allelesPerSecond: number;
      /** An estimate, once there is one. */
      readonly secondsLeft: number | null;
    }
  | {
      readonly kind: "plan";
      /** Candidates that were looked at, of as many as there are if nothing ends the search early. */
      readonly done: number;
      readonly total: number;
      /** Rounds that are over. */
      readonly rounds: number;
      /** The least distance from the target so far, once a round is over. */
      readonly bestDistance: number | null;
      /** An estimate, once there is one. */
      readonly secondsLeft: number | null;
    };

/** The steps of loading, in order. */
export type LoadStage = "wasm" | "model" | "verify" | "backend" | "ready";

/** What stops a call. */
export interface CallOptions {
  signal?: AbortSignal;
}

/** How a file is looked at; `sample` and `allAlleles` as {@link ScoreVcfOptions} has them. */
export interface InspectOptions extends CallOptions {
  sample?: string | readonly string[];
  allAlleles?: boolean;
  /** The file inside, where it is a ZIP archive with several: `details.members` of the error lists them. */
  member?: string;
}

/** Something that a person should be told. */
export interface Notice {
  /**
   * `backend-fallback`: work goes on, on the processor. `fewer-workers`: not all instances of the
   * model could be started, and work goes on with the others. `input-warning`: the file is odd.
   */
  readonly kind: "backend-fallback" | "fewer-workers" | "input-warning";
  /** A sentence. */
  readonly message: string;
}

/** Whether a backend can be used here, and why. */
export interface BackendProbe {
  readonly backend: BackendName;
  readonly available: boolean;
  /** A sentence: what was found, or what is missing. */
  readonly reason: string;
  /** Alleles a second in the short probe of `auto`, where it was run. */
  readonly allelesPerSecond: number | null;
}

/**
 * The rule by which the rows of a model's encoder become a state. Figures of models with another rule
 * cannot be compared; those of `raw_v0_2_1` and `legacy_raw_v1` are no evidence about a variant.
 */
export type StateContract =
  | "raw_v0_2_1"
  | "l2_old_row_v0_2_0"
  | "legacy_raw_v1"
  | "l2_normalized_v2";

/** What a loaded model is. */
export interface ModelInfo {
  /** sha256 of the manifest. */
  readonly modelId: string;
  /** One hash over the manifest and the files that it has no place for: all that decides scores. */
  readonly filesId: string;
  /** Whether a seal (`seal.json`) lists every file with its hash. */
  readonly sealed: boolean;
  /** By which rule its states are made. */
  readonly stateContract: StateContract;
  /** Bases of a window. */
  readonly windowBp: number;
  /** Width of a state. */
  readonly stateWidth: number;
  /** The manifest, as it was checked. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/**
 * In which form alleles are scored. `canonical` (the default) is the one form of all spellings of a
 * change: trimmed, and left-aligned as `bcftools norm` does. `as-given` takes them as the file has
 * them, like the Python package.
 */
export type AlleleForm = "canonical" | "as-given";

/** An edit: `"chr17:41197728:T:C"`, or its parts. `pos` counts from 1. */
export type Edit =
  | string
  | { readonly contig: string; readonly pos: number; readonly ref: string; readonly alt: string };

/** An edit by its place in a window. `relPos` counts from 0. */
export interface WindowEdit {
  readonly relPos: number;
  readonly ref: string;
  readonly alt: string;
}

/** Bases of a window: from 0, the end excluded. */
export interface WindowStretch {
  readonly start: number;
  readonly end: number;
}

/** How several edits are predicted: in one call, or each on the state that the one before predicts. */
export type Prediction = "together" | "stepwise";

/** What `predict` gives. */
export interface PredictOptions extends CallOptions {
  /** Every state on the way, and not the last alone. */
  every?: boolean;
}

/** How a plan is searched for. What is left out is as `genolewm plan` has it. */
export interface PlanOptions {
  /** The bases of the wanted window, or */
  targetWindow?: string;
  /** the wanted state. */
  targetState?: Float32Array;
  /** The state to start from; that of the window unless told. */
  initialState?: Float32Array;
  /** Where states are pooled, from the window's start; over the whole window unless told. */
  locus?: number;
  /** Edits of a plan: 5 unless told. */
  horizon?: number;
  /** Most rounds: 5 unless told. */
  iterations?: number;
  /** Candidates of a round: 1024 unless told. */
  samples?: number;
  /** Candidates that the next round is drawn like: 64 unless told. */
  elite?: number;
  /** Stop when the best is closer than this: 0.05 unless told. */
  stoppingEps?: number;
  /** Stop after so many rounds without a better one: 2 unless told. */
  patience?: number;
  /** How much of its old weights the sampler keeps: 0.1 unless told. */
  smoothing?: number;
  /** What a plan costs; the number of its edits unless told. */
  cost?: "count" | "bp" | "weighted_type";
  /** What one unit of cost weighs against one of distance: 0 unless told. */
  costWeight?: number;
  /** How far states are apart: `l2` unless told. */
  distance?: "l2" | "cosine";
  /** Types of edits to draw: `snv` unless told. */
  editTypes?: readonly ("snv" | "ins" | "del" | "mnv" | "indel")[];
  /** Bases at either end of the window that stay: 64 unless told. */
  edgeMargin?: number;
  /** Width of the stretches in which it is learned where edits are good: 8 unless told. */
  positionBinBp?: number;
  /** `together` unless told. */
  prediction?: Prediction;
  /** How many candidates of a round are made for real and ranked by that: none unless told. */
  reencode?: number;
  /** The same seed gives the same plan on one backend: 0 unless told. */
  seed?: number;
  /** Bases that stay as they are. */
  protect?: readonly WindowStretch[];
  /** Edit only these. */
  within?: WindowStretch;
  /** Insert and delete whole codons only. */
  keepFrame?: boolean;
  /** Motifs that no edit may make, on either strand, in letters of IUPAC. */
  forbid?: readonly string[];
  /** Told after every batch of candidates. */
  onProgress?: (progress: Progress) => void;
  /** Stops within one batch. */
  signal?: AbortSignal;
}

/** A plan, and what came of making it for real. */
export interface PlanResult {
  /** The edits, disjoint, all placed in the unedited window. */
  readonly edits: readonly WindowEdit[];
  /** Distance of the predicted state from the target. */
  readonly distance: number;
  readonly cost: number;
  /** Distance plus weighted cost. */
  readonly objective: number;
  /** Distance of the edited window's own state from the target. */
  readonly realDistance: number;
  /** Distance before any edit. */
  readonly initialDistance: number;
  /** How far the prediction was off the edited window's state. */
  readonly predictionErrorL2: number;
  /** 1 - cosine between them; null for a state of zeros. */
  readonly predictionErrorCosine: number | null;
  /** The window with the edits, of its old length. */
  readonly editedWindow: string;
  readonly predictedState: Float32Array;
  readonly realState: Float32Array;
  /** Candidates that were looked at. */
  readonly evaluations: number;
  /** Candidates for which there was no room. */
  readonly dropped: number;
  readonly rounds: readonly {
    readonly bestDistance: number;
    readonly bestObjective: number;
    readonly eliteMeanDistance: number;
    readonly candidates: number;
  }[];
  readonly stoppedReason: "distance_threshold" | "patience" | "max_iterations" | "no_candidates";
  /** The report as `genolewm plan` writes it, but for its files. */
  readonly report: string;
  /** Its receipt, as a line of JSON. */
  readonly receipt: string;
}

/** A reference genome: FASTA (plain or bgzip) or .2bit. */
export interface ReferenceFiles {
  /** The sequence. */
  readonly file: FileLike;
  /** Its `.fai`; built by reading the file through once when absent. */
  readonly fai?: FileLike;
  /** Its `.gzi`, for bgzip; built likewise. */
  readonly gzi?: FileLike;
}

/** A reference as it is given: one file, or one with its indexes. */
export type ReferenceInput = FileLike | ReferenceFiles | Reference;

/** How a reference is opened. */
export interface OpenReferenceOptions {
  /** Told while an index is made, which reads the file through. */
  onProgress?: (progress: Progress) => void;
  /** Stops. */
  signal?: AbortSignal;
}

/** An open reference, to be used by several calls. */
export interface Reference {
  /** Contigs, in the file's order. */
  readonly contigs: readonly { readonly name: string; readonly lengthBp: number }[];
  /** The build by the contigs' lengths, where it can be told. */
  readonly assembly: AssemblyGuess | null;
  /** The bases `start .. end` (0-based, end excluded), upper-case. */
  bases(contig: string, start: number, end: number, signal?: AbortSignal): Promise<string>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** A genome build and what speaks for it. */
export interface AssemblyGuess {
  /** `GRCh37`, `GRCh38`, … */
  readonly assembly: string;
  /** A phrase. */
  readonly evidence: string;
}

/** How the distances of an edit become one. An edit in its window has one, of which all make the same. */
export type Aggregation = "mean" | "max" | "median";

/** Among what variants are ranked. */
export interface RankOptions {
  /** The region that they lie in: a class, or terms such as `missense_variant`. */
  region?: string;
  /** The repeat that they lie in: a class, or terms such as `LINE/L1`. */
  repeat?: string;
  /** Background variants that a bucket needs, 1000 unless told; smaller ones give way to wider ones. */
  minBucketSize?: number;
  /** As the model says unless told. */
  aggregation?: Aggregation;
}

/** How one variant is scored. */
export interface ScoreVariantOptions extends RankOptions {
  /** The bases around the edit, with the 0-based offset of the first on its contig. */
  window?: { readonly bases: string; readonly start: number };
  /** Or a reference, from which they are cut. */
  reference?: ReferenceInput;
  /** The form in which the edit is scored. */
  alleles?: AlleleForm;
  /** Whether the result carries a receipt. */
  receipt?: boolean;
  /** Stops. */
  signal?: AbortSignal;
}

/** How a file of variants is scored. */
export interface ScoreVcfOptions extends RankOptions {
  /** The reference on which the variants were called. */
  reference: ReferenceInput;
  /** `"chr17:41196312-41277500,chrX"`: 1-based, both ends included. */
  regions?: string;
  /**
   * Only what these samples of a VCF carry. Without it what at least one sample carries; where a
   * file has no genotypes, everything.
   */
  sample?: string | readonly string[];
  /** Every allele of the file, carried or not. */
  allAlleles?: boolean;
  /** The file inside, where the input is a ZIP archive with several. */
  member?: string;
  /** The form in which alleles are scored. */
  alleles?: AlleleForm;
  /** Alleles in one call of the model; 32 unless told. */
  batchSize?: number;
  /** Whether rows carry receipts. */
  receipts?: boolean;
  /** Whether rows carry the annotated VCF record. */
  annotate?: boolean;
  /** Stops within one batch; what was yielded stays valid. */
  signal?: AbortSignal;
  /** Told after every batch. */
  onProgress?: (progress: Progress) => void;
  /** Told of warnings and fall-backs. */
  onNotice?: (notice: Notice) => void;
}

/** What every row has. */
export interface RowBase {
  /** Number of the allele in the input, from 0. */
  readonly index: number;
  /** Line of the input, from 1. */
  readonly line: number;
  readonly contig: string;
  /** Counts from 1; 0 is the telomere. */
  readonly pos: number;
  readonly id: string | null;
  readonly ref: string;
  readonly alt: string;
  /** The gene, where the file names one. */
  readonly gene: string | null;
  /** How many copies the one person has whose alleles are scored; null for several, or unknown. */
  readonly zygosity: "heterozygous" | "homozygous" | "hemizygous" | null;
  /** The annotated VCF record, on the first row of a record, when it was asked for. */
  readonly record?: string;
}

/** An allele with a score. */
export interface ScoredRow extends RowBase {
  readonly status: "scored";
  /** Distance between the predicted and the encoded edited state. */
  readonly sigmaRaw: number;
  /** Percentile among common variants in the same kind of context, 0 to 1. */
  readonly sigmaCalibrated: number;
  /** `1 - cos(prediction, reference state)`. */
  readonly displacement: number;
  /** The calibration bucket. */
  readonly bucketId: string;
  /** Confidence in the bucket, 0 to 1. */
  readonly confidence: number;
  readonly lowConfidence: boolean;
  /** Whether it lies in a repeat, by the reference's lower case; null where that marks none. */
  readonly repeat: "masked" | "unmasked" | null;
  /** The edit that was scored, `contig:pos:ref:alt`, where it is another spelling than the file's. */
  readonly scoredAs?: string;
  /** 0-based offset of the window on its contig. */
  readonly windowStart: number;
  /** The row as the JSONL format has it. */
  readonly json: string;
  /** The receipt as a line of JSON, when it was asked for. */
  readonly receipt?: string;
}

/** Why an allele has no score. The list is closed; the same reasons as the command-line program's. */
export type SkipReason =
  | "symbolic"
  | "breakend"
  | "overlapping_deletion"
  | "missing_alt"
  | "non_acgt"
  | "too_long"
  | "same_as_ref"
  | "duplicate_allele"
  | "not_carried"
  | "no_call"
  | "indel_code"
  | "no_reference_allele"
  | "contig_unknown"
  | "other_mitochondrion"
  | "out_of_contig"
  | "reference_n"
  | "ref_mismatch";

/** An allele without a score. */
export interface SkippedRow extends RowBase {
  readonly status: "skipped";
  /** `malformed` is a record that was not understood. */
  readonly reason: SkipReason | "malformed";
  /** The reason as a sentence; of `ref_mismatch` with the bases that the reference has. */
  readonly description: string;
}

/** One allele of the input. */
export type Row = ScoredRow | SkippedRow;

/** The accounts of a run: `alleles === scored + skipped`, `records === sites + outside`. */
export interface ScoreSummary {
  readonly records: number;
  /** Records outside `regions`. */
  readonly outside: number;
  /** Records that were not understood; each has a skipped row, and is in no other count. */
  readonly malformed: number;
  readonly alleles: number;
  readonly scored: number;
  readonly skipped: number;
  /** Skipped alleles by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Backends that scored, with the alleles that each did. */
  readonly backends: Readonly<Partial<Record<BackendName, number>>>;
  readonly modelId: string;
}

/** A run over a file: rows in input order, then a summary. */
export interface ScoreStream extends AsyncIterable<Row> {
  /** Rows in batches, as they are made: cheaper than one by one. */
  batches(): AsyncIterable<readonly Row[]>;
  /**
   * Settles when every row was taken; rejects as the iteration does. Awaited alone, it lets the run go
   * on without a reader.
   */
  readonly summary: Promise<ScoreSummary>;
  /** The header lines of an annotated VCF, known before the first row. */
  readonly vcfHeader: Promise<string>;
}

/** What a file of variants is, before anything is scored. */
export interface Inspection {
  /** `vcf`, `23andme`, `ancestry`, `myheritage`, `familytreedna`, `livingdna`, `sequencing`, `table`. */
  readonly format: string;
  /** How people call it. */
  readonly formatName: string;
  /** What told the format. */
  readonly evidence: string;
  readonly compression: "plain" | "gzip" | "bgzip" | "zip";
  readonly assembly: AssemblyGuess | null;
  /** The samples of a VCF. Names of people: keep them where the file is. */
  readonly samples: readonly string[];
  readonly records: number;
  /** Alleles that can be scored if the reference agrees; array rows count once. */
  readonly candidates: number;
  /** Alleles that will be skipped, by reason, as far as the file alone tells. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly malformed: number;
  /** Records, and alleles among them that can be scored, by contig in the file's order. */
  readonly contigs: readonly {
    readonly name: string;
    readonly records: number;
    readonly candidates: number;
  }[];
  readonly warnings: readonly string[];
}

/** Whose raw data a file is. */
export type RawFormat =
  | "23andme"
  | "ancestry"
  | "myheritage"
  | "familytreedna"
  | "livingdna"
  | "sequencing";

/** Where it lies, counted from 1, and which bases the reference has there. */
export type ReferenceAllele = readonly [contig: string, pos: number, allele: string];

/** How an array file is turned into VCF; with one of `reference` and `referenceAlleles`. */
export interface ImportOptions {
  /** Where the reference alleles come from. */
  reference?: ReferenceInput;
  /** Or the alleles themselves. */
  referenceAlleles?: Iterable<ReferenceAllele>;
  /** Whose file it is; told by its content unless given. */
  format?: RawFormat;
  /** The sample's name in the VCF. */
  sampleId?: string;
  /** The file inside, where the input is a ZIP archive with several. */
  member?: string;
  /** Stops. */
  signal?: AbortSignal;
}

/** A VCF made of an array file. */
export interface ImportResult {
  readonly vcf: string;
  readonly recordsWritten: number;
  readonly refCallsSkipped: number;
  readonly noCallsSkipped: number;
  readonly unsupportedSkipped: number;
  /** Rows that were not understood. */
  readonly malformedSkipped: number;
  /** What is odd about the file, with the first rows that were not understood. */
  readonly warnings: readonly string[];
}

/** How receipts are checked. */
export interface VerifyReceiptOptions extends CallOptions {
  /**
   * What the receipt should be of, where the file holds one: the edit, in the window that is given or
   * cut from a reference. Whether its hash is the receipt's is checked.
   */
  input?: ReceiptInput;
  /** Whether the input is scored again, and the receipt's figures compared with the new ones. */
  rerun?: boolean;
  /** Largest relative difference of surprises that another machine may make; 1e-5 unless told. */
  tolerance?: number;
}

/** The input of a receipt. */
export interface ReceiptInput {
  readonly edit: Edit;
  readonly window?: { readonly bases: string; readonly start: number };
  readonly reference?: ReferenceInput;
  readonly alleles?: AlleleForm;
}

/** What was checked of a receipt. */
export interface ReceiptVerdict {
  /** Receipts in the file. */
  readonly count: number;
  /** Every one of them holds, as far as it was checked. */
  readonly ok: boolean;
  /** What was checked, or what does not hold, one sentence each. */
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly message: string;
  }[];
  /** What nothing was compared with, one sentence each. */
  readonly notChecked: readonly string[];
  /** The first receipt, for show. */
  readonly receipt: Readonly<Record<string, unknown>> | null;
}
