import { allele, count, figure, locus, percentile } from "../format.ts";
import { h, setText } from "../dom.ts";
import { announce } from "../announce.ts";
import { serial } from "../pace.ts";
import { choice } from "../pieces.ts";
import { Filters } from "./filters.ts";
import { Grid, type GridColumn, type GridSource } from "./grid.ts";
import { Order } from "./order.ts";
import type { Store } from "./store.ts";
import { copiesWords, severity, termWords } from "./words.ts";

const COLUMNS: readonly GridColumn[] = [
  { key: "place", label: "Position", sortable: true },
  { key: "name", label: "Name" },
  { key: "change", label: "Change", sortable: true },
  { key: "gene", label: "Gene", sortable: true },
  { key: "percentile", label: "Percentile", sortable: true },
  { key: "raw", label: "Raw surprise", sortable: true },
  { key: "displacement", label: "Shift", sortable: true },
  { key: "confidence", label: "Confidence", sortable: true },
];

/** Where annotation was given. */
const CONSEQUENCE: GridColumn = { key: "consequence", label: "Consequence", sortable: true };

const SORTS: readonly (readonly [value: string, label: string])[] = [
  ["", "As in the file"],
  ["percentile down", "Most surprising first"],
  ["percentile up", "Least surprising first"],
  ["place up", "Position"],
  ["place down", "Position, last first"],
  ["gene up", "Gene"],
  ["gene down", "Gene, last first"],
  ["consequence up", "Consequence, most severe first"],
  ["consequence down", "Consequence, least severe first"],
  ["change up", "Change"],
  ["change down", "Change, last first"],
  ["raw down", "Raw surprise, highest first"],
  ["raw up", "Raw surprise, lowest first"],
  ["displacement down", "Shift, highest first"],
  ["displacement up", "Shift, lowest first"],
  ["confidence down", "Confidence, highest first"],
  ["confidence up", "Confidence, lowest first"],
];

/** Columns that people first want the highest of. */
const HIGHEST_FIRST = new Set(["percentile", "raw", "displacement", "confidence"]);

/** The table of scored variants with its filters and order. */
export class Variants implements GridSource {
  readonly columns: readonly GridColumn[];
  readonly nothing = "No variant passes these filters.";
  readonly filters: Filters;
  readonly element: HTMLElement;
  private readonly order: Order;
  private readonly grid: Grid;
  private readonly sortChoice: HTMLSelectElement;
  private readonly shown = h("p.shown", { "data-testid": "shown" });
  private sortKey: string | undefined;
  private descending = false;
  private stale = true;
  private readonly update: () => Promise<void>;

  constructor(
    private readonly store: Store,
    private readonly open: (position: number) => void,
  ) {
    this.columns = store.annotated ? [...COLUMNS, CONSEQUENCE] : COLUMNS;
    const known = ([value]: readonly [string, string]) =>
      store.annotated || !value.startsWith(CONSEQUENCE.key);
    this.sortChoice = choice("sort", SORTS.filter(known));
    this.order = new Order(() => store.scored.count);
    this.filters = new Filters(store, () => void this.rearrange());
    this.grid = new Grid("variants", "Scored variants", this);
    this.grid.element.classList.toggle("annotated", store.annotated);
    this.update = serial(() => this.work());
    this.sortChoice.addEventListener("change", () =>
      this.sortBy(...parseSort(this.sortChoice.value)),
    );
    const bar = h("div.grid-bar", this.shown, h("label.sort-choice", "Order ", this.sortChoice));
    this.element = h("div.variants", this.filters.element, bar, this.grid.element);
  }

  count(): number {
    return this.order.count;
  }

  /** The store's row at a position of the table. */
  row(position: number): number {
    return this.order.row(position);
  }

  /** The position of a store's row, or -1. */
  positionOf(row: number): number {
    return this.order.positionOf(row);
  }

  /** Shows a row of the table as the active one. */
  select(position: number): void {
    this.grid.select(position);
  }

  /** Gives the keyboard to the table. */
  focus(): void {
    this.grid.element.focus({ preventScroll: true });
  }

  /** Takes in the rows that came since the last call. */
  absorb(): Promise<void> {
    this.filters.refresh();
    // Alphabetical ranks move when a new word comes, so that old keys no longer hold.
    if (this.sortKey === "gene" || this.sortKey === "change") this.stale = true;
    return this.update();
  }

  activate(position: number): void {
    if (position < this.count()) this.open(position);
  }

  sort(key: string): void {
    const again = key === this.sortKey;
    this.sortBy(key, again ? !this.descending : HIGHEST_FIRST.has(key));
  }

  render(position: number, cells: readonly HTMLElement[]): void {
    const { scored, words } = this.store;
    const row = this.row(position);
    const { contig, pos, ref, alt, gene, id, zygosity } = this.store.allele(scored, row);
    const copies = copiesWords(zygosity);
    const texts = [
      locus(contig, pos),
      id,
      `${allele(ref)} → ${allele(alt)}${copies && `, ${copies}`}`,
      gene,
      percentile(scored.percentile.at(row)),
      figure(scored.sigmaRaw.at(row)),
      figure(scored.displacement.at(row)),
      scored.lowConfidence.at(row) === 1 ? "low" : scored.confidence.at(row).toFixed(2),
      words.consequences.text(scored.consequence.at(row)).split("&").map(termWords).join(", "),
    ];
    cells.forEach((cell, column) => setText(cell, texts[column] ?? ""));
    const bar = cells[4];
    bar?.style.setProperty("--share", String(scored.percentile.at(row)));
    bar?.classList.toggle("high", scored.percentile.at(row) >= 0.95);
    cells[7]?.classList.toggle("low", scored.lowConfidence.at(row) === 1);
  }

  private sortBy(key: string | undefined, descending: boolean): void {
    this.sortKey = key;
    this.descending = descending;
    this.sortChoice.value = key === undefined ? "" : `${key} ${descending ? "down" : "up"}`;
    this.grid.showSort(key, descending);
    void this.rearrange();
  }

  private async rearrange(): Promise<void> {
    this.stale = true;
    this.order.stop();
    await this.update();
    this.grid.toTop();
    announce(this.shown.textContent ?? "");
  }

  private async work(): Promise<void> {
    if (this.stale) {
      this.stale = false;
      await this.order.arrange({ accepts: this.filters.predicate(), key: this.key() });
    } else await this.order.absorb();
    const [shown, all] = [this.order.count, this.store.scored.count];
    setText(
      this.shown,
      shown === all ? `${count(all)} variants` : `${count(shown)} of ${count(all)} variants`,
    );
    this.grid.refresh();
  }

  private key(): ((row: number) => number) | undefined {
    if (this.sortKey === undefined) return undefined;
    const value = this.valueOf(this.sortKey);
    return this.descending ? (row) => -value(row) : value;
  }

  private valueOf(key: string): (row: number) => number {
    const { scored, words } = this.store;
    switch (key) {
      case "place":
        return (row) => scored.contig.at(row) * 2 ** 32 + scored.pos.at(row);
      case "change":
        return (row) =>
          words.alleles.rank(scored.ref.at(row)) * 2 ** 26 + words.alleles.rank(scored.alt.at(row));
      case "gene":
        return (row) => words.genes.rank(scored.gene.at(row));
      case CONSEQUENCE.key:
        return (row) => severity(words.consequences.text(scored.consequence.at(row)));
      case "raw":
        return (row) => scored.sigmaRaw.at(row);
      case "displacement":
        return (row) => scored.displacement.at(row);
      case "confidence":
        return (row) => scored.confidence.at(row);
      default:
        return (row) => scored.percentile.at(row);
    }
  }
}

function parseSort(value: string): [key: string | undefined, descending: boolean] {
  const [key, direction] = value.split(" ");
  return [key === "" ? undefined : key, direction === "down"];
}
