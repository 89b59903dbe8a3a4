/** The caller's callbacks, called so that their mistakes stay theirs. */

import type { NoticeEvent, ProgressEvent } from "./service.js";
import type { Notice, Progress } from "./types.js";

/** Passes events on to the callbacks that there are. */
export function listener(
  onProgress: ((progress: Progress) => void) | undefined,
  onNotice: ((notice: Notice) => void) | undefined,
): (event: ProgressEvent | NoticeEvent) => void {
  return (event) => {
    if (event.kind === "progress") tell(onProgress, event.progress);
    else tell(onNotice, event.notice);
  };
}

/**
 * Calls `callback`, if there is one. What it throws is an uncaught error, as it is of any event's
 * listener: the work that it is told of goes on.
 */
export function tell<T>(callback: ((value: T) => void) | undefined, value: T): void {
  try {
    callback?.(value);
  } catch (error) {
    uncaught(error);
  }
}

/** Node has no `reportError`. */
function uncaught(error: unknown): void {
  const { reportError } = globalThis as { readonly reportError?: (error: unknown) => void };
  if (reportError !== undefined) reportError.call(globalThis, error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
