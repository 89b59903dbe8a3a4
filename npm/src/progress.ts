/** Progress that never falls, keeps its total, and ends at it. */

import type { Progress } from "./types.js";

/** Rates are those of the last seconds, so that they follow what the machine is doing now. */
const WINDOW_MS = 5_000;

/** Time before there is an estimate. */
const SETTLE_MS = 1_000;

interface Sample {
  readonly at: number;
  readonly done: number;
  readonly scored: number;
}

/** The running counts of a run. */
export interface Counts {
  readonly inputBytesDone: number;
  readonly scored: number;
  readonly skipped: number;
}

/** Progress of a run by bytes of its input. */
export class ScoreProgress {
  readonly #total: number;
  readonly #known: boolean;
  readonly #now: () => number;
  readonly #start: Sample;
  readonly #samples: Sample[];
  #done = 0;

  /** `size` is null for a stream, whose length nobody knows: it is at 0 of 1 until it ends. */
  constructor(size: number | null, now: () => number = () => performance.now()) {
    this.#known = size !== null && size > 0;
    this.#total = this.#known ? (size as number) : 1;
    this.#now = now;
    this.#start = { at: now(), done: 0, scored: 0 };
    this.#samples = [this.#start];
  }

  /** Where things stand while the run goes on. */
  update(counts: Counts): Progress {
    const reached = this.#known ? Math.min(counts.inputBytesDone, this.#total) : 0;
    return this.#report(Math.max(this.#done, reached), counts);
  }

  /** The last word. */
  finish(counts: Counts): Progress {
    return this.#report(this.#total, counts);
  }

  #report(done: number, counts: Counts): Progress {
    this.#done = done;
    const latest = { at: this.#now(), done, scored: counts.scored };
    const oldest = this.#slide(latest);
    const seconds = (latest.at - oldest.at) / 1000;
    return {
      kind: "score",
      done,
      total: this.#total,
      scored: counts.scored,
      skipped: counts.skipped,
      allelesPerSecond: seconds > 0 ? (latest.scored - oldest.scored) / seconds : 0,
      secondsLeft: this.#secondsLeft(latest, oldest),
    };
  }

  /** Keeps the samples of the window, and the last one before it. */
  #slide(latest: Sample): Sample {
    this.#samples.push(latest);
    const inside = this.#samples.findIndex((sample) => sample.at > latest.at - WINDOW_MS);
    this.#samples.splice(0, Math.max(0, inside - 1));
    return this.#samples[0] ?? latest;
  }

  #secondsLeft(latest: Sample, oldest: Sample): number | null {
    if (latest.done === this.#total) return 0;
    const rate = (latest.done - oldest.done) / (latest.at - oldest.at);
    if (latest.at - this.#start.at < SETTLE_MS || !(rate > 0)) return null;
    return (this.#total - latest.done) / rate / 1000;
  }
}
