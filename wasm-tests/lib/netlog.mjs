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
    /** Every URL that was asked for, in order: `http(s)`, `ws(s)`, whatever became of it. */
    requests: () => readRequests(path),
  };
}

function readRequests(path) {
  const log = JSON.parse(readFileSync(path, "utf8"));
  const types = log.constants.logEventTypes;
  const phaseBegin = log.constants.logEventPhase.PHASE_BEGIN;
  const starts = new Set([types.URL_REQUEST_START_JOB, types.CORS_REQUEST]);
  const seen = [];
  for (const event of log.events) {
    const url = event.params?.url;
    if (!url || !starts.has(event.type) || event.phase !== phaseBegin) continue;
    seen.push(url);
  }
  return seen;
}

/** The requests between those for two marker paths. Both must be there. */
export function between(requests, first, last) {
  const from = requests.findIndex((url) => new URL(url).pathname === first);
  const to = requests.findLastIndex((url) => new URL(url).pathname === last);
  if (from < 0 || to < 0) throw new Error(`markers ${first}, ${last} are not in the log`);
  return requests.slice(from, to).filter((url) => new URL(url).pathname !== first);
}
