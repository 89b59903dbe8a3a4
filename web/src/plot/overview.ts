import { fill, h } from "../dom.ts";
import { count } from "../format.ts";
import { plotFigure, rowOf, tableOf } from "../pieces.ts";
import { nextTask } from "../pace.ts";
import type { Store } from "../results/store.ts";
import { palette } from "../theme.ts";
import { ContigSums } from "./sums.ts";

const HEIGHT_PX = 260;
const EDGE = { left: 34, right: 8, top: 10, bottom: 40 };
const HIGH = 0.95;
const DOTS_A_SLICE = 4000;
const FEW_DOTS = 300;
const MANY_DOTS = 20_000;
const REPORT_WIDTH_PX = 640;
const REPORT_DOTS = 20_000;

const CAPTION =
  "Each dot is a variant: its place from left to right, its percentile from bottom to top. The stronger colour marks the 95th percentile and above. Click a dot to open it.";

/** Where a contig lies on the horizontal axis. */
interface Lane {
  readonly contig: number;
  readonly name: string;
  /** Pixels. */
  readonly left: number;
  readonly width: number;
  readonly first: number;
  readonly last: number;
}

/** What dots are drawn with. */
interface Brush {
  readonly context: CanvasRenderingContext2D;
  readonly lanes: ReadonlyMap<number, Lane>;
  /** Pixels. */
  readonly size: number;
  readonly low: string;
  readonly high: string;
}

/** A contig on which variants will come. */
export interface ExpectedContig {
  readonly name: string;
  readonly lengthBp: number;
}

/**
 * Every variant as a dot, by its place in the genome and its percentile. New dots are added to the
 * canvas; only another width, another theme or a contig that grew past its lane draws all again.
 */
export class Overview {
  readonly element: HTMLElement;
  private readonly canvas = h("canvas", { role: "img", "data-testid": "overview" });
  private readonly sums: ContigSums;
  private readonly table = h("tbody");
  private readonly details = h("details.as-table");
  private lanes: Lane[] = [];
  private extents = new Map<number, { first: number; last: number }>();
  private drawn = 0;
  private generation = 0;
  private colours = { dot: "", accent: "" };
  /** The share of its stretch that a lane leaves free for variants to come. */
  private room = 0.15;

  /**
   * `expected` are the contigs that will come, with their lengths: they get their lanes at once.
   * Empty where that is not known; lanes are then as long as the stretch that has variants. The
   * number of rows to expect decides how fine dots are.
   */
  constructor(
    private readonly store: Store,
    private readonly expected: readonly ExpectedContig[],
    private readonly expectedRows: number,
    private readonly open: (row: number) => void,
  ) {
    this.sums = new ContigSums(store);
    const heads = ["Chromosome", "Scored", "Skipped", "Median percentile", "At 95 or above"];
    const table = tableOf(heads, this.table, { "data-testid": "contig-table" });
    this.details.append(
      h("summary", "The same as a table, by chromosome"),
      h("div.table-scroll", table),
    );
    this.element = plotFigure("Along the genome", CAPTION, this.canvas, this.details);
    this.details.addEventListener("toggle", () => this.describe());
    this.canvas.addEventListener("click", (event) => this.onClick(event));
    new ResizeObserver(() => this.redraw()).observe(this.element);
  }

  /** Notes where a row lies. Draws nothing. */
  add(row: number): void {
    const { scored } = this.store;
    const [contig, pos] = [scored.contig.at(row), scored.pos.at(row)];
    const extent = this.extents.get(contig);
    if (extent === undefined) this.extents.set(contig, { first: pos, last: pos });
    else {
      extent.first = Math.min(extent.first, pos);
      extent.last = Math.max(extent.last, pos);
    }
    this.sums.add(row);
  }

  /** Draws the rows that came since. */
  draw(): void {
    if (!this.fits()) this.redraw();
    else void this.dots(this.generation);
    this.describe();
  }

  /** Draws for good, when no more rows come. */
  finish(): void {
    this.room = 0.02;
    this.redraw();
    this.describe();
  }

  /** Draws everything again: another size, other colours. */
  redraw(): void {
    this.generation += 1;
    this.drawn = 0;
    const width = this.canvas.clientWidth;
    if (width === 0) return;
    this.lanes = this.layOut(width);
    this.colours = palette("dot", "accent");
    const context = prepared(this.canvas, width, devicePixelRatio);
    if (context !== null) this.frame(context, width);
    void this.dots(this.generation);
  }

  /**
   * The picture for the report: in the colours of the moment, with no more dots than can be drawn
   * without a pause, because printing does not wait.
   */
  still(): Node {
    const canvas = h("canvas", {
      role: "img",
      "aria-label": this.canvas.getAttribute("aria-label") ?? "",
    });
    const lanes = this.lanes;
    this.lanes = this.layOut(REPORT_WIDTH_PX);
    const context = prepared(canvas, REPORT_WIDTH_PX, 2);
    if (context !== null) {
      const before = this.colours;
      this.colours = palette("dot", "accent");
      this.frame(context, REPORT_WIDTH_PX);
      const brush = this.brush(context);
      const step = Math.max(1, Math.ceil(this.store.scored.count / REPORT_DOTS));
      for (let row = 0; row < this.store.scored.count; row += step) this.dot(brush, row);
      this.colours = before;
    }
    this.lanes = lanes;
    return canvas;
  }

  private fits(): boolean {
    const lanes = new Map(this.lanes.map((lane) => [lane.contig, lane]));
    return [...this.extents].every(([contig, extent]) => {
      const lane = lanes.get(contig);
      return lane !== undefined && extent.first >= lane.first && extent.last <= lane.last;
    });
  }

  /** The stretch of each contig that is drawn: all of it, or where it has variants with some room. */
  private spans(): { contig: number; first: number; last: number }[] {
    if (this.expected.length > 1) {
      const { contigs } = this.store.words;
      return this.expected.map(({ name, lengthBp }) => ({
        contig: contigs.number(name),
        first: 0,
        last: lengthBp,
      }));
    }
    return [...this.extents].map(([contig, { first, last }]) => {
      const room = Math.max(20, (last - first) * this.room);
      return { contig, first: first - room * 0.3, last: last + room };
    });
  }

  /** Contigs side by side. */
  private layOut(width: number): Lane[] {
    const spans = this.spans();
    const total = spans.reduce((sum, { first, last }) => sum + last - first, 0);
    const gap = spans.length > 1 ? 2 : 0;
    const free = width - EDGE.left - EDGE.right - gap * (spans.length - 1);
    let left = EDGE.left;
    return spans.map(({ contig, first, last }) => {
      const lane = {
        contig,
        first,
        last,
        left,
        width: (free * (last - first)) / total,
        name: this.store.words.contigs.text(contig),
      };
      left += lane.width + gap;
      return lane;
    });
  }

  private frame(context: CanvasRenderingContext2D, width: number): void {
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = "middle";
    const colours = palette("rule", "quiet", "lane", "lane-other");
    let free = 0;
    this.lanes.forEach((lane, number) => {
      context.fillStyle = number % 2 === 0 ? colours.lane : colours["lane-other"];
      context.fillRect(lane.left, EDGE.top, lane.width, HEIGHT_PX - EDGE.top - EDGE.bottom);
      context.fillStyle = colours.quiet;
      context.textAlign = "center";
      free = this.label(context, lane, free);
    });
    context.textAlign = "right";
    for (const share of [0, 0.5, 1]) {
      context.fillStyle = colours.rule;
      context.fillRect(EDGE.left, Math.round(this.y(share)), width - EDGE.left - EDGE.right, 1);
      context.fillStyle = colours.quiet;
      context.fillText(String(share * 100), EDGE.left - 6, this.y(share));
    }
  }

  /** Names a lane where there is room; returns where the next name may begin. */
  private label(context: CanvasRenderingContext2D, lane: Lane, free: number): number {
    const text = this.lanes.length > 1 ? lane.name.replace(/^chr/, "") : this.span(lane);
    const [middle, half] = [lane.left + lane.width / 2, context.measureText(text).width / 2];
    if (middle - half < free) return free;
    context.fillText(text, middle, HEIGHT_PX - EDGE.bottom + 18);
    return middle + half + 6;
  }

  private span(lane: Lane): string {
    const extent = this.extents.get(lane.contig);
    return extent === undefined
      ? lane.name
      : `${lane.name}, ${count(extent.first)} to ${count(extent.last)}`;
  }

  private y(share: number): number {
    return HEIGHT_PX - EDGE.bottom - share * (HEIGHT_PX - EDGE.top - EDGE.bottom);
  }

  private async dots(generation: number): Promise<void> {
    const context = this.canvas.getContext("2d");
    if (context === null || this.lanes.length === 0) return;
    const brush = this.brush(context);
    while (generation === this.generation && this.drawn < this.store.scored.count) {
      const end = Math.min(this.drawn + DOTS_A_SLICE, this.store.scored.count);
      // Taken before waiting, so that a second call goes on where this one will stop.
      const start = this.drawn;
      this.drawn = end;
      for (let row = start; row < end; row += 1) this.dot(brush, row);
      if (end < this.store.scored.count) await nextTask();
    }
  }

  private brush(context: CanvasRenderingContext2D): Brush {
    const lanes = new Map(this.lanes.map((lane) => [lane.contig, lane]));
    const size = this.expectedRows > MANY_DOTS ? 1.4 : this.expectedRows > FEW_DOTS ? 2.4 : 4;
    return { context, lanes, size, low: this.colours.dot, high: this.colours.accent };
  }

  private dot({ context, lanes, size: plain, low, high }: Brush, row: number): void {
    const { scored } = this.store;
    const lane = lanes.get(scored.contig.at(row));
    if (lane === undefined) return;
    const share = scored.percentile.at(row);
    context.fillStyle = share >= HIGH ? high : low;
    const size = share >= HIGH ? plain + 0.6 : plain;
    context.fillRect(x(lane, scored.pos.at(row)) - size / 2, this.y(share) - size / 2, size, size);
  }

  private describe(): void {
    const { count: total } = this.store.scored;
    const names = this.lanes.map((lane) => lane.name).join(", ");
    this.canvas.setAttribute(
      "aria-label",
      `Percentiles of ${count(total)} variants by their place on ${names}. The table below has the figures.`,
    );
    if (!this.details.open) return;
    fill(this.table, ...this.sums.rows().map(rowOf));
  }

  /** Opens the dot nearest to a click, if one is near. */
  private onClick(event: MouseEvent): void {
    const { scored } = this.store;
    const lanes = new Map(this.lanes.map((lane) => [lane.contig, lane]));
    let [best, bestDistance] = [-1, 12 ** 2];
    for (let row = 0; row < scored.count; row += 1) {
      const lane = lanes.get(scored.contig.at(row));
      if (lane === undefined) continue;
      const distance =
        (x(lane, scored.pos.at(row)) - event.offsetX) ** 2 +
        (this.y(scored.percentile.at(row)) - event.offsetY) ** 2;
      if (distance < bestDistance) [best, bestDistance] = [row, distance];
    }
    if (best >= 0) this.open(best);
  }
}

/** An empty canvas whose unit is the pixel of the style sheet. */
function prepared(
  canvas: HTMLCanvasElement,
  width: number,
  scale: number,
): CanvasRenderingContext2D | null {
  canvas.width = width * scale;
  canvas.height = HEIGHT_PX * scale;
  const context = canvas.getContext("2d");
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

function x(lane: Lane, pos: number): number {
  return lane.left + ((pos - lane.first) / (lane.last - lane.first)) * lane.width;
}
