import { byId, button, fill, h, setText } from "../dom.ts";
import { allele, count, locus, plural } from "../format.ts";
import { serial } from "../pace.ts";
import { choice, rowOf, tableOf } from "../pieces.ts";
import { save } from "./exports.ts";
import { Grid, type GridColumn, type GridSource } from "./grid.ts";
import { Order } from "./order.ts";
import type { Store } from "./store.ts";
import { reasonWords } from "./words.ts";

const COLUMNS: readonly GridColumn[] = [
  { key: "line", label: "Line" },
  { key: "place", label: "Position" },
  { key: "name", label: "Name" },
  { key: "change", label: "Change" },
  { key: "reason", label: "Reason" },
  { key: "why", label: "What that means" },
];

const INTRODUCTION =
  "These were not scored. Each has a reason, and scored and skipped together are everything in the file.";

/** What the tab says while there is nothing in it. */
export function emptySkipped(
  message = "Nothing has been scored yet. Whatever a run cannot score will be listed here with the reason: no variant of your file vanishes.",
): void {
  fill(
    byId("panel-skipped"),
    h("h2", "Skipped variants"),
    h("p.empty", { "data-testid": "skipped-empty" }, message),
  );
  byId("skipped-badge").hidden = true;
}

/** The tab of what was not scored. */
export class Skipped implements GridSource {
  readonly columns = COLUMNS;
  readonly nothing = "Nothing was skipped for this reason.";
  private readonly order: Order;
  private readonly grid: Grid;
  private readonly sums = h("tbody");
  private readonly reason = choice("skipped-reason", [["", "All reasons"]]);
  private readonly shown = h("p.shown", { "data-testid": "skipped-shown" });
  private readonly update: () => Promise<void>;
  private stale = false;
  private built = false;

  constructor(
    private readonly store: Store,
    private readonly partial: () => boolean,
  ) {
    this.order = new Order(() => store.skipped.count);
    this.grid = new Grid("skipped", "Skipped variants", this);
    this.update = serial(() => this.work());
    this.reason.addEventListener("change", () => {
      this.stale = true;
      void this.update().then(() => this.grid.toTop());
    });
  }

  count(): number {
    return this.order.count;
  }

  render(position: number, cells: readonly HTMLElement[]): void {
    const { skipped, words } = this.store;
    const row = this.order.row(position);
    const { contig, pos, ref, alt, id } = this.store.allele(skipped, row);
    const texts = [
      count(skipped.line.at(row)),
      contig === "." || contig === "" ? "–" : locus(contig, pos),
      id,
      `${allele(ref)} → ${allele(alt)}`,
      words.reasons.text(skipped.reason.at(row)),
      words.descriptions.text(skipped.description.at(row)),
    ];
    cells.forEach((cell, column) => setText(cell, texts[column] ?? ""));
  }

  /** Takes in the rows that came since the last call. */
  async absorb(): Promise<void> {
    const total = this.store.skipped.count;
    if (total === 0) return;
    if (!this.built) this.build();
    byId("skipped-badge").hidden = false;
    setText(byId("skipped-badge"), count(total));
    this.drawSums();
    await this.update();
  }

  private build(): void {
    this.built = true;
    const heads = ["Reason", "Variants", "What it means"];
    const sums = tableOf(heads, this.sums, { class: "sums", "data-testid": "skipped-sums" });
    const choose = h("label.sort-choice", "Show ", this.reason);
    const saving = button("Save as TSV", { "data-testid": "export-skipped" }, () =>
      save(this.store.files.file("skipped"), "skipped", this.partial()),
    );
    fill(
      byId("panel-skipped"),
      h("h2", "Skipped variants"),
      h("p", INTRODUCTION),
      h("div.table-scroll", sums),
      h("div.grid-bar", this.shown, choose, saving),
      this.grid.element,
    );
  }

  private drawSums(): void {
    const known = this.reason.options.length - 1;
    const reasons = [...this.store.reasons];
    for (const [name] of reasons.slice(known))
      this.reason.append(h("option", { value: name }, name));
    fill(
      this.sums,
      ...reasons
        .sort(([, a], [, b]) => b - a)
        .map(([name, sum]) => rowOf([name, count(sum), reasonWords(name)])),
    );
  }

  private async work(): Promise<void> {
    if (this.stale) {
      this.stale = false;
      const wanted =
        this.reason.value === "" ? undefined : this.store.words.reasons.find(this.reason.value);
      await this.order.arrange({
        accepts: (row) => wanted === undefined || this.store.skipped.reason.at(row) === wanted,
      });
    } else await this.order.absorb();
    setText(this.shown, plural(this.order.count, "variant"));
    this.grid.refresh();
  }
}
