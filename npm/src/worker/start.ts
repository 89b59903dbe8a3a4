/**
 * Starting workers. Browsers have faults here: of module workers that are started at the same time,
 * Firefox now and then leaves one that never runs. So a worker has to say that it runs, within a time.
 */

import { abortable, deferred, LATE, within } from "../abort.js";
import { GenoLeWMError } from "../errors.js";
import type { MakeWorker } from "../platform.js";
import type { Handlers } from "../service.js";
import type { WorkerApi } from "./api.js";
import { onWorkerFailure } from "./failure.js";
import { Peer } from "./peer.js";
import type { HostApi } from "./sources.js";

/** A worker that said that it runs. */
export interface Started {
  readonly worker: Worker;
  readonly peer: Peer<HostApi, WorkerApi>;
}

/** Time after which a second worker is started beside one that is not heard of. */
const PATIENCE_MS = 4_000;

/** Time that both have from then on: a script may come over a slow line. */
const LIMIT_MS = 20_000;

/** What is asked of a thread by the worker that it started, but for the first word. */
export type HostHandlers = Omit<Handlers<HostApi>, "ready">;

/** Starts a worker: the first of two tries that says that it runs. */
export async function startWorker(
  make: MakeWorker,
  handlers: HostHandlers,
  signal: AbortSignal | undefined,
): Promise<Started> {
  const tries: Try[] = [];
  const begin = (again: boolean): Promise<Started> => {
    const one = attempt(make, again, handlers);
    tries.push(one);
    return one.started;
  };
  let winner: Started | null = null;
  try {
    winner = await abortable(firstOf(begin, signal), signal);
    return winner;
  } finally {
    for (const one of tries) if (one.peer !== winner?.peer) one.end();
  }
}

/** The first try, or the second where that fails or is late. */
async function firstOf(
  begin: (again: boolean) => Promise<Started>,
  signal: AbortSignal | undefined,
): Promise<Started> {
  const first = begin(false);
  const early = await within(first, PATIENCE_MS).catch(() => LATE);
  signal?.throwIfAborted();
  if (early !== LATE) return early as Started;
  const both = await within(Promise.any([first, begin(true)]), LIMIT_MS).catch(() => first);
  if (both !== LATE) return both;
  throw new GenoLeWMError({
    code: "RESOURCE.RUNTIME_SETUP",
    message: `A worker did not start within ${(PATIENCE_MS + LIMIT_MS) / 1000} s, nor did a second one.`,
    remediation: "Reload the page. Should it happen again, load with worker: false.",
  });
}

interface Try {
  readonly peer: Peer<HostApi, WorkerApi> | null;
  readonly started: Promise<Started>;
  end(): void;
}

function attempt(make: MakeWorker, again: boolean, handlers: HostHandlers): Try {
  const { promise: started, resolve, reject } = deferred<Started>();
  started.catch(() => undefined);
  let worker: Worker;
  try {
    worker = make(again);
  } catch (cause) {
    reject(refused(cause));
    return { peer: null, started, end: () => undefined };
  }
  const ready = async (): Promise<null> => {
    resolve({ worker, peer });
    return null;
  };
  const peer: Peer<HostApi, WorkerApi> = new Peer<HostApi, WorkerApi>(worker, {
    ...handlers,
    ready,
  });
  const fail = (error: GenoLeWMError): void => {
    reject(error);
    peer.close(error);
  };
  onWorkerFailure(worker, fail);
  const end = (): void => {
    worker.terminate();
    fail(new GenoLeWMError({ code: "RESOURCE.GENERIC", message: "The worker was ended." }));
  };
  return { peer, started, end };
}

/** A constructor that throws: the script is another site's, or Trusted Types want it named. */
function refused(cause: unknown): GenoLeWMError {
  if (cause instanceof GenoLeWMError) return cause;
  return new GenoLeWMError(
    {
      code: "RESOURCE.RUNTIME_SETUP",
      message: `A worker could not be started: ${GenoLeWMError.from(cause).message}`,
      remediation:
        "Serve the package's files from the page's own origin, or give startWorker a module worker of a Blob that imports @genolewm/runtime/worker; worker-src must have blob: then, and trusted-types, where it is used, genolewm. Or load with worker: false.",
    },
    { cause },
  );
}
