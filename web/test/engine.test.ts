import assert from "node:assert/strict";
import { test } from "node:test";
import { GenoLeWMRuntime } from "@genolewm/runtime";
import { Engine } from "../src/engine.ts";

/** As much of a page as the engine writes to. */
function page(): { readonly line: { textContent: string; dataset: Record<string, string> } } {
  const line = {
    textContent: "",
    dataset: {},
    replaceChildren: (...children: string[]) => (line.textContent = children.join("")),
  };
  Object.assign(globalThis, { document: { getElementById: () => line }, Node: class {} });
  return { line };
}

test("a load that failed late cleared the one that had taken its place", async () => {
  const { line } = page();
  const loads: { resolve(runtime: GenoLeWMRuntime): void; reject(error: Error): void }[] = [];
  GenoLeWMRuntime.load = () =>
    new Promise((resolve, reject) => void loads.push({ resolve, reject }));
  const engine = new Engine(Promise.resolve(), () => assert.fail("a worker"));
  const first = engine.ready();
  const failed = assert.rejects(first, /too late/);
  const chosen = engine.choose("cpu");
  const second = engine.ready();
  await Promise.resolve();
  loads[0]?.reject(new Error("too late"));
  await Promise.all([failed, chosen]);
  assert.equal(engine.ready(), second, "a third load, and a second that nobody disposes of");
  const runtime = { backend: "cpu", device: "two cores" } as unknown as GenoLeWMRuntime;
  loads[1]?.resolve(runtime);
  assert.equal(await second, runtime);
  assert.match(line.textContent, /^Model ready/);
  assert.equal(loads.length, 2);
});
