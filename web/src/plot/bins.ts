/** The histogram's bars and the table's filter by percentile: they must agree on what lies where. */

/** Bars of the histogram. */
export const BINS = 20;

/** The bar of a percentile of 0 to 1. Its lower edge belongs to a bar, and its upper one to the next. */
export function binOf(share: number): number {
  return Math.min(BINS - 1, Math.floor(share * BINS));
}

/** The edges of a bar, in hundredths. */
export function edgesOf(bin: number): readonly [from: number, to: number] {
  return [(bin * 100) / BINS, ((bin + 1) * 100) / BINS];
}

/** Whether a percentile of 0 to 1 lies between two edges in hundredths, as bars have them. */
export function between(from: number, to: number): (share: number) => boolean {
  const [least, end] = [from / 100, to / 100];
  return (share) => share >= least && (share < end || end >= 1);
}
