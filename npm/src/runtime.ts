/** The class that the package is about. */

import { abortable, deferred, linkSignals } from "./abort.js";
import { listener, tell } from "./callbacks.js";
import { disposedError, GenoLeWMError } from "./errors.js";
import { object } from "./kinds.js";
import { modelFiles } from "./model-source.js";
import {
  alleleTable,
  callOptions,
  importOptions,
  inspectOptions,
  isOffset,
  isState,
  loadOptions,
  openOptions,
  planOptions,
  predictOptions,
  required,
  variantOptions,
  vcfOptions,
  verifyOptions,
  rankOf,
} from "./options.js";
import { connect, type Platform } from "./platform.js";
import { ReferenceHandle, type ReferenceCalls } from "./reference-handle.js";
import { RowStream } from "./row-stream.js";
import { probeBackends } from "./selection.js";
import {
  loadStage,
  type CallContext,
  type CoordinatorApi,
  type Loaded,
  type OpenedReference,
  type ScoreParams,
  type Service,
  type SourceSpec,
  type SubjectParams,
  type Whose,
} from "./service.js";
import { discard, givenSource, referenceSources } from "./sources.js";
import type {
  BackendName,
  BackendProbe,
  CallOptions,
  InspectOptions,
  Edit,
  FileLike,
  ImportOptions,
  ImportResult,
  InputLike,
  Inspection,
  LoadOptions,
  ModelInfo,
  ModelSource,
  Notice,
  OpenReferenceOptions,
  PlanOptions,
  PlanResult,
  PredictOptions,
  ReceiptVerdict,
  Reference,
  ReferenceFiles,
  ReferenceInput,
  ScoredRow,
  ScoreStream,
  ScoreSummary,
  ScoreVariantOptions,
  ScoreVcfOptions,
  VerifyReceiptOptions,
  WindowEdit,
} from "./types.js";

/** How far figures of two machines may lie apart, as the command-line program has it. */
const TOLERANCE = 1e-5;
/** An array file names no sample. */
const DEFAULT_SAMPLE = "SAMPLE";

/** What a runtime is made of. */
interface Parts {
  readonly platform: Platform;
  readonly service: Service;
  readonly loaded: Loaded;
  readonly onNotice: ((notice: Notice) => void) | undefined;
}

/**
 * A loaded model that scores variants.
 *
 * GenoLeWM is a research tool. A score tells how surprising the model finds a change; it is no
 * diagnosis, and says nothing about anybody's health.
 *
 * Every method rejects with a {@link GenoLeWMError}, or with the reason of the signal that it was
 * given. Nothing is written to the console, and nothing is sent anywhere.
 */
export class GenoLeWMRuntime {
  /** Where this package's entry runs. */
  protected static readonly platform: Platform;

  /** The model that was loaded. */
  readonly model: ModelInfo;
  /** What was found of each backend when the model was loaded, and why one was taken. */
  readonly probes: readonly BackendProbe[];

  readonly #platform: Platform;
  readonly #service: Service;
  readonly #life = new AbortController();
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #referenceCalls: ReferenceCalls;
  #backend: BackendName;
  #device: string;
  #nextRun = 0;

  /** Use {@link GenoLeWMRuntime.load}. */
  protected constructor(parts: Parts) {
    if (object<Parts>(parts)?.service === undefined) throw notLoaded();
    const { platform, service, loaded, onNotice } = parts;
    this.#platform = platform;
    this.#service = service;
    this.#backend = loaded.backend;
    this.#device = loaded.device;
    this.probes = loaded.probes;
    const { modelId, filesId, sealed, stateContract, windowBp, stateWidth } = loaded;
    const manifest = JSON.parse(loaded.manifest) as ModelInfo["manifest"];
    this.model = { modelId, filesId, sealed, stateContract, windowBp, stateWidth, manifest };
    if (onNotice !== undefined) this.#listeners.add(onNotice);
    this.#referenceCalls = {
      bases: (params, signal) => this.#call("bases", params, signal),
      close: async (id) => void (await this.#call("closeReference", { id })),
    };
    this.#watch();
  }

  /**
   * Loads a model, checks every file of it against its manifest and seal, and chooses a backend.
   *
   * @param source the built-in model (`import builtin from "@genolewm/runtime/models/builtin"`),
   *   the URL of a model directory, its files, or their bytes by name
   */
  static async load(source: ModelSource, options: LoadOptions = {}): Promise<GenoLeWMRuntime> {
    return this.start(this.platform, source, options);
  }

  /** Whether each backend can be expected to work here, and why. Nothing is loaded for it. */
  static probeBackends(): Promise<readonly BackendProbe[]> {
    return probeBackends();
  }

  /** {@link GenoLeWMRuntime.load} on a platform. */
  protected static async start(
    platform: Platform,
    source: ModelSource,
    options: LoadOptions,
  ): Promise<GenoLeWMRuntime> {
    const given = loadOptions(options);
    const { backend = "auto", onProgress, onNotice, signal } = given;
    const { threads = platform.defaults.threads } = given;
    const emit = listener(onProgress, onNotice);
    signal?.throwIfAborted();
    emit(loadStage("wasm", 0));
    const files = modelFiles(source, platform, signal);
    files.catch(() => undefined);
    const service = await connect(platform, given).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw GenoLeWMError.from(error);
    });
    try {
      emit(loadStage("model", 1));
      const params = { files: await abortable(files, signal), backend, threads };
      const quiet = new AbortController().signal;
      const loading = service.call("load", params, { signal: signal ?? quiet, emit });
      const loaded = await abortable(loading, signal);
      return new this({ platform, service, loaded, onNotice });
    } catch (error) {
      service.close();
      signal?.throwIfAborted();
      throw GenoLeWMError.from(error);
    }
  }

  /** Where the arithmetic runs now. It changes to `cpu` when a graphics device is lost. */
  get backend(): BackendName {
    return this.#backend;
  }

  /** What receipts call the device. */
  get device(): string {
    return this.#device;
  }

  /**
   * Opens a reference genome for several calls. It is read by range and never held whole. A FASTA
   * file without an index is read through once, with progress, unless a URL has one beside it.
   */
  async openReference(
    input: FileLike | ReferenceFiles,
    options: OpenReferenceOptions = {},
  ): Promise<Reference> {
    const opened = await this.#open(input, openOptions(options));
    return new ReferenceHandle(opened, this.#referenceCalls);
  }

  /** Tells what a file of variants is, and how much of it can be scored. Reads it through. */
  async inspect(file: InputLike, options: InspectOptions = {}): Promise<Inspection> {
    const { member, signal, ...asked } = inspectOptions(options);
    return this.#withInput(file, async (input) => {
      const told = { ...whoseOf(asked), ...(member === undefined ? {} : { member }) };
      const params = { sources: { input }, options: told };
      const found = await this.#call("inspect", params, signal);
      return JSON.parse(found) as Inspection;
    });
  }

  /** Scores one edit, in a window that is given or cut from a reference. */
  async scoreVariant(edit: Edit, options: ScoreVariantOptions): Promise<ScoredRow> {
    const given = variantOptions(options);
    const { receipt = false, signal } = given;
    return this.#withSubject("scoreVariant", edit, given, signal, async (subject) => {
      const params = { ...subject, receipt };
      return JSON.parse(await this.#call("scoreVariant", params, signal)) as ScoredRow;
    });
  }

  /**
   * Scores a file of variants: VCF (plain, gzip, bgzip) or a consumer array's raw data.
   *
   * The result is iterated once. It yields a row for every alternate allele in input order, scored
   * or skipped with a reason; `summary` has counts that add up. Leaving the iteration early ends
   * the run. Work begins at once, and stays a few batches ahead of the reader.
   */
  scoreVcf(file: InputLike, options: ScoreVcfOptions): ScoreStream {
    // What is wrong with them is told by the stream, like every other failure.
    const { signal: callersSignal, onProgress, onNotice } = sound(options);
    const { controller, unlink } = linkSignals(this.#life.signal, callersSignal);
    const { signal } = controller;
    const run = this.#nextRun++;
    const header = deferred<string>();
    const begun = deferred<void>();
    const hear = listener(onProgress, onNotice);
    const emit: Emit<"score"> = (event) => {
      if (event.kind === "header") header.resolve(event.text);
      else hear(event);
    };
    if (onNotice !== undefined) this.#listeners.add(onNotice);
    const summary = this.#score(file, options, run, { signal, emit }, begun.resolve);
    const end = (): void => {
      unlink();
      if (onNotice !== undefined) this.#listeners.delete(onNotice);
    };
    summary
      .then(
        () => header.resolve(""),
        (error: unknown) => {
          header.reject(error);
          begun.reject(error);
        },
      )
      .finally(end);
    begun.promise.catch(() => undefined);
    return new RowStream({
      rows: async () => {
        await begun.promise;
        return this.#call("rows", { run }, signal);
      },
      summary,
      vcfHeader: header.promise,
      stop: (reason) => controller.abort(reason),
    });
  }

  /** The state of a window: what the encoder makes of it, pooled around `editLocus` (from 0). */
  async encodeWindow(
    window: string,
    editLocus: number | null = null,
    options: CallOptions = {},
  ): Promise<Float32Array> {
    const { signal } = callOptions("encodeWindow", options);
    required("encodeWindow", "the window", "a string of bases", typeof window === "string", window);
    const fits = editLocus === null || isOffset(editLocus);
    required("encodeWindow", "editLocus", "a whole number from 0, or null", fits, editLocus);
    return this.#call("encodeWindow", { window, editLocus }, signal);
  }

  /**
   * The state that the predictor expects after `edits`, from the state of the window before; with
   * `every`, those after the first edit, after the first two, and so on.
   */
  async predict(
    state: Float32Array,
    edits: readonly WindowEdit[],
    options?: PredictOptions & { every?: false },
  ): Promise<Float32Array>;
  async predict(
    state: Float32Array,
    edits: readonly WindowEdit[],
    options: PredictOptions & { every: true },
  ): Promise<Float32Array[]>;
  async predict(
    state: Float32Array,
    edits: readonly WindowEdit[],
    options: PredictOptions = {},
  ): Promise<Float32Array | Float32Array[]> {
    const { signal, every = false } = predictOptions(options);
    const given = steps("predict", state, edits);
    if (!every) return this.#call("predict", given, signal);
    return this.#follow({ ...given, prediction: "together" }, signal);
  }

  /**
   * The states that the predictor expects after each of `edits`, each from the state that it expects
   * after the one before: a rollout.
   */
  async rollout(
    state: Float32Array,
    edits: readonly WindowEdit[],
    options: CallOptions = {},
  ): Promise<Float32Array[]> {
    const { signal } = callOptions("rollout", options);
    const given = steps("rollout", state, edits);
    return this.#follow({ ...given, prediction: "stepwise" }, signal);
  }

  /**
   * Searches for the edits of a window that bring its state close to a wanted one, makes the best plan
   * for real, and says how far the prediction was off. Research, as everything here: a state is a
   * model's, and no property of a genome.
   */
  async plan(window: string, options: PlanOptions): Promise<PlanResult> {
    required("plan", "the window", "a string of bases", typeof window === "string", window);
    const { targetWindow, targetState, initialState, onProgress, signal, ...settings } =
      planOptions(options);
    const params = {
      window,
      targetWindow: targetWindow ?? null,
      targetState: targetState ?? null,
      initialState: initialState ?? null,
      options: JSON.stringify(settings),
    };
    const found = await this.#call("plan", params, signal, listener(onProgress, undefined));
    const { predictedState, realState, ...rest } = JSON.parse(found) as PlanResult;
    return {
      ...rest,
      predictedState: Float32Array.from(predictedState),
      realState: Float32Array.from(realState),
    };
  }

  /** Turns a consumer array's raw data (23andMe, AncestryDNA, MyHeritage, …) into VCF. */
  async importRaw(file: InputLike, options: ImportOptions): Promise<ImportResult> {
    const given = importOptions(options);
    const { sampleId = DEFAULT_SAMPLE, reference: genome, member, format, signal } = given;
    const alleles =
      given.referenceAlleles === undefined ? null : alleleTable(given.referenceAlleles);
    const told = {
      sampleId,
      ...(member === undefined ? {} : { member }),
      ...(format === undefined ? {} : { format }),
    };
    return this.#withInput(file, (input) => {
      const convert = async (reference: number | null): Promise<ImportResult> => {
        const params = { sources: { input }, reference, alleles, options: told };
        return JSON.parse(await this.#call("importRaw", params, signal)) as ImportResult;
      };
      return genome === undefined
        ? convert(null)
        : this.#withReference(genome, { signal }, convert);
    });
  }

  /** Checks receipts, one or a line each, against this model; one of them against its input, too. */
  async verifyReceipt(file: FileLike, options: VerifyReceiptOptions = {}): Promise<ReceiptVerdict> {
    const { input: of, rerun = false, tolerance = TOLERANCE, signal } = verifyOptions(options);
    const sources = { input: await givenSource(file, this.#platform) };
    const verify = async (subject: SubjectParams | null): Promise<ReceiptVerdict> => {
      const params = { sources, of: subject, rerun, tolerance };
      return JSON.parse(await this.#call("verifyReceipt", params, signal)) as ReceiptVerdict;
    };
    return of === undefined
      ? verify(null)
      : this.#withSubject("verifyReceipt", of.edit, of, signal, verify);
  }

  /** Alleles a second on this device, measured on a small fixed batch on every instance at once. */
  async measure(options: CallOptions = {}): Promise<number> {
    return this.#call("measure", null, callOptions("measure", options).signal);
  }

  /**
   * Ends the workers and gives the memory back. What is under way rejects with an error named
   * `AbortError`, and so does every later call.
   */
  async dispose(): Promise<void> {
    if (this.#life.signal.aborted) return;
    this.#life.abort(disposedError());
    this.#service.close();
  }

  async #score(
    file: InputLike,
    options: ScoreVcfOptions,
    run: number,
    context: Context<"score">,
    begun: () => void,
  ): Promise<ScoreSummary> {
    const { reference: genome, ...given } = vcfOptions(options);
    const {
      regions,
      member,
      batchSize,
      alleles,
      receipts = false,
      annotate = false,
      onProgress,
    } = given;
    const { signal } = context;
    const settings: ScoreParams["options"] = {
      receipts,
      annotate,
      rank: rankOf(given),
      ...whoseOf(given),
      ...(regions === undefined ? {} : { regions }),
      ...(member === undefined ? {} : { member }),
      ...(alleles === undefined ? {} : { alleles }),
      ...(batchSize === undefined ? {} : { batchSize }),
    };
    return this.#withInput(file, (input) =>
      this.#withReference(genome, { signal, onProgress }, (reference) => {
        const params = { run, sources: { input }, reference, options: settings };
        const summary = this.#call("score", params, signal, context.emit);
        begun();
        return summary;
      }),
    );
  }

  /** Does `work` with an edit, and where its window comes from. */
  async #withSubject<T>(
    call: string,
    edit: Edit,
    given: Omit<ScoreVariantOptions, "signal">,
    signal: AbortSignal | undefined,
    work: (subject: SubjectParams) => Promise<T>,
  ): Promise<T> {
    const { window, reference, alleles } = given;
    const isEdit = typeof edit === "string" || object(edit) !== undefined;
    required(call, "the edit", '"chr17:41246481:T:C" or its parts', isEdit, edit);
    if ((window === undefined) === (reference === undefined)) {
      throw new GenoLeWMError({
        code: "INPUT.GENERIC",
        message: "An edit is scored in a window or on a reference.",
        remediation: "Give one of window and reference.",
      });
    }
    const subject = (id: number | null): SubjectParams => ({
      edit: JSON.stringify(edit),
      options: { ...(alleles === undefined ? {} : { alleles }), rank: rankOf(given) },
      window: window ?? null,
      reference: id,
    });
    if (reference === undefined) return work(subject(null));
    return this.#withReference(reference, { signal }, (id) => work(subject(id)));
  }

  /** Does `work` with an input. A stream is cancelled if that ends before it was begun. */
  async #withInput<T>(file: InputLike, work: (input: SourceSpec) => Promise<T>): Promise<T> {
    const input = await givenSource(file, this.#platform);
    try {
      return await work(input);
    } finally {
      discard(input);
    }
  }

  async #follow(
    params: CoordinatorApi["follow"]["params"],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    const all = await this.#call("follow", params, signal);
    const { stateWidth } = this.model;
    const count = all.length / stateWidth;
    return Array.from({ length: count }, (_, row) =>
      all.slice(row * stateWidth, (row + 1) * stateWidth),
    );
  }

  async #open(
    input: FileLike | ReferenceFiles,
    { signal, onProgress }: Opening,
  ): Promise<OpenedReference> {
    const sources = await referenceSources(input, this.#platform);
    return this.#call("openReference", { sources }, signal, listener(onProgress, undefined));
  }

  /** Does `work` with a reference, and closes it if it was opened for that. */
  async #withReference<T>(
    input: ReferenceInput,
    options: Opening,
    work: (id: number) => Promise<T>,
  ): Promise<T> {
    if (input instanceof ReferenceHandle) return work(input.idFor(this.#referenceCalls));
    const { id } = await this.#open(input as FileLike | ReferenceFiles, options);
    try {
      return await work(id);
    } finally {
      await this.#call("closeReference", { id }).catch(() => undefined);
    }
  }

  /** Calls the coordinator; the caller's signal and `dispose` both end the call at once. */
  async #call<K extends keyof CoordinatorApi>(
    method: K,
    params: CoordinatorApi[K]["params"],
    signal?: AbortSignal,
    emit: Emit<K> = () => undefined,
  ): Promise<CoordinatorApi[K]["result"]> {
    const { controller, unlink } = linkSignals(this.#life.signal, signal);
    try {
      controller.signal.throwIfAborted();
      const work = this.#service.call(method, params, { signal: controller.signal, emit });
      return await abortable(work, controller.signal);
    } catch (error) {
      throw controller.signal.aborted ? error : GenoLeWMError.from(error);
    } finally {
      unlink();
    }
  }

  /** Follows fall-backs for as long as the runtime lives. */
  #watch(): void {
    const emit: Emit<"watch"> = ({ notice, backend, device }) => {
      this.#backend = backend;
      this.#device = device;
      for (const onNotice of this.#listeners) tell(onNotice, notice);
    };
    this.#call("watch", null, undefined, emit).catch(() => undefined);
  }
}

/** A state and edits, as wasm takes them. */
function steps(
  call: string,
  state: Float32Array,
  edits: readonly WindowEdit[],
): { readonly state: Float32Array; readonly edits: string } {
  required(call, "the state", "a Float32Array, as encodeWindow gives it", isState(state), state);
  required(call, "the edits", "an array of edits", Array.isArray(edits), edits);
  return { state, edits: JSON.stringify(edits) };
}

/** Whose alleles are meant, as wasm takes it. */
function whoseOf({ sample = [], allAlleles = false }: InspectOptions): Whose {
  return { samples: typeof sample === "string" ? [sample] : [...sample], allAlleles };
}

/** Options as far as they can be used before they are judged. */
function sound(options: unknown): ScoreVcfOptions | Partial<ScoreVcfOptions> {
  try {
    return vcfOptions(options);
  } catch {
    return {};
  }
}

function notLoaded(): GenoLeWMError {
  return new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: "A runtime is loaded and not constructed.",
    remediation: "Write await GenoLeWMRuntime.load(model).",
  });
}

type Opening = { [K in keyof OpenReferenceOptions]: OpenReferenceOptions[K] | undefined };
type Emit<K extends keyof CoordinatorApi> = Context<K>["emit"];
type Context<K extends keyof CoordinatorApi> = CallContext<CoordinatorApi[K]["event"]>;
