// Sharing work between engines, and losing them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EnginePool } from "../dist/pool.js";

class FakeEngine {
  jobs = [];
  gone = false;
  disposed = false;
  constructor(backend, capacity = 1) {
    Object.assign(this, { backend, device: backend, capacity });
  }
  score(job) {
    return new Promise((resolve, reject) => this.jobs.push({ job, resolve, reject }));
  }
  async lost() {
    return this.gone;
  }
  dispose() {
    this.disposed = true;
  }
  finish() {
    this.jobs.splice(0).forEach(({ job, resolve }) => resolve(job));
  }
  die() {
    this.gone = true;
    this.jobs.splice(0).forEach(({ reject }) => reject(new Error("device lost")));
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
const never = () => Promise.reject(new Error("not to be replaced"));

test("work goes to the engine with the least of it, and waits while all are full", async () => {
  const engines = [new FakeEngine("cpu", 2), new FakeEngine("cpu", 2)];
  const pool = new EnginePool(engines, never);
  assert.equal(pool.capacity, 4);
  const done = [1, 2, 3, 4, 5].map((job) => pool.score(job));
  await turn();
  assert.deepEqual(
    engines.map(({ jobs }) => jobs.map(({ job }) => job)),
    [
      [1, 3],
      [2, 4],
    ],
  );
  engines[1].finish();
  await turn();
  assert.deepEqual(
    engines[1].jobs.map(({ job }) => job),
    [5],
  );
  engines.forEach((engine) => engine.finish());
  assert.deepEqual(
    (await Promise.all(done)).map(({ results }) => results),
    [1, 2, 3, 4, 5],
  );
});

test("a failure that loses no engine is the caller's", async () => {
  const engine = new FakeEngine("cpu");
  const pool = new EnginePool([engine], never);
  const scored = pool.score(1);
  await turn();
  engine.jobs[0].reject(new Error("not a number"));
  await assert.rejects(scored, { message: "not a number" });
  assert.equal(engine.disposed, false);
});

test("jobs of a lost GPU, and all later ones, are scored on what replaces it", async () => {
  const gpu = new FakeEngine("webgpu", 2);
  const cpu = new FakeEngine("cpu", 4);
  let replaced = 0;
  const pool = new EnginePool([gpu], async (lost) => {
    assert.equal(lost, gpu);
    replaced += 1;
    await turn();
    return [cpu];
  });
  const done = [1, 2, 3].map((job) => pool.score(job));
  await turn();
  gpu.die();
  await turn();
  await turn();
  assert.equal(replaced, 1);
  assert.ok(gpu.disposed);
  assert.deepEqual(cpu.jobs.map(({ job }) => job).sort(), [1, 2, 3]);
  cpu.finish();
  assert.deepEqual(
    (await Promise.all(done)).map(({ backend }) => backend),
    ["cpu", "cpu", "cpu"],
  );
});

test("one of several engines may be lost without anybody noticing", async () => {
  const engines = [new FakeEngine("cpu"), new FakeEngine("cpu")];
  const pool = new EnginePool(engines, never);
  const done = [1, 2].map((job) => pool.score(job));
  await turn();
  engines[0].die();
  await turn();
  engines[1].finish();
  await turn();
  engines[1].finish();
  assert.deepEqual(
    (await Promise.all(done)).map(({ results }) => results),
    [1, 2],
  );
});

test("a job that broke every processor left a runtime that was of no use", async () => {
  const engines = [];
  const start = async () => (engines.push(new FakeEngine("cpu")), [engines.at(-1)]);
  const pool = new EnginePool(await start(), start);
  const hostile = pool.score("hostile");
  for (const place of [0, 1]) {
    await turn();
    await turn();
    engines[place].die();
  }
  await assert.rejects(hostile, { message: "device lost" });
  await turn();
  const next = pool.score("next");
  await turn();
  engines.at(-1).finish();
  assert.equal((await next).results, "next");
  assert.equal(engines.length, 3);
});

test("when the last is lost and nothing can replace it, all work is rejected", async () => {
  const engine = new FakeEngine("cpu");
  const pool = new EnginePool([engine], (_, cause) => Promise.reject(cause));
  const done = Promise.allSettled([1, 2].map((job) => pool.score(job)));
  await turn();
  engine.die();
  for (const { reason } of await done) assert.equal(reason.message, "device lost");
});

test("work that waits is taken back by its signal", async () => {
  const engine = new FakeEngine("cpu");
  const pool = new EnginePool([engine], never);
  const first = pool.score(1);
  const controller = new AbortController();
  const second = pool.score(2, controller.signal);
  const third = pool.score(3);
  controller.abort(new Error("enough"));
  await assert.rejects(second, { message: "enough" });
  engine.finish();
  await first;
  await turn();
  assert.deepEqual(
    engine.jobs.map(({ job }) => job),
    [3],
  );
  engine.finish();
  await third;
});

test("dispose ends the engines and rejects what waits", async () => {
  const engine = new FakeEngine("cpu");
  const pool = new EnginePool([engine], never);
  void pool.score(1);
  const waiting = pool.score(2);
  pool.dispose(new Error("disposed"));
  await assert.rejects(waiting, { message: "disposed" });
  await assert.rejects(pool.score(3), { message: "disposed" });
  assert.ok(engine.disposed);
});
