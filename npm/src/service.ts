/**
 * What the runtime asks of its coordinator, whether that is in a worker or on the same thread:
 * methods with plain parameters, plain answers, and events while they run.
 */

import type {
  AlleleForm,
  AssemblyGuess,
  BackendName,
  BackendProbe,
  LoadStage,
  ModelInfo,
  Notice,
  Progress,
  RangeSource,
  RankOptions,
  RawFormat,
  ScoreSummary,
} from "./types.js";

/** A method: parameters, answer, and what it tells meanwhile. */
export interface Method<Params, Result, Event = never> {
  readonly params: Params;
  readonly result: Result;
  readonly event: Event;
}

/** A set of methods. */
export type Api<A> = { readonly [K in keyof A]: Method<unknown, unknown, unknown> };

/** What a running method has of its caller. */
export interface CallContext<Event = unknown> {
  readonly signal: AbortSignal;
  emit(event: Event): void;
}

/** The side that answers. */
export type Handlers<A extends Api<A>> = {
  readonly [K in keyof A]: (
    params: A[K]["params"],
    context: CallContext<A[K]["event"]>,
  ) => Promise<A[K]["result"]>;
};

/** An event: how far something is. */
export interface ProgressEvent {
  readonly kind: "progress";
  readonly progress: Progress;
}

/** An event: something that a person should be told. */
export interface NoticeEvent {
  readonly kind: "notice";
  readonly notice: Notice;
}

/** The header lines of an annotated VCF: as text, and as the bytes of a file. */
export interface AnnotatedHeader {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** An event: the header of the annotated VCF is known. */
export interface HeaderEvent {
  readonly kind: "header";
  readonly header: AnnotatedHeader;
}

/** An event: work goes on elsewhere from now on. */
export interface FallbackEvent {
  readonly kind: "fallback";
  readonly notice: Notice;
  readonly backend: BackendName;
  readonly device: string;
}

/** Steps of loading: the runtime does the first two, the coordinator those from the third on. */
export const LOAD_STAGES = 4;

/** Says that a step of loading begins. */
export function loadStage(stage: LoadStage, done: number): ProgressEvent {
  return { kind: "progress", progress: { kind: "load", stage, done, total: LOAD_STAGES } };
}

/** Says how much of the weights has come. */
export function loadBytes(doneBytes: number, totalBytes: number): ProgressEvent {
  const progress = { kind: "load", stage: "backend", done: 3, total: LOAD_STAGES } as const;
  return { kind: "progress", progress: { ...progress, doneBytes, totalBytes } };
}

/** A model and how to run it: its small files, and the sizes of those of weights, whose bytes are sources. */
export interface LoadParams {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly weights: ReadonlyMap<string, number>;
  readonly sources: Readonly<Record<string, SourceSpec>>;
  readonly backend: "auto" | BackendName;
  readonly threads: number;
}

/** What was loaded. */
export interface Loaded extends Omit<ModelInfo, "manifest"> {
  /** JSON. */
  readonly manifest: string;
  readonly backend: BackendName;
  readonly device: string;
  readonly probes: readonly BackendProbe[];
}

/** An open reference; `id` names it in other methods. */
export interface OpenedReference {
  readonly id: number;
  readonly contigs: readonly { readonly name: string; readonly lengthBp: number }[];
  readonly assembly: AssemblyGuess | null;
  /** What is odd about the file, a sentence each. */
  readonly warnings: readonly string[];
}

/** A file as it travels to the coordinator. */
export type SourceSpec =
  | { readonly kind: "blob"; readonly name: string; readonly blob: Blob }
  | { readonly kind: "bytes"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: "url"; readonly name: string; readonly href: string }
  | { readonly kind: "range"; readonly name: string; readonly source: RangeSource }
  | { readonly kind: "stream"; readonly name: string; readonly stream: ReadableStream<Uint8Array> };

/** Files that a method reads. They stand under this one name, so that a proxy finds them. */
export interface WithSources<Names extends string> {
  readonly sources: { readonly [K in Names]: SourceSpec };
}

/** The sources of a reference. */
export interface ReferenceParams {
  readonly sources: {
    readonly file: SourceSpec;
    readonly fai?: SourceSpec;
    readonly gzi?: SourceSpec;
  };
}

/** One edit and where it lies. */
export interface SubjectParams {
  /** JSON. */
  readonly edit: string;
  readonly options: { readonly alleles?: AlleleForm; readonly rank: RankOptions };
  readonly window: { readonly bases: string; readonly start: number } | null;
  readonly reference: number | null;
}

/** How one edit is scored. */
export interface SingleParams extends SubjectParams {
  readonly sources: { readonly annotation?: SourceSpec };
  readonly receipt: boolean;
}

/** Whose alleles are looked at. */
export interface Whose {
  readonly samples: readonly string[];
  readonly allAlleles: boolean;
}

/** A run over a file. The caller chooses `run`, a number of its own. */
export interface ScoreParams {
  readonly sources: { readonly input: SourceSpec; readonly annotation?: SourceSpec };
  readonly run: number;
  readonly reference: number;
  readonly options: Whose & {
    readonly regions?: string;
    readonly member?: string;
    readonly batchSize?: number;
    readonly receipts: boolean;
    readonly annotate: boolean;
    readonly alleles?: AlleleForm;
    readonly rank: RankOptions;
  };
}

/** A plan. One of the targets is given. */
export interface PlanParams {
  readonly window: string;
  readonly targetWindow: string | null;
  readonly targetState: Float32Array | null;
  readonly initialState: Float32Array | null;
  /** JSON. */
  readonly options: string;
}

/** The coordinator's methods. Answers that wasm gives as JSON stay so up to the caller. */
export interface CoordinatorApi {
  readonly load: Method<LoadParams, Loaded, ProgressEvent | NoticeEvent>;
  /** Never settles; tells of fall-backs. */
  readonly watch: Method<null, never, FallbackEvent>;
  readonly openReference: Method<ReferenceParams, OpenedReference, ProgressEvent>;
  readonly closeReference: Method<{ readonly id: number }, null>;
  readonly bases: Method<
    { readonly id: number; readonly contig: string; readonly start: number; readonly end: number },
    string
  >;
  readonly inspect: Method<
    WithSources<"input"> & { readonly options: Whose & { readonly member?: string } },
    string
  >;
  readonly scoreVariant: Method<SingleParams, string>;
  /** Settles when the last row was taken. */
  readonly score: Method<ScoreParams, ScoreSummary, ProgressEvent | NoticeEvent | HeaderEvent>;
  /** The next rows of a run, as JSON; null when there are no more. */
  readonly rows: Method<{ readonly run: number }, string | null>;
  readonly encodeWindow: Method<
    { readonly window: string; readonly editLocus: number | null },
    Float32Array
  >;
  readonly predict: Method<{ readonly state: Float32Array; readonly edits: string }, Float32Array>;
  /** The states after each edit of a sequence, one after another. */
  readonly follow: Method<
    { readonly state: Float32Array; readonly edits: string; readonly prediction: string },
    Float32Array
  >;
  /** JSON. */
  readonly plan: Method<PlanParams, string, ProgressEvent>;
  readonly importRaw: Method<
    WithSources<"input"> & {
      readonly reference: number | null;
      /** In place of a reference: a table, as text. */
      readonly alleles: string | null;
      readonly options: {
        readonly sampleId: string;
        readonly member?: string;
        readonly format?: RawFormat;
      };
    },
    string
  >;
  readonly verifyReceipt: Method<
    WithSources<"input"> & {
      readonly of: SubjectParams | null;
      readonly rerun: boolean;
      readonly tolerance: number;
    },
    string
  >;
  /** Alleles a second, measured. */
  readonly measure: Method<null, number>;
}

/** Whoever answers {@link CoordinatorApi}. */
export interface Service {
  call<K extends keyof CoordinatorApi>(
    method: K,
    params: CoordinatorApi[K]["params"],
    context: CallContext<CoordinatorApi[K]["event"]>,
  ): Promise<CoordinatorApi[K]["result"]>;
  /** Ends it, with everything that is under way there. */
  close(): void;
}
