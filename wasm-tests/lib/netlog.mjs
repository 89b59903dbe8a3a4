// What the browser's network stack did, by its own log: pages, workers, nested workers, service
// workers, beacons and sockets alike. A page cannot hide from it, and neither can the harness.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { scratch } from "./paths.mjs";

/** Browser flags that write a log, and the log, which can be read once the browser is closed. */
export function netlog() {
  const path = join(scratch("netlog"), "netlog.json");
  return {
    args: [`--log-net-log=${path}`, "--net-log-capture-mode=IncludeSensitive"],
    /** Every URL that a page, frame or worker sought a server for, whatever became of it. */
    requests: () => readRequests(path),
  };
}

/** The initiator of a request that no page, worker or frame made. */
const NOBODY = "not an origin";

function readRequests(path) {
  const { constants, events } = JSON.parse(readFileSync(path, "utf8"));
  const types = constants.logEventTypes;
  const begins = events.filter(({ phase }) => phase === constants.logEventPhase.PHASE_BEGIN);
  // A request that looks for a connection: what the browser's own cache answers does not.
  const connecting = new Set(
    begins.filter(({ type }) => type === types.HTTP_STREAM_REQUEST).map(({ source }) => source.id),
  );
  return begins
    .filter(({ type }) => type === types.URL_REQUEST_START_JOB)
    .filter(({ params }) => params?.url && params.initiator !== NOBODY)
    .filter(({ source }) => connecting.has(source.id))
    .map(({ params }) => params.url);
}

/** The requests between those for two marker paths. Both must be there. */
export function between(requests, first, last) {
  const from = requests.findIndex((url) => new URL(url).pathname === first);
  const to = requests.findLastIndex((url) => new URL(url).pathname === last);
  if (from < 0 || to < 0) throw new Error(`markers ${first}, ${last} are not in the log`);
  return requests.slice(from, to).filter((url) => new URL(url).pathname !== first);
}
