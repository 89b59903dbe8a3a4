/** A call of `scoreVcf`, from its options to its rows. */

import { deferred, linkSignals } from "./abort.js";
import { listener } from "./callbacks.js";
import { rankOf, vcfOptions } from "./options.js";
import { RowStream } from "./row-stream.js";
import type { AnnotatedHeader, ScoreParams, Whose } from "./service.js";
import type { Emit, Session } from "./session.js";
import type {
  InputLike,
  InspectOptions,
  Notice,
  ScoreStream,
  ScoreSummary,
  ScoreVcfOptions,
} from "./types.js";

/** Scores a file as the run of this number. */
export function scoreFile(
  session: Session,
  file: InputLike,
  options: ScoreVcfOptions,
  run: number,
): ScoreStream {
  // What is wrong with them is told by the stream, like every other failure.
  const { signal: callersSignal, onProgress, onNotice } = sound(options);
  const { controller, unlink } = linkSignals(session.life, callersSignal);
  const { signal } = controller;
  const header = deferred<AnnotatedHeader>();
  const begun = deferred<void>();
  const hear = listener(onProgress, onNotice);
  const emit: Emit<"score"> = (event) => {
    if (event.kind === "header") header.resolve(event.header);
    else hear(event);
  };
  if (onNotice !== undefined) session.listeners.add(onNotice);
  const summary = score(session, { file, options, run, signal, emit, onNotice }, begun.resolve);
  const end = (): void => {
    unlink();
    if (onNotice !== undefined) session.listeners.delete(onNotice);
  };
  summary
    .then(
      () => header.resolve({ text: "", bytes: new Uint8Array() }),
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
      return session.call("rows", { run }, signal);
    },
    summary,
    header: header.promise,
    stop: (reason) => controller.abort(reason),
  });
}

interface Asked {
  readonly file: InputLike;
  readonly options: ScoreVcfOptions;
  readonly run: number;
  readonly signal: AbortSignal;
  readonly emit: Emit<"score">;
  readonly onNotice: ((notice: Notice) => void) | undefined;
}

async function score(
  session: Session,
  { file, options, run, signal, emit, onNotice }: Asked,
  begun: () => void,
): Promise<ScoreSummary> {
  const { reference: genome, annotation, ...given } = vcfOptions(options);
  const { regions, member, batchSize, alleles, onProgress } = given;
  const settings: ScoreParams["options"] = {
    receipts: given.receipts ?? false,
    annotate: given.annotate ?? false,
    rank: rankOf(given),
    ...whoseOf(given),
    ...(regions === undefined ? {} : { regions }),
    ...(member === undefined ? {} : { member }),
    ...(alleles === undefined ? {} : { alleles }),
    ...(batchSize === undefined ? {} : { batchSize }),
  };
  return session.withInput(file, (input) =>
    session.withAnnotation(annotation, (known) =>
      session.withReference(genome, { signal, onProgress, onNotice }, (reference) => {
        const params = { run, sources: { input, ...known }, reference, options: settings };
        const summary = session.call("score", params, signal, emit);
        begun();
        return summary;
      }),
    ),
  );
}

/** Whose alleles are meant, as wasm takes it. */
export function whoseOf({ sample = [], allAlleles = false }: InspectOptions): Whose {
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
