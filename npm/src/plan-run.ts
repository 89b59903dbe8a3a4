/** Drives a plan: windows and batches of candidates to the engines, the plan out. */

import { Turns } from "./abort.js";
import type { EnginePool } from "./pool.js";
import type { CallContext, CoordinatorApi, PlanParams } from "./service.js";
import { release, type WasmPlan } from "./wasm.js";

/** Time before there is an estimate. */
const SETTLE_MS = 1_000;

/** What a plan needs. */
export interface PlanParts {
  readonly plan: WasmPlan;
  readonly window: string;
  readonly ends: Omit<PlanParams, "window" | "options">;
  readonly pool: EnginePool;
  readonly context: CallContext<CoordinatorApi["plan"]["event"]>;
}

/** A plan. {@link PlanRun.finish} may be called once. */
export class PlanRun {
  readonly #parts: PlanParts;
  readonly #turns = new Turns();
  readonly #total: number;
  #start = 0;
  #done = 0;
  #rounds = 0;
  #bestDistance: number | null = null;

  /** Begins with {@link PlanRun.finish}. */
  constructor(parts: PlanParts) {
    this.#parts = parts;
    this.#total = parts.plan.total;
  }

  /** Works until the plan was made for real; answers its JSON. */
  async finish(): Promise<string> {
    const { plan, ends, window } = this.#parts;
    try {
      const encoded = await this.#encode(window);
      const target = ends.targetState ?? (await this.#encode(ends.targetWindow ?? ""));
      const initial = ends.initialState ?? encoded;
      plan.begin(encoded, initial, target);
      this.#start = performance.now();
      for (let count = plan.draw(); count > 0; count = plan.draw()) {
        await this.#round(count, initial);
      }
      const { state, backend, device } = await this.#made();
      this.#report(this.#total);
      return plan.finish(state, backend, device);
    } finally {
      release(plan);
    }
  }

  async #round(count: number, state: Float32Array): Promise<void> {
    const { plan, pool, context } = this.#parts;
    const { prediction } = plan;
    const answers: Promise<Float32Array>[] = [];
    for (let index = 0; index < count; index += 1) {
      const sequences = plan.batch(index);
      const asked = { state, sequences, prediction, every: false };
      const answer = pool.use((engine) => engine.follow(asked), context.signal);
      answer.then(
        (states) => this.#report(this.#done + states.length / state.length),
        () => undefined,
      );
      answers.push(answer);
    }
    for (const states of await Promise.all(answers)) plan.answer(states);
    const sequences = plan.toReencode();
    if (sequences !== undefined) {
      const asked = { window: this.#parts.window, sequences, locus: plan.locus ?? null };
      plan.reencoded(await pool.use((engine) => engine.encodeEdited(asked), context.signal));
    }
    plan.rank();
    const { rounds, bestDistance } = JSON.parse(plan.progress()) as {
      readonly rounds: number;
      readonly bestDistance: number | null;
    };
    this.#rounds = rounds;
    this.#bestDistance = bestDistance;
    context.signal.throwIfAborted();
    await this.#turns.take();
  }

  #encode(window: string): Promise<Float32Array> {
    const { plan, pool, context } = this.#parts;
    const locus = plan.locus ?? null;
    return pool.use((engine) => engine.encodeWindow(window, locus), context.signal);
  }

  /** The state of the edited window, and who computed it. */
  #made(): Promise<{
    readonly state: Float32Array;
    readonly backend: string;
    readonly device: string;
  }> {
    const { plan, pool, context } = this.#parts;
    const window = plan.edited();
    const locus = plan.locus ?? null;
    return pool.use(async (engine) => {
      const state = await engine.encodeWindow(window, locus);
      return { state, backend: engine.backend, device: engine.device };
    }, context.signal);
  }

  #report(done: number): void {
    this.#done = Math.min(done, this.#total);
    const elapsed = performance.now() - this.#start;
    const left = (elapsed / this.#done) * (this.#total - this.#done);
    const settled = elapsed >= SETTLE_MS || this.#done === this.#total;
    const progress = {
      kind: "plan" as const,
      done: this.#done,
      total: this.#total,
      rounds: this.#rounds,
      bestDistance: this.#bestDistance,
      secondsLeft: settled ? left / 1000 : null,
    };
    this.#parts.context.emit({ kind: "progress", progress });
  }
}
