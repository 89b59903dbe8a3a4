/**
 * What the service worker tells the page, and the other way round. Types only: the worker is one
 * script, and a value that both import would become a second.
 */

/** From the page: a newer service worker that waits may take over now. */
export type TakeOver = "take-over";

/** A request that the service worker saw or made. */
export interface RequestTold {
  readonly kind: "request";
  readonly url: string;
  readonly method: string;
  /** Who asked: the page, one of its workers, or the service worker for its own copies. */
  readonly by: "page" | "worker" | "offline";
  /** Whether bytes came over the network or from the copies on this device. */
  readonly from: "network" | "copy" | "failed";
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sizeBytes: number | null;
}
