/** The class that the package is about. */

import { abortable } from "./abort.js";
import { listener } from "./callbacks.js";
import { GenoLeWMError } from "./errors.js";
import { object } from "./kinds.js";
import { modelFiles, split } from "./model-source.js";
import {
  alleleTable,
  callOptions,
  givenLocus,
  givenSteps,
  givenWindow,
  importOptions,
  inspectOptions,
  loadOptions,
  openOptions,
  planOptions,
  predictOptions,
  variantOptions,
  verifyOptions,
} from "./options.js";
import { connect, type Platform } from "./platform.js";
import { scoreFile, whoseOf } from "./score-call.js";
import { probeBackends } from "./selection.js";
import {
  loadStage,
  type CoordinatorApi,
  type Loaded,
  type Service,
  type SubjectParams,
} from "./service.js";
import { Session } from "./session.js";
import type {
  BackendName,
  BackendProbe,
  CallOptions,
  Edit,
  FileLike,
  ImportOptions,
  ImportResult,
  InputLike,
  Inspection,
  InspectOptions,
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
  ScoredRow,
  ScoreStream,
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

  readonly #session: Session;
  #backend: BackendName;
  #device: string;
  #nextRun = 0;

  /** Use {@link GenoLeWMRuntime.load}. */
  protected constructor(parts: Parts) {
    if (object<Parts>(parts)?.service === undefined) throw notLoaded();
    const { platform, service, loaded, onNotice } = parts;
    this.#session = new Session(platform, service);
    this.#backend = loaded.backend;
    this.#device = loaded.device;
    this.probes = loaded.probes;
    const { modelId, filesId, sealed, stateContract, windowBp, stateWidth } = loaded;
    const { views, windowStrideBp } = loaded;
    const manifest = JSON.parse(loaded.manifest) as ModelInfo["manifest"];
    const windows = { windowBp, views, windowStrideBp };
    this.model = { modelId, filesId, sealed, stateContract, ...windows, stateWidth, manifest };
    if (onNotice !== undefined) this.#session.listeners.add(onNotice);
    this.#session.watch(({ backend, device }) => {
      this.#backend = backend;
      this.#device = device;
    });
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
      const params = { ...split(await abortable(files, signal)), backend, threads };
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
    return this.#session.reference(input, openOptions(options));
  }

  /** Tells what a file of variants is, and how much of it can be scored. Reads it through. */
  async inspect(file: InputLike, options: InspectOptions = {}): Promise<Inspection> {
    const { member, signal, ...asked } = inspectOptions(options);
    return this.#session.withInput(file, async (input) => {
      const told = { ...whoseOf(asked), ...(member === undefined ? {} : { member }) };
      const params = { sources: { input }, options: told };
      const found = await this.#session.call("inspect", params, signal);
      return JSON.parse(found) as Inspection;
    });
  }

  /** Scores one edit, in a window that is given or cut from a reference. */
  async scoreVariant(edit: Edit, options: ScoreVariantOptions): Promise<ScoredRow> {
    const given = variantOptions(options);
    const { receipt = false, annotation, signal } = given;
    return this.#session.withAnnotation(annotation, (sources) =>
      this.#session.withSubject("scoreVariant", edit, given, signal, async (subject) => {
        const params = { ...subject, sources, receipt };
        return JSON.parse(await this.#session.call("scoreVariant", params, signal)) as ScoredRow;
      }),
    );
  }

  /**
   * Scores a file of variants: VCF (plain, gzip, bgzip) or a consumer array's raw data.
   *
   * The result is iterated once. It yields a row for every alternate allele in input order, scored
   * or skipped with a reason; `summary` has counts that add up. Leaving the iteration early ends
   * the run. Work begins at once, and stays a few batches ahead of the reader.
   */
  scoreVcf(file: InputLike, options: ScoreVcfOptions): ScoreStream {
    return scoreFile(this.#session, file, options, this.#nextRun++);
  }

  /** The state of a window: what the encoder makes of it, pooled around `editLocus` (from 0). */
  async encodeWindow(
    window: string,
    editLocus: number | null = null,
    options: CallOptions = {},
  ): Promise<Float32Array> {
    const { signal } = callOptions("encodeWindow", options);
    const params = {
      window: givenWindow("encodeWindow", window),
      editLocus: givenLocus("encodeWindow", editLocus),
    };
    return this.#session.call("encodeWindow", params, signal);
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
    const given = givenSteps("predict", state, edits);
    if (!every) return this.#session.call("predict", given, signal);
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
    const given = givenSteps("rollout", state, edits);
    return this.#follow({ ...given, prediction: "stepwise" }, signal);
  }

  /**
   * Searches for the edits of a window that bring its state close to a wanted one, makes the best plan
   * for real, and says how far the prediction was off. Research, as everything here: a state is a
   * model's, and no property of a genome.
   */
  async plan(window: string, options: PlanOptions): Promise<PlanResult> {
    const { targetWindow, targetState, initialState, onProgress, signal, ...settings } =
      planOptions(options);
    const params = {
      window: givenWindow("plan", window),
      targetWindow: targetWindow ?? null,
      targetState: targetState ?? null,
      initialState: initialState ?? null,
      options: JSON.stringify(settings),
    };
    const found = await this.#session.call("plan", params, signal, listener(onProgress, undefined));
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
    return this.#session.withInput(file, (input) => {
      const odd: string[] = [];
      const onNotice = ({ message }: Notice): unknown => odd.push(message);
      const convert = async (reference: number | null): Promise<ImportResult> => {
        const params = { sources: { input }, reference, alleles, options: told };
        const made = JSON.parse(
          await this.#session.call("importRaw", params, signal),
        ) as ImportResult;
        return { ...made, warnings: [...made.warnings, ...odd] };
      };
      return genome === undefined
        ? convert(null)
        : this.#session.withReference(genome, { signal, onNotice }, convert);
    });
  }

  /** Checks receipts, one or a line each, against this model; one of them against its input, too. */
  async verifyReceipt(file: FileLike, options: VerifyReceiptOptions = {}): Promise<ReceiptVerdict> {
    const { input: of, rerun = false, tolerance = TOLERANCE, signal } = verifyOptions(options);
    const sources = { input: await this.#session.source(file) };
    const verify = async (subject: SubjectParams | null): Promise<ReceiptVerdict> => {
      const params = { sources, of: subject, rerun, tolerance };
      return JSON.parse(
        await this.#session.call("verifyReceipt", params, signal),
      ) as ReceiptVerdict;
    };
    return of === undefined
      ? verify(null)
      : this.#session.withSubject("verifyReceipt", of.edit, of, signal, verify);
  }

  /** Alleles a second on this device, measured on a small fixed batch on every instance at once. */
  async measure(options: CallOptions = {}): Promise<number> {
    return this.#session.call("measure", null, callOptions("measure", options).signal);
  }

  /**
   * Ends the workers and gives the memory back. What is under way rejects with an error named
   * `AbortError`, and so does every later call.
   */
  async dispose(): Promise<void> {
    this.#session.dispose();
  }

  async #follow(
    params: CoordinatorApi["follow"]["params"],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    const all = await this.#session.call("follow", params, signal);
    const { stateWidth } = this.model;
    const count = all.length / stateWidth;
    return Array.from({ length: count }, (_, row) =>
      all.slice(row * stateWidth, (row + 1) * stateWidth),
    );
  }
}

function notLoaded(): GenoLeWMError {
  return new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: "A runtime is loaded and not constructed.",
    remediation: "Write await GenoLeWMRuntime.load(model).",
  });
}
