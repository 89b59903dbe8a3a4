import type { Inspection, Progress } from "@genolewm/runtime";

/** Rates follow the last seconds, since devices slow down and speed up. */
const WINDOW_MS = 10_000;
const SETTLE_MS = 1_500;

/** The runtime's word on a run. */
export type ScoreProgress = Progress & { readonly kind: "score" };

/** How far a run is, for people. */
export interface Standing {
  /** 0 to 1. */
  readonly share: number;
  /** Scored a second; null before that can be said. */
  readonly perSecond: number | null;
  readonly secondsLeft: number | null;
}

interface Sample {
  readonly at: number;
  readonly share: number;
  readonly scored: number;
}

/**
 * Progress by alleles rather than bytes: the file was read through before, so that their number is
 * known. Where it is not, for a region, the runtime's own share serves.
 */
export class Pace {
  private readonly samples: Sample[] = [];

  constructor(private readonly alleles: number | null) {}

  /** The pace of a run over a whole file, or over regions of it. */
  static of(found: Inspection, regions: string): Pace {
    const known = Object.values(found.reasons).reduce((sum, n) => sum + n, found.candidates);
    return new Pace(regions === "" && known > 0 ? known : null);
  }

  /** Takes in what the runtime tells. */
  update(told: ScoreProgress, at = performance.now()): Standing {
    const share =
      this.alleles === null
        ? shareOf(told)
        : Math.min(1, (told.scored + told.skipped) / this.alleles);
    const latest = { at, share, scored: told.scored };
    this.samples.push(latest);
    while (this.samples.length > 2 && at - (this.samples[1] as Sample).at > WINDOW_MS)
      this.samples.shift();
    const oldest = this.samples[0] as Sample;
    const seconds = (at - oldest.at) / 1000;
    if (seconds * 1000 < SETTLE_MS || share === oldest.share)
      return { share, perSecond: null, secondsLeft: null };
    return {
      share,
      perSecond: (latest.scored - oldest.scored) / seconds,
      secondsLeft: ((1 - share) / (share - oldest.share)) * seconds,
    };
  }
}

/** The share that the runtime tells, 0 to 1. */
export function shareOf(progress: Progress): number {
  return progress.total === 0 ? 1 : progress.done / progress.total;
}
