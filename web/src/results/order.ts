import { Slices } from "../pace.ts";

const CHECK_EVERY = 512;
const RUN = 1024;

/** Which rows are shown, and in what order. */
export interface Arrangement {
  /** Whether a row is shown. */
  accepts(row: number): boolean;
  /** What rows are ordered by, least first; undefined keeps the file's order. */
  key?: ((row: number) => number) | undefined;
}

/** Rows with what they are ordered by. */
interface Sorted {
  rows: Uint32Array;
  keys: Float64Array;
}

/**
 * The rows that a table shows. All work is cut into slices, and {@link stop} ends it early. Use one call of {@link arrange} or {@link absorb} at a time.
 */
export class Order {
  private sorted: Sorted = empty();
  private arrangement: Arrangement = { accepts: () => true };
  private seen = 0;
  private generation = 0;

  constructor(private readonly total: () => number) {}

  /** Number of rows shown. */
  get count(): number {
    return this.sorted.rows.length;
  }

  /** The row at a position. */
  row(position: number): number {
    return this.sorted.rows[position] as number;
  }

  /** The position of a row; -1 where it is not shown. */
  positionOf(row: number): number {
    return this.sorted.rows.indexOf(row);
  }

  /** Takes another arrangement for all rows. */
  async arrange(arrangement: Arrangement): Promise<void> {
    this.arrangement = arrangement;
    await this.take(0, empty());
  }

  /** Takes in the rows that came since. */
  async absorb(): Promise<void> {
    if (this.total() > this.seen) await this.take(this.seen, this.sorted);
  }

  /** Ends work under way without a result: another arrangement is coming. */
  stop(): void {
    this.generation += 1;
  }

  private async take(from: number, before: Sorted): Promise<void> {
    const { arrangement, generation } = this;
    const superseded = () => generation !== this.generation;
    const to = this.total();
    const slices = new Slices();
    const fresh = await filtered(arrangement, from, to, slices, superseded);
    const ordered =
      arrangement.key === undefined ? fresh : await mergeSorted(fresh, slices, superseded);
    const merged = await merge(before, ordered, slices, superseded);
    if (superseded()) return;
    this.sorted = merged;
    this.seen = to;
  }
}

function empty(): Sorted {
  return { rows: new Uint32Array(0), keys: new Float64Array(0) };
}

async function filtered(
  { accepts, key }: Arrangement,
  from: number,
  to: number,
  slices: Slices,
  superseded: () => boolean,
): Promise<Sorted> {
  const rows = new Uint32Array(to - from);
  const keys = new Float64Array(to - from);
  let count = 0;
  for (let row = from; row < to && !superseded(); row += 1) {
    if (row % CHECK_EVERY === 0) await slices.breathe();
    if (!accepts(row)) continue;
    rows[count] = row;
    keys[count] = key === undefined ? row : key(row);
    count += 1;
  }
  return { rows: rows.slice(0, count), keys: keys.slice(0, count) };
}

/** Sorts by merging, bottom up, for a sort that can pause. Equal keys keep the file's order. */
async function mergeSorted(
  all: Sorted,
  slices: Slices,
  superseded: () => boolean,
): Promise<Sorted> {
  const count = all.rows.length;
  let runs: Sorted[] = [];
  for (let start = 0; start < count && !superseded(); start += RUN) {
    runs.push(sortedRun(all, start, Math.min(start + RUN, count)));
    await slices.breathe();
  }
  while (runs.length > 1 && !superseded()) {
    const next: Sorted[] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const [a, b] = [runs[i] as Sorted, runs[i + 1]];
      next.push(b === undefined ? a : await merge(a, b, slices, superseded));
    }
    runs = next;
  }
  return runs[0] ?? empty();
}

function sortedRun({ rows, keys }: Sorted, start: number, end: number): Sorted {
  const places = Uint32Array.from({ length: end - start }, (_, i) => start + i);
  places.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
  return {
    rows: places.map((place) => rows[place] as number),
    keys: Float64Array.from(places, (place) => keys[place] as number),
  };
}

async function merge(
  a: Sorted,
  b: Sorted,
  slices: Slices,
  superseded: () => boolean,
): Promise<Sorted> {
  const length = a.rows.length + b.rows.length;
  const merged: Sorted = { rows: new Uint32Array(length), keys: new Float64Array(length) };
  let [i, j] = [0, 0];
  for (let to = 0; to < length; to += 1) {
    if (to % CHECK_EVERY === 0) {
      await slices.breathe();
      if (superseded()) break;
    }
    const fromA =
      j >= b.rows.length || (i < a.rows.length && (a.keys[i] as number) <= (b.keys[j] as number));
    const [source, at] = fromA ? [a, i++] : [b, j++];
    merged.rows[to] = source.rows[at] as number;
    merged.keys[to] = source.keys[at] as number;
  }
  return merged;
}
