/** What passes between threads: requests with ids, and everything that belongs to one by its id. */

import type { ErrorParts } from "../errors.js";
import type { Api } from "../service.js";

/** A request of one side. Ids are the asking side's own. */
export type Request<A extends Api<A>> = {
  readonly [K in keyof A]: {
    readonly type: "request";
    readonly id: number;
    readonly method: K;
    readonly params: A[K]["params"];
  };
}[keyof A];

/** The answer to a request of the other side. */
export type Reply<A extends Api<A>> = {
  readonly [K in keyof A]:
    | { readonly type: "result"; readonly id: number; readonly value: A[K]["result"] }
    | { readonly type: "event"; readonly id: number; readonly event: A[K]["event"] };
}[keyof A];

/** A request has failed. */
export interface Failure {
  readonly type: "failure";
  readonly id: number;
  readonly error: ErrorParts;
}

/** The asking side no longer wants an answer. */
export interface Abort {
  readonly type: "abort";
  readonly id: number;
}

/** Any message to a side that serves `Served` and calls `Called`. */
export type Message<Served extends Api<Served>, Called extends Api<Called>> =
  | Request<Served>
  | Reply<Called>
  | Failure
  | Abort;
