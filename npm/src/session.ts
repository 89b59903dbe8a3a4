/** What the calls of a runtime share: its coordinator, its life, and what they open for a while. */

import { abortable, linkSignals } from "./abort.js";
import { listener, tell } from "./callbacks.js";
import { disposedError, GenoLeWMError } from "./errors.js";
import { givenEdit, rankOf } from "./options.js";
import type { Platform } from "./platform.js";
import { ReferenceHandle, type ReferenceCalls } from "./reference-handle.js";
import type {
  CallContext,
  CoordinatorApi,
  FallbackEvent,
  OpenedReference,
  Service,
  SourceSpec,
  SubjectParams,
} from "./service.js";
import { discard, givenSource, referenceSources } from "./sources.js";
import type {
  Edit,
  FileLike,
  InputLike,
  Notice,
  OpenReferenceOptions,
  ReferenceFiles,
  ReferenceInput,
  ScoreVariantOptions,
} from "./types.js";

/** How what a method tells meanwhile is passed on. */
export type Emit<K extends keyof CoordinatorApi> = CallContext<CoordinatorApi[K]["event"]>["emit"];

/** How a reference is opened, and who is told what is odd about it. */
type Opening = { [K in keyof OpenReferenceOptions]: OpenReferenceOptions[K] | undefined } & {
  readonly onNotice?: ((notice: Notice) => void) | undefined;
};

/** A coordinator for as long as its runtime lives. */
export class Session {
  /** Told of what happens to the runtime as a whole. */
  readonly listeners = new Set<(notice: Notice) => void>();
  readonly #platform: Platform;
  readonly #service: Service;
  readonly #life = new AbortController();
  readonly #referenceCalls: ReferenceCalls;

  /** Calls to `service`. */
  constructor(platform: Platform, service: Service) {
    this.#platform = platform;
    this.#service = service;
    this.#referenceCalls = {
      bases: (params, signal) => this.call("bases", params, signal),
      close: async (id) => void (await this.call("closeReference", { id })),
    };
  }

  /** Aborted when the runtime is disposed. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Ends everything. */
  dispose(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort(disposedError());
    this.#service.close();
  }

  /** Calls the coordinator; the caller's signal and `dispose` both end the call at once. */
  async call<K extends keyof CoordinatorApi>(
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
  watch(fallen: (event: FallbackEvent) => void): void {
    const emit: Emit<"watch"> = (event) => {
      fallen(event);
      for (const onNotice of this.listeners) tell(onNotice, event.notice);
    };
    this.call("watch", null, undefined, emit).catch(() => undefined);
  }

  /** A file as it travels. */
  source(file: InputLike): Promise<SourceSpec> {
    return givenSource(file, this.#platform);
  }

  /** Does `work` with an input. A stream is cancelled if that ends before it was begun. */
  async withInput<T>(file: InputLike, work: (input: SourceSpec) => Promise<T>): Promise<T> {
    const input = await this.source(file);
    try {
      return await work(input);
    } finally {
      discard(input);
    }
  }

  /** Does `work` with annotation, if there is any, as one of the sources of a call. */
  async withAnnotation<T>(
    file: FileLike | undefined,
    work: (sources: { annotation?: SourceSpec }) => Promise<T>,
  ): Promise<T> {
    if (file === undefined) return work({});
    return this.withInput(file, (annotation) => work({ annotation }));
  }

  /** Opens a reference for several calls. */
  async reference(input: FileLike | ReferenceFiles, opening: Opening): Promise<ReferenceHandle> {
    return new ReferenceHandle(await this.#open(input, opening), this.#referenceCalls);
  }

  /** Does `work` with a reference, and closes it if it was opened for that. */
  async withReference<T>(
    input: ReferenceInput,
    opening: Opening,
    work: (id: number) => Promise<T>,
  ): Promise<T> {
    if (input instanceof ReferenceHandle) return work(input.idFor(this.#referenceCalls));
    const { id } = await this.#open(input as FileLike | ReferenceFiles, opening);
    try {
      return await work(id);
    } finally {
      await this.call("closeReference", { id }).catch(() => undefined);
    }
  }

  /** Does `work` with an edit, and where its window comes from. */
  async withSubject<T>(
    call: string,
    edit: Edit,
    given: Omit<ScoreVariantOptions, "signal">,
    signal: AbortSignal | undefined,
    work: (subject: SubjectParams) => Promise<T>,
  ): Promise<T> {
    const { window, reference, annotation, alleles } = given;
    const told = givenEdit(call, edit);
    if ((window === undefined) === (reference === undefined)) {
      throw new GenoLeWMError({
        code: "INPUT.GENERIC",
        message: "An edit is scored in a window or on a reference.",
        remediation: "Give one of window and reference.",
      });
    }
    if (annotation !== undefined && reference === undefined) {
      throw new GenoLeWMError({
        code: "INPUT.GENERIC",
        message: "Annotation is looked up on a reference.",
        remediation: "Give a reference in place of the window.",
      });
    }
    const subject = (id: number | null): SubjectParams => ({
      edit: told,
      options: { ...(alleles === undefined ? {} : { alleles }), rank: rankOf(given) },
      window: window ?? null,
      reference: id,
    });
    if (reference === undefined) return work(subject(null));
    return this.withReference(reference, { signal }, (id) => work(subject(id)));
  }

  async #open(
    input: FileLike | ReferenceFiles,
    { signal, onProgress, onNotice }: Opening,
  ): Promise<OpenedReference> {
    const sources = await referenceSources(input, this.#platform);
    const hear = listener(onProgress, onNotice);
    const opened = await this.call("openReference", { sources }, signal, hear);
    for (const message of opened.warnings) tell(onNotice, { kind: "input-warning", message });
    return opened;
  }
}
