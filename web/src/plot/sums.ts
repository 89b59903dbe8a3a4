import { count } from "../format.ts";
import type { Store } from "../results/store.ts";

const BINS = 1000;

/** Figures by contig. Medians come of a fine histogram, so that no row is kept or sorted. */
export class ContigSums {
  private readonly bins = new Map<number, Uint32Array>();
  private readonly scored = new Map<number, number>();
  private readonly skipped = new Map<number, number>();
  private skippedSeen = 0;

  constructor(private readonly store: Store) {}

  /** Counts a scored row. */
  add(row: number): void {
    const contig = this.store.scored.contig.at(row);
    let bins = this.bins.get(contig);
    if (bins === undefined) this.bins.set(contig, (bins = new Uint32Array(BINS)));
    const bin = Math.min(BINS - 1, Math.floor(this.store.scored.percentile.at(row) * BINS));
    bins[bin] = (bins[bin] as number) + 1;
    this.scored.set(contig, (this.scored.get(contig) ?? 0) + 1);
  }

  /** One row of text for each contig, in the file's order. */
  rows(): string[][] {
    this.countSkipped();
    return this.store.words.contigs.all().map((name, contig) => {
      const [scored, bins] = [this.scored.get(contig) ?? 0, this.bins.get(contig)];
      const high =
        bins === undefined ? 0 : bins.subarray(BINS * 0.95).reduce((sum, n) => sum + n, 0);
      return [
        name,
        count(scored),
        count(this.skipped.get(contig) ?? 0),
        bins === undefined ? "–" : median(bins, scored).toFixed(1),
        scored === 0 ? "–" : `${((high / scored) * 100).toFixed(1)} %`,
      ];
    });
  }

  private countSkipped(): void {
    const { skipped } = this.store;
    for (; this.skippedSeen < skipped.count; this.skippedSeen += 1) {
      const contig = skipped.contig.at(this.skippedSeen);
      this.skipped.set(contig, (this.skipped.get(contig) ?? 0) + 1);
    }
  }
}

/** The median percentile, 0 to 100, to half a bin. */
function median(bins: Uint32Array, total: number): number {
  let below = 0;
  const bin = bins.findIndex((n) => (below += n) >= total / 2);
  return ((bin + 0.5) / BINS) * 100;
}
