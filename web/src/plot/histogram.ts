import { byId, fill, h, setAttributes, setText, svg } from "../dom.ts";
import { count } from "../format.ts";
import { plotFigure, rowOf, tableOf } from "../pieces.ts";
import { BINS, binOf, edgesOf } from "./bins.ts";

const HEIGHT_PX = 260;
const EDGE = { left: 44, right: 8, top: 12, bottom: 38 };
const BOTTOM = HEIGHT_PX - EDGE.bottom;

/** The share of bins that lie in the band by chance alone, if all were uniform: two deviations. */
const BAND_DEVIATIONS = 2;

const CAPTION =
  "If these changes were like common ones, each bar would reach the dashed line, give or take the shaded band. Click a bar to see its variants.";

/**
 * How percentiles are spread, against what common variants would give: the same number in each bin.
 * Counts grow row by row, and a drawing costs the same for any number of rows.
 */
export class Histogram {
  readonly element: HTMLElement;
  private readonly counts = new Uint32Array(BINS);
  private total = 0;
  private readonly bars: SVGRectElement[] = [];
  private readonly band = svg("rect.band");
  private readonly expected = svg("line.expected");
  private readonly ticks = svg("g.ticks");
  private readonly axis = svg("g");
  private width = 560;
  private readonly picture: SVGSVGElement;
  private readonly table = h("tbody");

  constructor(private readonly pick: (from: number, to: number) => void) {
    for (let bin = 0; bin < BINS; bin += 1) this.bars.push(this.bar(bin));
    this.picture = svg(
      "svg",
      { role: "img", class: "histogram", "data-testid": "histogram" },
      this.band,
      ...this.bars,
      this.expected,
      this.ticks,
      this.axis,
    );
    const table = tableOf(["Percentiles", "Variants", "Expected"], this.table);
    const asTable = h("details.as-table", h("summary", "The same as a table"), table);
    this.element = plotFigure("Percentiles", CAPTION, this.picture, asTable);
    this.resize();
    new ResizeObserver(() => this.resize()).observe(this.picture);
  }

  /** Counts one percentile of 0 to 1. Draws nothing. */
  add(share: number): void {
    const bin = binOf(share);
    this.counts[bin] = (this.counts[bin] as number) + 1;
    this.total += 1;
  }

  /** Brings the picture up to date. */
  draw(): void {
    const expected = this.total / BINS;
    const spread = BAND_DEVIATIONS * Math.sqrt(this.total * (1 / BINS) * (1 - 1 / BINS));
    const most = niceCeiling(Math.max(...this.counts, expected + spread, 4));
    const y = (value: number) => BOTTOM - (Math.max(0, value) / most) * (BOTTOM - EDGE.top);
    this.bars.forEach((bar, bin) => {
      const value = this.counts[bin] as number;
      setAttributes(bar, { y: y(value), height: BOTTOM - y(value) });
    });
    const [left, right] = [this.x(0), this.x(1)];
    setAttributes(this.band, {
      x: left,
      width: right - left,
      y: y(expected + spread),
      height: y(expected - spread) - y(expected + spread),
    });
    setAttributes(this.expected, { x1: left, x2: right, y1: y(expected), y2: y(expected) });
    fill(
      this.ticks,
      ...[0, most / 2, most].flatMap((value) => [
        svg("line", { x1: left, x2: right, y1: y(value), y2: y(value) }),
        svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, count(value)),
      ]),
    );
    this.describe(expected);
  }

  /** Takes the width there is: text keeps its size on a phone. */
  private resize(): void {
    this.width = this.picture.clientWidth || this.width;
    this.picture.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT_PX}`);
    this.bars.forEach((bar, bin) => {
      setAttributes(bar, { x: this.x(bin / BINS) + 1, width: this.x(1 / BINS) - this.x(0) - 2 });
    });
    fill(this.axis, ...this.axisParts());
    this.draw();
  }

  private x(share: number): number {
    return EDGE.left + share * (this.width - EDGE.left - EDGE.right);
  }

  private axisParts(): SVGElement[] {
    const anchors = ["start", "middle", "middle", "middle", "end"];
    const ticks = anchors.map((anchor, i) =>
      svg("text", { x: this.x(i / 4), y: BOTTOM + 16, "text-anchor": anchor }, String(i * 25)),
    );
    return [
      svg("line.axis", { x1: this.x(0), x2: this.x(1), y1: BOTTOM, y2: BOTTOM }),
      ...ticks,
      svg(
        "text",
        { x: this.x(0.5), y: BOTTOM + 33, "text-anchor": "middle" },
        "percentile (higher is more surprising)",
      ),
    ];
  }

  /** A copy that stands still, for the report. */
  still(): Node {
    return this.picture.cloneNode(true);
  }

  /** The same in words, and in figures where somebody opened the table. */
  private describe(expected: number): void {
    const high = this.counts[BINS - 1] as number;
    const share = this.total === 0 ? 0 : (high / this.total) * 100;
    this.picture.setAttribute(
      "aria-label",
      `Histogram of the percentiles of ${count(this.total)} variants. ${share.toFixed(1)} % lie at the 95th percentile or above, where 5 % would be expected of common variants.`,
    );
    while (this.table.rows.length < BINS) {
      this.table.append(rowOf([range(this.table.rows.length), "", ""]));
    }
    [...this.table.rows].forEach((row, bin) => {
      setText(row.cells[1] as Element, count(this.counts[bin] as number));
      setText(row.cells[2] as Element, expected.toFixed(1));
    });
  }

  private bar(bin: number): SVGRectElement {
    const rect = svg(
      "rect",
      { class: bin === BINS - 1 ? "column high" : "column" },
      svg("title", `Percentiles ${range(bin)}`),
    );
    rect.addEventListener("click", () => {
      this.pick(...edgesOf(bin));
      byId("results").querySelector(".variants")?.scrollIntoView({ block: "start" });
    });
    return rect;
  }
}

function range(bin: number): string {
  return edgesOf(bin).join(" to ");
}

/** The next of 1, 2, 4, 6, 8 and 10 times a power of ten, whose half is whole from 2 on. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}
