// A reporter for Node's test runner: the tests that took longest, when all have ended.

import { basename } from "node:path";

const SHOWN = 10;

export default async function* slowest(events) {
  const tests = [];
  for await (const { type, data } of events) {
    const ended = type === "test:pass" || type === "test:fail";
    // A suite lasts as long as its tests together.
    if (!ended || data.details?.type === "suite") continue;
    const name = `${basename(data.file ?? "")}: ${data.name}`;
    tests.push({ name, seconds: data.details.duration_ms / 1000 });
  }
  tests.sort((a, b) => b.seconds - a.seconds);
  yield "\nslowest tests\n";
  for (const { name, seconds } of tests.slice(0, SHOWN)) {
    yield `${seconds.toFixed(1).padStart(7)} s  ${name}\n`;
  }
}
